"""What is in reach while one statement is compiled: aliases, joins, the engine's features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from graphql_app.engine.compile.statements import ResultNode, SmallTableGuess
from graphql_app.engine.plan.row_nodes import MaskedColumn
from graphql_app.engine.sql.dialects import Features, Flavour
from graphql_app.engine.sql.fragment import EMPTY, Sql, join, name, sql, template
from schema_gen.catalog.model import Column, Relation


@dataclass(frozen=True, slots=True)
class SqlDialect:
    """What of engine and settings decides how SQL is written. `marks`: what rules add is told, for people to read."""

    features: Features
    stringify: bool = True
    marks: bool = False


@dataclass(slots=True)
class Scope:
    """One statement under construction. `joined` remembers to-one joins by the row, the relation and the
    condition that they start from, so that each is made once.

    `all_parents` is the alias of a table of which the statement shows all rows, if there is one. `small` is there
    where small to-one tables are not to be joined; `below` are the nodes made for outputs, shared by the forms
    of one statement. `unquoted` are values that must not be texts, and templates that show it (`type_guard`);
    `refuses`: the statement fails where one is, as it changes something. `documents`: it shows documents that are
    looked at when they arrive. `grouped` are the order terms (their `id`) whose aggregates of related rows are made of
    all rows at once.
    """

    dialect: SqlDialect
    joins: list[Sql] = field(default_factory=list)
    joined: dict[tuple[str, str, int], str] = field(default_factory=dict)
    count: list[int] = field(default_factory=lambda: [0])
    all_parents: str | None = None
    small: SmallTableGuess | None = None
    below: dict[int, ResultNode] = field(default_factory=dict)
    unquoted: dict[Sql, str] = field(default_factory=dict)
    refuses: bool = False
    documents: bool = False
    grouped: frozenset[int] = frozenset()

    def alias(self) -> str:
        """A new alias, unique in the statement."""
        self.count[0] += 1
        return f"t{self.count[0] - 1}"

    def inner(self) -> Scope:
        """A scope for a subquery: joins of its own, aliases shared."""
        return Scope(self.dialect, count=self.count, grouped=self.grouped)

    def beside(self) -> Scope:
        """A scope for another form of the statement: the nodes below are shared."""
        return Scope(self.dialect, below=self.below)

    def node_for(self, output: object, make: Callable[[], ResultNode]) -> ResultNode:
        """The node of an output, made on first use."""
        found = self.below.get(id(output))
        if found is None:
            found = self.below[id(output)] = make()
        return found

    def from_joins(self) -> Sql:
        """The joins made so far."""
        return join("", self.joins) if self.joins else EMPTY


def column_ref(alias: str, column: Column | str) -> Sql:
    """A column of the row called `alias`, as it is stored.

    What a role sees in some rows only is read by `conditions.column_value`, which asks in which.
    """
    if isinstance(column, MaskedColumn):
        raise AssertionError("a column that is not shown in every row was read as it is stored")
    return name(alias, column if isinstance(column, str) else column.name)


def join_condition(dialect: SqlDialect, near: str, far: str, relation: Relation) -> Sql:
    """The condition under which `far` is related to `near`."""
    # seekdb joins the wrong rows where ENUM or SET columns are compared as they are.
    side = "CONCAT({c})" if relation.worded and dialect.features.flavour is Flavour.OCEANBASE else "{c}"
    sides = relation.compared or ((side, side),) * len(relation.columns)
    pairs = zip(relation.columns, relation.to_columns, sides, strict=True)
    return join(
        " AND ",
        (
            sql(template(far_side, column_ref(far, there)), "=", template(near_side, column_ref(near, here)))
            for here, there, (near_side, far_side) in pairs
        ),
    )
