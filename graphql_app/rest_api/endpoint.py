"""The scaffold of the REST endpoints: every answer is an envelope."""

from __future__ import annotations

from starlette.types import Scope, Send

from graphql_app.auth.identity import identity_of, role_of
from graphql_app.auth.introspection import Introspection
from graphql_app.errors import AppError
from graphql_app.http.compression import LEAST, compressed
from graphql_app.http.endpoint import Endpoint
from graphql_app.http.etags import not_modified
from graphql_app.observability.events import RequestDone
from graphql_app.rest_api.answers.forms import ENVELOPES, Form
from graphql_app.rest_api.envelope import Clock, RestResponse, respond, respond_head

_READS = frozenset({"GET", "HEAD"})


class RestEndpoint(Endpoint[RestResponse]):
    """An address of the REST API. Whom `introspection` lets is told the name that was probably meant.

    `form` is how its answers look.
    """

    __slots__ = ()

    clock: Clock
    introspection: Introspection
    compress: bool
    """Whether large answers are compressed as the client takes them."""

    @property
    def form(self) -> Form:
        """How answers look."""
        return ENVELOPES

    def failed(self, scope: Scope, error: AppError) -> RestResponse:
        """The answer of a failure."""
        suggests = self.introspection.shown_to(identity_of(scope))
        return self.form.failure(error, self.clock(), suggests=suggests)

    async def respond(self, scope: Scope, send: Send, answer: RestResponse) -> None:
        """Sends an answer, if it was not; of a success that HEAD asks for, the head alone."""
        if answer.sent:
            return
        if scope["method"] in _READS and answer.status == 200 and not_modified(scope["headers"], answer.headers):
            kept = tuple(pair for pair in answer.headers if pair[0] != b"content-type")
            answer = RestResponse(304, b"", kept, answer.retry_count)
        if scope["method"] == "HEAD" and answer.code is None:
            await respond_head(send, answer)
        else:
            await respond(self.out(scope, send, len(answer.body)), answer)

    def out(self, scope: Scope, send: Send, size: int) -> Send:
        """What an answer of this many bytes is sent by."""
        return compressed(scope["headers"], send) if size >= LEAST and self.compress else send

    def done(self, scope: Scope, answer: RestResponse | None, seconds: float) -> RequestDone:
        """An answer that is None was streamed to its end."""
        name, role = self.called(scope), role_of(scope)
        if answer is None:
            return RequestDone("rest", name, 200, seconds, 0, None, role=role)
        return RequestDone("rest", name, answer.status, seconds, answer.retry_count, answer.code, role=role)

    def called(self, scope: Scope) -> str:
        """What a request is called in logs and metrics."""
        return f"{scope['method']} {self.path}"
