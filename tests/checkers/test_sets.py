"""Nothing in consensus/ iterates a set: its order differs from process to process, and a run must not (docs/design.md).

It finds what the text shows: literals, set(...), names and attributes that are annotated as sets or get one in the same
function or class. It misses a set from a call without annotation; comparing the trace hashes of two processes finds such a set.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.glob("consensus/**/*.py"))
IN_ORDER = ("list", "tuple", "enumerate", "iter", "map", "filter", "zip")


def is_set(node: ast.AST | None, sets: set[str]) -> bool:
    """True if the text shows that an expression is a set: a literal, set(...), a name of a set, or a combination of sets."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return is_set(node.left, sets) or is_set(node.right, sets)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")
    return isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in sets)


def names_of_sets(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_set(node.value, found):
            found |= {ast.unparse(target) for target in node.targets}
        if isinstance(node, ast.AnnAssign) and re.match(r"(frozen)?set\b", ast.unparse(node.annotation)):
            found |= {ast.unparse(node.target), f"self.{ast.unparse(node.target)}"}
        if isinstance(node, ast.arg) and node.annotation and re.match(r"(frozen)?set\b", ast.unparse(node.annotation)):
            found.add(node.arg)
    return found


def iterated(tree: ast.AST) -> list[ast.expr]:
    """Every expression over which code iterates in order: by for, by a comprehension that keeps the order, by list(...)."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.For):
            found.append(node.iter)
        elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
            found += [part.iter for part in node.generators]
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("list", "tuple", "enumerate", "iter")
        ):
            found += node.args
        elif isinstance(node, ast.Starred):
            found.append(node.value)
    return found


def iterations_of_sets(tree: ast.Module) -> list[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    outside = ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)], [])
    shared = {name for name in names_of_sets(tree) if "." in name}
    found = []
    for scope in [outside, *functions]:
        sets = names_of_sets(scope) | shared
        found += [f"line {node.lineno}: {ast.unparse(node)}" for node in iterated(scope) if is_set(node, sets)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_iterates_a_set(path: Path) -> None:
    assert not iterations_of_sets(ast.parse(path.read_text()))


def test_iterating_a_set_is_noticed() -> None:
    signature = "def f(self, peers: set[str]):\n  self.votes = set()\n  "
    for bad in ("for peer in peers: pass", "return list(self.votes)", "return [x for x in {1, 2}]", "return (*(peers - {1}),)"):
        assert iterations_of_sets(ast.parse(signature + bad)), bad
    for good in ("for peer in sorted(peers): pass", "return len(self.votes)", "return {x for x in peers}", "return 1 in peers"):
        assert not iterations_of_sets(ast.parse(signature + good)), good
    assert iterations_of_sets(ast.parse("names = {1, 2}\nordered = tuple(names)"))
