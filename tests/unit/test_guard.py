"""Who may send what from where, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_app.config.address import is_loopback
from graphql_app.config.settings import Settings
from graphql_app.config.sources import SettingsError, load_settings
from graphql_app.errors import Code
from graphql_app.middleware.guard import Guard, from_other_origin, host_name, warnings

LOCAL = ("127.0.0.1", 8000)
OUTSIDE = ("192.168.1.5", 8000)


def chosen(**settings: Any) -> Settings:
    options: dict[str, Any] = {"_env_file": None} | settings
    return Settings(**options)


def guard(**settings: Any) -> Guard:
    return Guard.of(chosen(**settings))


def scope(method: str = "POST", path: str = "/graphql", **more: Any) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "server": LOCAL, "client": ("127.0.0.1", 5), **more}


def code(found: object) -> Code | None:
    return getattr(found, "code", None)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8000", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::1]:8000", "::1"),
        ("::1", "::1"),
        ("example.com.", "example.com."),
        ("localhost:evil.example", "localhost:evil.example"),
        ("", ""),
        (":80", ":80"),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
)
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.168.1.1", "localhost.evil.example", "127.0.0.1.nip.io", "/s"]
)
def test_no_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("settings", "server", "good", "bad"),
    [
        (
            {},
            LOCAL,
            ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST", "app.localhost:8000"],
            ["evil.example", "evil.example:8000", "127.0.0.1.nip.io", "localhost.evil.example", "192.168.1.5", "", "é"],
        ),
        ({}, OUTSIDE, ["evil.example", "192.168.1.5:8000"], []),
        ({}, None, ["anything"], []),
        ({"host": "127.0.0.9"}, LOCAL, ["127.0.0.9:8000", "localhost"], ["127.0.0.8"]),
        ({"host": "0.0.0.0"}, LOCAL, ["evil.example"], []),
        ({"allowed_hosts": "*"}, LOCAL, ["evil.example"], []),
        (
            {"allowed_hosts": "api.example.com,*.shop.example,[fd00::1]"},
            OUTSIDE,
            ["api.example.com", "API.example.com:443", "a.shop.example", "a.b.shop.example", "[fd00::1]:80"],
            ["shop.example", "localhost", "evilshop.example", "x.api.example.com"],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_names_that_are_answered_to(
    settings: dict[str, str], server: object, good: list[str], bad: list[str], kind: str
) -> None:
    rules = guard(**settings)
    for names, wanted in ((good, None), (bad, Code.HOST_NOT_ALLOWED)):
        for name in names:
            found = rules.refusal(scope(type=kind, server=server), {b"host": name.encode("latin-1")})
            assert code(found) == wanted, name


def test_probes_and_whoever_shows_the_secret_need_no_name() -> None:
    rules = guard(allowed_hosts="api.example.com", admin_secret="s")
    other = {b"host": b"10.0.0.7:8000"}
    assert rules.refusal(scope("GET", "/readyz"), other) is None
    assert code(rules.refusal(scope("GET", "/metrics"), other)) is Code.HOST_NOT_ALLOWED
    assert rules.refusal(scope("GET", "/metrics"), other | {b"authorization": b"Bearer s"}) is None
    assert rules.refusal(scope("GET", "/metrics"), {}) is None, "HTTP/1.0, which no browser speaks"


H = dict[bytes, bytes]
HOST = {b"host": b"shop.example"}


@pytest.mark.parametrize(
    ("headers", "other"),
    [
        ({}, False),
        ({b"origin": b"https://shop.example"}, False),
        ({b"origin": b"http://SHOP.example"}, False),
        ({b"origin": b"https://evil.example"}, True),
        ({b"origin": b"https://shop.example:8443"}, True),
        ({b"origin": b"https://shop.example.evil.example"}, True),
        ({b"origin": b"null"}, True),
        ({b"origin": b""}, True),
        ({b"sec-fetch-site": b"same-origin"}, False),
        ({b"sec-fetch-site": b"none"}, False),
        ({b"sec-fetch-site": b"same-site"}, True),
        ({b"sec-fetch-site": b"cross-site"}, True),
        ({b"sec-fetch-site": b""}, True),
        # Behind a proxy that gives the program another name the browser still knows.
        ({b"sec-fetch-site": b"same-origin", b"origin": b"https://outer.example"}, False),
        # The same name over another scheme.
        ({b"sec-fetch-site": b"cross-site", b"origin": b"http://shop.example"}, True),
    ],
)
def test_pages_of_other_origins(headers: H, other: bool) -> None:
    assert from_other_origin(HOST | headers) == other


def test_an_origin_without_a_name_is_no_own_one() -> None:
    assert from_other_origin({b"origin": b"null"})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ANYTHING"])
def test_a_list_holds_for_every_write(method: str) -> None:
    rules = guard(cors_origins="https://good.example", host="0.0.0.0")
    for origin, wanted in ((b"https://good.example", None), (b"https://shop.example", None), (b"null", True)):
        found = rules.refusal(scope(method), HOST | {b"origin": origin})
        assert (code(found) is Code.ORIGIN_NOT_ALLOWED) == bool(wanted)
    assert rules.refusal(scope(method), HOST) is None, "no browser"
    assert rules.refusal(scope(method), HOST | {b"sec-fetch-site": b"cross-site"}) is not None
    assert guard(cors_origins="none", host="0.0.0.0").refusal(
        scope(method), HOST | {b"origin": b"https://good.example"}
    )
    assert guard(host="0.0.0.0").refusal(scope(method), HOST | {b"origin": b"null"}) is None, "* is all"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_left_to_the_browser(method: str) -> None:
    rules = guard(cors_origins="none", host="0.0.0.0")
    assert rules.refusal(scope(method), HOST | {b"origin": b"https://evil.example"}) is None
    assert rules.refusal(scope(method, type="websocket"), HOST | {b"origin": b"https://evil.example"}) is not None


@pytest.mark.parametrize(
    ("secret", "headers", "wanted"),
    [
        ("", {b"x-hasura-role": b"user"}, Code.ROLES_NOT_SUPPORTED),
        ("", {b"x-hasura-role": b""}, Code.ROLES_NOT_SUPPORTED),
        ("", {b"x-hasura-admin-secret": b"any"}, None),
        ("s", {b"x-hasura-admin-secret": b"s"}, None),
        ("s", {b"x-hasura-admin-secret": b"wrong"}, Code.ACCESS_DENIED),
        ("s", {b"x-hasura-admin-secret": b"wrong", b"x-hasura-role": b"user"}, Code.ACCESS_DENIED),
        ("s", {b"x-hasura-admin-secret": b"s", b"x-hasura-role": b"user"}, Code.ROLES_NOT_SUPPORTED),
        ("s", {b"x-hasura-admin-secret": "é".encode()}, Code.ACCESS_DENIED),
        ("s", {}, None),
    ],
)
def test_what_clients_of_hasura_send(secret: str, headers: H, wanted: Code | None) -> None:
    for kind in ("http", "websocket"):
        assert code(guard(admin_secret=secret).refusal(scope(type=kind), headers)) == wanted


FORWARDED = {b"x-forwarded-for": b"127.0.0.1"}
SECRET = {b"authorization": b"Bearer s"}


@pytest.mark.parametrize(
    ("client", "headers", "without", "with_secret"),
    [
        (("127.0.0.1", 1), {}, None, None),
        (("::1", 1), {}, None, None),
        (("10.0.0.9", 1), {}, Code.PERMISSION_DENIED, Code.ACCESS_DENIED),
        (None, {}, Code.PERMISSION_DENIED, Code.ACCESS_DENIED),
        (("127.0.0.1", 1), FORWARDED, Code.PERMISSION_DENIED, Code.ACCESS_DENIED),
        (("127.0.0.1", 1), {b"forwarded": b"for=127.0.0.1"}, Code.PERMISSION_DENIED, Code.ACCESS_DENIED),
        (("127.0.0.1", 1), {b"origin": b"https://evil.example"}, Code.PERMISSION_DENIED, Code.ACCESS_DENIED),
        (("127.0.0.1", 1), {b"sec-fetch-site": b"cross-site"}, Code.PERMISSION_DENIED, Code.ACCESS_DENIED),
        (("127.0.0.1", 1), {b"sec-fetch-site": b"same-origin"}, None, None),
        (("10.0.0.9", 1), SECRET, Code.PERMISSION_DENIED, None),
        (("10.0.0.9", 1), SECRET | FORWARDED, Code.PERMISSION_DENIED, None),
        (("10.0.0.9", 1), {b"authorization": b"bearer  s "}, Code.PERMISSION_DENIED, None),
        (("10.0.0.9", 1), {b"authorization": b"Basic s"}, Code.PERMISSION_DENIED, Code.ACCESS_DENIED),
        (("10.0.0.9", 1), {b"x-hasura-admin-secret": b"s"}, Code.PERMISSION_DENIED, None),
    ],
)
def test_operators_addresses(client: object, headers: H, without: Code | None, with_secret: Code | None) -> None:
    asked = scope("GET", "/metrics", client=client, headers=list((HOST | headers).items()))
    assert code(guard().operator_refusal(asked)) == without
    assert code(guard(admin_secret="s").operator_refusal(asked)) == with_secret
    secret = headers.get(b"authorization", b"").lower().startswith(b"bearer") or b"x-hasura-admin-secret" in headers
    always = guard(admin_secret="s").operator_refusal(asked, always_secret=True)
    assert code(always) == (None if secret else Code.ACCESS_DENIED)


def test_a_bearer_token_of_nothing_opens_nothing() -> None:
    asked = scope("GET", client=("10.0.0.9", 1), headers=[(b"authorization", b"Bearer ")])
    assert guard().operator_refusal(asked) is not None


@pytest.mark.parametrize("value", ["http://example.com", "a b", "*evil", "a/b", "*.*"])
def test_hosts_that_are_none(value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALLOWED_HOSTS", value)
    with pytest.raises(SettingsError, match="ALLOWED_HOSTS takes names such as"):
        load_settings()


def test_open_doors_are_told_at_the_start() -> None:
    (line,) = warnings(chosen())
    assert "CORS_ORIGINS" in line
    assert warnings(chosen(cors_origins="https://a.example")) == []
    assert warnings(chosen(), told_apart=True) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"db_ssl": "required"}, True),
        ({"db_ssl": "required", "db_ssl_ca": __file__}, False),
        ({"db_ssl": "verify"}, False),
        ({}, False),
    ],
)
def test_a_certificate_that_nobody_checks_is_told_at_the_start(settings: dict[str, str], told: bool) -> None:
    lines = warnings(chosen(db_host="db.example", db_name="x", cors_origins=("none",), **settings))
    assert (len(lines) == 1 and "DB_SSL=required" in lines[0]) if told else not lines
