"""Sentences for people are built by templates, in one way, so that another language needs no change in code."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from consensus.kernel.sentences import say
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from tests.kit.places import ROOT
from tests.kit.sentences import built_elsewhere, fragments, templates

FILES = sorted([*ROOT.glob("consensus/**/*.py"), *ROOT.glob("dashboard/**/*.py")])
# Where one word is a fragment, too.
STRICT = [
    *sorted(ROOT.glob("consensus/checkers/**/*.py")),
    ROOT / "dashboard" / "live" / "veil.py",
    ROOT / "dashboard" / "wire" / "commands.py",
]
# Texts that no page shows: errors for developers, output of the command line, generated documents, an HTTP header.
FOR_DEVELOPERS = {
    "consensus/__init__.py",
    "consensus/__main__.py",
    "consensus/kernel/freeze.py",
    "consensus/kernel/inside.py",
    "consensus/kernel/node.py",
    "consensus/maths/quorums.py",
    "consensus/protocols/cards.py",
    "dashboard/web/pages.py",
    "dashboard/wire/document.py",
    "dashboard/wire/format.py",
    "dashboard/wire/types.py",
}
# Between them every object and many kinds of findings: sessions, lost writes, halts, decisions, sets, counters.
SCENARIOS = ["same-cut", "in-doubt", "last-seat", "siblings", "merging-cart", "lunch", "forgotten-vote", "last-write-wins"]
ASSERTIONS_OF_THE_KERNEL = 2  # simulation.py: an invalid effect, an invalid outcome


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_sentence_is_built_elsewhere(file: Path) -> None:
    name = str(file.relative_to(ROOT))
    found = list(built_elsewhere(file))
    if name == "consensus/kernel/simulation.py":
        assert len(found) <= ASSERTIONS_OF_THE_KERNEL, found
    elif name not in FOR_DEVELOPERS:
        assert found == []


@pytest.mark.parametrize("file", STRICT, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_checker_puts_not_even_one_word_beside_a_value(file: Path) -> None:
    """A single word, such as "your", is a fragment that another language inflects."""
    assert list(built_elsewhere(file, least_words=1)) == []


@pytest.mark.parametrize(
    "value",
    ["your", "was told", "1 read", "3.214 s", "7 and 9", "instance 7", say("{n} reads of {what}", n=2, what="the key")],
)
def test_an_english_fragment_among_the_values_is_found(value: str) -> None:
    assert fragments(say("{client} read x=7 {what}.", client="c1", what=value)) != []


@pytest.mark.parametrize("value", [7, "c1", "n1, n2", "{7, 9}", "(1, 2)", "x=7", "3.214", say("{n} reads", n=2)])
def test_numbers_names_data_and_sentences_are_no_fragments(value: int | str) -> None:
    assert fragments(say("{client} read x=7 {what}.", client="c1", what=value)) == []


def test_figures_without_a_template_are_found() -> None:
    assert fragments("c1 read x=7.") and not fragments("The live replicas agree on every key.")


def test_an_f_string_with_words_is_found(tmp_path: Path) -> None:
    """The search itself can fail."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text('def why(node):\n    return f"{node} has crashed already."\n')
    assert [place.line for place in built_elsewhere(wrong)] == [2]


def test_templates_have_named_holes_and_no_braces_beside_them() -> None:
    """A page fills ``{name}`` and knows no other notation."""
    found = [place for file in FILES for place in templates(file)]
    assert len(found) > 200
    for place in found:
        holes = [
            (name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(place.text) if name is not None
        ]
        assert all(name.isidentifier() and not spec and not conversion for name, spec, conversion in holes), place
        assert "{{" not in place.text and "}}" not in place.text, place


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_a_run_says_keeps_its_templates(name: str) -> None:
    """Findings, verdicts and sentences of a whole run can be told in another language."""
    experiment = Experiment(registry.spec(name), registry.protocols())
    experiment.run_until(experiment.spec.until)
    at = experiment.at
    said = [finding.sentence for lane in experiment.lanes for finding in lane.findings]
    said += [lane.meters(at)["sentence"] for lane in experiment.lanes]
    said += [reason for lane in experiment.lanes for _, _, reason in lane.promises(at)]
    said += [lane.mark_of(operation, at)[1] for lane in experiment.lanes for operation in lane.operations]
    said += [mark.text for mark in experiment.all_marks() if mark.kind in ("leader", "violation")]
    assert said and [fragment for text in said for fragment in fragments(text)] == []
