"""The examples of the documents: commands to run, and what the pages promise that these print.

In a promise `…` stands for anything: within a text, as a member of a JSON list (the rest of it), as a
key of a JSON object (any others), as a line (any lines).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

ANYTHING = "…"

_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMISES = ("json", "csv", "text")
_NUMBERED = re.compile(
    r"^# (?P<number>\d+)\. .+\n(?P<promise>(?:# prints .*\n)+)example_(?P=number)\(\) \{$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Example:
    """A command for a shell, and what it promises to print, if anything. `line` is where the page has it."""

    command: str
    promise: str | None
    line: int


def of_page(page: str) -> Iterator[Example]:
    """The `sh` blocks of a page, each with the block of output that follows it at once."""
    blocks = list(_BLOCK.finditer(page))
    for at, block in enumerate(blocks):
        if block["kind"] != "sh":
            continue
        after = blocks[at + 1] if at + 1 < len(blocks) else None
        follows = after is not None and after["kind"] in _PROMISES and not page[block.end() : after.start()].strip()
        line = page.count("\n", 0, block.start()) + 1
        yield Example(block["text"], after["text"] if after is not None and follows else None, line)


def first_yaml(page: str) -> str:
    """The first block of YAML of a page."""
    return next(block["text"] for block in _BLOCK.finditer(page) if block["kind"] == "yaml")


def of_guide(guide: str) -> Iterator[Example]:
    """The numbered functions of the testing guide."""
    for found in _NUMBERED.finditer(guide):
        promise = re.sub(r"^# prints ", "", found["promise"], flags=re.MULTILINE)
        yield Example(f"example_{found['number']}", promise, guide.count("\n", 0, found.start()) + 1)


def keeps(promise: str, printed: str) -> bool:
    """Whether what was printed is what was promised; several JSON documents come one after the other."""
    promised, found = _documents(promise), _documents(printed)
    if promised is not None and found is not None:
        return len(promised) == len(found) and all(map(fits, promised, found))
    lines = (r"(?:.*\n)*" if line == ANYTHING else _pattern(line) + r"\n" for line in promise.strip().splitlines())
    return re.fullmatch("".join(lines), printed.strip() + "\n") is not None


def _documents(text: str) -> list[object] | None:
    """The JSON documents that make up `text`, or None where it is something else."""
    decoder, found, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            return None
        found.append(value)
        rest = rest[end:].lstrip()
    return found


def fits(promised: object, found: object) -> bool:
    """Whether a JSON value is as promised."""
    if isinstance(promised, str) and ANYTHING in promised:
        return promised == ANYTHING or (
            isinstance(found, str) and re.fullmatch(_pattern(promised), found, re.DOTALL) is not None
        )
    if isinstance(promised, dict) and isinstance(found, dict):
        wanted = promised.keys() - {ANYTHING}
        same_keys = wanted <= found.keys() if ANYTHING in promised else wanted == found.keys()
        return same_keys and all(fits(promised[key], found[key]) for key in wanted)
    if isinstance(promised, list) and isinstance(found, list):
        open_end = bool(promised) and promised[-1] == ANYTHING
        items = promised[:-1] if open_end else promised
        enough = len(found) >= len(items) if open_end else len(found) == len(items)
        return enough and all(map(fits, items, found))
    return type(promised) is type(found) and promised == found


def _pattern(text: str) -> str:
    return ".*".join(re.escape(part) for part in text.split(ANYTHING))
