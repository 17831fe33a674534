"""Sentences for people: a template and the values in its holes, so that another language needs no change in code.

``say("{node} has crashed already.", node="n1")`` is the English text, and it remembers its template and its values. The server
sends both; a page fills the template of its own language (``static/js/words``). The English template is the catalogue's key.
A text without values needs no ``say``: it is its own template.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any


class Sentence(str):
    """A text that knows its template and its values. It is equal to the plain text; values may be sentences, too."""

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, values: dict[str, Any]) -> Sentence:
        made = super().__new__(cls, template.format_map(values))
        made.template, made.values = template, values
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self.template, self.values)


def say(template: str, /, **values: Any) -> Sentence:
    """The sentence of that template, with these values in its holes: ``{name}``."""
    return Sentence(template, values)


def say_count(number: int, one: str, other: str, /, **values: Any) -> Sentence:
    """The sentence for one, or for another number; the number is the value ``n``."""
    return Sentence(one if number == 1 else other, {"n": number, **values})


def say_list(template: str, parts: Iterable[str], /) -> str:
    """Several texts in one, such as ``say_list("{these}, {last}", parts)``. Texts that are plain make a plain text."""
    parts = list(parts)
    if not parts:
        return ""
    if any(isinstance(part, Sentence) for part in parts):
        return reduce(lambda these, last: say(template, these=these, last=last), parts)
    return reduce(lambda these, last: template.format(these=these, last=last), parts)


class Refused(ValueError):
    """The request cannot be done; the message is one sentence for the person who asked."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
