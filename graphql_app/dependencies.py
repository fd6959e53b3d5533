"""What FastAPI's `Depends` gives a developer's own endpoints: the request as the program knows it, and the database."""

from __future__ import annotations

from fastapi import FastAPI, Request

from graphql_app.auth.identity import ADMIN, identity_of
from graphql_app.errors import ServiceUnavailableException
from graphql_app.graphql_api.database import Database
from graphql_app.middleware.routing import started
from graphql_app.observability.request_context import CURRENT, RequestContext


def current_request() -> RequestContext:
    """The request that is being answered: its id, the client's address, its headers.

    Raises `ServiceUnavailableException` outside of a request of the program.
    """
    found = CURRENT.get()
    if found is None:
        raise ServiceUnavailableException("No request of graphql-app is being answered here")
    return found


def current_database(request: Request) -> Database:
    """The database of the app that answers `request`, as its caller may see it.

    Raises `ServiceUnavailableException` before its start.
    """
    return started(request.app.state).database(identity_of(request.scope))


def database_of(app: FastAPI) -> Database:
    """The database of an app that `create_app` made, without the rules of any role.

    Raises `ServiceUnavailableException` before its start.
    """
    return started(app.state).database(ADMIN)
