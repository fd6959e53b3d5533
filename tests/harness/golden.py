"""Golden files: what a run gives is compared with a file, or written to it with `pytest --update-golden`."""

from __future__ import annotations

import difflib
import json
from pathlib import Path


def json_text(value: object) -> str:
    """JSON as golden files hold it: two spaces a level, keys in the order given, text as itself."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def check(path: Path, text: str, *, update: bool) -> None:
    """Fails with a diff where `path` does not hold `text`; with `update` writes it instead, for a reviewer to read."""
    if update:
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        return
    assert path.exists(), f"{path} does not exist; `pytest --update-golden` writes it:\n{text}"
    held = path.read_text()
    if held == text:
        return
    lines = difflib.unified_diff(held.splitlines(), text.splitlines(), str(path), "this run", lineterm="")
    raise AssertionError("\n".join(["differs from the golden file (--update-golden writes it):", *lines]))


def check_block(path: Path, name: str, text: str, *, update: bool) -> None:
    """The same for the part of a page between `<!-- name -->` and `<!-- end -->`."""
    before, head, rest = path.read_text().partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise AssertionError(f"{path} has no block <!-- {name} --> ... <!-- end -->")
    check(path, f"{before}{head}{text}{end}{after}", update=update)
