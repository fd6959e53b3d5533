"""Our reader of Accept headers beside werkzeug's: the same verdict on random headers, each within a second.

They differ on purpose in four things: parameters of media types do not count here; `q=` is no weight; `q=1.` and
`q=.5`, which clients send, are weights; `x-gzip` is gzip.
"""

from __future__ import annotations

from random import Random

import pytest
from werkzeug.datastructures import Accept, MIMEAccept
from werkzeug.http import parse_accept_header

from graphql_app.graphql_api.http_protocol import media_type
from graphql_app.graphql_api.subscriptions.event_stream import MULTIPART, SSE, form_for
from graphql_app.http.negotiation import preferred, taken, takes_gzip
from tests.hostile.run import SEED
from tests.hostile.watchdog import watchdog

HEADERS = 5_000
MEDIA = ("application/json", "application/graphql-response+json", "text/csv", "text/html", "application/x-ndjson")
RANGES = (*MEDIA, "application/*", "text/*", "*/*", "*", "image/png", "Application/JSON", "*/json", "json", "")
CODINGS = ("gzip", "identity", "br", "*", "deflate", "GZIP", "")
WEIGHTS = tuple("0 1 0.5 0.001 0.000 1.000 0.9 1.5 2 -1 x 0,5 00 1e0 nan inf".split())


def header(dice: Random, words: tuple[str, ...]) -> str:
    """A random header of that many words, weights and blanks."""
    found = []
    for _ in range(dice.randrange(1, 6)):
        weight = dice.choice((*WEIGHTS, None, None))
        blank = dice.choice(("", " ", "\t"))
        found.append(dice.choice(words) + ("" if weight is None else f"{blank};{blank}{dice.choice('qQ')}={weight}"))
    return dice.choice((",", ", ", ",,", " , ")).join(found)


def test_media_types_as_werkzeug_weighs_them() -> None:
    dice = Random(SEED)
    for _ in range(HEADERS):
        text = header(dice, RANGES)
        theirs = parse_accept_header(text, MIMEAccept)
        with watchdog():
            for media in MEDIA:
                assert taken(text.encode()).media_weight(media) == theirs.quality(media), text
            weights = [theirs.quality(media) for media in MEDIA]
            best = MEDIA[weights.index(max(weights))] if max(weights) > 0 else None
            # A header without any member takes everything, as no header does.
            assert preferred(text.encode(), MEDIA) == (best if text.strip(" \t,") else MEDIA[0]), text


def test_codings_as_werkzeug_weighs_them() -> None:
    dice = Random(SEED)
    for _ in range(HEADERS):
        text = header(dice, CODINGS)
        theirs = parse_accept_header(text, Accept)
        identity = max((weight for value, weight in theirs if value.lower() == "identity"), default=0)
        with watchdog():
            gzip = theirs.quality("gzip")
            assert takes_gzip(text.encode()) == (gzip > 0 and gzip >= identity), text


def test_quoted_parameters_as_werkzeug_reads_them() -> None:
    """Commas, semicolons and escapes within quotes part nothing."""
    dice = Random(SEED)
    pieces = ("a", ",", ";", "=", " ", "q=0", '\\"', "\\\\")
    for _ in range(HEADERS):
        parts = []
        for _ in range(dice.randrange(1, 4)):
            value = "".join(dice.choices(pieces, k=dice.randrange(6)))
            parts.append(f'text/{dice.choice("xy")};p="{value}"' + dice.choice(("", ";q=0", ";q=0.5")))
        text = ", ".join(parts)
        theirs = [(value.partition(";")[0], weight) for value, weight in parse_accept_header(text)]
        with watchdog():
            ours = [(member.value, member.weight) for member in taken(text.encode()).members]
        assert sorted(ours) == sorted(theirs), text


@pytest.mark.parametrize(
    ("piece", "head"),
    [
        (b",", b""),
        (b";", b""),
        (b'"', b'"'),
        (b'"\\', b""),
        (b"\\", b'a;b="'),
        (b"0", b"text/html;q=0."),
        (b"1", b"text/html;q="),
        (b"*/*;q=0.1,", b""),
        (b'a;b=";,",', b""),
        (b"\x00\xff", b""),
        (b"q=", b""),
        (b";q=0", b"a"),
    ],
    ids=repr,
)
def test_headers_that_were_made_to_cost(piece: bytes, head: bytes) -> None:
    """Of a size that no server lets in."""
    text = head + piece * (200_000 // len(piece))
    for work in (
        lambda: preferred(text, MEDIA),
        lambda: takes_gzip(text),
        lambda: media_type(text),
        lambda: form_for(text),
    ):
        with watchdog():
            work()


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (b"", "application/json"),
        (b"*/*", "application/json"),
        (b"application/*;q=0.5, application/json;q=0", "application/graphql-response+json"),
        (b"application/json;q=0", None),
        (b"application/json;q=0, */*", "application/graphql-response+json"),
        (b"application/json;q=0, application/graphql-response+json;q=0, */*", None),
        (b"text/html", None),
        (b"application/graphql-response+json", "application/graphql-response+json"),
        (b"application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
        (b"application/graphql-response+json;q=0.9, application/json", "application/json"),
        (b"application/graphql-response+json;q=0.5, */*", "application/json"),
        (b"application/graphql-response+json;q=0, application/*", "application/json"),
        (b"application/json; charset=utf-8", "application/json"),
        (b"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json"),
    ],
)
def test_the_media_type_of_an_answer(accept: bytes, media: str | None) -> None:
    assert media_type(accept) == media


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"text/event-stream", SSE),
        (b"Text/Event-Stream;q=0.1", SSE),
        (b"text/event-stream;q=0", None),
        (b"text/event-stream;q=0, */*", None),
        (b"*/*", None),
        (b'multipart/mixed;boundary="graphql";subscriptionSpec="1.0", application/json', MULTIPART),
        (b'multipart/mixed;subscriptionSpec="1.0";q=0, application/json', None),
        (b"multipart/mixed", None),
        (b'x;a="text/event-stream"', None),
    ],
)
def test_the_form_of_a_stream(accept: bytes, form: object) -> None:
    assert form_for(accept) is form


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        (b"", False),
        (b"gzip", True),
        (b"gzip, deflate, br", True),
        (b"x-gzip", True),
        (b"*", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.0", False),
        (b"gzip;q=0, *", False),
        (b"*;q=0", False),
        (b"gzip;q=0.5, identity;q=1", False),
        (b"gzip;q=0.5, identity;q=0.1", True),
        (b"identity", False),
        (b"br", False),
        (b"notgzip", False),
    ],
)
def test_whether_an_answer_is_compressed(header: bytes, takes: bool) -> None:
    assert takes_gzip(header) is takes


def test_a_value_that_is_named() -> None:
    assert taken(b"text/html;q=0.3, text/html;level=1, */*").weight_of("text/html") == 1
    assert taken(b"*/*").weight_of("text/html") == 0
