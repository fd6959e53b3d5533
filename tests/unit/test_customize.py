"""`graphql_app.yaml`: what it may say, what it makes of the catalog, and what is proposed for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphql_app.config.overrides_file import CustomizationFileError, read_customization, written
from graphql_app.config.settings import Settings
from graphql_app.engine.live.loader import catalog_of
from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.diff import changes
from schema_gen.catalog.introspect import ForeignKeyRow, IndexRow
from schema_gen.catalog.model import Catalog
from schema_gen.catalog.overrides import NOTHING, Customization, CustomizationError
from schema_gen.catalog.suggest import suggestions
from schema_gen.names.naming import build_names
from tests.unit.schema_rows import column_row, rows

COLUMNS = (
    column_row("bigint", table="customers", name="id", nullable=False),
    column_row("varchar(9)", table="customers", name="usr_nm", ordinal=2),
    column_row("bigint", table="orders", name="id", nullable=False),
    column_row("bigint", table="orders", name="customer_id", nullable=False, ordinal=2),
    column_row("int", table="orders", name="product_id", ordinal=3),
    column_row("bigint", table="orders", name="parent", ordinal=4),
    column_row("bigint", table="products", name="id", nullable=False),
)
KEYS = tuple(IndexRow(table, "PRIMARY", True, 1, "id", None, "BTREE") for table in ("customers", "orders", "products"))


def catalog(custom: Customization = NOTHING) -> Catalog:
    return build_catalog(rows(*COLUMNS, indexes=KEYS), custom=custom)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "graphql_app.yaml"


TEXT = """
relations:
  - {table: orders, columns: [customer_id], to_table: customers, to_columns: [id]}
tables:
  customers:
    name: people
    columns: {usr_nm: name}
    relations: {orders: purchases}
"""


def test_what_it_makes(file: Path) -> None:
    file.write_text(TEXT)
    found = catalog(read_customization(file))
    (customer,) = found.tables["orders"].relations.values()
    assert (customer.name, customer.to_one, customer.to_table) == ("customer", True, "customers")
    assert not customer.required, "the database does not see to it"
    assert [each.name for each in found.tables["customers"].relations.values()] == ["purchases"]
    names = build_names(found)
    people = names.table("customers")
    assert (people.type, people.roots.insert, people.types.bool_exp) == ("people", "insert_people", "people_bool_exp")
    assert people.columns["usr_nm"] == "name"
    assert people.relations == {"purchases": "purchases"}
    assert names.notes == ()
    assert found.fingerprint != catalog().fingerprint
    assert {str(change) for change in changes(catalog(), found)} >= {
        "table shown under another name customers (breaking)",
        "column shown under another name customers.usr_nm (breaking)",
        "relation added orders.customer",
    }


def test_an_empty_file_says_nothing(file: Path) -> None:
    file.write_text("")
    assert read_customization(file) == NOTHING


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("relatons: []", "relatons: Extra inputs"),
        ("tables: {customers: {colums: {}}}", "tables.customers.colums: Extra inputs"),
        ("tables: {customers: {name: 'a-b'}}", "'a-b' is no name that GraphQL takes"),
        ("relations: [{table: a}]", "relations.0.columns: Field required"),
        ("relations: [{table: a, columns: [1], to_table: b, to_columns: [x]}]", "relations.0.columns.0"),
        ("a: [", "no YAML (line"),
        ("- 1", "the file"),
    ],
)
def test_what_it_may_not_say(file: Path, text: str, complaint: str) -> None:
    file.write_text(text)
    with pytest.raises(CustomizationFileError) as caught:
        read_customization(file)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(CustomizationFileError, match="cannot be read"):
        read_customization(file.parent / "none.yaml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tables: {people: {}}", "tables.people: there is no such table"),
        ("tables: {orders: {columns: {nothing: a}}}", "there is no column 'nothing'"),
        ("tables: {orders: {relations: {nothing: a}}}", "there is no relation 'nothing'"),
        (TEXT.replace("purchases", "usr_nm"), "the name 'usr_nm' is taken"),
        (TEXT.replace("to_table: customers", "to_table: clients"), "there is no table 'clients'"),
        (TEXT.replace("columns: [customer_id]", "columns: [nothing]"), "there is no column 'nothing' in 'orders'"),
        (TEXT.replace("[customer_id]", "[id, customer_id]"), "not equally many"),
    ],
)
def test_what_does_not_fit_the_database(file: Path, text: str, complaint: str) -> None:
    file.write_text(text)
    with pytest.raises(CustomizationError) as caught:
        catalog(read_customization(file))
    assert complaint in str(caught.value)


def test_suggestions(file: Path) -> None:
    """By name and type: the product's key has another type, and nothing says what `parent` is."""
    (found,) = suggestions(catalog())
    assert (found.table, found.columns, found.to_table, found.to_columns) == (
        "orders",
        ("customer_id",),
        "customers",
        ("id",),
    )
    file.write_text(written([found]))
    assert list(suggestions(catalog(read_customization(file)))) == []


@pytest.mark.parametrize(("setting", "name"), [("V1", "customer_no_by_customer_no"), ("v2", "customers")])
def test_the_setting_decides_how_relations_are_named(setting: str, name: str) -> None:
    """A column called like the one it refers to."""
    found = catalog_of(
        rows(
            column_row("int", table="customers", name="customer_no"),
            column_row("int", table="orders", name="customer_no"),
            foreign_keys=(ForeignKeyRow("orders", "fk", "customer_no", 1, "db", "customers", "customer_no"),),
        ),
        Settings(_env_file=None, relation_names=setting),  # type: ignore[arg-type, call-arg]
    )
    assert list(found.tables["orders"].relations) == [name]
