"""Subscriptions over real connections: every read root live, our own writes seen at once, streams, every transport."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest

from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.live_client import PATIENCE, live_client

SCHEMA = """
CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), age INT);
CREATE TABLE pets (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), person_id INT,
  FOREIGN KEY (person_id) REFERENCES people (id));
CREATE TABLE events (id INT AUTO_INCREMENT PRIMARY KEY, place INT NOT NULL, name VARCHAR(20));
INSERT INTO people (name, age) VALUES ('Ada', 36), ('Grace', 45);
INSERT INTO pets (name, person_id) VALUES ('Rex', 1);
"""
SOON, NEVER = "50", "3600000"
"""Milliseconds between polls: other programs' writes are seen soon, or only our own are, which need no poll."""


@pytest.fixture(scope="module")
def polled(
    engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningApp, str]]:
    """The program, which asks often, and its database."""
    yield from _program(engine, module_database, SOON, tmp_path_factory)


@pytest.fixture(scope="module")
def woken(
    engine: Engine, module_database: str, polled: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningApp, str]]:
    """The program on the same database, which never asks a second time without a reason."""
    yield from _program(engine, module_database, NEVER, tmp_path_factory)


def _program(
    engine: Engine, database: str, interval: str, folders: pytest.TempPathFactory
) -> Iterator[tuple[RunningApp, str]]:
    if not engine.execute(f"SHOW TABLES FROM {database}"):
        engine.execute(SCHEMA, database)
    settings = engine.environment(database) | {"SUBSCRIPTION_POLL_MS": interval}
    app = RunningApp(settings, ("serve",), folders.mktemp("live"))
    try:
        app.wait_ready()
        yield app, database
    finally:
        end([(app, True)])


async def test_rows_are_sent_again_when_another_program_changes_them(
    engine: Engine, polled: tuple[RunningApp, str]
) -> None:
    """The first answer at once, then one for each change."""
    app, database = polled
    async with live_client(app.url) as client:
        await client.start("1", "subscription { people(order_by: {id: asc}, where: {id: {_lte: 2}}) { name age } }")
        assert await client.data("1") == {"people": [{"name": "Ada", "age": 36}, {"name": "Grace", "age": 45}]}
        engine.execute("UPDATE people SET age = 37 WHERE id = 1", database)
        assert (await client.data("1"))["people"][0] == {"name": "Ada", "age": 37}
        engine.execute("UPDATE people SET age = 36 WHERE id = 1", database)
        assert (await client.data("1"))["people"][0] == {"name": "Ada", "age": 36}


ROOTS = {
    "people_by_pk(id: 1) { name }": {"people_by_pk": {"name": "Ada"}},
    "people_by_pk(id: 99) { name }": {"people_by_pk": None},
    "people_aggregate(where: {id: {_lte: 2}}) { aggregate { count } }": {
        "people_aggregate": {"aggregate": {"count": 2}}
    },
    "people_connection(first: 1) { nodes { name } pageInfo { hasNextPage } }": {
        "people_connection": {"nodes": [{"name": "Ada"}], "pageInfo": {"hasNextPage": True}}
    },
    "people_group(by: [name], where: {id: {_eq: 2}}) { key { name } aggregate { count } }": {
        "people_group": [{"key": {"name": "Grace"}, "aggregate": {"count": 1}}]
    },
    'mine: pets(where: {person: {name: {_eq: "Ada"}}}) { __typename name person { name } }': {
        "mine": [{"__typename": "pets", "name": "Rex", "person": {"name": "Ada"}}]
    },
}


@pytest.mark.parametrize("field", ROOTS)
async def test_every_read_root_is_live(polled: tuple[RunningApp, str], field: str) -> None:
    """With the answer that a query has."""
    app, _ = polled
    async with live_client(app.url) as client:
        await client.start("1", f"subscription {{ {field} }}")
        assert await client.data("1") == ROOTS[field]


WRITES = {
    "graphql": (
        "/graphql",
        {"query": "mutation { update_people(where: {id: {_eq: 2}}, _set: {age: 50}) { affected_rows } }"},
    ),
    "rest": ("/api/people", {"input": {"age": 50}, "where": {"id": 2}}),
}


@pytest.mark.parametrize("api", WRITES)
async def test_our_own_writes_are_seen_without_a_poll(engine: Engine, woken: tuple[RunningApp, str], api: str) -> None:
    """By whichever API they come; also through a relation."""
    app, database = woken
    engine.execute("UPDATE people SET age = 45 WHERE id = 2", database)
    address, body = WRITES[api]
    async with live_client(app.url) as client:
        await client.start("1", "subscription { people_by_pk(id: 2) { age } }")
        assert await client.data("1") == {"people_by_pk": {"age": 45}}
        method = "PUT" if api == "rest" else "POST"
        assert (await asyncio.to_thread(app.client.request, method, address, json=body)).status_code == 200
        assert await client.data("1") == {"people_by_pk": {"age": 50}}


COUNT = 'subscription { people_aggregate(where: {name: {_eq: "Csv"}}) { aggregate { count } } }'


async def test_an_import_is_seen_without_a_poll(engine: Engine, woken: tuple[RunningApp, str]) -> None:
    """CSV is a write like any other."""
    app, database = woken
    async with live_client(app.url) as client:
        await client.start("1", COUNT)
        assert await client.data("1") == {"people_aggregate": {"aggregate": {"count": 0}}}
        files = {"file": ("people.csv", "name,age\nCsv,1\nCsv,2\n", "text/csv")}
        answer = await asyncio.to_thread(lambda: app.client.post("/api/batch/import", files=files))
        assert answer.json()["data"]["rows_imported"] == 2
        assert await client.data("1") == {"people_aggregate": {"aggregate": {"count": 2}}}
    engine.execute("DELETE FROM people WHERE name = 'Csv'", database)


async def test_queries_and_mutations_over_the_same_connection(engine: Engine, woken: tuple[RunningApp, str]) -> None:
    """Each is answered once and completed; the subscription beside them hears of the change."""
    app, database = woken
    engine.execute("UPDATE pets SET name = 'Rex' WHERE id = 1", database)
    async with live_client(app.url) as client:
        await client.start("live", "subscription { people_by_pk(id: 1) { pets { name } } }")
        assert await client.data("live") == {"people_by_pk": {"pets": [{"name": "Rex"}]}}
        await client.start("q", "query ($id: Int!) { pets_by_pk(id: $id) { name } }", {"id": 1})
        assert await client.data("q") == {"pets_by_pk": {"name": "Rex"}}
        assert await client.hear() == {"id": "q", "type": "complete"}
        await client.start("m", 'mutation { update_pets_by_pk(pk_columns: {id: 1}, _set: {name: "Max"}) { name } }')
        heard = [await client.hear() for _ in range(3)]
    payloads = {(each["id"], each["type"]): each.get("payload") for each in heard}
    assert payloads == {
        ("m", "next"): {"data": {"update_pets_by_pk": {"name": "Max"}}},
        ("m", "complete"): None,
        ("live", "next"): {"data": {"people_by_pk": {"pets": [{"name": "Max"}]}}},
    }


async def test_a_completed_subscription_hears_no_more(engine: Engine, woken: tuple[RunningApp, str]) -> None:
    """Its id is free again at once."""
    app, database = woken
    async with live_client(app.url) as client:
        for age in (60, 61):
            engine.execute(f"UPDATE people SET age = {age} WHERE id = 2", database)
            await client.start("1", "subscription { people_by_pk(id: 2) { age } }")
            assert await client.data("1") == {"people_by_pk": {"age": age}}
            await client.say(id="1", type="complete")
        await client.start("w", "mutation { update_people_by_pk(pk_columns: {id: 2}, _inc: {age: 1}) { age } }")
        assert await client.data("w") == {"update_people_by_pk": {"age": 62}}
        await client.say(type="ping", payload={"n": 1})
        assert await client.hear() == {"id": "w", "type": "complete"}
        assert await client.hear() == {"type": "pong", "payload": {"n": 1}}


ADD = "mutation ($rows: [events_insert_input!]!) { insert_events(objects: $rows) { affected_rows } }"
STREAM = """subscription ($from: Int!) {
  events_stream(batch_size: 2, cursor: [{initial_value: {place: $from}, ordering: ASC}], where: {name: {_neq: "x"}}) {
    name
  }
}"""


async def test_a_stream_sends_every_row_once(engine: Engine, woken: tuple[RunningApp, str]) -> None:
    """Batch by batch, rows with equal values of the cursor's column too, then what is added."""
    app, database = woken
    engine.execute("DELETE FROM events", database)
    engine.execute(
        "INSERT INTO events (place, name) VALUES (1,'before'),(2,'a'),(3,'b'),(3,'x'),(3,'c'),(3,'d'),(4,'e')", database
    )
    async with live_client(app.url) as client:
        await client.start("1", STREAM, {"from": 1})
        batches = [(await client.data("1"))["events_stream"] for _ in range(3)]
        assert [[row["name"] for row in batch] for batch in batches] == [["a", "b"], ["c", "d"], ["e"]]
        for names in (["f"], ["g"]):
            await client.start("w", ADD, {"rows": [{"place": 5, "name": name} for name in names]})
            heard = [await client.hear() for _ in range(3)]
            (found,) = [each["payload"]["data"] for each in heard if each["id"] == "1"]
            assert found == {"events_stream": [{"name": name} for name in names]}


NOTHING = """subscription {
  events_stream(batch_size: 5, cursor: {initial_value: {id: -1}, ordering: DESC}) { id }
}"""


async def test_a_stream_downwards_that_finds_nothing_says_so_once(woken: tuple[RunningApp, str]) -> None:
    """A client that shows nothing until the first answer would wait for ever."""
    app, _ = woken
    async with live_client(app.url) as client:
        query = (
            "subscription { events_stream(batch_size: 5, cursor: {initial_value: {id: -1}, ordering: DESC}) { id } }"
        )
        await client.start("1", query)
        assert await client.data("1") == {"events_stream": []}


WRONG = {
    "subscription { nothing { id } }": "Cannot query field 'nothing'",
    "subscription { people { id } pets { id } }": "must select only one top level field",
    "subscription { people(limit: -1) { id } }": "limit",
    "subscription { people @skip(if: true) { id } }": "",
    "subscription { events_stream(batch_size: 0, cursor: {initial_value: {id: 1}}) { id } }": "batch_size",
    "subscription { events_stream(batch_size: 1, cursor: []) { id } }": "'cursor' takes one column",
    "subscription { events_stream(batch_size: 1, cursor: {initial_value: {}}) { id } }": "takes one column",
    'subscription { events_stream(batch_size: 1, cursor: {initial_value: {id: 1, name: "a"}}) { id } }': "one column",
    "subscription { events_stream(batch_size: 1, cursor: {initial_value: {id: null}}) { id } }": "must not be null",
    "subscription ($a: Int!) { people_by_pk(id: $a) { id } }": "$a",
    "{ nothing }": "Cannot query field 'nothing'",
    "nonsense": "Syntax Error",
}


@pytest.mark.engines("mariadb")
@pytest.mark.parametrize("query", WRONG)
async def test_a_wrong_operation_gets_an_error_and_the_connection_stays(
    woken: tuple[RunningApp, str], query: str
) -> None:
    """An `error` message with the errors a query would have; the id is free again."""
    app, _ = woken
    async with live_client(app.url) as client:
        await client.start("1", query)
        message = await client.hear()
        assert (message["id"], message["type"]) == ("1", "error")
        assert WRONG[query] in message["payload"][0]["message"]
        assert message["payload"][0]["extensions"]["code"]
        await client.start("1", "{ people_by_pk(id: 1) { name } }")
        assert await client.data("1") == {"people_by_pk": {"name": "Ada"}}


@pytest.mark.engines("mariadb")
async def test_a_wrong_value_in_a_variable_is_an_error_too(woken: tuple[RunningApp, str]) -> None:
    """Found only when the statement is made; nothing is polled for it any more."""
    app, _ = woken
    async with live_client(app.url) as client:
        for _ in range(2):
            await client.start("1", "subscription ($n: Int) { people(limit: $n) { id } }", {"n": -1})
            message = await client.hear()
            assert (message["id"], message["type"]) == ("1", "error")
            assert message["payload"][0]["extensions"]["reason"] == "INVALID_PARAMETER"


@pytest.mark.engines("mariadb")
async def test_the_older_protocol_has_other_words(woken: tuple[RunningApp, str]) -> None:
    """`graphql-ws` of subscriptions-transport-ws."""
    app, _ = woken
    async with live_client(app.url, protocol="graphql-ws") as client:
        assert await client.hear() == {"type": "ka"}
        query = "subscription { people_by_pk(id: 1) { name } }"
        await client.say(id="1", type="start", payload={"query": query})
        assert await client.hear() == {
            "id": "1",
            "type": "data",
            "payload": {"data": {"people_by_pk": {"name": "Ada"}}},
        }
        await client.say(id="1", type="stop")
        await client.say(type="connection_terminate")
        await client.socket.wait_closed()
        assert client.socket.close_code == 1000


def events(text: str) -> list[tuple[str, object]]:
    """The server-sent events of a body: name and data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(":", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"].strip(), json.loads(lines["data"]) if lines["data"].strip() else None))
    return found


async def test_server_sent_events(engine: Engine, polled: tuple[RunningApp, str]) -> None:
    """The answer, and a further one for each change, also where a JSON column holds line ends."""
    app, database = polled
    engine.execute("CREATE TABLE notes (id INT PRIMARY KEY, note JSON)", database)
    engine.execute("INSERT INTO notes VALUES (1, %s)", database, ('{"a":\n 1}',))
    await asyncio.to_thread(app.client.get, "/api/notes/query")  # a table made a moment ago is found
    async with httpx.AsyncClient(base_url=app.url, timeout=PATIENCE) as client:
        body = {"query": "subscription { notes_by_pk(id: 1) { note } }"}
        headers = {"Accept": "text/event-stream"}
        async with client.stream("POST", "/graphql", json=body, headers=headers) as response:
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            text = ""
            async for part in response.aiter_text():
                text += part
                found = events(text[: text.rfind("\n\n")])
                if len(found) == 1 and "2" not in engine.execute("SELECT note FROM notes", database)[0][0]:
                    engine.execute("UPDATE notes SET note = %s", database, ('{"a":\n 2}',))
                if len(found) == 2:
                    break
    assert found == [("next", {"data": {"notes_by_pk": {"note": {"a": number}}}}) for number in (1, 2)]


@pytest.mark.engines("mariadb")
async def test_who_takes_events_only_gets_queries_that_way(woken: tuple[RunningApp, str]) -> None:
    """Answered, or refused, and then completed; who takes JSON too gets JSON."""
    app, _ = woken
    async with httpx.AsyncClient(base_url=app.url, timeout=PATIENCE) as client:

        async def asked(query: str, accept: str) -> httpx.Response:
            return await client.post("/graphql", json={"query": query}, headers={"Accept": accept})

        answer = events((await asked("{ people_by_pk(id: 1) { name } }", "text/event-stream")).text)
        assert answer == [("next", {"data": {"people_by_pk": {"name": "Ada"}}}), ("complete", None)]
        refused = events((await asked("subscription { nothing { id } }", "text/event-stream")).text)
        assert [name for name, _ in refused] == ["next", "complete"]
        assert "nothing" in str(refused[0][1])
        both = await asked("{ people_by_pk(id: 1) { name } }", "application/json, text/event-stream")
        assert both.json() == {"data": {"people_by_pk": {"name": "Ada"}}}
        plain = await asked("subscription { people { id } }", "application/json")
        assert "WebSocket" in plain.json()["errors"][0]["message"]


@pytest.mark.engines("mariadb")
async def test_the_parts_of_a_multipart_body(woken: tuple[RunningApp, str]) -> None:
    """As Apollo's clients ask for subscriptions where they know no other way."""
    app, _ = woken
    headers = {"Accept": 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'}
    async with httpx.AsyncClient(base_url=app.url, timeout=PATIENCE) as client:
        body = {"query": "subscription { people_by_pk(id: 1) { name } }"}
        async with client.stream("POST", "/graphql", json=body, headers=headers) as response:
            assert response.headers["content-type"].startswith("multipart/mixed;boundary=")
            text = ""
            async for part in response.aiter_text():
                text += part
                if text.count("--graphql") == 2:
                    break
    head, _, payload = text.partition("\r\n\r\n")
    assert head == "\r\n--graphql\r\nContent-Type: application/json"
    assert json.loads(payload.partition("\r\n")[0]) == {"payload": {"data": {"people_by_pk": {"name": "Ada"}}}}
