"""The metrics as rows: what each of them says, its labels, and values of these that are there from the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ATTEMPTS: Final = (1, 2, 3, 4)

COUNTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "requests": (
        "Requests answered, by api, operation (REST: the address; GraphQL: its kind) and HTTP status.",
        ("api", "operation", "status"),
    ),
    "requests_by_role": (
        "Requests answered, by the caller's role and HTTP status; other: a role without permissions.",
        ("role", "status"),
    ),
    "failures": ("Requests answered with a failure, by its code.", ("api", "code")),
    "refused": ("Requests refused at once because too many were in flight.", ()),
    "authentication_failures": ("Requests refused because they did not prove who is asking, by code.", ("code",)),
    "jwks_fetches": ("Fetches of the keys of issuers, by whether there were any to be had.", ("done",)),
    "clients_disconnected": ("Clients that left before their answer was there.", ("api",)),
    "attempts_failed": (
        "Attempts at a unit of work that failed, by kind and by what is known of it: not_sent, rolled_back,"
        " read_only_node, unknown (whether it was committed), permanent.",
        ("kind", "failure"),
    ),
    "attempts_continued": ("Attempts out of time whose statement went on beside the schedule.", ("kind",)),
    "retries": ("Attempts made again.", ("kind",)),
    "retries_exhausted": ("Units of work given up, by the code they ended with.", ("kind", "code")),
    "retry_budget_exhausted": ("Attempts not made again because too many are.", ("kind",)),
    "statements_killed": ("Statements stopped on the server after their time.", ("confirmed",)),
    "connections_opened": ("Connections to the database opened.", ()),
    "connections_discarded": ("Connections to the database closed, by reason.", ("reason",)),
    "database_lost": ("Times that the database stopped answering.", ()),
    "writer_moves": ("Times that another one of several database servers began to get the writes.", ()),
    "probes": ("Dials of a database that is away.", ("answered",)),
    "pool_queue_full": ("Callers refused because too many waited for a connection already.", ("bulkhead",)),
    "ledger_settled": ("Writes whose COMMIT was not answered, settled by the ledger.", ("applied",)),
    "ledger_replays": ("Requests answered again under their Idempotency-Key.", ()),
    "ledger_unavailable": ("Times that writes began to go without the ledger.", ()),
    "ledger_rows_aged": ("Rows of the ledger deleted because of their age.", ()),
    "subscriptions_opened": ("Subscriptions begun, by transport.", ("transport",)),
    "subscriptions_closed": ("Subscriptions ended, by transport.", ("transport",)),
    "sockets_opened": ("WebSockets accepted, by subprotocol.", ("protocol",)),
    "sockets_closed": ("WebSockets ended, by the code they were closed with.", ("code",)),
    "schema_builds": ("Schemas built and served.", ()),
    "schema_changes": ("Times that another structure was found, by whether it breaks clients.", ("breaking",)),
    "schema_failures": ("Schemas that could not be read or built.", ()),
    "unexpected_errors": ("Defects of the program, by where they surfaced.", ("where",)),
}
"""Counters (their names end in `_total`): what each counts, and its labels."""

_APIS: Final = ("graphql", "rest")
_KINDS: Final = ("read", "write", "control")
_FLAGS: Final = ("true", "false")
_TIMED_OUT_OR_AWAY: Final = ("GATEWAY_TIMEOUT", "SERVICE_UNAVAILABLE")
BEGIN_AT_ZERO: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "requests": (("graphql",), ("query", "mutation"), ("200",)),
    "requests_by_role": (("admin", "other"), ("200",)),
    "failures": (_APIS, ("INTERNAL_ERROR", *_TIMED_OUT_OR_AWAY)),
    "clients_disconnected": (_APIS,),
    "attempts_failed": (_KINDS, ("not_sent", "rolled_back", "read_only_node", "unknown", "permanent")),
    "attempts_continued": (("read", "write"),),
    "retries": (_KINDS,),
    "retries_exhausted": (_KINDS, _TIMED_OUT_OR_AWAY),
    "retry_budget_exhausted": (_KINDS,),
    "statements_killed": (_FLAGS,),
    "connections_discarded": (("old", "idle", "in doubt", "renewed"),),
    "probes": (_FLAGS,),
    "pool_queue_full": (("interactive", "bulk", "control", "stop"),),
    "ledger_settled": (_FLAGS,),
    "subscriptions_opened": (("websocket", "sse", "multipart"),),
    "subscriptions_closed": (("websocket", "sse", "multipart"),),
    "sockets_opened": (("graphql-transport-ws", "graphql-ws"),),
    "sockets_closed": (("1000", "1001", "1006"),),
    "schema_changes": (_FLAGS,),
    "authentication_failures": (("ACCESS_DENIED", "INVALID_HEADERS", "INVALID_JWT", "ROLE_NOT_ALLOWED"),),
    "jwks_fetches": (_FLAGS,),
    "unexpected_errors": (("database", "graphql", "schema", "subscriptions"),),
}
"""Values of labels that are there from the start, as 0: `rate()` and `increase()` miss the first event of a new one."""

HISTOGRAMS: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[float, ...]]]] = {
    "request_seconds": ("Time from a request's arrival to its answer.", ("api",), _SECONDS),
    "stage_seconds": ("Time of each stage of a call.", ("stage",), _SECONDS),
    "request_attempts": ("Attempts that a request took.", ("api",), _ATTEMPTS),
    "live_poll_seconds": ("Time of the polls of subscriptions, by whether the answer changed.", ("changed",), _SECONDS),
    "connect_seconds": ("Time to open a connection to the database.", (), _SECONDS),
    "waited_for_database_seconds": (
        "Time that callers waited for a database that was away.",
        ("bulkhead", "released"),
        _SECONDS,
    ),
    "outage_seconds": ("Time that the database was away, each time it came back.", (), (*_SECONDS, 60.0, 600.0)),
}
"""Histograms: what each measures, its labels, its buckets."""

GAUGES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "requests_in_flight": ("Requests that have no answer yet.", ()),
    "pool_connections": (
        "Connections to the database, by bulkhead and state (idle, used, dialling).",
        ("bulkhead", "state"),
    ),
    "pool_waiting": ("Callers that wait for a connection.", ("bulkhead",)),
    "pool_waiting_for_database": ("Of these, callers that wait for a database that is away.", ("bulkhead",)),
    "database_down": ("1 while the database does not answer.", ()),
    "database_hosts": (
        "1 for the role that each of several database servers has: writer, reader, unfit, away.",
        ("host", "role"),
    ),
    "ledger_in_use": ("1 while writes are noted in the ledger.", ()),
    "documents_cached": ("GraphQL documents kept parsed, validated and prepared.", ()),
    "schema_tables": ("Tables and views served.", ()),
    "schema_tables_skipped": ("Tables and views that cannot be served.", ()),
    "rules_broken": ("Rules of roles that name what is not there any more, and so deny.", ()),
    "jwks_age_seconds": ("Time since the keys of an issuer were fetched, by the host they come from.", ("host",)),
    "schema_age_seconds": ("Time since the schema being served was built.", ()),
}
"""Gauges: what each tells, and its labels."""
SUMMED: Final = frozenset(
    {"requests_in_flight", "pool_connections", "pool_waiting", "pool_waiting_for_database", "documents_cached"}
)
"""Gauges that several processes add up; of the others the largest counts."""
