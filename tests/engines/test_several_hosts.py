"""The program over several servers' names, on each engine that has a port: what is dead is passed, roles are told."""

from __future__ import annotations

import pytest

from graphql_app.cli.check import run_check
from graphql_app.config.settings import Settings
from tests.faults.program import program
from tests.fix_private import PrivateServers
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.harness.ports import free_port

pytestmark = pytest.mark.engines(EngineName.MARIADB, EngineName.MYSQL)
TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v INT)"


def over(engine: Engine, database: str, *ports: int | None) -> dict[str, str]:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    patient = {"RETRY_TIMEOUTS_MS": "9000,9000", "RETRY_DELAYS_MS": "100"}
    return patient | {"DB_HOSTS": hosts, "DB_USER": engine.user, "DB_PASSWORD": engine.password, "DB_NAME": database}


async def test_a_dead_server_is_passed(engine: Engine, database: str) -> None:
    engine.execute(TABLE, database)
    async with program(over(engine, database, free_port(), engine.port)) as client:
        answer = await client.post("/api/t", json={"input": {"id": 1, "v": 2}})
        assert (answer.status_code, answer.json()["retry_count"]) == (200, 0)
        assert (await client.get("/readyz?for=write")).status_code == 200
        told = f'database_hosts{{host="127.0.0.1:{engine.port}",role="writer"}} 1.0'
        assert told in (await client.get("/metrics")).text


async def test_an_account_that_may_not_see_the_group(engine: Engine, database: str) -> None:
    """It learns by other signs who takes writes."""
    engine.execute(TABLE, database)
    user = f"u{engine.port}"
    engine.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY 'word'; GRANT ALL ON {database}.* TO '{user}'@'%'")
    try:
        given = over(engine, database, free_port(), engine.port) | {"DB_USER": user, "DB_PASSWORD": "word"}
        async with program(given) as client:
            assert (await client.post("/api/t", json={"input": {"id": 1, "v": 2}})).status_code == 200
            assert (await client.get("/readyz?for=write")).status_code == 200
    finally:
        engine.execute(f"DROP USER '{user}'@'%'")


async def test_ready_to_read_and_not_to_write(private_server: PrivateServers) -> None:
    engine = private_server(EngineName.MARIADB).engine
    with engine.database(TABLE) as database:
        async with program(engine.environment(database)) as client:
            assert (await client.get("/readyz?for=write")).status_code == 200
            engine.execute("SET GLOBAL read_only = ON")
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.get("/readyz?for=read")).status_code == 200
            answer = await client.get("/readyz?for=write")
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert answer.json()["cause"] == "None of the database servers takes writes now"
            assert (await client.get("/readyz?for=all")).status_code == 400
            engine.execute("SET GLOBAL read_only = OFF")


def test_check_tells_of_each_server(engine: Engine, database: str) -> None:
    engine.execute(TABLE, database)
    dead = free_port()
    lines: list[str] = []
    given = {name.lower(): value for name, value in over(engine, database, dead, engine.port).items()}
    assert not run_check(Settings.model_validate(given), lines.append)
    assert lines[0].startswith(
        f"hosts      TROUBLE: 127.0.0.1:{dead}: away: nothing listens at 127.0.0.1:{dead} (DB_HOST"
    )
    assert f"127.0.0.1:{engine.port}: writer" in lines[1]
    assert "replication is asynchronous" in lines[2]
