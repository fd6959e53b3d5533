"""What the start page shows a caller, made once for all who see the same of the structure being served."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

import orjson

from graphql_app.auth.identity import ADMIN, Identity
from graphql_app.auth.introspection import Introspection
from graphql_app.config.settings import Settings
from graphql_app.engine.access.access import FULL, Access
from graphql_app.engine.engine import Engine
from graphql_app.errors import structure_hidden
from graphql_app.http.cached_content import CompressedContent, compress
from graphql_app.http.start_page_data import structure
from schema_gen.names.naming import Names, build_names

KEPT_STRUCTURES = 8
"""Texts of the start page that are kept, by structure and by what roles see of it."""


def current_structure(engine: Engine, settings: Settings) -> Callable[[Identity], CompressedContent]:
    """What the start page shows a caller of the catalog being served, made once for all who see the same of it.

    It raises `RequestError` (PERMISSION_DENIED) where INTROSPECTION does not let the caller.
    """
    told = Introspection.of(settings.introspection, engine.live.told)
    kept: OrderedDict[tuple[int, str], CompressedContent] = OrderedDict()

    @lru_cache(maxsize=1)
    def names(_generation: int) -> Names:
        return build_names(engine.acting(ADMIN).catalog, settings.naming)

    def made(access: Access, generation: int) -> CompressedContent:
        roles = engine.live.snapshot.roles
        # Only the admin may take any role, and so may know of all.
        shown_roles = None if roles is None else list(roles) if access.shape == FULL else []
        shown = structure(access.catalog, names(generation), graphiql=settings.graphiql, roles=shown_roles)
        return compress(orjson.dumps(shown), "application/json")

    def current(identity: Identity) -> CompressedContent:
        if not told.shown_to(identity):
            raise structure_hidden()
        access, generation = engine.acting(identity).access(), engine.live.snapshot.generation
        found = kept.get((generation, access.shape))
        if found is None:
            found = kept[generation, access.shape] = made(access, generation)
            if len(kept) > KEPT_STRUCTURES:
                kept.popitem(last=False)
        return found

    return current
