"""The planner's part for rows: names, conditions, orders, pages, and what is shown of each row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.column_pairs import columns_compared
from graphql_app.engine.plan.rules import NO_RULES, UNRESTRICTED, Preset, RowRule, Rules, TableRules
from graphql_app.engine.plan.session_values import compare_column, compared_count
from graphql_app.engine.plan.touched_tables import under_rules
from graphql_app.engine.plan.values import MAX_PAGE, page
from graphql_app.engine.request.calls import (
    Aggregate,
    AggregateFields,
    And,
    Apply,
    Compare,
    CompareColumns,
    Constant,
    Count,
    Counting,
    Exists,
    Filter,
    Fold,
    Nodes,
    Not,
    Or,
    Order,
    Read,
    Related,
    RelatedCount,
    SelectColumn,
    Selection,
    SelectRelated,
    SelectRelatedAggregate,
    TotalCount,
)
from graphql_app.engine.sql.aggregate_functions import check_function
from graphql_app.errors import Code, RequestError, unknown_column, unknown_relation, unknown_table
from schema_gen.catalog.model import Catalog, Column, Relation, Table
from schema_gen.types.column_types import INTEGER, TRUTH, type_of


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may ask at most.

    `max_page` bounds `limit` where one is given; `default_page` is that of lists without one (`None`: all rows).
    """

    max_page: int = MAX_PAGE
    default_page: int | None = None
    cost: int = 10_000_000


@dataclass(frozen=True, slots=True)
class RowPlanner:
    """Resolves names, rows and what is shown of them against one catalog, which may be what a role sees of it.

    Names are looked up in the catalog; plans hold the tables as they are (`Table.full`), whose keys may be hidden.
    `rules` are added to what is asked; `variables` collects the session variables that they need. `cursor_key` is the
    secret that cursors are signed with.
    """

    catalog: Catalog
    limits: Limits = Limits()
    rules: Rules = field(default_factory=lambda: NO_RULES)
    variables: set[str] = field(default_factory=set)
    cursor_key: bytes = b""

    # --- names ---------------------------------------------------------------

    def table(self, name: str) -> Table:
        """The table called `name`; raises `RequestError` (UNKNOWN_TABLE)."""
        found = self.catalog.tables.get(name)
        if found is None:
            raise unknown_table(name, self.catalog.tables)
        return found

    def readable(self, name: str) -> Table:
        """The table called `name`, of which rows may be read; raises `RequestError` (UNKNOWN_TABLE)."""
        found = self.table(name)
        if not found.may_select:
            raise unknown_table(name, (table.name for table in self.catalog if table.may_select))
        return found

    def aggregated(self, name: str) -> Table:
        """The table called `name`, of which rows may be counted and grouped; raises `RequestError` (UNKNOWN_TABLE)."""
        found = self.readable(name)
        if not found.may_aggregate:
            raise unknown_table(f"{name}_aggregate")
        return found

    def column(self, table: Table, name: str) -> Column:
        """A column of `table`; raises `RequestError` (UNKNOWN_COLUMN)."""
        found = table.columns.get(name)
        if found is None:
            raise unknown_column(table.name, name, table.columns)
        if isinstance(found, plan.MaskedColumn):
            self.variables.update(found.variables)
        return found

    def columns(self, table: Table, names: Iterable[str]) -> tuple[Column, ...]:
        """Several columns of `table`."""
        return tuple(self.column(table, name) for name in names)

    def relation(self, table: Table, name: str) -> tuple[Relation, Table]:
        """A relation of `table` and its far end; raises `RequestError` (UNKNOWN_RELATION)."""
        found = table.relations.get(name)
        if found is None:
            raise unknown_relation(table.name, name, table.relations)
        return found, self.catalog.tables[found.to_table]

    def aggregated_relation(self, table: Table, name: str) -> tuple[Relation, Table]:
        """A relation whose far rows may be counted; raises `RequestError` (UNKNOWN_RELATION)."""
        found, target = self.relation(table, name)
        if not target.may_aggregate:
            raise unknown_relation(table.name, f"{name}_aggregate")
        return found, target

    # --- rules ----------------------------------------------------------------

    def visible(self, table: Table, where: plan.Condition | None) -> plan.Condition | None:
        """`where`, of the rows of `table` that may be read."""
        rules = self.rules.get(table.name)
        return where if rules is None else self.within(rules.select, where)

    def within(self, rule: RowRule, where: plan.Condition | None) -> plan.Condition | None:
        """`where`, of the rows that a rule lets through."""
        self.variables.update(rule.variables)
        if rule.condition is None or where is None:
            return rule.condition if where is None else where
        return plan.AllOf((rule.condition, where))

    def most(self, table: Table) -> int | None:
        """The most rows that a list of `table` may have by the rules."""
        rules = self.rules.get(table.name)
        return None if rules is None else rules.limit

    def rules_of(self, table: Table) -> TableRules:
        """The rules of a table."""
        return self.rules.get(table.name, UNRESTRICTED)

    def presets(self, presets: Iterable[Preset]) -> tuple[plan.Assignment, ...]:
        """What is set without being asked for."""
        made = []
        for each in presets:
            self.variables.update(each.variables)
            made.append(plan.Assignment(each.column, each.value))
        return tuple(made)

    # --- rows ---------------------------------------------------------------

    def read(self, request: Read) -> plan.ReadPlan:
        """The plan of a read."""
        return self._read(request, one=request.one)

    def _read(self, request: Read, *, one: bool) -> plan.ReadPlan:
        table = self.readable(request.table)
        rows = self._rows(table, request)
        if not one:
            rows = self._paged(table, rows, request.limit)
        return plan.ReadPlan(rows, self.outputs(table, request.select), request.one)

    def _paged(self, table: Table, rows: plan.RowsPlan, asked: object) -> plan.RowsPlan:
        """The rows of a list: the default page of them where none was asked for, and no more than the rules permit.

        Which rows these are must not hang on rows that are hidden, as the order in which a server finds them does.
        """
        most, default = self.most(table), self.limits.default_page
        if most is not None:
            wanted = asked if asked is not None else most if default is None else default
            by_key = tuple(plan.OrderTerm(column, descending=False, nulls=None) for column in rows.table.key_columns)
            limit = page("limit", wanted, self.limits.max_page, most)
            return replace(rows, limit=limit, order=rows.order or by_key)
        if rows.limit is not None or default is None:
            return rows
        return replace(rows, limit=page("limit", default))

    def aggregate(self, request: Aggregate) -> plan.AggregatePlan:
        """The plan of an aggregate."""
        table = self.aggregated(request.table)
        rows = self._rows(table, request)
        nodes = self._paged(table, rows, request.limit)
        return plan.AggregatePlan(rows, tuple(self._aggregate_field(table, nodes, each) for each in request.fields))

    def _rows(self, table: Table, request: Read | Aggregate) -> plan.RowsPlan:
        return plan.RowsPlan(
            table.full,
            self.visible(table, self.condition(table, request.where)),
            self.order(table, request.order),
            page("limit", request.limit, self.limits.max_page),
            page("offset", request.offset),
            self.columns(table, request.distinct_on),
        )

    # --- outputs -------------------------------------------------------------

    def outputs(self, table: Table, select: Selection) -> tuple[plan.Output, ...]:
        """What is shown of each row of `table`."""
        return tuple(self._output(table, item) for item in select)

    def _output(
        self, table: Table, item: SelectColumn | Constant | SelectRelated | SelectRelatedAggregate
    ) -> plan.Output:
        if isinstance(item, SelectColumn):
            return plan.ColumnOut(item.key, self.column(table, item.column))
        if isinstance(item, Constant):
            return plan.TextOut(item.key, item.text)
        if isinstance(item, SelectRelated):
            relation, _ = self.relation(table, item.relation)
            return plan.RelatedOut(item.key, relation, self._read(item.read, one=relation.to_one))
        relation, _ = self.aggregated_relation(table, item.relation)
        return plan.RelatedAggregateOut(item.key, relation, self.aggregate(item.aggregate))

    def _aggregate_field(
        self, table: Table, nodes: plan.RowsPlan, asked: AggregateFields | Nodes | TotalCount | Constant
    ) -> plan.AggregateOut | plan.NodesOut | plan.ShowTotal | plan.TextOut:
        if isinstance(asked, Constant):
            return plan.TextOut(asked.key, asked.text)
        if isinstance(asked, TotalCount):
            return plan.ShowTotal(asked.key, Counting.EXACT if under_rules(nodes) else asked.counting)
        if isinstance(asked, Nodes):
            return plan.NodesOut(asked.key, plan.ReadPlan(nodes, self.outputs(table, asked.select)))
        return self.aggregates(table, asked)

    def aggregates(self, table: Table, asked: AggregateFields) -> plan.AggregateOut:
        """The resolved `aggregate` object."""
        return plan.AggregateOut(
            asked.key, tuple(self._aggregate_function(table, aggregate) for aggregate in asked.fields)
        )

    def _aggregate_function(
        self, table: Table, aggregate: Count | Apply | Constant
    ) -> plan.CountOut | plan.ApplyOut | plan.TextOut:
        if isinstance(aggregate, Constant):
            return plan.TextOut(aggregate.key, aggregate.text)
        if isinstance(aggregate, Count):
            return plan.CountOut(aggregate.key, self.columns(table, aggregate.columns), aggregate.distinct)
        for item in aggregate.fields:
            if isinstance(item, SelectColumn):
                check_function(aggregate.function, self.column(table, item.column))
        return plan.ApplyOut(aggregate.key, aggregate.function, self.shown(table, aggregate.fields))

    def shown(
        self, table: Table, fields: tuple[SelectColumn | Constant, ...]
    ) -> tuple[plan.ColumnOut | plan.TextOut, ...]:
        """Columns and constants."""
        return tuple(
            plan.ColumnOut(item.key, self.column(table, item.column))
            if isinstance(item, SelectColumn)
            else plan.TextOut(item.key, item.text)
            for item in fields
        )

    # --- order ---------------------------------------------------------------

    def order(self, table: Table, terms: tuple[Order, ...]) -> tuple[plan.OrderTerm, ...]:
        """The resolved terms of an order. Raises `RequestError`."""
        return tuple(self._order(table, term) for term in terms)

    def _order(self, table: Table, term: Order) -> plan.OrderTerm:
        steps = term.path if term.function is None else term.path[:-1]
        path: list[plan.PathStep] = []
        for step in steps:
            relation, table = self.relation(table, step)
            if not relation.to_one:
                raise RequestError(Code.INVALID_PARAMETER, f"Cannot order by the to-many relation '{step}'")
            path.append(plan.PathStep(relation, self.visible(table, None), table.full))
        if term.function is None:
            if term.column is None:
                raise RequestError(Code.INVALID_PARAMETER, "An order needs a column")
            column = self.column(table, term.column)
            return plan.OrderTerm(column, term.descending, term.nulls, tuple(path))
        relation, target = self.relation(table, term.path[-1])
        far = None if term.column is None else self.column(target, term.column)
        if far is not None:
            check_function(term.function, far)
        rows = self.visible(target, None)
        return plan.OrderTerm(far, term.descending, term.nulls, tuple(path), relation, target.full, term.function, rows)

    # --- conditions ----------------------------------------------------------

    def condition(self, table: Table, where: Filter | None, root: Table | None = None) -> plan.Condition | None:
        """The resolved form of a filter; `root` is the table that a rule is about (default: `table`).

        Raises `RequestError`.
        """
        return None if where is None else self._condition(table, where, root or table)

    def _condition(self, table: Table, where: Filter, root: Table) -> plan.Condition:
        match where:
            case Compare():
                column = self.column(table, where.column)
                return compare_column(column, where.operator, where.value)
            case And():
                return plan.AllOf(tuple(self._condition(table, item, root) for item in where.items))
            case Or():
                return plan.AnyOf(tuple(self._condition(table, item, root) for item in where.items))
            case Not():
                return plan.NoneOf(self._condition(table, where.item, root))
            case Related():
                relation, target = self.relation(table, where.relation)
                far = self.visible(target, self.condition(target, where.where, root))
                return plan.SomeRelated(relation, target.full, far)
            case RelatedCount():
                return self._related_count(table, where, root)
            case CompareColumns():
                other = self.column(root if where.root else table, where.other)
                return columns_compared(self.column(table, where.column), where.operator, other, root=where.root)
            case Exists():
                target = self.table(where.table)
                return plan.SomeRow(target.full, self.visible(target, self.condition(target, where.where, root)))

    def _related_count(self, table: Table, where: RelatedCount, root: Table) -> plan.CountRelated:
        relation, target = self.aggregated_relation(table, where.relation)
        low, high = compared_count(INTEGER if where.fold is Fold.COUNT else TRUTH, where.operator, where.value)
        columns = self.columns(target, where.columns)
        if where.fold is not Fold.COUNT and (len(columns) != 1 or type_of(columns[0]).scalar != type_of(TRUTH).scalar):
            raise RequestError(Code.INVALID_PARAMETER, f"'{where.fold}' takes one column that is true or false")
        return plan.CountRelated(
            relation,
            target.full,
            where.operator,
            low,
            high,
            columns,
            where.distinct,
            self.visible(target, self.condition(target, where.where, root)),
            where.fold,
        )
