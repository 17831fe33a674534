"""The trace's text of long values is the one that ``json`` writes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consensus.kernel.sentences import say
from consensus.maths.lattices import Dot
from consensus.watch.trace import JSON, LONG, in_json

PLAIN = st.sampled_from(("7", "x", "n1:1-2", "a b"))
ODD = st.sampled_from(('"', "\\", "\x7f", "\n", "é", "-Infinity", say("{n} of", n=3), "null"))
LONG_VALUES = st.one_of(PLAIN, ODD).map(lambda value: (value,) * (LONG + 1)) | PLAIN.map(lambda text: (text * LONG,))
MIXED = st.lists(PLAIN | ODD, max_size=3).flatmap(lambda few: st.just((*few, *map(str, range(LONG)))))
VALUES = LONG_VALUES | MIXED | PLAIN | ODD | st.just((Dot("n1", 3),) * (LONG + 1)) | st.just(()) | st.none()
ROWS = st.lists(
    st.tuples(st.sampled_from(("stored", "returned", "noted")), st.lists(VALUES, max_size=4).map(tuple))
    | st.tuples(st.just("sent"), VALUES.map(lambda value: (5, "n2", (value, "z"), "", None, 9))),
    max_size=6,
)


@given(told=ROWS, twice=st.booleans())
def test_long_values_are_written_as_json_writes_them(told: list[tuple[str, Any]], twice: bool) -> None:
    rows: Any = [(number, number, kind, "n1", 0, data) for number, (kind, data) in enumerate(told * (1 + twice))]
    assert in_json(rows) == JSON(rows).encode()
