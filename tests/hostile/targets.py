"""What must hold for any bytes: the CSV reader, the languages of query strings, the JSON gate, the checks of documents.

One function each. It takes bytes, and raises where something does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal

from graphql import GraphQLError, parse, validate

from graphql_app.errors import RequestError
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.field_merging_rule import rules
from graphql_app.graphql_api.documents.limits import DocumentLimits, check
from graphql_app.graphql_api.errors import RequestFailed
from graphql_app.http.request_body import levels, parse_json
from graphql_app.rest_api.query_language.filters import parse_filter, parse_group
from graphql_app.rest_api.query_language.order import parse_order
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.query_language.select import parse_select
from tests.hostile import valid
from tests.hostile.csv_files import check_csv_file
from tests.hostile.documents import users_schema
from tests.unit.small_catalog import USERS

Target = Callable[[bytes], None]

# --- CSV --------------------------------------------------------------------


def csv_file(data: bytes) -> None:
    """A file is read alike however its bytes come and by both ways, and as Python's csv reads it."""
    size, file = (data[0] % 7 + 1 if data else 1), data[1:]
    check_csv_file(file, size)


# --- query strings, JSON, documents -----------------------------------------

_PARSERS: tuple[Callable[[str], object], ...] = (
    lambda text: parse_filter(USERS, "name", text),
    lambda text: parse_filter(USERS, "age", text),
    lambda text: parse_group(USERS, "or", text),
    parse_order,
    parse_select,
    lambda text: parse_pairs(text.encode()),
)


def query_string(data: bytes) -> None:
    """Each language takes a text or refuses it with an error that may be told."""
    if not data:
        return
    text = data[1:].decode("utf-8", "ignore")
    try:
        _PARSERS[data[0] % len(_PARSERS)](text)
    except RequestError:
        return


def json_gate(data: bytes) -> None:
    """What is let through is what Python's reader gives, not too deep, and can be written as UTF-8."""
    try:
        found = parse_json(data, 20)
    except RequestError:
        return
    assert found == json.loads(data.removeprefix(b"\xef\xbb\xbf"), parse_float=Decimal)
    assert sum(1 for _ in levels(found)) <= 20
    json.dumps(found, ensure_ascii=False, default=str).encode()


_SCHEMA = users_schema()
_RULES = rules(_SCHEMA)
_LIMITS = DocumentLimits(characters=5000)


def document(data: bytes) -> None:
    """A document is refused, or used as graphql-core's rules together would have it."""
    text = data.decode("utf-8", "ignore")
    found = Documents(_SCHEMA, _LIMITS)
    try:
        errors = found.get(text).errors
        check(text, _LIMITS)
    except RequestFailed:
        return
    try:
        expected = validate(_SCHEMA, parse(text), _RULES)
    except GraphQLError:
        assert errors
    else:
        assert bool(errors) is bool(expected)


TARGETS: Mapping[str, Target] = {
    "csv_file": csv_file,
    "query_string": query_string,
    "json_gate": json_gate,
    "document": document,
}
"""Every one."""


def examples(name: str) -> list[bytes]:
    """Right bytes to begin with."""
    queries = [each.partition(b"?")[2] for each in valid.ADDRESSES]
    return {
        "csv_file": [
            *(b"\x03" + each.content for each in valid.UPLOADS),
            b'\x01t,n\na,1\n"b""\n",\n,"2"\n',
            # Found by atheris: as many newlines in cells as records that end in another newline.
            b'\x01t,n\na,3\r"b""\n",\n,"b"\n',
            # Quotes within a cell without quotes, beside a cell with a newline.
            b'\x03t,n\na"b,1\n"c\nd"",",2\n',
            b'\x01t,n\n,"2*\n3,4\n',
        ],
        "query_string": [
            bytes([kind]) + part.rpartition(b"=")[2]
            for query in queries
            for part in (query, *query.split(b"&"))
            for kind in range(len(_PARSERS))
        ],
        "json_gate": [json.dumps(body).encode() for _, _, body in valid.BODIES] + [b'{"a":[1.5e3,"\\ud83d\\ude00"]}'],
        "document": [text.encode() for text, _ in valid.OPERATIONS if "users" in text],
    }[name]
