"""The catalog: a database's structure as frozen values. No SQL, no HTTP, no GraphQL.

Every name in here is the database's own. Names shown to clients come from
`schema_gen.names.naming`. Keys are tuples of column names, also where they have one
column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class TableKind(StrEnum):
    """What a relation of the database is."""

    TABLE = "table"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type as INFORMATION_SCHEMA states it, taken apart.

    `base` is the lower-case DATA_TYPE (`int`, `varchar`, `enum`, ...); `json` also for
    MariaDB's LONGTEXT with a JSON_VALID check. `length` counts characters or bytes for
    text and binary types, bits for BIT, display width for TINYINT. `precision` is
    that of numbers, or the fractional digits of times. `srid` is the reference system
    that a geometry column insists on.
    """

    base: str
    unsigned: bool = False
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    members: tuple[str, ...] = ()
    charset: str | None = None
    collation: str | None = None
    declared: str = ""
    zerofill: bool = False
    srid: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `has_default` is true where an INSERT may leave it out; `shown_as` is a name given by hand.

    `zero_date`: it may hold a date of zeros, which is shown as null. `default_sql` is an expression that gives the
    default of a new row, where that is known, and `default_columns` are what it takes of the row. `may_number`: a
    view's column, of which the server does not say whether it is a table's AUTO_INCREMENT column or has a default of 0.
    """

    name: str
    type: ColumnType
    nullable: bool
    ordinal: int
    default: str | None = None
    has_default: bool = False
    auto_increment: bool = False
    generated: bool = False
    on_update: bool = False
    invisible: bool = False
    comment: str = ""
    shown_as: str = ""
    zero_date: bool = False
    default_sql: str | None = None
    default_columns: tuple[str, ...] = ()
    may_number: bool = False

    @property
    def shown_null(self) -> bool:
        """Whether null may be shown in its place."""
        return self.nullable or self.zero_date


@dataclass(frozen=True, slots=True)
class Key:
    """A unique key. The primary key's name is `PRIMARY` on every engine.

    `nullable` says that one of its columns may be NULL, so that the key does not
    identify every row. A key over a prefix or an expression is not listed.
    """

    name: str
    columns: tuple[str, ...]
    nullable: bool = False

    @property
    def primary(self) -> bool:
        """Whether this is the primary key."""
        return self.name == "PRIMARY"


@dataclass(frozen=True, slots=True)
class Index:
    """An index, unique or not; `columns` are its leading plain columns in order."""

    name: str
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference: `columns` of `table` point at `to_columns` of `to_table`; `enforced` if the database sees to it."""

    name: str
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    enforced: bool = True


class Cardinality(StrEnum):
    """How many rows stand at the far end of a relation."""

    ONE = "one"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Relation:
    """One end of a foreign key, seen from `table`.

    `columns` (of `table`) equal `to_columns` (of `to_table`), pairwise. `required` is
    true for a to-one relation that every row has (all its columns NOT NULL, constraint
    declared). A relation is to-one from the referencing side, and also from the
    referenced side where the foreign key is unique. `refers`: `table` holds the foreign key;
    `worded`: a pair of columns is of ENUM or SET; `enforced`: the database sees to it; `compared`: the
    templates of each pair of columns in the equality, where the columns cannot stand as they are.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    cardinality: Cardinality
    required: bool
    foreign_key: str
    worded: bool = False
    enforced: bool = True
    refers: bool = False
    compared: tuple[tuple[str, str], ...] = ()

    @property
    def to_one(self) -> bool:
        """Whether the far end is at most one row."""
        return self.cardinality is Cardinality.ONE


class Event(StrEnum):
    """What a trigger waits for."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of a table. `sets` are the columns that it may give other values than the statement did."""

    name: str
    event: Event
    sets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view with everything that hangs on it.

    `columns` and `relations` are mappings by database name, in declared order.
    `estimated_rows` is the server's guess, or None where it has none; `shown_as` is a name
    given by hand.
    """

    name: str
    kind: TableKind
    columns: Mapping[str, Column]
    primary_key: Key | None = None
    unique_keys: tuple[Key, ...] = ()
    indexes: tuple[Index, ...] = ()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    comment: str = ""
    estimated_rows: int | None = None
    transactional: bool = True
    triggers: tuple[Trigger, ...] = ()
    writable: bool = True
    shown_as: str = ""
    access: TableAccess | None = None

    @property
    def full(self) -> Table:
        """The table as it is in the database, where this is what a role sees of it."""
        return self if self.access is None else self.access.full

    @property
    def insertable(self) -> Mapping[str, Column]:
        """The columns that a new row may be given; see `may_insert`."""
        return self.columns if self.access is None else self.access.insertable or {}

    @property
    def updatable(self) -> Mapping[str, Column]:
        """The columns that may be changed; see `may_update`."""
        return self.columns if self.access is None else self.access.updatable or {}

    @property
    def known(self) -> Mapping[str, Column]:
        """The columns that the caller knows of: those that it may read or give."""
        if self.access is None:
            return self.columns
        shown = {*self.columns, *self.insertable, *self.updatable}
        return {name: column for name, column in self.full.columns.items() if name in shown}

    @property
    def may_select(self) -> bool:
        """Whether rows may be read."""
        return self.access is None or self.access.selectable

    @property
    def may_insert(self) -> bool:
        """Whether rows may be inserted."""
        return self.writable and (self.access is None or self.access.insertable is not None)

    @property
    def may_update(self) -> bool:
        """Whether rows may be changed."""
        return self.writable and (self.access is None or self.access.updatable is not None)

    @property
    def changes_by_itself(self) -> bool:
        """Whether an update that gives no column changes some: those that the rules set."""
        return self.may_update and self.access is not None and self.access.update_sets

    @property
    def may_delete(self) -> bool:
        """Whether rows may be deleted."""
        return self.writable and (self.access is None or self.access.deletable)

    @property
    def may_aggregate(self) -> bool:
        """Whether rows may be counted, summed and grouped."""
        return self.access is None or self.access.aggregates

    @property
    def keys(self) -> tuple[Key, ...]:
        """The primary key, if any, then the other unique keys."""
        return ((self.primary_key,) if self.primary_key else ()) + self.unique_keys

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the primary key; none where there is no key."""
        return tuple(self.columns[name] for name in self.primary_key.columns) if self.primary_key else ()

    def setting_trigger(self, event: Event, columns: Iterable[str]) -> Trigger | None:
        """A trigger that may change one of these columns of rows written."""
        if not self.triggers:
            return None
        wanted = frozenset(columns)
        return next((each for each in self.triggers if each.event is event and each.sets & wanted), None)

    def set_by_triggers(self, event: Event) -> frozenset[str]:
        """The columns that triggers may give other values than the statement did."""
        return frozenset().union(*(each.sets for each in self.triggers if each.event is event))

    @property
    def auto_increment(self) -> Column | None:
        """The column that the database numbers, if there is one."""
        return next((column for column in self.columns.values() if column.auto_increment), None)

    @property
    def numbers_in_groups(self) -> bool:
        """Whether rows are numbered within those of equal other key columns (MyISAM), and not one after the other."""
        auto = self.auto_increment
        return (
            auto is not None
            and any(auto.name in key.columns[1:] for key in self.keys)
            and not any(index.columns[:1] == (auto.name,) for index in self.indexes)
        )


@dataclass(frozen=True, slots=True)
class TableAccess:
    """What a role may do with a table. The table's own `columns`, keys and relations are those that it may read.

    `full` is the table as it is. `insertable` and `updatable` are the columns that the role may give, which need not be
    readable; None: it may not insert or update at all. `query_roots` and `subscription_roots` name the root fields that
    it has (`select`, `select_by_pk`, `select_aggregate`, `select_stream`); None for all.
    """

    full: Table
    selectable: bool = False
    insertable: Mapping[str, Column] | None = None
    updatable: Mapping[str, Column] | None = None
    update_sets: bool = False
    deletable: bool = False
    aggregates: bool = False
    query_roots: frozenset[str] | None = None
    subscription_roots: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of the database that is not served, and why (shown by `graphql-app check`)."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """A whole schema at one moment. `fingerprint` changes whenever the structure does."""

    database: str
    tables: Mapping[str, Table]
    foreign_keys: tuple[ForeignKey, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""
    of_role: bool = False
    """Whether this is what a role sees of another catalog."""

    def __iter__(self) -> Iterator[Table]:
        """The tables and views, by name."""
        return iter(self.tables.values())

    def target(self, relation: Relation) -> Table:
        """The table at the far end of `relation`."""
        return self.tables[relation.to_table]


EMPTY_CATALOG = Catalog(database="", tables=MappingProxyType({}))
