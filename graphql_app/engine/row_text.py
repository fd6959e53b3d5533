"""Rows as one text each: the form that compiled statements give them, and what cuts a result of them apart. Pure.

    [group SEPARATOR] text ROW_END

The name of a statement's only column says which form its rows have. The marks are
control characters, which neither JSON text nor a key's text ever holds; so one regular
expression finds every end of a row, with the header of the packet that follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SEPARATOR: Final = "\x1f"
ROW_END: Final = "\x02"
ROW: Final = "row"
"""The column's name where rows stand by themselves."""
GROUPED: Final = "grouped"
"""The column's name where the key of a group leads each row."""

_SEPARATOR, _END = SEPARATOR.encode(), ROW_END.encode()
# A row's end, the next packet's header of four bytes, and the length of its only cell.
_BETWEEN: Final = rb"\x02.{4}(?:[\x00-\xfa]|\xfc..|\xfd...)"
_LONGEST_HEAD: Final = 13  # bytes between the end of a row and the text of the next
# Bytes that UTF-8 never holds: what begins the packet after the last row, or a row that is NULL; then their sizes.
_AFTER_ROWS: Final = (b"\xfe", b"\5\0\0")
_NULL: Final = (b"\xfb", b"\1\0\0")
_FULL: Final = b"\xff\xff\xff"  # the size of a packet that goes on in the next one

Cut = tuple[list[bytes], list[bytes], int]
"""Rows' texts, the groups that led them (none where rows stand by themselves), and the place after them."""


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form of rows."""

    pattern: re.Pattern[bytes]
    grouped: bool

    def cut(self, data: bytes, start: int) -> Cut | None:
        """The rows that are whole from `start`, where the first text begins; None if they are to be read singly."""
        stop = _end_of_rows(data, start)
        if stop < 0 or (len(data) > 0xFFFFFF and _FULL in data):
            return None
        found = self.pattern.split(memoryview(data)[start:stop])
        if not self.grouped:
            return found, [], stop + 1
        group, _, found[0] = found[0].partition(_SEPARATOR)
        return found[::2], [group, *found[1::2]], stop + 1

    def single(self, cell: bytes) -> tuple[bytes, bytes]:
        """A row's text and its group. Raises `ValueError` for what is no such row."""
        if not cell.endswith(_END):
            raise ValueError("a row does not end")
        if not self.grouped:
            return cell[:-1], b""
        group, _, text = cell[:-1].partition(_SEPARATOR)
        return text, group


FORMS: Final[Mapping[str, TextForm]] = {
    ROW: TextForm(re.compile(_BETWEEN, re.DOTALL), grouped=False),
    GROUPED: TextForm(re.compile(_BETWEEN + rb"([^\x1f]*)\x1f", re.DOTALL), grouped=True),
}
"""By the column's name."""


def _end_of_rows(data: bytes, start: int) -> int:
    """The end of the last of the rows that follow each other from `start` on and are whole; -1: there is none."""
    stop = _before(data, start, len(data), _AFTER_ROWS)
    if stop < 0:
        stop = _last_end(data, start)
    null = _before(data, start, stop, _NULL)
    return stop if null < 0 else null


def _before(data: bytes, start: int, stop: int, packet: tuple[bytes, bytes]) -> int:
    """The end of the row that stands before the first such packet (its first byte and its size); -1: there is none."""
    first, size = packet
    at = data.find(first, start, stop)
    while at >= 0:
        if data[at - 5 : at - 1] == _END + size and at - 5 >= start:
            return at - 5
        at = data.find(first, at + 1, stop)
    return -1


def _last_end(data: bytes, start: int) -> int:
    at = data.rfind(_END, start)
    # The byte may be a part of what stands between the end of a row and the text of the next.
    while (earlier := data.rfind(_END, max(start, at - _LONGEST_HEAD), at)) >= 0:
        at = earlier
    # This one is an end for certain; the rows behind it tell their sizes.
    while 0 <= at < len(data) - 4:
        after = at + 5 + int.from_bytes(data[at + 1 : at + 4], "little")
        if data[after - 1 : after] != _END:
            break
        at = after - 1
    return at
