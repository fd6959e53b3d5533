"""The scaffold of every endpoint: one answer and one event, whatever happens on the way."""

from __future__ import annotations

from time import perf_counter
from typing import ClassVar, Generic, TypeVar

from starlette.types import Message, Receive, Scope, Send

from graphql_app.errors import AppError, internal_error
from graphql_app.http.request_body import ClientDisconnect
from graphql_app.observability.events import Observer, RequestDone, UnexpectedError

A = TypeVar("A")


class Endpoint(Generic[A]):
    """An ASGI endpoint whose answers are of type `A`.

    `path` is its name in the log. Where it `streams`, what breaks after the first bytes breaks the connection, so that
    no client takes what it has for the whole.
    """

    __slots__ = ()

    path: str
    observer: Observer
    streams: ClassVar[bool] = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        started = perf_counter()
        out = _Out(send) if self.streams else None
        answer: A | None
        try:
            answer = await self.answer(scope, receive, send if out is None else out)
        except ClientDisconnect:
            return
        except AppError as error:
            answer = self.failed(scope, error)
        except Exception as error:
            self.observer(UnexpectedError(self.path, error))
            answer = self.failed(scope, internal_error())
        if answer is not None and (out is None or not out.begun):
            await self.respond(scope, send, answer)
        done = self.done(scope, answer, perf_counter() - started)
        if done is not None:
            self.observer(done)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> A | None:
        """The answer; None where it was sent already. Raises `AppError`, `ClientDisconnect`."""
        raise NotImplementedError

    def failed(self, scope: Scope, error: AppError) -> A:
        """A failure as an answer."""
        raise NotImplementedError

    async def respond(self, scope: Scope, send: Send, answer: A) -> None:
        """Sends an answer."""
        raise NotImplementedError

    def done(self, scope: Scope, answer: A | None, seconds: float) -> RequestDone | None:
        """What logs and metrics are told; None where they were told already."""
        raise NotImplementedError


class _Out:
    """A `send` that remembers whether the answer has begun."""

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        self.begun = True
        await self._send(message)
