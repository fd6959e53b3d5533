"""How reads of several statements begin, as each family of servers takes it."""

from __future__ import annotations

import pytest

from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.execute.session import Session
from tests.faults.fake_server import SERVER_VERSION, FakeServer
from tests.faults.rig import at, rig
from tests.faults.virtual import run_virtual


async def both(session: Session) -> int:
    """Two statements that have to see one snapshot."""
    await session.query(b"SELECT 1", b"SELECT 2")
    await session.query(b"SELECT 3", last=True)
    return 1


@pytest.mark.parametrize(
    ("version", "begin"),
    [
        (SERVER_VERSION, b"START TRANSACTION READ ONLY"),
        (b"8.4.0", b"START TRANSACTION READ ONLY"),
        # It refuses READ ONLY (1235).
        (b"8.0.11-TiDB-v8.5.1", b"START TRANSACTION"),
    ],
)
def test_a_read_of_several_statements_begins_as_the_server_takes_it(version: bytes, begin: bytes) -> None:
    async def work() -> None:
        server = FakeServer()
        server.version = version
        async with server, rig(at(server.port)) as r:
            assert await r.executor.run(Kind.READ, both) == (1, 0)
            sent = [sql for _, sql in server.statements if b"SELECT 1" in sql or b"SELECT 3" in sql]
            first, last = ([part for part in sql.split(b";") if not part.startswith(b"SET ")] for sql in sent)
            assert first == [begin, b"SELECT 1", b"SELECT 2"]
            assert last == [b"SELECT 3", b"COMMIT"]

    run_virtual(work())
