"""The rules that differ from graphql-core's differ from them in what they are meant to, and in nothing else."""

from __future__ import annotations

import os
import re
from collections import Counter
from random import Random

import pytest
from graphql import GraphQLError, parse, validate

from graphql_app.graphql_api.documents.field_merging_rule import FIRST_RULES, rules
from graphql_app.graphql_api.hasura_rules import with_hasura
from schema_gen.catalog.model import ColumnType, Key
from tests.hostile import mutations
from tests.hostile.watchdog import watchdog
from tests.unit.schema_shop import built, catalog, column, reference, table, typed

SCHEMA = built(
    catalog(
        [
            table(
                "users",
                [
                    column("id", "int", nullable=False),
                    column("name", "varchar"),
                    column("parent_id", "int"),
                    column("offset", "int", nullable=False),
                    column("body", "json"),
                    typed("state", ColumnType("enum", members=("open", "shut"))),
                ],
                Key("PRIMARY", ("id", "offset")),
            )
        ],
        [reference("users", "parent_id", "users")],
    )
).schema.graphql
COUNT = int(os.environ.get("RULES_DOCUMENTS", "1000"))
"""Documents made from these."""
DOCUMENTS = [
    "query($o: Int $n: String) { users(offset: $o where: {name: {_eq: $n}}) { id parent { id } } }",
    '{ users(offset: "1" limit: 2) { id users(offset: "2") { id } } }',
    'query($s: String!) { users(where: {state: {_eq: $s} _or: {state: {_in: ["open" $s]}}}) { id } }',
    'query($s: [String!] $t: String = "open") { users(where: {state: {_in: $s _eq: $t}}) { ...F } }'
    " fragment F on users { id }",
    "mutation($s: String $b: json) { update_users(where: {} _set: {state: $s body: {a: [$b {b: $s}]}}) {"
    " affected_rows } }",
    "mutation($u: [users_insert_input!]!) { insert_users(objects: $u) { returning { id ... on users { name } } } }",
    "{ users { id @skip(if: true) parent { } } }",
    "{ users_aggregate { aggregate { count } nodes { } } users_by_pk(id: 1 offset: 1) { id } }",
]
RULES = rules(SCHEMA)
_MEANT = re.compile(
    r"Int cannot represent non-integer value: \"-?[0-9]{1,20}\""
    r"|Variable '\$\w+' of type '\[?String!?\]?!?' used in position expecting type '\[?users_state_enum!?\]?!?'\."
)


def judged(text: str) -> tuple[list[str], list[str]] | None:
    """What is wrong by graphql-core's rules and by ours; None for what is no document with empty selections either."""
    try:
        document = parse(text)
    except GraphQLError:
        return None
    if validate(SCHEMA, document, FIRST_RULES):
        return None
    try:
        parse(text, allow_empty_selection_sets=False)
        theirs = [error.message for error in validate(SCHEMA, document, RULES, 1_000)]
    except GraphQLError as error:
        theirs = [error.message]
    return theirs, [error.message for error in validate(SCHEMA, document, with_hasura(RULES), 1_000)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_documents_made_at_random_are_judged_alike() -> None:
    draw = Random(23)
    seen: Counter[str] = Counter()
    for _ in range(COUNT):
        text = mutations.text(draw.choice(DOCUMENTS), draw)
        with watchdog():
            both = judged(text)
        if both is None:
            seen["no document"] += 1
            continue
        theirs, ours = both
        empty = any(message.endswith(" must have a selection of subfields.") for message in ours)
        if theirs and theirs[0].startswith("Syntax Error"):
            assert empty, text
            seen["empty"] += 1
            continue
        assert not empty, text
        meant = [message for message in theirs if _MEANT.fullmatch(message)]
        assert sorted(ours + meant) == sorted(theirs) or (meant and set(theirs) - set(ours) <= set(meant)), text
        seen["otherwise" if meant else "wrong" if theirs else "right"] += 1
    assert min(seen[each] for each in ("empty", "otherwise", "wrong", "right")) > COUNT / 80, seen
