"""Random requests of random roles.

Each answer is the admin's on a database without what the role may not see; and it is the same, byte for byte, on a
database that differs in nothing else than that.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from typing import Any, Final

import httpx
import pytest

from graphql_app.engine.compile.sources import small_tables as lookups
from tests.differential.callers import EXAMPLES, ROLES, ROWS, Caller, callers, made_role
from tests.differential.compare import difference
from tests.differential.large import read_as_if_large
from tests.differential.printed import printed
from tests.differential.query import Operation
from tests.differential.rows import insert_rows, load
from tests.differential.run import DONE, SEED
from tests.differential.tables import READ, definition
from tests.differential.unseen import changed
from tests.differential.values import Ambiguous, Rows
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.harness.roles import Program, opened_with_roles

pytestmark = [pytest.mark.anyio, pytest.mark.differential, pytest.mark.timeout(36000)]

STORED: Final = [table for table in READ if not table.view]
REFUSED: Final = "(server code 4016)"
"""seekdb fails within, on a few statements: as the admin's with the same conditions do."""
NAMED: Final = re.compile(rb"\bt_gw\w+")
"""The databases' own names, which callers may see."""
SUGGESTED: Final = re.compile(rb" Did you mean [^\"?]*\?")
"""Types are made when they are first named, and only those that were can be suggested: all of what the role sees."""
TIMESTAMP: Final = re.compile(rb'"timestamp":"[^"]*"')


async def _program(engine: Engine, database: str, folder: Any) -> AsyncIterator[Program]:
    """The program on all rows, with the rules of all roles; small tables are read whole where they can be."""
    engine.execute(definition(READ), database)
    load(engine, database, ROWS, STORED)
    engine.execute(f"ANALYZE TABLE {', '.join(table.name for table in STORED)}", database)
    roles = {name: given for each in map(made_role, range(ROLES)) for name, given in each.written().items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "WORTH", 1)
        read_as_if_large(patch)
        async with opened_with_roles(engine.environment(database), folder, roles) as found:
            yield found


@pytest.fixture(scope="module")
async def program(
    engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Program]:
    """The program on all rows."""
    async for found in _program(engine, module_database, tmp_path_factory.mktemp("roles")):
        yield found


async def test_answers_are_those_of_what_is_left(program: Program, engine: Engine) -> None:
    compared = ambiguous = refused = number = 0
    asking = callers()
    clients = [GraphQLClient(program.holding(caller.token)) for caller in asking]
    while compared < EXAMPLES and number < 10 * EXAMPLES:
        caller, client = asking[number % len(asking)], clients[number % len(asking)]
        asked = caller.operation(number)
        number += 1
        request = printed(asked)
        try:
            expected = caller.oracle.answer(asked)
        except Ambiguous:
            ambiguous += 1
            continue
        answer = await client.answer(request.text, request.variables)
        if engine.name is EngineName.EMBEDDED and REFUSED in answer.get("errors", [{}])[0].get("message", ""):
            refused += 1
            continue
        assert "errors" not in answer, f"{answer['errors']}\n{caller.said(request)}"
        wrong = difference(expected, answer["data"])
        assert wrong is None, f"{wrong}\n{caller.said(request)}"
        compared += 1
    left = f"{ambiguous} ambiguous and {refused} refused ones left out"
    DONE.append(f"{engine.name}: {compared} requests of {len(asking)} callers compared, {left}")
    assert compared == EXAMPLES
    assert refused <= max(1, EXAMPLES // 100)


# --- what differs in nothing that is seen ------------------------------------


def put(engine: Engine, database: str, rows: Rows) -> None:
    """Puts other rows in the place of those in the database, whatever they refer to."""
    with engine.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
        for table in STORED:
            cursor.execute(f"DELETE FROM {table.name}")
        for table in STORED:
            if rows[table.name]:
                insert_rows(cursor, table, rows[table.name])
        connection.commit()


@pytest.fixture(scope="module")
async def twin(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Program, str]]:
    """The program on a second database, and the database's name."""
    with engine.database() as name:
        async for found in _program(engine, name, tmp_path_factory.mktemp("twin")):
            yield found, name


async def test_what_is_not_seen_makes_no_difference(
    program: Program, twin: tuple[Program, str], engine: Engine
) -> None:
    other, database = twin
    counts: Counter[str] = Counter()
    asking = callers()
    each = -(-EXAMPLES // len(asking))
    for place, caller in enumerate(asking):
        rows, changes = changed(ROWS, caller, Random(f"{SEED} unseen {place}"))
        put(engine, database, rows)
        counts["changes"] += changes
        one, two = program.holding(caller.token), other.holding(caller.token)
        for number in range(min(each, EXAMPLES - counts["requests"])):
            asked = caller.operation(number, blind=number % 6 == 5)
            counts["requests"] += 1
            counts[await _alike(one, two, caller, asked)] += 1
        await _doors_alike(one, two, caller, counts)
    DONE.append(f"{engine.name}: {dict(counts)} over {len(asking)} callers")
    assert counts["requests"] == EXAMPLES
    assert counts["changes"] > len(asking)


async def _alike(one: httpx.AsyncClient, two: httpx.AsyncClient, caller: Caller, asked: Operation) -> str:
    """Asks both; how their answers are the same."""
    request = printed(asked)
    body = {"query": request.text, "variables": request.variables}
    first, second = await one.post("/graphql", json=body), await two.post("/graphql", json=body)
    assert (first.status_code, _headers(first)) == (second.status_code, _headers(second)), caller.said(request)
    if first.content == second.content:
        return "equal, errors" if b'"errors":' in first.content else "equal"
    if SUGGESTED.sub(b"", first.content) == SUGGESTED.sub(b"", second.content):
        return "equal but for suggestions"
    # Rows that the order leaves open come as the server likes, and doubles are added up in that order.
    said = f"{first.text}\n{second.text}\n{caller.said(request)}"
    try:
        expected = caller.oracle.answer(asked)
    except Ambiguous:
        assert _unordered(first.json()) == _unordered(second.json()), said
        return "equal but for what an order leaves open"
    for answer in (first, second):
        assert difference(expected, answer.json().get("data")) is None, said
    return "equal but for what an order leaves open"


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {
        name: value
        for name, value in answer.headers.items()
        if name not in ("server-timing", "date", "x-request-id", "content-length")
    }


def _unordered_text(text: bytes) -> Any:
    """A JSON document with its lists in any order, or lines in any order."""
    try:
        return _unordered(json.loads(text.replace(b"{,", b"{")))
    except ValueError:
        return sorted(text.splitlines())


def _unordered(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, dict):
        return {name: _unordered(item) for name, item in value.items()}
    return sorted((_unordered(item) for item in value), key=repr) if isinstance(value, list) else value


async def _doors_alike(one: httpx.AsyncClient, two: httpx.AsyncClient, caller: Caller, counts: Counter[str]) -> None:
    """The other doors: rows by REST, exports, descriptions of the structure."""
    for path, form in [
        *(
            (f"/api/{table.name}/query", form)
            for table in READ
            for form in ("application/json", "application/x-ndjson")
        ),
        *((f"/api/{table.name}/export", "text/csv") for table in READ),
        *((f"/rest/{table.name}", "application/json") for table in READ),
        ("/openapi.json", "*/*"),
        ("/structure.json", "*/*"),
    ]:
        first = await one.get(path, headers={"accept": form})
        second = await two.get(path, headers={"accept": form})
        counts["doors"] += 1
        assert first.status_code == second.status_code, path
        texts = [NAMED.sub(b"", TIMESTAMP.sub(b"", each.content)) for each in (first, second)]
        if texts[0] != texts[1]:
            one_way, other_way = map(_unordered_text, texts)
            assert one_way == other_way, f"{path}\n{first.text}\n{second.text}\n{caller.role.written()}"
