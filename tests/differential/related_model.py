"""What an update does to related rows, on rows in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.differential.model import BODY, DUPLICATE, FOREIGN, NOT_NULL, Draft, Fate, Given, Refused
from tests.differential.schema import Relation, Table
from tests.differential.tables import TABLES
from tests.differential.values import Ambiguous, Row, parsed

NOT_FOUND, CONFLICT = "NOT_FOUND", "CONFLICT"

Insert = Callable[[Table, list[tuple[Given, Given]], Given | None], list[Any]]
"""Inserts rows with the values they have from the rows they hang on."""
Wrong = Callable[[Table, Given, tuple[str, ...]], set[str]]
"""What is wrong with a new row, whatever the tables hold."""


def related_of(table: Table, sets: Given) -> list[tuple[Relation, Given]]:
    """The relations that a `_set` says something of."""
    return [(table.relations[name], value) for name, value in sets.items() if name in table.relations and value]


def wrong_related(table: Table, sets: Given, wrong: Wrong) -> set[str]:
    """What is wrong with changes of related rows, whatever the tables hold."""
    found: set[str] = set()
    for relation, value in related_of(table, sets):
        far = TABLES[relation.to_table]
        holder, columns = (table, relation.columns) if relation.refers else (far, relation.to_columns)
        released = value.get("disconnect") not in (None, False) or (relation.refers and value.get("delete"))
        if released and any(not holder.columns[name].nullable for name in columns):
            found.add(NOT_NULL)
        given = relation.refers and any(value.get(each) for each in ("connect", "disconnect", "insert", "delete"))
        if given and any(name in sets or name in table.key for name in columns):
            found.add(BODY)
        inside = () if relation.refers else relation.to_columns
        for each in ("insert", "upsert", "set"):
            # A key that is missing is found by the database, if a row is inserted at all.
            keys = {name: 0 for name in far.key if name not in inside}
            found |= {reason for row in _listed(value.get(each)) for reason in wrong(far, keys | row, inside)}
        for update in _updates(relation, value):
            new = update.get("_set") or {}
            found |= {NOT_NULL for name, each in new.items() if each is None and not far.columns[name].nullable}
    return found


def _listed(value: Any) -> list[Given]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _updates(relation: Relation, value: Given) -> list[Given]:
    updates = _listed(value.get("update"))
    return [{"_set": each} for each in updates] if relation.refers else updates


@dataclass(slots=True)
class RelatedChanges:
    """The changes of one update, of which `rows` are the updated ones. `affected` counts rows of every table."""

    draft: Draft
    table: Table
    rows: list[Row]
    insert: Insert
    affected: int = 0

    def before(self, relation: Relation, value: Given) -> Given:
        """What happens to what the rows refer to; the values that their own columns get."""
        far = TABLES[relation.to_table]
        for each in _updates(relation, value):
            self._change(far, self._referred(relation, far), each)
        if value.get("connect"):
            (row,) = self._found(far, [value["connect"]])
            return dict(zip(relation.columns, (row[name] for name in relation.to_columns), strict=True))
        if value.get("insert"):
            (placed,) = self.insert(far, [(value["insert"], {})], None)
            self.affected += 1
            return dict(zip(relation.columns, (placed.row[name] for name in relation.to_columns), strict=True))
        gone = value.get("disconnect") or value.get("delete")
        return dict.fromkeys(relation.columns) if gone else {}

    def referred(self, relation: Relation) -> list[Row]:
        """The rows that the updated ones refer to now."""
        return self._referred(relation, TABLES[relation.to_table])

    def delete(self, relation: Relation, rows: list[Row]) -> None:
        """Deletes what the updated rows referred to."""
        self._delete(TABLES[relation.to_table], rows)

    def _referred(self, relation: Relation, far: Table) -> list[Row]:
        keys = [tuple(row[name] for name in relation.columns) for row in self.rows]
        return [row for row in self.draft.rows[far.name] if tuple(row[name] for name in relation.to_columns) in keys]

    def after(self, relation: Relation, value: Given) -> None:
        """What happens to the rows that refer to the updated ones."""
        far = TABLES[relation.to_table]
        if len(self.rows) > 1 and (value.get("connect") or value.get("upsert") or value.get("set") is not None):
            raise Refused(CONFLICT)
        if value.get("disconnect") is not None:
            self._set(far, self._below(relation, far, value["disconnect"]), dict.fromkeys(relation.to_columns))
        if value.get("delete") is not None:
            self._delete(far, self._below(relation, far, value["delete"]))
        for each in _updates(relation, value):
            self._change(far, self._below(relation, far, each["where"]), each)
        if value.get("set") is not None:
            self._take_away(relation, far, value["set"])
        for row in self.rows:
            filled = self._filled(relation, row)
            self._upsert(far, filled, _listed(value.get("set")) + _listed(value.get("upsert")))
            self._insert(far, filled, _listed(value.get("insert")))
            keys = _listed(value.get("connect"))
            self._set(far, self._found(far, keys), filled)

    def _filled(self, relation: Relation, row: Row) -> Given:
        return dict(zip(relation.to_columns, (row[name] for name in relation.columns), strict=True))

    def _below(self, relation: Relation, far: Table, where: Given) -> list[Row]:
        return [row for row in self._referred(relation, far) if row in self.draft.matching(far, where)]

    def _found(self, far: Table, keys: list[Given]) -> list[Row]:
        found = []
        for key in keys:
            row = next((row for row in self.draft.rows[far.name] if self._same_key(far, row, key)), None)
            if row is None:
                # The others are changed before it is seen that one is missing.
                raise Refused(NOT_FOUND, DUPLICATE, FOREIGN)
            found.append(row)
        return [row for place, row in enumerate(found) if all(row is not other for other in found[:place])]

    def _same_key(self, far: Table, row: Row, key: Given) -> bool:
        return all(row[name] == parsed(key[name], far.columns[name].kind) for name in far.key)

    def _take_away(self, relation: Relation, far: Table, items: list[Given]) -> None:
        filled = self._filled(relation, self.rows[0])
        keyed = [filled | item for item in items if all(item.get(name, filled.get(name)) for name in far.key)]
        rows = self._referred(relation, far)
        others = [row for row in rows if not any(self._same_key(far, row, key) for key in keyed)]
        can_be_alone = all(far.columns[name].nullable and name not in far.key for name in relation.to_columns)
        if can_be_alone:
            self._set(far, others, dict.fromkeys(relation.to_columns))
        else:
            self._delete(far, others)

    def _upsert(self, far: Table, filled: Given, items: list[Given]) -> None:
        groups: dict[tuple[str, ...], list[Given]] = {}
        for item in items:
            groups.setdefault(tuple(sorted(item)), []).append(item)
        for names, group in groups.items():
            update = [name for name in (*names, *filled) if name not in far.key]
            conflict = {"constraint": "PRIMARY", "update_columns": update}
            placed = self.insert(far, [(item, filled) for item in group], conflict)
            self.affected += sum(each.fate is not Fate.IGNORED for each in placed)

    def _insert(self, far: Table, filled: Given, items: list[Given]) -> None:
        if items and len(self.rows) > 1 and "mark" in far.columns:
            raise Ambiguous  # new rows are told apart by their marks
        self.affected += len(self.insert(far, [(item, filled) for item in items], None)) if items else 0

    def _change(self, far: Table, rows: list[Row], update: Given) -> None:
        sets = update.get("_set") or {}
        if sets:
            columns = far.columns
            stored = {
                name: None if value is None else parsed(value, columns[name].kind) for name, value in sets.items()
            }
            self._set(far, rows, stored)

    def _set(self, far: Table, rows: list[Row], values: Given) -> None:
        self.draft.change(far, rows, lambda _: values)
        self.affected += len(rows)

    def _delete(self, far: Table, rows: list[Row]) -> None:
        self.draft.delete(far, rows)
        self.affected += len(rows)
        if far is self.table and any(row is own for row in rows for own in self.rows):
            raise Ambiguous
