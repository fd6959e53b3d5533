"""Keys that an issuer publishes: fetched within bounds, renewed, kept through outages; a bad one harms itself only."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import pytest

from graphql_app.auth.http_client import fresh_seconds
from graphql_app.auth.tokens import jwks as module
from graphql_app.auth.tokens.jwks import JwksKeys
from graphql_app.auth.tokens.keys import KeyRefused, key_file, parse_jwks, pem_key, secret_key
from graphql_app.errors import AppError, Code
from graphql_app.observability.events import Event, JwksFailed, JwksFetched
from tests.harness.jwks_server import JwksServer, jwks_server
from tests.harness.tokens import SECRET, b64, jwk, pem

ALL = frozenset({"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"})


class Moment:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """A client of a server, with its clock and what it tells."""

    def __init__(self, server: JwksServer, algorithms: frozenset[str] = ALL) -> None:
        self.server = server
        self.clock = Moment()
        self.events: list[Event] = []
        self.changes = 0
        self.keys = JwksKeys(
            server.url, algorithms, self.events.append, self._changed, clock=self.clock, monotonic=self.clock
        )

    def _changed(self) -> None:
        self.changes += 1

    @property
    def kids(self) -> list[str | None]:
        return [key.kid for key in self.keys.keys]

    @property
    def failures(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, JwksFailed)]

    async def fetch(self) -> bool:
        """A fetch that is not held back by the one before."""
        self.clock.now += 60
        return await self.keys.renew()


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with jwks_server() as made:
        yield made


async def test_keys_are_fetched_and_rotated(server: JwksServer) -> None:
    rig = Rig(server)
    with pytest.raises(AppError) as refused:
        _ = rig.keys.keys
    assert refused.value.code is Code.AUTH_UNAVAILABLE
    assert not rig.keys.ready
    server.publish(jwk("RS256"), jwk("ES256"))
    assert await rig.fetch()
    assert (rig.kids, rig.changes) == (["RS256-0", "ES256-0"], 1)
    assert not await rig.fetch(), "the same keys"
    assert rig.changes == 1
    server.publish(jwk("RS256", 1))
    assert await rig.fetch()
    assert (rig.kids, rig.changes) == (["RS256-1"], 2)
    assert rig.events[0] == JwksFetched("127.0.0.1", 2, 0)


async def test_a_key_of_the_same_name_is_another(server: JwksServer) -> None:
    rig = Rig(server)
    server.publish(jwk("RS256", 0, kid="one"))
    await rig.fetch()
    server.publish(jwk("RS256", 1, kid="one"))
    assert await rig.fetch()
    assert rig.changes == 2


FAILURES: dict[str, tuple[int, bytes, dict[str, str], str]] = {
    "an error": (500, b"{}", {}, "the answer has status 500"),
    "a redirect": (302, b"", {"Location": "http://127.0.0.1:1/"}, "status 302, and redirects are not followed"),
    "no content": (204, b"", {}, "status 204"),
    "no JSON": (200, b"<html>", {}, "it is no JSON"),
    "deep JSON": (200, b"[" * 200_000, {}, "it is no JSON"),
    "no set": (200, b"[]", {}, "it has no list 'keys'"),
    "an empty set": (200, b'{"keys": []}', {}, "it has no key that can be used"),
    "nothing usable": (200, b'{"keys": [1]}', {}, "it has no key that can be used (keys[0]: it is no object)"),
    "compressed": (200, b"x", {"Content-Encoding": "gzip"}, "the answer is compressed"),
    "10 MB": (200, b" " * 10_000_000, {}, "more than 524288 bytes"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_what_fails_leaves_the_known_keys(server: JwksServer, failure: str) -> None:
    rig = Rig(server)
    server.publish(jwk("RS256"))
    await rig.fetch()
    status, body, headers, why = FAILURES[failure]
    server.fail(status, **headers)
    server.body = body
    assert not await rig.fetch()
    assert why in rig.failures[0]
    assert (rig.kids, rig.changes) == (["RS256-0"], 1)


async def test_an_answer_that_drips_ends(server: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, all of them never do: the whole fetch is bounded, and so is its thread."""
    monkeypatch.setattr(module, "SECONDS", 0.3)
    left = threading.Event()

    def drip() -> Iterator[bytes]:
        try:
            while True:
                yield b" "
                time.sleep(0.02)
        finally:
            left.set()

    server.pieces = drip()
    rig = Rig(server)
    assert not await rig.fetch()
    assert rig.failures == ["no answer within 0.3 s"]
    server.pieces = None
    assert await asyncio.to_thread(left.wait, 20), "the connection is cut"


async def test_a_server_that_says_nothing(server: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.3)
    stopped = threading.Event()
    server.before = stopped.wait  # type: ignore[assignment]
    rig = Rig(server)
    assert not await rig.fetch()
    assert rig.failures == ["no answer within 0.3 s"]
    stopped.set()


async def test_no_server(server: JwksServer) -> None:
    rig = Rig(server)
    server._server.server_close()
    assert not await rig.fetch()
    assert rig.failures[0].startswith("no answer")


async def test_a_thousand_unknown_kids_fetch_once(server: JwksServer) -> None:
    """At most one fetch a minute, and those who come while it goes on share it."""
    rig = Rig(server)
    server.publish(jwk("RS256"))
    await rig.fetch()
    assert server.asked == 1
    rig.clock.now += 61
    found = await asyncio.gather(*(rig.keys.renew() for _ in range(1000)))
    assert (server.asked, any(found)) == (2, False)
    for _ in range(1000):
        assert not await rig.keys.renew()
    rig.clock.now += 59
    assert not await rig.keys.renew()
    assert server.asked == 2
    rig.clock.now += 1
    server.publish(jwk("RS256", 1))
    assert all(await asyncio.gather(*(rig.keys.renew() for _ in range(10))))
    assert server.asked == 3


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({}, 3240, 3600),
        ({"cache_control": "max-age=600"}, 540, 600),
        ({"cache_control": "public, MAX-AGE=600, must-revalidate"}, 540, 600),
        ({"cache_control": "max-age=600", "age": "300"}, 270, 300),
        ({"cache_control": "max-age=1"}, 54, 60),
        ({"cache_control": "no-store"}, 54, 60),
        ({"cache_control": "max-age=999999999999999"}, 77_760, 86_400),
        ({"cache_control": "max-age=many"}, 3240, 3600),
        ({"expires": formatdate(1000 + 700, usegmt=True)}, 500, 700),
        ({"expires": "0"}, 54, 60),
    ],
)
async def test_when_the_next_fetch_is_due(server: JwksServer, headers: dict[str, str], least: int, most: int) -> None:
    rig = Rig(server)
    server.publish(jwk("RS256"), **headers)
    await rig.fetch()
    assert least - 1 <= rig.keys._due - rig.clock.now <= most


async def test_outages_are_outlived_for_a_day(server: JwksServer) -> None:
    rig = Rig(server)
    server.publish(jwk("RS256"), cache_control="max-age=60")
    await rig.fetch()
    server.fail(503)
    for _ in range(20):
        await rig.fetch()
    assert rig.kids == ["RS256-0"]
    rig.clock.now += 90_000
    with pytest.raises(AppError) as refused:
        _ = rig.keys.keys
    assert refused.value.code is Code.AUTH_UNAVAILABLE
    server.publish(jwk("RS256"))
    await rig.fetch()
    assert rig.kids == ["RS256-0"]


async def test_it_is_tried_again_soon_after_a_failure(server: JwksServer) -> None:
    rig = Rig(server)
    server.fail(500)
    pauses = []
    for _ in range(7):
        await rig.fetch()
        pauses.append(rig.keys._due - rig.clock.now)
    assert all(2 <= pause <= 66 for pause in pauses)
    assert pauses[0] < 3 < pauses[1] < pauses[2] < pauses[3] < pauses[4]


async def test_keys_are_kept_fresh(server: JwksServer) -> None:
    """From the start, and again when it is time."""
    rig = Rig(server)
    server.publish(jwk("RS256"))
    fetched = asyncio.Event()
    rig.keys._observer = lambda _event: fetched.set()
    task = asyncio.ensure_future(rig.keys.keep_fresh())
    async with asyncio.timeout(20):
        await fetched.wait()
    assert rig.kids == ["RS256-0"]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def unusable() -> Iterator[tuple[str, object, str]]:
    """Entries of a set that are no keys for us."""
    good = jwk("RS256")
    yield "null", None, "it is no object"
    yield "a kid that is no text", good | {"kid": 5}, "its kid is no text"
    yield "for encryption", good | {"use": "enc"}, "it is not meant for signatures"
    yield "for signing alone", good | {"key_ops": ["sign"]}, "it is not meant for signatures"
    yield "a shared secret", {"kty": "oct", "k": b64(SECRET), "alg": "HS256"}, "its kty is none of RSA, EC, OKP"
    yield "a private key", good | {"d": "AQAB"}, "it is not a public key"
    yield "another algorithm", good | {"alg": "RS1"}, "it is for none of the algorithms that are allowed"
    yield "a list for an algorithm", good | {"alg": ["RS256"]}, "it is for none of the algorithms"
    yield "1,024 bits", good | {"n": b64(b"\xc0" + b"\1" * 127)}, "it has 1024 bits"
    yield "16,384 bits", good | {"n": b64(b"\xc0" + b"\1" * 2047)}, "it has 16384 bits"
    yield "a megabyte", good | {"n": "A" * 1_000_000}, "too long"
    yield "a huge exponent", good | {"e": b64(b"\1" * 100)}, "its exponent is too large"
    yield "an exponent of 1", good | {"e": "AQ"}, "its numbers make no key"
    yield "no base64", good | {"n": "!!!"}, "its numbers make no key"
    yield "no modulus", {"kty": "RSA", "e": "AQAB"}, "its numbers make no key"
    yield "numbers that are none", good | {"n": 5}, "its numbers are no texts"
    yield "a curve of another kind", jwk("ES256") | {"crv": "secp256k1"}, "its crv is none of"
    yield "no curve", {k: v for k, v in jwk("ES256").items() if k != "crv"}, "its crv is none of"
    yield "a point off the curve", jwk("ES256") | {"x": b64(b"\1" * 32)}, "its numbers make no key"
    yield "a curve that is none", jwk("ES256") | {"crv": ["P-256"]}, "its crv is none of"
    yield "P-256 called ES384", jwk("ES256", alg="ES384"), "it is for none of the algorithms"
    yield "Ed448", {"kty": "OKP", "crv": "Ed448", "x": b64(b"\1" * 57)}, "it is none of RSA, EC, Ed25519"
    yield "X25519", {"kty": "OKP", "crv": "X25519", "x": b64(b"\1" * 32)}, "its numbers make no key"


@pytest.mark.parametrize("what", [name for name, _, _ in unusable()])
def test_a_bad_key_harms_itself_only(what: str) -> None:
    _, bad, why = next(each for each in unusable() if each[0] == what)
    found = parse_jwks(json.dumps({"keys": [bad, jwk("ES256", 1)]}).encode(), ALL)
    assert [key.kid for key in found.keys] == ["ES256-1"]
    assert len(found.skipped) == 1
    assert why in found.skipped[0]


def test_too_many_keys_do_not_count() -> None:
    found = parse_jwks(json.dumps({"keys": [jwk("ES256", kid=str(n)) for n in range(150)]}).encode(), ALL)
    assert len(found.keys) == 100
    assert found.skipped == ("only the first 100 keys count",)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (b"", "it takes at least 32"),
        (b"x" * 31, "the secret has 31 bytes"),
        (pem("RS256").encode(), "PEM, SSH or JWK"),
        (b"ssh-rsa " + b"A" * 100, "PEM, SSH or JWK"),
        (b'{"kty": "oct", "k": "' + b"A" * 60 + b'"}', "PEM, SSH or JWK"),
        (b'{"keys": [{"kty": "RSA", "n": "' + b"A" * 60 + b'"}]}', "PEM, SSH or JWK"),
    ],
)
def test_secrets_that_are_none(secret: bytes, why: str) -> None:
    with pytest.raises(KeyRefused, match=why):
        secret_key(secret, ["HS256"])


def test_pem_texts() -> None:
    assert pem_key(pem("RS256"), ["RS256", "ES256"]).algorithms == {"RS256"}
    assert pem_key(pem("ES384"), ["ES256", "ES384"]).algorithms == {"ES384"}
    assert pem_key(pem("EdDSA"), ["EdDSA", "Ed25519"]).algorithms == {"EdDSA", "Ed25519"}
    for text, algorithms, why in (
        (pem("RS256"), ["ES256"], "it is for none of the algorithms"),
        (pem("ES256K"), ["ES256"], "it is for none of the algorithms"),
        ("nothing", ["RS256"], "it is no public key"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", ["RS256"], "it is a private key"),
    ):
        with pytest.raises(KeyRefused, match=why):
            pem_key(text, algorithms)


def test_key_files() -> None:
    assert [key.kid for key in key_file(pem("RS256"), ALL)] == [None]
    assert [key.kid for key in key_file(json.dumps(jwk("RS256")), ALL)] == ["RS256-0"]
    two: dict[str, Any] = {"keys": [jwk("RS256"), jwk("ES256")]}
    assert len(key_file(json.dumps(two), ALL)) == 2
    with pytest.raises(KeyRefused, match="it has no keys"):
        key_file('{"keys": []}', ALL)
    with pytest.raises(KeyRefused, match=r"keys\[1\]"):
        key_file(json.dumps(two), frozenset({"RS256"}))


def test_freshness() -> None:
    assert fresh_seconds({}, 0) is None
    assert fresh_seconds({"cache-control": 'max-age="30"'}, 0) == 30
    assert fresh_seconds({"cache-control": "s-maxage=30"}, 0) is None
    assert fresh_seconds({"cache-control": "max-age=30, no-cache"}, 0) == 0
