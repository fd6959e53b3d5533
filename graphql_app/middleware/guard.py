"""Who may send what from where: names of this server, pages of other origins, operators' addresses. Pure.

A browser asks before it lets a page send JSON or a header of its own to another origin (CORS), and asks nobody for
a form, a file, or a WebSocket. So the rule stands here, for every request that may write, however it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from starlette.types import Scope

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.config.address import is_loopback
from graphql_app.config.settings import Settings
from graphql_app.errors import AppError, Code, RequestError

Headers = Mapping[bytes, bytes]

ADMIN_SECRET_HEADER = b"x-hasura-admin-secret"
ROLE_HEADER = b"x-hasura-role"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
PROBES = frozenset({"/healthz", "/readyz"})
"""Orchestrators ask these by whatever address they know; they tell nothing of the data."""
FORWARDED = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip")
"""What proxies add: then the peer is not the client."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = (b"same-origin", b"none")

ROLES = (
    "This server has no roles: '{header}' is not supported here. "
    "Leave it out; the rights of the database account hold for every request"
)


def warnings(settings: Settings, *, told_apart: bool = False) -> list[str]:
    """What whoever starts the program should know of its open doors; `told_apart`: callers are."""
    found = []
    if "*" in settings.cors_origins and not told_apart:
        found.append(
            "any web page may read and write here, and nobody has to log in: CORS_ORIGINS takes the origins of your"
            " pages, or none"
        )
    if not settings.embedded and (settings.db_host or settings.db_hosts) and settings.address().unverified:
        found.append(
            "DB_SSL=required encrypts, and trusts any certificate: whoever stands between can read everything."
            " DB_SSL_CA takes the authority's certificate; DB_SSL=verify checks the server's name too"
        )
    return found


def host_name(host: str) -> str:
    """The name in a `Host` header, without its port, in lower case and without the brackets of IPv6."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    return name if name and ":" not in name and port.isdigit() else host


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one program. `hosts` are the names that it answers to, None for any.

    `local`: the names hold on connections over loopback alone, because nobody chose them. `usual` are the headers
    that need no second look. `roles`: there are some, and whoever finds out who is asking reads their headers.
    """

    origins: frozenset[str]
    hosts: frozenset[str] | None
    local: bool
    secrets: AdminSecrets = field(repr=False)
    usual: frozenset[bytes] = frozenset()
    roles: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Guard:
        """The rules that the settings ask for."""
        named = settings.allowed_hosts
        hosts = tuple(map(host_name, named)) if named and "*" not in named else None
        local = not named and is_loopback(settings.host)
        if local:
            hosts = (*LOOPBACK_NAMES, host_name(settings.host))
        return cls(
            frozenset(settings.cors_origins),
            None if hosts is None else frozenset(hosts),
            local,
            AdminSecrets.of(settings),
            frozenset(_usual(hosts or (), settings.port)),
        )

    def refusal(self, scope: Scope, headers: Headers) -> AppError | None:
        """Why a request or a WebSocket's handshake is not let in; None if it is."""
        if (
            self.hosts is not None
            and (host := headers.get(b"host")) not in self.usual
            and host is not None
            and not self._answers_to(scope, headers, host.decode("latin-1"))
        ):
            return _wrong_host(host)
        if (b"origin" in headers or b"sec-fetch-site" in headers) and not self._may_come(scope, headers):
            return RequestError(
                Code.ORIGIN_NOT_ALLOWED, "Pages of this origin may not write here; CORS_ORIGINS lists those that may"
            )
        if ROLE_HEADER in headers or ADMIN_SECRET_HEADER in headers:
            return self.hasura_refusal(headers)
        return None

    def hasura_refusal(self, headers: Headers) -> AppError | None:
        """What is wrong with the headers of Hasura's clients, whose names are in lower case."""
        if self.secrets and ADMIN_SECRET_HEADER in headers and not self.secrets.holds(headers[ADMIN_SECRET_HEADER]):
            return RequestError(Code.ACCESS_DENIED, f"invalid '{ADMIN_SECRET_HEADER.decode()}'")
        if ROLE_HEADER in headers and not self.roles:
            return RequestError(Code.ROLES_NOT_SUPPORTED, ROLES.format(header=ROLE_HEADER.decode()))
        return None

    def operator_refusal(self, scope: Scope, *, always_secret: bool = False) -> AppError | None:
        """Why a request to an operators' address is not let in.

        It is where it shows the secret, or comes from this machine and from no page of another origin. With
        `always_secret` a secret that is set has to be shown from this machine too.
        """
        headers = dict(scope["headers"])
        if self.secrets and self._shows_secret(headers):
            return None
        local = self._comes_from_here(scope, headers)
        if local and not (self.secrets and always_secret):
            return None
        if self.secrets:
            return RequestError(Code.ACCESS_DENIED, "The admin secret is missing or wrong")
        return RequestError(
            Code.PERMISSION_DENIED,
            "This address answers requests from this machine alone; set ADMIN_SECRET, and send it as a bearer token",
        )

    # --- parts ------------------------------------------------------------------

    def _answers_to(self, scope: Scope, headers: Headers, host: str) -> bool:
        assert self.hosts is not None
        name = host_name(host)
        if name in self.hosts or scope["path"] in PROBES or self._shows_secret(headers):
            return True
        if self.local:
            # Browsers never ask the DNS for these.
            if name.endswith(".localhost"):
                return True
            server = scope.get("server")
            return server is None or not is_loopback(server[0])
        return any(name.endswith(wanted[1:]) for wanted in self.hosts if wanted.startswith("*."))

    def _may_come(self, scope: Scope, headers: Headers) -> bool:
        if "*" in self.origins or (scope["type"] == "http" and scope["method"] in _READING):
            return True
        return not from_other_origin(headers) or headers.get(b"origin", b"").decode("latin-1") in self.origins

    def _comes_from_here(self, scope: Scope, headers: Headers) -> bool:
        client = scope.get("client")
        if client is None or not is_loopback(client[0]) or any(name in headers for name in FORWARDED):
            return False
        return not from_other_origin(headers) or headers.get(b"origin", b"").decode("latin-1") in self.origins

    def _shows_secret(self, headers: Headers) -> bool:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        shown = token.strip() if scheme.lower() == b"bearer" else headers.get(ADMIN_SECRET_HEADER, b"")
        return self.secrets.holds(shown)


def _usual(names: Iterable[str], port: int) -> Iterator[bytes]:
    for name in names:
        if "*" not in name:
            written = f"[{name}]" if ":" in name else name
            yield from (written.encode(), f"{written}:{port}".encode())


def from_other_origin(headers: Headers) -> bool:
    """Whether a page of another origin sent a request. Who names neither origin nor site is no browser."""
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None:
        return site not in _OWN
    if origin is None:
        return False
    own = origin.partition(b"://")[2].lower()
    return not own or own != headers.get(b"host", b"").lower()


def _wrong_host(host: bytes) -> AppError:
    shown = host.decode("latin-1")[:100]
    return RequestError(
        Code.HOST_NOT_ALLOWED, f"This server does not answer to {shown!r}; ALLOWED_HOSTS lists the names that it has"
    )
