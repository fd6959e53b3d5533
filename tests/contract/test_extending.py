"""What developers add: fields of Strawberry, routes and dependencies of FastAPI, a database opened in Python."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
import strawberry
from fastapi import APIRouter, Depends, FastAPI
from strawberry.extensions import SchemaExtension
from strawberry.permission import BasePermission

from graphql_app import (
    Database,
    Engine,
    QueryFailed,
    Settings,
    create_app,
    current_database,
    current_request,
    database_of,
    rest_router,
)
from graphql_app.graphql_api.additions import Additions
from graphql_app.graphql_api.schema_builder import schema_of
from graphql_app.observability.request_context import RequestContext
from schema_gen.graphql.added_fields import AddedFields
from tests.harness.app_process import PATIENT
from tests.harness.engine import Engine as Server
from tests.unit.schema_shop import SHOP

pytestmark = [pytest.mark.anyio]

TABLES = """
CREATE TABLE accounts (id INT PRIMARY KEY, owner VARCHAR(20) NOT NULL, balance DECIMAL(12, 2) NOT NULL, ratio DOUBLE,
  data JSON, CHECK (balance >= 0));
CREATE TABLE moves (id INT AUTO_INCREMENT PRIMARY KEY, account_id INT NOT NULL, amount DECIMAL(12, 2) NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id));
INSERT INTO accounts VALUES (1, 'Ada Lovelace', 100, 0.10, '{"big": 12345678901234567890123, "f": 1.50}'),
  (2, 'Alan Turing', 5, 1e300, NULL);
INSERT INTO moves (account_id, amount) VALUES (1, 100), (2, 5)
"""


@pytest.fixture
def environment(engine: Server, database: str) -> dict[str, str]:
    engine.execute(TABLES, database)
    return dict(engine.environment(database))


def settings_of(environment: dict[str, str]) -> Settings:
    given = {name.lower(): value for name, value in (PATIENT | environment).items()}
    options: dict[str, Any] = {"_env_file": None} | given
    return Settings(**options)


@asynccontextmanager
async def served(
    app: FastAPI, probe: str = "/readyz", inner: FastAPI | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that runs and has read the schema."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://program", timeout=60) as client,
        httpx.AsyncClient(transport=httpx.ASGITransport(inner or app), base_url="http://program") as asking,
    ):
        with anyio.fail_after(20):
            while (await asking.get(probe)).status_code != 200:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        yield client


async def ask(client: httpx.AsyncClient, query: str, **headers: str) -> Any:
    answer = await client.post("/graphql", json={"query": query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- fields -------------------------------------------------------------------


class IsTeller(BasePermission):
    message = "tellers only"

    def has_permission(self, source: Any, info: strawberry.Info, **arguments: Any) -> bool:
        return bool(info.context.request.header("X-Teller") == "yes")


@strawberry.type
class Report:
    total: str
    who: str | None


@strawberry.type
class Query:
    @strawberry.field
    async def report(self, info: strawberry.Info) -> Report:
        found = await info.context.db.query("{ accounts_aggregate { aggregate { sum { balance } } } }")
        return Report(total=found["accounts_aggregate"]["aggregate"]["sum"]["balance"], who=info.context.extra)

    @strawberry.field(permission_classes=[IsTeller])  # type: ignore[untyped-decorator]
    def vault(self) -> int:
        return 42

    @strawberry.field
    def broken(self) -> int:
        raise ValueError("what nobody should read")


MOVE = """mutation($from: Int!, $to: Int!, $less: decimal!, $more: decimal!) {
  update_accounts_by_pk(pk_columns: {id: $from}, _inc: {balance: $less}) { id }
  other: update_accounts_by_pk(pk_columns: {id: $to}, _inc: {balance: $more}) { balance }
}"""


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def transfer(self, info: strawberry.Info, source: int, target: int, amount: int) -> str:
        await info.context.db.query(
            "mutation($a: Int!, $m: decimal!) { insert_moves_one(object: {account_id: $a, amount: $m}) { id } }",
            {"a": target, "m": amount},
        )
        moved = await info.context.db.query(MOVE, {"from": source, "to": target, "less": -amount, "more": amount})
        return str(moved["other"]["balance"])


@strawberry.type
class AccountFields:
    owner: strawberry.Private[str]
    balance: strawberry.Private[str]

    @strawberry.field
    def initials(self, dot: str = "") -> str:
        return "".join(part[0] + dot for part in self.owner.split())

    @strawberry.field
    async def rich(self, info: strawberry.Info) -> bool:
        assert info.context.db is not None
        return float(self.balance) > 50


SEEN: list[str] = []


class Notes(SchemaExtension):
    def on_operation(self) -> Iterator[None]:
        SEEN.append(self.execution_context.query or "")
        yield


def custom_app(environment: dict[str, str], **options: Any) -> FastAPI:
    return create_app(
        settings_of(environment),
        query=Query,
        mutation=Mutation,
        computed={"accounts": AccountFields},
        context=lambda request: request and request.header("X-Who"),
        **options,
    )


async def test_a_root_field_asks_the_database(environment: dict[str, str]) -> None:
    async with served(custom_app(environment)) as client:
        assert await ask(client, "{ report { total who } accounts { id } }", **{"X-Who": "Grace"}) == {
            "data": {"report": {"total": "105.00", "who": "Grace"}, "accounts": [{"id": 1}, {"id": 2}]}
        }
        names = await ask(client, '{ __type(name: "query_root") { fields { name } } }')
        assert "report" in [each["name"] for each in names["data"]["__type"]["fields"]]


async def test_a_permission_class_and_a_defect_in_a_resolver(environment: dict[str, str]) -> None:
    async with served(custom_app(environment)) as client:
        refused = await ask(client, "{ vault }")
        assert refused["errors"][0]["message"] == "tellers only"
        assert refused["errors"][0]["extensions"]["reason"] == "PERMISSION_DENIED"
        assert await ask(client, "{ vault }", **{"X-Teller": "yes"}) == {"data": {"vault": 42}}
        broken = await ask(client, "{ broken }")
        assert broken["errors"][0]["message"] == "Internal error"


async def balances(client: httpx.AsyncClient) -> list[str]:
    rows = (await ask(client, "{ accounts(order_by: {id: asc}) { balance } }"))["data"]["accounts"]
    return [row["balance"] for row in rows]


async def test_a_mutation_is_one_transaction(environment: dict[str, str]) -> None:
    async with served(custom_app(environment)) as client:
        done = await ask(client, "mutation { transfer(source: 1, target: 2, amount: 30) }")
        assert done == {"data": {"transfer": "35.00"}}
        assert await balances(client) == ["70.00", "35.00"]
        refused = await ask(
            client,
            "mutation { delete_moves(where: {}) { affected_rows } transfer(source: 2, target: 1, amount: 36) }",
        )
        assert refused["data"] is None
        assert refused["errors"][0]["extensions"]["reason"] == "CHECK_VIOLATION"
        assert await balances(client) == ["70.00", "35.00"]
        moves = await ask(client, "{ moves_aggregate { aggregate { count } } }")
        assert moves == {"data": {"moves_aggregate": {"aggregate": {"count": 3}}}}


@pytest.mark.engines("mariadb", "mysql")
async def test_a_mutation_whose_connection_is_lost_is_repeated_as_a_whole(
    engine: Server, environment: dict[str, str]
) -> None:
    """The first attempt's insert is gone with its transaction; the resolver runs again, and its work counts once."""
    runs: list[int] = []

    def cut_all() -> None:
        with engine.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", [environment["DB_NAME"]])
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number}")

    @strawberry.type
    class Unlucky:
        @strawberry.mutation
        async def two_moves(self, info: strawberry.Info) -> int:
            runs.append(len(runs))
            one = "mutation { insert_moves_one(object: {account_id: 1, amount: 7}) { id } }"
            await info.context.db.query(one)
            if len(runs) == 1:
                await anyio.to_thread.run_sync(cut_all)
            await info.context.db.query(one)
            return len(runs)

    async with served(create_app(settings_of(environment), mutation=Unlucky)) as client:
        assert await ask(client, "mutation { two_moves }") == {"data": {"two_moves": 2}}
        moves = await ask(client, "{ moves_aggregate(where: {amount: {_eq: 7}}) { aggregate { count } } }")
        assert moves == {"data": {"moves_aggregate": {"aggregate": {"count": 2}}}}


async def test_computed_fields_stand_wherever_rows_do(environment: dict[str, str]) -> None:
    async with served(custom_app(environment)) as client:
        found = await ask(
            client,
            """{ a: accounts(order_by: {id: asc}) { n: initials(dot: ".") initials rich
                   moves { amount account { initials } } }
                 accounts_by_pk(id: 1) { rich }
                 accounts_aggregate { aggregate { count } nodes { initials } }
                 gone: accounts_by_pk(id: 9) { rich } }""",
        )
        assert found["data"]["a"][1] == {
            "n": "A.T.",
            "initials": "AT",
            "rich": False,
            "moves": [{"amount": "5.00", "account": {"initials": "AT"}}],
        }
        assert found["data"]["accounts_by_pk"] == {"rich": True}
        assert found["data"]["accounts_aggregate"]["nodes"] == [{"initials": "AL"}, {"initials": "AT"}]
        assert found["data"]["gone"] is None
        written = await ask(
            client, "mutation { update_accounts(where: {id: {_eq: 2}}, _set: {balance: 60}) { returning { rich } } }"
        )
        assert written == {"data": {"update_accounts": {"returning": [{"rich": True}]}}}


async def test_what_stands_beside_computed_fields_is_the_engines_own_text(environment: dict[str, str]) -> None:
    async with served(custom_app(environment)) as client:
        plain = "id owner balance ratio data __typename"
        bare = await client.post("/graphql", json={"query": f"{{ accounts {{ {plain} }} }}"})
        beside = await client.post("/graphql", json={"query": f"{{ accounts {{ {plain} initials }} }}"})
        assert '"initials":"AL"' in beside.text
        without = beside.text.replace(',"initials":"AL"', "").replace(',"initials":"AT"', "")
        assert without == bare.text.replace(": ", ":").replace(", ", ",")  # but for spaces within JSON columns


async def test_extensions_see_every_operation(environment: dict[str, str]) -> None:
    async with served(custom_app(environment, extensions=[Notes])) as client:
        SEEN.clear()
        await ask(client, "{ accounts { id } }")
        done = await ask(client, "mutation { delete_moves(where: {}) { affected_rows } }")
        assert done == {"data": {"delete_moves": {"affected_rows": 2}}}
        assert len(SEEN) == 2
    async with served(custom_app(environment)) as client:
        SEEN.clear()
        await ask(client, "{ report { total } }")
        assert SEEN == []


@pytest.mark.parametrize(
    ("table", "message"), [("accounts", "no such columns"), ("nothing", "no such table")], ids=["column", "table"]
)
async def test_computed_fields_of_what_is_not_there_are_refused(
    environment: dict[str, str], table: str, message: str
) -> None:
    name = "customers" if table == "accounts" else table
    with pytest.raises(ValueError, match=message):
        schema_of(SHOP, "snake", Additions(AddedFields(computed={name: AccountFields})))


# --- routes -------------------------------------------------------------------

router = APIRouter()


@router.get("/hello")
async def hello(
    request: RequestContext = Depends(current_request),  # noqa: B008
    db: Database = Depends(current_database),  # noqa: B008
) -> dict[str, Any]:
    rows = await db.read("accounts", ["owner"], where={"id": {"_eq": 1}})
    return {"id": request.id, "who": request.header("x-who"), "rows": rows}


async def test_a_route_knows_the_request_and_the_database(environment: dict[str, str]) -> None:
    async with served(custom_app(environment, routes=[router])) as client:
        answer = await client.get("/hello", headers={"X-Request-Id": "r-7", "X-Who": "Grace"})
        assert answer.json() == {"id": "r-7", "who": "Grace", "rows": [{"owner": "Ada Lovelace"}]}
        # The program's own addresses keep their short way.
        assert (await client.get("/api/accounts/query")).status_code == 200


async def test_the_app_is_mounted_in_another(environment: dict[str, str]) -> None:
    inner = custom_app(environment)

    @asynccontextmanager
    async def lifespan(_outer: FastAPI) -> AsyncIterator[None]:
        async with inner.router.lifespan_context(inner):
            yield

    outer = FastAPI(lifespan=lifespan)
    outer.mount("/shop", inner)

    @outer.get("/count")
    async def count() -> int:
        return len(await database_of(inner).read("accounts"))

    handlers = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    async with served(outer, "/shop/readyz") as client:
        assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == handlers
        assert (await client.get("/shop/api/accounts/query?select=id")).json()["data"] == [{"id": 1}, {"id": 2}]
        found = await client.post("/shop/graphql", json={"query": "{ report { total } }"})
        assert found.json() == {"data": {"report": {"total": "105.00"}}}
        assert (await client.get("/count")).json() == 2


async def test_the_rest_addresses_are_a_router(environment: dict[str, str]) -> None:
    inner = custom_app(environment | {"CORS_ORIGINS": "none"})
    outer = FastAPI()
    outer.include_router(rest_router(inner), prefix="/v2/shop")
    async with served(outer, inner=inner) as client:
        assert (await client.get("/v2/shop/api/accounts/query?select=id")).json()["data"] == [{"id": 1}, {"id": 2}]
        added = await client.post("/v2/shop/api/moves", json={"input": {"account_id": 1, "amount": 1}})
        assert added.json()["message"] == "Record inserted successfully"
        foreign = await client.delete("/v2/shop/api/moves", headers={"Origin": "http://elsewhere"})
        assert foreign.status_code == 403
        assert (await client.get("/graphql")).status_code == 404


# --- in Python ----------------------------------------------------------------


async def test_a_database_is_opened_in_a_program(environment: dict[str, str]) -> None:
    options = {name.lower(): value for name, value in (PATIENT | environment).items()}
    async with Engine.connect(options.pop("database_url", ""), **options) as db:
        assert await db.query("query($n: Int!) { accounts(limit: $n) { owner } }", {"n": 1}) == {
            "accounts": [{"owner": "Ada Lovelace"}]
        }
        rows = await db.read("accounts", where={"balance": {"_lt": 50}}, order_by=[{"id": "asc"}], limit=3)
        assert [(row["id"], row["balance"]) for row in rows] == [(2, "5.00")]
        with pytest.raises(QueryFailed, match="nobody"):
            await db.query("{ nobody { id } }")
        with pytest.raises(QueryFailed, match="wher"):
            await db.read("accounts", wher={})


def test_the_package_shows_its_face_cheaply() -> None:
    script = (
        "import graphql_app, sys; print('fastapi' in sys.modules);"
        "print(len([getattr(graphql_app, name) for name in graphql_app.__all__]) == len(graphql_app.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
