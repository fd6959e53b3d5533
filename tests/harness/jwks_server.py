"""A server of JWK sets that does what it is told: answers, fails, redirects, drips, or answers without end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class JwksServer:
    """Answers on a free port of this machine. `asked` counts the requests, `seen` holds their headers."""

    def __init__(self) -> None:
        self.asked = 0
        self.seen: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.status = 200
        self.body: bytes = b'{"keys": []}'
        self.headers: Mapping[str, str] = {}
        self.before: Callable[[], None] = lambda: None
        self.pieces: Iterator[bytes] | None = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answers as the owner wants it."""
                owner.asked += 1
                owner.seen.append({name.lower(): value for name, value in self.headers.items()})
                owner.bodies.append(self.rfile.read(int(self.headers.get("content-length", "0"))))
                owner.before()
                self.send_response(owner.status)
                for name, value in owner.headers.items():
                    self.send_header(name, value)
                if owner.pieces is None:
                    self.send_header("Content-Length", str(len(owner.body)))
                self.end_headers()
                for piece in owner.pieces or [owner.body]:
                    self.wfile.write(piece)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that leaves is none of its business."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/jwks.json"

    def publish(self, *keys: Mapping[str, Any], **headers: str) -> None:
        """From now on these are the keys; `cache_control="max-age=5"` is a header."""
        self.status, self.pieces = 200, None
        self.body = json.dumps({"keys": keys}).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def fail(self, status: int, **headers: str) -> None:
        """From now on this is all that there is."""
        self.status, self.body, self.pieces = status, b"no", None
        self.headers = headers


@contextmanager
def jwks_server() -> Iterator[JwksServer]:
    """The server while the block lasts."""
    server = JwksServer()
    thread = threading.Thread(target=server._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server._server.shutdown()
        server._server.server_close()
