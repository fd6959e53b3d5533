"""Requests: what an API asks of the engine, in the database's own names, nothing checked yet.

Both APIs make the same values for the same request; a test compares them with `==`.
Absent differs from null everywhere: an absent column is not in the mapping, a null
one maps to `None`. A `Slot` stands for a value that is filled in at each call of a
prepared operation; everything else about the request is then fixed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from graphql_app.engine.request.rows import (
    Aggregate as Aggregate,
    AggregateFields as AggregateFields,
    And as And,
    Apply as Apply,
    Compare as Compare,
    CompareColumns as CompareColumns,
    Constant as Constant,
    Count as Count,
    Counting as Counting,
    Exists as Exists,
    Filter as Filter,
    Fold as Fold,
    Function as Function,
    Nodes as Nodes,
    Not as Not,
    Nulls as Nulls,
    Operator as Operator,
    Or as Or,
    Order as Order,
    Read as Read,
    Related as Related,
    RelatedCount as RelatedCount,
    SelectColumn as SelectColumn,
    Selection as Selection,
    SelectRelated as SelectRelated,
    SelectRelatedAggregate as SelectRelatedAggregate,
    SessionSlot as SessionSlot,
    Slot as Slot,
    TotalCount as TotalCount,
    all_of as all_of,
)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The `key { … }` object of a group: the columns grouped by."""

    key: str
    fields: tuple[SelectColumn | Constant, ...]


@dataclass(frozen=True, slots=True)
class Having:
    """An aggregate of the group compared: `function` of `column` (`None`: the count of rows)."""

    function: Function
    column: str | None
    operator: Operator
    value: object


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """One term of an order of groups: a grouped column, or an aggregate."""

    column: str | None
    descending: bool = False
    nulls: Nulls | None = None
    function: Function | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows grouped by columns, with aggregates of each group."""

    table: str
    by: tuple[str, ...]
    fields: tuple[GroupKey | AggregateFields | Constant, ...]
    where: Filter | None = None
    having: tuple[Having, ...] = ()
    order: tuple[GroupOrder, ...] = ()
    limit: object = None
    offset: object = None


# --- keyset connections -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class SelectCursor:
    """The row's cursor under `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class SelectNode:
    """The row itself under `key`."""

    key: str
    select: Selection


@dataclass(frozen=True, slots=True)
class Edges:
    """The `edges { … }` list under `key`."""

    key: str
    fields: tuple[SelectCursor | SelectNode | Constant, ...]


class PageInfoField(StrEnum):
    """What `pageInfo` tells."""

    HAS_NEXT_PAGE = "hasNextPage"
    HAS_PREVIOUS_PAGE = "hasPreviousPage"
    START_CURSOR = "startCursor"
    END_CURSOR = "endCursor"


@dataclass(frozen=True, slots=True)
class SelectPageInfo:
    """One fact of `pageInfo` under `key`."""

    key: str
    fact: PageInfoField


@dataclass(frozen=True, slots=True)
class PageInfo:
    """The `pageInfo { … }` object under `key`."""

    key: str
    fields: tuple[SelectPageInfo | Constant, ...]


@dataclass(frozen=True, slots=True)
class ConnectionRead:
    """A page of rows by keyset: `first` rows after `after`, or `last` rows before `before`, in `order`."""

    table: str
    fields: tuple[Edges | Nodes | PageInfo | TotalCount | Constant, ...]
    where: Filter | None = None
    order: tuple[Order, ...] = ()
    first: object = None
    after: object = None
    last: object = None
    before: object = None


# --- writes -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AffectedRows:
    """`affected_rows` under `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class Returning:
    """`returning { … }` under `key`: the true rows."""

    key: str
    select: Selection


@dataclass(frozen=True, slots=True)
class GeneratedId:
    """The AUTO_INCREMENT value that the insert was given, under `key` (REST's `data.id`)."""

    key: str


Answer = tuple[AffectedRows | Returning | GeneratedId | Constant, ...]


Pairs = tuple[tuple[str, object], ...]
"""(column, value) in the order given."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Many rows that all give the same columns: for each column the values of every row."""

    names: tuple[str, ...]
    values: tuple[tuple[object, ...], ...]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.values[0])


@dataclass(frozen=True, slots=True)
class OnConflict:
    """What happens to a new row that has the key `constraint` of an existing one.

    The existing row's columns `update` take the new values if it satisfies `where`;
    without any, or where it does not, the new row is ignored.
    """

    constraint: str
    update: tuple[str, ...] = ()
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class NestedInsert:
    """Rows inserted through a relation of a new row."""

    relation: str
    rows: tuple[Pairs, ...]
    conflict: OnConflict | None = None
    nested: tuple[tuple[NestedInsert, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Insert:
    """New rows. `nested`, where given, holds for each row what is inserted through its relations.

    `one` answers with the row itself (`answer` holds one `Returning`) instead of an object.
    """

    table: str
    rows: tuple[Pairs, ...] | Columns
    answer: Answer
    one: bool = False
    conflict: OnConflict | None = None
    nested: tuple[tuple[NestedInsert, ...], ...] = ()


class JsonOperator(StrEnum):
    """Changes of a JSON document in place."""

    APPEND = "_append"
    PREPEND = "_prepend"
    DELETE_KEY = "_delete_key"
    DELETE_ELEM = "_delete_elem"
    DELETE_AT_PATH = "_delete_at_path"


@dataclass(frozen=True, slots=True)
class JsonChange:
    """An operator with its operand applied to the document in `column`."""

    operator: JsonOperator
    column: str
    operand: object


@dataclass(frozen=True, slots=True)
class RelatedChange:
    """What an update does through `relation` to the rows related to its own, in the order of these fields.

    Of a relation to many, or that another table holds the key of: `disconnect` and `delete` those that satisfy the
    condition; `update` some of them; `upsert` rows by their primary keys; `insert` new ones; `connect` rows by their
    primary keys; `replace` says which rows there are afterwards. Of a relation that the row itself holds the key of,
    `disconnect` and `delete` are about the one row, whatever the condition.
    """

    relation: str
    disconnect: Filter | None = None
    delete: Filter | None = None
    update: tuple[Update, ...] = ()
    upsert: NestedInsert | None = None
    insert: NestedInsert | None = None
    connect: tuple[Pairs, ...] = ()
    replace: NestedInsert | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """`sets`, `increments` and `json` applied to the rows where `where` holds, and `related` to those related to them.

    `by_key` marks an update that names one row by its primary key and answers with it. Where more
    rows than `max_affected` would change, none does.
    """

    table: str
    where: Filter | None
    sets: tuple[tuple[str, object], ...]
    answer: Answer
    increments: tuple[tuple[str, object], ...] = ()
    by_key: bool = False
    json: tuple[JsonChange, ...] = ()
    max_affected: object = None
    related: tuple[RelatedChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """The rows where `where` holds are deleted; `by_key` and `max_affected` as in `Update`."""

    table: str
    where: Filter | None
    answer: Answer
    by_key: bool = False
    max_affected: object = None


@dataclass(frozen=True, slots=True)
class UpdateMany:
    """Several updates of `table` in order, answered as a list. `max_affected` is for all of them together."""

    table: str
    updates: tuple[Update, ...]
    max_affected: object = None


Query = Read | Aggregate | ConnectionRead | Group
Write = Insert | Update | UpdateMany | Delete


# --- a whole call -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RootRequest:
    """One answer of a call under its `key`."""

    key: str
    request: Query | Write | Constant


@dataclass(frozen=True, slots=True)
class RowGuard:
    """What must hold of the row that `read` gives, before anything is written: it is locked, and stays so.

    `tags` are digests of its JSON text of which it has one; with none of them the row must be there. `absent`: it
    must not be there.
    """

    read: Read
    tags: tuple[str, ...] = ()
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """Everything asked at once: reads see one snapshot, writes are one transaction in order.

    `live`: it is a subscription, which is asked again and again. `guard` is a condition on which writes are done.
    """

    roots: tuple[RootRequest, ...] = field(default=())
    live: bool = False
    guard: RowGuard | None = None

    @property
    def writes(self) -> bool:
        """Whether anything in the call changes data."""
        return any(isinstance(root.request, Write) for root in self.roots)
