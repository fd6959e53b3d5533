"""CSV bytes -> records -> rows of literals: cut anywhere, by the quick way and by the careful one, which must agree."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings, strategies as st

from graphql_app.csv_io.bad_rows import BadRows
from graphql_app.csv_io.cells import BadCell, BadRow, literals, split
from graphql_app.csv_io.dialect import CsvDialect
from graphql_app.csv_io.fast_path import ROW_END, FastPathRows
from graphql_app.csv_io.file_name import table_of
from graphql_app.csv_io.record_chunks import MAX_RECORD, SLICE, Slicer
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, ColumnType

SAME = settings(deadline=None, derandomize=True, max_examples=300)
"""The same examples each time, however busy the machine."""


def column(base: str, *, nullable: bool = True, **parts: object) -> Column:
    """A column of a type."""
    return Column("c", ColumnType(base, **parts), nullable, 1)  # type: ignore[arg-type]


TYPES = [
    *(column(base, unsigned=unsigned) for base in ("smallint", "int", "bigint") for unsigned in (False, True)),
    column("tinyint", length=4),
    column("tinyint", length=1),
    column("bit", length=1),
    column("bit", length=3),
    column("bit", length=64),
    column("decimal", precision=5, scale=2),
    column("decimal", precision=3, scale=3, unsigned=True),
    column("decimal", precision=4, scale=0),
    column("float"),
    column("double", unsigned=True),
    column("date"),
    column("datetime", precision=3),
    column("timestamp", precision=0),
    column("time", precision=2),
    column("year"),
    column("varchar", length=3),
    column("varchar", length=3, nullable=False),
    column("text", nullable=False),
    column("int", nullable=False),
    column("enum", members=("a", "b c"), nullable=False),
    column("set", members=("a", "b")),
    column("varbinary", length=4),
    column("json"),
]

NUMBER = st.builds(
    lambda sign, number, near: f"{sign}{max(number + near, 0)}",
    st.sampled_from(["", "-", "+"]),
    st.sampled_from([0, 1, 9, 99, 128, 256, 999, 32768, 65536, 2**31, 2**32, 10**9, 2 * 10**9, 2**63, 2**64, 10**19]),
    st.integers(-2, 2),
)
TWO = st.integers(0, 61).map("{:02}".format)
CELL = st.one_of(
    NUMBER,
    st.builds("{}.{}".format, NUMBER, st.integers(0, 2000)),
    st.builds("{}{}e{}".format, st.sampled_from(["", "-"]), st.integers(0, 99), st.integers(-3, 40)),
    st.builds("{:04}-{}-{}".format, st.sampled_from([0, 1900, 1969, 1970, 2023, 2024, 2038, 9999]), TWO, TWO),
    st.builds("{}-{}-{} {}:{}:{}".format, st.sampled_from([1970, 2024, 2038]), TWO, TWO, TWO, TWO, TWO),
    st.builds("{}{}:{}:{}".format, st.sampled_from(["", "-", "8", "9"]), TWO, TWO, TWO),
    st.integers(1899, 2160).map(str),
    st.sampled_from(["a", "b c", "a,b", "b,a", "", "true", "NULL", "null", "YWJj", '"', "\\", "\\'", "éé"]),
    st.text(st.sampled_from('ab"\\é,😀 \n'), max_size=5),
)


def quoted(text: str) -> str:
    """The cell in quotes."""
    return '"' + text.replace('"', '""') + '"'


def record_of(text: str, in_quotes: bool) -> bytes:
    """A record of one cell, its newline behind it."""
    plain = not in_quotes and not re.search('[",\r\n]', text)
    return (text if plain else quoted(text)).encode() + b"\n"


def rows_of(columns: list[Column | None], text: bytes, *, common: bool) -> tuple[list[bytes], list[int], list[int]]:
    """The rows with their lines, and the lines that went the careful way."""
    careful_lines = []

    def careful(record: bytes, line: int) -> bytes | None:
        careful_lines.append(line)
        try:
            return b"(" + b",".join(literals(columns, split(record.rstrip(b"\r\n")))) + b")"
        except BadCell:
            return None

    made = FastPathRows(columns, careful, b"\n", CsvDialect(), common=common).rows(text, 2)
    assert made.count == text.count(b"\n")
    return made.text.split(ROW_END) if made.lines else [], made.lines, sorted(careful_lines)


@pytest.mark.parametrize("place", range(len(TYPES)), ids=lambda place: f"{TYPES[place].type.base}-{place}")
@SAME
@given(st.data())
def test_the_quick_way_takes_nothing_that_the_careful_one_refuses(place: int, data: st.DataObject) -> None:
    kind = TYPES[place]
    text, in_quotes = data.draw(CELL), data.draw(st.booleans())
    record = record_of(text, in_quotes)
    rows, _, careful = rows_of([kind], record, common=True)
    again, _, _ = rows_of([kind], record, common=False)
    assert len(rows) == len(again)
    if not careful:
        cell = split(record[:-1])
        assert literals([kind], cell), record


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (column("int"), "-1999999999"),
        (column("int", unsigned=True), "3999999999"),
        (column("bigint"), "-8999999999999999999"),
        (column("tinyint", length=4), "-99"),
        (column("decimal", precision=5, scale=2), "-999.99"),
        (column("double"), "-1.5e-3"),
        (column("date"), "2023-12-31"),
        (column("date"), "2024-02-28"),
        (column("datetime", precision=3), "2024-11-30 23:59:59.123"),
        (column("timestamp", precision=0), "2037-11-30 23:59:59"),
        (column("time", precision=0), "-799:59:59"),
        (column("varchar", length=3), '"a"""'),
        (column("varchar", length=3), "abc"),
        (column("text"), '"a,\n\\"'),
        (column("enum", members=("a", "b c")), '"b c"'),
        (column("year"), "2024"),
    ],
)
def test_what_is_common_goes_the_quick_way(kind: Column, text: str) -> None:
    _, lines, careful = rows_of([kind], text.encode() + b"\n", common=True)
    assert (len(lines), careful) == (1, [])


@pytest.mark.parametrize("cell", [b'"a"', b'"a""b"', b"a", b'""', b'"aaaaaaaaaaaaaaaaaaaa"'])
def test_a_row_whose_last_cell_does_not_fit_is_not_tried_in_many_ways(cell: bytes) -> None:
    """Each way to read a cell would double the time with every column: 8 s for 24 of them once."""
    columns: list[Column | None] = [*[column("varchar", length=10)] * 40, column("date")]
    started = time.process_time()
    _, _, careful = rows_of(columns, b",".join([cell] * 40) + b",no date\n", common=True)
    assert careful == [2]
    assert time.process_time() - started < 5


@SAME
@given(st.lists(st.tuples(CELL, st.booleans(), CELL, st.booleans()), max_size=8))
def test_rows_and_lines_are_those_of_the_careful_way(records: list[tuple[str, bool, str, bool]]) -> None:
    """Also where refused records, records of several lines and common ones follow each other."""
    columns: list[Column | None] = [column("int"), None, column("varchar", length=3)]
    text = b"".join(
        record_of(one, quotes)[:-1] + b",ignored," + record_of(other, others) for one, quotes, other, others in records
    )
    rows, lines, _ = rows_of(columns, text, common=True)
    again, lines_again, _ = rows_of(columns, text, common=False)
    assert lines == lines_again
    assert [first_number(row) for row in rows] == [first_number(row) for row in again]


def first_number(row: bytes) -> int | None:
    """The first literal of a row, a number or NULL."""
    text = row[1:].split(b",")[0].strip(b'"')
    return None if text == b"NULL" else int(text)


@SAME
@given(
    st.lists(CELL, min_size=1, max_size=30),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_a_file_cut_anywhere_gives_whole_records(cells: list[str], newline: str, cuts: list[int]) -> None:
    """Whatever the cuts: the slices are the file, and each ends where a record ends."""
    body = "".join(quoted(cell.replace("\n", "")) + newline for cell in cells).encode()
    slicer, taken, at, turn = Slicer(), [], 0, 0
    data = b"head" + newline.encode() + body
    header = None
    while at < len(data):
        size = cuts[turn % len(cuts)]
        slicer.feed(data[at : at + size])
        at, turn = at + size, turn + 1
        if header is None:
            header = slicer.header()
        if header is not None:
            taken += list(slicer.slices())
    if header is None:
        header = slicer.header(end=True)
    taken += list(slicer.slices(end=True))
    assert header == b"head"
    assert not any(broken for _, broken in taken)
    # What follows a lone carriage return tells whether it is a newline of its own.
    assert b"".join(part for part, _ in taken).strip(b"\n") == body.strip(b"\n")
    assert all(part.count(b'"') % 2 == 0 and part.endswith((b"\r", b"\n")) for part, _ in taken)


def test_slices_are_short_and_a_long_record_is_one() -> None:
    slicer = Slicer()
    slicer.feed(b"a\n")
    assert slicer.header() == b"a"
    long = b'"' + b"x\n" * SLICE + b'"\n'
    slicer.feed(b"short\n" * SLICE + long + b"end\n")
    parts = [part for part, _ in slicer.slices(end=True)]
    assert b"".join(parts) == b"short\n" * SLICE + long + b"end\n"
    assert all(len(part) <= SLICE for part in parts if b"x" not in part)


def test_a_header_that_comes_byte_by_byte_is_looked_at_once() -> None:
    """Twice the header costs twice the time, not four times."""
    seconds = []
    for size in (30_000, 120_000):
        slicer, started = Slicer(), time.process_time()
        for _ in range(size):
            slicer.feed(b"x")
            assert slicer.header() is None
        seconds.append(time.process_time() - started)
    assert seconds[1] < 10 * seconds[0]


@pytest.mark.parametrize("cell", [b'"a""b"', b'"aaaa""aaaa"', b"1.5"])
def test_a_wide_row_costs_what_its_cells_do(cell: bytes) -> None:
    """What repeats within a pattern saves all groups before it: four times the columns cost four times the time."""
    seconds = []
    for width in (500, 2000):
        columns: list[Column | None] = [*[column("text")] * width, column("date")]
        quick = FastPathRows(columns, lambda _record, _line: None, b"\n", CsvDialect(), common=True)
        text = b",".join([cell] * width) + b",no date\n"
        started = time.process_time()
        for _ in range(20):
            quick.rows(text, 2)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 10 * seconds[0]


def test_the_file_of_refused_rows_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql_app.csv_io.bad_rows.MOST", 1000)
    with BadRows(keep_all=True) as bad:
        for line in range(10_000):
            bad.add(BadRow(line, "c", Code.INVALID_VALUE, "no"))
        text = b"".join(bad.chunks())
    assert len(text) < 1200
    assert text.endswith(b"More rows are refused from here on\r\n")


def test_an_open_quote_does_not_swallow_the_file() -> None:
    slicer = Slicer()
    slicer.feed(b"a\n")
    slicer.header()
    slicer.feed(b'"open\n' + b"row\n" * (MAX_RECORD // 4))
    parts = list(slicer.slices())
    assert parts[0] == (b'"open\n', True)
    assert slicer.waiting + sum(len(part) for part, _ in parts) == 6 + MAX_RECORD // 4 * 4


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("users.csv", "users"),
        ("Üser s.CSV", "Üser s"),
        ("a.b.csv", "a.b"),
        ("u (1).csv", "u"),
        ("u.tsv", "u"),
        ("u.txt", "u"),
        ("U.NDJSON", "U"),
        ("u.jsonl", "u"),
    ],
)
def test_a_file_name_names_a_table(name: str, table: str) -> None:
    assert table_of(name) == table


@pytest.mark.parametrize(
    "name", ["", ".csv", "users", "users.json", "a/b.csv", "a\\b.csv", "a\0.csv", " a.csv", "..csv"]
)
def test_other_names_name_none(name: str) -> None:
    with pytest.raises(RequestError):
        table_of(name)
