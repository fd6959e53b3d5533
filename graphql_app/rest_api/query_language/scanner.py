"""A cursor over the small languages in query strings: names, quoted names, punctuation."""

from __future__ import annotations

import re
from typing import NoReturn

from graphql_app.errors import Code, RequestError

_QUOTED = re.compile(r'((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Scanner:
    """Reads `text`, the value of the parameter `what`, from left to right."""

    __slots__ = ("at", "text", "what")

    def __init__(self, text: str, what: str) -> None:
        self.text = text
        self.what = what
        self.at = 0

    @property
    def done(self) -> bool:
        """Whether everything has been read."""
        return self.at == len(self.text)

    def take(self, mark: str) -> bool:
        """Whether `mark` comes next; if so it is passed."""
        found = self.text.startswith(mark, self.at)
        if found:
            self.at += len(mark)
        return found

    def expect(self, mark: str) -> None:
        """Pass `mark`; raises `RequestError` (INVALID_PARAMETER) where something else stands."""
        if not self.take(mark):
            self.fail(f"expected '{mark}'")

    def finish(self) -> None:
        """Raises `RequestError` (INVALID_PARAMETER) unless everything has been read."""
        if not self.done:
            self.fail("unexpected text")

    def word(self, stops: str) -> str:
        """A name or value: in double quotes (backslash escapes), or up to one of `stops`; may be empty.

        Raises:
            RequestError: INVALID_PARAMETER, the closing quote is missing.
        """
        if self.take('"'):
            return self._quoted()
        start = self.at
        while not self.done and self.text[self.at] not in stops:
            self.at += 1
        return self.text[start : self.at]

    def name(self, stops: str) -> str:
        """A word that must not be empty."""
        return self.word(stops) or self.fail("expected a name")

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at) or self.fail("a quoted text is not closed")
        self.at = found.end()
        return _ESCAPED.sub(r"\1", found[1])

    def fail(self, why: str) -> NoReturn:
        """Raises `RequestError` (INVALID_PARAMETER) that points at the place."""
        raise RequestError(Code.INVALID_PARAMETER, f"Parameter '{self.what}': {why} at character {self.at + 1}")
