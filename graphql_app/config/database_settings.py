"""The settings of the database: where it is, how many connections it gets, how failed calls are tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from graphql_app.config import setting_types as kinds
from graphql_app.config.address import DatabaseAddress, is_loopback
from graphql_app.config.database_url import FORM, HOSTS, host_list, parse_host

EMBEDDED_DATABASE = "app"
"""The embedded engine's database where DB_NAME does not name one."""


class DatabaseSettings(BaseSettings):
    """The part of `Settings` that is about the database."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: SecretStr | None = kinds.setting(
        None, "The database as one address, in place of DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME.", FORM
    )
    database_url_file: FilePath | None = kinds.secret_file("DATABASE_URL")
    db_host: str | None = kinds.setting(
        None,
        "The database server's host. Without DB_HOST, DB_SOCKET and DATABASE_URL the embedded engine runs.",
        "a host name or address",
    )
    db_hosts: Annotated[kinds.Names, AfterValidator(host_list)] = kinds.setting(
        (),
        "Several servers of one database (a cluster, a primary and its replicas), in place of DB_HOST: the first that"
        " takes writes is used, in this order. DB_PORT counts for those without a port.",
        HOSTS,
    )
    writers: Annotated[Literal["one", "any"], BeforeValidator(kinds.lower)] = kinds.setting(
        "one",
        "Where several servers of DB_HOSTS take writes (Galera, Group Replication with several primaries): whether all"
        " processes use the same one, or each uses all of them.",
        kinds.choice("one", "any"),
    )
    db_port: Annotated[int, Field(ge=1, le=65535)] = kinds.setting(
        3306, "The database server's port.", "a whole number from 1 to 65535"
    )
    db_user: str = kinds.setting("root", "The user to log in as.", kinds.TEXT)
    db_password: SecretStr = kinds.setting(SecretStr(""), "The user's password.", kinds.TEXT)
    db_password_file: FilePath | None = kinds.secret_file("DB_PASSWORD")
    db_name: str = kinds.setting(
        "",
        "The database to serve. A server needs it; the embedded engine takes `app` by default, and commands that only"
        " look take the one that was served last.",
        "a database's name",
    )
    db_socket: str | None = kinds.setting(
        None, "The server's Unix socket, in place of DB_HOST and DB_PORT.", "a socket's path"
    )
    db_ssl: Annotated[Literal["off", "required", "verify"], BeforeValidator(kinds.lower)] = kinds.setting(
        "off",
        "Encryption of the connection: none, demanded (the certificate is checked where DB_SSL_CA is set), or demanded"
        " with the server's certificate and name checked.",
        kinds.choice(*kinds.TLS),
    )
    db_ssl_ca: FilePath | None = kinds.setting(
        None,
        "A PEM file with the authority that signed the server's certificate; the system's authorities by default.",
        "the path of a PEM file that exists",
    )
    db_public_key: Annotated[Literal["local", "allow", "refuse"], BeforeValidator(kinds.lower)] = kinds.setting(
        "local",
        "Whether the password may be encrypted with a public key that the server sends, where there is no TLS (MySQL's"
        " `caching_sha2_password`): whoever stands between could send another; `local`: to this machine alone.",
        kinds.choice("local", "allow", "refuse"),
    )
    db_pool_size: PositiveInt = kinds.setting(
        10, "The most connections to the database, for each worker.", kinds.NUMBER
    )
    db_pool_min: Annotated[int, Field(ge=0)] = kinds.setting(
        1, "Connections kept open while nothing happens, for each worker.", kinds.COUNT
    )
    db_pool_waiting: PositiveInt = kinds.setting(
        2000,
        "The most requests that wait for a connection, for each worker; more are answered 503 at once.",
        kinds.NUMBER,
    )
    data_dir: Path = kinds.setting(Path("data"), "The folder of the embedded engine's data.", "a folder's path")

    retry_timeouts_ms: Annotated[kinds.Milliseconds, AfterValidator(kinds.filled)] = kinds.setting(
        (200, 400, 800, 1600),
        "The time of each attempt, in milliseconds; as many attempts as numbers.",
        "whole numbers from 1, separated by commas",
    )
    retry_delays_ms: kinds.Milliseconds = kinds.setting(
        (400, 800, 1600),
        "The pauses between the attempts, in milliseconds; one number less than RETRY_TIMEOUTS_MS has.",
        "whole numbers from 1, separated by commas, one less than RETRY_TIMEOUTS_MS has",
    )
    retry_slow: Annotated[Literal["continue", "restart"], BeforeValidator(kinds.lower)] = kinds.setting(
        "continue",
        "What becomes of a statement that is out of its attempt's time: it goes on beside the schedule while its"
        " connection is sound, or is stopped and sent again.",
        kinds.choice("continue", "restart"),
    )
    ledger: Annotated[Literal["auto", "off"], BeforeValidator(kinds.lower)] = kinds.setting(
        "auto",
        "Whether writes are noted in the table `graphql_app_ledger`, so that none is done twice; `auto`: if possible.",
        kinds.choice("auto", "off"),
    )

    @property
    def embedded(self) -> bool:
        """Whether no database was named, so that the embedded engine runs."""
        return not (self.db_host or self.db_hosts or self.db_socket)

    @property
    def place(self) -> str:
        """The database in words, without anything secret."""
        if self.embedded:
            return f"embedded database {self.db_name or EMBEDDED_DATABASE} in {self.data_dir}"
        places = self.db_socket or ", ".join(f"{host}:{port}" for host, port in self._places)
        return f"database {self.db_name} at {places}"

    @property
    def _places(self) -> list[tuple[str, int]]:
        if self.db_hosts:
            return [parse_host(text, self.db_port) for text in self.db_hosts]
        return [(self.db_host or "127.0.0.1", self.db_port)]

    def whereabouts(self, name: str) -> str:
        """The database called `name` as all processes of this machine that serve it call it."""
        if self.embedded:
            return f"{self.data_dir.resolve()} {name}"
        return f"{self.db_socket or ','.join(sorted(f'{host}:{port}' for host, port in self._places))} {name}"

    def address(self, engine_socket: str | None = None) -> DatabaseAddress:
        """The first of `addresses`."""
        return self.addresses(engine_socket)[0]

    def addresses(self, engine_socket: str | None = None) -> tuple[DatabaseAddress, ...]:
        """The servers to connect to; `engine_socket` is where the embedded engine listens, if it is that."""
        if self.embedded:
            return (DatabaseAddress(name=self.db_name or EMBEDDED_DATABASE, socket=engine_socket),)
        return tuple(self._address(host, port) for host, port in self._places)

    def _address(self, host: str, port: int) -> DatabaseAddress:
        return DatabaseAddress(
            name=self.db_name,
            host=host,
            port=port,
            socket=self.db_socket,
            user=self.db_user,
            password=self.db_password.get_secret_value(),
            ssl=self.db_ssl,
            ssl_ca=self.db_ssl_ca,
            key_retrieval=self.db_public_key == "allow" or (self.db_public_key == "local" and is_loopback(host)),
        )
