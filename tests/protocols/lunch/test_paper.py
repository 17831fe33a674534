"""The three ways to lunch, sentence by sentence: votes, the first proposal, and Ben-Or's two shows of hands with a tie rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from consensus.checkers.histories.decisions import AGREEMENT, Decisions
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, READ, WRITE, S
from consensus.kernel.rng import Stream
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import Cluster
from consensus.protocols.cards import Card
from consensus.protocols.why_hard.first_proposal import CARD as FIRST
from consensus.protocols.why_hard.lunch import CARD as LUNCH
from consensus.protocols.why_hard.majority_vote import CARD as MAJORITY
from consensus.protocols.why_hard.majority_vote import MajorityVoteNode, Report, Second, Told
from consensus.runs.interventions import Act, Crash, Heal, Partition, Pause, Restart, Resume, SetLink
from tests.kit.probe import messages
from tests.kit.storm import Watched, members

ALL = {"rule": "all"}
STEADY = LinkState(10 * MS, 0)


class Table(Watched):
    """Some friends, their judge, and what they have decided."""

    def __init__(
        self, card: Card, knobs: Mapping[str, Any] | None = None, size: int = 3, seed: int = 1, link: LinkState = STEADY
    ):
        cluster = Cluster(card.node, members(size), card.with_defaults(knobs), seed, link, deadline=60 * S)
        super().__init__(cluster, (Decisions(),))

    def propose(self, *friends: str, what: str = "lunch") -> Table:
        self.carry_out(*(Act(friend, "propose", what) for friend in friends))
        return self

    def decided(self, meal: str = "lunch") -> list[str | None]:
        return [node.decided.get(meal) for node in self.sim.nodes.values()]  # type: ignore[attr-defined]


# --- votes -------------------------------------------------------------------------------------------


def test_each_for_the_own_wish_never_decides_however_long_they_vote() -> None:
    table = Table(LUNCH, {"round_ms": 20}).propose("n1")
    table.run(60 * S)
    assert table.decided() == [None, None, None]
    assert table.seen["another round"] > 8000


def test_more_than_half_with_one_wish_decide_even_by_own_wishes() -> None:
    table = Table(LUNCH)
    table.carry_out(Act("n1", "propose", "lunch=soup"), Act("n2", "propose", "lunch=soup"), Act("n3", "propose", "lunch"))
    table.run(1 * S)
    assert table.decided() == ["soup"] * 3


def test_half_is_not_more_than_half() -> None:
    table = Table(LUNCH, size=4)
    table.carry_out(*(Act(f"n{n}", "propose", f"lunch={'soup' if n < 3 else 'curry'}") for n in (1, 2, 3, 4)))
    table.run(5 * S)
    assert table.decided() == [None] * 4


def test_when_all_have_voted_the_most_votes_win_and_of_equals_the_first_in_the_alphabet() -> None:
    tie = Table(LUNCH, ALL).propose("n1")
    tie.run(1 * S)
    assert tie.decided() == ["burgers"] * 3, "of burgers, hot pot and porridge"
    most = Table(LUNCH, ALL)
    most.carry_out(
        *(Act(friend, "propose", f"lunch={wish}") for friend, wish in zip(members(3), ("soup", "soup", "curry"), strict=True))
    )
    most.run(1 * S)
    assert most.decided() == ["soup"] * 3


def test_waiting_for_all_bears_nobody_missing() -> None:
    table = Table(LUNCH, ALL)
    table.carry_out(Pause("n3"))
    table.propose("n1")
    table.run(60 * S)
    assert table.decided() == [None, None, None]
    table.carry_out(Resume("n3"))
    table.run(1 * S)
    assert table.decided() == ["burgers"] * 3


def test_a_vote_that_was_cast_is_kept_through_a_crash() -> None:
    table = Table(LUNCH, ALL)
    table.carry_out(Pause("n3"), Act("n2", "propose", "lunch=soup"))
    table.run(100 * MS)
    table.carry_out(Crash("n2"), Restart("n2"), Act("n2", "propose", "lunch=curry"), Resume("n3"))
    table.run(2 * S)
    assert table.sim.nodes["n1"].votes["lunch"]["n2"] == "soup"  # type: ignore[attr-defined]
    assert table.seen["voted twice"] == 0 and None not in table.decided()


def test_votes_are_repeated_until_they_are_heard() -> None:
    table = Table(LUNCH, ALL, link=LinkState(10 * MS, 10 * MS, loss=600_000)).propose("n1")
    table.run(20 * S)
    assert table.decided() == ["burgers"] * 3


def test_a_client_waits_until_it_is_decided_and_is_told_the_same_as_all() -> None:
    table = Table(LUNCH, ALL)
    table.carry_out(Pause("n3"))
    asked = [table.ask("n1", WRITE, "lunch"), table.ask("n2", READ, "lunch")]
    table.run(5 * S)
    assert [table.operation(op).outcome for op in asked] == ["pending", "pending"]
    table.carry_out(Resume("n3"))
    table.run(1 * S)
    assert [table.operation(op).result for op in asked] == [("1",), ("1",)], (
        "a client's wish, and it comes first in the alphabet"
    )
    assert table.findings == []


@pytest.mark.parametrize("card", [LUNCH, FIRST, MAJORITY], ids=lambda card: card.name)
def test_a_proposal_needs_a_name_and_may_have_a_wish(card: Card) -> None:
    table = Table(card)
    for argument in ("", "=soup", "a meal without end", "lunch=something very long"):
        with pytest.raises(Refused, match="Say what it is about"):
            table.carry_out(Act("n1", "propose", argument))


# --- first proposal wins --------------------------------------------------------------------------------


def crossing(card: Card, seed: int = 1) -> Table:
    """n1 and n3 propose at once; n2 is near n1, n4 near n3."""
    table = Table(card, size=4, seed=seed, link=LinkState(10 * MS, 10 * MS))
    far = tuple((a, b) for a in ("n1", "n2") for b in ("n3", "n4"))
    table.carry_out(SetLink(far + tuple((b, a) for a, b in far), (("delay", 40 * MS),)))
    table.carry_out(Act("n1", "propose", "lunch=pizza"), Act("n3", "propose", "lunch=sushi"))
    table.run(1 * S)
    return table


@pytest.mark.parametrize("seed", range(1, 11))
def test_two_listeners_hear_two_proposals_in_two_orders_and_nothing_has_failed(seed: int) -> None:
    table = crossing(FIRST, seed)
    assert table.decided() == ["pizza", "pizza", "sushi", "sushi"]
    assert AGREEMENT in table.broken
    assert not any(table.seen[kind] for kind in ("dropped", "crashed", "paused", "cut", "halted"))
    sent = sum(1 for event in table.events if event.kind == "sent")
    assert sent == 6 == table.seen["delivered"]


@pytest.mark.parametrize("seed", range(1, 11))
def test_the_same_crossing_by_majority_ends_in_one_place(seed: int) -> None:
    table = crossing(MAJORITY, seed)
    assert len(dict.fromkeys(table.decided())) == 1 and None not in table.decided()
    assert table.findings == []


def test_a_proposal_that_comes_when_all_have_heard_another_changes_nothing() -> None:
    """The rule fails only where proposals cross: one after the other, it agrees."""
    table = Table(FIRST, size=4)
    table.propose("n1", what="lunch=pizza")
    table.run(100 * MS)
    table.propose("n3", what="lunch=sushi")
    table.run(100 * MS)
    assert table.decided() == ["pizza"] * 4
    assert table.findings == []


def test_every_node_answers_at_once_even_cut_off_alone() -> None:
    table = Table(FIRST)
    table.carry_out(Partition((("n1",), ("n2",), ("n3",))))
    answers = [table.ask(friend, WRITE, "lunch") for friend in members(3)]
    table.run(100 * MS)
    assert [table.operation(op).result for op in answers] == [("1",), ("2",), ("3",)]
    assert AGREEMENT in table.broken


def test_two_leaders_by_the_same_crossing() -> None:
    table = Table(FIRST, {"wishes": "names"}, size=4)
    table.propose("n1", "n3", what="leader")
    table.run(100 * MS)
    assert [role for role, _ in table.sim.roles.values()].count("leader") == 2


# --- majority with a tie rule ------------------------------------------------------------------------------


def test_a_majority_decides_while_one_of_three_is_asleep() -> None:
    table = Table(MAJORITY)
    table.carry_out(Pause("n3"))
    table.propose("n1", "n2")
    table.run(1 * S)
    assert table.decided() == ["hot pot", "hot pot", None]
    table.carry_out(Resume("n3"))
    table.run(1 * S)
    assert table.decided() == ["hot pot"] * 3


def test_the_smaller_side_of_a_cut_decides_nothing() -> None:
    table = Table(MAJORITY, size=5)
    table.carry_out(Partition((("n1", "n2"), ("n3", "n4", "n5"))))
    table.propose("n1", "n3")
    table.run(5 * S)
    assert [wish is None for wish in table.decided()] == [True, True, False, False, False]
    table.carry_out(Heal())
    table.run(1 * S)
    assert len(dict.fromkeys(table.decided())) == 1


def test_more_than_half_of_all_reports_second_a_wish_in_the_first_round() -> None:
    """Ben-Or, step 1: more than N/2 messages (1, r, v) with the same v -> send (2, r, v, D)."""
    table = Table(MAJORITY)
    table.propose("n1", "n2", "n3", what="lunch=soup")
    table.run(1 * S)
    assert table.decided() == ["soup"] * 3
    assert table.seen["tie"] == 0
    shows = [event.data[2] for event in table.events if event.kind == "sent" and type(event.data[2]).__name__ == "Second"]
    assert {show.wish for show in shows} == {"soup"} and {show.round for show in shows} == {1}


def friend(*heard: tuple[str, Report | Second], wish: str = "zebra") -> tuple[MajorityVoteNode, tuple[Any, ...]]:
    """n2 of three, who wishes for zebra and hears that; with what it said last."""
    node = MajorityVoteNode("n2", members(3), MAJORITY.with_defaults(), Stream(1))
    effects = node.act(0, "propose", f"lunch={wish}")
    for src, message in heard:
        effects = node.receive(1, src, message)
    return node, tuple(messages(effects))


def test_one_second_is_enough_to_take_that_wish_into_the_next_round() -> None:
    """Ben-Or, step 2: at least one D-message for v -> the next round's wish is v (not what the coin, here the rule, says)."""
    reports = ("n3", Report("lunch", 1, "curry"))
    node, said = friend(reports)
    assert said[-1] == Second("lunch", 1, None), "one of three for each"
    node, said = friend(reports, ("n1", Second("lunch", 1, "zebra")))
    assert said[-1] == Report("lunch", 2, "zebra"), "by the alphabet it would have been curry"
    node, said = friend(reports, ("n3", Second("lunch", 1, None)))
    assert said[-1] == Report("lunch", 2, "curry"), "nothing was seconded: the tie rule"
    assert not node.decided


def test_f_plus_1_seconds_decide() -> None:
    """Ben-Or, step 2: more than t D-messages for v -> decide v."""
    node, said = friend(("n1", Report("lunch", 1, "zebra")), ("n3", Second("lunch", 1, "zebra")))
    assert node.decided == {"lunch": "zebra"} and said[-1] == Told("lunch", "zebra")
    node, said = friend(("n1", Report("lunch", 1, "zebra")), ("n3", Second("lunch", 1, None)))
    assert not node.decided and said[-1] == Report("lunch", 2, "zebra"), "one second only, its own"


def test_a_friend_without_a_wish_takes_the_first_that_it_hears_of() -> None:
    node = MajorityVoteNode("n2", members(3), MAJORITY.with_defaults(), Stream(1))
    node.receive(0, "n1", Report("lunch", 1, "soup"))
    assert node.said["lunch", 1, 1] == "soup"


def test_a_vote_sent_to_somebody_behind_is_not_answered_or_two_would_answer_each_other_for_ever() -> None:
    _, said = friend(("n3", Report("lunch", 1, "curry")), ("n1", Report("lunch", 1, "zebra")))
    assert said == (Report("lunch", 1, "zebra", late=True),)
    _, said = friend(("n3", Report("lunch", 1, "curry")), ("n1", Report("lunch", 1, "zebra", late=True)))
    assert said == ()


def test_a_friend_who_is_behind_is_sent_the_votes_of_then() -> None:
    table = Table(MAJORITY, size=3)
    table.propose("n1", "n2", "n3")
    table.carry_out(SetLink((("n1", "n3"), ("n2", "n3")), (("loss", 1_000_000),)))
    table.run(100 * MS)
    assert [wish is None for wish in table.decided()] == [False, False, True]
    table.carry_out(SetLink((), (("loss", 0),)))
    table.run(1 * S)
    assert len(dict.fromkeys(table.decided())) == 1


def test_three_wishes_end_in_one_after_a_tie_or_two() -> None:
    """No rule in the place of the coin ends every run (FLP); with chance delays this one does."""
    table = Table(MAJORITY, link=LinkState(10 * MS, 10 * MS))
    table.propose("n1", "n2", "n3")
    table.run(2 * S)
    assert table.seen["tie"] > 0 and len(dict.fromkeys(table.decided())) == 1


@pytest.mark.parametrize(("size", "enough", "missing"), [(2, 2, 0), (3, 2, 1), (4, 3, 1), (5, 3, 2), (7, 4, 3)])
def test_steps_wait_for_all_but_as_many_as_may_be_missing(size: int, enough: int, missing: int) -> None:
    node = Table(MAJORITY, size=size).sim.nodes["n1"]
    assert (node.enough, node.missing) == (enough, missing)  # type: ignore[attr-defined]


# --- what the cards claim -------------------------------------------------------------------------------------


def test_the_claims() -> None:
    claimed = {card.name: card.claims(card.with_defaults()).plain() for card in (LUNCH, FIRST, MAJORITY)}
    assert claimed == {
        "lunch": {"consistency": "linearizable", "availability": "quorum", "loses": False},
        "first_proposal": {"consistency": "none", "availability": "total", "loses": False},
        "majority_vote": {"consistency": "linearizable", "availability": "clean majority", "loses": False},
    }
    assert LUNCH.claims(LUNCH.with_defaults(ALL)).availability == "all"
    assert [card.object for card in (LUNCH, FIRST, MAJORITY)] == ["decision"] * 3
