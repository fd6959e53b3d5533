"""What the audit log says: who did what to which tables, how many rows, and never a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audited:
    """A caller read or wrote, or tried to.

    `role` is empty where there are no roles; `subject` and `issuer` are those of its token or key. `action` is `read`,
    `write`, `export` or `import`. `tables` are separated by commas. `rows` are those written, or read with what hangs
    on them; None where nobody counted. `code` says why it failed, `outcome` what is known of a write that did;
    `replayed`: the answer was given again, and nothing was done.
    """

    role: str
    subject: str | None
    issuer: str | None
    action: str
    tables: str
    rows: int | None
    code: str | None = None
    outcome: str | None = None
    replayed: bool | None = None
