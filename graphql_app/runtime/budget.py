"""Bytes that one kind of memory may take in a process, in fair shares for the clients' addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Client = str
"""A client's address; empty where it has none."""


class Budget:
    """At most `most` bytes. A client gets what it asks for as long as as much again stays free for the others.

    So one alone may have half of it, of two each a third, and nobody is shut out by another.
    """

    __slots__ = ("_of_client", "most", "taken")

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self._of_client: dict[Client, int] = {}

    def take(self, client: Client, size: int) -> bool:
        """Takes `size` bytes; whether there were so many for this client. The first piece of a client may be larger."""
        mine = self._of_client.get(client, 0)
        free = self.most - self.taken
        if size > free or (mine and mine + size > free):
            return False
        self._of_client[client] = mine + size
        self.taken += size
        return True

    def free(self, client: Client, size: int) -> None:
        """Gives back what was taken."""
        left = self._of_client.get(client, 0) - size
        if left > 0:
            self._of_client[client] = left
        else:
            self._of_client.pop(client, None)
        self.taken -= size


def client_of(scope: Mapping[str, Any]) -> Client:
    """The address that a request came from."""
    client = scope.get("client")
    return str(client[0]) if client else ""
