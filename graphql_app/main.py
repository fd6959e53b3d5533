"""The ASGI app for `uvicorn graphql_app.main:app`, made from the environment."""

from __future__ import annotations

from graphql_app.app import create_app
from graphql_app.logs import configure_logging
from graphql_app.settings import load_settings

_settings = load_settings()
configure_logging(_settings.log_level, _settings.log_format)
app = create_app(_settings)
