"""The language of filters: `gte.30`, `not.in.(1,2)`, `is.null`, `or=(a.eq.1,not.and(b.gt.2,c.is.null))`.

Names are PostgREST's where it has one. `like` and `ilike` take `*` for `%`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphql_app.engine.request.calls import And, Compare, Filter, Not, Operator, Or
from graphql_app.errors import Code, RequestError, unknown_column
from graphql_app.rest_api.column_values import value_of
from graphql_app.rest_api.query_language.scanner import Scanner
from schema_gen.catalog.model import Column, Table

_MAX_NESTING = 20

Operand = str | tuple[str, ...]
Build = Callable[[Column, Operator, Operand], Filter]


def _one(column: Column, operator: Operator, operand: Operand) -> Compare:
    return Compare(column.name, operator, value_of(column, _text(column, operand)))


def _list(column: Column, operator: Operator, operand: Operand) -> Compare:
    if isinstance(operand, str):
        raise _invalid(column, "expected a list such as (1,2)")
    return Compare(column.name, operator, [value_of(column, item) for item in operand])


def _plain(column: Column, operator: Operator, operand: Operand) -> Compare:
    return Compare(column.name, operator, _text(column, operand))


def _pattern(column: Column, operator: Operator, operand: Operand) -> Compare:
    return Compare(column.name, operator, _text(column, operand).replace("*", "%"))


def _is(column: Column, operator: Operator, operand: Operand) -> Filter:
    match _text(column, operand).lower():
        case "null" | "unknown":
            return Compare(column.name, operator, True)
        case "not_null":
            return Compare(column.name, operator, False)
        case "true" | "false" as text:
            # `IS TRUE` is never NULL itself, so that its negation holds for NULL.
            equal = Compare(column.name, Operator.EQ, value_of(column, text))
            return And((Compare(column.name, operator, False), equal))
    raise _invalid(column, "expected null, not_null, true or false")


def _is_distinct(column: Column, operator: Operator, operand: Operand) -> Filter:
    text = _text(column, operand)
    if text.lower() == "null":
        return Compare(column.name, operator, False)
    other = Compare(column.name, Operator.NEQ, value_of(column, text))
    return Or((other, Compare(column.name, operator, True)))


@dataclass(frozen=True, slots=True)
class Spelling:
    """An operator as written in a URL; `negated` is its opposite where that is an operator too."""

    operator: Operator
    build: Build
    negated: Operator | None = None


SPELLINGS: Mapping[str, Spelling] = {
    "eq": Spelling(Operator.EQ, _one, Operator.NEQ),
    "neq": Spelling(Operator.NEQ, _one, Operator.EQ),
    "gt": Spelling(Operator.GT, _one),
    "gte": Spelling(Operator.GTE, _one),
    "lt": Spelling(Operator.LT, _one),
    "lte": Spelling(Operator.LTE, _one),
    "in": Spelling(Operator.IN, _list, Operator.NIN),
    "nin": Spelling(Operator.NIN, _list, Operator.IN),
    "is": Spelling(Operator.IS_NULL, _is),
    "isdistinct": Spelling(Operator.IS_NULL, _is_distinct),
    "like": Spelling(Operator.LIKE, _pattern, Operator.NLIKE),
    "nlike": Spelling(Operator.NLIKE, _pattern, Operator.LIKE),
    "ilike": Spelling(Operator.ILIKE, _pattern, Operator.NILIKE),
    "nilike": Spelling(Operator.NILIKE, _pattern, Operator.ILIKE),
    "match": Spelling(Operator.REGEX, _plain, Operator.NREGEX),
    "nmatch": Spelling(Operator.NREGEX, _plain, Operator.REGEX),
    "imatch": Spelling(Operator.IREGEX, _plain, Operator.NIREGEX),
    "nimatch": Spelling(Operator.NIREGEX, _plain, Operator.IREGEX),
    "similar": Spelling(Operator.SIMILAR, _plain, Operator.NSIMILAR),
    "nsimilar": Spelling(Operator.NSIMILAR, _plain, Operator.SIMILAR),
    "between": Spelling(Operator.BETWEEN, _list),
    "starts_with": Spelling(Operator.STARTS_WITH, _plain),
    "ends_with": Spelling(Operator.ENDS_WITH, _plain),
    "contains": Spelling(Operator.CONTAINS, _plain),
}


_OPERATOR = re.compile(rf"(not\.)?({'|'.join(SPELLINGS)})\.", re.ASCII)


def reads_as_filter(text: str) -> bool:
    """Whether a parameter's value has the form of a filter, so that its name is meant as a column."""
    return _OPERATOR.match(text) is not None


def parse_filter(table: Table, name: str, text: str) -> Filter:
    """The condition on column `name` that a parameter's value `text` states.

    Raises:
        RequestError: UNKNOWN_COLUMN, UNKNOWN_OPERATOR, INVALID_VALUE or INVALID_PARAMETER.
    """
    scanner = Scanner(text, name)
    column, negated, word = _column(table, name), scanner.take("not."), scanner.word(".")
    if not scanner.take("."):
        scanner.fail("a filter is written operator.value, such as eq.30; no operator")
    base, every = _quantified(word)
    if every is not None:
        scanner.expect("{")
        found = _of_each(column, negated, base, every, _items_of(scanner))
        scanner.finish()
        return found
    # Outside of a group nothing can follow, so a text may hold any character.
    operand: Operand = text[scanner.at :]
    if _spelling(column, word).build is _list:
        scanner.expect("(")
        operand = _operands(scanner)
        scanner.finish()
    return _condition(column, negated, word, operand)


def parse_group(table: Table, name: str, text: str) -> Filter:
    """The conditions in the value of `and`, `or`, `not.and` or `not.or`. Raises as `parse_filter`."""
    scanner = Scanner(text, name)
    found = _group(scanner, table, name, 0)
    scanner.finish()
    return found


GROUPS = ("and", "or", "not.and", "not.or")


def _group(scanner: Scanner, table: Table, name: str, nesting: int) -> Filter:
    if nesting > _MAX_NESTING:
        scanner.fail("nested too deeply")
    scanner.expect("(")
    items = [_member(scanner, table, nesting)]
    while scanner.take(","):
        items.append(_member(scanner, table, nesting))
    scanner.expect(")")
    found = And(tuple(items)) if name.endswith("and") else Or(tuple(items))
    return Not(found) if name.startswith("not.") else found


def _member(scanner: Scanner, table: Table, nesting: int) -> Filter:
    for group in GROUPS:
        if scanner.text.startswith(f"{group}(", scanner.at):
            scanner.take(group)
            return _group(scanner, table, group, nesting + 1)
    column = _column(table, scanner.name('.,()"'))
    scanner.expect(".")
    negated, word = scanner.take("not."), scanner.word(".,()")
    every = next((name == "all" for name in ("all", "any") if scanner.take(f"({name})")), None)
    scanner.expect(".")
    if every is not None:
        scanner.expect("{")
        return _of_each(column, negated, word, every, _items_of(scanner))
    operand: Operand = _operands(scanner) if scanner.take("(") else scanner.word(",)")
    return _condition(column, negated, word, operand)


def _quantified(word: str) -> tuple[str, bool | None]:
    """An operator without its quantifier, and whether it is `(all)`; None where there is none."""
    for mark, every in (("(all)", True), ("(any)", False)):
        if word.endswith(mark):
            return word.removesuffix(mark), every
    return word, None


def _of_each(column: Column, negated: bool, word: str, every: bool, items: tuple[str, ...]) -> Filter:
    spelling = _spelling(column, word)
    if spelling.build in (_list, _is, _is_distinct):
        raise _invalid(column, f"'{word}' takes neither (any) nor (all)")
    found = tuple(spelling.build(column, spelling.operator, item) for item in items)
    together: Filter = And(found) if every else Or(found)
    return Not(together) if negated else together


def _operands(scanner: Scanner) -> tuple[str, ...]:
    return _items_of(scanner, ")")


def _items_of(scanner: Scanner, end: str = "}") -> tuple[str, ...]:
    if scanner.take(end):
        return ()
    items = [scanner.word(f",{end}")]
    while scanner.take(","):
        items.append(scanner.word(f",{end}"))
    scanner.expect(end)
    return tuple(items)


def _condition(column: Column, negated: bool, word: str, operand: Operand) -> Filter:
    spelling = _spelling(column, word)
    if negated and spelling.negated is not None:
        return spelling.build(column, spelling.negated, operand)
    found = spelling.build(column, spelling.operator, operand)
    if not negated:
        return found
    if isinstance(found, Compare) and found.operator is Operator.IS_NULL:
        return Compare(column.name, Operator.IS_NULL, not found.value)
    return Not(found)


def _spelling(column: Column, word: str) -> Spelling:
    found = SPELLINGS.get(word)
    if found is None:
        known = ", ".join(SPELLINGS)
        raise RequestError(Code.UNKNOWN_OPERATOR, f"Unknown operator '{word}'; there are: {known}", column=column.name)
    return found


def _column(table: Table, name: str) -> Column:
    found = table.columns.get(name)
    if found is None:
        raise unknown_column(table.name, name, table.columns)
    return found


def _text(column: Column, operand: Operand) -> str:
    if isinstance(operand, str):
        return operand
    raise _invalid(column, "expected one value, not a list")


def _invalid(column: Column, why: str) -> RequestError:
    return RequestError(Code.INVALID_VALUE, f"Invalid value for column '{column.name}': {why}", column=column.name)
