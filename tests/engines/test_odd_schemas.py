"""Odd schemas, one oddity each: served, or left out with a reason that is told; never a failed start."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from graphql_app.cli.check import run_check
from graphql_app.config.settings import Settings
from tests.engines.probe import Probed, probe
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

EMBEDDED, MARIADB, MYSQL = EngineName.EMBEDDED, EngineName.MARIADB, EngineName.MYSQL
WIDE = ", ".join(f"c{number} TINYINT" for number in range(999))


@dataclass(frozen=True, slots=True)
class Oddity:
    """A schema: how many rows can be read by key, and what is left out. `not_on`: engines that refuse to make it."""

    name: str
    ddl: str
    by_key: int = 0
    skipped: tuple[str, ...] = ()
    not_on: tuple[EngineName, ...] = ()


ODDITIES = (
    Oddity("no_tables", "SELECT 1"),
    Oddity("no_key", "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (1, 'x')"),
    Oddity("unique_key_alone", "CREATE TABLE t (a INT NOT NULL UNIQUE, b INT UNIQUE); INSERT INTO t VALUES (1, NULL)"),
    Oddity(
        "composite_key",
        "CREATE TABLE t (a INT, b VARCHAR(9), c DATE, d INT, PRIMARY KEY (c, b, a));"
        "INSERT INTO t VALUES (1, 'x,y', '2024-02-29', 4), (2, '', '2024-02-29', 5)",
        by_key=2,
    ),
    Oddity(
        "enum_key",
        "CREATE TABLE t (a ENUM('new','old') PRIMARY KEY); INSERT INTO t VALUES ('new'), ('old');"
        "CREATE TABLE u (a ENUM('so so','','true') PRIMARY KEY); INSERT INTO u VALUES ('so so'), (''), ('true')",
        by_key=5,
    ),
    Oddity(
        "binary_key",
        "CREATE TABLE t (a BINARY(16) PRIMARY KEY); INSERT INTO t VALUES (x'00ff0a2200ff0a2200ff0a2200ff0a22'),(x'20')",
        by_key=2,
    ),
    Oddity(
        "time_keys",
        "CREATE TABLE d (a DATE PRIMARY KEY); INSERT INTO d VALUES ('2024-02-29');"
        "CREATE TABLE m (a DATETIME(6) PRIMARY KEY); INSERT INTO m VALUES ('2024-02-29 12:30:00.000001');"
        "CREATE TABLE s (a TIME PRIMARY KEY); INSERT INTO s VALUES ('-838:59:59')",
        by_key=3,
    ),
    Oddity(
        "self_and_circle",
        "CREATE TABLE a (id INT PRIMARY KEY, a_id INT, b_id INT, FOREIGN KEY (a_id) REFERENCES a (id));"
        "CREATE TABLE b (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id));"
        "ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b (id);"
        "INSERT INTO a VALUES (1, 1, NULL); INSERT INTO b VALUES (1, 1); UPDATE a SET b_id = 1",
        by_key=2,
    ),
    Oddity(
        "two_keys_to_one_table",
        "CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE u (id INT PRIMARY KEY, t_id INT, author INT, editor_id INT,"
        " FOREIGN KEY (t_id) REFERENCES t (id), FOREIGN KEY (author) REFERENCES t (id),"
        " FOREIGN KEY (editor_id) REFERENCES t (id)); INSERT INTO t VALUES (1); INSERT INTO u VALUES (1, 1, 1, 1)",
        by_key=2,
    ),
    Oddity(
        "reserved_words",
        "CREATE TABLE `select` (`from` INT PRIMARY KEY, `where` INT, `limit` INT, `null` INT, `true` INT, `key` INT);"
        "INSERT INTO `select` VALUES (1, 2, 3, 4, 5, 6)",
        by_key=1,
    ),
    Oddity(
        "names_that_are_none",
        "CREATE TABLE `a b` (`1st` INT PRIMARY KEY, `x-y` INT, `größe` INT, `日本` INT, `__type` INT, `a.b` INT);"
        "INSERT INTO `a b` VALUES (1, 2, 3, 4, 5, 6); CREATE TABLE `größe` (id INT PRIMARY KEY);"
        "CREATE TABLE `日本` (id INT PRIMARY KEY); CREATE TABLE `__schema` (id INT PRIMARY KEY)",
        by_key=1,
    ),
    Oddity(
        "names_that_clash",
        "CREATE TABLE users (id INT PRIMARY KEY, `a b` INT, a_b INT);"
        "CREATE TABLE users_aggregate (id INT PRIMARY KEY);"
        "CREATE TABLE users_group_having_sum (id INT PRIMARY KEY); CREATE TABLE insert_users (id INT PRIMARY KEY);"
        "CREATE TABLE `users aggregate` (id INT PRIMARY KEY); CREATE TABLE users_stream (id INT PRIMARY KEY);"
        "CREATE TABLE users_group_order_by_key (id INT PRIMARY KEY);"
        "CREATE TABLE Int_comparison_exp (id INT PRIMARY KEY);"
        "CREATE TABLE query_root (id INT PRIMARY KEY); CREATE TABLE PageInfo (id INT PRIMARY KEY);"
        "INSERT INTO users VALUES (1, 2, 3); INSERT INTO query_root VALUES (1)",
        by_key=2,
    ),
    Oddity(
        "a_thousand_columns", f"CREATE TABLE t (id INT PRIMARY KEY, {WIDE}); INSERT INTO t (id) VALUES (1)", by_key=1
    ),
    Oddity(
        "views",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT); INSERT INTO t VALUES (1, 2); CREATE VIEW plain AS SELECT * FROM t;"
        "CREATE VIEW summed AS SELECT a, COUNT(*) AS n FROM t GROUP BY a; CREATE VIEW odd AS SELECT 1 AS `1 + 1`",
        by_key=1,
    ),
    Oddity(
        "a_broken_view",
        "CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE gone (a INT); CREATE VIEW broken AS SELECT a FROM gone;"
        "DROP TABLE gone; INSERT INTO t VALUES (1)",
        by_key=1,
        skipped=("broken",),
    ),
    Oddity(
        "partitions",
        "CREATE TABLE t (id INT, y INT, PRIMARY KEY (id, y)) PARTITION BY RANGE (y)"
        " (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);"
        "INSERT INTO t VALUES (1, 1999)",
        by_key=1,
    ),
    Oddity(
        "system_versioned",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING; INSERT INTO t VALUES (1, 1);"
        "UPDATE t SET a = 2",
        by_key=1,
        not_on=(EMBEDDED, MYSQL),
    ),
    Oddity("a_sequence", "CREATE SEQUENCE s; CREATE TABLE t (id INT)", skipped=("s",), not_on=(EMBEDDED, MYSQL)),
    Oddity(
        "hidden_columns",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 3); INSERT INTO t (id) VALUES (1)",
        by_key=1,
        not_on=(EMBEDDED,),
    ),
    Oddity(
        "defaults_and_generated",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT DEFAULT 5, b INT AS (a * 2) VIRTUAL, c INT AS (a * 3) STORED,"
        " d TIMESTAMP DEFAULT CURRENT_TIMESTAMP, e VARCHAR(9) DEFAULT 'it''s'); INSERT INTO t (id) VALUES (1)",
        by_key=1,
    ),
    Oddity("no_transactions", "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM; INSERT INTO t VALUES (1)", by_key=1),
)


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: oddity.name)
async def test_an_odd_schema(open_app: OpenApp, engine: Engine, database: str, oddity: Oddity) -> None:
    if engine.name in oddity.not_on:
        return
    engine.execute(oddity.ddl, database)
    async with open_app(engine.environment(database)) as client:
        found = await probe(client, engine, database)
    assert found.by_key == oddity.by_key
    skipped = {each.name: each.reason for each in found.catalog.skipped}
    missing = set(skipped) - set(oddity.skipped)
    assert not missing
    assert all(skipped.values())
    _every_difference_is_told(found)


def _every_difference_is_told(found: Probed) -> None:
    """A table that is not called as in the database is in the notes."""
    notes = " ".join(found.names.notes)
    assert all(name == own.type or f"'{name}'" in notes for name, own in found.names.tables.items())


@pytest.mark.engines("mariadb", "mysql", "embedded")
def test_check_tells_what_is_left_out(engine: Engine, database: str) -> None:
    engine.execute(
        "CREATE TABLE t (id INT); CREATE TABLE gone (a INT); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone",
        database,
    )
    lines: list[str] = []
    options = {name.lower(): value for name, value in engine.environment(database).items()}
    run_check(Settings(_env_file=None, **options), lines.append)  # type: ignore[arg-type, call-arg]
    assert any("broken" in line and "missing" in line for line in lines), lines


@pytest.mark.engines("mariadb", "mysql")
async def test_tables_that_the_account_may_not_read(open_app: OpenApp, engine: Engine, database: str) -> None:
    """They are not seen at all, and what refers to them is told."""
    engine.execute("CREATE TABLE open (id INT PRIMARY KEY); CREATE TABLE secret (id INT PRIMARY KEY)", database)
    user = f"u_{database}"[:32]
    engine.execute(f"CREATE USER `{user}`@`%` IDENTIFIED BY 'pw'; GRANT SELECT ON `{database}`.`open` TO `{user}`@`%`")
    try:
        environment = engine.environment(database) | {"DB_USER": user, "DB_PASSWORD": "pw"}
        async with open_app(environment) as client:
            assert (await client.get("/readyz")).json()["tables"] == 1
            assert (await client.get("/api/open/query")).status_code == 200
            assert (await client.get("/api/secret/query")).status_code == 404
    finally:
        engine.execute(f"DROP USER `{user}`@`%`")
