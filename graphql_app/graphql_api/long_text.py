"""Long answers kept compressed: as most clients take them, and a thirtieth of the memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PIECE = 256 * 1024
"""Compressed bytes unpacked at once; their text is some tens of times as long."""
_GZIP = 31


@dataclass(frozen=True, slots=True)
class LongText:
    """A text, compressed. `length` counts its own bytes."""

    gzip: bytes
    length: int

    def whole(self) -> bytes:
        """The text."""
        return gzip.decompress(self.gzip)

    def pieces(self) -> Iterator[bytes]:
        """The text, in pieces of bounded size."""
        unpacking = zlib.decompressobj(_GZIP)
        rest = self.gzip
        while rest:
            yield unpacking.decompress(rest, PIECE)
            rest = unpacking.unconsumed_tail


def long_text(pieces: Iterable[bytes]) -> LongText:
    """The text of these pieces, never held as a whole."""
    packing = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    made, length = [], 0
    for piece in pieces:
        made.append(packing.compress(piece))
        length += len(piece)
    made.append(packing.flush())
    return LongText(b"".join(made), length)
