"""Plain values <-> few bytes, for packets of the stream; ``static/js/lib/pack.js`` reads them. docs/wire.md has the format.

A text is a pattern and the whole numbers in it, so "log: 34 entries" costs two bytes once "log: 33 entries" was sent. The keys
of an object are sent once, too. Both sides keep what was sent in tables (``Writer.words`` and ``Writer.shapes``), which last
from packet to packet until a snapshot for everybody starts new ones.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from consensus.kernel.sentences import Sentence, say

NUMBER = re.compile(r"(?<!\d)(?:0|[1-9]\d{0,14})(?!\d)", re.ASCII)
HOLE = "\0"  # marks the place of a number in a pattern
MARK = "\1"  # replaces it where the patterns themselves are sent
TABLE_MAX = 4_000  # words, and shapes, that a run remembers; later ones are sent in full each time
SAFE = 2**50  # the page's numbers are exact up to three bits more; larger ones are sent as texts

PLAIN, POSITIVE, NEGATIVE, WORD, NEW_WORD, LIST, OBJECT, NEW_OBJECT = range(8)
NULL, FALSE, TRUE, FLOAT, INTS = range(5)  # the kinds of PLAIN; INTS + n, for n from 2 on, is a list of n numbers
SENTENCE = INTS  # a template and its values follow; the place is free, since an empty list is never packed as INTS


def pattern(text: str) -> tuple[str, list[int]]:
    """A text's pattern and the numbers that fill its holes."""
    if not text.isprintable():
        text = text.replace(HOLE, "\ufffd").replace(MARK, "\ufffd")
    return NUMBER.sub(HOLE, text), [int(number) for number in NUMBER.findall(text)]


class Writer:
    """Packs values. With ``learning`` off it uses its tables and leaves them as they are."""

    def __init__(self, learning: bool = True) -> None:
        self.words: dict[str, int] = {}
        self.shapes: dict[tuple[str, ...], int] = {}
        self.learning = learning
        self.out = bytearray()

    def packed(self, value: Any) -> bytes:
        self.out = bytearray()
        self._value(value)
        return bytes(self.out)

    def list_after(self, first: bytes, rest: Sequence[Any]) -> bytes:
        """A list whose first item was packed before, by a writer with the same tables."""
        self.out = bytearray()
        self._head(LIST, 1 + len(rest))
        self.out += first
        for each in rest:
            self._value(each)
        return bytes(self.out)

    def copied(self) -> Writer:
        writer = Writer()
        writer.words, writer.shapes = dict(self.words), dict(self.shapes)
        return writer

    def tables(self) -> bytes:
        """The tables, for a reader that comes later."""
        writer = Writer(learning=False)
        writer._head(LIST, 2)
        writer._head(LIST, len(self.words))
        for word in self.words:
            writer._word(word.replace(HOLE, MARK), [])
        writer._value([list(keys) for keys in self.shapes])
        return bytes(writer.out)

    def after(self) -> Writer:
        """A writer for a reader that got the same tables (``tables``); it does not add to them."""
        writer = Writer(learning=False)
        writer.words, writer.shapes = self.words, self.shapes
        return writer

    def _number(self, number: int) -> None:
        out = self.out
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)

    def _head(self, tag: int, number: int) -> None:
        self._number(number << 3 | tag)

    def _value(self, value: Any) -> None:
        if value is None or isinstance(value, bool):
            self._head(PLAIN, NULL if value is None else TRUE if value else FALSE)
        elif isinstance(value, int) and -SAFE < value < SAFE:
            self._head(*((POSITIVE, value) if value >= 0 else (NEGATIVE, -1 - value)))
        elif isinstance(value, float):
            self._head(PLAIN, FLOAT)
            self.out += struct.pack("<d", value)
        elif isinstance(value, Sentence):
            self._head(PLAIN, SENTENCE)
            self._word(value.template, [])
            self._object(value.values)
        elif isinstance(value, str):
            self._text(value)
        elif isinstance(value, Mapping):
            self._object(value)
        elif isinstance(value, (list, tuple)):
            self._list(value)
        elif isinstance(value, (set, frozenset)):  # a set has no order, so it gets one
            self._list(sorted(value, key=str))
        else:
            self._text(str(value))

    def _text(self, text: str) -> None:
        self._word(*pattern(text))

    def _word(self, word: str, numbers: list[int]) -> None:
        known = self.words.get(word)
        if known is None:
            data = word.encode()
            self._head(NEW_WORD, len(data))
            self.out += data
            if self.learning and len(self.words) < TABLE_MAX:
                self.words[word] = len(self.words)
        else:
            self._head(WORD, known)
        for number in numbers:
            self._number(number)

    def _object(self, value: Mapping[Any, Any]) -> None:
        keys = tuple(map(str, value))
        known = self.shapes.get(keys)
        if known is None:
            self._head(NEW_OBJECT, len(keys))
            for key in keys:
                self._text(key)
            if self.learning and len(self.shapes) < TABLE_MAX:
                self.shapes[keys] = len(self.shapes)
        else:
            self._head(OBJECT, known)
        for each in value.values():
            self._value(each)

    def _list(self, value: list[Any] | tuple[Any, ...]) -> None:
        if len(value) > 1 and all(type(each) is int and -SAFE < each < SAFE for each in value):
            self._head(PLAIN, INTS + len(value))
            for each in value:
                self._number(each * 2 if each >= 0 else -1 - each * 2)
            return
        self._head(LIST, len(value))
        for each in value:
            self._value(each)


class Reader:
    """Unpacks what a writer packed; for tests, benchmarks and scripts, as the server itself reads no frames.

    The reader learns a word or shape where its writer did. ``learning`` is off for what is sent to one reader alone.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self.shapes: list[tuple[str, ...]] = []
        self.learning = True
        self.data, self.place = b"", 0

    def knows(self, tables: list[Any]) -> None:
        self.words, self.shapes = [word.replace(MARK, HOLE) for word in tables[0]], [tuple(keys) for keys in tables[1]]

    def unpacked(self, data: bytes, place: int = 0, learning: bool = True) -> Any:
        """The value that begins at a place; afterwards ``self.place`` is the place behind it."""
        self.data, self.place, self.learning = data, place, learning
        return self._value()

    def number(self) -> int:
        number = shift = 0
        while True:
            byte = self.data[self.place]
            self.place += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def _take(self, size: int) -> bytes:
        self.place += size
        return self.data[self.place - size : self.place]

    def _filled(self, word: str) -> str:
        first, *rest = word.split(HOLE)
        return first + "".join(f"{self.number()}{part}" for part in rest)

    def _value(self) -> Any:
        head = self.number()
        tag, number = head & 7, head >> 3
        if tag == PLAIN:
            if number == SENTENCE:
                return say(self._value(), **self._value())
            if number >= INTS:
                return [folded // 2 if folded % 2 == 0 else -(folded + 1) // 2 for folded in self._numbers(number - INTS)]
            return struct.unpack("<d", self._take(8))[0] if number == FLOAT else (None, False, True)[number]
        if tag in (POSITIVE, NEGATIVE):
            return number if tag == POSITIVE else -1 - number
        if tag == WORD:
            return self._filled(self.words[number])
        if tag == NEW_WORD:
            word = self._take(number).decode()
            if self.learning and len(self.words) < TABLE_MAX:
                self.words.append(word)
            return self._filled(word)
        if tag == LIST:
            return [self._value() for _ in range(number)]
        if tag == OBJECT:
            return {key: self._value() for key in self.shapes[number]}
        keys = tuple(self._value() for _ in range(number))
        if self.learning and len(self.shapes) < TABLE_MAX:
            self.shapes.append(keys)
        return {key: self._value() for key in keys}

    def _numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]


# --- changes --------------------------------------------------------------------------------------------

KEPT, EACH, WHOLE, GONE = "\2\3\4\5"  # the special keys of a change; a field cannot have such a name


def change(old: Any, new: Any) -> Any:
    """The change that turns ``old`` into ``new``.

    The change of an object has the fields that changed, and GONE with the names that are gone. The change of a list has either
    KEPT (how many of the old list's last items begin the new list, then the items that follow) or EACH (places and the changes
    there). WHOLE has a completely new object.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return _object_change(old, new)
    if isinstance(old, list) and isinstance(new, list):
        return _list_change(old, new)
    return {WHOLE: new} if isinstance(new, Mapping) else new


def _object_change(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    if [*(name for name in old if name in new), *(name for name in new if name not in old)] != list(new):
        return {WHOLE: new}  # the fields are in another order
    news = {name: change(old.get(name), value) for name, value in new.items() if name not in old or old[name] != value}
    gone = [name for name in old if name not in new]
    return {**news, GONE: gone} if gone else news


def _list_change(old: list[Any], new: list[Any]) -> Any:
    if len(old) == len(new) and all(isinstance(item, Mapping) for item in new):
        return _items_change(old, new)
    kept = next((size for size in range(min(len(old), len(new)), 0, -1) if old[-size:] == new[:size]), 0)
    if kept:
        return {KEPT: [kept, *new[kept:]]}
    if len(old) == len(new) and 2 * sum(was != item for was, item in zip(old, new, strict=True)) <= len(new):
        return _items_change(old, new)
    return new


def _items_change(old: list[Any], new: list[Any]) -> dict[str, list[Any]]:
    places = [place for place in range(len(new)) if old[place] != new[place]]
    return {EACH: [item for place in places for item in (place, change(old[place], new[place]))]}


def changed(old: Any, news: Any) -> Any:
    """``old`` with a change applied to it; ``old`` itself stays as it is."""
    if not isinstance(news, Mapping):
        return news
    if WHOLE in news:
        return news[WHOLE]
    if KEPT in news:
        kept, *more = news[KEPT]
        return [*old[len(old) - kept :], *more]
    if EACH in news:
        items = dict(zip(news[EACH][::2], news[EACH][1::2], strict=True))
        return [changed(item, items[place]) if place in items else item for place, item in enumerate(old)]
    gone = news.get(GONE, [])
    merged = {name: value for name, value in old.items() if name not in gone}
    return merged | {name: changed(merged.get(name), each) for name, each in news.items() if name != GONE}
