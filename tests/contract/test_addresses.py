"""Every address of the program is documented, and every documented one exists."""

from __future__ import annotations

import re
from pathlib import Path

from graphql_app.app import create_app
from graphql_app.config.settings import Settings
from tests.harness.source_rules import ROOT


def documented() -> set[str]:
    """The addresses in the first table of docs/api.md."""
    table = (ROOT / "docs" / "api.md").read_text().partition("## Addresses\n")[2].partition("\n\nNames in")[0]
    return {re.split("[?#]", name)[0] for name in re.findall(r"`(/[^` ]*)`", table)}


def test_the_addresses_are_those_of_the_documents(tmp_path: Path) -> None:
    """They are there before the start."""
    app = create_app(Settings(_env_file=None, db_socket=str(tmp_path / "nobody.sock"), db_name="x"))  # type: ignore[call-arg]
    served = {re.sub(r":\w+\}", "}", getattr(route, "path", "")) for route in app.router.routes}
    assert served == documented()
