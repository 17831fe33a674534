"""The interface for scripts: the arguments of ``run``, its results, its refusals; and the manual's examples."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

import consensus
from consensus import (
    Act,
    Ask,
    Crash,
    Cut,
    Heal,
    LinkState,
    Partition,
    Refused,
    Restart,
    SetLink,
    Turn,
    Workload,
    knobs_of,
    protocol_names,
    run,
    run_scenario,
    scenario_names,
)
from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import KINDS

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs" / "scripting.md"

# --- results -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def left():
    """The issue's own example."""
    script = [(3.0, Act("@leader", "leave", "@follower1"))]
    return run("raft", knobs={"pre_vote": True}, script=script, nodes=5, seed=3, until=14.0, workload=True)


def test_a_lane_says_what_came_out(left):
    (lane,) = left.lanes
    assert lane.protocol == "raft" and lane.knobs["pre_vote"] is True
    assert {operation.outcome for operation in lane.operations} <= {"ok", "failed", "unknown", "pending"}
    assert lane.operations[0].client == "c1" and lane.operations[0].node == "n1"
    assert lane.promises[0][:2] == ["linearizable", "ok"]
    assert all(len(row) == 3 for row in lane.promises)
    assert (lane.laws, lane.halted, lane.stopped) == ([], {}, None)
    assert lane.verdict.status == "ok" and lane.claims["consistency"] == "linearizable"
    assert re.fullmatch("[0-9a-f]{32}", lane.trace)
    assert left.refused == [] and left.at == 14.0


def test_all_times_in_results_are_seconds(left):
    (lane,) = left.lanes
    assert all(0 <= operation.start < 14 for operation in lane.operations)
    assert all(operation.finish is None or 0 < operation.finish - operation.start < 0.4 for operation in lane.operations)
    assert [mark.at for mark in lane.marks if mark.kind == "fault"] == [3.0]
    assert lane.meters["since"] == 0.0
    assert all(0.01 < latency < 0.4 for kind in ("reads", "writes") for latency in lane.meters["sides"][0][kind])
    assert not [name for name in lane.meters if name.endswith("ms")]


def test_leaders_are_moments_nodes_and_epochs(left):
    (lane,) = left.lanes
    for at, node, epoch in lane.leaders:
        assert 0 < at < 14 and node in ("n1", "n2", "n3", "n4", "n5") and epoch >= 1
    assert [epoch for _, _, epoch in lane.leaders] == sorted(epoch for _, _, epoch in lane.leaders)


def test_broken_laws_are_the_protocols_own_invariants():
    """Two Raft nodes may lead in one term when a vote is forgotten with its disk (5.2)."""
    lane = run_scenario("forgotten-vote").lanes[0]
    assert lane.laws and all(len(row) == 2 for row in lane.laws)
    assert lane.laws[0][0] in [name for name, status, _ in lane.promises if status == "violated"]


def test_the_same_run_has_the_same_trace_and_a_scenario_has_its_own():
    script = [(1.0, Partition([["n1", "n2"], ["n3", "n4", "n5"]])), (2.0, Heal())]
    first, second = (run("raft", script=script, until=3, workload=True) for _ in range(2))
    assert first.lanes[0].trace == second.lanes[0].trace
    experiment = Experiment(registry.spec("two-beat-one"), registry.protocols())
    experiment.run_until(4 * S)
    assert run_scenario("two-beat-one", until=4).lanes[0].trace == experiment.lanes[0].trace.hex()


# --- arguments -----------------------------------------------------------------------------------


def test_without_a_workload_only_the_script_asks():
    script = [(1.0, Ask("n1", "write", "x")), (2.0, Ask("n2", "read", "x"))]
    lane = run("raft", script=script, until=3).lanes[0]
    assert [(done.kind, done.outcome, done.result) for done in lane.operations] == [("write", "ok", ()), ("read", "ok", ("1",))]
    assert [done.start for done in lane.operations] == [1.0, 2.0]


def test_a_workload_of_ones_own_is_taken():
    busy = Workload(keys=("k",), every=100 * MS, clients=("n2",))
    lane = run("dynamo", until=2, workload=busy).lanes[0]
    assert {(done.client, done.node, done.key) for done in lane.operations} == {("c1", "n2", "k")}


@pytest.mark.parametrize(
    ("protocols", "knobs"),
    [
        (["raft", "dynamo"], [{"pre_vote": True}, {"r": 2}]),
        (["raft", "dynamo"], {"raft": {"pre_vote": True}, "dynamo": {"r": 2}}),
        (["raft", "dynamo"], {"pre_vote": True, "r": 2}),
        ([("raft", {"pre_vote": True}), ("dynamo", {"r": 2})], None),
        ((("raft", {"pre_vote": True}), "dynamo"), [None, {"r": 2}]),
    ],
)
def test_knobs_of_several_protocols_are_given_in_any_of_these_ways(protocols, knobs):
    raft, dynamo = run(protocols, knobs, until=0.1).lanes
    assert (raft.protocol, raft.knobs["pre_vote"]) == ("raft", True)
    assert (dynamo.protocol, dynamo.knobs["r"]) == ("dynamo", 2)


def test_either_separator_names_a_protocol():
    assert run("primary_backup", until=0.1).lanes[0].protocol == run("primary-backup", until=0.1).lanes[0].protocol
    assert run("causal-store", until=0.1).lanes[0].protocol == run("causal_store", until=0.1).lanes[0].protocol


def test_seconds_are_rounded_once_to_whole_microseconds():
    script = [(0.1 + 0.2, Crash("n1")), (0.7000004, Restart("n1"))]
    result = run("raft", script=script, until=1)
    assert [step.at for step in result.experiment.spec.script] == [300_000, 700_000]


def test_lists_and_dicts_do_where_a_run_keeps_tuples():
    result = run("raft", script=[(1, Cut([["n1", "n2"]])), (2, SetLink([], {"loss": 0}))], until=3)
    assert result.refused == [] and result.experiment.lanes[0].sim.network.is_cut("n1", "n2")


def test_a_link_and_a_deadline_are_taken():
    slow = {"delay": 200 * MS, "jitter": 0}
    script = [(2.0, Ask("n1", "write", "x"))]
    for link in (slow, LinkState(**slow)):
        lane = run("raft", script=script, until=4, link=link, deadline=0.25).lanes[0]
        assert (lane.operations[0].outcome, lane.operations[0].finish) == ("unknown", 2.25)


def test_a_step_falls_on_one_lane_when_it_names_it():
    result = run(["raft", "raft"], script=[(1, Crash("n1"), 1)], until=2)
    assert [lane.sim.status["n1"] for lane in result.experiment.lanes] == ["up", "crashed"]


def test_the_catalogue_is_listed():
    assert protocol_names() == list(registry.protocols()) and scenario_names() == list(registry.scenarios())
    assert knobs_of("raft")["pre_vote"] is registry.protocols()["raft"].with_defaults()["pre_vote"]


# --- refusals ------------------------------------------------------------------------------------


def test_a_refused_step_is_listed_with_its_moment_and_lane():
    script = [(1.0, Act("@leader", "leave", "@follower1")), (2.0, Crash("n1")), (3.0, Crash("n1"))]
    result = run(["raft", "dynamo"], script=script, until=4.0)
    assert [(at, do, lane) for at, do, lane, _ in result.refused] == [
        (1.0, Act("@leader", "leave", "@follower1"), 1),
        (3.0, Crash("n1"), None),
    ]
    assert result.refused[1].sentence == "n1 has crashed already."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"protocols": "rift"}, "There is no protocol 'rift'; there are: "),
        ({"protocols": []}, "An experiment has from 1 to 4 lanes, not 0."),
        ({"protocols": 3}, "Protocols are given as a name or a list of names, not 3."),
        ({"knobs": {"speed": 9}}, "Raft has no knob 'speed'"),
        ({"knobs": {"reads": "telepathy"}}, "cannot be 'telepathy'"),
        ({"knobs": [{}, {}]}, "There are 1 protocols and 2 dicts of knobs"),
        ({"knobs": 7}, "Knobs are a dict"),
        ({"protocols": ["raft", "vr"], "knobs": {"speed": 9}}, "None of raft, vr has a knob 'speed'."),
        ({"protocols": ["raft", "vr"], "knobs": {"zab": {}}}, "There are knobs for zab, which is not among"),
        ({"nodes": 1}, "A cluster has from 2 to 25 nodes, not 1."),
        ({"nodes": 2.5}, "The number of nodes is a whole number, not 2.5."),
        ({"seed": -1}, "A seed is a whole number from 0"),
        ({"seed": True}, "A seed is a whole number, not True."),
        ({"until": math.inf}, "A run's length is a finite number of seconds, not inf."),
        ({"until": 0}, "A run lasts more than 0 s"),
        ({"until": 601}, "at most 600 s, not 601 s."),
        ({"deadline": 0.001}, "The deadline is from 0.01 s to 60 s, not 0.001 s."),
        ({"workload": 3}, "A workload is True, False or a Workload, not 3."),
        ({"workload": Workload(clients=("n6",))}, "A client stands at n6, but there is no such node"),
        ({"link": {"dealy": 3}}, "A link has no 'dealy'"),
        ({"link": 3}, "A link is a LinkState or a dict"),
        ({"script": 7}, "A script is a list of (seconds, intervention), not 7."),
        ({"script": [(2, Crash("n1")), (1, Crash("n2"))]}, "a step at 1 s comes after one at 2 s."),
        ({"script": [(1, Crash("n1")), Crash("n2")]}, "Step 2 of the script: it is (seconds, intervention)"),
        ({"script": [(1, "cut")]}, "Step 1 of the script: 'cut' is no intervention; there are Cut, "),
        ({"script": [(math.nan, Crash("n1"))]}, "its time is a finite number of seconds, not nan."),
        ({"script": [("1", Crash("n1"))]}, "its time is a finite number of seconds, not '1'."),
        ({"script": [(-1, Crash("n1"))]}, "its time is from 0 s to the run's end at 2 s, not -1 s."),
        ({"script": [(2.1, Crash("n1"))]}, "its time is from 0 s to the run's end at 2 s, not 2.1 s."),
        ({"script": [(1, Crash("n6"))]}, "There is no node n6."),
        ({"script": [(1, Crash("@boss"))]}, "There is no part '@boss'."),
        ({"script": [(1, Crash("@follower5"))]}, "There is no @follower5: the cluster has 4 followers."),
        ({"script": [(1, Cut([("n1", "n6")]))]}, "There is no node n6."),
        ({"script": [(1, Cut([1]))]}, "cannot be understood"),
        ({"script": [(1, Partition([["n1"], ["n6"]]))]}, "There is no node n6."),
        ({"script": [(1, Act("@leader", "leave", "n6"))]}, "There is no node n6"),
        ({"script": [(1, Crash("n1"), 1)]}, "there is no lane 1; lanes count from 0 to 0."),
        ({"script": [(1, Turn(2, "pre_vote", True))]}, "there is no lane 2"),
    ],
    ids=str,
)
def test_a_mistake_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(Refused) as refused:
        run(**{"protocols": "raft", "until": 2, **arguments})
    assert sentence in str(refused.value) and str(refused.value).endswith(".")
    assert isinstance(refused.value, ValueError)


# --- the package ---------------------------------------------------------------------------------


def test_run_is_a_function_whatever_has_been_imported_before():
    """A package named ``run`` would replace the function as soon as somebody imports from it."""
    code = "import consensus.__main__, app, consensus; from consensus import run; print(run.__module__, run.__name__)"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["consensus.runs.scripting", "run"]


def test_importing_the_package_loads_no_run():
    code = "import sys, consensus, consensus.kernel.node; print([name for name in sys.modules if name.startswith('consensus')])"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "consensus.runs" not in done.stdout and "consensus.protocols" not in done.stdout


def test_every_intervention_and_every_name_can_be_imported():
    for kind in KINDS:
        assert getattr(consensus, kind.__name__) is kind
    assert all(getattr(consensus, name) is not None for name in consensus.__all__)
    with pytest.raises(AttributeError):
        _ = consensus.nothing


# --- the manual ----------------------------------------------------------------------------------


def test_the_manual_prints_what_it_says(capsys):
    """Its code blocks run one after the other; the block after each one is its output."""
    blocks = re.findall(r"```(python|text)\n(.*?)```", MANUAL.read_text("utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 4
    names = {}
    for language, text in blocks:
        if language == "python":
            assert capsys.readouterr().out == "", "what a block prints stands in the manual"
            exec(compile(text, str(MANUAL), "exec"), names)
        else:
            assert capsys.readouterr().out == text
    assert capsys.readouterr().out == ""


def test_the_manual_names_all_that_there_is():
    page = MANUAL.read_text("utf-8")
    for name in (*(kind.__name__ for kind in KINDS), *consensus.__all__):
        assert name == "VERSION" or f"`{name}" in page, f"docs/scripting.md does not name {name}"
