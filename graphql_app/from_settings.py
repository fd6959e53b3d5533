"""What the parts of the program are told of the settings."""

from __future__ import annotations

from graphql_app.auth.identity import Identity
from graphql_app.auth.permissions import NO_LIMITS, RoleLimits
from graphql_app.config.settings import Settings
from graphql_app.engine.live.catalog import CatalogWatcher
from graphql_app.engine.live.queries import LiveQuerySettings
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.http.request_body import Bounds
from graphql_app.middleware.rate_limits import RateLimits


def watch_settings(settings: Settings) -> LiveQuerySettings:
    """How subscriptions are polled: at most half of the connections are theirs at a time."""
    at_once = max(1, settings.db_pool_size // 2)
    return LiveQuerySettings(settings.subscription_poll_ms / 1000, settings.max_live_queries, at_once)


def document_limits(settings: Settings) -> DocumentLimits:
    """What one GraphQL document may ask."""
    return DocumentLimits(
        characters=settings.max_document_length,
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        fields=settings.max_fields,
        aliases=settings.max_aliases,
        root_fields=settings.max_root_fields,
        directives=settings.max_directives,
        values=settings.max_json_depth,
    )


def bounds(settings: Settings) -> Bounds:
    """How large the body of a request may be."""
    return Bounds(settings.max_body_bytes, settings.max_json_depth, settings.max_batch_size, settings.max_upload_bytes)


def database_attributes(settings: Settings) -> dict[str, str | int]:
    """The database as OpenTelemetry's conventions describe it."""
    address = settings.address("")
    found: dict[str, str | int] = {"db.system.name": "mysql", "db.namespace": address.name}
    if not address.socket and not settings.embedded:
        found |= {"server.address": address.host, "server.port": address.port}
    return found


def rate_limits(live: CatalogWatcher, settings: Settings) -> RateLimits:
    """The rate of addresses, as the settings say, and those of roles, as the rules say that hold now."""

    def of_role(identity: Identity) -> RoleLimits:
        roles = live.snapshot.roles if live.ready else None
        permissions = None if roles is None else roles.get(identity.role)
        return NO_LIMITS if permissions is None else permissions.limits

    return RateLimits(settings.rate_limit, of_role)
