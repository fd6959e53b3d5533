"""The part of requests that says which rows, in which order, and what is shown of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Slot:
    """A value known only at call time: the `index`-th value given to the prepared operation."""

    index: int


@dataclass(frozen=True, slots=True)
class SessionSlot(Slot):
    """A session variable in a rule. Its value stands behind those of the request: `index` counts from the end."""

    name: str


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
    SIMILAR = "_similar"
    NSIMILAR = "_nsimilar"
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


class Fold(StrEnum):
    """What is made of far rows to compare it: their number, or a truth of all or any of them.

    Of no rows that hold a truth the last two are NULL.
    """

    COUNT = "count"
    BOOL_AND = "bool_and"
    BOOL_OR = "bool_or"


@dataclass(frozen=True, slots=True)
class RelatedCount:
    """What `fold` makes of far rows, compared.

    Of `<relation>_aggregate: {count: {predicate, arguments, filter, distinct}}`. A fold of truths has one column.
    """

    relation: str
    operator: Operator
    value: object
    columns: tuple[str, ...] = ()
    distinct: bool = False
    where: Filter | None = None
    fold: Fold = Fold.COUNT


@dataclass(frozen=True, slots=True)
class CompareColumns:
    """`column operator other`, two columns of one row. Only rules have it.

    With `root`, `other` is a column of the row that the whole rule is about.
    """

    column: str
    operator: Operator
    other: str
    root: bool = False


@dataclass(frozen=True, slots=True)
class Exists:
    """Some row of `table`, related or not, satisfies `where` (`None`: any row). Only rules have it."""

    table: str
    where: Filter | None


Filter = Compare | And | Or | Not | Related | RelatedCount | CompareColumns | Exists


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
class SelectColumn:
    """The value of `column` under the answer's `key`."""

    key: str
    column: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant text under `key`: GraphQL's `__typename`."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class SelectRelated:
    """The rows at the far end of `relation` under `key`; `read.table` is the far table.

    One object or null for a to-one relation, a list otherwise.
    """

    key: str
    relation: str
    read: Read


@dataclass(frozen=True, slots=True)
class SelectRelatedAggregate:
    """The aggregate of a to-many relation under `key`."""

    key: str
    relation: str
    aggregate: Aggregate


Selection = tuple[SelectColumn | Constant | SelectRelated | SelectRelatedAggregate, ...]


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
    fields: tuple[SelectColumn | Constant, ...]


@dataclass(frozen=True, slots=True)
class AggregateFields:
    """The `aggregate { … }` object under `key`."""

    key: str
    fields: tuple[Count | Apply | Constant, ...]


class Counting(StrEnum):
    """How all rows are counted: one by one, as the server's planner guesses, or by itself where that is cheap."""

    EXACT = "exact"
    PLANNED = "planned"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class TotalCount:
    """The number of all rows that `where` leaves, whatever the page, under `key`.

    A guess by the server's statistics tells of rows that rules hide: where there are any, all are counted.
    """

    key: str
    counting: Counting = Counting.EXACT


@dataclass(frozen=True, slots=True)
class Nodes:
    """The `nodes { … }` list of an aggregate under `key`."""

    key: str
    select: Selection


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Aggregates over the rows that a `Read` with the same arguments would give, and the rows themselves."""

    table: str
    fields: tuple[AggregateFields | Nodes | TotalCount | Constant, ...]
    where: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: object = None
    offset: object = None
    distinct_on: tuple[str, ...] = ()
