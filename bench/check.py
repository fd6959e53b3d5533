"""That all say the same: every contender's answers are compared with the first one's before anything is timed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from typing import Any

from bench.contenders import Running
from bench.database import Database
from bench.workloads import Workload

_WAIT = 120  # seconds for one answer


class Differs(Exception):
    """A contender answered with something else than the first one did."""


def raw_answer(server: Running, request: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer to a prepared request."""
    head, _, body = request.partition(b"\r\n\r\n")
    method, path, _ = head.split(b" ", 2)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_WAIT)
    try:
        headers = {"Content-Type": "application/json"} if body else {"Accept": "application/json"}
        connection.request(method.decode(), path.decode(), body or None, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def answer_of(server: Running, request: bytes) -> Any:
    """The parsed answer to a prepared request. Raises `Differs` if it is a failure."""
    status, text = raw_answer(server, request)
    answer = json.loads(text)
    if status != 200 or "errors" in answer:
        raise Differs(f"{server.contender.name} answered {status}: {text[:300].decode(errors='replace')}")
    return answer


def check(workload: Workload, servers: Sequence[Running], database: Database) -> None:
    """Compares the first answers of all servers. Raises `Differs`."""
    for values in workload.variables()[: workload.checked]:
        said: list[tuple[str, Any]] = []
        for server in servers:
            request = server.contender.request(workload, values)
            assert request is not None
            said.append((server.contender.name, server.contender.meaning(workload, answer_of(server, request))))
            if workload.writes and server.database == database.pid:
                _check_stored(server.contender.name, values, database)
        for name, meaning in said[1:]:
            if meaning != said[0][1]:
                raise Differs(_difference(workload, said[0], (name, meaning)))


def _difference(workload: Workload, one: tuple[str, Any], other: tuple[str, Any]) -> str:
    texts = [json.dumps(meaning, ensure_ascii=False) for _, meaning in (one, other)]
    at = next((at for at, (left, right) in enumerate(zip(*texts, strict=False)) if left != right), 0)
    shown = [text[max(0, at - 60) : at + 100] for text in texts]
    return f"{workload.name}: {one[0]} says …{shown[0]}… where {other[0]} says …{shown[1]}…"


def _check_stored(name: str, values: Any, database: Database) -> None:
    """That the rows last inserted are those that were sent."""
    (given,) = values.values()
    sent = given if isinstance(given, list) else [given]
    columns = ("track_id", "author", "body", "rating")
    stored = database.run(f"SELECT {','.join(columns)} FROM comments ORDER BY id DESC LIMIT {len(sent)}")
    expected = sorted(tuple(row[column] for column in columns) for row in sent)
    if sorted(stored) != expected:
        raise Differs(f"{name} stored other rows than it was sent")
