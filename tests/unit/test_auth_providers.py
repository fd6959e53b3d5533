"""Tokens of the shapes that providers issue, with keys of our own, by the configuration that docs/security.md shows."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.auth.auth_file import read_auth
from graphql_app.auth.authentication import Authentication
from graphql_app.auth.authenticator import Authenticator
from graphql_app.auth.configuration import read_configuration
from graphql_app.auth.identity import Identity
from graphql_app.config.settings import Settings
from graphql_app.errors import AppError, Code
from tests.harness.jwks_server import jwks_server
from tests.harness.source_rules import ROOT
from tests.harness.tokens import NAMESPACE, b64, jwk, token

PAGE = (ROOT / "docs" / "security.md").read_text()
NOW = 1_900_000_000
UUID = "5be86359-073c-434b-ad2d-a3932222dabe"
HASURA = {"x-hasura-default-role": "customer", "x-hasura-allowed-roles": ["customer", "visitor"]}
TIMES = {"iat": NOW - 5, "exp": NOW + 3600}

AUTH0 = {
    "iss": "https://shop.eu.auth0.com/", "sub": "auth0|507f1f77bcf86cd799439020",
    "aud": ["https://api.shop.example", "https://shop.eu.auth0.com/userinfo"], **TIMES,
    "azp": "my_client_id", "scope": "openid profile email", "permissions": [], "gty": "password",
    NAMESPACE: HASURA | {"x-hasura-user-id": "auth0|507f1f77bcf86cd799439020"},
}  # fmt: skip
KEYCLOAK = {
    **TIMES, "auth_time": NOW - 5, "jti": "onrtac:0b6b", "iss": "https://sso.example.com/realms/shop",
    "aud": ["shop-api", "account"], "sub": UUID, "typ": "Bearer", "azp": "shop-web", "sid": "8d", "acr": "1",
    "allowed-origins": ["https://shop.example"], "scope": "openid email", "email_verified": True,
    "realm_access": {"roles": ["default-roles-shop", "offline_access", "uma_authorization", "customer"]},
    "resource_access": {"account": {"roles": ["manage-account"]}}, "preferred_username": "ann",
}  # fmt: skip
COGNITO = {
    "sub": UUID, "cognito:groups": ["customer", "visitor"], "email_verified": True, **TIMES, "auth_time": NOW - 5,
    "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E", "cognito:username": "ann",
    "cognito:roles": ["arn:aws:iam::1:role/x"], "aud": "4f1b2c3d4e5f6a7b8c9d0e1f2a", "token_use": "id",
    "event_id": UUID, "origin_jti": UUID, "jti": UUID, "email": "ann@example.com",
}  # fmt: skip
FIREBASE = {
    NAMESPACE: HASURA | {"x-hasura-user-id": "AbCdEfGhIjKlMnOp"}, "name": "Ann",
    "iss": "https://securetoken.google.com/shop-1234", "aud": "shop-1234", "auth_time": NOW - 5,
    "user_id": "AbCdEfGhIjKlMnOp", "sub": "AbCdEfGhIjKlMnOp", **TIMES,
    "firebase": {"identities": {"email": ["ann@example.com"]}, "sign_in_provider": "password"},
}  # fmt: skip
SUPABASE = {
    "iss": "https://abcdefghijklmnop.supabase.co/auth/v1", "sub": UUID, "aud": "authenticated", **TIMES,
    "email": "ann@example.com", "phone": "", "role": "authenticated", "aal": "aal1", "session_id": UUID,
    "app_metadata": {"provider": "email", "providers": ["email"], "role": "customer"}, "is_anonymous": False,
    "user_metadata": {"role": "admin", NAMESPACE: HASURA | {"x-hasura-default-role": "admin"}},
    "amr": [{"method": "password", "timestamp": NOW - 5}],
}  # fmt: skip
SHAPES: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any], str]] = {
    "Auth0": ("RS256", AUTH0, {"typ": "JWT"}, "auth0|507f1f77bcf86cd799439020"),
    "Keycloak": ("RS256", KEYCLOAK, {"typ": "JWT"}, UUID),
    "Cognito": ("RS256", COGNITO, {"typ": None}, UUID),
    "Firebase": ("RS256", FIREBASE, {"typ": "JWT"}, "AbCdEfGhIjKlMnOp"),
    "Supabase": ("ES256", SUPABASE, {"typ": "JWT"}, UUID),
}
"""The algorithm of each, claims, further headers, and the user's id."""


def configuration(provider: str) -> str:
    """The YAML that the page shows for a provider."""
    section = PAGE.partition(f"### {provider}\n")[2]
    found = re.search(r"```yaml\n(.*?)```", section.partition("\n### ")[0], re.DOTALL)
    assert found is not None
    return found[1]


async def identify(folder: Path, text: str, keys: list[dict[str, Any]], shown: str) -> Identity:
    """Who shows a token, under this configuration, the issuer's keys being these."""
    with jwks_server() as server:
        server.publish(*keys)
        changed, count = re.subn(r"jwks: https://\S+", f'jwks: "{server.url}"', text)
        assert count == 1
        path = folder / "graphql_app.yaml"
        path.write_text(changed)
        options: dict[str, Any] = {"_env_file": None, "config_file": path, "admin_secret": "top"}
        settings = Settings(**options)
        taken: list[Authenticator] = []
        made = Authentication(settings, AdminSecrets.of(settings), taken.append, clock=lambda: float(NOW))
        async with made.running():
            made.configure(read_configuration(settings))
            async with asyncio.timeout(20):
                while made.waiting is not None:  # noqa: ASYNC110 - that is how readiness asks
                    await asyncio.sleep(0.01)
            return await taken[0].identify([(b"authorization", f"Bearer {shown}".encode())])


def published(algorithm: str) -> list[dict[str, Any]]:
    """A set as providers have it: the key, the next one, and one for encryption (Keycloak)."""
    encryption = jwk("RS256", 5, use="enc", alg="RSA-OAEP")
    return [encryption, jwk(algorithm, 1), jwk(algorithm, x5c=["MIIC"], x5t="abc")]


@pytest.mark.parametrize("provider", SHAPES)
async def test_a_token_of_a_provider(provider: str, tmp_path: Path) -> None:
    algorithm, claims, header, user = SHAPES[provider]
    shown = token(claims, algorithm, kid=f"{algorithm}-0", **header)
    found = await identify(tmp_path, configuration(provider), published(algorithm), shown)
    assert (found.role, found.variables["x-hasura-user-id"], found.subject) == ("customer", user, claims["sub"])
    assert (found.issuer, found.expires) == (claims["iss"], NOW + 3600)
    assert found.variables.keys() == {"x-hasura-role", "x-hasura-user-id"}


@pytest.mark.parametrize("provider", SHAPES)
@pytest.mark.parametrize("wrong", ["iss", "aud", "exp", "signature"])
async def test_a_token_that_is_nearly_one(provider: str, wrong: str, tmp_path: Path) -> None:
    """Of another tenant, for another app, too old, signed by somebody else."""
    algorithm, claims, header, _ = SHAPES[provider]
    changed = {"iss": claims["iss"] + "2", "aud": "another", "exp": NOW - 1, "signature": None}[wrong]
    full = claims if wrong == "signature" else {**claims, wrong: changed}
    number = 2 if wrong == "signature" else 0
    shown = token(full, algorithm, number, kid=f"{algorithm}-0", **header)
    with pytest.raises(AppError) as refused:
        await identify(tmp_path, configuration(provider), published(algorithm), shown)
    assert refused.value.code is Code.INVALID_JWT


async def test_what_a_user_may_write_gives_no_role(tmp_path: Path) -> None:
    """Supabase's `user_metadata`, and a token without a role of the app."""
    claims = {**SUPABASE, "app_metadata": {"provider": "email"}}
    shown = token(claims, "ES256", kid="ES256-0")
    found = await identify(tmp_path, configuration("Supabase"), published("ES256"), shown)
    assert found.role == "authenticated"


async def test_an_access_token_of_cognito_is_no_id_token(tmp_path: Path) -> None:
    claims = {name: value for name, value in COGNITO.items() if name != "aud"} | {"client_id": COGNITO["aud"]}
    with pytest.raises(AppError, match="JWTNotInAudience"):
        await identify(tmp_path, configuration("Cognito"), published("RS256"), token(claims, "RS256", kid="RS256-0"))


async def test_a_token_without_a_signature(tmp_path: Path) -> None:
    """As Firebase's emulator issues them."""
    header = b64(json.dumps({"alg": "none", "typ": "JWT"}))
    shown = f"{header}.{token(FIREBASE).split('.')[1]}."
    with pytest.raises(AppError) as refused:
        await identify(tmp_path, configuration("Firebase"), published("RS256"), shown)
    assert refused.value.code is Code.INVALID_JWT


def test_every_example_of_the_page_is_a_configuration() -> None:
    """What is not a provider's, too: each block of YAML with `auth` is read."""
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    sections = [block["auth"] for block in blocks if "auth" in block]
    assert len(sections) >= 8
    for section in sections:
        read_auth(section)
