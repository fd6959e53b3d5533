"""`python -m bench.peers`: how soon a subscriber learns of a write, by the process or program that it went through."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench import contenders, database
from bench.contenders import Running
from bench.database import Database
from tests.harness import servers

QUERY = "subscription { tracks(where: {id: {_eq: 1}}) { id bytes } }"
CHANGE = "mutation { update_tracks_by_pk(pk_columns: {id: 1}, _inc: {bytes: 1}) { bytes } }"
BY_HAND = "UPDATE tracks SET bytes = bytes + 1 WHERE id = 1"


async def _waits(subscribed: Running, times: int, write: Callable[[], Awaitable[None]]) -> list[float]:
    """Milliseconds from a write's answer to the message, 0 where the message came first."""
    found = []
    address = f"ws://127.0.0.1:{subscribed.port}/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None) as socket:
        await socket.send('{"type": "connection_init"}')
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": QUERY}}))
        await socket.recv()
        await socket.recv()
        for _ in range(times):
            # Writes fall anywhere between two polls.
            await asyncio.sleep(random.uniform(0.05, 1.0))
            heard = asyncio.create_task(_heard(socket.recv))
            await write()
            answered = time.perf_counter()
            found.append(max(0.0, await heard - answered) * 1000)
    return found


async def _heard(receive: Callable[[], Awaitable[str | bytes]]) -> float:
    await receive()
    return time.perf_counter()


async def _measure(one: Running, other: Running, alone: Running, data: Database, times: int) -> None:
    async with httpx.AsyncClient() as client:

        async def through(server: Running) -> None:
            answer = await client.post(f"http://127.0.0.1:{server.port}/graphql", json={"query": CHANGE})
            assert "errors" not in answer.json(), answer.text

        async def by_hand() -> None:
            await asyncio.to_thread(data.run, BY_HAND, "COMMIT")

        sys.stdout.write(f"{'ms from the answer to the message':44}{'median':>8}{'p95':>8}{'most':>8}\n")
        for title, subscribed, write in (
            ("through the same process", one, lambda: through(one)),
            ("through another process", one, lambda: through(other)),
            ("through another process, CHANGES=poll", alone, lambda: through(other)),
            ("by another program's SQL", one, by_hand),
        ):
            waits = sorted(await _waits(subscribed, times, write))
            p95 = waits[int(len(waits) * 0.95)]
            sys.stdout.write(f"{title:44}{statistics.median(waits):>8.1f}{p95:>8.1f}{waits[-1]:>8.1f}\n")


def main() -> int:
    """The command. 1 if a server does not start."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--writes", type=int, default=60, help="writes of each row of the table")
    options = parser.parse_args()
    with ExitStack() as stack:
        try:
            data = stack.enter_context(database.running())
            one, other, alone = (
                stack.enter_context(contenders.running_with(setting, data))
                for setting in ("CHANGES=auto", "LEDGER=auto", "CHANGES=poll")
            )
            asyncio.run(_measure(one, other, alone, data, options.writes))
        except (contenders.StartFailed, servers.StartFailed, servers.NotInstalled) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
