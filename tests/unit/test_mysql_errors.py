"""Server codes: what is known after each, and what a client is told of it."""

from __future__ import annotations

import pytest

from graphql_app.engine.mysql.dial import ConnectionLost, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_codes import ALL_ROWS, cause_of
from graphql_app.engine.mysql.server_errors import Failure, Phase, StaleSchema, classify, to_app_error
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.errors import Code, GatewayTimeoutException, Outcome, ServiceUnavailableException

A, B, B_PRIME, C, D = FailureClass
CONNECT, STATEMENT, TRANSACTION, COMMIT = Phase


def server(code: int, message: str = "", state: str = "HY000") -> ServerError:
    return ServerError(code, state, message)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        # What is known depends on how far the work had come: connect, statement, transaction, commit.
        (ConnectionLost(2003, sent=False), (A, A, A, A)),
        (ConnectionLost(2013, sent=True), (A, C, B, C)),
        (TimeoutError(), (A, C, B, C)),
        (server(1040), (A, B, B, C)),
        (server(1053), (A, C, B, C)),
        (server(1927), (A, C, B, C)),
        (server(1180), (A, C, B, C)),
        (server(1205), (A, B, B, C)),
        (server(1317), (A, B, B, C)),
        (server(4012), (A, B, B, C)),
        (server(1213), (A, B, B, B)),
        (server(6002), (A, B, B, B)),
        (server(1290), (A, B_PRIME, B_PRIME, B_PRIME)),
        (server(1792), (A, B_PRIME, B_PRIME, B_PRIME)),
        # A node that has left its group, or holds what needs the group: another one may take it.
        (server(1047), (A, B_PRIME, B_PRIME, C)),
        (server(3032), (A, B_PRIME, B_PRIME, C)),
        (server(3797), (A, B_PRIME, B_PRIME, C)),
        (server(3100), (A, C, B, C)),
        (server(3098), (D, D, D, D)),
        # TiDB
        (server(8002), (A, B, B, B)),
        (server(8027), (A, B, B, C)),
        (server(8004), (D, D, D, D)),
        (server(9001), (A, C, B, C)),
        # Vitess has one number for everything that it has no number for.
        (server(1105, "target: shop.0.primary: primary is not serving, there is a reparent"), (A, B_PRIME, B_PRIME, C)),
        (server(1105, "Transaction 17 was rolled back"), (A, B, B, C)),
        (server(1105, "global: context deadline exceeded"), (A, B, B, C)),
        (server(1105, "something else"), (D, D, D, C)),
        (server(1820), (D, D, D, D)),
        (server(4501), (D, D, D, D)),
        (server(1062), (D, D, D, D)),
        (server(1045), (D, D, D, D)),
        (server(1064), (D, D, D, C)),
        (server(12345, state="40001"), (A, B, B, B)),
        (server(12345, state="08S01"), (A, C, B, C)),
        (server(12345, state="23000"), (D, D, D, D)),
        (server(12345), (D, D, D, C)),
    ],
)
def test_what_is_known(error: Failure, expected: tuple[FailureClass, ...]) -> None:
    assert tuple(classify(error, phase) for phase in Phase) == expected


@pytest.mark.parametrize("code", sorted(ALL_ROWS))
def test_without_transactions_a_rollback_is_no_certainty(code: int) -> None:
    found = classify(server(code), TRANSACTION, transactional=False)
    assert found is (C if classify(server(code), TRANSACTION) is B else classify(server(code), TRANSACTION))
    assert found is not B


@pytest.mark.parametrize("code", sorted(ALL_ROWS))
def test_every_row_has_something_to_say(code: int) -> None:
    secret = "s3cret' for key 'x' at row 9 and `so` on"
    error = to_app_error(server(code, secret), STATEMENT, outcome=Outcome.NOT_APPLIED)
    assert error.message
    assert ALL_ROWS[code].own_word or "s3cret" not in error.message
    assert error.outcome is Outcome.NOT_APPLIED
    assert isinstance(error, ServiceUnavailableException) == (error.code is Code.SERVICE_UNAVAILABLE)
    assert isinstance(error, GatewayTimeoutException) == (error.code is Code.GATEWAY_TIMEOUT)


@pytest.mark.parametrize(
    ("code", "message", "column", "constraint", "row"),
    [
        (1062, "Duplicate entry 'a' for key 'email'", None, "email", None),
        (1062, "Duplicate entry 'a' for key 'users.email'", None, "email", None),
        (1062, "Duplicate entry 'b's' for key 'evil'' for key 'users.PRIMARY'", None, "PRIMARY", None),
        (1062, "Duplicate entry 'x\n' for key 'evil'\n' for key 'k'", None, "k", None),
        (1452, "... (`d`.`c`, CONSTRAINT `fk_``c` FOREIGN KEY (`pid`) REFERENCES `p` (`id`))", None, "fk_`c", None),
        (1451, "Cannot delete or update a parent row: a foreign key constraint fails", None, None, None),
        (3819, "Check constraint 'b_pos' is violated.", None, "b_pos", None),
        (3819, "check constraint violated", None, None, None),
        (4025, "CONSTRAINT `b_pos` failed for `d`.`ch`", None, "b_pos", None),
        (4025, "CONSTRAINT `ch.a` failed for `d`.`ch`", "a", "a", None),
        (1048, "Column 'email' cannot be null", "email", None, None),
        (1364, "Field 'email' doesn't have a default value", "email", None, None),
        (1366, "Incorrect integer value: 'abc' for column `d`.`p`.`age` at row 1", "age", None, 0),
        (1366, "Incorrect value: 'x' for column `d`.`p`.`evil` at row 7' for column 'age' at row 2", "age", None, 1),
        (1292, "Truncated incorrect DOUBLE value: 'abc'", None, None, None),
        (1406, "Data too long for column 'na me' at row 12", "na me", None, 11),
        (1265, "Data truncated for column 'e' at row 1", "e", None, 0),
        (3140, "Invalid JSON text: \"Missing a name.\" at position 1 in value for column 'p.j'.", "j", None, None),
        (3140, "Invalid JSON text.", None, None, None),
        (1906, "The value specified for generated column 'g' in table 'p' has been ignored", "g", None, None),
        (1054, "Unknown column 'u.nope' in 'field list'", "nope", None, None),
    ],
)  # fmt: skip
def test_names_in_messages(
    code: int, message: str, column: str | None, constraint: str | None, row: int | None
) -> None:
    error = to_app_error(server(code, message), STATEMENT)
    assert (error.column, error.constraint, error.row) == (column, constraint, row)


def test_messages_are_ours() -> None:
    error = to_app_error(server(1366, "Incorrect integer value: 'secret' for column 'age' at row 1"), STATEMENT)
    assert error.message == "Invalid value for column 'age'"
    error = to_app_error(server(1062, "Duplicate entry 'secret' for key 'users.email'"), STATEMENT)
    assert error.message == "Duplicate entry (constraint 'email')"


@pytest.mark.parametrize("code", [1146, 1054, 3064, 3141])
def test_a_changed_structure_is_marked(code: int) -> None:
    assert isinstance(to_app_error(server(code), STATEMENT), StaleSchema)


def test_a_number_out_of_range_and_one_that_became_a_text_are_told_apart() -> None:
    guarded = "DOUBLE value is out of range in 'exp(1000 * (4 - coercibility(concat(`d`.`t`.`age`))))'"
    plain = "BIGINT value is out of range in '(`d`.`t`.`age` + 1)'"
    assert to_app_error(server(1690, guarded), STATEMENT).code is Code.CONFLICT
    assert to_app_error(server(1690, plain), STATEMENT).code is Code.VALUE_OUT_OF_RANGE


def test_on_the_way_to_the_server_everything_means_away() -> None:
    for code in (1045, 1049, 1040, 1062, 9999):
        assert isinstance(to_app_error(server(code), CONNECT), ServiceUnavailableException)


def of(flavour: Flavour, code: int) -> ServerError:
    error = server(code)
    error.flavour = flavour
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        # OceanBase: out of time. MariaDB: a window of the query is wrong.
        (of(Flavour.OCEANBASE, 4012), Code.GATEWAY_TIMEOUT),
        (of(Flavour.MARIADB, 4012), Code.DATABASE_REFUSED),
        # OceanBase: not the master. MariaDB: broken JSON.
        (of(Flavour.OCEANBASE, 4038), Code.SERVICE_UNAVAILABLE),
        (of(Flavour.MARIADB, 4038), Code.INVALID_VALUE),
        # MariaDB: the account is locked. MySQL: the bulk loader met a broken escape.
        (of(Flavour.MARIADB, 4151), Code.SERVICE_UNAVAILABLE),
        (of(Flavour.MYSQL, 4151), Code.DATABASE_REFUSED),
        (of(Flavour.MYSQL, 8002), Code.DATABASE_REFUSED),
    ],
)
def test_each_family_of_servers_has_numbers_of_its_own(error: ServerError, expected: Code) -> None:
    assert to_app_error(error, STATEMENT).code is expected


@pytest.mark.parametrize("flavour", ["", *Flavour])
def test_no_number_is_a_defect_of_the_program(flavour: str) -> None:
    states = "HY000 01000 02000 08S01 0A000 21S01 22012 23000 25006 28000 2F005 40001 42000 42S22 45000 70100 XA100 99"
    for code in range(1000, 16000):
        error = server(code)
        error.flavour = flavour
        assert to_app_error(error, STATEMENT).code is not Code.INTERNAL_ERROR
    for state in states.split():
        for code in (0, 1, 1064, 30000, 65535):
            assert to_app_error(server(code, "", state), STATEMENT).code is not Code.INTERNAL_ERROR


@pytest.mark.parametrize("code", [1031, 3989, 1036])
def test_what_cannot_be_written_is_said_to_be_read_only(code: int) -> None:
    assert to_app_error(server(code), STATEMENT).code is Code.READ_ONLY


@pytest.mark.parametrize("code", [1116, 1473, 1436])
def test_what_is_too_large_for_the_server_exceeds_a_limit(code: int) -> None:
    assert to_app_error(server(code), STATEMENT).code is Code.LIMIT_EXCEEDED


def test_a_refusal_without_a_name_of_its_own_tells_its_number() -> None:
    error = to_app_error(server(1064, "You have an error in your SQL syntax near 's3cret'", "42000"), STATEMENT)
    assert (error.code, error.message) == (
        Code.DATABASE_REFUSED,
        "The database refuses the statement (server code 1064)",
    )
    assert "does not exist" in to_app_error(server(1449), STATEMENT).message


@pytest.mark.parametrize("code", [1644, 1062, 1205, 2013, 31999])
def test_the_applications_own_word_is_passed_on_whatever_its_number(code: int) -> None:
    error = to_app_error(server(code, "Not enough in stock", "45000"), STATEMENT, outcome=Outcome.NOT_APPLIED)
    assert (error.code, error.message) == (Code.CHECK_VIOLATION, "Not enough in stock")
    assert classify(server(code, "", "45000"), TRANSACTION) is D
    assert len(to_app_error(server(code, "x" * 100_000, "45000"), STATEMENT).message) == 512


@pytest.mark.parametrize("code", [1820, 1862, 3118, 4151, 2059, 3159, 4501, 1047, 3032, 1290])
def test_a_database_that_cannot_be_used_is_told_by_its_cause(code: int) -> None:
    assert cause_of(code) != cause_of(2003)
