"""Random roles: which tables, columns and rows are theirs, as rules for the program and as conditions for the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.differential.dice import Dice
from tests.differential.make_order import sortable
from tests.differential.make_where import condition
from tests.differential.query import plain
from tests.differential.rows import pool
from tests.differential.schema import Column, Kind, Relation, Table
from tests.differential.tables import READ, TABLES
from tests.differential.values import shown

Json = Any
TEXTUAL: Final = frozenset({Kind.TEXT, Kind.CASELESS, Kind.ENUM, Kind.WORD})
EQUALITIES: Final = frozenset({"_eq", "_neq", "_in", "_nin"})
ORDERINGS: Final = frozenset({"_gt", "_gte", "_lt", "_lte", "_between"})
LISTS: Final = frozenset({"_in", "_nin"})
PAIRS: Final = ("_ceq", "_cne", "_cgt", "_cgte", "_clt", "_clte")


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """Stands in a condition of the model for what a caller's session variable holds."""

    name: str
    column: Column
    table: Table
    listed: bool
    values: tuple[Json, ...]
    """What the callers have in it, one after the other."""

    def text(self, user: int) -> str:
        """The session variable."""
        value = self.values[user]
        if self.listed or self.column.kind is Kind.JSON or not isinstance(value, str):
            return json.dumps(value)
        return value


@dataclass(frozen=True, slots=True)
class TableRule:
    """What a role may read of a table; `model` is the filter with `Variable`s in it.

    Of a role that inherits, `parts` are the rules of those that it inherits from.
    """

    columns: tuple[str, ...] | None
    filter: Json
    model: Json
    most: int | None
    aggregated: bool
    parts: tuple[TableRule, ...] = ()

    def names(self, name: str) -> bool:
        """Whether the column may be read, at least in some rows."""
        return self.columns is None or name in self.columns

    def written(self) -> Json:
        """As `graphql_app.yaml` says it."""
        columns = "*" if self.columns is None else list(self.columns)
        select: Json = {"columns": columns, "filter": self.filter, "allow_aggregations": self.aggregated}
        return {"select": select if self.most is None else select | {"limit": self.most}}


@dataclass(frozen=True, slots=True)
class Role:
    """A role: the tables that it may read, the variables of its rules; `parents`, if it inherits from some."""

    name: str
    rules: dict[str, TableRule]
    variables: tuple[Variable, ...] = ()
    seen: dict[str, Table] = field(default_factory=dict)
    """The tables as the role sees them."""
    parents: tuple[dict[str, TableRule], ...] = ()

    @property
    def most(self) -> dict[str, int]:
        """The most rows of a list, by table."""
        return {name: rule.most for name, rule in self.rules.items() if rule.most is not None}

    def written(self) -> dict[str, Json]:
        """As `graphql_app.yaml` says it: this role, and those that it inherits from."""
        if not self.parents:
            return {self.name: _tables(self.rules)}
        parents = {f"{self.name}_parent{place}": _tables(rules) for place, rules in enumerate(self.parents)}
        return parents | {self.name: {"role_set": list(parents)}}

    def session(self, user: int) -> dict[str, str]:
        """The session variables of a caller."""
        return {each.name: each.text(user) for each in self.variables}


USERS: Final = 2
"""Callers of each role, who differ by their session variables."""


def role(dice: Dice, name: str) -> Role:
    """A role that may read something."""
    maker = _Maker(dice)
    parents = tuple(maker.rules() for _ in range(dice.weighed(((60, 1), (30, 2), (10, 3)))))
    rules = parents[0] if len(parents) == 1 else _together(parents)
    seen = {table.name: _seen(table, rules) for table in READ if table.name in rules}
    return Role(name, rules, tuple(maker.variables), seen, parents if len(parents) > 1 else ())


def _tables(rules: dict[str, TableRule]) -> Json:
    return {"tables": {name: rule.written() for name, rule in rules.items()}}


def _together(parents: tuple[dict[str, TableRule], ...]) -> dict[str, TableRule]:
    """What a role may read that inherits from several."""
    found: dict[str, TableRule] = {}
    for name in dict.fromkeys(each for rules in parents for each in rules):
        parts = tuple(rules[name] for rules in parents if name in rules)
        columns = tuple(each for each in TABLES[name].columns if any(part.names(each) for part in parts))
        limits = [part.most for part in parts]
        most = None if None in limits else max(each for each in limits if each is not None)
        model: Json = {"_or": [part.model for part in parts]}
        found[name] = TableRule(columns, None, model, most, any(part.aggregated for part in parts), parts)
    return found


def _seen(table: Table, rules: dict[str, TableRule]) -> Table:
    rule = rules[table.name]
    columns = {name: _masked(column, rule) for name, column in table.columns.items() if rule.names(name)}
    relations = {name: each for name, each in table.relations.items() if each.to_table in rules}
    return replace(table, columns=columns, relations=relations, aggregated=rule.aggregated)


def _masked(column: Column, rule: TableRule) -> Column:
    """The column, which may be NULL where not all that the role inherits from read it."""
    every = all(part.names(column.name) for part in rule.parts)
    return column if every else replace(column, nullable=True, masked=True)


class _Maker:
    """Makes the rules of one role."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.variables: list[Variable] = []

    def rules(self) -> dict[str, TableRule]:
        """The rules of a role that may read something."""
        tables = [table for table in READ if self._dice.chance(85)] or [READ[0]]
        return {table.name: self.rule(table) for table in tables}

    def rule(self, table: Table) -> TableRule:
        """The rule of one table."""
        dice = self._dice
        columns = None if dice.chance(35) else self._columns(table)
        if dice.chance(25):
            rule: Json = {}
        else:
            rule = self._condition(table)
        found, model = self._varied(table, rule)
        most = dice.pick((1, 2, 3, 5, 8)) if dice.chance(20) else None
        return TableRule(columns, found, model, most, dice.chance(75))

    def _columns(self, table: Table) -> tuple[str, ...]:
        """Some columns; always one to order by, of a view its key, which nothing else would tell apart."""
        names = [name for name in table.columns if self._dice.chance(65)]
        needed = [*table.key] if table.view or self._dice.chance(60) else []
        if not any(column.name in names for column in sortable(table)):
            needed.append(sortable(table)[0].name)
        return tuple(name for name in table.columns if name in names or name in needed)

    def _condition(self, table: Table) -> Json:
        dice = self._dice
        rule = plain(condition(dice, table, 2))
        what = dice.weighed(((70, ""), (15, "exists"), (15, "columns")))
        if what == "exists":
            return {**rule, "_exists": self._exists(table)}
        if what == "columns" and (pair := self._pair(table, table)):
            return {"_and": [rule, pair]}
        return rule

    def _exists(self, root: Table) -> Json:
        table = self._dice.pick(READ)
        inner = plain(condition(self._dice, table, 1))
        pair = self._pair(table, root, root=True) if self._dice.chance(60) else None
        return {"_table": table.name, "_where": {"_and": [inner, pair]} if pair else inner}

    def _pair(self, table: Table, other: Table, *, root: bool = False) -> Json:
        """Two columns compared, if there are two alike."""
        columns = [each for each in table.columns.values() if each.kind in _PAIRED]
        pairs = [(one, two) for one in columns for two in other.columns.values() if one.kind is two.kind]
        if not root:
            pairs = [(one, two) for one, two in pairs if one is not two]
        if not pairs:
            return None
        one, two = self._dice.pick(pairs)
        operator = self._dice.pick(PAIRS if one.kind not in TEXTUAL else PAIRS[:2])
        return {one.name: {operator: ["$", two.name] if root else two.name}}

    # --- session variables -------------------------------------------------------

    def _varied(self, table: Table, rule: Json) -> tuple[Json, Json]:
        """The rule with session variables in the place of some values, and the same for the model."""
        found: Json = {}
        model: Json = {}
        for name, value in rule.items():
            if _says_nothing(table, name, value):
                continue  # refused in a rule, and true of every row
            found[name], model[name] = self._part(table, name, value)
        return found, model

    def _part(self, table: Table, name: str, value: Json) -> tuple[Json, Json]:
        if name in ("_and", "_or"):
            parts = [self._varied(table, each) for each in (value if isinstance(value, list) else [value])]
            return [each for each, _ in parts], [each for _, each in parts]
        if name == "_not":
            return self._varied(table, value)
        if name == "_exists":
            far, where = TABLES[value["_table"]], value["_where"]
            one, two = self._varied(far, where)
            return {**value, "_where": one}, {**value, "_where": two}
        if name in table.columns:
            return self._compared(table, table.columns[name], value)
        relation = table.relations.get(name)
        if relation is not None:
            return self._varied(TABLES[relation.to_table], value)
        ((fold, parts),) = value.items()
        if "filter" not in parts:
            return value, value
        far = TABLES[table.relations[name.removesuffix("_aggregate")].to_table]
        one, two = self._varied(far, parts["filter"])
        return {fold: {**parts, "filter": one}}, {fold: {**parts, "filter": two}}

    def _compared(self, table: Table, column: Column, value: Json) -> tuple[Json, Json]:
        found: Json = {}
        model: Json = {}
        for operator, operand in value.items():
            if operator in PAIRS or operator == "_is_null" or operand is None or not self._dice.chance(45):
                found[operator] = model[operator] = operand
                continue
            variable = self._variable(table, column, operator, operand)
            found[operator] = self._dice.pick((variable.name, variable.name.title()))
            by_place = operator in ORDERINGS and bool(column.members)
            exact = column.kind in TEXTUAL and operator in EQUALITIES | ORDERINGS and not by_place
            model[f"_exact{operator}" if exact else operator] = variable
        return found, model

    def _variable(self, table: Table, column: Column, operator: str, operand: Json) -> Variable:
        others = [self._other(table, column, operator, operand) for _ in range(USERS - 1)]
        listed = operator in LISTS or operator == "_between"
        name = f"x-hasura-v{len(self.variables)}"
        made = Variable(name, column, table, listed, (operand, *others))
        self.variables.append(made)
        return made

    def _other(self, table: Table, column: Column, operator: str, operand: Json) -> Json:
        """What another caller has there."""
        values = [shown(each, column) for each in pool(table, column)]
        if operator in LISTS:
            return self._dice.some(values, 0, 3)
        if operator == "_between":
            return [self._dice.pick(values), self._dice.pick(values)]
        return self._dice.pick(values) if operator in EQUALITIES or operator.startswith(("_g", "_l")) else operand


def _says_nothing(table: Table, name: str, value: Json) -> bool:
    if name in table.columns:
        return not value
    if not name.endswith("_aggregate"):
        return False
    return any(not parts["predicate"] for parts in value.values())


_PAIRED: Final = frozenset({Kind.INT, Kind.BIGINT, Kind.DECIMAL, Kind.TEXT, Kind.CASELESS, Kind.DATE, Kind.BOOLEAN})


def filled(model: Json, user: int) -> Json:
    """The model's filter for one caller."""
    if isinstance(model, Variable):
        return model.values[user]
    if isinstance(model, dict):
        return {name: filled(value, user) for name, value in model.items()}
    return [filled(value, user) for value in model] if isinstance(model, list) else model


def relations_seen(role: Role) -> Iterator[tuple[Table, Relation]]:
    """The relations that a role sees, with the tables that have them in full."""
    for name, table in role.seen.items():
        for relation in table.relations.values():
            yield TABLES[name], relation
