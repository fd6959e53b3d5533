"""The log: one line of at most 2 KB for each event, as text or JSON, and the same form for what libraries log.

No line quotes a request or a row. Of what libraries log the template is written, not what they fill in, and of an
error its type and place. The same unexpected failure is written at most once a second; of other events that come in
storms the first at once, the others of its second by their number.

An event becomes a line without a `LogRecord`, unless somebody else listens: a handler or filter on the loggers
`graphql_app`, `graphql_app.audit` or the root.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from graphql_app.observability.events import Event, LogLinesLost, RequestDone, UnexpectedError
from graphql_app.observability.fingerprints import Seldom, fingerprint
from graphql_app.observability.log_kinds import KINDS, OWN, EventKind, is_expected
from graphql_app.observability.log_lines import FIELD_LIMIT, FORMS, Fields, Form, text_line
from graphql_app.observability.log_writer import LogWriter
from graphql_app.observability.repeats import Repeats
from graphql_app.observability.request_context import CURRENT, RequestContext

TABLE_PART: Final = "{table}"
"""The part of a REST address that names a table."""
TABLE_LIMIT: Final = 64
"""The most characters of a table's name."""
_ADDRESSES: Final = '%s - "'
"""How uvicorn's lines begin that quote the address of a request: `SocketOpened` says more."""
_request_fields: set[str] = set()
_seldom = Seldom()
_root, _logger, _audit = logging.getLogger(), logging.getLogger("graphql_app"), logging.getLogger("graphql_app.audit")


def configure_logging(level: str, form: str, request_fields: Collection[str] = ()) -> None:
    """Writes the log to stderr from `level` on (`debug`, `info`, `warning`, `error`), as `text` or `json`.

    `request_fields` are further fields of the line of a request: `client`, its address, and `table`.

    uvicorn's messages take the same form; its access lines are left out, because `RequestDone` says more.
    """
    _seldom.clear()
    _request_fields.clear()
    _request_fields.update(request_fields)
    for each in _root.handlers:
        if isinstance(each, LogHandler):
            each.end()
    handler = LogHandler(FORMS[form])
    _root.handlers = [*(each for each in _root.handlers if not isinstance(each, LogHandler)), handler]
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


@contextmanager
def buffered_log() -> Iterator[None]:
    """While it lasts, a thread writes the log, and storms of events are counted. Nothing where the log is not ours."""
    handler = _handler()
    if handler is None or handler.writer.buffered:
        yield
        return
    handler.writer.start()
    try:
        yield
    finally:
        handler.end()


def flush_log() -> None:
    """Writes what is not written yet, for a second at most: before a process ends without ceremony."""
    handler = _handler()
    if handler is not None:
        handler.flush()


def log_events(event: Event) -> None:
    """An observer that writes a line for each event that is serious enough."""
    kind = KINDS[type(event)]
    level = kind.level
    if not kind.logger.isEnabledFor(level):
        return
    if type(event) in OWN and is_expected(event):
        level = logging.DEBUG
        if not kind.logger.isEnabledFor(level):
            return
    context = CURRENT.get()
    if kind.alike is not None and not _is_first(kind, event, context):
        return
    _log(kind, level, event, context)


def _is_first(kind: EventKind, event: Event, context: RequestContext | None) -> bool:
    """Whether the event is to be told now. Who asks for everything (`debug`) gets each."""
    handler = _handler()
    if handler is None or not handler.writer.buffered or _logger.isEnabledFor(logging.DEBUG):
        return True
    waited = handler.repeats.waiting
    first = handler.repeats.first(kind.key(event), (event, context))
    if not (first or waited):
        handler.writer.nudge()
    return first


def _log(kind: EventKind, level: int, event: Event, context: RequestContext | None, times: int = 1) -> None:
    found: Fields = {} if context is None else {"request": context.id}
    if isinstance(event, UnexpectedError):
        told = _unexpected(event)
        if told is None:
            return
        found |= told
    else:
        kind.found(event, found)
        if context is not None and _request_fields and isinstance(event, RequestDone):
            found |= _of_request(context, event.name)
    if times > 1:
        found["times"] = times
    handlers = _root.handlers
    if (
        len(handlers) == 1
        and type(handlers[0]) is LogHandler
        and not (handlers[0].filters or _logger.handlers or kind.logger.handlers or kind.logger.filters)
        and kind.logger.propagate
        and _logger.propagate
    ):
        handlers[0].write(level, kind, found)
    else:
        kind.logger.log(level, kind.name, extra={"event_fields": found})


def _handler() -> LogHandler | None:
    return next((each for each in _root.handlers if isinstance(each, LogHandler)), None)


def _unexpected(event: UnexpectedError) -> Fields | None:
    """What is told of a defect; None where it was told within the last second."""
    key = event.fingerprint
    times = _seldom.due(key)
    if not times:
        return None
    return {"where": event.where, "fingerprint": key, "times": times, "error": _failure(event.error)}


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


# --- the handler ------------------------------------------------------------


class LogHandler(logging.Handler):
    """Where every line goes. Failures that libraries log are told as seldom as our own."""

    def __init__(self, form: Form = text_line) -> None:
        super().__init__()
        self._form = form
        self.repeats: Repeats[tuple[Event, RequestContext | None]] = Repeats(_told_later)
        self.writer = LogWriter(sys.stderr, self._lost, self.repeats.tick)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if not super().filter(record):
            return False
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

    def emit(self, record: logging.LogRecord) -> None:
        """Writes what was logged by Python's own means."""
        try:
            event = getattr(record, "event_fields", None)
            name, found = (record.msg, event) if isinstance(event, dict) else ("log", _parts(record))
            line = self._form(record.created, record.levelname.lower(), name, found)
            self.writer.write(line, urgent=record.levelno >= logging.ERROR)
        except Exception:
            self.handleError(record)

    def write(self, level: int, kind: EventKind, found: Fields) -> None:
        """Writes an event."""
        level_name = kind.level_name if level == kind.level else logging.getLevelName(level).lower()
        self.writer.write(self._form(time.time(), level_name, kind.name, found), urgent=level >= logging.ERROR)

    def flush(self) -> None:
        """Writes what is not written yet."""
        self.writer.flush()

    def end(self) -> None:
        """Tells what was counted, and writes at once from now on."""
        self.repeats.tell_all()
        self.writer.stop()

    def _lost(self, lines: int) -> bytes:
        kind = KINDS[LogLinesLost]
        return self._form(time.time(), kind.level_name, kind.name, {"lines": lines})


def _told_later(event: tuple[Event, RequestContext | None], times: int) -> None:
    kind = KINDS[type(event[0])]
    _log(kind, kind.level, event[0], event[1], times)


def _forked() -> None:
    handler = _handler()
    if handler is not None:
        handler.writer.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _parts(record: logging.LogRecord) -> Fields:
    """What a line says of what a library logs."""
    found: Fields = {"logger": record.name, "message": _message(record)}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        found |= {"fingerprint": fingerprint(error), "times": getattr(record, "times", 1), "error": _failure(error)}
    return found


def _message(record: logging.LogRecord) -> str:
    """What a library says; of others than uvicorn only the first line of their template."""
    if record.name.partition(".")[0] in ("uvicorn", "graphql_app"):
        return record.getMessage()
    return record.msg.partition("\n")[0] if isinstance(record.msg, str) else type(record.msg).__qualname__
