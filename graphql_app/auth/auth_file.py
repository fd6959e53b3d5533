"""The `auth` section of `graphql_app.yaml`: whose tokens, keys and answers say who is asking. Read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from graphql_app.auth.identity import ADMIN_ROLE
from graphql_app.auth.safe_url import UrlError, checked_url
from graphql_app.auth.tokens.claims_path import ClaimsPathError, parse_path

HASURA_NAMESPACE: Final = "https://hasura.io/jwt/claims"
"""The claim that holds role and session variables where no other is named."""
MOST_SKEW: Final = 60
"""Seconds by which clocks may differ."""
_VARIABLE = re.compile(r"x-hasura-[\x21-\x7e]{1,100}", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_FAMILIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("HS256", "HS384", "HS512"), "HMAC"),
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("EdDSA", "Ed25519"), "Ed25519"),
}
Algorithm = Literal[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
]  # fmt: skip


class AuthFileError(Exception):
    """The section is wrong. The text is one line: the entry, and what is wrong with it."""


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f"'{name}' is no session variable: their names begin with x-hasura-")
    return name.lower()


def _header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise ValueError(f"'{name}' is no name of a header or cookie")
    return name


def _url(url: str) -> str:
    try:
        checked_url(url)
    except UrlError as error:
        raise ValueError(str(error)) from None
    return url


def _path(path: str) -> str:
    try:
        parse_path(path)
    except ClaimsPathError as error:
        raise ValueError(str(error)) from None
    return path


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _other_role(name: str) -> str:
    if name == ADMIN_ROLE:
        raise ValueError(f"'{ADMIN_ROLE}' may do everything, and is not given to callers without credentials")
    return name


Text = Annotated[str, AfterValidator(_text)]
Variable = Annotated[str, AfterValidator(_variable)]
Header = Annotated[str, AfterValidator(_header)]
Url = Annotated[str, AfterValidator(_url)]
Path = Annotated[str, AfterValidator(_path)]


class _AuthModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Waived(_AuthModel):
    """`any: true` in place of a value: it is not checked, and that is said."""

    any: Literal[True]


class FromClaim(_AuthModel):
    """Where in a token a session variable comes from, and its value where the token has none."""

    path: Path
    default: str | int | bool | list[str] | None = None


MapValue = str | int | bool | list[str] | FromClaim


class Claims(_AuthModel):
    """Where in a token role and session variables stand: below one claim, or each where `map` says."""

    namespace: Text | None = None
    namespace_path: Path | None = None
    format: Literal["json", "stringified_json"] = "json"
    map: dict[Variable, MapValue] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Claims:
        ways = [name for name in ("namespace", "namespace_path", "map") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"'{ways[0]}' and '{ways[1]}' are both there; leave one out")
        if self.map is not None:
            if "x-hasura-default-role" not in self.map:
                raise ValueError("map: 'x-hasura-default-role' is missing")
            for value in self.map.values():
                if isinstance(value, str) and value.startswith("$"):
                    _path(value)
        return self


class TokenHeader(_AuthModel):
    """Where in a request the token stands, in Hasura's words."""

    type: Literal["Authorization", "Cookie", "CustomHeader"]
    name: Header | None = None

    @model_validator(mode="after")
    def _named(self) -> TokenHeader:
        if (self.name is None) != (self.type == "Authorization"):
            raise ValueError("'name' goes with type Cookie and CustomHeader")
        return self


_KEYS = ("jwks", "key", "key_file", "secret_env", "secret_file")


class JwtIssuer(_AuthModel):
    """One issuer of tokens: how its tokens are verified, and where they say who is asking."""

    issuer: Text | Waived
    audience: Text | list[Text] | Waived
    algorithms: Annotated[list[Algorithm], Field(min_length=1)]
    jwks: Url | None = None
    key: Text | None = None
    key_file: Text | None = None
    secret_env: Text | None = None
    secret_file: Text | None = None
    claims: Claims = Claims()
    header: TokenHeader = TokenHeader(type="Authorization")
    type: Text | None = None
    allowed_skew: Annotated[int, Field(ge=0, le=MOST_SKEW)] = 0

    @model_validator(mode="after")
    def _fits(self) -> JwtIssuer:
        given = [name for name in _KEYS if getattr(self, name) is not None]
        if len(given) != 1:
            what = f"'{given[0]}' and '{given[1]}' are both there; leave one out" if given else "no key"
            raise ValueError(f"{what}: it takes one of {', '.join(_KEYS)}")
        families = sorted({_FAMILIES[name] for name in self.algorithms})
        if len(families) > 1:
            raise ValueError(f"algorithms: {' and '.join(families)} do not go together; make each an issuer of its own")
        if (families == ["HMAC"]) != given[0].startswith("secret_"):
            raise ValueError(
                f"{given[0]}: {'HS algorithms take' if families == ['HMAC'] else 'only HS algorithms take'}"
                " a secret (secret_env or secret_file)"
            )
        if self.audience == []:
            raise ValueError("audience: the list is empty; to accept tokens for anybody write {any: true}")
        return self

    @property
    def audiences(self) -> frozenset[str] | None:
        """Whom tokens must be meant for; None for anybody."""
        if isinstance(self.audience, Waived):
            return None
        return frozenset([self.audience] if isinstance(self.audience, str) else self.audience)

    @property
    def name(self) -> str | None:
        """The `iss` of its tokens; None for any."""
        return None if isinstance(self.issuer, Waived) else self.issuer


class ApiKey(_AuthModel):
    """A key that a program sends: its SHA-256 in hexadecimal, and who it stands for until `expires`."""

    name: Text
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    role: Text
    variables: dict[Variable, str | int | bool] = {}
    expires: datetime | date | None = None


class WebhookConfig(_AuthModel):
    """An address that is asked who is asking, as Hasura's.

    `headers` are those of the client that it is told; None for all. `timeout_seconds` bound one answer.
    """

    url: Url
    mode: Literal["GET", "POST"] = "GET"
    headers: list[Header] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0


class TenantLine(_AuthModel):
    """The column that says whose a row is, and the session variable that it equals, for every role and table."""

    column: Text
    variable: Variable


class AuthFile(_AuthModel):
    """The whole section."""

    jwt: list[JwtIssuer] = []
    anonymous: Annotated[Text, AfterValidator(_other_role)] | None = None
    api_key_header: Header = "x-api-key"
    api_keys: list[ApiKey] = []
    webhook: WebhookConfig | None = None
    tenant: TenantLine | None = None

    @property
    def reads_cookies(self) -> bool:
        """Whether what a browser sends by itself may say who is asking."""
        return self.webhook is not None or any(each.header.type == "Cookie" for each in self.jwt)

    @model_validator(mode="after")
    def _together(self) -> AuthFile:
        if self.jwt and self.webhook:
            raise ValueError("'jwt' and 'webhook' are both there; leave one out")
        if self.anonymous and self.webhook:
            raise ValueError("'anonymous' and 'webhook' are both there: the webhook says who is anonymous")
        issuers = [each.name for each in self.jwt]
        if len(set(issuers)) < len(issuers):
            raise ValueError("jwt: two entries have the same issuer")
        if None in issuers and len(issuers) > 1:
            raise ValueError("jwt: with several entries each names its issuer")
        for what in ("name", "sha256"):
            values = [getattr(each, what) for each in self.api_keys]
            if len(set(values)) < len(values):
                raise ValueError(f"api_keys: two entries have the same {what}")
        return self


_KINDS: Final = frozenset({"str", "int", "bool", "datetime", "date", "Waived", "FromClaim"})


def read_auth(raw: Mapping[str, object]) -> AuthFile:
    """The section as values. Raises `AuthFileError`."""
    try:
        return AuthFile.model_validate(dict(raw))
    except ValidationError as error:
        raise AuthFileError(_complaint(error)) from None


def _complaint(error: ValidationError) -> str:
    """The first thing that is wrong. Values are not shown: one may be a secret in the wrong place."""
    first: dict[str, Any] = dict(error.errors(include_url=False, include_context=False, include_input=False)[0])
    # Of a value that may be of several kinds, pydantic names the kind, too.
    parts = [str(part) for part in first["loc"] if str(part) not in _KINDS and "[" not in str(part)]
    entry = ".".join(("auth", *parts))
    return f"{entry}: {first['msg'].removeprefix('Value error, ')}"
