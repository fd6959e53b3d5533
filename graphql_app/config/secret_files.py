"""Secrets that stand in files, such as those that an orchestrator mounts: `DB_PASSWORD_FILE` for `DB_PASSWORD`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphql_app.config.setting_types import read_secret

SECRET_FILES = ("database_url_file", "db_password_file", "admin_secret_file", "admin_secrets_file")
"""Settings that name a file with another one's value."""


def read_secret_files(values: Mapping[str, Any]) -> dict[str, str]:
    """The values of the settings whose file is named. Raises `ValueError` where one is set both ways."""
    found = {}
    for file_setting in SECRET_FILES:
        path, secret = values.get(file_setting), file_setting.removesuffix("_file")
        # A path that is no file is told by the check of its own setting.
        if not path or not Path(path).is_file():
            continue
        if values.get(secret):
            raise ValueError(f"{file_setting.upper()} and {secret.upper()} are both set; set one of them")
        found[secret] = read_secret(file_setting.upper(), Path(path))
    return found
