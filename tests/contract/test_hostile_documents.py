"""Documents whose fragments contain themselves, over HTTP and WebSocket: each is refused, and the program goes on."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.live_client import live_client

pytestmark = pytest.mark.engines("mariadb")

CYCLES = [
    "query{author{...a}} fragment a on author{articles{...b}} fragment b on article{author{...a}}",
    "mutation{delete_author(where:{id:{_eq:1}}){returning{...a}}}"
    " fragment a on author{articles{...b}} fragment b on article{author{...a}}",
    "subscription{author{...a}} fragment a on author{articles{...b}} fragment b on article{author{...a}}",
    "{__schema{types{...a}}} fragment a on __Type{ofType{...a}}",
]


@pytest.fixture(scope="module")
def site(engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program."""
    engine.execute(
        "CREATE TABLE author (id INT PRIMARY KEY);"
        "CREATE TABLE article (id INT PRIMARY KEY, author_id INT, FOREIGN KEY (author_id) REFERENCES author (id));"
        "INSERT INTO author VALUES (1); INSERT INTO article VALUES (1, 1)",
        module_database,
    )
    app = RunningApp(engine.environment(module_database), ("serve",), tmp_path_factory.mktemp("cycles"))
    try:
        app.wait_ready()
        yield app.url
    finally:
        end([(app, True)])


@pytest.mark.parametrize("text", CYCLES)
async def test_over_http(site: str, text: str) -> None:
    """Alone, in a batch, by GET and as a stream."""
    async with httpx.AsyncClient(base_url=site, timeout=60) as client:
        accept = {"Accept": "text/event-stream"}
        answers = [
            await client.post("/graphql", json={"query": text}),
            await client.post("/graphql", json=[{"query": text}, {"query": text}]),
            await client.get("/graphql", params={"query": text}),
            await client.post("/graphql", json={"query": text}, headers=accept),
        ]
        assert all("within itself" in answer.text for answer in answers)
        alive = await client.post("/graphql", json={"query": "{author{id}}"})
        assert alive.json() == {"data": {"author": [{"id": 1}]}}


@pytest.mark.parametrize("text", CYCLES)
async def test_over_websocket(site: str, text: str) -> None:
    """The next operation of the same connection is answered."""
    async with live_client(site) as client:
        await client.start("1", text)
        message = await client.hear()
        assert message["type"] == "error"
        assert "within itself" in message["payload"][0]["message"]
        await client.start("2", "{author{id}}")
        assert await client.data("2") == {"author": [{"id": 1}]}
