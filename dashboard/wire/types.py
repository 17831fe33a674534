"""The format's types for the page: the tables as type comments, and the constants that both sides must share.

``python -m dashboard.wire static/js/lib/wire-types.js`` writes the file; a test compares it with the tables.
"""

from __future__ import annotations

import json

from consensus.kernel.rng import PPM
from consensus.kernel.simulation import ARGUMENT_LENGTH_MAX, CALLED_LENGTH_MAX, RATE_MAX, SKEW_MAX, VALUE_LENGTH_MAX
from dashboard.web.limits import LIMITS
from dashboard.wire.format import BEGUN, CHANGED, ENDED, ENDS, FORMAT, FRAMES, OBJECTS, PARTS, ROWS, SENT, FrameCard

# The name of each frame's body on the page. The clock and the meters are sent as changes; the page keeps them whole.
BODIES = {
    "hello": "Hello",
    "audience": "Audience",
    "talk": "TalkBody",
    "snapshot": "Snapshot",
    "clock": "ClockNews",
    "events": "EventsBody",
    "meters": "MetersNews",
    "verdict": "Verdict",
    "marks": "MarksBody",
    "hall": "Hall",
    "refused": "Refused",
    "bye": "Bye",
}
OBJECT_NAMES = {"Lane": "LaneBody"}  # the page has another type called Lane
WHOLE = {
    "Clock": "Required<ClockNews>",
    "Meters": 'Required<Omit<MetersNews, "lane">>',
    "Finding": 'Omit<Verdict, "lane">',
}
COUNTED = {"number", "start", "finish"}  # columns of numbers, even if the field of an Operation has another type

HEAD = """/**
 * The wire's types and shared constants, written from the tables of dashboard/wire/format.py. Do not edit: renew it with
 * python -m dashboard.wire static/js/lib/wire-types.js
 */
"""


def script() -> str:
    """The whole text of static/js/lib/wire-types.js."""
    lines = [_constant("FORMAT", FORMAT), _constant("ENDS", ENDS), _constant("LIMITS", shared_limits()), ""]
    lines += [_typedef(name, row) for name, row in ROWS.items()]
    lines += [_object(name, {field: (kind, False) for field, kind in fields.items()}) for name, fields in PARTS.items()]
    lines += [_card(OBJECT_NAMES.get(name, name), card) for name, card in OBJECTS.items()]
    lines += [_columns("SentColumns", SENT, {}), _columns("EndedColumns", ENDED, {})]
    lines += [
        _columns(name, columns, PARTS["Operation"]) for name, columns in (("BegunColumns", BEGUN), ("OpColumns", CHANGED))
    ]
    lines += [_card(BODIES[name], card) for name, card in FRAMES.items()]
    lines += [_typedef(name, kind) for name, kind in WHOLE.items()]
    lines.append(_typedef("Frame", " | ".join(f'["{name}", {BODIES[name]}]' for name in FRAMES)))
    lines.append(_typedef("Packet", "[seq: number, run: number, frames: Frame[]]"))
    columns = "/** One array a field. @template Row @typedef {{[Name in keyof Row]?: Row[Name][]}} Columns */"
    return "\n".join([HEAD + lines[0], *lines[1:], columns, ""])


def shared_limits() -> dict[str, int]:
    """Limits that the page checks itself, so that the server need not refuse."""
    return {
        "nodes_min": LIMITS.nodes_min,
        "nodes_max": LIMITS.nodes_max,
        "lanes_max": LIMITS.lanes_max,
        "seed_max": LIMITS.seed_max,
        "operations": LIMITS.operations,
        "findings": LIMITS.findings,
        "inspected": LIMITS.inspected,
        "value_length": VALUE_LENGTH_MAX,
        "called_length": CALLED_LENGTH_MAX,
        "argument_length": ARGUMENT_LENGTH_MAX,
        "skew": SKEW_MAX,
        "rate": RATE_MAX,
        "ppm": PPM,
    }


def _constant(name: str, value: object) -> str:
    return (
        f"export const {name} = Object.freeze({json.dumps(value)});"
        if not isinstance(value, int)
        else f"export const {name} = {value};"
    )


def _typedef(name: str, kind: str) -> str:
    return f"/** @typedef {{{kind}}} {name} */"


def _object(name: str, fields: dict[str, tuple[str, bool]]) -> str:
    """The type of an object, one field in each line."""
    rows = [f" *   {field}{'?' if may_lack else ''}: {kind}," for field, (kind, may_lack) in fields.items()]
    return "\n".join(["/**", " * @typedef {{", *rows, f" * }}}} {name}", " */"])


def _card(name: str, card: FrameCard) -> str:
    return _object(name, {field: (kind, field in card.may_lack) for field, (kind, _) in card.fields.items()})


def _columns(name: str, columns: tuple[str, ...], row: dict[str, str]) -> str:
    kinds = {each: "number" if each in COUNTED else row.get(each, "number") for each in columns}
    return _typedef(name, "[" + ", ".join(f"{each}: ({kind})[]" for each, kind in kinds.items()) + "]")
