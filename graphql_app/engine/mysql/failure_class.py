"""What is known of a unit of work after a failure."""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    """What is known about the unit of work after a failure."""

    NOT_SENT = "not_sent"
    """Not started: no byte of a statement reached the server."""
    ROLLED_BACK = "rolled_back"
    """Surely rolled back."""
    READ_ONLY_NODE = "read_only_node"
    """Refused by a node that may not write; nothing done."""
    UNKNOWN = "unknown"
    """Unknown: it may be committed."""
    PERMANENT = "permanent"
    """Permanent: repeating cannot help."""
