"""What a query has to answer: every field resolved row by row over the tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from tests.differential.conditions import COUNT, FIGURE, Conditions, compared, counted
from tests.differential.database import Database
from tests.differential.figures import figure, shown_figure
from tests.differential.make_order import STATISTICS
from tests.differential.orders import Orders, Term, figure_terms, in_order, term, total
from tests.differential.query import Field, Operation, Piece, collected
from tests.differential.schema import Table
from tests.differential.tables import TABLES
from tests.differential.values import Ambiguous, OneOf, Opaque, Row, Runs, comparable, shown, sort_value

Given = dict[str, Any]
RunList = list[list[Row]]


class Oracle:
    """Answers queries over `database`. `most` are the rows that a list of a table may have, for callers with rules."""

    def __init__(self, database: Database, most: Mapping[str, int] = MappingProxyType({})) -> None:
        self._database = database
        self._most = most
        self._conditions = Conditions(database)
        self._orders = Orders(database)

    def answer(self, operation: Operation) -> dict[str, Any]:
        """The `data` of the answer. Raises `Ambiguous`."""
        fields = collected(operation.roots)
        return {key: self._root(field) for key, field in fields.items()}

    def _root(self, field: Field) -> Any:
        if field.name == "__typename":
            return "query_root"
        if field.name in TABLES:
            return self._list(TABLES[field.name], self._all(field.name), field)
        for suffix, answer in self._SUFFIXES.items():
            name = field.name.removesuffix(suffix)
            if name in TABLES and name != field.name:
                return answer(self, TABLES[name], field)
        raise AssertionError(f"no root field {field.name}")

    def _all(self, table: str) -> list[Row]:
        return self._database.rows[table]

    # --- rows -----------------------------------------------------------------

    def row(self, table: Table, row: Row, inner: tuple[Piece, ...] | None) -> dict[str, Any]:
        """The object of a row."""
        return {key: self._value(table, row, field) for key, field in collected(inner or ()).items()}

    def _value(self, table: Table, row: Row, field: Field) -> Any:
        if field.name == "__typename":
            return table.name
        if field.name in table.columns:
            return shown(row[field.name], table.columns[field.name])
        relation = table.relations.get(field.name) or table.relations[field.name.removesuffix("_aggregate")]
        far, rows = TABLES[relation.to_table], self._database.related(relation, row, table)
        if field.name not in table.relations:
            return self._figures(far, rows, field)
        if relation.to_one:
            return self.row(far, rows[0], field.inner) if rows else None
        return self._list(far, rows, field)

    def _list(self, table: Table, rows: list[Row], field: Field) -> Any:
        return self._shown(table, self._listed(table, self._page(table, rows, field.given())), field.inner)

    def _listed(self, table: Table, runs: RunList) -> RunList:
        """What the rules leave of a list. Raises `Ambiguous` where no order says which rows these are."""
        left = self._most.get(table.name)
        if left is None:
            return runs
        kept: RunList = []
        for run in runs:
            if left > 0:
                if len(run) > left:
                    raise Ambiguous
                kept.append(run)
                left -= len(run)
        return kept

    def _shown(self, table: Table, runs: RunList, inner: tuple[Piece, ...] | None) -> Any:
        return Runs(tuple(tuple(self.row(table, row, inner) for row in run) for run in runs))

    def _page(self, table: Table, rows: list[Row], given: Given) -> RunList:
        """The rows that arguments leave, in runs of equal ones."""
        where = given.get("where")
        kept = [row for row in rows if self._conditions.holds(table, row, where)]
        limit, offset, distinct = given.get("limit"), given.get("offset"), given.get("distinct_on")
        terms = self._orders.terms(table, given.get("order_by"))
        # What the rules leave of a list are the first rows by the key.
        determined = table.name in self._most and not table.view
        if limit is None and offset is None and not distinct and not determined:
            return in_order(kept, terms)
        ordered = [row for run in in_order(kept, total(table, terms)) for row in run]
        if distinct:
            ordered = _first_of_each(table, ordered, distinct)
        start = offset or 0
        return [[row] for row in ordered[start : None if limit is None else start + limit]]

    def _by_key(self, table: Table, field: Field) -> Any:
        from tests.differential.values import parsed

        values = {name: parsed(value, table.columns[name].kind) for name, value in field.given().items()}
        found = self._database.find(table, values)
        return None if found is None else self.row(table, found, field.inner)

    # --- figures ----------------------------------------------------------------

    def _aggregate(self, table: Table, field: Field) -> Any:
        return self._figures(table, self._all(table.name), field)

    def _figures(self, table: Table, rows: list[Row], field: Field) -> Any:
        runs = self._page(table, rows, field.given())
        flat = [row for run in runs for row in run]
        answer: dict[str, Any] = {}
        for key, part in collected(field.inner or ()).items():
            if part.name == "nodes":
                answer[key] = self._shown(table, self._listed(table, runs), part.inner)
            elif part.name == "aggregate":
                answer[key] = figures(table, flat, part)
            else:
                answer[key] = f"{table.name}_aggregate"
        return answer

    # --- groups -----------------------------------------------------------------

    def _group(self, table: Table, field: Field) -> Any:
        given = field.given()
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self._all(table.name):
            if self._conditions.holds(table, row, given.get("where")):
                key = tuple(comparable(row[name], table.columns[name].kind) for name in given["by"])
                groups.setdefault(key, []).append(row)
        kept = [rows for rows in groups.values() if _having(table, rows, given.get("having"))]
        runs = in_order(kept, [each for item in given.get("order_by") or () for each in _group_terms(table, item)])
        limit, offset = given.get("limit"), given.get("offset") or 0
        if limit is not None or offset:
            assert all(len(run) == 1 for run in runs), "a page of groups without a total order"
            runs = runs[offset : None if limit is None else offset + limit]
        return Runs(tuple(tuple(_shown_group(table, rows, field) for rows in run) for run in runs))

    # --- pages ------------------------------------------------------------------

    def ordered(self, table: Table, given: Given) -> list[Row]:
        """All rows of a connection, in its order."""
        kept = [row for row in self._all(table.name) if self._conditions.holds(table, row, given.get("where"))]
        terms = self._orders.terms(table, given.get("order_by"))
        return [row for run in in_order(kept, total(table, terms)) for row in run]

    def _connection(self, table: Table, field: Field) -> Any:
        given = field.given()
        rows = self.ordered(table, given)
        first, last = given.get("first"), given.get("last")
        most = self._most.get(table.name)
        if most is not None and last is None:
            first = most if first is None else min(first, most)
        if most is not None and last is not None:
            last = min(last, most)
        page = rows if first is None else rows[:first]
        if last is not None:
            page = rows[max(len(rows) - last, 0) :]
        facts = {
            "hasNextPage": first is not None and len(rows) > first,
            "hasPreviousPage": last is not None and len(rows) > last,
            "startCursor": Opaque() if page else None,
            "endCursor": Opaque() if page else None,
            "__typename": "PageInfo",
        }
        return {
            key: self._part(table, part, page, len(rows), facts) for key, part in collected(field.inner or ()).items()
        }

    def _part(self, table: Table, part: Field, page: list[Row], total: int, facts: dict[str, Any]) -> Any:
        match part.name:
            case "totalCount":
                return total
            case "nodes":
                return [self.row(table, row, part.inner) for row in page]
            case "pageInfo":
                return {key: facts[fact.name] for key, fact in collected(part.inner or ()).items()}
            case "edges":
                return [self._edge(table, row, part) for row in page]
        return f"{table.name}_connection"

    def _edge(self, table: Table, row: Row, edges: Field) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for key, part in collected(edges.inner or ()).items():
            if part.name == "node":
                answer[key] = self.row(table, row, part.inner)
            else:
                answer[key] = Opaque() if part.name == "cursor" else f"{table.name}_edge"
        return answer

    _SUFFIXES: Final[dict[str, Callable[[Oracle, Table, Field], Any]]] = {
        "_by_pk": _by_key,
        "_aggregate": _aggregate,
        "_group": _group,
        "_connection": _connection,
    }


def _first_of_each(table: Table, rows: list[Row], columns: list[str]) -> list[Row]:
    seen: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        seen.setdefault(tuple(comparable(row[name], table.columns[name].kind) for name in columns), row)
    return list(seen.values())


def figures(table: Table, rows: list[Row], field: Field) -> dict[str, Any]:
    """The `aggregate` object."""
    answer: dict[str, Any] = {}
    for key, part in collected(field.inner or ()).items():
        if part.name == "__typename":
            answer[key] = f"{table.name}_aggregate_fields"
        elif part.name == "count":
            given = part.given()
            answer[key] = counted(table, rows, given.get("columns"), bool(given.get("distinct")))
        else:
            answer[key] = _applied(table, rows, part)
    return answer


def _applied(table: Table, rows: list[Row], field: Field) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for key, part in collected(field.inner or ()).items():
        if part.name == "__typename":
            answer[key] = f"{table.name}_{field.name}_fields"
        else:
            column = table.columns[part.name]
            answer[key] = shown_figure(field.name, column, figure(field.name, column, rows))
    return answer


# --- groups -----------------------------------------------------------------


def _having(table: Table, rows: list[Row], having: Given | None) -> bool:
    for function, conditions in (having or {}).items():
        if function == "count":
            if not compared(len(rows), COUNT, conditions):
                return False
            continue
        for name, condition in conditions.items():
            column = table.columns[name]
            value = figure(function, column, rows)
            if not compared(value, FIGURE if function in ("sum", *STATISTICS) else column, condition):
                return False
    return True


def _group_terms(table: Table, item: Given) -> list[Term]:
    terms: list[Term] = []
    for name, value in item.items():
        if name == "key":
            for column, way in value.items():
                terms.append(term(way, _grouped(table, column)))
        else:
            terms += figure_terms(table, {name: value}, lambda rows: rows)
    return terms


def _grouped(table: Table, name: str) -> Callable[[list[Row]], Any]:
    def value(rows: list[Row]) -> Any:
        found = rows[0][name]
        return None if found is None else sort_value(found, table.columns[name])

    return value


def _shown_group(table: Table, rows: list[Row], field: Field) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for key, part in collected(field.inner or ()).items():
        if part.name == "aggregate":
            answer[key] = figures(table, rows, part)
        elif part.name == "key":
            answer[key] = _group_key(table, rows, part)
        else:
            answer[key] = f"{table.name}_group"
    return answer


def _group_key(table: Table, rows: list[Row], field: Field) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for key, part in collected(field.inner or ()).items():
        if part.name == "__typename":
            answer[key] = f"{table.name}_group_key"
        else:
            column = table.columns[part.name]
            answer[key] = OneOf(tuple({shown(row[part.name], column): None for row in rows}))
    return answer
