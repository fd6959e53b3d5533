"""`graphql-app check` and `schema` of roles: who may do what, what is wrong, what to look at, and the SQL of a role."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphql_app.cli.check import run_check
from graphql_app.cli.role_sql import print_role_sql
from graphql_app.cli.sdl import print_schema
from graphql_app.config.settings import Settings
from graphql_app.server.errors import CannotRun
from tests.harness.engine import Engine

SCHEMA = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, secret VARCHAR(40));
CREATE TABLE orders (
  id INT PRIMARY KEY AUTO_INCREMENT, user_id INT NOT NULL, amount INT NOT NULL, state VARCHAR(10),
  FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE TABLE audit (id INT PRIMARY KEY, order_id INT, FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)
"""
RULES = """
auth: {anonymous: visitor}
roles:
  visitor: {tables: {users: {select: {columns: [id, name], filter: {}, limit: 3}}}}
  user:
    inherits: [visitor]
    tables:
      orders:
        select: {columns: [id, amount, user_id], owner: user_id, allow_aggregations: true}
        insert: {columns: [id, amount], owner: user_id}
        update: {columns: [amount, user_id], filter: {user_id: x-hasura-user-id}}
        delete: {filter: {}, backend_only: true}
  clerk:
    tables:
      orders:
        select: {columns: "*", filter: {state: {_neq: gone}}}
        update: {columns: [state], filter: {}, check: {user_id: {_gt: 0}}}
"""


@pytest.fixture
def shop(engine: Engine, database: str) -> str:
    """A database whose rows belong to users."""
    engine.execute(SCHEMA, database)
    return database


def settings(engine: Engine, database: str, folder: Path, rules: str = RULES) -> Settings:
    """The settings for `database` with these rules."""
    file = folder / "graphql_app.yaml"
    file.write_text(rules)
    given = {name.lower(): value for name, value in engine.environment(database).items()}
    return Settings.model_validate(given | {"config_file": file})


def test_the_matrix_and_the_warnings(engine: Engine, shop: str, tmp_path: Path) -> None:
    lines: list[str] = []
    assert run_check(settings(engine, shop, tmp_path), lines.append)
    text = "\n".join(lines)
    assert "roles      3: visitor, user, clerk (S select, I insert, U update, D delete;" in text
    assert "                   visitor  user            clerk\n" in text
    assert "           orders  -        Srca Ic Urc Db  Sr Uc\n" in text
    assert "           users   Sc       Sc              -\n" in text
    assert "audit  " not in text, "no role may use it"
    for warning in (
        "roles.visitor.tables.users.select: callers without credentials read every row",
        "roles.user.tables.orders.update: there is no check, so a row can be given away: 'user_id' may be changed",
        "roles.user.tables.orders.delete: it may reach rows that the role may not read",
        "roles.user.tables.orders.delete: it reaches rows of 'audit' (ON DELETE CASCADE), whatever the rules",
        "roles.user.tables.orders.insert: a refused row tells that the key PRIMARY (id) exists",
        "roles.clerk.tables.orders.select: 'state' may be NULL, which neither equals a value nor differs from it",
        "roles.clerk.tables.orders.update: it may reach rows that the role may not read",
    ):
        assert f"warning    {warning}" in text
    assert lines[-1] == "result     all is well"


def test_rules_of_what_is_not_there_are_trouble(engine: Engine, shop: str, tmp_path: Path) -> None:
    broken = "roles: {user: {tables: {orders: {select: {columns: [idd], filter: {}}, delete: {owner: user}}}}}"
    lines: list[str] = []
    assert not run_check(settings(engine, shop, tmp_path, broken), lines.append)
    text = "\n".join(lines)
    place = "rule       TROUBLE: graphql_app.yaml: roles.user.tables.orders"
    assert f"{place}.select: 'orders' has no column 'idd'; did you mean 'id'?" in text
    assert f"{place}.delete: " in text
    assert lines[-1] == "result     2 to be seen to"


def test_a_file_that_is_wrong_ends_the_check(engine: Engine, shop: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"^graphql_app.yaml: roles.user.tables.orders.delete: needs 'filter'"):
        run_check(settings(engine, shop, tmp_path, "roles: {user: {tables: {orders: {delete: {}}}}}"), print)


def sql(made: Settings, role: str, query: str, **variables: str) -> list[str]:
    lines: list[str] = []
    given = {f"x-hasura-{name.replace('_', '-')}": value for name, value in variables.items()}
    print_role_sql(made, role, given, query, lines.append)
    return lines


def test_the_sql_of_a_role_shows_what_rules_added(engine: Engine, shop: str, tmp_path: Path) -> None:
    made = settings(engine, shop, tmp_path)
    (read,) = sql(made, "user", "{ orders(where: {amount: {_gt: 1}}) { id } }", user_id="5")
    assert "/*rule:*/ `t0`.`user_id`=5 /*:rule*/" in read
    assert read.index("/*:rule*/") < read.index("`amount`>1"), "what is asked is not marked"
    note, listed = sql(made, "visitor", "{ users { id } }")
    assert note == "-- users: a list has at most 3 rows"
    assert "LIMIT 3" in listed
    assert "rule" not in listed
    delete = "mutation { delete_orders(where: {id: {_eq: 3}}) { affected_rows } }"
    deleted = sql(made, "user", delete, user_id="5", use_backend_only_permissions="true")
    assert any("DELETE" in line for line in deleted)
    inserted = sql(made, "user", "mutation { insert_orders_one(object: {amount: 3}) { id } }", user_id="5")
    assert inserted[0] == "-- orders: an insert sets user_id"
    assert any("INSERT INTO `orders`" in line for line in inserted)
    assert engine.execute("SELECT COUNT(*) FROM orders", shop) == ((0,),), "nothing is executed"
    several = "mutation { insert_orders(objects: [{amount: 3}, {amount: 4}]) { affected_rows } }"
    assert any("(3,5),(4,5)" in line for line in sql(made, "user", several, user_id="5"))
    many = sql(made, "clerk", 'mutation { update_orders(where: {}, _set: {state: "a"}) { affected_rows } }')
    assert any("/*rule:*/" in line and "COUNT(*)" in line for line in many), "the check"


@pytest.mark.parametrize(
    ("role", "query", "complaint"),
    [
        ("nobody", "{ orders { id } }", "there is no role 'nobody' (roles: visitor, user, clerk)"),
        ("visitor", "{ orders { id } }", "Cannot query field 'orders' on type 'query_root'. (as visitor)"),
        ("user", "{ orders { id } }", 'missing session variable: "x-hasura-user-id" (as user)'),
        ("user", "{ orders {", "(as user)"),
    ],
)
def test_what_cannot_be_asked_is_told(
    engine: Engine, shop: str, tmp_path: Path, role: str, query: str, complaint: str
) -> None:
    with pytest.raises(CannotRun) as caught:
        sql(settings(engine, shop, tmp_path), role, query)
    assert complaint in str(caught.value)


def test_the_schema_as_a_role_sees_it(engine: Engine, shop: str, tmp_path: Path) -> None:
    made = settings(engine, shop, tmp_path)
    written: list[str] = []
    print_schema(made, written.append, "visitor")
    assert "secret" not in written[0]
    assert "orders" not in written[0]
    assert "type users" in written[0]
    print_schema(made, written.append)
    assert "secret" in written[1]
    with pytest.raises(CannotRun, match="there is no role 'nobody'"):
        print_schema(made, written.append, "nobody")
