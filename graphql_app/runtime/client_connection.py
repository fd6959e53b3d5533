"""A client's connection as the work for it knows it: whoever works is told when the client leaves."""

from __future__ import annotations

from typing import Final, Protocol

SCOPE_KEY: Final = "graphql_app.connection"
"""Where our own server puts a request's connection into its ASGI scope. Other servers put nothing there."""


class OnLeave(Protocol):
    """What is told."""

    def on_leave(self) -> None:
        """The client has closed its connection."""


class ClientConnection:
    """One connection. It costs a request two entries in a dictionary, and no task."""

    __slots__ = ("_watching", "lost")

    def __init__(self) -> None:
        self.lost = False
        """Whether the client has left."""
        self._watching: dict[OnLeave, None] = {}

    def __bool__(self) -> bool:
        """Whether anybody wants to be told."""
        return bool(self._watching)

    def watch(self, one: OnLeave) -> None:
        """Tells `one` when the client leaves; at once, if it has."""
        self._watching[one] = None
        if self.lost:
            one.on_leave()

    def unwatch(self, one: OnLeave) -> None:
        """Tells it no more."""
        self._watching.pop(one, None)

    def leave(self) -> None:
        """The client has left."""
        self.lost = True
        for one in tuple(self._watching):
            one.on_leave()
