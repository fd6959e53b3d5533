"""What compiling gives: statements, and how their rows become the answer's JSON text.

Each statement answers with one text per row, in a form of `row_text`. The text is
finished JSON, cut by `SEPARATOR` wherever rows of another statement belong:

    {"id":1,"orders":  SEP  key  SEP  ,"name":"Ann"}

The group of a row (only in batched statements) is the key of the parent row that the row
belongs to; each `key` is replaced by what the child statement has for it. The separators
are control characters, which never occur raw in JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from graphql_app.engine.plan.nodes import ConnectionPlan
from graphql_app.engine.request.calls import Counting
from graphql_app.engine.sql.fragment import Statement

# Between the order values and the nodes of a connection's row.
FIELD_SEPARATOR = "\x1c"
# The key of a to-one row that does not exist: nothing is put in its place.
ABSENT = "\x1d"
# The key of a row that refers to nothing. An empty text is a key like any other.
NULL_KEY = "\x1b"

MOST_LOOKED_UP = 300
"""Rows of a table that is read whole beside the rows that refer to it; it takes part only if it seems to have fewer."""

MOST_ASKED_EACH = 1000
"""Parents that are asked for one by one, in one statement, at most: its text and its plan grow with them."""


class GroupForm(Enum):
    """How the rows of one group are put together."""

    LIST = auto()
    ONE = auto()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The part of a split text that `node` fills in."""

    part: int
    node: ResultNode


@dataclass(frozen=True, slots=True)
class ResultNode:
    """One statement and the place of its rows in the answer.

    `grouped` rows belong to parents; `keyed` says that the statement takes the parents' keys.
    `missing` stands for a group without rows. `small` is there where a table is read whole because it is
    believed to be small; `wide` where the node has another form for many parents, `each` where it has one that asks
    for each parent by itself.
    """

    statement: Statement
    form: GroupForm
    grouped: bool = False
    keyed: bool = False
    holes: tuple[Placeholder, ...] = ()
    missing: bytes = b"[]"
    small: SmallTableGuess | None = None
    wide: LookupVariant | None = None
    each: ResultNode | None = None

    def for_parents(self, count: int, *, widely: bool = True) -> ResultNode:
        """The form of this node that costs least below so many parents; one that guesses only if `widely`."""
        if self.each is not None and 0 < count <= MOST_ASKED_EACH:
            return self.each
        wide = self.wide
        return self if not widely or wide is None or count < wide.parents or wide.small.guess_failed else wide.node


@dataclass(slots=True)
class SmallTableGuess:
    """What is believed of the tables that are read whole: that they have at most `MOST_LOOKED_UP` rows."""

    guess_failed: bool = False


@dataclass(frozen=True, slots=True)
class LookupVariant:
    """A node with the same answer as another, which costs less from a number of `parents` on.

    Its small to-one tables are read whole, beside it, where the other joins them to every row.
    """

    node: ResultNode
    parents: int
    small: SmallTableGuess


@dataclass(frozen=True, slots=True)
class TotalPart:
    """The number of rows, of which `exact` gives `{"n": number}`.

    Unless it is to be exact, `explain` is asked first: what the server's planner thinks of the table called `alias`.
    """

    exact: ResultNode
    explain: Statement | None
    alias: str
    counting: Counting


@dataclass(frozen=True, slots=True)
class ConnectionPart:
    """A keyset page. Each row of `rows` is its order values and its nodes, cut by `FIELD_SEPARATOR`.

    `estimate` is a total that is not counted; its text, once it is known.
    """

    rows: ResultNode
    total: ResultNode | None
    plan: ConnectionPlan
    estimate: TotalPart | bytes | None = None


Template = tuple[bytes | ResultNode | TotalPart | ConnectionPart, ...]
"""The answer of one root: constant JSON text and what is filled in, in order."""
