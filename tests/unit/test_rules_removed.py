"""The script that removes rules finds each of its places once; that tests notice is for the script itself to show."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "rules_removed.py"))


@pytest.mark.parametrize("place", SCRIPT["PLACES"], ids=lambda place: place.name)
def test_each_place_is_there(place: Any) -> None:
    assert (ROOT / place.file).read_text().count(place.old) == place.times
