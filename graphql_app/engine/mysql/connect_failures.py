"""Why there is no connection, in a sentence for the person who runs the program: host, user and database are named."""

from __future__ import annotations

from graphql_app.engine.mysql.dial import NO_WRITER, TLS_FAILED, ConnectionLost, ServerError, Target, TlsMode

_REFUSED_LOGIN = "refuses user '{user}' or the password (DB_USER, DB_PASSWORD){hint}"
_NO_WAY_IN = "asks for a way to log in that is not to be had: {detail}"
_LOCKED = "has locked the account of user '{user}'"
_EXPIRED = "says that the password of user '{user}' has expired"
_OFFLINE = "takes no statements now: it is offline, or cut off from its group"
_MUST_ENCRYPT = "; a user that must encrypt (REQUIRE SSL) is refused so too: then set DB_SSL=required or verify"
_BY_CODE = {
    1044: "does not let user '{user}' use database '{database}'",
    1045: _REFUSED_LOGIN,
    1049: "has no database '{database}' (DB_NAME)",
    1130: "takes no connections from this host",
    1698: _REFUSED_LOGIN,
    1047: _OFFLINE,
    1251: _NO_WAY_IN,
    1524: _NO_WAY_IN,
    1820: _EXPIRED,
    1862: _EXPIRED,
    2059: _NO_WAY_IN,
    3032: _OFFLINE,
    3118: _LOCKED,
    3159: "takes encrypted connections only: set DB_SSL=required or verify",
    3955: _LOCKED,
    4150: _LOCKED,
    4151: _LOCKED,
    4501: "is a proxy that takes one statement a packet: use an address without connection sharing",
    TLS_FAILED: "gives no encrypted connection (DB_SSL): {detail}",
}
"""What the server did, by the number of the failure."""
_BY_REASON = {
    "gaierror": "there is no host '{host}' (DB_HOST)",
    "ConnectionRefusedError": "nothing listens at {place} (DB_HOST, DB_PORT)",
    "FileNotFoundError": "there is no socket {place} (DB_SOCKET)",
    "PermissionError": "this user may not open the socket {place} (DB_SOCKET)",
    "no handshake in time": "{place} does not answer in time",
}
"""What became of the way to the server, by the class of the failure."""


def describe_failure(error: ConnectionLost | ServerError, target: Target) -> str:
    """One sentence, with the failure's number and never a password."""
    detail = error.reason if isinstance(error, ConnectionLost) else error.message
    words = {
        "place": target.place,
        "host": target.host,
        "user": target.user,
        "database": target.database or "",
        "detail": detail,
        # The server's answer to a user that must encrypt is that of a wrong password.
        "hint": "" if target.socket or target.tls is not TlsMode.OFF else _MUST_ENCRYPT,
    }
    if error.code == NO_WRITER:
        return f"no server takes writes: {detail} (error {error.code})"
    text = _BY_REASON.get(detail)
    if text is None or error.code in _BY_CODE:
        text = "the server at {place} " + _BY_CODE.get(error.code, "gives no connection: {detail}")
    return f"{text.format(**words)} (error {error.code})"
