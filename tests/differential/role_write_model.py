"""A model of what roles may write: rows as values, rules of three truth values. It knows nothing of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
State = dict[str, list[Row]]
Rule = Mapping[str, Any]

KEYS = {"users": ("id",), "notes": ("id",), "words": ("lang", "word")}
DEFAULTS: dict[str, Row] = {
    "users": {"team": None, "level": 1},
    "notes": {"user_id": None, "title": None, "stars": 1, "secret": None},
    "words": {"user_id": 2, "hits": None},
}
FORWARD = {("notes", "user"): ("user_id", "users"), ("words", "user"): ("user_id", "users")}
BACKWARD = {("users", "notes"): ("user_id", "notes"), ("users", "words"): ("user_id", "words")}


class Refused(Exception):
    """The whole request is refused; `check`: by a check of a permission alone."""

    def __init__(self, *, check: bool = False) -> None:
        super().__init__()
        self.check = check


@dataclass(frozen=True)
class Permission:
    """What a role may do with a table; None for what it may not."""

    insert: Mapping[str, Any] | None = None
    update: Mapping[str, Any] | None = None
    delete: Rule | None = None


@dataclass
class Touched:
    """What a write did: how many rows on all levels, and those of its own table."""

    count: int
    rows: list[Row]


@dataclass
class Model:
    """A database as a role changes it. `session` are the session variables."""

    state: State
    permissions: Mapping[str, Permission]
    session: Mapping[str, str]
    numbered: set[int] = field(default_factory=set)

    # --- conditions -----------------------------------------------------------

    def value(self, raw: Any, column: str) -> Any:
        """A value of a rule: a session variable's, as the column holds it."""
        if isinstance(raw, str) and raw.lower().startswith("x-hasura-"):
            raw = self.session[raw.lower()]
            if raw.startswith("{"):
                return [int(item) for item in raw[1:-1].split(",") if item]
            return raw if column in ("title", "lang", "word") else int(raw)
        return raw

    def holds(self, rule: Rule, table: str, row: Row) -> bool | None:
        """The truth of a rule for a row; None where that is not known."""
        return _all(self._part(name, said, table, row) for name, said in rule.items())

    def _part(self, name: str, said: Any, table: str, row: Row) -> bool | None:
        if name == "_and":
            return _all(self.holds(each, table, row) for each in said)
        if name == "_or":
            return _not(_all(_not(self.holds(each, table, row)) for each in said))
        if name == "_not":
            return _not(self.holds(said, table, row))
        if (table, name) in FORWARD:
            column, far = FORWARD[table, name]
            near = [each for each in self.state[far] if each["id"] == row[column]]
            return any(self.holds(said, far, each) for each in near)
        if (table, name) in BACKWARD:
            column, far = BACKWARD[table, name]
            return any(self.holds(said, far, each) for each in self.state[far] if each[column] == row["id"])
        return _all(self._compared(row, name, operator, raw) for operator, raw in said.items())

    def _compared(self, row: Row, name: str, operator: str, raw: Any) -> bool | None:
        if operator == "_is_null":
            return (row[name] is None) is raw
        given = row[raw] if operator == "_ceq" else self.value(raw, name)
        if given == [] and operator in ("_in", "_nin"):
            return operator == "_nin"
        if row[name] is None or given is None:
            return None
        return _OPERATORS[operator](row[name], given)

    # --- writes ---------------------------------------------------------------

    def presets(self, of: Mapping[str, Any]) -> Row:
        """What is set without being asked for."""
        return {name: self.value(raw, name) for name, raw in of.get("set", {}).items()}

    def check(self, rule: Rule | None, table: str, rows: Sequence[Row]) -> None:
        """Raises `Refused` unless the rule is true of every row as it is now."""
        if not all(self.holds(rule or {}, table, row) for row in rows):
            raise Refused(check=True)

    def may_update(self, table: str, names: set[str]) -> Mapping[str, Any]:
        """The rule of updates; raises `Refused` where it does not let these columns be given."""
        rule = self.permissions[table].update
        if rule is None or names - _given(rule):
            raise Refused
        return rule

    def update(self, table: str, where: Rule, sets: Row, increments: Row, most: int | None = None) -> Touched:
        """An update of `most` rows at most."""
        rule = self.may_update(table, {*sets, *increments})
        found = [row for row in self.state[table] if self.holds({"_and": [rule["filter"], where]}, table, row)]
        presets = self.presets(rule)
        if not sets and not increments and not presets:
            return Touched(0, [])
        if most is not None and len(found) > most:
            raise Refused
        for row in found:
            row.update(sets)
            row.update({name: None if row[name] is None else row[name] + more for name, more in increments.items()})
            row.update(presets)
        self.constraints()
        self.check(rule["check"], table, found)
        return Touched(len(found), found)

    def delete(self, table: str, where: Rule, most: int | None = None) -> Touched:
        """A delete of `most` rows at most."""
        rule = self.permissions[table].delete
        if rule is None:
            raise Refused
        gone = [row for row in self.state[table] if self.holds({"_and": [rule, where]}, table, row)]
        self.state[table] = [row for row in self.state[table] if not any(row is each for each in gone)]
        self.constraints()
        if most is not None and len(gone) > most:
            raise Refused
        return Touched(len(gone), gone)

    def insert(self, table: str, rows: Sequence[Row], conflict: Mapping[str, Any] | None) -> Touched:
        """An insert; what hangs on a row stands in it by the relation's name."""
        self._check_names(table, rows, conflict)
        inserted: list[tuple[str, Row]] = []
        updated: list[tuple[str, Row]] = []
        touched = [self._insert(table, row, conflict, {}, inserted, updated) for row in rows]
        for name, row in inserted:
            self.check(self._rule(name)["check"], name, [row])
        for name, row in updated:
            update = self.permissions[name].update
            assert update is not None
            self.check(update["check"], name, [row])
        return Touched(len(inserted) + len(updated), [row for row in touched if row is not None])

    def _check_names(self, table: str, rows: Sequence[Row], conflict: Mapping[str, Any] | None) -> None:
        """Raises `Refused` where something is given that may not be, before anything is done."""
        rule, update = self._rule(table), self.permissions[table].update
        if conflict is not None and set(conflict["update"]) - _given(update or {"columns": []}):
            raise Refused
        for name, value in ((name, value) for row in rows for name, value in row.items()):
            if far := _far(table, name):
                self._check_names(far, value, None)
            elif name not in _given(rule):
                raise Refused

    def _rule(self, table: str) -> Mapping[str, Any]:
        rule = self.permissions[table].insert
        if rule is None:
            raise Refused
        return rule

    def _insert(
        self,
        table: str,
        asked: Row,
        conflict: Mapping[str, Any] | None,
        filled: Row,
        inserted: list[tuple[str, Row]],
        updated: list[tuple[str, Row]],
    ) -> Row | None:
        rule = self._rule(table)
        nested = {name: asked[name] for name in asked if _far(table, name)}
        given = {name: value for name, value in asked.items() if name not in nested}
        presets = self.presets(rule)
        for name, far_rows in nested.items():
            if (table, name) in FORWARD:
                column, far = FORWARD[table, name]
                made = self._insert(far, far_rows[0], None, {}, inserted, updated)
                assert made is not None
                filled = {**filled, column: made["id"]}
        if any(name in presets and presets[name] != value for name, value in filled.items()):
            raise Refused(check=True)
        row = {**DEFAULTS[table], **given, **presets, **filled}
        met = None if conflict is None else self._met(table, row)
        if met is not None and conflict is not None:
            return self._merge(table, met, row, conflict, updated)
        if "id" in KEYS[table] and "id" not in row:
            row["id"] = max([each["id"] for each in self.state[table]], default=0) + 1000
            self.numbered.add(row["id"])
        self.state[table].append(row)
        inserted.append((table, row))
        self.constraints()
        for name, far_rows in nested.items():
            if (table, name) in BACKWARD:
                column, far = BACKWARD[table, name]
                for each in far_rows:
                    self._insert(far, each, None, {column: row["id"]}, inserted, updated)
        return row

    def _met(self, table: str, row: Row) -> Row | None:
        key = KEYS[table]
        if any(name not in row for name in key):
            return None
        return next((each for each in self.state[table] if all(each[name] == row[name] for name in key)), None)

    def _merge(
        self, table: str, met: Row, row: Row, conflict: Mapping[str, Any], updated: list[tuple[str, Row]]
    ) -> Row | None:
        update = self.permissions[table].update
        if not conflict["update"] or update is None:
            return None
        if self.holds({"_and": [update["filter"], conflict["where"]]}, table, met):
            met.update({name: row[name] for name in conflict["update"]})
            met.update(self.presets(update))
            updated.append((table, met))
            self.constraints()
            return met
        return None

    def constraints(self) -> None:
        """Raises `Refused` where the database would."""
        for table, rows in self.state.items():
            keys = [tuple(row[name] for name in KEYS[table]) for row in rows]
            if len(set(keys)) < len(keys):
                raise Refused
        secrets = [row["secret"] for row in self.state["notes"] if row["secret"] is not None]
        users = {row["id"] for row in self.state["users"]} | {None}
        owners = [row["user_id"] for table in ("notes", "words") for row in self.state[table]]
        if len(set(secrets)) < len(secrets) or not set(owners) <= users:
            raise Refused


def attempt(model: Model, works: Sequence[Callable[[Model], Touched]]) -> tuple[list[Touched] | Refused, State]:
    """What several writes of one request come to, and the rows afterwards."""
    before = deepcopy(model.state)
    try:
        # A later write may change a row again: what is shown of it is as it was then.
        return [deepcopy(work(model)) for work in works], model.state
    except Refused as refused:
        return refused, before


def _given(rule: Mapping[str, Any]) -> set[str]:
    return set(rule["columns"]) - set(rule.get("set", {}))


def _far(table: str, name: str) -> str:
    """The table behind a relation; empty where the name is none."""
    found = FORWARD.get((table, name)) or BACKWARD.get((table, name))
    return found[1] if found else ""


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _all(truths: Any) -> bool | None:
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "_eq": lambda one, two: bool(one == two),
    "_ceq": lambda one, two: bool(one == two),
    "_neq": lambda one, two: bool(one != two),
    "_gt": lambda one, two: bool(one > two),
    "_lt": lambda one, two: bool(one < two),
    "_in": lambda one, two: one in two,
    "_nin": lambda one, two: one not in two,
}
