"""Planted bugs. Each has a script that shows it, and honest nodes pass the same script; storms find most of the bugs, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from tests.kit.sentences import fragments
from tests.kit.storm import Storm, Unsafe, Watched

Caught = Mapping[type[Any], tuple[Callable[[Any], Watched], tuple[str, ...]]]  # bug -> (its script, the checks that catch it)


def each_bug(bugs: Iterable[type[Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bug", bugs, ids=lambda bug: bug.__name__)


def script_tests(
    caught: Caught, bugs: tuple[type[Any], ...], honest: type[Any], lively: Callable[[Any], bool]
) -> tuple[Callable[[], None], Callable[[type[Any]], None], Callable[[type[Any]], None]]:
    """Three tests: each bug has its script, the script's checks catch it, and honest nodes pass the same script.

    ``lively`` is True for an honest run in which something happened.
    """

    def test_each_bug_has_its_script() -> None:
        assert tuple(caught) == bugs

    @each_bug(bugs)
    def test_a_planted_bug_is_caught(bug: type[Any]) -> None:
        script, checks = caught[bug]
        run = script(bug)
        assert run.broken == list(checks)
        assert [fragment for finding in run.findings for fragment in fragments(finding.sentence)] == []
        for finding in run.findings:
            assert len(finding.events) <= 2 and list(finding.events) == sorted(finding.events, key=lambda event: event.at)
            assert all(0 <= event.at <= finding.at and event.text for event in finding.events), finding

    @each_bug(bugs)
    def test_the_same_script_accuses_the_honest_of_nothing(bug: type[Any]) -> None:
        script, _checks = caught[bug]
        run = script(honest)
        assert run.findings == []
        assert lively(run)

    return test_each_bug_has_its_script, test_a_planted_bug_is_caught, test_the_same_script_accuses_the_honest_of_nothing


def storms_find(bugs: Iterable[type[Any]], storm: Callable[[int, Any], Storm], seeds: int) -> Callable[[type[Any]], None]:
    """A test that the same storms find each bug. Honest nodes pass the same faults in tests of their own."""

    @each_bug(bugs)
    def test_a_few_random_storms_find_it_as_well(bug: type[Any]) -> None:
        with pytest.raises(Unsafe):
            for seed in range(seeds):
                storm(seed, bug).run_both_phases()

    return test_a_few_random_storms_find_it_as_well
