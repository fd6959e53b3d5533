"""Whose idempotency keys are whose: the same bytes for the same caller, also with a renewed token."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256


def client_id(kind: str, *names: str, role: str, variables: Mapping[str, str]) -> bytes:
    """The owner of keys: how it showed who it is, by which names, as which role with which variables."""
    parts = [kind, str(len(names)), *names, role]
    for name in sorted(variables):
        parts += [name, variables[name]]
    digest = sha256()
    for part in parts:
        data = part.encode()
        digest.update(b"%d:" % len(data) + data)
    return digest.digest()
