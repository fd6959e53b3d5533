"""graphql-codegen: types made from the running program, a strict TypeScript program on them, and that program's run."""

from __future__ import annotations

import json
import re

import pytest

from tests.clients.node import SOURCES, Npm
from tests.harness.app_process import ROOT, RunningApp

FOLDER = "codegen"


@pytest.fixture(scope="module")
def settings(npm: Npm, client_app: RunningApp) -> dict[str, str]:
    """What the tools and the programs need to know, once the types are made."""
    settings = {"GRAPHQL_URL": f"{client_app.url}/graphql"}
    npm.output("graphql-codegen", "--config", "codegen.json", settings=settings, inside=FOLDER)
    return settings


@pytest.fixture(scope="module")
def built(npm: Npm, settings: dict[str, str]) -> dict[str, str]:
    """The same, once the programs are compiled."""
    npm.output("tsc", "--project", ".", inside=FOLDER)
    return settings


def test_the_types_are_made_from_the_running_program(npm: Npm, settings: dict[str, str]) -> None:
    """Every scalar has a type of its own, for values in and out."""
    text = (npm.folder / "codegen/generated/types.ts").read_text()
    assert "bigint: { input: string | number; output: string; }" in text
    assert "any;" not in text
    assert "export type OrdersOfQuery =" in text


def test_a_scalar_that_is_not_mapped_stops_the_generator(npm: Npm, settings: dict[str, str]) -> None:
    """`strictScalars` is on: what the configuration maps is all there is."""
    config = npm.folder / "codegen/codegen.json"
    unmapped = config.with_name("unmapped.json")
    unmapped.write_text(config.read_text().replace('"date": "string",', "").replace("generated/", "unmapped/"))
    done = npm.run("graphql-codegen", "--config", "unmapped.json", settings=settings, inside=FOLDER)
    assert done.returncode != 0
    assert "Unknown scalar type date" in done.stdout + done.stderr


def test_strict_programs_compile(npm: Npm, built: dict[str, str]) -> None:
    """Also the lines that the types must refuse are refused: tsc complains of an expected error that is none."""
    assert (npm.folder / "codegen/built/preset.js").exists()


@pytest.mark.parametrize(("program", "last_line"), [("program", "codegen"), ("preset", "preset")])
def test_the_rows_are_of_the_types(program: str, last_line: str, npm: Npm, built: dict[str, str]) -> None:
    """The compiled program runs: what arrives is what the types promise."""
    said = npm.output("node", f"built/{program}.js", settings=built, inside=FOLDER)
    assert said.splitlines()[-1] == f"{last_line}: types and rows agree"


def test_the_page_shows_the_scalars_that_are_tested() -> None:
    """What docs/clients.md tells to copy is the configuration used here."""
    page = (ROOT / "docs/clients.md").read_text()
    block = re.search(r"<!-- scalars -->\n```json\n(.*?)```\n<!-- end -->", page, re.DOTALL)
    assert block is not None
    config = json.loads((SOURCES / "codegen/codegen.json").read_text())
    assert json.loads(block[1]) == config["config"]["scalars"]
