"""Long answers kept compressed: as most clients take them, and a thirtieth of the memory."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PIECE = 256 * 1024
"""Bytes of text unpacked at once."""
_GZIP = 31


@dataclass(frozen=True, slots=True)
class GzippedText:
    """A text, compressed. `length` counts its own bytes."""

    gzip: bytes
    length: int

    def whole(self) -> bytes:
        """The text."""
        return gzip.decompress(self.gzip)

    def __sizeof__(self) -> int:
        """What it takes of the memory."""
        return object.__sizeof__(self) + sys.getsizeof(self.gzip)

    def pieces(self) -> Iterator[bytes]:
        """The text, in pieces of bounded size."""
        unpacking = zlib.decompressobj(_GZIP)
        rest = self.gzip
        while rest:
            yield unpacking.decompress(rest, PIECE)
            rest = unpacking.unconsumed_tail


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts one after the other, the long ones still compressed. `length` counts the bytes of all."""

    parts: tuple[Text, ...]
    length: int

    @classmethod
    def of(cls, head: bytes, between: bytes, texts: Iterable[Text], tail: bytes) -> Joined | bytes:
        """These texts with others before, between and behind them; joined at once where none is long."""
        parts: list[Text] = []
        for text in texts:
            parts += (between if parts else head, text)
        parts.append(tail if parts else head + tail)
        if all(isinstance(each, bytes) for each in parts):
            return b"".join(each for each in parts if isinstance(each, bytes))
        return cls(tuple(parts), sum(len(each) if isinstance(each, bytes) else each.length for each in parts))

    def whole(self) -> bytes:
        """The text."""
        return b"".join(self.pieces())

    def __sizeof__(self) -> int:
        """What it takes of the memory, with its parts."""
        return object.__sizeof__(self) + sum(map(sys.getsizeof, self.parts))

    def pieces(self) -> Iterator[bytes]:
        """The text, in pieces of bounded size."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from part.pieces()


Text = bytes | GzippedText | Joined
"""The text of an answer."""


def gzipped_text(pieces: Iterable[bytes]) -> GzippedText:
    """The text of these pieces, never held as a whole."""
    packing = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    made, length = [], 0
    for piece in pieces:
        made.append(packing.compress(piece))
        length += len(piece)
    made.append(packing.flush())
    return GzippedText(b"".join(made), length)
