"""`POST /api/batch/import`: a file of CSV or JSON lines, named like its table, into that table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import orjson
from starlette.types import Receive, Scope, Send

from graphql_app.auth.identity import identity_of
from graphql_app.auth.introspection import EVERYBODY, Introspection
from graphql_app.csv_io.bad_rows import BadRows
from graphql_app.csv_io.batches import KeyOf
from graphql_app.csv_io.detect import FORM, given_form
from graphql_app.csv_io.file_name import is_json_lines
from graphql_app.csv_io.find_table import table_for
from graphql_app.csv_io.importing import Options, Report, import_csv
from graphql_app.engine.engine import Engine
from graphql_app.engine.execute.ledger import LedgerEntry
from graphql_app.engine.request.bulk import BulkMode
from graphql_app.errors import Code, Outcome, RequestError, ServiceUnavailableException
from graphql_app.http.disconnect import CancelOnUploadDisconnect
from graphql_app.http.idempotency import REPLAYED, client_entry
from graphql_app.http.request_body import Bounds
from graphql_app.observability.events import Observer
from graphql_app.rest_api.endpoint import RestEndpoint
from graphql_app.rest_api.envelope import Clock, RestResponse, success
from graphql_app.rest_api.permitted import check_may_import
from graphql_app.rest_api.query_language.pairs import Pairs, parse_pairs, unknown_parameter
from graphql_app.rest_api.upload import File, Upload

PATH = "/api/batch/import"

V = TypeVar("V")
_TRUTH: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
_MODES: Mapping[str, BulkMode] = {mode.value: mode for mode in BulkMode}
_ERRORS: Mapping[str, bool] = {"csv": True, "json": False}
_PARAMETERS = ("mode", "dry_run", "errors", "table", *FORM)


@dataclass(frozen=True, slots=True)
class _ImportRequest:
    options: Options
    errors_as_file: bool
    table: str | None


@dataclass(frozen=True, slots=True)
class BatchImport(RestEndpoint):
    """The address: one upload, one answer that says what became of each row."""

    path = PATH
    streams = True
    compress = False
    engine: Engine
    observer: Observer
    clock: Clock
    bounds: Bounds
    introspection: Introspection = EVERYBODY

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> RestResponse | None:
        """Imports, and sends the report. Raises `AppError`, `ClientDisconnect`."""
        asked = _import_request(parse_pairs(scope["query_string"]))
        with BadRows(keep_all=asked.errors_as_file) as bad:
            stays = CancelOnUploadDisconnect(receive, self.observer, "rest")
            upload = Upload(scope, stays.receive, self.bounds.upload_bytes)
            with stays:
                answer = await self._run(self.engine.acting(identity_of(scope)), asked, upload, bad, _key_of(scope))
            if asked.errors_as_file and answer.status != 200:
                await _send_file(send, answer.status, bad)
                return replace(answer, sent=True)
            return answer

    async def _run(
        self, engine: Engine, asked: _ImportRequest, upload: Upload, bad: BadRows, key_of: KeyOf | None
    ) -> RestResponse:
        try:
            filename = await upload.filename()
            table = await table_for(engine, filename, asked.table)
            options = replace(asked.options, json_lines=is_json_lines(filename, upload.media))
        except ServiceUnavailableException as error:
            error.outcome = Outcome.NOT_APPLIED
            raise
        if not table.writable:
            raise RequestError(Code.READ_ONLY, f"Table '{table.name}' cannot be written")
        check_may_import(table, asked.options.mode)
        with File(upload.chunks()) as file:
            if asked.options.dry_run:
                # Its rows are locked for as long as it takes: nobody waits for a slow sender.
                await file.arrived()
            report = await import_csv(engine, table, options, file.chunks(), bad.add, key_of)
        message, status = _verdict(report, asked.options)
        answer = success(message, _data(report, bad), report.retries, self.clock())
        again = report.again and report.again == report.batches
        return replace(answer, status=status, headers=(*answer.headers, REPLAYED) if again else answer.headers)


def _key_of(scope: Scope) -> KeyOf | None:
    """The ledger's entries under the request's key, if it has one. Raises `RequestError` for a key that is none."""
    if client_entry(scope, b"") is None:
        return None

    def key_of(payload: bytes, part: str) -> LedgerEntry:
        entry = client_entry(scope, payload, part)
        assert entry is not None
        return entry

    return key_of


def _verdict(report: Report, options: Options) -> tuple[str, int]:
    what = "Dry run: nothing was written" if options.dry_run else "Import completed"
    if not report.failed:
        return what if options.dry_run else "Import completed successfully", 200
    return (
        (f"{what}, some rows are refused", 207) if report.failed < report.total else ("No row could be imported", 400)
    )


def _data(report: Report, bad: BadRows) -> bytes:
    return orjson.dumps(
        {
            "table": report.table,
            "rows_total": report.total,
            "rows_imported": report.imported,
            "rows_failed": report.failed,
            "errors": [
                {"line": row.line, "column": row.column, "code": row.code, "message": row.message} for row in bad.first
            ],
            **({"detected": report.detected} if report.detected else {}),
        }
    )


async def _send_file(send: Send, status: int, bad: BadRows) -> None:
    headers = [
        (b"content-type", b"text/csv; charset=utf-8; header=present"),
        (b"content-disposition", b'attachment; filename="errors.csv"'),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for data in bad.chunks():
        await send({"type": "http.response.body", "body": data, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _import_request(pairs: Pairs) -> _ImportRequest:
    for name, _ in pairs:
        if name not in _PARAMETERS:
            raise unknown_parameter(name, f"an import takes {', '.join(_PARAMETERS)}", _PARAMETERS)
    given = dict(pairs)
    if len(given) < len(pairs):
        raise RequestError(Code.INVALID_PARAMETER, "A parameter is given twice")
    return _ImportRequest(
        Options(
            _one_of("mode", given.get("mode", BulkMode.INSERT), _MODES),
            _one_of("dry_run", given.get("dry_run", "false"), _TRUTH),
            given_form(given),
        ),
        _one_of("errors", given.get("errors", "json"), _ERRORS),
        given.get("table"),
    )


def _one_of(name: str, text: str, words: Mapping[str, V]) -> V:
    found = words.get(text)
    if found is None:
        raise RequestError(Code.INVALID_PARAMETER, f"Parameter '{name}' must be one of {', '.join(words)}")
    return found
