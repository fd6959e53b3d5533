"""Answers that hand-written SQL says are right: its flat rows, folded into the nested form of an answer.

A column's name tells where its value goes: `name`, `customer.name` (an object), `orders[].total`
(a list), to any depth. `name:bool` and `name:json` convert; `#name` takes part in telling rows apart and is
not shown. Consecutive rows that agree in an object's own columns are the same object, so a
`LEFT JOIN` ordered by the keys gives a tree. An object or a list item of nothing but NULLs is absent: null, or no item.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.harness.engine import Engine, Rows

_SECTION = re.compile(r"^-- field: (?P<field>\S+)(?P<one> one)?[ ]*$", re.MULTILINE)


_CONVERT: dict[str, Callable[[Any], Any]] = {"bool": bool, "json": json.loads}


@dataclass(frozen=True, slots=True)
class Section:
    """The SQL for one field of the answer; `one` says that it is an object or null, not a list."""

    field: str
    one: bool
    sql: str


def sections(text: str) -> list[Section]:
    """The parts of an expectation file, each under its `-- field: name` or `-- field: name one`."""
    heads = list(_SECTION.finditer(text))
    if not heads or text[: heads[0].start()].strip():
        raise ValueError("an expectation starts with `-- field: name`")
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [
        Section(head["field"], head["one"] is not None, text[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    ]


def expected(engine: Engine, database: str, text: str) -> dict[str, Any]:
    """Runs an expectation file and gives its fields with their values."""
    found: dict[str, Any] = {}
    for section in sections(text):
        items = fold(engine.select(section.sql, database))
        if section.one and len(items) > 1:
            raise ValueError(f"{section.field}: {len(items)} objects where one was said to be")
        found[section.field] = (items[0] if items else None) if section.one else items
    return found


def fold(result: Rows) -> list[dict[str, Any]]:
    """The rows as a list of nested objects."""
    paths = [_path(column) for column in result.columns]
    return _items([list(zip(paths, row, strict=True)) for row in result.rows])


Cell = tuple[tuple[str, ...], Any]


def _path(column: str) -> tuple[str, ...]:
    """`orders[].customer.name` as ("orders[]", "customer", "name")."""
    return tuple(column.split("."))


def _items(rows: Sequence[Sequence[Cell]]) -> list[dict[str, Any]]:
    groups = itertools.groupby(rows, key=_own_values)
    return [_object(list(group)) for own, group in groups]


def _own_values(row: Sequence[Cell]) -> list[Any]:
    """The values by which an object is told from the next: all that do not lie in a list below it."""
    return [value for path, value in row if not any(step.endswith("[]") for step in path)]


def _object(rows: Sequence[Sequence[Cell]]) -> dict[str, Any]:
    """One object from the rows that are about it."""
    made: dict[str, Any] = {}
    for (step, *rest), value in rows[0]:
        name = step.removesuffix("[]")
        if not rest:
            _show(made, step, value)
        elif name not in made:
            below = [_below(row, step) for row in rows]
            made[name] = _items(_present(below)) if step.endswith("[]") else _one(below)
    return made


def _below(row: Sequence[Cell], step: str) -> list[Cell]:
    return [(path[1:], value) for path, value in row if path[0] == step and len(path) > 1]


def _present(rows: Sequence[Sequence[Cell]]) -> list[Sequence[Cell]]:
    return [row for row in rows if any(value is not None for _, value in row)]


def _one(rows: Sequence[Sequence[Cell]]) -> dict[str, Any] | None:
    present = _present(rows)
    return _object(present) if present else None


def _show(made: dict[str, Any], step: str, value: Any) -> None:
    """Puts a value under its name, converted as its tag says."""
    if step.startswith("#"):
        return
    name, _, tag = step.partition(":")
    if value is None or tag == "":
        if not isinstance(value, int | float | str | None):
            raise TypeError(f"{name}: SQL gave {type(value).__name__}; CAST it to what the answer holds")
        made[name] = value
    else:
        made[name] = _CONVERT[tag](value)
