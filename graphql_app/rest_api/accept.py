"""Which of several media types a client would rather have (RFC 9110, Accept). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from graphql_app.errors import Code, RequestError

_KEPT_BYTES = 500
"""The longest header that is remembered: those of browsers and libraries are shorter."""


def preferred(accept: bytes, offered: Sequence[str]) -> str:
    """The best of `offered` for the value of an Accept header; the first one where the client does not care.

    Raises:
        RequestError: NOT_ACCEPTABLE, none of them will do.
    """
    return _preferred(accept, tuple(offered)) if len(accept) <= _KEPT_BYTES else _best(accept, offered)


@lru_cache(maxsize=256)
def _preferred(accept: bytes, offered: tuple[str, ...]) -> str:
    return _best(accept, offered)


def _best(accept: bytes, offered: Sequence[str]) -> str:
    ranges = [_range(part) for part in accept.decode("latin-1").lower().split(",") if part.strip()]
    if not ranges:
        return offered[0]
    weights = [_weight(media, ranges) for media in offered]
    best = max(weights)
    if best <= 0:
        raise RequestError(Code.NOT_ACCEPTABLE, f"This address answers as one of {', '.join(offered)}")
    return offered[weights.index(best)]


def _range(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return media, 0.0
    return media, 1.0


def _weight(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight that the most exact range gives to `media`."""
    kind = media.partition("/")[0]
    for wanted in (media, f"{kind}/*", "*/*"):
        found = [weight for given, weight in ranges if given == wanted]
        if found:
            return max(found)
    return 0.0
