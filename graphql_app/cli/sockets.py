"""Connections: as many as the system allows, and WebSockets that are not kept for a client that reads no more."""

from __future__ import annotations

from contextlib import suppress

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's, which closes a connection whose ping was not answered, but then waits for what it has to send."""

    def keepalive_timeout(self) -> None:
        """Lets go of everything at once."""
        super().keepalive_timeout()
        self.transport.abort()


MOST_FILES = 65_536


def allow_many_connections() -> None:
    """Raises this process's limit of open files to what it may be: by default it is often no more than 1,024."""
    try:
        import resource
    except ImportError:  # no Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
