"""Finds sentences for people: in Python code, those built by ``say`` and those built otherwise; in what a run says, halves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from consensus.kernel.sentences import Sentence
from tests.kit.places import ROOT

BUILDERS = ("say", "say_count", "say_list", "say_of", "Unfit", "WriteWords")
WORD = re.compile(r"[A-Za-z]{2,}")


class Place(NamedTuple):
    file: str
    line: int
    text: str


def words_in(node: ast.AST) -> int:
    """The number of words in the fixed parts of an expression that builds a text."""
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return len(WORD.findall(" ".join(texts)))


def is_building(node: ast.AST) -> bool:
    """Does this expression put values into a text, but not by ``say``?"""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        return any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (node.left, node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant):
        return node.func.attr == "format" or (node.func.attr == "join" and words_in(node.func.value) > 0)
    return False


def built_elsewhere(file: Path, least_words: int = 3) -> Iterator[Place]:
    """Texts of that many words or more with values in them that ``say`` did not build."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if is_building(node) and words_in(node) >= least_words:
            yield Place(file.name, node.lineno, ast.unparse(node))


def templates(file: Path) -> Iterator[Place]:
    """The templates that the builders of sentences are given, also those of which a condition chooses one."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILDERS:
            for given in node.args:
                for text in texts_of(given):
                    yield Place(file.name, node.lineno, text)


def texts_of(given: ast.AST) -> Iterator[str]:
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        yield given.value
    elif isinstance(given, ast.IfExp):
        yield from texts_of(given.body)
        yield from texts_of(given.orelse)
    elif isinstance(given, ast.Tuple):
        for each in given.elts:
            yield from texts_of(each)


# --- what a run says ------------------------------------------------------------------------------

# Values of data that are English words, too: the decisions of two-phase commit, the command that changes nothing.
DATA = {"commit", "abort", "no-op"}
APART = re.compile(r"[\s,{}()=]+")  # op ids such as "you:2" stay whole
LETTERS = re.compile(r"[A-Za-z][A-Za-z'-]+")


@cache
def english() -> frozenset[str]:
    """Every word of two letters or more in a template of the checkers or the watch."""
    files = [*ROOT.glob("consensus/checkers/**/*.py"), *ROOT.glob("consensus/watch/*.py")]
    texts = [re.sub(r"\{\w+\}", " ", place.text) for file in files for place in templates(file)]
    words = {word.lower() for text in texts for word in LETTERS.findall(text)}
    return frozenset(words - DATA)


def fragments(text: str) -> list[str]:
    """English in a finding or a verdict that no template holds: figures without a template, words among the values."""
    if not isinstance(text, Sentence):
        return [text] if re.search(r"\d", text) else []
    found = []
    for value in text.values.values():
        if isinstance(value, Sentence):
            found += fragments(value)
        elif not isinstance(value, int) and is_fragment(value):
            found.append(f"{value!r} in {text.template!r}")
    return found


def is_fragment(value: Any) -> bool:
    """Is this value of a sentence English, or a figure with its unit? Data are single words, or words with commas between."""
    if not isinstance(value, str):
        return True
    words = [word for word in APART.split(value) if word]
    spaced = re.search(r"[^,\s] +[^\s]", value) is not None
    return spaced or any(word.lower() in english() for word in words if LETTERS.fullmatch(word))
