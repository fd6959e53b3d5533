"""`_ilike` through an index of the column's own collation: the same rows as without, whatever the texts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from graphql_app.engine.plan.values import compared
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.dialects import Features, Flavour
from graphql_app.engine.sql.fragment import finish, name, sql
from graphql_app.engine.sql.like_prefix import _LETTERS, _ONE_BYTE, letters_of, literal_prefix
from graphql_app.engine.sql.operators import compare
from schema_gen.catalog.model import Column, ColumnType
from schema_gen.sql_literals import quote_text
from tests.harness.engine import Engine

KNOWN = [f"utf8mb4_{collation}" for collation in _LETTERS] + list(_ONE_BYTE)
LETTERS = "aAkKsSiIuUzZlLoOe0 %_\\éÉüÜåÅßñ"
ODD = "KÅİ\u0131\u017fẞΩω\u03a3\u03c3ςȺⱥ\u0301\u0308\u00b7\u0387\u200d\u00adǅŉﬁ中かガ\U0001f600"
FEATURES = Features(Flavour.MYSQL)


@pytest.fixture(scope="module")
def collations(engine: Engine) -> list[str]:
    """Those of ours that the engine has."""
    has = {str(row[0]) for row in engine.execute("SHOW COLLATION")}
    found = [collation for collation in KNOWN if collation in has]
    assert "utf8mb4_general_ci" in found
    return found


@pytest.fixture
def characters(engine: Engine, module_database: str) -> Iterator[str]:
    """A table of all characters of the basic plane, each with its number and what it is in lower case."""
    engine.execute(
        "CREATE TABLE characters (c VARCHAR(4) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, l VARCHAR(4) CHARACTER SET"
        " utf8mb4 COLLATE utf8mb4_bin, n INT PRIMARY KEY)",
        module_database,
    )
    numbers = [*range(32, 0xD800), *range(0xE000, 0x10000)]
    for start in range(0, len(numbers), 8000):
        cells = ",".join(f"({quote_text(chr(n)).decode()},'',{n})" for n in numbers[start : start + 8000])
        engine.execute(f"INSERT INTO characters VALUES {cells}", module_database)
    engine.execute("UPDATE characters SET l = LOWER(CONVERT(c USING utf8mb4))", module_database)
    yield "characters"
    engine.execute("DROP TABLE characters", module_database)


def test_a_letter_of_a_prefix_equals_all_of_the_same_lower_case(
    engine: Engine, module_database: str, characters: str, collations: list[str]
) -> None:
    for collation in collations:
        charset = collation.partition("_")[0]
        letters = ",".join(
            quote_text(letter).decode() for letter in sorted(letters_of(collation)) if letter not in "%_\\"
        )
        wrong = engine.execute(
            f"SELECT p.c, x.c FROM {characters} p JOIN {characters} x ON CAST(x.l AS BINARY) = CAST(p.l AS BINARY)"
            f" WHERE p.c IN ({letters})"
            f" AND CONVERT(CONVERT(x.c USING {charset}) USING utf8mb4) = x.c"
            f" AND NOT (CONVERT(x.c USING {charset}) COLLATE {collation} LIKE CONVERT(p.c USING {charset}))",
            module_database,
        )
        assert not wrong, collation


def text_of(dice: random.Random, letters: str) -> str:
    """A text whose first letters are often the same."""
    return "".join(dice.choice(letters) for _ in range(dice.randint(0, 6)))


def pattern_of(dice: random.Random, texts: list[str]) -> str:
    """A pattern that often matches one of the texts but for case."""
    text = dice.choice(texts) if dice.random() < 0.8 else text_of(dice, LETTERS + ODD)
    text = text[: dice.randint(0, len(text))]
    changed = "".join(dice.choice((each, each.upper(), each.lower(), each.swapcase())) for each in text)
    if dice.random() < 0.6:
        changed = "".join(dice.choice((each, "\\" + each)) if each in "%_\\" else each for each in changed)
    return changed + dice.choice(("%", "%", "", "_", "\\", "%a%"))


def test_the_index_gives_the_rows_that_no_index_gives(
    engine: Engine, module_database: str, collations: list[str]
) -> None:
    with engine.connect(module_database) as connection, connection.cursor() as cursor:
        for collation in collations:
            dice = random.Random(collation)
            texts = texts_of(dice, collation)
            table = made(cursor, collation, texts)
            column = Column("c", ColumnType("varchar", length=20, collation=collation), True, 1)
            prefixes = 0
            for pattern in [pattern_of(dice, texts) for _ in range(100)]:
                low, high = compared(column, Operator.ILIKE, pattern)
                prefixes += high is not None
                plain, indexed = (
                    finish(sql(compare(Operator.ILIKE, name("c"), low, implied, FEATURES))).render().decode()
                    for implied in (None, high)
                )
                cursor.execute(f"SELECT GROUP_CONCAT(id ORDER BY id) FROM {table} IGNORE INDEX (k) WHERE {plain}")
                expected = cursor.fetchall()
                cursor.execute(f"SELECT GROUP_CONCAT(id ORDER BY id) FROM {table} FORCE INDEX (k) WHERE {indexed}")
                assert cursor.fetchall() == expected, (collation, pattern)
            assert prefixes > 20, collation


def texts_of(dice: random.Random, collation: str) -> list[str]:
    """Texts that a column of this collation can hold."""
    latin = collation.startswith("latin1")
    drawn = [text_of(dice, LETTERS + (ODD if dice.random() < 0.5 and not latin else "")) for _ in range(400)]
    return [each.encode("latin1", "ignore").decode("latin1") for each in drawn] if latin else drawn


def made(cursor: Any, collation: str, texts: list[str]) -> str:
    """A table of the texts, with an index."""
    table, charset = f"texts_{collation}", collation.partition("_")[0]
    rows = ",".join(f"({number},{quote_text(text).decode()})" for number, text in enumerate(texts))
    column = f"c VARCHAR(20) CHARACTER SET {charset} COLLATE {collation}"
    cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, {column}, KEY k (c))")
    cursor.execute(f"INSERT INTO {table} VALUES {rows}")
    return table


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("abc%", "abc"),
        ("a_c%", "a"),
        ("%abc", ""),
        ("a\\%b%", "a%b"),
        ("a\\\\b", "a\\b"),
        ("a\\", "a"),
        ("akb", "a"),
        ("müß", "mü"),
        ("", ""),
        ("a中", "a"),
    ],
)
def test_a_prefix_is_what_stands_before_the_first_wildcard(pattern: str, prefix: str) -> None:
    assert literal_prefix(pattern, letters_of("utf8mb4_general_ci")) == prefix


@pytest.mark.parametrize("collation", [None, "utf8mb4_bin", "utf8mb4_0900_as_cs", "utf8mb4_turkish_ci", "binary"])
def test_a_collation_that_tells_cases_apart_or_has_rules_of_its_own_implies_nothing(collation: str | None) -> None:
    column = Column("c", ColumnType("varchar", length=20, charset="utf8mb4", collation=collation), True, 1)
    assert compared(column, Operator.ILIKE, "abc%")[1] is None
    assert compared(Column("c", ColumnType("json"), True, 1), Operator.EQ, "abc")[1] is None
