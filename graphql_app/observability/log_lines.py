"""The form of a line of the log: fields -> one line of at most 2 KB, as text or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import orjson

LINE_LIMIT: Final = 2048
"""The most bytes of a line, its end included."""
FIELD_LIMIT: Final = 1400
"""The most characters of one field."""

Fields = dict[str, object]
Form = Callable[[float, str, str, Fields], bytes]
"""The line of a moment (Unix time), a level, an event and its fields, its end included."""

_PLAIN = re.compile(r"[\w.,:;/+*%@()\[\]<>-]+", re.ASCII)
_MOST_WORDS: Final = 1_000
_WORD_LENGTH: Final = 100
_LARGEST: Final = 2**63
_words: dict[str, str] = {}
"""Texts that were written before, as they are written: names of operations and addresses come again and again."""
_level_words: dict[str, str] = {}
_second: tuple[int, str] = (0, "")


def json_line(moment: float, level: str, event: str, found: Fields) -> bytes:
    """A line as a JSON object. Fields at the end give way where it would be too long."""
    parts: Fields = {"time": _time(moment), "level": level, "event": event}
    parts.update(found)
    try:
        line = orjson.dumps(parts, option=orjson.OPT_APPEND_NEWLINE)
        if len(line) < FIELD_LIMIT:
            return line
    except TypeError:
        pass  # what is no proper text, or no number that JSON's readers take
    parts = {name: _clipped(value) for name, value in parts.items()}
    line = orjson.dumps(parts, option=orjson.OPT_APPEND_NEWLINE)
    while len(line) > LINE_LIMIT:
        name = max(parts, key=lambda each: len(str(parts[each])))
        parts[name] = str(parts[name])[: len(str(parts[name])) // 2]
        line = orjson.dumps(parts, option=orjson.OPT_APPEND_NEWLINE)
    return line


def text_line(moment: float, level: str, event: str, found: Fields) -> bytes:
    """A line for the eye: time, level, event, then `name=value`."""
    if event == "log":
        found = dict(found)
        event = f"{found.pop('logger')}: {one_line(str(_clipped(found.pop('message'))))}"
    parts = [_time(moment), _level_words.get(level) or _level_word(level), event]
    for name, value in found.items():
        if type(value) is int or type(value) is float:
            parts.append(f"{name}={value}")
        elif type(value) is str:
            # Each request has another id.
            word = _words.get(value) or (_escaped(value) if name == "request" else _word(value))
            parts.append(f"{name}={word}")
        else:
            parts.append(f"{name}={_escaped(value)}")
    line = " ".join(parts).encode()
    if len(line) >= LINE_LIMIT:
        line = line[: LINE_LIMIT - 1].decode(errors="ignore").encode()
    return line + b"\n"


FORMS: Final[Mapping[str, Form]] = {"text": text_line, "json": json_line}


def _time(moment: float) -> str:
    global _second  # one reference to both, for threads
    second, prefix = _second
    now = int(moment)
    if now != second:
        prefix = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        _second = now, prefix
    return f"{prefix}.{int((moment - now) * 1000):03}Z"


def _level_word(level: str) -> str:
    word = _level_words[level] = f"{level.upper():<7}"
    return word


def _word(text: str) -> str:
    word = _escaped(text)
    if len(text) <= _WORD_LENGTH:
        if len(_words) >= _MOST_WORDS:
            _words.clear()
        _words[text] = word
    return word


def _escaped(value: object) -> str:
    if type(value) is str and len(value) <= _WORD_LENGTH and _PLAIN.fullmatch(value):
        return value  # most words
    text = str(_clipped(value))
    return text if _PLAIN.fullmatch(text) else f'"{one_line(text)}"'


def _clipped(value: object) -> object:
    if isinstance(value, str):
        # Also what is no proper text must not break the log.
        clean = value.encode(errors="replace").decode()
        return clean if len(clean) <= FIELD_LIMIT else clean[:FIELD_LIMIT] + "…"
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        return str(value)[:FIELD_LIMIT]
    return value if isinstance(value, int | float | bool | None) else str(value)[:FIELD_LIMIT]


def one_line(text: str) -> str:
    """The text with everything that is no plain character, and the quote, written as in JSON."""
    return text.replace('"', '\\"') if text.isprintable() and "\\" not in text else json.dumps(text)[1:-1]
