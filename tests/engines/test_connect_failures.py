"""Each way in which there is no connection has a sentence of its own, made of what the real failure said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graphql_app.engine.mysql.connect_failures import describe_failure
from graphql_app.engine.mysql.dial import ConnectionLost, ServerError, Target, TlsMode, connect
from tests.harness.engine import Engine
from tests.harness.ports import free_port

LIMIT = 10.0


async def told(target: Target, limit: float = LIMIT) -> str:
    """What is told when `target` gives no connection."""
    with pytest.raises((ConnectionLost, ServerError)) as failed:
        (await connect(target, limit)).close()
    error = failed.value
    assert isinstance(error, ConnectionLost | ServerError)
    return describe_failure(error, target)


async def test_the_way_to_the_server(tmp_path: Path) -> None:
    """No such host, nobody there, no socket, nobody who speaks."""
    port, socket = free_port(), str(tmp_path / "none.sock")
    here = Target(port=port, user="api", database="shop")
    assert (
        await told(replace(here, host="nobody.invalid")) == "there is no host 'nobody.invalid' (DB_HOST) (error 2003)"
    )
    assert await told(here) == f"nothing listens at 127.0.0.1:{port} (DB_HOST, DB_PORT) (error 2003)"
    assert await told(replace(here, socket=socket)) == f"there is no socket {socket} (DB_SOCKET) (error 2003)"


@pytest.mark.engines("mariadb")
async def test_what_the_server_says(engine: Engine, database: str) -> None:
    """A login that it refuses, a database that it does not have, TLS that it does not offer; never the password."""
    there = engine.target(database, tcp=True)
    place = f"127.0.0.1:{engine.port}"
    wrong = await told(replace(there, user="nobody", password="hunter2"))
    assert wrong.startswith(f"the server at {place} refuses user 'nobody' or the password")
    assert "hunter2" not in wrong
    assert (await told(replace(there, database="none"))).startswith(f"the server at {place} has no database 'none'")
    assert "gives no encrypted connection (DB_SSL)" in await told(replace(there, tls=TlsMode.REQUIRED))
