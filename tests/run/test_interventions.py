"""Every intervention is complete in one table: command, effect, mark and caption, inverse."""

import pytest

from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
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
    Rename,
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
    (Rename("n1", "Ann"), ()),
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
UNMARKED = (Ask, Rename)  # the page shows the answer, and the name
UNCAPTIONED = (Ask, Rename, Turn)


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


def test_a_node_is_called_by_another_name_until_that_is_undone(timeline):
    sim = timeline.experiment.lanes[0].sim
    timeline.act(Rename("n1", "Ann"))
    timeline.act(Rename("n1", "Zoë the 2nd"))
    assert timeline.experiment.lanes[0].node_state("n1")["called"] == "Zoë the 2nd" and timeline.undo_words == "name of n1"
    timeline.undo()
    assert sim.called == {"n1": "Ann"}
    timeline.undo()
    assert sim.called == {} and "called" not in timeline.experiment.lanes[0].node_state("n1")
    assert timeline.experiment.marks == []


def test_a_name_changes_nothing_but_the_name(timeline):
    other = Timeline(timeline.spec, timeline.protocols)
    timeline.act(Rename("n2", "Bob"))
    for each in (timeline, other):
        while not each.advance(3 * S, 1_000):
            pass
    operations = [each.experiment.lanes[0].history.operations for each in (timeline, other)]
    assert operations[0] == operations[1] and len(operations[0]) > 10


@pytest.mark.parametrize("name", ["a" * 13, "a\tb", "a\u202eb", " a", "n2", "Bob", "Bob, not n3", 7])
def test_a_name_that_is_long_or_taken_or_cannot_be_read_is_refused(timeline, name):
    timeline.act(Rename("n2", "Bob"))
    before = len(timeline.log)
    with pytest.raises(Refused):
        timeline.act(Rename("n1", name))
    assert len(timeline.log) == before and timeline.experiment.lanes[0].sim.called == {"n2": "Bob"}


def test_its_own_name_ends_another_one(timeline):
    timeline.act(Rename("n2", "Bob"))
    timeline.act(Rename("n2", "n2"))
    assert timeline.experiment.lanes[0].sim.called == {}


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


def test_a_message_sent_twice_by_hand_lands_twice_at_its_receiver_and_both_are_in_the_trace(timeline):
    twin = Timeline(timeline.spec, timeline.protocols)
    lane = timeline.experiment.lanes[0]
    while not (flying := [row for row in lane.flying() if row.node in lane.members and row.data[1] in lane.members]):
        timeline.advance(timeline.at + MS)
    first = flying[0]
    number, dst, message, _tone, _epoch, due = first.data
    twin.advance(timeline.at, 10_000)
    timeline.act(DuplicateMessage(first.node, dst, type(message).__name__))
    copies = [row for row in lane.flying() if row.data[2] is message and row.data[1] == dst]
    assert [row.node for row in copies] == [first.node] * 2, "the copy has the same sender, receiver and content"
    copy = copies[1]
    assert copy.data[5] - timeline.at == due - first.at, "it takes as long as the first"
    for each in (timeline, twin):
        while not each.advance(copy.data[5], 10_000):
            pass
    landed = [(event.node, event.data[0]) for event in lane.fresh if event.kind == "delivered"]
    assert landed.count((dst, number)) == 1 and landed.count((dst, copy.data[0])) == 1
    assert lane.trace.hex() != twin.experiment.lanes[0].trace.hex()
    kinds = [event.data[0] for event in lane.fresh if event.kind == "ordered"]
    assert kinds == ["double"]
    assert timeline.undo_words == "a message was doubled"
    with pytest.raises(Refused):
        timeline.undo()
    timeline.seek(first.at)
    while not timeline.advance(copy.data[5], 10_000):
        pass
    again = [event.data[0] for event in timeline.experiment.lanes[0].fresh if event.kind == "delivered" and event.node == dst]
    assert copy.data[0] in again, "a replay does it again"
