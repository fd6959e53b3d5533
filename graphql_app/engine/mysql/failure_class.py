"""What is known of a unit of work after a failure."""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    """What is known about the unit of work after a failure."""

    A = "A"
    """Not started: no byte of a statement reached the server."""
    B = "B"
    """Surely rolled back."""
    B_PRIME = "B'"
    """Refused by a node that may not write; nothing done."""
    C = "C"
    """Unknown: it may be committed."""
    D = "D"
    """Permanent: repeating cannot help."""
