"""Every command of the documents is run against the program, and prints what the page promises."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fix_app import StartApp
from tests.harness import examples
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.harness.examples import Example
from tests.harness.source_rules import ROOT

GUIDE = ROOT / "docs" / "testing-guide.sh"
ADDRESS = "http://127.0.0.1:8000"
PROGRAM = f"graphql-app() {{ '{sys.executable}' -m graphql_app \"$@\"; }}\n"
"""The program under test by the name that it has where it is installed."""
PROMISING: Mapping[str, int] = {"README.md": 3, "docs/api.md": 28}
"""Pages whose every command that is run says what it prints, and how many these are at least."""

REPEATABLE = frozenset({"README.md"})
"""Pages whose commands leave the sample as it was, so that they do the same a second time, and the guide after them."""

SETTINGS: Mapping[str, Mapping[str, str]] = {"security.md": {"ADMIN_SECRET": "secret-of-the-docs"}}
"""Pages whose first block of YAML is the `graphql_app.yaml` of the program, and its other settings."""

NOT_RUN: Mapping[str, str] = {
    r"make \w": "other tests run the targets",
    r"(?s:.*)graphql-app serve": "it serves until it is stopped; every other example runs against such a one",
    r"curl -sN .*text/event-stream": "a subscription does not end by itself; tests/clients has them",
    r"docker |sudo |systemctl |mysqldump |kill ": "needs another machine's programs or rights",
}
"""Beginnings of commands that are not run, and why."""


def not_run(command: str) -> bool:
    """Whether a command is one of those that cannot be run here."""
    return any(re.match(start, command) for start in NOT_RUN)


def commands(page: Path) -> list[Example]:
    """The commands of a page that can be run here."""
    return [each for each in examples.of_page(page.read_text()) if not not_run(each.command)]


PAGES = [page for page in sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]) if commands(page)]


def run(command: str, app: RunningApp, environment: Mapping[str, str], folder: Path) -> str:
    """What `command` prints, run by bash as a reader would."""
    bash = shutil.which("bash")
    assert bash is not None
    assert shutil.which("curl") is not None
    with subprocess.Popen(
        [bash, "-euo", "pipefail", "-c", PROGRAM + command.replace(ADDRESS, app.url)],
        cwd=folder,
        env={**environment, "PATH": "/usr/local/bin:/usr/bin:/bin", "BASE": app.url, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            printed, said = running.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # what bash has started would live on
            raise
    assert running.returncode == 0, f"{command}\n{printed}\n{said}"
    return printed


def broken(found: list[Example], app: RunningApp, environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Runs the examples in order; gives those that print something else."""
    for example in found:
        printed = run(example.command, app, environment, folder)
        if example.promise is None:
            if re.search(r'"error_code"|"errors": ?\[\{"message"', printed):
                yield f"line {example.line} fails:\n{example.command}\n{printed}"
        elif not examples.keeps(example.promise, printed):
            yield f"line {example.line} prints otherwise:\n{example.command}\n{example.promise}\n---\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_do_as_it_says(
    page: Path, engine: Engine, own_shop: str, start_app: StartApp, tmp_path: Path
) -> None:
    environment = engine.environment(own_shop)
    if page.name in SETTINGS:
        file = tmp_path / "graphql_app.yaml"
        file.write_text(examples.first_yaml(page.read_text()))
        environment |= {**SETTINGS[page.name], "CONFIG_FILE": str(file)}
    app = start_app(environment)
    for _ in range(2 if page.name in REPEATABLE else 1):
        complaints = list(broken(commands(page), app, environment, tmp_path))
        assert not complaints, "\n\n".join(complaints)


@pytest.mark.parametrize("name", PROMISING)
def test_every_command_says_what_it_prints(name: str) -> None:
    found = commands(ROOT / name)
    assert len(found) >= PROMISING[name]
    assert [each.command for each in found if each.promise is None and " -o " not in each.command] == []


def test_the_testing_guide_prints_what_it_says_twice(
    engine: Engine, own_shop: str, start_app: StartApp, tmp_path: Path
) -> None:
    app = start_app(engine.environment(own_shop))
    found = [
        Example(f"source '{GUIDE}'\n{each.command}", each.promise, each.line)
        for each in examples.of_guide(GUIDE.read_text())
    ]
    assert not list(broken(commands(ROOT / "README.md"), app, engine.environment(own_shop), tmp_path))
    assert len(found) == GUIDE.read_text().count("\nexample_") >= 16
    for _ in range(2):
        complaints = list(broken(found, app, {}, tmp_path))
        assert not complaints, "\n\n".join(complaints)


def test_the_testing_guide_lists_and_shows_itself(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    command = f"source '{GUIDE}'; BASE=http://127.0.0.1:9; examples | wc -l; example 25 || true"
    done = subprocess.run([bash, "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    first, _, rest = done.stdout.partition("\n")
    assert int(first) == GUIDE.read_text().count("\nexample_")
    assert rest.startswith("# 25. ")
    assert "readyz" in rest


@pytest.mark.parametrize(
    ("promise", "printed", "kept"),
    [
        ('{"a": 1}', '{"a":1}\n', True),
        ('{"a": 1}', '{"a":1,"b":2}', False),
        ('{"a": 1, "…": "…"}', '{"a":1,"b":2}', True),
        ('{"a": "…"}', '{"a":[1]}', True),
        ('{"a": "x…"}', '{"a":"xyz"}', True),
        ('{"a": "x…"}', '{"a":"yz"}', False),
        ("[1, 2]", "[1,2,3]", False),
        ('[1, "…"]', "[1,2,3]", True),
        ('[1, 2, 3, "…"]', "[1,2]", False),
        ("1", "true", False),
        ('{"a": 1}\n{"b": 2}', '{"a":1}{"b":2}', True),
        ('{"a": 1}', '{"a":1}{"b":2}', False),
        ("a…c\n…\nd", "abc\nx\ny\nd", True),
        ("a.c", "abc", False),
    ],
)
def test_a_promise_is_kept_or_not(promise: str, printed: str, kept: bool) -> None:
    assert examples.keeps(promise, printed) == kept


def test_examples_are_found_as_people_read_them() -> None:
    page = "```sh\na\n```\n\n```json\n1\n```\n\ntext\n\n```sh\nb\n```\n\nwords\n\n```json\n2\n```\n"
    assert [(each.command, each.promise) for each in examples.of_page(page)] == [("a\n", "1\n"), ("b\n", None)]
