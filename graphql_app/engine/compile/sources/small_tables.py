"""Small to-one tables: where reading one whole costs less than joining it to every row that refers to it. Pure.

Joined, a row of such a table is found and made JSON text again for each row that refers to it; read
whole, once. That takes a statement more, so it is worth it from some number of rows on.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

from graphql_app.engine.compile.sources.from_clause import ParentLink
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import Literal
from schema_gen.catalog.model import Table
from schema_gen.types.column_types import type_of

_SMALL: Final = 100
"""Rows that a table may be thought to have; the server's guess may be wrong, `MOST_LOOKED_UP` is the bound."""
WORTH: Final = 100
"""Rows from which the statement more is the cheaper way, on MariaDB and MySQL clearly so, in the embedded engine
from twice as many."""
_LONG: Final = 1000
"""Characters of a row that may be read for nothing."""
_NUMBERS_AND_TIMES: Final = frozenset(
    "boolean tinyint smallint mediumint int bigint bit decimal float double year date datetime timestamp time uuid"
    " inet4 inet6 enum".split()
)
_TEXTS: Final = frozenset({"char", "varchar", "binary", "varbinary"})
_SHORT: Final = 32
"""Characters of what is no text, at most."""


def uses_lookup(table: Table, output: plan.Output) -> bool:
    """Whether the row that `output` shows of a row of `table` can come from a table that is read whole."""
    if not isinstance(output, plan.RelatedOut) or not output.relation.to_one:
        return False
    rows, outputs = output.read.rows, output.read.outputs
    rows_few = rows.table.estimated_rows is not None and rows.table.estimated_rows <= _SMALL
    exact = all(type_of(table.columns[column]).exact_key for column in output.relation.columns)
    return rows_few and exact and rows.where is None and sum(map(_length, outputs)) <= _LONG


def any_looked_up(table: Table, outputs: Iterable[plan.Output]) -> bool:
    """Whether that holds for one of `outputs`, or for one of what is joined for them."""
    return any(
        uses_lookup(table, output) or any_looked_up(output.read.rows.table, output.read.outputs)
        for output in outputs
        if isinstance(output, plan.RelatedOut) and output.relation.to_one
    )


def parents_worth(rows: plan.RowsPlan, link: ParentLink | None) -> int | None:
    """The parents below which so many rows are to be expected that it is worth it; None if that is not known."""
    below = rows.table.estimated_rows
    if below is None:
        return None
    if link is None:
        # One statement alone needs no transaction, two do.
        known = rows.where is None and (rows.limit is None or isinstance(rows.limit, Literal))
        few = isinstance(rows.limit, Literal) and int(rows.limit.sql) < 2 * WORTH
        return 0 if known and not few and below >= 2 * WORTH else None
    if link.all_parents:
        return 0 if below >= WORTH else None
    above = link.parent.estimated_rows
    return None if above is None else max(1, ceil(WORTH * max(above, 1) / max(below, 1)))


def _length(output: plan.Output) -> int:
    """The characters that a value shown may have."""
    if isinstance(output, plan.TextOut):
        return 0
    if not isinstance(output, plan.ColumnOut):
        return _LONG + 1
    base, length = output.column.type.base, output.column.type.length
    if base in _NUMBERS_AND_TIMES:
        return _SHORT
    return length if base in _TEXTS and length is not None else _LONG + 1
