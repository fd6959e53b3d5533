"""Relations over columns that are not unique, or not of one type and collation: both ends agree, no row is doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

NOT_UNIQUE = """CREATE TABLE parts (id INT PRIMARY KEY, code VARCHAR(9) NOT NULL, KEY (code));
CREATE TABLE lines_ (id INT PRIMARY KEY, code VARCHAR(9) NOT NULL,{key} KEY (code));
INSERT INTO parts VALUES (1, 'a'), (2, 'a'), (3, 'A'), (4, 'b');
INSERT INTO lines_ VALUES (1, 'a'), (2, 'A'), (3, 'b'), (4, 'a')"""
DECLARED = " FOREIGN KEY (code) REFERENCES parts (code),"
BY_HAND = "relations: [{table: lines_, columns: [code], to_table: parts, to_columns: [code]}]"
LISTS = """{ lines_(order_by: {id: asc}) { id parts(order_by: {id: asc}) { id }
      parts_aggregate { aggregate { count } } }
  parts(order_by: {id: asc}) { id lines_(order_by: {id: asc}) { id } }
  some: lines_(where: {parts: {id: {_eq: 2}}}, order_by: {parts_aggregate: {count: asc}, id: asc}) { id } }"""


async def _asks(client: GraphQLClient) -> None:
    data = await client.data(LISTS)
    ids = {"a": [1, 2, 3], "A": [1, 2, 3], "b": [4]}  # the collation ignores case
    lines = {1: "a", 2: "A", 3: "b", 4: "a"}
    assert data["lines_"] == [
        {
            "id": line,
            "parts": [{"id": part} for part in ids[code]],
            "parts_aggregate": {"aggregate": {"count": len(ids[code])}},
        }
        for line, code in lines.items()
    ]
    assert [[line["id"] for line in part["lines_"]] for part in data["parts"]] == [[1, 2, 4]] * 3 + [[3]]
    assert [line["id"] for line in data["some"]] == [1, 2, 4]


@pytest.mark.engines("mariadb", "mysql")
async def test_a_key_to_columns_that_are_not_unique_is_a_list(open_app: OpenApp, engine: Engine, database: str) -> None:
    """InnoDB takes an index that is not unique; MySQL only where it is told so."""
    lenient = "SET restrict_fk_on_non_standard_key = OFF;" if engine.name == "mysql" else ""
    engine.execute(lenient + NOT_UNIQUE.replace("{key}", DECLARED), database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        await _asks(client)
        rest = await http.get("/api/lines_/query?select=id,parts(id)&order=id&id=eq.2")
        assert [part["id"] for part in rest.json()["data"][0]["parts"]] == [1, 2, 3]
        fields = (await client.data('{ __type(name: "lines__insert_input") { inputFields { name } } }'))["__type"]
        assert [each["name"] for each in fields["inputFields"]] == ["id", "code"]


async def test_so_is_one_said_by_hand(open_app: OpenApp, engine: Engine, database: str, tmp_path: Path) -> None:
    engine.execute(NOT_UNIQUE.replace("{key}", ""), database)
    file = tmp_path / "own.yaml"
    file.write_text(BY_HAND)
    async with open_app(engine.environment(database) | {"CONFIG_FILE": str(file)}) as http:
        await _asks(GraphQLClient(http))


COLLATIONS = """CREATE TABLE towns (id INT PRIMARY KEY,
  name VARCHAR(20) CHARACTER SET {cs} COLLATE {co}, UNIQUE (name));
CREATE TABLE people (id INT PRIMARY KEY, town VARCHAR(20) CHARACTER SET {near_cs} COLLATE {near_co});
INSERT INTO towns VALUES (1, 'Bern'), (2, 'Genf'); INSERT INTO people VALUES (1, 'Bern'), (2, 'genf'), (3, NULL)"""


@pytest.mark.parametrize(
    ("far", "near", "ignores_case"),
    [
        (("utf8mb4", "utf8mb4_general_ci"), ("utf8mb4", "utf8mb4_bin"), True),
        (("utf8mb4", "utf8mb4_bin"), ("utf8mb4", "utf8mb4_general_ci"), False),
        (("utf8mb4", "utf8mb4_general_ci"), ("latin1", "latin1_swedish_ci"), True),
        (("latin1", "latin1_swedish_ci"), ("utf8mb4", "utf8mb4_general_ci"), False),
        (("latin1", "latin1_bin"), ("latin1", "latin1_swedish_ci"), False),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
async def test_collations_that_differ(
    open_app: OpenApp,
    engine: Engine,
    database: str,
    tmp_path: Path,
    far: tuple[str, str],
    near: tuple[str, str],
    ignores_case: bool,
) -> None:
    """The collation of what is referred to counts."""
    if engine.name == "embedded" and "latin1" in far + near:
        return  # it knows no such character set
    engine.execute(COLLATIONS.format(cs=far[0], co=far[1], near_cs=near[0], near_co=near[1]), database)
    file = tmp_path / "own.yaml"
    file.write_text("relations: [{table: people, columns: [town], to_table: towns, to_columns: [name]}]")
    query = """{ people(order_by: {id: asc}) { town_by_town { id } } towns(order_by: {id: asc}) { people { id } }
      some: people(where: {town_by_town: {}}, order_by: {id: asc}) { id } }"""
    async with open_app(engine.environment(database) | {"CONFIG_FILE": str(file)}) as http:
        data = await GraphQLClient(http).data(query)
    second = {"id": 2} if ignores_case else None
    assert [each["town_by_town"] for each in data["people"]] == [{"id": 1}, second, None]
    assert [each["people"] for each in data["towns"]] == [[{"id": 1}], [{"id": 2}] if ignores_case else []]
    assert [each["id"] for each in data["some"]] == ([1, 2] if ignores_case else [1])


@pytest.mark.parametrize("types", [("VARCHAR(9)", "INT"), ("DATE", "DATETIME"), ("DOUBLE", "INT"), ("BLOB", "TEXT")])
async def test_types_that_do_not_compare_are_refused(
    open_app: OpenApp, engine: Engine, database: str, tmp_path: Path, types: tuple[str, str]
) -> None:
    """The text '08' equals the number 8 for the database, and not by its text."""
    engine.execute(
        f"CREATE TABLE a (id INT PRIMARY KEY, x {types[0]}); CREATE TABLE b (id INT PRIMARY KEY, y {types[1]})",
        database,
    )
    file = tmp_path / "own.yaml"
    file.write_text("relations: [{table: a, columns: [x], to_table: b, to_columns: [y]}]")
    async with open_app(engine.environment(database) | {"CONFIG_FILE": str(file)}, ready=False) as http:
        for _ in range(200):
            answer = await http.get("/readyz")
            if "types that do not compare" in answer.text:
                break
        assert answer.status_code == 503
        assert "types that do not compare" in answer.text


@pytest.mark.parametrize(
    "types", [("BIGINT UNSIGNED", "TINYINT"), ("DECIMAL(9,2)", "INT"), ("DATETIME(3)", "TIMESTAMP")]
)
async def test_types_of_one_family_are_joined(
    open_app: OpenApp, engine: Engine, database: str, tmp_path: Path, types: tuple[str, str]
) -> None:
    """Numbers of any width, moments of any precision."""
    value = "8" if types[1] != "TIMESTAMP" else "'2024-02-29 12:30:00'"
    engine.execute(
        f"CREATE TABLE a (id INT PRIMARY KEY, x {types[0]}); CREATE TABLE b (id INT PRIMARY KEY, y {types[1]} UNIQUE);"
        f"INSERT INTO a VALUES (1, {value}); INSERT INTO b VALUES (1, {value})",
        database,
    )
    file = tmp_path / "own.yaml"
    file.write_text("relations: [{table: a, columns: [x], to_table: b, to_columns: [y]}]")
    async with open_app(engine.environment(database) | {"CONFIG_FILE": str(file)}) as http:
        data = await GraphQLClient(http).data("{ a { x_by_x { id } } b { a_by_x { id } } }")
    assert data == {"a": [{"x_by_x": {"id": 1}}], "b": [{"a_by_x": [{"id": 1}]}]}
