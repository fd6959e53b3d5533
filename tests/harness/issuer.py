"""An issuer of tokens as Keycloak is one: a realm with a token endpoint, refresh tokens and its keys, over HTTP."""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT = "shop-web"
AUDIENCE = "shop"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can log in: the roles of the realm, and the customer that the account stands for."""

    password: str
    roles: tuple[str, ...]
    customer: int
    subject: str = field(default_factory=lambda: str(uuid.uuid4()))


class Issuer:
    """One realm. Its tokens live for `seconds`, unless a login asks for less by `lifetime`."""

    def __init__(self, users: Mapping[str, User], seconds: int = 300) -> None:
        self.users = dict(users)
        self.seconds = seconds
        self.url = ""
        self._kid = secrets.token_urlsafe(8)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._refresh: dict[str, tuple[str, int]] = {}

    def keys(self) -> dict[str, Any]:
        """What the realm's certificates say: the key that signs, and one for encryption, which is none for tokens."""
        public: dict[str, Any] = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        signing = {**public, "kid": self._kid, "use": "sig", "alg": "RS256"}
        return {"keys": [{**public, "kid": "enc", "use": "enc", "alg": "RSA-OAEP"}, signing]}

    def token(self, name: str, lifetime: int | None = None) -> dict[str, Any]:
        """What a login gives."""
        user, now = self.users[name], int(time.time())
        seconds = self.seconds if lifetime is None else lifetime
        claims = {
            "exp": now + seconds,
            "iat": now,
            "jti": str(uuid.uuid4()),
            "iss": self.url,
            "aud": [AUDIENCE, "account"],
            "sub": user.subject,
            "typ": "Bearer",
            "azp": CLIENT,
            "realm_access": {"roles": ["offline_access", *user.roles]},
            "scope": "email profile",
            "preferred_username": name,
            "customer_id": user.customer,
        }
        refresh = secrets.token_urlsafe(16)
        self._refresh[refresh] = name, self.seconds
        access = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._kid, "typ": "JWT"})
        return {"access_token": access, "expires_in": seconds, "refresh_token": refresh, "token_type": "Bearer"}

    def granted(self, form: Mapping[str, str]) -> dict[str, Any] | None:
        """What the token endpoint answers to a form; None where the login is wrong."""
        lifetime = int(form["lifetime"]) if "lifetime" in form else None
        match form.get("grant_type"):
            case "password":
                user = self.users.get(form.get("username", ""))
                if user is not None and user.password == form.get("password"):
                    return self.token(form["username"], lifetime)
            case "refresh_token":
                found = self._refresh.pop(form.get("refresh_token", ""), None)
                if found is not None:
                    return self.token(found[0], lifetime)
        return None


@contextmanager
def serving(issuer: Issuer) -> Iterator[Issuer]:
    """The realm on a free port of this machine; `issuer.url` is its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The keys."""
            if self.path == "/realms/shop/protocol/openid-connect/certs":
                self._answer(200, issuer.keys())
            else:
                self._answer(404, {"error": "not found"})

        def do_POST(self) -> None:
            """A token for a login or a refresh token."""
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            granted = issuer.granted({name: values[0] for name, values in parse_qs(text).items()})
            self._answer(401 if granted is None else 200, granted or {"error": "invalid_grant"})

        def _answer(self, status: int, body: object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}/realms/shop"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
