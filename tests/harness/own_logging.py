"""The loggers of a test that configures them, put back afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from graphql_app.observability.logs import LogHandler

LOGGERS = ("", "graphql_app", "graphql_app.audit", "uvicorn", "uvicorn.error", "uvicorn.access")


class _Deaf(list[logging.Handler]):
    """Handlers of the root before the log is configured: pytest adds its own to each part of a test."""

    def append(self, _handler: logging.Handler) -> None:
        """Takes none."""


@contextmanager
def own_logging(*, alone: bool) -> Iterator[None]:
    """While it lasts, loggers may be configured. `alone`: without pytest's handlers, which are others that listen."""
    root = logging.getLogger()
    before = [(each := logging.getLogger(name), each.handlers[:], each.propagate, each.level) for name in LOGGERS]
    if alone:
        root.handlers = _Deaf()
    yield
    for logger, handlers, propagate, level in before:
        logger.propagate = propagate
        logger.setLevel(level)
        if logger is not root:
            logger.handlers = handlers
    root.handlers = [each for each in root.handlers if not isinstance(each, LogHandler)]
