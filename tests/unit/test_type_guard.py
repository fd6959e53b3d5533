"""Which statements tell of columns that became texts, and how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphql_app.engine.compile.call import compile_call
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import ResultNode
from graphql_app.engine.compile.writes import CompiledInsert
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.request.calls import (
    Call,
    Insert,
    Query,
    Read,
    Returning,
    RootRequest,
    SelectColumn,
    SelectRelated,
)
from graphql_app.engine.sql.dialects import detect
from graphql_app.engine.sql.fragment import shape
from schema_gen.catalog.model import Catalog, TableKind
from tests.unit.small_catalog import CATALOG, USERS

MYSQL, MARIADB, TIDB = (
    SqlDialect(detect(version, "")) for version in ("8.4.0", "10.11.6-MariaDB", "8.0.11-TiDB-v8.5.1")
)


def statement(request: Query, dialect: SqlDialect = MYSQL, catalog: Catalog = CATALOG) -> str:
    """The root statement of a read."""
    node = compile_call(dialect, Planner(catalog).call(Call((RootRequest("x", request),)))).reads[0][0]
    assert isinstance(node, ResultNode)
    return shape(node.statement)


def shown(*columns: str) -> tuple[SelectColumn, ...]:
    return tuple(SelectColumn(column, column) for column in columns)


def test_texts_are_not_looked_at() -> None:
    assert "COERCIBILITY" not in statement(Read("users", shown("name", "email")))
    assert "COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`age`))" in statement(Read("users", shown("id", "name", "age", "age")))


def test_columns_of_a_foreign_key_are_looked_at_too() -> None:
    """The engines refuse to change their type; but the key may be dropped first."""
    assert "COERCIBILITY(CONCAT(`t0`.`user_id`))" in statement(Read("orders", shown("user_id")))


def test_joined_rows_are_looked_at_once() -> None:
    read = Read("orders", (*shown("total"), SelectRelated("user", "user", Read("users", shown("age", "name")))))
    made = statement(read)
    assert made.count("COERCIBILITY") == 1
    assert "COERCIBILITY(CONCAT(`t0`.`total`,`t1`.`age`))" in made


@pytest.mark.parametrize("dialect", [MYSQL, MARIADB])
def test_a_view_is_looked_at_by_its_values(dialect: SqlDialect) -> None:
    view = Catalog("shop", {"users": replace(USERS, kind=TableKind.VIEW, relations={})})
    made = statement(Read("users", shown("id", "age")), dialect, view)
    assert "COERCIBILITY" not in made
    assert made.count("REGEXP") == 2, "each value is"


def test_only_engines_are_asked_that_are_known_to_tell() -> None:
    assert "COERCIBILITY" not in statement(Read("users", shown("id", "age")), TIDB)


def test_an_insert_fails_where_a_read_gives_null() -> None:
    insert = Insert("users", ((("name", "Ada"),),), (Returning("returning", shown("age")),), one=True)
    write = (compile_call(MARIADB, Planner(CATALOG).call(Call((RootRequest("x", insert),)))).writes or ())[0]
    assert isinstance(write, CompiledInsert)
    assert "ELT(EXP(1000*(4-COERCIBILITY(CONCAT(`users`.`age`)))),'}\x02')" in shape(write.returning[0].statement)
