"""How long a stage of a call takes."""

from __future__ import annotations

import time

from graphql_app.observability.events import Observer, StageTimed


class StageTimer:
    """`with StageTimer(observer, name):` tells how long the block took, also if it failed.

    Not a generator, which costs a call by key far more.
    """

    __slots__ = ("_name", "_observer", "_start")

    def __init__(self, observer: Observer, name: str) -> None:
        self._observer = observer
        self._name = name

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        self._observer(StageTimed(self._name, time.perf_counter() - self._start))
