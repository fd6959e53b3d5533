"""The statements that prove checks of permissions: how many of the rows written are there, and satisfy them. Pure.

A row that cannot be found counts as one that does not satisfy its check, and so does one whose check gives NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from graphql_app.engine.compile.conditions import condition
from graphql_app.engine.compile.scope import Scope, SqlDialect
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.fragment import Literal, Sql, Statement, finish, name, sql
from schema_gen.catalog.model import Table
from schema_gen.types.column_types import type_of

GUARD_FAILED: Final = 1242
"""What the server says where `failing_unless_good` fails: a subquery gives more than one row."""

Key = dict[str, bytes]
"""The literals of a row's key by column."""


def count_of_good(dialect: SqlDialect, table: Table, rows: plan.Condition, check: plan.Condition) -> Statement:
    """The statement that counts the rows found by `rows` that satisfy `check`, as they are now."""
    return finish(sql(_counted(dialect, table, rows, check), " FOR UPDATE"))


def failing_unless_good(dialect: SqlDialect, table: Table, row: plan.Condition, check: plan.Condition) -> Statement:
    """The statement that fails (see `GUARD_FAILED`) unless the one row found by `row` satisfies `check`.

    It can stand in one packet before a COMMIT. seekdb would fail always: it looks at both branches.
    """
    counted = _counted(dialect, table, row, check)
    return finish(sql("SELECT IF((", counted, ")=1,1,(SELECT 1 UNION ALL SELECT 2)) AS ", name("good")))


def _counted(dialect: SqlDialect, table: Table, rows: plan.Condition, check: plan.Condition) -> Sql:
    scope = Scope(dialect)
    alias = scope.alias()
    where = condition(scope, alias, plan.AllOf((rows, check)))
    return sql("SELECT COUNT(*) FROM ", name(table.name), " AS ", name(alias), " WHERE ", where)


def good_by_key(dialect: SqlDialect, table: Table, keys: Sequence[Key], check: plan.Condition) -> Statement:
    """`count_of_good` for rows whose keys are known."""
    return count_of_good(dialect, table, by_keys(table, keys), check)


def by_keys(table: Table, keys: Sequence[Key]) -> plan.Condition:
    """The condition that finds the rows with these keys."""
    columns = table.key_columns
    if len(columns) == 1 and not type_of(columns[0]).truth:
        (column,) = columns
        listed = b"(" + b",".join(key[column.name] for key in keys) + b")"
        return plan.CompareColumn(column, Operator.IN, Literal(listed))
    return plan.AnyOf(
        tuple(
            plan.AllOf(tuple(plan.CompareColumn(column, Operator.EQ, Literal(key[column.name])) for column in columns))
            for key in keys
        )
    )
