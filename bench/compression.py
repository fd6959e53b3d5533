"""`python -m bench.compression`: bytes and CPU of compressing answers, by the codings and levels that could be had.

The rows are those of `events` (12 columns), as an answer has them. Each figure is the least of several runs.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Mapping

import orjson
import zstandard

ROWS = (3, 12, 25, 100, 1_000, 10_000)
WORDS = ("alpha", "beta", "gamma", "delta", "new", "old", "done", "paris", "london", "berlin")


def answer(rows: int, seed: int = 1) -> bytes:
    """The text of an answer with so many rows."""
    draw = random.Random(seed)
    found = [
        {
            "id": number,
            "kind": draw.choice(WORDS),
            "name": f"{draw.choice(WORDS)} {draw.randint(1, 9999)}",
            "email": f"u{draw.randint(1, 10**6)}@example.com",
            "amount": f"{draw.randint(1, 99999) / 100:.2f}",
            "quantity": draw.randint(1, 100),
            "created_at": f"2025-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}T10:{draw.randint(0, 59):02}:11",
            "updated_at": None,
            "active": draw.random() < 0.5,
            "note": " ".join(draw.choices(WORDS, k=4)),
            "score": draw.random(),
            "parent_id": draw.randint(1, 1000),
        }
        for number in range(rows)
    ]
    return orjson.dumps({"data": {"events": found}})


def gzip(level: int) -> Callable[[bytes], bytes]:
    """Compresses at this level."""

    def compress(text: bytes) -> bytes:
        packing = zlib.compressobj(level, zlib.DEFLATED, 31)
        return packing.compress(text) + packing.flush()

    return compress


def zstd(level: int) -> Callable[[bytes], bytes]:
    """Compresses at this level."""

    def compress(text: bytes) -> bytes:
        packing = zstandard.ZstdCompressor(level=level).compressobj()
        return packing.compress(text) + packing.flush()

    return compress


WAYS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip 1": gzip(1),
    "gzip 3": gzip(3),
    "gzip 6": gzip(6),
    "zstd 1": zstd(1),
    "zstd 3": zstd(3),
}


def least_seconds(compress: Callable[[bytes], bytes], text: bytes) -> float:
    """The least CPU time of some runs."""
    found = []
    for _ in range(max(3, 100_000 // len(text))):
        started = time.process_time()
        compress(text)
        found.append(time.process_time() - started)
    return min(found)


def main() -> None:
    """The command."""
    print(f"| rows | bytes | {' | '.join(f'{way}: bytes, CPU' for way in WAYS)} |")
    print("| ---: " * (len(WAYS) + 2) + "|")
    for rows in ROWS:
        text = answer(rows)
        cells = [f"{len(way(text)):,}, {least_seconds(way, text) * 1000:.2f} ms" for way in WAYS.values()]
        print(f"| {rows:,} | {len(text):,} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
