"""What a write is to answer with: how many rows, an id, the rows themselves, or where the new one is."""

from __future__ import annotations

from dataclasses import replace

from graphql_app.engine.request.calls import (
    AffectedRows,
    Answer,
    Call,
    GeneratedId,
    Returning,
    RootRequest,
    RowGuard,
    SelectColumn,
    Selection,
    SelectRelated,
    Write,
)
from graphql_app.errors import Code, RequestError
from graphql_app.http.preferences import Honoured, Preference, Return
from graphql_app.rest_api.query_language.keys import key_filters
from graphql_app.rest_api.query_language.pairs import Pairs, unknown_parameter
from graphql_app.rest_api.query_language.read_request import read_request
from graphql_app.rest_api.requests.records import Answering, PreparedRequest, RestRequest
from schema_gen.catalog.model import Table

AFFECTED, ROWS = "rows_affected", "rows"
"""The names under which the engine's answer says how many rows a write touched, and which."""
_OF_READS = ("order", "limit", "offset")


def write_parameters(asked: RestRequest, *words: str) -> tuple[dict[str, str], Pairs]:
    """The parameters of these names, and the others. Raises `RequestError` for one given twice, or of reads alone."""
    found: dict[str, str] = {}
    for name, text in asked.pairs:
        if name in _OF_READS and name not in asked.table.columns:
            raise unknown_parameter(name, "it is for reads, and this request writes")
        if name in words:
            if name in found:
                raise RequestError(Code.INVALID_PARAMETER, f"Parameter '{name}' is given twice")
            found[name] = text
    return found, tuple(pair for pair in asked.pairs if pair[0] not in words) if found else asked.pairs


def shown(asked: RestRequest, pairs: Pairs) -> Selection:
    """What `select` shows of rows that are inserted. Raises `RequestError` where anything else is asked."""
    read = read_request(asked.catalog, asked.table, (), pairs)
    if read.where is not None:
        name = next((name for name, _ in pairs if name != "select"), "select")
        raise unknown_parameter(name, "rows that are inserted are not found by filters")
    return read.select


def answer_of(
    asked: RestRequest, select: Selection, honoured: Honoured, *, numbered: bool = False
) -> tuple[Answer, Answering | None]:
    """What the write is to say, and how that is shown; `numbered`: it may say an id that the database gave.

    Raises `RequestError`.
    """
    prefer = asked.prefer
    prefer.check(honoured)
    if prefer.returned is Return.REPRESENTATION and not asked.table.may_select:
        raise RequestError(Code.PERMISSION_DENIED, f"The role may not read '{asked.table.name}'")
    returned = prefer.returned if Preference.RETURN in honoured else None
    number = (GeneratedId("id"),) if numbered and asked.table.full.auto_increment is not None else ()
    if not (asked.bare or asked.single or asked.key is not None or prefer.given):
        return (AffectedRows(AFFECTED), *number), None
    keys = _key_names(asked.table) if returned is Return.HEADERS_ONLY and numbered else ()
    rows: tuple[Returning, ...] = ()
    if returned is Return.REPRESENTATION:
        rows = (Returning(ROWS, select),)
    elif keys:
        rows = (Returning(ROWS, tuple(SelectColumn(name, name) for name in keys)),)
    answering = Answering(
        returned or Return.MINIMAL,
        asked.single or asked.key is not None,
        keys,
        prefer.applied(honoured),
        prefer.count is not None,
        numbered,
    )
    return (AffectedRows(AFFECTED), *number, *rows), answering


def _key_names(table: Table) -> tuple[str, ...]:
    return table.primary_key.columns if table.primary_key is not None else ()


def _guard(asked: RestRequest) -> RowGuard | None:
    """What `If-Match` and `If-None-Match` ask of the row of a key, as `GET` of the same address shows it.

    Raises `RequestError` (INVALID_PARAMETER) where no row is named, or its tag says more than the row.
    """
    wanted, unwanted = asked.if_match, asked.if_none_match
    if wanted is None and unwanted is None:
        return None
    if asked.key is None or asked.bare:
        raise RequestError(Code.INVALID_PARAMETER, "If-Match and If-None-Match are for a row at its own address")
    if unwanted:
        raise RequestError(Code.INVALID_PARAMETER, "If-None-Match takes * in writes")
    if wanted is not None and unwanted is not None:
        raise RequestError(Code.INVALID_PARAMETER, "If-Match and If-None-Match exclude each other")
    shown_now = tuple(pair for pair in asked.pairs if pair[0] == "select")
    read = read_request(asked.catalog, asked.table, key_filters(asked.table, asked.key), shown_now)
    if any(isinstance(item, SelectRelated) for item in read.select):
        raise RequestError(Code.INVALID_PARAMETER, "If-Match is about columns: leave related rows out of 'select'")
    return RowGuard(replace(read, one=True), wanted or (), absent=wanted is None)


def prepared(asked: RestRequest, request: Write, message: str, answering: Answering | None) -> PreparedRequest:
    """The call of one write."""
    call, dry_run = Call((RootRequest("data", request),), guard=_guard(asked)), asked.prefer.rollback
    told = f"Dry run, nothing was kept: {message}" if dry_run else message
    return PreparedRequest(call, told, answering, dry_run=dry_run)
