"""The table of commands, and the checks that turn a message into an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NamedTuple

from consensus.kernel.network import DELAY_MAX, SHAPES
from consensus.kernel.node import READ, REMOVE, WRITE
from consensus.kernel.orders import NUMBER_MAX
from consensus.kernel.rng import PPM
from consensus.kernel.sentences import Refused, Sentence, say
from consensus.kernel.simulation import (
    ARGUMENT_LENGTH_MAX,
    CALLED_LENGTH_MAX,
    KEY_LENGTH_MAX,
    RATE_MAX,
    SKEW_MAX,
    VALUE_LENGTH_MAX,
)
from consensus.runs.interventions import TABLE, Intervention, Row
from consensus.runs.talk import SCENES_MAX
from dashboard.web.limits import LIMITS, Limits, words
from dashboard.wire.format import POLL_STATES
from dashboard.wire.frames import short


class Order(NamedTuple):
    """A valid command. ``act`` is its intervention, or None when the command changes nothing in the simulated world."""

    id: str
    type: str
    values: dict[str, Any]
    act: Intervention | None = None
    lane: int | None = None  # the only lane on which the intervention falls; None: all


Check = Callable[[Any, Limits], Any]  # returns the valid value in our own types, or raises Unfit


class Unfit(ValueError):
    """A field has no valid value. ``template`` refuses it, with holes for ``command``, ``field`` and the ``values``."""

    def __init__(self, template: str, /, **values: Any) -> None:
        super().__init__(template)
        self.template, self.values = template, values
        self.part = ""  # of the field, such as ".delay"


class Field(NamedTuple):
    words: str
    check: Check
    optional: bool = False


class CommandCard(NamedTuple):
    what: str
    fields: dict[str, Field]
    act: Callable[..., Intervention] | None = None
    watcher: bool = False  # viewers without the controls may send it, too
    owner: bool = False  # only the session's owner may send it, with or without the controls
    one_lane: bool = False  # its field `lane` names the only lane on which the intervention falls


NODE = re.compile(r"n[1-9][0-9]?")

MESSAGE = re.compile(r"[A-Z][A-Za-z0-9]{0,39}")

NAME = re.compile(r"[a-z0-9_-]{1,40}")

MESSAGE_ID_MAX = 2**53 - 1  # the largest whole number that JavaScript keeps exactly

CAPTION_LENGTH_MAX = 200

SOME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")


def a_node(value: Any, limits: Limits) -> str:
    if not isinstance(value, str) or not NODE.fullmatch(value):
        raise Unfit("The command {command}: {field} must be a node's name, such as n1.")
    return value


def a_name(value: Any, limits: Limits) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Unfit("The command {command}: {field} must be a name in small letters.")
    return value


def a_name_or_none(value: Any, limits: Limits) -> str:
    return "" if value == "" else a_name(value, limits)


def what_it_is_called(value: Any, limits: Limits) -> str:
    return "" if value == "" else str(a_text(CALLED_LENGTH_MAX)(value, limits))


def a_card(value: Any, limits: Limits) -> str:
    if value not in ("", "question", "lesson"):
        raise Unfit("The command {command}: {field} must be question, lesson or empty.")
    return str(value)


def a_flag(value: Any, limits: Limits) -> bool:
    if not isinstance(value, bool):
        raise Unfit("The command {command}: {field} must be true or false.")
    return value


def a_talk_name(value: Any, limits: Limits) -> str:
    return "" if value == "" else str(a_text(300)(value, limits))


def a_plain_object(value: Any, limits: Limits) -> dict[str, Any]:
    """The talk's own reader checks what is in it."""
    if not isinstance(value, dict):
        raise Unfit("The command {command}: {field} must be an object.")
    return value


def a_message_type(value: Any, limits: Limits) -> str:
    if not isinstance(value, str) or not MESSAGE.fullmatch(value):
        raise Unfit("The command {command}: {field} must be the name of a message, such as RequestVote.")
    return value


def a_text(most: int) -> Check:
    def check(value: Any, limits: Limits) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= most or not SOME.fullmatch(value):
            raise Unfit("The command {command}: {field} must be a text of 1 to {most} characters.", most=most)
        return value

    return check


def either(first: str, second: str) -> Sentence:
    return say("{first} or {second}", first=first, second=second)


def one_of(*choices: str) -> Check:
    def check(value: Any, limits: Limits) -> str:
        if value not in choices:
            raise Unfit("The command {command}: {field} must be {choices}.", choices=reduce(either, choices))
        return str(value)

    return check


def whole(low: int, high: Callable[[Limits], int] | int) -> Check:
    def check(value: Any, limits: Limits) -> int:
        most = high(limits) if callable(high) else high
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= most:
            raise Unfit("The command {command}: {field} must be a whole number from {low} to {most}.", low=low, most=most)
        return value

    return check


def a_deadline(value: Any, limits: Limits) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not limits.deadline_min <= value <= limits.deadline_max:
        low, high = words(limits.deadline_min), words(limits.deadline_max)
        raise Unfit("The command {command}: {field} must be from {low} to {high}, in microseconds.", low=low, high=high)
    return value


def a_yes_or_no(value: Any, limits: Limits) -> bool:
    if not isinstance(value, bool):
        raise Unfit("The command {command}: {field} must be true or false.")
    return value


def a_speed(value: Any, limits: Limits) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not limits.speed_min <= value <= limits.speed_max:
        low, high = f"{limits.speed_min:g}", f"{limits.speed_max:g}"
        raise Unfit(
            "The command {command}: {field} must be from {low} to {high} simulated seconds a second.", low=low, high=high
        )
    return float(value)


def some_links(value: Any, limits: Limits) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or len(value) > limits.nodes_max * (limits.nodes_max - 1):
        raise Unfit("The command {command}: {field} must be a list of links.")
    for link in value:
        if not isinstance(link, list) or len(link) != 2:
            raise Unfit('The command {command}: {field} must be a list of links, such as [["n1", "n2"]].')
        for end in link:
            a_node(end, limits)
    return tuple((src, dst) for src, dst in value)


def at_least_one_link(value: Any, limits: Limits) -> tuple[tuple[str, str], ...]:
    if not value:
        raise Unfit("The command {command}: {field} must name at least one link.")
    return some_links(value, limits)


def some_sides(value: Any, limits: Limits) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or not 0 < len(value) <= limits.nodes_max:
        raise Unfit("The command {command}: {field} must be a list of sides.")
    for side in value:
        if not isinstance(side, list) or not 0 < len(side) <= limits.nodes_max:
            raise Unfit('The command {command}: {field} must be a list of sides, such as [["n1", "n2"], ["n3"]].')
        for member in side:
            a_node(member, limits)
    return tuple(tuple(side) for side in value)


def some_messages(value: Any, limits: Limits) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= limits.inspected:
        raise Unfit("The command {command}: {field} must be a list of 1 to {most} messages.", most=limits.inspected)
    if not all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in value):
        raise Unfit("The command {command}: {field} must be a list of messages' numbers.")
    return tuple(value)


def a_setting(value: Any, limits: Limits) -> tuple[tuple[str, Any], ...]:
    if not isinstance(value, dict) or not value:
        raise Unfit("The command {command}: {field} must say what to set.")
    for name, setting in value.items():
        if name not in SETTING:
            raise Unfit(
                "The command {command}: {field} has no {name}; there are {names}.", name=short(name), names=", ".join(SETTING)
            )
        try:
            SETTING[name](setting, limits)
        except Unfit as unfit:
            unfit.part = f".{name}"
            raise
    return tuple(value.items())


SETTING: dict[str, Check] = {
    "delay": whole(0, DELAY_MAX),
    "jitter": whole(0, DELAY_MAX),
    "shape": one_of(*SHAPES),
    "loss": whole(0, PPM),
    "duplicate": whole(0, PPM),
}


def a_knob_value(value: Any, limits: Limits) -> Any:
    if isinstance(value, str):
        return a_text(40)(value, limits)
    if not isinstance(value, (bool, int)) or abs(value) > limits.seed_max:
        raise Unfit("The command {command}: {field} must be a choice or a whole number.")
    return value


def some_lanes(value: Any, limits: Limits) -> tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]:
    if not isinstance(value, list) or not limits.lanes_min <= len(value) <= limits.lanes_max:
        raise Unfit(
            "The command {command}: {field} must be {low} to {high} lanes.", low=limits.lanes_min, high=limits.lanes_max
        )
    lanes = []
    for lane in value:
        if not isinstance(lane, dict) or not set(lane) <= {"protocol", "knobs"} or not isinstance(lane.get("knobs", {}), dict):
            raise Unfit("The command {command}: {field} must be lanes such as {example}.", example="{protocol, knobs}")
        if len(lane.get("knobs", {})) > 40:
            raise Unfit("The command {command}: {field} must have a few knobs, not dozens.")
        knobs = tuple((a_name(name, limits), a_knob_value(item, limits)) for name, item in lane.get("knobs", {}).items())
        lanes.append((a_name(lane.get("protocol"), limits), knobs))
    return tuple(lanes)


ID = Field("unique text; a command that is sent again is applied once and answered the same", a_text(64))

SEED = Field("a whole number", whole(0, lambda limits: limits.seed_max), optional=True)

VISITOR = Field("its number, from `asking`", whole(1, lambda limits: limits.askers))

CHECKS: dict[str, Check] = {  # by the kind of an intervention's field
    "node": a_node,
    "links": at_least_one_link,
    "any links": some_links,
    "sides": some_sides,
    "setting": a_setting,
    "kind": one_of(READ, WRITE, REMOVE),
    "key": a_text(KEY_LENGTH_MAX),
    "value": a_text(VALUE_LENGTH_MAX),
    "name": a_name,
    "name or none": a_name_or_none,
    "called": what_it_is_called,
    "argument": a_text(ARGUMENT_LENGTH_MAX),
    "skew": whole(-SKEW_MAX, SKEW_MAX),
    "rate": whole(-RATE_MAX, RATE_MAX),
    "message": a_message_type,
    "number": whole(1, NUMBER_MAX),
    "deadline": a_deadline,
    "lane": whole(0, lambda limits: limits.lanes_max - 1),
    "knob value": a_knob_value,
    "caption": a_text(CAPTION_LENGTH_MAX),
}


def card_of(kind: type, row: Row) -> CommandCard:
    """The command of an intervention, from its row."""
    fields = {name: Field(field.words, CHECKS[field.kind], field.optional) for name, field in row.fields.items()}
    if row.one_lane:
        fields["lane"] = Field("0..3, the only lane on which it falls; none: every lane", CHECKS["lane"], optional=True)
    if "nth" in row.fields:
        fields["which"] = Field("its id in that lane, instead of nth", whole(1, MESSAGE_ID_MAX), optional=True)
    return CommandCard(row.what, fields, kind, one_lane=row.one_lane)


COMMANDS: dict[str, CommandCard] = {
    "play": CommandCard("Time goes on.", {}),
    "pause": CommandCard("Time stands still.", {}),
    "speed": CommandCard("How fast time goes.", {"speed": Field("simulated seconds a wall second", a_speed)}),
    "step": CommandCard(
        "One thing happens, then time stands still.",
        {"unit": Field("event or message", one_of("event", "message"))},
    ),
    "seek": CommandCard(
        "Goes to a moment of this run, past or future, and stands there.",
        {"at": Field("microseconds", whole(0, lambda limits: limits.length))},
    ),
    "reset": CommandCard("The exact opening state again, standing; the log is emptied.", {}),
    "inspect": CommandCard(
        "Asks what messages carry; answers with `fields`: for each a list of short texts in the order of the protocol's card, "
        "or null when it is no longer known.",
        {
            "lane": Field("0..3", whole(0, lambda limits: limits.lanes_max - 1)),
            "messages": Field("[id, ...], a hundred at most", some_messages),
        },
        watcher=True,
    ),
    "why": CommandCard(
        "Asks what has just happened in a lane; answers with `what`, `why`, `rule` and `section`, one short line each: "
        "a text, or `{template, values}`.",
        {"lane": Field("0..3", whole(0, lambda limits: limits.lanes_max - 1))},
        watcher=True,
    ),
    "resync": CommandCard("Asks for a snapshot after a gap.", {}, watcher=True),
    "ask_controls": CommandCard(
        "Asks the owner for the controls; answers with `number`, under which the owner sees who asks.", {}, watcher=True
    ),
    "hand": CommandCard("Hands the controls to a visitor who has asked.", {"visitor": VISITOR}, owner=True),
    "decline": CommandCard("Does not give a visitor the controls that it asks for.", {"visitor": VISITOR}, owner=True),
    "take": CommandCard("Takes the controls back, at once.", {}, owner=True),
    "release": CommandCard("Gives the controls that the owner handed over back.", {}, watcher=True),
    "open_to_all": CommandCard("Lets everybody act, or ends that.", {"open": Field("true or false", a_yes_or_no)}, owner=True),
    **{row.command: card_of(kind, row) for kind, row in TABLE.items()},
    "poll": CommandCard(
        "The vote on the scenario's question: opens it, and time stands still; closes it; shows the bars; shows who was right, "
        "once the run knows; forgets it.",
        {"state": Field("off, open, closed, shown or right", one_of(*POLL_STATES))},
    ),
    "vote": CommandCard(
        "One answer a visitor, which may change until the vote is closed; answers with `mine`.",
        {"answer": Field("its number, from 0", whole(0, 9))},
        watcher=True,
    ),
    "seats": CommandCard("Lets phones be clients, or ends that.", {"open": Field("true or false", a_yes_or_no)}),
    "sit": CommandCard("Takes a seat: this visitor is one client at one node; answers with `mine`.", {}, watcher=True),
    "stand": CommandCard("Gives the seat back; answers with `mine`.", {}, watcher=True),
    "do": CommandCard(
        "One operation of the visitor's own client, in every lane.",
        {"kind": Field("read or write", one_of(READ, WRITE)), "key": Field("a key of the scenario", a_text(KEY_LENGTH_MAX))},
        watcher=True,
    ),
    "reveal": CommandCard("Of a veiled scenario: shows which protocol it is, and all that was hidden.", {}),
    "undo": CommandCard("Reverses the last gesture, now; answers with a sentence.", {}),
    "next": CommandCard(
        "The next visible thing of the talk: a card, a stop of the run, the next scene. On the way to it: at once.", {}
    ),
    "previous": CommandCard("Takes the last visible thing back.", {}),
    "scene": CommandCard("Goes to a scene of the talk.", {"number": Field("from 0", whole(0, SCENES_MAX - 1))}),
    "show": CommandCard("Shows a card over the stage, to everybody.", {"what": Field("question, lesson or empty", a_card)}),
    "blank": CommandCard(
        "Blanks the screen and pauses; plays on afterwards if it played.", {"on": Field("true or false", a_flag)}
    ),
    "talk": CommandCard(
        "Opens a talk at its first scene, by name or as scenarios (8,13,16); an empty name closes the talk.",
        {"name": Field("a name, or numbers and names of scenarios", a_talk_name)},
    ),
    "compose_talk": CommandCard(
        "Opens a talk that a visitor composed.",
        {"talk": Field("{title, scenes: [{scenario, minutes, notes, seed, from_beat, knobs}]}", a_plain_object)},
    ),
    "scenario": CommandCard("Opens a scenario anew.", {"name": Field("its name", a_name), "seed": SEED}),
    "compose": CommandCard(
        "A new run with other lanes or another number of nodes; links and workload as they are, no script.",
        {
            "lanes": Field("[{protocol, knobs}], one to four", some_lanes),
            "nodes": Field("how many", whole(LIMITS.nodes_min, lambda limits: limits.nodes_max)),
            "seed": SEED,
        },
    ),
}


def order(message: Any, limits: Limits = LIMITS) -> Order:
    """Turns a message into an order. Raises Refused with a sentence when the message breaks a rule of the table."""
    if not isinstance(message, dict):
        raise Refused("A command is an object with an id and a type.")
    kind = message.get("type")
    if not isinstance(kind, str) or (card := COMMANDS.get(kind)) is None:
        raise Refused(say("There is no command {command}.", command=short(kind)))
    ident = _checked("id", ID, message, limits, kind)
    for name in message:
        if name not in card.fields and name not in ("id", "type"):
            raise Refused(say("The command {command} has no field {field}.", command=kind, field=short(name)))
    given = {name: field for name, field in card.fields.items() if _given(name, field, message)}
    values = {name: _checked(name, field, message, limits, kind) for name, field in given.items()}
    return Order(ident, kind, values, _act(card, values), values.get("lane") if card.one_lane else None)


def _act(card: CommandCard, values: dict[str, Any]) -> Intervention | None:
    if card.act is None:
        return None
    missing = {"links": ()} if "links" in card.fields and "links" not in values else {}
    own = {name: value for name, value in values.items() if not card.one_lane or name not in ("lane", "which")}
    return card.act(**missing, **own)


def _given(name: str, field: Field, message: Mapping[str, Any]) -> bool:
    return not (field.optional and message.get(name) is None)


def _checked(name: str, field: Field, message: Mapping[str, Any], limits: Limits, kind: str) -> Any:
    try:
        return field.check(message.get(name), limits)
    except Unfit as unfit:
        raise Refused(say(unfit.template, command=kind, field=name + unfit.part, **unfit.values)) from None
