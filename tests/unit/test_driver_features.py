"""Which engine is recognised by what it says of itself, and what is then known of it."""

from __future__ import annotations

import pytest

from graphql_app.engine.sql.dialects import Features, Flavour, detect

SEEKDB = ("5.7.25-OceanBase seekdb-v1.4.0.0", "OceanBase 4.3.5.3 seekdb (r1.4.0.0) (Built Sep  8 2026)")


@pytest.mark.parametrize(
    ("version", "comment", "flavour", "number", "returning", "lateral"),
    [
        ("10.11.19-MariaDB-0+deb12u1", "Debian 12", Flavour.MARIADB, (10, 11, 19), True, False),
        ("5.5.5-10.4.3-MariaDB", "", Flavour.MARIADB, (10, 4, 3), False, False),
        ("11.8.2-MariaDB-log", "mariadb.org binary distribution", Flavour.MARIADB, (11, 8, 2), True, False),
        ("9.7.4-2", "(Debian)", Flavour.MYSQL, (9, 7, 4), False, True),
        ("8.0.36", "MySQL Community Server - GPL", Flavour.MYSQL, (8, 0, 36), False, True),
        ("8.0.13", "MySQL Community Server - GPL", Flavour.MYSQL, (8, 0, 13), False, False),
        ("8.0.30-Vitess", "Version: 19.0.4", Flavour.MYSQL, (8, 0, 30), False, True),
        (*SEEKDB, Flavour.OCEANBASE, (4, 3, 5, 3), False, True),
        ("8.0.11-TiDB-v8.5.1", "TiDB Server (Apache License 2.0)", Flavour.TIDB, (8, 5, 1), False, False),
        ("what is this", "", Flavour.MYSQL, (), False, False),
    ],
)
def test_recognition(
    version: str, comment: str, flavour: Flavour, number: tuple[int, ...], returning: bool, lateral: bool
) -> None:
    found = detect(version, comment)
    assert (found.flavour, found.version) == (flavour, number)
    assert (found.returning, found.lateral) == (returning, lateral)
    assert found.session_setup


@pytest.mark.parametrize(
    ("version", "comment", "limit", "unlimited", "writes"),
    [
        (
            "10.11.19-MariaDB",
            "",
            b"SET SESSION max_statement_time = 0.180000",
            b"SET SESSION max_statement_time = 0",
            True,
        ),
        ("8.4.0", "", b"SET SESSION max_execution_time = 180", b"SET SESSION max_execution_time = 0", False),
        (*SEEKDB, b"SET SESSION ob_query_timeout = 180000", b"SET SESSION ob_query_timeout = 86400000000", True),
    ],
)
def test_statement_limits(version: str, comment: str, limit: bytes, unlimited: bytes, writes: bool) -> None:
    found = detect(version, comment)
    assert found.statement_limit_sql(0.18) == limit
    assert found.statement_limit_sql(None) == unlimited
    assert found.statement_limit_covers_writes is writes


def test_an_engine_without_a_limit() -> None:
    assert Features(Flavour.MYSQL).statement_limit_sql(1.0) is None


def test_a_limit_is_never_rounded_to_none() -> None:
    assert detect("8.4.0", "").statement_limit_sql(0.0001) == b"SET SESSION max_execution_time = 1"
