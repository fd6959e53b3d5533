"""What `graphql-app demo` says when it is ready."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from graphql_app.config.settings import Settings

_TEXT = """
  graphql-app is running on an embedded sample database

    Start page  {base}/
    Rows        {base}/data
    GraphiQL    {base}/graphiql
    REST        {base}/docs

  Try it from another terminal:

    curl {base}/api/users/query
    curl -X POST {base}/api/users -H 'Content-Type: application/json' \\
      -d '{{"input": {{"name": "John Doe", "email": "john@example.com", "age": 30}}}}'

  What you change stays in {folder}. Ctrl-C stops the server.
  To have the sample as it was: {command} demo --reset
  A database of yours: DATABASE_URL=mysql://user:password@host:3306/name {command} serve
"""


def demo_banner(base: str, settings: Settings, command: str) -> str:
    """The text, with `base` as the server's address and `command` as what runs this program in a shell."""
    return _TEXT.format(base=base, folder=settings.data_dir, command=command)


def own_command() -> str:
    """What runs this program in a shell, as it was started: its name if the shell finds that, else its path."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return shlex.join([_shown(Path(sys.executable)), "-m", "graphql_app"])
    found = shutil.which(called.name)
    if found and called.exists() and Path(found).samefile(called):
        return called.name
    return shlex.quote(_shown(called))


def _shown(path: Path) -> str:
    """A path, from the current folder where it is below that."""
    whole, here = path.absolute(), Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
