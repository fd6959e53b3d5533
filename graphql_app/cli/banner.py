"""What `graphql-app demo` says when it is ready."""

from __future__ import annotations

from graphql_app.settings import Settings

_TEXT = """
  graphql-app is running on an embedded sample database

    GraphiQL    {base}/graphiql
    REST        {base}/docs
    Start page  {base}/

  Try it from another terminal:

    curl {base}/api/users/query
    curl -X POST {base}/api/users -H 'Content-Type: application/json' \\
      -d '{{"input": {{"name": "John Doe", "email": "john@example.com", "age": 30}}}}'

  What you change stays in {folder}. Ctrl-C stops the server.
  A database of yours: DATABASE_URL=mysql://user:password@host:3306/name graphql-app serve
"""


def demo_banner(base: str, settings: Settings) -> str:
    """The text, with `base` as the server's address."""
    return _TEXT.format(base=base, folder=settings.data_dir)
