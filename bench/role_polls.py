"""`python -m bench.role_polls`: what one packet for the polls of a role's users saves, at rest, within one process.

Each user has a WebSocket and one subscription to rows of its own. Windows with packets of 50 and of one poll alternate,
so that a noisy machine is as noisy for both.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bench import database
from bench.database import NAME, Database
from bench.processes import cpu_seconds
from graphql_app.engine.live import packets
from tests.harness.asgi_socket import AsgiSocket, asgi_socket
from tests.harness.roles import Program, opened_with_roles, token

ROLES: Mapping[str, Any] = {
    "listener": {"tracks": {"select": {"columns": "*", "filter": {"id": {"_eq": "X-Hasura-User-Id"}}}}},
}
QUERY = "subscription { tracks { id name composer milliseconds bytes unit_price } }"


async def _open(program: Program, user: int, stack: AsyncExitStack) -> AsgiSocket:
    """A user's connection, its subscription answered once."""
    shown = token("listener", {"x-hasura-user-id": str(user)})
    socket = await stack.enter_async_context(asgi_socket(program.app))
    await socket.say(type="connection_init", payload={"authorization": f"Bearer {shown}"})
    await socket.hear()
    await socket.start("1", QUERY)
    answer = await socket.hear()
    assert answer["payload"]["data"]["tracks"][0]["id"] == user, answer
    return socket


async def _window(program: Program, data: Database, users: int, seconds: float) -> tuple[float, float, float]:
    """By the second: CPU of the program and of the database, in cores, and statements."""
    async with AsyncExitStack() as stack:
        for user in range(1, users + 1):
            await _open(program, user, stack)
        await asyncio.sleep(1)
        before = _counters(data)
        await asyncio.sleep(seconds)
        after = _counters(data)
    *spent, passed = (now - then for now, then in zip(after, before, strict=True))
    own, servers, selects = (each / passed for each in spent)
    return own, servers, selects


def _counters(data: Database) -> tuple[float, float, float, float]:
    ((_, selects),) = data.run("SHOW GLOBAL STATUS LIKE 'Com_select'")
    return time.process_time(), cpu_seconds(data.pid), float(selects), time.perf_counter()


async def _measure(data: Database, options: argparse.Namespace, folder: Path) -> None:
    environment = {"DB_SOCKET": data.socket, "DB_USER": "root", "DB_NAME": NAME}
    found: dict[int, list[tuple[float, float, float]]] = {packets.MOST: [], 1: []}
    async with opened_with_roles(environment, folder, ROLES) as program:
        for _ in range(options.windows):
            for most, windows in found.items():
                packets.MOST = most  # type: ignore[misc]
                windows.append(await _window(program, data, options.users, options.seconds))
    say = sys.stdout.write
    say(f"{options.users} users of one role, each with one subscription, polled every second; medians\n")
    say(f"{'':28}{'program, % of a core':>22}{'database, % of a core':>23}{'SELECTs/s':>11}\n")
    for most, windows in found.items():
        own, servers, selects = (statistics.median(each) for each in zip(*windows, strict=True))
        title = f"packets of at most {most}" if most > 1 else "each poll by itself"
        say(f"{title:28}{own * 100:>22.1f}{servers * 100:>23.1f}{selects:>11.0f}\n")


def main() -> None:
    """Reads the options and measures."""
    parser = argparse.ArgumentParser(prog="python -m bench.role_polls", description=__doc__)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--windows", type=int, default=3, help="of each kind")
    parser.add_argument("--seconds", type=float, default=10.0, help="the length of a window")
    options = parser.parse_args()
    with database.running() as data, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(data, options, Path(folder)))


if __name__ == "__main__":
    main()
