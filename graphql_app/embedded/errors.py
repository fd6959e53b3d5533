"""What can go wrong with the embedded engine, as one line for the person who starts the program."""

from __future__ import annotations

INSTEAD = "set DATABASE_URL=mysql://user:password@host:3306/name to use a MySQL or MariaDB server instead"


class EmbeddedError(Exception):
    """The embedded engine cannot run here. The text is one line that says why and what helps."""
