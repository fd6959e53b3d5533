"""The kinds of values that settings take, and the words that say so."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt
from pydantic_settings import NoDecode

from graphql_app.runtime.rate_limit import Rate

_HOST = re.compile(r"\*|(\*\.)?[\w.-]+(:\d+)?|\[?[0-9a-fA-F:.]+\]?(:\d+)?")


def split(value: object) -> object:
    """The parts of a text between its commas; anything else as it is."""
    return (
        tuple(part for part in (part.strip() for part in value.split(",")) if part) if isinstance(value, str) else value
    )


def lower(value: object) -> object:
    """A text without blanks around it, in small letters."""
    return value.strip().lower() if isinstance(value, str) else value


_TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def truth_or_names(value: object) -> object:
    """True or false for a word that says so, else the names between the commas of a text. Raises `ValueError`."""
    if not isinstance(value, str):
        return value
    said = _TRUTH.get(value.strip().lower())
    names = split(value)
    if said is None and not names:
        raise ValueError("empty")
    return names if said is None else said


def filled(value: tuple[int, ...]) -> tuple[int, ...]:
    """Numbers, at least one. Raises `ValueError`."""
    if not value:
        raise ValueError("empty")
    return value


def existing(value: Path | None) -> Path | None:
    """The path of something that is there. Raises `ValueError`."""
    if value is not None and not value.exists():
        raise ValueError("not there")
    return value


def origins(value: tuple[str, ...]) -> tuple[str, ...]:
    """Origins of pages, `none` for none. Raises `ValueError`."""
    if not all(origin in ("*", "none") or origin.startswith(("http://", "https://")) for origin in value):
        raise ValueError("no origin")
    return tuple(origin for origin in value if origin != "none")


def hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    """Names of this server. Raises `ValueError`."""
    if not all(_HOST.fullmatch(name) for name in value):
        raise ValueError("no host")
    return value


def request_fields(value: tuple[str, ...]) -> tuple[str, ...]:
    """Further fields of the log of requests. Raises `ValueError`."""
    if not set(value) <= {"client", "table"}:
        raise ValueError("no field")
    return value


def rate(value: object) -> object:
    """A rate such as `600/min`. Raises `ValueError`."""
    return Rate.parse(value) if isinstance(value, str) else value


def installed(wanted: bool) -> bool:
    """Whether traces are wanted. Raises `ValueError` where they cannot be sent."""
    try:
        if wanted and find_spec("opentelemetry.exporter.otlp.proto.http") is None:
            raise ValueError("not installed")
    except ModuleNotFoundError:
        raise ValueError("not installed") from None
    return wanted


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]
Introspection = Annotated[bool | tuple[str, ...], NoDecode, BeforeValidator(truth_or_names)]
Milliseconds = Annotated[tuple[PositiveInt, ...], NoDecode, BeforeValidator(split)]
Port = Annotated[int, Field(ge=0, le=65535)]


def setting(default: Any, description: str, takes: str) -> Any:
    """A field with what the documentation and the error line say about it."""
    return Field(default, description=description, json_schema_extra={"takes": takes})


def secret_file(secret: str) -> Any:
    """A field that names a file with the value of another one."""
    return setting(
        None,
        f"A file with the value of {secret}, such as a mounted secret; the end of its last line does not count.",
        "the path of a file that exists",
    )


def read_secret(name: str, path: Path) -> str:
    """The value in the file that the setting `name` names. Raises `ValueError`."""
    try:
        return path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{name} takes the path of a text file that can be read") from None


def choice(*words: str) -> str:
    """What a setting of few words takes."""
    return "one of " + ", ".join(words)


METADATA = "the path of a directory or a JSON file that exists"
TEXT, NUMBER, COUNT, BOOLEAN = "a text", "a whole number from 1", "a whole number from 0", "true or false"
SECONDS = "a number of seconds above 0"
PORT_NUMBER = "a whole number from 0 to 65535"
TLS = ("off", "required", "verify")
LEVELS = ("debug", "info", "warning", "error")
