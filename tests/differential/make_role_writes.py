"""Random permissions and random writes, each as the program takes it and as the model does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from graphql_app.auth.permissions import (
    DeletePermission,
    InsertPermission,
    SelectPermission,
    TablePermissions,
    UpdatePermission,
)
from graphql_app.engine.request.calls import (
    AffectedRows,
    And,
    Answer,
    Compare,
    Delete,
    Filter,
    Insert,
    NestedInsert,
    OnConflict,
    Operator,
    Pairs,
    Returning,
    SelectColumn,
    Update,
    UpdateMany,
    Write,
)
from tests.differential.role_write_model import BACKWARD, FORWARD, KEYS, Model, Permission, Row, Rule, Touched

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "users": ("id", "team", "level"),
    "notes": ("id", "user_id", "title", "stars", "secret"),
    "words": ("lang", "word", "user_id", "hits"),
}
BY_KEY = ("by_key", "gone")
COUNTED: Answer = (AffectedRows("affected_rows"),)
TEXTS = {"title", "lang", "word"}
SESSION = {"x-hasura-user-id": "1", "x-hasura-ids": "{1,3}", "x-hasura-none": "{}", "x-hasura-title": "a"}


@dataclass(frozen=True)
class Work:
    """A write, and what it means to the model."""

    write: Write
    apply: Callable[[Model], Touched]


class Maker:
    """Makes permissions and writes by a seed."""

    def __init__(self, random: Random) -> None:
        self.random = random

    # --- rules ----------------------------------------------------------------

    def permissions(self) -> tuple[dict[str, Permission], dict[str, TablePermissions]]:
        """The same permissions for the model and for the program."""
        plain: dict[str, Permission] = {}
        made: dict[str, TablePermissions] = {}
        for table in COLUMNS:
            insert: dict[str, Any] = {
                "columns": self._some(table),
                "check": self.rule(table, 2),
                "set": self._presets(table),
            }
            update: dict[str, Any] = {
                "columns": self._some(table),
                "filter": self.rule(table, 2),
                "set": self._presets(table),
            }
            update["check"] = None if self._chance(0.3) else self.rule(table, 2)
            if self._chance(0.3):
                update["check"] = update["filter"]
            delete = self.rule(table, 2) if self._chance(0.8) else None
            may_insert, may_update = self._chance(0.9), self._chance(0.9)
            plain[table] = Permission(insert if may_insert else None, update if may_update else None, delete)
            made[table] = TablePermissions(
                SelectPermission(None, {}),
                InsertPermission(frozenset(insert["columns"]), insert["check"], insert["set"]) if may_insert else None,
                UpdatePermission(frozenset(update["columns"]), update["filter"], update["check"], update["set"])
                if may_update
                else None,
                None if delete is None else DeletePermission(delete),
            )
        return plain, made

    def rule(self, table: str, depth: int) -> Rule:
        """A boolean expression; `{}` now and then."""
        if self._chance(0.2):
            return {}
        if self._chance(0.25) and "user_id" in COLUMNS[table]:
            return {"user_id": {"_eq": "X-Hasura-User-Id"}}
        kind = self.random.choice(("column", "column", "and", "or", "not", "relation")) if depth else "column"
        match kind:
            case "and" | "or":
                return {f"_{kind}": [self.rule(table, depth - 1) for _ in range(self.random.randint(0, 3))]}
            case "not":
                return {"_not": self.rule(table, depth - 1)}
            case "relation":
                far = {name: to for (near, name), (_, to) in (FORWARD | BACKWARD).items() if near == table}
                name = self.random.choice(sorted(far))
                return {name: self.rule(far[name], depth - 1)}
        return {name: self._said(table, name) for name in self.random.sample(COLUMNS[table], self.random.randint(1, 2))}

    def _said(self, table: str, name: str) -> dict[str, Any]:
        if self._chance(0.15):
            return {"_is_null": self._chance(0.5)}
        if name in TEXTS:
            variable = self._chance(0.3)
            text = "x-hasura-title" if variable else self.random.choice("abc")
            return {self.random.choice(("_eq", "_neq")): text}
        if self._chance(0.15):
            numbers = [each for each in COLUMNS[table] if each not in TEXTS]
            return {"_ceq": self.random.choice(numbers)}
        if self._chance(0.2):
            listed = self.random.choice(("X-Hasura-Ids", "X-Hasura-None", [1, 2], [0]))
            return {self.random.choice(("_in", "_nin")): listed}
        value: object = "X-Hasura-User-Id" if self._chance(0.3) else self.random.randint(0, 3)
        return {self.random.choice(("_eq", "_eq", "_neq", "_gt", "_lt")): value}

    def _some(self, table: str) -> list[str]:
        key = KEYS[table]
        return [name for name in COLUMNS[table] if self._chance(0.85) or (name in key and self._chance(0.8))]

    def _presets(self, table: str) -> dict[str, Any]:
        presets: dict[str, Any] = {}
        if "user_id" in COLUMNS[table] and self._chance(0.4):
            presets["user_id"] = "x-hasura-user-id" if self._chance(0.7) else self.random.randint(1, 3)
        for name in sorted({"stars", "hits", "level"} & set(COLUMNS[table])):
            if self._chance(0.25):
                presets[name] = self.random.choice((0, 2, None)) if name != "level" else 2
        if table == "notes" and self._chance(0.2):
            presets["title"] = "X-Hasura-Title"
        return presets

    # --- writes ---------------------------------------------------------------

    def works(self) -> list[Work]:
        """The writes of one request: mostly one."""
        return [self.work() for _ in range(2 if self._chance(0.15) else 1)]

    def work(self) -> Work:
        """A write of any kind."""
        table = self.random.choice(sorted(COLUMNS))
        match self.random.choice(
            ("insert", "insert", "nested", "upsert", "update", "update", "many", *BY_KEY, "delete")
        ):
            case "insert":
                return self._insert(table, [self._row(table) for _ in range(self.random.choice((1, 1, 2, 4)))], None)
            case "nested":
                return self._nested()
            case "upsert":
                rows = [self._row(table, keyed=True) for _ in range(self.random.choice((1, 2, 4)))]
                update = tuple(name for name in COLUMNS[table] if name not in KEYS[table] and self._chance(0.5))
                where = self.rule_of_client(table) if self._chance(0.3) else {}
                return self._insert(table, rows, {"update": update, "where": where})
            case "update":
                return self._update(table, self.rule_of_client(table), by_key=False)
            case "by_key":
                return self._update(table, self._key(table), by_key=True)
            case "gone":
                gone = self._key(table)
                one = Delete(table, _filter(gone), (self._shown(table),), by_key=True)
                return Work(one, lambda model: model.delete(table, gone))
            case "many":
                return self._many(table)
        where, most = self.rule_of_client(table), self._most()
        write = Delete(table, _filter(where), self._answer(table), max_affected=most)
        return Work(write, lambda model: model.delete(table, where, most))

    def _many(self, table: str) -> Work:
        """Several updates in order, whose rows are counted together."""
        works = [
            self._update(table, self.rule_of_client(table), by_key=False) for _ in range(self.random.randint(1, 3))
        ]
        updates = tuple(work.write for work in works if isinstance(work.write, Update))

        def apply(model: Model) -> Touched:
            for each in updates:
                model.may_update(table, {name for name, _ in (*each.sets, *each.increments)})
            done = [work.apply(model) for work in works]
            return Touched(sum(each.count for each in done), [])

        return Work(UpdateMany(table, tuple(replace(each, answer=COUNTED) for each in updates)), apply)

    def _key(self, table: str) -> Rule:
        return {name: {"_eq": self._value(table, name)} for name in KEYS[table]}

    def _most(self) -> int | None:
        return self.random.randint(0, 3) if self._chance(0.2) else None

    def rule_of_client(self, table: str) -> Rule:
        """A condition of a client: columns and values alone."""
        name = self.random.choice([each for each in COLUMNS[table] if each not in TEXTS])
        return {name: {self.random.choice(("_eq", "_gt", "_lt", "_neq")): self.random.randint(0, 4)}}

    def _answer(self, table: str) -> Answer:
        return COUNTED if self._chance(0.5) else (*COUNTED, self._shown(table))

    def _shown(self, table: str) -> Returning:
        return Returning("returning", tuple(SelectColumn(name, name) for name in COLUMNS[table]))

    def _row(self, table: str, *, keyed: bool = False, without: str = "") -> Row:
        key = KEYS[table]
        needed = {*key} if keyed or key != ("id",) or table == "users" else set()
        names = [name for name in COLUMNS[table] if name in needed or self._chance(0.6)]
        return {name: self._value(table, name) for name in names if name != without}

    def _value(self, table: str, name: str) -> Any:
        if name in TEXTS:
            return self.random.choice("abc")
        if name == "id":
            return self.random.randint(1, 9)
        if name == "user_id":
            return self.random.choice((1, 1, 1, 2, 3, None, 8))
        if name == "secret":
            return self.random.choice((None, *range(20)))
        return self.random.choice((1, 2, 3)) if name == "level" else self.random.choice((0, 1, 2, 3, None))

    def _insert(self, table: str, rows: Sequence[Row], conflict: Mapping[str, Any] | None) -> Work:
        pairs: tuple[Pairs, ...] = tuple(tuple(row.items()) for row in rows)
        met = None
        if conflict is not None:
            where = _filter(conflict["where"]) if conflict["where"] else None
            met = OnConflict("PRIMARY", conflict["update"], where)
        write = Insert(table, pairs, self._answer(table), conflict=met)
        return Work(write, lambda model: model.insert(table, [dict(row) for row in rows], conflict))

    def _nested(self) -> Work:
        if self._chance(0.5):
            owner, name, far = "users", self.random.choice(("notes", "words")), ""
            far = name
            rows = [self._row(far, without="user_id") for _ in range(self.random.randint(1, 3))]
            row = self._row("users")
        else:
            owner, name, far = self.random.choice(("notes", "words")), "user", "users"
            rows, row = [self._row(far)], self._row(owner, without="user_id")
        inside = NestedInsert(name, tuple(tuple(each.items()) for each in rows))
        write = Insert(owner, (tuple(row.items()),), self._answer(owner), nested=((inside,),))
        return Work(write, lambda model: model.insert(owner, [{**row, name: [dict(each) for each in rows]}], None))

    def _update(self, table: str, where: Rule, *, by_key: bool) -> Work:
        names = [name for name in COLUMNS[table] if self._chance(0.35)]
        numbers = [name for name in names if name in ("stars", "hits", "level") and self._chance(0.3)]
        sets = {name: self._value(table, name) for name in names if name not in numbers}
        increments = {name: self.random.randint(-1, 2) for name in numbers}
        answer: Answer = self._answer(table)
        if by_key:
            answer = tuple(item for item in answer if isinstance(item, Returning)) or COUNTED
        one = by_key and isinstance(answer[0], Returning)
        if any(name in KEYS[table] for name in sets) and not by_key:
            # Several rows would get one key.
            sets = {name: value for name, value in sets.items() if name not in KEYS[table]}
        most = None if by_key else self._most()
        pairs = tuple(sets.items()), tuple(increments.items())
        write = Update(table, _filter(where), pairs[0], answer, pairs[1], by_key=one, max_affected=most)
        return Work(write, lambda model: model.update(table, where, sets, increments, most))

    def _chance(self, share: float) -> bool:
        return self.random.random() < share


def _filter(where: Rule) -> Filter:
    parts = [
        Compare(name, Operator(operator), value) for name, said in where.items() for operator, value in said.items()
    ]
    return parts[0] if len(parts) == 1 else And(tuple(parts))
