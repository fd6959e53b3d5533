"""What the program reports of who asks: tokens and secrets that are refused, and keys that are fetched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuthenticationFailed:
    """A request was refused because it did not prove who is asking, or may not take the role; `code` says why."""

    code: str


@dataclass(frozen=True, slots=True)
class JwksFetched:
    """An issuer's keys were fetched from `host`; `skipped` of the set cannot be used."""

    host: str
    keys: int
    skipped: int


@dataclass(frozen=True, slots=True)
class JwksFailed:
    """An issuer's keys could not be fetched from `host`; those that are known, if any, stay."""

    host: str
    reason: str
