"""Where the database is and how to log in: what the settings tell the driver."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal


def is_loopback(host: str) -> bool:
    """Whether an address or name is one of this machine alone."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


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
    key_retrieval: bool = False
    """Whether the server's own word is taken for its public key, to encrypt the password without TLS."""

    @property
    def unverified(self) -> bool:
        """Whether the connection is encrypted for a server that may be anybody."""
        return self.ssl == "required" and self.ssl_ca is None and self.socket is None
