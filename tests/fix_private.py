"""Fixtures for private servers: a test may kill, freeze and restart them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.fix_engines import obtain
from tests.harness import keeper_client
from tests.harness.engine import engine_at
from tests.harness.engines import EngineName
from tests.harness.servers import Held


class PrivateServer:
    """A server for one test, which may kill, freeze and restart it."""

    def __init__(self, name: EngineName, held: Held) -> None:
        self._number = held.number
        self.engine = engine_at(name, held.address)

    def kill(self) -> None:
        """SIGKILL: as if the power went. Returns when the process is gone."""
        keeper_client.signal(self._number, signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: an orderly end. Returns when the process is gone."""
        keeper_client.signal(self._number, signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: the connections stay, nothing answers."""
        keeper_client.signal(self._number, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: goes on after `freeze`."""
        keeper_client.signal(self._number, signal.SIGCONT)

    def start(self) -> None:
        """Starts it again, on the same data, socket and port. Returns when it answers."""
        keeper_client.start(self._number)

    def log_tail(self) -> str:
        """The end of the server's log."""
        return keeper_client.log_tail(self._number)


PrivateServers = Callable[..., PrivateServer]


@pytest.fixture
def private_server() -> Iterator[PrivateServers]:
    """A factory `private_server(name, *flags, durable=True)`; what it made is removed after the test."""
    numbers: list[int] = []

    def make(name: EngineName, *flags: str, durable: bool = True) -> PrivateServer:
        held = obtain(name, lambda: keeper_client.private(name, flags, durable=durable))
        numbers.append(held.number)
        return PrivateServer(name, held)

    yield make
    for number in numbers:
        keeper_client.remove(number)


@pytest.fixture
def private_mariadb(private_server: PrivateServers) -> PrivateServer:
    """A MariaDB for one test, with its full crash safety."""
    return private_server(EngineName.MARIADB)


@pytest.fixture
def private_mysql(private_server: PrivateServers) -> PrivateServer:
    """A MySQL for one test, with its full crash safety."""
    return private_server(EngineName.MYSQL)


@pytest.fixture
def private_embedded(private_server: PrivateServers) -> PrivateServer:
    """An embedded engine for one test."""
    return private_server(EngineName.EMBEDDED)
