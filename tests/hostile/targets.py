"""What must hold for any bytes: the CSV reader, the languages of query strings, the JSON gate, the checks of documents.

One function each. It takes bytes, and raises where something does not hold.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from graphql import GraphQLError, parse, validate

from graphql_app.csv_io.cells import BadCell, literals, split
from graphql_app.csv_io.quick import QuickRows
from graphql_app.csv_io.slices import Slicer
from graphql_app.errors import RequestError
from graphql_app.graphql_api.documents import Documents
from graphql_app.graphql_api.errors import RequestFailed
from graphql_app.graphql_api.limits import DocumentLimits, check
from graphql_app.graphql_api.overlaps import rules
from graphql_app.http_body import levels, parse_json
from graphql_app.rest_api.filter_text import parse_filter, parse_group
from graphql_app.rest_api.order_text import parse_order
from graphql_app.rest_api.query_string import parse_pairs
from graphql_app.rest_api.select_text import parse_select
from schema_gen.catalog import Column, ColumnType
from tests.hostile import valid
from tests.hostile.documents import users_schema
from tests.unit.small_catalog import USERS

Target = Callable[[bytes], None]

# --- CSV --------------------------------------------------------------------

_COLUMNS: list[Column | None] = [
    Column("t", ColumnType("varchar", length=4), True, 1),
    Column("n", ColumnType("int"), True, 2),
]
Read = tuple[bytes | None, list[tuple[bytes, bool]], bytes]
"""The header, the slices, and what a newline is."""


def _read(pieces: Iterator[bytes]) -> Read:
    slicer, header = Slicer(), None
    found: list[tuple[bytes, bool]] = []
    for piece in pieces:
        slicer.feed(piece)
        if header is None:
            header = slicer.header()
        if header is not None:
            found += slicer.slices()
    if header is None:
        header = slicer.header(end=True)
    found += slicer.slices(end=True)
    return header, found, slicer.newline


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _records(text: bytes, newline: bytes) -> list[bytes]:
    found: list[bytes] = []

    def keep(record: bytes, _line: int) -> None:
        found.append(record)

    QuickRows(_COLUMNS, keep, newline, common=False).rows(text, 2)
    return found


def _as_python_reads(text: bytes) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text.decode(), newline=""), strict=True)
    except csv.Error:
        return


def _until_bad(records: list[bytes]) -> Iterator[list[str]]:
    for record in records:
        try:
            yield [text for text, _ in split(record.removesuffix(b"\n"))]
        except BadCell:
            return


def _rows(text: bytes, newline: bytes, *, common: bool) -> tuple[list[int], int]:
    def careful(record: bytes, _line: int) -> bytes | None:
        try:
            return b"(" + b",".join(literals(_COLUMNS, split(record.rstrip(b"\r\n")))) + b")"
        except BadCell:
            return None

    _, lines, count = QuickRows(_COLUMNS, careful, newline, common=common).rows(text, 2)
    return lines, count


def csv_file(data: bytes) -> None:
    """A file is cut alike however its bytes come, read as Python's csv reads it, and alike by both ways."""
    size, file = (data[0] % 7 + 1 if data else 1), data[1:]
    header, slices, newline = _read(iter([file]))
    assert _read(_pieces(file, size)) == (header, slices, newline)
    for text, broken in slices:
        assert b"".join(_records(text, newline)) == text
        assert _rows(text, newline, common=True) == _rows(text, newline, common=False)
        # Python's csv takes any newline anywhere, and breaks off where a line of it would be told of here.
        if not broken and not {13, 0} & set(text) and _is_text(text):
            expected = [row or [""] for row in _as_python_reads(text)]
            assert list(_until_bad(_records(text, newline))) == expected


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


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
