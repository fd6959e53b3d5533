"""An Apollo app with users: login at an issuer as Keycloak is one, own rows, other roles, tokens that run out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.node import Npm, names_of
from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.issuer import AUDIENCE, Issuer, User, serving

SCRIPT = "login.test.mjs"

RULES = """
auth:
  anonymous: visitor
  jwt:
    - issuer: {issuer}
      audience: {audience}
      jwks: {issuer}/protocol/openid-connect/certs
      algorithms: [RS256]
      claims:
        map:
          x-hasura-default-role: user
          x-hasura-allowed-roles: {{path: $.realm_access.roles}}
          x-hasura-customer-id: {{path: $.customer_id}}
roles:
  visitor:
    tables:
      categories: {{select: {{columns: [id, name], filter: {{}}}}}}
  user:
    inherits: [visitor]
    tables:
      addresses:
        select: {{columns: "*", filter: {{customer_id: {{_eq: X-Hasura-Customer-Id}}}}}}
        insert:
          columns: [label, street, city, postcode, country]
          check: {{customer_id: {{_eq: X-Hasura-Customer-Id}}}}
          set: {{customer_id: X-Hasura-Customer-Id}}
        delete: {{filter: {{customer_id: {{_eq: X-Hasura-Customer-Id}}}}}}
  manager:
    tables:
      addresses: {{select: {{columns: "*", filter: {{}}}}}}
"""

USERS = {
    "ann": User("secret", ("user",), 1),
    "max": User("secret", ("user", "manager"), 2),
}


@pytest.fixture(scope="module")
def results(
    npm: Npm, client_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What each test of the script ended with."""
    folder: Path = tmp_path_factory.mktemp("login")
    with serving(Issuer(USERS)) as issuer:
        rules = folder / "graphql_app.yaml"
        rules.write_text(RULES.format(issuer=issuer.url, audience=AUDIENCE))
        settings = {"CONFIG_FILE": str(rules), "ADMIN_SECRET": "an admin's secret"}
        app = RunningApp(client_settings | settings, ("serve",), folder)
        try:
            app.wait_ready()
            yield npm.tests(SCRIPT, app.url, {"ISSUER_URL": issuer.url})
        finally:
            end([(app, True)])


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_login(name: str, results: dict[str, str]) -> None:
    """Each test of the script."""
    assert results[name] == ""
