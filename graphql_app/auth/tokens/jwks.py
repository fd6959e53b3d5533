"""The keys of an issuer that publishes them: fetched, kept fresh, and kept through outages."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from graphql_app.auth.http_client import HttpAnswer, HttpFailed, HttpRequest, ask, fresh_seconds
from graphql_app.auth.safe_url import checked_url
from graphql_app.auth.tokens.jwt import Clock
from graphql_app.auth.tokens.keys import KeyRefused, VerificationKey, parse_jwks
from graphql_app.errors import AppError, Code
from graphql_app.observability.events import JwksFailed, JwksFetched, Observer, UnexpectedError

SECONDS: Final = 5.0
"""How long one fetch may take."""
MOST_BYTES: Final = 512 * 1024
SHORTEST, LONGEST, USUAL = 60.0, 86_400.0, 3_600.0
"""Seconds until the next fetch: as the answer says within these bounds, and where it says nothing."""
AGAIN: Final = (2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds after a failure until the next try; the last one for all further ones."""
MOST_STALE: Final = 86_400.0
"""How long keys count that cannot be fetched anew, beyond the time of theirs."""
JITTER: Final = 0.1
"""The part by which pauses vary, so that several workers do not come all at once."""


class JwksKeys:
    """A JWK set at an address. `changed` is called when its keys are others than before."""

    def __init__(
        self,
        url: str,
        algorithms: frozenset[str],
        observer: Observer,
        changed: Callable[[], None],
        *,
        clock: Clock = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives Unix time, `monotonic` seconds that pass; fetches are made by `keep_fresh`."""
        self.url = url
        self._address = checked_url(url)
        self._algorithms = algorithms
        self._observer = observer
        self._changed = changed
        self._clock = clock
        self._monotonic = monotonic
        self._keys: tuple[VerificationKey, ...] | None = None
        self._prints: frozenset[object] = frozenset()
        self._due = monotonic()
        self._good_until = float("-inf")
        self._tried = float("-inf")
        self._failures = 0
        self._going: asyncio.Task[bool] | None = None

    @property
    def ready(self) -> bool:
        """Whether there are keys."""
        return self._keys is not None

    @property
    def keys(self) -> Sequence[VerificationKey]:
        """The keys known now. Raises `AppError` (AUTH_UNAVAILABLE) where there are none, or they are too old."""
        if self._keys is None or self._monotonic() >= self._good_until:
            raise AppError(
                Code.AUTH_UNAVAILABLE, "Tokens cannot be verified now: their issuer's keys could not be fetched"
            )
        return self._keys

    async def renew(self) -> bool:
        """Fetches, unless that was tried within the last minute; whether there are other keys now."""
        if self._going is None and self._monotonic() - self._tried < SHORTEST:
            return False
        return await self._fetch()

    async def keep_fresh(self) -> None:
        """Fetches whenever it is time, for ever."""
        while True:
            pause = self._due - self._monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
                continue  # somebody may have fetched meanwhile
            await self._fetch()

    async def _fetch(self) -> bool:
        """One fetch, which those who come while it goes on share."""
        if self._going is None:
            self._going = asyncio.ensure_future(self._once())
            self._going.add_done_callback(self._gone)
        return await asyncio.shield(self._going)

    def _gone(self, _task: asyncio.Task[bool]) -> None:
        self._going = None

    async def _once(self) -> bool:
        self._tried = self._monotonic()
        try:
            answer = await ask(HttpRequest(self._address, SECONDS, MOST_BYTES))
            return self._take(answer)
        except (HttpFailed, KeyRefused) as error:
            self._failed(str(error))
        except Exception as error:
            self._observer(UnexpectedError("auth", error))
            self._failed("a defect of the program")
        return False

    def _take(self, answer: HttpAnswer) -> bool:
        """Serves what an answer holds; whether the keys are others than before."""
        if answer.status != 200:
            redirect = ", and redirects are not followed" if 300 <= answer.status < 400 else ""
            raise HttpFailed(f"the answer has status {answer.status}{redirect}")
        found = parse_jwks(answer.body, self._algorithms)
        if not found.keys:
            raise KeyRefused(f"it has no key that can be used{f' ({found.skipped[0]})' if found.skipped else ''}")
        said = fresh_seconds(answer.headers, self._clock())
        fresh = USUAL if said is None else min(max(said, SHORTEST), LONGEST)
        now = self._monotonic()
        self._due = now + fresh * random.uniform(1 - JITTER, 1)
        self._good_until = now + fresh + MOST_STALE
        self._failures = 0
        self._observer(JwksFetched(self._address.host, len(found.keys), len(found.skipped)))
        prints = frozenset(key.print for key in found.keys)
        other = prints != self._prints
        self._keys, self._prints = found.keys, prints
        if other:
            self._changed()
        return other

    def _failed(self, why: str) -> None:
        self._due = self._monotonic() + AGAIN[min(self._failures, len(AGAIN) - 1)] * random.uniform(1, 1 + JITTER)
        self._failures += 1
        self._observer(JwksFailed(self._address.host, why))
