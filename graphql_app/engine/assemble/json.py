"""Rows of text -> the answer's JSON text: grouped by parent key, gaps filled, joined as bytes. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import compress, count, pairwise
from operator import ne

from graphql_app.engine.compile.statements import ABSENT, MOST_LOOKED_UP, NULL_KEY, GroupForm, Placeholder, ResultNode
from graphql_app.engine.mysql.dial import Result
from graphql_app.engine.mysql.row_text import BETWEEN_ROWS, pieces_of
from graphql_app.engine.mysql.server_errors import changed
from graphql_app.runtime.hot_record import hot_record

_ABSENT = ABSENT.encode()
_NULL_KEY = NULL_KEY.encode()
Groups = dict[bytes, bytes]


class GuessFailed(Exception):
    """A table that was read whole has more rows than were asked for."""


@dataclass(slots=True)
class NodeRows:
    """The pieces of the rows that a node's statement gave (as `row_text` cuts them), and the batches of its children.

    They are one list for all rows: a step of Python for each row would cost more than all the rest.
    """

    node: ResultNode
    pieces: list[bytes] = field(default_factory=list)
    groups: list[bytes] = field(default_factory=list)
    children: list[NodeRows] = field(default_factory=list)

    @property
    def step(self) -> int:
        """The pieces of a row."""
        return pieces_of(len(self.node.holes))

    def receive(self, result: Result) -> None:
        """Takes the statement's rows. Raises as `received`, and `GuessFailed`."""
        self.pieces = received(result)
        self.groups = result.groups
        small = self.node.small
        if small is not None and len(self.pieces) > MOST_LOOKED_UP * self.step:
            small.guess_failed = True
            raise GuessFailed

    def keys(self, hole: Placeholder) -> list[bytes]:
        """The distinct keys that stand in a hole of the rows, in order of appearance."""
        found = dict.fromkeys(self.pieces[hole.part :: self.step])
        found.pop(_NULL_KEY, None)
        found.pop(_ABSENT, None)
        return list(found)

    def filled(self) -> list[bytes]:
        """The pieces, with what the children have in place of the keys. To be called once."""
        # Below a level without rows nothing was asked for.
        for hole, child in zip(self.node.holes, self.children, strict=True) if self.pieces else ():
            fill, missing = groups(child).get, hole.node.missing
            self.pieces[hole.part :: self.step] = [fill(key, missing) for key in self.pieces[hole.part :: self.step]]
        return self.pieces


def received(result: Result) -> list[bytes]:
    """The pieces of a result's rows.

    Raises:
        StaleSchema: a row is NULL, as `type_guard` makes it. (One that the database refused to make for its
            size comes with a warning, and is refused by the session.)
    """
    if result.has_null:
        raise changed()
    return result.rows


@hot_record
class RowList:
    """A JSON list that is not put together yet: megabytes are copied once, into what they stand in.

    Its rows are texts, or (where each has more than one) pieces that have `BETWEEN_ROWS` after each row.
    """

    pieces: list[bytes]
    step: int
    """The pieces of a row."""

    def between(self, before: bytes, after: bytes) -> bytes:
        """The list's JSON text between others."""
        return _list_of(list(self.pieces), self.step == 1, before, after)


Value = bytes | RowList
"""The JSON text of a root."""


def rows_in(value: Value) -> int:
    """The number of rows of a list."""
    return len(value.pieces) // value.step if isinstance(value, RowList) else 0


def within(before: bytes, value: Value, after: bytes = b"") -> bytes:
    """A root's JSON text between others."""
    return value.between(before, after) if isinstance(value, RowList) else b"%b%b%b" % (before, value, after)


def text_of(value: Value) -> bytes:
    """A root's JSON text by itself."""
    return within(b"", value) if isinstance(value, RowList) else value


def _list_of(pieces: list[bytes], apart: bool, before: bytes, after: bytes) -> bytes:
    """The text of a `RowList`, whose pieces are not needed any more."""
    if not pieces:
        return b"%b[]%b" % (before, after)
    pieces[0] = b"%b[%b" % (before, pieces[0])
    if apart:
        pieces[-1] = b"%b]%b" % (pieces[-1], after)
        return BETWEEN_ROWS.join(pieces)
    pieces[-1] = b"]" + after
    return b"".join(pieces)


def texts(batch: NodeRows) -> list[bytes]:
    """The text of each row."""
    pieces, step = batch.filled(), batch.step
    return pieces if step == 1 else [b"".join(pieces[at : at + step - 1]) for at in range(0, len(pieces), step)]


def whole(batch: NodeRows) -> bytes:
    """The JSON text of an ungrouped node."""
    return text_of(ungrouped(batch.node, batch.filled()))


def ungrouped(node: ResultNode, pieces: list[bytes]) -> Value:
    """An ungrouped node with these rows."""
    if node.form is GroupForm.LIST:
        return RowList(pieces, pieces_of(len(node.holes)))
    if not pieces:
        return node.missing
    return (b"".join(pieces[: pieces_of(len(node.holes)) - 1]) if node.holes else pieces[0]) or node.missing


def groups(batch: NodeRows) -> Groups:
    """The JSON text of a grouped node, by parent key."""
    one = batch.node.form is GroupForm.ONE
    made = dict(zip(batch.groups, texts(batch), strict=True)) if one else _lists(batch)
    made[_ABSENT] = b""
    return made


def _lists(batch: NodeRows) -> Groups:
    """The lists of a grouped node."""
    groups, pieces, step = batch.groups, batch.filled(), batch.step
    lists: defaultdict[bytes, list[bytes]] = defaultdict(list)
    if step == 1:
        for group, text in zip(groups, pieces, strict=True):
            lists[group].append(text)
    elif groups:
        # Rows of one group that come one after another, as they often do, are taken at once.
        ends = [*compress(count(1), map(ne, groups, groups[1:])), len(groups)]
        for start, end in pairwise((0, *ends)):
            lists[groups[start]] += pieces[start * step : end * step]
    return {group: _list_of(found, step == 1, b"", b"") for group, found in lists.items()}
