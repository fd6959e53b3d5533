"""`python -m bench.start [TABLES …]`: how long a large schema takes to be served, to be replaced, and to be described.

Each table has 12 columns and 2 relations. The seconds until `/readyz` says yes, the memory, what a reload takes, and
how long another request waits at most meanwhile.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pymysql
from graphql import get_introspection_query

from bench.processes import cpu_seconds, forget_peak, peak_megabytes, run_seconds
from tests.harness.app_process import RunningApp
from tests.harness.engines import MariaDB

SIZES = (1000, 5000)

OTHER = "{ __schema { types { name kind fields { name type { name } } inputFields { name } } } }"
"""An introspection that is not the standard one."""


def table(number: int, tables: int) -> str:
    """The statement that makes one table; its relations go to tables made before."""
    first, second = (number * 7 + 1) % tables, (number * 13 + 5) % tables
    return (
        f"CREATE TABLE table_{number} (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL,"
        " email VARCHAR(200) UNIQUE, age INT, price DECIMAL(12,2), created_at DATETIME(6), is_active TINYINT(1),"
        " note TEXT, state ENUM('new','old','done'), data JSON, parent_id BIGINT, other_id BIGINT,"
        f" FOREIGN KEY (parent_id) REFERENCES table_{min(first, number)} (id),"
        f" FOREIGN KEY (other_id) REFERENCES table_{min(second, number)} (id))"
    )


@contextmanager
def database(folder: Path, sizes: tuple[int, ...]) -> Iterator[str]:
    """A MariaDB with a database of each size; gives its socket."""
    folder.mkdir()
    server = MariaDB(folder)
    try:
        server.prepare()
        address = server.start()
        with pymysql.connect(unix_socket=address.socket, user="root", autocommit=True) as connection:
            cursor = connection.cursor()
            for size in sizes:
                cursor.execute(f"CREATE DATABASE big{size} CHARACTER SET utf8mb4")
                cursor.execute(f"USE big{size}")
                for number in range(size):
                    cursor.execute(table(number, size))
        yield address.socket
    finally:
        server.remove()


async def measure(app: RunningApp, socket: str, name: str) -> None:
    """Prints what a reload and an introspection take, and what others notice of them."""
    async with httpx.AsyncClient(base_url=app.url, timeout=600) as client:
        pid = app.process.pid
        await _watched("nothing else", client, pid, asyncio.sleep(2))
        forget_peak(pid)
        await _watched("the first openapi.json", client, pid, _read(client, "/openapi.json"))
        print(f"  peak memory {peak_megabytes(pid):.0f} MB")
        await _watched("the next openapi.json", client, pid, _read(client, "/openapi.json"))
        await _watched("the same uncompressed", client, pid, _read(client, "/openapi.json", "identity"))
        await _watched("structure.json", client, pid, _read(client, "/structure.json"))
        with pymysql.connect(unix_socket=socket, user="root", database=name) as connection:
            connection.cursor().execute("ALTER TABLE table_5 ADD COLUMN extra INT")
        await _watched("a reload", client, pid, client.post("/admin/reload"))
        query = {"query": get_introspection_query()}
        forget_peak(pid)
        await _watched("the first introspection", client, pid, _read(client, "/graphql", json=query))
        await _watched("the next introspection", client, pid, _read(client, "/graphql", json=query))
        await _watched("one of other fields", client, pid, _read(client, "/graphql", json={"query": OTHER}))
    print(f"  peak memory {peak_megabytes(app.process.pid):.0f} MB")


async def _read(client: httpx.AsyncClient, path: str, coding: str = "gzip", json: object = None) -> None:
    """Asks and takes the bytes as they come: to unpack or parse them would be time of the client's."""
    headers = {"Accept-Encoding": coding}
    async with client.stream("GET" if json is None else "POST", path, headers=headers, json=json) as answer:
        async for _ in answer.aiter_raw():
            pass
        answer.raise_for_status()


async def _watched(what: str, client: httpx.AsyncClient, pid: int, work: Awaitable[object]) -> None:
    """Runs `work` while another client asks for the smallest answer there is, again and again.

    What that client waited is told twice: by the clock, which a busy machine adds to, and by the CPU time that the
    server itself took meanwhile, which it does not.
    """
    waits: list[float] = []
    own: list[float] = []

    async def ask() -> None:
        while True:
            asked, used = time.perf_counter(), run_seconds(pid)
            await client.get("/healthz")
            waits.append(time.perf_counter() - asked)
            own.append(run_seconds(pid) - used)
            await asyncio.sleep(0.005)

    asking = asyncio.create_task(ask())
    started, used = time.perf_counter(), run_seconds(pid)
    await work
    seconds, cpu = time.perf_counter() - started, run_seconds(pid) - used
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    waits = sorted(waits) or [0.0]
    median, late, worst = (waits[int(part * (len(waits) - 1))] * 1000 for part in (0.5, 0.99, 1))
    print(
        f"  {what}: {seconds:.2f} s, CPU {cpu:.2f} s; another request {median:.1f} ms, of 100 the slowest"
        f" {late:.0f} ms, at most {worst:.0f} ms, {max(own, default=0) * 1000:.0f} ms of them the server's own CPU"
    )


def main(sizes: tuple[int, ...]) -> None:
    """The command."""
    with tempfile.TemporaryDirectory(prefix="graphql-app-start-") as folder:
        home = Path(folder)
        with database(home / "server", sizes) as socket:
            for size in sizes:
                name = f"big{size}"
                settings = {"DB_SOCKET": socket, "DB_NAME": name, "SCHEMA_POLL_SECONDS": "0"}
                started = time.perf_counter()
                app = RunningApp(settings, ("serve",), home)
                try:
                    app.wait_ready()
                    seconds, cpu = time.perf_counter() - started, cpu_seconds(app.process.pid)
                    memory = peak_megabytes(app.process.pid)
                    print(f"{size} tables: ready after {seconds:.1f} s (CPU {cpu:.1f} s), {memory:.0f} MB")
                    asyncio.run(measure(app, socket, name))
                finally:
                    app.stop()


if __name__ == "__main__":
    main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
