"""The catalog of an odd schema, read from each engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import StructureRows, fingerprint, introspect
from schema_gen.catalog.model import Cardinality, Catalog, Event, Key, Relation, TableKind, Trigger
from schema_gen.names.naming import build_names
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.harness.raw_session import RawSession, raw_session

pytestmark = pytest.mark.anyio


@pytest.fixture
def session(engine: Engine, database: str) -> Iterator[RawSession]:
    """A raw session in an empty database."""
    with raw_session(engine, database) as made:
        yield made


# --- an odd schema ----------------------------------------------------------

ODD = """
CREATE TABLE customers (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL COMMENT 'where mail goes',
  nick VARCHAR(50), UNIQUE KEY by_email (email), UNIQUE KEY by_nick (nick), UNIQUE KEY by_start (email(5), nick)
) COMMENT='who buys';
CREATE TABLE orders (
  id INT AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, gift_for_id INT UNSIGNED, author INT UNSIGNED,
  state ENUM('new','it''s','a,b') NOT NULL DEFAULT 'it''s', note VARCHAR(20) DEFAULT 'NULL', nothing INT DEFAULT NULL,
  made DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, total DECIMAL(10,2) NOT NULL, doc JSON,
  double_total DECIMAL(12,2) GENERATED ALWAYS AS (total * 2) VIRTUAL,
  triple_total DECIMAL(12,2) GENERATED ALWAYS AS (total * 3) STORED,
  KEY mixed (state, note(5), total), KEY reversed (total DESC, id), FULLTEXT KEY words (note),
  CONSTRAINT buyer FOREIGN KEY (customer_id) REFERENCES customers (id),
  CONSTRAINT gift FOREIGN KEY (gift_for_id) REFERENCES customers (id),
  CONSTRAINT writer FOREIGN KEY (author) REFERENCES customers (id)
);
CREATE TABLE `order lines` (
  order_id INT NOT NULL, `line-no` INT NOT NULL, `2nd` INT, PRIMARY KEY (order_id, `line-no`),
  CONSTRAINT l1 FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE TABLE parcels (
  id INT PRIMARY KEY, order_id INT NOT NULL, line_no INT, CONSTRAINT p1 FOREIGN KEY (order_id, line_no)
  REFERENCES `order lines` (order_id, `line-no`)
);
CREATE TABLE categories (
  id INT PRIMARY KEY, parent_id INT, categories INT, CONSTRAINT up FOREIGN KEY (parent_id) REFERENCES categories (id)
);
CREATE TABLE profiles (
  customer_id INT UNSIGNED PRIMARY KEY, CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
);
CREATE TABLE `sélect` (`select` INT PRIMARY KEY, `a``b` INT);
CREATE TABLE no_key (a INT);
CREATE TABLE graphql_app_ledger (id INT PRIMARY KEY);
CREATE VIEW plain_view AS SELECT id, email FROM customers;
CREATE VIEW counting_view AS SELECT COUNT(*) AS n FROM customers;
CREATE TABLE gone (x INT);
CREATE VIEW broken_view AS SELECT x FROM gone;
DROP TABLE gone;
CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = 'touched';
"""


@pytest.fixture(scope="module")
async def odd_rows(engine: Engine) -> StructureRows:
    """What introspection finds in the odd schema."""
    with engine.database(ODD) as name, raw_session(engine, name) as session:
        return await introspect(session.fetch, name)


@pytest.fixture
def odd(odd_rows: StructureRows) -> Catalog:
    """The catalog of the odd schema."""
    return build_catalog(odd_rows)


async def read(session: RawSession, database: str) -> Catalog:
    """The catalog of `database`."""
    return build_catalog(await introspect(session.fetch, database))


async def test_tables_views_and_what_is_left_out(engine: Engine, odd: Catalog) -> None:
    """Broken views are reported, the ledger is not even mentioned."""
    catalog = odd
    assert set(catalog.tables) == {
        *("customers", "orders", "order lines", "parcels", "categories", "profiles", "sélect", "no_key"),
        *("plain_view", "counting_view"),
    }
    assert [(each.name, "view" in each.reason) for each in catalog.skipped] == [("broken_view", True)]
    assert not any("ledger" in text for text in (*catalog.notes, repr(catalog)))
    view = catalog.tables["plain_view"]
    assert (view.kind, view.primary_key, view.keys, view.comment) == (TableKind.VIEW, None, (), "")
    assert view.writable is (engine.name is not EngineName.EMBEDDED)
    assert catalog.tables["counting_view"].writable is False
    orders = catalog.tables["orders"]
    assert (orders.kind, orders.writable, orders.transactional) == (TableKind.TABLE, True, True)
    assert [table.name for table in catalog if table.triggers] == ["orders"]
    assert orders.triggers == (Trigger("touch", Event.INSERT, frozenset({"note"})),)
    assert catalog.tables["customers"].comment == "who buys"
    assert catalog.tables["customers"].columns["email"].comment == "where mail goes"


async def test_columns_of_an_odd_table(odd: Catalog) -> None:
    """Defaults, generated columns and members are the same values on each engine."""
    columns = odd.tables["orders"].columns
    assert [column.name for column in columns.values() if column.generated] == ["double_total", "triple_total"]
    assert [column.name for column in columns.values() if not column.has_default] == ["customer_id", "total"]
    assert [column.name for column in columns.values() if column.on_update] == ["made"]
    assert [column.name for column in columns.values() if column.auto_increment] == ["id"]
    assert (columns["state"].default, columns["state"].type.members) == ("it's", ("new", "it's", "a,b"))
    assert (columns["note"].default, columns["nothing"].default) == ("NULL", None)
    assert (columns["double_total"].default, columns["made"].type.base) == (None, "datetime")
    total = columns["total"].type
    assert (total.base, total.precision, total.scale, columns["total"].nullable) == ("decimal", 10, 2, False)
    assert columns["doc"].type.base == "json"
    assert columns["customer_id"].type.unsigned
    assert [column.ordinal for column in columns.values()] == list(range(1, len(columns) + 1))


async def test_keys_and_indexes_of_an_odd_table(odd: Catalog) -> None:
    """A key over a prefix identifies nothing; an index serves up to its first part that is not a whole column."""
    tables = odd.tables
    assert tables["customers"].keys == (
        Key("PRIMARY", ("id",)),
        Key("by_email", ("email",)),
        Key("by_nick", ("nick",), nullable=True),
    )
    assert tables["order lines"].primary_key == Key("PRIMARY", ("order_id", "line-no"))
    assert (tables["no_key"].primary_key, tables["no_key"].keys) == (None, ())
    indexes = {index.name: (index.columns, index.unique) for index in tables["orders"].indexes}
    assert indexes["PRIMARY"] == (("id",), True)
    assert indexes["mixed"] == (("state",), False)
    assert indexes["reversed"] == (("total", "id"), False)
    assert "words" not in indexes
    assert "by_start" not in {index.name for index in tables["customers"].indexes}


async def test_relations_of_an_odd_schema(odd: Catalog) -> None:
    """Both ends of each foreign key, named by the key alone, clashes settled and told."""
    catalog = odd
    near = {(each.table, each.name, each.to_table, each.cardinality, each.required) for each in all_relations(catalog)}
    one, many = Cardinality.ONE, Cardinality.MANY
    assert near == {
        ("orders", "customer", "customers", one, True),
        ("orders", "gift_for", "customers", one, False),
        ("orders", "author_by_author", "customers", one, False),
        ("order lines", "order", "orders", one, True),
        ("parcels", "order lines", "order lines", one, False),
        ("categories", "parent", "categories", one, False),
        ("profiles", "customer", "customers", one, True),
        ("customers", "orders", "orders", many, False),
        ("customers", "orders_by_gift_for", "orders", many, False),
        ("customers", "orders_by_author", "orders", many, False),
        ("customers", "profiles", "profiles", one, False),
        ("orders", "order lines", "order lines", many, False),
        ("order lines", "parcels", "parcels", many, False),
        ("categories", "categories_by_parent", "categories", many, False),
    }
    parcels = catalog.tables["order lines"].relations["parcels"]
    assert (parcels.columns, parcels.to_columns) == (("order_id", "line-no"), ("order_id", "line_no"))
    assert [note for note in catalog.notes if "author_by_author" in note] != []
    assert {(each.table, each.columns, each.to_table) for each in catalog.foreign_keys} >= {
        ("parcels", ("order_id", "line_no"), "order lines"),
        ("categories", ("parent_id",), "categories"),
    }


def all_relations(catalog: Catalog) -> Iterator[Relation]:
    """The relations of all tables."""
    return (relation for table in catalog for relation in table.relations.values())


async def test_names_of_an_odd_schema(odd: Catalog) -> None:
    """Whatever the database calls its things, GraphQL takes the public names."""
    names = build_names(odd)
    lines = names.table("order lines")
    assert (lines.roots.list, lines.roots.insert_one, lines.types.bool_exp) == (
        "order_lines",
        "insert_order_lines_one",
        "order_lines_bool_exp",
    )
    assert lines.columns == {"order_id": "order_id", "line-no": "line_no", "2nd": "_2nd"}
    assert names.table("orders").relations["order lines"] == "order_lines"
    assert names.table("sélect").type == "select"
    assert names.table("sélect").column_of["a_b"] == "a`b"
    assert names.table("orders").enums == {}


async def test_only_the_tables_asked_for(odd_rows: StructureRows) -> None:
    """Patterns choose tables; keys that lead out of them are told."""
    catalog = build_catalog(odd_rows, include=("o*", "cat*"), exclude=("*lines",))
    assert set(catalog.tables) == {"orders", "categories"}
    assert "order lines" in {each.name for each in catalog.skipped}
    assert [note for note in catalog.notes if "'buyer'" in note and "'customers' is not served" in note] != []
    assert catalog.tables["orders"].relations == {}


async def test_a_key_into_another_database_is_told(engine: Engine, session: RawSession, database: str) -> None:
    """Such a key has no second end."""
    with engine.database("CREATE TABLE far (id INT PRIMARY KEY)") as other:
        engine.execute(
            f"CREATE TABLE near (id INT PRIMARY KEY, far_id INT, CONSTRAINT out_there FOREIGN KEY (far_id)"
            f" REFERENCES {other}.far (id))",
            database,
        )
        catalog = await read(session, database)
        assert catalog.tables["near"].relations == {}
        assert [note for note in catalog.notes if "out_there" in note and "another database" in note] != []
        engine.execute("DROP TABLE near", database)


SMALL = """
CREATE TABLE parents (id INT PRIMARY KEY, a INT);
CREATE TABLE filled (id INT PRIMARY KEY);
CREATE TABLE children (id INT PRIMARY KEY, parent_id INT);
CREATE VIEW shown AS SELECT id FROM parents;
"""

CHANGES = (
    "ALTER TABLE parents ADD added INT",
    "ALTER TABLE parents MODIFY added BIGINT",
    "ALTER TABLE parents MODIFY added BIGINT NOT NULL DEFAULT 5",
    "ALTER TABLE parents COMMENT='other'",
    "CREATE UNIQUE INDEX added_key ON parents (added, id)",
    "ALTER TABLE children ADD CONSTRAINT later FOREIGN KEY (parent_id) REFERENCES parents (id)",
    "ALTER TABLE children DROP FOREIGN KEY later",
    "CREATE TABLE another (id INT PRIMARY KEY)",
    "DROP TABLE another",
    "DROP VIEW shown",
    "CREATE TRIGGER touch BEFORE INSERT ON children FOR EACH ROW SET NEW.parent_id = 1",
)


async def test_the_fingerprint_changes_with_the_structure_alone(
    engine: Engine, session: RawSession, database: str
) -> None:
    """Both fingerprints notice every change of the structure, and nothing else."""
    engine.execute(SMALL, database)
    fetch = session.fetch
    cheap, full = await fingerprint(fetch, database), (await read(session, database)).fingerprint
    engine.execute("INSERT INTO filled VALUES (1); CREATE TABLE graphql_app_ledger (id INT PRIMARY KEY)", database)
    assert (await fingerprint(fetch, database), (await read(session, database)).fingerprint) == (cheap, full)
    for change in CHANGES:
        engine.execute(change, database)
        now, built = await fingerprint(fetch, database), (await read(session, database)).fingerprint
        assert now != cheap, change
        assert built != full, change
        cheap, full = now, built


@pytest.mark.engines("mariadb")
async def test_what_only_mariadb_has(engine: Engine, session: RawSession, database: str) -> None:
    """Sequences are no tables, PERSISTENT is STORED, and a check makes text JSON."""
    engine.execute(
        "CREATE SEQUENCE numbers; CREATE TABLE t (id INT PRIMARY KEY, p INT AS (id + 1) PERSISTENT,"
        " hidden INT INVISIBLE, j LONGTEXT CHECK (json_valid(`j`)), k LONGTEXT, `l``m` LONGTEXT,"
        " CHECK (json_valid(`l``m`) AND json_type(`l``m`) = 'OBJECT'), CHECK (k <> 'json_valid(`k`)'));"
        " CREATE TABLE versioned (id INT PRIMARY KEY) WITH SYSTEM VERSIONING; CREATE TABLE slow (id INT) ENGINE=MyISAM",
        database,
    )
    catalog = await read(session, database)
    assert [(each.name, "sequence" in each.reason) for each in catalog.skipped] == [("numbers", True)]
    columns = catalog.tables["t"].columns
    bases = [column.type.base for column in columns.values()]
    assert bases == ["int", "int", "int", "json", "longtext", "json"]
    assert columns["p"].generated
    assert columns["hidden"].invisible
    assert catalog.tables["versioned"].kind is TableKind.TABLE
    assert [table.name for table in catalog if not table.transactional] == ["slow"]


@pytest.mark.engines("mysql", "embedded")
async def test_indexes_over_expressions_are_no_keys(engine: Engine, session: RawSession, database: str) -> None:
    """Their parts have no columns, or such as the table does not show."""
    engine.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY u ((a + b), id), UNIQUE KEY v (id, (a * b)))",
        database,
    )
    table = (await read(session, database)).tables["t"]
    assert table.keys == (Key("PRIMARY", ("id",)),)
    assert {index.name: (index.columns, index.unique) for index in table.indexes} == {
        "PRIMARY": (("id",), True),
        "v": (("id",), False),
    }


@pytest.mark.engines("embedded")
async def test_a_column_without_a_form_is_left_out(engine: Engine, session: RawSession, database: str) -> None:
    """The rest of its table is served."""
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY, a ARRAY(INT)); CREATE TABLE u (a ARRAY(INT))", database)
    catalog = await read(session, database)
    assert set(catalog.tables["t"].columns) == {"id"}
    assert [note for note in catalog.notes if "column 'a' of 't'" in note and "ARRAY(INT)" in note] != []
    assert [(each.name, each.reason) for each in catalog.skipped] == [
        ("u", "none of its columns has a type that can be served")
    ]
