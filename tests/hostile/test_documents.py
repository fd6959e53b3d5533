"""Documents beyond a limit are refused with a stable code, in time linear in their size; what people write passes."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from graphql import GraphQLError, get_introspection_query, parse, validate

from graphql_app.config.settings import Settings
from graphql_app.errors import Code
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.field_merging_rule import FieldsAgreeRule, rules
from graphql_app.graphql_api.documents.limits import DocumentLimits, check
from graphql_app.graphql_api.errors import RequestFailed
from tests.hostile.documents import KINDS, hostile_documents, users_schema
from tests.hostile.watchdog import watchdog

SCHEMA = users_schema()
SMALL = DocumentLimits(tokens=60, depth=4, fields=12, aliases=3, root_fields=3, directives=3, values=4)


def refusal(text: str, limits: DocumentLimits = SMALL) -> str:
    """The message that `text` is refused with, or nothing."""
    try:
        check(text, limits)
    except RequestFailed as failed:
        return failed.errors[0]["message"] if failed.code is Code.LIMIT_EXCEEDED else failed.code
    return ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a" + " b" * 57 + "}", "12 fields"),
        ("{a}" + "#\n" * 57, ""),
        ("{a}" + "#\n" * 58, "60 tokens"),
        ("{a}" + ",; ,;" * 29, "60 tokens"),
        ("{a}" + " ,\n\ufeff" * 1000, ""),
        ("{a}" + " " * 99_997, ""),
        ("{a}" + " " * 99_998, "100000 characters"),
        ("{a{b{c{d}}}}", ""),
        ("{a{b{c{d{e}}}}}", "4 levels"),
        ("{a{...F}} fragment F on T{b{c{d{e}}}}", "4 levels"),
        ("{a{...on T{b{...{c{d}}}}}}", ""),
        ("{__schema{a{b{c{d{e{f}}}}}}}", ""),
        ("{x:__type(name:1){a{b{c{...F}}}}} fragment F on T{b{c{d}}}", ""),
        ("{__typename a{b{c{d{e}}}}}", "4 levels"),
        ("{__schema{a}...F} fragment F on T{a{b{c{d{e}}}}}", "4 levels"),
        ("{a{b{c{d}}} __schema{a{b{c{d{e}}}}}}", ""),
        ("{a b c}", ""),
        ("{a b c d}", "3 root fields"),
        ("{...F ...F} fragment F on T{a b}", "3 root fields"),
        ("{a{...F ...F}} fragment F on T{a b c d}", ""),
        ("{a{...F ...F ...F}} fragment F on T{a b c d}", "12 fields"),
        ("{x:a{x:b x:c}}", ""),
        ("{x:a{x:b x:c x:d}}", "3 aliases"),
        ("query($a:T={b:1,c:2}){a(b:{c:1,d:2})}", ""),
        ("{a @b c @b(x:1) d @b}", ""),
        ("query @b {a @b @b @b}", "3 directives"),
        ("{a(b:[[[[1]]]])}", ""),
        ("{a(b:[[[[{c:1}]]]])}", "4 levels in a value"),
        ('{a(b:"{{{{{{ @a @a @a @a \\" {{{{")}', ""),
        ('{a(b:"""{{{{{{ \\""" @a @a "" @a @a {{{{""")}', ""),
        ("query A{...F} query B{...F} fragment F on T{a{b c d e f g}}", "12 fields"),
        ("{...F} fragment F on T{...F}", ""),
        ("{...F} fragment F on T{...G} fragment G on T{...F a}", ""),
        ("}}}{{{)))(((", ""),
        ("fragment fragment fragment @ ... on : {", ""),
        ("", ""),
    ],
)
def test_each_limit_counts_what_it_names(text: str, message: str) -> None:
    """Just at the limit, and one beyond."""
    found = refusal(text)
    assert found.endswith(f"{message}.") if message else found == ""


def test_the_defaults_are_those_of_the_settings() -> None:
    """One set of figures."""
    settings, limits = Settings.model_fields, DocumentLimits()
    assert settings["max_document_length"].default == limits.characters
    for name in ("tokens", "depth", "fields", "aliases", "root_fields", "directives"):
        assert settings[f"max_{name}"].default == getattr(limits, name)
    assert settings["max_json_depth"].default == limits.values


def test_introspection_and_long_inserts_are_let_through() -> None:
    """What tools ask, and hundreds of rows written into the document."""
    assert refusal(get_introspection_query(), DocumentLimits()) == ""
    rows = ",".join(f'{{name:"N{i}",age:{i},email:"{i}@x"}}' for i in range(350))
    assert refusal(f"mutation{{insert_users(objects:[{rows}]){{affected_rows}}}}", DocumentLimits()) == ""


def test_every_hostile_document_is_refused_or_valid() -> None:
    """Nothing but `RequestFailed` comes out, whatever goes in."""
    documents = Documents(SCHEMA, DocumentLimits())
    messages = []
    for _, text in hostile_documents(len(KINDS) * 2):
        try:
            documents.get(text).operation(None)
        except RequestFailed as failed:
            messages.append(failed.errors[0]["message"])
    assert len(messages) > len(KINDS)
    assert not [message for message in messages if "Did you mean" in message]


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_of_ours_ends_on_every_document_by_itself(kind: str) -> None:
    """Without the limits, and without the rules that run before or beside it."""
    rule = next(each for each in rules(SCHEMA) if each.__name__ == FieldsAgreeRule.__name__)
    for size in (20, 600):
        try:
            document = parse(KINDS[kind](size), no_location=True)
        except (GraphQLError, RecursionError):
            continue
        with watchdog():
            validate(SCHEMA, document, [rule])


CYCLES = [
    "{users{...a}} fragment a on users{parent{...b}} fragment b on users{parent{...a}}",
    "{users{...a}} fragment a on users{parent{...a}}",
    "{users{...a}} fragment a on users{...on users{parent{...{parent{...a}}}}}",
    "mutation{delete_users(where:{}){returning{...a}}} fragment a on users{parent{...a}}",
    "subscription{users{...a}} fragment a on users{parent{...a}}",
    "{__schema{...a}} fragment a on __Schema{types{...b}} fragment b on __Type{ofType{...b}}",
    '{__type(name:"users"){...b}} fragment b on __Type{fields{type{...b}}}',
    "{users{id}} fragment a on users{parent{...a}}",
]


@pytest.mark.parametrize("text", CYCLES)
def test_fragments_that_contain_themselves_through_fields(text: str) -> None:
    """Each is refused, and for that; the process goes on."""
    with watchdog():
        errors = Documents(SCHEMA, DocumentLimits()).get(text).errors
    assert [error.message for error in errors if "within itself" in error.message]


def work(text: str) -> int:
    """The calls, of Python and of C, that a document costs: a measure of time that a busy machine does not change."""
    documents, calls = Documents(SCHEMA, DocumentLimits(), suggests=True), 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        documents.get(text).operation(None)
    except RequestFailed:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_size_costs_at_most_a_little_more_than_twice(kind: str) -> None:
    """Also where the smaller one is valid and the larger one is refused."""
    work(KINDS[kind](50))
    for size in (200, 800):
        assert work(KINDS[kind](2 * size)) <= 2.2 * work(KINDS[kind](size)) + 500


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("{users{id id name}}", True),
        ("{users{id} users{id name}}", True),
        ("{users{x:id x:name}}", False),
        ("{users{id} users(limit:1){id}}", False),
        ("{users(limit:1 offset:2){id} users(offset:2 limit:1){name}}", True),
        ("{users{parent{x:id}} users{parent{x:name}}}", False),
        ("{users{...F x:name}} fragment F on users{x:id}", False),
        (
            "{users{...F ...G}} fragment F on users{parent{...H}} fragment G on users{parent{x:id}}"
            " fragment H on users{x:name}",
            False,
        ),
        ("{users{...F}} fragment F on users{...on users{x:id}...{x:id}}", True),
        ("{users{...F}} fragment F on users{...on users{x:id}...{x:parent_id}}", False),
        ("query($a:Int $b:Int){users(limit:$a){id} users(limit:$b){id}}", False),
        ("query($a:Int){users(limit:$a){id} users(limit:$a){id}}", True),
    ],
)
def test_fields_of_one_key_agree_as_graphql_core_sees_it(text: str, valid: bool) -> None:
    """The linear rule gives the verdict of the quadratic one."""
    document = parse(text)
    assert (validate(SCHEMA, document) == []) is valid
    assert (validate(SCHEMA, document, rules(SCHEMA)) == []) is valid


@pytest.mark.parametrize(
    "text",
    [
        "query($a:Int){users(limit:$a){id}}",
        "query($a:Int=1 $b:[Int!]){users(limit:$a where:{id:{_in:$b}}){id}}",
        "query($a:Int){users{id}}",
        "{users(limit:$a){id}}",
        "query A($a:Int){users(limit:$b){...F}} fragment F on users{id name @skip(if:$c)}",
        "query A($a:Int){...F} query B{...F} fragment F on query_root{users(limit:$a){id}}",
        "query($ # a name\n a , : Int){users(limit: $ # again\n a){id}}",
        '{users(where:{name:{_eq:"$a"}}){id} users(where:{name:{_eq:"""$a : $b"""}}){id}}',
        "query($a:Int,$b:Boolean!){users(limit:$a){id @include(if:$b)}}",
        "query($a:Boolean!){users{id @include(if:$a) name @include(if:$b)}}",
        "query($a:String){users(limit:$a){id}}",
    ],
)
def test_variables_are_judged_as_graphql_core_judges_them(text: str) -> None:
    """Valid or not, whichever of our checks finds it."""
    valid = validate(SCHEMA, parse(text), rules(SCHEMA)) == []
    document = Documents(SCHEMA, DocumentLimits()).get(text)
    assert (document.errors == ()) is valid
    assert all(error.locations for error in document.errors)
