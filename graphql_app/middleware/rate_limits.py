"""How many requests an address or a role may send: counted before an endpoint is asked, in each worker by itself.

Workers do not add up what they counted: a client whose connections reach `WORKERS` processes may have as many times
the rate. A limit over all of them belongs into the proxy in front.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any

from starlette.types import Message, Scope, Send

from graphql_app.auth.identity import ANONYMOUS, SCOPE_KEY, Identity
from graphql_app.auth.permissions import ADDRESS, CALLER, NO_LIMITS, RateBy, RoleLimits
from graphql_app.errors import Code, RequestError
from graphql_app.runtime.budget import client_of
from graphql_app.runtime.rate_limit import Rate, RateLimiter, Verdict

Headers = list[tuple[bytes, bytes]]


def _nothing(_identity: Identity) -> RoleLimits:
    return NO_LIMITS


@dataclass(frozen=True, slots=True)
class RateLimits:
    """`by_address` holds for everyone; `of_role` gives the limits of an identity's role.

    The callers of a role are told apart by their credentials, those without any by their addresses, unless its limits
    say otherwise.
    """

    by_address: Rate | None = None
    of_role: Callable[[Identity], RoleLimits] = _nothing
    limiter: RateLimiter = field(default_factory=RateLimiter)

    def spend(self, scope: Mapping[str, Any], identity: Identity | None = None) -> Verdict | None:
        """Counts one request; None where no rate holds for it. Of two rates, the verdict is that which leaves less."""
        who = identity or scope.get(SCOPE_KEY)
        address = network_of(client_of(scope))
        first = None if self.by_address is None else self.limiter.spend(self.by_address, address)
        limits = NO_LIMITS if who is None else self.of_role(who)
        if who is None or limits.rate is None or (first is not None and first.retry_after is not None):
            return first
        second = self.limiter.spend(limits.rate, (who.role, _counted(who, address, limits.rate_by)))
        if first is None or second.retry_after is not None or second.remaining < first.remaining:
            return second
        return first


def _counted(who: Identity, address: str, by: RateBy) -> Hashable:
    """What callers have in common who share a rate."""
    if by == CALLER:
        return address if who.client in (b"", ANONYMOUS) else who.client
    if isinstance(by, tuple):
        return tuple(map(who.variables.get, by))
    return address if by == ADDRESS else None


def network_of(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 network of an IPv6 one, which one client has whole."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return address


def too_many(verdict: Verdict) -> RequestError:
    """The error for a request that is one too many."""
    rate = verdict.rate
    per = "second" if rate.seconds == 1 else f"{rate.seconds} seconds"
    return RequestError(
        Code.RATE_LIMITED, f"More than {rate.requests} requests per {per}; try again", retry_after=verdict.retry_after
    )


def headers_of(verdict: Verdict) -> Headers:
    """What an answer says of the client's rate (draft-ietf-httpapi-ratelimit-headers-03: most clients read it)."""
    return [
        (b"ratelimit-limit", b"%d" % verdict.rate.requests),
        (b"ratelimit-remaining", b"%d" % verdict.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(verdict.reset)),
        (b"ratelimit-policy", b"%d;w=%d" % (verdict.rate.requests, verdict.rate.seconds)),
    ]


def telling(send: Send, verdict: Verdict) -> Send:
    """A `send` that adds the headers to the answer's head."""
    headers = headers_of(verdict)

    async def told(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return told


def spending(limits: RateLimits, scope: Scope, send: Send) -> tuple[Send, RequestError | None]:
    """Counts the request of `scope`: a `send` that tells of it, and the error where it is one too many."""
    verdict = limits.spend(scope)
    if verdict is None:
        return send, None
    return telling(send, verdict), None if verdict.retry_after is None else too_many(verdict)
