"""Plans: requests resolved against the catalog. Everything in a plan exists, is allowed and fits.

Columns are catalog columns, values are encoded literals or checked places for them.
What a plan says is independent of the engine's SQL dialect.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql_app.engine.plan.row_nodes import (
    AggregateOut as AggregateOut,
    AggregatePlan as AggregatePlan,
    AllOf as AllOf,
    AnyOf as AnyOf,
    ApplyOut as ApplyOut,
    ColumnOut as ColumnOut,
    ColumnsCompared as ColumnsCompared,
    CompareColumn as CompareColumn,
    Condition as Condition,
    CountOut as CountOut,
    CountRelated as CountRelated,
    KeyIn as KeyIn,
    Keyset as Keyset,
    LastInserted as LastInserted,
    MaskedColumn as MaskedColumn,
    NodesOut as NodesOut,
    NoneOf as NoneOf,
    OrderTerm as OrderTerm,
    Output as Output,
    PathStep as PathStep,
    ReadPlan as ReadPlan,
    RelatedAggregateOut as RelatedAggregateOut,
    RelatedOut as RelatedOut,
    RowsPlan as RowsPlan,
    RuleCondition as RuleCondition,
    ShowTotal as ShowTotal,
    SomeRelated as SomeRelated,
    SomeRow as SomeRow,
    TextOut as TextOut,
)
from graphql_app.engine.request.calls import Function, JsonOperator, Nulls, Operator, PageInfoField
from graphql_app.engine.sql.fragment import Value
from schema_gen.catalog.model import Column, Key, Relation, Table


@dataclass(frozen=True, slots=True)
class GroupKeyOut:
    """The grouped columns, as an object."""

    key: str
    fields: tuple[ColumnOut | TextOut, ...]


@dataclass(frozen=True, slots=True)
class HavingAggregate:
    """An aggregate compared; `column` is None for the count of rows."""

    function: Function
    column: Column | None
    operator: Operator
    value: Value
    upper: Value | None


@dataclass(frozen=True, slots=True)
class GroupTerm:
    """A term of an order of groups: a column, or a function of one (of rows, if it has none)."""

    column: Column | None
    function: Function | None
    descending: bool
    nulls: Nulls | None


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Groups of rows with their aggregates; limit and offset of `rows` count groups."""

    rows: RowsPlan
    by: tuple[Column, ...]
    fields: tuple[GroupKeyOut | AggregateOut | TextOut, ...]
    having: tuple[HavingAggregate, ...]
    order: tuple[GroupTerm, ...]


@dataclass(frozen=True, slots=True)
class ShowEdges:
    """The edges; a field is (key, what): the cursor, the node of that number, or a constant."""

    key: str
    fields: tuple[tuple[str, CursorField | int | str], ...]


class CursorField:
    """Stands for the cursor in `ShowEdges`."""


CURSOR = CursorField()


@dataclass(frozen=True, slots=True)
class ShowNodes:
    """The nodes of one number."""

    key: str
    node: int


@dataclass(frozen=True, slots=True)
class ShowPage:
    """Facts about the page by key; constants are texts."""

    key: str
    fields: tuple[tuple[str, PageInfoField | str], ...]


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """A keyset page. `nodes` are the selections asked for; `size` is the page's size as given (a number or a slot).

    No page is larger than `most`. `signature` is the key that the cursors of this order are signed with.

    `backward`: the rows are read in the opposite order and turned round. `bounded` says
    that the page starts at a cursor, so that there are rows on its other side.
    """

    rows: RowsPlan
    all_rows: RowsPlan
    terms: tuple[OrderTerm, ...]
    nodes: tuple[tuple[Output, ...], ...]
    fields: tuple[ShowEdges | ShowNodes | ShowPage | ShowTotal | TextOut, ...]
    size: object
    backward: bool
    bounded: bool
    signature: bytes
    most: int | None = None


# --- writes -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assignment:
    """`column = value`, or `column = column + value`. `None` is NULL."""

    column: Column
    value: Value
    increment: bool = False


@dataclass(frozen=True, slots=True)
class JsonAssignment:
    """The document in `column`, changed. `operand` may have slots in it."""

    column: Column
    operator: JsonOperator
    operand: object


@dataclass(frozen=True, slots=True)
class AffectedOut:
    """The number of rows touched."""

    key: str


@dataclass(frozen=True, slots=True)
class GeneratedIdOut:
    """The generated id of the (first) new row."""

    key: str


@dataclass(frozen=True, slots=True)
class ReturningOut:
    """The true rows; of those that satisfy `where`, if there is one."""

    key: str
    outputs: tuple[Output, ...]
    where: Condition | None = None


AnswerOut = AffectedOut | GeneratedIdOut | ReturningOut | TextOut


@dataclass(frozen=True, slots=True)
class ConflictPlan:
    """The unique key that may be met already, what is then updated, and under which condition.

    Where anything is updated, so are the `presets`, and the row has to satisfy `check` afterwards.
    """

    key: Key
    update: tuple[Column, ...]
    where: Condition | None
    presets: tuple[Assignment, ...] = ()
    check: Condition | None = None


@dataclass(frozen=True, slots=True)
class NestedPlan:
    """Rows inserted through a relation; `owners` are the places of the rows they belong to."""

    relation: Relation
    rows: InsertRows
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InsertRows:
    """New rows of one table over one list of columns; a missing value (`None`) is the column's default.

    Rows of `before` are inserted first, and give these their foreign keys; rows of
    `after` refer to these. Where nobody asks which rows they become, `literals` may hold
    them instead of `rows`, column by column. `made` are columns of the key whose defaults
    are asked for beforehand where they are missing. The rows inserted have to satisfy `check` afterwards.
    `preset` names the columns that the role's rules give: no other row may give them anything else. `filled` are the
    columns given by the rows that these refer to.
    """

    table: Table
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    conflict: ConflictPlan | None = None
    before: tuple[NestedPlan, ...] = ()
    after: tuple[NestedPlan, ...] = ()
    literals: tuple[list[bytes], ...] = ()
    made: tuple[Column, ...] = ()
    check: Condition | None = None
    preset: frozenset[str] = frozenset()
    filled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InsertPlan:
    """New rows, and the answer."""

    rows: InsertRows
    answer: tuple[AnswerOut, ...]
    one: bool

    @property
    def table(self) -> Table:
        """The table of the outermost rows."""
        return self.rows.table


@dataclass(frozen=True, slots=True)
class ConnectPlan:
    """Rows, named by the values of their primary keys, that become related. `rule`: those that may."""

    keys: tuple[tuple[Value, ...], ...]
    rule: Condition | None = None
    presets: tuple[Assignment, ...] = ()
    check: Condition | None = None


@dataclass(frozen=True, slots=True)
class ReplacePlan:
    """The rows that are related afterwards; `others` is done to those that are not among them."""

    rows: tuple[InsertRows, ...]
    others: UpdatePlan | DeletePlan


@dataclass(frozen=True, slots=True)
class OwnChangePlan:
    """What an update does through a relation whose key its own rows hold.

    `connect` is the row that they refer to afterwards, `insert` a new one. `update` and `delete` are of the rows that
    they referred to before: their conditions hold a `KeyIn` of `relation.to_columns`.
    """

    relation: Relation
    table: Table
    connect: ConnectPlan | None = None
    insert: InsertRows | None = None
    update: UpdatePlan | None = None
    delete: DeletePlan | None = None


@dataclass(frozen=True, slots=True)
class FarChangePlan:
    """What an update does through a relation whose key the rows of another `table` hold, in the order of the fields.

    The conditions of changes hold a `KeyIn` of `relation.to_columns`.
    """

    relation: Relation
    table: Table
    changes: tuple[UpdatePlan | DeletePlan, ...] = ()
    upsert: tuple[InsertRows, ...] = ()
    insert: InsertRows | None = None
    connect: ConnectPlan | None = None
    replace: ReplacePlan | None = None


RelatedPlan = OwnChangePlan | FarChangePlan


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """Assignments to the rows that satisfy `where`, and what happens to rows `related` to them; without either it
    touches nothing.

    `row` is the part of `where` that still finds the one row of an update by key afterwards: rules may hide it by then.
    The rows have to satisfy `check` afterwards.
    """

    table: Table
    where: Condition
    assignments: tuple[Assignment | JsonAssignment, ...]
    answer: tuple[AnswerOut, ...]
    by_key: bool
    max_affected: Value | None = None
    row: Condition | None = None
    check: Condition | None = None
    related: tuple[RelatedPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """The rows that satisfy `where` go."""

    table: Table
    where: Condition
    answer: tuple[AnswerOut, ...]
    by_key: bool
    max_affected: Value | None = None


QueryPlan = ReadPlan | AggregatePlan | ConnectionPlan | GroupPlan


@dataclass(frozen=True, slots=True)
class UpdateManyPlan:
    """Several updates of one table in order."""

    table: Table
    updates: tuple[UpdatePlan, ...]
    max_affected: Value | None = None


WritePlan = InsertPlan | UpdatePlan | UpdateManyPlan | DeletePlan


@dataclass(frozen=True, slots=True)
class RootPlan:
    """One answer of the call."""

    key: str
    plan: QueryPlan | WritePlan | TextOut


@dataclass(frozen=True, slots=True)
class RowGuardPlan:
    """What must hold of a row before anything is written, as `RowGuard` says."""

    read: ReadPlan
    tags: tuple[str, ...]
    absent: bool


@dataclass(frozen=True, slots=True)
class CallPlan:
    """The whole call."""

    roots: tuple[RootPlan, ...]
    writes: bool
    guard: RowGuardPlan | None = None
