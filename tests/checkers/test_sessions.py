"""The four session guarantees: Terry et al., PDIS 1994, as far as clients can see them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from consensus.checkers import HOLDS, UNDECIDED, VIOLATED
from consensus.checkers.histories.causal import accesses, closed
from consensus.checkers.histories.linearizability import check
from consensus.checkers.histories.sessions import (
    GUARANTEES,
    MONOTONIC_READS,
    MONOTONIC_WRITES,
    READ_YOUR_WRITES,
    WRITES_FOLLOW_READS,
    Sessions,
)
from consensus.kernel.clients import Workload
from consensus.kernel.events import Event
from consensus.kernel.freeze import copied, immutable
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Restart, SetLink, Turn
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import History
from dashboard.wire.lane_view import LaneView
from tests.checkers.test_linearizability import FAILED, OK, UNKNOWN, events_of, lawful_steps, random_steps, read, write


def folded(*steps, in_real_time=True):
    history, checker = History(), Sessions(in_real_time)
    for event in events_of(steps):
        checker.fold(event, history.fold(event))
    return checker, history.operations


def broken(*steps):
    checker, _ = folded(*steps)
    return [(finding.checker, finding.operations) for finding in checker.findings]


def statuses(checker):
    return tuple(checker.verdicts(0)[guarantee].status for guarantee in GUARANTEES)


# --- read your writes ----------------------------------------------------------------------------------


def test_a_client_that_reads_the_predecessor_of_its_own_write_did_not_read_its_write():
    checker, _ = folded(
        write("7", 0, 10, client="c2"),
        write("9", 2_000_000, 2_950_000, client="c1"),
        read("7", 3_000_000, 3_214_000, client="c1"),
    )
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (READ_YOUR_WRITES, ("op1", "op2"))
    assert finding.sentence == (
        "c1 read x=7 at 3.214 s, though its own write x=9 had been acknowledged at 2.950 s, and 7 is older."
    )
    assert checker.verdicts(0)[READ_YOUR_WRITES] == (VIOLATED, finding.sentence)


def test_the_state_before_any_write_is_older_than_every_write():
    assert broken(write("9", 0, 10, client="c1"), read((), 20, 30, client="c1")) == [(READ_YOUR_WRITES, ("op0", "op1"))]


def test_another_clients_read_says_nothing_of_my_writes():
    assert broken(write("7", 0, 10), write("9", 20, 30, client="c1"), read("7", 40, 50, client="c3")) == []


def test_a_newer_or_concurrent_write_may_take_the_place_of_mine():
    assert broken(write("9", 0, 10, client="c1"), write("7", 5, 15, client="c2"), read("7", 20, 30, client="c1")) == []
    assert broken(write("9", 0, 10, client="c1"), write("7", 15, 18, client="c2"), read("7", 20, 30, client="c1")) == []


def test_a_write_without_an_acknowledgement_promises_nothing():
    for outcome in (UNKNOWN, FAILED):
        assert broken(write("7", 0, 10), write("9", 20, 30, outcome, client="c1"), read("7", 40, 50, client="c1")) == []


def test_operations_of_one_client_that_overlap_have_no_order():
    assert broken(write("7", 0, 10, client="c2"), write("9", 20, 30, client="c1"), read("7", 30, 50, client="c1")) == []
    assert broken(write("7", 0, 10, client="c2"), write("9", 20, 30, client="c1"), read("7", 31, 50, client="c1")) != []


def test_what_returned_in_the_microsecond_in_which_a_read_begins_does_not_come_before_it():
    """Even if its event comes first: equal times are concurrent."""
    history, checker = History(), Sessions()
    for number, (at, op_id, client, kind, value, result) in enumerate(
        [
            (0, "a", "c2", "write", "7", None),
            (10, "a", "c2", "write", "7", ()),
            (11, "b", "c1", "write", "8", None),
            (20, "c", "c1", "write", "9", None),
            (30, "b", "c1", "write", "8", ()),
            (30, "c", "c1", "write", "9", ()),
            (30, "d", "c1", "read", None, None),
            (40, "d", "c1", "read", None, ("7",)),
            (31, "e", "c1", "read", None, None),
            (50, "e", "c1", "read", None, ("7",)),
        ]
    ):
        asked = result is None
        data = (op_id, client, kind, "x", value) if asked else (op_id, client, "ok", result, "")
        event = Event(number, at, "invoked" if asked else "returned", "n1", 0, data)
        checker.fold(event, history.fold(event))
    assert [finding.operations for finding in checker.findings] == [("c", "e")]


def test_one_sibling_that_is_new_enough_satisfies():
    steps = [write("7", 0, 10, client="c2"), write("9", 20, 30, client="c1"), write("8", 20, 30, client="c3")]
    assert broken(*steps, read(("7", "9"), 40, 50, client="c1")) == []
    assert broken(*steps, read(("7", "8"), 40, 50, client="c1")) == []


# --- monotonic reads -----------------------------------------------------------------------------------


def test_a_client_that_reads_nine_and_then_seven_went_back():
    steps = [write("7", 0, 10, client="c1"), write("9", 20, 30, client="c2")]
    checker, _ = folded(*steps, read("9", 2_000_000, 2_950_000, client="c3"), read("7", 3_000_000, 3_214_000, client="c3"))
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (MONOTONIC_READS, ("op2", "op3"))
    assert finding.sentence == "c3 read x=7 at 3.214 s, though it had read x=9 at 2.950 s already, and 7 is older."
    assert statuses(checker) == (HOLDS, VIOLATED, HOLDS, HOLDS)


def test_two_clients_may_read_nine_and_then_seven():
    assert broken(write("7", 0, 10), write("9", 20, 30), read("9", 40, 50, client="c3"), read("7", 60, 70, client="c4")) == []


def test_concurrent_writes_have_no_order_that_reads_could_go_against():
    steps = [write("7", 0, 30, client="c1"), write("9", 10, 40, client="c2")]
    for reads in (("9", "7"), ("7", "9"), ("7", "9", "9"), ("7", "7", "9")):
        assert broken(*steps, *(read(value, 50 + 10 * at, 55 + 10 * at, client="c3") for at, value in enumerate(reads))) == []
    assert broken(*steps, read("9", 50, 60), read("7", 70, 80, client="c3"), read("9", 90, 100)) == []


def test_a_session_that_reads_one_two_one_went_back_whatever_the_order():
    """Writes 1 and 2 are concurrent; but one of the two steps went back, whichever of the writes is newer."""
    steps = [write("1", 2, 6, client="c4"), write("2", 1, 5, client="c5")]
    reads = [read("1", 10, 11, client="c1"), read("2", 12, 13, client="c1"), read("1", 14, 15, client="c1")]
    for in_real_time in (True, False):
        checker, _ = folded(*steps, *reads, in_real_time=in_real_time)
        assert [(finding.checker, finding.operations) for finding in checker.findings] == [
            (MONOTONIC_READS, ("op2", "op3", "op4"))
        ]
    assert checker.findings[0].sentence == (
        "c1 read x=1 again at 0.000 s, though it had read x=2 in between, at 0.000 s: "
        "one of the two steps goes back, whichever is older."
    )
    overlapping = reads[0], read("2", 12, 14, client="c1"), reads[2]
    assert broken(*steps, *overlapping) == [], "what overlaps has no order"


def test_a_session_that_is_shown_another_value_between_two_views_of_its_own_write_went_back():
    steps = [write("1", 2, 6, client="c1"), write("2", 1, 5, client="c5")]
    reads = [read("2", 10, 11, client="c1"), read("1", 12, 13, client="c1")]
    assert broken(*steps, *reads) == [(MONOTONIC_READS, ("op0", "op2", "op3"))]
    assert broken(*steps, *reads, read("1", 14, 15, client="c1"), read("1", 16, 17, client="c1")) == [
        (MONOTONIC_READS, ("op0", "op2", "op3"))
    ], "once is enough"


def test_a_client_that_saw_siblings_went_back_only_when_all_of_them_are_newer():
    steps = [write("7", 0, 10, client="c1"), write("8", 20, 30, client="c2"), write("9", 40, 50, client="c4")]
    assert broken(*steps, read(("8", "9"), 60, 70, client="c5"), read("8", 80, 90, client="c5")) == []
    assert broken(*steps, read(("8", "9"), 60, 70, client="c5"), read("7", 80, 90, client="c5")) == [
        (MONOTONIC_READS, ("op3", "op4"))
    ]
    assert broken(*steps, read("9", 60, 70, client="c5"), read(("7", "9"), 80, 90, client="c5")) == []


def test_keys_are_apart():
    steps = [write("7", 0, 10, key="x"), write("9", 20, 30, key="y")]
    assert broken(*steps, read("9", 40, 50, key="y"), read("7", 60, 70, key="x")) == []


# --- monotonic writes, writes follow reads ---------------------------------------------------------------


def test_two_successive_writes_of_one_client_do_not_stand_side_by_side():
    checker, _ = folded(write("7", 0, 10, client="c1"), write("9", 20, 30, client="c1"), read(("7", "9"), 40, 50, client="c3"))
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (MONOTONIC_WRITES, ("op0", "op1", "op2"))
    assert finding.sentence == (
        "c3 read x=7 and 9 side by side at 0.000 s, but c1 wrote 9 after its own 7 had been acknowledged."
    )


def test_writes_of_one_client_that_overlap_or_of_two_clients_may_stand_side_by_side():
    for finish, outcome in ((25, "ok"), (20, "ok"), (10, UNKNOWN)):
        assert (
            broken(write("7", 0, finish, outcome, client="c1"), write("9", 20, 30, client="c1"), read(("7", "9"), 40, 50)) == []
        )
    assert broken(write("7", 0, 10, client="c1"), write("9", 20, 30, client="c2"), read(("7", "9"), 40, 50)) == []


def test_a_write_does_not_stand_beside_what_its_client_had_read_before():
    steps = [write("7", 0, 10, client="c1"), read("7", 12, 18, client="c2"), write("9", 20, 30, client="c2")]
    checker, _ = folded(*steps, read(("7", "9"), 40, 50, client="c3"))
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (WRITES_FOLLOW_READS, ("op0", "op2", "op3"))
    assert finding.sentence == "c3 read x=7 and 9 side by side at 0.000 s, but c2 wrote 9 after it had read 7."
    steps[1] = read("7", 12, 20, client="c2")
    assert broken(*steps, read(("7", "9"), 40, 50, client="c3")) == []


def test_two_writes_that_go_on_standing_side_by_side_are_told_once():
    steps = [write("7", 0, 10, client="you"), write("9", 20, 30, client="you")]
    checker, _ = folded(*steps, *(read(("7", "9"), 40 + at, 41 + at, client="c3") for at in range(5)))
    assert [finding.sentence for finding in checker.findings] == [
        "c3 read x=7 and 9 side by side at 0.000 s, but you wrote 9 after your own 7 had been acknowledged."
    ]


def test_the_visitors_own_operations_are_spoken_of_as_yours():
    checker, _ = folded(
        write("7", 0, 10, client="c1"),
        write("9", 20, 30, client="you"),
        read("9", 35, 36, client="you"),
        read("7", 40, 50, client="you"),
    )
    assert [finding.sentence for finding in checker.findings] == [
        "You read x=7 at 0.000 s, though your own write x=9 had been acknowledged at 0.000 s, and 7 is older.",
        "You read x=7 at 0.000 s, though you had read x=9 at 0.000 s already, and 7 is older.",
    ]


def test_successive_writes_seen_in_the_wrong_order_leave_monotonic_writes_unknown():
    """A replica that is behind looks the same from outside."""
    steps = [write("7", 0, 10, client="c1"), write("9", 20, 30, client="c1")]
    checker, _ = folded(*steps, read("9", 40, 50, client="c3"), read("7", 60, 70, client="c3"))
    assert statuses(checker) == (HOLDS, VIOLATED, UNDECIDED, HOLDS)
    assert checker.verdicts(0)[MONOTONIC_WRITES].reason == (
        "c3 was shown x=9 and then 7, which c1 had written first: a replica was behind, or the two changed places."
    )


def test_a_write_and_what_its_client_had_read_seen_in_the_wrong_order_leave_writes_follow_reads_unknown():
    steps = [write("7", 0, 10, client="c1"), read("7", 12, 18, client="c2"), write("9", 20, 30, client="c2")]
    checker, _ = folded(*steps, read("7", 60, 70, client="c2"))
    assert statuses(checker) == (VIOLATED, HOLDS, HOLDS, UNDECIDED)


# --- against histories ---------------------------------------------------------------------------------


def of_several_clients(chance, steps):
    return [(*step[:7], chance.choice(("c1", "c2", "c3"))) for step in steps]


def test_a_linearizable_history_keeps_every_guarantee_without_a_doubt():
    chance, kept = random.Random(1), 0
    for turn in range(6_000):
        steps = lawful_steps(chance, 16) if turn % 2 else random_steps(chance, 6)
        checker, operations = folded(*of_several_clients(chance, steps))
        if check(operations).status == HOLDS:
            assert statuses(checker) == (HOLDS,) * 4, steps
            kept += 1
    assert kept > 2_000


def plainly_broken(operations):
    """The definitions over the whole history: (guarantee, read) for every read that breaks one."""
    done = sorted((one for one in operations if one.outcome == "ok"), key=lambda one: (one.finish, one.number))
    writes = {(one.key, one.value): one for one in operations if one.kind == "write"}

    def shown_by(key, value, now):
        return min(one.finish for one in done if one.key == key and value in (one.value, *one.result) and one.finish <= now)

    def asked(key, value, now):
        write = writes.get((key, value))
        return write if write is not None and write.start <= now else None

    def older(key, value, write, now):
        return value is None or shown_by(key, value, now) < write.start

    found = []
    for late in done:
        if late.kind == "write":
            continue
        key, values = late.key, late.result or (None,)
        before = [one for one in done if (one.client, one.key) == (late.client, key) and one.finish < late.start]
        own = [one for one in before if one.kind == "write"]
        if any(all(older(key, value, one, late.finish) for value in values) for one in own):
            found.append((READ_YOUR_WRITES, late.op_id))
        seen = [[asked(key, value, one.finish) for value in one.result] for one in before if one.kind == "read" and one.result]
        if any(
            all(write is not None and older(key, value, write, late.finish) for value in values for write in one)
            for one in seen
        ):
            found.append((MONOTONIC_READS, late.op_id))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_reads_are_judged_as_the_definitions_say_on_random_histories(seed):
    chance, seen = random.Random(seed), dict.fromkeys(GUARANTEES, 0)
    for turn in range(1_500):
        steps = lawful_steps(chance, 20) if turn % 2 else random_steps(chance, 12, ("x", "y"))
        checker, operations = folded(*of_several_clients(chance, steps))
        found = [
            (
                finding.checker,
                next(one.op_id for one in operations if one.finish == finding.at and one.op_id in finding.operations),
            )
            for finding in checker.findings
            if " again at " not in finding.sentence
        ]
        about_reads = [one for one in found if one[0] in (READ_YOUR_WRITES, MONOTONIC_READS)]
        assert sorted(about_reads) == sorted(plainly_broken(operations)), steps
        for guarantee, _ in found:
            seen[guarantee] += 1
    assert seen[READ_YOUR_WRITES] > 150 and seen[MONOTONIC_READS] > 100, seen


# --- where the store need not order writes by real time --------------------------------------------------


def in_turn(chance, size):
    """Requests of three clients, who each wait for their answers, to a store that may answer anything."""
    steps, written, at = [], {"x": [], "y": []}, 0
    free = dict.fromkeys(("c1", "c2", "c3"), 0)
    for number in range(size):
        client, key = chance.choice(tuple(free)), chance.choice("xxxy")
        start = max(at, free[client])
        finish = start + chance.randrange(1, 12)
        at, free[client] = start + 1, finish + 1
        if chance.random() < 0.4:
            steps.append(write(str(number), start, finish, chance.choice((OK, OK, UNKNOWN)), key=key, client=client))
            written[key].append((str(number), start))
        else:
            there = [value for value, asked in written[key] if asked < finish]
            steps.append(read(chance.choice(there) if there else (), start, finish, key=key, client=client))
    return steps


def contradicted(operations, client):
    """Is there no order of a key's writes that fits the happened-before order and all answers of one client?"""
    accessed = accesses(operations)
    told = [one for one in operations if (one.outcome == "ok" if one.kind == "read" else one.outcome != "failed")]
    writes = {(one.key, one.value): place for place, one in enumerate(accessed) if one.kind == "write"}
    sources = [writes.get((one.key, one.value)) if one.kind == "read" else None for one in accessed]
    before = closed([(*one.after, *((by,) if by is not None else ())) for one, by in zip(accessed, sources, strict=True)])
    own = [(one, writes.get((one.key, one.value or (one.result or (None,))[0]))) for one in told if one.client == client]
    own = [(one, place) for one, place in own if one.kind == "read" or one.outcome == "ok"]
    edges = [[other for other in writes.values() if before[place] >> other & 1] for place in range(len(accessed))]
    for early, older in own:
        for late, newer in own:
            if late.kind == "read" and early.key == late.key and early.finish < late.start and older != newer:
                if newer is None:
                    return True  # nothing at all, after something
                if older is not None:
                    edges[newer].append(older)
    return any(accessed[p].kind == "write" and past >> p & 1 for p, past in enumerate(closed(edges)))


def accused(checker, client):
    """Did the checker find a violation in what a session of this client read?"""
    return any(
        finding.checker in (READ_YOUR_WRITES, MONOTONIC_READS) and finding.sentence.startswith(client)
        for finding in checker.findings
    )


def test_without_real_time_a_session_is_accused_when_no_order_of_writes_fits():
    chance, verdicts = random.Random(6), {True: 0, False: 0}
    for _ in range(800):
        steps = in_turn(chance, 12)
        checker, operations = folded(*steps, in_real_time=False)
        for client in ("c1", "c2", "c3"):
            truth = contradicted(operations, client)
            assert accused(checker, client) == truth, (client, steps)
            verdicts[truth] += 1
    assert min(verdicts.values()) > 80, verdicts


def test_what_only_real_time_speaks_against_is_unknown_where_that_is_no_order():
    """The later write may have the smaller version: the store shows 7 after 9, and has broken nothing."""
    steps = [write("7", 0, 10, client="c2"), write("9", 20, 30, client="c1"), read("7", 40, 50, client="c1")]
    steps += [read("9", 60, 70, client="c3"), read("7", 80, 90, client="c3")]
    checker, _ = folded(*steps, in_real_time=False)
    assert statuses(checker) == (UNDECIDED, UNDECIDED, HOLDS, HOLDS) and checker.findings == []
    assert checker.verdicts(0)[READ_YOUR_WRITES].reason == (
        "c1 read x=7 at 0.000 s, and its own write x=9 had been acknowledged at 0.000 s. 7 is the older by real time, "
        "but this store may have put it later: nobody who wrote one knew the other."
    )


def test_what_was_written_in_the_knowledge_of_another_is_newer_everywhere():
    steps = [write("7", 0, 10, client="c1"), read("7", 12, 18, client="c2"), write("9", 20, 30, client="c2")]
    checker, _ = folded(
        *steps,
        read("7", 40, 50, client="c2"),
        read("9", 60, 70, client="c3"),
        read("7", 80, 90, client="c3"),
        in_real_time=False,
    )
    assert [(finding.checker, finding.operations) for finding in checker.findings] == [
        (READ_YOUR_WRITES, ("op2", "op3")),
        (MONOTONIC_READS, ("op4", "op5")),
    ]
    checker, _ = folded(write("7", 0, 9, client="c1"), read((), 10, 11, client="c1"), in_real_time=False)
    assert [finding.checker for finding in checker.findings] == [READ_YOUR_WRITES]


def test_a_client_has_one_session_at_each_home():
    history, checker = History(), Sessions()
    events = events_of([write("9", 0, 10, client="you"), read((), 20, 30, client="you"), read((), 40, 50, client="you")])
    for event in events:
        event = event._replace(node="n2" if event.data[0] == "op1" else "n1")
        checker.fold(event, history.fold(event))
    assert [finding.operations for finding in checker.findings] == [("op0", "op2")]


# --- lanes -----------------------------------------------------------------------------------------------


def ran(protocol, script, seed=1, until=6, nodes=2, workload=None, **knobs):
    steps = tuple(Step(at, do) for at, do in sorted(script, key=lambda step: step[0]))
    lanes = (LaneSpec(protocol, tuple(knobs.items())),)
    spec = Spec("test", "A test", "A test.", lanes, seed=seed, nodes=nodes, workload=workload, script=steps)
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(until * S)
    return experiment


def promised(experiment, lane=0):
    return {name: status for name, status, _ in experiment.lanes[lane].promises(experiment.at)}


def test_a_causal_store_that_ranks_a_later_write_lower_breaks_no_session_guarantee():
    """x=3 has version 3.n2 and replaces x=4 with version 1.n1, though it was asked first: the two did not know each other."""
    experiment = ran(
        "causal_store",
        [
            (2000 * MS, SetLink((("n2", "n1"),), (("delay", 1 * S),))),
            (2100 * MS, Ask("n2", "write", "z")),
            (2200 * MS, Ask("n2", "write", "z")),
            (2300 * MS, Ask("n2", "write", "x")),
            (2600 * MS, Ask("n1", "write", "x")),
            (2800 * MS, Ask("n1", "read", "x")),
            (4000 * MS, Ask("n1", "read", "x")),
        ],
    )
    assert [one.result for one in experiment.lanes[0].history.operations if one.kind == "read"] == [("4",), ("3",)]
    status = promised(experiment)
    assert status["causal consistency"] == HOLDS
    assert [status[name] for name in GUARANTEES] == [UNDECIDED, UNDECIDED, HOLDS, HOLDS]
    assert experiment.lanes[0].watch.sessions.findings == []


@pytest.mark.parametrize("seed", [27, *range(1, 13)])
def test_no_session_is_accused_in_scenario_27(seed):
    """With writers on all three continents, which the scenario itself has not."""
    spec = registry.scenario("no-cut").spec
    assert spec.workload is not None
    spec = replace(spec, seed=seed, workload=replace(spec.workload, reads=700_000))
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(spec.until)
    for lane in range(3):
        assert VIOLATED not in [promised(experiment, lane)[name] for name in GUARANTEES]
    assert promised(experiment, 2)["causal consistency"] == HOLDS


def faults(chance, nodes):
    """Slow, lossy and cut links, crashes and requests by hand, one every half second."""
    members = [f"n{number}" for number in range(1, nodes + 1)]
    for at in range(1 * S, 12 * S, 500 * MS):
        src, dst = chance.sample(members, 2)
        lame = (("delay", chance.choice((10, 100, 900)) * MS), ("loss", chance.choice((0, 200_000))))
        yield at, chance.choice((SetLink(((src, dst),), lame), Cut(((src, dst),)), Heal(), Crash(src), Restart(src)))
        for later in range(4):
            yield at + later * MS, Ask(chance.choice(members), chance.choice(("read", "write")), chance.choice("xy"))


@pytest.mark.parametrize("seed", range(20))
def test_where_causal_consistency_holds_no_session_guarantee_is_violated(seed):
    chance = random.Random(seed)
    nodes = chance.randrange(2, 5)
    workload = Workload(keys=("x", "y"), every=150 * MS, reads=600_000)
    experiment = ran("causal_store", faults(chance, nodes), seed, 14, nodes, workload)
    status = promised(experiment)
    assert status["causal consistency"] == HOLDS and len(experiment.lanes[0].history.operations) > 150
    assert VIOLATED not in [status[name] for name in GUARANTEES], experiment.lanes[0].promises(experiment.at)


@pytest.mark.parametrize("name", ["stale-leader", "read-index", "zab-reads"])
def test_what_a_script_asks_on_two_sides_is_no_broken_promise_of_a_sequential_lane(name):
    spec = registry.scenario(name).spec
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(spec.until)
    lane = experiment.lanes[0]
    assert lane.card.claimed(lane.knobs, spec.nodes).consistency == "sequential"
    assert [promised(experiment)[guarantee] for guarantee in GUARANTEES] == [HOLDS] * 4


def test_a_script_can_ask_as_a_named_client():
    asked = [(1 * S, "n1", "write", "x", None, "ann"), (2 * S, "n1", "read", "x", None, "ann"), (3 * S, "n2", "read", "x")]
    experiment = ran("causal_store", [(at, Ask(*ask)) for at, *ask in asked])
    assert [(one.op_id, one.client, one.outcome) for one in experiment.lanes[0].history.operations] == [
        ("ann:1", "ann", "ok"),
        ("ann:2", "ann", "ok"),
        ("you:1", "you", "ok"),
    ]
    frames = LaneView(0).whole(experiment.lanes[0], experiment.at)
    assert frames["places"] == ["n1", "n2", "you", "ann"]
    for name in ("", "n1", "a:b", "a client with a long name", 7):
        with pytest.raises(Refused):
            experiment.intervene(Ask("n1", "read", "x", None, name))


def test_the_words_that_named_clients_write_are_unique():
    words = [(1 * S, "you"), (2 * S, "ann"), (3 * S, "bob")]
    experiment = ran("causal_store", [(at, Ask("n1", "write", "x", "eggs", client)) for at, client in words])
    assert [one.value for one in experiment.lanes[0].history.operations] == ["eggs'1", "eggs'ann1", "eggs'bob1"]


def test_turning_a_knob_turns_what_a_lane_orders_writes_by():
    experiment = ran("raft", [], nodes=3)
    assert experiment.lanes[0].watch.sessions.in_real_time
    experiment.intervene(Turn(0, "retries", "taken as new"))
    assert not experiment.lanes[0].watch.sessions.in_real_time


# --- keyframes -------------------------------------------------------------------------------------------


def test_a_keyframe_shares_nothing_that_changes():
    chance = random.Random(8)
    events = events_of(of_several_clients(chance, random_steps(chance, 60)))
    history, checker = History(), Sessions()
    for event in events[:60]:
        checker.fold(event, history.fold(event))
    kept = copied(checker)
    before = repr(vars(kept))
    assert before == repr(vars(checker))
    for event in events[60:]:
        checker.fold(event, history.fold(event))
    assert repr(vars(kept)) == before != repr(vars(checker))
    for value in vars(checker).values():
        assert all(
            immutable(item)
            for item in (value.values() if isinstance(value, dict | Ledger) else value if isinstance(value, list) else [value])
        )
