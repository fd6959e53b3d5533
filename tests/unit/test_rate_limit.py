"""Rates: allowances are used up at once, come back evenly, and keys do not share them."""

from __future__ import annotations

import random

import pytest

from graphql_app.auth.identity import ANONYMOUS, Identity
from graphql_app.auth.permissions import ADDRESS, NO_LIMITS, WHOLE_ROLE, RateBy, RoleLimits
from graphql_app.middleware.rate_limits import RateLimits, network_of
from graphql_app.runtime import rate_limit
from graphql_app.runtime.rate_limit import Rate, RateLimiter


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_whole_allowance_may_be_used_at_once() -> None:
    """Then requests are refused until one has come back."""
    clock = Clock()
    limiter, rate = RateLimiter(clock), Rate(3, 60)
    assert [limiter.spend(rate, "a").remaining for _ in range(3)] == [2, 1, 0]
    refused = limiter.spend(rate, "a")
    assert refused.retry_after == pytest.approx(20)
    assert refused.remaining == 0
    clock.now += 19.9
    assert limiter.spend(rate, "a").retry_after is not None, "a refused request costs nothing, and gains nothing"
    clock.now += 0.2
    assert limiter.spend(rate, "a").retry_after is None
    assert limiter.spend(rate, "a").retry_after is not None


def test_keys_and_rates_are_apart() -> None:
    """One caller's requests are not another's; nor are those under another rate."""
    limiter = RateLimiter(Clock())
    assert limiter.spend(Rate(1, 1), "a").retry_after is None
    assert limiter.spend(Rate(1, 1), "b").retry_after is None
    assert limiter.spend(Rate(1, 60), "a").retry_after is None
    assert limiter.spend(Rate(1, 1), "a").retry_after is not None


@pytest.mark.parametrize("rate", [Rate(1, 1), Rate(7, 60), Rate(600, 60), Rate(1_000, 1), Rate(3, 3600)])
def test_never_more_than_the_allowance_and_what_came_back(rate: Rate) -> None:
    """However requests are spread, no window sees more than its share, and a patient client is never refused."""
    chance = random.Random(f"{rate}")
    clock = Clock()
    limiter = RateLimiter(clock)
    start, let_in = clock.now, 0
    for _ in range(5_000):
        clock.now += chance.random() * rate.seconds / rate.requests
        let_in += limiter.spend(rate, "k").retry_after is None
        assert let_in <= rate.requests + (clock.now - start) * rate.requests / rate.seconds + 1
    clock.now += rate.seconds
    for _ in range(rate.requests):
        assert limiter.spend(rate, "k").retry_after is None
        clock.now += rate.seconds / rate.requests


def test_who_waits_as_long_as_told_is_let_in() -> None:
    """`retry_after` is enough, and not much too long."""
    clock = Clock()
    limiter, rate = RateLimiter(clock), Rate(10, 1)
    for _ in range(200):
        verdict = limiter.spend(rate, "k")
        if verdict.retry_after is not None:
            clock.now += verdict.retry_after
            assert limiter.spend(rate, "k").retry_after is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who have not come for longest are forgotten first."""
    monkeypatch.setattr(rate_limit, "KEYS", 10)
    limiter, rate = RateLimiter(Clock()), Rate(1, 60)
    for key in range(11):
        limiter.spend(rate, key)
    assert limiter.spend(rate, 10).retry_after is not None
    assert limiter.spend(rate, 0).retry_after is None


@pytest.mark.parametrize(
    ("text", "rate"), [("600/min", Rate(600, 60)), (" 20 / s ", Rate(20, 1)), ("5000/hour", Rate(5000, 3600))]
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    """As people write it."""
    assert Rate.parse(text) == rate


@pytest.mark.parametrize("text", ["", "0/s", "5", "5/day", "-1/s", "1.5/s", "5/s/s", "٣/s", "9999999999/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="no rate"):
        Rate.parse(text)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("/run/a.sock", "/run/a.sock"),
    ],
)
def test_a_client_is_an_address_or_a_network(address: str, network: str) -> None:
    """Whoever has an IPv6 address has 2**64 of them."""
    assert network_of(address) == network


def test_callers_of_a_role_are_told_apart_by_their_credentials() -> None:
    """Not by where they come from; those without any are told apart by their addresses."""
    some = RoleLimits(rate=Rate(1, 60))
    limits = RateLimits(None, lambda identity: some if identity.role == "user" else NO_LIMITS, RateLimiter(Clock()))

    def refused(client: bytes, address: str, role: str = "user") -> bool:
        verdict = limits.spend({"client": (address, 1)}, Identity(role, client=client))
        return verdict is not None and verdict.retry_after is not None

    assert [refused(b"ann", "192.0.2.1"), refused(b"ann", "192.0.2.2"), refused(b"max", "192.0.2.1")] == [0, 1, 0]
    assert [refused(ANONYMOUS, "192.0.2.1"), refused(ANONYMOUS, "192.0.2.2"), refused(ANONYMOUS, "192.0.2.1")] == [
        0,
        0,
        1,
    ]
    assert not refused(b"ann", "192.0.2.1", "other")


@pytest.mark.parametrize(
    ("by", "refused"),
    [
        (WHOLE_ROLE, [0, 1, 1, 1, 0]),
        (ADDRESS, [0, 0, 1, 1, 0]),
        (("x-hasura-org",), [0, 1, 0, 1, 0]),
        (("x-hasura-org", "x-hasura-none"), [0, 1, 0, 1, 0]),
    ],
)
def test_callers_of_a_role_who_share_a_rate(by: RateBy, refused: list[int]) -> None:
    """Two of one organisation from two addresses, one of another, the first again, and somebody of another role."""
    limits = RateLimits(None, lambda _identity: RoleLimits(rate=Rate(1, 60), rate_by=by), RateLimiter(Clock()))
    found = []
    for role, client, org, address in (
        ("user", b"ann", "a", "192.0.2.1"),
        ("user", b"bob", "a", "192.0.2.2"),
        ("user", b"cid", "b", "192.0.2.1"),
        ("user", b"ann", "a", "192.0.2.1"),
        ("other", b"ann", "a", "192.0.2.1"),
    ):
        identity = Identity(role, {"x-hasura-org": org}, client=client)
        verdict = limits.spend({"client": (address, 1)}, identity)
        found.append(int(verdict is not None and verdict.retry_after is not None))
    assert found == refused
