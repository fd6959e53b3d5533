"""The name that was probably meant: for the words of an error about a name that nobody knows. Pure.

Only for names that the caller may see, and only where INTROSPECTION is on: whoever answers decides that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

LONGEST = 64
"""Characters of a name that is looked at: databases know no longer ones."""
WORK = 100_000
"""Pairs of characters that are compared at most, the names of the nearest length first: some milliseconds."""
_ALIKE = 0.6
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
"""What names of databases mostly consist of."""


def nearest(given: str, known: Iterable[str], alike: float = _ALIKE, work: int = WORK) -> str | None:
    """The one of `known` that is most like `given`, whatever its case; None where none is alike.

    One that a single slip makes of it is found among any number of names.
    `alike`, from 0 to 1, is how much two names have in common (difflib's ratio) to count as alike; `work` the pairs of
    characters that are compared at most.
    """
    if not 0 < len(given) <= LONGEST:
        return None
    lowered = given.lower()
    by_lowered = {name.lower(): name for name in known}
    slip = next((each for each in _slips(lowered) if each in by_lowered), None)
    if slip is not None:
        return by_lowered[slip]
    compared: list[str] = []
    done = 0
    for name in sorted(by_lowered, key=lambda name: abs(len(name) - len(given))):
        done += len(name) * len(given)
        if done > work:
            break
        compared.append(name)
    found = get_close_matches(lowered, compared, 1, alike)
    return by_lowered[found[0]] if found else None


def _slips(given: str) -> Iterator[str]:
    """The name itself, and what it is with two characters exchanged, one too many, one wrong, or one missing.

    Shorter names than four characters have none: too many of them are one slip apart.
    """
    yield given
    if len(given) < 4:
        return
    halves = [(given[:place], given[place:]) for place in range(len(given) + 1)]
    yield from (left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1)
    yield from (left + right[1:] for left, right in halves if right)
    yield from (left + each + right[1:] for left, right in halves if right for each in _CHARACTERS)
    yield from (left + each + right for left, right in halves for each in _CHARACTERS)


def hint(given: str, known: Iterable[str]) -> str:
    """What stands behind the message that `given` is unknown: `; did you mean 'x'?`, or nothing."""
    found = nearest(given, known)
    return "" if found is None else f"; did you mean '{found}'?"
