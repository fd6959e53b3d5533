"""`Idempotency-Key`: from a request's headers to its entry in the ledger, and the header of an answer given again.

A key belongs to who is asking, also with a renewed token. Where callers are not told apart, requests with the same
`Authorization` are one client's; those without share one space of keys, in which a key is its own secret: nobody finds
another's answer without knowing the key and sending the very same request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.types import Scope

from graphql_app.auth.identity import SCOPE_KEY, Identity
from graphql_app.engine.execute.ledger import LedgerEntry, entry_of
from graphql_app.errors import Code, RequestError

HEADER = b"idempotency-key"
REPLAYED = (b"idempotent-replayed", b"true")
"""The header that tells an answer given again from the first one."""


def has_key(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request has an `Idempotency-Key`."""
    return HEADER in headers


def client_entry(scope: Scope, body: bytes, part: str = "") -> LedgerEntry | None:
    """The entry that a request asks for, by its method, address and `body`; None if it has no key.

    Raises `RequestError` INVALID_PARAMETER for a key that is none, or several.
    """
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    keys = [value for name, value in headers if name == HEADER]
    if not keys:
        return None
    if len(keys) > 1:
        raise RequestError(Code.INVALID_PARAMETER, "Idempotency-Key is given more than once")
    identity: Identity | None = scope.get(SCOPE_KEY)
    if identity is not None:
        client = identity.client
    else:
        client = b"\0".join(value for name, value in headers if name == b"authorization")
    # What a client prefers decides over its answer.
    shape = [value for name, value in headers if name == b"prefer"]
    asked = b"\0".join((scope["method"].encode(), scope["path"].encode(), scope["query_string"], body, *shape))
    return entry_of(client, _unquoted(keys[0].decode("latin-1").strip()), asked, part)


def _unquoted(key: str) -> str:
    # The header is a string of RFC 9651, in quotes; most clients leave them out.
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
