"""Conditions and orders of a plan -> SQL. Pure."""

from __future__ import annotations

from graphql_app.engine.compile.column_pairs import columns_compared
from graphql_app.engine.compile.exact_texts import by_session, ordered_by_session
from graphql_app.engine.compile.scope import Scope, column_ref, join_condition
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.values import EMPTY_LIST, NULL
from graphql_app.engine.request.calls import Fold, Function, Nulls, Operator
from graphql_app.engine.sql.aggregate_functions import EXACT, FUNCTION_SQL
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.engine.sql.fragment import EMPTY, KeyList, Sql, Value, join, name, sql, template
from graphql_app.engine.sql.operators import EQUALITIES, ORDERINGS, compare
from schema_gen.catalog.model import Column, Relation
from schema_gen.types.column_types import type_of

RULE_BEGINS, RULE_ENDS = "/*rule:*/ ", " /*:rule*/"
"""What stands around the condition of a rule where it is shown to people."""
TRUE = sql("TRUE")
FALSE = sql("FALSE")


def condition(scope: Scope, alias: str, where: plan.Condition, root: str | None = None) -> Sql:
    """The truth of `where` for the row called `alias`; `root` is the alias of the row that a rule is about."""
    root = root or alias
    match where:
        case plan.CompareColumn():
            subject = _subject(scope, alias, where)
            if where.exact is not None and where.operator in ORDERINGS:
                return ordered_by_session(subject, alias, where)
            made = comparison(scope, subject, where)
            if where.exact is None and where.filled is None:
                return _where_seen(scope, alias, where, made)
            return by_session(alias, where, made)
        case plan.AllOf():
            return _connect(" AND ", TRUE, [condition(scope, alias, item, root) for item in where.items])
        case plan.AnyOf():
            return _connect(" OR ", FALSE, [condition(scope, alias, item, root) for item in where.items])
        case plan.NoneOf():
            return sql("NOT (", condition(scope, alias, where.item, root), ")")
        case plan.SomeRelated():
            far = scope.alias()
            return sql("EXISTS (SELECT 1", _far_rows(scope, alias, far, where.relation, where.where, root), ")")
        case plan.CountRelated():
            far = scope.alias()
            rows = _far_rows(scope, alias, far, where.relation, where.where, root)
            counted = sql("(SELECT ", _folded(scope, far, where), rows, ")")
            return comparison(scope, counted, where)
        case plan.ColumnsCompared():
            return columns_compared(scope, alias, root, where)
        case plan.SomeRow():
            far = scope.alias()
            which = EMPTY if where.where is None else sql(" WHERE ", condition(scope.inner(), far, where.where, root))
            return sql("EXISTS (SELECT 1 FROM ", name(where.table.name), " AS ", name(far), which, ")")
        case plan.RuleCondition():
            added = condition(scope, alias, where.condition)
            return sql(RULE_BEGINS, added, RULE_ENDS) if scope.dialect.marks else added
        case plan.KeyIn():
            return key_in(scope, alias, where)
        case plan.Keyset():
            return _keyset(scope, alias, where)
        case plan.LastInserted():
            return sql(column_ref(alias, where.column), "=LAST_INSERT_ID()")


def column_value(scope: Scope, alias: str, column: Column, *templates: str) -> Sql:
    """A column of the row called `alias` as the caller sees it, put into `templates`, the first innermost.

    NULL where the caller does not see it in this row.
    """
    value = column_ref(alias, column.name)
    for each in templates:
        value = template(each, value)
    seen = seen_in(scope, alias, column)
    return value if seen is None else sql("CASE WHEN ", seen, " THEN ", value, " END")


def seen_in(scope: Scope, alias: str, column: Column) -> Sql | None:
    """Whether the caller sees the column in the row called `alias`; None where it does in every row."""
    return condition(scope.inner(), alias, column.mask) if isinstance(column, plan.MaskedColumn) else None


def columns_needed(column: Column) -> set[str]:
    """The columns of its row that decide over what the caller sees of a column, itself among them."""
    return {column.name} | (own_columns(column.mask) if isinstance(column, plan.MaskedColumn) else set())


def own_columns(where: plan.Condition, *, below: bool = False) -> set[str]:
    """The columns of the row that a rule is about, of all that the rule reads; `below`: in a row that it looks at."""
    match where:
        case plan.AllOf() | plan.AnyOf():
            return set().union(*(own_columns(item, below=below) for item in where.items))
        case plan.NoneOf():
            return own_columns(where.item, below=below)
        case plan.RuleCondition():
            return set() if below else own_columns(where.condition)
        case plan.SomeRelated() | plan.CountRelated():
            near = set() if below else set(where.relation.columns)
            return near | (own_columns(where.where, below=True) if where.where else set())
        case plan.SomeRow():
            return own_columns(where.where, below=True) if where.where else set()
        case plan.ColumnsCompared():
            found = set() if below else {where.column.name}
            return found | ({where.other.name} if where.root or not below else set())
        case plan.CompareColumn():
            return set() if below else {where.column.name}
        case _:
            raise AssertionError("a rule that is about no rows was planned")


def key_in(scope: Scope, alias: str, where: plan.KeyIn, far: tuple[str, ...] | None = None) -> Sql:
    """The key columns, or the `far` columns that correspond to them, equal one of the keys given at call time."""
    types, flavour = [type_of(column) for column in where.columns], scope.dialect.features.flavour
    literals = tuple(each.key_literals for each in types)
    refs = (column_ref(alias, column) for column in (far or where.columns))
    columns = [template(each.compared_for(flavour), one) for each, one in zip(types, refs, strict=True)]
    left = columns[0] if len(columns) == 1 else sql("(", join(",", columns), ")")
    return sql(left, " IN ", KeyList(literals))


def _keyset(scope: Scope, alias: str, where: plan.Keyset) -> Sql:
    """`a > x OR (a = x AND (b > y OR …))`: strictly behind, in the order of the terms."""
    made = EMPTY
    for term, value in reversed(list(zip(where.terms, where.values, strict=True))):
        behind = _behind(scope, alias, term, value)
        made = sql("(", behind, " OR (", _beside(scope, alias, term, value), " AND ", made, "))") if made else behind
    return made


def _beside(scope: Scope, alias: str, term: plan.OrderTerm, value: Value) -> Sql:
    stored, seen = _stored_value(scope, alias, term)
    same = sql(stored, " <=> ", value)
    return same if seen is None else sql("IF(", seen, ",", same, ",", value, " IS NULL)")


def _stored_value(scope: Scope, alias: str, term: plan.OrderTerm) -> tuple[Sql, Sql | None]:
    """What an order's value is made of, and whether the caller sees it; see `_where_seen`."""
    column, alias = _ordered_column(term), _followed(scope, alias, term)
    return template(type_of(column).order_sql, column_ref(alias, column.name)), seen_in(scope, alias, column)


def _behind(scope: Scope, alias: str, term: plan.OrderTerm, value: Value) -> Sql:
    column, seen = _stored_value(scope, alias, term)
    beyond = sql(column, "<" if term.descending else ">", value)
    if seen is not None:
        column, beyond = (sql("CASE WHEN ", seen, " THEN ", each, " END") for each in (column, beyond))
    if term.column is not None and not term.column.nullable and not term.path:
        return beyond
    # The value is a literal, so the database decides these tests once.
    if (term.nulls or natural_nulls(descending=term.descending)) is Nulls.FIRST:
        return sql("((", value, " IS NULL AND ", column, " IS NOT NULL) OR ", beyond, ")")
    return sql("(", value, " IS NOT NULL AND (", beyond, " OR ", column, " IS NULL))")


def _connect(word: str, empty: Sql, items: list[Sql]) -> Sql:
    if len(items) < 2:
        return items[0] if items else empty
    return sql("(", join(word, items), ")")


def _subject(scope: Scope, alias: str, where: plan.CompareColumn) -> Sql:
    column = column_ref(alias, where.column.name)
    if where.operator in EQUALITIES:
        return template(type_of(where.column).compared_for(scope.dialect.features.flavour), column)
    return template(type_of(where.column).order_sql, column) if where.operator in ORDERINGS else column


def _where_seen(scope: Scope, alias: str, where: plan.CompareColumn, made: Sql) -> Sql:
    """`made` where the caller sees the column; elsewhere what it is of NULL.

    The comparison stands inside, since servers compare a TIME or ENUM column otherwise than what is made of it.
    """
    seen = seen_in(scope, alias, where.column)
    if seen is None or where.value == EMPTY_LIST:
        return made
    if where.operator is Operator.IS_NULL:
        return sql("IF(", seen, ",", made, ",", "TRUE" if where.value == NULL else "FALSE", ")")
    return sql("CASE WHEN ", seen, " THEN ", made, " END")


def _is_truth(where: plan.CompareColumn | plan.CountRelated | plan.HavingAggregate) -> bool:
    if isinstance(where, plan.CompareColumn):
        return type_of(where.column).truth
    return isinstance(where, plan.CountRelated) and where.fold is not Fold.COUNT


def comparison(scope: Scope, left: Sql, where: plan.CompareColumn | plan.CountRelated | plan.HavingAggregate) -> Sql:
    """`left` compared as `where` says."""
    low = where.value
    if low is None:
        raise AssertionError("a comparison without a value was planned")
    if low == EMPTY_LIST:
        return FALSE if where.operator is Operator.IN else TRUE
    if where.operator in EQUALITIES and _is_truth(where):
        return sql(left, low)
    features = scope.dialect.features
    if where.operator is Operator.BETWEEN and _narrow(where) and where.upper is not None:
        # MySQL's BETWEEN turns its ends into the column's character set even where their collation is another's.
        ends = ((Operator.GTE, low), (Operator.LTE, where.upper))
        return sql("(", join(" AND ", (compare(each, left, end, None, features) for each, end in ends)), ")")
    return compare(where.operator, left, low, where.upper, features)


def _narrow(where: plan.CompareColumn | plan.CountRelated | plan.HavingAggregate) -> bool:
    """Whether the column's character set may lack characters of a value."""
    column = None if isinstance(where, plan.CountRelated) else where.column
    return column is not None and column.type.charset not in (None, "utf8mb4")


def _far_rows(
    scope: Scope, alias: str, far: str, relation: Relation, where: plan.Condition | None, root: str | None = None
) -> Sql:
    more = sql(" AND ", condition(scope.inner(), far, where, root)) if where is not None else EMPTY
    equal = join_condition(scope.dialect, alias, far, relation)
    return sql(" FROM ", name(relation.to_table), " AS ", name(far), " WHERE ", equal, more)


def _folded(scope: Scope, alias: str, where: plan.CountRelated) -> Sql:
    if where.fold is Fold.COUNT:
        return count_sql(scope, alias, where.columns, where.distinct)
    (column,) = where.columns
    return sql("MIN(" if where.fold is Fold.BOOL_AND else "MAX(", column_value(scope, alias, column), "<>0)")


def count_sql(scope: Scope, alias: str, columns: tuple[Column, ...], distinct: bool) -> Sql:
    """A count of rows, or of those whose `columns` are all not NULL, each combination once if `distinct`."""
    if not columns:
        return sql("COUNT(*)")
    refs = [column_value(scope, alias, column) for column in columns]
    if distinct and len(refs) > 1:
        # seekdb makes EXISTS of a bare COUNT > 0, and then looks at the first column only. Of columns as
        # they are it fails (1210) where the condition has an EXISTS under an OR.
        hidden = (sql("COALESCE(", as_shown(scope, alias, column), ")") for column in columns)
        return sql("0+COUNT(DISTINCT ", join(",", hidden), ")")
    if distinct:
        return sql("COUNT(DISTINCT ", as_shown(scope, alias, columns[0]), ")")
    if len(refs) == 1:
        return sql("COUNT(", refs[0], ")")
    return sql("COUNT(CASE WHEN ", join(" AND ", (sql(one, " IS NOT NULL") for one in refs)), " THEN 1 END)")


def as_shown(scope: Scope, alias: str, column: Column) -> Sql:
    """What stands for the column's value where values are ordered, grouped or told apart."""
    return column_value(scope, alias, column, type_of(column).shown_sql)


def function_sql(scope: Scope, alias: str, function: Function, column: Column) -> Sql:
    """An aggregate function of a column. Averages and deviations are computed in double precision."""
    argument = column_value(scope, alias, column, "{c}" if function in EXACT else "{c}+0e0")
    return template(FUNCTION_SQL[function], argument)


def order_terms(scope: Scope, alias: str, terms: tuple[plan.OrderTerm, ...]) -> Sql:
    """The terms after ORDER BY; joins that they need are added to `scope`."""
    return join(",", (part for term in terms for part in _order_term(scope, alias, term)))


def _order_term(scope: Scope, alias: str, term: plan.OrderTerm) -> list[Sql]:
    nulls = term.nulls if may_be_null(term) else None
    return ordered(order_value(scope, alias, term), descending=term.descending, nulls=nulls)


def may_be_null(term: plan.OrderTerm) -> bool:
    """Whether what a term orders by may be NULL: then a wish where NULLs stand keeps an index from giving the order."""
    if term.relation is not None or any(step.where is not None or not step.relation.required for step in term.path):
        return True
    return term.column is None or term.column.nullable


def ordered(value: Sql, *, descending: bool, nulls: Nulls | None) -> list[Sql]:
    """The ORDER BY terms that order by `value`."""
    direction = " DESC" if descending else ""
    if nulls is None or nulls is natural_nulls(descending=descending):
        return [sql(value, direction)]
    null_flag = sql(value, " IS NULL" if nulls is Nulls.LAST else " IS NOT NULL")
    return [null_flag, sql(value, direction)]


def natural_nulls(*, descending: bool) -> Nulls:
    """Where MySQL puts NULLs by itself: first in ascending, last in descending order."""
    return Nulls.LAST if descending else Nulls.FIRST


def follow(scope: Scope, alias: str, relation: Relation, where: plan.Condition | None) -> str:
    """The alias of the to-one row that `relation` reaches from `alias`, joined on first use.

    A row that does not satisfy `where` is not there.
    """
    known = scope.joined.get((alias, relation.name, id(where)))
    if known is not None:
        return known
    far = scope.joined[alias, relation.name, id(where)] = scope.alias()
    on = join_condition(scope.dialect, alias, far, relation)
    if where is not None:
        only = condition(scope.inner(), far, where)
        # MySQL would make a semi-join of an EXISTS here, and forget a condition in it that is never true.
        on = sql(on, " AND IF(", only, ",1,0)") if reads_others(where) else sql(on, " AND ", only)
    scope.joins.append(sql(" LEFT JOIN ", name(relation.to_table), " AS ", name(far), " ON ", on))
    return far


def _followed(scope: Scope, alias: str, term: plan.OrderTerm) -> str:
    for step in term.path:
        alias = follow(scope, alias, step.relation, step.where)
    return alias


def keyset_value(scope: Scope, alias: str, term: plan.OrderTerm, *templates: str) -> Sql:
    """What `<` compares for the same order as `order_value`; put into `templates`."""
    column = _ordered_column(term)
    return column_value(scope, _followed(scope, alias, term), column, type_of(column).order_sql, *templates)


def _ordered_column(term: plan.OrderTerm) -> Column:
    if term.column is None:
        raise AssertionError("an order without a column was planned")
    return term.column


def order_value(scope: Scope, alias: str, term: plan.OrderTerm) -> Sql:
    """What a term orders by; joins that it needs are added to `scope`."""
    alias = _followed(scope, alias, term)
    if term.function is None or term.relation is None:
        return as_shown(scope, alias, _ordered_column(term))
    if id(term) in scope.grouped:
        return _grouped_value(scope, alias, term, term.relation)
    far = scope.alias()
    return sql("(SELECT ", _aggregated(scope, far, term), _far_rows(scope, alias, far, term.relation, term.where), ")")


def _aggregated(scope: Scope, far: str, term: plan.OrderTerm) -> Sql:
    if term.function is None or term.column is None:
        return count_sql(scope, far, (), False)
    if term.function is Function.COUNT:
        return count_sql(scope, far, (term.column,), False)
    return function_sql(scope, far, term.function, term.column)


def _grouped_value(scope: Scope, alias: str, term: plan.OrderTerm, relation: Relation) -> Sql:
    """The aggregate of the rows related to the row `alias`, from a table that has it for all rows at once."""
    far, groups = scope.alias(), scope.alias()
    value_name = "#value" if "#value" not in relation.to_columns else "##value"
    keys = join(",", (column_ref(far, each) for each in relation.to_columns))
    where = EMPTY if term.where is None else sql(" WHERE ", condition(scope.inner(), far, term.where))
    shown = sql("SELECT ", keys, ",", _aggregated(scope, far, term), " AS ", name(value_name))
    rows = sql(name(relation.to_table), " AS ", name(far), _not_along_index(scope, term, relation))
    table = sql(shown, " FROM ", rows, where, " GROUP BY ", keys)
    on = join_condition(scope.dialect, alias, groups, relation)
    scope.joins.append(sql(" LEFT JOIN (", table, ") AS ", name(groups), " ON ", on))
    value = name(groups, value_name)
    return sql("IFNULL(", value, ",0)") if term.function is Function.COUNT else value


def _not_along_index(scope: Scope, term: plan.OrderTerm, relation: Relation) -> str:
    """Keeps a server from grouping all rows of a table along an index of the key, each row in another place of it."""
    key = None if term.target is None else term.target.primary_key
    in_order = key is not None and key.columns[: len(relation.to_columns)] == relation.to_columns
    hinted = scope.dialect.features.flavour in (Flavour.MYSQL, Flavour.MARIADB) and not in_order
    return " USE INDEX FOR GROUP BY ()" if hinted else ""


def reads_others(where: plan.Condition) -> bool:
    """Whether rows of any table are looked at besides the row itself."""
    match where:
        case plan.AllOf() | plan.AnyOf():
            return any(reads_others(item) for item in where.items)
        case plan.NoneOf():
            return reads_others(where.item)
        case plan.RuleCondition():
            return reads_others(where.condition)
        case plan.SomeRelated() | plan.CountRelated() | plan.SomeRow():
            return True
        case plan.CompareColumn():
            return isinstance(where.column, plan.MaskedColumn) and reads_others(where.column.mask)
        case _:
            return False
