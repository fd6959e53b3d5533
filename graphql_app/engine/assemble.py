"""Rows of text cells -> the answer's JSON text: grouped by parent key, gaps filled, joined as bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from graphql_app.engine.compiled import ABSENT, NULL_KEY, SEPARATOR, Form, Node
from graphql_app.errors import AppError, Code

_SEPARATOR = SEPARATOR.encode()
_ABSENT = ABSENT.encode()
_NULL_KEY = NULL_KEY.encode()
Groups = dict[bytes, bytes]


@dataclass(slots=True)
class Batch:
    """The rows that a node's statement gave, split where its holes are, and the batches of its children."""

    node: Node
    cells: Sequence[bytes] = ()
    rows: list[list[bytes]] = field(default_factory=list)
    children: list[Batch] = field(default_factory=list)

    def receive(self, cells: Sequence[bytes | None]) -> None:
        """Takes the statement's cells.

        Raises:
            AppError: a cell is NULL, which the database does with a text it refuses to
                make because it is longer than `max_allowed_packet` (RESULT_TOO_LARGE).
        """
        if None in cells:
            raise AppError(Code.RESULT_TOO_LARGE, "A row is larger than the database can send as one text")
        whole: Sequence[bytes] = cells  # type: ignore[assignment]  # no None is left
        if self.node.holes:
            self.rows = [cell.split(_SEPARATOR) for cell in whole]
        self.cells = whole

    def keys(self, part: int) -> list[bytes]:
        """The distinct keys that stand in a part of the rows, in order of appearance."""
        found = dict.fromkeys([row[part] for row in self.rows])
        found.pop(_NULL_KEY, None)
        found.pop(_ABSENT, None)
        return list(found)


def whole(batch: Batch) -> bytes:
    """The JSON text of an ungrouped node."""
    rows = texts(batch)
    if batch.node.form is Form.LIST:
        return b"[" + b",".join(rows) + b"]"
    return rows[0] if rows else batch.node.missing


def texts(batch: Batch) -> Sequence[bytes]:
    """The rows' texts of an ungrouped node."""
    return _filled(batch) if batch.node.holes else batch.cells


def groups(batch: Batch) -> Groups:
    """The JSON text of a grouped node, by parent key."""
    node = batch.node
    pairs: Iterable[tuple[bytes, bytes]]
    if node.holes:
        pairs = zip([row[0] for row in batch.rows], _filled(batch), strict=True)
    else:
        pairs = ((cell[:at], cell[at + 1 :]) for cell, at in ((cell, cell.index(_SEPARATOR)) for cell in batch.cells))
    made: Groups
    if node.form is Form.ONE:
        made = dict(pairs)
    else:
        lists: dict[bytes, list[bytes]] = {}
        for group, text in pairs:
            found = lists.get(group)
            if found is None:
                lists[group] = [text]
            else:
                found.append(text)
        made = {group: b"[" + b",".join(items) + b"]" for group, items in lists.items()}
    made[_ABSENT] = b""
    return made


def _filled(batch: Batch) -> list[bytes]:
    """The rows' texts with their gaps filled."""
    if not batch.rows:
        return []
    for hole, child in zip(batch.node.holes, batch.children, strict=True):
        fill, part, missing = groups(child).get, hole.part, hole.node.missing
        for row in batch.rows:
            row[part] = fill(row[part], missing)
    if batch.node.grouped:
        return [b"".join(row[1:]) for row in batch.rows]
    return [b"".join(row) for row in batch.rows]
