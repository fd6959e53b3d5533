"""Prometheus metrics: an observer that counts events, and gauges that are set at each scrape.

With several server processes each writes its figures into files of a shared folder, and whichever is
scraped answers for all of them (the client library's multiprocess mode, on while the folder is named).
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    values,
)
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from graphql_app.observability import events
from graphql_app.observability.events import Event
from graphql_app.observability.metric_rows import BEGIN_AT_ZERO, COUNTERS, GAUGES, HISTOGRAMS, SUMMED

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the folder of several processes' figures."""
PREFIX: Final = "graphql_app_"


@dataclass(slots=True)
class _Count:
    """What is not in a counter yet."""

    value: float = 0.0

    def move_to(self, counter: Any) -> None:
        """Adds it to the counter."""
        value, self.value = self.value, 0.0
        counter.inc(value)


class _Spread:
    """Values of a histogram that are not in it yet."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        """One more."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def move_to(self, histogram: Any) -> None:
        """Adds them to the histogram, whose interface takes values only one by one."""
        histogram._sum.inc(self._total)
        for bucket, count in zip(histogram._buckets, self._counts, strict=True):
            if count:
                bucket.inc(count)
        self._counts, self._total = [0] * len(self._counts), 0.0


class Metrics:
    """The metrics of one process: an observer of events, and the text that Prometheus scrapes.

    What is counted is moved to the client library's metrics before it is looked at: they take a lock for each
    figure, and cost a call by key a tenth of its time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._shared = os.environ.get(SHARED_FOLDER)
        self.roles: frozenset[str] = frozenset()
        """Those that are named in labels."""
        self._since: dict[tuple[str, ...], float] = {}
        self._made: dict[str, MetricWrapperBase] = {}
        # The library decides at its import whether values are shared; a forked worker has it from its parent.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        self._define()
        self._noted: dict[tuple[str, ...], _Count | _Spread] = {}
        for name, each in BEGIN_AT_ZERO.items():
            for labels in product(*each):
                self.counter(name, *labels)
        self._handlers = _handlers(self)
        if not self._shared:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)

    def _define(self) -> None:
        for name, (text, labels) in COUNTERS.items():
            self._made[name] = Counter(PREFIX + name, text, labels, registry=self.registry)
        for name, (text, labels, buckets) in HISTOGRAMS.items():
            self._made[name] = Histogram(PREFIX + name, text, labels, buckets=buckets, registry=self.registry)
        for name, (text, labels) in GAUGES.items():
            mode: Literal["livemax", "livesum"] = "livesum" if name in SUMMED else "livemax"
            self._made[name] = Gauge(PREFIX + name, text, labels, registry=self.registry, multiprocess_mode=mode)

    def _labelled(self, name: str, *labels: str) -> Any:
        return self._made[name].labels(*labels) if labels else self._made[name]

    def __call__(self, event: Event) -> None:
        """Takes note of an event."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def count(self, name: str, *labels: str, by: float = 1) -> None:
        """Counts; `labels` in the order of the metric's row."""
        self.counter(name, *labels).value += by

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Adds a value to a histogram."""
        self.spread(name, *labels).add(value)

    def counter(self, name: str, *labels: str) -> _Count:
        """What is counted, to be kept by who counts it in every request."""
        found = self._noted.setdefault((name, *labels), _Count())
        assert isinstance(found, _Count)
        return found

    def spread(self, name: str, *labels: str) -> _Spread:
        """As `counter`, of a histogram."""
        found = self._noted.get((name, *labels))
        if found is None:
            found = self._noted[name, *labels] = _Spread(HISTOGRAMS[name][2])
        assert isinstance(found, _Spread)
        return found

    def set(self, name: str, value: float, *labels: str) -> None:
        """Sets a gauge."""
        self._labelled(name, *labels).set(value)

    def built(self, event: events.SchemaBuilt) -> None:
        """A schema is served from now on."""
        self._since["schema_age_seconds",] = self._clock()
        self.count("schema_builds")
        self.roles = frozenset({"admin", *(event.roles or "").split(",")})
        self.set("schema_tables", event.tables)
        self.set("schema_tables_skipped", event.skipped)

    def fetched(self, event: events.JwksFetched) -> None:
        """The keys of an issuer are new."""
        self._since["jwks_age_seconds", event.host] = self._clock()
        self.count("jwks_fetches", "true")

    def note(self) -> None:
        """Moves what was counted to where it is looked at; with several processes, where all look."""
        for key, noted in self._noted.items():
            noted.move_to(self._labelled(*key))

    def text(self) -> bytes:
        """Everything in Prometheus' text format: of all processes where there are several."""
        self.note()
        for (name, *labels), moment in self._since.items():
            self.set(name, self._clock() - moment, *labels)
        if not self._shared:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=self._shared)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    @property
    def shared(self) -> bool:
        """Whether other processes show this one's figures."""
        return bool(self._shared)

    def close(self) -> None:
        """The process ends: its states count no more."""
        self.note()
        if self._shared:
            mark_process_dead(os.getpid(), self._shared)  # type: ignore[no-untyped-call]


_Handlers = dict[type[Event], Callable[[Any], None]]


def _handlers(to: Metrics) -> _Handlers:
    """What each event adds. Events that are not here say nothing that another does not."""
    return _of_requests(to) | _of_attempts(to) | _of_database(to)


def _of_requests(to: Metrics) -> _Handlers:
    # What every request adds to is found by one look.
    alike: dict[tuple[str, str, int], tuple[_Count, _Spread, _Spread]] = {}
    stages: dict[str, _Spread] = {}

    def done(event: events.RequestDone) -> None:
        kind = event.api, event.operation, event.status
        found = alike.get(kind)
        if found is None:
            api, operation, status = kind
            requests = to.counter("requests", api, operation, str(status))
            found = requests, to.spread("request_seconds", api), to.spread("request_attempts", api)
            alike[kind] = found
        requests, seconds, attempts = found
        requests.value += 1
        seconds.add(event.seconds)
        attempts.add(event.retries + 1)
        if event.code is not None:
            to.count("failures", event.api, event.code)
        if event.role is not None:
            to.count("requests_by_role", event.role if event.role in to.roles else "other", str(event.status))

    def timed(event: events.StageTimed) -> None:
        found = stages.get(event.stage)
        if found is None:
            found = stages[event.stage] = to.spread("stage_seconds", event.stage)
        found.add(event.seconds)

    return {
        events.StageTimed: timed,
        events.RequestDone: done,
        events.RequestRefused: lambda _: to.count("refused"),
        events.JwksFetched: to.fetched,
        events.JwksFailed: lambda _: to.count("jwks_fetches", "false"),
        events.AuthenticationFailed: lambda event: to.count("authentication_failures", event.code),
        events.ClientDisconnected: lambda event: to.count("clients_disconnected", event.api),
        events.AnswerReplayed: lambda _: to.count("ledger_replays"),
        events.SubscriptionOpened: lambda event: to.count("subscriptions_opened", event.transport),
        events.SubscriptionClosed: lambda event: to.count("subscriptions_closed", event.transport),
        events.SocketOpened: lambda event: to.count("sockets_opened", event.protocol),
        events.SocketClosed: lambda event: to.count("sockets_closed", _code(event.code)),
        events.LiveQueryPolled: lambda event: to.observe("live_poll_seconds", event.seconds, _flag(event.changed)),
        events.UnexpectedError: lambda event: to.count("unexpected_errors", event.where),
    }


def _of_attempts(to: Metrics) -> _Handlers:
    def failed(event: events.AttemptFailed) -> None:
        to.count("attempts_failed", event.kind, event.failure)
        if event.continues:
            to.count("attempts_continued", event.kind)

    return {
        events.AttemptFailed: failed,
        events.Retrying: lambda event: to.count("retries", event.kind),
        events.RetriesExhausted: lambda event: to.count("retries_exhausted", event.kind, event.reason),
        events.RetryBudgetExhausted: lambda event: to.count("retry_budget_exhausted", event.kind),
        events.StatementKilled: lambda event: to.count("statements_killed", _flag(event.confirmed)),
        events.WaitedForDatabase: lambda event: to.observe(
            "waited_for_database_seconds", event.seconds, event.bulkhead, _flag(event.released)
        ),
        events.Probed: lambda event: to.count("probes", _flag(event.code == 0)),
        events.PoolQueueFull: lambda event: to.count("pool_queue_full", event.bulkhead),
        events.OutcomeSettled: lambda event: to.count("ledger_settled", _flag(event.applied)),
    }


def _of_database(to: Metrics) -> _Handlers:
    def opened(event: events.ConnectionOpened) -> None:
        to.count("connections_opened")
        to.observe("connect_seconds", event.seconds)

    def away(event: events.DatabaseDown) -> None:
        if not event.seconds:
            to.count("database_lost")
        to.set("database_down", 1)

    def back(event: events.DatabaseRecovered) -> None:
        to.set("database_down", 0)
        to.observe("outage_seconds", event.seconds)

    def host_changed(event: events.HostChanged) -> None:
        if event.before:
            to.set("database_hosts", 0, event.host, event.before)
        to.set("database_hosts", 1, event.host, event.role)

    def without_ledger(_event: events.LedgerUnavailable) -> None:
        to.count("ledger_unavailable")
        to.set("ledger_in_use", 0)

    return {
        events.ConnectionOpened: opened,
        events.ConnectionDiscarded: lambda event: to.count("connections_discarded", event.reason),
        events.DatabaseDown: away,
        events.DatabaseRecovered: back,
        events.HostChanged: host_changed,
        events.WriterMoved: lambda event: to.count("writer_moves", by=1 if event.before else 0),
        events.LedgerOpened: lambda _: to.set("ledger_in_use", 1),
        events.LedgerUnavailable: without_ledger,
        events.LedgerAged: lambda event: to.count("ledger_rows_aged", by=event.rows),
        events.SchemaBuilt: to.built,
        events.SchemaChanged: lambda event: to.count("schema_changes", _flag(event.breaking > 0)),
        events.SchemaFailed: lambda _: to.count("schema_failures"),
        events.RulesBroken: lambda event: to.set("rules_broken", event.rules),
    }


def _code(code: int) -> str:
    """A WebSocket's code. Clients choose theirs: what is no known one is counted together."""
    return str(code) if 1000 <= code <= 1015 or 4400 <= code <= 4499 else "other"


def _flag(value: bool) -> str:
    return "true" if value else "false"
