"""Answers over the bare socket: each whole and in its order, whatever the client does meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.harness.app_process import RunningApp

pytestmark = pytest.mark.engines("mariadb")

BODY = b'{"query":"{ __typename }"}'
HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
ANSWER = b'{"data":{"__typename":"query_root"}}'


@pytest.fixture
def line(shop_app: RunningApp) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", shop_app.port), timeout=20) as connection:
        yield connection


def read_until(line: socket.socket, end: bytes) -> bytes:
    """What comes, until `end` is in it."""
    found = b""
    while end not in found:
        more = line.recv(1 << 16)
        assert more, found
        found += more
    return found


def test_requests_sent_together_are_answered_in_order(line: socket.socket) -> None:
    line.sendall((HEAD + LENGTH + BODY) * 3 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    found = b""
    while more := line.recv(1 << 16):
        found += more
    assert found.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert found.count(ANSWER + b"HTTP/1.1 200 OK\r\n") == 3


def test_a_client_that_asks_first_may_go_on(line: socket.socket) -> None:
    line.sendall(HEAD + b"Expect: 100-continue\r\n" + LENGTH)
    assert read_until(line, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.sendall(BODY)
    assert read_until(line, ANSWER).startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_answer_without_a_body_comes_too(line: socket.socket) -> None:
    line.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = read_until(line, b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")


def test_a_stream_goes_on_behind_its_head(line: socket.socket) -> None:
    body = b'{"query":"subscription { customers(limit: 1) { __typename } }"}'
    line.sendall(HEAD + b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    found = read_until(line, b'{"data":{"customers":[{"__typename":"customers"}]}}')
    assert b"text/event-stream" in found.partition(b"\r\n\r\n")[0]
