"""Lanes under one clock: the same requests, one sentence each, and an error in one lane does not affect the others."""

from dataclasses import replace

import pytest

from consensus.kernel.clients import SOON, Workload
from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
from consensus.protocols.ordered.raft import RaftNode
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Partition, SetDeadline, Turn
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.narration import BADGES, sentence_of

PROTOCOLS = registry.protocols()
MEMBERS = ("n1", "n2", "n3", "n4", "n5")
SPLIT = Partition((("n1", "n2"), ("n3", "n4", "n5")))
DYNAMO = LaneSpec("dynamo", (("n", 3), ("r", 1), ("w", 1)))
REPORTED = ["nodes", "asked", "ok", "declined", "failed", "unknown", "stale", "lost"]


def spec(*lanes, **settings):
    return Spec("test", "A test", "A test.", lanes or (LaneSpec("raft"), DYNAMO), **settings)


def started(*lanes, at=2 * S, **settings):
    experiment = Experiment(spec(*lanes, **settings), PROTOCOLS)
    experiment.run_until(at)
    return experiment


def side(nodes, ok=0, asked=0, pending=0, stale=0, conflicts=0, violations=0, lost=0, declined=0):
    return {
        "nodes": list(nodes),
        "ok": ok,
        "declined": declined,
        "asked": asked,
        "pending": pending,
        "stale": stale,
        "conflicts": conflicts,
        "violations": violations,
        "lost": lost,
    }


# --- the sentence --------------------------------------------------------------------------------

TWO, THREE = MEMBERS[:2], MEMBERS[2:]


@pytest.mark.parametrize(
    ("sides", "sentence"),
    [
        ([side(MEMBERS)], "No request has ended yet."),
        ([side(MEMBERS, 7, 7)], "Everyone was answered. Nothing stale, nothing lost."),
        ([side(MEMBERS, 5, 7)], "5 of 7 were answered. Nothing stale, nothing lost."),
        ([side(TWO, 0, 41), side(THREE, 50, 50)], "The side of 2 answered 0 of 41. Nothing stale, nothing lost."),
        (
            [side(TWO, 0, 4), side(THREE, 5, 6)],
            "The side of 2 answered 0 of 4; the side of 3 answered 5 of 6. Nothing stale, nothing lost.",
        ),
        ([side(("n1",), 0, 4), side(("n2",), 5, 5)], "The side of n1 answered 0 of 4. Nothing stale, nothing lost."),
        ([side(TWO, 9, 9, stale=1), side(THREE, 8, 8)], "Everyone was answered. 1 stale read."),
        (
            [side(TWO, 9, 9, stale=30, conflicts=1, lost=3), side(THREE, 8, 8, stale=1, violations=2, lost=1)],
            "Everyone was answered. 4 acknowledged writes lost, 2 answers contradict others, 1 read returned siblings, "
            "31 stale reads.",
        ),
        (
            [side(TWO, 7, 9, declined=2), side(THREE, 8, 9, declined=1)],
            "Everyone was answered; 3 requests were declined for a stated reason. Nothing stale, nothing lost.",
        ),
        (
            [side(TWO, 7, 9, declined=1), side(THREE, 9, 9)],
            "The side of 2 answered 8 of 9; 1 request was declined for a stated reason. Nothing stale, nothing lost.",
        ),
    ],
)
def test_the_sentence_adds_up_what_the_sides_saw(sides, sentence):
    assert sentence_of(sides, MEMBERS) == sentence


def test_the_sentence_does_not_say_everyone_while_a_side_has_answered_nobody():
    """Until a deadline after the cut, no client on the refusing side has been refused yet; they wait."""
    sides = [side(TWO, pending=3), side(THREE, 1, 1)]
    assert sentence_of(sides, MEMBERS) == "The side of 2 has answered nobody yet. Nothing stale, nothing lost."


def test_the_sentence_says_everyone_when_nobody_asks_on_the_other_side():
    assert sentence_of([side(TWO), side(THREE, 1, 1)], MEMBERS).startswith("Everyone was answered.")


def test_the_sentence_hides_no_harm_though_nothing_was_asked_and_answered_since():
    """A read during which the cut came counts on no side, but its wrong answer does."""
    sides = [side(TWO, pending=1), side(THREE, stale=1)]
    assert sentence_of(sides, MEMBERS) == "1 request waits for an answer. 1 stale read."


def test_right_after_a_cut_no_sentence_says_more_than_its_clients_know():
    experiment = started()
    experiment.intervene(Partition(((experiment.leader(),), tuple(m for m in MEMBERS if m != experiment.leader()))))
    seen = []
    for _ in range(30):
        experiment.run_until(experiment.at + 20 * MS)
        meters = experiment.lanes[0].meters(experiment.at)
        seen.append(meters["sentence"])
        alone = min(meters["sides"], key=lambda side: len(side["nodes"]))
        if meters["sentence"].startswith("Everyone"):
            assert alone["ok"] == alone["asked"] and (alone["asked"] or not alone["pending"])
    assert any("answered nobody yet" in sentence for sentence in seen)
    assert "answered 0 of" in seen[-1]


# --- lanes ---------------------------------------------------------------------------------------


def test_all_lanes_are_asked_the_same_at_the_same_moments():
    experiment = started(LaneSpec("raft"), DYNAMO, LaneSpec("raft", (("reads", "local"),)))
    experiment.intervene(SPLIT)
    experiment.intervene(Ask("n1", "write", "x"))
    experiment.run_until(4 * S)
    asked = [
        [(op.op_id, op.node, op.kind, op.key, op.value, op.start) for op in lane.history.operations]
        for lane in experiment.lanes
    ]
    assert len(asked[0]) > 30
    assert asked[0] == asked[1] == asked[2]


def test_a_turn_is_of_its_own_lane_only_and_a_bad_one_changes_nothing():
    experiment = started(LaneSpec("raft"), LaneSpec("raft"))
    experiment.intervene(Turn(1, "reads", "local"))
    assert [lane.knobs["reads"] for lane in experiment.lanes] == ["log", "local"]
    traces = [lane.trace.hex() for lane in experiment.lanes]
    for bad in (Turn(1, "reads", "loud"), Turn(1, "no such", 1), Turn(2, "reads", "log")):
        with pytest.raises(Refused):
            experiment.intervene(bad)
    assert [lane.knobs["reads"] for lane in experiment.lanes] == ["log", "local"]
    assert [lane.trace.hex() for lane in experiment.lanes] == traces


def test_the_badge_follows_the_knobs():
    experiment = started()
    badges = [lane.meters(experiment.at)["badge"] for lane in experiment.lanes]
    assert badges == [BADGES["clean majority"], BADGES["total"]]
    experiment.intervene(Turn(1, "w", 2))
    assert experiment.lanes[1].meters(experiment.at)["badge"] == BADGES["quorum"]


class Mistaken(RaftNode):
    """Has a bug in a handler that runs after a cut."""

    def on_election_timeout(self):
        if self.now > 2 * S:
            raise KeyError("forgotten")
        super().on_election_timeout()


@pytest.fixture
def mistaken():
    """Lane 0 stops soon after the leader has crashed; lane 1 goes on."""
    cards = {**PROTOCOLS, "mistaken": replace(PROTOCOLS["raft"], name="mistaken", title="Mistaken", node=Mistaken)}
    experiment = Experiment(spec(LaneSpec("mistaken"), DYNAMO), cards)
    experiment.run_until(2 * S)
    experiment.intervene(Crash(experiment.leader()))
    experiment.run_until(3 * S)
    return experiment


def test_a_mistake_stops_its_own_lane_with_a_sentence_and_the_seed(mistaken):
    broken, other = mistaken.lanes
    assert "Mistaken stopped at 2." in broken.stopped and "KeyError" in broken.stopped and "Seed 1 " in broken.stopped
    assert broken.verdict(mistaken.at).status == "violated"
    assert broken.meters(mistaken.at)["sentence"] == broken.stopped
    assert other.stopped is None and other.history.operations[-1].start > 2900 * MS


def test_of_a_lane_that_stopped_all_is_told_that_happened_before(mistaken):
    """The last event is the one that caused the error, in whatever order the lanes ran."""
    broken, other = mistaken.lanes
    assert broken.fresh[-1].kind == "fired" and broken.fresh[-1].data[0] == "election"
    assert [event.id for event in broken.fresh] == list(range(1, len(broken.trace) + 1))
    assert other.fresh[-1].at > broken.fresh[-1].at


def test_what_is_said_to_all_is_true_of_the_lanes_that_go_on(mistaken):
    """The links of a stopped lane stay as they were; texts for all lanes must not use them."""
    mistaken.intervene(SPLIT)
    assert mistaken.caption == "Cut at 3.0 s. Split: {n1, n2} | {n3, n4, n5}."
    assert len(mistaken.cut_spans) == 1 and mistaken.cast().sides == SPLIT.sides
    mistaken.intervene(Heal())
    assert mistaken.caption == "Healed at 3.0 s: everyone reaches everyone again."


def test_a_caption_names_a_leader_only_when_the_lanes_agree_on_it():
    slow = LaneSpec("raft", (("election_max_ms", 1000),))
    agreed, apart = started(LaneSpec("raft"), LaneSpec("raft", (("reads", "local"),))), started(LaneSpec("raft"), slow, seed=4)
    assert len({lane.leader() for lane in agreed.lanes}) == 1
    assert len({lane.leader() for lane in apart.lanes}) == 2, "another seed, please"
    agreed.intervene(SPLIT)
    apart.intervene(SPLIT)
    assert f"leader {agreed.leader()} is on the" in agreed.caption
    assert "leader" not in apart.caption


# --- the report ----------------------------------------------------------------------------------


def test_the_report_tells_of_the_last_split_after_the_heal():
    experiment = started()
    experiment.intervene(SPLIT)
    experiment.run_until(4 * S)
    during = [[side[name] for name in REPORTED] for side in experiment.report()["lanes"][0]["sides"]]
    experiment.intervene(Heal())
    experiment.run_until(6 * S)
    report = experiment.report()
    assert (report["scenario"], report["seed"], report["until"]) == ("test", 1, "6s")
    for lane in report["lanes"]:
        assert [side["nodes"] for side in lane["sides"]] == [["n1", "n2"], ["n3", "n4", "n5"]]
        assert all(list(side) == REPORTED for side in lane["sides"])
        assert all(side["asked"] == side["ok"] + side["failed"] + side["unknown"] > 0 for side in lane["sides"])
    assert [[side[name] for name in REPORTED] for side in report["lanes"][0]["sides"]] == during


def test_the_report_of_a_run_without_a_cut_has_one_side():
    report = started().report()
    assert [len(lane["sides"]) for lane in report["lanes"]] == [1, 1]
    assert report["lanes"][0]["sides"][0]["nodes"] == list(MEMBERS)
    assert report["lanes"][0]["verdict"]["status"] == "ok"


def test_a_cut_shorter_than_the_deadline_blames_nobody():
    """A request that waited during a short cut was answered, only late: no side refused it."""
    experiment = started(LaneSpec("raft"))
    experiment.intervene(SetDeadline(10 * S))
    experiment.intervene(SPLIT)
    experiment.run_until(2100 * MS)
    experiment.intervene(Heal())
    experiment.run_until(4 * S)
    assert all(side["failed"] == side["unknown"] == 0 for side in experiment.report()["lanes"][0]["sides"])


# --- what cuts look like in words ----------------------------------------------------------------


def test_a_heal_in_part_does_not_say_that_everyone_reaches_everyone():
    experiment = started()
    experiment.intervene(Cut((("n1", "n2"), ("n2", "n1"))))
    experiment.intervene(Heal((("n1", "n2"),)))
    assert experiment.caption == "Healed in part at 2.0 s. n2 can no longer reach n1; n1 still reaches n2."


# --- the script ----------------------------------------------------------------------------------


def test_a_step_that_no_lane_can_do_is_kept_and_marked():
    twice = (Step(1 * S, Crash("n1")), Step(2 * S, Crash("n1")))
    experiment = started(script=twice, at=3 * S)
    assert experiment.refused == [(2 * S, Crash("n1"), None, "n1 has crashed already.")]
    assert (2 * S, "refused", -1, "not done: n1 has crashed already.") in experiment.all_marks()
    assert experiment.caption == "A step of the script could not be done at 2.0 s. n1 has crashed already."


def test_a_step_that_one_lane_cannot_do_is_kept_with_that_lane():
    script = (Step(1 * S, Crash("n1"), 1), Step(2 * S, Crash("n1")))
    experiment = started(script=script, at=3 * S)
    assert experiment.refused == [(2 * S, Crash("n1"), 1, "n1 has crashed already.")]
    assert (2 * S, "refused", 1, "not done: n1 has crashed already.") in experiment.all_marks()
    assert experiment.lanes[0].sim.status["n1"] == "crashed"


def test_a_part_that_nobody_plays_is_kept_as_the_script_has_it():
    experiment = started(script=(Step(1 * S, Crash("@follower9")),))
    (refusal,) = experiment.refused
    assert refusal.do == Crash("@follower9") and "There is no @follower9" in refusal.sentence


def test_a_script_out_of_the_order_of_time_is_refused():
    with pytest.raises(Refused, match=r"a step at 1 s comes after one at 2 s\."):
        Experiment(spec(script=(Step(2 * S, Crash("n1")), Step(1 * S, Crash("n2")))), PROTOCOLS)


# --- clients ask when the network changes ---------------------------------------------------------


def asked_since(experiment, at):
    """The requests from that moment on, of each lane: when, which, where, what, on which key."""
    return [
        [(each.start, each.op_id, each.node, each.kind, each.key) for each in lane.operations if each.start >= at]
        for lane in experiment.lanes
    ]


RARE = Workload(every=60 * S, start=0)  # between the changes of the network hardly anybody asks


def test_every_client_asks_soon_after_a_cut_and_after_a_heal():
    experiment = started(workload=RARE)
    for change in (SPLIT, Heal()):
        at = experiment.at
        experiment.intervene(change)
        experiment.run_until(at + SOON)
        one, other = asked_since(experiment, at)
        assert one == other
        assert {node for _, _, node, _, _ in one} == set(MEMBERS)
        assert all(at <= start < at + SOON for start, *_ in one)
        experiment.run_until(at + 1 * S)


def test_each_side_of_a_cut_is_asked_to_read_and_to_write():
    experiment = started(workload=RARE)
    experiment.intervene(Partition((("n1",), ("n2", "n3"), ("n4", "n5"))))
    experiment.run_until(experiment.at + SOON)
    for side in (("n1",), ("n2", "n3"), ("n4", "n5")):
        kinds = {kind for _, _, node, kind, _ in asked_since(experiment, 2 * S)[0] if node in side}
        assert kinds == {"read", "write"}


def test_a_side_that_can_answer_has_answered_100_ms_after_the_cut():
    """At 1/20 that is two seconds of wall time, with a leader on the larger side."""
    experiment = started(workload=replace(RARE, keys=("x",)))
    leader = experiment.leader()
    others = [node for node in MEMBERS if node != leader]
    experiment.intervene(Partition((tuple(others[:2]), (leader, *others[2:]))))
    experiment.run_until(2 * S + 100 * MS)
    strict, sloppy = ([side["ok"] for side in experiment.outcome(lane)] for lane in (0, 1))
    assert strict[0] == 0 and strict[1] >= 1
    assert all(answered >= 1 for answered in sloppy)


def test_requests_at_a_change_move_no_other_request():
    quiet, lively = (started(workload=replace(Workload(), at_changes=asks)) for asks in (False, True))
    for experiment in (quiet, lively):
        experiment.intervene(SPLIT)
        experiment.run_until(5 * S)
    moments = [{(start, node, kind, key) for start, _, node, kind, key in asked_since(each, 0)[0]} for each in (quiet, lively)]
    assert moments[0] < moments[1] and len(moments[1]) == len(moments[0]) + len(MEMBERS)


def test_a_cut_in_one_lane_makes_the_clients_of_all_lanes_ask():
    experiment = started(workload=RARE)
    experiment.intervene(SPLIT, 1)
    experiment.run_until(2 * S + SOON)
    one, other = asked_since(experiment, 2 * S)
    assert one == other and len(one) == len(MEMBERS)


def test_links_that_stay_as_they_are_make_nobody_ask():
    experiment = started(workload=RARE)
    experiment.intervene(Heal())
    experiment.run_until(2 * S + SOON)
    assert asked_since(experiment, 2 * S) == [[], []]


def test_after_two_changes_at_once_clients_ask_about_the_second():
    experiment = started(workload=RARE)
    for change in (SPLIT, Heal(), SPLIT):
        experiment.intervene(change)
    experiment.run_until(2 * S + SOON)
    assert len(asked_since(experiment, 2 * S)[0]) == len(MEMBERS)


@pytest.mark.parametrize("workload", [replace(RARE, start=3 * S), replace(RARE, stop=1 * S), replace(RARE, at_changes=False)])
def test_a_workload_that_does_not_run_does_not_ask_at_a_change(workload):
    experiment = started(workload=workload)
    experiment.intervene(SPLIT)
    experiment.run_until(2 * S + SOON)
    assert asked_since(experiment, 2 * S) == [[], []]
