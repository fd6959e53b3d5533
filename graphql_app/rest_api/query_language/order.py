"""The language of `order`: `a.desc.nullslast,b,customer(name).asc`."""

from __future__ import annotations

from graphql_app.engine.request.calls import Nulls, Order
from graphql_app.rest_api.query_language.scanner import Scanner

_STOPS = '.,()"'
_DIRECTIONS = {".asc": False, ".desc": True}
_NULLS = {".nullsfirst": Nulls.FIRST, ".nullslast": Nulls.LAST}


def parse_order(text: str) -> tuple[Order, ...]:
    """The terms that `order` asks for. Raises `RequestError` (INVALID_PARAMETER)."""
    scanner = Scanner(text, "order")
    terms = [_term(scanner)]
    while scanner.take(","):
        terms.append(_term(scanner))
    scanner.finish()
    return tuple(terms)


def _term(scanner: Scanner) -> Order:
    path: list[str] = []
    name = scanner.name(_STOPS)
    while scanner.take("("):
        path.append(name)
        name = scanner.name(_STOPS)
    for _ in path:
        scanner.expect(")")
    descending = next((down for mark, down in _DIRECTIONS.items() if scanner.take(mark)), False)
    nulls = next((place for mark, place in _NULLS.items() if scanner.take(mark)), None)
    return Order(name, descending, nulls, tuple(path))
