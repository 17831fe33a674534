"""A protocol's own actions, requested by hand: which are accepted, and which are refused with which sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from consensus.__main__ import protocol_row
from consensus.kernel.node import MS, OK, Node, Note, S
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import Cluster, Simulation
from consensus.protocols.cards import Action, Card, Claims
from consensus.runs import aim, registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Ask, Crash, Pause
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.runs.timeline import Timeline
from dashboard import wire

THREE = ("n1", "n2", "n3")


class Guest(Node):
    """Joins and leaves a table, and praises another guest."""

    actions = ("join", "praise", "say_aloud")
    durable = ("there",)

    def setup(self) -> None:
        self.there = False

    def cannot(self, action: str, argument: str) -> str:
        return f"{self.id} sits at the table already." if action == "join" and self.there else ""

    def on_join_action(self, argument: str) -> None:
        self.there = True
        self.become("guest", 1)

    def on_praise_action(self, argument: str) -> None:
        assert argument != self.id, "nobody praises himself"
        self.note("praised", argument)

    def on_say_aloud_action(self, argument: str) -> None:
        self.note("said aloud", argument)

    def on_request(self, client: str, m: Any) -> None:
        self.answer(m.op_id, OK, ("there",) if self.there else ())


ACTIONS = (
    Action("join", "Join the table", "Sits down."),
    Action("praise", "Praise", "Says something nice of another guest.", "node"),
    Action("say_aloud", "Say aloud", "Says it.", "text"),
)
CARD = Card("table", "Table", "None.", "A table.", Guest, lambda knobs: Claims("eventual", "total"), actions=ACTIONS)
PROTOCOLS = {"table": CARD, **registry.protocols()}


def simulation() -> Simulation:
    sim = Simulation(Cluster(Guest, THREE, arguments={action.name: action.argument for action in ACTIONS}))
    sim.drain()
    return sim


def spec(*lanes: str, **more: Any) -> Spec:
    return Spec("test", "A test", "A test.", tuple(map(LaneSpec, lanes)), nodes=3, opening=0, **more)


# --- accepted ---------------------------------------------------------------------------------------------------------


def test_what_a_node_is_told_runs_its_handler_and_leads_to_what_it_did() -> None:
    sim = simulation()
    sim.run_until(7 * MS)
    sim.carry_out(Act("n2", "join"))
    acted, became = sim.drain()
    assert acted[1:] == (7 * MS, "acted", "n2", 0, ("join", ""))
    assert became[1:] == (7 * MS, "became", "n2", acted.id, ("guest", 1))


def test_an_action_takes_a_node_or_a_text() -> None:
    sim = simulation()
    sim.carry_out(Act("n1", "praise", "n3"))
    sim.carry_out(Act("n1", "say_aloud", "Good evening!"))
    assert [event.data for event in sim.drain()] == [
        ("praise", "n3"),
        ("praised", "n3"),
        ("say_aloud", "Good evening!"),
        ("said aloud", "Good evening!"),
    ]


def test_a_unit_test_needs_no_kernel() -> None:
    registry_free = Guest("n1", THREE, {}, None)  # type: ignore[arg-type]
    assert registry_free.act(5, "say_aloud", "Ah") == (Note("said aloud", "Ah"),)
    assert registry_free.now == 5


def test_an_assertion_that_fails_in_an_action_halts_the_node_with_its_name() -> None:
    sim = simulation()
    sim.carry_out(Act("n1", "praise", "n1"))
    assert sim.sentences == {"n1": "nobody praises himself"}


# --- refused ----------------------------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[Act, str]] = {
    "no such node": (Act("n9", "join"), "There is no node n9; there are n1, n2, n3."),
    "no such action": (
        Act("n1", "dance"),
        "Here no node can be told to dance; what it can be told: join, praise, say aloud.",
    ),
    "not a name": (Act("n1", 7), "Here no node can be told to 7; what it can be told: join, praise, say aloud."),  # type: ignore[arg-type]
    "no member": (Act("n1", "praise", "n9"), "To praise takes a node: n1, n2, n3; not n9."),
    "no argument": (Act("n1", "praise"), "To praise takes a node: n1, n2, n3; not nothing."),
    "one too many": (Act("n1", "join", "n2"), "To join takes nothing more, not n2."),
    "too long": (Act("n1", "say_aloud", "x" * 41), "What a node is told has 40 characters at most."),
    "not a text": (Act("n1", "say_aloud", 5), "What a node is told has 40 characters at most."),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_told_is_refused_with_a_sentence_and_nothing_happens(case: str) -> None:
    wrong, sentence = REFUSALS[case]
    sim = simulation()
    with pytest.raises(Refused) as refused:
        sim.carry_out(wrong)
    assert str(refused.value) == sentence
    assert sim.drain() == []


@pytest.mark.parametrize(("fault", "status"), [(Crash("n1"), "crashed"), (Pause("n1"), "paused")])
def test_only_a_running_node_can_be_told_anything(fault: Any, status: str) -> None:
    sim = simulation()
    sim.carry_out(fault)
    sim.drain()
    with pytest.raises(Refused) as refused:
        sim.carry_out(Act("n1", "join"))
    assert str(refused.value) == f"n1 is {status}; only a running node can join."
    assert sim.drain() == []


def test_what_a_node_can_do_depends_on_the_time_of_asking() -> None:
    """It does not depend on when something happened to the node last."""

    class Sleeper(Guest):
        def cannot(self, action: str, argument: str) -> str:
            return "It is too early." if self.clock < S else ""

    sim = Simulation(Cluster(Sleeper, THREE))
    sim.run_until(S - 1)
    with pytest.raises(Refused, match="too early"):
        sim.carry_out(Act("n1", "join"))
    sim.run_until(S)
    sim.carry_out(Act("n1", "join"))
    assert sim.nodes["n1"].there


def test_a_node_says_itself_why_it_cannot_now() -> None:
    sim = simulation()
    sim.carry_out(Act("n1", "join"))
    sim.drain()
    with pytest.raises(Refused) as refused:
        sim.carry_out(Act("n1", "join"))
    assert str(refused.value) == "n1 sits at the table already."
    assert sim.drain() == []


def test_a_protocol_without_actions_says_so() -> None:
    class Deaf(Guest):
        actions = ()

    with pytest.raises(Refused) as refused:
        Simulation(Cluster(Deaf, THREE)).carry_out(Act("n1", "join"))
    assert str(refused.value) == "Here no node can be told to join; what it can be told: nothing."


# --- class and card ---------------------------------------------------------------------------------------------------


def test_a_class_that_forgot_an_actions_handler_is_refused_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match="on_leave_action"):

        class Forgetful(Guest):
            actions = (*Guest.actions, "leave")


def test_a_card_describes_exactly_the_actions_of_its_nodes() -> None:
    with pytest.raises(AssertionError, match="describes the actions"):
        replace(CARD, actions=ACTIONS[:1])
    with pytest.raises(AssertionError, match="an action takes"):
        Action("join", "Join", "Joins.", "three nodes")


def test_the_catalogue_carries_actions_to_the_page_and_to_the_command_line() -> None:
    plain = {"name": "praise", "title": "Praise", "what": "Says something nice of another guest.", "argument": "node"}
    for shown in (wire.protocol_card(CARD)["actions"], protocol_row(CARD)["actions"]):
        assert [action["name"] for action in shown] == ["join", "praise", "say_aloud"]
        assert json.loads(json.dumps(shown))[1] == plain


def test_every_card_of_the_catalogue_says_what_its_actions_do_in_a_sentence() -> None:
    for card in registry.protocols().values():
        for action in card.actions:
            assert action.title[0].isupper() and action.what.endswith("."), (card.name, action)


# --- lanes, scripts, undo ---------------------------------------------------------------------------------------------


def test_every_lane_whose_protocol_has_the_action_does_it_and_it_is_refused_when_none_has() -> None:
    experiment = Experiment(spec("dynamo", "table"), PROTOCOLS)
    experiment.intervene(Act("n1", "join"))
    assert experiment.lanes[1].node_state("n1")["role"] == "node" and experiment.lanes[1].sim.nodes["n1"].there
    assert experiment.marks[-1][1:] == ("fault", -1, "n1: join")
    assert experiment.caption == "n1 was told at 0.0 s to join."
    with pytest.raises(Refused, match="told to dance"):
        experiment.intervene(Act("n1", "dance"))


def test_caption_and_mark_name_what_it_was_told() -> None:
    experiment = Experiment(spec("table"), PROTOCOLS)
    experiment.intervene(Act("n1", "say_aloud", "Cheers"))
    assert experiment.marks[-1].text == "n1: say aloud: Cheers"
    assert experiment.caption == "n1 was told at 0.0 s to say aloud: Cheers."


def test_a_script_names_parts_for_both_the_node_and_what_it_takes() -> None:
    cast = aim.Cast(THREE, "n2", (THREE,))
    assert aim.resolve(Act("@leader", "praise", "@follower2"), cast) == Act("n2", "praise", "n3")
    assert aim.resolve(Act("n1", "say_aloud", "hello"), cast) == Act("n1", "say_aloud", "hello")
    with pytest.raises(Refused):
        aim.resolve(Act("n1", "praise", "@king"), cast)
    experiment = Experiment(spec("table", script=(Step(1 * S, Act("@leader", "praise", "@follower1")),)), PROTOCOLS)
    experiment.run_until(2 * S)
    assert experiment.lanes[0].noted("praised") == 1


def test_what_a_node_was_told_cannot_be_taken_back() -> None:
    timeline = Timeline(spec("table"), PROTOCOLS)
    timeline.act(Act("n1", "say_aloud", "Cheers"))
    assert timeline.undo_words == "n1 was told to say aloud"
    sentence = "n1 was told to say aloud: that cannot be taken back. Go back on the timeline to before it."
    with pytest.raises(Refused) as refused:
        timeline.undo()
    assert str(refused.value) == sentence


def test_a_run_with_actions_comes_again_from_its_log() -> None:
    timeline = Timeline(spec("table", "raft"), PROTOCOLS)
    for act in (Act("n1", "join"), Act("n2", "praise", "n1"), Ask("n1", "read", "x")):
        while not timeline.advance(timeline.at + 300 * MS):
            pass
        timeline.act(act)
    while not timeline.advance(3 * S):
        pass
    end = [lane.trace.hex() for lane in timeline.experiment.lanes]
    timeline.seek(0)
    while not timeline.advance(3 * S):
        pass
    assert [lane.trace.hex() for lane in timeline.experiment.lanes] == end
