"""The rows of the differential tests: made from a seed, full of NULLs, duplicates, odd texts and ends of ranges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any, Final

from tests.differential.schema import Column, Kind, Table
from tests.differential.tables import READ, TABLES, WRITTEN
from tests.differential.values import Row, Rows, comparable, computed, document
from tests.harness.engine import Engine

TEXT: Final = (
    *("abc", "ABC", "Abc", "abc ", "", "it's", 'say "hi"', "back\\slash", "100%", "a_b", "axb", "emoji \U0001f600"),
    *("\U0001f389", "line\nbreak", "tab\there", "été", "Été", "zz", "null", "日本", "10", "9", '{"a": 1}', "\x01\x1f"),
)
CASELESS: Final = ("abc", "ABC", "Abc", "", "north", "North", "o'neill", "a_b", "A_B", "x%", "10", "9", "z", "Z ")
DOUBLES: Final = (0.1, 1 / 3, 1e50, -2.5e-10, 3.0, 0.0, 123456789.125, 1e15, 1e16, -7.75, 1e-100, 2.0**53)
SIMPLE_DOUBLES: Final = (0.5, 1.0, 1.25, 2.0, 2.0, 8.125, -3.5, 0.0, 100.0)
DECIMALS: Final = ("0", "10", "10.5", "-3.2", "10", "99.9", "-0.1", "7.5")
BIGINTS: Final = (0, 1, 5, 5, 9007199254740993, 12, 4294967296, 2**63 - 1)
DATES: Final = ("1999-12-31", "2000-02-29", "2024-02-29", "2024-03-01", "9999-12-31", "1000-01-01")
MOMENTS: Final = ("2024-02-29T13:45:00", "2024-02-29T13:45:01", "1999-12-31T23:59:59", "2024-03-01T00:00:00")
FRACTIONS: Final = (
    "2024-02-29T13:45:00.120",
    "2024-02-29T13:45:00.121",
    "2024-02-29T13:45:00",
    "2000-01-01T00:00:00.999",
)
DOCUMENTS: Final[tuple[Any, ...]] = (
    *(None, True, False, 1, 1.5, -7, "abc", "ABC", "it's \U0001f600", "", [], {}, {"a": 1}, {"a": None}),
    *([1, [2, {"a": 'x"y\\'}]], {"b": "x", "a": "line\nbreak", "cc": [True, None]}, [1], "1"),
)

POOLS: Final[dict[Kind, tuple[Any, ...]]] = {
    Kind.INT: (0, 1, 2, 3, 5, 5, 8, 100, -4, 2**31 - 1, -(2**31)),
    Kind.BIGINT: BIGINTS,
    Kind.DOUBLE: SIMPLE_DOUBLES,
    Kind.TEXT: TEXT,
    Kind.CASELESS: CASELESS,
    Kind.DATE: tuple(map(date.fromisoformat, DATES)),
    Kind.DATETIME: tuple(map(datetime.fromisoformat, MOMENTS)),
    Kind.BOOLEAN: (True, False),
    Kind.JSON: tuple(map(document, DOCUMENTS)),
}
SPECIAL_POOLS: Final[dict[tuple[str, str], tuple[Any, ...]]] = {
    ("people", "points"): (*BIGINTS, 2**64 - 1),
    ("people", "factor"): DOUBLES,
    ("projects", "votes"): (*BIGINTS, -(2**63), -1),
    ("badges", "given"): tuple(map(datetime.fromisoformat, FRACTIONS)),
    ("project_tags", "weight"): (1, 2, 2, 3, -1),
    ("tasks", "number"): (1, 2, 3, 4, 5),
    ("products", "code"): ("p1", "p2", "p3", "p4", "p5", "p6"),
    ("products", "label"): ("la", "lb", "lc", "ld", "le", "lf", "lg"),
    ("members", "id"): (1, 2, 3, 4, 5, 6, 40),
    ("members", "mark"): ("m1", "m2", "m3", "m4", "m5", "m6"),
    ("members", "email"): ("ea", "eb", "ec", "ed", "ee", "ef"),
    ("members", "credit"): (0, 5, 10, 10, 50),
    ("members", "twice"): (0, 10, 20, 20, 100),
    ("members", "referrer_id"): (1, 2, 3, 4, 7),
    ("cards", "member_id"): (1, 2, 3, 4, 5, 6, 7),
    ("cards", "motto"): ("go", "stay", "wait"),
    ("bills", "id"): (1, 2, 3, 4, 5, 6, 7, 8, 41),
    ("bills", "mark"): ("b1", "b2", "b3", "b4"),
    ("bills", "member_id"): (1, 2, 3, 4, 5, 6, 7),
    ("bills", "number"): (1, 2, 3, 4),
    ("bills", "note"): ("x", "y", "", "\U0001f600"),
    ("items", "bill_id"): (1, 2, 3, 4, 5, 6, 7, 8),
    ("items", "place"): (1, 2, 3),
    ("items", "product_id"): ("p1", "p2", "p3", "p4", "p5", "p9"),
    ("items", "amount"): (0, 1, 1, 2, 5),
}

SIZES: Final = {
    "regions": 6,
    "places": 9,
    "people": 22,
    "badges": 12,
    "projects": 36,
    "tags": 7,
    "project_tags": 55,
    "tasks": 55,
    "remarks": 45,
}
_ATTEMPTS: Final = 20


def pool(table: Table, column: Column) -> tuple[Any, ...]:
    """Values that a column can hold."""
    if column.members:
        return column.members
    if column.kind is Kind.DECIMAL:
        return tuple(round(Decimal(text), column.scale) for text in DECIMALS)
    return SPECIAL_POOLS.get((table.name, column.name)) or POOLS[column.kind]


def make_rows(seed: int) -> Rows:
    """The rows of the tables that are read from, the view's too."""
    random = Random(seed)
    rows: Rows = {table.name: [] for table in READ}
    for name, size in SIZES.items():
        _fill(random, rows, TABLES[name], size)
    shown = tuple(TABLES["running"].columns)
    opened = (row for row in rows["projects"] if row["state"] not in (None, "closed"))
    rows["running"] = [{column: row[column] for column in shown} for row in opened]
    return rows


def _fill(random: Random, rows: Rows, table: Table, size: int) -> None:
    taken: set[tuple[Any, ...]] = set()
    for number in range(size):
        for _ in range(_ATTEMPTS):
            row = _row(random, rows, table, number)
            keys = {(name, *_key(table, row, columns)) for name, columns in table.unique.items()}
            if not keys & taken:
                taken |= {key for key in keys if None not in key}
                rows[table.name].append(row)
                break


def _key(table: Table, row: Row, columns: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(comparable(row[name], table.columns[name].kind) for name in columns)


def _row(random: Random, rows: Rows, table: Table, number: int) -> Row:
    row = {column.name: _value(random, table, column) for column in table.columns.values()}
    if "id" in row and table.columns["id"].kind is not Kind.TEXT:
        row["id"] = number + 1 if "mark" in row else number * 3 % 50 + 1  # not in the order of insertion
    if "mark" in row:
        row["mark"] = f"{table.name[0]}{number + 1}"
    for relation in filter(lambda relation: relation.refers, table.to_one()):
        nullable = any(table.columns[column].nullable for column in relation.columns)
        far = random.choice(rows[relation.to_table]) if rows[relation.to_table] else None
        if far is None or (nullable and random.random() < 0.2):
            row[random.choice([each for each in relation.columns if table.columns[each].nullable])] = None
            continue
        for column, to_column in zip(relation.columns, relation.to_columns, strict=True):
            row[column] = _recased(random, far[to_column], table.columns[column].kind)
    return computed(row)


def _recased(random: Random, value: Any, kind: Kind) -> Any:
    """A foreign key may write its text otherwise, where the collation does not see it."""
    if kind is Kind.CASELESS:
        return random.choice([value, value.upper(), value.lower()])
    return value


def _value(random: Random, table: Table, column: Column) -> Any:
    if column.nullable and random.random() < 0.2:
        return None
    return random.choice(pool(table, column))


WRITTEN_SIZES: Final = {"products": 5, "members": 6, "cards": 3, "bills": 8, "items": 10}


def make_written(seed: int) -> Rows:
    """The rows of the tables that are written to, as they are at first."""
    random = Random(seed)
    rows: Rows = {table.name: [] for table in WRITTEN}
    for table in WRITTEN:
        _fill(random, rows, table, WRITTEN_SIZES[table.name])
    return rows


def load(engine: Engine, database: str, rows: Rows, tables: Iterable[Table]) -> None:
    """Puts the rows of `tables`, in this order, into `database`."""
    with engine.connect(database) as connection, connection.cursor() as cursor:
        for table in tables:
            insert_rows(cursor, table, rows[table.name])


def insert_rows(cursor: Any, table: Table, rows: list[Row]) -> None:
    """Puts rows into a table, over the plain driver's `cursor`."""
    names = [column.name for column in table.columns.values() if not column.generated]
    insert = f"INSERT INTO {table.name} ({','.join(names)}) VALUES ({','.join(['%s'] * len(names))})"
    cursor.executemany(insert, [tuple(row[name] for name in names) for row in rows])
