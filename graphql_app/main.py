"""The ASGI app for `uvicorn graphql_app.main:app`, made from the environment."""

from __future__ import annotations

import sys

from graphql_app.app import create_app
from graphql_app.config.sources import load_settings, misspelt_settings
from graphql_app.observability.events import SettingsWarning
from graphql_app.observability.logs import configure_logging, log_events

_settings = load_settings()
configure_logging(_settings.log_level, _settings.log_format, _settings.log_request_fields)
# `graphql-app serve` has said it once for all of its server processes.
if "graphql_app.server.serving" not in sys.modules:
    for _line in misspelt_settings():
        log_events(SettingsWarning(_line))
app = create_app(_settings, signals=True)
