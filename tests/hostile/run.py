"""What a run of generated requests is given, how many and which seed, and the figures it makes."""

from __future__ import annotations

import os
from typing import Final

REQUESTS: Final = int(os.environ.get("FUZZ_REQUESTS", "300"))
"""Requests for each engine; conversations over WebSocket are fewer."""
FIRST: Final = int(os.environ.get("FUZZ_FIRST", "0"))
"""The number of the first request; a run that was broken off goes on where it was."""
DOCUMENTS: Final = int(os.environ.get("FUZZ_DOCUMENTS", "100"))
"""Random documents that our checks and graphql-core's are compared on."""
SEED: Final = int(os.environ.get("FUZZ_SEED", "1"))
"""The same seed makes the same ones."""
GROWTH_BYTES: Final = int(os.environ.get("FUZZ_GROWTH_BYTES", "40000"))
"""Bytes up to which each kind of request is doubled, to see how its cost grows."""
FIGURES: Final[list[str]] = []
"""What the end of the run prints."""
