"""The corpus against the running program: every request is answered, none as a defect, nothing inside is told."""

from __future__ import annotations

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.hostile.corpus import corpus
from tests.hostile.wire import complaints

ALL_USERS = "{users(order_by:{id:asc}){id name email age} users_aggregate{aggregate{count}}}"
MALFORMED = (
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"\r\n\r\n\r\n\r\n" + b"\0" * 50 + b"\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\nA\0: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 5 + b": c\r\n\r\n",
)
"""What is no HTTP: answered with 400, or not at all."""


async def test_the_corpus(start_app: StartApp, engine: Engine, own_shop: str) -> None:
    """No 5xx, no broken connection, nothing leaked, no traceback in the log, and the users are as they were."""
    app = start_app(engine.environment(own_shop))
    before = app.client.post("/graphql", json={"query": ALL_USERS}).json()
    requests = [(each.name, each.wire) for each in corpus()]
    assert len(requests) > 1500
    found = await complaints(app.port, requests)
    assert not found, f"{len(found)} of {len(requests)}\n" + "\n".join(found[:40])
    assert app.client.post("/graphql", json={"query": ALL_USERS}).json() == before
    assert app.client.get("/readyz").status_code == 200


async def test_what_is_no_http(start_app: StartApp, engine: Engine, database: str) -> None:
    """The connection ends or is answered with 400; the program goes on."""
    app = start_app(engine.environment(database))
    found = await complaints(app.port, [(repr(each), each) for each in MALFORMED])
    assert not [each for each in found if "no answer" not in each]
    assert app.client.get("/healthz").status_code == 200
