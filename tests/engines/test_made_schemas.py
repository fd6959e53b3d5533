"""Schemas made at random: each is served at once, introspected as a whole, and answers by key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.engines.probe import probe
from tests.fix_app import OpenApp
from tests.harness.engine import Engine

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "10"))
"""Schemas for each engine."""

TYPES = (
    ("INT", "7", True),
    ("BIGINT UNSIGNED", "18446744073709551615", True),
    ("VARCHAR(20)", "'a\"b\\\\ü'", True),
    ("CHAR(5)", "'x y'", True),
    ("ENUM('x','y z','')", "'y z'", True),
    ("ENUM('new','old')", "'old'", True),
    ("SET('a','b')", "'a,b'", False),
    ("DATE", "'2024-02-29'", True),
    ("DATETIME(3)", "'2024-02-29 12:30:00.125'", True),
    ("TIMESTAMP(6) NULL", "'2024-02-29 12:30:00.000001'", False),
    ("TIME", "'-12:30:00'", True),
    ("YEAR", "2024", True),
    ("DECIMAL(20,6)", "-12345678901234.000001", True),
    ("DOUBLE", "0.1", False),
    ("FLOAT", "1.5", False),
    ("TINYINT(1)", "1", True),
    ("BIT(9)", "b'101'", False),
    ("BINARY(4)", "x'00ff0a22'", True),
    ("BLOB", "x'00ff'", False),
    ("TEXT", "'long'", False),
    ("JSON", "'{\"a\": [1]}'", False),
)
"""A type, a value of it, and whether it may be a part of a key."""

WORDS = (
    *("users", "users_aggregate", "insert_users", "users_by_pk", "users_bool_exp", "users_group_having_sum", "_and"),
    *("order_by", "query_root", "Int", "aggregate", "nodes", "true", "null", "__typename", "__x", "_", "1st", "a-b"),
    *("a b", "größe", "日本", "class", "id", "select", "count", "no_tables", "returning", "limit", "x" * 60, "a`b"),
    *("users_stream", "user", "user_id", "group", "key", "where", "on", 'quo"te', "a.b", "PageInfo", "%s"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be made."""

    name: str
    type: str
    value: str
    keyable: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be made. The first `key` columns are its primary key."""

    name: str
    columns: Sequence[Column]
    key: int

    def ddl(self) -> str:
        """The statements that make it, with one row."""
        lines = [f"{_quoted(each.name)} {each.type}" for each in self.columns]
        lines[: self.key] = [f"{line.removesuffix(' NULL')} NOT NULL" for line in lines[: self.key]]
        if self.key:
            lines.append(f"PRIMARY KEY ({', '.join(_quoted(each.name) for each in self.columns[: self.key])})")
        values = ", ".join(each.value for each in self.columns)
        name = _quoted(self.name)
        return f"CREATE TABLE {name} ({', '.join(lines)}); INSERT INTO {name} VALUES ({values})"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@st.composite
def columns(draw: st.DrawFn) -> Column:
    type_, value, keyable = draw(st.sampled_from(TYPES))
    return Column(draw(st.sampled_from(WORDS)), type_, value, keyable)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    found = draw(st.lists(columns(), min_size=1, max_size=6, unique_by=lambda each: each.name.lower()))
    found.sort(key=lambda each: not each.keyable)
    most = sum(each.keyable for each in found)
    return Table(draw(st.sampled_from(WORDS)), found, draw(st.integers(0, min(most, 3))))


@pytest.mark.timeout(1800)
def test_any_schema_is_served(open_app: OpenApp, engine: Engine, database: str) -> None:
    """One program for all of them: each is a reload."""
    asked = 0

    with asyncio.Runner() as runner:
        opened = open_app(engine.environment(database) | {"SCHEMA_POLL_SECONDS": "0"})
        client = runner.run(opened.__aenter__())

        @settings(
            deadline=None,
            max_examples=EXAMPLES,
            database=None,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(st.lists(tables(), min_size=1, max_size=3, unique_by=lambda each: each.name.lower()))
        def served(made: list[Table]) -> None:
            nonlocal asked

            async def ask() -> int:
                reloaded = await client.post("/admin/reload")
                assert reloaded.status_code == 200, reloaded.text
                assert reloaded.json()["data"]["tables"] == len(made), reloaded.text
                return (await probe(client, engine, database)).by_key

            engine.execute("; ".join(table.ddl() for table in made), database)
            try:
                found = runner.run(ask())
                assert found == sum(table.key > 0 for table in made)
                asked += found
            finally:
                engine.execute("; ".join(f"DROP TABLE {_quoted(table.name)}" for table in made), database)

        try:
            served()
        finally:
            runner.run(opened.__aexit__(None, None, None))
    assert asked > EXAMPLES / 3
