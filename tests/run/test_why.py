"""What happened, why, by which rule, and where the paper says so."""

from __future__ import annotations

import pytest

from consensus.kernel.node import MS, S
from consensus.protocols.rules import RULES
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Cut, DeliverMessage
from consensus.runs.spec import LaneSpec, Spec
from consensus.runs.why import decision_words, why

PROTOCOLS = registry.protocols()


def started(protocol: str) -> Experiment:
    experiment = Experiment(Spec("test", "", "", (LaneSpec(protocol),)), PROTOCOLS)
    experiment.run_until(2 * S)
    return experiment


@pytest.mark.parametrize("name", RULES)
def test_every_message_of_these_cards_has_a_rule_with_its_section(name: str) -> None:
    assert list(RULES[name]) and set(RULES[name]) == {kind.__name__ for kind in PROTOCOLS[name].node.messages}
    for rule in RULES[name].values():
        assert rule.sentence[0].isupper() and rule.sentence[-1] == "." and rule.section


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_says_at_any_moment_what_has_just_happened(name: str) -> None:
    experiment = started(name)
    for _ in range(40):
        experiment.run_until(experiment.at + 13 * MS)
        what, because, rule, section = why(experiment.lanes[0])
        assert what.endswith(".") and section
        assert because == "" or because.endswith(".")
        assert bool(rule) <= bool(section)


def test_a_delivered_heartbeat_names_the_rule_of_raft() -> None:
    experiment = started("raft")
    leader = experiment.leader()
    other = next(node for node in experiment.spec.members if node != leader)
    while not any(sent.node == leader and sent.data[1] == other for sent in experiment.lanes[0].flying()):
        experiment.run(3 * S, 1)
    experiment.intervene(DeliverMessage(str(leader), other, "AppendEntries"))
    what, because, rule, section = why(experiment.lanes[0])
    assert what.startswith(f"{other} got AppendEntries from {leader} at")
    assert because.startswith(f"{leader} sent it after this: ")
    assert "heartbeat" in rule and section.endswith(": 5.3")


def test_a_cut_was_done_by_somebody_and_follows_no_rule() -> None:
    experiment = started("raft")
    experiment.intervene(Cut((("n1", "n2"),)))
    assert why(experiment.lanes[0])[:3] == ("Links were cut at 2.0 s.", "A visitor or the script did that.", "")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ((2, "read", "y", None, "c1:10"), "the read of y"),
        ((1, "write", "x", "42", "c2@n2", 19, "c2:19"), "x=42"),
        ((1, "write", "x", "x", "c2:19"), "x=x"),
        (("x", "tea'1"), "x=tea"),
        ((2, 41, "sync", "y", None, "c3:20"), "sync"),
        ("commit", "commit"),
    ],
)
def test_a_decision_is_written_as_a_visitor_writes_it(value: object, words: str) -> None:
    assert decision_words(value) == words
