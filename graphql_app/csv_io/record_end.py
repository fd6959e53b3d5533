"""Where a record ends, in bytes that come piece by piece: none is looked at twice. Pure."""

from __future__ import annotations

import re
from enum import Enum, auto

_QUOTE = 0x22


class _In(Enum):
    """What the next byte belongs to."""

    START = auto()
    PLAIN = auto()
    QUOTES = auto()
    CLOSED = auto()
    """Behind a quote within quotes: a second one goes on, anything else is behind the cell's end."""


class RecordEnd:
    """A search from `begin` on, to be asked again with more bytes behind those that it knows."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = ord(delimiter)
        self._stop = re.compile(b"[%b\r\n]" % re.escape(delimiter.encode()))
        self.begin()

    def begin(self, place: int = 0) -> None:
        """A record begins at `place`."""
        self.place = place
        self._state = _In.START

    def find(self, data: bytes | bytearray) -> int:
        """The place of the newline that ends the record; -1 while there is none."""
        place, state, size = self.place, self._state, len(data)
        while place < size:
            if state is _In.QUOTES:
                found = data.find(b'"', place)
                place, state = (size, state) if found < 0 else (found + 1, _In.CLOSED)
            elif state is not _In.PLAIN and data[place] == _QUOTE:
                place, state = place + 1, _In.QUOTES
            else:
                stop = self._stop.search(data, place)
                if stop is None:
                    place, state = size, _In.PLAIN
                elif data[stop.start()] == self._delimiter:
                    place, state = stop.end(), _In.START
                else:
                    self.place, self._state = stop.start(), _In.PLAIN
                    return stop.start()
        self.place, self._state = place, state
        return -1
