"""The golden-case runner's parts: expectations fold as they should, and what differs is told."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from tests.harness import golden
from tests.harness.cases import HttpCall, http_call, read_case
from tests.harness.engine import Rows
from tests.harness.engines import EngineName
from tests.harness.expected import Section, fold, sections


def test_flat_rows_fold_into_a_tree() -> None:
    """Lists, objects, lists of lists; a left join without a partner gives an empty list and a null object."""
    columns = ("id", "name", "city.name", "orders[].id", "orders[].items[].sku")
    rows = (
        (1, "a", "Rome", 10, "x"),
        (1, "a", "Rome", 10, "y"),
        (1, "a", "Rome", 11, None),
        (2, "b", None, None, None),
    )
    assert fold(Rows(columns, rows)) == [
        {
            "id": 1,
            "name": "a",
            "city": {"name": "Rome"},
            "orders": [{"id": 10, "items": [{"sku": "x"}, {"sku": "y"}]}, {"id": 11, "items": []}],
        },
        {"id": 2, "name": "b", "city": None, "orders": []},
    ]


def test_a_hidden_column_tells_equal_objects_apart() -> None:
    """Two people of one name stay two."""
    assert fold(Rows(("#id", "name"), ((1, "a"), (2, "a")))) == [{"name": "a"}, {"name": "a"}]
    assert fold(Rows(("name",), (("a",), ("a",)))) == [{"name": "a"}]


def test_tags_convert_and_other_types_are_refused() -> None:
    """What the driver makes of a column is never taken for what an answer holds."""
    rows = Rows(("on:bool", "doc:json", "none:bool"), ((1, '{"a": [1]}', None),))
    assert fold(rows) == [{"on": True, "doc": {"a": [1]}, "none": None}]
    with pytest.raises(TypeError, match="CAST"):
        fold(Rows(("day",), ((datetime.date(2024, 1, 2),),)))


def test_an_expectation_has_a_section_for_each_field() -> None:
    """Each with its own statement."""
    text = "-- field: users\nSELECT 1;\n-- field: users_by_pk one\nSELECT 2\n"
    assert sections(text) == [Section("users", False, "SELECT 1;"), Section("users_by_pk", True, "SELECT 2")]
    with pytest.raises(ValueError, match="starts with"):
        sections("SELECT 1\n-- field: users\nSELECT 2")


def test_a_call_is_read_as_it_is_written() -> None:
    """Request line, headers, body."""
    call = http_call('POST /api/users/query?limit=1\nAccept: text/csv\n\n{"input": {}}\n')
    assert call == HttpCall("POST", "/api/users/query?limit=1", (("Accept", "text/csv"),), '{"input": {}}')
    with pytest.raises(ValueError, match="METHOD"):
        http_call("users")


def test_a_golden_file_that_differs_is_told_with_a_diff(tmp_path: Path) -> None:
    """It is never taken as right because it is missing or out of date."""
    path = tmp_path / "case.json"
    with pytest.raises(AssertionError, match="does not exist"):
        golden.check(path, "a\n", update=False)
    golden.check(path, "a\n", update=True)
    golden.check(path, "a\n", update=False)
    with pytest.raises(AssertionError, match=r"(?s)-a.*\+b"):
        golden.check(path, "b\n", update=False)


def test_an_engine_has_its_own_file_only_where_it_differs(tmp_path: Path) -> None:
    """The common file is the embedded engine's; another engine's appears and goes with the difference."""
    (tmp_path / "case.graphql").write_text("{ users { id } }")
    (tmp_path / "case.expected.sql").write_text("-- field: users\nSELECT id FROM users")
    case = read_case(tmp_path)
    case.check_sql(EngineName.EMBEDDED, "A", update=True)
    case.check_sql(EngineName.MARIADB, "B", update=True)
    case.check_sql(EngineName.MYSQL, "A", update=True)
    assert sorted(path.name for path in tmp_path.glob("*.sql")) == ["case.expected.sql", "case.mariadb.sql", "case.sql"]
    case.check_sql(EngineName.MARIADB, "B", update=False)
    case.check_sql(EngineName.MYSQL, "A", update=False)
    with pytest.raises(AssertionError, match="differs"):
        case.check_sql(EngineName.MYSQL, "B", update=False)
    case.check_sql(EngineName.MARIADB, "A", update=True)
    assert not (tmp_path / "case.mariadb.sql").exists()


def test_a_stray_file_in_a_case_is_refused(tmp_path: Path) -> None:
    """A misspelt file would otherwise be looked at by nobody."""
    (tmp_path / "case.grapqhl").write_text("{ users { id } }")
    with pytest.raises(ValueError, match="belong to no case"):
        read_case(tmp_path)
