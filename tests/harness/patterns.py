"""Every regular expression of the program, found in its source, and texts that would make a bad one slow."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from re import _constants as op, _parser as parser
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("graphql_app", "schema_gen")
_METHODS = frozenset({"compile", "match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split"})
_ANYWHERE = re.compile(r"\b(\w+)\.(?:search|findall|finditer|sub|subn|split)\(")
Pattern = re.Pattern[str] | re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program makes a pattern: in a module, under a name of it, or within a function (then `f()`)."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"

    def patterns(self) -> list[Pattern]:
        """What the module's name holds."""
        found = getattr(importlib.import_module(self.module), self.name)
        values = found if isinstance(found, tuple | list) else [found]
        flat = [part for each in values for part in (each if isinstance(each, tuple) else (each,))]
        return [each for each in flat if isinstance(each, re.Pattern)]


def places() -> list[Place]:
    """Every place in the program that calls the module `re`."""
    found = set()
    for path in sources():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found |= {Place(module, name) for name in _names(ast.parse(path.read_text()))}
    return sorted(found, key=str)


def sources() -> list[Path]:
    """The program's modules."""
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def _names(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if any(_uses_re(node) for node in ast.walk(statement)):
                yield ast.unparse(target)
        else:
            yield from _in_functions(statement)


def _in_functions(statement: ast.AST) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_uses_re, ast.walk(node))):
            yield f"{node.name}()"


def _uses_re(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in _METHODS


def searched() -> frozenset[str]:
    """Names of patterns that are looked for anywhere in a text, not only at its beginning."""
    return frozenset(name for path in sources() for name in _ANYWHERE.findall(path.read_text()))


# --- texts that a pattern takes, or nearly ----------------------------------


def sample(pattern: Pattern, draw: Random) -> str:
    """A text that goes far into the pattern; lookarounds may refuse it all the same."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    return "".join(_drawn(parser.parse(text, pattern.flags & ~re.UNICODE), draw))


def _drawn(tree: Any, draw: Random) -> Iterator[str]:
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            low, high, inside = value
            for _ in range(draw.randint(low, min(int(high), low + 3))):
                yield from _drawn(inside, draw)
        elif kind is op.BRANCH:
            yield from _drawn(draw.choice(value[1]), draw)
        elif kind is op.SUBPATTERN:
            yield from _drawn(value[-1], draw)
        elif kind is op.ATOMIC_GROUP:
            yield from _drawn(value, draw)
        elif kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.RANGE, op.CATEGORY):
            yield _letter(kind, value, draw)


def _letter(kind: Any, value: Any, draw: Random) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.RANGE:
        return chr(draw.choice(value))
    if kind is op.CATEGORY:
        return {op.CATEGORY_DIGIT: "7", op.CATEGORY_SPACE: " "}.get(value, "w")
    if kind is op.IN and value[0][0] is not op.NEGATE:
        kind, value = draw.choice(value)
        return _letter(kind, value, draw)
    return draw.choice('a1, .-/"')


def attacks(pattern: Pattern, draw: Random, count: int) -> Iterator[tuple[str, str, str]]:
    """A beginning, what is repeated, and an end that may not fit."""
    for _ in range(count):
        text = sample(pattern, draw) + sample(pattern, draw)
        start, end = sorted(draw.choices(range(len(text) + 1), k=2))
        pump = text[start:end] or draw.choice(text or "a")
        yield text[:start], pump, draw.choice(("", "!", "\x00", "\n", text[:1]))


# --- how long they take -----------------------------------------------------


def tried(pattern: Pattern, *, anywhere: bool) -> Callable[[str], object]:
    """What the program may do with a pattern."""

    def use(text: str) -> None:
        data: Any = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
        pattern.fullmatch(data)
        pattern.match(data)
        if anywhere:
            pattern.sub(data[:0], data)

    return use


def seconds(use: Callable[[str], object], text: str) -> float:
    """CPU that it takes for a text, the least of three times."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        use(text)
        best = min(best, time.process_time() - started)
        if not _NOTHING <= best <= _PLENTY:
            break
    return best


_NOTHING = 0.004
_PLENTY = 1.0
_STEPS = (1, 4, 7, 10, 13, 16, 19, 22, 25, 30, 500)
_LONG = 4000


def slow_text(
    pattern: Pattern,
    use: Callable[[str], object],
    count: int,
    longest: int = 2 * _LONG,
    cost: Callable[[Callable[[str], object], str], float] = seconds,
) -> str | None:
    """A text near to the pattern for which `use` takes more than its share as it grows; None where none is found.

    `cost` says how many seconds `use` takes for a text.
    """
    for before, pump, behind in attacks(pattern, Random(1), count):

        def taken(size: int, parts: tuple[str, str, str] = (before, pump, behind)) -> float:
            head, middle, tail = parts
            return cost(use, head + middle * (size // len(middle) + 1) + tail)

        shown = f"{before!r} + {pump!r} * n + {behind!r}"
        if any(taken(size) > 0.1 for size in _STEPS if size <= longest):
            return shown
        if longest < _LONG:
            continue
        short = taken(_LONG)
        if short > _NOTHING and taken(4 * _LONG) > 9 * short:
            return shown
    return None
