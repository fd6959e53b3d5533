"""How much a call has to be worked for before it asks for a single row: its conditions, orders and statements.

A comparison, a term of an order, an update of `update_many` and a condition of `on_conflict` weigh 1 each, a condition
or an order on related rows, which is a subquery, `SUBQUERY`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphql_app.engine.request.calls import (
    Aggregate,
    And,
    ConnectionRead,
    Constant,
    Delete,
    Edges,
    Filter,
    Group,
    Insert,
    NestedInsert,
    Nodes,
    Not,
    Or,
    Order,
    Query,
    Read,
    Related,
    RelatedChange,
    RelatedCount,
    Returning,
    Selection,
    SelectNode,
    SelectRelated,
    SelectRelatedAggregate,
    Update,
    UpdateMany,
    Write,
)

FREE = 100
"""Weight that costs nothing: what people write by hand."""
EACH = 500
"""What a weight of 1 beyond that counts as, in values of an answer."""
SUBQUERY = 10

GraphQLRequest = Query | Write | Constant


def conditions_cost(requests: Iterable[GraphQLRequest]) -> int:
    """The cost of all that is asked beside values."""
    return EACH * max(0, sum(_weight(request) for request in requests) - FREE)


def _weight(request: GraphQLRequest) -> int:
    match request:
        case Read():
            return _filter(request.where) + _orders(request.order) + _selection(request.select)
        case Aggregate():
            return _filter(request.where) + _orders(request.order) + _parts(request.fields)
        case ConnectionRead():
            return _filter(request.where) + _orders(request.order) + _parts(request.fields)
        case Group():
            return _filter(request.where) + len(request.having) + len(request.order)
        case Insert():
            of_conflict = 0 if request.conflict is None else _filter(request.conflict.where)
            return of_conflict + sum(map(_nested, request.nested)) + _parts(request.answer)
        case Update():
            return _filter(request.where) + _parts(request.answer) + sum(map(_related, request.related))
        case Delete():
            return _filter(request.where) + _parts(request.answer)
        case UpdateMany():
            return sum(1 + _weight(update) for update in request.updates)
        case Constant():
            return 0


def _filter(where: Filter | None) -> int:
    if where is None:
        return 0
    weight = 0
    waiting = [where]
    while waiting:
        item = waiting.pop()
        match item:
            case And() | Or():
                waiting.extend(item.items)
            case Not():
                waiting.append(item.item)
            case Related() | RelatedCount():
                weight += SUBQUERY
                if item.where is not None:
                    waiting.append(item.where)
            case _:
                weight += 1
    return weight


def _orders(terms: Iterable[Order]) -> int:
    return sum(1 + len(term.path) if term.function is None else SUBQUERY for term in terms)


def _nested(items: Iterable[NestedInsert]) -> int:
    return sum(
        (0 if item.conflict is None else 1 + _filter(item.conflict.where)) + sum(map(_nested, item.nested))
        for item in items
    )


def _related(change: RelatedChange) -> int:
    inserts = (each for each in (change.upsert, change.insert, change.replace) if each is not None)
    return (
        SUBQUERY
        + _filter(change.disconnect)
        + _filter(change.delete)
        + len(change.connect)
        + sum(1 + _weight(update) for update in change.update)
        + sum(map(_nested, (nested for each in inserts for nested in each.nested)))
    )


def _selection(select: Selection) -> int:
    return sum(_weight(part) for part in _inside(select))


def _inside(select: Selection) -> Iterator[Read | Aggregate]:
    for item in select:
        if isinstance(item, SelectRelated):
            yield item.read
        elif isinstance(item, SelectRelatedAggregate):
            yield item.aggregate


def _parts(parts: Iterable[object]) -> int:
    weight = 0
    for part in parts:
        match part:
            case Nodes(select=select) | Returning(select=select) | SelectNode(select=select):
                weight += _selection(select)
            case Edges(fields=fields):
                weight += _parts(fields)
            case _:
                pass
    return weight
