"""docs/extending.md: its programs are run as a new user would, and answer what the page promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import anyio
import httpx
import pytest
from fastapi import FastAPI

from tests.harness import examples
from tests.harness.engine import Engine
from tests.harness.source_rules import ROOT

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb")]

PAGE = (ROOT / "docs" / "extending.md").read_text()
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+)\.py\n")


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the page: the name of its file, its text, and the (kind, text) of the blocks that follow it."""

    name: str
    text: str
    blocks: tuple[tuple[str, str], ...]


def programs() -> Iterator[Program]:
    """The programs of the page, in order."""
    found = [(block["kind"], block["text"]) for block in BLOCK.finditer(PAGE)]
    starts = [place for place, (kind, _) in enumerate(found) if kind == "python"]
    for start, end in zip(starts, [*starts[1:], len(found)], strict=True):
        name = FILE.match(found[start][1])
        assert name is not None, "a program says first which file it stands in"
        yield Program(name[1], found[start][1], tuple(found[start + 1 : end]))


PROGRAMS = list(programs())
APPS = [program for program in PROGRAMS if program.name == "shop"]


@pytest.fixture
def environment(engine: Engine, own_shop: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What a user sets: the address of the database, here with time enough for a busy machine."""
    given = engine.environment(own_shop)
    user, socket = f"{given['DB_USER']}:{given['DB_PASSWORD']}", quote(given["DB_SOCKET"])
    url = f"mysql://{user}@localhost/{own_shop}?socket={socket}"
    found = {"DATABASE_URL": url, "RETRY_TIMEOUTS_MS": "10000,10000,10000,10000"}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return found


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that runs, as soon as it has read the schema."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://program", timeout=60) as client,
    ):
        yield client


async def answered(client: httpx.AsyncClient, kind: str, text: str) -> str:
    """The answer to a `graphql` or an `http` block."""
    with anyio.fail_after(60):
        while True:
            if kind == "graphql":
                answer = await client.post("/graphql", json={"query": text})
            else:
                method, address = text.split()
                answer = await client.request(method, address)
            if answer.status_code != 503 and '"SERVICE_UNAVAILABLE"' not in answer.text:
                return answer.text
            await anyio.sleep(0.02)


@pytest.mark.parametrize("program", APPS, ids=lambda program: str(APPS.index(program)))
async def test_an_app_of_the_page_answers_as_promised(
    program: Program, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", module)  # Strawberry looks for it there
    exec(compile(program.text, "shop.py", "exec"), module.__dict__)
    app = module.app
    assert isinstance(app, FastAPI)
    asked = program.blocks[::2]
    promised = program.blocks[1::2]
    assert asked
    assert {kind for kind, _ in promised} == {"json"}
    async with served(app) as client:
        for (kind, text), (_, promise) in zip(asked, promised, strict=True):
            found = await answered(client, kind, text)
            assert examples.keeps(promise, found), f"{text}\n{promise}\n{found}"


def test_the_script_of_the_page_prints_what_it_says(environment: dict[str, str], tmp_path: Path) -> None:
    (program,) = [program for program in PROGRAMS if program.name == "script"]
    (tmp_path / "script.py").write_text(program.text)
    ((_, promise),) = program.blocks
    given = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=given, capture_output=True, text=True)
    assert done.stdout == promise, done.stderr


def test_the_tests_of_the_page_pass(environment: dict[str, str], tmp_path: Path) -> None:
    (program,) = [program for program in PROGRAMS if program.name == "test_users"]
    (tmp_path / "test_users.py").write_text(program.text)
    given = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_users.py"]
    done = subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


async def test_the_program_of_the_readme_answers(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = [block["text"] for block in BLOCK.finditer((ROOT / "README.md").read_text()) if block["kind"] == "python"]
    module = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", module)
    exec(compile(text, "shop.py", "exec"), module.__dict__)
    async with served(module.app) as client:
        assert "Grace Hopper" in await answered(client, "graphql", "{ adults }")
