"""Rows of text -> the answer's JSON text: grouped by parent key, gaps filled, joined as bytes. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from graphql_app.engine.compiled import ABSENT, NULL_KEY, Form, Node
from graphql_app.engine.row_text import SEPARATOR
from graphql_app.errors import AppError, Code

_SEPARATOR = SEPARATOR.encode()
_ABSENT = ABSENT.encode()
_NULL_KEY = NULL_KEY.encode()
Groups = dict[bytes, bytes]


@dataclass(slots=True)
class Batch:
    """The rows that a node's statement gave, split where its holes are, and the batches of its children."""

    node: Node
    texts: list[bytes] = field(default_factory=list)
    groups: list[bytes] = field(default_factory=list)
    rows: list[list[bytes]] = field(default_factory=list)
    children: list[Batch] = field(default_factory=list)

    def receive(self, texts: list[bytes | None], groups: list[bytes]) -> None:
        """Takes the statement's rows: their texts, and of a grouped node their groups. Raises as `whole_texts`."""
        self.texts = whole_texts(texts)
        self.groups = groups
        if self.node.holes:
            self.rows = [text.split(_SEPARATOR) for text in self.texts]

    def keys(self, part: int) -> list[bytes]:
        """The distinct keys that stand in a part of the rows, in order of appearance."""
        found = dict.fromkeys([row[part] for row in self.rows])
        found.pop(_NULL_KEY, None)
        found.pop(_ABSENT, None)
        return list(found)


def whole_texts(texts: list[bytes | None]) -> list[bytes]:
    """The texts of rows.

    Raises:
        AppError: a row is NULL, which the database does with a text it refuses to
            make because it is longer than `max_allowed_packet` (RESULT_TOO_LARGE).
    """
    if None in texts:
        raise AppError(Code.RESULT_TOO_LARGE, "A row is larger than the database can send as one text")
    return texts  # type: ignore[return-value]  # no None is in it


def whole(batch: Batch) -> bytes:
    """The JSON text of an ungrouped node."""
    return ungrouped(batch.node, filled(batch))


def ungrouped(node: Node, rows: list[bytes]) -> bytes:
    """The JSON text of an ungrouped node with these rows."""
    if node.form is Form.LIST:
        return _list(rows)
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
    rows = batch.rows
    if not rows:
        return batch.texts
    for hole, child in zip(batch.node.holes, batch.children, strict=True):
        fill, part, missing = groups(child).get, hole.part, hole.node.missing
        for row in rows:
            row[part] = fill(row[part], missing)
    return [b"".join(row) for row in rows]


def _list(rows: list[bytes]) -> bytes:
    """A list of many rows, copied once: the brackets are put around the first and the last row."""
    if not rows:
        return b"[]"
    rows[0] = b"[" + rows[0]
    rows[-1] += b"]"
    return b",".join(rows)
