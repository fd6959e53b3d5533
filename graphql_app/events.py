"""The closed list of what can be observed. Log and metrics are its readers; call sites only name what happened.

No event carries a value from a request or a row: names, codes, counts and times only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageTimed:
    """A stage of a call ended. `stage` is a stage word; `seconds` its wall time."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """One attempt failed. `failure` is its class (A, B, B', C, D), `code` the number of the server or the client."""

    kind: str
    attempt: int
    failure: str
    code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Retrying:
    """The unit of work is tried again after `delay` seconds."""

    kind: str
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class GaveUp:
    """No further attempt: `failed` attempts were made, `reason` is an error code."""

    kind: str
    failed: int
    reason: str


@dataclass(frozen=True, slots=True)
class StatementKilled:
    """A statement that outlived its attempt was stopped (`confirmed`: the server said so)."""

    connection_id: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ConnectionOpened:
    """A connection was dialled. `seconds` covers TCP, TLS, handshake and session setup."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ConnectionDiscarded:
    """A connection left the pool for good, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class DatabaseAway:
    """The database stopped answering; `code` is the last failure's number."""

    code: int


@dataclass(frozen=True, slots=True)
class DatabaseBack:
    """The database answers again after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SchemaBuilt:
    """A catalog and its schema are being served."""

    tables: int
    skipped: int
    seconds: float
    fingerprint: str


@dataclass(frozen=True, slots=True)
class SchemaFailed:
    """A catalog or schema could not be built; the last good one, if any, stays."""

    reason: str


@dataclass(frozen=True, slots=True)
class RequestDone:
    """A request was answered. `face` is `graphql` or `rest`; `status` the HTTP status."""

    face: str
    name: str
    status: int
    seconds: float
    retries: int
    code: str | None


@dataclass(frozen=True, slots=True)
class UnexpectedError:
    """A defect of ours: where it surfaced and its class. The traceback goes to the log alone."""

    where: str
    error: BaseException


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The process or the embedded engine changed its state."""

    what: str


Event = (
    StageTimed
    | AttemptFailed
    | Retrying
    | GaveUp
    | StatementKilled
    | ConnectionOpened
    | ConnectionDiscarded
    | DatabaseAway
    | DatabaseBack
    | SchemaBuilt
    | SchemaFailed
    | RequestDone
    | UnexpectedError
    | Lifecycle
)

Observer = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """An observer that looks away; the default in tests of single stages."""
