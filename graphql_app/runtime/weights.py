"""How many bytes a value of ours takes in memory, for caches that are bounded in bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

_OWN = "graphql_app."
"""Values of these modules belong to whoever holds them. Others (the catalog's, a schema's) are shared, and count
nothing beyond themselves."""
_LEAVES = frozenset({str, bytes, int, float, bool, type(None)})


def weight(value: object) -> int:
    """The bytes of `value` and of everything that it alone can be expected to hold; linear in their number."""
    total, seen, waiting = 0, {0}, [value]
    while waiting:
        each = waiting.pop()
        kind = type(each)
        if kind in _LEAVES:
            total += sys.getsizeof(each)
        elif id(each) not in seen:
            seen.add(id(each))
            total += sys.getsizeof(each)
            waiting += _parts(each)
    return total


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif type(value).__module__.startswith(_OWN) and not isinstance(value, type):
        for kind in type(value).__mro__:
            for name in getattr(kind, "__slots__", ()):
                if hasattr(value, name):
                    yield getattr(value, name)
        yield from getattr(value, "__dict__", {}).values()
