"""One row per comparison operator: what it takes, and the SQL it becomes.

Text operators: `_like`, `_regex` and the anchored ones compare exactly (case counts),
their `_i` forms ignore case; plain comparisons follow the column's collation, as the
database's own `=` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.dialects import Features
from graphql_app.engine.sql.fragment import Sql, Value, sql
from graphql_app.engine.sql.similar import regular_expression
from schema_gen.sql_literals import quote_text


class Takes(Enum):
    """The form of an operator's value."""

    VALUE = auto()
    LIST = auto()
    PAIR = auto()
    FLAG = auto()
    TEXT = auto()


Build = Callable[[Sql, Value | Sql, Value | Sql, Features], Sql]
"""Column, value, upper value (the value again where there is none), engine."""


_REGEXP = " REGEXP CONCAT('"
_REGEXP_BYTES = _REGEXP.encode()


def _infix(symbol: str) -> Build:
    return lambda column, low, _high, _features: sql(column, symbol, low)


def _between(column: Sql, low: Value | Sql, high: Value | Sql, _features: Features) -> Sql:
    return sql(column, " BETWEEN ", low, " AND ", high)


def _like(column: Sql, low: Value | Sql, _high: Value | Sql, _features: Features) -> Sql:
    # The plain LIKE accepts at least as much and can use an index; the second one is exact.
    return sql(
        "(", column, " LIKE ", low, " AND CONVERT(", column, " USING utf8mb4) COLLATE utf8mb4_bin LIKE ", low, ")"
    )


def _ilike(column: Sql, low: Value | Sql, high: Value | Sql, _features: Features) -> Sql:
    exact = sql("LOWER(CONVERT(", column, " USING utf8mb4)) COLLATE utf8mb4_bin LIKE LOWER(", low, ")")
    # What the pattern implies by the column's own collation can use an index.
    return exact if high is low else sql("(", column, " LIKE ", high, " AND ", exact, ")")


def _regex(flag: str) -> Build:
    def build(column: Sql, low: Value | Sql, _high: Value | Sql, features: Features) -> Sql:
        subject = sql("CONVERT(", column, " USING utf8mb4)")
        if features.regexp_like:
            return sql("REGEXP_LIKE(", subject, ",", low, f",'{flag}')")
        inline = {"c": "(?-i)", "i": "(?i)"}[flag]
        return sql(subject, _REGEXP, inline, "',", low, ")")

    return build


def matches_pattern(statement: bytes, features: Features) -> bool:
    """Whether a statement may have a regular expression that the server gives up with a warning only.

    A row that it gives up over counts as one that does not match. MariaDB does so, and has no `REGEXP_LIKE`.
    """
    return not features.regexp_like and _REGEXP_BYTES in statement


def escape_like(text: str) -> str:
    """`text` with LIKE's wildcards made literal."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _plain(text: str) -> bytes:
    return quote_text(text)


def _expression(text: str) -> bytes:
    # Only MariaDB takes an empty one, which is found in every text.
    return quote_text(text or "(?:)")


def _similar(text: str) -> bytes:
    return quote_text(regular_expression(text))


def _pattern(before: str, after: str) -> Callable[[str], bytes]:
    return lambda text: quote_text(before + escape_like(text) + after)


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """`negate` wraps the SQL in NOT; `text` encodes the value of operators on text.

    `converts`: the column is turned into utf8mb4 wherever it stands beside the value. `folds`: case does not count, and
    what the pattern implies by the column's own collation is the upper value, where there is any.
    """

    takes: Takes
    build: Build
    negate: bool = False
    text: Callable[[str], bytes] = _plain
    converts: bool = False
    folds: bool = False


OPERATORS: dict[Operator, OperatorRow] = {
    Operator.EQ: OperatorRow(Takes.VALUE, _infix("=")),
    Operator.NEQ: OperatorRow(Takes.VALUE, _infix("<>")),
    Operator.GT: OperatorRow(Takes.VALUE, _infix(">")),
    Operator.GTE: OperatorRow(Takes.VALUE, _infix(">=")),
    Operator.LT: OperatorRow(Takes.VALUE, _infix("<")),
    Operator.LTE: OperatorRow(Takes.VALUE, _infix("<=")),
    Operator.IN: OperatorRow(Takes.LIST, _infix(" IN ")),
    Operator.NIN: OperatorRow(Takes.LIST, _infix(" NOT IN ")),
    Operator.IS_NULL: OperatorRow(Takes.FLAG, _infix(" IS ")),
    Operator.BETWEEN: OperatorRow(Takes.PAIR, _between),
    Operator.LIKE: OperatorRow(Takes.TEXT, _like),
    Operator.NLIKE: OperatorRow(Takes.TEXT, _like, negate=True),
    Operator.ILIKE: OperatorRow(Takes.TEXT, _ilike, converts=True, folds=True),
    Operator.NILIKE: OperatorRow(Takes.TEXT, _ilike, converts=True, negate=True),
    Operator.REGEX: OperatorRow(Takes.TEXT, _regex("c"), converts=True, text=_expression),
    Operator.NREGEX: OperatorRow(Takes.TEXT, _regex("c"), converts=True, negate=True, text=_expression),
    Operator.IREGEX: OperatorRow(Takes.TEXT, _regex("i"), converts=True, text=_expression),
    Operator.NIREGEX: OperatorRow(Takes.TEXT, _regex("i"), converts=True, negate=True, text=_expression),
    Operator.SIMILAR: OperatorRow(Takes.TEXT, _regex("c"), converts=True, text=_similar),
    Operator.NSIMILAR: OperatorRow(Takes.TEXT, _regex("c"), converts=True, negate=True, text=_similar),
    Operator.STARTS_WITH: OperatorRow(Takes.TEXT, _like, text=_pattern("", "%")),
    Operator.ENDS_WITH: OperatorRow(Takes.TEXT, _like, text=_pattern("%", "")),
    Operator.CONTAINS: OperatorRow(Takes.TEXT, _like, text=_pattern("%", "%")),
}

EQUALITIES = frozenset({Operator.EQ, Operator.NEQ, Operator.IN, Operator.NIN})
ORDERINGS = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.BETWEEN})
"""What compares by order. Both sides are then what the column's type is ordered by (`order_sql`)."""


_ORDERS = {
    Operator.GT: (">=", ">", ">"),
    Operator.GTE: (">=", ">", ">="),
    Operator.LT: ("<=", "<", "<"),
    Operator.LTE: ("<=", "<", "<="),
}
"""How texts are ordered by a collation that takes some for one, and then these."""


def ordered_exactly(operator: Operator, texts: tuple[Sql, Value | Sql], exact: tuple[Sql, Value | Sql]) -> Sql:
    """`texts` in the order of their collation, and those that it takes for one in that of their bytes, `exact`.

    The first part accepts at least as much and can use an index.
    """
    loose, strict, last = _ORDERS[operator]
    (one, other), (one_exact, other_exact) = texts, exact
    beyond = sql(one, strict, other, " OR ", one_exact, last, other_exact)
    return sql("(", one, loose, other, " AND (", beyond, "))")


def compare(operator: Operator, column: Sql, low: Value | Sql, high: Value | Sql | None, features: Features) -> Sql:
    """The SQL of one comparison."""
    row = OPERATORS[operator]
    built = row.build(column, low, high or low, features)
    return sql("NOT ", built) if row.negate else built
