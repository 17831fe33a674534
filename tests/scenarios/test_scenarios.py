"""Every scenario has its expected results, and its story is true with other seeds, too."""

from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Wipe
from consensus.runs.scenario import Scenario
from tests.kit.side_words import assert_meters_agree

SCENARIOS = registry.scenarios()
HALF = S // 2

ANSWER_MAX = 60  # letters on a button of a phone
BEAT_MAX = 100  # one sentence under the stage
PROJECTED_MAX = 140  # letters that the back row can read
NICKNAME_MAX = 24  # letters that a lane's head can show in large type


class Played(NamedTuple):
    """A finished run of a scenario, with what was seen of each lane at every half second.

    ``accounts``: the number of counted operations, and of all operations. ``meters``: the lane's number, and its meters.
    """

    scenario: Scenario
    experiment: Experiment
    accounts: list[tuple[int, int]]
    meters: list[tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module", params=SCENARIOS)
def played(request: pytest.FixtureRequest) -> Played:
    """One run of each scenario, for all the tests that look at it. It is forgotten before the next scenario runs."""
    scenario = SCENARIOS[request.param]
    spec = scenario.spec
    experiment = Experiment(spec, registry.protocols())
    accounts, meters = [], []
    for at in (*range(spec.opening, spec.until, HALF), spec.until):
        experiment.run_until(at)
        for lane in experiment.lanes:
            meters.append((lane.number, lane.meters(at)))
            counts, left = lane.watch.tally.counts.values(), lane.watch.tally.left_out
            accounted = sum(count.asked + count.pending for count in counts) + left["down"] + left["straddled"]
            accounts.append((accounted, len(lane.history.operations)))
    return Played(scenario, experiment, accounts, meters)


def test_what_must_come_out_comes_out(played: Played) -> None:
    assert played.scenario.expect
    failed = [expected.sentence for expected in played.scenario.expect if not expected.holds(played.experiment)]
    assert failed == [], f"python -m consensus run {played.scenario.name}"


def test_every_operation_of_a_scenario_is_counted_left_out_or_pending(played: Played) -> None:
    assert len(played.accounts) >= 4 * len(played.experiment.lanes)
    for accounted, operations in played.accounts:
        assert accounted == operations


def test_words_and_numbers_never_disagree(played: Played) -> None:
    for _lane, meters in played.meters:
        assert_meters_agree(meters)


def test_a_broken_law_stays_broken(played: Played) -> None:
    """Whatever heals or restarts. And a lane that keeps its laws is not called broken."""
    for lane in played.experiment.lanes:
        laws = [meters["law"] for number, meters in played.meters if number == lane.number]
        first = next((place for place, law in enumerate(laws) if law is not None), len(laws))
        assert None not in laws[first:]
        broken = [finding for checker in lane.watch.invariants.values() for finding in checker.findings]
        assert bool(broken or lane.sim.sentences or lane.stopped) == (laws[-1] is not None)


@pytest.mark.parametrize(
    ("name", "lane", "law", "nodes"),
    [
        ("forgotten-vote", 0, "Election Safety", ["n1", "n3"]),
        ("members-at-once", 0, "Election Safety", ["n2", "n4"]),
        ("bend-the-quorums", 1, "Agreement", ["n5", "n2"]),
    ],
)
def test_a_story_of_a_broken_law_ends_with_its_name_and_two_events(name: str, lane: int, law: str, nodes: list[str]) -> None:
    scenario = SCENARIOS[name]
    experiment = Experiment(scenario.spec, registry.protocols())
    experiment.run_until(scenario.spec.until)
    shown = experiment.lanes[lane].meters(experiment.at)["law"]
    assert shown["name"] == law and all(node in shown["sentence"] for node in nodes)
    assert [event["node"] for event in shown["events"]] == nodes
    assert [event["at"] for event in shown["events"]] == sorted(event["at"] for event in shown["events"])
    others = [each.meters(experiment.at)["law"] for each in experiment.lanes if each.number != lane]
    assert others == [None] * len(others)


def test_both_sides_have_a_quorum_when_members_change_at_once() -> None:
    """Each side counts the members in which its own leader believes: two of three, and three of five."""
    scenario = SCENARIOS["members-at-once"]
    experiment = Experiment(scenario.spec, registry.protocols())
    experiment.run_until(4200 * MS)
    at_once, joint, one_at_a_time = (lane.meters(experiment.at)["sides"] for lane in experiment.lanes)
    assert [side["majority"] for side in at_once] == [True, True]
    assert sum(side["majority"] for side in joint) == sum(side["majority"] for side in one_at_a_time) == 1


def test_the_opening_stays_consistent_for_five_minutes_when_nobody_cuts() -> None:
    """At 1/20 these are 15 simulated seconds. Two writes may race with R = W = 1, but not before the visitor's cut."""
    scenario = SCENARIOS["same-cut"]
    experiment = Experiment(replace(scenario.spec, script=()), registry.protocols())
    for at in range(S, 15 * S + 1, HALF):
        experiment.run_until(at)
        for lane in experiment.lanes:
            (side,) = lane.meters(at)["sides"]
            assert (side["availability"], side["consistency"]) == ("AVAILABLE", "CONSISTENT"), (lane.card.name, at)


def test_the_run_shows_a_right_answer_and_a_wrong_one(played: Played) -> None:
    """The checks measure the run, so a change of the scenario that makes another answer right is seen here."""
    right = [answer.sentence for answer in played.scenario.answers if answer.right(played.experiment)]
    assert 0 < len(right) < len(played.scenario.answers), f"{played.scenario.name}: right are {right}"


def invariants_stand(scenario: Scenario, experiment: Experiment) -> None:
    """Except if its card promises nothing, as such a scenario shows, or a disk is lost, which no protocol survives."""
    wiped = any(isinstance(step.do, Wipe) for step in scenario.spec.script)
    for lane in experiment.lanes:
        broken = [finding for checker in lane.watch.invariants.values() for finding in checker.findings]
        promised = not wiped and lane.card.claimed(lane.knobs, len(lane.members)).consistency != "none"
        assert lane.stopped is None
        assert bool(broken) is (not promised and bool(lane.watch.invariants))
        assert not (promised and lane.sim.sentences)


def test_no_protocol_breaks_its_invariants(played: Played) -> None:
    invariants_stand(played.scenario, played.experiment)


@pytest.fixture(
    scope="module", params=[(name, seed) for name in SCENARIOS for seed in (4, 10)], ids=lambda it: f"{it[0]}-{it[1]}"
)
def retold(request: pytest.FixtureRequest) -> tuple[Scenario, Experiment]:
    """One run of each scenario under each of two other seeds, for both tests that look at it."""
    name, seed = request.param
    scenario = SCENARIOS[name]
    experiment = Experiment(replace(scenario.spec, seed=seed), registry.protocols())
    experiment.run_until(scenario.spec.until)
    return scenario, experiment


def test_the_story_is_true_under_other_seeds(retold: tuple[Scenario, Experiment]) -> None:
    scenario, experiment = retold
    failed = [expected.sentence for expected in scenario.expect if not expected.holds(experiment)]
    assert failed == [], f"python -m consensus run {scenario.name} --seed {experiment.spec.seed}"


def test_no_protocol_breaks_its_invariants_under_other_seeds(retold: tuple[Scenario, Experiment]) -> None:
    invariants_stand(*retold)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_says_what_a_visitor_needs(name):
    scenario = SCENARIOS[name]
    for text in (scenario.story, scenario.ask, scenario.lesson):
        assert text.rstrip()[-1] in ".?!", f"{name}: {text!r} is not a sentence"
    assert scenario.level in "BIAE" and scenario.number > 0
    assert scenario.spec.opening < scenario.spec.until
    assert all(scenario.spec.opening <= step.at < scenario.spec.until for step in scenario.spec.script)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_lane_of_several_has_a_short_name_of_its_own(name: str) -> None:
    spec = SCENARIOS[name].spec
    nicknames = [lane.nickname for lane in spec.lanes]
    if len(nicknames) == 1:
        assert not spec.veiled or nicknames == [""], f"{name}: a name would give the hidden protocol away"
        return
    assert all(nicknames) and len(dict.fromkeys(nicknames)) == len(nicknames), f"{name}: {nicknames}"
    assert max(map(len, nicknames)) <= NICKNAME_MAX, f"{name}: {nicknames}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_question_has_two_to_four_answers_that_fit_a_phone(name: str) -> None:
    sentences = [answer.sentence for answer in SCENARIOS[name].answers]
    assert 2 <= len(sentences) <= 4 and len(dict.fromkeys(sentences)) == len(sentences)
    assert max(map(len, sentences)) <= ANSWER_MAX, f"{name}: {sentences}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_beats_of_a_scenario_lie_in_its_run_in_the_order_of_time(name: str) -> None:
    scenario = SCENARIOS[name]
    moments = [scenario.spec.opening, *(beat.at for beat in scenario.beats), scenario.spec.until]
    assert all(before < after for before, after in pairwise(moments)), f"{name}: {moments}"
    for beat in scenario.beats:
        assert beat.words[-1] in ".?!" and len(beat.words) <= BEAT_MAX, f"{name}: {beat.words!r}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_question_and_lesson_are_short_enough_to_project(name: str) -> None:
    scenario = SCENARIOS[name]
    for text in (scenario.ask, scenario.lesson):
        assert len(text) <= PROJECTED_MAX, f"{name}: {len(text)} letters: {text!r}"
