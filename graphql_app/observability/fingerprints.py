"""Unexpected failures: what makes two of them the same one, and how often the log tells of each."""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

KNOWN = 1_000
"""Kinds of failures that are told apart in the log at once; far more than a program has places."""
_OURS = ("graphql_app", "schema_gen")


def fingerprint(error: BaseException) -> str:
    """Eight digits that are the same for each failure of one type in one place of the program, whatever its text."""
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    ours = [(code, line) for code, line in frames if any(f"/{package}/" in code.co_filename for package in _OURS)]
    place = ""
    if frames:
        at, line = (ours or frames)[-1]
        place = f"{at.co_filename.rpartition('/')[2]}:{at.co_name}:{line}"
    code = getattr(error, "code", None)
    number = str(code) if isinstance(code, int) else ""
    return sha256(f"{type(error).__qualname__} {number} {place}".encode()).hexdigest()[:8]


class Seldom:
    """Tells of each key at most once in `seconds`, and how often it came since."""

    def __init__(self, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._told: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def due(self, key: str) -> int:
        """How often `key` came since it was last told, this time included; 0 where it was told a moment ago."""
        now = self._clock()
        with self._lock:
            at, passed = self._told.pop(key, (now - self._seconds, 0))
            due = now - at >= self._seconds
            self._told[key] = (now, 0) if due else (at, passed + 1)
            if len(self._told) > KNOWN:
                self._told.popitem(last=False)
        return passed + 1 if due else 0

    def clear(self) -> None:
        """Forgets what was told."""
        with self._lock:
            self._told.clear()
