"""Each event ends in the metric that is for it, and what Prometheus reads is what was counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from graphql_app.observability import events
from graphql_app.observability.events import Event
from graphql_app.observability.metric_rows import BEGIN_AT_ZERO, COUNTERS, GAUGES, HISTOGRAMS
from graphql_app.observability.metrics import PREFIX, Metrics

SEEN: list[tuple[Event, str, float]] = [
    (events.StageTimed("plan", 0.002), 'stage_seconds_count{stage="plan"}', 1),
    (events.StageTimed("plan", 0.002), 'stage_seconds_bucket{le="0.0025",stage="plan"}', 1),
    (
        events.RequestDone("rest", "GET /api/{table}", 200, 0.1, 0, None),
        'requests_total{api="rest",operation="GET /api/{table}",status="200"}',
        1,
    ),
    (
        events.RequestDone("graphql", "Mine", 200, 0.1, 3, None, "query"),
        'requests_total{api="graphql",operation="query",status="200"}',
        1,
    ),
    (
        events.RequestDone("rest", "x", 200, 0.1, 0, None, role="somebody"),
        'requests_by_role_total{role="other",status="200"}',
        1,
    ),
    (events.RequestDone("graphql", "", 200, 0.1, 3, None), 'request_attempts_bucket{api="graphql",le="3.0"}', 0),
    (events.RequestDone("graphql", "", 200, 0.1, 3, None), 'request_attempts_bucket{api="graphql",le="4.0"}', 1),
    (
        events.RequestDone("rest", "x", 409, 0.1, 0, "DUPLICATE_ENTRY"),
        'failures_total{api="rest",code="DUPLICATE_ENTRY"}',
        1,
    ),
    (events.RequestRefused(), "refused_total", 1),
    (events.JwksFetched("id.example", 2, 1), 'jwks_fetches_total{done="true"}', 1),
    (events.JwksFailed("id.example", "no answer"), 'jwks_fetches_total{done="false"}', 1),
    (events.AuthenticationFailed("INVALID_JWT"), 'authentication_failures_total{code="INVALID_JWT"}', 1),
    (events.ClientDisconnected("rest", 1.0), 'clients_disconnected_total{api="rest"}', 1),
    (
        events.AttemptFailed("read", 0, "not_sent", 2003, 0.2),
        'attempts_failed_total{failure="not_sent",kind="read"}',
        1,
    ),
    (events.Retrying("read", 1, 0.4), 'retries_total{kind="read"}', 1),
    (
        events.RetriesExhausted("write", 4, "GATEWAY_TIMEOUT"),
        'retries_exhausted_total{code="GATEWAY_TIMEOUT",kind="write"}',
        1,
    ),
    (events.RetryBudgetExhausted("read"), 'retry_budget_exhausted_total{kind="read"}', 1),
    (events.StatementKilled(7, True), 'statements_killed_total{confirmed="true"}', 1),
    (events.ConnectionOpened(0.003), "connections_opened_total", 1),
    (events.ConnectionOpened(0.003), "connect_seconds_sum", 0.003),
    (events.ConnectionDiscarded("stale"), 'connections_discarded_total{reason="stale"}', 1),
    (events.DatabaseDown(2003), "database_lost_total", 1),
    (events.DatabaseDown(2003), "database_down", 1),
    (events.DatabaseRecovered(3.0), "database_down", 0),
    (events.DatabaseRecovered(3.0), "outage_seconds_sum", 3),
    (events.HostChanged("db1", "writer", "", 0), 'database_hosts{host="db1",role="writer"}', 1),
    (events.HostChanged("db1", "away", "writer", 2003), 'database_hosts{host="db1",role="writer"}', 0),
    (events.HostChanged("db1", "away", "writer", 2003), 'database_hosts{host="db1",role="away"}', 1),
    (events.WriterMoved("db2", "db1"), "writer_moves_total", 1),
    (
        events.WaitedForDatabase("interactive", 2.0, True),
        'waited_for_database_seconds_count{bulkhead="interactive",released="true"}',
        1,
    ),
    (events.Probed(0, 0.1), 'probes_total{answered="true"}', 1),
    (events.PoolQueueFull("bulk"), 'pool_queue_full_total{bulkhead="bulk"}', 1),
    (events.OutcomeSettled(False), 'ledger_settled_total{applied="false"}', 1),
    (events.AnswerReplayed(), "ledger_replays_total", 1),
    (events.LedgerOpened(True), "ledger_in_use", 1),
    (events.LedgerUnavailable(1142), "ledger_unavailable_total", 1),
    (events.LedgerAged(5), "ledger_rows_aged_total", 5),
    (events.SchemaBuilt(9, 2, 0.1, "f"), "schema_tables", 9),
    (events.SchemaBuilt(9, 2, 0.1, "f"), "schema_tables_skipped", 2),
    (events.SchemaBuilt(9, 2, 0.1, "f"), "schema_builds_total", 1),
    (events.SchemaChanged(2, 3, 1, "x"), 'schema_changes_total{breaking="true"}', 1),
    (events.SubscriptionOpened("sse", "N"), 'subscriptions_opened_total{transport="sse"}', 1),
    (events.SubscriptionClosed("sse", "N", 1.0, 2), 'subscriptions_closed_total{transport="sse"}', 1),
    (events.SocketOpened("graphql-ws"), 'sockets_opened_total{protocol="graphql-ws"}', 1),
    (events.SocketClosed(4429, 1.0), 'sockets_closed_total{code="4429"}', 1),
    (events.SocketClosed(3999, 1.0), 'sockets_closed_total{code="other"}', 1),
    (events.LiveQueryPolled(0.01, True, 3), 'live_poll_seconds_count{changed="true"}', 1),
    (events.SchemaFailed("no"), "schema_failures_total", 1),
    (events.RulesBroken(2, "roles.user.tables.t.select: gone"), "rules_broken", 2),
    (events.UnexpectedError("rest", ValueError()), 'unexpected_errors_total{where="rest"}', 1),
]


def samples(metrics: Metrics) -> Iterator[tuple[str, float]]:
    """Every line that Prometheus reads, without the prefix."""
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            yield sample.name.removeprefix(PREFIX) + (f"{{{labels}}}" if labels else ""), sample.value


@pytest.mark.parametrize(("event", "line", "value"), SEEN)
def test_an_event_ends_in_its_metric(event: Event, line: str, value: float) -> None:
    metrics = Metrics()
    metrics(event)
    assert dict(samples(metrics))[line] == value


LOG_ALONE = {"Audited", "Lifecycle", "LogLinesLost", "LoopStuck", "SettingsWarning", "WorkerReplaced"}
"""Events that only the log tells."""


def test_every_event_is_counted_or_for_the_log_alone() -> None:
    """A new event has to be put on one side."""
    counted = {type(event).__name__ for event, _, _ in SEEN}
    assert {each.__name__ for each in events.Event.__args__} == counted | LOG_ALONE


def test_the_age_of_the_schema_is_that_of_the_last_one() -> None:
    moments = iter([10.0, 14.5])
    metrics = Metrics(clock=lambda: next(moments))
    metrics(events.SchemaBuilt(1, 0, 0.1, "f"))
    assert dict(samples(metrics))["schema_age_seconds"] == 4.5


def test_every_metric_of_the_tables_is_told() -> None:
    """Under its name and with its meaning; what has no labels is there from the start."""
    text = Metrics().text().decode()
    for name in (*COUNTERS, *HISTOGRAMS, *GAUGES):
        assert f"# HELP {PREFIX}{name}" in text


def test_labelled_counters_begin_at_zero() -> None:
    """Each has a series before its first event, so that the first one counts in `rate()` and `increase()`."""
    seen = [(line.partition("{")[0], value) for line, value in samples(Metrics()) if "{" in line]
    labelled = {name for name, (_, labels) in COUNTERS.items() if labels}
    assert labelled == set(BEGIN_AT_ZERO)
    for name in labelled:
        assert [value for key, value in seen if key == f"{name}_total"], name
        assert not any(value for key, value in seen if key == f"{name}_total"), name


def test_only_roles_with_permissions_are_named() -> None:
    """Callers choose the others: their number would not be bounded."""
    metrics = Metrics()
    metrics(events.SchemaBuilt(1, 0, 0.1, "f", "user"))
    for role in ("user", "admin", "made up", None):
        metrics(events.RequestDone("rest", "x", 200, 0.1, 0, None, role=role))
    found = [
        line for line in metrics.text().decode().splitlines() if line.startswith(PREFIX + "requests_by_role_total")
    ]
    assert sorted(found) == [
        f'{PREFIX}requests_by_role_total{{role="{role}",status="200"}} 1.0' for role in ("admin", "other", "user")
    ]
