"""`python -m bench.live`: what subscribers cost, while nothing changes and when the answers of all do."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench import contenders, database
from bench.contenders import OURS, Running
from bench.database import Database
from bench.processes import cpu_seconds, peak_megabytes
from tests.harness import servers

ROWS = 20
"""Rows of an answer, of 8 columns."""
COLUMNS = "id name album_id genre_id composer milliseconds bytes unit_price"
QUERY = f"""subscription ($from: Int!) {{
  tracks(where: {{id: {{_gt: $from}}}}, order_by: {{id: asc}}, limit: {ROWS}) {{ {COLUMNS} }}
}}"""
CHANGE = "mutation ($ids: [Int!]!) { update_tracks(where: {id: {_in: $ids}}, _inc: {bytes: 1}) { affected_rows } }"


@dataclass(frozen=True, slots=True)
class Window:
    """Figures of a stretch of time, all by the second: cores that were busy, statements, messages."""

    server: float
    database: float
    selects: float
    messages: float


class Meter:
    """Reads counters at two moments."""

    def __init__(self, server: Running, data: Database) -> None:
        self._server = server
        self._data = data
        self.messages = 0

    def _counters(self) -> tuple[float, float, float, int, float]:
        ((_, selects),) = self._data.run("SHOW GLOBAL STATUS LIKE 'Com_select'")
        cpu = cpu_seconds(self._server.pid), cpu_seconds(self._server.database)
        return *cpu, float(selects), self.messages, time.perf_counter()

    def start(self) -> None:
        """The first moment."""
        self._before = self._counters()

    def window(self) -> Window:
        """What happened since."""
        *spent, seconds = (now - before for now, before in zip(self._counters(), self._before, strict=True))
        return Window(*(each / seconds for each in spent))


class Subscribers:
    """`count` connections with one subscription each, to `distinct` queries in turn."""

    def __init__(self, port: int, count: int, distinct: int, meter: Meter) -> None:
        self._port = port
        self._meter = meter
        self._queries = [ROWS * (number % distinct) for number in range(count)]
        self._heard = asyncio.Semaphore(0)
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connects all, and waits until each has its first answer."""
        for start in range(0, len(self._queries), 50):
            opened = await asyncio.gather(*(self._connect(each) for each in self._queries[start : start + 50]))
            self._tasks += [asyncio.create_task(self._listen(each)) for each in opened]
        await self.all_heard()

    async def _connect(self, first: int) -> ClientConnection:
        address = f"ws://127.0.0.1:{self._port}/graphql"
        socket = await connect(
            address, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None, ping_interval=None
        )
        await socket.send('{"type": "connection_init"}')
        payload = {"query": QUERY, "variables": {"from": first}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        await socket.recv()
        return socket

    async def _listen(self, socket: ClientConnection) -> None:
        async for message in socket:
            assert '"next"' in str(message)[:40], message
            self._meter.messages += 1
            self._heard.release()

    async def all_heard(self) -> None:
        """Waits until as many messages have come as there are subscribers."""
        for _ in self._queries:
            await self._heard.acquire()

    async def close(self) -> None:
        """Drops all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _changes(server: Running, subscribers: Subscribers, distinct: int, times: int) -> list[float]:
    """Seconds from a write's start until every subscriber has its new answer."""
    found = []
    ids = [ROWS * number + 1 for number in range(distinct)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        for _ in range(times):
            started = time.perf_counter()
            answer = await client.post("/graphql", json={"query": CHANGE, "variables": {"ids": ids}})
            assert answer.json()["data"]["update_tracks"]["affected_rows"] == distinct, answer.text
            await subscribers.all_heard()
            found.append(time.perf_counter() - started)
            await asyncio.sleep(0.5)
    return found


async def _measure(server: Running, data: Database, options: argparse.Namespace) -> None:
    meter = Meter(server, data)
    subscribers = Subscribers(server.port, options.subscribers, options.distinct, meter)
    empty = peak_megabytes(server.pid)
    await subscribers.open()
    meter.start()
    await asyncio.sleep(options.window)
    rest = meter.window()
    meter.start()
    waits = await _changes(server, subscribers, options.distinct, options.changes)
    busy = meter.window()
    await subscribers.close()
    _print(options, rest, busy, waits, peak_megabytes(server.pid) - empty)


def _print(options: argparse.Namespace, rest: Window, busy: Window, waits: Sequence[float], memory: float) -> None:
    say = sys.stdout.write
    say(f"{options.subscribers} subscribers by WebSocket, {options.distinct} distinct queries, polled every second\n")
    say(f"{'':34}{'at rest':>10}{'changing':>10}\n")
    for title, name, factor in (
        ("server, % of a core", "server", 100),
        ("database, % of a core", "database", 100),
        ("SELECT statements/s", "selects", 1),
        ("messages sent/s", "messages", 1),
    ):
        say(f"{title:34}{getattr(rest, name) * factor:>10.1f}{getattr(busy, name) * factor:>10.1f}\n")
    if busy.messages:
        say(f"{'server CPU for each message, us':34}{'':10}{busy.server / busy.messages * 1e6:>10.0f}\n")
    worst, middle = max(waits) * 1000, statistics.median(waits) * 1000
    say(f"write until the last has it, ms: median {middle:.0f}, most {worst:.0f} of {len(waits)}\n")
    say(f"memory for each subscriber, kB: {memory * 1000 / options.subscribers:.0f}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1_000)
    parser.add_argument("--distinct", type=int, default=10, help="distinct queries among them")
    parser.add_argument("--window", type=float, default=10.0, help="seconds at rest that are measured")
    parser.add_argument("--changes", type=int, default=20, help="writes that change every answer")
    return parser.parse_args()


def main() -> int:
    """The command. 1 if a server does not start."""
    options = _arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        try:
            data = stack.enter_context(database.running())
            server = stack.enter_context(contenders.running(OURS, data))
            asyncio.run(_measure(server, data, options))
        except (contenders.StartFailed, servers.StartFailed, servers.NotInstalled) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
