"""Every scenario has its expected results, and its story is true with other seeds, too."""

from dataclasses import replace
from typing import NamedTuple

import pytest

from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Wipe
from consensus.runs.scenario import Scenario

SCENARIOS = registry.scenarios()


class Played(NamedTuple):
    """A finished run of a scenario, and at four moments of each lane the number of counted operations and of all operations."""

    scenario: Scenario
    experiment: Experiment
    accounts: list[tuple[int, int]]


@pytest.fixture(scope="module", params=SCENARIOS)
def played(request: pytest.FixtureRequest) -> Played:
    """One run of each scenario, for all the tests that look at it. It is forgotten before the next scenario runs."""
    scenario = SCENARIOS[request.param]
    spec = scenario.spec
    experiment = Experiment(spec, registry.protocols())
    accounts = []
    for at in (*range(spec.opening, spec.until, (spec.until - spec.opening) // 3), spec.until):
        experiment.run_until(at)
        for lane in experiment.lanes:
            counts, left = lane.watch.tally.counts.values(), lane.meters(at)["left_out"]
            accounted = sum(count.asked + count.pending for count in counts) + left["down"] + left["straddled"]
            accounts.append((accounted, len(lane.history.operations)))
    return Played(scenario, experiment, accounts)


def test_what_must_come_out_comes_out(played: Played) -> None:
    assert played.scenario.expect
    failed = [expected.sentence for expected in played.scenario.expect if not expected.holds(played.experiment)]
    assert failed == [], f"python -m consensus run {played.scenario.name}"


def test_every_operation_of_a_scenario_is_counted_left_out_or_pending(played: Played) -> None:
    assert len(played.accounts) >= 4 * len(played.experiment.lanes)
    for accounted, operations in played.accounts:
        assert accounted == operations


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
