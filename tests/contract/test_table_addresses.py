"""Every table has its addresses, whatever its name; and none tells of it where the structure is not to be shown."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from graphql_app.engine.sql.fragment import finish, name, sql
from tests.fix_app import OpenApp, StartApp
from tests.harness.engine import Engine

ODD = ("a/b", "a/query", "/", "a%2Fb", "50%", "what?", "x#y", "a b", "a+b", "é", "a\\b", "a;b", "semi;colon,=&")
"""Names that stand for something else in an address, unless they are escaped."""


def made(names: tuple[str, ...]) -> str:
    """The statements that make a table of each name, with one row that names it."""
    return ";".join(
        finish(sql("CREATE TABLE ", name(each), " (id INT PRIMARY KEY, at VARCHAR(9))")).render().decode()
        for each in names
    )


def test_a_table_of_any_name_is_reached(start_app: StartApp, mariadb: Engine) -> None:
    """Rows go in and out through every address of exactly that table, through a real server's decoding."""
    with mariadb.database(made((*ODD, "a"))) as database:
        client = start_app(mariadb.environment(database)).client
        for number, table in enumerate(ODD):
            path = f"/api/{quote(table, safe='')}"
            assert client.post(path, json={"input": {"id": number, "at": "new"}}).is_success, table
            assert client.put(path, json={"input": {"at": "set"}, "where": {"id": number}}).is_success
            row = [{"id": number, "at": "set"}]
            assert client.get(f"{path}/query").json()["data"] == row
            assert client.post(f"{path}/query", json={"input": {"id": number}}).json()["data"] == row
            for export in (f"{path}/export", f"/api/batch/{quote(table, safe='')}/export"):
                assert client.get(export).text.splitlines() == ["id,at", f'{number},"set"']
            assert path in client.get("/openapi.json", params={"table": table}).json()["paths"]
            if number % 2:
                assert (
                    client.request("DELETE", path, json={"input": {"id": number}}).json()["data"]["rows_affected"] == 1
                )
                assert client.get(f"{path}/query").json()["data"] == []
        assert client.get("/api/a/query").json()["data"] == []


async def test_an_escape_changes_nothing_else(open_app: OpenApp, mariadb: Engine) -> None:
    """Escapes of plain letters are those letters; an unescaped `/` still parts; unknown names are unknown."""
    with mariadb.database(made(("users", "a/b"))) as database:
        async with open_app(mariadb.environment(database)) as client:
            assert (await client.get("/api/%75sers/query")).status_code == 200
            assert (await client.get("/api/a/b/query")).status_code == 404
            unknown = await client.get("/api/a%2Fc/query")
            told = "Unknown table 'a/c'; did you mean 'a/b'?"
            assert (unknown.status_code, unknown.json()["message"]) == (404, told)
            assert (await client.get("/api/%FF/query")).status_code == 404


@pytest.fixture(params=["/openapi.json", "/openapi.json?table=secret", "/openapi.json?table=none", "/structure.json"])
def structural(request: pytest.FixtureRequest) -> str:
    """An address that tells the structure."""
    return str(request.param)


async def test_the_structure_can_be_hidden(open_app: OpenApp, mariadb: Engine, structural: str) -> None:
    """With INTROSPECTION=false the same failure everywhere; the pages and the data are still there."""
    with mariadb.database(made(("secret",))) as database:
        async with open_app(mariadb.environment(database) | {"INTROSPECTION": "false"}) as client:
            answer = await client.get(structural)
            assert answer.status_code == 403
            told = answer.json()
            assert (told["message"], told["details"]["code"]) == ("Introspection is switched off", "PERMISSION_DENIED")
            assert "secret" not in answer.text
            asked = await client.post("/graphql", json={"query": "{__schema{types{name}}}"})
            (error,) = asked.json()["errors"]
            assert (error["message"], error["extensions"]["reason"]) == (answer.json()["message"], "PERMISSION_DENIED")
            for page in ("/", "/data", "/docs", "/graphiql"):
                assert await shows_nothing(client, page)
            assert (await client.get("/api/secret/query")).json()["data"] == []


async def shows_nothing(client: httpx.AsyncClient, page: str) -> bool:
    """Whether a page is served and does not name the table."""
    answer = await client.get(page, headers={"Accept": "text/html"})
    return answer.status_code == 200 and "secret" not in answer.text
