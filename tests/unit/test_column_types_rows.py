"""The rows of the table of types: scalars, templates, keys, without a server."""

from __future__ import annotations

import pytest

from schema_gen.catalog.model import Column, ColumnType
from schema_gen.types.column_types import INTEGER, encode_compared, known, type_of
from schema_gen.types.type_rows import ROWS, SCALARS, TypeRow


def column(base: str, **parts: object) -> Column:
    """A nullable column of a type."""
    return Column(name="c", type=ColumnType(base=base, **parts), nullable=True, ordinal=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("type_", "scalar"),
    [
        (ColumnType("tinyint", length=4), "Int"),
        (ColumnType("tinyint", length=1), "Boolean"),
        (ColumnType("tinyint", length=1, zerofill=True), "Int"),
        (ColumnType("tinyint"), "Int"),
        (ColumnType("mediumint", unsigned=True), "Int"),
        (ColumnType("int"), "Int"),
        (ColumnType("int", unsigned=True), "bigint"),
        (ColumnType("bigint"), "bigint"),
        (ColumnType("bit", length=1), "Boolean"),
        (ColumnType("bit", length=31), "Int"),
        (ColumnType("bit", length=32), "bigint"),
        (ColumnType("decimal", precision=5, scale=0), "decimal"),
        (ColumnType("float", precision=7, scale=3), "Float"),
        (ColumnType("double"), "Float"),
        (ColumnType("year"), "year"),
        (ColumnType("enum", members=("a",)), "String"),
        (ColumnType("set", members=("a",)), "String"),
        (ColumnType("json"), "json"),
        (ColumnType("varbinary"), "binary"),
    ],
)
def test_the_scalar_of_a_type(type_: ColumnType, scalar: str) -> None:
    """Variants of one base have rows of their own."""
    row = type_of(Column("c", type_, nullable=True, ordinal=1))
    assert row.scalar == scalar
    assert row.is_list is (type_.base == "set")


def test_every_scalar_is_described_or_built_in() -> None:
    """And columns of one scalar share one comparison type, so that they must allow the same operators."""
    assert {row.scalar for row in ROWS.values()} == {*SCALARS, "Int", "Float", "String", "Boolean"}
    for scalar in {row.scalar for row in ROWS.values()}:
        assert len({row.operators for row in ROWS.values() if row.scalar == scalar}) == 1, scalar


def test_unknown_types_are_known_to_be_unknown() -> None:
    """`known` is asked before `type_of`."""
    assert not known(ColumnType("roaringbitmap"))
    assert known(ColumnType("geomcollection"))
    with pytest.raises(KeyError):
        type_of(column("roaringbitmap"))


def test_numbers_are_stringified_or_not() -> None:
    """`STRINGIFY_NUMBERS` touches the exact scalars only."""
    for row in ROWS.values():
        changed = row.json_for(True, "mysql") != row.json_for(False, "mysql")
        assert changed is (row.scalar in ("bigint", "decimal"))
        assert row.exact_sum is (changed and row.summable)


def test_templates_follow_charset_and_zerofill() -> None:
    """Leading zeros are no JSON, and the text of other character sets is converted."""
    filled = type_of(column("bigint", zerofill=True))
    assert filled.json_for(True, "mysql") == "CONCAT('\"',({c}+0),'\"')"
    assert filled.json_for(False, "mysql") == "({c}+0)"
    assert filled.key_sql == "({c}+0)"
    assert type_of(column("char", charset="latin1")).json_sql == "JSON_QUOTE(CONVERT({c} USING utf8mb4))"
    assert type_of(column("char", charset="utf8mb4")).json_sql == "JSON_QUOTE(CONCAT({c}))"
    assert type_of(column("enum", members=("zerofill",), declared="enum('zerofill')")).json_sql == ROWS["enum"].json_sql


@pytest.mark.parametrize(
    ("row", "key", "literal"),
    [
        (ROWS["int"], b"-5", b"-5"),
        (ROWS["decimal scaled"], b"1.5", b"1.5"),
        (ROWS["varchar"], "é'".encode().hex().upper().encode(), "'é\\''".encode()),
        (ROWS["blob"], b"00FF", b"x'00ff'"),
        (ROWS["datetime"], b"2024-02-29 01:02:03.000000", b"'2024-02-29 01:02:03.000000'"),
        (ROWS["double"], b"1e100", b"1e+100"),
        (ROWS["float"], b"9.989999771118164", b"9.989999771118164e0"),
    ],
)
def test_a_key_is_turned_back_into_a_literal(row: TypeRow, key: bytes, literal: bytes) -> None:
    """What the database gave as a key's text can be asked for."""
    assert row.key_literal(key) == literal


@pytest.mark.parametrize("key", [b"1 OR 1=1", b"", b"x'", b"1e5", b"1)"])
def test_a_key_that_is_no_number_is_refused(key: bytes) -> None:
    """Nothing but digits goes into SQL without quotes."""
    with pytest.raises(ValueError, match="not the text of a number"):
        ROWS["int"].key_literal(key)


def test_counts_are_compared_as_integers() -> None:
    """The column in name only."""
    assert encode_compared(5, INTEGER) == b"5"
    assert type_of(INTEGER).scalar == "bigint"
