"""Requests apart from their values: equal but for these, they are planned and compiled once. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Generic, TypeVar

from graphql_app.engine.request.calls import (
    And,
    Compare,
    CompareColumns,
    Constant,
    Delete,
    Exists,
    Filter,
    Insert,
    Not,
    Or,
    Pairs,
    Query,
    Read,
    Related,
    RelatedCount,
    SelectRelated,
    Slot,
    Update,
    Write,
)

V = TypeVar("V")

SHAPES = 1_000
"""Compiled reads that are kept, the least recently used ones dropped."""
LONGEST_SHAPE = 50_000
"""Characters of a shape, written out, that is kept: what is compiled of it is about as long."""
SHAPES_CHARACTERS = 8_000_000
"""Characters of all shapes that are kept."""


class _Apart:
    """Takes the values out of one read."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def read(self, read: Read) -> Read:
        """A read, with those of its relations."""
        where = self.where(read.where)
        select = tuple(
            SelectRelated(item.key, item.relation, self.read(item.read)) if isinstance(item, SelectRelated) else item
            for item in read.select
        )
        limit, offset = self._page(read.limit), self._page(read.offset)
        return Read(read.table, select, where, read.order, limit, offset, read.distinct_on, read.one)

    def pairs(self, pairs: Pairs) -> Pairs:
        """Values for columns."""
        return tuple((column, self._stored(value)) for column, value in pairs)

    def where(self, where: Filter | None) -> Filter | None:
        """A condition."""
        return None if where is None else self._filter(where)

    def _stored(self, value: object) -> object:
        return value if value is None or isinstance(value, bool) else self._slot(value)

    def _slot(self, value: object) -> Slot:
        self.values.append(value)
        return Slot(len(self.values) - 1)

    def _page(self, number: object) -> object:
        return self._slot(number) if isinstance(number, int) else number

    def _filter(self, item: Filter) -> Filter:
        match item:
            case Compare() | RelatedCount():
                return self._compared(item)
            case And() | Or():
                return type(item)(tuple(map(self._filter, item.items)))
            case Not():
                return Not(self._filter(item.item))
            case Related():
                return item if item.where is None else Related(item.relation, self._filter(item.where))
            case CompareColumns() | Exists():
                raise AssertionError("a request holds what only rules have")

    def _compared(self, item: Compare | RelatedCount) -> Filter:
        value = item.value
        # Null, a flag and an empty list make SQL of another form.
        if value is not None and not isinstance(value, bool):
            value = () if value == [] else self._slot(value)
        if isinstance(item, Compare):
            return Compare(item.column, item.operator, value)
        return replace(item, value=value, where=None if item.where is None else self._filter(item.where))


def parameterize(read: Read) -> tuple[Read, list[object]]:
    """`read` with slots for its values, and the values. What decides over the SQL's form stays where it is."""
    found = _Apart()
    return found.read(read), found.values


def shape_of(request: Query | Write | Constant) -> tuple[Query | Write, list[object]] | None:
    """A request with slots for its values, and the values. None where it is not worth looking for its like.

    That is so for inserts of several rows, and for whatever is asked for rarely.
    """
    found = _Apart()
    shape: Query | Write
    match request:
        case Read():
            shape = found.read(request)
        case Insert(rows=(row,), conflict=None) if not any(request.nested):
            shape = replace(request, rows=(found.pairs(row),))
        case Update(json=()):
            sets, increments = found.pairs(request.sets), found.pairs(request.increments)
            shape = replace(request, sets=sets, increments=increments, where=found.where(request.where))
        case Delete():
            shape = replace(request, where=found.where(request.where))
        case _:
            return None
    return shape, found.values


class PreparedCache(Generic[V]):
    """What was made of each shape, for one catalog at a time."""

    def __init__(self) -> None:
        self._of: object = None
        self._known: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        """How many shapes are kept."""
        return len(self._known)

    def get(self, catalog: object, shape: Hashable, make: Callable[[], V]) -> V:
        """What belongs to a shape, as `make` gives it the first time. Raises what `make` raises, and keeps nothing."""
        found = self.find(catalog, shape)
        return self._keep(shape, make()) if found is None else found

    def find(self, catalog: object, shape: Hashable) -> V | None:
        """What belongs to a shape; None where nothing is kept."""
        if self._of is not catalog:
            self._of = catalog
            self._known.clear()
            self._characters = 0
        found = self._known.get(shape)
        if found is None:
            return None
        self._known.move_to_end(shape)
        return found[0]

    def _keep(self, shape: Hashable, made: V) -> V:
        size = len(repr(shape))
        if size <= LONGEST_SHAPE:
            self._known[shape] = made, size
            self._characters += size
            while len(self._known) > SHAPES or self._characters > SHAPES_CHARACTERS:
                self._characters -= self._known.popitem(last=False)[1][1]
        return made
