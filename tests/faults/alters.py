"""A structure that changes five times a second under load, and the verdict on every answer given meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.harness.engine import Engine

SCHEMA = (
    "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), age INT, n INT);"
    "INSERT INTO t VALUES (1, 'one', 7, 0);"
    "CREATE TABLE u (id INT PRIMARY KEY, v INT); INSERT INTO u VALUES (1, 3)"
)
CHANGES = (
    "ALTER TABLE t ADD COLUMN more INT DEFAULT 3",
    "ALTER TABLE t MODIFY age BIGINT",
    "ALTER TABLE t RENAME COLUMN name TO title",
    "ALTER TABLE t MODIFY age VARCHAR(20)",
    "UPDATE t SET age = 'seven'",
    "UPDATE t SET age = '1e1'",
    "RENAME TABLE u TO w",
    "ALTER TABLE t DROP COLUMN more",
    "ALTER TABLE t RENAME COLUMN title TO name",
    "UPDATE t SET age = '7'",
    "ALTER TABLE t MODIFY age INT",
    "RENAME TABLE w TO u",
)
"""Columns added, dropped, renamed, made text: of digits, no number at all, and one that is no integer."""
RIGHT: dict[str, tuple[object, ...]] = {
    "id": (1,),
    "name": ("one",),
    "title": ("one",),
    "age": (7, "7", "seven", "1e1"),
    "more": (3,),
    "v": (3,),
    "n": (0, 1),
}
"""What each column may hold: a number as the one or the other structure writes it, a text as text."""
READS = (
    "{ t { id age } }",
    "{ t(where: {id: {_eq: 1}}) { id name } }",
    "{ t { id title } }",
    "{ t { more } }",
    "{ u { id v } }",
    "mutation { update_t(where: {id: {_eq: 1}}, _set: {n: 1}) { returning { id age } } }",
)
EVERY, PER_SECOND, CLIENTS = 0.2, 300, 8


@dataclass(slots=True)
class Answers:
    """What the answers came to: `refused` by stable code, `wrong` as they came."""

    right: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, response: httpx.Response) -> None:
        """Judges one answer: rows as they were at some moment, or a failure with a code of the contract."""
        verdict = judged(response)
        if verdict == RIGHTLY:
            self.right += 1
        elif verdict in TYPED:
            self.refused[verdict] += 1
        else:
            self.wrong.append(f"{response.status_code} {response.text}")

    @property
    def total(self) -> int:
        """All answers."""
        return self.right + self.refused.total() + len(self.wrong)

    @property
    def summary(self) -> str:
        """The figures in words."""
        codes = ", ".join(f"{number} `{code}`" for code, number in self.refused.most_common()) or "none"
        return f"{self.total:,} answers at {self.total / self.seconds:.0f}/s: {len(self.wrong)} wrong; refused: {codes}"


RIGHTLY = "right"
TYPED = frozenset({"UNKNOWN_TABLE", "UNKNOWN_COLUMN", "GRAPHQL_VALIDATION_FAILED", "CONFLICT"})
"""What a client may be told of a structure that changed under its request."""


def judged(response: httpx.Response) -> str:
    """`RIGHTLY`, the stable code of a failure, or "wrong"."""
    try:
        body = response.json()
    except json.JSONDecodeError:
        return "wrong"
    if response.status_code != 200:
        return str((body["details"] or {}).get("code"))
    if "errors" in body:
        return str(body["errors"][0]["extensions"]["reason"])
    return RIGHTLY if all(map(_right, _rows(body["data"]))) else "wrong"


def _rows(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, list):
        return data
    (found,) = data.values()
    rows: list[dict[str, Any]] = found["returning"] if isinstance(found, dict) else found
    return rows


def _right(row: dict[str, Any]) -> bool:
    """`7.0` is no 7: it is what a text `7e0` becomes where it is taken for a number."""
    return all(any(value == good and type(value) is type(good) for good in RIGHT[name]) for name, value in row.items())


async def changes_under_load(client: httpx.AsyncClient, engine: Engine, database: str, seconds: float) -> Answers:
    """Reads and writes by both APIs, evenly spread, while the structure changes."""
    answers = Answers(seconds=seconds)
    until = time.monotonic() + seconds
    askers = [_ask(client, number, until, answers) for number in range(CLIENTS)]
    await asyncio.gather(_change(engine, database, until), *askers)
    return answers


async def _ask(client: httpx.AsyncClient, number: int, until: float, answers: Answers) -> None:
    for turn in itertools.count(number):
        if (started := time.monotonic()) >= until:
            return
        place = turn % (len(READS) + 2)
        if place < len(READS):
            answers.take(await client.post("/graphql", json={"query": READS[place]}))
        else:
            answers.take(await client.get(f"/api/{'tu'[place - len(READS)]}/query"))
        await asyncio.sleep(started + CLIENTS / PER_SECOND - time.monotonic())


async def _change(engine: Engine, database: str, until: float) -> None:
    for change in itertools.cycle(CHANGES):
        if (started := time.monotonic()) >= until:
            return
        await asyncio.to_thread(engine.execute, change, database)
        await asyncio.sleep(started + EVERY - time.monotonic())
