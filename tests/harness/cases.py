"""Golden cases: a folder a case, with what is asked, the SQL that answers it, and the answer.

case.graphql            what is asked, as GraphQL
case.variables.json     its variables, if any
case.http               the same as REST: `METHOD /address`, headers, an empty line, the body
case.setup.sql          what makes a database of its own, if it needs one ...
case.setup.mysql.sql    ... and what makes it on one engine where that differs
case.expected.sql       hand-written SQL that gives the right answer (see `tests.harness.expected`)
case.sql                golden: the statements we send, on every engine ...
case.mariadb.sql        ... and on one engine where they differ there
case.json               golden: GraphQL's answer
case.http.json          golden: REST's answer, without its timestamp
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness import golden
from tests.harness.engines import EngineName

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "calls"


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A REST call as `case.http` writes it."""

    method: str
    address: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class Case:
    """One folder of `tests/cases/calls`."""

    folder: Path
    graphql: str | None
    variables: dict[str, Any]
    http: HttpCall | None
    setup: str | None
    expected: str

    @property
    def name(self) -> str:
        """The folder's name, which is the test's id."""
        return self.folder.name

    def setup_on(self, engine: EngineName) -> str | None:
        """The SQL that makes the case's database on `engine`; None where the sample database does."""
        return _text(self.folder / f"case.setup.{engine}.sql") or self.setup

    def check_sql(self, engine: EngineName, text: str, *, update: bool) -> None:
        """Compares the statements sent to `engine` with the golden file for it, or for all engines.

        Updating writes the common file on the embedded engine, and an engine's own only where it differs.
        """
        common, own = self.folder / "case.sql", self.folder / f"case.{engine}.sql"
        if not update:
            golden.check(own if own.exists() else common, text, update=False)
        elif engine is EngineName.EMBEDDED:
            golden.check(common, text, update=True)
        elif common.exists() and common.read_text() == text:
            own.unlink(missing_ok=True)
        else:
            golden.check(own, text, update=True)

    def check_answer(self, answer: object, *, update: bool) -> None:
        """Compares GraphQL's answer with `case.json`."""
        golden.check(self.folder / "case.json", golden.json_text(answer), update=update)

    def check_http_answer(self, answer: object, *, update: bool) -> None:
        """Compares REST's answer, its timestamp taken out, with `case.http.json`."""
        golden.check(self.folder / "case.http.json", golden.json_text(answer), update=update)


def http_call(text: str) -> HttpCall:
    """Reads a call: the request line, header lines, an empty line, the body."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.strip().splitlines()
    method, _, address = first.partition(" ")
    headers = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    if not address.startswith("/"):
        raise ValueError(f"a call starts with `METHOD /address`, not with {first!r}")
    return HttpCall(method, address, headers, body.strip())


def read_case(folder: Path) -> Case:
    """Reads a case. Raises `ValueError` where it asks nothing, or has a file that no case has."""
    names = {path.name for path in folder.iterdir()}
    known = {"case.graphql", "case.variables.json", "case.http", "case.setup.sql", "case.expected.sql"}
    written = {"case.sql", "case.json", "case.http.json", *(f"case.{engine}.sql" for engine in EngineName)}
    known |= {f"case.setup.{engine}.sql" for engine in EngineName}
    if names - known - written:
        raise ValueError(f"{folder}: {sorted(names - known - written)} belong to no case")
    if not names & {"case.graphql", "case.http"} or "case.expected.sql" not in names:
        raise ValueError(f"{folder}: a case holds case.graphql or case.http, and case.expected.sql")
    http = _text(folder / "case.http")
    return Case(
        folder=folder,
        graphql=_text(folder / "case.graphql"),
        variables=json.loads(_text(folder / "case.variables.json") or "{}"),
        http=None if http is None else http_call(http),
        setup=_text(folder / "case.setup.sql"),
        expected=(folder / "case.expected.sql").read_text(),
    )


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def all_cases(folder: Path = FOLDER) -> list[Case]:
    """Every case below `folder`, by name."""
    return [read_case(path) for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith("_")]
