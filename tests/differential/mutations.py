"""What a mutation has to answer, and what the tables then hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.differential.conditions import Conditions
from tests.differential.json_changes import OPERATORS, changed as json_changed
from tests.differential.model import (
    BODY,
    NO_KEY,
    NOT_NULL,
    NULL_COMPARISON,
    TOO_MANY,
    Draft,
    Fate,
    Given,
    Placed,
    Refused,
    copied,
    default,
    incremented,
    met,
    missing,
)
from tests.differential.oracle import Oracle
from tests.differential.query import Field, Input, Operation, Piece, Way, collected
from tests.differential.related_model import RelatedChanges, related_of, wrong_related
from tests.differential.schema import NOTHING, Relation, Table
from tests.differential.tables import TABLES
from tests.differential.values import Ambiguous, Row, Rows, Runs, parsed


def performed(operation: Operation, rows: Rows) -> tuple[dict[str, Any], Rows]:
    """The answer's `data` and the rows afterwards. Raises `Refused` or `Ambiguous`; `rows` stay as they are."""
    draft = Draft(copied(rows))
    fields = collected(operation.roots)
    # What is wrong whatever the tables hold may be found before anything is done.
    early = {reason for field in fields.values() for reason in _Mutation(draft, field).wrong()}
    try:
        answer = {key: _Mutation(draft, field).answer() for key, field in fields.items()}
    except Refused as refused:
        raise Refused(*refused.reasons, *early) from None
    if early:
        raise Refused(*early)
    return answer, draft.rows


class _Mutation:
    """One root field of a mutation."""

    def __init__(self, draft: Draft, field: Field) -> None:
        self._draft = draft
        self._field = field
        self._given: Given = field.given()
        words = field.name.removeprefix(field.name.split("_")[0] + "_")
        self._action = field.name.split("_")[0]
        self._table = next(table for name, table in TABLES.items() if words == name or words.startswith(f"{name}_"))
        self._touched = 0
        self._form = words.removeprefix(self._table.name).removeprefix("_")

    def answer(self) -> Any:
        """The root's value. Raises `Refused`."""
        return self._ANSWERS[self._action](self)

    def wrong(self) -> set[str]:
        """What can be seen without the tables."""
        return self._wrong_values() | ({NULL_COMPARISON} if widened(Input("", self._field.arguments or {})) else set())

    def _wrong_values(self) -> set[str]:
        if self._action == "insert":
            objects = self._given["objects"] if self._form == "" else [self._given["object"]]
            return {reason for item in objects for reason in _wrong_object(self._table, item, ())}
        if self._action == "delete":
            return set()
        updates = self._given["updates"] if self._form == "many" else [self._given]
        return {reason for update in updates for reason in self._wrong_update(update)}

    def _wrong_update(self, update: Given) -> set[str]:
        sets, steps = update.get("_set") or {}, update.get("_inc") or {}
        found = {BODY for name in sets if name in steps or any(name in update.get(each, ()) for each in OPERATORS)}
        known = self._table.columns
        found |= {
            NOT_NULL for name, value in sets.items() if name in known and value is None and not known[name].nullable
        }
        found |= wrong_related(self._table, sets, _wrong_object)
        returning = self._form == "by_pk" or any(part.name == "returning" for part in self._parts().values())
        if returning and any(name in steps for name in self._table.key):
            found.add(NO_KEY)
        return found

    def _parts(self) -> dict[str, Field]:
        return collected(self._field.inner or ())

    # --- answers --------------------------------------------------------------

    def _row(self, row: Row, inner: tuple[Piece, ...] | None) -> dict[str, Any]:
        return Oracle(self._draft.database).row(self._table, row, inner)

    def _response(self, affected: int, rows: list[Row], *, ordered: bool = False) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for key, part in self._parts().items():
            if part.name == "affected_rows":
                answer[key] = affected
            elif part.name == "returning":
                shown = tuple(self._row(row, part.inner) for row in rows)
                answer[key] = list(shown) if ordered else Runs((shown,) if shown else ())
            else:
                answer[key] = f"{self._table.name}_mutation_response"
        return answer

    # --- inserts --------------------------------------------------------------

    def _insert(self) -> Any:
        conflict = self._given.get("on_conflict")
        one = self._form == "one"
        objects = [self._given["object"]] if one else self._given["objects"]
        level = _Level(self._draft)
        placed = level.insert(self._table, [(item, {}) for item in objects], conflict)
        rows = [item.row for item in placed if item.fate is not Fate.IGNORED]
        if one:
            return self._row(rows[0], self._field.inner) if rows else None
        return self._response(level.affected, rows, ordered=True)

    # --- updates and deletes ----------------------------------------------------

    def _update(self) -> Any:
        if self._form == "many":
            return self._guarded(lambda: [self._updated(each, each["where"]) for each in self._given["updates"]])
        if self._form != "by_pk":
            return self._guarded(lambda: [self._updated(self._given, self._given["where"])])[0]
        rows, _ = self._changed(self._given, _key_where(self._given["pk_columns"]))
        return self._row(rows[0], self._field.inner) if rows else None

    def _guarded(self, perform: Callable[[], list[Any]]) -> list[Any]:
        """What is performed, if it touches no more rows than allowed."""
        most = self._given.get("max_affected")
        self._touched = 0
        try:
            made = perform()
        except Refused as refused:
            # More rows may have been counted before the first was refused.
            raise Refused(*refused.reasons, *(() if most is None else (TOO_MANY,))) from None
        if most is not None and self._touched > most:
            raise Refused(TOO_MANY)
        return made

    def _updated(self, update: Given, where: Given) -> dict[str, Any]:
        rows, affected = self._changed(update, where)
        return self._response(affected, rows)

    def _changed(self, update: Given, where: Given) -> tuple[list[Row], int]:
        """The rows that are changed, and how many rows of all tables are."""
        given, steps = update.get("_set") or {}, update.get("_inc") or {}
        sets = {name: value for name, value in given.items() if name in self._table.columns}
        documents = [(each, *change) for each in OPERATORS for change in (update.get(each) or {}).items()]
        related = related_of(self._table, given)
        if not sets and not steps and not documents and not related:
            return [], 0
        columns = self._table.columns
        rows = self._draft.matching(self._table, where)

        def new(row: Row) -> Given:
            changed = {name: _stored(self._table, name, value) for name, value in sets.items()}
            changed |= {name: json_changed(operator, row[name], operand) for operator, name, operand in documents}
            return changed | {name: incremented(row[name], step, columns[name]) for name, step in steps.items()}

        if not related:
            self._touched += len(rows)
            self._draft.change(self._table, rows, new)
            return rows, len(rows)
        return rows, self._with_related(rows, related, new, own=bool(sets or steps or documents))

    def _with_related(
        self, rows: list[Row], related: list[tuple[Relation, Given]], new: Callable[[Row], Given], *, own: bool
    ) -> int:
        """Changes the rows along with those related to them; how many were changed."""
        if not rows:
            return 0
        changes = RelatedChanges(self._draft, self._table, rows, _Level(self._draft).insert)
        referring: Given = {}
        old: list[tuple[Relation, list[Row]]] = []
        for relation, value in related:
            if relation.refers:
                if value.get("delete"):
                    old.append((relation, changes.referred(relation)))
                referring |= changes.before(relation, value)
        if own or referring:
            self._draft.change(self._table, rows, lambda row: new(row) | referring)
            changes.affected += len(rows)
        for relation, gone in old:
            changes.delete(relation, gone)
        for relation, value in related:
            if not relation.refers:
                changes.after(relation, value)
        self._touched += changes.affected
        return changes.affected

    def _delete(self) -> Any:
        by_key = self._form == "by_pk"
        rows = self._draft.matching(self._table, _key_where(self._given) if by_key else self._given["where"])
        shown = [self._row(row, self._field.inner) for row in rows] if by_key else self._response(len(rows), rows)
        self._guarded_delete(rows)
        return (shown[0] if shown else None) if isinstance(shown, list) else shown

    def _guarded_delete(self, rows: list[Row]) -> None:
        def perform() -> list[Any]:
            self._touched = len(rows)
            self._draft.delete(self._table, rows)
            return []

        self._guarded(perform)

    _ANSWERS: Final[dict[str, Callable[[_Mutation], Any]]] = {"insert": _insert, "update": _update, "delete": _delete}


def widened(given: Input, *, condition: bool = False, variable: bool = False) -> bool:
    """Whether a part of a condition has no value: its variable is not sent, or a comparison has no operators."""
    condition = condition or given.type.strip("[]!").endswith("_bool_exp")
    variable = variable or given.way is not Way.LITERAL
    content = given.content
    if isinstance(content, tuple):
        return any(widened(item, condition=condition, variable=variable) for item in content)
    if not isinstance(content, dict) or not all(isinstance(item, Input) for item in content.values()):
        return False
    present = [item for item in content.values() if item.way is not Way.ABSENT]
    # Inside of a variable's value nothing is seen of what is not there.
    absent = len(present) < len(content) and not variable
    empty = given.type.endswith("_comparison_exp") and not present
    return (condition and (absent or empty)) or any(
        widened(item, condition=condition, variable=variable) for item in present
    )


def _key_where(key: Given) -> Given:
    return {name: {"_eq": value} for name, value in key.items()}


def _stored(table: Table, name: str, value: Any) -> Any:
    return None if value is None else parsed(value, table.columns[name].kind)


# --- rows and what is nested in them ------------------------------------------


def _nested(table: Table, item: Given) -> list[tuple[Relation, Given]]:
    """The relations that a new row gives rows for."""
    return [(table.relations[name], value) for name, value in item.items() if name in table.relations and value]


def _data(nested: Given) -> list[Given]:
    data = nested["data"]
    return data if isinstance(data, list) else [data]


def _wrong_object(table: Table, item: Given, filled: tuple[str, ...]) -> set[str]:
    """What is wrong with a new row, whatever the tables hold; `filled` columns come from the row it hangs on."""
    nested = [(relation, value) for relation, value in _nested(table, item) if _data(value)]
    taken = {*filled, *(name for relation, _ in nested if relation.refers for name in relation.columns)}
    found = {BODY for name in taken if name in item}
    for column in table.columns.values():
        if item.get(column.name, NOTHING) is None and not column.nullable and not column.auto:
            found.add(NOT_NULL)
        if column.name in table.key and not column.auto and column.name not in (*item, *taken):
            found |= {NOT_NULL, NO_KEY}
    for relation, value in nested:
        inside = () if relation.refers else relation.to_columns
        found |= {reason for each in _data(value) for reason in _wrong_object(TABLES[relation.to_table], each, inside)}
    return found


class _Level:
    """Inserts rows and what is nested in them; `affected` counts rows of all levels."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self.affected = 0

    def insert(self, table: Table, items: list[tuple[Given, Given]], conflict: Given | None) -> list[Placed]:
        """Rows with the values they have from the rows they hang on. Raises `Refused`."""
        rows = [self._with_referred(table, item) | given for item, given in items]
        placed = self._draft.insert(table, rows) if conflict is None else self._all_merged(table, rows, conflict)
        self.affected += sum(item.fate is not Fate.IGNORED for item in placed)
        # Rows below are inserted one relation after another: which fault comes first is left open.
        wrong: set[str] = set()
        for (item, _), owner in zip(items, placed, strict=True):
            for relation, value in _nested(table, item):
                try:
                    self._insert_below(relation, value, owner)
                except Refused as refused:
                    wrong |= refused.reasons
        if wrong:
            raise Refused(*wrong)
        return placed

    def _all_merged(self, table: Table, rows: list[Given], conflict: Given) -> list[Placed]:
        placed: list[Placed] = []
        wrong: set[str] = set()
        for row in rows:
            try:
                placed.append(self._merged(table, row, conflict))
            except Refused as refused:
                # Rows that are there are updated before the others are inserted: which fault comes first is left open.
                wrong |= {*refused.reasons, *(reason for each in rows for reason in missing(table, each))}
        if wrong:
            raise Refused(*wrong)
        return placed

    def _with_referred(self, table: Table, item: Given) -> Given:
        """The row's own values, and those that rows inserted before it give its foreign keys."""
        row = {name: _stored(table, name, value) for name, value in item.items() if name in table.columns}
        for relation, value in _nested(table, item):
            if relation.refers:
                inner: list[tuple[Given, Given]] = [(each, {}) for each in _data(value)]
                for far in self.insert(TABLES[relation.to_table], inner, value.get("on_conflict")):
                    row |= _pairs(relation.columns, far.row, relation.to_columns)
        return row

    def _insert_below(self, relation: Relation, value: Given, owner: Placed) -> None:
        if relation.refers or not _data(value):
            return
        if owner.fate is Fate.IGNORED:
            raise Refused(BODY)
        filled = _pairs(relation.to_columns, owner.row, relation.columns)
        inner = [(each, filled) for each in _data(value)]
        self.insert(TABLES[relation.to_table], inner, value.get("on_conflict"))

    def _merged(self, table: Table, row: Given, conflict: Given) -> Placed:
        old = met(self._draft, table, conflict["constraint"], row)
        if old is None:
            return self._draft.insert(table, [row])[0]
        columns = conflict.get("update_columns") or []
        held = Conditions(self._draft.database).holds(table, old, conflict.get("where"))
        if not held and any(name not in row and table.columns[name].default is NOTHING for name in columns):
            raise Ambiguous  # MariaDB refuses the DEFAULT of a column that has none, though no row would get it
        if not columns or not held:
            return Placed(old, Fate.IGNORED)

        def new(_: Row) -> Given:
            return {name: row[name] if name in row else default(table.columns[name]) for name in columns}

        self._draft.change(table, [old], new)
        return Placed(old, Fate.UPDATED)


def _pairs(columns: tuple[str, ...], row: Row, from_columns: tuple[str, ...]) -> Given:
    return {name: row[source] for name, source in zip(columns, from_columns, strict=True)}
