"""Runs the statements of compiled reads over one session: level by level, each level in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import orjson

from graphql_app.engine.assemble.connections import connection
from graphql_app.engine.assemble.estimates import expected
from graphql_app.engine.assemble.json import GuessFailed, NodeRows, Value, received, texts, ungrouped, whole
from graphql_app.engine.compile.statements import ConnectionPart, ResultNode, Template, TotalPart
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Result, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.row_text import pieces_of
from graphql_app.engine.mysql.server_errors import classify
from graphql_app.engine.request.calls import Counting

_NO_KEYS: Sequence[bytes] = ()
COUNTED = 10_000
"""An estimate is counted where no more rows than this are expected to be read for it."""


async def perform_reads(
    session: Session,
    templates: Sequence[Template],
    slots: Sequence[object],
    count: Callable[[int], None],
    *,
    last: bool = True,
) -> list[Value]:
    """The JSON text of each template. All statements see one snapshot.

    `count` is told how many rows came. `last` says that the session is not needed for anything else afterwards.
    """
    if last and len(templates) == 1 and (alone := only_statement(templates[0])) is not None:
        # Most calls are of this kind, and a call by key has little else to do.
        (result,) = await session.query(alone.statement.render(slots), last=True)
        pieces = received(result)
        count(len(pieces) // pieces_of(0))
        return [ungrouped(alone, pieces)]
    if any(map(_guesses, templates)):
        templates = [tuple([await _counted(session, part, slots) for part in template]) for template in templates]
    try:
        return await _perform(session, templates, slots, count, last=last, widely=True)
    except GuessFailed:
        await session.begin_anew()
        return await _perform(session, templates, slots, count, last=last, widely=False)


@dataclass(frozen=True, slots=True)
class ReadOfMany:
    """One of several reads that are done together: its one root, its values, and who is told how many rows came."""

    template: Template
    slots: Sequence[object]
    count: Callable[[int], None]

    def batches(self, *, widely: bool) -> list[NodeRows]:
        """Its root's rows, to be fetched."""
        nodes = (node for part in self.template for node in _nodes(part))
        return [NodeRows(node.for_parents(0, widely=widely)) for node in nodes]


def can_join(template: Template) -> bool:
    """Whether a root can be read together with those of other callers."""
    return not _guesses(template)


async def perform_together(session: Session, reads: Sequence[ReadOfMany]) -> list[Value]:
    """The JSON text of each, level by level, each level of all of them in one packet. All see one snapshot."""
    try:
        return await _together(session, reads, widely=True)
    except GuessFailed:
        await session.begin_anew()
        return await _together(session, reads, widely=False)


async def _together(session: Session, reads: Sequence[ReadOfMany], *, widely: bool) -> list[Value]:
    found = [read.batches(widely=widely) for read in reads]
    levels = [[(batch, _NO_KEYS) for batch in batches] for batches in found]
    while any(levels):
        for level in levels:
            level += [(child, _NO_KEYS) for batch, _ in level for child in _found_without_keys(batch, widely)]
        waiting = [each for level in levels for each in level]
        statements = (
            batch.node.statement.render(read.slots, keys)
            for read, level in zip(reads, levels, strict=True)
            for batch, keys in level
        )
        results = await session.query(*statements, last=not any(map(_goes_on, waiting)))
        for (batch, _), result in zip(waiting, results, strict=True):
            batch.receive(result)
        levels = [[each for batch, _ in level for each in _found_by_keys(batch, widely)] for level in levels]
    for read, batches in zip(reads, found, strict=True):
        read.count(sum(len(batch.pieces) // batch.step for batch in batches))
    return [_value(read.template, iter(each), read.slots) for read, each in zip(reads, found, strict=True)]


async def _perform(
    session: Session,
    templates: Sequence[Template],
    slots: Sequence[object],
    count: Callable[[int], None],
    *,
    last: bool,
    widely: bool,
) -> list[Value]:
    nodes = (node for template in templates for part in template for node in _nodes(part))
    batches = [NodeRows(node.for_parents(0, widely=widely)) for node in nodes]
    await fetch(session, batches, slots, last=last, widely=widely)
    count(sum(len(batch.pieces) // batch.step for batch in batches))
    made = iter(batches)
    return [_value(template, made, slots) for template in templates]


def _value(template: Template, made: Iterator[NodeRows], slots: Sequence[object]) -> Value:
    """A template's text, whose batches come next."""
    if len(template) == 1 and isinstance(template[0], ResultNode):
        batch = next(made)
        return ungrouped(batch.node, batch.filled())
    return b"".join([_text(part, made, slots) for part in template])


def only_statement(template: Template) -> ResultNode | None:
    """The one statement that a template is answered by, if there is no more to it."""
    part = template[0]
    if len(template) > 1 or not isinstance(part, ResultNode) or part.holes or part.wide is not None:
        return None
    return part


def _guesses(template: Template) -> bool:
    return any(
        isinstance(part, TotalPart) or (isinstance(part, ConnectionPart) and part.estimate is not None)
        for part in template
    )


Part = bytes | ResultNode | TotalPart | ConnectionPart


async def _counted(session: Session, part: Part, slots: Sequence[object]) -> Part:
    """The part, with the number in place of what has to be asked for it."""
    if isinstance(part, TotalPart):
        return await _count(session, part, slots)
    if isinstance(part, ConnectionPart) and isinstance(part.estimate, TotalPart):
        return replace(part, estimate=await _count(session, part.estimate, slots))
    return part


async def _count(session: Session, part: TotalPart, slots: Sequence[object]) -> bytes:
    """The number of rows: as the server's planner guesses, or counted where few are read for it."""
    if part.explain is not None:
        try:
            (result,) = await session.query(part.explain.render(slots))
            guess = expected(result, part.alias)
        except (ServerError, ValueError, LookupError) as error:
            if isinstance(error, ServerError) and classify(error, session.phase) is not FailureClass.PERMANENT:
                raise
        else:
            if part.counting is Counting.PLANNED or guess.read > COUNTED:
                return b"%d" % round(guess.given)
    batch = NodeRows(part.exact)
    await fetch(session, [batch], slots, last=False)
    return b"%d" % orjson.loads(whole(batch))["n"]


def _nodes(part: Part) -> tuple[ResultNode, ...]:
    if isinstance(part, ResultNode):
        return (part,)
    if isinstance(part, ConnectionPart):
        return (part.rows,) if part.total is None else (part.rows, part.total)
    return ()


def _text(part: Part, made: Iterator[NodeRows], slots: Sequence[object]) -> bytes:
    """The text of a part, whose batches come next."""
    if isinstance(part, bytes):
        return part
    if isinstance(part, ResultNode):
        return whole(next(made))
    if isinstance(part, TotalPart):
        raise AssertionError("a number was not counted")
    rows = texts(next(made))
    return connection(part, rows, b"" if part.total is None else whole(next(made)), slots)


async def fetch(
    session: Session,
    roots: list[NodeRows],
    slots: Sequence[object],
    *,
    keys: Sequence[bytes] = (),
    ahead: Sequence[bytes] = (),
    last: bool = True,
    widely: bool = False,
) -> list[Result]:
    """Fills `roots` and everything below them, and gives the results of the statements sent `ahead` of them.

    `keys` are given to the roots' key lists. `widely`: nodes may be taken in their form for many parents;
    raises `GuessFailed` where that was a mistake.
    """
    level: list[tuple[NodeRows, Sequence[bytes]]] = [(batch, keys) for batch in roots]
    first: list[Result] = []
    while level or ahead:
        level += [(child, ()) for batch, _ in level for child in _found_without_keys(batch, widely)]
        statements = [*ahead, *(batch.node.statement.render(slots, given) for batch, given in level)]
        results = await session.query(*statements, last=last and not any(map(_goes_on, level)))
        first += results[: len(ahead)]
        for (batch, _), result in zip(level, results[len(ahead) :], strict=True):
            batch.receive(result)
        level, ahead = [found for batch, _ in level for found in _found_by_keys(batch, widely)], ()
    return first


def _found_without_keys(batch: NodeRows, widely: bool) -> Iterator[NodeRows]:
    """Makes the batches below, and gives those that can be fetched together with this one."""
    for hole in batch.node.holes:
        child = NodeRows(hole.node)
        batch.children.append(child)
        if not hole.node.keyed:
            child.node = hole.node.for_parents(0, widely=widely)
            yield child
            yield from _found_without_keys(child, widely)


def _goes_on(fetched: tuple[NodeRows, Sequence[bytes]]) -> bool:
    return any(hole.node.keyed for hole in fetched[0].node.holes)


def _found_by_keys(batch: NodeRows, widely: bool) -> Iterator[tuple[NodeRows, Sequence[bytes]]]:
    """The batches below that wait for this one's rows, with their keys."""
    for hole, child in zip(batch.node.holes, batch.children, strict=True):
        if hole.node.keyed and (keys := batch.keys(hole)):
            child.node = hole.node.for_parents(len(keys), widely=widely)
            yield child, keys
