"""The workloads: what is asked, with which values, and how fast it shall be. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench import data

Variables = Mapping[str, Any]

_TRACK: Final = "id name album_id genre_id composer milliseconds bytes unit_price"
_EVENT: Final = "id user_id kind created_at day path referrer status duration amount successful note"
_COMMENT: Final = "id track_id author body rating"
_TREE: Final = "id name milliseconds unit_price genre { id name }"
_PREPARED: Final = 2_000
_GENRES: Final = (1, 2, 3, 4, 6, 7, 19)


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of request.

    `document` is ours, `by_hand` the hand-made server's; `rest` is our REST address with places
    for the variables, or, where it `writes`, one that takes the variables as its body.
    `prepared` requests are made, of which `checked` answers are compared. `of_limit` and
    `of_by_hand` are the ratios to reach, None where none is set.
    """

    name: str
    title: str
    draw: Callable[[random.Random], Variables]
    document: str = ""
    by_hand: str = ""
    rest: str = ""
    prepared: int = _PREPARED
    checked: int = 20
    of_limit: float | None = None
    of_by_hand: float | None = None
    writes: bool = False

    def variables(self) -> list[Variables]:
        """The values of every prepared request, always the same."""
        draw = random.Random(f"{data.SEED} {self.name}")
        return [self.draw(draw) for _ in range(self.prepared)]


def _album(draw: random.Random) -> Variables:
    return {"id": draw.randint(1, data.ALBUMS)}


def _page(draw: random.Random) -> Variables:
    return {"offset": draw.randint(0, data.TRACKS - 100)}


def _artists(draw: random.Random) -> Variables:
    return {"offset": draw.randint(0, data.ARTISTS - 20)}


def _genre(draw: random.Random) -> Variables:
    return {"genre": draw.choice(_GENRES), "longer": draw.randint(150_000, 280_000)}


def _nothing(_draw: random.Random) -> Variables:
    return {}


def _event(draw: random.Random) -> Variables:
    return {"after": draw.randint(0, data.EVENTS - 10_000)}


def _comment(draw: random.Random) -> dict[str, Any]:
    return {
        "track_id": draw.randint(1, data.TRACKS),
        "author": f"Author {draw.randint(1, 999)} O'Neil",
        "body": f'said "{draw.getrandbits(160):x}", and so on',
        "rating": draw.randint(1, 5),
    }


def _one_comment(draw: random.Random) -> Variables:
    return {"object": _comment(draw)}


def _input(draw: random.Random) -> Variables:
    return {"input": _comment(draw)}


def _comments(draw: random.Random) -> Variables:
    return {"objects": [_comment(draw) for _ in range(10_000)]}


WORKLOADS: Final = (
    Workload(
        "by_key",
        "one row by primary key",
        _album,
        "query($id:Int!){albums_by_pk(id:$id){id title artist_id}}",
        "query($id:Int!){albums_by_pk(id:$id){id title artist_id}}",
        checked=200,
        of_limit=0.85,
        of_by_hand=3,
    ),
    Workload(
        "list",
        "100 rows x 8 columns",
        _page,
        f"query($offset:Int!){{tracks(order_by:{{id:asc}},limit:100,offset:$offset){{{_TRACK}}}}}",
        f"query($offset:Int!){{tracks(limit:100,offset:$offset){{{_TRACK}}}}}",
        checked=100,
        of_limit=0.92,
        of_by_hand=11,
    ),
    Workload(
        "nested",
        "20 artists > albums > tracks > genre",
        _artists,
        "query($offset:Int!){artists(order_by:{id:asc},limit:20,offset:$offset){id name"
        f" albums(order_by:{{id:asc}}){{id title tracks(order_by:{{id:asc}}){{{_TREE}}}}}}}}}",
        f"query($offset:Int!){{artists(limit:20,offset:$offset){{id name albums{{id title tracks{{{_TREE}}}}}}}}}",
        checked=50,
        of_limit=0.9,
        of_by_hand=25,
    ),
    Workload(
        "filtered",
        "filter, order, 20 rows x 8 columns",
        _genre,
        "query($genre:Int!,$longer:Int!){tracks(where:{genre_id:{_eq:$genre},milliseconds:{_gt:$longer}},"
        f"order_by:[{{milliseconds:desc}},{{id:asc}}],limit:20){{{_TRACK}}}}}",
        f"query($genre:Int!,$longer:Int!){{tracks:longest_tracks(genre:$genre,longer:$longer,limit:20){{{_TRACK}}}}}",
        checked=100,
        of_limit=0.92,
    ),
    Workload(
        "big_nested",
        "all 275 artists > 347 albums > 3,503 tracks",
        _nothing,
        "{artists(order_by:{id:asc}){id name albums(order_by:{id:asc}){id title"
        " tracks(order_by:{id:asc}){id name milliseconds}}}}",
        "{artists(limit:1000){id name albums{id title tracks{id name milliseconds}}}}",
        prepared=1,
        checked=1,
        of_limit=0.8,
    ),
    Workload(
        "rows_10000",
        "10,000 rows x 12 columns",
        _event,
        f"query($after:Int!){{events(where:{{id:{{_gt:$after}}}},order_by:{{id:asc}},limit:10000){{{_EVENT}}}}}",
        f"query($after:Int!){{events(after:$after,limit:10000){{{_EVENT}}}}}",
        checked=2,
        of_limit=0.95,
    ),
    Workload(
        "rest_by_key",
        "REST: one row by primary key",
        _album,
        rest="/api/albums/query?id=eq.{id}",
        checked=200,
        of_limit=0.8,
    ),
    Workload(
        "rest_list",
        "REST: 100 rows x 8 columns",
        _page,
        rest="/api/tracks/query?order=id.asc&limit=100&offset={offset}",
        checked=100,
        of_limit=0.92,
    ),
    Workload(
        "rest_insert",
        "REST: insert of one row",
        _input,
        rest="/api/comments",
        of_limit=0.75,
        writes=True,
    ),
    Workload(
        "insert_one",
        "insert of one row, with returning",
        _one_comment,
        f"mutation($object:comments_insert_input!){{insert_comments_one(object:$object){{{_COMMENT}}}}}",
        f"mutation($object:CommentInput!){{insert_comments_one(object:$object){{{_COMMENT}}}}}",
        of_limit=0.8,
        writes=True,
    ),
    Workload(
        "insert_10000",
        "insert of 10,000 rows",
        _comments,
        "mutation($objects:[comments_insert_input!]!){insert_comments(objects:$objects){affected_rows}}",
        "mutation($objects:[CommentInput!]!){insert_comments(objects:$objects){affected_rows}}",
        prepared=10,
        checked=2,
        of_limit=0.7,
        writes=True,
    ),
)

OF_QUIET: Final = 0.9
"""What ours is to reach with its settings as they come, of what it does with `LOG_LEVEL=warning`, in each workload."""

MOST_MEGABYTES: Final = 250
"""The most memory that our server may take at its peak, in 10^6 bytes."""


@dataclass(frozen=True, slots=True)
class LargeAnswer:
    """The workload whose memory counts, values that give no rows, and how many times its size an answer may take."""

    workload: str
    nothing: Variables
    most_times: float


LARGE_ANSWER: Final = LargeAnswer("rows_10000", {"after": data.EVENTS}, 3)
