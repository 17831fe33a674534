"""The same spec and interventions give the same trace in every process, whatever the hash seed, on every Python here."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import contextlib, json, sys
from consensus.runs import registry
from consensus.runs.interventions import Ask, Crash, Cut, Partition, Restart, SetClock, SetLink
from consensus.kernel.sentences import Refused
from consensus.kernel.node import MS, S
from consensus.runs.timeline import Timeline

names = {}  # for every protocol the first scenario in which it runs
for scenario in registry.scenarios().values():
    for lane in scenario.spec.lanes:
        names.setdefault(lane.protocol, scenario.name)
assert list(sorted(names)) == list(registry.protocols()), "every protocol runs in some scenario"

out = []
for name in dict.fromkeys((*names.values(), "same-cut", "two-beat-one", "stale-leader", "lease", "members-at-once")):
    timeline = Timeline(registry.spec(name))
    for at, act in (
        (2500 * MS, SetLink((), (("loss", 50_000), ("duplicate", 50_000), ("shape", "exponential")))),
        (3100 * MS, Cut((("n1", "n2"), ("n2", "n3")))),
        (3200 * MS, SetClock("n1", 70 * MS, -333_333)),
        (3300 * MS, Ask("n2", "write", "x")),
        (3500 * MS, Crash("n3")),
        (4100 * MS, Restart("n3")),
    ):
        while not timeline.advance(at):
            pass
        with contextlib.suppress(Refused):  # there are scenarios with fewer than three nodes
            timeline.act(act)
    while not timeline.advance(6 * S):
        pass
    out.append([lane.trace.hex() for lane in timeline.experiment.lanes])
print(json.dumps(out))
"""


HASH_SEEDS = ("0", "1", "4242")  # one interpreter each: strings hashed without chance, and with


@cache
def trace(python: str, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python, "-c", RUN], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=True
    )
    return done.stdout


def test_the_hash_seed_changes_nothing():
    traces = {trace(sys.executable, seed) for seed in HASH_SEEDS}
    assert len(traces) == 1


def other_pythons() -> list[str]:
    """Every other supported Python on this machine's path or beside this one's installation."""
    names = [f"python3.{minor}" for minor in range(11, 15) if minor != sys.version_info.minor]
    beside = sorted(Path(sys.base_prefix).parent.glob("3.1[1-9]*/bin/python3"))
    found = [path for name in names if (path := shutil.which(name)) and runs(path)]
    found += [str(path) for path in beside if str(path.parent.parent) != sys.base_prefix and runs(str(path))]
    return found


def runs(python: str) -> bool:
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True, timeout=30).returncode == 0


def test_every_supported_python_here_gives_the_same_trace():
    others = other_pythons()
    if not others:
        pytest.skip("no other supported Python (3.11 or newer) is installed on this machine")
    seed = HASH_SEEDS[0]
    mine = trace(sys.executable, seed)
    assert {python: trace(python, seed) == mine for python in others} == dict.fromkeys(others, True)
