"""Do replicas agree, and how long after a heal: compared with a plain comparison of copies."""

from __future__ import annotations

import random

from consensus.checkers import HOLDS, UNDECIDED
from consensus.checkers.histories.divergence import Divergence
from consensus.kernel.events import Event
from consensus.kernel.freeze import copied

MEMBERS = ("n1", "n2", "n3")


class Run:
    def __init__(self):
        self.checker, self.number = Divergence(MEMBERS), 0

    def event(self, at, kind, node="", *data):
        self.number += 1
        self.checker.fold(Event(self.number, at, kind, node, 0, data), None)

    def stored(self, at, node, *values, key="x", shelf="data"):
        self.event(at, "stored", node, key, values, (), shelf)


def test_replicas_that_hold_the_same_agree_and_those_that_never_held_a_key_do_not_count():
    run = Run()
    run.stored(0, "n1", "7")
    assert run.checker.diverged() == 0
    run.stored(0, "n2", "7")
    assert run.checker.verdict().status == HOLDS


def test_each_different_content_of_a_key_counts():
    run = Run()
    for node, value in zip(MEMBERS, "789", strict=True):
        run.stored(0, node, value)
        run.stored(0, node, value, key="y")
        run.stored(0, node, "1", key="z")
    assert run.checker.diverged() == 2 and run.checker.versions == {"x": 3, "y": 3, "z": 1}
    assert run.checker.verdict() == (
        UNDECIDED,
        "Live replicas hold up to 3 different contents of x and y; they may still agree.",
    )


def test_the_order_of_siblings_does_not_matter_and_hints_do_not_count():
    run = Run()
    run.stored(0, "n1", "7", "9")
    run.stored(0, "n2", "9", "7")
    run.stored(0, "n2", "5", shelf="hint")
    assert run.checker.diverged() == 0


def test_a_replica_that_gave_its_copy_away_does_not_differ():
    """When N becomes smaller, a node that is no longer a home hands its copy over and stores nothing."""
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "7")
    run.stored(1, "n2")
    run.stored(2, "n1", "8")
    assert run.checker.diverged() == 0 and run.checker.verdict().status == HOLDS
    run.stored(3, "n2", "7")
    assert run.checker.diverged() == 1


def test_a_crashed_replica_does_not_count_until_it_is_back():
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "8")
    run.event(1, "crashed", "n2")
    assert run.checker.diverged() == 0
    run.event(2, "restarted", "n2")
    assert run.checker.diverged() == 1


def test_a_wiped_replica_counts_again_once_it_stores_the_key():
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "8")
    run.event(1, "crashed", "n2")
    run.event(1, "wiped", "n2")
    run.event(2, "restarted", "n2")
    assert run.checker.diverged() == 0
    run.stored(3, "n2", "9")
    assert run.checker.diverged() == 1


def test_the_time_from_a_heal_to_agreement_is_measured():
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "8")
    assert run.checker.converged_after is None
    run.event(100, "healed", "", ())
    assert run.checker.converged_after is None
    run.stored(130, "n2", "7")
    run.stored(150, "n2", "8")
    assert run.checker.converged_after == 30 and run.checker.heals == [(100, 30)]


def test_a_heal_among_replicas_that_agree_takes_no_time():
    run = Run()
    run.stored(0, "n1", "7")
    run.event(100, "healed", "", ())
    assert run.checker.converged_after == 0


def test_a_new_heal_is_waited_for_anew():
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "8")
    run.event(100, "healed", "", ())
    run.event(200, "healed", "", ())
    run.stored(250, "n1", "8")
    assert run.checker.heals == [(100, None), (200, 50)] and run.checker.converged_after == 50


def test_agreement_agrees_with_a_plain_comparison_on_random_runs():
    chance, apart = random.Random(4), 0
    for _ in range(300):
        run, shelves, down, healed, converged = Run(), {}, [], None, None
        for at in range(40):
            node, act = chance.choice(MEMBERS), chance.random()
            if act < 0.7:
                key, values = chance.choice("xy"), tuple(chance.sample("123", chance.choice((1, 1, 1, 2, 0))))
                run.stored(at, node, *values, key=key)
                shelves[node, key] = sorted(values)
            elif act < 0.8 and node not in down:
                down.append(node)
                run.event(at, chance.choice(("crashed", "halted")), node)
            elif act < 0.87 and node in down:
                down.remove(node)
                run.event(at, "restarted", node)
            elif act < 0.95 and node in down:
                shelves = {place: values for place, values in shelves.items() if place[0] != node}
                run.event(at, "wiped", node)
            elif act > 0.97:
                run.event(at, "healed", "", ())
                healed, converged = at, None
            held = {
                key: [values for (of, k), values in shelves.items() if k == key and values and of not in down] for key in "xy"
            }
            differ = [key for key, contents in held.items() if any(one != contents[0] for one in contents)]
            assert run.checker.diverged(at) == len(differ)
            if healed is not None and converged is None and not differ:
                converged = at - healed
            assert run.checker.converged_after == converged
            apart += bool(differ)
    assert apart > 3_000


def test_a_keyframe_shares_nothing_that_changes():
    run = Run()
    run.stored(0, "n1", "7")
    run.stored(0, "n2", "8")
    run.event(1, "healed", "", ())
    kept = copied(run.checker)
    before = repr(vars(kept))
    assert before == repr(vars(run.checker))
    run.stored(2, "n2", "7")
    run.event(3, "crashed", "n1")
    assert repr(vars(kept)) == before != repr(vars(run.checker))


def test_a_replica_that_forgets_comes_back_with_nothing_to_disagree_about():
    """A crash loses copies that are only in memory; they count again when they are stored again."""
    for forgets in (False, True):
        run = Run()
        run.checker.forgets = forgets
        run.stored(0, "n1", "7")
        run.event(1, "crashed", "n1")
        run.stored(2, "n2", "8")
        run.event(3, "restarted", "n1")
        assert run.checker.diverged() == (0 if forgets else 1)
        run.stored(4, "n1", "9")
        assert run.checker.diverged() == 1
