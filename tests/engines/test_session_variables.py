"""Session variables in rules: texts that are compared as the column's values are, strictly, and texts byte by byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.engine import Engine
from tests.harness.roles import Program, opened_with_roles

pytestmark = pytest.mark.anyio

COLUMNS = {
    "i": "INT",
    "big": "BIGINT UNSIGNED",
    "truth": "BOOLEAN",
    "n": "DECIMAL(10,2)",
    "f": "DOUBLE",
    "day": "DATE",
    "moment": "DATETIME",
    "t": "TIME",
    "y": "YEAR",
    "bits": "BIT(4)",
    "flag": "BIT(1)",
    "e": "ENUM('a','B')",
    "s": "SET('x','y')",
    "j": "JSON",
    "raw": "VARBINARY(10)",
    "name": "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "narrow": "VARCHAR(50) CHARACTER SET latin1",
    "modern": "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
    "fixed": "CHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
}
VALUES: dict[str, tuple[str, str, list[str]]] = {
    # The value of row 1 in SQL and as a variable, and variables that are no value of the type.
    "i": ("7", "7", ["1abc", "abc", "", " 7", "7 ", "7.5", "0x7", "1e0", "7\n", "\u0667", "null", "[7]"]),
    "big": ("18446744073709551615", "18446744073709551615", ["1e3", "-", "true"]),
    "truth": ("TRUE", "true", ["yes", "2", "t", "", "truex"]),
    "n": ("12.5", "12.50", ["12,5", "twelve", "", "NaN", "Infinity"]),
    "f": ("0.1", "0.1", ["0.1.2", "", "inf"]),
    "day": ("'2024-02-29'", "2024-02-29", ["2024-02-30", "today", "", "20240229x"]),
    "moment": ("'2024-02-29 10:00:00'", "2024-02-29T10:00:00", ["2024-02-29T25:00:00", "", "now()"]),
    "t": ("'10:00:00'", "10:00:00", ["ten", ""]),
    "y": ("2024", "2024", ["24x", "", "24", "1900"]),
    "bits": ("5", "5", ["b'101'", "x", ""]),
    "flag": ("1", "true", ["2", ""]),
    "e": ("'B'", "B", ["b", "2", "", "c", "B "]),
    "s": ("'x,y'", "x,y", ["z", "x, y", "3"]),
    "j": ("'{\"a\": 1}'", '{"a":1}', ["{", "a", "", "NaN", "{'a': 1}"]),
    "raw": ("'ab'", "YWI=", ["ab", "YWI", "YWI=x"]),
    "name": ("'Ann'", "Ann", []),
    "narrow": ("'Ann'", "Ann", []),
    "modern": ("'Ann'", "Ann", []),
    "fixed": ("'Ann'", "Ann", []),
}
OTHERS = {
    "i": "0",
    "big": "1",
    "truth": "FALSE",
    "n": "0",
    "f": "0",
    "day": "'2001-01-01'",
    "moment": "'2001-01-01 00:00:00'",
    "t": "'00:00:00'",
    "y": "2001",
    "bits": "1",
    "flag": "0",
    "e": "'a'",
    "s": "''",
    "j": "'[]'",
    "raw": "'zz'",
}
TEXTUAL = ("name", "narrow", "modern", "fixed")
LACKING = {
    "embedded": {
        "narrow": "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        "modern": "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    },
    "mariadb": {"modern": "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci"},
}
"""Other types where an engine has not the one."""
OPERATORS = ("_eq", "_neq", "_in", "_nin")
RULES: dict[str, Any] = {
    f"{column}{operator}": {column: {operator: "X-Hasura-V"}} for column in COLUMNS for operator in OPERATORS
}
RULES |= {
    "not_in": {"_not": {"i": {"_in": "x-hasura-v"}}},
    "not_nin": {"_not": {"i": {"_nin": "x-hasura-v"}}},
    "not_eq": {"_not": {"name": {"_eq": "x-hasura-v"}}},
    "between": {"i": {"_between": "x-hasura-v"}},
    "greater": {"i": {"_gt": "x-hasura-v"}},
    "begins": {"name": {"_starts_with": "x-hasura-v"}},
}
TEXTS = ["Ann", "ANN", "ann", "Änn", "Ann ", "Bob", "", "x-hasura-v", "1", "0"]
"""The texts of rows 1, 2, ... in each of the columns of texts."""


@pytest.fixture(scope="module")
async def program(
    engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Program]:
    lacking = LACKING.get(engine.name, {})
    columns = ", ".join(f"{name} {lacking.get(name, type_)}" for name, type_ in COLUMNS.items())
    engine.execute(f"CREATE TABLE k (id INT PRIMARY KEY, {columns})", module_database)
    names = ", ".join(VALUES)
    rows = []
    for place, text in enumerate(TEXTS, 1):
        cells = [f"'{text}'" if name in TEXTUAL else VALUES[name][0] if place == 1 else OTHERS[name] for name in VALUES]
        rows.append(f"({place}, {', '.join(cells)})")
    rows.append(f"(99{', NULL' * len(VALUES)})")
    engine.execute(f"INSERT INTO k (id, {names}) VALUES {', '.join(rows)}", module_database)
    rules = {name: {"k": {"select": {"columns": ["id", "name"], "filter": rule}}} for name, rule in RULES.items()}
    if engine.name == "mariadb":
        checked = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci CHECK (JSON_VALID(j))"
        engine.execute(f"CREATE TABLE loose (id INT PRIMARY KEY, j {checked})", module_database)
        engine.execute('INSERT INTO loose VALUES (1, \'{"a": "x"}\')', module_database)
        rules |= {
            f"loose{word}": {"loose": {"select": {"columns": ["id"], "filter": {"j": {word: "x-hasura-v"}}}}}
            for word in OPERATORS
        }
    folder = tmp_path_factory.mktemp("roles")
    async with opened_with_roles(engine.environment(module_database), folder, rules) as found:
        yield found


ALL = range(1, len(TEXTS) + 1)


async def ids(program: Program, role: str, variable: str) -> list[int]:
    data = await program.graphql(role, v=variable).data("{ k(order_by: {id: asc}) { id } }")
    return [row["id"] for row in data["k"]]


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in TEXTUAL])
async def test_values_are_compared_as_the_columns_are(program: Program, column: str) -> None:
    _, variable, wrong = VALUES[column]
    listed = [f"[{variable}]"] if column == "j" else ['["' + variable + '"]', '{"' + variable + '"}']
    rest = [each for each in ALL if each != 1]
    assert await ids(program, f"{column}_eq", variable) == [1]
    assert await ids(program, f"{column}_neq", variable) == rest
    for each in listed:
        assert await ids(program, f"{column}_in", each) == [1]
        assert await ids(program, f"{column}_nin", each) == rest
    for each in ("[]", "{}", " [ ] ", "{ }"):
        assert await ids(program, f"{column}_in", each) == []
        assert await ids(program, f"{column}_nin", each) == [*ALL, 99]
    for each in wrong:
        error = await program.graphql(f"{column}_eq", v=each).error("{ k { id } }")
        assert error["extensions"]["reason"] == "INVALID_VALUE", each
        assert '"x-hasura-v"' in error["message"]
        assert f"'{column}'" not in error["message"]


async def test_an_empty_list_is_one_under_a_negation(program: Program) -> None:
    assert await ids(program, "not_in", "[]") == [*ALL, 99]
    assert await ids(program, "not_nin", "[]") == []
    assert await ids(program, "not_in", "[7]") == [each for each in ALL if each != 1]


@pytest.mark.parametrize(
    "wrong", ["7", "", "null", "[null]", "{NULL}", "[7", "{7", "{{7}}", "[[7]]", '{"a":7}', "{7,}x", "(7)", "7,8"]
)
async def test_what_is_no_list_is_refused(program: Program, wrong: str) -> None:
    for operator in ("_in", "_nin"):
        error = await program.graphql(f"i{operator}", v=wrong).error("{ k { id } }")
        assert error["extensions"]["reason"] == "INVALID_VALUE"


async def test_a_missing_variable_is_told_by_its_name(program: Program) -> None:
    error = await program.graphql("i_eq").error("{ k { id } }")
    assert error["message"] == 'missing session variable: "x-hasura-v"'
    assert error["extensions"]["code"] == "not-found"


@pytest.mark.parametrize("column", ["name", "narrow", "modern"])
@pytest.mark.parametrize("text", TEXTS)
async def test_texts_are_compared_byte_by_byte(program: Program, column: str, text: str) -> None:
    place = TEXTS.index(text) + 1
    rest = [each for each in ALL if each != place]
    assert await ids(program, f"{column}_eq", text) == [place]
    assert await ids(program, f"{column}_neq", text) == rest
    listed = '["' + text + '"]'
    assert await ids(program, f"{column}_in", listed) == [place]
    assert await ids(program, f"{column}_nin", listed) == rest


@pytest.mark.engines("mariadb")
async def test_documents_are_compared_byte_by_byte(program: Program) -> None:
    """MariaDB keeps them as texts, which may have a collation of any kind."""
    for operator, document, found in (
        ("_eq", '{"a": "x"}', [1]),
        ("_eq", '{"a":"X"}', []),
        ("_eq", '{"A":"x"}', []),
        ("_in", '[{"a":"X"}]', []),
        ("_in", '[{"a":"x"}, 7]', [1]),
        ("_in", "[]", []),
        ("_neq", '{"a":"X"}', [1]),
        ("_nin", '[{"a":"x"}]', []),
        ("_nin", "[]", [1]),
    ):
        data = await program.graphql(f"loose{operator}", v=document).data("{ loose { id } }")
        assert [row["id"] for row in data["loose"]] == found, (operator, document)


async def test_texts_of_a_fixed_length_have_no_blanks_at_their_end(program: Program) -> None:
    assert await ids(program, "fixed_eq", "Ann") == [1, 5]
    assert await ids(program, "fixed_eq", "Ann ") == []
    assert await ids(program, "fixed_eq", "ANN") == [2]


@pytest.mark.parametrize("text", ["Ann' OR 1=1 -- ", "\\", "Ann\0", "\U0001f600", "ＡＮＮ", "%", "{", '"'])  # noqa: RUF001
async def test_nothing_else_equals_a_text(program: Program, text: str) -> None:
    for column in TEXTUAL:
        assert await ids(program, f"{column}_eq", text) == []
        assert await ids(program, f"{column}_neq", text) == list(ALL)


async def test_other_operators(program: Program) -> None:
    assert await ids(program, "greater", "0") == [1]
    assert await ids(program, "between", "[1, 8]") == [1]
    assert await ids(program, "begins", "A") == [1, 2, 5]
    assert await ids(program, "not_eq", "ann") == [each for each in ALL if each != 3]
    error = await program.graphql("between", v="[1]").error("{ k { id } }")
    assert error["extensions"]["reason"] == "INVALID_VALUE"


async def test_a_text_of_a_request_is_never_taken_for_a_variable(program: Program) -> None:
    client = program.graphql("i_nin", v="[]")
    for text in ("x-hasura-v", "X-Hasura-V"):
        by_literal = await client.data(f'{{ k(where: {{name: {{_like: "{text}"}}}}) {{ id }} }}')
        by_variable = await client.data("query ($v: String) { k(where: {name: {_like: $v}}) { id } }", {"v": text})
        assert by_literal == by_variable == {"k": [{"id": 8}] if text == "x-hasura-v" else []}
