"""Every column type there and back on each engine: what `encode` writes is what the JSON templates show."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import introspect
from schema_gen.catalog.model import Column
from schema_gen.sql_literals import double, quote_bytes, quote_text
from schema_gen.types.column_types import encode, encode_compared, type_of
from schema_gen.types.type_rows import ROWS, OperatorGroup, TypeRow
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.harness.raw_session import RawSession, raw_session
from tests.harness.type_cases import CASES

pytestmark = pytest.mark.anyio

FLAVOURS = {EngineName.EMBEDDED: "oceanbase", EngineName.MARIADB: "mariadb", EngineName.MYSQL: "mysql"}


@dataclass(frozen=True, slots=True)
class Written:
    """One value in its column and row of the table `every`."""

    column: Column
    row: int
    value: object
    expected: object

    @property
    def type(self) -> TypeRow:
        """The row of the column's type."""
        return type_of(self.column)

    @property
    def name(self) -> str:
        """The column's name in SQL."""
        return f"`{self.column.name}`"

    def shown(self, stringify: bool) -> object:
        """The JSON value expected."""
        if stringify or self.type.number_sql is None:
            return self.expected
        return json.loads(str(self.expected))

    @property
    def about(self) -> str:
        """For messages of failures."""
        return f"{self.column.type.declared} <- {str(self.value)[:60]!r}"


@dataclass(frozen=True, slots=True)
class Every:
    """The table `every`: a column for each case, each value in a row of its own, everything else NULL."""

    session: RawSession
    flavour: str
    written: tuple[Written, ...]

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of the cases, by their names in SQL."""
        return {each.name: each.column for each in self.written}


@pytest.fixture(scope="module")
async def every(engine: Engine, module_database: str) -> AsyncIterator[Every]:
    """The table, written once for all tests that only read it."""
    with raw_session(engine, module_database) as session:
        yield Every(session, FLAVOURS[engine.name], tuple(await write_all(engine, session, module_database)))


async def write_all(engine: Engine, session: RawSession, database: str) -> list[Written]:
    """Makes and fills the table."""
    cases = [case for case in CASES if engine.name not in case.not_on]
    columns = ", ".join(f"c{index} {case.declared}" for index, case in enumerate(cases))
    engine.execute(f"CREATE TABLE every (id INT PRIMARY KEY, {columns})", database)
    table = build_catalog(await introspect(session.fetch, database)).tables["every"]
    written: list[Written] = []
    for index, case in enumerate(cases):
        for value, expected in case.values:
            written.append(Written(table.columns[f"c{index}"], len(written), value, expected))
    for each in written:
        literal = encode(each.value, each.column)
        head = f"INSERT INTO every (id, {each.name}) VALUES ({each.row}, ".encode()
        session.rows(head + literal + b")")
    return written


@pytest.mark.parametrize("stringify", [True, False])
async def test_every_type_comes_back_as_it_went_in(every: Every, stringify: bool) -> None:
    """`encode` and the JSON templates are each other's inverse, in one CONCAT over all types and character sets."""
    texts = {
        name: type_of(column).json_for(stringify, every.flavour).replace("{c}", name)
        for name, column in every.columns.items()
    }
    cells = [f"',\"{name.strip('`')}\":',IFNULL({text},'null')" for name, text in texts.items()]
    rows = every.session.rows(f"SELECT CONCAT('{{\"id\":',id,{','.join(cells)},'}}') FROM every ORDER BY id")
    for each, (cell,) in zip(every.written, rows, strict=True):
        found = json.loads(cell or b"")
        assert found.pop("id") == each.row
        value, expected = found.pop(each.column.name), each.shown(stringify)
        if each.type.scalar == "json" and every.flavour == "mariadb":
            value = json.loads(value)  # Sent as a text, and looked at when it arrives (`row_text`).
        assert (value, isinstance(value, bool)) == (expected, isinstance(expected, bool)), each.about
        assert set(found.values()) == {None}, each.about


async def test_every_value_is_found_by_itself(every: Every) -> None:
    """What is shown of a value finds its row, alone and in a list."""
    for each in every.written:
        if OperatorGroup.EQUALITY in each.type.operators:
            column = each.type.compared_for(every.flavour).replace("{c}", each.name).encode()
            literal = encode_compared(each.expected, each.column)
            found = every.session.rows(b"SELECT id FROM every WHERE %s=%s" % (column, literal))
            assert (b"%d" % each.row,) in found, each.about
            assert found == every.session.rows(b"SELECT id FROM every WHERE %s IN (%s,%s)" % (column, literal, literal))


async def test_every_value_is_found_by_its_key(every: Every) -> None:
    """The text of a key, turned back into a literal, finds the row."""
    for each in every.written:
        if OperatorGroup.ORDER in each.type.operators:
            text = each.type.key_sql.replace("{c}", each.name)
            key = every.session.cell(f"SELECT {text} FROM every WHERE id={each.row}")
            assert key is not None
            assert not set(key) & set(range(32)), each.about
            literal = each.type.key_literal(key)
            found = every.session.rows(b"SELECT id FROM every WHERE %s IN (%s)" % (each.name.encode(), literal))
            assert (b"%d" % each.row,) in found, each.about
            if each.type.exact_key:
                assert found == every.session.rows(f"SELECT id FROM every WHERE {text}='{key.decode()}'"), each.about


async def test_every_type_has_a_case() -> None:
    """No row of the table of types goes untested."""
    words = " ".join(case.declared.lower() for case in CASES)
    # `flag` is the name here of a TINYINT(1) that is shown by its truth.
    bases = {name.partition(" ")[0] for name in ROWS} - {"geomcollection", "flag"}
    assert {base for base in bases if base not in words} == set()


async def test_minimum_and_maximum_are_shown_like_the_column(every: Every) -> None:
    """The templates take an aggregate for the column."""
    for name, column in every.columns.items():
        row = type_of(column)
        if row.ranked:
            values = [each.expected for each in every.written if each.column == column]
            for function in ("MIN", "MAX"):
                text = row.figure_for(True, every.flavour).replace("{c}", f"{function}({name})")
                shown = json.loads(every.session.cell(f"SELECT {text} FROM every") or b"")
                assert shown in values, column.type.declared


@pytest.mark.parametrize(
    "text", ["", "'", "\\", "\\'", "a\0b", "\x1a", "\r\n", "%s", "{c}", "\U0001f600", "--", "/*", "\x7f\x80", "é" * 999]
)
async def test_literals_are_what_they_were_made_of(every: Every, text: str) -> None:
    """A literal has the bytes it was made of, whatever they are."""
    session = every.session
    # seekdb cuts the name of a nameless column in mid-character, and the driver fails to decode it.
    assert session.cell(b"SELECT %s AS x" % quote_text(text)) == text.encode()
    assert session.cell(b"SELECT %s AS x" % quote_bytes(text.encode())) == text.encode()


@settings(deadline=None, derandomize=True, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(max_size=50), min_size=1, max_size=20))
async def test_any_text_is_quoted_well(every: Every, texts: list[str]) -> None:
    """Many literals in one statement: none ends early, none runs into the next, none changes."""
    columns = b",".join(b"%s AS c%d" % (quote_text(text), place) for place, text in enumerate(texts))
    (row,) = every.session.rows(b"SELECT " + columns)
    assert row == tuple(text.encode() for text in texts)


@settings(deadline=None, derandomize=True, max_examples=20, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
async def test_any_double_is_written_exactly(every: Every, numbers: list[float]) -> None:
    """The server reads the literal as the same 64 bits: as JSON it shows the same number."""
    columns = b",".join(b"CONCAT(JSON_ARRAY(%s)) AS c%d" % (double(number), at) for at, number in enumerate(numbers))
    (row,) = every.session.rows(b"SELECT " + columns)
    assert [json.loads(cell or b"")[0] for cell in row] == numbers
