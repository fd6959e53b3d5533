"""The documentation tells the truth: what it names exists, and what exists is documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from graphql_app.config.settings import Settings
from graphql_app.config.sources import takes
from graphql_app.errors import Code
from graphql_app.graphql_api.errors import HASURA_CODE
from graphql_app.observability.metric_rows import COUNTERS, GAUGES, HISTOGRAMS
from graphql_app.rest_api.envelope import STATUS
from tests.harness import golden
from tests.harness.source_rules import ROOT, sources
from tests.unit import type_page

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [ROOT / source.path for source in sources() if source.path.endswith(".md")]


def test_every_package_is_in_the_code_map(request: pytest.FixtureRequest) -> None:
    """The table of docs/architecture.md is what the packages say of themselves (`--update-golden` writes it)."""
    charges = {
        source.path.removesuffix("__init__.py"): ast.get_docstring(ast.parse(source.text)) or ""
        for source in sources()
        if source.path.endswith("/__init__.py") and source.path.startswith(("graphql_app/", "schema_gen/"))
    }
    assert all(charges.values())
    rows = [f"| `{package}` | {charge.partition(chr(10))[0]} |\n" for package, charge in sorted(charges.items())]
    golden.check_block(
        DOCS / "architecture.md",
        "packages",
        "".join(["| Package | What it is for |\n", "| --- | --- |\n", *rows]),
        update=request.config.getoption("--update-golden"),
    )


def _default(setting: FieldInfo) -> str:
    """A default as one writes it in the environment."""
    value = setting.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "" or value == ():
        return ""
    if isinstance(value, tuple):
        return f"`{','.join(str(part) for part in value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_setting_is_documented(request: pytest.FixtureRequest) -> None:
    """The table of docs/settings.md is what `Settings` says of itself (`--update-golden` writes it)."""
    rows = [
        f"| `{name.upper()}` | {_default(setting)} | {setting.description} | {takes(setting)} |\n".replace(
            "|  |", "| |"
        )
        for name, setting in Settings.model_fields.items()
    ]
    table = "".join(["| Setting | Default | Meaning | Takes |\n", "| --- | --- | --- | --- |\n", *rows])
    golden.check_block(DOCS / "settings.md", "settings", table, update=request.config.getoption("--update-golden"))


def test_every_metric_is_documented(request: pytest.FixtureRequest) -> None:
    """The table of docs/metrics.md is what the program says of them (`--update-golden` writes it)."""
    found = [(f"{name}_total", "counter", text, labels) for name, (text, labels) in COUNTERS.items()]
    found += [(name, "histogram", text, labels) for name, (text, labels, _) in HISTOGRAMS.items()]
    found += [(name, "gauge", text, labels) for name, (text, labels) in GAUGES.items()]
    rows = [
        f"| `graphql_app_{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {text} |\n".replace(
            "|  |", "| |"
        )
        for name, kind, text, labels in found
    ]
    table = "".join(["| Metric | Kind | Labels | Meaning |\n", "| --- | --- | --- | --- |\n", *rows])
    golden.check_block(DOCS / "metrics.md", "metrics", table, update=request.config.getoption("--update-golden"))


def test_every_column_type_is_documented(request: pytest.FixtureRequest) -> None:
    """The tables of docs/types.md are examples that tests try, and what the schema made of them (`--update-golden`)."""
    update = request.config.getoption("--update-golden")
    golden.check_block(DOCS / "types.md", "values", type_page.values_table(), update=update)
    golden.check_block(DOCS / "types.md", "uses", type_page.uses_table(), update=update)


def test_every_error_code_is_documented() -> None:
    """Each with the HTTP status and the GraphQL word it has, and with a meaning."""
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (\d+) \| `([a-z-]+)` \| (.+) \|$", (DOCS / "errors.md").read_text(), re.MULTILINE
    )
    documented = {code: (int(status), word) for code, status, word, meaning in rows if len(meaning) > 10}
    assert documented == {code.value: (STATUS[code], HASURA_CODE[code]) for code in Code}
    assert len(rows) == len(Code)


def _links(page: Path) -> list[str]:
    """The relative links of a page, without code blocks."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link)]


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Files and headings alike."""
    dead = []
    for link in _links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_make_targets_of_a_page_exist(page: Path) -> None:
    """`make x` in a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    code = re.findall(r"^```.*?^```|`[^`\n]+`", text, re.MULTILINE | re.DOTALL)
    named = {target for part in code for target in re.findall(r"(?:^|`)(?:\$ )?make ([a-z-]+)", part, re.MULTILINE)}
    assert named <= targets


def test_the_targets_that_newcomers_need_are_in_the_readme() -> None:
    """How to run it and how to test it is on the first page."""
    text = README.read_text()
    assert all(f"make {target}" in text for target in ("run", "test", "check", "test-engines"))
