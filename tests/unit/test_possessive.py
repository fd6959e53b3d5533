"""Possessive patterns mean on every Python what a scanner by hand means: before 3.11.5 some lose their place."""

from __future__ import annotations

import re
from random import Random

from graphql_app.csv_io.dialect import NEW_LINE, cell_pattern, record_pattern
from graphql_app.csv_io.record_end import RecordEnd
from graphql_app.graphql_api.documents.limits import TOKEN

CASES = 30_000


def texts(alphabet: str, longest: int = 16) -> list[str]:
    """Short random texts, the same in every run."""
    draw = Random(1)
    return ["".join(draw.choices(alphabet, k=draw.randint(0, longest))) for _ in range(CASES)]


# --- GraphQL's tokens -------------------------------------------------------


def block_end(text: str, place: int) -> int:
    """Where a block string ends that is open at `place`."""
    while place < len(text) and not text.startswith('"""', place):
        place += 4 if text.startswith('\\"""', place) else 1
    return min(place + 3, len(text)) if text.startswith('"""', place) else place


def string_end(text: str, place: int) -> int:
    """Where a string ends that is open at `place`, or breaks off."""
    while place < len(text) and text[place] not in '"\n\r':
        if text[place] == "\\":
            if place + 1 == len(text) or text[place + 1] == "\n":
                return place
            place += 1
        place += 1
    return place + 1 if text[place : place + 1] == '"' else place


def tokens_by_hand(text: str) -> list[str]:
    """Strings, block strings and comments, and every other character that is no blank."""
    place, found = 0, []
    while place < len(text):
        if text[place] in " \n,":
            place += 1
            continue
        if text.startswith('"""', place):
            end = block_end(text, place + 3)
        elif text[place] == '"':
            end = string_end(text, place + 1)
        elif text[place] == "#":
            end = min([at for at in (text.find("\n", place), text.find("\r", place)) if at >= 0], default=len(text))
        else:
            end = place + 1
        found.append(text[place:end])
        place = end
    return found


def test_tokens_are_those_of_a_scanner_by_hand() -> None:
    for text in texts('""""\\\n $#,'):
        found = [token for token in TOKEN.findall(text) if token]
        assert found == tokens_by_hand(text), text


# --- CSV --------------------------------------------------------------------


def test_records_end_where_a_scanner_by_hand_ends_them() -> None:
    for delimiter in ",;":
        record = re.compile(record_pattern(delimiter) + NEW_LINE)
        for text in texts(f'""{delimiter}\n\ra'):
            data = text.encode()
            found, end = record.match(data), RecordEnd(delimiter).find(data)
            assert (found is None) is (end < 0), text
            assert found is None or data[: found.end()].rstrip(b"\r\n") == data[:end].rstrip(b"\r\n"), text


def test_cells_are_those_of_a_scanner_by_hand() -> None:
    """A cell ends where a record of one cell would."""
    cell = re.compile(cell_pattern(",") + rb"(?=[,\r\n])")
    for text in texts('"",\n\ra'):
        data = text.encode()
        found, end = cell.match(data), RecordEnd("\n").find(data)
        if found is not None:
            assert data[found.end() : found.end() + 1] in (b",", b"\n", b"\r")
        else:
            assert end < 0, text
