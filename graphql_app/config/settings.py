"""Every setting of the program: from the environment or a `.env` file, checked before anything starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, PositiveInt, SecretStr, model_validator
from pydantic_settings import NoDecode

from graphql_app.config import setting_types as kinds
from graphql_app.config.database_settings import DatabaseSettings
from graphql_app.config.database_url import with_url_apart
from graphql_app.config.secret_files import read_secret_files
from graphql_app.runtime.rate_limit import Rate

CONFIG_FILE = Path("graphql_app.yaml")
"""The file of relations and names that is taken where CONFIG_FILE names none."""


class Settings(DatabaseSettings):
    """All settings. A field's name in capitals is the name of its environment variable."""

    host: str = kinds.setting("127.0.0.1", "The address to listen on; 0.0.0.0 for all.", "a host name or address")
    port: kinds.Port = kinds.setting(8000, "The port to listen on; 0 for any free one.", kinds.PORT_NUMBER)
    workers: PositiveInt = kinds.setting(1, "Server processes.", kinds.NUMBER)
    watchdog_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = kinds.setting(
        30.0,
        "How long a server process may be stuck; then its stack is logged and another takes its place. 0 for ever.",
        "a number of seconds from 0",
    )
    drain_seconds: Annotated[float, Field(ge=0, le=5)] = kinds.setting(
        1.0,
        "How long after SIGTERM connections are still taken, while `/readyz` says 503 and load balancers turn away.",
        "a number of seconds from 0 to 5",
    )
    cors_origins: Annotated[kinds.Names, AfterValidator(kinds.origins)] = kinds.setting(
        ("*",),
        "Origins whose pages may call from a browser, beside our own; `*` for all, `none` for none.",
        "origins such as https://example.com, separated by commas, or * or none",
    )
    allowed_hosts: Annotated[kinds.Names, AfterValidator(kinds.hosts)] = kinds.setting(
        (),
        "The names in `Host` that are answered to, `*.example.com` for all below it, `*` for any; empty: on a loopback"
        " HOST those of the machine itself, else any.",
        "names such as api.example.com, separated by commas, or *",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(kinds.lower)] = kinds.setting(
        "info", "The least serious lines that are logged.", kinds.choice(*kinds.LEVELS)
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(kinds.lower)] = kinds.setting(
        "text", "How a log line is written.", kinds.choice("text", "json")
    )

    log_request_fields: Annotated[kinds.Names, AfterValidator(kinds.request_fields)] = kinds.setting(
        (),
        "What the log says of each request beyond its address, status and time: the client's address, the table."
        " Behind a proxy the address is that of `X-Forwarded-For`, where FORWARDED_ALLOW_IPS trusts the proxy.",
        "client, table, or both, separated by a comma",
    )

    audit: Annotated[Literal["off", "writes", "all"], BeforeValidator(kinds.lower)] = kinds.setting(
        "off",
        "Whether the log says of each write, or of each read too, who did it, by which role, to which tables, and how"
        " many rows: never a value. These lines are written whatever LOG_LEVEL says.",
        kinds.choice("off", "writes", "all"),
    )
    metrics: bool = kinds.setting(True, "Whether Prometheus metrics are served at `/metrics`.", kinds.BOOLEAN)
    server_timing: bool = kinds.setting(
        False, "Whether answers tell the time of each stage in the header `Server-Timing`.", kinds.BOOLEAN
    )
    otel: Annotated[bool, AfterValidator(kinds.installed)] = kinds.setting(
        False,
        "Whether traces are sent by OpenTelemetry, as its own variables `OTEL_EXPORTER_OTLP_ENDPOINT`,"
        " `OTEL_TRACES_SAMPLER` and so on say.",
        "true or false; true needs the extra: pip install 'graphql-app[otel]'",
    )
    compress: Annotated[Literal["auto", "off"], BeforeValidator(kinds.lower)] = kinds.setting(
        "auto",
        "Whether answers from 2,048 bytes on, and exports, are compressed as `Accept-Encoding` says: gzip, and zstd"
        " with the extra `zstd`. Answers to introspection are kept in gzip either way.",
        kinds.choice("auto", "off"),
    )
    header_timeout_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = kinds.setting(
        7.0, "How long the head of a request may take to arrive; then the connection is closed.", kinds.SECONDS
    )
    body_timeout_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = kinds.setting(
        7.0, "How long a body may bring less than 500 bytes a second; then the connection is closed.", kinds.SECONDS
    )
    max_header_bytes: Annotated[int, Field(ge=1024)] = kinds.setting(
        65_536,
        "The most bytes of a request's headers; there may be 100 of them, each of at most 8,190 bytes.",
        "a whole number from 1024",
    )
    max_in_flight: PositiveInt = kinds.setting(
        4_000,
        "The most requests without an answer, for each worker; further ones are refused with 503 at once.",
        kinds.NUMBER,
    )
    rate_limit: Annotated[Rate | None, NoDecode, BeforeValidator(kinds.rate)] = kinds.setting(
        None,
        "The most requests from one address (of IPv6 one /64 network), for each worker; further ones are answered 429."
        " Behind a proxy the address is that of `X-Forwarded-For`, where FORWARDED_ALLOW_IPS trusts the proxy.",
        "a rate such as 600/min, 20/s or 5000/hour",
    )
    max_connections: PositiveInt = kinds.setting(
        16_000,
        "The most connections of clients, for each worker; further ones are answered 503 and closed.",
        kinds.NUMBER,
    )

    graphiql: bool = kinds.setting(True, "Whether the GraphiQL page is served.", kinds.BOOLEAN)
    introspection: kinds.Introspection = kinds.setting(
        True,
        "Whether the structure is told: by introspection, `/openapi.json` and `/structure.json`, and so by the pages."
        " Each role is told of what it may see, the anonymous one only where it is named: `user,visitor`.",
        "true, false, or names of roles separated by commas",
    )
    naming: Annotated[Literal["snake", "camel"], BeforeValidator(kinds.lower)] = kinds.setting(
        "snake",
        "How GraphQL names are written: `snake` has Hasura's and the database's as they stand, `camel` is Hasura's"
        " `graphql-default`, columns included.",
        kinds.choice("snake", "camel"),
    )
    relation_names: Annotated[Literal["v1", "v2"], BeforeValidator(kinds.lower)] = kinds.setting(
        "v2",
        "The rules by which relations are named; `v1` are those of earlier versions, for clients that must keep"
        " `emp_no_by_emp_no`.",
        kinds.choice("v1", "v2"),
    )
    stringify_numbers: bool = kinds.setting(
        True, "Whether BIGINT and DECIMAL leave as strings, without loss in JavaScript.", kinds.BOOLEAN
    )
    include_tables: kinds.Names = kinds.setting(
        (), "The tables to serve, `*` and `?` being wildcards; empty for all.", "names separated by commas"
    )
    exclude_tables: kinds.Names = kinds.setting(
        (), "Tables not to serve, `*` and `?` being wildcards.", "names separated by commas"
    )
    config_file: FilePath | None = kinds.setting(
        None,
        "A YAML file with relations that the database does not declare, other names, identities and roles;"
        " `graphql_app.yaml` of the current folder, if there is one.",
        "the path of a file that exists",
    )
    hasura_metadata: Annotated[Path | None, AfterValidator(kinds.existing)] = kinds.setting(
        None, "Hasura's metadata (version 3): roles, relations and names as Hasura has them.", kinds.METADATA
    )
    admin_secret: SecretStr = kinds.setting(
        SecretStr(""),
        "The secret that opens `/admin/reload` and `/metrics`, as a bearer token or in `x-hasura-admin-secret`;"
        " empty: they answer this machine alone. Where there are roles, it is needed, and makes its bearer the admin.",
        kinds.TEXT,
    )
    admin_secret_file: FilePath | None = kinds.secret_file("ADMIN_SECRET")
    admin_secrets: SecretStr = kinds.setting(
        SecretStr(""),
        "Further admin secrets, each as good as ADMIN_SECRET, separated by commas or line ends: while one takes the"
        " place of another.",
        kinds.TEXT,
    )
    admin_secrets_file: FilePath | None = kinds.secret_file("ADMIN_SECRETS")
    schema_poll_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = kinds.setting(
        10.0,
        "How often the database is asked whether its structure changed; 0 for never.",
        "a number of seconds from 0",
    )

    max_limit: PositiveInt | None = kinds.setting(
        None, "The largest `limit` a request may ask for, and the default one; empty for no bound.", kinds.NUMBER
    )
    default_limit: PositiveInt | None = kinds.setting(
        None,
        "The rows of a list that asks for no `limit`; empty for MAX_LIMIT. Exports are always whole.",
        kinds.NUMBER,
    )
    max_depth: PositiveInt = kinds.setting(
        20,
        "The deepest nesting of fields in a GraphQL operation, fragments spread; 60 under `__schema` and `__type`.",
        kinds.NUMBER,
    )
    max_cost: PositiveInt = kinds.setting(
        10_000_000,
        "The most values that a request may ask for, as estimated from its page sizes and relations: "
        "a list counts its `limit`, at most 1,000; without one 100, in a relation 10. "
        "Each condition beyond 100 counts 500, one on a relation ten times that.",
        kinds.NUMBER,
    )
    max_document_length: PositiveInt = kinds.setting(
        100_000, "The most characters of a GraphQL document; long values belong into its variables.", kinds.NUMBER
    )
    max_tokens: PositiveInt = kinds.setting(
        4_000,
        "The most tokens of a GraphQL document, comments included: reading a thousand for the"
        " first time takes some 4 ms of CPU. Many rows to insert belong into variables, which have no such limit.",
        kinds.NUMBER,
    )
    max_fields: PositiveInt = kinds.setting(
        2_000,
        "The most fields and fragments that a GraphQL document selects, each as often as it is spread.",
        kinds.NUMBER,
    )
    max_root_fields: PositiveInt = kinds.setting(200, "The most root fields of a GraphQL operation.", kinds.NUMBER)
    max_aliases: PositiveInt = kinds.setting(500, "The most aliases of a GraphQL operation.", kinds.NUMBER)
    max_directives: PositiveInt = kinds.setting(500, "The most directives of a GraphQL operation.", kinds.NUMBER)
    max_batch_size: PositiveInt = kinds.setting(20, "The most GraphQL requests in one batch.", kinds.NUMBER)
    max_body_bytes: PositiveInt = kinds.setting(
        10 * 1024 * 1024,
        "The largest JSON body of a request, in bytes. Uploaded files are streamed and not bounded by it.",
        kinds.NUMBER,
    )
    max_bodies_bytes: PositiveInt = kinds.setting(
        128 * 1024 * 1024,
        "The most bytes of large bodies (above 64 KiB) held at a time, for each worker, in fair shares for the clients;"
        " as many again for messages of WebSockets that are not whole yet.",
        kinds.NUMBER,
    )
    max_unread_bytes: PositiveInt = kinds.setting(
        256 * 1024 * 1024,
        "The most bytes of answers that wait for clients to read them, for each worker: beyond that the clients that"
        " have left most unread are cut off. As many again for what subscriptions have to say.",
        kinds.NUMBER,
    )
    max_spool_bytes: Annotated[int, Field(ge=0)] = kinds.setting(
        1024**3,
        "The most bytes of temporary files (in the folder of `TMPDIR`) for exports that clients read slowly, for each"
        " worker; so their connections to the database are free early. 0 for none.",
        kinds.COUNT,
    )
    max_json_depth: Annotated[int, Field(ge=1, le=200)] = kinds.setting(
        128, "The most levels of lists and objects in a JSON body, or in an argument.", "a whole number from 1 to 200"
    )
    max_upload_bytes: PositiveInt = kinds.setting(
        10 * 1024**3, "The largest uploaded file, in bytes, with what multipart puts around it.", kinds.NUMBER
    )

    subscription_poll_ms: PositiveInt = kinds.setting(
        1000,
        "How often the query of a subscription is asked again, in milliseconds; writes of this program do it at once.",
        kinds.NUMBER,
    )
    changes: Annotated[Literal["auto", "poll"], BeforeValidator(kinds.lower)] = kinds.setting(
        "auto",
        "How subscriptions learn of writes by other processes: those of this machine that serve the same database tell"
        " each other, over sockets in the temporary folder; or each asks the database alone.",
        kinds.choice("auto", "poll"),
    )
    max_live_queries: PositiveInt = kinds.setting(
        1000, "The most distinct subscriptions, for each worker; equal ones count as one.", kinds.NUMBER
    )
    max_subscription_bytes: PositiveInt = kinds.setting(
        32 * 1024 * 1024,
        "The most bytes that all subscriptions together are asked with, variables included, for each worker,"
        " in fair shares for the clients.",
        kinds.NUMBER,
    )
    max_sockets: PositiveInt = kinds.setting(
        10_000,
        "The most clients connected for subscriptions, by WebSocket or by event stream, for each worker.",
        kinds.NUMBER,
    )
    max_socket_operations: PositiveInt = kinds.setting(
        100, "The most operations at a time on one WebSocket.", kinds.NUMBER
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, values: dict[str, Any]) -> dict[str, Any]:
        return with_url_apart(values | read_secret_files(values))

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        for wrong, text in (
            (self.db_host and self.db_socket, "DB_SOCKET and DB_HOST are both set; set one of them"),
            (self.db_host and self.db_hosts, "DB_HOST and DB_HOSTS are both set; set one of them"),
            (self.db_socket and self.db_hosts, "DB_SOCKET and DB_HOSTS are both set; set one of them"),
            (not self.embedded and not self.db_name, "DB_NAME takes the name of the database to serve"),
            (
                self.embedded and not re.fullmatch(r"\w{0,64}", self.db_name, re.ASCII),
                "DB_NAME takes letters, digits and _, at most 64, for the embedded engine",
            ),
            (self.db_pool_min > self.db_pool_size, "DB_POOL_MIN takes a whole number not above DB_POOL_SIZE"),
            (
                len(self.retry_delays_ms) != len(self.retry_timeouts_ms) - 1,
                "RETRY_DELAYS_MS takes one number less than RETRY_TIMEOUTS_MS has",
            ),
            (
                self.default_limit and self.max_limit and self.default_limit > self.max_limit,
                "DEFAULT_LIMIT takes a whole number not above MAX_LIMIT",
            ),
            (
                self.admin_secrets.get_secret_value() and not self.admin_secret.get_secret_value(),
                "ADMIN_SECRETS takes effect with ADMIN_SECRET; set both",
            ),
            (
                self.db_ssl_ca and self.db_ssl == "off",
                "DB_SSL_CA takes effect with DB_SSL=required or DB_SSL=verify; set both",
            ),
        ):
            if wrong:
                raise ValueError(text)
        return self

    @property
    def customization(self) -> Path | None:
        """The file of CONFIG_FILE, or the one that is taken by default, if there is one."""
        return self.config_file or (CONFIG_FILE if CONFIG_FILE.is_file() else None)
