"""Rows as one text each: the form that compiled statements give them, and what cuts a result of them apart. Pure.

    [group SEPARATOR] text [SEPARATOR key SEPARATOR text]… ROW_END

A text may hold documents, each as a JSON text after the mark `DOCUMENT`: such a text is JSON itself and takes its own
place, or it is none and is shown as the text that it is.

The name of a statement's only column says which form its rows have. The marks are
control characters, which neither JSON text nor a key's text ever holds; so one regular
expression finds every end of a row, with the header of the packet that follows, and
cuts its keys out on the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import orjson

SEPARATOR: Final = "\x1f"
ROW_END: Final = "\x02"
DOCUMENT: Final = "\x1e"
BETWEEN_ROWS: Final = b","
"""The piece that stands after each row with keys, so that such rows are a list as they are."""

_SEPARATOR, _END = SEPARATOR.encode(), ROW_END.encode()
# A row's end, the next packet's header of four bytes, and the length of its only cell.
_BETWEEN: Final = rb"\x02.{4}(?:[\x00-\xfa]|\xfc..|\xfd...)"
_KEY: Final = rb"\x1f([^\x1f]*+)\x1f([^\x1f\x02]*+)"  # and the text after it
_GROUP: Final = rb"([^\x1f]*+)\x1f"
_LONGEST_HEAD: Final = 13  # bytes between the end of a row and the text of the next
# Bytes that UTF-8 never holds: what begins the packet after the last row, or a row that is NULL; then their sizes.
_AFTER_ROWS: Final = (b"\xfe", b"\5\0\0")
_NULL: Final = (b"\xfb", b"\1\0\0")
_FULL: Final = b"\xff\xff\xff"  # the size of a packet that goes on in the next one

Cut = tuple[list[bytes], list[bytes], int]
"""Rows' pieces, the groups that led them (none where rows stand by themselves), and the place after them."""


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form of rows, each with this many `keys` in it.

    A row without keys is one piece, its text. One with keys is its text and its keys by turns, then `BETWEEN_ROWS`.
    `documents`: its texts may hold some.
    """

    pattern: re.Pattern[bytes]
    grouped: bool
    keys: int
    documents: bool = False

    @property
    def pieces(self) -> int:
        """The pieces of a row."""
        return pieces_of(self.keys)

    def cut(self, data: bytes, start: int) -> Cut | None:
        """The rows that are whole from `start`, where the first text begins; None if they are to be read singly."""
        rows = self._cut(data, start)
        if rows is not None and self.documents:
            rows[0][:] = map(_with_documents, rows[0])
        return rows

    def _cut(self, data: bytes, start: int) -> Cut | None:
        stop = _end_of_rows(data, start)
        if stop < 0 or (len(data) > 0xFFFFFF and _FULL in data):
            return None
        groups: list[bytes] = []
        if self.grouped:
            first = data.index(_SEPARATOR, start)
            groups.append(data[start:first])
            start = first + 1
        found = self.pattern.split(memoryview(data)[start:stop])
        if not self.keys:
            return (found[::2], groups + found[1::2], stop + 1) if self.grouped else (found, groups, stop + 1)
        step = self.pieces
        found += (*found.pop().split(_SEPARATOR), BETWEEN_ROWS)
        if len(found) % step:
            return None
        if self.grouped:
            groups += found[step - 1 : -1 : step]
        found[step - 1 :: step] = [BETWEEN_ROWS] * (len(found) // step)
        return found, groups, stop + 1

    def single(self, cell: bytes) -> tuple[list[bytes], bytes]:
        """A row's pieces and its group. Raises `ValueError` for what is no such row."""
        if not cell.endswith(_END):
            raise ValueError("a row does not end")
        pieces = cell[:-1].split(_SEPARATOR)
        group = pieces.pop(0) if self.grouped else b""
        if self.keys:
            pieces.append(BETWEEN_ROWS)
        if len(pieces) != self.pieces:
            raise ValueError("a row has other keys than were asked for")
        return [_with_documents(piece) for piece in pieces] if self.documents else pieces, group


_DOCUMENT: Final = re.compile(rb'\x1e("[^"\\]*(?:\\.[^"\\]*)*")', re.DOTALL)


def _with_documents(piece: bytes) -> bytes:
    return _DOCUMENT.sub(_document, piece) if b"\x1e" in piece else piece


def _document(found: re.Match[bytes]) -> bytes:
    document: str = orjson.loads(found[1])
    try:
        orjson.loads(document)
    except ValueError:
        return found[1]
    return document.encode()


def pieces_of(keys: int) -> int:
    """The pieces of a row with so many keys."""
    return 2 * keys + 2 if keys else 1


def name_of_column(grouped: bool, keys: int, documents: bool = False) -> str:
    """What the only column is called where rows have this form."""
    return f"{'grouped' if grouped else 'row'}{keys or ''}{'d' if documents else ''}"


_NAME: Final = re.compile(r"(row|grouped)([1-9][0-9]{0,3})?(d)?")


@lru_cache(maxsize=1000)
def form_called(name: str) -> TextForm | None:
    """The form that `name_of_column` gave this name; None if it did not."""
    named = _NAME.fullmatch(name)
    if named is None:
        return None
    grouped, keys = named[1] == "grouped", int(named[2] or 0)
    # What a row's last piece takes the place of is found with it.
    pattern = _KEY * keys + _BETWEEN + (_GROUP if grouped else b"()" if keys else b"")
    return TextForm(re.compile(pattern, re.DOTALL), grouped, keys, named[3] is not None)


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
