"""Who is asking, by headers alone: admin secret, token, anonymous role; and what the claims of a token give."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.auth.auth_file import read_auth
from graphql_app.auth.authenticator import Authenticator, Issuer, StaticKeys
from graphql_app.auth.identity import Identity
from graphql_app.auth.tokens.claims import ClaimsReader
from graphql_app.auth.tokens.jwt import TokenRules
from graphql_app.auth.tokens.keys import pem_key, secret_key
from graphql_app.auth.tokens.place import TokenPlace
from graphql_app.errors import AppError, Code
from tests.harness.tokens import NAMESPACE, SECRET, hasura, pem, token

NOW = 1_900_000_000.0
ISSUER = "https://id.example.com/"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": "shop", "sub": "ann", "exp": NOW + 300, **hasura("user", user_id="5"),
}  # fmt: skip
ROLES: dict[str, Any] = {"x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user"]}


def authenticator(*configs: Mapping[str, Any], now: list[float] | None = None, **more: Any) -> Authenticator:
    """An authenticator of issuers as the configuration has them, of HMAC or RSA with keys of our own."""
    issuers = []
    for config in configs or ({},):
        full = {"issuer": ISSUER, "audience": "shop", "algorithms": ["HS256"], "secret_env": "S", **config}
        if not full["algorithms"][0].startswith("HS"):
            full |= {"key": pem(full["algorithms"][0])}
            del full["secret_env"]
        read = read_auth({"jwt": [full]}).jwt[0]
        rules = TokenRules(read.name, read.audiences, frozenset(read.algorithms), read.type, read.allowed_skew)
        issuers.append(
            Issuer(
                rules,
                StaticKeys((_key(read.algorithms),)),
                ClaimsReader(read.claims),
                TokenPlace.of(read.header),
            )
        )
    moment = [NOW] if now is None else now
    return Authenticator(AdminSecrets([b"top", b"older"]), lambda: moment[0], issuers=issuers, **more)


def _key(algorithms: list[Any]) -> Any:
    return secret_key(SECRET, algorithms) if algorithms[0].startswith("HS") else pem_key(pem(algorithms[0]), algorithms)


def identify(made: Authenticator, *pairs: tuple[str, str]) -> Identity:
    """Who sends these headers."""
    return asyncio.run(made.identify([(name.lower().encode(), value.encode()) for name, value in pairs]))


def code(made: Authenticator, *pairs: tuple[str, str]) -> Code:
    """Why nobody does."""
    with pytest.raises(AppError) as refused:
        identify(made, *pairs)
    return refused.value.code


def bearing(claims: Mapping[str, Any], *more: tuple[str, str], algorithm: str = "HS256") -> tuple[tuple[str, str], ...]:
    return ("Authorization", f"Bearer {token(claims, algorithm)}"), *more


def test_several_issuers_are_chosen_by_iss() -> None:
    """Each with its own algorithms and audience: a token of one that says it is another's does not count."""
    made = authenticator({}, {"issuer": "https://other.example/", "audience": "else", "algorithms": ["RS256"]})
    other = CLAIMS | {"iss": "https://other.example/", "aud": "else"}
    assert identify(made, *bearing(CLAIMS)).issuer == ISSUER
    assert identify(made, *bearing(other, algorithm="RS256")).issuer == "https://other.example/"
    assert code(made, *bearing(other)) is Code.INVALID_JWT
    assert code(made, *bearing(CLAIMS, algorithm="RS256")) is Code.INVALID_JWT
    assert code(made, *bearing(CLAIMS | {"iss": "https://third.example/"})) is Code.INVALID_JWT
    assert code(made, *bearing({**CLAIMS, "iss": None})) is Code.INVALID_JWT


def test_where_a_token_stands() -> None:
    cookie = authenticator({"header": {"type": "Cookie", "name": "session"}})
    good = token(CLAIMS)
    assert identify(cookie, ("Cookie", f"a=b; session={good}; c=d")).role == "user"
    assert identify(cookie, ("Cookie", "a=b"), ("Cookie", f'session="{good}"')).role == "user"
    assert code(cookie, ("Cookie", f"Session={good}")) is Code.INVALID_HEADERS
    assert code(cookie, ("Cookie", f"session={good}; session={good}")) is Code.INVALID_HEADERS
    assert code(cookie, ("Cookie", "session=")) is Code.INVALID_JWT
    custom = authenticator({"header": {"type": "CustomHeader", "name": "X-Token"}})
    assert identify(custom, ("x-token", good)).role == "user"
    assert identify(custom, ("x-token", f"Bearer {good}")).role == "user"
    assert code(custom, ("authorization", f"Bearer {good}")) is Code.INVALID_HEADERS
    assert code(custom, ("x-token", good), ("X-Token", good)) is Code.INVALID_HEADERS
    both = authenticator({}, {"issuer": "b", "header": {"type": "Cookie", "name": "session"}})
    assert identify(both, ("cookie", f"session={token(CLAIMS | {'iss': 'b'})}")).issuer == "b"
    assert code(both, ("cookie", f"session={good}")) is Code.INVALID_JWT, "the token of one in the place of the other"
    assert code(both, *bearing(CLAIMS | {"iss": "b"})) is Code.INVALID_JWT


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YTpi", "Token abc", "Bearer a b", "a.b.c"])
def test_authorization_that_is_no_bearer_token(value: str) -> None:
    made = authenticator(anonymous="visitor")
    assert code(made, ("Authorization", value)) is Code.INVALID_HEADERS


def test_the_scheme_is_read_in_any_case() -> None:
    for scheme in ("bearer", "BEARER", "Bearer "):
        assert identify(authenticator(), ("Authorization", f"{scheme} {token(CLAIMS)}")).role == "user"


@pytest.mark.parametrize(
    "name", ["authorization", "x-hasura-admin-secret", "x-hasura-role", "x-hasura-user-id", "x-api-key", "X-HASURA-ORG"]
)
def test_headers_that_are_there_twice(name: str) -> None:
    """A proxy may have read the first, and this program would read the last."""
    first = bearing(CLAIMS)
    more = () if name == "authorization" else ((name, "a"),)
    pairs = (*first, *more, (name.swapcase(), "b"))
    assert code(authenticator(anonymous="visitor"), *pairs) is Code.INVALID_HEADERS
    assert identify(authenticator(), *first, ("accept", "a"), ("Accept", "b")).role == "user", "others may be"


def test_what_unknown_callers_say_of_themselves_does_not_count() -> None:
    injected = [
        ("x-hasura-user-id", "666"), ("X-Hasura-User-Id ", "666"), ("x_hasura_user_id", "666"),
        ("x-hasura-allowed-roles", '["admin"]'), ("x-hasura-default-role", "admin"), ("x-hasura-org", "7"),
        ("x-hasura-use-backend-only-permissions", "true"), ("x-hasura-access-key", "top"),
    ]  # fmt: skip
    found = identify(authenticator(), *bearing(CLAIMS), *injected)
    assert (found.role, dict(found.variables), found.backend) == (
        "user",
        {"x-hasura-user-id": "5", "x-hasura-role": "user"},
        False,
    )
    anonymous = identify(authenticator(anonymous="visitor"), *injected, ("x-hasura-role", "admin"))
    assert (anonymous.role, dict(anonymous.variables), anonymous.backend) == (
        "visitor",
        {"x-hasura-role": "visitor"},
        False,
    )


def test_the_admin_and_whom_it_acts_as() -> None:
    made = authenticator(anonymous="visitor")
    admin = identify(made, ("x-hasura-admin-secret", "top"))
    assert (admin.admin, admin.backend, admin.expires) == (True, True, None)
    assert identify(made, ("x-hasura-admin-secret", "older")).admin
    acting = identify(
        made, ("x-hasura-admin-secret", "top"), ("X-Hasura-Role", "user"), ("X-Hasura-User-Id", "Ünal"),
        *bearing({**CLAIMS, "exp": 0}),
    )  # fmt: skip
    assert (acting.role, acting.backend) == ("user", False)
    assert dict(acting.variables) == {"x-hasura-role": "user", "x-hasura-user-id": "Ünal"}
    backend = ("x-hasura-use-backend-only-permissions", "true")
    assert identify(made, ("x-hasura-admin-secret", "top"), ("x-hasura-role", "user"), backend).backend
    assert code(made, ("x-hasura-admin-secret", "top"), ("x-hasura-role", "user"), (backend[0], "yes")) is (
        Code.INVALID_HEADERS
    )
    for wrong in ("", "to", "topp", "TOP", "top,older", "older "):
        assert code(made, ("x-hasura-admin-secret", wrong), *bearing(CLAIMS)) is Code.ACCESS_DENIED


def test_a_token_counts_no_longer_than_it_lives() -> None:
    """What was verified a moment ago is not verified again, and ends all the same."""
    now = [NOW]
    made = authenticator({"allowed_skew": 10}, now=now)
    pairs = bearing({**CLAIMS, "exp": NOW + 20})
    first = identify(made, *pairs)
    assert first.expires == NOW + 30
    assert identify(made, *pairs) is first
    now[0] = NOW + 29.9
    assert identify(made, *pairs) is first
    now[0] = NOW + 30
    assert code(made, *pairs) is Code.INVALID_JWT
    long = bearing({**CLAIMS, "exp": NOW + 10_000})
    known = identify(made, *long)
    now[0] = NOW + 331
    assert identify(made, *long) is not known, "after five minutes it is verified anew"
    again = identify(made, *long)
    made.forget()
    assert identify(made, *long) is not again


def test_one_token_and_several_roles() -> None:
    """The role asked for belongs to the request, not to the token that is known."""
    made = authenticator()
    two = bearing(CLAIMS | hasura("user", "editor", user_id="5"))
    assert [
        identify(made, *two, *more).role
        for more in ((), (("x-hasura-role", "editor"),), (), (("x-hasura-role", "user"),))
    ] == ["user", "editor", "user", "user"]
    for wanted in ("admin", "EDITOR", "editor,user", "", "user\0"):
        assert code(made, *two, ("x-hasura-role", wanted)) is Code.ROLE_NOT_ALLOWED


# --- what a token says ------------------------------------------------------


def grants(claims: Mapping[str, Any], **config: Any) -> dict[str, str]:
    """The variables that a token with these claims gives, the role among them."""
    made = authenticator({"claims": config} if config else {})
    full = {"iss": ISSUER, "aud": "shop", "exp": NOW + 300, **claims}
    return dict(identify(made, *bearing(full)).variables)


def refusal(claims: Mapping[str, Any], **config: Any) -> tuple[str, str]:
    """Code and message of a token whose claims do not fit."""
    with pytest.raises(AppError) as refused:
        grants(claims, **config)
    return refused.value.code, refused.value.message


def test_claims_below_a_namespace() -> None:
    space = {"X-Hasura-Default-Role": "user", "x-hasura-allowed-roles": ["user"], "X-Hasura-User-Id": "5", "other": 1}
    wanted = {"x-hasura-role": "user", "x-hasura-user-id": "5"}
    assert grants({NAMESPACE: space}) == wanted
    assert grants({"mine": space}, namespace="mine") == wanted
    assert grants({"a": {"b.c": [space]}}, namespace_path="$.a['b.c'][0]") == wanted
    assert grants({**space}, namespace_path="$") == wanted
    assert grants({NAMESPACE: json.dumps(space)}, format="stringified_json") == wanted


def test_values_of_variables() -> None:
    given = {"a": "text", "b": 5, "c": True, "d": ["1", 2], "e": None, "f": 10**30, "g": "{1,2}", "h": ""}
    found = grants({NAMESPACE: ROLES | {f"x-hasura-{name}": value for name, value in given.items()}})
    assert found == {
        "x-hasura-role": "user", "x-hasura-a": "text", "x-hasura-b": "5", "x-hasura-c": "true",
        "x-hasura-d": '["1", 2]',
        "x-hasura-f": str(10**30), "x-hasura-g": "{1,2}", "x-hasura-h": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("claims", "code", "message"),
    [
        ({}, "JWT_INVALID_CLAIMS", f"claims key: '{NAMESPACE}' not found"),
        ({NAMESPACE: "x"}, "JWT_INVALID_CLAIMS", "the claims are a text"),
        ({NAMESPACE: []}, "JWT_INVALID_CLAIMS", "the claims are no object"),
        ({NAMESPACE: {}}, "JWT_MISSING_ROLE_CLAIMS", "JWT claim does not contain x-hasura-allowed-roles"),
        (
            {NAMESPACE: {"x-hasura-allowed-roles": ["user"]}},
            "JWT_MISSING_ROLE_CLAIMS",
            "JWT claim does not contain x-hasura-default-role",
        ),
        ({NAMESPACE: ROLES | {"x-hasura-allowed-roles": "user"}}, "JWT_INVALID_CLAIMS", "should be a list of roles"),
        ({NAMESPACE: ROLES | {"x-hasura-allowed-roles": [1]}}, "JWT_INVALID_CLAIMS", "should be a list of roles"),
        ({NAMESPACE: ROLES | {"x-hasura-default-role": 5}}, "JWT_INVALID_CLAIMS", "should be a role"),
        ({NAMESPACE: ROLES | {"x-hasura-default-role": "other"}}, "ROLE_NOT_ALLOWED", "not in allowed roles"),
        ({NAMESPACE: ROLES | {"x-hasura-a": {"b": 1}}}, "JWT_INVALID_CLAIMS", "x-hasura-a: expected a text"),
        ({NAMESPACE: ROLES | {"x-hasura-a": 1.5}}, "JWT_INVALID_CLAIMS", "x-hasura-a: expected a text"),
        ({NAMESPACE: ROLES | {"x-hasura-a": [[1]]}}, "JWT_INVALID_CLAIMS", "x-hasura-a: expected a text"),
        ({NAMESPACE: ROLES | {"x-hasura-a": "1", "X-Hasura-A": "2"}}, "JWT_INVALID_CLAIMS", "is there twice"),
        ({NAMESPACE: ROLES | {f"x-hasura-{n}": "" for n in range(300)}}, "JWT_INVALID_CLAIMS", "more than 200"),
    ],
)
def test_claims_that_do_not_fit(claims: dict[str, Any], code: str, message: str) -> None:
    found = refusal(claims)
    assert found[0] == code
    assert message in found[1]


def test_stringified_claims_that_are_none() -> None:
    values: list[Any] = ["{", "[]", '{"x-hasura-a": 1, "x-hasura-a": 2}', 5, {}, '"\\ud800"']
    for value in values:
        assert refusal({NAMESPACE: value}, format="stringified_json")[0] == "JWT_INVALID_CLAIMS"


def test_a_map_of_claims() -> None:
    """Literals, paths, and paths with a default; what a token holds in Hasura's namespace does not count then."""
    config = {
        "x-hasura-default-role": {"path": "$.role", "default": "user"},
        "x-hasura-allowed-roles": {"path": "$.realm.roles", "default": ["user"]},
        "X-Hasura-User-Id": "$.sub",
        "x-hasura-org": {"path": "$.orgs[1].id", "default": "none"},
        "x-hasura-gone": "$.gone",
        "x-hasura-kind": "person",
    }
    claims = {"sub": "ann", NAMESPACE: ROLES | {"x-hasura-default-role": "admin"}}
    assert grants(claims, map=config) == {
        "x-hasura-role": "user", "x-hasura-user-id": "ann", "x-hasura-org": "none", "x-hasura-kind": "person",
    }  # fmt: skip
    more = {"sub": "ann", "role": "b", "realm": {"roles": ["a", "b"]}, "orgs": [{"id": 1}, {"id": 2}]}
    assert grants(more, map=config)["x-hasura-role"] == "b"
    assert grants(more, map=config)["x-hasura-org"] == "2"
    assert refusal({"role": "z"}, map=config)[0] == "ROLE_NOT_ALLOWED"
    alone = {"x-hasura-default-role": "$.role"}
    assert grants({"role": "z"}, map=alone) == {"x-hasura-role": "z"}, "without a list it is the only one"
    assert refusal({}, map=alone)[0] == "JWT_MISSING_ROLE_CLAIMS"
