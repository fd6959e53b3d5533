"""Tokens: verified by the keys of the issuer that they name, never by what they bring along.

Compact JWS alone (RFC 7515, 7519), read by the rules of RFC 8725: the issuer says which algorithms its tokens may use,
a key verifies only what it is for, `crit` is refused, and a JSON object with a key twice is none.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from graphql_app.auth.tokens.keys import VerificationKey
from graphql_app.errors import Code, RequestError

MOST_BYTES: Final = 8192
"""A token's bytes; a header line of HTTP takes no more."""
MOST_TRIES: Final = 8
"""Keys that are tried for a token without `kid`."""
LATEST: Final = 253_402_300_800
"""The year 10,000 in Unix time: a number beyond is no date but a mistake, such as milliseconds."""
_PART = re.compile(rb"[A-Za-z0-9_-]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Claims = Mapping[str, Any]
Clock = Callable[[], float]
"""Gives Unix time in seconds."""


class UnknownKid(Exception):
    """The issuer's keys have none of the name that a token gives; a newer set may."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What the tokens of one issuer must be like.

    `issuer` and `audiences` are None where any is taken; `type` is that of the header where it must be one; `skew` are
    the seconds by which clocks may differ.
    """

    issuer: str | None
    audiences: frozenset[str] | None
    algorithms: frozenset[str]
    type: str | None = None
    skew: float = 0.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token's parts, read but not verified."""

    header: Claims
    claims: Claims
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """What it says it is signed with."""
        found: str = self.header["alg"]
        return found

    @property
    def kid(self) -> str | None:
        """The name of the key that it says it is signed with."""
        return self.header.get("kid")

    @property
    def issuer(self) -> str | None:
        """Who it says it is from; None where that is no text."""
        found = self.claims.get("iss")
        return found if isinstance(found, str) else None


def invalid(why: str) -> RequestError:
    """The error for a token that is not taken."""
    return RequestError(Code.INVALID_JWT, f"Could not verify JWT: {why}")


def read_token(token: bytes) -> Token:
    """The parts of a token. Raises `RequestError` (INVALID_JWT)."""
    if len(token) > MOST_BYTES:
        raise invalid(f"it has more than {MOST_BYTES} bytes")
    parts = token.split(b".")
    if len(parts) != 3:
        raise invalid("it is no compact JWS of three parts")
    header = _object(_decoded(parts[0]), "header")
    if not isinstance(header.get("alg"), str):
        raise invalid("its header has no alg")
    if "crit" in header or "b64" in header:
        raise invalid("its header has extensions (crit, b64), and none is understood")
    if not isinstance(header.get("kid"), str | None):
        raise invalid("its kid is no text")
    signature = _decoded(parts[2])
    if not signature:
        raise invalid("it is not signed")
    claims = _object(_decoded(parts[1]), "payload")
    return Token(header, claims, token[: len(token) - len(parts[2]) - 1], signature)


def verify(token: Token, rules: TokenRules, keys: Sequence[VerificationKey], now: float) -> float:
    """Checks a token by the rules of its issuer; gives when it expires, skew included.

    Raises `RequestError` (INVALID_JWT), and `UnknownKid`.
    """
    if token.algorithm not in rules.algorithms:
        raise invalid("its alg is not allowed")
    if rules.type is not None and not _same_type(token.header.get("typ"), rules.type):
        raise invalid(f"its typ is not {rules.type}")
    fitting = _fitting(token, keys)
    if not any(key.verifies(token.algorithm, token.signed, token.signature) for key in fitting):
        raise invalid("JWSError JWSInvalidSignature")
    return _check_claims(token.claims, rules, now)


def _fitting(token: Token, keys: Sequence[VerificationKey]) -> Sequence[VerificationKey]:
    """The keys that may have signed it: those of its `kid`, or those without a name."""
    able = [key for key in keys if token.algorithm in key.algorithms]
    if token.kid is None:
        if len(able) > MOST_TRIES:
            raise invalid("it has no kid, and its issuer many keys")
        return able
    named = [key for key in able if key.kid == token.kid]
    found = named or [key for key in able if key.kid is None]
    if not found:
        raise UnknownKid
    return found[:MOST_TRIES]


def _same_type(given: object, wanted: str) -> bool:
    if not isinstance(given, str):
        return False
    return given.lower().removeprefix("application/") == wanted.lower().removeprefix("application/")


# --- claims -----------------------------------------------------------------


def _check_claims(claims: Claims, rules: TokenRules, now: float) -> float:
    if "exp" not in claims:
        raise invalid("it has no exp")
    expires = _moment(claims, "exp") + rules.skew
    if now >= expires:
        raise invalid("JWTExpired")
    for name, said in (("nbf", "JWTNotYetValid"), ("iat", "JWTIssuedAtFuture")):
        if name in claims and _moment(claims, name) > now + rules.skew:
            raise invalid(said)
    if rules.issuer is not None and claims.get("iss") != rules.issuer:
        raise invalid("JWTNotInIssuer")
    if rules.audiences is not None and not rules.audiences & set(_audience(claims)):
        raise invalid("JWTNotInAudience")
    if not isinstance(claims.get("sub"), str | None):
        raise invalid("its sub is no text")
    return expires


def _moment(claims: Claims, name: str) -> float:
    value = claims[name]
    if type(value) not in (int, float) or not 0 <= value < LATEST:
        raise invalid(f"its {name} is no number of seconds")
    return float(value)


def _audience(claims: Claims) -> Iterable[str]:
    given = claims.get("aud")
    entries = given if isinstance(given, list) else [given]
    return [each for each in entries if isinstance(each, str)]


# --- texts ------------------------------------------------------------------


def _decoded(part: bytes) -> bytes:
    """A part as bytes: base64url without padding, in the one way that there is to write it."""
    if not _PART.fullmatch(part) or len(part) % 4 == 1:
        raise invalid("it is not base64url")
    try:
        found = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except Base64Error:
        raise invalid("it is not base64url") from None
    # Bits beyond the last byte must be 0, or one token would have several spellings.
    if len(part) % 4 and part[-1:] not in _LAST[len(part) % 4]:
        raise invalid("it is not base64url")
    return found


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LAST: Final = {2: _ALPHABET[::16], 3: _ALPHABET[::4]}


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid(f"its {what} is no JSON") from None
    if not isinstance(found, dict):
        raise invalid(f"its {what} is no object")
    if b"\\u" in text and _SURROGATE.search(json.dumps(found, ensure_ascii=False)):
        raise invalid(f"its {what} has half a character")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
