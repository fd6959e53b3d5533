"""Connections and groups -> the engine's requests, by the meaning of each name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import FieldNode, GraphQLInputObjectType, GraphQLInputType, GraphQLObjectType, get_named_type

from graphql_app.engine.request.calls import (
    AggregateFields,
    ConnectionRead,
    Constant,
    Counting,
    Edges,
    Function,
    Group,
    GroupKey,
    GroupOrder,
    Having,
    Nodes,
    PageInfo,
    PageInfoField as Fact,
    SelectColumn,
    SelectCursor,
    SelectNode,
    SelectPageInfo,
    TotalCount,
)
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.translate.conditions import ORDERS, Conditions
from graphql_app.graphql_api.translate.rows import Given, RowTranslator
from graphql_app.graphql_api.translate.selection import Fields
from schema_gen.strawberry_core.roles import AggregateFunction, Argument, ColumnField, PageFact, ResultField

Named = tuple[str, list[FieldNode]]


def to_connection(
    translator: RowTranslator, table: str, type_: GraphQLObjectType, fields: Fields, given: Given
) -> ConnectionRead:
    """`t_connection`. Raises `RequestError`."""
    page = translator.page(given)
    first, after, last, before = (
        given[argument][0] if argument in given else None
        for argument in (Argument.FIRST, Argument.AFTER, Argument.LAST, Argument.BEFORE)
    )
    shown = tuple(_field(translator, type_, item) for item in fields.items())
    return ConnectionRead(table, shown, page.where, page.order, first, after, last, before)


def _field(
    translator: RowTranslator, type_: GraphQLObjectType, item: Named
) -> Edges | Nodes | PageInfo | TotalCount | Constant:
    key, nodes = item
    name = nodes[0].name.value
    if name == "__typename":
        return Constant(key, type_.name)
    meaning = translator.built.field_roles[type_.name, name]
    if meaning is ResultField.TOTAL_COUNT:
        return TotalCount(key)
    if meaning is ResultField.TOTAL_COUNT_ESTIMATE:
        return TotalCount(key, Counting.ESTIMATED)
    far, fields = translator.inside(type_.fields[name], nodes)
    if meaning is ResultField.NODES:
        return Nodes(key, translator.selection(far, fields))
    if meaning is ResultField.EDGES:
        return Edges(key, tuple(_edge(translator, far, inner) for inner in fields.items()))
    return PageInfo(key, tuple(_fact(translator, far, inner) for inner in fields.items()))


def _edge(translator: RowTranslator, type_: GraphQLObjectType, item: Named) -> SelectCursor | SelectNode | Constant:
    key, nodes = item
    name = nodes[0].name.value
    if name == "__typename":
        return Constant(key, type_.name)
    if translator.built.field_roles[type_.name, name] is ResultField.CURSOR:
        return SelectCursor(key)
    far, fields = translator.inside(type_.fields[name], nodes)
    return SelectNode(key, translator.selection(far, fields))


def _fact(translator: RowTranslator, type_: GraphQLObjectType, item: Named) -> SelectPageInfo | Constant:
    key, nodes = item
    name = nodes[0].name.value
    if name == "__typename":
        return Constant(key, type_.name)
    meaning = translator.built.field_roles[type_.name, name]
    if not isinstance(meaning, PageFact):
        raise AssertionError(f"{type_.name}.{name} is no fact about a page")
    return SelectPageInfo(key, Fact(meaning.value))


# --- groups ------------------------------------------------------------------


def to_group(translator: RowTranslator, table: str, type_: GraphQLObjectType, fields: Fields, given: Given) -> Group:
    """`t_group`. Raises `RequestError`."""
    by = tuple(str(column) for column in _list(given[Argument.BY][0]))
    where = given.get(Argument.WHERE, (None, None))
    condition = None if where[0] is None else Conditions(translator.built).where(*where)
    having = tuple(_having(translator, *given[Argument.HAVING])) if Argument.HAVING in given else ()
    order = tuple(_orders(translator, *given[Argument.ORDER_BY])) if Argument.ORDER_BY in given else ()
    limit, offset = (given[part][0] if part in given else None for part in (Argument.LIMIT, Argument.OFFSET))
    shown = tuple(_group_field(translator, type_, item) for item in fields.items())
    return Group(table, by, shown, condition, having, order, limit, offset)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _group_field(
    translator: RowTranslator, type_: GraphQLObjectType, item: Named
) -> GroupKey | AggregateFields | Constant:
    key, nodes = item
    name = nodes[0].name.value
    if name == "__typename":
        return Constant(key, type_.name)
    far, fields = translator.inside(type_.fields[name], nodes)
    if translator.built.field_roles[type_.name, name] is ResultField.AGGREGATE:
        return AggregateFields(key, translator.aggregates(far, fields))
    shown = (part for part in translator.selection(far, fields) if isinstance(part, SelectColumn | Constant))
    return GroupKey(key, tuple(shown))


def _fields(type_: GraphQLInputType, value: object) -> Iterator[tuple[str, str, object, GraphQLInputType]]:
    """(type, field, value, the field's type) of an input object."""
    named = get_named_type(type_)
    if not isinstance(named, GraphQLInputObjectType) or not isinstance(value, dict):
        raise AssertionError("an argument was not an input object")
    for name, part in value.items():
        yield named.name, name, part, named.fields[name].type


def _having(translator: RowTranslator, value: object, type_: GraphQLInputType) -> Iterator[Having]:
    if value is None:
        return
    conditions = Conditions(translator.built)
    for owner, name, part, far in _fields(type_, value):
        meaning = translator.built.field_roles[owner, name]
        if part is None or not isinstance(meaning, AggregateFunction):
            raise RequestError(Code.NULL_COMPARISON, f"'{name}' must not be null")
        function = Function(meaning.function)
        if function is Function.COUNT:
            yield from (Having(function, None, *item) for item in conditions.comparisons(part, far))
            continue
        for inner, column, condition, comparison in _fields(far, part):
            named = translator.built.field_roles[inner, column]
            if condition is None or not isinstance(named, ColumnField):
                raise RequestError(Code.NULL_COMPARISON, f"'{column}' must not be null")
            yield from (Having(function, named.column, *item) for item in conditions.comparisons(condition, comparison))


def _orders(translator: RowTranslator, value: object, type_: GraphQLInputType) -> Iterator[GroupOrder]:
    for item in _list(value):
        if item is None:
            continue
        for owner, name, part, far in _fields(type_, item):
            meaning = translator.built.field_roles[owner, name]
            if part is None:
                continue
            function = Function(meaning.function) if isinstance(meaning, AggregateFunction) else None
            if function is Function.COUNT:
                yield GroupOrder(None, *ORDERS[str(part)], function)
                continue
            for inner, column, direction, _ in _fields(far, part):
                named = translator.built.field_roles[inner, column]
                if direction is not None and isinstance(named, ColumnField):
                    yield GroupOrder(named.column, *ORDERS[str(direction)], function)
