"""What `graphql-app check` says of roles: who may do what, what cannot be honoured, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql_app.auth.configuration import Configuration
from graphql_app.cli.findings import Finding
from graphql_app.engine.access.access import Access, access_of
from graphql_app.engine.access.rule_warnings import warnings_of
from graphql_app.engine.plan.rules import TableRules
from schema_gen.catalog.model import Catalog, Column, Table

NOTHING = "-"
LEGEND = (
    "S select, I insert, U update, D delete; r a rule of rows, c some columns only, a aggregates, b for backends only"
)


@dataclass(frozen=True, slots=True)
class Cascade:
    """A foreign key of `table` by which a row goes, or refers to nothing (`rule`), when the one of `to_table` goes."""

    table: str
    to_table: str
    rule: str


def role_findings(catalog: Catalog, configuration: Configuration, cascades: Sequence[Cascade]) -> Iterator[Finding]:
    """The report on roles; nothing where there are none."""
    roles = configuration.roles
    if roles is None:
        return
    accesses = {name: access_of(catalog, role, backend=True) for name, role in roles.items()}
    yield Finding(
        "roles", f"{len(roles)}: {', '.join(roles)} ({LEGEND})" if roles else "none: only an admin may do anything"
    )
    plain = {name: access_of(catalog, role, backend=False) for name, role in roles.items()}
    yield from (Finding("", line) for line in matrix(accesses, plain))
    for access in accesses.values():
        yield from (Finding("rule", str(each), trouble=True) for each in access.broken)
    anonymous = None if configuration.auth is None else configuration.auth.anonymous
    for name, role in roles.items():
        for warning in warnings_of(catalog, role, anonymous=name == anonymous):
            yield Finding("warning", str(warning))
        yield from (Finding("warning", text) for text in _of_cascades(name, accesses[name], cascades))
    yield from (Finding("warning", text) for text in _of_identities(configuration))


def _of_cascades(role: str, access: Access, cascades: Sequence[Cascade]) -> Iterator[str]:
    """What deletes do to rows that the role could not change itself."""
    for each in cascades:
        deleted, reached = (access.catalog.tables.get(name) for name in (each.to_table, each.table))
        if deleted is None or not deleted.may_delete:
            continue
        may = reached is not None and reached.may_delete and access.rules[each.table].delete.condition is None
        if not may:
            what = f"rows of '{each.table}' (ON DELETE {each.rule}), whatever the rules of that table say"
            yield f"roles.{role}.tables.{each.to_table}.delete: it reaches {what}"


def _of_identities(configuration: Configuration) -> Iterator[str]:
    auth, roles = configuration.auth, configuration.roles or {}
    if auth is None:
        return
    for place, issuer in enumerate(auth.jwt):
        if issuer.audiences is None:
            yield f"auth.jwt.{place}.audience: tokens for anybody are accepted"
        if issuer.name is None:
            yield f"auth.jwt.{place}.issuer: tokens of any issuer are accepted"
    named = [("auth.anonymous", auth.anonymous)] + [(f"auth.api_keys.{key.name}", key.role) for key in auth.api_keys]
    for place_, role in named:
        if role is not None and role != "admin" and role not in roles:
            yield f"{place_}: there are no rules for the role '{role}', so it may do nothing"


def matrix(accesses: Mapping[str, Access], plain: Mapping[str, Access]) -> Iterator[str]:
    """A line for each table that some role may use, a column for each role; `plain` is without `backend_only`."""
    names = sorted({name for access in accesses.values() for name in access.catalog.tables})
    rows = [[name, *(_cell(access, plain[role], name) for role, access in accesses.items())] for name in names]
    if rows:
        rows.insert(0, ["", *accesses])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(access: Access, plain: Access, name: str) -> str:
    """Such as `Srca Ir U D`."""
    table, anywhere = access.catalog.tables.get(name), plain.catalog.tables.get(name)
    if table is None:
        return NOTHING
    rules = access.rules.get(name, TableRules())
    parts = []
    if table.may_select:
        row, fewer = rules.select.condition is not None, dict(table.columns) != dict(table.full.columns)
        parts.append(_flags("S", row=row, columns=fewer, aggregates=table.may_aggregate))
    if table.may_insert:
        row, fewer = rules.insert_check.condition is not None, _fewer(table, table.insertable)
        parts.append(_flags("I", row=row, columns=fewer, backend=anywhere is None or not anywhere.may_insert))
    if table.may_update:
        row, fewer = rules.update.condition is not None, _fewer(table, table.updatable)
        parts.append(_flags("U", row=row, columns=fewer, backend=anywhere is None or not anywhere.may_update))
    if table.may_delete:
        row = rules.delete.condition is not None
        parts.append(_flags("D", row=row, backend=anywhere is None or not anywhere.may_delete))
    return " ".join(parts) or NOTHING


def _fewer(table: Table, given: Mapping[str, Column]) -> bool:
    """Whether not all columns that can be given may be."""
    return len(given) < sum(not column.generated for column in table.full.columns.values())


def _flags(letter: str, *, row: bool, columns: bool = False, aggregates: bool = False, backend: bool = False) -> str:
    return letter + "r" * row + "c" * columns + "a" * aggregates + "b" * backend
