"""The log: one line of at most 2 KB for each event, as text or JSON, and the same form for what libraries log.

No line quotes a request or a row. Of what libraries log the template is written, not what they fill in, and of an
error its type and place. The same unexpected failure is written at most once a second.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Final

import orjson

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
    JwksFailed,
    JwksFetched,
    LedgerAged,
    LedgerOpened,
    LedgerUnavailable,
    Lifecycle,
    LiveQueryPolled,
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
)
from graphql_app.observability.fingerprints import Seldom, fingerprint
from graphql_app.observability.request_context import CURRENT, RequestContext

LINE_LIMIT: Final = 2048
"""The most bytes of a line, its end included."""
REFUSED_LOGIN: Final = frozenset({1044, 1045, 1049, 1130, 1698})
"""The server's numbers for why it does not let the program in."""
FIELD_LIMIT: Final = 1400
"""The most characters of one field."""

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
    LoopStuck: logging.ERROR,
    WorkerReplaced: logging.ERROR,
}
"""How serious each event is."""

Fields = dict[str, object]

TABLE_PART: Final = "{table}"
"""The part of a REST address that names a table."""
TABLE_LIMIT: Final = 64
"""The most characters of a table's name."""
_ADDRESSES: Final = '%s - "'
"""How uvicorn's lines begin that quote the address of a request: `SocketOpened` says more."""
_request_fields: set[str] = set()
_seldom = Seldom()
_logger = logging.getLogger("graphql_app")
_audit = logging.getLogger("graphql_app.audit")
_NAMES = {event: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", event.__name__).lower() for event in LEVELS}
_PLAIN = re.compile(r"[\w.,:;/+*%@()\[\]<>-]+", re.ASCII)


def configure_logging(level: str, form: str, request_fields: Collection[str] = ()) -> None:
    """Writes the log to stderr from `level` on (`debug`, `info`, `warning`, `error`), as `text` or `json`.

    `request_fields` are further fields of the line of a request: `client`, its address, and `table`.

    uvicorn's messages take the same form; its access lines are left out, because `RequestDone` says more.
    """
    _seldom.clear()
    _request_fields.clear()
    _request_fields.update(request_fields)
    handler = _Handler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers = [*(each for each in root.handlers if not isinstance(each, _Handler)), handler]
    for name in ("graphql_app", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(level.upper())
    # What AUDIT asks for is written whatever LOG_LEVEL says.
    _audit.setLevel(logging.INFO)
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False


def log_events(event: Event) -> None:
    """An observer that writes a line for each event that is serious enough."""
    level = logging.DEBUG if _expected(event) else LEVELS[type(event)]
    logger = _audit if isinstance(event, Audited) else _logger
    if not logger.isEnabledFor(level):
        return
    found = _unexpected(event) if isinstance(event, UnexpectedError) else _fields_of(event)
    if found is not None:
        logger.log(level, _NAMES[type(event)], extra={"event_fields": found})


def _unexpected(event: UnexpectedError) -> Fields | None:
    """What is told of a defect; None where it was told within the last second."""
    key = event.fingerprint
    times = _seldom.due(key)
    if not times:
        return None
    context = CURRENT.get()
    found: Fields = {} if context is None else {"request": context.id}
    return found | {"where": event.where, "fingerprint": key, "times": times, "error": _failure(event.error)}


def _expected(event: Event) -> bool:
    """Whether the event only repeats, for the program's own work, that the database is away: that is told by itself."""
    match event:
        case AttemptFailed(kind="control", failure=failure, code=code):
            return failure == "not_sent" or code in REFUSED_LOGIN
        case Retrying(kind="control"):
            return True
        case RetriesExhausted(kind="control", reason=reason):
            return reason == "SERVICE_UNAVAILABLE"
    return False


def _fields_of(event: Event) -> Fields:
    context = CURRENT.get()
    found: Fields = {} if context is None else {"request": context.id}
    for each in fields(event):
        value = getattr(event, each.name)
        if each.name in ("seconds", "delay"):
            found["ms" if each.name == "seconds" else "delay_ms"] = round(value * 1000, 2)
        elif value is not None:
            found[each.name] = value
    if context is not None and _request_fields and isinstance(event, RequestDone):
        found |= _of_request(context, event.name)
    return found


def _of_request(context: RequestContext, name: str) -> Fields:
    """What the settings want to be told of a request beyond its event."""
    found: Fields = {}
    if "client" in _request_fields and context.client is not None:
        found["client"] = context.client[0]
    if "table" in _request_fields and TABLE_PART in name:
        place = name.partition(" ")[2].split("/").index(TABLE_PART)
        found["table"] = context.path.split("/")[place][:TABLE_LIMIT]
    return found


def _failure(error: BaseException) -> str:
    """A traceback on one line, without the error's own text: it may quote a request or a row."""
    frames = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}: {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    code = getattr(error, "code", None)
    text = " | ".join([*frames, type(error).__qualname__ + (f" {code}" if isinstance(code, int) else "")])
    # What failed stands at the end.
    return "Traceback (most recent call last): " + text[-(FIELD_LIMIT - 40) :]


# --- the form of a line -----------------------------------------------------


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Ours, to be told apart from handlers of others. Failures that libraries log are told as seldom as our own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if hasattr(record, "event_fields"):
            return True
        if isinstance(record.msg, str) and record.msg.startswith(_ADDRESSES):
            return False
        error = record.exc_info[1] if record.exc_info else None
        if error is not None or record.levelno >= logging.ERROR:
            key = f"{record.name} {record.pathname} {record.lineno}" if error is None else fingerprint(error)
            vars(record)["times"] = _seldom.due(key)
            return bool(vars(record)["times"])
        return True


def _parts(record: logging.LogRecord) -> Fields:
    """Everything a line says, in order."""
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    found: Fields = {"time": f"{moment}Z", "level": record.levelname.lower()}
    event = getattr(record, "event_fields", None)
    if isinstance(event, dict):
        return found | {"event": record.msg} | event
    found |= {"event": "log", "logger": record.name, "message": _message(record)}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        found |= {"fingerprint": fingerprint(error), "times": getattr(record, "times", 1), "error": _failure(error)}
    return found


def _message(record: logging.LogRecord) -> str:
    """What a library says; of others than uvicorn only the first line of their template."""
    if record.name.partition(".")[0] in ("uvicorn", "graphql_app"):
        return record.getMessage()
    return record.msg.partition("\n")[0] if isinstance(record.msg, str) else type(record.msg).__qualname__


def _clipped(value: object) -> object:
    if isinstance(value, str):
        # Also what is no proper text must not break the log.
        clean = value.encode(errors="replace").decode()
        return clean if len(clean) <= FIELD_LIMIT else clean[:FIELD_LIMIT] + "…"
    return value if isinstance(value, int | float | bool | None) else str(value)[:FIELD_LIMIT]


class _JsonFormatter(logging.Formatter):
    """A line as a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end. Fields at the end give way where it would be too long."""
        parts = {name: _clipped(value) for name, value in _parts(record).items()}
        line = orjson.dumps(parts)
        while len(line) >= LINE_LIMIT:
            name = max(parts, key=lambda each: len(str(parts[each])))
            parts[name] = str(parts[name])[: len(str(parts[name])) // 2]
            line = orjson.dumps(parts)
        return line.decode()


class _TextFormatter(logging.Formatter):
    """A line for the eye: time, level, event, then `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        parts = {name: _clipped(value) for name, value in _parts(record).items()}
        time, level, event = parts.pop("time"), str(parts.pop("level")), parts.pop("event")
        if event == "log":
            event = f"{parts.pop('logger')}: {_one_line(str(parts.pop('message')))}"
        line = f"{time} {level.upper():<7} {event}" + "".join(f" {name}={_word(part)}" for name, part in parts.items())
        return line.encode()[: LINE_LIMIT - 1].decode(errors="ignore")


def _word(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else f'"{_one_line(text)}"'


def _one_line(text: str) -> str:
    """The text with everything that is no plain character, and the quote, written as in JSON."""
    return text.replace('"', '\\"') if text.isprintable() and "\\" not in text else json.dumps(text)[1:-1]
