"""The ASGI app for `uvicorn graphql_app.main:app`, made from the environment."""

from __future__ import annotations

from graphql_app.app import create_app
from graphql_app.settings import load_settings

app = create_app(load_settings())
