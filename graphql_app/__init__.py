"""GraphQL, REST and CSV over every table of a MySQL-compatible database."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphql_app.app import create_app as create_app
    from graphql_app.config.settings import Settings as Settings
    from graphql_app.dependencies import (
        current_database as current_database,
        current_request as current_request,
        database_of as database_of,
    )
    from graphql_app.embedding import ConnectedDatabase as Engine, rest_router as rest_router
    from graphql_app.errors import AppError as AppError, Code as Code, Outcome as Outcome
    from graphql_app.graphql_api.database import Database as Database, QueryFailed as QueryFailed

_PLACES = {
    "create_app": "app",
    "Settings": "config.settings",
    "current_database": "dependencies",
    "current_request": "dependencies",
    "database_of": "dependencies",
    "AppError": "errors",
    "Code": "errors",
    "Outcome": "errors",
    "Database": "graphql_api.database",
    "QueryFailed": "graphql_api.database",
    "Engine": "embedding",
    "rest_router": "embedding",
}
"""Public name -> the module it stands in. They are imported when asked for, so that `import graphql_app` is cheap."""
_OTHER_NAMES = {"Engine": "ConnectedDatabase"}

__all__ = [
    "AppError",
    "Code",
    "Database",
    "Engine",
    "Outcome",
    "QueryFailed",
    "Settings",
    "create_app",
    "current_database",
    "current_request",
    "database_of",
    "rest_router",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'graphql_app' has no attribute {name!r}")
    return getattr(import_module(f"graphql_app.{_PLACES[name]}"), _OTHER_NAMES.get(name, name))
