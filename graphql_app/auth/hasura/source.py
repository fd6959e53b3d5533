"""A metadata directory, or the JSON export, as one document in which every part knows its file and key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from graphql_app.config.overrides_file import CustomizationFileError, read_yaml

INCLUDE: Final = "!include "


class MetadataError(Exception):
    """The metadata is wrong, or says what is not honoured. The text is one line: file, key, and what it is."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the document: `key` is its place in `file`, which is in the directory `root`."""

    root: Path
    file: Path
    key: tuple[str | int, ...]
    value: Any

    @property
    def place(self) -> str:
        """File and key, as messages name them."""
        file = self.file.relative_to(self.root).as_posix()
        return f"{file}: {'.'.join(map(str, self.key))}" if self.key else file

    def wrong(self, what: str) -> NoReturn:
        """Raises `MetadataError`."""
        raise MetadataError(f"{self.place}: {what}")

    def get(self, key: str) -> Node | None:
        """The part of an object called so; None where it is not there, or says nothing."""
        value = self.object().get(key)
        return None if says_nothing(value) else self._part(key, value)

    def need(self, key: str) -> Node:
        """The same; raises where it is not there."""
        found = self.object().get(key)
        if found is None:
            self.wrong(f"'{key}' is missing")
        return self._part(key, found)

    def items(self) -> Iterator[Node]:
        """The parts of a list."""
        if not isinstance(self.value, list):
            self.wrong("takes a list")
        for place, value in enumerate(self.value):
            yield self._part(place, value)

    def object(self) -> Mapping[str, Any]:
        """The value of an object."""
        if not isinstance(self.value, dict) or not all(isinstance(each, str) for each in self.value):
            self.wrong("takes an object")
        return self.value

    def text(self) -> str:
        """The value of a text."""
        if not isinstance(self.value, str) or not self.value:
            self.wrong("takes a text")
        return self.value

    def refuse_all_but(self, known: Iterable[str]) -> None:
        """Refuses keys that are not honoured, unless they say nothing."""
        honoured = frozenset(known)
        for key, value in self.object().items():
            if key not in honoured and not says_nothing(value):
                self._part(key, value).wrong("is not honoured here; take it out of the metadata")

    def _part(self, key: str | int, value: Any) -> Node:
        if isinstance(value, str) and value.startswith(INCLUDE):
            return self._included(key, value.removeprefix(INCLUDE).strip())
        return Node(self.root, self.file, (*self.key, key), value)

    def _included(self, key: str | int, name: str) -> Node:
        path = (self.file.parent / name).resolve()
        if not path.is_relative_to(self.root) or not path.is_file():
            Node(self.root, self.file, (*self.key, key), name).wrong(f"there is no file '{name}' in the metadata")
        return _file(self.root, path)


def says_nothing(value: object) -> bool:
    """Whether a value is one that Hasura writes where nothing is said: null, false, an empty text, list or object."""
    if isinstance(value, dict):
        return all(map(says_nothing, value.values()))
    if isinstance(value, list):
        return all(map(says_nothing, value))
    return value is None or value is False or value == ""


def read_source(path: Path) -> Node:
    """The document at `path`: a directory of YAML files, or a JSON file. Raises `MetadataError`."""
    return _directory(path.resolve()) if path.is_dir() else _export(path.resolve())


def _file(root: Path, path: Path) -> Node:
    try:
        return Node(root, path, (), read_yaml(path))
    except CustomizationFileError as error:
        raise MetadataError(str(error)) from None


def _export(path: Path) -> Node:
    try:
        value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
    except ValueError as error:
        raise MetadataError(f"{path.name}: no JSON ({error})") from None
    except OSError as error:
        raise MetadataError(f"{path.name} cannot be read ({type(error).__name__})") from None
    found = Node(path.parent, path, (), value)
    # What the API exports stands below `metadata`, beside its version.
    return found.need("metadata") if "metadata" in found.object() else found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"'{next(name for name in names if names.count(name) > 1)}' is there twice")
    return found


def _directory(root: Path) -> Node:
    """The files of a directory as the parts of one object, `databases/databases.yaml` being its `sources`."""
    parts: dict[str, Any] = {}
    for file in sorted(root.glob("*.y*ml")):
        if file.stem == "version":
            parts["version"] = _file(root, file).need("version").value
        elif not says_nothing(_file(root, file).value):
            parts[file.stem] = f"{INCLUDE}{file.name}"
    if not (root / "databases" / "databases.yaml").is_file():
        raise MetadataError(f"{root.name}: there is no databases/databases.yaml; it takes metadata of version 3")
    parts["sources"] = f"{INCLUDE}databases/databases.yaml"
    return Node(root, root / "metadata", (), parts)
