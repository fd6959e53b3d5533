"""The house's rules hold, and each of them can fail: import contracts, lint, sizes, docstrings, where async may be."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.harness import source_rules
from tests.harness.import_graph import circle, class_places, import_graph
from tests.harness.source_rules import RULES, Source

ROOT = source_rules.ROOT
PACKAGES = ("graphql_app", "schema_gen")
SOURCES = source_rules.sources()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {contract["id"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
ENGINE_MAY_TAKE = {f"schema_gen.{name}" for name in ("catalog", "names", "types", "sql_literals")}

VIOLATIONS = [
    ("layers", "graphql_app/rest_api/envelope.py", "graphql_app.graphql_api.errors"),
    ("layers", "graphql_app/engine/plan/nodes.py", "graphql_app.rest_api.envelope"),
    ("layers", "graphql_app/errors.py", "graphql_app.engine.plan.nodes"),
    ("layers", "schema_gen/catalog/model.py", "graphql_app.errors"),
    ("stages", "graphql_app/engine/plan/nodes.py", "graphql_app.engine.compile.call"),
    ("stages", "graphql_app/engine/mysql/pool.py", "graphql_app.engine.execute.executor"),
    ("schema-stages", "schema_gen/catalog/model.py", "schema_gen.graphql.schema"),
    ("engine-knows-no-api", "graphql_app/engine/plan/nodes.py", "strawberry"),
    ("engine-takes-the-catalog-only", "graphql_app/engine/plan/nodes.py", "schema_gen.graphql.schema"),
    ("driver-behind-a-seam", "graphql_app/engine/plan/nodes.py", "aiomysql"),
    ("driver-behind-a-seam", "graphql_app/rest_api/envelope.py", "pymysql"),
    ("strawberry-makes-the-schema", "graphql_app/rest_api/envelope.py", "strawberry"),
    ("traces-are-an-extra", "graphql_app/middleware/admission.py", "opentelemetry"),
    ("http-in-the-apis", "graphql_app/csv_io/__init__.py", "fastapi"),
]
"""One bad import for every contract, and one for each direction of the layers: contract, file, what it imports."""


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs import-linter on the packages in `folder`."""
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program is not None, "import-linter is not installed beside this Python"
    command = [program, "--no-logo", "--no-cache", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_import_contracts_hold() -> None:
    """Who may import whom, as pyproject.toml states it."""
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_has_a_violation_that_proves_it() -> None:
    """A contract nobody has seen fail is no contract."""
    assert {contract for contract, _, _ in VIOLATIONS} == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "imported"), VIOLATIONS)
def test_a_contract_breaks_at_a_bad_import(tmp_path: Path, contract: str, file: str, imported: str) -> None:
    """One bad import line in a copy of the packages is found, by the contract that is for it."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as module:
        module.write(f"\nimport {imported}\n")
    done = lint_imports(tmp_path, "--contract", contract)
    importer = file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "0 kept, 1 broken" in done.stdout
    assert f"{importer} -> {imported}" in " ".join(done.stdout.split())


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder without `__init__.py` may be joined with one of the same name elsewhere, for import-linter too."""
    folders = {
        str(Path(source.path).parent) for source in SOURCES if source.path.startswith(PACKAGES) and source.python
    }
    assert {folder for folder in folders if not (ROOT / folder / "__init__.py").exists()} == set()


def test_every_module_has_its_layer() -> None:
    """What stands in no layer could import anything."""
    layers = CONTRACTS["layers"]["layers"]
    named = {name.strip() for layer in layers for name in layer.replace(":", "|").split("|")} - {"schema_gen"}
    present = {
        f"graphql_app.{path.stem}"
        for path in (ROOT / "graphql_app").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert named == present - {"graphql_app.__init__"}


def test_every_package_of_schema_gen_is_open_or_closed_to_the_engine() -> None:
    """The contract lists the closed ones by name; a new package has to be put on one side."""
    parts = {
        ".".join(Path(source.path).with_suffix("").parts[:2])
        for source in SOURCES
        if source.python and source.path.startswith("schema_gen/")
    }
    closed = set(CONTRACTS["engine-takes-the-catalog-only"]["forbidden_modules"])
    assert closed == parts - ENGINE_MAY_TAKE - {"schema_gen.__init__"}


OURS = [source for source in SOURCES if source.python and source.path.startswith(PACKAGES)]
FLAT = 20
"""Modules in one folder, at most."""


def test_no_modules_import_each_other() -> None:
    """Neither openly nor by an import in a function or under TYPE_CHECKING."""
    assert circle(import_graph(OURS)) is None


@pytest.mark.parametrize(
    "text",
    [
        "from graphql_app.engine.plan.planner import Planner\n",
        "def late():\n    from graphql_app.engine.plan import planner\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import graphql_app.engine.plan.planner\n",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(text: str) -> None:
    """The planner imports the module that is made to import it."""
    path = "graphql_app/engine/plan/rows.py"
    sources = [Source(path, source.text + text) if source.path == path else source for source in OURS]
    found = circle(import_graph(sources))
    assert found is not None
    assert {"graphql_app.engine.plan.rows", "graphql_app.engine.plan.planner"} <= set(found)


def test_a_class_name_stands_for_one_thing() -> None:
    """No two classes of the tree have the same name."""
    assert {name: places for name, places in class_places(OURS).items() if len(places) > 1} == {}


def test_folders_are_small_enough_to_be_seen() -> None:
    """At most so many modules stand flat in a folder."""
    folders = Counter(str(Path(source.path).parent) for source in OURS if not source.path.endswith("__init__.py"))
    assert {folder: count for folder, count in folders.items() if count > FLAT} == {}


def test_the_linter_is_content() -> None:
    """Ruff's rules hold, with the reasons for exceptions beside them in pyproject.toml."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_rules_hold(rule: source_rules.Rule) -> None:
    """No file of the tree gives a complaint."""
    complaints = [f"{source.path}: {complaint}" for source in SOURCES for complaint in rule(source)]
    assert not complaints, "\n".join(complaints)


def test_four_of_five_functions_are_small() -> None:
    """The program is made of functions that fit in the eye."""
    ours = [source for source in SOURCES if source.python and source.path.startswith(PACKAGES)]
    lengths = [source_rules.length(function) for source in ours for function in source.functions()]
    small = sum(lines <= source_rules.SMALL_FUNCTION for lines in lengths)
    assert small / len(lengths) >= 0.8
    assert statistics.median(source.text.count("\n") for source in ours if source.text) < 200


BODY = "    x = 1\n" * 49
BROKEN = [
    ("file_too_long", "graphql_app/a.py", "x = 1\n" * 400),
    ("function_too_long", "tests/a.py", f"def f():\n{BODY}"),
    ("no_charge", "graphql_app/a.py", "import os\n"),
    ("no_charge", "graphql_app/a.py", '"""Does this\nand that."""\n'),
    ("public_without_docstring", "graphql_app/a.py", "def f():\n    pass\n"),
    ("public_without_docstring", "graphql_app/a.py", '@dataclass\nclass A:\n    """An A."""\n    def f(self): ...\n'),
    ("async_without_io", "graphql_app/engine/plan/nodes.py", "async def f():\n    pass\n"),
    ("name_into_sql", "graphql_app/engine/plan/nodes.py", 'x = "`"\n'),
    ("name_into_sql", "graphql_app/engine/plan/nodes.py", 'x = f"a{y}`"\n'),
    ("whole_catalog", "graphql_app/rest_api/a.py", "x = engine.live.snapshot.catalog\n"),
    ("whole_catalog", "graphql_app/csv_io/a.py", "from graphql_app.engine.plan.planner import Planner\n"),
    ("machine_path", "README.md", "see /wor" + "k/main/README.md"),
    ("registry_host", "Makefile", "curl https://files.pythonhosted.or" + "g/x"),
]
"""For each rule a file that breaks it."""


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_house_rule_complains_of_what_breaks_it(rule: str, path: str, text: str) -> None:
    """The rule meant for the fault finds it."""
    found = {each.__name__: list(each(Source(path, text))) for each in RULES}
    assert len(found[rule]) == 1


def test_every_house_rule_has_a_file_that_proves_it() -> None:
    """A rule nobody has seen complain is no rule."""
    assert {rule for rule, _, _ in BROKEN} == {rule.__name__ for rule in RULES}
