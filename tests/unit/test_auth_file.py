"""The section `auth` of the configuration: each mistake is told in one line, and stops the start."""

from __future__ import annotations

import asyncio
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.auth.api_keys import ApiKeys
from graphql_app.auth.auth_file import ApiKey, AuthFileError, read_auth
from graphql_app.auth.authentication import Authentication, check_start
from graphql_app.auth.authenticator import Authenticator
from graphql_app.auth.configuration import Configuration, read_configuration
from graphql_app.auth.tokens.claims_path import MISSING, ClaimsPathError, follow, parse_path
from graphql_app.config.settings import Settings
from graphql_app.config.sources import SettingsError
from graphql_app.errors import AppError, Code, RequestError
from tests.harness.tokens import SECRET, pem

JWT: dict[str, Any] = {"issuer": "a", "audience": "b", "algorithms": ["RS256"], "jwks": "https://id.example/jwks"}
KEY: dict[str, Any] = {"name": "a", "sha256": "0" * 64, "role": "user"}


def jwt(**change: Any) -> dict[str, Any]:
    """The section with one issuer; None takes an entry away."""
    return {"jwt": [{name: value for name, value in (JWT | change).items() if value is not None}]}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"jwts": []}, "auth.jwts: Extra inputs are not permitted"),
    (jwt(issuer=None), "auth.jwt.0.issuer: Field required"),
    (jwt(issuer=""), "auth.jwt.0.issuer: must not be empty"),
    (jwt(issuer={"any": False}), "auth.jwt.0.issuer"),
    (jwt(audience=None), "auth.jwt.0.audience: Field required"),
    (jwt(audience=[]), "audience: the list is empty"),
    (jwt(algorithms=None), "auth.jwt.0.algorithms: Field required"),
    (jwt(algorithms=[]), "auth.jwt.0.algorithms"),
    (jwt(algorithms=["none"]), "auth.jwt.0.algorithms.0"),
    (jwt(algorithms=["RS256", "ES256"]), "EC and RSA do not go together"),
    (jwt(algorithms=["HS256"]), "jwks: HS algorithms take a secret"),
    (jwt(algorithms=["RS256", "HS256"]), "HMAC and RSA do not go together"),
    (jwt(jwks=None), "no key: it takes one of jwks, key, key_file, secret_env, secret_file"),
    (jwt(key="x"), "'jwks' and 'key' are both there"),
    (jwt(jwks=None, secret_env="X"), "secret_env: only HS algorithms take a secret"),
    (jwt(jwks="http://id.example/jwks"), "http:// is taken for this machine alone"),
    (jwt(jwks="https://user:pw@id.example/jwks"), "an address must not hold a password"),
    (jwt(jwks="file:///etc/passwd"), "it takes an address that begins with https://"),
    (jwt(jwks="https:///x"), "it takes an address that begins with https://"),
    (jwt(jwks="https://h:99999/x"), "is no address"),
    (jwt(jwks="https://h/ x"), "an address has no blanks"),
    (jwt(allowed_skew=61), "auth.jwt.0.allowed_skew"),
    (jwt(allowed_skew=-1), "auth.jwt.0.allowed_skew"),
    (jwt(allowed_skew="5"), "auth.jwt.0.allowed_skew"),
    (jwt(header={"type": "Cookie"}), "'name' goes with type Cookie and CustomHeader"),
    (jwt(header={"type": "Authorization", "name": "x"}), "'name' goes with type Cookie and CustomHeader"),
    (jwt(header={"type": "CustomHeader", "name": "a b"}), "is no name of a header or cookie"),
    (jwt(claims={"namespace": "a", "namespace_path": "$.a"}), "'namespace' and 'namespace_path' are both there"),
    (jwt(claims={"namespace_path": "a.b"}), "is no path into the claims"),
    (jwt(claims={"map": {"x-hasura-allowed-roles": ["a"]}}), "map: 'x-hasura-default-role' is missing"),
    (jwt(claims={"map": {"user-id": "a"}}), "is no session variable"),
    ({"jwt": [JWT, JWT]}, "two entries have the same issuer"),
    ({"jwt": [JWT, JWT | {"issuer": {"any": True}}]}, "with several entries each names its issuer"),
    ({"jwt": [JWT], "webhook": {"url": "https://h"}}, "'jwt' and 'webhook' are both there"),
    ({"anonymous": "a", "webhook": {"url": "https://h"}}, "the webhook says who is anonymous"),
    ({"webhook": {"url": "http://h"}}, "http:// is taken for this machine alone"),
    ({"webhook": {"url": "https://h", "mode": "PUT"}}, "auth.webhook.mode"),
    ({"anonymous": "admin"}, "'admin' may do everything"),
    ({"anonymous": ""}, "auth.anonymous: must not be empty"),
    ({"api_keys": [KEY | {"sha256": "0" * 63}]}, "auth.api_keys.0.sha256"),
    ({"api_keys": [KEY | {"key": "secret"}]}, "auth.api_keys.0.key: Extra inputs"),
    ({"api_keys": [KEY, KEY]}, "two entries have the same name"),
    ({"api_keys": [KEY, KEY | {"name": "b"}]}, "two entries have the same sha256"),
    ({"api_keys": [KEY | {"variables": {"user": "5"}}]}, "is no session variable"),
    ({"api_keys": [KEY | {"expires": "soon"}]}, "auth.api_keys.0.expires"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "said"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_section(section: dict[str, Any], said: str) -> None:
    with pytest.raises(AuthFileError) as refused:
        read_auth(section)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("auth")


def test_paths() -> None:
    claims = {"a": {"b.c": [{"d": 5}]}, "x y": None, "": 1}
    for path, found in {
        "$": claims, "$.a": claims["a"], "$.a['b.c'][0].d": 5, '$.a["b.c"][0]["d"]': 5, "$['x y']": None,
        "$.b": MISSING, "$.a['b.c'][1]": MISSING, "$.a[0]": MISSING, "$.a.d": MISSING, "$['']": 1,
    }.items():  # fmt: skip
        assert follow(parse_path(path), claims) is found
    for bad in ("", "a", "$a", "$.", "$..a", "$.a[", "$.a[x]", "$.a['b]", "$ .a", "$.a[-1]", "$" + ".a" * 300):
        with pytest.raises(ClaimsPathError):
            parse_path(bad)


def settings(folder: Path, text: str, **more: Any) -> Settings:
    """Settings with this configuration."""
    path = folder / "graphql_app.yaml"
    path.write_text(text)
    options: dict[str, Any] = {"_env_file": None, "config_file": path, **more}
    return Settings(**options)


GOOD = "auth: {jwt: [{issuer: a, audience: b, algorithms: [HS256], secret_env: TOKENS}]}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("auth: {anonymous: visitor}", "ADMIN_SECRET is not set, and graphql_app.yaml says 'auth' or 'roles'"),
        ("auth:", "ADMIN_SECRET is not set"),
        ("roles: {}", "ADMIN_SECRET is not set"),
        ("auth: {anonymous: admin}", "graphql_app.yaml: auth.anonymous: 'admin' may do everything"),
        (GOOD, "auth.jwt.0: secret_env: the environment variable TOKENS is not set"),
        (GOOD.replace("secret_env: TOKENS", "secret_file: none"), "graphql_app.yaml: none cannot be read"),
        (GOOD.replace("secret_env: TOKENS", "secret_file: short"), "auth.jwt.0: the secret has 5 bytes"),
        (GOOD.replace("HS256", "RS256").replace("secret_env: TOKENS", "key_file: short"), "it is no public key"),
    ],
)
def test_what_stops_the_start(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "short").write_text("short\n")
    secret = {} if said.startswith("ADMIN_SECRET") else {"admin_secret": "top"}
    with pytest.raises(SettingsError) as refused:
        check_start(settings(tmp_path, text, **secret))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_does_not_stop_it(tmp_path: Path) -> None:
    for text in ("", "relations: []", "tables: 5", "auth: {anonymous: visitor}\nroles: {visitor: {tables: {}}}"):
        check_start(settings(tmp_path, text, admin_secret="top"))


def live(given: Settings, **environment: str) -> tuple[Authentication, list[Authenticator]]:
    """An authentication, and the authenticators that took over."""
    taken: list[Authenticator] = []
    return Authentication(given, AdminSecrets.of(given), taken.append, environment=environment), taken


def test_what_changes_while_the_program_runs(tmp_path: Path) -> None:
    """Each load takes over; a mistake leaves what was; what would open everything is refused."""
    given = settings(tmp_path, GOOD, admin_secret="top")
    made, taken = live(given, TOKENS=SECRET.decode())
    made.configure(Configuration())
    assert taken == [], "neither auth nor roles: as ever"
    made.configure(read_configuration(given))
    assert len(taken) == 1
    for text, said in (
        ("auth: {jwt: [{issuer: a, audience: b, algorithms: [HS256], secret_env: GONE}]}", "GONE is not set"),
        ("relations: []", "no longer says 'auth' or 'roles'"),
    ):
        (tmp_path / "graphql_app.yaml").write_text(text)
        with pytest.raises(AppError, match=said) as refused:
            made.configure(read_configuration(given))
        assert refused.value.code is Code.CONFLICT
    assert len(taken) == 1
    (tmp_path / "public.pem").write_text(pem("RS256"))
    (tmp_path / "graphql_app.yaml").write_text(
        "auth: {jwt: [{issuer: a, audience: {any: true}, algorithms: [RS256], key_file: public.pem}]}"
    )
    made.configure(read_configuration(given))
    assert len(taken) == 2


async def test_published_keys_are_fetched_while_they_are_needed(tmp_path: Path) -> None:
    """Their clients live on over loads that still name them, and end with the program."""
    text = "auth: {jwt: [{issuer: a, audience: b, algorithms: [RS256], jwks: 'http://127.0.0.1:1/jwks'}]}"
    given = settings(tmp_path, text, admin_secret="top")
    made, _ = live(given)
    before = len(asyncio.all_tasks())
    async with made.running():
        made.configure(read_configuration(given))
        assert made.waiting == "127.0.0.1"
        assert len(asyncio.all_tasks()) == before + 1
        made.configure(read_configuration(given))
        assert len(asyncio.all_tasks()) == before + 1
        (tmp_path / "graphql_app.yaml").write_text("auth: {anonymous: visitor}")
        made.configure(read_configuration(given))
        assert made.waiting is None
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


def key(**more: Any) -> ApiKey:
    """A key whose text is `k`."""
    return ApiKey(**(KEY | {"sha256": sha256(b"k").hexdigest()} | more))


def test_api_keys() -> None:
    keys = ApiKeys("X-Api-Key", [key(variables={"X-Hasura-Org": 7, "x-hasura-on": True}, expires=date(2030, 1, 1))])
    assert keys.identity({b"authorization": b"k"}, 0) is None
    found = keys.identity({b"x-api-key": b"k"}, 0)
    assert found is not None
    assert (found.role, found.subject, found.expires) == ("user", "a", 1_893_456_000.0)
    assert dict(found.variables) == {"x-hasura-org": "7", "x-hasura-on": "true", "x-hasura-role": "user"}
    assert keys.identity({b"x-api-key": b"k", b"x-hasura-role": b"user"}, 0) is found
    for headers, now, code in (
        ({b"x-api-key": b"K"}, 0.0, Code.ACCESS_DENIED),
        ({b"x-api-key": b""}, 0.0, Code.ACCESS_DENIED),
        ({b"x-api-key": sha256(b"k").hexdigest().encode()}, 0.0, Code.ACCESS_DENIED),
        ({b"x-api-key": b"k"}, 1_893_456_000.0, Code.ACCESS_DENIED),
        ({b"x-api-key": b"k", b"x-hasura-role": b"admin"}, 0.0, Code.ROLE_NOT_ALLOWED),
    ):
        with pytest.raises(RequestError) as refused:
            keys.identity(headers, now)
        assert refused.value.code is code
