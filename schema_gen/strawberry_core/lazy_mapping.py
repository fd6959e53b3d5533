"""Mappings whose entries are made when they are first asked for: what nobody asks for costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LazyMapping(Mapping[K, V], Generic[K, V]):
    """A mapping that is never empty. `make` gives the value of a key, None where there is none.

    `keys` gives every key there may be, and is called only for all entries; while `closed`
    is set, those are the entries made so far. `names` gives the keys where `keys` makes something of each.
    """

    __slots__ = ("_keys", "_made", "_make", "_names", "closed")

    def __init__(
        self,
        make: Callable[[K], V | None],
        keys: Callable[[], Iterable[K]],
        made: Mapping[K, V] | None = None,
        names: Callable[[], Iterable[K]] | None = None,
    ) -> None:
        self._make = make
        self._keys = keys
        self._names = names or keys
        self._made: dict[K, V] = dict(made or {})
        self.closed = False

    def __getitem__(self, key: K) -> V:
        """The value of `key`, made if need be. Raises `KeyError`."""
        found = self._made.get(key)
        if found is None:
            found = self._make(key)
            if found is None:
                raise KeyError(key)
            self._made[key] = found
        return found

    def __iter__(self) -> Iterator[K]:
        """Every key that has a value: makes them all."""
        if not self.closed:
            for key in self._keys():
                self.get(key)
        return iter(tuple(self._made))

    def __len__(self) -> int:
        """How many entries there are: makes them all."""
        return sum(1 for _ in self)

    @property
    def made(self) -> Mapping[K, V]:
        """The entries made so far."""
        return self._made

    @property
    def possible(self) -> Iterable[K]:
        """Every key that there may be, some of them twice, some without a value: makes nothing."""
        names = self._names()
        return chain(tuple(self._made), names.possible if isinstance(names, LazyMapping) else names)

    def copy(self) -> dict[K, V]:
        """A plain mapping of all entries."""
        return dict(self)

    def __bool__(self) -> bool:
        """There is something in it."""
        return True
