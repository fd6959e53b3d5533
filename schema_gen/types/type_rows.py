"""One row per column type: its GraphQL scalar, its JSON text in SQL, its values as literals, what may be done with it.

Templates hold `{c}` for the column's SQL (or an aggregate of it). They give NULL for
NULL. The session is assumed as everywhere: utf8mb4, UTC, strict, backslash escapes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schema_gen.catalog.model import Column
from schema_gen.types import column_texts as texts, encoders, key_literals as keys, temporal as times

KeyLiteral = Callable[[bytes], bytes]

SCALARS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bigint": "An integer of up to 64 bits, as text of digits (a number where STRINGIFY_NUMBERS is off)",
        "decimal": "An exact decimal number, as text of digits (a number where STRINGIFY_NUMBERS is off)",
        "date": "A date: 2024-02-29",
        "datetime": "A date and time without a time zone: 2024-02-29T13:45:00.123456",
        "timestamp": "A moment in UTC: 2024-02-29T13:45:00+00:00. Other offsets are accepted and converted",
        "time": "A time of day or a span of up to 838:59:59, either way: -12:30:00",
        "year": "A year between 1901 and 2155, or 0",
        "binary": "Bytes in base64",
        "json": "Any JSON value",
        "geometry": "A GeoJSON geometry object",
        "vector": "A list of numbers of 32 bits",
        "uuid": "A UUID: 123e4567-e89b-12d3-a456-426655440000",
        "inet": "An IPv4 or IPv6 address",
    }
)
"""The scalars that GraphQL does not have of itself, with their descriptions."""


class OperatorGroup(StrEnum):
    """What a column may be compared by. `_is_null` is for all."""

    EQUALITY = "equality"  # _eq _neq _in _nin
    ORDER = "order"  # _gt _gte _lt _lte _between
    TEXT = "text"  # _like, _regex and their kin
    JSON = "json"


_EQUAL: Final = frozenset({OperatorGroup.EQUALITY})
_ORDERED: Final = _EQUAL | {OperatorGroup.ORDER}
_TEXTUAL: Final = _ORDERED | {OperatorGroup.TEXT}
_NOTHING: Final[frozenset[OperatorGroup]] = frozenset()


# --- the rows ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TypeRow:
    """Everything that follows from a column's type.

    `scalar` names the GraphQL scalar (of the items, where `is_list`); rows of the same
    scalar have the same `operators`. `number_sql` is
    the JSON text where numbers are not to be stringified. `key_sql` gives a text for
    matching keys outside the database, without control characters, and `key_literal`
    turns it back into a literal; only where `exact_key` holds are keys equal to the
    database if and only if their texts are. `summable`: `sum`, `avg`, `_inc`;
    `ranked`: `min`, `max`; `by_place`: ORDER BY goes by the places of the members, a bare `<`
    by their texts; `exact_sum`: a sum is stringified like the scalar itself; `shown_sql`: what stands for the value
    as it is shown where values are ordered, grouped or told apart; `truth`: any number but 0 is true;
    `never_null_sql`: the JSON text where the schema promises that it is not null, while `json_sql` may be.
    """

    scalar: str
    json_sql: str
    encoder: encoders.Encoder
    operators: frozenset[OperatorGroup]
    key_sql: str = "{c}"
    key_literal: KeyLiteral = keys.word_key
    exact_key: bool = True
    is_list: bool = False
    number_sql: str | None = None
    summable: bool = False
    exact_sum: bool = False
    ranked: bool = True
    null_safe: bool = True
    by_place: bool = False
    shown_sql: str = "{c}"
    truth: bool = False
    never_null_sql: str | None = None
    json_by_flavour: Mapping[str, str] = field(default_factory=dict)
    figure_by_flavour: Mapping[str, str] = field(default_factory=dict)
    compared_by_flavour: Mapping[str, str] = field(default_factory=dict)

    def json_for(self, stringify: bool, flavour: str) -> str:
        """The template of the JSON text on a server of this flavour (`mysql`, `mariadb`, `oceanbase`, `tidb`)."""
        if not stringify and self.number_sql is not None:
            return self.number_sql
        return self.json_by_flavour.get(flavour, self.json_sql)

    def json_of(self, column: Column, stringify: bool, flavour: str) -> str:
        """The template of the JSON text of a value of this very column."""
        if self.never_null_sql is not None and not column.shown_null:
            return self.never_null_sql
        return self.json_for(stringify, flavour)

    def figure_for(self, stringify: bool, flavour: str) -> str:
        """The template of the JSON text of a `min` or `max`."""
        return self.figure_by_flavour.get(flavour) or self.json_for(stringify, flavour)

    def key_literals(self, texts: Sequence[bytes]) -> Sequence[bytes]:
        """`key_literal` of many texts."""
        return keys.many(self.key_literal, texts)

    @property
    def order_sql(self) -> str:
        """The template of what `<` has to compare for the order of ORDER BY."""
        return "({c}+0)" if self.by_place else self.shown_sql

    @property
    def cursor_sql(self) -> str:
        """The template of the text by which a cursor remembers an `order_sql`."""
        return "{c}" if self.by_place else self.key_sql

    @property
    def cursor_literal(self) -> KeyLiteral:
        """From that text to the literal that `order_sql` is compared with."""
        return keys.digits_key if self.by_place else self.key_literal

    def compared_for(self, flavour: str) -> str:
        """The template of the column's side in `=` and `IN`; its partner is `encode_compared`'s literal."""
        return self.compared_by_flavour.get(flavour, "{c}")


_INT: Final = TypeRow("Int", "{c}", encoders.encode_integer, _ORDERED, key_literal=keys.digits_key, summable=True)
_BIGINT: Final = replace(_INT, scalar="bigint", json_sql=texts.QUOTED, number_sql="{c}", exact_sum=True)
_BOOLEAN: Final = TypeRow(
    "Boolean",
    texts.TRUTH,
    encoders.encode_boolean,
    _ORDERED,
    key_sql="({c}+0)",
    key_literal=keys.digits_key,
    ranked=False,
)
_FLAG: Final = replace(_BOOLEAN, shown_sql="({c}<>0)", truth=True)
_BIT: Final = replace(
    _INT, json_sql="({c}+0)", key_sql="({c}+0)", summable=False, ranked=False
)  # the +0 turns bytes into a number
_DECIMAL: Final = replace(_BIGINT, scalar="decimal", encoder=encoders.encode_decimal, key_sql="{c}")
_DOUBLE: Final = TypeRow(
    "Float",
    "{c}",
    encoders.encode_double,
    _ORDERED,
    key_literal=keys.double_key,
    exact_key=False,
    summable=True,
    json_by_flavour=texts.wide(30),
    figure_by_flavour=MappingProxyType({"mysql": "CONCAT(CAST({c} AS JSON))"}),
)
_FLOAT: Final = replace(
    _DOUBLE,
    encoder=encoders.encode_float,
    key_sql="({c}+0e0)",
    key_literal=keys.float_key,
    json_by_flavour={},
    figure_by_flavour={},
)
_TEXT: Final = TypeRow(
    "String",
    texts.TEXT_SQL,
    encoders.encode_text,
    _TEXTUAL,
    key_sql=texts.HEX_TEXT,
    key_literal=keys.text_key,
    exact_key=False,
)
_BINARY: Final = TypeRow(
    "binary", texts.BASE64_SQL, encoders.encode_binary, _ORDERED, key_sql="HEX({c})", key_literal=keys.bytes_key
)
_GEOMETRY: Final = TypeRow(
    "geometry",
    texts.GEOMETRY,
    encoders.encode_geometry,
    _NOTHING,
    key_sql="HEX({c})",
    key_literal=keys.bytes_key,
    ranked=False,
)

ROWS: Final[Mapping[str, TypeRow]] = MappingProxyType(
    {
        "boolean": _BOOLEAN,
        "flag": _FLAG,
        "tinyint": _INT,
        "smallint": _INT,
        "mediumint": _INT,
        "int": _INT,
        "int unsigned": _BIGINT,
        "bigint": _BIGINT,
        "bit": _BIT,
        "bit long": replace(_BIT, scalar="bigint", json_sql="CONCAT('\"',{c}+0,'\"')", number_sql="({c}+0)"),
        "decimal": _DECIMAL,
        "decimal scaled": replace(_DECIMAL, key_sql=texts.SHORT_DECIMAL),
        "float": replace(_FLOAT, json_sql=texts.FLOAT_SQL),
        "float scaled": replace(_FLOAT, json_by_flavour=texts.wide(80)),
        "double": _DOUBLE,
        "double scaled": replace(_DOUBLE, json_by_flavour=texts.wide(350)),  # all digits are written out
        "year": TypeRow(
            "year", "({c}+0)", encoders.encode_year, _ORDERED, key_sql="({c}+0)", key_literal=keys.digits_key
        ),
        "date": TypeRow(
            "date", texts.DAY.format(texts.QUOTED), times.encode_date, _ORDERED, never_null_sql=texts.QUOTED
        ),
        "datetime": TypeRow(
            "datetime",
            texts.DAY.format(texts.MOMENT),
            times.encode_moment,
            _ORDERED,
            never_null_sql=texts.MOMENT,
            key_sql="CAST({c} AS DATETIME(6))",
        ),
        "timestamp": TypeRow(
            "timestamp",
            texts.DAY.format(texts.INSTANT),
            times.encode_moment,
            _ORDERED,
            never_null_sql=texts.INSTANT,
            key_sql="CAST({c} AS DATETIME(6))",
        ),
        "time": TypeRow("time", texts.QUOTED, times.encode_time, _ORDERED, key_sql="CAST({c} AS TIME(6))"),
        "char": _TEXT,
        "varchar": _TEXT,
        "tinytext": _TEXT,
        "text": _TEXT,
        "mediumtext": _TEXT,
        "longtext": _TEXT,
        "enum": replace(
            _TEXT,
            json_sql=texts.WORD_SQL,
            encoder=encoders.encode_enum,
            ranked=False,
            by_place=True,
            # seekdb refuses a member's text for an ENUM that is a key (error 1210).
            compared_by_flavour=MappingProxyType({"oceanbase": "CONCAT({c})"}),
        ),
        "set": replace(
            _TEXT, json_sql=texts.SET_SQL, encoder=encoders.encode_set, is_list=True, ranked=False, by_place=True
        ),
        "binary": _BINARY,
        "varbinary": _BINARY,
        "tinyblob": _BINARY,
        "blob": _BINARY,
        "mediumblob": _BINARY,
        "longblob": _BINARY,
        "json": replace(
            _TEXT,
            scalar="json",
            json_sql="{c}",
            encoder=encoders.encode_json,
            operators=_EQUAL | {OperatorGroup.JSON},
            ranked=False,
            # Costs nothing, and refuses what a column holds that became a text a moment ago.
            json_by_flavour=MappingProxyType(
                dict.fromkeys(("mysql", "oceanbase", "tidb"), "CAST({c} AS JSON)") | {"mariadb": texts.TEXT_SQL}
            ),
            # MariaDB's JSON is text as it came. This gives both sides the same white space, not the same order of keys.
            compared_by_flavour=MappingProxyType({"mariadb": "JSON_LOOSE({c})"}),
        ),
        "geometry": _GEOMETRY,
        "point": _GEOMETRY,
        "linestring": _GEOMETRY,
        "polygon": _GEOMETRY,
        "multipoint": _GEOMETRY,
        "multilinestring": _GEOMETRY,
        "multipolygon": _GEOMETRY,
        "geometrycollection": _GEOMETRY,
        "geomcollection": _GEOMETRY,
        "uuid": TypeRow("uuid", texts.TEXT_SQL, encoders.encode_uuid, _ORDERED, key_sql=texts.PLAIN_SQL),
        "inet4": TypeRow("inet", texts.TEXT_SQL, encoders.encode_inet, _ORDERED, key_sql=texts.PLAIN_SQL),
        "inet6": TypeRow("inet", texts.TEXT_SQL, encoders.encode_inet, _ORDERED, key_sql=texts.PLAIN_SQL),
        # MySQL writes six digits of each number, seekdb all.
        "vector": replace(
            _GEOMETRY,
            scalar="vector",
            json_sql="VECTOR_TO_STRING({c})",
            encoder=encoders.encode_vector,
            json_by_flavour=MappingProxyType(
                {"mariadb": "VEC_ToText({c})", "oceanbase": "CONCAT('[',ARRAY_TO_STRING({c},','),']')"}
            ),
        ),
    }
)
"""By the base type, with a word where one base has several rows (see `_row_name`)."""
