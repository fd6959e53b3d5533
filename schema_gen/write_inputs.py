"""What clients write with: new rows, new values, increments, and the key that names a row."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.definitions import GeneratedDefinition
from schema_gen.table_parts import Columns, TablePart
from schema_gen.type_book import Entry, Fill, Shape, TypeBook, shape


def insert_input(book: TypeBook, part: TablePart) -> GeneratedDefinition | None:
    """A new row: every column may be left out, and then has its default. None where no column can be given."""
    if not part.settable:
        return None
    fill = _values(book, part, "set", part.settable)
    return book.input(part.names.types.insert_input, fill, f"A new row of {part.names.type}")


def set_input(book: TypeBook, part: TablePart) -> GeneratedDefinition | None:
    """New values of columns. None where no column can be given."""
    if not part.settable:
        return None
    fill = _values(book, part, "set", part.settable)
    return book.input(part.names.types.set_input, fill, f"New values for {part.names.type}")


def inc_input(book: TypeBook, part: TablePart) -> GeneratedDefinition | None:
    """Numbers to be added to columns. None where there are no numbers."""
    if not part.countable:
        return None
    fill = _values(book, part, "inc", part.countable)
    return book.input(part.names.types.inc_input, fill, f"Numbers to be added to columns of {part.names.type}")


def pk_columns_input(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    """The primary key of one row."""

    def fields() -> Iterator[Entry]:
        for column in part.key:
            yield book.pool.field(column.name, column.type), column.meaning

    return book.input(part.names.types.pk_columns_input, lambda: shape(fields()), f"A row of {part.names.type}")


def _values(book: TypeBook, part: TablePart, purpose: str, columns: Columns) -> Fill:
    def fields() -> Iterator[Entry]:
        for column in columns:
            yield book.pool.field(column.name, book.pool.optional(column.type), column.column.comment), column.meaning

    def fill() -> Shape:
        return book.shared(purpose, part.table.name, lambda: shape(fields()))

    return fill
