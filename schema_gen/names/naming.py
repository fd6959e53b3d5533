"""Database name <-> public GraphQL name: the only place where such names are made and where a clash is settled.

Names are made in this order, and what comes later gives way, so that a name changes
only if something that comes before it wants it:

1. what all schemas share: scalars, `order_by`, `Int_comparison_exp`, `query_root`, ...;
2. tables, those with legal names before others, shorter names first: a table has its
   own name, and with it all that Hasura makes of it (`users_aggregate`,
   `insert_users_one`). A table that would take such a name of a shorter one
   (`users_aggregate` beside `users`) gets `_table` appended;
3. what we add to Hasura's names (`users_connection`, `users_group`, enum types), and streams,
   give way to tables that are called so;
4. within a table: columns, then relations, then `<relation>_aggregate`.

`NAMING=camel` is Hasura's `graphql-default`: fields, arguments and operators in camelCase, those of tables and columns
too, types in PascalCase, directions in capitals. The roots keep their names (`query_root`), as there; so do values of
the database (keys, members of ENUMs), and a name given by hand is a field's name as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final

from schema_gen.catalog.model import Catalog, Column, Relation, Table
from schema_gen.names.identifiers import (
    NOT_ENUM_VALUES,
    ROOTS,
    Style as Style,
    all_enum_values,
    candidates,
    distinct,
    is_legal,
    legal,
    styled,
    styled_name,
    styled_type,
)
from schema_gen.types.type_rows import SCALARS

BUILT_IN: Final = ("Int", "Float", "String", "Boolean", "ID")
SHARED_TYPES: Final = (
    *("order_by", "cursor_ordering", *ROOTS, "PageInfo", "page_info"),
    *(f"{scalar}_comparison_exp" for scalar in (*BUILT_IN, *SCALARS)),
    "String_array_comparison_exp",
)
"""Generated type names that belong to no table."""


@dataclass(frozen=True, slots=True)
class RootNames:
    """The root fields of a table."""

    list: str
    by_pk: str
    aggregate: str
    connection: str
    group: str
    stream: str
    insert: str
    insert_one: str
    update: str
    update_by_pk: str
    update_many: str
    delete: str
    delete_by_pk: str


_QUERIES: Final = {"list": "{}", "by_pk": "{}_by_pk", "aggregate": "{}_aggregate"}
_MUTATIONS: Final = {
    "insert": "insert_{}",
    "insert_one": "insert_{}_one",
    "update": "update_{}",
    "update_by_pk": "update_{}_by_pk",
    "update_many": "update_{}_many",
    "delete": "delete_{}",
    "delete_by_pk": "delete_{}_by_pk",
}
_OWN_QUERIES: Final = {"connection": "{}_connection", "group": "{}_group", "stream": "{}_stream"}


@dataclass(frozen=True, slots=True)
class TypeNames:
    """The types of a table: each is the table's name, an underscore, and (but for the arguments) the field's name here.

    The object type itself is `TableNames.type`.
    """

    bool_exp: str
    order_by: str
    insert_input: str
    set_input: str
    inc_input: str
    append_input: str
    prepend_input: str
    delete_key_input: str
    delete_elem_input: str
    delete_at_path_input: str
    pk_columns_input: str
    mutation_response: str
    select_column: str
    update_column: str
    constraint: str
    on_conflict: str
    updates: str
    obj_rel_insert_input: str
    arr_rel_insert_input: str
    aggregate: str
    aggregate_fields: str
    aggregate_order_by: str
    aggregate_bool_exp: str
    aggregate_bool_exp_count: str
    aggregate_bool_exp_bool_and: str
    aggregate_bool_exp_bool_or: str
    bool_and_arguments: str
    bool_or_arguments: str
    avg_fields: str
    max_fields: str
    min_fields: str
    stddev_fields: str
    stddev_pop_fields: str
    stddev_samp_fields: str
    sum_fields: str
    var_pop_fields: str
    var_samp_fields: str
    variance_fields: str
    avg_order_by: str
    max_order_by: str
    min_order_by: str
    stddev_order_by: str
    stddev_pop_order_by: str
    stddev_samp_order_by: str
    sum_order_by: str
    var_pop_order_by: str
    var_samp_order_by: str
    variance_order_by: str
    connection: str
    edge: str
    group: str
    group_key: str
    group_order_by: str
    group_having: str
    stream_cursor_input: str
    stream_cursor_value_input: str
    group_having_avg: str
    group_having_max: str
    group_having_min: str
    group_having_stddev: str
    group_having_stddev_pop: str
    group_having_stddev_samp: str
    group_having_sum: str
    group_having_var_pop: str
    group_having_var_samp: str
    group_having_variance: str
    group_order_by_key: str
    related_update_input: str
    related_updates_input: str


_OWN_TYPES: Final = frozenset(
    each.name
    for each in fields(TypeNames)
    if each.name.startswith(("connection", "edge", "group", "related", "stream"))
)


@dataclass(frozen=True, slots=True)
class TableNames:
    """All public names of one table, and the way back to the database's.

    `columns`, `relations`, `relation_aggregates`, `constraints` and `enums` map database
    names to public ones (`enums`: a column to its enum type, for columns whose values are
    all legal; `enum_comparisons`: to the type of conditions on it); `column_of`,
    `relation_of`, `relation_aggregate_of` and `constraint_of` map public names to the
    database's.
    """

    table: str
    type: str
    roots: RootNames
    types: TypeNames
    columns: Mapping[str, str]
    relations: Mapping[str, str]
    relation_aggregates: Mapping[str, str]
    constraints: Mapping[str, str]
    enums: Mapping[str, str]
    enum_comparisons: Mapping[str, str]
    column_of: Mapping[str, str]
    relation_of: Mapping[str, str]
    relation_aggregate_of: Mapping[str, str]
    constraint_of: Mapping[str, str]

    @property
    def own_types(self) -> tuple[str, ...]:
        """The names of all types that the table may have."""
        named = (getattr(self.types, each.name) for each in fields(TypeNames))
        return (self.type, *named, *self.enums.values(), *self.enum_comparisons.values())


@dataclass(frozen=True, slots=True)
class RootName:
    """What a root field stands for: a table and a field of `RootNames`."""

    table: str
    kind: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a whole schema.

    `type_tables`: a type's name -> the table it belongs to, nothing for shared types.
    `notes` says where a name differs from the database's, and why.
    """

    style: Style
    tables: Mapping[str, TableNames]
    queries: Mapping[str, RootName]
    mutations: Mapping[str, RootName]
    type_tables: Mapping[str, str]
    notes: tuple[str, ...]

    def table(self, name: str) -> TableNames:
        """The names of a table, by its database name. Raises `KeyError`."""
        return self.tables[name]

    def word(self, word: str) -> str:
        """A generated name that belongs to no table (an argument, an operator, a field) in this style."""
        return styled(word, self.style)

    def type_word(self, word: str) -> str:
        """The name of a generated type that belongs to no table, in this style."""
        return styled_type(word, self.style)

    def direction(self, word: str) -> str:
        """A direction of an order in this style."""
        return word.upper() if self.style == "camel" else word


def legal_enum_members(column: Column) -> tuple[str, ...] | None:
    """The values of an ENUM column if a GraphQL enum can have them all, else `None`."""
    members = column.type.members
    return members if column.type.base == "enum" and all_enum_values(members) else None


@dataclass(slots=True)
class _Names:
    """Names under construction: what is taken in each of the schema's three name spaces."""

    style: Style
    types: dict[str, str] = field(default_factory=dict)
    queries: dict[str, RootName] = field(default_factory=dict)
    mutations: dict[str, RootName] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def made(self, pattern: str, base: str) -> str:
        """A field's name; a pattern that adds nothing leaves the base as it is."""
        return base if pattern == "{}" else styled(pattern.format(base), self.style)

    def own(self, base: str, patterns: Mapping[str, str]) -> dict[str, str]:
        """The names that `patterns` make of `base`."""
        return {key: self.made(pattern, base) for key, pattern in patterns.items()}

    def made_type(self, pattern: str, base: str) -> str:
        """A type's name."""
        return styled_type(pattern.format(base), self.style)

    def own_types(self, base: str) -> dict[str, str]:
        """The names of the types that Hasura makes of `base`, but for the object type itself."""
        return {key: self.made_type(pattern, base) for key, pattern in _HASURA_TYPES.items()}

    def fits(self, base: str) -> bool:
        """Whether nothing that is made of `base` by Hasura's rules is taken."""
        return (
            base != "_"  # what is appended would make it begin with two underscores
            and self.made_type("{}", base) not in self.types
            and self.types.keys().isdisjoint(self.own_types(base).values())
            and self.queries.keys().isdisjoint(self.own(base, _QUERIES).values())
            and self.mutations.keys().isdisjoint(self.own(base, _MUTATIONS).values())
        )

    def claim(self, table: str, wanted: str) -> str:
        """A base for all names of `table`, like `wanted` if possible, and all Hasura's names of it taken."""
        wish = wanted if is_legal(wanted) else styled(legal(wanted), self.style)
        base = next(each for each in candidates(wish, "table") if self.fits(each))
        self.note("table", wanted, base)
        self.types.update(dict.fromkeys((self.made_type("{}", base), *self.own_types(base).values()), table))
        self.queries.update((name, RootName(table, kind)) for kind, name in self.own(base, _QUERIES).items())
        self.mutations.update((name, RootName(table, kind)) for kind, name in self.own(base, _MUTATIONS).items())
        return base

    def type(self, table: str, base: str, suffix: str) -> str:
        """A type name of our own, which gives way to tables."""
        wanted = self.made_type("{}_" + suffix, base)
        name = next(each for each in candidates(wanted, "type") if each not in self.types)
        self.note("type", wanted, name)
        self.types[name] = table
        return name

    def query(self, table: str, base: str, kind: str) -> str:
        """A query field of our own, which gives way to tables."""
        wanted = self.made(_OWN_QUERIES[kind], base)
        name = next(each for each in candidates(wanted, "field") if each not in self.queries)
        self.note("field", wanted, name)
        self.queries[name] = RootName(table, kind)
        return name

    def note(self, what: str, wanted: str, name: str) -> None:
        """Records that `wanted` could not be had."""
        if name != wanted:
            why = "the name is taken" if is_legal(wanted) else "GraphQL does not take the name"
            self.notes.append(f"{what} '{wanted}' is shown as '{name}': {why}")


_HASURA_TYPES: Final = {
    **{each.name: "{}_" + each.name for each in fields(TypeNames) if each.name not in _OWN_TYPES},
    "bool_and_arguments": "{0}_select_column_{0}_aggregate_bool_exp_bool_and_arguments_columns",
    "bool_or_arguments": "{0}_select_column_{0}_aggregate_bool_exp_bool_or_arguments_columns",
}


def build_names(catalog: Catalog, style: Style = "snake") -> Names:
    """The public names of everything in `catalog`."""
    made = _Names(style)
    made.types.update(dict.fromkeys((*BUILT_IN, *SCALARS, *(styled_type(word, style) for word in SHARED_TYPES)), ""))
    wanted = {table.name: table.shown_as or styled_name(table.name, style) for table in catalog}
    order = sorted(wanted, key=lambda name: (not is_legal(wanted[name]), len(wanted[name]), name))
    bases = {name: made.claim(name, wanted[name]) for name in order}
    built = {name: _table_names(made, catalog.tables[name], bases[name]) for name in order}
    return Names(
        style,
        MappingProxyType({name: built[name] for name in catalog.tables}),
        MappingProxyType(made.queries),
        MappingProxyType(made.mutations),
        MappingProxyType(made.types),
        tuple(made.notes),
    )


def _table_names(made: _Names, table: Table, base: str) -> TableNames:
    own_queries = {kind: made.query(table.name, base, kind) for kind in _OWN_QUERIES}
    roots = made.own(base, _QUERIES) | own_queries | made.own(base, _MUTATIONS)
    types = made.own_types(base) | {suffix: made.type(table.name, base, suffix) for suffix in sorted(_OWN_TYPES)}
    columns, relations, aggregates = _field_names(made, table)
    constraints = distinct(((key.name, legal(key.name)) for key in table.keys), "key", set(NOT_ENUM_VALUES))
    enums = {
        column.name: made.type(table.name, base, f"{columns[column.name]}_enum")
        for column in table.columns.values()
        if legal_enum_members(column)
    }
    comparisons = {name: made.type(table.name, enum, "comparison_exp") for name, enum in enums.items()}
    return TableNames(
        table=table.name,
        type=made.made_type("{}", base),
        roots=RootNames(**roots),
        types=TypeNames(**types),
        columns=MappingProxyType(columns),
        relations=MappingProxyType(relations),
        relation_aggregates=MappingProxyType(aggregates),
        constraints=MappingProxyType(constraints),
        enums=MappingProxyType(enums),
        enum_comparisons=MappingProxyType(comparisons),
        column_of=_inverse(columns),
        relation_of=_inverse(relations),
        relation_aggregate_of=_inverse(aggregates),
        constraint_of=_inverse(constraints),
    )


def _field_names(made: _Names, table: Table) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Columns, relations and relation aggregates: they share one name space, with the connectives of conditions."""
    taken = {styled(word, made.style) for word in ("_and", "_or", "_not")} | NOT_ENUM_VALUES
    shown = ((column.name, column.shown_as) for column in table.columns.values())
    wanted = {name: given or styled_name(name, made.style) for name, given in shown}
    legally = ((name, wish if is_legal(wish) else styled(legal(wish), made.style)) for name, wish in wanted.items())
    columns = distinct(legally, "column", taken)
    wished = {name: styled(legal(name), made.style) for name in table.relations}
    relations = distinct(wished.items(), "relation", taken)
    many = (relation for relation in table.relations.values() if not relation.to_one)
    suffixed = ((each.name, _aggregate_name(relations, each, made.style)) for each in many)
    aggregates = distinct(suffixed, "field", taken)
    for name, public in columns.items():
        made.note(f"column of '{table.name}'", wanted[name], public)
    for name, public in relations.items():
        made.note(f"relation of '{table.name}'", wished[name], public)
    return columns, relations, aggregates


def _aggregate_name(relations: Mapping[str, str], relation: Relation, style: Style) -> str:
    return styled(legal(f"{relations[relation.name]}_aggregate"), style)


def _inverse(names: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({public: name for name, public in names.items()})
