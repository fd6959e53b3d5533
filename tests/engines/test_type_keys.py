"""Column types as primary keys, foreign keys and generated columns: rows by key, and relations both ways."""

from __future__ import annotations

import json

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

KEYS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("TINYINT UNSIGNED", (0, 255)),
    ("BIGINT", ("-9223372036854775808", "9223372036854775807")),
    ("BIGINT UNSIGNED", ("18446744073709551615", "9007199254740993")),
    ("DECIMAL(65,30)", ("-" + "9" * 35 + "." + "9" * 30, "0." + "0" * 29 + "1")),
    ("DATE", ("0001-01-01", "9999-12-31")),
    ("DATETIME(6)", ("2024-02-29T12:30:00.000001", "2024-02-29T12:30:00.000002")),
    ("TIME", ("-838:59:59", "838:59:59")),
    ("YEAR", (1901, 2155)),
    ("VARCHAR(40)", ("it's", "", 'é,"\\\n')),
    ("VARCHAR(40) COLLATE utf8mb4_bin", ("a", "A")),
    ("BINARY(4)", ("AP8KIg==", "AAAAAA==")),
    ("VARBINARY(8)", ("", "JyIAXA==")),
    ("ENUM('so so','','é')", ("so so", "", "é")),
)
OF_MARIADB: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("UUID", ("123e4567-e89b-12d3-a456-426655440000", "00000000-0000-0000-0000-000000000000")),
    ("INET6", ("::", "2001:db8::ff")),
    ("INET4", ("0.0.0.0", "255.255.255.255")),
)


async def test_types_as_keys(open_app: OpenApp, engine: Engine, database: str) -> None:
    cases = KEYS + OF_MARIADB if engine.name is EngineName.MARIADB else KEYS
    for place, (type_, _) in enumerate(cases):
        engine.execute(
            f"CREATE TABLE k{place} (v {type_} NOT NULL PRIMARY KEY, n INT DEFAULT 0); CREATE TABLE r{place} (id INT"
            f" PRIMARY KEY, k_id {type_}, s {type_} AS (k_id) STORED, w {type_} AS (k_id) VIRTUAL,"
            f" CONSTRAINT f{place} FOREIGN KEY (k_id) REFERENCES k{place} (v))",
            database,
        )
    async with open_app(engine.environment(database)) as http:
        for place, (type_, values) in enumerate(cases):
            try:
                await _as_key(GraphQLClient(http), f"k{place}", f"r{place}", values)
                rest = await http.get(f"/api/r{place}/query?select=id,k(v)&order=id")
                shown = [{"id": number, "k": {"v": value}} for number, value in enumerate(values)]
                assert rest.json()["data"] == [*shown, {"id": 99, "k": None}]
            except AssertionError as error:
                raise AssertionError(type_) from error


async def _as_key(client: GraphQLClient, key: str, ref: str, values: tuple[object, ...]) -> None:
    """Writes, reads by key, follows the relation to and fro, changes and deletes by key."""
    rows = [{"id": number, "k_id": value} for number, value in enumerate(values)] + [{"id": 99, "k_id": None}]
    written = await client.data(
        f"mutation($k: [{key}_insert_input!]!, $r: [{ref}_insert_input!]!) {{"
        f" insert_{key}(objects: $k) {{ returning {{ v }} }}"
        f" insert_{ref}(objects: $r) {{ returning {{ id k_id s w k {{ v }} }} }} }}",
        {"k": [{"v": value} for value in values], "r": rows},
    )
    assert written[f"insert_{key}"]["returning"] == [{"v": value} for value in values]
    wanted = [
        row | {"s": row["k_id"], "w": row["k_id"], "k": None if row["k_id"] is None else {"v": row["k_id"]}}
        for row in rows
    ]
    assert written[f"insert_{ref}"]["returning"] == wanted
    for number, value in enumerate(values):
        text = json.dumps(value, ensure_ascii=False)
        found = await client.data(f"{{ {key}_by_pk(v: {text}) {{ v {ref}_by_k {{ id }} }} }}")
        assert found == {f"{key}_by_pk": {"v": value, f"{ref}_by_k": [{"id": number}]}}
        changed = await client.data(
            f"mutation {{ update_{key}_by_pk(pk_columns: {{v: {text}}}, _set: {{n: 1}}) {{ v n }} }}"
        )
        assert changed == {f"update_{key}_by_pk": {"v": value, "n": 1}}
