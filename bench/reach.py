"""`python -m bench.reach`: what a statement costs where the database is reached by its Unix socket, and by TCP.

Both connections are the program's own, and are asked in turns, a slice of a few hundred statements each: what else the
machine does meets both. Printed are medians of the CPU time a statement, of the program and of the database.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import process_time
from typing import Final

import uvloop

from bench import database
from bench.processes import run_seconds
from graphql_app.engine.mysql.connection import Connection
from graphql_app.engine.mysql.dial import Target, connect
from tests.harness.servers import NotInstalled

_ASKED: Final = {
    "one row by key": b"SELECT CONCAT('{\"title\":',JSON_QUOTE(title),'}') FROM albums WHERE id=17",
    "100 rows": b"SELECT CONCAT('{\"id\":',id,',\"name\":',JSON_QUOTE(name),'}') FROM tracks LIMIT 100",
    "2,000 rows": b"SELECT CONCAT('{\"id\":',id,',\"name\":',JSON_QUOTE(name),'}') FROM tracks LIMIT 2000",
}


async def _slice(connection: Connection, statement: bytes, count: int, server: int) -> tuple[float, float]:
    """The CPU microseconds of a statement, of the program and of the database."""
    own, far = process_time(), run_seconds(server)
    for _ in range(count):
        await connection.query(statement)
    return (process_time() - own) / count * 1e6, (run_seconds(server) - far) / count * 1e6


async def measure(data: database.Database, rounds: int) -> None:
    """Prints the table."""
    by_socket = await connect(Target(socket=data.socket, database=database.NAME), 10)
    by_tcp = await connect(Target(port=data.port, database=database.NAME), 10)
    print("| | Unix socket: program, database µs | TCP | TCP / socket |\n| --- | ---: | ---: | ---: |")
    for name, statement in _ASKED.items():
        count = 40 if "2,000" in name else 400
        found: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
        for _ in range(rounds):
            for connection, slices in zip((by_socket, by_tcp), found, strict=True):
                slices.append(await _slice(connection, statement, count, data.pid))
        (own, far), (own_tcp, far_tcp) = ([median(each) for each in zip(*slices, strict=True)] for slices in found)
        ratio = (own_tcp + far_tcp) / (own + far)
        print(f"| {name} | {own:.0f}, {far:.0f} | {own_tcp:.0f}, {far_tcp:.0f} | {ratio:.2f} |")
    for connection in (by_socket, by_tcp):
        connection.close()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.reach", description="Unix socket against TCP.")
    parser.add_argument("--rounds", type=int, default=40, help="slices of each")
    arguments = parser.parse_args()
    try:
        with database.running() as data:
            uvloop.run(measure(data, arguments.rounds))
    except NotInstalled as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
