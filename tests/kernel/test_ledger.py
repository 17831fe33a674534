"""A ledger is a dict whose copies share its full pages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.kernel import ledger
from consensus.kernel.freeze import copied
from consensus.kernel.ledger import PAGE, Ledger

STEPS = st.lists(st.tuples(st.sampled_from(("set", "setdefault", "pop", "del", "copy")), st.integers(0, 9), st.integers()))


@given(steps=STEPS, page=st.integers(1, 4))
@settings(deadline=None)
def test_a_ledger_and_its_copies_answer_as_dicts_do(steps: list[tuple[str, int, int]], page: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "PAGE", page)
        pairs: list[tuple[Ledger[int, int], dict[int, int]]] = [(Ledger(), {})]
        for what, key, value in steps:
            mine, model = pairs[-1]
            if what == "set":
                mine[key] = model[key] = value
            elif what == "setdefault":
                assert mine.setdefault(key, value) == model.setdefault(key, value)
            elif what == "pop":
                assert mine.pop(key) == model.pop(key, None)
            elif what == "del" and key in model:
                del mine[key], model[key]
            elif what == "copy":
                pairs.append((copied(mine), dict(model)))
        for mine, model in pairs:
            assert mine == model and len(mine) == len(model) and sorted(mine) == sorted(model)
            for key in range(10):
                assert mine.get(key) == model.get(key) and (key in mine) == (key in model)


def test_an_entry_that_is_written_again_keeps_its_place() -> None:
    mine = Ledger(dict.fromkeys(range(3 * PAGE), 0))
    mine[5] = 1
    assert list(mine.items())[5] == (5, 1)
    assert list(mine) == list(range(3 * PAGE))


def test_what_is_not_there_is_a_key_error() -> None:
    mine: Ledger[str, int] = Ledger()
    with pytest.raises(KeyError):
        mine["a"]
    with pytest.raises(KeyError):
        del mine["a"]


def test_a_copy_shares_all_full_pages() -> None:
    original: Ledger[int, int] = Ledger({number: number for number in range(10 * PAGE + 3)})
    kept: Any = copied(original)
    original[0] = original[10 * PAGE] = -1
    del original[1]
    assert all(one is other for one, other in zip(kept.full, original.full, strict=True))
    assert len(kept.page) == 3
    assert (kept[0], kept[1], kept[10 * PAGE], len(kept)) == (0, 1, 10 * PAGE, 10 * PAGE + 3)


def test_a_lookup_tries_as_many_pages_as_the_logarithm_of_the_size() -> None:
    mine: Ledger[int, int] = Ledger()
    kept: dict[int, Ledger[int, int]] = {}
    for number in range(64 * PAGE):
        mine[number] = number
        assert len(mine.full) <= (number // PAGE + 1).bit_length()
        if number % (7 * PAGE) == 0:
            kept[number] = copied(mine)
    assert all(list(copy) == list(range(number + 1)) for number, copy in kept.items())
