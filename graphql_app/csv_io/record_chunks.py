"""CSV bytes cut anywhere -> slices of whole records, small enough that other work need not wait for one. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from graphql_app.csv_io.dialect import CsvDialect, as_utf8, decoder_of
from graphql_app.csv_io.record_end import RecordEnd

SLICE = 8 * 1024
"""Bytes of a slice: a fraction of a millisecond of work, for a read that comes meanwhile waits for a few of them."""
MAX_RECORD = 8 * 1024 * 1024
"""Bytes of one record; a quote that nobody closes must not swallow a whole file."""

_GUESS = 64 * 1024
"""Bytes within which an even number of quotes is taken for the end of a record, which the reader of rows can tell."""
_CARRIAGE_RETURN = b"\r"[0]
_UTF8_BOM = codecs.BOM_UTF8


class Slicer:
    """Takes a file's bytes as they come, and gives slices that end where a record ends.

    A slice with a quote left open (`broken`) is a single line of which no more can be said. Where else a slice ends is
    a guess from the number of quotes, wrong where they stand within cells without quotes: whoever reads the records
    gives back (`put_back`) what is no whole one, before it asks for the next slice.
    """

    broken = "A quoted cell is not closed"

    def __init__(self, dialect: CsvDialect | None = None) -> None:
        dialect = dialect or CsvDialect()
        self._buffer = bytearray()
        self._decoder = None if dialect.encoding == "utf-8" else decoder_of(dialect.encoding)
        self._started = False
        self.newline = b"\n"
        # How far the search for an end has come while quotes were open, and whether they were.
        self._seen = 0
        self._open = False
        # The search that knows, and the end of the last record that it found.
        self._search = RecordEnd(dialect.delimiter)
        self._sure = False
        self._found = 0
        self._back = 0

    def feed(self, data: bytes) -> None:
        """More bytes. What is not UTF-8 becomes it; a byte order mark is left out."""
        self._buffer += data if self._decoder is None else as_utf8(self._decoder.decode(data))
        if not self._started and len(self._buffer) >= len(_UTF8_BOM):
            self._start()

    def _start(self) -> None:
        self._started = True
        if self._buffer.startswith(_UTF8_BOM):
            del self._buffer[: len(_UTF8_BOM)]
            self._search.begin()

    def _end_of_file(self) -> None:
        if not self._started:
            self._start()
        if self._decoder is not None:
            self._buffer += as_utf8(self._decoder.decode(b"", True))

    @property
    def waiting(self) -> int:
        """Bytes that are held."""
        return len(self._buffer)

    def header(self, *, end: bool = False) -> bytes | None:
        """The next record without its newline; None while it is not complete. Settles what a newline is."""
        if end:
            self._end_of_file()
        place = self._search.find(self._buffer)
        if place < 0:
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

    def slices(self, *, end: bool = False) -> Iterator[tuple[bytes, bool]]:
        """The slices that are complete, each with whether it is broken. At the `end` all that is left."""
        if end:
            self._end_of_file()
            if self._buffer and not self._buffer.endswith((b"\n", b"\r")):
                self._buffer += self.newline
        while self._buffer:
            # Cut in the same way however the bytes come.
            cut = self._end(end=end) if end or len(self._buffer) > SLICE else 0
            if cut:
                yield bytes(self._buffer[:cut]), False
                self._taken(cut - self._back)
                self._sure, self._back = self._back > 0, 0
            elif end or len(self._buffer) > MAX_RECORD:
                yield self._first_line(), True
            else:
                return

    def put_back(self, size: int) -> None:
        """So many bytes at the end of the slice at hand are the beginning of a record that does not end there."""
        assert not self._sure
        self._back = size

    def _first_line(self) -> bytes:
        place = self._buffer.find(self.newline)
        return self._taken(place + 1 if 0 <= place < MAX_RECORD else min(len(self._buffer), MAX_RECORD))

    def _taken(self, size: int) -> bytes:
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._seen, self._open = 0, False
        self._search.begin()
        self._sure, self._found = False, 0
        return found

    def _end(self, *, end: bool) -> int:
        """Where the last record ends that fits into a slice, or the first one that does not; 0 if none does yet."""
        if not self._sure:
            guess = self._guess(end=end)
            if guess or (not end and len(self._buffer) <= _GUESS):
                return guess
            self._sure = True
        return self._sure_end(end=end)

    def _guess(self, *, end: bool) -> int:
        buffer, newline = self._buffer, self.newline
        if not self._seen:
            place = buffer.rfind(newline, 0, SLICE)
            if place >= 0:
                if not buffer.count(b'"', 0, place) & 1:
                    return self._behind(place)
                self._seen, self._open = place + 1, True
        while 0 <= (place := buffer.find(newline, self._seen)) < _GUESS:
            # What follows a lone carriage return tells whether it is a newline of its own.
            if newline == b"\r" and place + 1 == len(buffer) and not end:
                return 0
            if buffer.count(b'"', self._seen, place) & 1:
                self._open = not self._open
            self._seen = place + 1
            if not self._open:
                return self._behind(place)
        return 0

    def _sure_end(self, *, end: bool) -> int:
        buffer, search = self._buffer, self._search
        while (place := search.find(buffer)) >= 0 and (end or place + 1 < len(buffer)):
            behind = self._behind(place)
            if behind > SLICE:
                return self._found or (behind if behind <= MAX_RECORD else 0)
            self._found = behind
            search.begin(behind)
        # What is not complete yet does not fit either.
        return self._found if end or search.place > SLICE else 0

    def _behind(self, place: int) -> int:
        """The place behind the newline at `place`."""
        both = self._buffer[place : place + 2] == b"\r\n"
        return place + (2 if both else 1)
