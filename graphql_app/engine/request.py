"""Requests: what a face asks of the engine, in the database's own names, nothing checked yet.

Both faces make the same values for the same wish; a test compares them with `==`.
Absent differs from null everywhere: an absent column is not in the mapping, a null
one maps to `None`. A `Slot` stands for a value that is filled in at each call of a
prepared operation; everything else about the request is then fixed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Slot:
    """A value known only at call time: the `index`-th value given to the prepared operation."""

    index: int


class Operator(StrEnum):
    """Comparisons of a column with a value. Each has one row in `engine.operators`."""

    EQ = "_eq"
    NEQ = "_neq"
    GT = "_gt"
    GTE = "_gte"
    LT = "_lt"
    LTE = "_lte"
    IN = "_in"
    NIN = "_nin"
    IS_NULL = "_is_null"
    LIKE = "_like"
    NLIKE = "_nlike"
    ILIKE = "_ilike"
    NILIKE = "_nilike"
    REGEX = "_regex"
    NREGEX = "_nregex"
    IREGEX = "_iregex"
    NIREGEX = "_niregex"
    BETWEEN = "_between"
    STARTS_WITH = "_starts_with"
    ENDS_WITH = "_ends_with"
    CONTAINS = "_contains"


# --- conditions -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """`column operator value`. For `_in` the value is a list, for `_between` a pair."""

    column: str
    operator: Operator
    value: object


@dataclass(frozen=True, slots=True)
class And:
    """All of them; none given is true."""

    items: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them; none given is false."""

    items: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    item: Filter


@dataclass(frozen=True, slots=True)
class Related:
    """Some row at the far end of `relation` satisfies `where` (`None`: any row)."""

    relation: str
    where: Filter | None


@dataclass(frozen=True, slots=True)
class RelatedCount:
    """The number of far rows compared: `<relation>_aggregate: {count: {predicate, arguments, filter, distinct}}`."""

    relation: str
    operator: Operator
    value: object
    columns: tuple[str, ...] = ()
    distinct: bool = False
    where: Filter | None = None


Filter = Compare | And | Or | Not | Related | RelatedCount


def all_of(items: Iterable[Filter]) -> Filter | None:
    """The normal form of several conditions that must all hold: none, the one itself, or `And`."""
    found = tuple(items)
    if len(found) < 2:
        return found[0] if found else None
    return And(found)


# --- order and page ---------------------------------------------------------


class Nulls(StrEnum):
    """Where NULLs stand in an order."""

    FIRST = "first"
    LAST = "last"


class Function(StrEnum):
    """Aggregate functions."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    STDDEV = "stddev"
    STDDEV_POP = "stddev_pop"
    STDDEV_SAMP = "stddev_samp"
    VARIANCE = "variance"
    VAR_POP = "var_pop"
    VAR_SAMP = "var_samp"


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order: a column reached over the to-one relations in `path`.

    With `function` the term is an aggregate of the to-many relation that ends `path`
    (`column` is then `None` for a plain count). `nulls=None` is the database's own
    place: first in ascending, last in descending order.
    """

    column: str | None
    descending: bool = False
    nulls: Nulls | None = None
    path: tuple[str, ...] = ()
    function: Function | None = None


# --- what is to be shown ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Show:
    """The value of `column` under the answer's `key`."""

    key: str
    column: str


@dataclass(frozen=True, slots=True)
class ShowText:
    """A constant text under `key`: GraphQL's `__typename`."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class ShowRelated:
    """The rows at the far end of `relation` under `key`; `read.table` is the far table.

    One object or null for a to-one relation, a list otherwise.
    """

    key: str
    relation: str
    read: Read


@dataclass(frozen=True, slots=True)
class ShowRelatedAggregate:
    """The aggregate of a to-many relation under `key`."""

    key: str
    relation: str
    aggregate: Aggregate


Selection = tuple[Show | ShowText | ShowRelated | ShowRelatedAggregate, ...]


# --- reads ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of a table. `one` asks for an object or null instead of a list."""

    table: str
    select: Selection
    where: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: object = None
    offset: object = None
    distinct_on: tuple[str, ...] = ()
    one: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """`count(columns, distinct)` under `key`; no columns counts rows."""

    key: str
    columns: tuple[str, ...] = ()
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """`function` of each column in `fields` as an object under `key`."""

    key: str
    function: Function
    fields: tuple[Show | ShowText, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """The `aggregate { … }` object under `key`."""

    key: str
    fields: tuple[Count | Apply | ShowText, ...]


@dataclass(frozen=True, slots=True)
class Nodes:
    """The `nodes { … }` list of an aggregate under `key`."""

    key: str
    select: Selection


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Figures over the rows that a `Read` with the same arguments would give, and the rows themselves."""

    table: str
    fields: tuple[Figures | Nodes | ShowText, ...]
    where: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: object = None
    offset: object = None
    distinct_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The `key { … }` object of a group: the columns grouped by."""

    key: str
    fields: tuple[Show | ShowText, ...]


@dataclass(frozen=True, slots=True)
class Having:
    """A figure of the group compared: `function` of `column` (`None`: the count of rows)."""

    function: Function
    column: str | None
    operator: Operator
    value: object


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """One term of an order of groups: a grouped column, or a figure."""

    column: str | None
    descending: bool = False
    nulls: Nulls | None = None
    function: Function | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows grouped by columns, with figures of each group."""

    table: str
    by: tuple[str, ...]
    fields: tuple[GroupKey | Figures | ShowText, ...]
    where: Filter | None = None
    having: tuple[Having, ...] = ()
    order: tuple[GroupOrder, ...] = ()
    limit: object = None
    offset: object = None


# --- keyset connections -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShowCursor:
    """The row's cursor under `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class ShowNode:
    """The row itself under `key`."""

    key: str
    select: Selection


@dataclass(frozen=True, slots=True)
class Edges:
    """The `edges { … }` list under `key`."""

    key: str
    fields: tuple[ShowCursor | ShowNode | ShowText, ...]


class PageFact(StrEnum):
    """What `pageInfo` tells."""

    HAS_NEXT_PAGE = "hasNextPage"
    HAS_PREVIOUS_PAGE = "hasPreviousPage"
    START_CURSOR = "startCursor"
    END_CURSOR = "endCursor"


@dataclass(frozen=True, slots=True)
class ShowFact:
    """One fact of `pageInfo` under `key`."""

    key: str
    fact: PageFact


@dataclass(frozen=True, slots=True)
class PageInfo:
    """The `pageInfo { … }` object under `key`."""

    key: str
    fields: tuple[ShowFact | ShowText, ...]


@dataclass(frozen=True, slots=True)
class TotalCount:
    """The number of all rows that `where` leaves, whatever the page, under `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of rows by keyset: `first` rows after `after`, or `last` rows before `before`, in `order`."""

    table: str
    fields: tuple[Edges | Nodes | PageInfo | TotalCount | ShowText, ...]
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


Answer = tuple[AffectedRows | Returning | GeneratedId | ShowText, ...]


Pairs = tuple[tuple[str, object], ...]
"""(column, value) in the order given."""


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
    rows: tuple[Pairs, ...]
    answer: Answer
    one: bool = False
    conflict: OnConflict | None = None
    nested: tuple[tuple[NestedInsert, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """`sets` and `increments` applied to the rows where `where` holds.

    `by_key` marks an update that names one row by its primary key and answers with it.
    """

    table: str
    where: Filter | None
    sets: tuple[tuple[str, object], ...]
    answer: Answer
    increments: tuple[tuple[str, object], ...] = ()
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """The rows where `where` holds are deleted; `by_key` as in `Update`."""

    table: str
    where: Filter | None
    answer: Answer
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class UpdateMany:
    """Several updates of `table` in order, answered as a list."""

    table: str
    updates: tuple[Update, ...]


Query = Read | Aggregate | Connection | Group
Write = Insert | Update | UpdateMany | Delete


# --- a whole call -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Root:
    """One answer of a call under its `key`."""

    key: str
    request: Query | Write | ShowText


@dataclass(frozen=True, slots=True)
class Call:
    """Everything asked at once: reads see one snapshot, writes are one transaction in order."""

    roots: tuple[Root, ...] = field(default=())

    @property
    def writes(self) -> bool:
        """Whether anything in the call changes data."""
        return any(isinstance(root.request, Write) for root in self.roots)
