"""The hand-made schema: a type a table, a data loader a relation, documents parsed and validated once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from bench.by_hand.rows import Rows


class Context:
    """What the resolvers of one request share."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.albums_of = DataLoader(load_fn=self._albums_of)
        self.tracks_of = DataLoader(load_fn=self._tracks_of)
        self.genre = DataLoader(load_fn=self._genre)

    async def _albums_of(self, artists: list[int]) -> list[list[Album]]:
        found = await self.rows.of(f"SELECT {ALBUM} FROM albums WHERE artist_id IN (%s) ORDER BY id", artists)
        albums = defaultdict(list)
        for row in found:
            albums[row[2]].append(_album(row))
        return [albums[artist] for artist in artists]

    async def _tracks_of(self, albums: list[int]) -> list[list[Track]]:
        found = await self.rows.of(f"SELECT {TRACK} FROM tracks WHERE album_id IN (%s) ORDER BY id", albums)
        tracks = defaultdict(list)
        for row in found:
            tracks[row[2]].append(_track(row))
        return [tracks[album] for album in albums]

    async def _genre(self, genres: list[int]) -> list[Genre | None]:
        found = await self.rows.of("SELECT id,name FROM genres WHERE id IN (%s)", genres)
        by_key = {key: Genre(id=key, name=name) for key, name in found}
        return [by_key.get(genre) for genre in genres]


InfoOf = Info[Context, None]


@strawberry.type
class Genre:
    """A row of `genres`."""

    id: int
    name: str | None


@strawberry.type
class Track:
    """A row of `tracks`."""

    id: int
    name: str
    album_id: int | None
    genre_id: int | None
    composer: str | None
    milliseconds: int
    bytes: int | None
    unit_price: str

    @strawberry.field
    async def genre(self, info: InfoOf) -> Genre | None:
        """Its genre, if it has one."""
        return None if self.genre_id is None else await info.context.genre.load(self.genre_id)


@strawberry.type
class Album:
    """A row of `albums`."""

    id: int
    title: str
    artist_id: int

    @strawberry.field
    async def tracks(self, info: InfoOf) -> list[Track]:
        """Its tracks in the order of their keys."""
        return await info.context.tracks_of.load(self.id)


@strawberry.type
class Artist:
    """A row of `artists`."""

    id: int
    name: str | None

    @strawberry.field
    async def albums(self, info: InfoOf) -> list[Album]:
        """Its albums in the order of their keys."""
        return await info.context.albums_of.load(self.id)


@strawberry.type
class Event:
    """A row of `events`."""

    id: int
    user_id: int
    kind: str
    created_at: str
    day: str
    path: str
    referrer: str | None
    status: int
    duration: float
    amount: str | None
    successful: bool
    note: str | None


@strawberry.type
class Comment:
    """A row of `comments`."""

    id: int
    track_id: int
    author: str
    body: str
    rating: int | None


@strawberry.input
class CommentInput:
    """A comment to insert."""

    track_id: int
    author: str
    body: str
    rating: int | None = None


@strawberry.type
class Inserted:
    """How many rows an insert made."""

    affected_rows: int


ALBUM = "id,title,artist_id"
TRACK = "id,name,album_id,genre_id,composer,milliseconds,bytes,unit_price"
EVENT = "id,user_id,kind,created_at,day,path,referrer,status,duration,amount,successful,note"
INSERT = "INSERT INTO comments (track_id,author,body,rating) VALUES (%s,%s,%s,%s)"


def _album(row: Sequence[Any]) -> Album:
    return Album(id=row[0], title=row[1], artist_id=row[2])


def _track(row: Sequence[Any]) -> Track:
    return Track(
        id=row[0],
        name=row[1],
        album_id=row[2],
        genre_id=row[3],
        composer=row[4],
        milliseconds=row[5],
        bytes=row[6],
        unit_price=str(row[7]),
    )


def _event(row: Sequence[Any]) -> Event:
    return Event(
        id=row[0],
        user_id=row[1],
        kind=row[2],
        created_at=row[3].isoformat(),
        day=row[4].isoformat(),
        path=row[5],
        referrer=row[6],
        status=row[7],
        duration=row[8],
        amount=None if row[9] is None else str(row[9]),
        successful=bool(row[10]),
        note=row[11],
    )


@strawberry.type
class Query:
    """The roots to read."""

    @strawberry.field
    async def albums_by_pk(self, info: InfoOf, id: int) -> Album | None:
        """One album."""
        rows = await info.context.rows.all(f"SELECT {ALBUM} FROM albums WHERE id=%s", id)
        return _album(rows[0]) if rows else None

    @strawberry.field
    async def tracks(self, info: InfoOf, limit: int, offset: int) -> list[Track]:
        """A page of tracks."""
        rows = await info.context.rows.all(f"SELECT {TRACK} FROM tracks ORDER BY id LIMIT %s OFFSET %s", limit, offset)
        return [_track(row) for row in rows]

    @strawberry.field
    async def longest_tracks(self, info: InfoOf, genre: int, longer: int, limit: int) -> list[Track]:
        """The longest tracks of a genre above a length."""
        rows = await info.context.rows.all(
            f"SELECT {TRACK} FROM tracks WHERE genre_id=%s AND milliseconds>%s ORDER BY milliseconds DESC,id LIMIT %s",
            genre,
            longer,
            limit,
        )
        return [_track(row) for row in rows]

    @strawberry.field
    async def artists(self, info: InfoOf, limit: int, offset: int = 0) -> list[Artist]:
        """A page of artists."""
        rows = await info.context.rows.all("SELECT id,name FROM artists ORDER BY id LIMIT %s OFFSET %s", limit, offset)
        return [Artist(id=key, name=name) for key, name in rows]

    @strawberry.field
    async def events(self, info: InfoOf, after: int, limit: int) -> list[Event]:
        """A page of events behind a key."""
        rows = await info.context.rows.all(f"SELECT {EVENT} FROM events WHERE id>%s ORDER BY id LIMIT %s", after, limit)
        return [_event(row) for row in rows]


def _values(comment: CommentInput) -> tuple[Any, ...]:
    return comment.track_id, comment.author, comment.body, comment.rating


@strawberry.type
class Mutation:
    """The roots to write."""

    @strawberry.mutation
    async def insert_comments_one(self, info: InfoOf, object: CommentInput) -> Comment:
        """Inserts a comment."""
        rows = await info.context.rows.all(f"{INSERT} RETURNING id,track_id,author,body,rating", *_values(object))
        key, track_id, author, body, rating = rows[0]
        return Comment(id=key, track_id=track_id, author=author, body=body, rating=rating)

    @strawberry.mutation
    async def insert_comments(self, info: InfoOf, objects: list[CommentInput]) -> Inserted:
        """Inserts comments in one statement."""
        count = await info.context.rows.insert(INSERT, [_values(comment) for comment in objects])
        return Inserted(affected_rows=count)


schema = strawberry.Schema(
    Query,
    Mutation,
    config=StrawberryConfig(auto_camel_case=False),
    extensions=[ParserCache, ValidationCache],
)
