"""`AUDIT`: the log says who wrote what, or read it, and how many rows, and never a value."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

SECRET = {"x-hasura-admin-secret": "s3cret"}
AS_EDITOR = SECRET | {"x-hasura-role": "editor"}
KEY = "key of the night"
RULES = f"""
auth:
  api_keys:
    - {{name: nightly, sha256: {sha256(KEY.encode()).hexdigest()}, role: editor}}
roles:
  editor:
    tables:
      users:
        select: {{columns: "*", filter: {{}}}}
        insert: {{columns: [name, email, age], check: {{age: {{_gt: 17}}}}}}
        update: {{columns: [age], filter: {{}}, check: {{}}}}
"""
INSERT = 'mutation { insert_users(objects: [{name: "Ada", age: 36}, {name: "Bo", age: 40}]) { affected_rows } }'


def audited(app: RunningApp) -> list[dict[str, object]]:
    """What the audit log says, without times and ids."""
    lines = [json.loads(line) for line in app.log.splitlines() if '"event":"audited"' in line]
    return [{key: each[key] for key in each.keys() - {"time", "level", "event", "request"}} for each in lines]


@pytest.mark.engines("mariadb")
def test_writes_are_audited(engine: Engine, own_shop: str, start_app: StartApp, tmp_path: Path) -> None:
    """Done and refused, by API, import and key; LOG_LEVEL does not silence them."""
    rules = tmp_path / "graphql_app.yaml"
    rules.write_text(RULES)
    settings = {"AUDIT": "writes", "LOG_FORMAT": "json", "LOG_LEVEL": "error"}
    settings |= {"CONFIG_FILE": str(rules), "ADMIN_SECRET": "s3cret"}
    app = start_app(engine.environment(own_shop), settings=settings)
    client = app.client
    assert client.post("/graphql", json={"query": INSERT}, headers=AS_EDITOR).json()["data"]
    assert client.get("/api/users/query", headers=AS_EDITOR).status_code == 200, "reads are not asked for"
    young = {"input": {"name": "Cy", "age": 3}}
    assert client.post("/api/users", json=young, headers=AS_EDITOR).status_code == 403
    put = {"input": {"age": 41}, "where": {"name": "Bo"}}
    assert client.put("/api/users", json=put, headers=SECRET).status_code == 200
    file = {"file": ("users.csv", b"name,age\nDi,50\nEd,60\nFy,9\n")}
    assert client.post("/api/batch/import", files=file, headers={"x-api-key": KEY}).status_code == 207
    again = SECRET | {"idempotency-key": "k"}
    for _ in range(2):
        assert client.post("/api/users", json={"input": {"name": "Gil"}}, headers=again).status_code == 200

    def line(role: str, rows: int | None = None, action: str = "write", **more: object) -> dict[str, object]:
        found: dict[str, object] = {"role": role, "action": action, "tables": "users", **more}
        return found if rows is None else found | {"rows": rows}

    assert audited(app) == [
        line("editor", 2),
        line("editor", code="PERMISSION_DENIED", outcome="not_applied"),
        line("admin", 1),
        line("editor", 2, "import", subject="nightly"),
        line("admin", 1),
        line("admin", 0, replayed=True),
    ]
    for value in ("Ada", "Bo", "Cy", "Di", "s3cret", KEY):
        assert value not in app.log


@pytest.mark.engines("mariadb")
def test_reads_are_audited_where_all_is_asked_for(engine: Engine, shop_database: str, start_app: StartApp) -> None:
    """GraphQL, REST and exports; where there are no roles, nobody is named."""
    settings = {"AUDIT": "all", "LOG_FORMAT": "json"}
    app = start_app(engine.environment(shop_database), settings=settings)
    client = app.client
    query = "{ orders(limit: 3) { id customer { name } } users_by_pk(id: 1) { id } }"
    assert client.post("/graphql", json={"query": query}).json()["data"]
    customers = len(client.get("/api/customers/query").json()["data"])
    assert client.get("/api/customers/export").status_code == 200
    assert client.post("/graphql", json={"query": "{ nothing }"}).json()["errors"]
    assert audited(app) == [
        {"role": "", "action": "read", "tables": "customers,orders,users", "rows": 4},
        {"role": "", "action": "read", "tables": "customers", "rows": customers},
        {"role": "", "action": "export", "tables": "customers", "rows": customers},
    ]
