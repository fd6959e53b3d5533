"""Takes `DATABASE_URL` apart into the settings it stands for. Pure."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

FORM = "an address such as mysql://user:password@host:3306/name"
HOSTS = "hosts such as db1,db2:3307,[::1]:3306, separated by commas, none of them twice"
_HOST = re.compile(r"(?:(?P<name>[^\s:\[\]/@,]+)|\[(?P<v6>[0-9a-fA-F]*:[0-9a-fA-F:.]*)\])(?::(?P<port>\d{1,5}))?")

_SCHEMES = ("mysql", "mariadb")
# What hosting services write behind the question mark, and the DB_SSL it means.
_ENCRYPTION = {
    ("ssl-mode", "disabled"): "off",
    ("ssl-mode", "required"): "required",
    ("ssl-mode", "verify_ca"): "verify",
    ("ssl-mode", "verify_identity"): "verify",
    ("sslaccept", "strict"): "verify",
    ("sslaccept", "accept_invalid_certs"): "required",
    ("ssl", "true"): "required",
    ("ssl", "false"): "off",
}
# What other drivers call DB_PUBLIC_KEY.
_PUBLIC_KEY = {
    (name, value): setting
    for name in ("get-server-public-key", "allowpublickeyretrieval")
    for value, setting in (("true", "allow"), ("1", "allow"), ("false", "refuse"), ("0", "refuse"))
}
_SOCKET = ("socket", "unix_socket")
_OF_NO_ACCOUNT = {("charset", "utf8mb4")}
DATABASE_SETTINGS = (
    "DATABASE_URL", "DATABASE_URL_FILE", "DB_HOST", "DB_HOSTS", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_PASSWORD_FILE",
    "DB_NAME", "DB_SOCKET", "DB_SSL", "DB_SSL_CA", "DB_PUBLIC_KEY",
)  # fmt: skip
"""Settings that say which database it is and how to log in."""


def parse_database_url(url: str) -> dict[str, str]:
    """The settings in `url`, as far as it has them: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_SOCKET, DB_SSL,
    DB_PUBLIC_KEY; of several hosts DB_HOSTS in place of the first two.

    Raises `ValueError`, with a text that holds nothing of the URL but a parameter's name.
    """
    url, hosts = _with_first_host(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"takes {FORM}") from None
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme.partition("+")[0] not in _SCHEMES or "/" in name or parts.fragment:
        raise ValueError(f"takes {FORM} (other characters are written as %XX)")
    found = {
        "DB_HOST": unquote(parts.hostname or ""),
        "DB_PORT": "" if port is None else str(port),
        "DB_USER": unquote(parts.username or ""),
        "DB_PASSWORD": unquote(parts.password or ""),
        "DB_NAME": name,
    } | _parameters(parts.query)
    if not found["DB_HOST"] and "DB_SOCKET" not in found:
        raise ValueError(f"names no host; it takes {FORM}")
    if hosts:
        del found["DB_HOST"], found["DB_PORT"]
        found["DB_HOSTS"] = hosts
    return {setting: value for setting, value in found.items() if value}


def parse_host(text: str, port: int) -> tuple[str, int]:
    """The host and port of `host`, `host:port` or `[address]:port`; `port` where it has none. Raises `ValueError`."""
    found = _HOST.fullmatch(text)
    number = int(found["port"] or port) if found else 0
    if found is None or not 0 < number < 65536:
        raise ValueError("no host")
    return found["name"] or found["v6"], number


def host_list(value: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts of DB_HOSTS. Raises `ValueError`."""
    for text in value:
        parse_host(text, 3306)
    if len(set(value)) < len(value):
        raise ValueError("twice")
    return value


def _with_first_host(url: str) -> tuple[str, str]:
    """A URL with the first of its hosts alone, and all of them; empty for one host."""
    start = url.find("://") + 3
    end = min((place for mark in "/?#" if (place := url.find(mark, start)) >= 0), default=len(url))
    account, at, hosts = url[start:end].rpartition("@")
    if start < 3 or "," not in hosts:
        return url, ""
    return f"{url[:start]}{account}{at}{hosts.partition(',')[0]}{url[end:]}", unquote(hosts)


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameter = (name.lower().replace("sslmode", "ssl-mode"), value.lower().replace("-", "_"))
        if name in _SOCKET:
            found["DB_SOCKET"] = value
        elif parameter in _ENCRYPTION:
            found["DB_SSL"] = _ENCRYPTION[parameter]
        elif parameter in _PUBLIC_KEY:
            found["DB_PUBLIC_KEY"] = _PUBLIC_KEY[parameter]
        elif parameter not in _OF_NO_ACCOUNT:
            raise ValueError(f"has a parameter {name!r} that is not understood; use DB_SSL, DB_SSL_CA and DB_SOCKET")
    return found


def with_url_apart(values: dict[str, Any]) -> dict[str, Any]:
    """Values of settings, in small letters, with those that `database_url` stands for. Raises `ValueError`."""
    raw = values.get("database_url")
    if not raw:
        return values
    try:
        found = parse_database_url(_plain(raw))
    except ValueError as error:
        raise ValueError(f"DATABASE_URL {error}") from None
    for setting, value in found.items():
        if _plain(values.get(setting.lower(), value)) != value:
            raise ValueError(f"DATABASE_URL and {setting} say different things; set one of them")
    if "DB_SOCKET" in found and "DB_HOST" in found:
        found.pop("DB_HOST")
    return values | {setting.lower(): value for setting, value in found.items()}


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
