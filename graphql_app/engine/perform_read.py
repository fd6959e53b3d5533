"""Runs the statements of compiled reads over one session: level by level, each level in one round trip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphql_app.engine.assemble import Batch, texts, whole
from graphql_app.engine.assemble_connection import connection
from graphql_app.engine.compiled import ConnectionPart, Node, Template
from graphql_app.engine.driver import Result
from graphql_app.engine.session import Session


async def perform_reads(
    session: Session, templates: Sequence[Template], slots: Sequence[object], *, last: bool = True
) -> list[bytes]:
    """The JSON text of each template. All statements see one snapshot.

    `last` says that the session is not needed for anything else afterwards.
    """
    batches = {id(node): Batch(node) for template in templates for part in template for node in _nodes(part)}
    await fetch(session, list(batches.values()), slots, last=last)
    return [b"".join([_text(part, batches, slots) for part in template]) for template in templates]


def _nodes(part: bytes | Node | ConnectionPart) -> tuple[Node, ...]:
    if isinstance(part, Node):
        return (part,)
    if isinstance(part, ConnectionPart):
        return (part.rows,) if part.total is None else (part.rows, part.total)
    return ()


def _text(part: bytes | Node | ConnectionPart, batches: dict[int, Batch], slots: Sequence[object]) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, Node):
        return whole(batches[id(part)])
    total = b"" if part.total is None else whole(batches[id(part.total)])
    return connection(part.plan, texts(batches[id(part.rows)]), total, slots)


async def fetch(
    session: Session,
    roots: list[Batch],
    slots: Sequence[object],
    *,
    keys: Sequence[bytes] = (),
    ahead: Sequence[bytes] = (),
    last: bool = True,
) -> list[Result]:
    """Fills `roots` and everything below them, and gives the results of the statements sent `ahead` of them.

    `keys` are given to the roots' key lists.
    """
    level: list[tuple[Batch, Sequence[bytes]]] = [(batch, keys) for batch in roots]
    first: list[Result] = []
    while level or ahead:
        statements = [*ahead, *(batch.node.statement.render(slots, given) for batch, given in level)]
        results = await session.query(*statements, last=last and not any(batch.node.holes for batch, _ in level))
        first += results[: len(ahead)]
        for (batch, _), result in zip(level, results[len(ahead) :], strict=True):
            batch.receive(result.rows)
        level, ahead = list(_next_level(batch for batch, _ in level)), ()
    return first


def _next_level(batches: Iterable[Batch]) -> Iterable[tuple[Batch, Sequence[bytes]]]:
    for batch in batches:
        for hole in batch.node.holes:
            child = Batch(hole.node)
            batch.children.append(child)
            keys = batch.keys(hole.part)
            if keys:
                yield child, keys
