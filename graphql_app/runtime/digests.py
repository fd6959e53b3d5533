"""The digest by which versions of rows and answers are told apart."""

from __future__ import annotations

import hashlib


def digest(data: bytes | memoryview) -> str:
    """32 hexadecimal digits of the SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()[:32]
