"""Sentences are texts with a template, and are hashed, copied and compared as texts."""

from __future__ import annotations

import copy
import pickle

import pytest

from consensus.kernel.freeze import breaks_the_law, copied, immutable
from consensus.kernel.sentences import Refused, Sentence, say, say_count
from consensus.watch.trace import Trace


def test_a_sentence_is_equal_to_its_text_and_knows_its_values() -> None:
    told = say("{node} has crashed already.", node="n1")
    assert told == "n1 has crashed already." and hash(told) == hash("n1 has crashed already.")
    assert (told.template, told.values) == ("{node} has crashed already.", {"node": "n1"})


@pytest.mark.parametrize(("number", "text"), [(0, "0 reads"), (1, "1 read"), (2, "2 reads")])
def test_a_count_chooses_its_form(number: int, text: str) -> None:
    assert say_count(number, "{n} read", "{n} reads") == text


def test_a_sentence_can_be_kept_in_a_keyframe() -> None:
    told = say("{a} and {b}", a=1, b=say("{c}!", c=2))
    assert copied(told) is told and immutable(told)
    assert breaks_the_law({"one": told}, "state") is None
    for back in (pickle.loads(pickle.dumps(told)), copy.copy(told)):
        assert isinstance(back, Sentence) and back == told and back.template == told.template


def test_a_trace_hashes_a_sentence_as_its_text() -> None:
    """So wording a reason with ``say`` changes no trace."""
    plain, worded = Trace(), Trace()
    reason = "n1 has crashed already."
    for trace, text in ((plain, reason), (worded, say("{node} has crashed already.", node="n1"))):
        rows = [(1, 0, "returned", "n1", 0, ("you:1", "you", "failed", (), text)), (2, 5, "halted", "n2", 1, (text,))]
        trace.fold(rows)
    assert plain.hex() == worded.hex()


def test_what_is_refused_keeps_its_sentence() -> None:
    with pytest.raises(Refused) as caught:
        raise Refused(say("There is no node {node}.", node="n9"))
    assert str(caught.value) == "There is no node n9." and isinstance(caught.value.sentence, Sentence)
