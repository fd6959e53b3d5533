"""The refused rows of an import: the first ones in memory, all of them in a file where that is wanted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO

from graphql_app.csv_io.cells import BadRow
from graphql_app.csv_io.record_lines import header_line

SHOWN = 1000
"""Refused rows that an answer names."""

MOST = 64 * 1024 * 1024
"""Bytes of the file of all refused rows."""
_IN_MEMORY = 1024 * 1024
_CHUNK = 64 * 1024
_COLUMNS = ("line", "column", "code", "message")


class BadRows:
    """Takes refused rows as they are found. Use it in a `with`."""

    def __init__(self, *, keep_all: bool = False) -> None:
        self.first: list[BadRow] = []
        self._file: IO[bytes] | None = None
        self._full = False
        if keep_all:
            self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
            self._file.write(header_line(_COLUMNS))

    def __enter__(self) -> BadRows:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deletes the file."""
        if self._file is not None:
            self._file.close()

    def add(self, row: BadRow) -> None:
        """One more."""
        if len(self.first) < SHOWN:
            self.first.append(row)
        if self._file is not None and self._file.tell() >= MOST:
            if not self._full:
                self._file.write(f"{row.line},,{row.code},More rows are refused from here on\r\n".encode())
            self._full = True
        elif self._file is not None:
            message = row.message.replace('"', '""')
            column = (row.column or "").replace('"', '""')
            self._file.write(f'{row.line},"{column}",{row.code},"{message}"\r\n'.encode())

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes, all refused rows as CSV."""
        if self._file is not None:
            self._file.seek(0)
            while data := self._file.read(_CHUNK):
                yield data
