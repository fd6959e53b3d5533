"""A GraphQL operation -> the engine's `Call`, by the role of each name. Pure."""

from __future__ import annotations

from graphql import FieldNode, GraphQLField, GraphQLObjectType

from graphql_app.engine.request.calls import Constant, Query, Read, RootRequest, Write
from graphql_app.graphql_api.translate.connections import to_connection, to_group
from graphql_app.graphql_api.translate.mutations import to_write
from graphql_app.graphql_api.translate.rows import Given, RowTranslator, key_filter
from graphql_app.graphql_api.translate.streams import to_stream
from schema_gen.strawberry_core.roles import Action, RootField


class Translator(RowTranslator):
    """Translates one operation: each kind of root field by the module of its kind."""

    __slots__ = ()

    def root(self, key: str, nodes: list[FieldNode], parent: GraphQLObjectType) -> RootRequest:
        """One root field. Raises `RequestError`."""
        name = nodes[0].name.value
        if name == "__typename":
            return RootRequest(key, Constant(key, parent.name))
        meaning = self.built.field_roles[parent.name, name]
        if not isinstance(meaning, RootField):
            raise AssertionError(f"{name} is no generated root field")
        field = parent.fields[name]
        given = self.given(parent.name, field, nodes[0])
        return RootRequest(key, self._request(meaning, field, nodes, given))

    def _request(self, root: RootField, field: GraphQLField, nodes: list[FieldNode], given: Given) -> Query | Write:
        far, fields = self.inside(field, nodes)
        match root.action:
            case Action.LIST:
                return self.read(root.table, self.selection(far, fields), self.page(given))
            case Action.BY_PK:
                select = self.selection(far, fields)
                return Read(root.table, select, key_filter(given), one=True)
            case Action.AGGREGATE:
                return self.aggregate(root.table, far, fields, self.page(given))
            case Action.CONNECTION:
                return to_connection(self, root.table, far, fields, given)
            case Action.GROUP:
                return to_group(self, root.table, far, fields, given)
            case Action.STREAM:
                return to_stream(self, root.table, far, fields, given)
            case _:
                return to_write(self, root, far, fields, given)
