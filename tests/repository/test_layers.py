"""Imports go one way (ARCHITECTURE.md): in Python downwards, in the browser lib <- stores <- stage, panels <- main.

Modules of one layer may import each other as long as there is no circle.
"""

import ast
import re
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = """
   11  app
   10  dashboard.web.handlers  dashboard.web.pages
    9  dashboard.live.session  dashboard.web.flood  dashboard.web.reach  consensus.__main__
    8  consensus  dashboard.wire  dashboard.wire.*  dashboard.live.*  dashboard.web.limits
    7  runs.timeline  runs.registry  runs.scripting  scenarios.*  talks.*
    6  runs.aim  runs.experiment  runs.scenario  runs.seen  runs.beats  runs.talk  runs.why
    5  runs.lane  runs.spec  runs.interventions  watch.watch  watch.metrics  watch.figures  watch.narration
    5  protocols.*  faults.*
    4  kernel.simulation  protocols.cards  checkers  checkers.*
    3  kernel.clients  kernel.network  kernel.inside  kernel.orders  watch.history  watch.view  watch.trace
    2  kernel.node  kernel.events  kernel.rows  maths.*
    1  kernel.rng  kernel.freeze  kernel.ledger  kernel.sentences
    0  dashboard  dashboard.live  dashboard.web  kernel  runs  watch  faults  maths  scenarios  talks  protocols
"""
OUT_OF_BOUNDS = {"time", "datetime", "random", "threading", "asyncio", "socket", "os", "uuid", "logging", "flask", "eventlet"}
# And everything below checkers. Quorums, lattices and the front desk serve several protocols; gossip is an algorithm that its
# paper gives once for any datatype. It has no card and knows no protocol.
FOR_PROTOCOLS = {
    f"consensus.{name}"
    for name in (
        "kernel.node",
        "kernel.ledger",
        "kernel.sentences",
        "protocols.cards",
        "protocols.desk",
        "protocols.gossip",
        "checkers",
        "maths.quorums",
        "maths.lattices",
    )
}

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [ROOT / "app.py", *sorted(ROOT.glob("consensus/**/*.py")), *sorted(ROOT.glob("dashboard/**/*.py"))]
    if path.exists()
}
TREES = {module: ast.parse(path.read_text()) for module, path in FILES.items()}
SCRIPTS = sorted(path for path in ROOT.glob("static/js/**/*.js"))


def layer(module: str) -> int | None:
    """The layer of the longest pattern that matches: a module's own name comes before its whole room."""
    fits = {}
    for line in LAYERS.split("\n"):
        number, *patterns = line.split() or [""]
        for pattern in patterns:
            if fnmatch(module, pattern) or fnmatch(module, f"consensus.{pattern}"):
                fits[len(pattern)] = int(number)
    return fits[max(fits)] if fits else None


def imports(module: str) -> list[str]:
    """Every module in its imports, wherever they are in the file."""
    found = []
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} line {node.lineno}: imports are absolute"
            inside = [f"{node.module}.{name.name}" for name in node.names]
            found += [name if name in FILES else str(node.module) for name in inside]
    return found


@pytest.mark.parametrize("module", FILES)
def test_imports_never_go_upwards(module: str) -> None:
    mine = layer(module)
    assert mine is not None, f"{module} has no layer yet: give it one in LAYERS and in ARCHITECTURE.md"
    for other in imports(module):
        if other in FILES:
            assert layer(other) <= mine, f"{module} (layer {mine}) imports {other} (layer {layer(other)})"


def test_imports_have_no_circles() -> None:
    TopologicalSorter({module: [other for other in imports(module) if other in FILES] for module in FILES}).prepare()


@pytest.mark.parametrize("module", [module for module in FILES if module.startswith("consensus")])
def test_the_simulation_has_no_clock_no_threads_no_web(module: str) -> None:
    assert not [name for name in imports(module) if name.split(".")[0] in OUT_OF_BOUNDS]


@pytest.mark.parametrize(
    "module",
    [module for module in FILES if module.startswith("consensus.protocols.") and module != "consensus.protocols.cards"],
)
def test_a_protocol_knows_the_node_its_card_quorums_and_its_checkers_only(module: str) -> None:
    ours = [name for name in imports(module) if name.startswith(("consensus", "dashboard", "app"))]
    assert not [name for name in ours if name not in FOR_PROTOCOLS and not name.startswith("consensus.checkers.")]


# --- the browser ------------------------------------------------------------------------------------------------------

REACH = {
    "lib": {"lib"},
    "words": {"lib", "words"},
    "stores": {"lib", "stores"},
    "stage": {"lib", "words", "stores", "stage"},
    "panels": {"lib", "words", "stores", "panels"},
    "main": {"lib", "words", "stores", "stage", "panels", "main"},
}
LIBRARIES = {"lib": set(), "words": set(), "stores": set(), "stage": set(), "panels": {"preact", "preact/hooks", "htm"}}


def place(script: Path) -> str:
    """The folder under static/js; files directly in static/js belong to main."""
    folder = script.relative_to(ROOT / "static" / "js").parts[0]
    return folder if folder in REACH else "main"


def script_imports(script: Path) -> list[str]:
    """What its import and export statements name; types in comments are no imports."""
    code = re.sub(r"/\*.*?\*/|^\s*//.*?$", "", script.read_text(), flags=re.DOTALL | re.MULTILINE)
    names = r"[\w$*{},\s]+?\bfrom\s*"
    statement = rf"""^\s*(?:import\s*(?:{names})?|export\s*{names}|.*?\bimport\(\s*)["']([^"'\n]+)["']"""
    return re.findall(statement, code, flags=re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(ROOT / "static" / "js")))
def test_in_the_browser_too_imports_go_one_way(script: Path) -> None:
    mine = place(script)
    for wanted in script_imports(script):
        if wanted.startswith("."):
            target = (script.parent / wanted).resolve()
            assert target.is_file(), f"{wanted} does not exist"
            assert place(target) in REACH[mine], f"{mine} imports {wanted}, which is {place(target)}"
        else:
            assert mine == "main" or wanted in LIBRARIES[mine], f"{mine} imports the library {wanted}"


def test_scripts_have_no_circles() -> None:
    graph = {
        script: [(script.parent / wanted).resolve() for wanted in script_imports(script) if wanted.startswith(".")]
        for script in SCRIPTS
    }
    TopologicalSorter(graph).prepare()
