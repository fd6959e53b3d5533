"""Notes in the audit log what callers read and write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from graphql_app.auth.identity import Identity
from graphql_app.errors import AppError
from graphql_app.observability.audit import Audited
from graphql_app.observability.events import Observer

AuditMode = Literal["off", "writes", "all"]


@dataclass(frozen=True, slots=True)
class Auditor:
    """Notes what `mode` asks for."""

    mode: AuditMode
    observer: Observer

    def notes(self, *, write: bool) -> bool:
        """Whether reads, or writes, are noted."""
        return self.mode == "all" or (write and self.mode == "writes")

    def note(
        self,
        identity: Identity,
        action: str,
        tables: Iterable[str],
        rows: int | None,
        error: AppError | None = None,
        *,
        replayed: bool = False,
    ) -> None:
        """Notes one call, import or export, done or failed."""
        self.observer(
            Audited(
                identity.role,
                identity.subject or None,
                identity.issuer or None,
                action,
                ",".join(sorted(tables)),
                rows if error is None else None,
                None if error is None else error.code,
                None if error is None else error.outcome,
                replayed or None,
            )
        )
