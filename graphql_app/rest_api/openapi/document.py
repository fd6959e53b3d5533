"""The OpenAPI 3.1 document of a catalog: every table with its addresses, typed by its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import quote

import orjson

from graphql_app.rest_api.openapi.columns import column_schema, condition_schema, example
from graphql_app.rest_api.openapi.components import (
    BODY_FAILURES,
    COMPONENTS,
    COUNT_PARAMETER,
    INSERT_PARAMETERS,
    KEY_PARAMETER,
    MATCH_PARAMETER,
    NONE_MATCH_PARAMETER,
    NOT_MODIFIED,
    PREFER_PARAMETER,
    RANGE_PARAMETER,
    READ_FAILURES,
    READ_PARAMETERS,
    ROW_KEY_PARAMETER,
    ROW_WRITE_FAILURES,
    ROWS_FAILURES,
    SELECT_PARAMETER,
    WRITE_FAILURES,
    failures,
    ref,
    success_schema,
)
from graphql_app.rest_api.openapi.csv_paths import CSV_FILE, CSV_SCHEMAS, FILE, FORMAT_PARAMETER, LINES, csv_paths
from schema_gen.catalog.model import Catalog, Column, Table
from schema_gen.graphql.root_rules import may_query
from schema_gen.strawberry_core.roles import Action

Json = dict[str, Any]

_WRITTEN = ref("responses", "Written")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)
_DESCRIPTION = (
    "Every table and view of the database. `retry_count` counts the failed attempts before the answer. "
    "Conditions are equalities: null means IS NULL, a list means any of its members."
)


def openapi_pieces(catalog: Catalog, *, stringify: bool = True) -> Iterator[bytes]:
    """The JSON text of the document for `catalog`, some kilobytes at a time: no tree of a thousand tables is held.

    `stringify` says whether BIGINT and DECIMAL are shown as texts.
    """
    tables = [_Described(table, name, stringify) for table, name in _named(catalog)]
    yield b'{"openapi":"3.1.0","info":' + orjson.dumps(
        {"title": f"REST API of {catalog.database}", "version": "1", "description": _DESCRIPTION}
    )
    # Where this document lies: behind a proxy that adds a prefix, the addresses have it too.
    yield b',"servers":[{"url":"."}],"tags":['
    yield from _separated(orjson.dumps(each.tag()) for each in tables)
    yield b'],"paths":{'
    yield from _separated(map(_members, chain((each.paths() for each in tables), [csv_paths(catalog)])))
    yield b'},"components":{"schemas":{'
    shared: Json = {**COMPONENTS["schemas"], **CSV_SCHEMAS}
    yield from _separated(map(_members, chain([shared], (each.schemas() for each in tables))))
    yield b"}," + _members({kind: parts for kind, parts in COMPONENTS.items() if kind != "schemas"}) + b"}}"


def _separated(texts: Iterable[bytes]) -> Iterator[bytes]:
    """Those of these texts that are not empty, with commas between."""
    between = b""
    for text in filter(None, texts):
        yield between + text
        between = b","


def _members(value: Json) -> bytes:
    """An object's text without its braces."""
    return orjson.dumps(value)[1:-1]


_KINDS = ("", ".conditions", ".insert", ".set")
"""What a table's schemas are called behind its name."""


def _named(catalog: Catalog) -> Iterator[tuple[Table, str]]:
    """The tables, each with a name for its schemas. No two schemas have the same."""
    taken = {*COMPONENTS["schemas"], *CSV_SCHEMAS}
    for table in catalog:
        # Component names are ASCII; two tables may differ only in what that drops.
        base = name = _NOT_IN_NAMES.sub("_", table.name)
        number = 1
        while not taken.isdisjoint(own := {name + kind for kind in _KINDS}):
            number += 1
            name = f"{base}-{number}"
        taken |= own
        yield table, name


@dataclass(frozen=True, slots=True)
class _Described:
    """One table; `name` is that of its schemas."""

    table: Table
    name: str
    stringify: bool

    def tag(self) -> Json:
        """What its addresses are listed under."""
        return {"name": self.table.name} | ({"description": self.table.comment} if self.table.comment else {})

    @property
    def _reads(self) -> bool:
        return may_query(self.table, Action.LIST)

    def schemas(self) -> dict[str, Json]:
        """The row, and where rows can be written what an insert, an update and a condition take."""
        columns, insertable, updatable = self.table.columns.values(), self.table.insertable, self.table.updatable
        row: Json = {"type": "object", "properties": {c.name: column_schema(c, self.stringify) for c in columns}}
        if self.table.comment:
            row["description"] = self.table.comment
        conditions = {column.name: condition_schema(column, self.stringify) for column in columns}
        found: dict[str, Json] = {self.name: row, f"{self.name}.conditions": _closed(conditions)}
        if self.table.may_insert:
            given = _given(insertable)
            needed = [c.name for c in given if not (c.nullable or c.has_default or c.auto_increment)]
            found[f"{self.name}.insert"] = self._values(given) | ({"required": needed} if needed else {})
        if self.table.may_update:
            found[f"{self.name}.set"] = self._values(_given(updatable))
        return found

    def _values(self, columns: list[Column]) -> Json:
        return _closed({column.name: column_schema(column, self.stringify, given=True) for column in columns})

    def paths(self) -> dict[str, Json]:
        """The table's addresses."""
        path = f"/api/{quote(self.table.name, safe='')}"
        found: dict[str, Json] = {}
        if self._reads:
            found[f"{path}/query"] = {"get": self._read(), "post": self._query()}
            found[f"{path}/export"] = {"get": self._export()}
        # Rows to be changed are found by what can be read of them.
        conditions = bool(self.table.columns)
        written = {
            **({"post": self._insert()} if self.table.may_insert else {}),
            **({"put": self._update()} if self.table.may_update and conditions else {}),
            **({"patch": self._patch()} if self.table.may_update and conditions else {}),
            **({"delete": self._delete()} if self.table.may_delete and conditions else {}),
        }
        if written:
            found[path] = written
        if self.table.key_columns and (row := self._row()):
            found[f"{path}/{{key}}"] = row
        return found

    def _row(self) -> Json:
        """What can be done with one row at its own address."""
        table = self.table
        parameters = [ROW_KEY_PARAMETER, SELECT_PARAMETER, PREFER_PARAMETER, MATCH_PARAMETER, KEY_PARAMETER]
        found: Json = {}
        if may_query(table, Action.BY_PK):
            schema = success_schema(ref("schemas", self.name))
            row = {"description": "The row", "content": {"application/json": {"schema": schema}}}
            read = self._operation("get", f"One row of {table.name}", row, READ_FAILURES)
            read["responses"]["304"] = NOT_MODIFIED
            found["get"] = read | {"parameters": [ROW_KEY_PARAMETER, SELECT_PARAMETER, NONE_MATCH_PARAMETER]}
        given = ref("schemas", f"{self.name}.set")
        sample = {"input": self._sample([c for c in _given(table.updatable) if not c.auto_increment][-1:])}
        if table.may_insert and table.may_update:
            stored = self._operation("store", f"Make or change one row of {table.name}", _WRITTEN, ROW_WRITE_FAILURES)
            found["put"] = stored | {
                "requestBody": _body({"input": given}, sample),
                "parameters": [*parameters, NONE_MATCH_PARAMETER],
            }
        if table.may_update:
            changed = self._operation("change", f"Change one row of {table.name}", _WRITTEN, ROW_WRITE_FAILURES)
            found["patch"] = changed | {"requestBody": _body({"input": given}, sample), "parameters": parameters}
        if table.may_delete:
            removed = self._operation("remove", f"Delete one row of {table.name}", _WRITTEN, ROW_WRITE_FAILURES)
            found["delete"] = removed | {"parameters": parameters}
        return found

    def _filters(self) -> list[Json]:
        return [
            {"name": _parameter_name(column.name), "in": "query", "schema": ref("schemas", "Filter")}
            for column in self.table.columns.values()
        ]

    def _read(self) -> Json:
        rows = self._rows()
        rows["content"] |= {"text/csv": {"schema": FILE}, "application/x-ndjson": {"schema": LINES}}
        rows["headers"] = {"Content-Range": {"schema": {"type": "string"}, "description": "See `Prefer`."}}
        operation = self._operation("read", f"Rows of {self.table.name}", rows, ROWS_FAILURES)
        operation["responses"]["304"] = NOT_MODIFIED
        operation["responses"]["206"] = {**rows, "description": "Some of the rows: those of `Range`"}
        more = [COUNT_PARAMETER, RANGE_PARAMETER, NONE_MATCH_PARAMETER]
        return operation | {"parameters": [*READ_PARAMETERS, *more, *self._filters()]}

    def _export(self) -> Json:
        operation = self._operation("export", f"{self.table.name} as a CSV file", CSV_FILE, READ_FAILURES)
        return operation | {"parameters": [*READ_PARAMETERS, FORMAT_PARAMETER, *self._filters()]}

    def _query(self) -> Json:
        body = {"input": ref("schemas", f"{self.name}.conditions")}
        sample = {"input": self._sample(list(self.table.columns.values())[-1:])}
        operation = self._operation(
            "query", f"Rows of {self.table.name} where all columns are equal", self._rows(), BODY_FAILURES
        )
        return operation | {"requestBody": _body(body, sample), "parameters": READ_PARAMETERS}

    def _insert(self) -> Json:
        row = ref("schemas", f"{self.name}.insert")
        body = {"input": {"oneOf": [row, {"type": "array", "items": row}]}}
        given = [column for column in _given(self.table.insertable) if not column.auto_increment]
        counts_up = any(column.auto_increment for column in self.table.columns.values())
        answer = ref("responses", "Inserted" if counts_up else "Written")
        operation = self._operation(
            "insert", f"Insert one row or several into {self.table.name}", answer, WRITE_FAILURES
        )
        parameters = [SELECT_PARAMETER, *INSERT_PARAMETERS, PREFER_PARAMETER, KEY_PARAMETER]
        return operation | {"requestBody": _body(body, {"input": self._sample(given)}), "parameters": parameters}

    def _update(self) -> Json:
        body = {"input": ref("schemas", f"{self.name}.set"), "where": self._some_condition()}
        given = [column for column in _given(self.table.updatable) if not column.auto_increment]
        sample = {"input": self._sample(given[-1:]), "where": self._sample(self._key())}
        operation = self._operation("update", f"Update rows of {self.table.name}", _WRITTEN, WRITE_FAILURES)
        parameters = [SELECT_PARAMETER, PREFER_PARAMETER, KEY_PARAMETER]
        return operation | {"requestBody": _body(body, sample), "parameters": parameters}

    def _patch(self) -> Json:
        body = {"input": ref("schemas", f"{self.name}.set")}
        given = [column for column in _given(self.table.updatable) if not column.auto_increment]
        operation = self._operation(
            "patch", f"Update the rows of {self.table.name} that filters find", _WRITTEN, WRITE_FAILURES
        )
        return operation | {
            "requestBody": _body(body, {"input": self._sample(given[-1:])}),
            "parameters": [SELECT_PARAMETER, PREFER_PARAMETER, KEY_PARAMETER, *self._filters()],
        }

    def _delete(self) -> Json:
        body = {"input": self._some_condition()}
        operation = self._operation("delete", f"Delete rows of {self.table.name}", _WRITTEN, WRITE_FAILURES)
        return operation | {
            "requestBody": _body(body, {"input": self._sample(self._key())}) | {"required": False},
            "parameters": [SELECT_PARAMETER, PREFER_PARAMETER, KEY_PARAMETER, *self._filters()],
        }

    def _operation(self, verb: str, summary: str, success: Json, failed: Iterable[int]) -> Json:
        return {
            "operationId": f"{verb}.{self.name}",
            "tags": [self.table.name],
            "summary": summary,
            "responses": {"200": success, **failures(failed)},
        }

    def _rows(self) -> Json:
        schema = success_schema({"type": "array", "items": ref("schemas", self.name)})
        return {"description": "The rows", "content": {"application/json": {"schema": schema}}}

    def _some_condition(self) -> Json:
        return {"allOf": [ref("schemas", f"{self.name}.conditions"), {"minProperties": 1}]}

    def _key(self) -> list[Column]:
        key = next(iter(self.table.keys), None)
        columns = list(self.table.columns.values())
        readable = key is not None and self.table.columns.keys() >= set(key.columns)
        return [self.table.columns[name] for name in key.columns] if key and readable else columns[:1]

    def _sample(self, columns: list[Column]) -> Json:
        return {column.name: example(column, self.stringify) for column in columns}


def _given(columns: Mapping[str, Column]) -> list[Column]:
    """Those that take a value."""
    return [column for column in columns.values() if not column.generated]


def _closed(properties: dict[str, Json]) -> Json:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _body(properties: dict[str, Json], sample: Json) -> Json:
    schema = {**_closed(properties), "required": list(properties)}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": sample}}}


_RESERVED = frozenset({"select", "order", "limit", "offset", "and", "or", "not.and", "not.or"})


def _parameter_name(column: str) -> str:
    return f'"{column}"' if column in _RESERVED else column
