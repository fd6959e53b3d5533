"""`python -m bench.limit.one_packet PORT`: the limit, with head and body of an answer in one packet, as ours."""

from __future__ import annotations

import asyncio
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from graphql_app.cli.whole_answers import WholeAnswers


class OnePacket(HttpToolsProtocol):
    """uvicorn's protocol over a transport that joins head and body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected."""
        super().connection_made(WholeAnswers(transport, self.loop))


if __name__ == "__main__":
    uvicorn.run(
        "bench.limit.app:app",
        port=int(sys.argv[1]),
        loop="uvloop",
        http=OnePacket,
        access_log=False,
        log_level="warning",
    )
