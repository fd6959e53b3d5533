"""What follows from a column's type: its row of the table, its values as literals, what may be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final

from schema_gen.catalog.model import Column, ColumnType
from schema_gen.types import charsets, column_texts as texts, encoders, key_literals as keys
from schema_gen.types.type_rows import ROWS, TypeRow

_WIDE_BIT: Final = 31


def _row_name(type_: ColumnType) -> str:
    """Which row is a type's own."""
    match type_.base:
        case "tinyint" if type_.length == 1 and not type_.zerofill:
            return "flag"
        case "bit" if type_.length in (None, 1):
            return "boolean"
        case "bit" if type_.length is not None and type_.length > _WIDE_BIT:
            return "bit long"
        case "int" if type_.unsigned:
            return "int unsigned"
        case "double" if type_.scale is not None:
            return "double scaled"
        case "decimal" | "float" if type_.scale:
            return f"{type_.base} scaled"
    return type_.base


def known(type_: ColumnType) -> bool:
    """Whether columns of this type can be served."""
    return _row_name(type_) in ROWS


def _with_operand(row: TypeRow, operand: str) -> TypeRow:
    """`row` with `operand` in the place of the bare column wherever a text is made of it."""
    return replace(
        row,
        json_sql=row.json_sql.replace("{c}", operand),
        number_sql=row.number_sql and row.number_sql.replace("{c}", operand),
        json_by_flavour={name: text.replace("{c}", operand) for name, text in row.json_by_flavour.items()},
        key_sql=row.key_sql.replace("{c}", operand),
    )


@lru_cache(maxsize=4096)
def _row_of(type_: ColumnType) -> TypeRow:
    row = ROWS[_row_name(type_)]
    if type_.length == 0:
        # MariaDB takes a CHAR(0) for the key column that begins at the same byte, and looks for that.
        row = replace(row, compared_by_flavour=MappingProxyType({"mariadb": "CONCAT({c})"}))
    if type_.zerofill:
        return _with_operand(row, "({c}+0)")  # leading zeros are no JSON
    if type_.srid and row.json_sql == texts.GEOMETRY:
        return replace(row, json_sql="ST_AsGeoJSON({c})")
    if type_.charset in (None, "utf8mb4"):
        return row
    if row.key_literal is keys.text_key:
        row = replace(row, key_literal=partial(keys.text_key, charset=type_.charset))
    if row.encoder in (encoders.encode_text, encoders.encode_json):
        text = row.json_sql.replace("CONCAT({c})", "{c}")
        return replace(row, json_sql=text.replace("{c}", "CONVERT({c} USING utf8mb4)"))
    return row


def type_of(column: Column) -> TypeRow:
    """The row of a column's type. Raises `KeyError` where the type is not `known`."""
    return _row_of(column.type)


def encoder_of(column: Column, *, stored: bool) -> Callable[[object], bytes]:
    """`encode` for this column, or `encode_compared`, with what the column decides decided once."""
    encoder, type_ = _row_of(column.type).encoder, column.type
    return lambda value: encoder(value, type_, stored)


def encode(value: object, column: Column) -> bytes:
    """The literal of a value to be stored in `column`. `None` is not a value: NULL is the caller's to write.

    Raises:
        ValueError: the value does not fit; the message may be shown to clients.
    """
    return _row_of(column.type).encoder(value, column.type, True)


def encode_column(values: Sequence[object], column: Column) -> list[bytes] | None:
    """`encode` of many values, none of them null, at once. None where each is to be looked at by itself."""
    return encoders.encode_alike(values, _row_of(column.type).encoder, column.type)


def encode_compared(value: object, column: Column) -> bytes:
    """The literal of a value to be compared with `column`: of its family, but of any size. Raises as `encode`."""
    return _row_of(column.type).encoder(value, column.type, False)


def placer_of(column: Column) -> Callable[[object], bytes]:
    """What gives the literal that `order_sql` is compared with, for the order of ORDER BY. It raises as `encode`."""
    compared, type_ = encoder_of(column, stored=False), column.type
    if type_of(column).encoder is encoders.encode_text:
        return lambda value: encoders.encode_ordered_text(value, type_)
    if not type_of(column).by_place:
        return compared
    # `compared` refuses what is no value of the type.
    return lambda value: compared(value) and encoders.encode_place(value, type_)


def unset(column: Column) -> bytes:
    """What stands for a value that a new row leaves out: DEFAULT would be 0 for an AUTO_INCREMENT column."""
    return b"NULL" if column.auto_increment or column.may_number else b"DEFAULT"


def holds(column: Column, text: str) -> bool:
    """Whether the column's character set has all characters of `text`."""
    return charsets.fits(text, column.type.charset)


def text_bytes(column: Column) -> str | None:
    """The template of the UTF-8 bytes of a text, for comparisons that no collation widens; None for other types.

    Of a document that is a text to the server (MariaDB) they are those of its normal form.
    """
    if type_of(column).scalar == "json" and column.type.charset is not None:
        return f"CAST({type_of(column).compared_for('mariadb')} AS BINARY)"
    if type_of(column).scalar != "String":
        return None
    inner = "{c}" if column.type.charset in (None, "utf8mb4") else "CONVERT({c} USING utf8mb4)"
    return f"CAST({inner} AS BINARY)"


def compared_exactly(literal: bytes) -> bytes:
    """The literal of a text that stands beside a column which does not `hold` it."""
    return charsets.exactly(literal)


INTEGER: Final = Column(name="count", type=ColumnType(base="bigint"), nullable=False, ordinal=0)
TRUTH: Final = Column(name="truth", type=ColumnType(base="tinyint", length=1), nullable=True, ordinal=0)
"""A column in name only: what counts of rows are compared as."""
