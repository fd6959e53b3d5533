"""The parts of the OpenAPI document that describe CSV: files that leave, and the import."""

from __future__ import annotations

from typing import Any

from graphql_app.csv_io.detect import FORM
from graphql_app.csv_io.dialect import DATES
from graphql_app.engine.request.bulk import BulkMode
from graphql_app.errors import Code
from graphql_app.rest_api.openapi.components import (
    KEY_PARAMETER,
    READ_FAILURES,
    READ_PARAMETERS,
    WRITE_FAILURES,
    failures,
    ref,
    success_schema,
)
from schema_gen.catalog.model import Catalog
from schema_gen.graphql.root_rules import may_query
from schema_gen.strawberry_core.roles import Action

Json = dict[str, Any]

FILE: Json = {"type": "string", "description": "A header, then a record for each row (RFC 4180)."}
LINES: Json = {"type": "string", "description": "A JSON object on each line."}
CSV_FILE: Json = {
    "description": "The file, streamed: a failure on the way breaks the transfer",
    "headers": {"Content-Disposition": {"schema": {"type": "string"}, "description": "The name of the file."}},
    "content": {"text/csv": {"schema": FILE}},
}
FORMAT_PARAMETER: Json = {
    "name": "format",
    "in": "query",
    "description": "`spreadsheet` guards texts that a spreadsheet would run.",
    "schema": {"enum": ["csv", "spreadsheet"], "default": "csv"},
}

_COUNT: Json = {"type": "integer", "minimum": 0}
_BAD_ROW: Json = {
    "type": "object",
    "required": ["line", "column", "code", "message"],
    "properties": {
        "line": {"type": "integer", "minimum": 1, "description": "The line on which the row begins."},
        "column": {"type": ["string", "null"]},
        "code": {"type": "string", "enum": [code.value for code in Code]},
        "message": {"type": "string"},
    },
}
_REPORT: Json = {
    "type": "object",
    "required": ["table", "rows_total", "rows_imported", "rows_failed", "errors"],
    "properties": {
        "table": {"type": "string"},
        "rows_total": _COUNT,
        "rows_imported": _COUNT,
        "rows_failed": _COUNT,
        "errors": {"type": "array", "items": _BAD_ROW, "maxItems": 1000},
        "detected": {
            "type": "object",
            "description": "What of the file's form is unlike the program's own; absent where nothing is.",
            "properties": {name: {"type": "string"} for name in FORM},
        },
    },
}
CSV_SCHEMAS: dict[str, Json] = {"ImportReport": _REPORT}


def csv_paths(catalog: Catalog) -> dict[str, Json]:
    """The addresses that take the table from elsewhere; none without a table."""
    if not catalog.tables:
        return {}
    names = [table.name for table in catalog if may_query(table, Action.LIST)]
    found = {"/api/batch/{table}/export": {"get": _export(names)}} if names else {}
    written = any(table.may_insert or table.may_update for table in catalog)
    return found | ({"/api/batch/import": {"post": _import()}} if written or not catalog.of_role else {})


def _export(names: list[str]) -> Json:
    table = {"name": "table", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}
    return {
        "operationId": "batch.export",
        "tags": ["CSV"],
        "summary": "A table as a CSV file; filters as for the table's own export",
        "parameters": [table, *READ_PARAMETERS, FORMAT_PARAMETER],
        "responses": {"200": CSV_FILE, **failures(READ_FAILURES)},
    }


def _import() -> Json:
    file = {"type": "string", "contentMediaType": "text/csv", "description": "Called like its table: `users.csv`."}
    body = {"type": "object", "required": ["file"], "properties": {"file": file}}
    report = {"application/json": {"schema": success_schema(ref("schemas", "ImportReport"))}}
    refused = report | {"text/csv": {"schema": FILE}}
    none = {
        "application/json": {"schema": {"anyOf": [report["application/json"]["schema"], ref("schemas", "Failure")]}}
    }
    return {
        "operationId": "batch.import",
        "tags": ["CSV"],
        "summary": "Import a CSV file; its name names the table, and one bad row never stops the others",
        "parameters": [
            KEY_PARAMETER,
            _choice("mode", [mode.value for mode in BulkMode], "What becomes of rows whose key is there already."),
            _choice("dry_run", ["false", "true"], "Everything is tried and then undone."),
            _choice("errors", ["json", "csv"], "`csv`: if rows are refused, the answer is a file of all of them."),
            _said("table", "The table, whatever the file is called."),
            _said("delimiter", "What stands between cells: `;`, `tab`, ..."),
            _said("encoding", "Such as `utf-16` or `cp1252`."),
            _said("decimal", "The decimal mark.", "point", "comma", ".", ","),
            _said("dates", "The order of dates.", *DATES),
            _said("null", "The word for NULL."),
        ],
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": body}}},
        "responses": {
            "200": {"description": "All rows are in", "content": report},
            "207": {"description": "Some rows are refused", "content": refused},
            **failures(WRITE_FAILURES),
            "400": {"description": "No row could be imported", "content": refused | none},
        },
    }


def _said(name: str, description: str, *words: str) -> Json:
    """What is recognised if it is not said."""
    schema: Json = {"type": "string", "enum": list(words)} if words else {"type": "string"}
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _choice(name: str, words: list[str], description: str) -> Json:
    schema = {"type": "string", "enum": words, "default": words[0]}
    return {"name": name, "in": "query", "description": description, "schema": schema}
