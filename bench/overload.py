"""`python -m bench.overload`: ten times the requests that the database can answer, and a thousand slow clients."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench import contenders, database
from bench.database import NAME, Database
from bench.open_loop import Answer, OpenLoop
from bench.processes import peak_megabytes
from tests.harness import servers
from tests.harness.ports import free_port

SERVICE, POOL = 0.1, 5
"""Seconds that the database takes for the query of the overload, on one of so many connections."""
CAPACITY = POOL / SERVICE
AT_ONCE = 0.02
SLOW_QUERY = contenders.get("/api/slow/query")
QUICK_QUERY = contenders.get("/api/genres/query?id=eq.1")
HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SLOW_CLIENTS = (
    HEAD,
    b"GET /grap",
    HEAD + b"Content-Length: 50\r\n\r\n",
    HEAD + b'Content-Length: 50\r\n\r\n{"query":',
    HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"que\r\n',
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he",
)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _p99(answers: Sequence[Answer]) -> float:
    return statistics.quantiles([answer.seconds for answer in answers], n=100)[-1] * 1000 if len(answers) > 1 else 0.0


@contextlib.contextmanager
def _server(data: Database, in_flight: str) -> Iterator[tuple[int, int]]:
    """The program by its defaults, but for the pool and MAX_IN_FLIGHT: its port and process."""
    port = free_port()
    environment = {"DB_SOCKET": data.socket, "DB_USER": "root", "DB_NAME": NAME, "PORT": str(port)}
    environment |= {"LOG_LEVEL": "error", "ENV_FILE": os.devnull, "MAX_IN_FLIGHT": in_flight}
    environment["DB_POOL_SIZE"] = str(POOL)
    command = [sys.executable, "-m", "graphql_app", "serve"]
    with contenders.spawned("overload", command, environment, port, data.folder, "/readyz") as pid:
        yield port, pid


# --- more than it can bear --------------------------------------------------


async def _overload(port: int, pid: int, seconds: float) -> None:
    load = OpenLoop(port, SLOW_QUERY)
    peak = await _goodput(load, CAPACITY * 0.9, seconds)
    memory = peak_megabytes(pid)
    _say(f"a query of {SERVICE * 1000:.0f} ms, {CAPACITY:.0f}/s at the very most")
    for factor in (2, 10):
        found = await load.run(CAPACITY * factor, seconds)
        good = _within(found, seconds)
        refused = [answer for answer in found if answer.status == 503]
        at_once = [answer for answer in refused if answer.seconds < AT_ONCE]
        _say(
            f"O1 {factor:2} times: {len(found):,} asked, {good:.0f} answered/s ({good / peak:.0%} of {peak:.0f}/s), "
            f"{len(refused):,} x 503 ({sum(each.retry_after for each in refused) / max(len(refused), 1):.0%} with "
            f"Retry-After), {len(at_once) / max(len(refused), 1):.0%} of them within {AT_ONCE * 1000:.0f} ms; "
            f"{len(found) - len(refused) - sum(each.status == 200 for each in found)} others; "
            f"{peak_megabytes(pid) - memory:+.0f} MB"
        )
    after = await load.run(CAPACITY / 2, seconds / 2)
    _say(f"O1 afterwards at half: p99 {_p99(after):.0f} ms, {sum(each.status != 200 for each in after)} failures")
    load.close()


async def _goodput(load: OpenLoop, rate: float, seconds: float) -> float:
    return _within(await load.run(rate, seconds), seconds)


def _within(answers: Sequence[Answer], seconds: float) -> float:
    """Good answers a second, of those that came while there was load."""
    first = min(answer.asked for answer in answers)
    good = [each for each in answers if each.status == 200 and each.asked + each.seconds <= first + seconds]
    return len(good) / seconds


# --- slow clients -----------------------------------------------------------


async def _slow_clients(port: int, seconds: float, count: int) -> None:
    load = OpenLoop(port, QUICK_QUERY)
    await load.run(200, 2)
    alone, beside, closed = [], [], []
    for _ in range(3):
        alone.append(_p99(await load.run(200, seconds)))
        slow = asyncio.create_task(_apart(port, count))
        beside.append(_p99(await load.run(200, seconds)))
        closed.append(await slow)
    load.close()
    _say(
        f"O4 {count:,} slow clients: the last closed after {max(closed):.1f} s; p99 of 200 reads/s by key "
        f"{min(alone):.1f} ms alone, {min(beside):.1f} ms beside ({min(beside) / min(alone) - 1:+.0%}), best of 3 turns"
    )


async def _apart(port: int, count: int) -> float:
    """Slow clients in a process of their own, so that they do not slow the measuring: when the last was closed."""
    command = [sys.executable, "-m", "bench.overload", "--slow-port", str(port), "--clients", str(count)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    return float(told)


async def _all_slow(port: int, count: int) -> float:
    slow = []
    for number in range(count):
        slow.append(asyncio.create_task(_slow(port, SLOW_CLIENTS[number % len(SLOW_CLIENTS)])))
        await asyncio.sleep(0.001)
    return max(await asyncio.gather(*slow))


async def _slow(port: int, sent: bytes) -> float:
    """Seconds until a client that gets no further is closed."""
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await reader.read()
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass
    writer.close()
    return time.perf_counter() - started


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each stretch of load")
    parser.add_argument("--clients", type=int, default=1_000, help="slow clients")
    parser.add_argument("--only", choices=("O1", "O4"))
    parser.add_argument("--in-flight", default="4000", help="MAX_IN_FLIGHT of the program")
    parser.add_argument("--slow-port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """The command. 1 if a server does not start."""
    options = _arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.slow_port:
        _say(str(asyncio.run(_all_slow(options.slow_port, options.clients))))
        return 0
    with ExitStack() as stack:
        try:
            data = stack.enter_context(database.running())
            data.run(f"CREATE VIEW slow AS SELECT id, SLEEP({SERVICE}) AS s FROM genres WHERE id = 1")
            port, pid = stack.enter_context(_server(data, options.in_flight))
            if options.only != "O4":
                asyncio.run(_overload(port, pid, options.seconds))
            if options.only != "O1":
                asyncio.run(_slow_clients(port, options.seconds, options.clients))
        except (contenders.StartFailed, servers.StartFailed, servers.NotInstalled) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
