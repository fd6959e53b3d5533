"""What makes an order total: the columns of the key, so that no two rows are equal in it. Pure."""

from __future__ import annotations

from graphql_app.engine.plan.row_nodes import MaskedColumn, OrderTerm
from schema_gen.catalog.model import Key, Table
from schema_gen.types.column_types import type_of


def total_order(table: Table, terms: tuple[OrderTerm, ...]) -> tuple[OrderTerm, ...]:
    """`terms`, and the columns of the primary key that are not among them, unless no two rows are equal without them.

    The key goes the way of the last term: an index of that term's column has its rows in the order of both, and is read
    from either end. A table without a primary key keeps its order.
    """
    key = table.primary_key
    own = (term.column for term in terms if not term.path and not term.relation)
    # A masked column is NULL in rows that differ in it.
    named = frozenset(each.name for each in own if each is not None and not isinstance(each, MaskedColumn))
    if key is None or any(_tells_apart(table, each, named) for each in table.keys):
        return terms
    descending = bool(terms) and terms[-1].descending
    rest = (table.columns[name] for name in key.columns if name not in named)
    return terms + tuple(OrderTerm(column, descending, nulls=None) for column in rest)


def _tells_apart(table: Table, key: Key, named: frozenset[str]) -> bool:
    """Whether rows that are equal in all of the `named` columns are one row.

    Rows are ordered by what is shown of a column, which may be equal where the values are not.
    """
    if key.nullable or not named.issuperset(key.columns):
        return False
    return key.primary or all(type_of(table.columns[name]).shown_sql == "{c}" for name in key.columns)
