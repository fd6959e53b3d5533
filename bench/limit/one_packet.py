"""`python -m bench.limit.one_packet PORT`: the limit, with head and body of an answer in one packet, as ours."""

from __future__ import annotations

import sys

import uvicorn

from graphql_app.server.coalescing_transport import CoalescingProtocol

if __name__ == "__main__":
    uvicorn.run(
        "bench.limit.app:app",
        port=int(sys.argv[1]),
        loop="uvloop",
        http=CoalescingProtocol,
        access_log=False,
        log_level="warning",
    )
