"""Builds frames from plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from typing import Any

from consensus import VERSION
from consensus.checkers import Finding
from consensus.kernel.events import Event
from consensus.kernel.network import PRESETS, LinkState
from consensus.kernel.node import Reply, Request
from consensus.protocols.cards import FAMILIES, Card, Knob
from consensus.runs.beats import how_long
from consensus.runs.experiment import CutSpan
from consensus.runs.scenario import Scenario
from consensus.runs.seen import CardSeen, LaneSeen
from consensus.runs.spec import Spec
from consensus.runs.talk import Talk
from consensus.watch.history import Operation
from consensus.watch.watch import Mark
from dashboard.web.limits import LIMITS, Limits
from dashboard.wire.format import FORMAT, Frame


def short(value: Any, most: int = 48) -> str:
    """A field of a message as a short text."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        value = tuple(value.items())
    if isinstance(value, tuple):
        if hasattr(value, "_fields"):
            text = f"{type(value).__name__}({', '.join(short(item, most) for item in value)})"
        else:
            text = ", ".join(short(item, most) for item in value) if value else "none"
            if any(isinstance(item, tuple) for item in value):
                text = f"{len(value)}: {text}"
    else:
        text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def message_fields(kind: type) -> list[str]:
    """The names of a message type's fields, in order."""
    if is_dataclass(kind):
        return [field.name for field in dataclass_fields(kind)]
    return list(getattr(kind, "_fields", ()))


def columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """One array for each field: a sixth of the size of one object for each row."""
    turned = list(zip(*rows, strict=True))
    return {name: list(turned[place]) if turned else [] for place, name in enumerate(names)}


def hello(
    session: str,
    protocols: Mapping[str, Card],
    scenarios: Mapping[str, Scenario],
    limits: Limits = LIMITS,
    talks: Mapping[str, Talk] | None = None,
) -> Frame:
    return "hello", {
        "format": FORMAT,
        "version": VERSION,
        "session": session,
        "url": f"/s/{session}",
        "protocols": [protocol_card(card) for card in protocols.values()],
        "families": FAMILIES,
        "scenarios": [
            {
                "name": card.name,
                "number": card.number,
                "title": card.title,
                "story": card.story,
                "level": card.level,
                "seconds": round(how_long(card)),
                "lanes": [] if card.spec.veiled else [lane.protocol for lane in card.spec.lanes],
            }
            for card in scenarios.values()
        ],
        "talks": [
            {
                "name": talk.name,
                "title": talk.title,
                "what": talk.what,
                "minutes": talk.minutes,
                "scenes": [scene.scenario for scene in talk.scenes],
            }
            for talk in (talks or {}).values()
        ],
        "presets": [{"name": preset.name, "title": preset.title, **link_card(preset.state)} for preset in PRESETS],
        "limits": limits.shown(),
    }


def protocol_card(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "title": card.title,
        "paper": card.paper,
        "summary": card.summary,
        "family": card.family,
        "gives_up": card.gives_up,
        "needs": card.needs,
        "object": card.object,
        "epoch": card.epoch,
        "majority": card.majority,
        "claims": card.claims(card.with_defaults()).plain(),
        "knobs": [knob_card(knob) for knob in card.knobs],
        "actions": [action.plain() for action in card.actions],
        "messages": [[kind.__name__, message_fields(kind)] for kind in (Request, Reply, *card.node.messages)],
    }


def knob_card(knob: Knob) -> dict[str, Any]:
    return {
        "name": knob.name,
        "title": knob.title,
        "what": knob.what,
        "default": knob.default,
        "choices": [list(choice) for choice in knob.choices],
        "low": knob.low,
        "high": knob.high,
        "unit": knob.unit,
    }


def link_card(link: LinkState) -> dict[str, Any]:
    return dict(zip(LinkState._fields, link, strict=True))


def knob_line(card: CardSeen, knobs: Mapping[str, Any]) -> str:
    """A lane's knobs in one line: N=3 R=1 W=1 · siblings."""
    numbers, choices = [], []
    for knob in card.knobs:
        value = knobs[knob.name]
        if not knob.choices:
            if len(knob.name) <= 2:
                numbers.append(f"{knob.name.upper()}={value}")
            elif value != knob.default:
                choices.append(f"{knob.title} {knob.position(value)}")
        elif isinstance(value, bool):
            if value != knob.default:
                choices.append(knob.title if value else f"no {knob.title}")
        else:
            choices.append(knob.position(value))
    return " · ".join(filter(None, [" ".join(numbers), *choices]))


def spec_body(spec: Spec, scenario: Scenario | None, lanes: Sequence[LaneSeen], veiled: bool = False) -> dict[str, Any]:
    """What the run started from, but knobs and deadline as they are now. A veiled run has no lesson yet."""
    keys = list(spec.workload.keys) if spec.workload else ["x"]
    own = own_scenario(spec, scenario)
    composed = own is None
    nicknames = [lane.nickname for lane in (spec if composed or scenario is None else scenario.spec).lanes]
    return {
        "scenario": spec.scenario,
        "number": scenario.number if scenario else 0,
        "title": spec.title,
        "story": spec.story,
        "ask": own.ask if own else "",
        "answers": [answer.sentence for answer in own.answers] if own else [],
        "lesson": own.lesson if own and not veiled else "",
        "expect": [each.sentence for each in own.expect] if own and not veiled else [],
        "seed": spec.seed,
        "composed": composed,
        "veiled": veiled,
        "nodes": list(spec.members),
        "keys": keys,
        "deadline": lanes[0].deadline,
        "until": spec.until,
        "link": link_card(spec.link),
        "clients": [[client, home] for client, home in lanes[0].clients.items()],
        "lanes": [
            {
                "protocol": lane.card.name,
                "title": lane.card.title,
                "knobs": dict(lane.knobs),
                "line": knob_line(lane.card, lane.knobs),
                "nickname": "" if composed or veiled else nickname,
            }
            for lane, nickname in zip(lanes, nicknames, strict=True)
        ],
    }


def own_scenario(spec: Spec, scenario: Scenario | None) -> Scenario | None:
    """The scenario of a run, or None for a composed one: question and lesson may be wrong for other lanes."""
    if scenario is None or (unnamed(spec), spec.nodes) != (unnamed(scenario.spec), scenario.spec.nodes):
        return None
    return scenario


def unnamed(spec: Spec) -> list[tuple[str, tuple[tuple[str, Any], ...]]]:
    """The lanes without their nicknames."""
    return [(lane.protocol, lane.knobs) for lane in spec.lanes]


def snapshot(
    spec: dict[str, Any],
    clock: dict[str, Any],
    lanes: list[dict[str, Any]],
    marks: Sequence[Mark],
    cut_spans: Sequence[CutSpan],
    caption: str,
    undo: str | None,
) -> Frame:
    body = {"spec": spec, "clock": clock, "lanes": lanes, "marks": list(marks)}
    return "snapshot", {**body, "cut_spans": list(cut_spans), "caption": caption, "undo": undo}


def marks(new: Sequence[Mark], cut_spans: Sequence[CutSpan], caption: str, undo: str | None) -> Frame:
    return "marks", {"marks": list(new), "cut_spans": list(cut_spans), "caption": caption, "undo": undo}


def clock(at: int, horizon: int, speed: float, playing: bool) -> dict[str, Any]:
    return {"at": at, "horizon": horizon, "speed": speed, "playing": playing, "live": at == horizon}


def clock_news(known: Mapping[str, Any], now: Mapping[str, Any]) -> Frame:
    """The clock, without the fields that the page can predict."""
    expected = {**known, "horizon": max(known["horizon"], now["at"])}
    return "clock", {name: value for name, value in now.items() if name == "at" or value != expected[name]}


def verdict(lane: int, finding: Finding) -> Frame:
    return "verdict", {"lane": lane, **finding_body(finding)}


def finding_body(finding: Finding) -> dict[str, Any]:
    return {
        "checker": finding.checker,
        "at": finding.at,
        "sentence": finding.sentence,
        "operations": list(finding.operations),
        "nodes": list(finding.nodes),
    }


def audience(viewers: int, controls: bool, owner: bool, open: bool, asking: list[int], holder: str) -> Frame:
    return "audience", {
        "viewers": viewers,
        "controls": controls,
        "owner": owner,
        "open": open,
        "asking": asking,
        "holder": holder,
    }


def hall(poll: dict[str, Any], seats: dict[str, Any], mine: dict[str, Any] | None) -> Frame:
    return "hall", {"poll": poll, "seats": seats, **({"mine": mine} if mine else {})}


def refused(sentence: str) -> Frame:
    return "refused", {"sentence": sentence}


def bye(sentence: str) -> Frame:
    return "bye", {"sentence": sentence}


def content(message: Any) -> list[str]:
    """What a message carries: short texts in the order of its card."""
    return [short(getattr(message, name)) for name in message_fields(type(message))]


def kind_of(event: Event) -> tuple[str, str, int | None]:
    """How a sent message looks."""
    _id, _dst, message, tone, epoch, _due = event.data
    return type(message).__name__, tone, epoch


def operation_row(operation: Operation, mark: str, note: str) -> tuple[Any, ...]:
    _number, op_id, *rest, result, reason, _declined = operation
    return op_id, *rest, list(result), reason, mark, note
