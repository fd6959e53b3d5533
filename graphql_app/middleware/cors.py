"""CORS: what browsers are told of answers to pages of other origins."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from graphql_app.config.settings import Settings

EXPOSED = [
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "Preference-Applied",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "Server-Timing",
    "WWW-Authenticate",
    "X-Request-Id",
]
"""The headers of answers that pages of other origins may read."""


def cors(app: FastAPI, refused: ASGIApp, settings: Settings, *, cookies: bool) -> ASGIApp:
    """Puts CORS before `app`, and gives what answers refused requests: `refused`, with CORS before it too.

    `cookies`: pages of the origins that are named may read what they are answered with their users' cookies.
    """
    if not settings.cors_origins:
        return refused
    options: dict[str, Any] = {
        "allow_origins": list(settings.cors_origins),
        "allow_methods": ["*"],
        "allow_headers": ["*"],
        "expose_headers": EXPOSED,
        "allow_credentials": cookies and "*" not in settings.cors_origins,
    }
    app.add_middleware(CORSMiddleware, **options)
    return CORSMiddleware(refused, **options)
