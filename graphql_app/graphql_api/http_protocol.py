"""GraphQL over HTTP: what a request asks, which media type its answer takes, which status it has.

Rules: the GraphQL-over-HTTP specification, draft of 2025, as checked by the audits of `graphql-http`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

import orjson

from graphql_app.auth.identity import NOBODY, Identity
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.service import GraphQLRequest, GraphQLResponse
from graphql_app.http.negotiation import REMEMBERED_BYTES, taken
from graphql_app.http.request_body import DEFAULT_BOUNDS, LONG_BYTES, Bounds, check_depth, levels, parse_json

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"
# Failures that proxies and clients act upon by their status.
_OWN_STATUS = {
    Code.SERVICE_UNAVAILABLE: 503,
    Code.GATEWAY_TIMEOUT: 504,
    Code.IDEMPOTENCY_KEY_IN_USE: 409,
    Code.IDEMPOTENCY_KEY_REUSED: 422,
    Code.IDEMPOTENCY_KEY_UNSUPPORTED: 501,
}
# What orjson may read as a float: a fraction, an exponent, or more digits than 64 bits hold.
_MAY_BE_FLOAT = re.compile(rb"[0-9](?:[.eE]|[0-9]{18})")
_ACCEPTS_KEPT = 200


def media_type(accept: bytes) -> str | None:
    """The media type of the answer for an `Accept` header; None if the client takes neither.

    Clients that name no media type of GraphQL's own, or rank it lower, are given plain JSON.
    """
    if not accept:
        return JSON
    return _known_media_type(accept) if len(accept) <= REMEMBERED_BYTES else _media_type(accept)


@lru_cache(maxsize=_ACCEPTS_KEPT)
def _known_media_type(accept: bytes) -> str | None:
    return _media_type(accept)


def _media_type(accept: bytes) -> str | None:
    found = taken(accept)
    named, plain = found.weight_of(RESPONSE_JSON), found.media_weight(JSON)
    if named and named >= plain:
        return RESPONSE_JSON
    if plain:
        return JSON
    return RESPONSE_JSON if found.media_weight(RESPONSE_JSON) else None


def parse_body(
    body: bytes, bounds: Bounds = DEFAULT_BOUNDS, identity: Identity = NOBODY
) -> list[GraphQLRequest] | GraphQLRequest:
    """The request, or the batch, of a POST body by the caller `identity`. Raises `RequestError`."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = parse_json(body, bounds.json_depth)
    check_depth(body, value, bounds.json_depth)
    if _MAY_BE_FLOAT.search(body) is not None and _has_float(value):
        # orjson rounds what does not fit a double; the exact reader is slower and keeps every digit.
        value = parse_json(body, bounds.json_depth)
    long = len(body) >= LONG_BYTES
    if isinstance(value, list):
        if not value:
            raise _bad("A batch must hold at least one request")
        if len(value) > bounds.batch:
            raise RequestError(Code.LIMIT_EXCEEDED, f"A batch holds at most {bounds.batch} requests")
        return [asked_of(item, identity, long=long) for item in value]
    return asked_of(value, identity, long=long)


def _has_float(value: object) -> bool:
    return isinstance(value, float) or any(float in kinds for _, kinds in levels(value))


def parse_query(query_string: bytes, identity: Identity = NOBODY) -> GraphQLRequest:
    """The request of a GET by the caller `identity`. Raises `RequestError`."""
    try:
        given = dict(
            parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        )
    except ValueError:
        raise _bad("The query string is not valid") from None
    value: dict[str, object] = {"query": given.get("query"), "operationName": given.get("operationName") or None}
    for name in ("variables", "extensions"):
        if given.get(name):
            value[name] = parse_json(given[name].encode())
    return asked_of(value, identity, read_only=True, long=len(query_string) >= LONG_BYTES)


def asked_of(
    value: object, identity: Identity = NOBODY, *, read_only: bool = False, long: bool = False
) -> GraphQLRequest:
    """The request that a JSON value is, by the caller `identity`; `long` where its text is. Raises `RequestError`."""
    if not isinstance(value, dict):
        raise _bad("The request must be a JSON object")
    query, name = value.get("query"), value.get("operationName")
    variables, extensions = value.get("variables"), value.get("extensions")
    if query is None and isinstance(extensions, dict) and "persistedQuery" in extensions:
        # Clients that send hashes first look for this very text, and then send the query.
        raise _bad("PersistedQueryNotSupported")
    if not isinstance(query, str) or not query:
        raise _bad("'query' must be a text")
    if name is not None and not isinstance(name, str):
        raise _bad("'operationName' must be a text")
    if variables is not None and not isinstance(variables, dict):
        raise _bad("'variables' must be an object")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad("'extensions' must be an object")
    checked: Mapping[str, object] = variables or {}
    return GraphQLRequest(query, name, checked, read_only, long=long, identity=identity)


def _bad(message: str) -> RequestError:
    return RequestError(Code.INVALID_BODY, message)


def status(answer: GraphQLResponse, media: str) -> int:
    """The HTTP status of an answer in a media type."""
    if media == JSON:
        return 200
    if answer.request_error:
        return 400
    return _OWN_STATUS.get(answer.failure, 200) if answer.failure else 200
