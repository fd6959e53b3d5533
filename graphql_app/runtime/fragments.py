"""Long messages of WebSockets in fragments: an extension of ASGI between our endpoint and our server.

Servers without it are given the message as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

FRAGMENT: Final = "websocket.fragment"
"""The extension, and the type of its messages: `body` is a part of a text, `more_body` says whether another follows."""


def takes_fragments(scope: Mapping[str, Any]) -> bool:
    """Whether the server sends a message in fragments."""
    return FRAGMENT in scope.get("extensions", {})


def fragments(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The messages of ASGI that send a text of these pieces."""
    before = b""
    for piece in pieces:
        if before and piece:
            yield {"type": FRAGMENT, "body": before, "more_body": True}
        before = piece or before
    yield {"type": FRAGMENT, "body": before, "more_body": False}
