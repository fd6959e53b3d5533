"""Webhook mode, as Hasura's: another server is asked who is asking, by GET or POST, and its answer may be kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from graphql_app.auth.auth_file import WebhookConfig
from graphql_app.auth.clients import client_id
from graphql_app.auth.http_client import HttpAnswer, HttpFailed, HttpRequest, ask, fresh_seconds
from graphql_app.auth.identity import Identity
from graphql_app.auth.request_headers import Headers
from graphql_app.auth.safe_url import checked_url
from graphql_app.errors import AppError, Code, RequestError

MOST_BYTES: Final = 64 * 1024
MOST_SECONDS: Final = 300.0
"""How long an answer is kept, if it says that it may be kept so long."""
MOST_KEPT: Final = 10_000
MOST_ASKING: Final = 1_000
"""Callers that wait for the webhook at a time; more are answered 503."""
_OWN: Final = frozenset(
    b"host connection keep-alive transfer-encoding te trailer upgrade proxy-authorization proxy-connection expect"
    b" content-length content-md5 content-type user-agent accept accept-encoding accept-language accept-datetime"
    b" cache-control dnt origin referer sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user"
    b" sec-websocket-accept sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version"
    b" idempotency-key x-request-id".split()
)
"""Headers that say nothing of the caller: those of one connection or one request."""
_ROLE: Final = "x-hasura-role"


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and the Unix time until which it counts without being asked for again."""

    identity: Identity
    until: float


class WebhookCallers:
    """Tells who is asking by a webhook."""

    def __init__(self, config: WebhookConfig) -> None:
        self._config = config
        self._address = checked_url(config.url)
        named = config.headers
        self._told = None if named is None else frozenset(name.lower().encode() for name in named)
        self._kept: dict[bytes, _Kept] = {}
        self._asking = 0

    @property
    def headers(self) -> frozenset[bytes]:
        """The headers that the configuration names."""
        return self._told or frozenset()

    def forget(self) -> None:
        """Nothing that was said before counts."""
        self._kept.clear()

    async def identity(self, headers: Headers, now: float) -> Identity:
        """Who it is: it is asked whatever the headers are.

        Raises `AppError`: ACCESS_DENIED, AUTH_UNAVAILABLE where the webhook does not answer as it should.
        """
        told = self._headers(headers)
        key = sha256(json.dumps(sorted(told.items())).encode()).digest()
        kept = self._kept.get(key)
        if kept is not None and now < kept.until:
            return kept.identity
        if self._asking >= MOST_ASKING:
            raise _unavailable("too many callers wait for it")
        self._asking += 1
        try:
            answer = await ask(self._request(told))
        except HttpFailed as error:
            raise _unavailable(str(error)) from None
        finally:
            self._asking -= 1
        identity, until = _read(answer, now)
        if until > now:
            self._keep(key, _Kept(identity, until))
        return identity

    def _headers(self, headers: Headers) -> dict[str, str]:
        """What the webhook is told."""
        return {
            name.decode(errors="replace"): value.decode(errors="replace")
            for name, value in headers.items()
            if (name in self._told if self._told is not None else name not in _OWN)
        }

    def _request(self, told: Mapping[str, str]) -> HttpRequest:
        seconds = self._config.timeout_seconds
        if self._config.mode == "GET":
            raw = {name: value.encode().decode("latin-1") for name, value in told.items()}
            return HttpRequest(self._address, seconds, MOST_BYTES, headers=raw)
        body = json.dumps({"headers": told}).encode()
        kind = {"Content-Type": "application/json"}
        return HttpRequest(self._address, seconds, MOST_BYTES, "POST", kind, body)

    def _keep(self, key: bytes, kept: _Kept) -> None:
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = kept


def _read(answer: HttpAnswer, now: float) -> tuple[Identity, float]:
    """Who an answer tells of, and until when it may be kept."""
    if answer.status == 401:
        raise RequestError(Code.ACCESS_DENIED, "Authentication hook unauthorized this request")
    if answer.status != 200:
        raise _unavailable(f"its answer has status {answer.status}")
    variables = _variables(answer.body)
    role = variables.get(_ROLE)
    if not role:
        raise _unavailable("its answer has no X-Hasura-Role")
    fresh = fresh_seconds(answer.headers, now)
    # As Hasura: how long the answer counts is how long a connection may last.
    expires = None if not fresh else now + fresh
    client = client_id("webhook", role=role, variables=variables)
    identity = Identity(role, MappingProxyType(variables), expires=expires, client=client)
    return identity, now + min(fresh or 0.0, MOST_SECONDS)


def _variables(body: bytes) -> dict[str, str]:
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise _unavailable("its answer is no JSON") from None
    if not isinstance(content, dict):
        raise _unavailable("its answer is no object")
    found: dict[str, str] = {}
    for name, value in content.items():
        lower = name.lower()
        if not lower.startswith("x-hasura-"):
            continue
        if lower in found or not isinstance(value, str) or not _whole(value):
            raise _unavailable(f"its answer has no text, or two, for {lower[:100]}")
        found[lower] = value
    return found


def _whole(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unavailable(why: str) -> AppError:
    return AppError(Code.AUTH_UNAVAILABLE, f"Invalid response from authorization hook: {why}")
