"""How a CSV file is written: what stands between cells, its encoding, how it writes numbers, dates and NULL. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

NEW_LINE: Final = rb"(?:\r\n|\n|\r)"

DELIMITERS: Final[Mapping[str, str]] = {
    **{each: each for each in ",;\t|:^~#"},
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "pipe": "|",
}
"""What a client may write for a delimiter, and the delimiter."""
DATES: Final = ("iso", "dmy", "mdy", "ymd")
"""Orders of day, month and year; `iso` is 2024-02-29 alone."""
_SINGLE: Final = (
    *(f"cp{number}" for number in (437, 850, 852, 866, *range(1250, 1259))),
    *(f"iso8859-{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)),
    *("koi8-r", "koi8-u", "mac-roman", "ascii"),
)
_WIDE: Final = ("utf-16", "utf-16-le", "utf-16-be")
_EAST: Final = ("shift_jis", "cp932", "euc_jp", "gbk", "gb18030", "big5", "euc_kr", "cp949")
ENCODINGS: Final = ("utf-8", *_WIDE, *_SINGLE, *_EAST)
"""Those that can be decoded piece by piece in linear time."""
_BY_NAME: Final = {codecs.lookup(each).name: each for each in ENCODINGS} | {"utf-8-sig": "utf-8"}


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a file is written.

    With a `null` word, an unquoted cell of it is NULL, and an empty cell of a text column is the empty text.
    `announced`: the first line is Excel's `sep=;`, no header.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    dates: str = "iso"
    null: str = ""
    announced: bool = False

    @property
    def common(self) -> bool:
        """Whether values are written as the program itself writes them."""
        return (self.decimal, self.dates, self.null) == (".", "iso", "")

    def told(self) -> dict[str, str]:
        """What is unlike the program's own files, for people."""
        plain = CsvDialect()
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "announced"}
        return {name: value for name, value in told.items() if value != getattr(plain, name)}


def encoding_of(name: str) -> str | None:
    """The encoding that is called so; None for one that is not taken."""
    try:
        return _BY_NAME.get(codecs.lookup(name).name) if len(name) < 40 and name.isascii() else None
    except (LookupError, ValueError):
        return None


def _no_text(error: UnicodeError) -> tuple[str, int]:
    """What stands for bytes that are no text: something that no UTF-8 holds."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    # A newline may be the second byte of what is none.
    return "\udcff", error.end if error.encoding.startswith("utf-16") else error.start + 1


codecs.register_error("graphql_app.no_text", _no_text)


def decoder_of(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder whose text becomes UTF-8 by `as_utf8`."""
    return codecs.getincrementaldecoder(encoding)("graphql_app.no_text")


def as_utf8(text: str) -> bytes:
    """A decoder's text; what was none is no UTF-8 either, so that its row is refused."""
    return text.encode("utf-8", "surrogateescape")


def cell_pattern(delimiter: str) -> bytes:
    """A cell as it may be written, also with text behind its closing quote.

    What repeats is possessive, so that no cell makes the search go back. Python before 3.11.5 loses its place where
    the inside of a possessive group fails after it took more than literals: nothing of that kind stands here.
    """
    end = re.escape(delimiter.encode())
    return rb'(?:"[^"]*+(?:""[^"]*+)*+"[^%b\r\n]*+|[^"%b\r\n][^%b\r\n]*+|)' % (end, end, end)


def record_pattern(delimiter: str) -> bytes:
    """Cells, without the newline behind them."""
    cell = cell_pattern(delimiter)
    return rb"%b(?:%b%b)*+" % (cell, re.escape(delimiter.encode()), cell)
