"""The name that was probably meant: for the words of an error about a name that nobody knows. Pure.

Only for names that the caller may see, and only where INTROSPECTION is on: whoever answers decides that.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 64
"""Characters of a name that is looked at: databases know no longer ones."""
WORK = 100_000
"""Pairs of characters that are compared at most, the names of the nearest length first: some milliseconds."""
_ALIKE = 0.6


def nearest(given: str, known: Iterable[str], alike: float = _ALIKE) -> str | None:
    """The one of `known` that is most like `given`, whatever its case; None where none is alike.

    `alike`, from 0 to 1, is how much two names have in common (difflib's ratio) to count as alike.
    """
    if not 0 < len(given) <= LONGEST:
        return None
    lowered = given.lower()
    by_lowered: dict[str, str] = {}
    work = 0
    for name in sorted(known, key=lambda name: abs(len(name) - len(given))):
        work += len(name) * len(given)
        if work > WORK:
            break
        by_lowered.setdefault(name.lower(), name)
    found = get_close_matches(lowered, by_lowered, 1, alike)
    return by_lowered[found[0]] if found else None


def hint(given: str, known: Iterable[str]) -> str:
    """What stands behind the message that `given` is unknown: `; did you mean 'x'?`, or nothing."""
    found = nearest(given, known)
    return "" if found is None else f"; did you mean '{found}'?"
