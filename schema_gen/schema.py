"""Catalog -> Strawberry schema, with the tables that say what every name in it means. The resolver is an argument."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
from graphql import execute_sync, get_introspection_query, parse
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import get_object_definition

from schema_gen.catalog import Catalog
from schema_gen.catalog_schema import CatalogSchema
from schema_gen.converter import RootResolver
from schema_gen.definitions import GeneratedDefinition
from schema_gen.introspection import NotPlain, introspection_of
from schema_gen.meanings import ArgumentMeaning, Meanings, RootField
from schema_gen.naming import Names
from schema_gen.roots import mutation_root, query_root, subscription_root
from schema_gen.scalars import SCALAR_MAP
from schema_gen.type_book import TypeBook


@dataclass(frozen=True, slots=True)
class BuiltSchema:
    """A schema and what its generated names mean.

    `meanings`: (type, field) -> meaning, for objects and inputs. `arguments`: (type,
    field) -> argument -> meaning, for fields that take any. `roots`: (root type, field)
    -> table and action. Values of generated enums need no table: coercing them gives
    the database's name of the column, the word in snake case, or the member.
    """

    schema: CatalogSchema
    meanings: Meanings
    arguments: Mapping[tuple[str, str], Mapping[str, ArgumentMeaning]]
    roots: Mapping[tuple[str, str], RootField]


def build_schema(
    catalog: Catalog,
    names: Names,
    *,
    resolver: RootResolver,
    execution_context_class: type[Any] | None = None,
    extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
    custom: type | None = None,
) -> BuiltSchema:
    """The schema of `catalog` under `names`.

    `resolver` answers every generated root field; it is called with the source and
    graphql-core's info, and finds its `RootField` in the field's extensions under
    `ROOT_FIELD`. `custom` is a class made by `strawberry.type`; its fields are added
    to the query root.

    Raises:
        ValueError: a field of `custom` is called like a generated one.
    """
    with _without_collection():
        book = TypeBook(catalog, names)
        query, mutation, subscription = query_root(book), mutation_root(book), subscription_root(book)
        book.fill()
        converter = NameConverter(auto_camel_case=names.style == "camel")
        if custom is not None:
            _add_custom(query, custom, converter)
        schema = CatalogSchema(
            resolver,
            hand_written=custom is not None,
            query=query.as_class(),
            mutation=mutation.as_class() if mutation else None,
            subscription=subscription.as_class(),
            types=list(book.types.values()),
            config=StrawberryConfig(name_converter=converter, scalar_map=SCALAR_MAP),
            execution_context_class=execution_context_class,
            extensions=extensions,
        )
    meanings = Meanings(MappingProxyType(book.meanings))
    roots = dict(_roots(meanings, query, mutation, subscription))
    return BuiltSchema(schema, meanings, MappingProxyType(book.arguments), MappingProxyType(roots))


def _roots(meanings: Meanings, *types: GeneratedDefinition | None) -> Iterator[tuple[tuple[str, str], RootField]]:
    for type_ in types:
        if type_ is not None:
            for name, meaning in meanings.of(type_.name).items():
                if isinstance(meaning, RootField):
                    yield (type_.name, name), meaning


def _add_custom(query: GeneratedDefinition, custom: type, converter: NameConverter) -> None:
    taken = {field.python_name for field in query.fields}
    added = get_object_definition(custom, strict=True).fields
    for field in added:
        name = converter.from_field(field)
        if name in taken:
            raise ValueError(f"The field '{name}' of {custom.__name__} is called like a generated one")
    query.fields = [*query.fields, *added]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nearly everything made here lives on; looking for garbage meanwhile takes half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            # Into the oldest generation at once, or the next allocation would look at all of it.
            gc.freeze()
            gc.unfreeze()
        if enabled:
            gc.enable()


def sdl(schema: CatalogSchema) -> str:
    """The schema in GraphQL's schema language."""
    return schema.as_str()


def introspection(schema: CatalogSchema, query: str | None = None) -> bytes:
    """The response body to an introspection query, by default the standard one that most tools send.

    Seconds for a thousand tables: to be made once and kept, off the event loop.
    """
    document = parse(query or get_introspection_query())
    try:
        return b'{"data":' + introspection_of(schema.graphql, document) + b"}"
    except NotPlain:
        return orjson.dumps(execute_sync(schema.graphql, document).formatted)
