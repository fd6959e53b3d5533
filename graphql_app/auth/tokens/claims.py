"""From a token's claims to the roles it allows and its session variables: below one claim, or by a map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from graphql_app.auth.auth_file import HASURA_NAMESPACE, Claims as ClaimsConfig, FromClaim
from graphql_app.auth.tokens.claims_path import MISSING, Steps, follow, parse_path
from graphql_app.errors import Code, RequestError

PREFIX: Final = "x-hasura-"
ROLE: Final = "x-hasura-role"
DEFAULT_ROLE: Final = "x-hasura-default-role"
ALLOWED_ROLES: Final = "x-hasura-allowed-roles"
MOST_VARIABLES: Final = 200


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says of its bearer: the role it has unless it asks for another one, those it may ask for."""

    default: str
    allowed: frozenset[str]
    variables: Mapping[str, str]

    def role(self, wanted: str | None) -> str:
        """The role of a request that asks for `wanted`. Raises `RequestError` (ROLE_NOT_ALLOWED)."""
        role = self.default if wanted is None else wanted
        if role not in self.allowed:
            raise RequestError(Code.ROLE_NOT_ALLOWED, "Your requested role is not in allowed roles")
        return role


class ClaimsReader:
    """Reads the claims of one issuer's tokens."""

    def __init__(self, config: ClaimsConfig) -> None:
        self._stringified = config.format == "stringified_json"
        self._map = None if config.map is None else {name: _source(value) for name, value in config.map.items()}
        self._name = config.namespace_path or config.namespace or HASURA_NAMESPACE
        self._namespace: Steps = parse_path(config.namespace_path) if config.namespace_path else (self._name,)

    def read(self, claims: Mapping[str, Any]) -> Grant:
        """Roles and variables. Raises `RequestError`: JWT_INVALID_CLAIMS, JWT_MISSING_ROLE_CLAIMS."""
        found = self._below(claims) if self._map is None else self._mapped(self._map, claims)
        if len(found) > MOST_VARIABLES:
            raise _invalid(f"there are more than {MOST_VARIABLES} x-hasura-* claims")
        for name in (ALLOWED_ROLES, DEFAULT_ROLE):
            if found.get(name) is None:
                raise RequestError(Code.JWT_MISSING_ROLE_CLAIMS, f"JWT claim does not contain {name}")
        allowed, default = found.pop(ALLOWED_ROLES), found.pop(DEFAULT_ROLE)
        if not isinstance(allowed, list) or not all(isinstance(each, str) and each for each in allowed):
            raise _invalid(f"invalid {ALLOWED_ROLES}; should be a list of roles")
        if not isinstance(default, str) or not default:
            raise _invalid(f"invalid {DEFAULT_ROLE}; should be a role")
        for role in (default, *allowed):
            _whole(role)
        found.pop(ROLE, None)
        return Grant(default, frozenset(allowed), MappingProxyType(dict(_texts(found))))

    def _below(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        space = follow(self._namespace, claims)
        if space is MISSING:
            raise _invalid(f"claims key: '{self._name}' not found")
        if self._stringified:
            space = _parsed(space)
        if not isinstance(space, dict):
            raise _invalid("the claims are no object" if not isinstance(space, str) else _TEXT)
        return _by_name(space)

    def _mapped(self, sources: Mapping[str, _Source], claims: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: each.value(claims) for name, each in sources.items()}
        if ALLOWED_ROLES not in sources and isinstance(found[DEFAULT_ROLE], str):
            found[ALLOWED_ROLES] = [found[DEFAULT_ROLE]]
        return {name: value for name, value in found.items() if value is not MISSING}


_TEXT = "the claims are a text; set format: stringified_json where the issuer writes them so"


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the value of one variable comes from."""

    steps: Steps | None
    otherwise: object

    def value(self, claims: Mapping[str, Any]) -> object:
        """The value; `MISSING` where there is none."""
        found = MISSING if self.steps is None else follow(self.steps, claims)
        return self.otherwise if found is MISSING or found is None else found


def _source(value: object) -> _Source:
    if isinstance(value, FromClaim):
        return _Source(parse_path(value.path), MISSING if value.default is None else value.default)
    if isinstance(value, str) and value.startswith("$"):
        return _Source(parse_path(value), MISSING)
    return _Source(None, value)


def _parsed(space: object) -> object:
    if not isinstance(space, str):
        raise _invalid("the claims are no text, as format: stringified_json has them")
    try:
        return json.loads(space, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _invalid("the claims are a text that is no JSON") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _by_name(space: Mapping[str, Any]) -> dict[str, Any]:
    """The `x-hasura-*` claims by their names in lower case. Two that differ by case alone are refused."""
    found: dict[str, Any] = {}
    for name, value in space.items():
        lower = name.lower()
        if not lower.startswith(PREFIX):
            continue
        if lower in found:
            raise _invalid(f"'{lower[:100]}' is there twice")
        found[lower] = value
    return found


def _texts(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if value is not None:
            yield name, _text(name, value)


def _text(name: str, value: object) -> str:
    """A variable's value. Lists become JSON, which `_in` takes; what is none of these may be read two ways."""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str | int) and not isinstance(each, bool) for each in value):
        return _whole(json.dumps(value, ensure_ascii=False))
    raise _invalid(f"{name[:100]}: expected a text, a whole number, a boolean or a list of texts and numbers")


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _invalid("a text has half a character") from None
    return text


def _invalid(why: str) -> RequestError:
    return RequestError(Code.JWT_INVALID_CLAIMS, why)
