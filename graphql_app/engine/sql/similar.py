"""SQL's `SIMILAR TO` -> a regular expression that MySQL, MariaDB and seekdb read alike. Pure.

`%` is any text, `_` one character, `|` parts alternatives, `( )` groups, `[ ]` is one character of a set, and
`* + ? {m} {m,} {m,n}` repeat what stands before them; a backslash takes the next character as it is. All of a text
has to match. What is no such pattern is refused here, for regular expressions mean other things by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

MOST_REPEATED: Final = 255
"""The largest number in braces, as in PostgreSQL."""
MOST_NESTED: Final = 50
MOST_CHARACTERS: Final = 2_000
_BRACES = re.compile(r"\{([0-9]{1,3})(,([0-9]{1,3})?)?\}", re.ASCII)
_CLASS = re.compile(r"\[:(alpha|digit|alnum|upper|lower|space|blank|punct|cntrl|graph|print|xdigit):\]")
# `.` without its dependence on flags: a character may be the end of a line.
_ANY: Final = r"[\s\S]"


def regular_expression(pattern: str) -> str:
    """The regular expression. Raises `ValueError`, with words for the client."""
    if len(pattern) > MOST_CHARACTERS:
        raise ValueError(f"expected a pattern of at most {MOST_CHARACTERS} characters")
    return rf"\A(?:{''.join(_PatternReader(pattern).parts())})\z"


def literal(character: str) -> str:
    """One character as itself."""
    return (
        "\\" + character if character.isascii() and not character.isalnum() and character.isprintable() else character
    )


class _PatternReader:
    """Reads a pattern once, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self._repeatable = False

    def parts(self) -> list[str]:
        """The parts of the expression."""
        found: list[str] = []
        while self._at < len(self._pattern):
            character = self._pattern[self._at]
            found.append(_READERS.get(character, _PatternReader._plain)(self))
        if self._depth:
            raise _wrong("a group that is closed")
        return found

    def _take(self) -> str:
        if self._at >= len(self._pattern):
            raise _wrong("no backslash at the end")
        self._at += 1
        return self._pattern[self._at - 1]

    def _atom(self, made: str) -> str:
        self._repeatable = True
        return made

    def _plain(self) -> str:
        return self._atom(literal(self._take()))

    def _escaped(self) -> str:
        self._at += 1
        return self._plain()

    def _any_text(self) -> str:
        self._at += 1
        # It may be repeated, which changes nothing: `%+` is `%`.
        return self._atom(f"(?:{_ANY}*)" if self._is_repeated() else f"{_ANY}*")

    def _is_repeated(self) -> bool:
        return self._pattern[self._at : self._at + 1] in tuple("*+?{")

    def _any_character(self) -> str:
        self._at += 1
        return self._atom(_ANY)

    def _open(self) -> str:
        self._at += 1
        self._depth += 1
        self._repeatable = False
        if self._depth > MOST_NESTED:
            raise _wrong(f"at most {MOST_NESTED} groups within each other")
        return "(?:"

    def _close(self) -> str:
        self._at += 1
        self._depth -= 1
        if self._depth < 0:
            raise _wrong("a group that is opened")
        return self._atom(")")

    def _alternative(self) -> str:
        self._at += 1
        self._repeatable = False
        return "|"

    def _repeated(self) -> str:
        if not self._repeatable:
            raise _wrong("something to repeat before '*', '+', '?' and '{'")
        self._repeatable = False
        if self._pattern[self._at] != "{":
            return self._take()
        found = _BRACES.match(self._pattern, self._at)
        if found is None:
            raise _wrong("numbers in braces, such as {2} or {2,5}")
        low, high = int(found[1]), int(found[3] or found[1])
        if low > high or high > MOST_REPEATED:
            raise _wrong(f"numbers in braces in order, at most {MOST_REPEATED}")
        self._at = found.end()
        to = "" if found[2] is None else f",{high if found[3] else ''}"
        return f"{{{low}{to}}}"

    def _set(self) -> str:
        self._at += 1
        sign = ""
        if self._pattern[self._at : self._at + 1] == "^":
            self._at += 1
            sign = "^"
        members: list[str] = []
        # As in POSIX, a bracket that comes first is a member.
        while not members or self._pattern[self._at : self._at + 1] != "]":
            members.append(self._member())
        self._at += 1
        return self._atom(f"[{sign}{''.join(members)}]")

    def _member(self) -> str:
        known = _CLASS.match(self._pattern, self._at)
        if known is not None:
            self._at = known.end()
            return known[0]
        first = self._set_character()
        if self._pattern[self._at : self._at + 1] != "-" or self._pattern[self._at + 1 : self._at + 2] in ("", "]"):
            return literal(first)
        self._at += 1
        last = self._set_character()
        if ord(first) > ord(last):
            raise _wrong("a range from the lower to the higher character in brackets")
        return f"{literal(first)}-{literal(last)}"

    def _set_character(self) -> str:
        if self._at >= len(self._pattern):
            raise _wrong("a set that is closed")
        character = self._take()
        return self._take() if character == "\\" else character


_READERS: Final[dict[str, Callable[[_PatternReader], str]]] = {
    "%": _PatternReader._any_text,
    "_": _PatternReader._any_character,
    "(": _PatternReader._open,
    ")": _PatternReader._close,
    "|": _PatternReader._alternative,
    "[": _PatternReader._set,
    "\\": _PatternReader._escaped,
    **dict.fromkeys("*+?{", _PatternReader._repeated),
}


def _wrong(expected: str) -> ValueError:
    return ValueError(f"expected a pattern of SIMILAR TO with {expected}")
