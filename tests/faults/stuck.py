"""A program whose loop can be held up from outside: a hook that exists in the tests alone, in each of its processes.

The header `x-hold` of a request says how: `python` turns for ever between two bytecodes, `c` in a regular expression
that never lets go of the interpreter.
"""

from __future__ import annotations

from pathlib import Path

from tests.harness.source_rules import ROOT

_HOOK = """
import re
from graphql_app.middleware.admission import AdmissionMiddleware

_before = AdmissionMiddleware.__call__


def held_in_python():
    while True:
        pass


def held_in_c():
    re.fullmatch(r"(a|a)*b", "a" * 60)


def called(self, scope, receive, send):
    how = dict(scope.get("headers", ())).get(b"x-hold")
    if how is not None:
        {b"python": held_in_python, b"c": held_in_c}[how]()
    return _before(self, scope, receive, send)


AdmissionMiddleware.__call__ = called
"""


def hooked(folder: Path) -> dict[str, str]:
    """The settings of a program with the hook, which is written into `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HOOK)
    return {"PYTHONPATH": f"{folder}:{ROOT}"}
