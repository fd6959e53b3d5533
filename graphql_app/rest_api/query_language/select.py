"""The language of `select`: `a,b`, `shown:column`, `*`, `orders(*)`, `shown:orders!inner(id,total)`."""

from __future__ import annotations

from dataclasses import dataclass

from graphql_app.rest_api.query_language.scanner import Scanner

_STOPS = ',():!"'
_MAX_NESTING = 20


@dataclass(frozen=True, slots=True)
class EveryColumn:
    """`*`"""


@dataclass(frozen=True, slots=True)
class OneColumn:
    """The value of `column` under `key`."""

    key: str
    column: str


@dataclass(frozen=True, slots=True)
class Embed:
    """The rows at the far end of `relation` under `key`; `inner` drops rows that have none.

    `hint` tells which relation is meant where several lead there.
    Without `items` nothing of them is shown: the embedding then serves `inner` alone.
    """

    key: str
    relation: str
    inner: bool
    items: tuple[Item, ...]
    hint: str | None = None


Item = EveryColumn | OneColumn | Embed


def parse_select(text: str) -> tuple[Item, ...]:
    """What `select` asks for. Raises `RequestError` (INVALID_PARAMETER)."""
    scanner = Scanner(text, "select")
    items = _items(scanner, 0)
    scanner.finish()
    return items


def _items(scanner: Scanner, nesting: int) -> tuple[Item, ...]:
    if nesting > _MAX_NESTING:
        scanner.fail("embedded too deeply")
    items = [_item(scanner, nesting)]
    while scanner.take(","):
        items.append(_item(scanner, nesting))
    return tuple(items)


def _item(scanner: Scanner, nesting: int) -> Item:
    if scanner.take("*"):
        return EveryColumn()
    key = name = scanner.name(_STOPS)
    if scanner.take(":"):
        name = scanner.name(_STOPS)
    marks = []
    while scanner.take("!"):
        marks.append(scanner.name(_STOPS))
    hints = [mark for mark in marks if mark not in ("inner", "left")]
    if not scanner.take("("):
        if marks:
            scanner.fail("expected '('")
        return OneColumn(key, name)
    if len(hints) > 1:
        scanner.fail("more than one hint")
    inner, told = "inner" in marks, hints[0] if hints else None
    if scanner.take(")"):
        return Embed(key, name, inner, (), told)
    items = _items(scanner, nesting + 1)
    scanner.expect(")")
    return Embed(key, name, inner, items, told)
