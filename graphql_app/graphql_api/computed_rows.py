"""Rows that computed fields belong to: the engine's text read into objects, every number kept as it was written."""

from __future__ import annotations

import json
from typing import Any

import orjson
from graphql import GraphQLResolveInfo, default_field_resolver, get_named_type, is_leaf_type

_LONGEST_INTEGER = 18
"""Characters of an integer that orjson can write for certain."""


class AnswerRow(dict[str, Any]):
    """An object of the engine's answer, by the answer's own keys."""


class ExactNumber(float):
    """A number that keeps the text that it was written as."""

    __slots__ = ("text",)
    text: bytes

    @classmethod
    def of(cls, text: str) -> ExactNumber:
        """The number that `text` stands for."""
        made = cls(text)
        made.text = text.encode()
        return made


def read_rows(text: bytes) -> Any:
    """The value of a JSON text whose objects are `AnswerRow`s."""
    return json.loads(text, object_pairs_hook=AnswerRow, parse_float=ExactNumber.of, parse_int=_integer)


def _integer(text: str) -> int | ExactNumber:
    return int(text) if len(text) <= _LONGEST_INTEGER else ExactNumber.of(text)


def exact(value: object) -> object:
    """What orjson cannot write by itself: see `orjson.dumps(default=…)`."""
    if isinstance(value, ExactNumber):
        return orjson.Fragment(value.text)
    raise TypeError(f"no JSON for {type(value).__name__}")


def resolve_field(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The default resolver: of a `AnswerRow` what the engine answered, as it is; of anything else as graphql-core's."""
    if type(source) is not AnswerRow:
        return default_field_resolver(source, info, **arguments)
    value = source[str(info.path.key)]
    if value is not None and is_leaf_type(get_named_type(info.return_type)):
        return orjson.Fragment(orjson.dumps(value, default=exact))
    return value
