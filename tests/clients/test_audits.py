"""GraphQL over HTTP as its specification's audits check it: the suite of `graphql-http`, without a warning."""

from __future__ import annotations

import json

from tests.clients.node import SOURCES, Npm
from tests.harness.app_process import RunningApp

AUDITS = 61
"""In the locked version of the suite."""


def test_every_audit_is_content(npm: Npm, client_app: RunningApp) -> None:
    """MUST, SHOULD and MAY alike."""
    audits = json.loads(npm.output("node", "audits.mjs", settings={"GRAPHQL_URL": f"{client_app.url}/graphql"}))
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len({audit["id"] for audit in audits}) == len(audits) == AUDITS


def test_the_audits_find_fault_with_what_is_no_graphql_endpoint(npm: Npm, client_app: RunningApp) -> None:
    """The check can fail: another address of the program passes few of them."""
    audits = json.loads(npm.output("node", "audits.mjs", settings={"GRAPHQL_URL": f"{client_app.url}/healthz"}))
    assert sum(audit["status"] != "ok" for audit in audits) > AUDITS / 2


def test_the_locked_packages_name_no_registry() -> None:
    """The lock pins versions and hashes; where packages come from is each machine's business."""
    lock = (SOURCES / "package-lock.json").read_text()
    asked = json.loads((SOURCES / "package.json").read_text())["dependencies"]
    locked = json.loads(lock)["packages"]
    assert "resolved" not in lock
    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all("integrity" in each for path, each in locked.items() if path)
