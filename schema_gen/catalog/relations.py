"""Foreign keys -> both ends of each relation, and the names of the ends. Pure.

A name depends on the foreign key alone, so that it stays when the schema grows:

- the to-one end is the column without `_id`, `Id` or `_fk` (`author_id` -> `author`); for a
  composite key, for a column that is called `id`, and for one without such an ending that is
  called like the column it refers to (`emp_no` -> `employees.emp_no`), the referenced table;
- the far end is the referencing table, plain where the column's base is the referenced
  table's name in singular or plural (`orders.customer_id` -> `customers.orders`), else
  `<table>_by_<base>` (`posts.editor_id` -> `users.posts_by_editor`).

`RELATION_NAMES=v1` is for those who must keep the names of earlier versions: there the last
of the three was the column, which is always taken (`emp_no_by_emp_no`).

A foreign key to columns that are not unique has a list at both ends: several rows may be
what it refers to.

Where such a name is taken, by a column or by a relation that comes before, `_by_` and the
key's columns are appended. Columns come first, then to-one ends, then far ends; keys are
taken in the order of their tables' names and their columns' positions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Literal

from schema_gen.catalog.model import Cardinality, ForeignKey, Relation, Table, TableKind
from schema_gen.catalog.relation_types import PLAIN, compared

Version = Literal["v1", "v2"]
"""By which rules relations are named."""

_SUFFIX = re.compile(r"(?P<base>.+)(?:_(?i:id|fk)|(?<=[a-z0-9])(?:Id|ID|Fk|FK))")

# Plurals are guessed both ways and only compared, never shown, so a few rules will do.
_ENDINGS: Final = (("y", "ies"), ("fe", "ves"), ("f", "ves"), ("is", "es"), ("um", "a"), ("us", "i"), ("ix", "ices"))
_IRREGULAR: Final = (
    *(("person", "people"), ("child", "children"), ("man", "men"), ("mouse", "mice"), ("foot", "feet")),
    *(("tooth", "teeth"), ("goose", "geese"), ("criterion", "criteria"), ("quiz", "quizzes")),
)


def base_name(foreign_key: ForeignKey, version: Version = "v2") -> str:
    """What the foreign key calls the row it points at."""
    column = foreign_key.columns[0]
    if len(foreign_key.columns) > 1 or column.lower() == "id":
        return foreign_key.to_table
    found = _SUFFIX.fullmatch(column)
    if found:
        return found["base"]
    same = version == "v2" and [column.lower()] == [name.lower() for name in foreign_key.to_columns]
    return foreign_key.to_table if same else column


def plurals(word: str) -> frozenset[str]:
    """Forms that may be the plural of `word`, which is in lower case."""
    found = {word + "s", word + "es"}
    for singular, plural in (*_ENDINGS, *_IRREGULAR):
        if word.endswith(singular):
            found.add(word[: -len(singular)] + plural)
    return frozenset(found)


def same_word(first: str, second: str) -> bool:
    """Whether two names differ in number, case and underscores at most."""
    one, other = (name.replace("_", "").lower() for name in (first, second))
    return one == other or one in plurals(other) or other in plurals(one)


def far_name(foreign_key: ForeignKey, version: Version = "v2") -> str:
    """What the referenced table calls the rows that point at it."""
    base = base_name(foreign_key, version)
    return foreign_key.table if same_word(base, foreign_key.to_table) else f"{foreign_key.table}_by_{base}"


@dataclass(slots=True)
class _Ends:
    """Relations under construction, by table."""

    tables: Mapping[str, Table]
    version: Version = "v2"
    relations: dict[str, dict[str, Relation]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def name(self, table: str, wanted: str, foreign_key: ForeignKey) -> str:
        """`wanted`, or what it becomes where it is taken: the one place where clashes of relations are settled."""
        taken = self.tables[table].columns.keys() | self.relations.setdefault(table, {}).keys()
        if wanted not in taken:
            return wanted
        longer = f"{wanted}_by_{'_'.join(foreign_key.columns)}"
        names = (longer if number == 1 else f"{longer}_{number}" for number in count(1))
        found = next(name for name in names if name not in taken)
        self.notes.append(
            f"relation '{wanted}' of '{table}' is called '{found}' (foreign key '{foreign_key.name}'"
            f" of '{foreign_key.table}'): the name is taken"
        )
        return found

    def add(self, relation: Relation) -> None:
        self.relations.setdefault(relation.table, {})[relation.name] = relation

    def add_near(self, foreign_key: ForeignKey) -> None:
        """The referencing table's end: one row at most where what it refers to is unique."""
        table, unique = self.tables[foreign_key.table], self._refers_to_one(foreign_key)
        self.add(
            Relation(
                name=self.name(foreign_key.table, base_name(foreign_key, self.version), foreign_key),
                table=foreign_key.table,
                columns=foreign_key.columns,
                to_table=foreign_key.to_table,
                to_columns=foreign_key.to_columns,
                cardinality=Cardinality.ONE if unique else Cardinality.MANY,
                required=unique
                and foreign_key.enforced
                and not any(table.columns[column].nullable for column in foreign_key.columns),
                foreign_key=foreign_key.name,
                worded=self._worded(foreign_key),
                enforced=foreign_key.enforced,
                refers=True,
                compared=self._compared(foreign_key),
            )
        )

    def add_far(self, foreign_key: ForeignKey) -> None:
        """The referenced table's end: one row at most where the foreign key holds a whole unique key."""
        keys = self.tables[foreign_key.table].keys
        unique = any(set(key.columns) <= set(foreign_key.columns) for key in keys)
        self.add(
            Relation(
                name=self.name(foreign_key.to_table, far_name(foreign_key, self.version), foreign_key),
                table=foreign_key.to_table,
                columns=foreign_key.to_columns,
                to_table=foreign_key.table,
                to_columns=foreign_key.columns,
                cardinality=Cardinality.ONE if unique else Cardinality.MANY,
                required=False,
                foreign_key=foreign_key.name,
                worded=self._worded(foreign_key),
                enforced=foreign_key.enforced,
                compared=tuple((far, near) for near, far in self._compared(foreign_key)),
            )
        )

    def _compared(self, foreign_key: ForeignKey) -> tuple[tuple[str, str], ...]:
        near, far = self.tables[foreign_key.table].columns, self.tables[foreign_key.to_table].columns
        pairs = zip(foreign_key.columns, foreign_key.to_columns, strict=True)
        found = tuple(compared(near[one], far[other]) for one, other in pairs)
        return () if all(each == PLAIN for each in found) else found

    def _refers_to_one(self, foreign_key: ForeignKey) -> bool:
        """Whether the columns referred to are unique. Views have no keys: there what was said by hand is believed."""
        target = self.tables[foreign_key.to_table]
        if target.kind is TableKind.VIEW:
            return True
        return any(set(key.columns) <= set(foreign_key.to_columns) for key in target.keys)

    def _worded(self, foreign_key: ForeignKey) -> bool:
        columns = self.tables[foreign_key.table].columns
        return any(columns[column].type.members for column in foreign_key.columns)


def build_relations(
    tables: Mapping[str, Table], foreign_keys: Iterable[ForeignKey], version: Version = "v2"
) -> tuple[dict[str, dict[str, Relation]], tuple[str, ...]]:
    """The relations of each table, by name, and notes about names that were taken."""
    ends = _Ends(tables, version)
    order = sorted(foreign_keys, key=lambda each: _position(tables, each))
    for foreign_key in order:
        ends.add_near(foreign_key)
    for foreign_key in order:
        ends.add_far(foreign_key)
    return ends.relations, tuple(ends.notes)


def _position(tables: Mapping[str, Table], foreign_key: ForeignKey) -> tuple[str, tuple[int, ...], str]:
    # Columns are mostly added at the end, so a new key seldom comes before an old one.
    columns = tables[foreign_key.table].columns
    return foreign_key.table, tuple(columns[name].ordinal for name in foreign_key.columns), foreign_key.name
