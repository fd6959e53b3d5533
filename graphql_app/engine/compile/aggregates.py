"""The `aggregate { … }` object as one JSON text expression. Pure."""

from __future__ import annotations

import orjson

from graphql_app.engine.compile.conditions import columns_needed, count_sql, function_sql
from graphql_app.engine.compile.json_cell import Cell, json_text, object_cell
from graphql_app.engine.compile.scope import Scope
from graphql_app.engine.compile.type_guard import expect_no_text, json_or_text, looked_at
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Function
from graphql_app.engine.sql.fragment import Sql, sql, template, text
from schema_gen.catalog.model import Column, Table
from schema_gen.types.column_types import type_of

_OF_ITS_TYPE = (Function.MIN, Function.MAX)
Field = plan.CountOut | plan.ApplyOut | plan.TextOut


def aggregates_cell(scope: Scope, alias: str, table: Table, aggregates: plan.AggregateOut) -> Cell:
    """The object over the rows of `table` called `alias`."""
    return object_cell([(field.key, _field_cell(scope, alias, table, field)) for field in aggregates.fields])


def _field_cell(scope: Scope, alias: str, table: Table, field: Field) -> Cell:
    cell = Cell()
    match field:
        case plan.TextOut():
            cell.add(json_text(field.text))
        case plan.CountOut():
            cell.add(count_sql(scope, alias, field.columns, field.distinct))
        case plan.ApplyOut():
            return object_cell(
                [(item.key, _applied(scope, alias, table, field.function, item)) for item in field.fields]
            )
    return cell


def _applied(scope: Scope, alias: str, table: Table, function: Function, item: plan.ColumnOut | plan.TextOut) -> Cell:
    cell = Cell()
    if isinstance(item, plan.TextOut):
        cell.add(json_text(item.text))
    else:
        value = function_sql(scope, alias, function, item.column)
        if function in _OF_ITS_TYPE:
            expect_no_text(scope, table, item.column, value)
        made = _function_json(scope, value, function, item.column)
        cell.add(
            json_or_text(item.column, value, made)
            if function in _OF_ITS_TYPE and looked_at(table, item.column)
            else made
        )
    return cell


def _function_json(scope: Scope, value: Sql, function: Function, column: Column) -> Sql:
    if function in _OF_ITS_TYPE:
        made = type_of(column).figure_for(scope.dialect.stringify, scope.dialect.features.flavour)
        return sql("IFNULL(", template(made, value), ",'null')")
    # A sum of 32-bit integers is not one of 32 bits: it is shown as BIGINT and DECIMAL are.
    exact = function is Function.SUM and type_of(column).scalar != "Float"
    if exact and scope.dialect.stringify:
        quote = text('"')
        return sql("IFNULL(CONCAT(", quote, ",", value, ",", quote, "),'null')")
    return sql("IFNULL(", value, ",'null')")


def aggregates_of_nothing(aggregates: plan.AggregateOut) -> bytes:
    """The object over no rows at all: counts are 0, everything else is null."""
    return orjson.dumps({field.key: _missing(field) for field in aggregates.fields})


def _missing(field: Field) -> object:
    match field:
        case plan.TextOut():
            return field.text
        case plan.CountOut():
            return 0
        case plan.ApplyOut():
            return {item.key: item.text if isinstance(item, plan.TextOut) else None for item in field.fields}


def has_aggregate(aggregates: plan.AggregateOut) -> bool:
    """Whether anything of the object comes from rows. Without a function, SQL would give an object for each of them."""
    return bool(aggregated_columns(aggregates)) or any(isinstance(field, plan.CountOut) for field in aggregates.fields)


def aggregated_columns(aggregates: plan.AggregateOut) -> set[str]:
    """The columns that the aggregates read."""
    found: set[str] = set()
    for field in aggregates.fields:
        if isinstance(field, plan.CountOut):
            found.update(*map(columns_needed, field.columns))
        elif isinstance(field, plan.ApplyOut):
            found.update(*(columns_needed(item.column) for item in field.fields if isinstance(item, plan.ColumnOut)))
    return found
