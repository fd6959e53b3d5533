"""Addresses that the program itself asks: https, or http to this machine alone."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from graphql_app.config.address import is_loopback


class UrlError(Exception):
    """An address that is not asked. The text says why."""


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Host, port and target of one address."""

    secure: bool
    host: str
    port: int
    target: str


def checked_url(url: str) -> HttpAddress:
    """The parts of an address. Raises `UrlError`."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise UrlError("an address has no blanks and only ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UrlError(f"'{url[:100]}' is no address") from None
    if parts.scheme not in ("http", "https") or not host or parts.fragment:
        raise UrlError("it takes an address that begins with https://")
    if parts.username is not None or parts.password is not None:
        raise UrlError("an address must not hold a password")
    if parts.scheme == "http" and not is_loopback(host):
        raise UrlError("http:// is taken for this machine alone; use https://")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secure = parts.scheme == "https"
    return HttpAddress(secure, host, port or (443 if secure else 80), target)
