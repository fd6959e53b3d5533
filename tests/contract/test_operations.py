"""What operators see: metrics, request ids, stage times, refusals; of one process and of several."""

from __future__ import annotations

import asyncio
import json
import re
import time

import httpx
import pytest

from tests.fix_app import OpenApp, StartApp
from tests.harness.engine import Engine


def figure(text: str, line: str) -> float:
    """The value of a line of metrics; 0 where there is none."""
    found = re.search(rf"^graphql_app_{re.escape(line)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def answered(text: str) -> float:
    """GraphQL requests, whatever became of them."""
    found = re.findall(r'^graphql_app_requests_total\{api="graphql",.*\} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


async def test_metrics_of_a_running_program(open_app: OpenApp, engine: Engine, own_shop: str) -> None:
    """Requests of both APIs, their stages, the pool, and the schema."""
    async with open_app(engine.environment(own_shop)) as client:
        for _ in range(3):
            await client.post("/graphql", json={"query": "{users(limit:1){id}}"})
        await client.post("/graphql", json={"query": "mutation{delete_users_by_pk(id:0){id}}"})
        await client.post("/graphql", json={"query": "{nope}"})
        await client.post("/api/users", json={"input": {"nope": 1}})
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = response.text
    assert figure(text, 'requests_total{api="graphql",operation="query",status="200"}') == 3
    assert figure(text, 'requests_total{api="graphql",operation="mutation",status="200"}') == 1
    assert figure(text, 'requests_total{api="rest",operation="POST /api/{table}",status="400"}') == 1
    assert figure(text, 'failures_total{api="graphql",code="GRAPHQL_VALIDATION_FAILED"}') == 1
    assert figure(text, 'stage_seconds_count{stage="execute"}') >= 4
    assert figure(text, 'pool_connections{bulkhead="interactive",state="idle"}') >= 1
    assert figure(text, "schema_tables") > 5
    assert figure(text, "documents_cached") == 3


async def test_metrics_can_be_switched_off(open_app: OpenApp, engine: Engine, database: str) -> None:
    async with open_app(engine.environment(database) | {"METRICS": "false"}) as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_request_ids_and_stage_times(open_app: OpenApp, engine: Engine, shop_database: str) -> None:
    """The client's id comes back, anything else is replaced; times only where they are asked for."""
    async with open_app(engine.environment(shop_database) | {"SERVER_TIMING": "true"}) as client:
        query = {"query": "{users(limit:1){id}}"}
        given = await client.post("/graphql", json=query, headers={"X-Request-Id": "abc-1"})
        assert given.headers["x-request-id"] == "abc-1"
        assert re.fullmatch(r"plan;dur=\d+\.\d{3}, compile;dur=.*, execute;dur=.*", given.headers["server-timing"])
        bad = [
            (await client.get("/healthz", headers={b"X-Request-Id": value})).headers["x-request-id"]
            for value in (b"", b"a b", b"x" * 129, b"\xe4")
        ]
        assert len(set(bad)) == 4
        assert all(re.fullmatch(r"[0-9a-f]{12}-\d+", each) for each in bad)
        assert "server-timing" not in (await client.get("/healthz")).headers


@pytest.mark.engines("mariadb", "mysql")
async def test_too_many_requests_are_refused_at_once(open_app: OpenApp, engine: Engine, own_shop: str) -> None:
    """With the status, the form and the time of each API; what says how the program is answers all the same."""
    async with open_app(engine.environment(own_shop) | {"MAX_IN_FLIGHT": "1"}) as client:
        asked = {"query": 'mutation{insert_users_one(object:{name:"late"}){id}}'}
        with engine.connect(own_shop) as lock, lock.cursor() as cursor:
            cursor.execute("LOCK TABLES users WRITE")
            held = asyncio.create_task(client.post("/graphql", json=asked))
            async with asyncio.timeout(20):
                # The scrape itself is in flight too.
                while figure((await client.get("/metrics")).text, "requests_in_flight") < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            graphql = await client.post("/graphql", json={"query": "{__typename}"})
            rest = await client.get("/api/users/query")
            assert (await client.get("/healthz")).status_code == 200
            text = (await client.get("/metrics")).text
            cursor.execute("UNLOCK TABLES")
        assert (await held).json()["data"]["insert_users_one"]["id"]
        assert (graphql.status_code, graphql.headers["retry-after"]) == (503, "1")
        assert graphql.json()["errors"][0]["extensions"]["reason"] == "SERVICE_UNAVAILABLE"
        assert (rest.status_code, rest.headers["retry-after"], rest.json()["error_code"]) == (503, "1", "503")
        assert figure(text, "refused_total") == 2
        assert (await client.get("/api/users/query?limit=1")).status_code == 200


@pytest.mark.engines("mariadb")
def test_several_workers_answer_as_one(start_app: StartApp, engine: Engine, shop_database: str) -> None:
    """Whichever is scraped tells the requests of all, and the log names each request once, with its id and no value."""
    app = start_app(engine.environment(shop_database), settings={"WORKERS": "2", "LOG_FORMAT": "json"})
    for number in range(20):
        with httpx.Client(base_url=app.url) as client:
            query = {"query": '{users(where:{name:{_eq:"canary"}}){id}}'}
            answer = client.post("/graphql", json=query, headers={"X-Request-Id": f"n{number}"})
            assert "errors" not in answer.json(), "a worker took a connection before it had a schema"
    until = time.monotonic() + 10
    with httpx.Client(base_url=app.url) as client:
        # A request is counted when its answer is out.
        while answered(client.get("/metrics").text) < 20 and time.monotonic() < until:
            pass
        assert answered(client.get("/metrics").text) == 20
    lines = [json.loads(line) for line in app.log.splitlines() if line.startswith("{")]
    done = [line["request"] for line in lines if line["event"] == "request_done"]
    assert sorted(done) == sorted(f"n{number}" for number in range(20))
    assert "canary" not in app.log
