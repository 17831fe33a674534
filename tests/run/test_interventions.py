"""Every intervention is complete in one table: command, effect, mark and caption, inverse."""

import pytest

from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.interventions import (
    KINDS,
    TABLE,
    Act,
    Adversary,
    Ask,
    Corrupt,
    Crash,
    CrashInside,
    Cut,
    DeliverMessage,
    DropMessage,
    DuplicateMessage,
    Heal,
    HoldMessage,
    Partition,
    Pause,
    Restart,
    Resume,
    Say,
    SetClock,
    SetDeadline,
    SetLink,
    Turn,
    Undo,
    Wipe,
)
from consensus.runs.spec import LaneSpec, Spec
from consensus.runs.timeline import Timeline
from dashboard import wire

LINKS = (("n1", "n2"), ("n2", "n1"))

# One example of each, and the steps that make it possible.
EXAMPLES = [
    (Cut(LINKS), ()),
    (Heal(LINKS), (Cut(LINKS),)),
    (Partition((("n1", "n2"), ("n3",))), ()),
    (SetLink(LINKS, (("delay", 40 * MS),)), ()),
    (Crash("n1"), ()),
    (Restart("n1"), (Crash("n1"),)),
    (Pause("n1"), ()),
    (Resume("n1"), (Pause("n1"),)),
    (Wipe("n1"), ()),
    (CrashInside("n1", 2), ()),
    (Ask("n1", "write", "x", "salt"), ()),
    (Act("n1", "stand"), ()),
    (SetClock("n1", 200 * MS, 50_000), ()),
    (Corrupt("n1", "mute"), ()),
    (Adversary("decisive"), ()),
    (DropMessage("n1", "n2", "AppendEntries", 2), ()),
    (HoldMessage("n1", "n2", "RequestVote"), ()),
    (DeliverMessage("n1", "n2", "AppendEntries"), ()),
    (DuplicateMessage("n1", "n2", "AppendEntries"), ()),
    (SetDeadline(100 * MS), ()),
    (Turn(0, "pre_vote", True), ()),
    (Say("Look at n1."), ()),
]
# Interventions that cannot be undone: requests, captions, losses.
FOR_GOOD = (Ask, Act, Wipe, CrashInside, DropMessage, HoldMessage, DeliverMessage, DuplicateMessage, Say)
UNMARKED = (Ask,)  # the page shows the answer
UNCAPTIONED = (Ask, Turn)


@pytest.fixture
def timeline():
    return Timeline(Spec("test", "A test", "A test.", (LaneSpec("raft"),), nodes=3, opening=1 * S), registry.protocols())


def test_every_intervention_has_an_example_here():
    assert tuple(type(do) for do, _ in EXAMPLES) == KINDS


def test_every_intervention_has_a_row_and_a_command_of_its_own():
    assert tuple(TABLE) == KINDS
    commands = [row.command for row in TABLE.values()]
    assert len(set(commands)) == len(commands)
    for kind, row in TABLE.items():
        card = wire.COMMANDS[row.command]
        assert card.act is kind and card.what == row.what and row.what.endswith(".")
        of_one_lane = ["lane", "which"] if "nth" in row.fields else ["lane"]
        assert list(card.fields) == [*row.fields, *(of_one_lane if row.one_lane else [])]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_row_names_the_fields_in_order_and_the_others_have_defaults(kind):
    named = list(TABLE[kind].fields)
    assert named == [name for name in kind._fields if name in named]
    assert {name for name in kind._fields if name not in named} <= set(kind._field_defaults)


@pytest.mark.parametrize(("do", "first"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_a_command_says_the_intervention(do, first):
    row = TABLE[type(do)]
    plain = {name: getattr(do, name) for name in row.fields if getattr(do, name) != type(do)._field_defaults.get(name)}
    for name in ("links", "sides"):
        if name in plain:
            plain[name] = [list(each) for each in plain[name]]
    if "setting" in plain:
        plain["setting"] = dict(plain["setting"])
    assert wire.order({"id": "1", "type": row.command, **plain}).act == do


@pytest.mark.parametrize(("do", "first"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_it_happens_is_told_and_is_taken_back_or_says_why_not(timeline, do, first):
    for step in first:
        timeline.act(step)
    lane, before = timeline.experiment.lanes[0], len(timeline.experiment.marks)
    events = len(lane.trace)
    timeline.act(do)
    assert len(lane.trace) > events, "it leaves an event"
    marks = timeline.experiment.marks[before:]
    kind_and_text = ("cut", "cut") if isinstance(do, Cut | Partition) else do.texts(timeline.at, "")[:2]
    if isinstance(do, Turn):
        kind_and_text = ("fault", "PreVote: on")  # in the words of the page
    assert [(mark.kind, mark.text) for mark in marks] == ([] if type(do) in UNMARKED else [kind_and_text])
    assert bool(do.texts(timeline.at, "").caption) == (type(do) not in UNCAPTIONED)
    entry = timeline.log[-1]
    assert bool(entry.inverse) == (type(do) not in FOR_GOOD)
    assert bool(entry.words) == (type(do) is not Ask)
    for step in entry.inverse:
        timeline.act(step)


def test_a_traitor_is_made_honest_again_by_undo(timeline):
    sim = timeline.experiment.lanes[0].sim
    timeline.act(Corrupt("n1", "mute"))
    assert sim.liars == {"n1": "mute"} and timeline.undo_words == "lie of n1"
    timeline.undo()
    assert sim.liars == {}
    assert timeline.caption == f"n1 is honest again since {timeline.at / S:.1f} s."


def test_what_is_asked_by_hand_has_nothing_to_undo(timeline):
    assert Ask("n1", "read", "x").inverse(timeline.experiment.before()) == Undo((), "")


def test_the_mark_of_a_changed_link_names_the_link_and_the_change() -> None:
    one_way = SetLink((("n1", "n2"),), (("delay", 300 * MS),)).texts(3 * S, "")
    assert (one_way.kind, one_way.mark) == ("fault", "n1→n2: 300 ms")
    every = SetLink((), (("delay", 10 * MS), ("jitter", 20 * MS), ("loss", 200_000))).texts(3 * S, "")
    assert (every.mark, every.caption) == ("all links: 10–30 ms, loss 20 %", "From 3.0 s on, all links: 10–30 ms, loss 20 %.")


def test_marks_say_what_happened_to_which_node() -> None:
    happened = [do.texts(S, "").mark for do in (Crash("n3"), Restart("n3"), Pause("n3"), Resume("n3"), Wipe("n3"))]
    assert happened == ["n3 crashed", "n3 restarted", "n3 paused", "n3 goes on", "n3 lost its disk"]
