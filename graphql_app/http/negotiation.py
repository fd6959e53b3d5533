"""What a client takes: the one reader of `Accept` and `Accept-Encoding` (RFC 9110, 12.5). Pure.

A member of such a header with a weight of 0 says what is not taken, and the most exact member decides. Parameters
of media types do not count, as nothing is offered in two versions that differ in one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

REMEMBERED_BYTES: Final = 500
"""The longest header that is remembered: those of browsers and libraries are shorter."""
_REMEMBERED: Final = 256
# Java's own client writes `q=.2`, which the standard does not have.
_WEIGHT = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
# What stands between two marks; those in quotes part nothing, and a quote that does not end reaches to the end.
_PARTS = {
    mark: re.compile(rf'((?:[^"{mark}]++|"(?:[^"\\]++|\\.)*+"?+)*+)(?:{mark}|$)', re.DOTALL) for mark in (",", ";")
}


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a header, in lower case: what is taken, and how gladly (0: not at all, 1: most)."""

    value: str
    weight: float = 1.0
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a header says, member by member. One whose weight is none is left out."""

    members: tuple[Member, ...]
    empty: bool

    def weight_of(self, *values: str) -> float:
        """The weight of the first of these values that is named; 0 where none is."""
        for value in values:
            weights = [member.weight for member in self.members if member.value == value]
            if weights:
                return max(weights)
        return 0.0

    def media_weight(self, media: str) -> float:
        """The weight that an `Accept` header gives to a media type, by the most exact of its members."""
        return self.weight_of(media, f"{media.partition('/')[0]}/*", "*/*")


def taken(header: bytes) -> Taken:
    """What the value of `Accept` or `Accept-Encoding` says."""
    return _remembered(header) if len(header) <= REMEMBERED_BYTES else _read(header)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(header: bytes) -> Taken:
    return _read(header)


def _read(header: bytes) -> Taken:
    parts = [part for part in _split(header.decode("latin-1").lower(), ",") if part.strip()]
    found = map(_member, parts)
    return Taken(tuple(member for member in found if member is not None), not parts)


def _split(text: str, mark: str) -> list[str]:
    return text.split(mark) if '"' not in text else _PARTS[mark].findall(text)


def _member(text: str) -> Member | None:
    value, *parts = _split(text, ";")
    weight, parameters = 1.0, {}
    for part in parts:
        name, _, given = (each.strip() for each in part.partition("="))
        if name != "q":
            parameters[name] = given.strip('"')
            continue
        if not _WEIGHT.fullmatch(given) or (weight := float(given)) > 1:
            return None
    return Member(value.strip(), weight, parameters)


def preferred(accept: bytes, offered: Sequence[str]) -> str | None:
    """The best of `offered` for an `Accept` header, the first of equals; None if the client takes none of them."""
    found = taken(accept)
    if found.empty:
        return offered[0]
    weights = [found.media_weight(media) for media in offered]
    best = max(weights)
    return offered[weights.index(best)] if best > 0 else None


def preferred_coding(accept_encoding: bytes, offered: Sequence[str]) -> str | None:
    """The best of these codings, the first of equals; None where the client takes none, or rather what is plain."""
    if not accept_encoding:
        return None
    found = taken(accept_encoding)
    weights = [found.weight_of(coding, f"x-{coding}", "*") for coding in offered]
    best = max(weights)
    return offered[weights.index(best)] if best > 0 and best >= found.weight_of("identity") else None


def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether a client takes gzip, and not less gladly than what is not compressed."""
    found = taken(accept_encoding)
    gzip = found.weight_of("gzip", "x-gzip", "*")
    return gzip > 0 and gzip >= found.weight_of("identity")


def takes_multipart_subscription(found: Taken) -> bool:
    """Whether a client takes the multipart answers of Apollo's clients, which say so by a parameter."""
    return any(
        member.value == "multipart/mixed" and member.weight > 0 and "subscriptionspec" in member.parameters
        for member in found.members
    )
