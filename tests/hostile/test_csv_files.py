"""Odd CSV files, CSV_FILES of them (800): each is read as Python's own csv reads it, however its bytes come."""

from __future__ import annotations

import os
import sys
from random import Random

import pytest

from graphql_app.csv_io.dialect import CsvDialect
from graphql_app.csv_io.record_end import RecordEnd
from tests.hostile.csv_files import check_csv_file, odd_file, read

COUNT = int(os.environ.get("CSV_FILES", "800"))
PARTS = 20


@pytest.mark.parametrize("part", range(PARTS))
def test_a_file_is_read_as_python_reads_it(part: int) -> None:
    for number in range(part, COUNT, PARTS):
        draw = Random(number)
        file = odd_file(draw)
        size = draw.choice((1, 2, 3, 7, 1000)) if len(file) < 2000 else draw.choice((999, 8192, 65536))
        try:
            check_csv_file(file, size, CsvDialect(draw.choice((",", ",", ";"))))
        except AssertionError as error:
            raise AssertionError(f"file {number} on Python {sys.version.split()[0]}: {file[:300]!r}") from error


def test_a_row_that_is_not_in_the_file_is_not_made() -> None:
    """Python before 3.11.5 cut the file within the record whose quote is open."""
    _, records, _ = read([b'name,email\nGood,good@x\n,"oops@x\nLast,l@x\n'], CsvDialect())
    assert records == [(b"Good,good@x\n", False), (b',"oops@x\n', True), (b"Last,l@x\n", False)]


def test_no_byte_is_looked_at_twice() -> None:
    end, data = RecordEnd(","), bytearray()
    for byte in b'a,"b""c\n",d\r':
        assert end.find(data) == -1
        data.append(byte)
        assert end.place in (len(data) - 1, len(data))
    assert end.find(data) == len(data) - 1
