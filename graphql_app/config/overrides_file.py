"""`graphql_app.yaml`: relations that the database does not declare, other names, identities, roles. Read strictly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schema_gen.catalog.model import ForeignKey
from schema_gen.catalog.overrides import NOTHING, Customization, TableNaming
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
    auth: dict[str, Any] | None = None
    roles: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What the file says. `auth` and `roles` are as they stand there, for `graphql_app.auth` to read; None: not there.

    `name` is the file's own, for messages.
    """

    name: str
    customization: Customization = NOTHING
    auth: Mapping[str, object] | None = None
    roles: Mapping[str, object] | None = None


class _Twice(yaml.MarkedYAMLError):
    """An entry is there twice."""


_MERGE = "tag:yaml.org,2002:merge"


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is there: rules of a thousand tables are read ten times as fast."""


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises `CustomizationFileError`, also for an entry that is there twice.

    Of two rules the second would silently take the place of the first.
    """
    try:
        return _content(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" (line {place.line + 1})" if place else ""
        what = error.problem if isinstance(error, _Twice) else "no YAML"
        raise CustomizationFileError(f"{path.name}: {what}{line}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CustomizationFileError(f"{path.name} cannot be read ({type(error).__name__})") from None


def _content(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_twice(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_twice(document: yaml.Node) -> None:
    pending, seen = [document], set()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            pending.extend(value for _, value in node.value)
            keys: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                    if key.value in keys:
                        raise _Twice(None, None, f"'{key.value}' is there twice", key.start_mark)
                    keys.add(key.value)


def read_customization(path: Path) -> Customization:
    """What the file says of relations and names. Raises `CustomizationFileError`."""
    return read_config_file(path).customization


def read_config_file(path: Path) -> ConfigFile:
    """All that the file says. Raises `CustomizationFileError`."""
    try:
        read = _File.model_validate(read_yaml(path) or {})
    except ValidationError as error:
        raise CustomizationFileError(f"{path.name}: {first_complaint(error)}") from None
    # What is there and says nothing, is not what is not there: `roles:` alone lets nobody in.
    auth, roles = ((getattr(read, name) or {}) if name in read.model_fields_set else None for name in ("auth", "roles"))
    return ConfigFile(path.name, _customization(read), auth, roles)


def first_complaint(error: ValidationError) -> str:
    """The first thing that is wrong, in one line: the entry, and what is wrong with it."""
    first = error.errors(include_url=False, include_context=False)[0]
    entry = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{entry}: {first['msg'].removeprefix('Value error, ')}"


def _customization(read: _File) -> Customization:
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
