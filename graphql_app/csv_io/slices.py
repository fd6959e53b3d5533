"""CSV bytes cut anywhere -> slices of whole records, small enough that other work need not wait for one. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from graphql_app.csv_io.cells import NEW_LINE, RECORD

SLICE = 8 * 1024
"""Bytes of a slice: a fraction of a millisecond of work, for a read that comes meanwhile waits for a few of them."""
MAX_RECORD = 8 * 1024 * 1024
"""Bytes of one record; a quote that nobody closes must not swallow a whole file."""

_RECORDS = re.compile(rb"(?:%b%b)*+" % (RECORD, NEW_LINE))
_QUOTE, _CARRIAGE_RETURN = b'"\r'
_UTF8_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Slicer:
    """Takes a file's bytes as they come, and gives slices that end where a record ends.

    A slice with a quote left open (`broken`) is a single line of which no more can be said.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._decoder: codecs.IncrementalDecoder | None = None
        self._started = False
        self.newline = b"\n"
        # How far the search for an end has come while quotes were open, and whether they were.
        self._seen = 0
        self._open = False

    def feed(self, data: bytes) -> None:
        """More bytes. UTF-16 with a mark is turned into UTF-8, other marks are left out."""
        self._buffer += data if self._decoder is None else self._decoder.decode(data).encode("utf-8", "replace")
        if not self._started and len(self._buffer) >= len(_UTF8_BOM):
            self._start()

    def _start(self) -> None:
        self._started = True
        if self._buffer.startswith(_UTF8_BOM):
            del self._buffer[: len(_UTF8_BOM)]
        elif self._buffer.startswith(_WIDE_BOMS):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
            whole = bytes(self._buffer)
            self._buffer = bytearray(self._decoder.decode(whole).encode("utf-8", "replace"))

    @property
    def waiting(self) -> int:
        """Bytes that are held."""
        return len(self._buffer)

    def header(self, *, end: bool = False) -> bytes | None:
        """The first record without its newline; None while it is not complete. Settles what a newline is."""
        if end and not self._started:
            self._start()
        place = self._header_end()
        if place is None:
            return self._taken(len(self._buffer)) if end else None
        record = bytes(self._buffer[:place])
        if self._buffer[place] == _CARRIAGE_RETURN:
            if place + 1 == len(self._buffer) and not end:
                return None
            if self._buffer[place + 1 : place + 2] == b"\n":
                place += 1
            else:
                self.newline = b"\r"
        self._taken(place + 1)
        return record

    def _header_end(self) -> int | None:
        quoted = False
        for place, byte in enumerate(self._buffer):
            if byte == _QUOTE:
                quoted = not quoted
            elif byte in b"\r\n" and not quoted:
                return place
        return None

    def slices(self, *, end: bool = False) -> Iterator[tuple[bytes, bool]]:
        """The slices that are complete, each with whether it is broken. At the `end` all that is left."""
        while self._buffer:
            # Cut in the same way however the bytes come.
            cut = self._end() if end or len(self._buffer) >= SLICE else 0
            if not cut and (end or len(self._buffer) > MAX_RECORD):
                if end and not self._buffer.endswith(self.newline):
                    self._buffer += self.newline
                # The records before the one whose quote is open are as good as any.
                found = _RECORDS.match(self._buffer, 0, MAX_RECORD)
                cut = found.end() if found else 0
                del found
                if not cut:
                    yield self._first_line(), True
                    continue
            if not cut:
                return
            yield self._taken(cut), False

    def _first_line(self) -> bytes:
        place = self._buffer.find(self.newline)
        return self._taken(place + 1 if place >= 0 else len(self._buffer))

    def _taken(self, size: int) -> bytes:
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._seen, self._open = 0, False
        return found

    def _end(self) -> int:
        """Where the last record ends that fits into a slice, or the first one that does not; 0 if none does."""
        buffer, newline = self._buffer, self.newline
        if not self._seen:
            place = buffer.rfind(newline, 0, SLICE)
            if place >= 0:
                if not buffer.count(b'"', 0, place) & 1:
                    return place + 1
                self._seen, self._open = place + 1, True
        while (place := buffer.find(newline, self._seen)) >= 0:
            if buffer.count(b'"', self._seen, place) & 1:
                self._open = not self._open
            self._seen = place + 1
            if not self._open:
                return place + 1
        return 0
