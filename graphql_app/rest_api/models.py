"""The bodies of REST requests as pydantic models, and what a body that does not fit is told."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graphql_app.errors import Code, RequestError, shown_name

Columns = Annotated[dict[str, Any], Field(description="Columns and their values.")]


class _Body(BaseModel):
    # A misspelt "where" must never pass as an absent one.
    model_config = ConfigDict(extra="forbid", frozen=True)


class CRUDRequest(_Body):
    """Insert: `input` is a row or a list of rows. Query: the columns and the values they must equal."""

    input: Columns | list[Columns]


class UpdateRequest(_Body):
    """Update: `input` holds the new values, `where` the conditions, of which there must be one."""

    input: Columns
    where: Columns | None = None


class DeleteRequest(_Body):
    """Delete: `input` holds the conditions, of which there must be one."""

    input: Columns | None = None


Model = TypeVar("Model", bound=BaseModel)


_WORDS = {
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "extra_forbidden": "is not known here",
    "missing": "is missing",
}


def validate_body(model: type[Model], body: object) -> Model:
    """`body` as a `model`.

    Raises:
        RequestError: INVALID_BODY, naming the place that does not fit.
    """
    if isinstance(body, dict):
        _check_parts(model, body)
    try:
        return model.model_validate(body)
    except ValidationError as error:
        # Each branch of a union complains; the one that got furthest is the one that was meant.
        found = max(error.errors(include_url=False, include_context=False), key=lambda each: len(each["loc"]))
        place = ".".join(str(step) for step in found["loc"] if "[" not in str(step)) or "the whole of it"
        words = _WORDS.get(found["type"], found["msg"])
        raise _misfit(place, words) from None


def _check_parts(model: type[BaseModel], body: dict[str, Any]) -> None:
    """Refuses what there may be hundreds of thousands of: pydantic would make an error for each. As `validate_body`."""
    if not body.keys() <= model.model_fields.keys():
        unknown = next(name for name in body if name not in model.model_fields)
        known = " and ".join(f"'{name}'" for name in model.model_fields)
        raise _misfit(shown_name(unknown), f"is not known here; columns and values stand in {known}")
    rows = body.get("input")
    if isinstance(rows, list):
        wrong = [place for place, row in enumerate(rows) if not isinstance(row, dict)]
        if wrong:
            more = f" ({len(wrong)} of {len(rows)} are none)" if len(wrong) > 1 else ""
            raise _misfit(f"input.{wrong[0]}", f"must be an object{more}")


def _misfit(place: str, words: str) -> RequestError:
    return RequestError(Code.INVALID_BODY, f"The body does not fit: {place} {words}")
