"""Relay: its compiler on the printed schema, and its runtime with what the compiler made."""

from __future__ import annotations

import shutil

import pytest

from tests.clients.fix_node import ErrorOf
from tests.clients.node import Npm, names_of

SCRIPT = "relay/relay.test.mjs"
COMPILE = ("relay-compiler", "relay.config.json")


@pytest.fixture(scope="module")
def compiled(npm: Npm, printed_schema: str) -> str:
    """What the compiler said."""
    (npm.folder / "relay/generated").mkdir()
    return npm.output(*COMPILE, inside="relay")


def test_the_compiler_takes_schema_and_documents(npm: Npm, compiled: str) -> None:
    """A connection, fragments with arguments, a refetchable page, mutations."""
    assert "Compilation completed." in compiled
    made = {path.name for path in (npm.folder / "relay/generated").iterdir()}
    assert made == {
        f"documents{name}.graphql.js"
        for name in "AddMutation Card CustomerQuery DeleteMutation List NextPageQuery PageQuery RenameMutation".split()
    }


def test_the_compiler_refuses_a_connection_without_page_info(npm: Npm, printed_schema: str) -> None:
    """The check can fail: Relay looks into the types that a connection is made of."""
    folder = npm.folder / "broken_relay"
    shutil.copytree(npm.folder / "relay", folder)
    (folder / "generated").mkdir(exist_ok=True)
    (npm.folder / "broken.graphql").write_text(printed_schema.replace("  hasNextPage: Boolean!\n", ""))
    config = folder / "relay.config.json"
    config.write_text(config.read_text().replace("../schema.graphql", "../broken.graphql"))
    done = npm.run(*COMPILE, inside="broken_relay")
    assert done.returncode != 0
    assert "hasNextPage" in done.stdout + done.stderr


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_relay(name: str, compiled: str, error_of: ErrorOf) -> None:
    """Each test of the script."""
    assert error_of(SCRIPT, name) == ""
