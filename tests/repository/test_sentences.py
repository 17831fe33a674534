"""Sentences for people are built by templates, in one way, so that another language needs no change in code."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from consensus.kernel.sentences import Sentence
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from tests.kit.places import ROOT
from tests.kit.sentences import built_elsewhere, templates

FILES = sorted([*ROOT.glob("consensus/**/*.py"), *ROOT.glob("dashboard/**/*.py")])
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
ASSERTIONS_OF_THE_KERNEL = 2  # simulation.py: an invalid effect, an invalid outcome


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_sentence_is_built_elsewhere(file: Path) -> None:
    name = str(file.relative_to(ROOT))
    found = list(built_elsewhere(file))
    if name == "consensus/kernel/simulation.py":
        assert len(found) <= ASSERTIONS_OF_THE_KERNEL, found
    elif name not in FOR_DEVELOPERS:
        assert found == []


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


@pytest.mark.parametrize("name", ["same-cut", "in-doubt", "last-seat"])
def test_what_a_run_says_keeps_its_templates(name: str) -> None:
    """Verdicts, findings, captions and sentences of a whole run can be shown in another language."""
    experiment = Experiment(registry.spec(name), registry.protocols())
    experiment.run_until(experiment.spec.until)
    said = [finding.sentence for lane in experiment.lanes for finding in lane.findings]
    said += [lane.meters(experiment.at)["sentence"] for lane in experiment.lanes]
    said += [mark.text for mark in experiment.all_marks() if mark.kind == "leader"]
    glued = [text for text in said if any(each.isdecimal() for each in text) and not isinstance(text, Sentence)]
    assert said and glued == []
