"""What each generated GraphQL name stands for, so that nobody ever parses a name.

Written down while the schema is built; read by whoever turns a selection into a request.
Column names in here are the database's own, words are in snake case whatever the style.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schema_gen.catalog.model import Relation

ROOT_FIELD: Final = "graphql-app:root-field"
"""The key of a `RootField` in `GraphQLField.extensions` (and in `StrawberryField.metadata`)."""

DEFAULT: Final = "graphql-app:default"
"""The key of an input field's default in `StrawberryField.metadata`."""


class Action(StrEnum):
    """What a root field does with its table; the values are the fields of `naming.RootNames`."""

    LIST = "list"
    BY_PK = "by_pk"
    AGGREGATE = "aggregate"
    CONNECTION = "connection"
    GROUP = "group"
    STREAM = "stream"
    INSERT = "insert"
    INSERT_ONE = "insert_one"
    UPDATE = "update"
    UPDATE_BY_PK = "update_by_pk"
    UPDATE_MANY = "update_many"
    DELETE = "delete"
    DELETE_BY_PK = "delete_by_pk"


@dataclass(frozen=True, slots=True)
class RootField:
    """A root field's identity."""

    table: str
    action: Action


class Argument(StrEnum):
    """What an argument is, where it is not a column."""

    WHERE = "where"
    ORDER_BY = "order_by"
    LIMIT = "limit"
    OFFSET = "offset"
    DISTINCT_ON = "distinct_on"
    COLUMNS = "columns"
    DISTINCT = "distinct"
    OBJECTS = "objects"
    OBJECT = "object"
    PK_COLUMNS = "pk_columns"
    SET = "_set"
    INC = "_inc"
    APPEND = "_append"
    PREPEND = "_prepend"
    DELETE_KEY = "_delete_key"
    DELETE_ELEM = "_delete_elem"
    DELETE_AT_PATH = "_delete_at_path"
    MAX_AFFECTED = "max_affected"
    ON_CONFLICT = "on_conflict"
    UPDATES = "updates"
    FIRST = "first"
    AFTER = "after"
    LAST = "last"
    BEFORE = "before"
    BY = "by"
    HAVING = "having"
    BATCH_SIZE = "batch_size"
    CURSOR = "cursor"


class Connective(StrEnum):
    """How the conditions in a `bool_exp` are joined."""

    AND = "_and"
    OR = "_or"
    NOT = "_not"


class CountPart(StrEnum):
    """The fields of a condition on a count of related rows."""

    ARGUMENTS = "arguments"
    DISTINCT = "distinct"
    FILTER = "filter"
    PREDICATE = "predicate"


class ConflictPart(StrEnum):
    """The fields of `on_conflict`."""

    CONSTRAINT = "constraint"
    UPDATE_COLUMNS = "update_columns"
    WHERE = "where"


class NestedPart(StrEnum):
    """The fields of rows inserted through a relation."""

    DATA = "data"
    ON_CONFLICT = "on_conflict"


class RelatedPart(StrEnum):
    """The fields of changes of related rows."""

    CONNECT = "connect"
    DELETE = "delete"
    DISCONNECT = "disconnect"
    INSERT = "insert"
    SET = "set"
    UPDATE = "update"
    UPSERT = "upsert"


class Unused(StrEnum):
    """The field of an input that has no other: GraphQL wants one. What it is given does not count."""

    PLACEHOLDER = "_PLACEHOLDER"


class StreamPart(StrEnum):
    """The fields of a stream's cursor."""

    INITIAL_VALUE = "initial_value"
    ORDERING = "ordering"


class PageFact(StrEnum):
    """The fields of `pageInfo`, named as Relay names them in either style."""

    HAS_NEXT_PAGE = "hasNextPage"
    HAS_PREVIOUS_PAGE = "hasPreviousPage"
    START_CURSOR = "startCursor"
    END_CURSOR = "endCursor"


class ResultField(StrEnum):
    """Fields that a result has beside columns and relations."""

    AGGREGATE = "aggregate"
    NODES = "nodes"
    AFFECTED_ROWS = "affected_rows"
    RETURNING = "returning"
    EDGES = "edges"
    CURSOR = "cursor"
    NODE = "node"
    PAGE_INFO = "pageInfo"
    TOTAL_COUNT = "totalCount"
    TOTAL_COUNT_ESTIMATE = "totalCountEstimate"
    KEY = "key"
    NO_TABLES = "no_tables"


@dataclass(frozen=True, slots=True)
class ColumnField:
    """A column: its value, a condition on it, its place in an order, a value for it, or an aggregate of it."""

    column: str


@dataclass(frozen=True, slots=True)
class RelationField:
    """The rows at the far end of a relation, a condition on them, or an order by them."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class RelationAggregateField:
    """The aggregate of a to-many relation, a condition on it, or an order by it."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """`count`, `sum`, ...: in the aggregates of an aggregate, an order by them, or a condition on them."""

    function: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator of a column's condition (`_eq`)."""

    operator: str


@dataclass(frozen=True, slots=True)
class ComputedField:
    """A field that a developer added to a table's type. `owner` is made of the values of `columns`, and resolves it."""

    owner: type
    columns: tuple[str, ...]


FieldRole = (
    ColumnField
    | ComputedField
    | RelationField
    | RelationAggregateField
    | AggregateFunction
    | Comparison
    | Connective
    | CountPart
    | ConflictPart
    | NestedPart
    | RelatedPart
    | Unused
    | StreamPart
    | PageFact
    | Argument
    | ResultField
    | RootField
)
ArgumentRole = Argument | ColumnField

FieldMeanings = Mapping[str, FieldRole]
"""The meanings of one type's fields, by their names."""


@dataclass(frozen=True, slots=True)
class FieldRoles(Mapping[tuple[str, str], FieldRole]):
    """(type name, field name) -> meaning, for every generated field of objects and inputs.

    Kept by type, because many types have the same fields.
    """

    by_type: Mapping[str, FieldMeanings]

    def __getitem__(self, key: tuple[str, str]) -> FieldRole:
        """The meaning of a field. Raises `KeyError`."""
        return self.by_type[key[0]][key[1]]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """All (type name, field name)."""
        return ((type_, name) for type_, fields in self.by_type.items() for name in fields)

    def __len__(self) -> int:
        """How many fields there are."""
        return sum(map(len, self.by_type.values()))

    def of(self, type_: str) -> FieldMeanings:
        """The meanings of a type's fields. Raises `KeyError`."""
        return self.by_type[type_]
