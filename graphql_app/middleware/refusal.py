"""Answers that are given before an endpoint is asked: a failure in the form of the address it was sent to."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import orjson
from starlette.types import Scope, Send

from graphql_app.errors import AppError, Code, Outcome
from graphql_app.graphql_api.errors import execution_error
from graphql_app.rest_api.answers.bare import BARE
from graphql_app.rest_api.envelope import Headers, RestResponse, failure, utc_now

GRAPHQL_PATHS: Final = ("/graphql", "/v1/graphql")
"""The GraphQL address, and its alias for clients that were written for Hasura."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGES: Final = {
    Code.ACCESS_DENIED: b"Bearer",
    Code.INVALID_HEADERS: b"Bearer",
    Code.INVALID_JWT: b'Bearer error="invalid_token"',
    Code.JWT_INVALID_CLAIMS: b'Bearer error="invalid_token"',
    Code.JWT_MISSING_ROLE_CLAIMS: b'Bearer error="invalid_token"',
}


async def refuse(scope: Scope, send: Send, error: AppError, *, status: int | None = None) -> RestResponse:
    """Answers an HTTP request or a WebSocket's handshake with `error`, and gives what was said.

    `status` is that of the error's code unless it is given.
    """
    if error.outcome is None and scope["type"] == "http" and scope["method"] not in _SAFE:
        error.outcome = Outcome.NOT_APPLIED
    challenge = _CHALLENGES.get(error.code)
    extra: Headers = () if challenge is None else ((b"www-authenticate", challenge),)
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    answer = failure(error, utc_now(), status=status, extra=extra)
    if path.startswith(f"{BARE.path}/"):
        answer = replace(BARE.failure(error, utc_now(), suggests=False, extra=extra), status=answer.status)
    body = answer.body
    if path in GRAPHQL_PATHS:
        body = orjson.dumps({"errors": [execution_error(error, None)]})
    headers = [*answer.headers, (b"content-length", b"%d" % len(body))]
    kind = scope["type"]
    if kind == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})
            return answer
        kind = "websocket.http"
    await send({"type": f"{kind}.response.start", "status": answer.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})
    return answer
