"""A client's request taken apart, and what is prepared of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphql_app.engine.request.calls import Call
from graphql_app.http.preferences import NO_PREFERENCES, Applied, Preferences, Return
from graphql_app.rest_api.query_language.keys import RowKey
from graphql_app.rest_api.query_language.pairs import Pairs
from schema_gen.catalog.model import Catalog, Table


@dataclass(frozen=True, slots=True)
class RestRequest:
    """What a client sent, taken apart: `body` is its JSON value (`{}` where there is none), `key` its row's, if any.

    `single`: one row is to be answered, as an object. `bare`: the answer has no envelope. `if_match` and
    `if_none_match` are the ETags of these headers: () for any, None where the header is not there.
    """

    catalog: Catalog
    table: Table
    body: object
    pairs: Pairs
    key: RowKey | None = None
    prefer: Preferences = NO_PREFERENCES
    single: bool = False
    bare: bool = False
    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None

    @property
    def conditional(self) -> bool:
        """Whether it is about a row as it was."""
        return self.if_match is not None or self.if_none_match is not None


@dataclass(frozen=True, slots=True)
class Answering:
    """How a write is answered that says how many rows it touched, and which.

    `one`: it is about one row, which must have been there. `keys` are the columns of the key by which headers say where
    a new row is. `applied` are the preferences that were honoured; `counted`: the number of rows is asked for;
    `created`: rows are inserted.
    """

    returned: Return = Return.MINIMAL
    one: bool = False
    keys: tuple[str, ...] = ()
    applied: Applied = ()
    counted: bool = False
    created: bool = False


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """The call that does what is asked, and the message that goes with its answer.

    `one_row`: it reads one row, which must be there. Without `answering` the call's value is the answer. `dry_run`:
    nothing of it is to stay.
    """

    call: Call
    message: str
    answering: Answering | None = None
    one_row: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RestOperation:
    """One row of the address table: how a request is prepared, whether it has a body, and whether it writes."""

    prepare: Callable[[RestRequest], PreparedRequest]
    takes_body: bool = True
    writes: bool = False
