"""`graphql_app.yaml`: relations that the database does not declare, and other names. Read strictly."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schema_gen.catalog.model import ForeignKey
from schema_gen.catalog.overrides import Customization, TableNaming
from schema_gen.names.identifiers import is_legal


class CustomizationFileError(Exception):
    """The file is wrong. The text is one line: the file, the entry, and what is wrong with it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Relation(_Strict):
    """A relation: columns of one table that hold the key of another."""

    table: str
    columns: list[str] = Field(min_length=1)
    to_table: str
    to_columns: list[str] = Field(min_length=1)


class _Table(_Strict):
    """Other names for a table, its columns and its relations."""

    name: str = ""
    columns: dict[str, str] = {}
    relations: dict[str, str] = {}

    @field_validator("name", "columns", "relations")
    @classmethod
    def _legal(cls, value: str | dict[str, str]) -> str | dict[str, str]:
        for name in [value] if isinstance(value, str) else value.values():
            if name and not is_legal(name):
                raise ValueError(f"'{name}' is no name that GraphQL takes")
        return value


class _File(_Strict):
    relations: list[_Relation] = []
    tables: dict[str, _Table] = {}


def read_customization(path: Path) -> Customization:
    """What the file says. Raises `CustomizationFileError`."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        read = _File.model_validate(content or {})
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        raise CustomizationFileError(f"{path.name}: no YAML{f' (line {place.line + 1})' if place else ''}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        entry = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CustomizationFileError(f"{path.name}: {entry}: {first['msg'].removeprefix('Value error, ')}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CustomizationFileError(f"{path.name} cannot be read ({type(error).__name__})") from None
    return Customization(
        tuple(
            ForeignKey("", each.table, tuple(each.columns), each.to_table, tuple(each.to_columns), enforced=False)
            for each in read.relations
        ),
        {name: TableNaming(each.name, each.columns, each.relations) for name, each in read.tables.items()},
    )


def written(relations: Iterable[ForeignKey]) -> str:
    """Relations as the file has them."""
    entries = [
        {
            "table": each.table,
            "columns": list(each.columns),
            "to_table": each.to_table,
            "to_columns": list(each.to_columns),
        }
        for each in relations
    ]
    return yaml.safe_dump({"relations": entries}, sort_keys=False, allow_unicode=True, default_flow_style=None)
