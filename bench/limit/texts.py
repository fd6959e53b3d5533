"""The limit's SQL: every row is one text, its JSON made by the database; one statement for each level of a tree."""

from __future__ import annotations

import re
from typing import Final

from bench.limit.wire import END


def _row(text: str) -> str:
    """The one column of a row: `text` as it is, but the SQL expressions in `<>` evaluated."""
    parts = re.split("<([^<>]+)>", text + END)
    made = [part if index % 2 else f"'{part}'" for index, part in enumerate(parts) if part]
    return f"CONCAT({','.join(made)})"


_ALBUM: Final = _row('{"id":<id>,"title":<JSON_QUOTE(title)>,"artist_id":<artist_id>}')
_TRACK: Final = _row(
    '{"id":<id>,"name":<JSON_QUOTE(name)>,"album_id":<IFNULL(album_id,\'null\')>,'
    "\"genre_id\":<IFNULL(genre_id,'null')>,\"composer\":<IFNULL(JSON_QUOTE(composer),'null')>,"
    '"milliseconds":<milliseconds>,"bytes":<IFNULL(bytes,\'null\')>,"unit_price":"<unit_price>"}'
)
_EVENT: Final = _row(
    '{"id":<id>,"user_id":<user_id>,"kind":<JSON_QUOTE(kind)>,"created_at":"<REPLACE(created_at,\' \',\'T\')>",'
    '"day":"<day>","path":<JSON_QUOTE(path)>,"referrer":<IFNULL(JSON_QUOTE(referrer),\'null\')>,"status":<status>,'
    "\"duration\":<duration>,\"amount\":<IF(amount IS NULL,'null',CONCAT('\"',amount,'\"'))>,"
    "\"successful\":<IF(successful,'true','false')>,\"note\":<IFNULL(JSON_QUOTE(note),'null')>}"
)
BY_KEY: Final = f"SELECT {_ALBUM} FROM albums WHERE id=%d".encode()
LIST: Final = f"SELECT {_TRACK} FROM tracks ORDER BY id LIMIT 100 OFFSET %d".encode()
FILTERED: Final = (
    f"SELECT {_TRACK} FROM tracks WHERE genre_id=%d AND milliseconds>%d ORDER BY milliseconds DESC,id LIMIT 20".encode()
)
EVENTS: Final = f"SELECT {_EVENT} FROM events WHERE id>%d ORDER BY id LIMIT 10000".encode()

# --- trees: a row is its parent's key, its own key, and its text up to where its children stand -----------------------

_ARTIST_NODE: Final = _row('<id>\n{"id":<id>,"name":<IFNULL(JSON_QUOTE(name),\'null\')>,"albums":')
_ALBUM_NODE: Final = _row('<artist_id>\n<id>\n{"id":<id>,"title":<JSON_QUOTE(title)>,"tracks":')
_TRACK_LEAF: Final = _row('<album_id>\n{"id":<id>,"name":<JSON_QUOTE(name)>,"milliseconds":<milliseconds>}')
_TRACK_NODE: Final = _row(
    '<album_id>\n<IFNULL(genre_id,\'\')>\n{"id":<id>,"name":<JSON_QUOTE(name)>,"milliseconds":<milliseconds>,'
    '"unit_price":"<unit_price>","genre":'
)
_GENRE: Final = _row('<id>\n{"id":<id>,"name":<IFNULL(JSON_QUOTE(name),\'null\')>}')

ARTISTS: Final = f"SELECT {_ARTIST_NODE} FROM artists ORDER BY id LIMIT 20 OFFSET %d".encode()
ALBUMS_OF: Final = f"SELECT {_ALBUM_NODE} FROM albums WHERE artist_id IN (%b) ORDER BY artist_id,id".encode()
TRACKS_OF: Final = f"SELECT {_TRACK_NODE} FROM tracks WHERE album_id IN (%b) ORDER BY album_id,id".encode()
GENRES: Final = f"SELECT {_GENRE} FROM genres".encode()

ALL_ARTISTS: Final = f"SELECT {_ARTIST_NODE} FROM artists ORDER BY id".encode()
# In the order of their own keys, in which they are stored: sorted by parent they take a sixth longer.
ALL_ALBUMS: Final = f"SELECT {_ALBUM_NODE} FROM albums ORDER BY id".encode()
ALL_TRACKS: Final = f"SELECT {_TRACK_LEAF} FROM tracks WHERE album_id IS NOT NULL ORDER BY id".encode()

# --- writes -----------------------------------------------------------------------------------------------------------

_COMMENT: Final = _row(
    '{"id":<id>,"track_id":<track_id>,"author":<JSON_QUOTE(author)>,"body":<JSON_QUOTE(body)>,'
    "\"rating\":<IFNULL(rating,'null')>}"
)
BEGIN: Final = b"START TRANSACTION"
COMMIT: Final = b"COMMIT"
INSERT_MANY: Final = b"INSERT INTO comments (track_id,author,body,rating) VALUES %b"
INSERT_ONE: Final = INSERT_MANY + f" RETURNING {_COMMENT}".encode()
INSERT_KEY: Final = INSERT_MANY + f" RETURNING {_row('<id>')}".encode()


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "'" in text:
        text = text.replace("'", "\\'")
    return f"'{text}'"
