"""Trees: one statement for each level, its rows grouped by the parent's key and set into the parents' texts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import compress, count, pairwise
from operator import ne
from typing import Any

from bench.limit import texts
from bench.limit.reader import Query

Groups = dict[bytes, list[bytes]]


async def nested(query: Query, given: Mapping[str, Any]) -> bytes:
    """Twenty artists, their albums, those albums' tracks, and each track's genre: three round trips."""
    (artist_rows,) = await query(texts.ARTISTS % given["offset"])
    artists = [row.split(b"\n") for row in artist_rows]
    (album_rows,) = await query(texts.ALBUMS_OF % b",".join([artist[0] for artist in artists]))
    albums = [row.split(b"\n") for row in album_rows]
    tracks: Groups = {}
    if albums:
        track_rows, genre_rows = await query(texts.TRACKS_OF % b",".join([album[1] for album in albums]), texts.GENRES)
        genres = dict([row.split(b"\n") for row in genre_rows])
        genres[b""] = b"null"
        for row in track_rows:
            album, genre, text = row.split(b"\n")
            _append(tracks, album, text + genres[genre] + b"}")
    return b'{"data":{"artists":[%b]}}' % _artists(artists, albums, tracks)


async def big_nested(query: Query, _given: Mapping[str, Any]) -> bytes:
    """Every artist, album and track: one round trip, for no level needs the keys of another."""
    artists, albums, tracks = await query(texts.ALL_ARTISTS, texts.ALL_ALBUMS, texts.ALL_TRACKS, keyed=True)
    of_album = _runs(tracks[::2], tracks[1::2])
    rows = [[artist, *text.split(b"\n", 1)] for artist, text in zip(albums[::2], albums[1::2], strict=True)]
    nodes = list(map(list, zip(artists[::2], artists[1::2], strict=True)))
    return b'{"data":{"artists":[%b]}}' % _artists(nodes, rows, of_album)


def _runs(keys: list[bytes], rows: list[bytes]) -> Groups:
    """Rows by their keys. Those of one key that come one after another, as most do, are taken at once."""
    groups: Groups = {}
    ends = [*compress(count(1), map(ne, keys, keys[1:])), len(keys)]
    for start, end in pairwise((0, *ends)):
        if keys[start] in groups:
            groups[keys[start]] += rows[start:end]
        else:
            groups[keys[start]] = rows[start:end]
    return groups


def _append(groups: Groups, key: bytes, text: bytes) -> None:
    if key in groups:
        groups[key].append(text)
    else:
        groups[key] = [text]


def _artists(artists: list[list[bytes]], albums: list[list[bytes]], tracks: Groups) -> bytes:
    by_artist: Groups = {}
    none: list[bytes] = []
    for artist, album, text in albums:
        _append(by_artist, artist, b"%b[%b]}" % (text, b",".join(tracks.get(album, none))))
    return b",".join([b"%b[%b]}" % (text, b",".join(by_artist.get(key, none))) for key, text in artists])
