"""Two columns that a rule compares -> SQL. Pure."""

from __future__ import annotations

from graphql_app.engine.compile.scope import Scope, column_ref
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.fragment import Sql, sql, template
from graphql_app.engine.sql.operators import EQUALITIES, compare, ordered_exactly
from schema_gen.catalog.model import Column
from schema_gen.catalog.relation_types import compared
from schema_gen.types.column_types import text_bytes, type_of


def columns_compared(scope: Scope, alias: str, root: str, where: plan.ColumnsCompared) -> Sql:
    """The truth of the comparison. Texts that their collations take for one are compared byte by byte."""
    near, far = column_ref(alias, where.column), column_ref(root if where.root else alias, where.other)
    one, two = text_bytes(where.column), text_bytes(where.other)
    if one is None or two is None:
        return _plain(scope, near, far, where)
    if where.operator not in EQUALITIES:
        near_side, far_side = _sides(where.column, where.other, where.operator)
        texts = template(near_side, near), template(far_side, far)
        return ordered_exactly(where.operator, texts, (template(one, near), template(two, far)))
    exact = _written(scope, where.operator, template(one, near), template(two, far))
    if where.operator is not Operator.EQ:
        return exact
    # The plain comparison accepts at least as much and can use an index; the second one is exact.
    return sql("(", _plain(scope, near, far, where), " AND ", exact, ")")


def _plain(scope: Scope, near: Sql, far: Sql, where: plan.ColumnsCompared) -> Sql:
    near_side, far_side = _sides(where.column, where.other, where.operator)
    flavour = scope.dialect.features.flavour
    if where.operator in EQUALITIES:
        near = template(type_of(where.column).compared_for(flavour), near)
        far = template(type_of(where.other).compared_for(flavour), far)
    return _written(scope, where.operator, template(near_side, near), template(far_side, far))


def _sides(column: Column, other: Column, operator: Operator) -> tuple[str, str]:
    one, two = type_of(column), type_of(other)
    if one.truth and two.truth:
        return one.shown_sql, two.shown_sql
    if operator not in EQUALITIES and one.by_place:
        return one.order_sql, two.order_sql
    return compared(column, other)


def _written(scope: Scope, operator: Operator, near: Sql, far: Sql) -> Sql:
    return compare(operator, near, far, None, scope.dialect.features)
