"""An answer against what it has to be: values, their types, and the order of keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.differential.values import Near, OneOf, Opaque, Runs


def difference(expected: Any, actual: Any, path: str = "data") -> str | None:
    """Where `actual` differs first, and how; `None` where it is right."""
    match expected:
        case dict():
            return _objects(expected, actual, path)
        case list():
            return _lists(expected, actual, path)
        case Runs():
            return _runs(expected, actual, path)
    return None if _same_leaf(expected, actual) else f"{path}: expected {expected!r}, got {actual!r}"


def _same_leaf(expected: Any, actual: Any) -> bool:
    match expected:
        case Near():
            return _is_number(actual) and abs(float(actual) - expected.value) <= expected.slack
        case OneOf():
            return any(_same_leaf(item, actual) for item in expected.values)
        case Opaque():
            return isinstance(actual, str) and bool(actual)
        case float():
            return _is_number(actual) and float(actual) == expected
    return type(expected) is type(actual) and expected == actual


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _objects(expected: dict[str, Any], actual: Any, path: str) -> str | None:
    if not isinstance(actual, dict):
        return f"{path}: expected an object, got {actual!r}"
    if list(expected) != list(actual):
        return f"{path}: expected the keys {list(expected)}, got {list(actual)}"
    found = (difference(value, actual[key], f"{path}.{key}") for key, value in expected.items())
    return next((item for item in found if item), None)


def _lists(expected: Sequence[Any], actual: Any, path: str) -> str | None:
    if not isinstance(actual, list) or len(actual) != len(expected):
        size = f"{len(actual)} items" if isinstance(actual, list) else repr(actual)
        return f"{path}: expected {len(expected)} items, got {size}"
    found = (difference(item, actual[place], f"{path}[{place}]") for place, item in enumerate(expected))
    return next((item for item in found if item), None)


def _runs(expected: Runs, actual: Any, path: str) -> str | None:
    size = sum(map(len, expected.runs))
    if not isinstance(actual, list) or len(actual) != size:
        got = f"{len(actual)} items" if isinstance(actual, list) else repr(actual)
        return f"{path}: expected {size} items, got {got}"
    start = 0
    for run in expected.runs:
        wrong = _run(run, actual[start : start + len(run)], f"{path}[{start}]")
        if wrong:
            return wrong
        start += len(run)
    return None


def _run(expected: Sequence[Any], actual: list[Any], path: str) -> str | None:
    """The same items in any order."""
    if len(expected) == 1:
        return difference(expected[0], actual[0], path)
    left = sorted(expected, key=_rough)
    for item in sorted(actual, key=_rough):
        place = next((place for place, wanted in enumerate(left) if difference(wanted, item) is None), None)
        if place is None:
            return (
                f"{path}…: {json.dumps(item, ensure_ascii=False)} is not among the {len(expected)} rows expected there"
            )
        del left[place]
    return None


def _rough(value: Any) -> str:
    """A text that is mostly equal where values are, so that partners are found early."""
    match value:
        case Near() | OneOf() | Opaque() | float():
            return "~"
        case Runs():
            return "[" + ",".join(sorted(_rough(item) for run in value.runs for item in run)) + "]"
        case list():
            return "[" + ",".join(sorted(map(_rough, value))) + "]"
        case dict():
            return "{" + ",".join(f"{key}:{_rough(item)}" for key, item in value.items()) + "}"
    return repr(value)
