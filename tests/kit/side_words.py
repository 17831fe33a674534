"""What the words of a side must be, by its own counts: written out once more, without the code that is tested."""

from typing import Any

KINDS = {
    "splits": "SPLIT",
    "lost": "LOST",
    "violations": "CONTRADICTION",
    "conflicts": "SIBLINGS",
    "stale": "STALE",
    "inverted": "STALE",
}


def consistency_of(side: dict[str, Any]) -> str:
    """The gravest kind of wrong answer; without one CONSISTENT, if anything was answered that could have been wrong."""
    for kind, word in KINDS.items():
        if side[kind]:
            return word
    return "CONSISTENT" if side["ok"] else ""


def assert_words_and_numbers_agree(side: dict[str, Any]) -> None:
    """Each word says what the number beside it says."""
    answered, ended, declined = side["recent"]
    assert 0 <= declined <= answered <= ended, side
    if ended == 0:
        assert side["availability"] == ("WAITING" if side["pending"] else "IDLE"), side
        assert not side["availability_earlier"], side
    else:
        word = "AVAILABLE" if answered == ended else "SOME ANSWERED" if answered else "REFUSING"
        assert side["availability"].replace("PARTLY", "SOME ANSWERED") == word, side
    if not side["availability_earlier"]:
        assert ended <= side["asked"], side
    if side["consistency_earlier"]:
        assert side["consistency"] and not consistency_of(side) and not side["asked"], side
    else:
        assert side["consistency"] == consistency_of(side), side
    assert (side["oldest"] is None) == (side["pending"] == 0), side
