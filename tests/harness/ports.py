"""Free TCP ports on the loopback address, safe for tests that run side by side.

The ports lie below the range from which the kernel takes the near ends of outgoing
connections, so a port that was free a moment ago is not taken by one of those.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

FIRST, LAST = 10240, 32000
"""Bounds of the ports handed out."""


def _candidates() -> Iterator[int]:
    """Every port of the range once, from a place that differs from process to process."""
    span = LAST - FIRST
    start = (os.getpid() * 97) % span
    for step in range(span):
        yield FIRST + (start + step) % span


_untried = _candidates()


def is_free(port: int) -> bool:
    """Whether nothing listens on `port` of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port on which nothing listens; never the same one twice in this process."""
    for port in _untried:
        if is_free(port):
            return port
    raise OSError("every port was handed out")
