"""Items by key, made when somebody wants one: of a large graph most are never seen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class Made(Mapping[Key, Item]):
    """Which keys there are is told by `add` and `drop`; asking for an item makes it."""

    def __init__(self, make: Callable[[Key], Item]) -> None:
        self._make = make
        self._keys: dict[Key, None] = {}
        self.now: dict[Key, Item] = {}
        """The items that were made."""

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, key: Key) -> Item:
        item = self.now.get(key)
        if item is None:
            if key not in self._keys:
                raise KeyError(key)
            item = self.now[key] = self._make(key)
        return item

    def add(self, key: Key) -> None:
        self._keys[key] = None

    def drop(self, key: Key) -> Item | None:
        """The key is gone; its item, if it was made."""
        del self._keys[key]
        return self.now.pop(key, None)
