"""The sample database on each engine: everything loads, loads again, and reads back as it was written."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from graphql_app.embedded.sample import load, statements
from graphql_app.embedded.sample_data import rows
from graphql_app.embedded.sample_schema import TABLES
from graphql_app.embedded.sample_types import AWKWARD, LARGEST, SMALLEST
from tests.harness.engine import Engine

TYPES = {
    "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "bit", "date", "datetime",
    "timestamp", "time", "year", "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "binary", "varbinary",
    "tinyblob", "blob", "mediumblob", "longblob", "enum", "set", "point", "linestring", "polygon", "geometry",
    "multipoint", "multilinestring", "multipolygon",
}  # fmt: skip
"""JSON is LONGTEXT on MariaDB, and GEOMETRYCOLLECTION goes by two names."""


@pytest.fixture(scope="module")
def sample(engine: Engine, module_database: str) -> str:
    """A database with the sample in it."""
    with engine.connect(module_database) as connection, connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement)
            if statement.startswith("INSERT"):
                cursor.execute("SHOW WARNINGS")
                assert cursor.fetchall() == ()
    return module_database


def test_every_row_arrives(engine: Engine, sample: str) -> None:
    """As many as the generator makes."""
    expected: dict[str, int] = {}
    for table, _, made in rows():
        expected[table] = expected.get(table, 0) + len(made)
    found = {table: engine.execute(f"SELECT COUNT(*) FROM {table}", sample)[0][0] for table in TABLES}
    assert found == expected


def test_the_relations_hold_and_mean_something(engine: Engine, sample: str) -> None:
    """Every kind of relation has rows on both ends."""
    one = "SELECT COUNT(*) > 0 FROM "
    for rest in (
        "categories child JOIN categories parent ON parent.id = child.parent_id",
        "customers c JOIN customers r ON r.id = c.referred_by_id",
        "product_tags p JOIN tags t ON t.id = p.tag_id",
        "item_returns r JOIN order_items i ON i.order_id = r.order_id AND i.line = r.line",
        "orders o JOIN addresses a ON a.id = o.shipping_address_id AND a.customer_id = o.customer_id",
        "customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL",
        "orders WHERE state = 'shipped' AND shipped_at > ordered_at",
    ):
        assert engine.execute(one + rest, sample) == ((1,),), rest
    assert engine.execute(
        "SELECT COUNT(*) FROM orders WHERE state <> 'shipped' AND shipped_at IS NOT NULL", sample
    ) == ((0,),)


def test_the_view_sums_what_the_generator_made(engine: Engine, sample: str) -> None:
    """Reckoned here from the rows; the server has it from the generated column."""
    total = Decimal(0)
    for table, _, made in rows():
        if table == "order_items":
            for _, _, _, quantity, price, discount in made:
                total += (quantity * price * (100 - discount) / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert engine.execute("SELECT SUM(total), COUNT(*) FROM order_totals", sample) == ((total, 900),)


def test_every_column_type_is_there(engine: Engine, sample: str) -> None:
    """Of those that all engines know."""
    found = engine.execute(
        "SELECT DISTINCT LOWER(DATA_TYPE) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        values=(sample, "type_samples"),
    )
    assert {name for (name,) in found} >= TYPES


@pytest.fixture(scope="module")
def typed(engine: Engine, sample: str) -> dict[str, dict[str, Any]]:
    """The rows of `type_samples` by label."""
    read = "a_time_6, a_timestamp_6"
    table = engine.select(
        f"SELECT *, {', '.join(f'CAST({name} AS CHAR) AS {name}_text' for name in read.split(', '))} FROM type_samples",
        sample,
    )
    return {row[1]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_extremes_read_back_as_written(typed: dict[str, dict[str, Any]]) -> None:
    """To the last digit."""
    exact = (
        "a_tinyint_unsigned", "a_smallint", "a_mediumint", "an_int", "a_bigint", "a_bigint_unsigned", "a_decimal",
        "a_long_decimal", "a_decimal_unsigned", "a_double", "a_date", "a_datetime", "a_datetime_6", "a_year", "an_enum",
    )  # fmt: skip
    for row in (SMALLEST, LARGEST):
        read = typed[str(row["label"])]
        assert {name: read[name] for name in exact} == {name: row[name] for name in exact}
        assert read["a_time_6_text"] == row["a_time_6"]
        assert datetime.fromisoformat(read["a_timestamp_6_text"]) == row["a_timestamp_6"]
    assert typed["largest"]["many_bits"] == b"\xff" * 8
    assert typed["largest"]["a_blob"] == LARGEST["a_blob"]


def test_awkward_text_reads_back_as_written(typed: dict[str, dict[str, Any]]) -> None:
    """Quotes, control characters, four-byte characters."""
    read = typed[str(AWKWARD["label"])]
    for name in ("a_varchar", "a_binary_text", "a_text", "a_char", "an_odd_enum", "a_double", "a_binary", "a_blob"):
        assert read[name] == AWKWARD[name]
    assert read["a_virtual"] == str(AWKWARD["label"]) + "!"


def test_nothing_is_null(typed: dict[str, dict[str, Any]]) -> None:
    """In the row that has a label only."""
    assert {name for name, cell in typed["nothing"].items() if cell is not None} == {"id", "label", "a_virtual"}


async def test_a_second_load_gives_the_same(engine: Engine, database: str) -> None:
    """Also after a first one that was cut off."""
    text = "SELECT COUNT(*), MIN(id), MAX(id) FROM orders"
    with engine.connect(database) as connection, connection.cursor() as cursor:

        async def execute(statement: str) -> None:
            cursor.execute(statement)

        await execute(TABLES["users"])
        await execute("INSERT INTO users (name) VALUES ('left over')")
        for _ in range(2):
            await load(execute)
            assert engine.execute(text, database) == ((900, 1, 900),)
    assert engine.execute("SELECT COUNT(*) FROM users WHERE name = 'left over'", database) == ((0,),)
