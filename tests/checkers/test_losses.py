"""Acknowledged writes that are lost: the sentences, the lineage, and a plain recount on random runs."""

from __future__ import annotations

import random

import pytest

from consensus.checkers import HOLDS, UNDECIDED, VIOLATED
from consensus.checkers.histories.losses import NAME, SETTLE, Losses
from consensus.kernel.events import Event
from consensus.kernel.freeze import copied, immutable
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.watch.history import History

MEMBERS = ("n1", "n2", "n3")


class Run:
    """Gives a checker the events that a test defines."""

    def __init__(self):
        self.checker, self.history, self.number = Losses(MEMBERS), History(), 0

    def event(self, at, kind, node, *data):
        self.number += 1
        event = Event(self.number, at, kind, node, 0, data)
        self.checker.fold(event, self.history.fold(event))

    def stored(self, at, node, *values, based_on=(), shelf="data", key="x"):
        self.event(at, "stored", node, key, values, based_on, shelf)

    def acknowledged(self, at, value, client="c1", outcome="ok", key="x"):
        self.event(at, "invoked", "n1", f"w{value}", client, "write", key, value)
        self.event(at, "returned", "n1", f"w{value}", client, outcome, (), "")

    def lost(self, at):
        return list(self.checker.lost(at))


def test_a_log_applied_value_by_value_loses_nothing():
    """Raft applies 8 and then 9 on each replica: 9 was written with knowledge of 8."""
    run = Run()
    for at, value in enumerate(("7", "8", "9")):
        run.stored(at * 100, "n1", value)
        run.acknowledged(at * 100 + 1, value)
        run.stored(at * 100 + 10, "n2", value)
        run.stored(at * 100 + 20, "n3", value)
    assert run.lost(10 * S) == [] and run.checker.verdict(10 * S).status == HOLDS


def test_a_replica_that_applies_its_log_late_or_again_loses_nothing():
    run = Run()
    for at, value in enumerate(("7", "8", "9")):
        run.stored(at, "n1", value)
        run.acknowledged(at, value)
    for at, value in enumerate(("7", "8", "9")):
        run.stored(5 * S + at, "n2", value)
    for at, value in enumerate(("7", "8", "9")):  # n1 restarts and applies its log from the start
        run.stored(9 * S + at, "n1", value)
    assert run.lost(20 * S) == []


def test_last_write_wins_loses_the_concurrent_acknowledged_write():
    run = Run()
    for node in MEMBERS:
        run.stored(0, node, "7")
    run.acknowledged(1, "7")
    run.stored(2 * S, "n1", "8")  # one side of a cut
    run.acknowledged(2_100 * MS, "8")
    run.stored(2_200 * MS, "n3", "9")  # the other side, which does not know 8
    run.acknowledged(2_300 * MS, "9", client="c3")
    run.stored(3 * S, "n2", "9")
    assert run.lost(3 * S) == []
    run.stored(3_500 * MS, "n1", "9")  # healed: the later timestamp wins
    assert run.lost(4_499 * MS) == [] and run.lost(4_500 * MS) == ["w8"]
    assert run.checker.lost(9 * S) == {"w8": 3_500 * MS}
    run.event(5 * S, "fired", "n1", "tick", ())
    (finding,) = run.checker.findings
    assert finding.checker == NAME and finding.operations == ("w8",) and finding.at == 4_500 * MS
    assert finding.sentence == (
        "c1's write x=8 was acknowledged at 2.100 s; no replica holds it any more, "
        "and the value that replaced it, 9, was written without knowing it."
    )
    assert run.checker.verdict(5 * S) == (VIOLATED, "1 acknowledged write is lost.")


def test_a_write_that_names_what_it_replaces_loses_nothing():
    """Siblings 8 and 9 are read by a client, whose next write is based on both."""
    run = Run()
    run.stored(0, "n1", "8")
    run.stored(0, "n2", "9")
    run.acknowledged(1, "8")
    run.acknowledged(1, "9")
    run.stored(10, "n3", "10", based_on=("8", "9"))
    run.stored(20, "n1", "10")
    run.stored(30, "n2", "10")
    assert run.lost(10 * S) == []


def test_what_a_node_names_only_when_it_newly_stores_a_value_counts_on_every_node():
    run = Run()
    run.stored(0, "n1", "8")
    run.acknowledged(1, "8")
    run.stored(10, "n3", "10")
    run.stored(20, "n1", "10", based_on=("8",))
    assert run.lost(10 * S) == []


def test_siblings_that_are_both_held_are_not_lost_and_do_not_know_each_other():
    run = Run()
    run.stored(0, "n1", "8")
    run.acknowledged(1, "8")
    run.stored(10, "n1", "8", "9")
    run.acknowledged(11, "9")
    assert run.lost(10 * S) == []
    run.stored(10 * S, "n1", "9")
    assert run.lost(12 * S) == ["w8"]


def test_a_write_that_was_acknowledged_but_never_stored_is_lost_after_a_second():
    run = Run()
    run.acknowledged(5 * MS, "8")
    assert run.lost(5 * MS + SETTLE - 1) == [] and run.lost(5 * MS + SETTLE) == ["w8"]
    run.event(3 * S, "fired", "n1", "tick", ())
    assert run.checker.findings[0].sentence == "c1's write x=8 was acknowledged at 0.005 s; no replica ever held it."


def test_a_write_that_is_stored_within_the_second_is_not_lost():
    run = Run()
    run.acknowledged(5 * MS, "8")
    run.stored(900 * MS, "n2", "8")
    assert run.lost(10 * S) == []
    run.event(10 * S, "fired", "n1", "tick", ())
    assert run.checker.findings == []


def test_missing_for_a_second_means_without_a_break():
    run = Run()
    run.stored(0, "n1", "8")
    run.acknowledged(0, "8")
    run.event(100 * MS, "wiped", "n1")
    run.stored(900 * MS, "n2", "8")
    run.event(950 * MS, "wiped", "n2")
    assert run.lost(1_900 * MS) == [] and run.lost(1_950 * MS) == ["w8"]


def test_a_hint_keeps_a_write_until_it_is_handed_off():
    run = Run()
    run.stored(0, "n3", "8", shelf="hint")
    run.acknowledged(0, "8")
    assert run.lost(5 * S) == []
    run.stored(5 * S, "n1", "8")
    run.stored(5 * S, "n3", shelf="hint")
    assert run.lost(10 * S) == []


def test_a_hint_that_is_dropped_undelivered_loses_the_write_and_a_late_copy_brings_it_back():
    run = Run()
    run.stored(0, "n3", "8", shelf="hint")
    run.acknowledged(0, "8")
    run.stored(5 * S, "n3", shelf="hint")
    assert run.lost(6 * S) == ["w8"]
    run.stored(7 * S, "n2", "8")
    assert run.lost(20 * S) == [] and run.checker.verdict(20 * S).status == HOLDS
    assert [finding.sentence for finding in run.checker.findings] == [
        "c1's write x=8 was acknowledged at 0.000 s; no replica holds it any more, and nothing stands in its place."
    ]


def test_a_crash_keeps_the_disk_and_a_wipe_clears_both_shelves_of_that_node_only():
    run = Run()
    run.stored(0, "n1", "8")
    run.stored(0, "n2", "9", shelf="hint", key="y")
    run.acknowledged(1, "8")
    run.acknowledged(1, "9", key="y")
    run.event(2, "crashed", "n1")
    run.event(2, "crashed", "n2")
    assert run.lost(10 * S) == []
    run.event(10 * S, "wiped", "n2")
    assert run.lost(12 * S) == ["w9"]


def test_the_writes_that_a_lost_write_knew_are_lost_with_it_unless_another_heir_lives():
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(1, "n2", "7")
    for at, value in ((10, "8"), (20, "9")):
        run.stored(at, "n1", value)
    for value in ("7", "8", "9"):
        run.acknowledged(30, value)
    run.stored(40, "n2", "10")  # knows 7 only
    run.stored(50, "n1", "10")
    assert sorted(run.lost(10 * S)) == ["w8", "w9"]
    run.stored(11 * S, "n3", "9")  # 9 appears again, and with it the values that it knew
    assert run.lost(20 * S) == []


def test_an_old_copy_that_is_all_that_is_left_is_called_old():
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "7")
    run.stored(10, "n1", "8")
    run.acknowledged(20, "8")
    run.event(30, "wiped", "n1")
    run.event(5 * S, "fired", "n1", "tick", ())
    assert run.checker.findings[0].sentence.endswith("no replica holds it any more, only the older 7.")
    assert run.checker.findings[0].nodes == ("n2",)


def test_writes_without_an_acknowledgement_cannot_be_lost():
    run = Run()
    run.acknowledged(0, "8", outcome="unknown")
    run.acknowledged(0, "9", outcome="failed")
    assert run.lost(10 * S) == [] and run.checker.verdict(10 * S).status == HOLDS


def test_writes_get_their_findings_one_by_one_each_when_its_second_is_over():
    run = Run()
    for at, value in ((0, "7"), (400 * MS, "8"), (800 * MS, "9")):
        run.acknowledged(at, value)
    told = []
    for at in range(0, 2_000 * MS, 100 * MS):
        run.event(at, "fired", "n1", "tick", ())
        told.append(len(run.checker.findings))
    assert told == [0] * 10 + [1] * 4 + [2] * 4 + [3] * 2
    assert [finding.at for finding in run.checker.findings] == [1_000 * MS, 1_400 * MS, 1_800 * MS]


def test_a_value_that_a_node_lists_twice_is_held_once():
    run = Run()
    run.stored(0, "n1", "8", "8")
    run.acknowledged(0, "8")
    run.stored(10, "n1", "8")
    run.event(20, "wiped", "n1")
    assert run.lost(2 * S) == ["w8"]


def test_each_lost_write_is_told_once():
    run = Run()
    run.acknowledged(0, "8")
    for at in range(2, 9):
        run.event(at * S, "fired", "n1", "tick", ())
    run.stored(9 * S, "n1", "8")
    run.event(10 * S, "wiped", "n1")
    run.event(20 * S, "fired", "n1", "tick", ())
    assert len(run.checker.findings) == 1 and run.lost(20 * S) == ["w8"]


# --- a plain recount ---------------------------------------------------------------------------------


def recount(events, history, at):
    """The definition, applied directly: every state of every shelf, every ancestor, every event's moment."""
    shelves, parents, since = {}, {}, {}
    acknowledged = {}
    for event in events:
        if event.kind == "stored":
            key, values, based_on, shelf = event.data
            old = shelves.get((event.node, shelf, key), ())
            for value in values:
                if value not in old:
                    replaced = [one for one in old if one not in values] if (key, value) not in parents else []
                    parents.setdefault((key, value), []).extend((*replaced, *based_on))
            shelves[event.node, shelf, key] = values
        elif event.kind == "wiped":
            shelves = {place: values for place, values in shelves.items() if place[0] != event.node}
        elif event.kind == "returned" and event.data[2] == "ok":
            write = history.operations[history.number_of[event.data[0]]]
            acknowledged[write.key, write.value] = write.op_id
        covered, waiting = {}, [(key, value) for (_, _, key), values in shelves.items() for value in values]
        while waiting:
            place = waiting.pop()
            if place not in covered:
                covered[place] = True
                waiting += [(place[0], parent) for parent in parents.get(place, [])]
        for place in acknowledged:
            if place in covered:
                since.pop(place, None)
            else:
                since.setdefault(place, event.at)
    return {acknowledged[place]: moment for place, moment in since.items() if moment + SETTLE <= at}


@pytest.mark.parametrize("seed", range(3))
def test_the_checker_agrees_with_a_plain_recount_on_random_runs(seed):
    chance, lost = random.Random(seed), 0
    for _ in range(250):
        run, at, events, asked = Run(), 0, [], []
        fold = run.checker.fold
        run.checker.fold = lambda event, operation, fold=fold, events=events: (events.append(event), fold(event, operation))
        for _step in range(chance.randint(4, 28)):
            at += chance.choice((0, 1, 300 * MS, 700 * MS))
            key, node = chance.choice(("x", "x", "y")), chance.choice(MEMBERS)
            values = [str(number) for number in range(6)]
            act = chance.random()
            if act < 0.7:
                held = tuple(sorted(chance.sample(values, chance.choice((0, 1, 1, 1, 2)))))
                based_on = tuple(chance.sample(values, chance.choice((0, 0, 0, 1))))
                run.stored(at, node, *held, based_on=based_on, shelf=chance.choice(("data", "data", "hint")), key=key)
            elif act < 0.8:
                run.event(at, "wiped", node)
            else:
                value = chance.choice(values)
                if (key, value) not in asked:
                    asked.append((key, value))
                    run.event(at, "invoked", "n1", f"{key}{value}", "c1", "write", key, value)
                    run.event(at, "returned", "n1", f"{key}{value}", "c1", chance.choice(("ok", "ok", "unknown")), (), "")
            for now in (at, at + SETTLE):
                expected = recount(events, run.history, now)
                assert run.checker.lost(now) == expected, events
            lost += len(expected)
    assert lost > 1_000


def test_a_keyframe_shares_nothing_that_changes():
    run = Run()
    run.stored(0, "n1", "8")
    run.acknowledged(1, "8")
    run.acknowledged(2, "9")
    kept = copied(run.checker)
    before = repr(vars(kept))
    assert before == repr(vars(run.checker))
    run.stored(3 * S, "n1", "10")
    run.event(3 * S, "wiped", "n1")
    run.event(9 * S, "fired", "n1", "tick", ())
    assert repr(vars(kept)) == before != repr(vars(run.checker))
    for value in vars(run.checker).values():
        assert all(immutable(item) for item in (value.values() if isinstance(value, dict | Ledger) else [value])) or isinstance(
            value, list
        )


@pytest.mark.parametrize("forgets", [False, True])
def test_a_crash_takes_copies_that_are_in_memory_only(forgets):
    """Viewstamped Replication keeps no log on disk; copies on disk survive a crash."""
    run = Run()
    run.checker.forgets = forgets
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "7")
    run.acknowledged(1, "7")
    run.event(S, "crashed", "n1")
    assert run.lost(5 * S) == []
    run.event(6 * S, "crashed", "n2")
    assert run.lost(8 * S) == (["w7"] if forgets else [])
    run.event(8 * S, "restarted", "n2")
    run.stored(9 * S, "n2", "7")  # it got a copy from another node
    assert run.lost(11 * S) == []


# --- what nobody can read ------------------------------------------------------------------------------


def folded(*events):
    losses = Losses(("n1", "n2", "n3"))
    history = History()
    for number, (kind, node, *data) in enumerate(events, 1):
        event = Event(number, number, kind, node, 0, tuple(data))
        losses.fold(event, history.fold(event))
    return losses


def acknowledged(value):
    yield "invoked", "n1", f"w{value}", "c1", "write", "x", value
    yield "returned", "n1", f"w{value}", "c1", "ok", (), ""


def held(node, value):
    return "stored", node, "x", (value,), (), "data"


def test_a_write_that_only_a_server_holds_that_does_not_run_is_out_of_reach():
    steps = [held("n1", "1"), held("n2", "1"), *acknowledged("1"), held("n3", "1"), held("n3", "2"), *acknowledged("2")]
    assert folded(*steps).out_of_reach() == {}
    assert folded(*steps, ("crashed", "n1")).out_of_reach() == {}, "n2 holds the same"
    halted = folded(*steps, ("halted", "n3", "why"))
    assert halted.out_of_reach() == {"w2": ("x=2", ("n3",))} and halted.lost(9 * S) == {}
    assert folded(*steps, ("halted", "n3", "why"), ("restarted", "n3")).out_of_reach() == {}
    assert folded(*steps, ("halted", "n3", "why"), held("n1", "2")).out_of_reach() == {}


def test_what_a_running_server_built_on_a_write_keeps_it_in_reach():
    steps = [held("n3", "1"), *acknowledged("1"), held("n1", "1"), held("n1", "2"), ("crashed", "n3")]
    losses = folded(*steps)
    assert losses.out_of_reach() == {}
    history = History()
    losses.fold(Event(90, 90, "crashed", "n1", 0, ()), None)
    assert losses.out_of_reach() == {"w1": ("x=1", ("n3", "n1"))}, "2 was never acknowledged; 1 was"
    assert len(history) == 0


def test_scenario_19_says_that_only_halted_servers_hold_what_was_acknowledged():
    spec = registry.scenario("forgotten-vote").spec
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(spec.until)
    lane = experiment.lanes[0]
    assert lane.sim.sentences, "the story halts servers"
    (status, sentence) = next(row[1:] for row in lane.promises(experiment.at) if row[0] == "acknowledged writes kept")
    assert status == UNDECIDED
    assert sentence.startswith("No acknowledged write is lost, but x=") and sentence.endswith("halted.")
