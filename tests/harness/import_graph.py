"""Which of our modules import which, wherever the import stands: at the top, in a function, under TYPE_CHECKING."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from tests.harness.source_rules import Source

Graph = Mapping[str, set[str]]


def import_graph(sources: Iterable[Source]) -> Graph:
    """Module -> the modules among `sources` that it imports."""
    trees = {_module(source.path): ast.parse(source.text) for source in sources if source.python}
    graph: dict[str, set[str]] = {name: set() for name in trees}
    for name, tree in trees.items():
        for node in ast.walk(tree):
            graph[name].update(each for each in _imported(node) if each in trees and each != name)
    return graph


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def circle(graph: Graph) -> list[str] | None:
    """Modules that import each other in a circle, the first one also last; None where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return None


def class_places(sources: Iterable[Source]) -> Mapping[str, list[str]]:
    """Name of a class -> the files that define one of this name."""
    places = defaultdict(list)
    for source in sources:
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(source.path)
    return places
