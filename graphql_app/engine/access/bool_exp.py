"""A rule's boolean expression, as plain data in Hasura's words -> a `Filter` over the full catalog. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from graphql_app.engine.request.calls import And, Compare, Filter, Not, Operator, Or, Related, SessionSlot, all_of
from schema_gen.catalog.model import Catalog, Table

PREFIX = "x-hasura-"

Session = Callable[[str], SessionSlot]
"""The place of a session variable, by its name in lower case."""


class RuleError(ValueError):
    """A rule cannot be honoured; the text says which part of it, and why."""


def variable_of(value: object) -> str | None:
    """The session variable that a value of a rule stands for, in lower case; None for a plain value."""
    return value.lower() if isinstance(value, str) and value.lower().startswith(PREFIX) else None


def variables_in(raw: object) -> Iterator[str]:
    """The session variables anywhere in a rule."""
    if isinstance(raw, Mapping):
        for each in raw.values():
            yield from variables_in(each)
    elif isinstance(raw, list | tuple):
        for each in raw:
            yield from variables_in(each)
    elif (found := variable_of(raw)) is not None:
        yield found


def to_filter(catalog: Catalog, table: Table, raw: Mapping[str, object], session: Session) -> Filter | None:
    """The filter of an expression; None for `{}`, which holds for every row. Raises `RuleError`."""
    return all_of(_part(catalog, table, key, value, session) for key, value in raw.items())


def _part(catalog: Catalog, table: Table, key: str, value: object, session: Session) -> Filter:
    match key:
        case "_and":
            return And(tuple(_all(catalog, table, each, session) for each in _list(key, value)))
        case "_or":
            return Or(tuple(_all(catalog, table, each, session) for each in _list(key, value)))
        case "_not":
            return Not(_all(catalog, table, value, session))
    if key in table.columns:
        return _compared(key, value, session)
    if key in table.relations:
        relation = table.relations[key]
        far = catalog.tables[relation.to_table]
        return Related(key, to_filter(catalog, far, _object(key, value), session))
    raise RuleError(f"'{table.name}' has no column or relation '{key}'")


def _all(catalog: Catalog, table: Table, raw: object, session: Session) -> Filter:
    return to_filter(catalog, table, _object("a condition", raw), session) or And(())


def _compared(column: str, raw: object, session: Session) -> Filter:
    if not isinstance(raw, Mapping):
        raw = {"_eq": raw}
    found: list[Filter] = []
    for word, value in raw.items():
        try:
            operator = Operator(word)
        except ValueError:
            raise RuleError(f"'{word}' is no operator") from None
        variable = variable_of(value)
        found.append(Compare(column, operator, value if variable is None else session(variable)))
    return all_of(found) or And(())


def _object(what: str, raw: object) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise RuleError(f"{what} must be an object")
    return raw


def _list(what: str, raw: object) -> list[object]:
    if not isinstance(raw, list):
        raise RuleError(f"'{what}' must be a list")
    return raw
