"""Where settings come from: the environment, a `.env` file, files of secrets; and names that are no setting."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from graphql_app.config.database_url import DATABASE_SETTINGS
from graphql_app.config.settings import Settings
from graphql_app.runtime.suggestions import nearest

ENV_FILE = "ENV_FILE"
"""The environment variable that names another file than `.env` in the current folder."""
LIKELY, LIKELY_DATABASE = 0.86, 0.7
"""How much alike two names are, by difflib, before one is taken for a slip in the other."""


class SettingsError(Exception):
    """A setting is wrong. The text is one line: the setting's name and what it takes."""


def load_settings() -> Settings:
    """The settings of the environment and the `.env` file (or the file that ENV_FILE names).

    Raises `SettingsError`.
    """
    options: dict[str, Any] = {"_env_file": _env_file()}
    if ENV_FILE in os.environ and not os.path.exists(_env_file()):
        raise SettingsError(f"{ENV_FILE} takes the path of a file that exists")
    try:
        return Settings(**options)
    except ValidationError as error:
        raise SettingsError(_line(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{ENV_FILE}: {_env_file()} cannot be read ({type(error).__name__})") from None


def use_embedded(database: str, environment: dict[str, str] | os._Environ[str] = os.environ) -> None:
    """From now on this process and its children find the embedded engine, whatever database was named before."""
    kept = {name.upper(): value for name, value in dotenv_values(_env_file()).items() if value}
    for name, value in kept.items():
        environment.setdefault(name, value)
    for name in list(environment):
        if name.upper() in DATABASE_SETTINGS:
            del environment[name]
    environment["DB_NAME"] = database
    environment[ENV_FILE] = os.devnull


def misspelt_settings(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """A line for each name, in the environment or the `.env` file, that is no setting and is nearly one.

    Names of the environment belong to every program of the machine, so only near ones are told.
    """
    known = {name.upper() for name in Settings.model_fields} | {ENV_FILE}
    written = {name: _env_file() for name in dotenv_values(_env_file())}
    for name, place in (dict.fromkeys(environment, "the environment") | written).items():
        if name.upper() in known:
            continue
        of_database = name.upper().startswith(("DB_", "DATABASE"))
        near = nearest(name, known, LIKELY_DATABASE if of_database else LIKELY)
        if near:
            yield f"{name} in {place} is not a setting and has no effect; did you mean {near}?"


def _env_file() -> str:
    return os.environ.get(ENV_FILE) or ".env"


def _line(error: ValidationError) -> str:
    """The first complaint as one line. No value is shown: it might be a password in the wrong place."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if not first["loc"]:
        return first["msg"].removeprefix("Value error, ")
    name = str(first["loc"][0])
    return f"{name.upper()} takes {takes(Settings.model_fields[name])}"


def takes(setting: FieldInfo) -> str:
    """What a setting takes, in words; the documentation shows the same."""
    extra = setting.json_schema_extra
    assert isinstance(extra, Mapping)
    return str(extra["takes"])
