"""Texts that a rule compares with session variables -> SQL that no collation widens. Pure."""

from __future__ import annotations

from graphql_app.engine.compile.scope import column_ref
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.fragment import Sql, Value, sql, template
from graphql_app.engine.sql.operators import ordered_exactly
from schema_gen.types.column_types import text_bytes


def by_session(alias: str, where: plan.CompareColumn, made: Sql) -> Sql:
    """`made`, exact for texts: two users whose names a collation takes for one are two. `filled` decides on lists."""
    template_ = text_bytes(where.column)
    positive = where.operator in (Operator.EQ, Operator.IN)
    if where.exact is not None and template_ is not None:
        symbol = {Operator.EQ: "=", Operator.NEQ: "<>", Operator.IN: " IN ", Operator.NIN: " NOT IN "}[where.operator]
        exact = sql(template(template_, column_ref(alias, where.column)), symbol, where.exact)
        made = sql("(", made, " AND ", exact, ")") if positive else exact
    if where.filled is None:
        return made
    return sql("(", made, " AND ", where.filled, ")") if positive else sql("(", made, " OR NOT ", where.filled, ")")


def ordered_by_session(subject: Sql, alias: str, where: plan.CompareColumn) -> Sql:
    """A text beside a session variable in an order in which no two are equal, as PostgreSQL has it."""
    stored = template(text_bytes(where.column) or "{c}", column_ref(alias, where.column))
    if where.operator is not Operator.BETWEEN:
        return _end_of_range(where.operator, (subject, where.value), (stored, where.exact))
    lower = _end_of_range(Operator.GTE, (subject, where.value), (stored, where.exact))
    upper = _end_of_range(Operator.LTE, (subject, where.upper), (stored, where.exact_upper))
    return sql("(", lower, " AND ", upper, ")")


def _end_of_range(operator: Operator, text: tuple[Sql, Value | None], exact: tuple[Sql, Value | None]) -> Sql:
    if text[1] is None or exact[1] is None:
        raise AssertionError("a range without its end was planned")
    return ordered_exactly(operator, (text[0], text[1]), (exact[0], exact[1]))
