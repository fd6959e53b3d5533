"""Dialling: aiomysql's handshake, TLS and authentication, the session set up; then the connection is our own."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

import aiomysql
from pymysql.constants import CLIENT
from pymysql.err import MySQLError

from graphql_app.config.address import DatabaseAddress
from graphql_app.engine.mysql.connection import (
    ANSWER_TOO_LARGE,
    CANNOT_CONNECT,
    CROWDED,
    GONE,
    HANDSHAKE_FAILED,
    LOST,
    NO_WRITER,
    TLS_FAILED,
    TRANSACTION_LOST,
    Connection,
    ConnectionLost,
    Node,
)
from graphql_app.engine.mysql.host_roles import Standing, role_sql, standing_of
from graphql_app.engine.mysql.packets import Result, ServerError
from graphql_app.engine.sql.dialects import Features, detect

__all__ = [
    "ANSWER_TOO_LARGE",
    "CANNOT_CONNECT",
    "CROWDED",
    "GONE",
    "HANDSHAKE_FAILED",
    "LOST",
    "NO_WRITER",
    "TLS_FAILED",
    "TRANSACTION_LOST",
    "Connection",
    "ConnectionLost",
    "Node",
    "Result",
    "ServerError",
    "Target",
    "TlsMode",
    "connect",
]


class TlsMode(StrEnum):
    """Whether the connection is encrypted. A Unix socket never leaves the machine and needs none."""

    OFF = "off"
    REQUIRED = "required"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the database is and who we are. With `socket` the host and port do not count."""

    host: str = "127.0.0.1"
    port: int = 3306
    socket: str | None = None
    user: str = "root"
    password: str = field(default="", repr=False)
    database: str | None = None
    tls: TlsMode = TlsMode.OFF
    ca_file: str | None = None
    key_retrieval: bool = False

    @property
    def place(self) -> str:
        """The socket, or the host and port."""
        return self.socket or f"{self.host}:{self.port}"

    @classmethod
    def of(cls, address: DatabaseAddress) -> Target:
        """The target that the settings name."""
        return cls(
            host=address.host,
            port=address.port,
            socket=address.socket,
            user=address.user,
            password=address.password,
            database=address.name,
            tls=TlsMode(address.ssl),
            ca_file=str(address.ssl_ca) if address.ssl_ca else None,
            key_retrieval=address.key_retrieval,
        )


# --- dialling ---------------------------------------------------------------


class _Refused(Exception):
    """The handshake was broken off by us, before the password was sent."""


class _KeyRefused(Exception):
    """The server wants the password encrypted with a public key, and we have nothing but its word for the key."""


_CLEAR_PASSWORD = ("mysql_clear_password", "mysql_old_password")
_WANT_KEY = b"\x02"
_NO_KEY = (
    "it asks for the password under a public key that anybody in between could have sent:"
    " set DB_SSL=required or DB_SSL=verify, or DB_PUBLIC_KEY=allow"
)


class _Handshake(aiomysql.Connection):  # type: ignore[misc]
    """aiomysql's handshake, with the password kept back from who should not have it.

    aiomysql goes on in clear if the server (or someone in between) offers no TLS, gives the plain password to any
    server that asks for it, and without TLS takes any public key for the server's.
    """

    key_retrieval = False

    async def _get_server_information(self) -> None:
        await super()._get_server_information()
        if self._ssl_context and not self.server_capabilities & CLIENT.SSL:
            raise _Refused("TLS is required and the server offers none")
        self._check_plugin(self._server_auth_plugin, protected=bool(self._ssl_context))

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        self._check_plugin(plugin_name.decode("ascii", "replace"), protected=self._secure)
        return await super()._process_auth(plugin_name, auth_packet)

    def _check_plugin(self, plugin: str, *, protected: bool) -> None:
        if protected or self._unix_socket:
            return
        if plugin in _CLEAR_PASSWORD:
            raise _Refused("the server asks for the password in clear")
        if plugin == "sha256_password" and self._password and not self.key_retrieval:
            raise _KeyRefused(_NO_KEY)

    def write_packet(self, payload: bytes) -> None:
        """As aiomysql's, but for the one packet that asks for a public key (`caching_sha2_password`)."""
        if payload == _WANT_KEY and not self.key_retrieval:
            raise _KeyRefused(_NO_KEY)
        super().write_packet(payload)


@lru_cache(maxsize=8)
def _tls_context(mode: TlsMode, ca_file: str | None) -> ssl.SSLContext:
    # Reading the certificates takes milliseconds: once, not for each connection.
    context = ssl.create_default_context(cafile=ca_file)
    if mode is TlsMode.REQUIRED:
        context.check_hostname = False
        if ca_file is None:
            context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(target: Target) -> Any:
    encrypted = target.tls is not TlsMode.OFF and target.socket is None
    made = _Handshake(
        host=target.host,
        port=target.port,
        unix_socket=target.socket,
        user=target.user,
        # aiomysql encodes the password as Latin-1; this makes the bytes UTF-8, as every other client sends them.
        password=target.password.encode().decode("latin-1"),
        db=target.database,
        charset="utf8mb4",
        autocommit=None,
        # An UPDATE then counts the rows it found, not only those whose values became different ones.
        client_flag=CLIENT.FOUND_ROWS,
        ssl=_tls_context(target.tls, target.ca_file) if encrypted else None,
    )
    made.key_retrieval = target.key_retrieval
    return made


async def connect(
    target: Target, limit: float, *, features: Features | None = None, lock_wait: int = 2, ask_role: bool = False
) -> Connection:
    """A connection, handshake and session setup done, within `limit` seconds altogether.

    `features` is what this server was last seen to be; a right guess saves a round trip. `lock_wait` is the seconds
    after which a statement that waits for a lock is ended. `ask_role`: `standing` is to say what the server is good
    for; this is asked in the packet that is sent anyway.
    Raises `ConnectionLost` (never `sent`), or `ServerError` where the server says why not.
    """
    raw = _handshake(target)
    try:
        async with asyncio.timeout(limit):
            await raw._connect()
            connection = _take_over(raw)
            connection.place = target.place
            return await _set_up(connection, features, lock_wait, ask_role)
    except Exception as error:
        raise _dial_failure(error) from error
    finally:
        # Nothing to do after `_take_over`; before it, whatever was opened is closed.
        raw.close()


def _take_over(raw: Any) -> Connection:
    """The connection of a handshake that is done; `raw` has nothing left to close."""
    transport, idle = raw._writer.transport, not (raw._reader.at_eof() or raw._reader._buffer)
    connection = Connection(transport, detect(raw.server_version, ""), raw.thread_id(), guard=raw._writer)
    raw._writer = raw._reader = None
    if not idle:
        connection.close()
    return connection


def _dial_failure(error: Exception) -> Exception:
    """What went wrong on the way to a connection, in our terms."""
    match error:
        case ServerError():
            return error
        case TimeoutError():
            return ConnectionLost(CANNOT_CONNECT, sent=False, reason="no handshake in time")
        case ConnectionLost():
            return ConnectionLost(error.code, sent=False, reason=error.reason)
        case _KeyRefused():
            return ConnectionLost(HANDSHAKE_FAILED, sent=False, reason=str(error))
        case _Refused() | ssl.SSLError():
            return ConnectionLost(TLS_FAILED, sent=False, reason=str(error))
        case MySQLError() if error.args and isinstance(error.args[0], int):
            return _mysql_failure(error)
        case OSError():
            return ConnectionLost(CANNOT_CONNECT, sent=False, reason=type(error).__name__)
    return ConnectionLost(HANDSHAKE_FAILED, sent=False, reason=f"{type(error).__name__}: {error}")


def _mysql_failure(error: MySQLError) -> Exception:
    code = error.args[0]
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError):
        return ConnectionLost(TLS_FAILED, sent=False, reason=type(cause).__name__)
    if 2000 <= code < 3000 or code == 0:
        return ConnectionLost(code or HANDSHAKE_FAILED, sent=False, reason=type(cause or error).__name__)
    return ServerError(code, "HY000", str(error.args[1]) if len(error.args) > 1 else "")


_GREETED = 0xFFFFFFFF
_IDENTIFY = b"SELECT VERSION(), @@version_comment, CONNECTION_ID(), @@max_allowed_packet, @@hostname, @@port"


async def _set_up(connection: Connection, guess: Features | None, lock_wait: int, ask_role: bool) -> Connection:
    """Learns what the server is and sets the session; one round trip if `guess` is right."""
    try:
        await _identify(connection, guess or connection.features, lock_wait, ask_role)
    except BaseException:
        connection.close()
        raise
    return connection


async def _identify(connection: Connection, guess: Features, lock_wait: int, ask_role: bool) -> None:
    # The wishes first: a limit of the server's may refuse what the setup asks.
    setup = (*guess.session_wishes, *guess.setup_sql(lock_wait))
    role = role_sql(guess) if ask_role else ()
    try:
        results = await connection.query(b";".join((_IDENTIFY, *setup, *role)))
        done = setup
    except ServerError:
        # The guess may have set what this server does not know, or asked what the account may not see.
        results = await connection.query(_IDENTIFY)
        done, role = (), ()
    version, comment, number, packet, *node = results[0].rows[0]
    found = detect(version.decode("utf-8", "replace"), (comment or b"").decode("utf-8", "replace"))
    wanted = found.setup_sql(lock_wait)
    if (*found.session_wishes, *wanted) != done:
        await _wish(connection, found.session_wishes)
        results = await connection.query(b";".join(wanted))
        role = ()
    if any((b"wsrep_on", b"ON") in result.rows for result in results):
        found = replace(found, one_by_one=True)
    if role and guess.sees_groups != found.sees_groups:
        found = replace(found, sees_groups=guess.sees_groups)
    connection.features = found
    if ask_role:
        connection.standing = standing_of(found, results[-len(role) :]) if role else await ask_standing(connection)
    _know_thread(connection, int(number))
    connection.max_packet = int(packet)
    connection.node = (version, *node)


async def ask_standing(connection: Connection) -> Standing:
    """What the server is good for now. An account that may not see the members of a group learns it by other signs.

    Raises as `Connection.query`.
    """
    for sees_groups in (True, False):
        features = replace(connection.features, sees_groups=sees_groups)
        try:
            results = await connection.query(b";".join(role_sql(features)))
        except ServerError as error:
            if not sees_groups or error.statement == 0:
                raise
            continue
        connection.features = features
        return standing_of(features, results)
    raise AssertionError("unreachable")


async def _wish(connection: Connection, wishes: tuple[bytes, ...]) -> None:
    """Says what a session may do without, a variable at a time where the server knows or allows not all of them."""
    for wish in wishes:
        try:
            await connection.query(wish)
        except ServerError:
            for part in wish.removeprefix(b"SET ").split(b", "):
                with suppress(ServerError):
                    await connection.query(b"SET " + part)


def _know_thread(connection: Connection, number: int) -> None:
    """Notes by which number a KILL names the connection; `number` is the one that the server gives itself.

    A proxy that shares its connections among sessions greets with a number of its own, and maps that one. The
    greeting has room for 32 bits.
    """
    connection.proxied = number & _GREETED != connection.connection_id & _GREETED
    if not connection.proxied:
        connection.connection_id = number
