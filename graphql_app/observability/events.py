"""Everything that the program reports: one dataclass an event, and observers. The log and the metrics are observers.

No event carries a value from a request or a row: names, codes, counts and times only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphql_app.observability.audit import Audited as Audited
from graphql_app.observability.auth_events import (
    AuthenticationFailed as AuthenticationFailed,
    JwksFailed as JwksFailed,
    JwksFetched as JwksFetched,
)
from graphql_app.observability.fingerprints import fingerprint
from graphql_app.observability.host_events import HostChanged as HostChanged, WriterMoved as WriterMoved
from graphql_app.observability.log_writer import LogLinesLost as LogLinesLost
from graphql_app.runtime.hot_record import hot_record


@hot_record
class StageTimed:
    """A stage of a call ended. `stage` is a stage word; `seconds` its wall time."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """One attempt failed. `failure` is a `FailureClass`, `code` the number of the server or the client.

    `continues`: it is out of time, and its statement goes on beside the later ones.
    """

    kind: str
    attempt: int
    failure: str
    code: int
    seconds: float
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Retrying:
    """The unit of work is tried again after `delay` seconds."""

    kind: str
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class RetriesExhausted:
    """No further attempt: `failed` attempts were made, `reason` is an error code."""

    kind: str
    failed: int
    reason: str


@dataclass(frozen=True, slots=True)
class RetryBudgetExhausted:
    """A further attempt was not made: too many are made already, and more would keep the database sick."""

    kind: str


@dataclass(frozen=True, slots=True)
class OutcomeSettled:
    """The ledger said whether a write counts whose COMMIT was not answered."""

    applied: bool


@dataclass(frozen=True, slots=True)
class AnswerReplayed:
    """A request came again with its Idempotency-Key, and got the answer of the first time."""


@dataclass(frozen=True, slots=True)
class LedgerOpened:
    """The ledger is used from now on. `made`: its table was not there yet."""

    made: bool


@dataclass(frozen=True, slots=True)
class LedgerUnavailable:
    """Writes go without the ledger for now; `code` is the server's number for why."""

    code: int


@dataclass(frozen=True, slots=True)
class LedgerAged:
    """Rows of the ledger that nobody can ask for any more were deleted."""

    rows: int


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
class DatabaseDown:
    """The database does not answer; `code` is the last failure's number, `reason` says it in words.

    Told when it begins, once a minute while it lasts (`seconds` since the beginning), and when the reason changes.
    """

    code: int
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class DatabaseRecovered:
    """The database answers again after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitedForDatabase:
    """A caller that needed a connection found the database away; it waited so long for it to return."""

    bulkhead: str
    seconds: float
    released: bool


@dataclass(frozen=True, slots=True)
class Probed:
    """The database that is away was dialled, the only one to do so; `code` is the failure's number, 0 for none."""

    code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PoolQueueFull:
    """A caller was refused at once: too many wait for a connection already."""

    bulkhead: str


@dataclass(frozen=True, slots=True)
class ClientDisconnected:
    """A client closed its connection before its answer was there; its work was cancelled."""

    api: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SchemaBuilt:
    """A catalog and its schema are being served; `roles` with permissions, parted by commas, where there are any."""

    tables: int
    skipped: int
    seconds: float
    fingerprint: str
    roles: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaChanged:
    """Another structure than before is being served: how many changes, how many break clients, the first of them."""

    generation: int
    changes: int
    breaking: int
    what: str


@dataclass(frozen=True, slots=True)
class SchemaFailed:
    """A catalog or schema could not be built; the last good one, if any, stays."""

    reason: str


@dataclass(frozen=True, slots=True)
class RulesBroken:
    """How many rules of roles name what is not there any more, and the first of them: they deny; 0 once all hold."""

    rules: int
    what: str


@hot_record
class RequestDone:
    """A request was answered. `api` is `graphql` or `rest`; `status` the HTTP status.

    `kind` is that of a GraphQL operation, where it came to one; `role` the caller's, where there are roles.
    """

    api: str
    name: str
    status: int
    seconds: float
    retries: int
    code: str | None
    kind: str | None = None
    role: str | None = None

    @property
    def operation(self) -> str:
        """What was asked, in few words: the REST address, or the kind of the GraphQL operation."""
        return (self.kind or "unknown") if self.api == "graphql" else self.name


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """A request was refused at once: too many are in flight already."""


@dataclass(frozen=True, slots=True)
class SubscriptionOpened:
    """A subscription began; `transport` is `websocket`, `sse` or `multipart`."""

    transport: str
    name: str


@dataclass(frozen=True, slots=True)
class SubscriptionClosed:
    """A subscription ended after `seconds` and `sent` answers."""

    transport: str
    name: str
    seconds: float
    sent: int


@dataclass(frozen=True, slots=True)
class LiveQueryPolled:
    """The query of `watchers` subscriptions was asked again; `changed`: they are sent the answer."""

    seconds: float
    changed: bool
    watchers: int


@dataclass(frozen=True, slots=True)
class SocketOpened:
    """A WebSocket was accepted; `protocol` is its subprotocol."""

    protocol: str


@dataclass(frozen=True, slots=True)
class SocketClosed:
    """A WebSocket ended after `seconds`; `code` is the code it was closed with, by either side."""

    code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class UnexpectedError:
    """A defect of ours: where it surfaced and its class. The traceback goes to the log alone."""

    where: str
    error: BaseException

    @property
    def fingerprint(self) -> str:
        """The same for each failure of one type in one place."""
        return fingerprint(self.error)


@dataclass(frozen=True, slots=True)
class SettingsWarning:
    """A setting, or a name that is nearly one, does not do what was probably meant."""

    what: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The process or the embedded engine changed its state."""

    what: str


@dataclass(frozen=True, slots=True)
class LoopStuck:
    """The event loop has not turned for `seconds`; `stack` is where it stands."""

    seconds: float
    stack: str


@dataclass(frozen=True, slots=True)
class WorkerReplaced:
    """A server process died or was stuck, and another takes its place; `stack` is where its loop stood."""

    worker: int
    why: str
    stack: str | None


Event = (
    StageTimed
    | AttemptFailed
    | Retrying
    | RetriesExhausted
    | RetryBudgetExhausted
    | OutcomeSettled
    | AnswerReplayed
    | LedgerOpened
    | LedgerUnavailable
    | LedgerAged
    | StatementKilled
    | ConnectionOpened
    | ConnectionDiscarded
    | DatabaseDown
    | DatabaseRecovered
    | HostChanged
    | WriterMoved
    | WaitedForDatabase
    | Probed
    | PoolQueueFull
    | ClientDisconnected
    | SchemaBuilt
    | SchemaChanged
    | SchemaFailed
    | RulesBroken
    | RequestDone
    | RequestRefused
    | Audited
    | AuthenticationFailed
    | JwksFetched
    | JwksFailed
    | SubscriptionOpened
    | SubscriptionClosed
    | LiveQueryPolled
    | SocketOpened
    | SocketClosed
    | UnexpectedError
    | SettingsWarning
    | Lifecycle
    | LogLinesLost
    | LoopStuck
    | WorkerReplaced
)

Observer = Callable[[Event], None]


def fan_out(*observers: Observer) -> Observer:
    """An observer that tells several, in order."""

    def observe(event: Event) -> None:
        for observer in observers:
            observer(event)

    return observe


def ignore(_event: Event) -> None:
    """An observer that looks away; the default in tests of single stages."""
