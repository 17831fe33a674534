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


def assert_meters_agree(meters: dict[str, Any]) -> None:
    """The words, the sentence and the columns of a lane say what its numbers say."""
    for side in meters["sides"]:
        assert_words_and_numbers_agree(side)
    sentence = meters["sentence"]
    present = sentence.partition("Since the heal: ")[2] or sentence
    if present.startswith("Everyone was answered"):
        assert all(side["ok"] + side["declined"] == side["asked"] for side in meters["sides"]), sentence
    if present.endswith("Nothing stale, nothing lost."):
        assert not any(side[kind] for side in meters["sides"] for kind in KINDS), sentence
    if meters["cost"] is not None:
        assert_cost_adds_up(meters["cost"])
        assert (sentence != present) == (meters["cost"]["after"] is not None), sentence
    else:
        assert sentence == present and len(meters["sides"]) == 1


def assert_cost_adds_up(cost: dict[str, Any]) -> None:
    spans = [cost[name] for name in ("before", "during", "after") if cost[name] is not None]
    assert [span["until"] for span in spans] == [*(span["since"] for span in spans[1:]), None]
    for span in spans:
        assert 0 <= span["answered"] <= span["asked"]
        assert [sum(side[place] for side in span["sides"]) for place in (1, 2)] == [span["answered"], span["asked"]]
        assert span["slowest_ms"] is None or span["answered"] > 0
