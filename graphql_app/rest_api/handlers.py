"""Failures that arise outside of our endpoints, FastAPI's own among them, in the same envelope."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graphql_app.errors import AppError, Code, RequestError, internal_error
from graphql_app.observability.events import Observer, UnexpectedError
from graphql_app.rest_api.envelope import Clock, Headers, RestResponse, failure, utc_now

_CODES: Mapping[int, Code] = {
    400: Code.INVALID_PARAMETER,
    401: Code.PERMISSION_DENIED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    406: Code.NOT_ACCEPTABLE,
    409: Code.CONFLICT,
    413: Code.PAYLOAD_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    422: Code.INVALID_BODY,
    503: Code.SERVICE_UNAVAILABLE,
    504: Code.GATEWAY_TIMEOUT,
}


def install_error_handlers(app: FastAPI, observer: Observer, clock: Clock = utc_now) -> None:
    """Every failure that reaches `app` leaves it as an envelope.

    Starlette raises an unexpected one again after it was answered, so that the server logs it too.
    """

    async def on_app_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, AppError)
        return _response(failure(error, clock()))

    async def on_http_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        extra: Headers = tuple((name.lower().encode(), text.encode()) for name, text in (error.headers or {}).items())
        return _response(failure(_from_http(error), clock(), status=error.status_code, extra=extra))

    async def on_misfit(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _response(failure(_from_misfit(error), clock()))

    async def on_unexpected(request: Request, error: Exception) -> Response:
        observer(UnexpectedError(_where(request), error))
        return _response(failure(internal_error(), clock()))

    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_misfit)
    app.add_exception_handler(Exception, on_unexpected)


def _from_http(error: HTTPException) -> AppError:
    code = _CODES.get(error.status_code, Code.INTERNAL_ERROR if error.status_code >= 500 else Code.INVALID_PARAMETER)
    return RequestError(code, str(error.detail))


def _from_misfit(error: RequestValidationError) -> AppError:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return RequestError(Code.MALFORMED_JSON, "Malformed JSON")
    place = ".".join(str(step) for step in first["loc"])
    return RequestError(Code.INVALID_BODY, f"The request does not fit: {place}: {first['msg']}")


def _where(request: Request) -> str:
    # The route's own path, never the client's: events carry nothing from a request.
    return str(getattr(request.scope.get("route"), "path", "app"))


def _response(answer: RestResponse) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers.extend(answer.headers)
    return response
