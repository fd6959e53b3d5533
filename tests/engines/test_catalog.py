"""The catalog of an odd schema, and every column type there and back, on each engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from schema_gen.build_catalog import build_catalog
from schema_gen.catalog import Cardinality, Catalog, Column, Key, TableKind
from schema_gen.column_types import ROWS, OperatorGroup, TypeRow, encode, encode_compared, type_of
from schema_gen.introspect import Fetch, RawRow, Rows, fingerprint, introspect
from schema_gen.literals import quote_bytes, quote_text
from schema_gen.naming import build_names
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

FLAVOURS = {EngineName.EMBEDDED: "oceanbase", EngineName.MARIADB: "mariadb", EngineName.MYSQL: "mysql"}
SESSION = (
    "SET sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO', time_zone='+00:00'"
)


@dataclass(frozen=True, slots=True)
class Session:
    """A connection that shows every cell as the bytes the server sent, as the program's own driver does."""

    connection: Any

    def rows(self, sql: str | bytes) -> Sequence[RawRow]:
        """Runs one statement; refuses those that only warn, so that no value is cut or rounded unseen."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            found: Sequence[RawRow] = cursor.fetchall()
            assert cursor.warning_count == 0, sql
        return found

    def cell(self, sql: str | bytes) -> bytes | None:
        """The only cell of the only row."""
        ((found,),) = self.rows(sql)
        return found

    def fetch(self) -> Fetch:
        """What introspection is given."""

        async def fetch(sql: str) -> Sequence[RawRow]:
            with self.connection.cursor() as cursor:
                cursor.execute(sql)
                found: Sequence[RawRow] = cursor.fetchall()
            return found

        return fetch


@contextmanager
def session_in(engine: Engine, database: str) -> Iterator[Session]:
    """A raw session in `database`."""
    with engine.connect(database, conv={}, use_unicode=False, init_command=SESSION) as connection:
        yield Session(connection)


@pytest.fixture
def session(engine: Engine, database: str) -> Iterator[Session]:
    """A raw session in an empty database."""
    with session_in(engine, database) as made:
        yield made


# --- every column type ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """A declaration, and the values written to it with the JSON that comes back."""

    declared: str
    values: tuple[tuple[object, object], ...]
    not_on: tuple[EngineName, ...] = ()


def same(*values: object) -> tuple[tuple[object, object], ...]:
    """Values that come back as they went in."""
    return tuple((value, value) for value in values)


ONLY_MYSQL = (EngineName.EMBEDDED, EngineName.MARIADB)
ONLY_MARIADB = (EngineName.EMBEDDED, EngineName.MYSQL)
NOT_EMBEDDED = (EngineName.EMBEDDED,)

EVERY_CHARACTER = "".join(map(chr, range(1, 0x180))) + "\0\u2028\ud7ff\ue000\uffff\U0001f600\U0010ffff"
SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [2, 1], [2, 2], [1, 1]]
POINT = {"type": "Point", "coordinates": [1.5, -2.25]}
LINE = {"type": "LineString", "coordinates": [[0, 0], [0.1, 123456789.12345679]]}

CASES = (
    Case("TINYINT", same(-128, 127, 0)),
    Case("TINYINT UNSIGNED", (*same(0, 255), ("7", 7))),
    Case("TINYINT(1)", (*same(True, False), (1, True), ("false", False))),
    Case("BOOLEAN", same(True, False)),
    Case("SMALLINT", same(-32768, 32767)),
    Case("SMALLINT UNSIGNED", same(65535)),
    Case("MEDIUMINT", same(-8388608, 8388607)),
    Case("MEDIUMINT UNSIGNED", same(16777215)),
    Case("INT", (*same(-2147483648, 2147483647), (30.0, 30))),
    Case("INT UNSIGNED", ((4294967295, "4294967295"), ("0", "0"))),
    Case("INT(8) ZEROFILL", ((42, "42"), (0, "0"))),
    Case("TINYINT(1) ZEROFILL", same(0, 7)),
    Case("SMALLINT(6) ZEROFILL", same(42)),
    Case("BIGINT", (*same("-9223372036854775808", "9223372036854775807"), (5, "5"))),
    Case("BIGINT UNSIGNED", same("18446744073709551615", "9007199254740993")),
    Case("BIGINT(20) ZEROFILL", same("18446744073709551615", "7")),
    Case("BIT(1)", same(True, False)),
    Case("BIT", same(True)),
    Case("BIT(5)", same(21, 0, 31)),
    Case("BIT(31)", same(2147483647)),
    Case("BIT(32)", same("4294967295", "0")),
    Case("BIT(64)", same("18446744073709551615", "9007199254740993")),
    Case("DECIMAL(10,2)", (*same("12345678.90", "-0.01", "0.00"), (1.5, "1.50"), (-7, "-7.00"), ("1e3", "1000.00"))),
    Case("DECIMAL(65,30)", same("-" + "9" * 35 + "." + "9" * 30, "0." + "0" * 29 + "1")),
    Case("DECIMAL(65,0)", same("9" * 65, "0")),
    Case("DECIMAL(5) UNSIGNED", same("99999")),
    Case("DECIMAL(8,2) ZEROFILL", same("1.50", "123456.78")),
    Case("FLOAT", same(9.99, 0.1, 0, -2.5, 1e-30, 1e38, 16777216.0)),
    Case("FLOAT UNSIGNED", same(1.25)),
    Case("FLOAT ZEROFILL", same(1.25)),
    Case("FLOAT(7,3)", same(1.1, -0.5, 1234.5)),
    Case(
        "DOUBLE",
        (
            *same(0.1, 0.30000000000000004, 5e-324, 1.7976931348623157e308, -2.2250738585072014e-308),
            *same(123456789012345680.0, 9007199254740993.0, 0, 1e22, -1e-7),
        ),
    ),
    Case("DOUBLE(10,4)", same(2.5, -123456.7891)),
    Case("DOUBLE ZEROFILL", same(1.25)),
    Case("DATE", same("2024-02-29", "1000-01-01", "9999-12-31", "0001-01-01")),
    Case("TIME", (*same("13:45:00", "-838:59:59", "838:59:59", "00:00:00"), ("1:02", "01:02:00"))),
    Case("TIME(6)", same("-12:30:00.000001", "100:00:00.500000")),
    Case(
        "DATETIME",
        (
            *same("2024-02-29T13:45:00", "9999-12-31T23:59:59"),
            ("2024-02-29 13:45", "2024-02-29T13:45:00"),
            ("2024-02-29", "2024-02-29T00:00:00"),
            ("2024-03-01T01:00:00+02:30", "2024-02-29T22:30:00"),
        ),
    ),
    Case(
        "DATETIME(6)",
        (*same("2024-02-29T13:45:00.123456"), ("2024-02-29T13:45:00.5Z", "2024-02-29T13:45:00.500000")),
    ),
    Case(
        "TIMESTAMP NULL",
        (
            ("2024-02-29T13:45:00", "2024-02-29T13:45:00+00:00"),
            ("2024-02-29T13:45:00Z", "2024-02-29T13:45:00+00:00"),
            ("2038-01-19T03:14:07+00:00", "2038-01-19T03:14:07+00:00"),
        ),
    ),
    Case("TIMESTAMP(3) NULL", (("2024-02-29T13:45:00.125-0800", "2024-02-29T21:45:00.125+00:00"),)),
    Case("YEAR", (*same(1901, 2155, 0, 2024), ("1999", 1999))),
    Case("CHAR(10)", same("", "ab", "Ünï", "\U0001f600")),
    Case("VARCHAR(700)", same("", "it's", 'a"b', "back\\slash", "\\'", "%_", EVERY_CHARACTER, "'; DROP TABLE t; --")),
    Case("VARCHAR(100) COLLATE utf8mb4_bin", same("É", "a\nb\r\t\0\x1a")),
    Case("VARCHAR(100) CHARACTER SET latin1", same("é'\"\\"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET gbk", same("中'\\文"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET utf8mb3", same("é中"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET ucs2", same("é中"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET ascii", same("a'\\"), not_on=NOT_EMBEDDED),
    Case("TEXT CHARACTER SET latin1", same("é\n"), not_on=NOT_EMBEDDED),
    Case("TINYTEXT", same("ä")),
    Case("TEXT", same("x" * 60000, "")),
    Case("MEDIUMTEXT", same("\0é\U0001f600" * 1000)),
    Case("LONGTEXT", same("'" * 100)),
    Case("BINARY(4)", (("AP8Q", "AP8QAA=="), ("AQIDBA==", "AQIDBA=="))),
    Case("VARBINARY(300)", same("", "AA==", "/w==", "A" * 400)),
    Case("TINYBLOB", same("AP8Q")),
    Case("BLOB", same("", "AAEC" * 200)),
    Case("MEDIUMBLOB", same("AP8Q")),
    Case("LONGBLOB", same("AP8Q")),
    Case("ENUM('a','b''c','d,e','\\\\x','é','\"q\"','')", same("a", "b'c", "d,e", "\\x", "é", '"q"', "")),
    Case("ENUM('é','ü') CHARACTER SET latin1", same("é", "ü"), not_on=NOT_EMBEDDED),
    Case(
        "SET('a','b''c','é','\"q\"','\\\\')",
        (*same([], ["a"], ["a", "b'c", "é", '"q"', "\\"]), ("é,a", ["a", "é"]), (["\\", "a"], ["a", "\\"]), ("", [])),
    ),
    Case(
        "JSON",
        same(
            {"b": [1, 2.5, None, True, {"x": "'\"\\\n\0é\U0001f600"}], "a": {}},
            *([], "text", "", 5, -1.5, False, [[]], {"": ""}, 9007199254740993, "\ud7ff"),
        ),
    ),
    Case("GEOMETRY", same(POINT, LINE, {"type": "GeometryCollection", "geometries": [POINT, LINE]})),
    Case("GEOMETRY", same({"type": "GeometryCollection", "geometries": []})),
    Case("POINT", same(POINT, {"type": "Point", "coordinates": [1e-300, 200]})),
    Case("LINESTRING", same(LINE)),
    Case("POLYGON", same({"type": "Polygon", "coordinates": [SQUARE, HOLE]})),
    Case("MULTIPOINT", same({"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]})),
    Case("MULTILINESTRING", same({"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 4]]]})),
    Case("MULTIPOLYGON", same({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE, HOLE]]})),
    Case("GEOMETRYCOLLECTION", same({"type": "GeometryCollection", "geometries": [POINT]})),
    Case("POINT SRID 4326", same({"type": "Point", "coordinates": [-122.5, 37.25]}), not_on=ONLY_MYSQL),
    Case("UUID", same("123e4567-e89b-12d3-a456-426655440000"), not_on=ONLY_MARIADB),
    Case("INET4", same("192.168.0.1"), not_on=ONLY_MARIADB),
    Case("INET6", (*same("2001:db8::ff"), ("::0001", "::1")), not_on=ONLY_MARIADB),
    Case("VECTOR(3)", same([1, 2.5, -3]), not_on=(EngineName.MARIADB,)),
)


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

    session: Session
    flavour: str
    written: tuple[Written, ...]

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of the cases, by their names in SQL."""
        return {each.name: each.column for each in self.written}


@pytest.fixture(scope="module")
async def every(engine: Engine, module_database: str) -> AsyncIterator[Every]:
    """The table, written once for all tests that only read it."""
    with session_in(engine, module_database) as session:
        yield Every(session, FLAVOURS[engine.name], tuple(await write_all(engine, session, module_database)))


async def write_all(engine: Engine, session: Session, database: str) -> list[Written]:
    """Makes and fills the table."""
    cases = [case for case in CASES if engine.name not in case.not_on]
    columns = ", ".join(f"c{index} {case.declared}" for index, case in enumerate(cases))
    engine.execute(f"CREATE TABLE every (id INT PRIMARY KEY, {columns})", database)
    table = build_catalog(await introspect(session.fetch(), database)).tables["every"]
    written = []
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
    cells = [
        f"',\"{column.name}\":',IFNULL({type_of(column).json_for(stringify, every.flavour).replace('{c}', name)},'null')"
        for name, column in every.columns.items()
    ]
    rows = every.session.rows(f"SELECT CONCAT('{{\"id\":',id,{','.join(cells)},'}}') FROM every ORDER BY id")
    for each, (cell,) in zip(every.written, rows, strict=True):
        found = json.loads(cell or b"")
        assert found.pop("id") == each.row
        value, expected = found.pop(each.column.name), each.shown(stringify)
        assert (value, isinstance(value, bool)) == (expected, isinstance(expected, bool)), each.about
        assert set(found.values()) == {None}, each.about


async def test_every_value_is_found_by_itself(every: Every) -> None:
    """`encode_compared` finds the row again, alone and in a list."""
    for each in every.written:
        if OperatorGroup.EQUALITY in each.type.operators:
            column = each.type.compared_for(every.flavour).replace("{c}", each.name).encode()
            literal = encode_compared(each.value, each.column)
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
    bases = {name.partition(" ")[0] for name in ROWS} - {"geomcollection"}
    assert {base for base in bases if base not in words} == set()


async def test_minimum_and_maximum_are_shown_like_the_column(every: Every) -> None:
    """The templates take an aggregate for the column."""
    for name, column in every.columns.items():
        row = type_of(column)
        if row.ranked:
            values = [each.expected for each in every.written if each.column == column]
            for function in ("MIN", "MAX"):
                text = row.json_for(True, every.flavour).replace("{c}", f"{function}({name})")
                assert json.loads(every.session.cell(f"SELECT {text} FROM every") or b"") in values, column.type.declared


@pytest.mark.parametrize(
    "text", ["", "'", "\\", "\\'", "a\0b", "\x1a", "\r\n", "%s", "{c}", "\U0001f600", "--", "/*", "\x7f\x80", "é" * 999]
)
async def test_literals_are_what_they_were_made_of(session: Session, text: str) -> None:
    """A literal has the bytes it was made of, whatever they are."""
    assert session.cell(b"SELECT " + quote_text(text)) == text.encode()
    assert session.cell(b"SELECT " + quote_bytes(text.encode())) == text.encode()


# --- an odd schema ----------------------------------------------------------

ODD = """
CREATE TABLE customers (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL COMMENT 'where mail goes',
  nick VARCHAR(50), UNIQUE KEY by_email (email), UNIQUE KEY by_nick (nick), UNIQUE KEY by_start (email(5), nick)
) COMMENT='who buys';
CREATE TABLE orders (
  id INT AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, gift_for_id INT UNSIGNED, author INT UNSIGNED,
  state ENUM('new','it''s','a,b') NOT NULL DEFAULT 'it''s', note VARCHAR(20) DEFAULT 'NULL', nothing INT DEFAULT NULL,
  made DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, total DECIMAL(10,2) NOT NULL, doc JSON,
  double_total DECIMAL(12,2) GENERATED ALWAYS AS (total * 2) VIRTUAL,
  triple_total DECIMAL(12,2) GENERATED ALWAYS AS (total * 3) STORED,
  KEY mixed (state, note(5), total), KEY reversed (total DESC, id), FULLTEXT KEY words (note),
  CONSTRAINT buyer FOREIGN KEY (customer_id) REFERENCES customers (id),
  CONSTRAINT gift FOREIGN KEY (gift_for_id) REFERENCES customers (id),
  CONSTRAINT writer FOREIGN KEY (author) REFERENCES customers (id)
);
CREATE TABLE `order lines` (
  order_id INT NOT NULL, `line-no` INT NOT NULL, `2nd` INT, PRIMARY KEY (order_id, `line-no`),
  CONSTRAINT l1 FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE TABLE parcels (
  id INT PRIMARY KEY, order_id INT NOT NULL, line_no INT, CONSTRAINT p1 FOREIGN KEY (order_id, line_no)
  REFERENCES `order lines` (order_id, `line-no`)
);
CREATE TABLE categories (
  id INT PRIMARY KEY, parent_id INT, categories INT, CONSTRAINT up FOREIGN KEY (parent_id) REFERENCES categories (id)
);
CREATE TABLE profiles (
  customer_id INT UNSIGNED PRIMARY KEY, CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
);
CREATE TABLE `sélect` (`select` INT PRIMARY KEY, `a``b` INT);
CREATE TABLE no_key (a INT);
CREATE TABLE graphql_app_ledger (id INT PRIMARY KEY);
CREATE VIEW plain_view AS SELECT id, email FROM customers;
CREATE VIEW counting_view AS SELECT COUNT(*) AS n FROM customers;
CREATE TABLE gone (x INT);
CREATE VIEW broken_view AS SELECT x FROM gone;
DROP TABLE gone;
CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = 'touched';
"""


@pytest.fixture(scope="module")
async def odd_rows(engine: Engine) -> Rows:
    """What introspection finds in the odd schema."""
    with engine.database(ODD) as name, session_in(engine, name) as session:
        return await introspect(session.fetch(), name)


@pytest.fixture
def odd(odd_rows: Rows) -> Catalog:
    """The catalog of the odd schema."""
    return build_catalog(odd_rows)


async def read(session: Session, database: str) -> Catalog:
    """The catalog of `database`."""
    return build_catalog(await introspect(session.fetch(), database))


async def test_tables_views_and_what_is_left_out(engine: Engine, odd: Catalog) -> None:
    """Broken views are reported, the ledger is not even mentioned."""
    catalog = odd
    assert set(catalog.tables) == {
        *("customers", "orders", "order lines", "parcels", "categories", "profiles", "sélect", "no_key"),
        *("plain_view", "counting_view"),
    }
    assert [(each.name, "view" in each.reason) for each in catalog.skipped] == [("broken_view", True)]
    assert not any("ledger" in text for text in (*catalog.notes, repr(catalog)))
    view = catalog.tables["plain_view"]
    assert (view.kind, view.primary_key, view.keys, view.comment) == (TableKind.VIEW, None, (), "")
    assert view.writable is (engine.name is not EngineName.EMBEDDED)
    assert catalog.tables["counting_view"].writable is False
    orders = catalog.tables["orders"]
    assert (orders.kind, orders.writable, orders.transactional) == (TableKind.TABLE, True, True)
    assert [table.name for table in catalog if table.has_triggers] == ["orders"]
    assert catalog.tables["customers"].comment == "who buys"
    assert catalog.tables["customers"].columns["email"].comment == "where mail goes"


async def test_columns_of_an_odd_table(odd: Catalog) -> None:
    """Defaults, generated columns and members are the same values on each engine."""
    columns = odd.tables["orders"].columns
    assert [column.name for column in columns.values() if column.generated] == ["double_total", "triple_total"]
    assert [column.name for column in columns.values() if not column.has_default] == ["customer_id", "total"]
    assert [column.name for column in columns.values() if column.on_update] == ["made"]
    assert [column.name for column in columns.values() if column.auto_increment] == ["id"]
    assert (columns["state"].default, columns["state"].type.members) == ("it's", ("new", "it's", "a,b"))
    assert (columns["note"].default, columns["nothing"].default) == ("NULL", None)
    assert (columns["double_total"].default, columns["made"].type.base) == (None, "datetime")
    total = columns["total"].type
    assert (total.base, total.precision, total.scale, columns["total"].nullable) == ("decimal", 10, 2, False)
    assert columns["doc"].type.base == "json"
    assert columns["customer_id"].type.unsigned
    assert [column.ordinal for column in columns.values()] == list(range(1, len(columns) + 1))


async def test_keys_and_indexes_of_an_odd_table(odd: Catalog) -> None:
    """A key over a prefix identifies nothing; an index serves up to its first part that is not a whole column."""
    tables = odd.tables
    assert tables["customers"].keys == (
        Key("PRIMARY", ("id",)),
        Key("by_email", ("email",)),
        Key("by_nick", ("nick",), nullable=True),
    )
    assert tables["order lines"].primary_key == Key("PRIMARY", ("order_id", "line-no"))
    assert (tables["no_key"].primary_key, tables["no_key"].keys) == (None, ())
    indexes = {index.name: (index.columns, index.unique) for index in tables["orders"].indexes}
    assert indexes["PRIMARY"] == (("id",), True)
    assert indexes["mixed"] == (("state",), False)
    assert indexes["reversed"] == (("total", "id"), False)
    assert "words" not in indexes
    assert "by_start" not in {index.name for index in tables["customers"].indexes}


async def test_relations_of_an_odd_schema(odd: Catalog) -> None:
    """Both ends of each foreign key, named by the key alone, clashes settled and told."""
    catalog = odd
    near = {(each.table, each.name, each.to_table, each.cardinality, each.required) for each in all_relations(catalog)}
    one, many = Cardinality.ONE, Cardinality.MANY
    assert near == {
        ("orders", "customer", "customers", one, True),
        ("orders", "gift_for", "customers", one, False),
        ("orders", "author_by_author", "customers", one, False),
        ("order lines", "order", "orders", one, True),
        ("parcels", "order lines", "order lines", one, False),
        ("categories", "parent", "categories", one, False),
        ("profiles", "customer", "customers", one, True),
        ("customers", "orders", "orders", many, False),
        ("customers", "orders_by_gift_for", "orders", many, False),
        ("customers", "orders_by_author", "orders", many, False),
        ("customers", "profiles", "profiles", one, False),
        ("orders", "order lines", "order lines", many, False),
        ("order lines", "parcels", "parcels", many, False),
        ("categories", "categories_by_parent", "categories", many, False),
    }
    parcels = catalog.tables["order lines"].relations["parcels"]
    assert (parcels.columns, parcels.to_columns) == (("order_id", "line-no"), ("order_id", "line_no"))
    assert [note for note in catalog.notes if "author_by_author" in note] != []
    assert {(each.table, each.columns, each.to_table) for each in catalog.foreign_keys} >= {
        ("parcels", ("order_id", "line_no"), "order lines"),
        ("categories", ("parent_id",), "categories"),
    }


def all_relations(catalog: Catalog) -> Iterator[Any]:
    """The relations of all tables."""
    return (relation for table in catalog for relation in table.relations.values())


async def test_names_of_an_odd_schema(odd: Catalog) -> None:
    """Whatever the database calls its things, GraphQL takes the public names."""
    names = build_names(odd)
    lines = names.table("order lines")
    assert (lines.roots.list, lines.roots.insert_one, lines.types.bool_exp) == (
        "order_lines",
        "insert_order_lines_one",
        "order_lines_bool_exp",
    )
    assert lines.columns == {"order_id": "order_id", "line-no": "line_no", "2nd": "_2nd"}
    assert names.table("orders").relations["order lines"] == "order_lines"
    assert names.table("sélect").type == "select"
    assert names.table("sélect").column_of["a_b"] == "a`b"
    assert names.table("orders").enums == {}


async def test_only_the_tables_asked_for(odd_rows: Rows) -> None:
    """Patterns choose tables; keys that lead out of them are told."""
    catalog = build_catalog(odd_rows, include=("o*", "cat*"), exclude=("*lines",))
    assert set(catalog.tables) == {"orders", "categories"}
    assert "order lines" in {each.name for each in catalog.skipped}
    assert [note for note in catalog.notes if "'buyer'" in note and "'customers' is not served" in note] != []
    assert catalog.tables["orders"].relations == {}


async def test_a_key_into_another_database_is_told(engine: Engine, session: Session, database: str) -> None:
    """Such a key has no second end."""
    with engine.database("CREATE TABLE far (id INT PRIMARY KEY)") as other:
        engine.execute(
            f"CREATE TABLE near (id INT PRIMARY KEY, far_id INT, CONSTRAINT out_there FOREIGN KEY (far_id)"
            f" REFERENCES {other}.far (id))",
            database,
        )
        catalog = await read(session, database)
        assert catalog.tables["near"].relations == {}
        assert [note for note in catalog.notes if "out_there" in note and "another database" in note] != []
        engine.execute("DROP TABLE near", database)


SMALL = """
CREATE TABLE parents (id INT PRIMARY KEY, a INT);
CREATE TABLE children (id INT PRIMARY KEY, parent_id INT);
CREATE VIEW shown AS SELECT id FROM parents;
"""

CHANGES = (
    "ALTER TABLE parents ADD added INT",
    "ALTER TABLE parents MODIFY added BIGINT",
    "ALTER TABLE parents MODIFY added BIGINT NOT NULL DEFAULT 5",
    "ALTER TABLE parents COMMENT='other'",
    "CREATE UNIQUE INDEX added_key ON parents (added, id)",
    "ALTER TABLE children ADD CONSTRAINT later FOREIGN KEY (parent_id) REFERENCES parents (id)",
    "ALTER TABLE children DROP FOREIGN KEY later",
    "CREATE TABLE another (id INT PRIMARY KEY)",
    "DROP TABLE another",
    "DROP VIEW shown",
    "CREATE TRIGGER touch BEFORE INSERT ON children FOR EACH ROW SET NEW.parent_id = 1",
)


async def test_the_fingerprint_changes_with_the_structure_alone(
    engine: Engine, session: Session, database: str
) -> None:
    """Both fingerprints notice every change of the structure, and nothing else."""
    engine.execute(SMALL, database)
    fetch = session.fetch()
    cheap, full = await fingerprint(fetch), (await read(session, database)).fingerprint
    engine.execute("INSERT INTO parents VALUES (1, 2); CREATE TABLE graphql_app_ledger (id INT PRIMARY KEY)", database)
    assert (await fingerprint(fetch), (await read(session, database)).fingerprint) == (cheap, full)
    for change in CHANGES:
        engine.execute(change, database)
        now, built = await fingerprint(fetch), (await read(session, database)).fingerprint
        assert now != cheap, change
        assert built != full, change
        cheap, full = now, built


@pytest.mark.engines("mariadb")
async def test_what_only_mariadb_has(engine: Engine, session: Session, database: str) -> None:
    """Sequences are no tables, PERSISTENT is STORED, and a check makes text JSON."""
    engine.execute(
        "CREATE SEQUENCE numbers; CREATE TABLE t (id INT PRIMARY KEY, p INT AS (id + 1) PERSISTENT, hidden INT INVISIBLE,"
        " j LONGTEXT CHECK (json_valid(`j`)), k LONGTEXT, `l``m` LONGTEXT,"
        " CHECK (json_valid(`l``m`) AND json_type(`l``m`) = 'OBJECT'), CHECK (k <> 'json_valid(`k`)'));"
        " CREATE TABLE versioned (id INT PRIMARY KEY) WITH SYSTEM VERSIONING; CREATE TABLE slow (id INT) ENGINE=MyISAM",
        database,
    )
    catalog = await read(session, database)
    assert [(each.name, "sequence" in each.reason) for each in catalog.skipped] == [("numbers", True)]
    columns = catalog.tables["t"].columns
    assert {name: column.type.base for name, column in columns.items()} == {
        **{"id": "int", "p": "int", "hidden": "int"},
        **{"j": "json", "k": "longtext", "l`m": "json"},
    }
    assert columns["p"].generated
    assert columns["hidden"].invisible
    assert catalog.tables["versioned"].kind is TableKind.TABLE
    assert [table.name for table in catalog if not table.transactional] == ["slow"]


@pytest.mark.engines("mysql", "embedded")
async def test_indexes_over_expressions_are_no_keys(engine: Engine, session: Session, database: str) -> None:
    """Their parts have no columns, or such as the table does not show."""
    engine.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY u ((a + b), id), UNIQUE KEY v (id, (a + b)))", database
    )
    table = (await read(session, database)).tables["t"]
    assert table.keys == (Key("PRIMARY", ("id",)),)
    assert {index.name: (index.columns, index.unique) for index in table.indexes} == {
        "PRIMARY": (("id",), True),
        "v": (("id",), False),
    }


@pytest.mark.engines("embedded")
async def test_a_column_without_a_form_is_left_out(engine: Engine, session: Session, database: str) -> None:
    """The rest of its table is served."""
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY, a ARRAY(INT)); CREATE TABLE u (a ARRAY(INT))", database)
    catalog = await read(session, database)
    assert set(catalog.tables["t"].columns) == {"id"}
    assert [note for note in catalog.notes if "column 'a' of 't'" in note and "ARRAY(INT)" in note] != []
    assert [(each.name, each.reason) for each in catalog.skipped] == [
        ("u", "none of its columns has a type that can be served")
    ]
