"""A column's type as a JSON schema, with an example: one row per scalar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schema_gen.catalog.model import Column
from schema_gen.types.column_types import type_of
from schema_gen.types.encoders import integer_range

Json = dict[str, Any]

_Special = Callable[[Column], Json]


def _nothing(_column: Column) -> Json:
    return {}


def _range(column: Column) -> Json:
    low, high = integer_range(column.type)
    return {"minimum": low, "maximum": high}


def _text(column: Column) -> Json:
    if _members(column):
        return {"enum": list(column.type.members)}
    bounded = column.type.base in ("char", "varchar") and column.type.length is not None
    return {"maxLength": column.type.length} if bounded else {}


def _members(column: Column) -> tuple[str, ...]:
    # INFORMATION_SCHEMA shows `?` for characters it cannot hold: then the list is not the truth.
    members = column.type.members
    return () if any("?" in member for member in members) else members


def _address(column: Column) -> Json:
    return {"format": "ipv4" if column.type.base == "inet4" else "ipv6"}


@dataclass(frozen=True, slots=True)
class _Row:
    """How a scalar is shown, what else is taken for it, and an example. No type: any JSON."""

    type: str | None
    example: object
    fixed: Mapping[str, object]
    special: _Special = _nothing
    also_taken: str | None = None
    number: str | None = None


_MOMENT = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)? ?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
_TIME = "^-?[0-9]{1,3}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?$"
_STORED_ONLY = ("readOnly", "minimum", "maximum", "maxLength")

_ROWS: Mapping[str, _Row] = {
    "Int": _Row("integer", 30, {"format": "int32"}, _range),
    "bigint": _Row("string", "30", {"format": "int64"}, also_taken="integer", number="integer"),
    "decimal": _Row("string", "9.90", {"format": "decimal"}, also_taken="number", number="number"),
    "Float": _Row("number", 1.5, {"format": "double"}),
    "Boolean": _Row("boolean", True, {}),
    "String": _Row("string", "text", {}, _text),
    "year": _Row("integer", 2025, {}),
    "date": _Row("string", "2025-12-29", {"format": "date"}),
    "datetime": _Row("string", "2025-12-29T10:30:45", {"pattern": _MOMENT}),
    "timestamp": _Row("string", "2025-12-29T10:30:45+00:00", {"format": "date-time"}),
    "time": _Row("string", "10:30:45", {"pattern": _TIME}),
    "binary": _Row("string", "aGVsbG8=", {"contentEncoding": "base64"}),
    "json": _Row(None, {"any": "JSON"}, {}),
    "geometry": _Row("object", {"type": "Point", "coordinates": [1.0, 2.0]}, {}),
    "uuid": _Row("string", "123e4567-e89b-12d3-a456-426655440000", {"format": "uuid"}),
    "inet": _Row("string", "::1", {}, _address),
    "vector": _Row("array", [0.5], {"items": {"type": "number"}}),
}

_LINE = [[1.0, 2.0], [3.0, 4.0]]
_RING = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
# Where a scalar has several base types, the examples of those that do not take the scalar's own.
_EXAMPLES: Mapping[str, object] = {
    "inet4": "192.0.2.1",
    "linestring": {"type": "LineString", "coordinates": _LINE},
    "polygon": {"type": "Polygon", "coordinates": [_RING]},
    "multipoint": {"type": "MultiPoint", "coordinates": _LINE},
    "multilinestring": {"type": "MultiLineString", "coordinates": [_LINE]},
    "multipolygon": {"type": "MultiPolygon", "coordinates": [[_RING]]},
    "geometrycollection": {"type": "GeometryCollection", "geometries": []},
    "geomcollection": {"type": "GeometryCollection", "geometries": []},
}


def column_schema(column: Column, stringify: bool, *, given: bool = False) -> Json:
    """The schema of a column's value as shown, or as `given` by a client.

    `stringify` says whether BIGINT and DECIMAL are shown as texts.
    """
    found = _value_schema(column, stringify, given=given)
    if "type" in found and (column.nullable or (column.auto_increment if given else column.zero_date)):
        found["type"] = [*_as_list(found["type"]), "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    if column.comment:
        found["description"] = column.comment
    if column.generated:
        found["readOnly"] = True
    return found


def condition_schema(column: Column, stringify: bool) -> Json:
    """The schema of a condition: a value, null, or a list of them. It may be beyond what the column holds."""
    one = column_schema(column, stringify, given=True)
    for word in _STORED_ONLY:
        one.pop(word, None)
    return {"anyOf": [one, {"type": "null"}, {"type": "array", "items": one}]}


def example(column: Column, stringify: bool) -> object:
    """A value that the column would take."""
    row = _ROWS[type_of(column).scalar]
    if column.auto_increment:
        return 1
    if column.type.members:
        member = column.type.members[0]
        return [member] if type_of(column).is_list else member
    if row.number is not None and not stringify:
        return 30
    if row.type == "string" and column.type.length is not None and row.special is _text:
        return "text"[: column.type.length]
    if row.type == "array" and column.type.length is not None:
        return [0.5] * column.type.length
    return _EXAMPLES.get(column.type.base, row.example)


def _value_schema(column: Column, stringify: bool, *, given: bool) -> Json:
    known = type_of(column)
    row = _ROWS[known.scalar]
    if known.is_list:
        items: Json = {"type": "string"}
        if _members(column):
            items["enum"] = list(_members(column))
        return {"type": "array", "items": items, "uniqueItems": True}
    type_ = row.type if stringify or row.number is None else row.number
    if type_ is None:
        return {}
    if given and row.also_taken is not None:
        return {"type": ["string", row.also_taken], **row.fixed}
    return {"type": type_, **row.fixed, **row.special(column)}


def _as_list(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types
