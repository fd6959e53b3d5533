"""What a page of another site may send without asking first (no CORS preflight), as one table over every address."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlencode

import httpx
import pytest
from starlette.routing import BaseRoute, Route

from graphql_app.app import create_app
from graphql_app.config.settings import Settings
from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb")]

EVIL, GOOD = "https://evil.example", "https://good.example"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READING = ("GET", "HEAD", "OPTIONS")
MUTATION = "mutation { delete_t(where: {}) { affected_rows } }"
JSON = json.dumps({"input": {"id": 9}, "where": {"id": 1}, "query": MUTATION}).encode()
BODIES: dict[str | None, bytes] = {
    None: b"",
    "application/json": JSON,
    "application/x-www-form-urlencoded": urlencode({"query": MUTATION, "input": ""}).encode(),
    "multipart/form-data; boundary=b": (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\nid\r\n9\r\n--b--\r\n'
    ),
    "text/plain": JSON,
    "text/plain; charset=application/json": b'{"input": {"id": 9}}',
    "text/csv": b"id\r\n9\r\n",
}
SAFELISTED = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""Content types that the Fetch standard lets a page send without a preflight."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that a page can make."""

    method: str
    path: str
    media: str | None

    @property
    def unasked(self) -> bool:
        """Whether browsers send it to another origin without a preflight."""
        kind = (self.media or "text/plain").partition(";")[0]
        return self.method in ("GET", "HEAD", "POST") and kind in SAFELISTED

    @property
    def writes(self) -> bool:
        return self.method not in READING


def paths(routes: list[BaseRoute]) -> Iterator[str]:
    """One address for each route."""
    for route in routes:
        if isinstance(route, Route):
            yield route.path.replace("{table}", "t").replace("{name:path}", "docs.css")
    # What a GET can carry.
    for path in ("/graphql", "/v1/graphql"):
        yield f"{path}?{urlencode({'query': MUTATION})}"


TABLE = [
    Sent(method, path, media)
    for path, method, media in product(
        dict.fromkeys(paths(create_app(Settings(_env_file=None)).routes)),  # type: ignore[call-arg]
        METHODS,
        BODIES,
    )
    if method not in ("GET", "HEAD") or media is None
]


async def answers(client: httpx.AsyncClient, headers: dict[str, str]) -> AsyncIterator[tuple[Sent, httpx.Response]]:
    """The answer to every request of the table."""
    for sent in TABLE:
        given = headers | ({"Content-Type": sent.media} if sent.media else {})
        yield sent, await client.request(sent.method, sent.path, content=BODIES[sent.media], headers=given)


def prepared(engine: Engine, database: str) -> None:
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)", database)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
@pytest.mark.parametrize("origins", [GOOD, "none"])
async def test_a_list_refuses_every_write_of_other_pages(
    open_app: OpenApp, engine: Engine, database: str, headers: dict[str, str], origins: str
) -> None:
    """Whatever its content type; and nothing that is let through writes."""
    prepared(engine, database)
    async with open_app(engine.environment(database) | {"CORS_ORIGINS": origins}) as client:
        refused = set()
        async for sent, response in answers(client, headers):
            if sent.writes:
                assert response.status_code == 403, (sent, response.text)
                refused.add(sent)
                if "/graphql" in sent.path:
                    assert response.json()["errors"][0]["extensions"]["reason"] == "ORIGIN_NOT_ALLOWED"
                elif sent.path.startswith("/rest/"):
                    assert response.json()["details"] == "ORIGIN_NOT_ALLOWED (outcome not_applied)"
                else:
                    assert response.json()["details"] == {"code": "ORIGIN_NOT_ALLOWED", "outcome": "not_applied"}
            elif sent.path != "/metrics":
                assert response.status_code != 403, (sent, response.text)
        unasked = {sent for sent in refused if sent.unasked}
        assert {("/api/batch/import", "multipart/form-data; boundary=b"), ("/admin/reload", None)} <= {
            (sent.path, sent.media) for sent in unasked
        }
    assert engine.select("SELECT id FROM t", database).rows == ((1,),)


async def test_without_a_preflight_only_an_import_and_a_reload_can_write_at_all(
    open_app: OpenApp, engine: Engine, database: str
) -> None:
    """With CORS_ORIGINS=*, so that nothing is refused for its origin: bodies that are no JSON are."""
    prepared(engine, database)
    async with open_app(engine.environment(database)) as client:
        done = set()
        async for sent, response in answers(client, {}):
            if sent.unasked and sent.writes and response.is_success:
                done.add((sent.path, sent.media))
    assert done == {("/api/batch/import", "multipart/form-data; boundary=b")} | {
        ("/admin/reload", media) for media in BODIES if media is None or media.partition(";")[0] in SAFELISTED
    }


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": GOOD}, {"Origin": "http://program"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
async def test_who_may_write_does(open_app: OpenApp, engine: Engine, database: str, headers: dict[str, str]) -> None:
    """Clients that are no browser, listed pages, our own ones, and what a person does."""
    prepared(engine, database)
    media = "multipart/form-data; boundary=b"
    async with open_app(engine.environment(database) | {"CORS_ORIGINS": GOOD}) as client:
        response = await client.post(
            "/api/batch/import", content=BODIES[media], headers=headers | {"Content-Type": media}
        )
        assert response.status_code == 200, response.text
        assert (await client.post("/admin/reload", headers=headers)).status_code == 200
    assert engine.select("SELECT id FROM t ORDER BY id", database).rows == (
        (1,),
        (9,),
    )


async def test_operators_addresses_are_for_no_other_page_even_with_the_default(
    open_app: OpenApp, engine: Engine, database: str
) -> None:
    """`*` means the data: a page may not read the figures of the machine that it is looked at on."""
    prepared(engine, database)
    async with open_app(engine.environment(database)) as client:
        for method, path in (("GET", "/metrics"), ("POST", "/admin/reload")):
            response = await client.request(method, path, headers={"Origin": EVIL})
            assert (response.status_code, response.json()["details"]["code"]) == (403, "PERMISSION_DENIED")
            assert (await client.request(method, path)).status_code == 200


async def test_a_refusal_can_be_read_by_the_page_that_may_call(
    open_app: OpenApp, engine: Engine, database: str
) -> None:
    prepared(engine, database)
    async with open_app(engine.environment(database) | {"CORS_ORIGINS": GOOD}) as client:
        response = await client.post(
            "/graphql", json={"query": "{ t { id } }"}, headers={"Origin": GOOD, "x-hasura-role": "user"}
        )
    assert response.status_code == 400
    assert response.headers["access-control-allow-origin"] == GOOD
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "not-supported"
    assert "x-hasura-role" in error["message"]
