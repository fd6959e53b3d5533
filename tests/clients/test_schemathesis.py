"""Schemathesis makes requests from /openapi.json, right ones and wrong ones: every answer is one that it documents."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.clients

LIMIT = 280
# What a schema cannot say (a filter's text, an unknown customer) is refused, and conditions take any number.
LEFT_OUT = "negative_data_rejection,positive_data_acceptance"

SYSTEMATIC = "^/api/(users|orders|batch|type_samples$)"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def served(engine: Engine, own_shop: str, start_app: StartApp) -> RunningApp:
    """The program on sample data of its own."""
    return start_app(engine.environment(own_shop))


@pytest.fixture
def run(served: RunningApp, tmp_path: Path) -> Run:
    """Runs schemathesis on the program, by a document at an address or in a file."""

    def start(document: str, *options: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name("st")
        fixed = ("--seed", "1", "--no-color", "--exclude-checks", LEFT_OUT)
        return subprocess.run(
            [program, "run", document, "--url", str(served.client.base_url), *fixed, *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )

    return start


@pytest.mark.engines("mariadb")
def test_no_defect_and_no_undocumented_answer(run: Run, served: RunningApp) -> None:
    """At random over every address of the sample shop; systematically over those of few parameters."""
    address = str(served.client.base_url.join("/openapi.json"))
    done = run(address, "--phases", "examples,fuzzing,stateful", "--max-examples", "4")
    assert done.returncode == 0, done.stdout[-5000:]
    every = run(address, "--phases", "coverage", "--include-path-regex", SYSTEMATIC)
    assert every.returncode == 0, every.stdout[-5000:]
    document: dict[str, Any] = served.client.get("/openapi.json").json()
    operations = sum(len(path) for path in document["paths"].values())
    assert f"Operations:       {operations} selected / {operations} total" in done.stdout


@pytest.mark.engines("mariadb")
def test_an_undocumented_answer_is_found(run: Run, served: RunningApp, tmp_path: Path) -> None:
    """The check can fail: the document with one status less is not true."""
    document: dict[str, Any] = served.client.get("/openapi.json").json()
    del document["paths"]["/api/users/query"]["get"]["responses"]["400"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    done = run(str(file), "--include-path", "/api/users/query", "--phases", "fuzzing", "--max-examples", "30")
    assert done.returncode == 1
    assert "Undocumented status code" in done.stdout
