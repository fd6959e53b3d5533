"""The rows of the bench's tables: made from a fixed seed, the same on every machine, written as tab-separated text.

Sizes and shapes are those of a well-known small shop of music, and of a log of events;
the texts are ours. MariaDB's LOAD DATA and PostgreSQL's COPY both read the files as they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

SEED: Final = 20250101
ARTISTS: Final = 275
GENRES: Final = 25
ALBUMS: Final = 347
TRACKS: Final = 3_503
EVENTS: Final = 200_000

Value = str | int | float | None
Rows = Iterator[tuple[Value, ...]]

_WORDS: Final = (
    "love night the river of stone and fire blue dream road in rain a light my heart black star over sun dance "
    "with wild time you sea gone home wind old city don't stop moon little red house on coração mañana für élan "
    "ночь 東京 summer \"live\" pt. 2 rock'n'roll remastered"
).split(" ")
_GENRES: Final = (
    "Rock,Jazz,Metal,Alternative & Punk,Rock And Roll,Blues,Latin,Reggae,Pop,Soundtrack,Bossa Nova,Easy Listening,"
    "Heavy Metal,R&B/Soul,Electronica/Dance,World,Hip Hop/Rap,Science Fiction,TV Shows,Sci Fi & Fantasy,Drama,"
    "Comedy,Alternative,Classical,Opera"
).split(",")
_GENRE_WEIGHTS: Final = (
    1297, 130, 374, 332, 12, 81, 579, 58, 48, 43, 15, 24, 28, 61, 30, 28, 35, 13, 93, 26, 64, 17, 40, 74, 1,
)  # fmt: skip
_KINDS: Final = ("view", "view", "view", "click", "click", "search", "purchase", "login", "error")
_NOTES: Final = ("", "retried after a timeout", 'said "no thanks"', "path C:\\tmp", "emoji 🎉🎧", "line one\nline two")


def _title(draw: random.Random, fewest: int, most: int) -> str:
    return " ".join(draw.choices(_WORDS, k=draw.randint(fewest, most))).capitalize()


def _artists(draw: random.Random) -> Rows:
    for number in range(1, ARTISTS + 1):
        yield number, _title(draw, 1, 4)


def _genres(_draw: random.Random) -> Rows:
    yield from enumerate(_GENRES, 1)


def _albums(draw: random.Random) -> Rows:
    # A quarter of the artists have no album, some have many.
    active = draw.sample(range(1, ARTISTS + 1), 204)
    owners = active + [active[int(draw.random() ** 3 * len(active))] for _ in range(ALBUMS - len(active))]
    draw.shuffle(owners)
    for number, owner in enumerate(owners, 1):
        yield number, _title(draw, 2, 6), owner


def _tracks(draw: random.Random) -> Rows:
    albums = list(range(1, ALBUMS + 1)) + [draw.randint(1, ALBUMS) for _ in range(TRACKS - ALBUMS)]
    albums.sort()
    for number, album in enumerate(albums, 1):
        composer = None if draw.random() < 0.28 else ", ".join(_title(draw, 2, 3) for _ in range(draw.randint(1, 3)))
        milliseconds = int(draw.lognormvariate(12.4, 0.4))
        genre = draw.choices(range(1, GENRES + 1), _GENRE_WEIGHTS)[0]
        price = "1.99" if draw.random() < 0.06 else "0.99"
        yield number, _title(draw, 2, 5), album, genre, composer, milliseconds, milliseconds * 33 + album, price


def _events(draw: random.Random) -> Rows:
    start = datetime(2024, 1, 1)
    for number in range(1, EVENTS + 1):
        moment = start + timedelta(seconds=number * 137 + draw.randint(0, 100))
        kind = draw.choice(_KINDS)
        path = "/" + "/".join(draw.choices(("music", "album", "track", "search", "cart", "help", "a-b_c"), k=5))
        referrer = None if draw.random() < 0.4 else f"https://example.com/{draw.getrandbits(64):x}"
        note = None if draw.random() < 0.3 else f"{draw.choice(_NOTES)} {draw.getrandbits(96):x}".strip()
        yield (
            number,
            draw.randint(1, 5_000),
            kind,
            moment.isoformat(" "),
            moment.date().isoformat(),
            f"{path}?q={draw.getrandbits(32):x}",
            referrer,
            draw.choice((200, 200, 200, 201, 304, 404, 500)),
            round(draw.expovariate(1 / 80), 3),
            f"{draw.randint(100, 99_999) / 100:.2f}" if kind == "purchase" else None,
            int(draw.random() < 0.9),
            note,
        )


def _nothing(_draw: random.Random) -> Rows:
    return iter(())


_MAKERS: Final[dict[str, Callable[[random.Random], Rows]]] = {
    "artists": _artists,
    "genres": _genres,
    "albums": _albums,
    "tracks": _tracks,
    "events": _events,
    "comments": _nothing,
}


def rows(table: str) -> Rows:
    """The rows of a table, `id` first, in the order of its columns; the same whenever it is called."""
    return _MAKERS[table](random.Random(f"{SEED} {table}"))


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _field(value: Value) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else repr(value)


def write(table: str, file: Path) -> None:
    """Writes a table's rows as the tab-separated text that both databases load."""
    with file.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows(table):
            out.write("\t".join(map(_field, row)) + "\n")
