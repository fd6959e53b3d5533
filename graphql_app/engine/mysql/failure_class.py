"""What is known of a unit of work after a failure."""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    """What is known about the unit of work after a failure."""

    NOT_SENT = "A"
    """Not started: no byte of a statement reached the server."""
    ROLLED_BACK = "B"
    """Surely rolled back."""
    READ_ONLY_NODE = "B'"
    """Refused by a node that may not write; nothing done."""
    UNKNOWN = "C"
    """Unknown: it may be committed."""
    PERMANENT = "D"
    """Permanent: repeating cannot help."""
