"""Takes `DATABASE_URL` apart into the settings it stands for. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

FORM = "an address such as mysql://user:password@host:3306/name"

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
    "DATABASE_URL", "DATABASE_URL_FILE", "DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_PASSWORD_FILE", "DB_NAME",
    "DB_SOCKET", "DB_SSL", "DB_SSL_CA", "DB_PUBLIC_KEY",
)  # fmt: skip
"""Settings that say which database it is and how to log in."""


def parse_database_url(url: str) -> dict[str, str]:
    """The settings in `url`, as far as it has them: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_SOCKET, DB_SSL,
    DB_PUBLIC_KEY.

    Raises `ValueError`, with a text that holds nothing of the URL but a parameter's name.
    """
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
    return {setting: value for setting, value in found.items() if value}


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
