"""A dict that grows with a run. Its copies share everything but the last page.

Histories, logs by index and all data about single operations grow for as long as a run lasts. A keyframe that copied all of
it would cost more with every simulated second. So new entries are collected in a page; a full page never changes again, and
copies share it. A new value of an old entry is written into the present page and hides the old one, as in a ledger, where
nothing is erased. Full pages of one size are bound into one of twice that size, so a lookup of an old or missing key tries
about as many pages as the logarithm of the number of entries.

It holds immutable values only (``kernel/freeze.py``). A lookup tries the pages from the newest to the oldest, since most
lookups are for new keys. It iterates over keys in the order of their first writing; a key that was removed and written again
keeps its first place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")

PAGE = 512  # entries

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "ABSENT"})()  # the value of a removed key in the present page


class Ledger(Generic[K, V]):
    """The parts of a dict that we need. ``copied()`` costs one page, no matter how many entries there are."""

    __slots__ = ("count", "full", "page")

    def __init__(self, entries: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self.page: dict[K, V] = {}  # the newest entries
        self.full: tuple[dict[K, V], ...] = ()  # full pages, which never change; the newest first
        self.count = 0
        for key, value in dict(entries).items():
            self[key] = value

    def copied(self) -> Ledger[K, V]:
        clone: Ledger[K, V] = Ledger()
        clone.page, clone.full, clone.count = self.page.copy(), self.full, self.count
        return clone

    # --- reading ------------------------------------------------------------------------------

    def _find(self, key: K) -> V:
        """The value, or ABSENT."""
        value: V = self.page.get(key, ABSENT)
        if value is ABSENT and self.full and key not in self.page:
            for page in self.full:
                if key in page:
                    return page[key]
        return value

    # The next four methods look into the present page themselves, since most lookups are for new keys: that saves a call.

    def __getitem__(self, key: K) -> V:
        value: V = self.page.get(key, ABSENT)
        if value is ABSENT and (value := self._find(key)) is ABSENT:
            raise KeyError(key)
        return value

    @overload
    def get(self, key: K, default: None = None) -> V | None: ...

    @overload
    def get(self, key: K, default: W) -> V | W: ...

    def get(self, key: K, default: Any = None) -> Any:
        value = self.page.get(key, ABSENT)
        if value is not ABSENT:
            return value
        if not self.full or (value := self._find(key)) is ABSENT:
            return default
        return value

    def __contains__(self, key: object) -> bool:
        if key in self.page:
            return self.page[key] is not ABSENT
        return bool(self.full) and self._find(key) is not ABSENT  # type: ignore[arg-type]

    def __len__(self) -> int:
        return self.count

    def whole(self) -> dict[K, V]:
        """All entries as one dict; for rare uses only."""
        if not self.full:
            return {key: value for key, value in self.page.items() if value is not ABSENT}
        entries: dict[K, V] = {}
        for page in reversed(self.full):
            entries.update(page)
        entries.update(self.page)
        return {key: value for key, value in entries.items() if value is not ABSENT}

    def __iter__(self) -> Iterator[K]:
        return iter(self.whole())

    def items(self) -> Iterable[tuple[K, V]]:
        return self.whole().items()

    def values(self) -> Iterable[V]:
        return self.whole().values()

    def __eq__(self, other: object) -> bool:
        return self.whole() == (other.whole() if isinstance(other, Ledger) else other)

    def __repr__(self) -> str:
        return f"Ledger({self.whole()!r})"

    # --- writing ------------------------------------------------------------------------------

    def __setitem__(self, key: K, value: V) -> None:
        page = self.page
        if page.get(key, ABSENT) is ABSENT:
            self.count += not self.full or self._find(key) is ABSENT
        page[key] = value
        if len(page) >= PAGE:
            self._turn_the_page()

    def _write(self, key: K, value: V) -> None:
        self.page[key] = value
        if len(self.page) >= PAGE:
            self._turn_the_page()

    def _turn_the_page(self) -> None:
        """Binds the page together with the older ones that are no larger, into a new dict: copies may have the old ones."""
        newest, older = self.page, self.full
        while older and len(older[0]) <= len(newest):
            bound = older[0].copy()
            bound.update(newest)
            newest, older = bound, older[1:]
        self.full = (newest, *older)
        self.page = {}

    def setdefault(self, key: K, default: V) -> V:
        value = self._find(key)
        if value is not ABSENT:
            return value
        self.count += 1
        self._write(key, default)
        return default

    def pop(self, key: K, default: Any = None) -> Any:
        """Removes the entry if there is one. Returns its value, or else the default."""
        value = self._find(key)
        if value is ABSENT:
            return default
        self.count -= 1
        if self.full:
            self._write(key, ABSENT)
        else:
            del self.page[key]
        return value

    def __delitem__(self, key: K) -> None:
        if self.pop(key, ABSENT) is ABSENT:
            raise KeyError(key)
