"""A described operation -> GraphQL text and variables."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.differential.query import Condition, Field, Fragment, Input, Operation, Piece, Spread, Way, Word, plain

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Printed:
    """What is sent."""

    text: str
    variables: dict[str, Any]


@dataclass(slots=True)
class _Printer:
    """Collects variables and fragments while it prints; what occurs twice is declared once."""

    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)

    def pieces(self, pieces: tuple[Piece, ...]) -> str:
        """A selection set."""
        return "{ " + " ".join(self.piece(piece) for piece in pieces) + " }"

    def piece(self, piece: Piece) -> str:
        """One entry of a selection set."""
        conditions = "".join(self.condition(condition) for condition in piece.conditions)
        if isinstance(piece, Spread):
            return self.spread(piece.fragment, conditions)
        return self.field(piece, conditions)

    def field(self, piece: Field, conditions: str) -> str:
        """A field."""
        alias = f"{piece.alias}: " if piece.alias else ""
        given = ", ".join(f"{name}: {self.value(item)}" for name, item in (piece.arguments or {}).items())
        inner = f" {self.pieces(piece.inner)}" if piece.inner is not None else ""
        return f"{alias}{piece.name}{f'({given})' if given else ''}{conditions}{inner}"

    def spread(self, fragment: Fragment, conditions: str) -> str:
        """A fragment, inline if it has no name."""
        if not fragment.name:
            on = f" on {fragment.type}" if fragment.type else ""
            return f"...{on}{conditions} {self.pieces(fragment.inner)}"
        if fragment.name not in self.fragments:
            inner = self.pieces(fragment.inner)
            self.fragments[fragment.name] = f"fragment {fragment.name} on {fragment.type} {inner}"
        return f"...{fragment.name}{conditions}"

    def condition(self, condition: Condition) -> str:
        """A directive."""
        return f" @{condition.name}(if: {self.value(condition.value)})"

    def value(self, given: Input) -> str:
        """A value where it stands: spelt out, or a variable."""
        if given.way is Way.LITERAL:
            return _literal(given, self.value)
        if id(given) not in self.names:
            self.names[id(given)] = f"v{len(self.names)}"
            self.declare(self.names[id(given)], given)
        return f"${self.names[id(given)]}"

    def declare(self, name: str, given: Input) -> None:
        """The variable of a value."""
        type_ = given.type + ("!" if given.required else "")
        match given.way:
            case Way.DEFAULT:
                # With a default that is not null, a variable that may be null may stand where null may not.
                self.declared[name] = f"${name}: {given.type} = {_literal(given, _spelt_out)}"
                return
            case Way.OVERRIDING:
                type_ += " = null"
            case Way.ABSENT:
                self.declared[name] = f"${name}: {given.type}"
                return
        self.declared[name] = f"${name}: {type_}"
        self.variables[name] = plain(given)


def _spelt_out(given: Input) -> str:
    return _literal(given, _spelt_out)


def _literal(given: Input, inner: Any) -> str:
    content = given.content
    if isinstance(content, Word):
        return content.name
    if isinstance(content, tuple):
        return "[" + ", ".join(inner(item) for item in content) + "]"
    if isinstance(content, dict) and all(isinstance(item, Input) for item in content.values()):
        parts = content.items() if inner is not _spelt_out else _present(content)
        return "{" + ", ".join(f"{name}: {inner(item)}" for name, item in parts) + "}"
    return _json_literal(content)


def _present(content: dict[str, Input]) -> list[tuple[str, Input]]:
    """A default value cannot refer to variables."""
    return [(name, item) for name, item in content.items() if item.way is not Way.ABSENT]


def _json_literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_json_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def printed(operation: Operation) -> Printed:
    """The operation's text and variables."""
    printer = _Printer()
    roots = printer.pieces(operation.roots)
    declared = f"({', '.join(printer.declared.values())})" if printer.declared else ""
    head = f"{operation.kind} {operation.name or ''}{declared} "
    if operation.kind == "query" and not operation.name and not declared:
        head = ""
    return Printed("\n".join([head + roots, *printer.fragments.values()]), printer.variables)
