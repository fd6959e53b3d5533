"""`python -m bench.roles`: CPU of reads by a role beside the same condition written by hand, within one process.

Blocks of requests alternate, so that a noisy machine is as noisy for all; the figures are medians of the blocks.
The client is a bare ASGI caller, and what it costs is in all figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from bench import database
from bench.database import NAME, Database
from tests.harness.roles import SECRET, opened_with_roles, token

COLUMNS = "id name composer milliseconds bytes unit_price"
ROLES: Mapping[str, Any] = {
    "reader": {
        "tracks": {"select": {"columns": "*", "filter": {"genre_id": {"_eq": "X-Hasura-Genre"}}}},
    },
    "named": {
        "tracks": {"select": {"columns": "*", "filter": {"name": {"_neq": "X-Hasura-Genre"}}}},
    },
}
PLAIN = f"query ($n: Int!) {{ tracks(order_by: {{id: asc}}, limit: $n) {{ {COLUMNS} }} }}"
FILTERED = f"""query ($n: Int!, $g: Int!) {{
  tracks(where: {{genre_id: {{_eq: $g}}}}, order_by: {{id: asc}}, limit: $n) {{ {COLUMNS} }} }}"""
BY_KEY = f"query ($n: Int!) {{ tracks_by_pk(id: $n) {{ {COLUMNS} }} }}"
KEY_FILTERED = f"""query ($n: Int!, $g: Int!) {{
  tracks(where: {{id: {{_eq: $n}}, genre_id: {{_eq: $g}}}}) {{ {COLUMNS} }} }}"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request, made again and again."""

    name: str
    query: str
    headers: tuple[tuple[bytes, bytes], ...]
    variables: Mapping[str, int]

    def body(self) -> bytes:
        """The request's."""
        return json.dumps({"query": self.query, "variables": self.variables}).encode()


async def _ask(app: ASGIApp, kind: Kind, body: bytes) -> bytes:
    found: list[bytes] = []
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            found.append(message.get("body", b""))

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), *kind.headers]
    headers.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return b"".join(found)


async def _measure(data: Database, options: argparse.Namespace, folder: Path) -> None:
    environment = {"DB_SOCKET": data.socket, "DB_USER": "root", "DB_NAME": NAME}
    admin = ((b"x-hasura-admin-secret", SECRET.encode()),)
    acting = (*admin, (b"x-hasura-role", b"reader"), (b"x-hasura-genre", b"1"))
    shown = ((b"authorization", b"Bearer " + token("reader", {"x-hasura-genre": "1"}).encode()),)
    kinds = [
        kind
        for n in (1, 50)
        for kind in (
            Kind(f"{n} rows, admin, by hand", FILTERED, admin, {"n": n, "g": 1}),
            Kind(f"{n} rows, admin as the role", PLAIN, acting, {"n": n}),
            Kind(f"{n} rows, the role's token", PLAIN, shown, {"n": n}),
        )
    ]
    kinds += [
        Kind("by key, admin", BY_KEY, admin, {"n": 1}),
        Kind("by key and condition, admin, by hand", KEY_FILTERED, admin, {"n": 1, "g": 1}),
        Kind("by key, the role's token", BY_KEY, shown, {"n": 1}),
    ]
    async with opened_with_roles(environment, folder, ROLES) as program:
        app = program.app
        spent: dict[str, list[float]] = {kind.name: [] for kind in kinds}
        for kind in kinds:
            answer = await _ask(app, kind, kind.body())
            assert b'"errors"' not in answer, answer
        for _ in range(options.blocks):
            for kind in kinds:
                body = kind.body()
                started = time.process_time()
                for _ in range(options.requests):
                    await _ask(app, kind, body)
                spent[kind.name].append((time.process_time() - started) / options.requests)
    for name, found in spent.items():
        middle, least = statistics.median(found) * 1e6, min(found) * 1e6
        sys.stdout.write(f"{name:40}{middle:8.0f} µs median{least:8.0f} µs least\n")


def main() -> None:
    """Reads the options and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=15, help="blocks of each kind")
    parser.add_argument("--requests", type=int, default=200, help="requests in a block")
    options = parser.parse_args()
    with database.running() as data, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(data, options, Path(folder)))


if __name__ == "__main__":
    main()
