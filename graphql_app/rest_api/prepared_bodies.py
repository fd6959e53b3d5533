"""Bodies over REST, prepared: of one whose columns were given before only the values are read anew.

The form of a body is its columns in order, and of each whether its value is null, true, false or another. Whatever is
of no plain form (several rows, lists, documents among conditions) has none, and is read in full by `operations`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.engine import Engine
from graphql_app.engine.plan.shapes import PreparedCache
from graphql_app.rest_api.column_values import given_value
from graphql_app.rest_api.requests.records import PreparedRequest, RestRequest
from graphql_app.runtime.hot_record import hot_record
from schema_gen.catalog.model import Table

MOST_COLUMNS: Final = 200
"""Columns of a body that is looked up. Of a wider one the form hardly comes again."""

_PARTS: Final = ("input", "where")
_MARKS: Final[Mapping[object, str]] = {None: "n", True: "t", False: "f"}
_MARKED: Final = frozenset({bool, type(None)})
_NESTED: Final = frozenset({list, dict})


@hot_record
class BodyRequest:
    """A call to be run: prepared, with its values and the message of its success."""

    prepared: PreparedCall
    values: list[object]
    message: str


@dataclass(frozen=True, slots=True)
class _BodyForm:
    prepared: PreparedCall
    message: str


class PreparedBodies:
    """The calls of one address by method, table, caller's access and form: bounded, and for one catalog at a time."""

    def __init__(self) -> None:
        self.forms: PreparedCache[_BodyForm] = PreparedCache()

    def find(
        self,
        engine: Engine,
        method: str,
        asked: RestRequest,
        prepare: Callable[[RestRequest], PreparedRequest],
    ) -> BodyRequest | None:
        """The call that a body asks for; None where it is to be read in full. Raises `AppError`, as then."""
        plain = not (
            asked.pairs
            or asked.prefer.given
            or asked.single
            or asked.bare
            or asked.key is not None
            or asked.conditional
        )
        given = _taken_apart(asked.table, asked.body) if plain else None
        if given is None:
            return None
        form, values = given
        snapshot = engine.live.snapshot
        access = engine.access(snapshot)
        if access.catalog is not asked.catalog:
            return None
        key = (access.key, method, asked.table.name, *form)
        known = self.forms.find(snapshot, key)
        if known is not None:
            return BodyRequest(known.prepared, values, known.message)
        made = prepare(asked)
        prepared, found = engine.known(made.call)
        if list(found) != values:
            return None
        self.forms.get(snapshot, key, lambda: _BodyForm(prepared, made.message))
        return BodyRequest(prepared, values, made.message)


def _taken_apart(table: Table, body: object) -> tuple[list[str], list[object]] | None:
    """The form of a body, and its values; None where it has none."""
    if not isinstance(body, dict) or not body or not body.keys() <= set(_PARTS):
        return None
    form: list[str] = []
    values: list[object] = []
    for part in _PARTS:
        row = body.get(part)
        if part not in body:
            continue
        if type(row) is not dict or not row or len(row) > MOST_COLUMNS:
            return None
        form.append(part)
        for name, value in row.items():
            kind = type(value)
            if kind in _NESTED:
                return None
            if kind in _MARKED:
                form += (name, _MARKS[value])
                continue
            column = table.columns.get(name)
            if column is None:
                return None
            form += (name, "")
            values.append(given_value(column, value) if kind is Decimal else value)
    return form, values
