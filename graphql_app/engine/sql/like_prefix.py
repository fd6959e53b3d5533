"""What a pattern that ignores case implies of a text under its column's own collation, whose index can then be used.

`_ilike` compares lower-case letters one by one, accents and all; a collation that ignores case has at least these for
equal, but for a few letters that have a third form (the Kelvin sign is a `k` in lower case, and no `k` to
`general_ci`). So the texts that a pattern matches are among those that begin, by the collation, like its first letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ASCII: Final = frozenset(map(chr, range(32, 127)))
_LATIN: Final = frozenset("àáâãäæçèéêëìíîïðñòóôõöøùúûüýþÀÁÂÃÄÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞ")
_UNICODE: Final = _ASCII | _LATIN
_GENERAL: Final = _UNICODE - frozenset("kK")
_LETTERS: Final[Mapping[str, frozenset[str]]] = {
    "general_ci": _GENERAL,
    "general_nopad_ci": _GENERAL,
    "unicode_520_ci": _UNICODE,
    "unicode_520_nopad_ci": _UNICODE,
    "0900_ai_ci": _UNICODE,
    "0900_as_ci": _UNICODE - frozenset("iI"),  # a dotted capital I is an i in lower case
}
"""Letters of which the collation has all forms with the same lower case for equal; proven by a test on each engine.

`unicode_ci` is not among them: by an index, MariaDB and MySQL find no text for `a%` that has an emoji after its `a`.
"""
_ONE_BYTE: Final[Mapping[str, frozenset[str]]] = {"latin1_swedish_ci": _ASCII, "latin1_general_ci": _ASCII}
_CHARSETS: Final = ("utf8mb4_", "utf8mb3_", "utf8_")


def letters_of(collation: str | None) -> frozenset[str]:
    """The letters that may stand in a prefix; none where the collation is unknown or tells cases apart."""
    if collation is None:
        return frozenset()
    for charset in _CHARSETS:
        if collation.startswith(charset):
            return _LETTERS.get(collation.removeprefix(charset), frozenset())
    return _ONE_BYTE.get(collation, frozenset())


def literal_prefix(pattern: str, letters: frozenset[str]) -> str:
    """What each text begins with that matches the LIKE pattern, as far as it consists of `letters`."""
    found: list[str] = []
    rest = iter(pattern)
    for letter in rest:
        if letter in "%_":
            break
        plain = next(rest, "") if letter == "\\" else letter
        if plain not in letters:
            break
        found.append(plain)
    return "".join(found)
