"""What `_append` and its kin make of JSON documents, as PostgreSQL's `jsonb` operators do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tests.differential.values import document


def changed(operator: str, text: str | None, operand: Any) -> str | None:
    """The document afterwards. NULL stays NULL."""
    return None if text is None else document(_CHANGES[operator](json.loads(text), operand))


def _append(old: Any, operand: Any) -> Any:
    if isinstance(old, dict) and isinstance(operand, dict):
        return old | operand
    return _listed(old) + _listed(operand)


def _prepend(old: Any, operand: Any) -> Any:
    if isinstance(old, dict) and isinstance(operand, dict):
        return operand | old
    return _listed(operand) + _listed(old)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _delete_key(old: Any, key: str) -> Any:
    if isinstance(old, dict):
        return {name: value for name, value in old.items() if name != key}
    return [item for item in old if item != key] if isinstance(old, list) else old


def _delete_elem(old: Any, place: int) -> Any:
    return _delete_at_path(old, [str(place)]) if isinstance(old, list) else old


def _delete_at_path(old: Any, path: list[str]) -> Any:
    if not path or not isinstance(old, dict | list):
        return old
    step = path[0] if isinstance(old, dict) else _place(old, path[0])
    if step is None or (isinstance(old, dict) and step not in old):
        return old
    found: Any = old.copy()
    if len(path) == 1:
        del found[step]
    else:
        found[step] = _delete_at_path(found[step], path[1:])
    return found


def _place(items: list[Any], step: str) -> int | None:
    if not step.lstrip("-").isdigit():
        return None
    place = int(step)
    return place if -len(items) <= place < len(items) else None


_CHANGES: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "_append": _append,
    "_prepend": _prepend,
    "_delete_key": _delete_key,
    "_delete_elem": _delete_elem,
    "_delete_at_path": _delete_at_path,
}
OPERATORS: Final = tuple(_CHANGES)
