"""Rows of text -> the answer's JSON text: grouped by parent key, gaps filled, joined as bytes. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from graphql_app.engine.compiled import ABSENT, MOST_LOOKED_UP, NULL_KEY, Form, Hole, Node
from graphql_app.engine.driver import Result
from graphql_app.engine.mysql_errors import changed
from graphql_app.engine.row_text import ROW_END, SEPARATOR

_SEPARATOR, _ROW_END = SEPARATOR.encode(), ROW_END.encode()
_ABSENT = ABSENT.encode()
_NULL_KEY = NULL_KEY.encode()
Groups = dict[bytes, bytes]


class Outgrown(Exception):
    """A table that was read whole has more rows than were asked for."""


@dataclass(slots=True)
class Batch:
    """The rows that a node's statement gave, split where the node's holes are, and the batches of its children.

    `parts` are all rows one after another: a step of Python for each row would cost more than all the rest.
    """

    node: Node
    texts: list[bytes] = field(default_factory=list)
    groups: list[bytes] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    children: list[Batch] = field(default_factory=list)

    def receive(self, result: Result) -> None:
        """Takes the statement's rows. Raises as `whole_texts`, and `Outgrown`."""
        self.texts = whole_texts(result)
        self.groups = result.groups
        small = self.node.small
        if small is not None and len(self.texts) > MOST_LOOKED_UP:
            small.outgrown = True
            raise Outgrown
        if self.node.holes:
            self.parts = _ROW_END.join(self.texts).split(_SEPARATOR)

    def keys(self, hole: Hole) -> list[bytes]:
        """The distinct keys that stand in a hole of the rows, in order of appearance."""
        found = dict.fromkeys(self.parts[hole.part :: 2 * len(self.node.holes)])
        found.pop(_NULL_KEY, None)
        found.pop(_ABSENT, None)
        return list(found)


def whole_texts(result: Result) -> list[bytes]:
    """The texts of a result's rows.

    Raises:
        StaleSchema: a row is NULL, as `type_guard` makes it. (One that the database refused to make for its
            size comes with a warning, and is refused by the session.)
    """
    if result.has_null:
        raise changed()
    return result.rows


class RowList(list[bytes]):
    """The rows of a JSON list that is not put together yet: megabytes are copied once, into what they stand in."""


Value = bytes | RowList
"""The JSON text of a root."""


def within(before: bytes, value: Value, after: bytes = b"") -> bytes:
    """A root's JSON text between others."""
    if not isinstance(value, RowList):
        return b"%b%b%b" % (before, value, after)
    if not value:
        return before + b"[]" + after
    rows = list(value)
    rows[0] = b"%b[%b" % (before, rows[0])
    rows[-1] = b"%b]%b" % (rows[-1], after)
    return b",".join(rows)


def text_of(value: Value) -> bytes:
    """A root's JSON text by itself."""
    return within(b"", value) if isinstance(value, RowList) else value


def whole(batch: Batch) -> bytes:
    """The JSON text of an ungrouped node."""
    return text_of(ungrouped(batch.node, filled(batch)))


def ungrouped(node: Node, rows: list[bytes]) -> Value:
    """An ungrouped node with these rows."""
    if node.form is Form.LIST:
        return RowList(rows)
    return rows[0] if rows else node.missing


def groups(batch: Batch) -> Groups:
    """The JSON text of a grouped node, by parent key."""
    texts = filled(batch)
    made: Groups
    if batch.node.form is Form.ONE:
        made = dict(zip(batch.groups, texts, strict=True))
    else:
        lists: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for group, text in zip(batch.groups, texts, strict=True):
            lists[group].append(text)
        made = {group: b"[" + b",".join(items) + b"]" for group, items in lists.items()}
    made[_ABSENT] = b""
    return made


def filled(batch: Batch) -> list[bytes]:
    """The rows' texts with their gaps filled."""
    holes = batch.node.holes
    if not holes or not batch.texts:
        return batch.texts
    parts, step = batch.parts, 2 * len(holes)
    for hole, child in zip(holes, batch.children, strict=True):
        fill, missing = groups(child).get, hole.node.missing
        parts[hole.part :: step] = [fill(key, missing) for key in parts[hole.part :: step]]
    return b"".join(parts).split(_ROW_END)
