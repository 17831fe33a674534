"""What a keyframe keeps: a copy that no later change reaches."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from consensus.kernel.freeze import breaks_the_law, copied
from consensus.kernel.rng import Stream


class Entry(NamedTuple):
    term: int
    value: str


@dataclass(frozen=True)
class Fixed:
    number: int


class Holder:
    def __init__(self):
        self.log = [Entry(1, "x")]
        self.next_index = {"n1": 1, "n2": {"deep": [1]}}
        self.seen = {1, 2}
        self.queue = deque([1])
        self.stream = Stream(5)
        self.fixed = Fixed(3)


atoms = st.none() | st.integers() | st.text() | st.tuples(st.integers(), st.text())
lawful = st.recursive(
    atoms, lambda inner: st.lists(atoms) | st.dictionaries(st.text(), inner) | st.sets(st.integers()), max_leaves=20
)


@given(lawful)
def test_a_copy_is_equal(value):
    assert copied(value) == value


def test_no_change_of_the_original_reaches_the_copy():
    original = Holder()
    kept = copied(original)
    original.log.append(Entry(2, "y"))
    original.next_index["n1"] = 9
    original.next_index["n2"]["deep"].append(2)
    original.seen.add(3)
    original.queue.append(2)
    original.stream.bits()
    assert kept.log == [Entry(1, "x")]
    assert kept.next_index == {"n1": 1, "n2": {"deep": [1]}}
    assert (kept.seen, kept.queue, kept.stream.state) == ({1, 2}, deque([1]), 5)
    assert kept.fixed is original.fixed


def test_a_dict_of_one_changing_value_among_many_fixed_ones_is_copied_deep():
    original = {str(number): number for number in range(100)} | {"list": [1]}
    kept = copied(original)
    original["list"].append(2)
    assert kept["list"] == [1]


def test_what_breaks_the_law_is_named():
    assert breaks_the_law(Holder()) is None
    broken = Holder()
    broken.log.append([1])
    assert breaks_the_law(broken) == "state.log holds list"
    assert breaks_the_law({"a": ([1],)}) == "state['a'] is a tuple that holds something that can change"
