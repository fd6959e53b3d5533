"""The rows of a keyset page -> edges, nodes, page facts and total count as JSON text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from graphql_app.engine.compile.json_cell import json_text
from graphql_app.engine.compile.statements import FIELD_SEPARATOR, ConnectionPart
from graphql_app.engine.plan import cursor, nodes as plan
from graphql_app.engine.request.calls import Counting, PageInfoField, Slot
from graphql_app.engine.sql.fragment import json_key

_SEPARATOR = FIELD_SEPARATOR.encode()


@dataclass(frozen=True, slots=True)
class _Page:
    """The rows in their final order, and whether there are more on the side that was read towards."""

    cursors: list[bytes]
    nodes: list[list[bytes]]
    more: bool


def connection(part: ConnectionPart, rows: Sequence[bytes], total: bytes, slots: Sequence[object]) -> bytes:
    """The connection's object; `total` is the text of `{"n": count}` where it was asked for."""
    query, guess = part.plan, part.estimate if isinstance(part.estimate, bytes) else b"null"
    page = _page(query, rows, slots)
    parts = [json_key(field.key).encode() + _field(query, page, field, (total, guess)) for field in query.fields]
    return b"{" + b",".join(parts) + b"}"


def _page(query: plan.ConnectionPlan, rows: Sequence[bytes], slots: Sequence[object]) -> _Page:
    size = slots[query.size.index] if isinstance(query.size, Slot) else query.size
    if isinstance(size, int):
        size = size if query.most is None else min(size, query.most)
        kept = rows[:size]
    else:
        kept = rows
    split = [row.split(_SEPARATOR) for row in kept]
    if query.backward:
        split.reverse()
    cursors = [b'"' + cursor.encode(query.signature, row[0]) + b'"' for row in split]
    return _Page(cursors, [row[1:] for row in split], len(rows) > len(kept))


def _field(
    query: plan.ConnectionPlan,
    page: _Page,
    field: plan.ShowEdges | plan.ShowNodes | plan.ShowPage | plan.ShowTotal | plan.TextOut,
    totals: tuple[bytes, bytes],
) -> bytes:
    match field:
        case plan.TextOut():
            return json_text(field.text).encode()
        case plan.ShowTotal():
            total, guess = totals
            return b"%d" % orjson.loads(total)["n"] if field.counting is Counting.EXACT else guess
        case plan.ShowNodes():
            return b"[" + b",".join([nodes[field.node] for nodes in page.nodes]) + b"]"
        case plan.ShowPage():
            parts = [json_key(key).encode() + _fact(query, page, what) for key, what in field.fields]
            return b"{" + b",".join(parts) + b"}"
        case plan.ShowEdges():
            edges = [_edge(field, mark, nodes) for mark, nodes in zip(page.cursors, page.nodes, strict=True)]
            return b"[" + b",".join(edges) + b"]"


def _edge(field: plan.ShowEdges, mark: bytes, nodes: list[bytes]) -> bytes:
    parts: list[bytes] = []
    for key, what in field.fields:
        if isinstance(what, plan.CursorField):
            value = mark
        else:
            value = nodes[what] if isinstance(what, int) else json_text(what).encode()
        parts.append(json_key(key).encode() + value)
    return b"{" + b",".join(parts) + b"}"


def _fact(query: plan.ConnectionPlan, page: _Page, what: PageInfoField | str) -> bytes:
    # Rows beyond the cursor that the page starts from are not looked for: the cursor's own row was one.
    ahead, behind = (query.bounded, page.more) if query.backward else (page.more, query.bounded)
    match what:
        case PageInfoField.HAS_NEXT_PAGE:
            return b"true" if ahead else b"false"
        case PageInfoField.HAS_PREVIOUS_PAGE:
            return b"true" if behind else b"false"
        case PageInfoField.START_CURSOR:
            return page.cursors[0] if page.cursors else b"null"
        case PageInfoField.END_CURSOR:
            return page.cursors[-1] if page.cursors else b"null"
    return json_text(what).encode()
