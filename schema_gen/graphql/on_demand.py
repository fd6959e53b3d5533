"""Finds types by name and has them made: what a request names, all that a table has, or the whole schema."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from schema_gen.graphql.comparisons import shared_comparison
from schema_gen.graphql.connections import page_info
from schema_gen.graphql.filters import bool_exp, direction, order_by
from schema_gen.graphql.streams import ordering
from schema_gen.graphql.type_registry import TypeRegistry
from schema_gen.graphql.write_inputs import insert_input, set_input
from schema_gen.strawberry_core.definitions import GeneratedDefinition, GeneratedEnum, RootDefinition
from schema_gen.strawberry_core.lazy_mapping import LazyMapping
from schema_gen.strawberry_core.roles import ROOT_FIELD, ArgumentRole, FieldMeanings, FieldRoles, RootField

K = TypeVar("K")
V = TypeVar("V")

Definition = GeneratedDefinition | GeneratedEnum


@dataclass(slots=True)
class LazySchemaTypes:
    """The types of a registry, from the root types on."""

    registry: TypeRegistry
    roots: Sequence[RootDefinition]
    _complete: set[str] = field(default_factory=set)

    def find(self, name: str) -> Definition | None:
        """The type called `name`; None if there is none."""
        known = self.registry.types.get(name)
        if known is not None:
            return known
        table = self.registry.type_tables.get(name)
        if not table:
            return self._shared(name) if table == "" else None
        for _ in self._grow(table):
            known = self.registry.types.get(name)
            if known is not None:
                return known
        return None

    def of_table(self, table: str) -> Iterator[Definition]:
        """Every type that belongs to a table."""
        for _ in self._grow(table):
            pass
        names = self.registry.names.table(table).own_types
        return (self.registry.types[name] for name in names if name in self.registry.types)

    def complete(self) -> None:
        """Makes every type, with its fields."""
        with _without_collection():
            for root in self.roots:
                tuple(root.by_name)
            while self._fill(tuple(self.registry.types.values())):
                pass

    # -- what the names mean -------------------------------------------------

    @property
    def field_roles(self) -> FieldRoles:
        """(type, field) -> meaning."""
        return FieldRoles(LazyMapping(self._meanings_of, lambda: self._all(self.registry.field_roles)))

    @property
    def arguments(self) -> Mapping[tuple[str, str], Mapping[str, ArgumentRole]]:
        """(type, field) -> argument -> meaning."""
        return LazyMapping(self._arguments_of, lambda: self._all(self.registry.arguments))

    @property
    def root_fields(self) -> Mapping[tuple[str, str], RootField]:
        """(root type, field) -> table and action."""
        return LazyMapping(
            self._root_field, lambda: [(root.name, name) for root in self.roots for name in root.by_name]
        )

    def _all(self, made: Mapping[K, V]) -> Iterable[K]:
        self.complete()
        return made

    def _meanings_of(self, name: str) -> FieldMeanings | None:
        found = self.find(name)
        if found is not None and not isinstance(found, RootDefinition):
            self._fill([found])
        return self.registry.field_roles.get(name)

    def _arguments_of(self, key: tuple[str, str]) -> Mapping[str, ArgumentRole] | None:
        owner = self.find(key[0])
        if isinstance(owner, RootDefinition):
            owner.by_name.get(key[1])
        else:
            self._fill([owner])
        return self.registry.arguments.get(key)

    def _root_field(self, key: tuple[str, str]) -> RootField | None:
        found = next((root.by_name.get(key[1]) for root in self.roots if root.name == key[0]), None)
        return None if found is None else found.metadata.get(ROOT_FIELD)

    # -- making --------------------------------------------------------------

    def _shared(self, name: str) -> Definition | None:
        registry = self.registry
        if name == registry.type_word("order_by"):
            return direction(registry)
        if name == "PageInfo":
            return page_info(registry)
        if name == registry.type_word("cursor_ordering"):
            return ordering(registry)
        return shared_comparison(registry, name)

    def _grow(self, table: str) -> Iterator[None]:
        """Makes a table's types step by step: those that its root fields name, what they name, what relations add."""
        if table in self._complete:
            return
        registry, names = self.registry, self.registry.names.table(table)
        for root in self.roots:
            for action in type(names.roots).__slots__:
                root.by_name.get(getattr(names.roots, action))
        yield
        yield from self._fill_own(names.own_types)
        # A role may see a relation from one end alone.
        for relation in registry.catalog.tables[table].full.relations.values():
            if relation.to_table not in registry.catalog.tables:
                continue
            far = registry.part(relation.to_table)
            made = (
                bool_exp(registry, far),
                order_by(registry, far),
                insert_input(registry, far),
                set_input(registry, far),
            )
            self._fill(made)
            yield
        yield from self._fill_own(names.own_types)
        self._complete.add(table)

    def _fill_own(self, names: Sequence[str]) -> Iterator[None]:
        while self._fill([self.registry.types.get(name) for name in names]):
            yield

    def _fill(self, types: Iterable[Definition | None]) -> bool:
        """Gives those of the types their fields that have none yet; whether there were any."""
        waiting = [each for each in types if isinstance(each, GeneratedDefinition) and not each.filled]
        for each in waiting:
            _ = each.fields
        return bool(waiting)


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
