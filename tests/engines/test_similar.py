"""`_similar` and `_nsimilar`: SQL's SIMILAR TO, on engines that have no such thing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

LETTERS = "aAbB-]^.\\ é\n😀%_"
TEXTS = [
    *(
        "",
        "a",
        "b",
        "ab",
        "aab",
        "abab",
        "A",
        "AB",
        "a-b",
        "a]b",
        "a.b",
        "axb",
        "a\\b",
        "a\nb",
        "é",
        "éé",
        "a b",
        "^a$",
    ),
    *(
        "😀",
        "a😀",
        "%",
        "_",
        "a%b",
        "a_b",
        "a|b",
        "(a)",
        "a*",
        "a+",
        "a?",
        "{2}",
        "123",
        "a1",
        "[a]",
        "ab\n",
        "ss",
        "ß",
    ),
]


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on the texts."""
    engine.execute("CREATE TABLE texts (id INT PRIMARY KEY, line VARCHAR(20)) CHARSET utf8mb4", module_database)
    with engine.connect(module_database) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO texts VALUES (%s, %s)", list(enumerate([*TEXTS, None])))
        connection.commit()
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


async def found(client: GraphQLClient, operator: str, pattern: str) -> set[Any]:
    """The texts that are found."""
    query = f"query($p: String!) {{ texts(where: {{line: {{{operator}: $p}}}}) {{ line }} }}"
    return {row["line"] for row in (await client.data(query, {"p": pattern}))["texts"]}


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("", {""}),
        ("a", {"a"}),
        ("A", {"A"}),
        ("a%", {text for text in TEXTS if text.startswith("a")}),
        ("%b", {text for text in TEXTS if text.endswith("b")}),
        ("a_b", {text for text in TEXTS if len(text) == 3 and text[0] + text[2] == "ab"}),
        ("a.b", {"a.b"}),
        ("^a$", {"^a$"}),
        ("ab", {"ab"}),
        ("(ab)+", {"ab", "abab"}),
        ("(ab){2}", {"abab"}),
        ("a{1,2}b?", {"a", "ab", "aab"}),
        ("a{0,0}b", {"b"}),
        ("a{1,}b", {"ab", "aab"}),
        ("a|b|", {"", "a", "b"}),
        ("(a|A)(b|B)", {"ab", "AB"}),
        ("a[.\\]]b", {"a.b", "a]b"}),
        ("a[]]b", {"a]b"}),
        ("a[^a-z]b", {text for text in TEXTS if re.fullmatch(r"a[^a-z]b", text)}),
        ("[[:digit:]]+", {"123"}),
        ("[[:alpha:]][0-9]", {"a1"}),
        ("\\%", {"%"}),
        ("a\\_b", {"a_b"}),
        ("a\\|b", {"a|b"}),
        ("a\\\\b", {"a\\b"}),
        ("\\(a\\)", {"(a)"}),
        ("\\{2\\}", {"{2}"}),
        ("é+", {"é", "éé"}),
        ("_", {text for text in TEXTS if len(text) == 1}),
        ("%\n%", {text for text in TEXTS if "\n" in text}),
        ("%+", set(TEXTS)),
        ("ss", {"ss"}),
    ],
)
async def test_patterns(client: GraphQLClient, pattern: str, texts: set[str]) -> None:
    assert await found(client, "_similar", pattern) == texts
    assert await found(client, "_nsimilar", pattern) == set(TEXTS) - texts
    answer = await client.http.get("/api/texts/query", params={"line": f"similar.{pattern}", "select": "line"})
    assert {row["line"] for row in answer.json()["data"]} == texts


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "a)", "(a", "*", "a**", "a*?", "a+{2}", "|*", "(*a)", "(?:a)", "[", "[a", "[]", "[^]", "[b-a]"),
        *(
            "a{",
            "a{x}",
            "a{2",
            "a{3,2}",
            "a{256}",
            "a{,2}",
            "{2}",
            "\\",
            "a\\",
            "[a\\",
            "(" * 51 + ")" * 51,
            "a" * 2001,
        ),
    ],
)
async def test_what_is_no_pattern_is_refused(client: GraphQLClient, pattern: str) -> None:
    query = "query($p: String!) { texts(where: {line: {_similar: $p}}) { line } }"
    error = await client.error(query, {"p": pattern})
    assert error["extensions"]["reason"] == "INVALID_VALUE"
    assert error["extensions"]["column"] == "line"


def made(draw: Random, depth: int = 3) -> tuple[str, str]:
    """A pattern, and Python's expression for the same, written independently of ours."""
    match draw.randrange(9 if depth else 4):
        case 0 | 1:
            letter = draw.choice(LETTERS)
            return (f"\\{letter}" if letter in "%_\\" or draw.random() < 0.2 else letter.replace("^", "^")), re.escape(
                letter
            )
        case 2:
            return draw.choice((("%", ".*"), ("_", ".")))
        case 3:
            letters = draw.sample("abAé. -", 3)
            shown = "".join(f"\\{letter}" if letter == "-" else letter for letter in letters)
            sign = draw.choice(("", "^"))
            return f"[{sign}{shown}]", f"[{sign}{''.join(map(re.escape, letters))}]"
        case 4 | 5:
            parts = [made(draw, depth - 1) for _ in range(draw.randrange(1, 4))]
            return "".join(part[0] for part in parts), "".join(part[1] for part in parts)
        case 6:
            parts = [made(draw, depth - 1) for _ in range(2)]
            return f"({parts[0][0]}|{parts[1][0]})", f"(?:{parts[0][1]}|{parts[1][1]})"
        case _:
            ours, theirs = made(draw, depth - 1)
            sign = draw.choice(("*", "+", "?", "{2}", "{1,2}", "{0,}"))
            return f"({ours}){sign}", f"(?:{theirs}){sign}"


async def test_random_patterns_find_what_python_finds(client: GraphQLClient) -> None:
    draw = Random(5)
    for _ in range(60):
        several = [made(draw) for _ in range(5)]
        fields = " ".join(
            f"q{place}: texts(where: {{line: {{_similar: $p{place}}}}}) {{ line }}" for place in range(len(several))
        )
        heads = ", ".join(f"$p{place}: String!" for place in range(len(several)))
        variables = {f"p{place}": pattern for place, (pattern, _) in enumerate(several)}
        data = await client.data(f"query({heads}) {{ {fields} }}", variables)
        for place, (pattern, expression) in enumerate(several):
            expected = {text for text in TEXTS if re.fullmatch(expression, text, re.DOTALL)}
            assert {row["line"] for row in data[f"q{place}"]} == expected, (pattern, expression)
