"""Names in rules -> the catalog's: a table, column or relation by its own name, or by one that it is shown by. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from graphql_app.runtime.suggestions import hint
from schema_gen.catalog.model import Catalog, Column, Relation, Table
from schema_gen.names.identifiers import legal, styled_name

T = TypeVar("T", Table, Column, Relation)


class RuleError(ValueError):
    """A rule cannot be honoured; the text says which part of it, and why."""


def find_table(catalog: Catalog, name: str) -> Table:
    """The table called `name`. Raises `RuleError`."""
    found = _found(catalog.tables, name)
    if found is None:
        raise RuleError(f"there is no table '{name}'{hint(name, catalog.tables)}")
    return found


def find_column(table: Table, name: str, *, relations: bool = False) -> Column:
    """The column called `name`; with `relations` a relation might have been meant. Raises `RuleError`."""
    found = _found(table.columns, name)
    if found is None:
        what = "column or relation" if relations else "column"
        known = [*table.columns, *(table.relations if relations else ())]
        raise RuleError(f"'{table.name}' has no {what} '{name}'{hint(name, known)}")
    return found


def find_columns(table: Table, names: Iterable[str]) -> dict[str, Column]:
    """The columns called so, by their names in the database. Raises `RuleError`."""
    return {column.name: column for column in (find_column(table, name) for name in sorted(names))}


def find_relation(table: Table, name: str) -> Relation | None:
    """The relation called `name`, if there is one. Raises `RuleError` for a name of several."""
    return _found(table.relations, name)


def _found(known: Mapping[str, T], name: str) -> T | None:
    """A database's own name goes before what others are shown by."""
    if name in known:
        return known[name]
    shown = [each for own, each in known.items() if name in _shown(own, each)]
    if len(shown) > 1:
        raise RuleError(f"'{name}' may be {' or '.join(each.name for each in shown)}")
    return shown[0] if shown else None


def _shown(own: str, named: Table | Column | Relation) -> tuple[str, ...]:
    """The names that it may be shown by: one given by hand, or its own as GraphQL takes it, or that in camelCase."""
    by_hand = "" if isinstance(named, Relation) else named.shown_as
    return (by_hand,) if by_hand else (legal(own), styled_name(legal(own), "camel"))
