"""Tables with odd definitions, made at random from a seed: what databases of years and of other people hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.harness.engines import EngineName

EMBEDDED, MARIADB, MYSQL = EngineName.EMBEDDED, EngineName.MARIADB, EngineName.MYSQL
SERVERS = (MARIADB, MYSQL)


@dataclass(frozen=True, slots=True)
class Type:
    """A column type, values of it as SQL, whether it may be a part of a key, and where it exists."""

    sql: str
    values: tuple[str, ...]
    keyable: bool = False
    on: tuple[EngineName, ...] = (EMBEDDED, MARIADB, MYSQL)


POINT = "ST_GeomFromText('POINT(1 2)'%s)"
TYPES = (
    Type("TINYINT(1)", ("0", "1", "2", "-1", "127"), True),
    Type("TINYINT UNSIGNED ZEROFILL", ("7", "255", "0"), True),
    Type("SMALLINT", ("-32768", "0", "7"), True),
    Type("MEDIUMINT UNSIGNED", ("16777215", "0"), True),
    Type("INT", ("-2147483648", "5", "6"), True),
    Type("INT UNSIGNED", ("4294967295", "0"), True),
    Type("BIGINT UNSIGNED", ("18446744073709551615", "1"), True),
    Type("BIT(1)", ("b'0'", "b'1'"), True),
    Type("BIT(64)", ("b'1'", "18446744073709551615"), True),
    Type("DECIMAL(65,30)", ("-1.000000000000000000000000000001", "0", "12345678901234567890"), True),
    Type("DECIMAL(5,2) UNSIGNED ZEROFILL", ("1.50", "999.99"), True),
    Type("FLOAT", ("1.5", "0.1", "-3.4e38")),
    Type("FLOAT(7,3)", ("1.5", "1234.567")),
    Type("DOUBLE", ("0.1", "1e300", "-0.30000000000000004")),
    Type("YEAR", ("1999", "0", "2155"), True),
    Type("DATE", ("'2024-02-29'", "'0000-00-00'", "'2024-00-00'", "'9999-12-31'"), True),
    Type("DATETIME", ("'2024-02-29 12:30:00'", "'0000-00-00 00:00:00'"), True),
    Type("DATETIME(6)", ("'2024-02-29 12:30:00.000001'", "'0000-00-00 00:00:00'", "'2024-01-00 00:00:00'"), True),
    Type("TIMESTAMP(3) NULL", ("'2024-02-29 12:30:00.125'", "'0000-00-00 00:00:00'")),
    Type("TIME(2)", ("'-838:59:59'", "'12:30:00.25'"), True),
    Type("CHAR(0)", ("''",)),
    Type("CHAR(5)", ("'x y'", "''", "'Ab'"), True),
    Type("VARCHAR(20)", ("'a\"b\\\\ü'", "''", "'  x'", "'a,b\\nc'", "'NULL'"), True),
    Type("VARCHAR(20) CHARACTER SET latin1", ("'é€'", "'a'"), True, SERVERS),
    Type("VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin", ("'a'", "'A'"), True, SERVERS),
    Type("VARCHAR(20) CHARACTER SET utf8mb3", ("'日本'", "'ü'"), True, SERVERS),
    Type("VARCHAR(20) CHARACTER SET utf16", ("'😀'", "'ü'"), True, SERVERS),
    Type("VARCHAR(20) CHARACTER SET koi8r", ("'привет'", "'a'"), True, SERVERS),
    Type("TEXT CHARACTER SET sjis", ("'日本'", "''"), False, SERVERS),
    Type("VARCHAR(20) COLLATE utf8mb4_bin", ("'a'", "'A'", "'😀'"), True),
    Type("MEDIUMTEXT", ("'long'", "''")),
    Type("ENUM('new','old')", ("'new'", "'old'"), True),
    Type("ENUM('x','y z','')", ("'y z'", "''"), True),
    Type("ENUM('a','b') CHARACTER SET latin1", ("'a'",), True, SERVERS),
    Type("SET('a','b','c')", ("'a,c'", "''")),
    Type("BINARY(4)", ("x'00ff0a22'", "x'61'"), True),
    Type("VARBINARY(9)", ("x'00ff'", "''"), True),
    Type("BLOB", ("x'00ff'", "''")),
    Type("JSON", ('\'{"a": [1, 1.50, "ü"]}\'', "'null'", "'[]'")),
    Type("GEOMETRY", (POINT % "", POINT % ",4326", POINT % ",3857"), False, SERVERS),
    Type("POINT", (POINT % ",4326", POINT % ""), False, SERVERS),
    Type("POINT SRID 4326", (POINT % ",4326",), False, (MYSQL,)),
    Type("LINESTRING", ("ST_GeomFromText('LINESTRING(0 0,1 2)',4326)",), False, SERVERS),
    Type("UUID", ("'123e4567-e89b-12d3-a456-426655440000'",), True, (MARIADB,)),
    Type("INET6", ("'::1'",), True, (MARIADB,)),
)
BY_NAME = {each.sql: each for each in TYPES}


@dataclass(frozen=True, slots=True)
class OddTable:
    """A table: the script that makes it, and the columns in which an import must give back what was there."""

    name: str
    script: str
    columns: tuple[str, ...]
    keyed: bool
    traits: tuple[str, ...]


@dataclass(slots=True)
class _Draft:
    lines: list[str]
    stored: dict[str, Type]
    keys: list[str]
    options: list[str]
    traits: list[str]
    keyed: bool = False


def odd_table(name: str, engine: EngineName, random: Random) -> OddTable:
    """A table of this name."""
    types = [each for each in TYPES if engine in each.on]
    draft = _Draft([], {}, [], [], [])
    for place in range(random.randint(1, 5)):
        _add_column(draft, f"c{place}", random.choice(types), random)
    _KEYS[random.choice([each for each, where in _KEY_ENGINES.items() if engine in where])](draft, engine, random)
    for extra in random.sample(sorted(_EXTRAS), 2):
        make, where = _EXTRAS[extra]
        if engine in where and random.random() < 0.5:
            make(draft)
            draft.traits.append(extra)
    body = ", ".join([*draft.lines, *draft.keys])
    made = f"CREATE TABLE {name} ({body}) {' '.join(draft.options)}"
    columns = ", ".join(draft.stored)
    rows = [f"({', '.join(_value(draft, type_, row, random) for type_ in draft.stored.values())})" for row in range(3)]
    inserts = ";".join(f"INSERT IGNORE INTO {name} ({columns}) VALUES {row}" for row in rows)
    return OddTable(name, f"{made};{inserts}", tuple(draft.stored), draft.keyed, tuple(draft.traits))


def _value(draft: _Draft, type_: Type, row: int, random: Random) -> str:
    if type_ is _SERIAL:
        return str(row)
    return random.choice(type_.values)


_SERIAL = Type("INT", ("1",), True)
"""Another value in each row; a 0 is kept as one, also where the database numbers."""


def _add_column(draft: _Draft, name: str, type_: Type, random: Random) -> None:
    declared = type_.sql
    fixed = "NULL" in declared
    if not fixed and random.random() < 0.4:
        declared += " NOT NULL"
        default = random.choice(type_.values)
        if random.random() < 0.5 and default[0] in "'-0123456789" and "TEXT" not in declared and "JSON" not in declared:
            declared += f" DEFAULT {default}"
    draft.lines.append(f"{name} {declared}")
    draft.stored[name] = type_


def _no_key(draft: _Draft, _engine: EngineName, _random: Random) -> None:
    draft.traits.append("no key")


def _numbered(draft: _Draft, _engine: EngineName, random: Random) -> None:
    type_ = random.choice(("INT", "TINYINT(1)", "BIGINT UNSIGNED", "SMALLINT", "INT ZEROFILL"))
    draft.lines.insert(0, f"id {type_} AUTO_INCREMENT PRIMARY KEY")
    draft.stored = {"id": _SERIAL, **draft.stored}
    draft.traits.append(f"numbered {type_}")
    draft.keyed = True


def _natural(draft: _Draft, engine: EngineName, random: Random) -> None:
    """One or two columns of any type that can be."""
    types = [each for each in TYPES if engine in each.on and each.keyable]
    names = [f"k{place}" for place in range(random.randint(1, 2))]
    for name in names:
        type_ = random.choice(types)
        draft.lines.append(f"{name} {type_.sql} NOT NULL")
        draft.stored[name] = type_
    draft.keys.append(f"PRIMARY KEY ({', '.join(names)})")
    draft.traits.append("natural key")
    draft.keyed = True


def _prefix(draft: _Draft, _engine: EngineName, random: Random) -> None:
    word = "PRIMARY KEY" if random.random() < 0.5 else "UNIQUE KEY u"
    draft.lines.append("p VARCHAR(20) NOT NULL")
    draft.stored["p"] = BY_NAME["VARCHAR(20)"]
    draft.keys.append(f"{word} (p(2))")
    draft.traits.append("prefix key")


def _unique_alone(draft: _Draft, _engine: EngineName, _random: Random) -> None:
    draft.lines.append("u INT")
    draft.stored["u"] = _SERIAL
    draft.keys.append("UNIQUE KEY (u)")
    draft.traits.append("a nullable unique key alone")


def _made_key(draft: _Draft, engine: EngineName, random: Random) -> None:
    """A key that a default makes."""
    choices = ["k VARCHAR(9) DEFAULT 'main'", "k DATETIME DEFAULT CURRENT_TIMESTAMP", "k INT DEFAULT 7"]
    if engine in SERVERS:
        choices += ["k CHAR(36) DEFAULT (UUID())", "k BIGINT UNSIGNED DEFAULT (UUID_SHORT())"]
        choices.append("k BINARY(16) DEFAULT (UNHEX(REPLACE(UUID(),'-','')))")
    if engine is MYSQL:
        choices.append("k BINARY(16) DEFAULT (UUID_TO_BIN(UUID()))")
    chosen = random.choice(choices)
    draft.lines.append(chosen)
    draft.lines.append("n INT NOT NULL")
    draft.stored["n"] = _SERIAL
    draft.keys.append("PRIMARY KEY (k, n)" if random.random() < 0.5 else "PRIMARY KEY (n, k)")
    draft.stored["k"] = Type("", ("DEFAULT",))
    draft.traits.append(f"key made by a default: {chosen}")
    draft.keyed = True


def _second_part(draft: _Draft, _engine: EngineName, _random: Random) -> None:
    draft.lines[:0] = ["grp INT NOT NULL DEFAULT 1", "id INT NOT NULL AUTO_INCREMENT"]
    draft.stored = {"grp": BY_NAME["INT"], "id": _SERIAL, **draft.stored}
    draft.keys.append("PRIMARY KEY (grp, id)")
    draft.options.append("ENGINE=MyISAM")
    draft.traits.append("a generated second part")
    draft.keyed = True


def _keyed_by_unique(draft: _Draft, _engine: EngineName, _random: Random) -> None:
    draft.lines.append("id INT NOT NULL AUTO_INCREMENT")
    draft.stored["id"] = _SERIAL
    draft.keys.append("UNIQUE KEY (id)")
    draft.traits.append("numbered by a unique key")


_ALL = (EMBEDDED, MARIADB, MYSQL)
_KEYS = {
    each.__name__: each
    for each in (*(_no_key, _numbered, _natural, _prefix, _unique_alone, _made_key, _second_part, _keyed_by_unique),)
}
_KEY_ENGINES = {name: (SERVERS if name in ("_second_part", "_prefix") else _ALL) for name in _KEYS}


def _generated(draft: _Draft) -> None:
    draft.lines.append("g INT AS (1 + 1) VIRTUAL")


def _stored_generated(draft: _Draft) -> None:
    draft.lines.append("gs INT AS (1 + 1) STORED")


def _hidden(draft: _Draft) -> None:
    draft.lines.append("h INT INVISIBLE DEFAULT 3")


def _touched(draft: _Draft) -> None:
    draft.lines.append("t TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")


def _versioned(draft: _Draft) -> None:
    draft.options.append("WITH SYSTEM VERSIONING")


def _period(draft: _Draft) -> None:
    draft.lines += [
        "since TIMESTAMP(6) GENERATED ALWAYS AS ROW START",
        "until TIMESTAMP(6) GENERATED ALWAYS AS ROW END",
    ]
    draft.keys.append("PERIOD FOR SYSTEM_TIME (since, until)")
    draft.options.append("WITH SYSTEM VERSIONING")


def _hidden_period(draft: _Draft) -> None:
    draft.lines += [
        "since TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE",
        "until TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE",
    ]
    draft.keys.append("PERIOD FOR SYSTEM_TIME (since, until)")
    draft.options.append("WITH SYSTEM VERSIONING")


def _no_transactions(draft: _Draft) -> None:
    if not draft.options:
        draft.options.append("ENGINE=MyISAM")


def _checked(draft: _Draft) -> None:
    draft.keys.append("CONSTRAINT CHECK (1 = 1)")


_EXTRAS = {
    "generated": (_generated, _ALL),
    "stored generated": (_stored_generated, _ALL),
    "hidden": (_hidden, SERVERS),
    "touched": (_touched, _ALL),
    "versioned": (_versioned, (MARIADB,)),
    "period": (_period, (MARIADB,)),
    "hidden period": (_hidden_period, (MARIADB,)),
    "no transactions": (_no_transactions, SERVERS),
    "checked": (_checked, SERVERS),
}


def odd_tables(engine: EngineName, seed: int, count: int) -> Sequence[OddTable]:
    """So many tables; the same for the same seed."""
    return [odd_table(f"t{seed}_{place}", engine, Random(f"{seed}/{place}")) for place in range(count)]
