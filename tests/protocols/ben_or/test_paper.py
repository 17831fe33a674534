"""Ben-Or (PODC 1983), protocol A, sentence by sentence; what its card says of bits; and the adversary beside it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from consensus import run
from consensus.checkers.histories.decisions import Decisions
from consensus.faults.adversary import ADVERSARIES
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, UNKNOWN, WRITE, Request, S
from consensus.kernel.rng import Stream
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import Cluster
from consensus.protocols.why_hard.ben_or import CARD, ONE_MESSAGE, ONE_PROPOSED, BenOrNode, Decided, Proposal, Report, bit_of
from consensus.runs.interventions import Act, Adversary, Ask, Crash, Heal, Partition, Restart, SetLink, Wipe
from tests.kit.probe import messages
from tests.kit.storm import Watched, members

STEADY = LinkState(10 * MS, 0)
SEEDS = range(100)


class Processes(Watched):
    """Some processes, their judge, and what they have decided."""

    def __init__(self, size: int = 3, seed: int = 1, link: LinkState = STEADY) -> None:
        cluster = Cluster(CARD.node, members(size), CARD.with_defaults(), seed, link, deadline=60 * S, adversaries=ADVERSARIES)
        super().__init__(cluster, (Decisions(),))

    def propose(self, bits: str) -> Processes:
        self.carry_out(*(Act(f"n{n}", "propose", f"lunch={bit}") for n, bit in enumerate(bits, start=1) if bit in "01"))
        return self

    def decided(self) -> list[str | None]:
        return [node.decided.get("lunch") for node in self.sim.nodes.values()]  # type: ignore[attr-defined]

    def rounds(self) -> int:
        """The last round that anybody began."""
        return max(node.at["lunch"][1] for node in self.sim.nodes.values())  # type: ignore[attr-defined]


def process(*heard: tuple[str, Report | Proposal], x: str = "1", size: int = 3, seed: int = 1) -> tuple[BenOrNode, list[Any]]:
    """n2, whose input is x, hears that; with what it sent last."""
    node = BenOrNode("n2", members(size), CARD.with_defaults(), Stream(seed))
    effects = node.act(0, "propose", f"lunch={x}")
    for src, message in heard:
        effects = node.receive(1, src, message)
    return node, messages(effects)


# --- the steps -----------------------------------------------------------------------------------------------


def test_a_process_begins_by_sending_its_input_to_all() -> None:
    """Step 1: send the message (1, r, x) to all the processes."""
    _, said = process()
    assert said == [Report("lunch", 1, "1")] * 2


@pytest.mark.parametrize(("size", "enough", "t"), [(2, 2, 0), (3, 2, 1), (4, 3, 1), (5, 3, 2), (6, 4, 2), (7, 4, 3)])
def test_a_step_waits_for_as_many_messages_as_are_certain_to_come(size: int, enough: int, t: int) -> None:
    """Step 2: wait till messages of type (1, r, *) are received from N - t processes; t < N/2."""
    node = Processes(size).sim.nodes["n1"]
    assert (node.enough, node.t) == (enough, t)  # type: ignore[attr-defined]


def test_nothing_is_sent_before_enough_reports_are_there() -> None:
    node, said = process(("n3", Report("lunch", 1, "1")), size=5)
    assert said == [] and node.at["lunch"] == ("lunch", 1, 1)


def test_more_than_half_of_all_reports_make_a_proposal() -> None:
    """Step 2: if more than N/2 messages have the same value v, send (2, r, v, D) to all."""
    _, said = process(("n1", Report("lunch", 1, "1")), ("n3", Report("lunch", 1, "1")), size=5)
    assert said[-1] == Proposal("lunch", 1, "1")


def test_without_them_the_proposal_is_a_question_mark() -> None:
    """Step 2: else send (2, r, ?). Two of three that came are more than half of those, but not of all five."""
    _, said = process(("n1", Report("lunch", 1, "0")), ("n3", Report("lunch", 1, "1")), size=5)
    assert said[-1] == Proposal("lunch", 1, None)


@pytest.mark.parametrize("seed", range(6))
def test_one_proposal_is_taken_over_whatever_a_coin_would_say(seed: int) -> None:
    """Step 3 (a): if there is at least one D-message (2, r, v, D), then x := v."""
    reports = ("n3", Report("lunch", 1, "0"))
    node, said = process(reports, ("n1", Proposal("lunch", 1, "1")), seed=seed)
    assert said[-1] == Report("lunch", 2, "1") and not node.decided


def test_more_than_t_proposals_decide() -> None:
    """Step 3 (b): if there are more than t D-messages, then decide v."""
    node, said = process(("n1", Report("lunch", 1, "1")), ("n3", Proposal("lunch", 1, "1")))
    assert node.decided == {"lunch": "1"} and said[-1] == Decided("lunch", "1")
    node, said = process(("n1", Report("lunch", 1, "1")), ("n3", Proposal("lunch", 1, None)))
    assert not node.decided and said[-1] == Report("lunch", 2, "1"), "one only, its own: it is taken over"


def test_without_a_proposal_a_coin_is_tossed_and_both_sides_of_it_come_up() -> None:
    """Step 3 (c): else set x := 1 or 0, each with probability 1/2."""
    sides = [
        process(("n3", Report("lunch", 1, "0")), ("n1", Proposal("lunch", 1, None)), seed=seed)[1][-1].x for seed in range(1000)
    ]
    assert 440 < sides.count("1") < 560, "within four standard deviations"


def test_late_messages_of_steps_that_are_over_change_nothing() -> None:
    node, _ = process(("n1", Report("lunch", 1, "0")))
    assert node.at["lunch"] == ("lunch", 1, 2)
    node.receive(2, "n3", Report("lunch", 1, "1"))
    assert node.at["lunch"] == ("lunch", 1, 2) and node.said["lunch", 1, 2] is None


def test_early_messages_count_when_the_process_is_there() -> None:
    node, _ = process(("n3", Proposal("lunch", 1, "1")))
    assert node.at["lunch"] == ("lunch", 1, 1)
    node.receive(2, "n3", Report("lunch", 1, "1"))
    assert node.decided == {"lunch": "1"}


def test_both_values_proposed_in_one_round_would_be_noticed() -> None:
    """Lemma: more than N/2 reported v; no second value can have more than N/2."""
    with pytest.raises(AssertionError, match=ONE_PROPOSED):
        process(("n1", Report("lunch", 1, "1")), ("n3", Proposal("lunch", 1, "0")))


def test_a_process_sends_one_message_a_step() -> None:
    node, _ = process()
    with pytest.raises(AssertionError, match=ONE_MESSAGE):
        node.enter(("lunch", 1, 1), "0")


# --- the theorems ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", "01")
def test_if_all_inputs_are_the_same_that_is_decided_in_the_first_round(bit: str) -> None:
    """If all processes start with the same value, all decide it in the first round."""
    run = Processes(5).propose(bit * 5)
    run.run(1 * S)
    assert run.decided() == [bit] * 5 and run.rounds() == 1 and run.seen["coin"] == 0


def test_once_one_decides_the_others_do_so_at_the_latest_in_the_next_round() -> None:
    """Lemma: if P decides v in round r, all others decide v by round r + 1, for all then start that round with v."""
    for seed in range(40):
        run = Processes(5, seed, LinkState(5 * MS, 40 * MS)).propose("01011")
        run.run_to(lambda sim: any(node.decided for node in sim.nodes.values()))
        first = next(node for node in run.sim.nodes.values() if node.decided)  # type: ignore[attr-defined]
        run.run(10 * S)
        assert run.rounds() <= first.at["lunch"][1] + 1  # type: ignore[attr-defined]
        assert run.decided() == [first.decided["lunch"]] * 5 and run.findings == []  # type: ignore[attr-defined]


def test_t_may_crash_and_the_others_decide() -> None:
    run = Processes(5)
    run.carry_out(Crash("n4"), Crash("n5"))
    run.propose("011")
    run.run(5 * S)
    assert len(set(run.decided()[:3])) == 1 and run.decided()[0] is not None


def test_more_than_t_missing_and_nobody_decides() -> None:
    """No protocol tolerates crashes of half of all: two halves that cannot hear each other could decide different values."""
    run = Processes(5)
    run.carry_out(Partition((("n1", "n2"), ("n3", "n4"), ("n5",))))
    run.propose("01011")
    run.run(20 * S)
    assert run.decided() == [None] * 5
    run.carry_out(Heal())
    run.run(5 * S)
    assert len(set(run.decided())) == 1 and None not in run.decided()


# --- clients, and bits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "bit"), [("0", "0"), ("1", "1"), ("17", "1"), ("170", "0"), ("pizza'3", "1"), ("pizza'4", "0")]
)
def test_what_a_client_writes_counts_as_one_bit(value: str, bit: str) -> None:
    assert bit_of(value) == bit


def test_a_client_is_told_the_bit_that_was_decided() -> None:
    run = Processes()
    writes = [run.ask(node, WRITE, "x") for node in ("n1", "n2", "n3")]  # 1, 2, 3: the bits 1, 0, 1
    run.run(5 * S)
    told = {run.operation(op_id).result for op_id in writes}
    assert len(told) == 1 and told <= {("0",), ("1",)} and run.findings == []
    assert run.operation(run.ask("n2", READ, "x")).outcome != OK  # asked this moment
    run.run(1 * S)
    assert run.history.operations[-1].result == told.pop()


def test_a_read_waits_and_starts_nothing() -> None:
    run = Processes()
    op_id = run.ask("n1", READ, "x")
    run.run(61 * S)
    assert run.operation(op_id).outcome == UNKNOWN and run.seen["sent"] == 1


def test_a_process_keeps_its_first_input() -> None:
    node, _ = process(x="1")
    effects = node.receive(1, "c1", Request("c1:1", WRITE, "lunch", "2"))
    assert effects == () and node.said["lunch", 1, 1] == "1"


def test_a_process_without_an_input_takes_the_first_value_that_it_hears_of() -> None:
    node = BenOrNode("n2", members(3), CARD.with_defaults(), Stream(1))
    node.receive(0, "n1", Report("lunch", 4, "0"))
    assert node.said["lunch", 1, 1] == "0"


def test_a_question_mark_says_that_both_values_had_been_reported_so_a_process_without_an_input_may_toss() -> None:
    inputs = []
    for seed in range(30):
        node = BenOrNode("n2", members(3), CARD.with_defaults(), Stream(seed))
        node.receive(0, "n1", Proposal("lunch", 1, None))
        inputs.append(node.said["lunch", 1, 1])
    assert set(inputs) == {"0", "1"}


def test_an_input_is_0_or_1() -> None:
    run = Processes()
    for argument in ("lunch=2", "lunch", "=1", "lunch=", "a-word-too-long-to-be-a-key=1"):
        with pytest.raises(Refused, match="0 or 1"):
            run.carry_out(Act("n1", "propose", argument))


# --- beyond the paper ----------------------------------------------------------------------------------------------


def test_whoever_is_behind_is_sent_the_messages_of_then() -> None:
    run = Processes()
    run.carry_out(SetLink((("n1", "n3"), ("n2", "n3")), (("loss", 1_000_000),)))
    run.propose("111")
    run.run(100 * MS)
    assert run.decided() == ["1", "1", None]
    run.carry_out(SetLink((), (("loss", 0),)))
    run.run(1 * S)
    assert run.decided() == ["1"] * 3


def test_a_message_for_somebody_behind_asks_for_no_answer_or_two_would_answer_each_other_for_ever() -> None:
    _, said = process(("n3", Report("lunch", 1, "0")), ("n1", Report("lunch", 1, "1")))
    assert said == [Report("lunch", 1, "1", late=True)]
    _, said = process(("n3", Report("lunch", 1, "0")), ("n1", Report("lunch", 1, "1", late=True)))
    assert said == []


def test_messages_of_steps_that_are_over_are_forgotten() -> None:
    run = Processes(5, 7)
    run.carry_out(Adversary("decisive"))
    run.propose("01011")
    run.run(200 * MS)
    assert all(len(node.heard) <= 3 for node in run.sim.nodes.values())  # type: ignore[attr-defined]
    run.run(60 * S)
    assert all(node.heard == {} for node in run.sim.nodes.values())  # type: ignore[attr-defined]


# --- under the adversary --------------------------------------------------------------------------------------------------


def tossed(size: int) -> list[int]:
    """In how many rounds coins were tossed, under the adversary, until all had decided; one number a seed."""
    counts = []
    for seed in SEEDS:
        run = Processes(size, seed, LinkState())
        run.carry_out(Adversary("decisive"))
        run.propose("".join("01"[n % 2] for n in range(size)))
        run.run_to(lambda sim: all(node.decided for node in sim.nodes.values()), 60 * S)
        assert run.findings == [] and run.seen["dropped"] == 0
        counts.append(run.rounds() - 1)
    return counts


@pytest.mark.parametrize("size", [3, 5])
def test_under_the_adversary_a_round_ends_it_only_when_all_coins_fall_alike(size: int) -> None:
    """N coins fall alike with probability 2 / 2^N, so it takes 2^(N - 1) rounds in the mean: for large t exponentially many.

    The mean of a hundred runs lies within three standard deviations, sqrt(1 - p) / p / 10, of that.
    """
    mean = sum(tossed(size)) / len(SEEDS)
    expected = 2 ** (size - 1)
    assert abs(mean - expected) < 3 * (expected * (expected - 1)) ** 0.5 / 10


# --- what it assumes ------------------------------------------------------------------------------------------


def test_a_wiped_majority_decides_again_and_the_page_accuses_it() -> None:
    """The card says that no disk may be lost: the three that decided 1 forget it, and all five decide 0."""
    assert "No disk may be lost." in CARD.gives_up
    decided, behind = ("n1", "n2", "n3"), ("n4", "n5")
    result = run(
        "ben_or",
        script=[
            (1.0, Partition((decided, behind))),
            *((1.1, Act(name, "propose", "x=1")) for name in decided),
            (2.0, Ask("n1", "read", "x")),
            *((3.0, Wipe(name)) for name in decided),
            *((3.5, Restart(name)) for name in decided),
            *((4.0, Act(name, "propose", "x=0")) for name in (*decided, *behind)),
            (4.1, Heal()),
            (8.0, Ask("n4", "read", "x")),
        ],
    )
    [lane] = result.lanes
    assert [each.result for each in lane.operations] == [("1",), ("0",)]
    verdicts = {name: (status, sentence) for name, status, sentence in lane.promises}
    assert verdicts["agreement"][0] == verdicts["integrity"][0] == verdicts["linearizable"][0] == "violated"
    assert re.fullmatch(r"n\d decided x=1, but n\d decided x=0\.", verdicts["agreement"][1])
    assert verdicts["validity"][0] == "ok", "each value was somebody's input"
    assert not lane.halted and not lane.stopped, "whoever forgot is no traitor"
