"""Catalog -> Strawberry schema, with the tables that say what every name in it means. The resolver is an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter

from schema_gen.catalog.model import Catalog
from schema_gen.graphql.added_fields import NOTHING_ADDED, AddedFields, add_to_root
from schema_gen.graphql.on_demand import LazySchemaTypes
from schema_gen.graphql.roots import mutation_root, query_root, subscription_root
from schema_gen.graphql.scalars import SCALAR_MAP
from schema_gen.graphql.schema_class import CatalogSchema
from schema_gen.graphql.type_registry import TypeRegistry
from schema_gen.names.naming import Names
from schema_gen.strawberry_core.converter import RootResolver
from schema_gen.strawberry_core.definitions import RootDefinition
from schema_gen.strawberry_core.roles import ArgumentRole, FieldRoles, RootField


@dataclass(frozen=True, slots=True)
class BuiltSchema:
    """A schema and what its generated names mean.

    `field_roles`: (type, field) -> meaning, for objects and inputs. `arguments`: (type,
    field) -> argument -> meaning, for fields that take any. `roots`: (root type, field)
    -> table and action. Values of generated enums need no table: coercing them gives
    the database's name of the column, the word in snake case, or the member. `again`
    makes the same schema anew, with no type made yet; `of_view` that of what a role sees of
    the catalog, by the same names and without the fields that a developer added.
    """

    schema: CatalogSchema
    field_roles: FieldRoles
    arguments: Mapping[tuple[str, str], Mapping[str, ArgumentRole]]
    roots: Mapping[tuple[str, str], RootField]
    again: Callable[[], BuiltSchema]
    of_view: Callable[[Catalog], BuiltSchema]


def build_schema(
    catalog: Catalog,
    names: Names,
    *,
    resolver: RootResolver,
    execution_context_class: type[Any] | None = None,
    extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
    added: AddedFields = NOTHING_ADDED,
) -> BuiltSchema:
    """The schema of `catalog` under `names`.

    `resolver` answers every generated root field; it is called with the source and
    graphql-core's info, and finds its `RootField` in the field's extensions under
    `ROOT_FIELD`. `added` are the fields that a developer adds.

    Raises:
        ValueError: an added field is called like a generated one, or stands on a table or a column
            that there is none of.
    """
    options: dict[str, Any] = {"execution_context_class": execution_context_class, "extensions": tuple(extensions)}
    added.check(catalog)
    registry = TypeRegistry(catalog, names, added)
    query, mutation = query_root(registry), mutation_root(registry)
    if mutation is None and added.mutation is not None:
        mutation = registry.root(RootDefinition(registry.type_word("mutation_root"), {}), {})
    subscription = subscription_root(registry, query)
    growth = LazySchemaTypes(registry, [root for root in (query, mutation, subscription) if root is not None])
    converter = NameConverter(auto_camel_case=names.style == "camel")
    for root, fields in ((query, added.query), (mutation, added.mutation), (subscription, added.subscription)):
        if root is not None and fields is not None:
            add_to_root(root, fields, converter)
    schema = CatalogSchema(
        resolver,
        growth,
        hand_written=bool(added),
        query=query.as_class(),
        mutation=mutation.as_class() if mutation else None,
        subscription=subscription.as_class(),
        config=StrawberryConfig(name_converter=converter, scalar_map=SCALAR_MAP),
        **options,
    )
    again = partial(build_schema, catalog, names, resolver=resolver, added=added, **options)
    of_view = partial(build_schema, names=names, resolver=resolver, **options)
    return BuiltSchema(schema, growth.field_roles, growth.arguments, growth.root_fields, again, of_view)


def sdl(schema: CatalogSchema) -> str:
    """The schema in GraphQL's schema language."""
    return schema.as_str()
