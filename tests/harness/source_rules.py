"""The house rules for source files that no linter knows, each a function from one file to its complaints."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FILE_LIMIT = 400
"""A file has fewer lines."""
FUNCTION_LIMIT = 50
"""A function has fewer lines, docstring included."""
SMALL_FUNCTION = 20
"""Four of five functions have no more lines."""

NOT_OURS = {"node_modules", "__pycache__", "data", "dist"}
MACHINE_PATH = re.compile(r"/(?:work|farm)/(?:main|steering|in|shared|\.library)\b|/tmp/" r"w/")
# In pieces, so that this file does not name them either.
REGISTRY = re.compile(r"\b(?:pypi\.or" r"g|pythonhosted\.or" r"g|npmjs\.(?:or" r"g|co" r"m)|debian\.or" r"g)\b")

ASYNC_MODULES = (
    "schema_gen/catalog/introspect.py",
    "graphql_app/app.py",
    "graphql_app/auth/authentication.py",
    "graphql_app/auth/authenticator.py",
    "graphql_app/auth/http_client.py",
    "graphql_app/auth/tokens/jwks.py",
    "graphql_app/auth/webhook.py",
    "graphql_app/embedding.py",
    "graphql_app/cli/*.py",
    "graphql_app/csv_io/*.py",
    "graphql_app/embedded/*.py",
    "graphql_app/engine/engine.py",
    "graphql_app/engine/execute/*.py",
    "graphql_app/engine/live/*.py",
    "graphql_app/engine/mysql/*.py",
    "graphql_app/graphql_api/*.py",
    "graphql_app/http/*.py",
    "graphql_app/middleware/*.py",
    "graphql_app/rest_api/*.py",
    "graphql_app/runtime/*.py",
    "graphql_app/server/*.py",
)
"""Where the program does I/O, and so has `async def`."""

BACKTICK_MODULES = (
    "graphql_app/engine/sql/fragment.py",  # writes names into SQL
    "graphql_app/engine/mysql/server_errors.py",  # reads names out of the server's messages
    "graphql_app/engine/mysql/server_codes.py",  # the same
)
"""The only files of the engine with a backtick in their strings."""

FACES = ("graphql_app/graphql_api/", "graphql_app/rest_api/", "graphql_app/csv_io/", "graphql_app/http/")
"""What answers callers, each of whom sees what its role may: `Engine.acting` gives that."""
WHOLE_CATALOG_MODULES = (
    "graphql_app/graphql_api/schema_builder.py",  # builds the schema without rules
    "graphql_app/rest_api/admin.py",  # answers operators
    "graphql_app/http/health.py",  # counts tables
)
"""The only files of the faces that see the catalog as it is."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text file of the tree: its path from the root, with slashes, and what it holds."""

    path: str
    text: str

    @property
    def python(self) -> bool:
        """Whether it is Python."""
        return self.path.endswith(".py")

    def nodes(self) -> Iterator[ast.AST]:
        """Everything in its syntax tree."""
        return ast.walk(_parsed(self.text))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method in it."""
        return (node for node in self.nodes() if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def _parsed(text: str) -> ast.Module:
    """One tree for one text, so that its nodes can be told apart by identity."""
    return ast.parse(text)


def sources() -> list[Source]:
    """Every text file of the tree, without what git ignores. Needs no git: a release has none."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name == ".ci" or not (name in NOT_OURS or name.startswith("."))]
        # In a worktree `.git` is a file, and none of ours.
        for path in (Path(folder, name) for name in names if name != ".git"):
            data = path.read_bytes()
            if b"\0" not in data[:8192]:
                found.append(Source(path.relative_to(ROOT).as_posix(), data.decode(errors="replace")))
    return sorted(found, key=lambda source: source.path)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, from `def` to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def file_too_long(source: Source) -> Iterator[str]:
    """A file is read at one sitting."""
    lines = source.text.count("\n")
    if source.python and lines >= FILE_LIMIT:
        yield f"{lines} lines, the limit is {FILE_LIMIT}"


def function_too_long(source: Source) -> Iterator[str]:
    """A function fits on a screen."""
    for function in source.functions() if source.python else ():
        if length(function) >= FUNCTION_LIMIT:
            yield f"{function.name}: {length(function)} lines, the limit is {FUNCTION_LIMIT}"


def no_charge(source: Source) -> Iterator[str]:
    """A module starts with one line that says its charge."""
    if not source.python or not source.text.strip():
        return
    docstring = ast.get_docstring(_parsed(source.text)) or ""
    first, _, rest = docstring.partition("\n")
    if not first.strip() or rest.partition("\n")[0].strip():
        yield "the module does not start with one line that says its charge"


def public_without_docstring(source: Source) -> Iterator[str]:
    """What other modules may use says what it does."""
    if not source.python or Path(source.path).name.startswith("test_"):
        return
    for owner in source.nodes():
        if isinstance(owner, ast.Module | ast.ClassDef) and not getattr(owner, "name", "").startswith("_"):
            for node in owner.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and _undocumented(node):
                    yield f"{node.name} has no docstring"


def _undocumented(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Public, and without a docstring; an overload or a protocol's `...` needs none."""
    if node.name.startswith("_") or ast.get_docstring(node) is not None:
        return False
    decorators = {ast.unparse(decorator) for decorator in getattr(node, "decorator_list", ())}
    return not decorators & {"overload", "typing.overload", "override", "typing.override"}


def async_without_io(source: Source) -> Iterator[str]:
    """`async def` only where there is I/O."""
    ours = source.python and source.path.startswith(("graphql_app/", "schema_gen/"))
    if not ours or any(fnmatch(source.path, pattern) for pattern in ASYNC_MODULES):
        return
    for function in source.functions():
        if isinstance(function, ast.AsyncFunctionDef):
            yield f"{function.name} is async, in a module without I/O"


def name_into_sql(source: Source) -> Iterator[str]:
    """Names enter SQL through one door: no other module of the program writes a backtick."""
    if not source.python or not source.path.startswith("graphql_app/engine/") or source.path in BACKTICK_MODULES:
        return
    docstrings = {id(node.value) for node in source.nodes() if isinstance(node, ast.Expr)}
    for node in source.nodes():
        if isinstance(node, ast.Constant) and "`" in str(node.value) and id(node) not in docstrings:
            yield f"line {node.lineno} writes a backtick"


def whole_catalog(source: Source) -> Iterator[str]:
    """What callers are answered from is what their role sees, not the catalog as it is."""
    if not (source.python and source.path.startswith(FACES)) or source.path in WHOLE_CATALOG_MODULES:
        return
    for node in source.nodes():
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("graphql_app.engine.plan.planner"):
            yield f"line {node.lineno}: only the engine plans"
        if isinstance(node, ast.Attribute) and node.attr == "catalog":
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if name == "snapshot":
                yield f"line {node.lineno}: the catalog of a snapshot is not what the caller sees; ask the engine"


def machine_path(source: Source) -> Iterator[str]:
    """No path of anybody's own machine."""
    for found in MACHINE_PATH.findall(source.text):
        yield f"names the path {found}"


def registry_host(source: Source) -> Iterator[str]:
    """No host of a package registry or mirror: those are the machine's business."""
    for found in REGISTRY.findall(source.text):
        yield f"names the host {found}"


Rule = Callable[[Source], Iterator[str]]

RULES: tuple[Rule, ...] = (
    file_too_long,
    function_too_long,
    no_charge,
    public_without_docstring,
    async_without_io,
    name_into_sql,
    whole_catalog,
    machine_path,
    registry_host,
)
