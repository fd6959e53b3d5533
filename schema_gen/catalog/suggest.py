"""Relations that a database without foreign keys may have, guessed by names and types. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.catalog.model import Catalog, Column, ForeignKey, Table
from schema_gen.catalog.relations import base_name, same_word


def suggestions(catalog: Catalog) -> Iterator[ForeignKey]:
    """Columns that are called like a table (`customer_id`, `customers_fk`) and have the type of its only key column.

    Columns that are in a relation already, and keys of their own, are passed over.
    """
    for table in catalog:
        known = {relation.columns for relation in table.relations.values() if relation.to_one}
        for column in table.columns.values():
            if (column.name,) not in known and not column.auto_increment and not column.generated:
                yield from _of_column(catalog, table, column)


def _of_column(catalog: Catalog, table: Table, column: Column) -> Iterator[ForeignKey]:
    guess = ForeignKey("", table.name, (column.name,), "", ())
    word = base_name(guess)
    if word == column.name or not word:
        return  # no ending says that it refers to something
    fitting = [each for each in catalog if same_word(word, each.name) and _key_fits(each, column)]
    if len(fitting) == 1:
        (target,) = fitting
        key = target.key_columns[0].name
        yield ForeignKey("", table.name, (column.name,), target.name, (key,))


def _key_fits(target: Table, column: Column) -> bool:
    if len(target.key_columns) != 1:
        return False
    key = target.key_columns[0].type
    own = column.type
    return (own.base, own.unsigned, own.charset, own.members) == (key.base, key.unsigned, key.charset, key.members)
