"""A GraphQL operation -> the engine's `Call`, by the meaning of each name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLString,
    Undefined,
    get_named_type,
)
from schema_gen.schema import BuiltSchema

from graphql_app.engine.request import (
    AffectedRows,
    Aggregate,
    Answer,
    Apply,
    Compare,
    Count,
    Delete,
    Figures,
    Filter,
    Function,
    Insert,
    Nodes,
    Operator,
    Order,
    Query,
    Read,
    Returning,
    Root,
    Selection,
    Show,
    ShowRelated,
    ShowRelatedAggregate,
    ShowText,
    Update,
    Write,
    all_of,
)
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.conditions import Conditions
from graphql_app.graphql_api.inputs import Tree, literal
from graphql_app.graphql_api.selection import Fields, merged
from schema_gen.meanings import (
    Action,
    AggregateFunction,
    Argument,
    ColumnField,
    Part,
    RelationAggregateField,
    RelationField,
    RootField,
)

MAX_FIELDS = 20_000
"""Fields that one operation may select after its fragments are expanded."""


Given = Mapping[Argument | str, tuple[object, GraphQLInputType]]
"""Arguments by meaning (columns by name): value and type."""
NOTHING: tuple[object, GraphQLInputType] = (None, GraphQLString)


@dataclass(frozen=True, slots=True)
class Page:
    """The arguments that reads and aggregates share."""

    where: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: object = None
    offset: object = None
    distinct_on: tuple[str, ...] = ()


@dataclass(slots=True)
class Translator:
    """Translates one operation; `variables` hold slots in place of values."""

    built: BuiltSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Tree
    selected: int = 0

    # --- roots ---------------------------------------------------------------

    def root(self, key: str, nodes: list[FieldNode], parent: GraphQLObjectType) -> Root:
        """One root field. Raises `RequestError`."""
        name = nodes[0].name.value
        if name == "__typename":
            return Root(key, ShowText(key, parent.name))
        meaning = self.built.meanings[parent.name, name]
        if not isinstance(meaning, RootField):
            raise AssertionError(f"{name} is no generated root field")
        field = parent.fields[name]
        given = self._given(parent.name, field, nodes[0])
        return Root(key, self._request(meaning, field, nodes, given))

    def _request(
        self, root: RootField, field: GraphQLField, nodes: list[FieldNode], given: Given
    ) -> Query | Write:
        far, fields = self._inside(field, nodes)
        match root.action:
            case Action.LIST:
                return self._read(root.table, self._selection(far, fields), self._page(given))
            case Action.BY_PK:
                select = self._selection(far, fields)
                return Read(root.table, select, _key_filter(_values(given)), one=True)
            case Action.AGGREGATE:
                return self._aggregate(root.table, far, fields, self._page(given))
            case Action.INSERT | Action.INSERT_ONE:
                return self._insert(root, given, far, fields)
            case Action.UPDATE | Action.UPDATE_BY_PK:
                return self._update(root, given, far, fields)
            case Action.DELETE | Action.DELETE_BY_PK:
                return self._delete(root, given, far, fields)

    def _inside(self, field: GraphQLField, nodes: list[FieldNode]) -> tuple[GraphQLObjectType, Fields]:
        far = get_named_type(field.type)
        if not isinstance(far, GraphQLObjectType):
            raise AssertionError("a generated field does not lead to an object")
        fields = merged(nodes, self.fragments, self.variables)
        self.selected += len(fields)
        if self.selected > MAX_FIELDS:
            raise RequestError(Code.LIMIT_EXCEEDED, f"The operation selects more than {MAX_FIELDS} fields")
        return far, fields

    # --- arguments -----------------------------------------------------------

    def _given(self, parent: str, field: GraphQLField, node: FieldNode) -> Given:
        """The arguments given, by their meaning, with their types; columns by name."""
        meanings = self.built.arguments.get((parent, node.name.value), {})
        given: dict[Argument | str, tuple[object, GraphQLInputType]] = {}
        for item in node.arguments or ():
            name = item.name.value
            type_ = field.args[name].type
            value = literal(item.value, type_, self.variables)
            if value is not Undefined:
                meaning = meanings[name]
                given[meaning.column if isinstance(meaning, ColumnField) else meaning] = value, type_
        return given

    def _page(self, given: Given) -> Page:
        """Null or absent arguments are ignored, as Hasura does."""
        conditions = Conditions(self.built)
        where, order = given.get(Argument.WHERE, NOTHING), given.get(Argument.ORDER_BY, NOTHING)
        return Page(
            None if where[0] is None else conditions.where(*where),
            () if order[0] is None else conditions.order_by(*order),
            given.get(Argument.LIMIT, NOTHING)[0],
            given.get(Argument.OFFSET, NOTHING)[0],
            _texts(given.get(Argument.DISTINCT_ON, NOTHING)[0]),
        )

    # --- reads ---------------------------------------------------------------

    def _read(self, table: str, select: Selection, page: Page) -> Read:
        return Read(table, select, page.where, page.order, page.limit, page.offset, page.distinct_on)

    def _selection(self, type_: GraphQLObjectType, fields: Fields) -> Selection:
        return tuple(self._shown(type_, key, nodes) for key, nodes in fields.items())

    def _shown(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> Show | ShowText | ShowRelated | ShowRelatedAggregate:
        name = nodes[0].name.value
        if name == "__typename":
            return ShowText(key, type_.name)
        meaning = self.built.meanings[type_.name, name]
        if isinstance(meaning, ColumnField):
            return Show(key, meaning.column)
        if not isinstance(meaning, RelationField | RelationAggregateField):
            raise AssertionError(f"{type_.name}.{name} has no meaning in a row")
        field = type_.fields[name]
        relation = meaning.relation
        page = self._page(self._given(type_.name, field, nodes[0]))
        far, fields = self._inside(field, nodes)
        if isinstance(meaning, RelationField):
            read = self._read(relation.to_table, self._selection(far, fields), page)
            return ShowRelated(key, relation.name, read)
        return ShowRelatedAggregate(key, relation.name, self._aggregate(relation.to_table, far, fields, page))

    def _aggregate(self, table: str, type_: GraphQLObjectType, fields: Fields, page: Page) -> Aggregate:
        parts = tuple(self._aggregate_field(type_, key, nodes) for key, nodes in fields.items())
        return Aggregate(table, parts, page.where, page.order, page.limit, page.offset, page.distinct_on)

    def _aggregate_field(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> Figures | Nodes | ShowText:
        name = nodes[0].name.value
        if name == "__typename":
            return ShowText(key, type_.name)
        far, fields = self._inside(type_.fields[name], nodes)
        if self.built.meanings[type_.name, name] is Part.NODES:
            return Nodes(key, self._selection(far, fields))
        return Figures(key, tuple(self._figure(far, inner, under) for inner, under in fields.items()))

    def _figure(self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Count | Apply | ShowText:
        name = nodes[0].name.value
        if name == "__typename":
            return ShowText(key, type_.name)
        meaning = self.built.meanings[type_.name, name]
        if not isinstance(meaning, AggregateFunction):
            raise AssertionError(f"{type_.name}.{name} is no figure")
        field = type_.fields[name]
        if meaning.function == Function.COUNT:
            given = _values(self._given(type_.name, field, nodes[0]))
            return Count(key, _texts(given.get(Argument.COLUMNS)), bool(given.get(Argument.DISTINCT)))
        far, fields = self._inside(field, nodes)
        shown = tuple(item for item in self._selection(far, fields) if isinstance(item, Show | ShowText))
        return Apply(key, Function(meaning.function), shown)

    # --- writes --------------------------------------------------------------

    def _answer(self, type_: GraphQLObjectType, fields: Fields, *, one: bool) -> Answer:
        if one:
            return (Returning("", self._selection(type_, fields)),)
        return tuple(self._answer_field(type_, key, nodes) for key, nodes in fields.items())

    def _answer_field(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> AffectedRows | Returning | ShowText:
        name = nodes[0].name.value
        if name == "__typename":
            return ShowText(key, type_.name)
        if self.built.meanings[type_.name, name] is Part.AFFECTED_ROWS:
            return AffectedRows(key)
        far, fields = self._inside(type_.fields[name], nodes)
        return Returning(key, self._selection(far, fields))

    def _insert(self, root: RootField, given: Given, type_: GraphQLObjectType, fields: Fields) -> Insert:
        one = root.action is Action.INSERT_ONE
        value, input_type = given[Argument.OBJECT if one else Argument.OBJECTS]
        objects = value if isinstance(value, list) else [value]
        rows = tuple(self._pairs(item, input_type) for item in objects)
        return Insert(root.table, rows, self._answer(type_, fields, one=one), one=one)

    def _pairs(self, value: object, type_: GraphQLInputType) -> tuple[tuple[str, object], ...]:
        """(column, value) of an insert, set, increment or key input."""
        name = get_named_type(type_).name
        pairs = []
        for key, item in value.items() if isinstance(value, dict) else ():
            meaning = self.built.meanings[name, key]
            if not isinstance(meaning, ColumnField):
                raise AssertionError(f"{name}.{key} is no column")
            pairs.append((meaning.column, item))
        return tuple(pairs)

    def _update(self, root: RootField, given: Given, type_: GraphQLObjectType, fields: Fields) -> Update:
        by_key = root.action is Action.UPDATE_BY_PK
        if by_key:
            where = _key_filter(dict(self._pairs(*given[Argument.PK_COLUMNS])))
        else:
            where = Conditions(self.built).where(*given[Argument.WHERE])
        sets = self._pairs(*given.get(Argument.SET, NOTHING))
        increments = self._pairs(*given.get(Argument.INC, NOTHING))
        return Update(root.table, where, sets, self._answer(type_, fields, one=by_key), increments, by_key)

    def _delete(self, root: RootField, given: Given, type_: GraphQLObjectType, fields: Fields) -> Delete:
        by_key = root.action is Action.DELETE_BY_PK
        where = _key_filter(_values(given)) if by_key else Conditions(self.built).where(*given[Argument.WHERE])
        return Delete(root.table, where, self._answer(type_, fields, one=by_key), by_key)


def _values(given: Given) -> dict[Argument | str, object]:
    return {meaning: value for meaning, (value, _) in given.items()}


def _key_filter(key: Mapping[Argument | str, object] | Mapping[str, object]) -> Filter | None:
    return all_of(Compare(str(column), Operator.EQ, value) for column, value in key.items())


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
