"""Every scenario comes out as its file says, and tells a true story under other seeds too."""

from dataclasses import replace

import pytest

from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Wipe

SCENARIOS = registry.scenarios()


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_must_come_out_comes_out(name):
    scenario = SCENARIOS[name]
    experiment = Experiment(scenario.spec, registry.protocols())
    experiment.run_until(scenario.spec.until)
    assert scenario.expect
    failed = [expected.sentence for expected in scenario.expect if not expected.holds(experiment)]
    assert failed == [], f"python -m consensus run {name}"


@pytest.mark.parametrize("seed", [4, 10])
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_story_is_true_under_other_seeds(name, seed):
    scenario = SCENARIOS[name]
    experiment = Experiment(replace(scenario.spec, seed=seed), registry.protocols())
    experiment.run_until(scenario.spec.until)
    failed = [expected.sentence for expected in scenario.expect if not expected.holds(experiment)]
    assert failed == [], f"python -m consensus run {name} --seed {seed}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_protocol_breaks_its_invariants_under_other_seeds(name):
    """But where its card promises nothing, which such a scenario is there to show, or a disk is lost, which none survives."""
    scenario = SCENARIOS[name]
    wiped = any(isinstance(step.do, Wipe) for step in scenario.spec.script)
    for seed in (1, 2, 3):
        experiment = Experiment(replace(scenario.spec, seed=seed), registry.protocols())
        experiment.run_until(scenario.spec.until)
        for lane in experiment.lanes:
            broken = [finding for checker in lane.watch.invariants.values() for finding in checker.findings]
            promised = not wiped and lane.card.claimed(lane.knobs, len(lane.members)).consistency != "none"
            assert lane.stopped is None
            assert bool(broken) is (not promised and bool(lane.watch.invariants))
            assert not (promised and lane.sim.sentences)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_says_what_a_visitor_needs(name):
    scenario = SCENARIOS[name]
    for text in (scenario.story, scenario.ask, scenario.lesson):
        assert text.rstrip()[-1] in ".?!", f"{name}: {text!r} is not a sentence"
    assert scenario.level in "BIAE" and scenario.number > 0
    assert scenario.spec.opening < scenario.spec.until
    assert all(scenario.spec.opening <= step.at < scenario.spec.until for step in scenario.spec.script)
