"""Why a command cannot be done."""

from __future__ import annotations


class CannotRun(Exception):
    """The command failed; the text is one line for the person at the terminal."""
