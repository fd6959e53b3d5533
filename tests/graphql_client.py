"""A GraphQL client for tests: one call, the answer's data, or its errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class GraphQLClient:
    """Posts to `/graphql` and insists on what every answer has."""

    http: httpx.AsyncClient

    async def answer(self, query: str, variables: Mapping[str, object] | None = None, name: str | None = None) -> Any:
        """The whole answer."""
        body = {"query": query, "variables": variables, "operationName": name}
        response = await self.http.post("/graphql", json=body)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        return response.json()

    async def data(self, query: str, variables: Mapping[str, object] | None = None, name: str | None = None) -> Any:
        """The data of an answer that must have no errors."""
        answer = await self.answer(query, variables, name)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def error(self, query: str, variables: Mapping[str, object] | None = None) -> Any:
        """The one error of an answer that must have failed."""
        answer = await self.answer(query, variables)
        assert len(answer.get("errors", ())) == 1, answer
        assert not answer.get("data")
        return answer["errors"][0]
