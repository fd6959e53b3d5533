"""`python -m graphql_app` equals `graphql-app serve`; with arguments it equals `graphql-app` with them."""

from __future__ import annotations

import sys

from graphql_app.cli import main

if __name__ == "__main__":
    main(sys.argv[1:] or ["serve"])
