"""Names of protocols: one way to write them, and the earlier way still understood."""

from pathlib import Path

import pytest

from consensus import protocols
from consensus.kernel.sentences import Refused
from consensus.protocols.cards import protocol_name
from consensus.runs import registry, scripting
from consensus.runs.spec import LaneSpec


def test_a_protocol_is_named_as_its_file() -> None:
    files = [path.stem for path in Path(protocols.__path__[0]).glob("*/*.py")]
    for name, card in registry.protocols().items():
        assert name == card.name and files.count(name) == 1, name


@pytest.mark.parametrize("old", ["ben-or", "primary-backup", "two-generals", "first-proposal", "majority-vote"])
def test_the_old_name_of_a_protocol_finds_it(old: str) -> None:
    name = old.replace("-", "_")
    assert registry.protocol(old) == registry.protocol(name) == registry.protocols()[name]
    assert scripting.knobs_of(old) == scripting.knobs_of(name)
    assert LaneSpec(old) == LaneSpec(name) and LaneSpec(old).protocol == name


@pytest.mark.parametrize("name", registry.protocols())
def test_the_name_on_a_card_needs_no_change(name: str) -> None:
    assert protocol_name(name) == name


def test_an_unknown_protocol_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(Refused, match="There is no protocol 'two-phase'; there are: ben_or, "):
        registry.protocol("two-phase")
