"""What the log knows of each event in advance: how serious it is, its name and fields, and what makes two alike."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from graphql_app.observability.events import (
    AnswerReplayed,
    AttemptFailed,
    Audited,
    AuthenticationFailed,
    ClientDisconnected,
    ConnectionDiscarded,
    ConnectionOpened,
    DatabaseDown,
    DatabaseRecovered,
    Event,
    HostChanged,
    JwksFailed,
    JwksFetched,
    LedgerAged,
    LedgerOpened,
    LedgerUnavailable,
    Lifecycle,
    LiveQueryPolled,
    LogLinesLost,
    LoopStuck,
    OutcomeSettled,
    PoolQueueFull,
    Probed,
    RequestDone,
    RequestRefused,
    RetriesExhausted,
    RetryBudgetExhausted,
    Retrying,
    RulesBroken,
    SchemaBuilt,
    SchemaChanged,
    SchemaFailed,
    SettingsWarning,
    SocketClosed,
    SocketOpened,
    StageTimed,
    StatementKilled,
    SubscriptionClosed,
    SubscriptionOpened,
    UnexpectedError,
    WaitedForDatabase,
    WorkerReplaced,
    WriterMoved,
)

REFUSED_LOGIN: Final = frozenset({1044, 1045, 1049, 1130, 1698})
"""The server's numbers for why it does not let the program in."""

LEVELS: Final[Mapping[type[Event], int]] = {
    StageTimed: logging.DEBUG,
    AttemptFailed: logging.WARNING,
    Retrying: logging.INFO,
    RetriesExhausted: logging.WARNING,
    RetryBudgetExhausted: logging.WARNING,
    OutcomeSettled: logging.WARNING,
    AnswerReplayed: logging.INFO,
    LedgerOpened: logging.INFO,
    LedgerUnavailable: logging.WARNING,
    LedgerAged: logging.DEBUG,
    StatementKilled: logging.WARNING,
    ConnectionOpened: logging.DEBUG,
    ConnectionDiscarded: logging.INFO,
    DatabaseDown: logging.ERROR,
    DatabaseRecovered: logging.WARNING,
    HostChanged: logging.WARNING,
    WriterMoved: logging.WARNING,
    WaitedForDatabase: logging.DEBUG,
    Probed: logging.DEBUG,
    PoolQueueFull: logging.WARNING,
    ClientDisconnected: logging.INFO,
    SchemaBuilt: logging.INFO,
    SchemaChanged: logging.WARNING,
    SchemaFailed: logging.ERROR,
    RulesBroken: logging.ERROR,
    RequestDone: logging.INFO,
    Audited: logging.INFO,
    RequestRefused: logging.DEBUG,
    AuthenticationFailed: logging.INFO,
    JwksFetched: logging.INFO,
    JwksFailed: logging.WARNING,
    SubscriptionOpened: logging.INFO,
    SubscriptionClosed: logging.INFO,
    LiveQueryPolled: logging.DEBUG,
    SocketOpened: logging.INFO,
    SocketClosed: logging.INFO,
    UnexpectedError: logging.ERROR,
    SettingsWarning: logging.WARNING,
    Lifecycle: logging.INFO,
    LogLinesLost: logging.ERROR,
    LoopStuck: logging.ERROR,
    WorkerReplaced: logging.ERROR,
}
"""How serious each event is."""

ALIKE: Final[Mapping[type[Event], tuple[str, ...]]] = {
    AttemptFailed: ("kind", "attempt", "failure", "code"),
    Retrying: ("kind", "attempt"),
    RetriesExhausted: ("kind", "reason"),
    RetryBudgetExhausted: ("kind",),
    StatementKilled: ("confirmed",),
    ConnectionDiscarded: ("reason",),
    PoolQueueFull: ("bulkhead",),
    ClientDisconnected: ("api",),
}
"""Events that come in storms, by the thousand a second, and the fields in which two that are alike agree."""

_MILLISECONDS: Final = {"seconds": "ms", "delay": "delay_ms"}
"""Fields of seconds, and what they are called in a line, which has milliseconds."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """What all events of one class have in common.

    `fields` are (attribute, its name in a line, whether it is seconds).
    """

    name: str
    level: int
    level_name: str
    logger: logging.Logger
    fields: tuple[tuple[str, str, bool], ...]
    alike: tuple[str, ...] | None

    def found(self, event: Any, start: dict[str, object]) -> dict[str, object]:
        """`start` and what the event says; what is not there is left out."""
        for attribute, name, seconds in self.fields:
            value = getattr(event, attribute)
            if value is not None:
                start[name] = round(value * 1000, 2) if seconds else value
        return start

    def key(self, event: Any) -> tuple[object, ...]:
        """What is the same for all events that are alike."""
        return (self.name, *(getattr(event, name) for name in self.alike or ()))


def _kind(event: type[Event], level: int) -> EventKind:
    return EventKind(
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", event.__name__).lower(),
        level,
        logging.getLevelName(level).lower(),
        logging.getLogger("graphql_app.audit" if event is Audited else "graphql_app"),
        tuple(
            (each.name, _MILLISECONDS.get(each.name, each.name), each.name in _MILLISECONDS) for each in fields(event)
        ),
        ALIKE.get(event),
    )


KINDS: Final = {event: _kind(event, level) for event, level in LEVELS.items()}
OWN: Final = frozenset({AttemptFailed, Retrying, RetriesExhausted})
"""Events that may be of the program's own work."""


def is_expected(event: Event) -> bool:
    """Whether the event only repeats, for the program's own work, that the database is away: that is told by itself."""
    match event:
        case AttemptFailed(kind="control", failure=failure, code=code):
            return failure == "not_sent" or code in REFUSED_LOGIN
        case Retrying(kind="control"):
            return True
        case RetriesExhausted(kind="control", reason=reason):
            return reason == "SERVICE_UNAVAILABLE"
    return False
