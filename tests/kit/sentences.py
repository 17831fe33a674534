"""Finds sentences for people in Python code: those built by ``say``, and those built otherwise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BUILDERS = ("say", "say_count")
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
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return isinstance(node.func.value, ast.Constant)
    return False


def built_elsewhere(file: Path, least_words: int = 3) -> Iterator[Place]:
    """Texts of three words or more with values in them that ``say`` did not build."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if is_building(node) and words_in(node) >= least_words:
            yield Place(file.name, node.lineno, ast.unparse(node))


def templates(file: Path) -> Iterator[Place]:
    """The templates of all calls of ``say`` and ``say_count``."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILDERS:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield Place(file.name, node.lineno, argument.value)
