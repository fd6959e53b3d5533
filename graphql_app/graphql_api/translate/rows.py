"""Rows of GraphQL: arguments, selections and aggregates -> the parts of the engine's requests. Pure."""

from __future__ import annotations

from collections.abc import Mapping
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

from graphql_app.engine.request.calls import (
    Aggregate,
    AggregateFields,
    Apply,
    Compare,
    Constant,
    Count,
    Filter,
    Function,
    Nodes,
    Operator,
    Order,
    Read,
    SelectColumn,
    Selection,
    SelectRelated,
    SelectRelatedAggregate,
    all_of,
)
from graphql_app.graphql_api.hasura_rules import offset_of
from graphql_app.graphql_api.translate.conditions import Conditions
from graphql_app.graphql_api.translate.selection import Fields, merged
from graphql_app.graphql_api.translate.variables import Tree, literal
from schema_gen.graphql.schema import BuiltSchema
from schema_gen.strawberry_core.converter import computed_key
from schema_gen.strawberry_core.roles import (
    AggregateFunction,
    Argument,
    ColumnField,
    ComputedField,
    RelationAggregateField,
    RelationField,
    ResultField,
)

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
class RowTranslator:
    """Translates what one operation asks of rows.

    `variables` hold slots in place of values; `after` is the place where a stream goes on.
    """

    built: BuiltSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Tree
    after: object = None
    computed: bool = False
    """Whether a field was met that a developer added to a table's type: Python resolves it from the answer."""

    def inside(self, field: GraphQLField, nodes: list[FieldNode]) -> tuple[GraphQLObjectType, Fields]:
        """The type a field leads to, and the fields selected there."""
        far = get_named_type(field.type)
        if not isinstance(far, GraphQLObjectType):
            raise AssertionError("a generated field does not lead to an object")
        return far, merged(nodes, self.fragments, self.variables)

    # --- arguments -----------------------------------------------------------

    def given(self, parent: str, field: GraphQLField, node: FieldNode) -> Given:
        """The arguments given, by their meaning, with their types; columns by name."""
        field_roles = self.built.arguments.get((parent, node.name.value), {})
        given: dict[Argument | str, tuple[object, GraphQLInputType]] = {}
        for item in node.arguments or ():
            name = item.name.value
            type_ = field.args[name].type
            offset = offset_of(item, type_)
            value = literal(item.value, type_, self.variables) if offset is None else offset
            if value is not Undefined:
                meaning = field_roles[name]
                given[meaning.column if isinstance(meaning, ColumnField) else meaning] = value, type_
        return given

    def page(self, given: Given) -> Page:
        """Null or absent arguments are ignored, as Hasura does."""
        conditions = Conditions(self.built)
        where, order = given.get(Argument.WHERE, NOTHING), given.get(Argument.ORDER_BY, NOTHING)
        return Page(
            None if where[0] is None else conditions.where(*where),
            () if order[0] is None else conditions.order_by(*order),
            given.get(Argument.LIMIT, NOTHING)[0],
            given.get(Argument.OFFSET, NOTHING)[0],
            texts(given.get(Argument.DISTINCT_ON, NOTHING)[0]),
        )

    # --- reads ---------------------------------------------------------------

    def read(self, table: str, select: Selection, page: Page) -> Read:
        """A list of rows."""
        return Read(table, select, page.where, page.order, page.limit, page.offset, page.distinct_on)

    def selection(self, type_: GraphQLObjectType, fields: Fields) -> Selection:
        """What is shown of each row."""
        roles, shown, needed = self.built.field_roles.of(type_.name), [], dict[str, SelectColumn]()
        for key, nodes in fields.items():
            role = roles.get(nodes[0].name.value)
            if isinstance(role, ComputedField):
                self.computed = True
                needed.update((each, SelectColumn(computed_key(each), each)) for each in role.columns)
            else:
                shown.append(self._shown(type_, key, nodes))
        found = (*shown, *needed.values())
        # A row of which only computed fields are asked, that need no column, is an object all the same.
        return found if found or not fields else (Constant(computed_key(""), type_.name),)

    def _shown(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> SelectColumn | Constant | SelectRelated | SelectRelatedAggregate:
        name = nodes[0].name.value
        if name == "__typename":
            return Constant(key, type_.name)
        meaning = self.built.field_roles[type_.name, name]
        if isinstance(meaning, ColumnField):
            return SelectColumn(key, meaning.column)
        if not isinstance(meaning, RelationField | RelationAggregateField):
            raise AssertionError(f"{type_.name}.{name} has no meaning in a row")
        field = type_.fields[name]
        relation = meaning.relation
        page = self.page(self.given(type_.name, field, nodes[0]))
        far, fields = self.inside(field, nodes)
        if isinstance(meaning, RelationField):
            read = self.read(relation.to_table, self.selection(far, fields), page)
            return SelectRelated(key, relation.name, read)
        return SelectRelatedAggregate(key, relation.name, self.aggregate(relation.to_table, far, fields, page))

    def aggregate(self, table: str, type_: GraphQLObjectType, fields: Fields, page: Page) -> Aggregate:
        """An aggregate over a list of rows."""
        parts = tuple(self._aggregate_field(type_, key, nodes) for key, nodes in fields.items())
        return Aggregate(table, parts, page.where, page.order, page.limit, page.offset, page.distinct_on)

    def _aggregate_field(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> AggregateFields | Nodes | Constant:
        name = nodes[0].name.value
        if name == "__typename":
            return Constant(key, type_.name)
        far, fields = self.inside(type_.fields[name], nodes)
        if self.built.field_roles[type_.name, name] is ResultField.NODES:
            return Nodes(key, self.selection(far, fields))
        return AggregateFields(key, self.aggregates(far, fields))

    def aggregates(self, type_: GraphQLObjectType, fields: Fields) -> tuple[Count | Apply | Constant, ...]:
        """The fields of an `aggregate` object."""
        return tuple(self._aggregate_function(type_, key, nodes) for key, nodes in fields.items())

    def _aggregate_function(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> Count | Apply | Constant:
        name = nodes[0].name.value
        if name == "__typename":
            return Constant(key, type_.name)
        meaning = self.built.field_roles[type_.name, name]
        if not isinstance(meaning, AggregateFunction):
            raise AssertionError(f"{type_.name}.{name} is no aggregate")
        field = type_.fields[name]
        if meaning.function == Function.COUNT:
            given = self.given(type_.name, field, nodes[0])
            columns, distinct = given.get(Argument.COLUMNS, NOTHING)[0], given.get(Argument.DISTINCT, NOTHING)[0]
            return Count(key, texts(columns), bool(distinct))
        far, fields = self.inside(field, nodes)
        shown = tuple(item for item in self.selection(far, fields) if isinstance(item, SelectColumn | Constant))
        return Apply(key, Function(meaning.function), shown)


def key_filter(given: Given) -> Filter | None:
    """The row whose primary key the arguments are."""
    return all_of(Compare(str(column), Operator.EQ, value) for column, (value, _) in given.items())


def texts(value: object) -> tuple[str, ...]:
    """A list of enum values; none for null."""
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
