"""Tokens of our own: keys of every kind, and tokens of any form, also of forms that no library makes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

SECRET = b"a secret of our own, for tests, of more than sixty-four bytes in all: ok"
NAMESPACE = "https://hasura.io/jwt/claims"
_SIGNERS = get_default_algorithms()


def private_key(algorithm: str, number: int = 0) -> Any:
    """One of several keys for an algorithm; the same each time."""
    return _private_key(algorithm, number)


@cache
def _private_key(algorithm: str, number: int) -> Any:
    if algorithm.startswith("HS"):
        return SECRET + b"+" * number
    if algorithm[:2] in ("RS", "PS"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curves: Mapping[str, ec.EllipticCurve] = {
        "ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1(), "ES256K": ec.SECP256K1(),
    }  # fmt: skip
    if algorithm in curves:
        return ec.generate_private_key(curves[algorithm])
    return ed25519.Ed25519PrivateKey.generate()


def pem(algorithm: str, number: int = 0) -> str:
    """The public key in PEM."""
    public = private_key(algorithm, number).public_key()
    return str(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def jwk(algorithm: str, number: int = 0, **more: object) -> dict[str, Any]:
    """The public key as an entry of a JWK set, with a `kid` of its number."""
    found = _signer(algorithm).to_jwk(private_key(algorithm, number).public_key(), as_dict=True)
    return {**found, "kid": f"{algorithm}-{number}", "use": "sig", "alg": algorithm} | more


def b64(data: bytes | str) -> str:
    """Base64url without padding."""
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    header: Mapping[str, object] | str, payload: Mapping[str, object] | str, algorithm: str, number: int = 0
) -> str:
    """A token signed by `algorithm`, whatever its header says; header and payload as they are given if texts."""
    parts = [each if isinstance(each, str) else json.dumps(each) for each in (header, payload)]
    start = ".".join(map(b64, parts))
    return f"{start}.{b64(_signer(algorithm).sign(start.encode(), private_key(algorithm, number)))}"


def token(claims: Mapping[str, object], algorithm: str = "HS256", number: int = 0, **header: object) -> str:
    """A usual token, that expires in five minutes unless the claims say otherwise."""
    full = {"alg": algorithm, "typ": "JWT", **header}
    return signed(full, {"exp": int(time.time()) + 300, **claims}, algorithm, number)


def hasura(role: str, *others: str, **variables: str) -> dict[str, object]:
    """Claims as Hasura has them: `user_id="5"` is `x-hasura-user-id`."""
    named = {f"x-hasura-{name.replace('_', '-')}": value for name, value in variables.items()}
    return {NAMESPACE: {"x-hasura-default-role": role, "x-hasura-allowed-roles": [role, *others], **named}}


def bearer(text: str, **more: str) -> dict[str, str]:
    """The headers of a request with a token."""
    return {"authorization": f"Bearer {text}"} | {name.replace("_", "-"): value for name, value in more.items()}


def _signer(algorithm: str) -> Any:
    return _SIGNERS["EdDSA" if algorithm == "Ed25519" else algorithm]
