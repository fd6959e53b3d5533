"""Where the database is and how to log in: what the settings tell the driver."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where the database is and who we are. With `socket`, host and port do not count."""

    name: str
    host: str = "127.0.0.1"
    port: int = 3306
    socket: str | None = None
    user: str = "root"
    password: str = field(default="", repr=False)
    ssl: Literal["off", "required", "verify"] = "off"
    ssl_ca: Path | None = None
