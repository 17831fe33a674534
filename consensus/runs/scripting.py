"""The interface for people who write scripts: ``run(...)`` runs protocols under a script and returns the results.

``docs/scripting.md`` is its manual. All times here are seconds, in scripts and in results; this module converts them to whole
microseconds. Fields of interventions keep their own units (a link's delay is in microseconds). A mistake in the arguments
raises ``Refused``, a ``ValueError`` with one sentence. ``refused`` lists the steps that were impossible at their moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

from consensus.checkers import Verdict
from consensus.kernel.clients import Workload
from consensus.kernel.network import LinkState
from consensus.kernel.node import S
from consensus.kernel.sentences import Refused, say
from consensus.kernel.simulation import DEADLINE_MAX, DEADLINE_MIN
from consensus.protocols.cards import Card, protocol_name
from consensus.runs import aim, registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import (
    KINDS,
    Act,
    CrashInside,
    DeliverMessage,
    DropMessage,
    DuplicateMessage,
    HoldMessage,
    Intervention,
    Turn,
)
from consensus.runs.lane import Lane
from consensus.runs.spec import LENGTH_MAX, LaneSpec, Spec, Step, check

Knobs = Mapping[str, Any]

MEANT: dict[str, Any] = {"drop": DropMessage, "hold": HoldMessage, "deliver": DeliverMessage, "double": DuplicateMessage}


class Operation(NamedTuple):
    """One request of a client and its answer. ``start`` and ``finish`` are seconds; ``finish`` is None while it is pending."""

    client: str
    node: str
    kind: str  # "read", "write" or "remove"
    key: str
    value: str | None  # what it writes or removes
    outcome: str  # "ok", "failed" (certainly did not happen), "unknown" (no answer in time) or "pending"
    result: tuple[str, ...]  # the values that a read returned: none, one, or siblings
    start: float
    finish: float | None
    op_id: str
    reason: str


class TimeMark(NamedTuple):
    """A mark of the timeline: a leader, a cut, a stale answer, a violation ..."""

    at: float
    kind: str
    lane: int  # -1: all lanes
    text: str


class RefusedStep(NamedTuple):
    """A step of the script that could not be done. ``lane`` is None when no lane could do it (or there is only one)."""

    at: float
    do: Intervention
    lane: int | None
    sentence: str


@dataclass(frozen=True)
class LaneResult:
    """The results of one lane."""

    protocol: str
    knobs: dict[str, Any]
    operations: list[Operation]  # in the order of their start
    promises: list[list[str]]  # [name, status, sentence]; the status is "ok", "violated" or "unknown"
    laws: list[list[str]]  # the protocol's own invariants that broke: [name, sentence]
    marks: list[TimeMark]  # of this lane and of all lanes
    meters: dict[str, Any]  # the meters of the page: counts by side since the network last changed, and more
    sides: list[dict[str, Any]]  # the sides of the last split (without one, all nodes) with their counts, the smallest first
    leaders: list[tuple[float, str, int | None]]  # every election: (seconds, node, epoch)
    halted: dict[str, str]  # node -> the assertion on which it halted
    stopped: str | None  # why the whole lane stopped, when the protocol raised an error
    verdict: Verdict  # (status, reason): linearizable or not, and whether the protocol's own invariants held
    claims: dict[str, Any]  # what the protocol claims with these knobs: consistency, availability, loses
    trace: str  # a hash of every event: equal traces, equal runs


@dataclass(frozen=True)
class Result:
    """The results of a run."""

    lanes: list[LaneResult]
    refused: list[RefusedStep]
    at: float  # where the run ended
    experiment: Experiment  # the run itself, for everything else; its times are microseconds


def run(
    protocols: str | Sequence[Any],
    knobs: Knobs | Sequence[Knobs | None] | None = None,
    script: Sequence[Any] = (),
    nodes: int = 5,
    seed: int = 1,
    until: float = 10.0,
    workload: Workload | bool | None = False,
    link: LinkState | Mapping[str, Any] | None = None,
    deadline: float = 0.3,
) -> Result:
    """Runs one protocol, or several side by side, from 0 to ``until`` seconds and returns the results.

    ``protocols``: a name, or a list of names or of pairs (name, knobs). ``knobs``: a dict for one protocol; for several a list
    of dicts, a dict by protocol name, or one dict from which each protocol takes its own knobs. ``script``: a list of
    (seconds, intervention) or (seconds, intervention, lane), in the order of time. ``workload``: True for the default clients,
    False or None for none, or a ``Workload``. ``link``: a ``LinkState`` or a dict of its fields. ``deadline``: how many seconds
    a client waits. Raises ``Refused`` for a mistake in any of them.
    """
    cards = registry.protocols()
    lanes = _lanes(protocols, knobs, cards)
    end = _moment(until, "A run's length")
    if not 0 < end <= LENGTH_MAX:
        raise Refused(say("A run lasts more than 0 s and at most {most} s, not {until} s.", most=LENGTH_MAX // S, until=until))
    waits = _moment(deadline, "The deadline")
    if not DEADLINE_MIN <= waits <= DEADLINE_MAX:
        raise Refused(
            say(
                "The deadline is from {least} s to {most} s, not {deadline} s.",
                least=f"{DEADLINE_MIN / S:g}",
                most=DEADLINE_MAX // S,
                deadline=deadline,
            )
        )
    spec = Spec(
        scenario="script",
        title="A script",
        story="",
        lanes=lanes,
        seed=_whole(seed, "A seed"),
        nodes=_whole(nodes, "The number of nodes"),
        link=_link(link),
        workload=_workload(workload),
        deadline=waits,
        until=end,
    )
    check(spec, cards)
    _know_the_homes(spec)
    spec = _with_script(spec, script, [cards[lane.protocol] for lane in lanes])
    check(spec, cards)
    return _ran(spec, cards)


def run_scenario(name: str, seed: int | None = None, until: float | None = None) -> Result:
    """Runs a scenario of the catalogue with its own seed and length, or with others."""
    spec = registry.spec(name, seed)
    end = spec.until if until is None else _moment(until, "A run's length")
    if not 0 < end <= LENGTH_MAX:
        raise Refused(say("A run lasts more than 0 s and at most {most} s, not {until} s.", most=LENGTH_MAX // S, until=until))
    return _ran(spec, registry.protocols(), end)


def protocol_names() -> list[str]:
    """The names of protocols that ``run`` accepts."""
    return list(registry.protocols())


def scenario_names() -> list[str]:
    """The names that ``run_scenario`` accepts, in the order of the catalogue."""
    return list(registry.scenarios())


def knobs_of(protocol: str) -> dict[str, Any]:
    """The knobs of a protocol with their defaults."""
    return _card(protocol, registry.protocols()).with_defaults()


# --- the arguments ----------------------------------------------------------------------------------------------------


def _moment(seconds: Any, what: str) -> int:
    """Seconds as whole microseconds, rounded once."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not isfinite(seconds):
        raise Refused(say("{what} is a finite number of seconds, not {value}.", what=what, value=repr(seconds)))
    return round(seconds * S)


def _whole(number: Any, what: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise Refused(say("{what} is a whole number, not {value}.", what=what, value=repr(number)))
    return number


def _card(name: Any, cards: Mapping[str, Card]) -> Card:
    if isinstance(name, str) and protocol_name(name) in cards:
        return cards[protocol_name(name)]
    raise Refused(say("There is no protocol {name}; there are: {offered}.", name=repr(name), offered=", ".join(cards)))


def _lanes(protocols: Any, knobs: Any, cards: Mapping[str, Card]) -> tuple[LaneSpec, ...]:
    if isinstance(protocols, str) or (isinstance(protocols, tuple) and len(protocols) == 2 and _is_knobs(protocols[1])):
        protocols = [protocols]
    if not isinstance(protocols, Sequence):
        raise Refused(say("Protocols are given as a name or a list of names, not {value}.", value=repr(protocols)))
    named, own = [], []
    for each in protocols:
        name, settings = each if isinstance(each, (tuple, list)) and len(each) == 2 else (each, {})
        if not _is_knobs(settings):
            raise Refused(
                say(
                    "A protocol with knobs is a pair such as {example}, not {value}.",
                    example=repr(("raft", {"pre_vote": True})),
                    value=repr(each),
                )
            )
        named.append(_card(name, cards))
        own.append(dict(settings or {}))
    shared = _shared_knobs(knobs, named, cards)
    return tuple(
        LaneSpec(card.name, tuple({**more, **mine}.items())) for card, mine, more in zip(named, own, shared, strict=True)
    )


def _is_knobs(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def _shared_knobs(knobs: Any, cards: list[Card], every: Mapping[str, Card]) -> list[dict[str, Any]]:
    """The knobs of each lane, from any accepted form."""
    if knobs is None:
        return [{} for _ in cards]
    if isinstance(knobs, Mapping):
        if knobs and all(isinstance(value, Mapping) for value in knobs.values()):
            by_name = {_card(name, every).name: dict(settings) for name, settings in knobs.items()}
            if unknown := [name for name in by_name if name not in [card.name for card in cards]]:
                raise Refused(
                    say("There are knobs for {protocol}, which is not among the protocols of this run.", protocol=unknown[0])
                )
            return [by_name.get(card.name, {}) for card in cards]
        if len(cards) == 1:
            return [dict(knobs)]
        known = [[knob.name for knob in card.knobs] for card in cards]
        if unknown := [name for name in knobs if not any(name in names for names in known)]:
            raise Refused(
                say(
                    "None of {protocols} has a knob {knob}.",
                    protocols=", ".join(card.name for card in cards),
                    knob=repr(unknown[0]),
                )
            )
        return [{name: value for name, value in knobs.items() if name in names} for names in known]
    if isinstance(knobs, Sequence) and not isinstance(knobs, str) and all(_is_knobs(each) for each in knobs):
        if len(knobs) != len(cards):
            raise Refused(
                say(
                    "There are {protocols} protocols and {dicts} dicts of knobs; each protocol needs one.",
                    protocols=len(cards),
                    dicts=len(knobs),
                )
            )
        return [dict(each or {}) for each in knobs]
    raise Refused(say("Knobs are a dict, or a list with a dict for each protocol, not {value}.", value=repr(knobs)))


def _link(link: Any) -> LinkState:
    if link is None:
        return LinkState()
    if isinstance(link, (LinkState, Mapping)):
        fields = link._asdict() if isinstance(link, LinkState) else link
        return LinkState().changed(tuple(fields.items()))
    raise Refused(
        say("A link is a LinkState or a dict such as {example}, not {value}.", example=repr({"delay": 40000}), value=repr(link))
    )


def _workload(workload: Any) -> Workload | None:
    if workload is None or workload is False:
        return None
    if workload is True:
        return Workload()
    if isinstance(workload, Workload):
        return workload
    raise Refused(say("A workload is True, False or a Workload, not {value}.", value=repr(workload)))


def _know_the_homes(spec: Spec) -> None:
    for home in spec.workload.clients if spec.workload else ():
        if home not in spec.members:
            raise Refused(
                say(
                    "A client stands at {home}, but there is no such node; there are {offered}.",
                    home=home,
                    offered=", ".join(spec.members),
                )
            )


def _with_script(spec: Spec, script: Any, cards: list[Card]) -> Spec:
    if not isinstance(script, Sequence) or isinstance(script, str):
        raise Refused(say("A script is a list of (seconds, intervention), not {value}.", value=repr(script)))
    steps = []
    for number, item in enumerate(script, start=1):
        try:
            steps.append(_step(item, spec, cards))
        except Refused as reason:
            raise Refused(say("Step {n} of the script: {reason}", n=number, reason=reason.sentence)) from None
    return Spec(**{**vars(spec), "script": tuple(steps)})


def _step(item: Any, spec: Spec, cards: list[Card]) -> Step:
    """One step. Raises Refused for every mistake that can be found before the run."""
    if isinstance(item, Step) or not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        raise Refused(say("it is (seconds, intervention) or (seconds, intervention, lane), not {value}.", value=repr(item)))
    at = _moment(item[0], "its time")
    if not 0 <= at <= spec.until:
        raise Refused(
            say("its time is from 0 s to the run's end at {end} s, not {at} s.", end=f"{spec.until / S:g}", at=item[0])
        )
    do, lane = item[1], item[2] if len(item) == 3 else None
    if not isinstance(do, KINDS):
        offered = ", ".join(kind.__name__ for kind in KINDS)
        raise Refused(say("{value} is no intervention; there are {offered}.", value=repr(do), offered=offered))
    for each in (lane, do.lane if isinstance(do, Turn) else None):
        if each is not None and not 0 <= _whole(each, "a lane") < len(spec.lanes):
            raise Refused(say("there is no lane {lane}; lanes count from 0 to {last}.", lane=each, last=len(spec.lanes) - 1))
    plain: Intervention = do._replace(**{name: _frozen(value) for name, value in do._asdict().items()})
    try:
        aim.known(plain, spec.members)
    except Refused:
        raise
    except (TypeError, ValueError, AttributeError) as wrong:
        raise Refused(say("{value} cannot be understood: {reason}.", value=repr(do), reason=str(wrong))) from None
    if isinstance(plain, Act) and not str(plain.argument).startswith("@"):
        takes = [action.argument for card in cards for action in card.actions if action.name == plain.action]
        if "node" in takes and plain.argument not in spec.members:
            offered = ", ".join(spec.members)
            raise Refused(
                say("There is no node {node}; there are {offered}.", node=plain.argument or "(none)", offered=offered)
            )
    return Step(at, plain, lane)


def _frozen(value: Any) -> Any:
    """Turns lists into tuples and dicts into tuples of pairs, so that the caller cannot change a run from outside."""
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return tuple(_frozen(item) for item in value)
    return tuple(value.items()) if isinstance(value, Mapping) else value


# --- the result -------------------------------------------------------------------------------------------------------


def _ran(spec: Spec, cards: Mapping[str, Card], end: int | None = None) -> Result:
    experiment = Experiment(spec, cards)
    experiment.run_until(spec.until if end is None else end)
    refused = [RefusedStep(_seconds(at), do, lane, sentence) for at, do, lane, sentence in experiment.refused]
    refused += _in_vain(experiment)
    lanes = [_lane_result(experiment, lane) for lane in experiment.lanes]
    return Result(lanes, refused, _seconds(experiment.at), experiment)


def _in_vain(experiment: Experiment) -> list[RefusedStep]:
    """Steps that still wait for a message or a handler at the end of the run."""
    end, several = _seconds(experiment.at), len(experiment.lanes) > 1
    steps = []
    for lane in experiment.lanes:
        number = lane.number if several else None
        for order in lane.sim.orders:
            sentence = "No such message was sent until the end of the run."
            steps.append(RefusedStep(end, MEANT[order.verb](*order[1:5]), number, sentence))
        for node, writes in lane.sim.doomed.items():
            sentence = "No handler made so many durable writes until the end of the run."
            steps.append(RefusedStep(end, CrashInside(node, writes), number, sentence))
    return steps


def _seconds(at: int) -> float:
    return at / S


def _lane_result(experiment: Experiment, lane: Lane) -> LaneResult:
    now = experiment.at
    marks = [mark for mark in experiment.all_marks() if mark.lane in (-1, lane.number)]
    return LaneResult(
        protocol=lane.card.name,
        knobs=dict(lane.knobs),
        operations=[_operation(operation) for operation in lane.history.operations],
        promises=lane.promises(now),
        laws=_laws(lane),
        marks=[TimeMark(_seconds(mark.at), mark.kind, mark.lane, mark.text) for mark in marks],
        meters=_meters(lane.meters(now)),
        sides=_in_seconds(experiment.outcome(lane.number)),
        leaders=[(_seconds(at), node, epoch) for at, node, epoch in lane.watch.leaders],
        halted=dict(lane.watch.halted),
        stopped=lane.stopped,
        verdict=lane.verdict(now),
        claims=lane.card.claimed(lane.knobs, len(lane.members)).plain(),
        trace=lane.trace.hex(),
    )


def _operation(done: Any) -> Operation:
    finish = None if done.finish is None else _seconds(done.finish)
    request = (done.client, done.node, done.kind, done.key, done.value, done.outcome, done.result)
    return Operation(*request, _seconds(done.start), finish, done.op_id, done.reason)


def _laws(lane: Lane) -> list[list[str]]:
    broken = [(name, checker) for name, checker in lane.watch.invariants.items() if checker.findings]
    return [[getattr(checker, "title", name), checker.findings[0].sentence] for name, checker in broken]


def _meters(meters: dict[str, Any]) -> dict[str, Any]:
    """The lane's meters, with their times in seconds."""
    return dict(_in_seconds(meters))


MOMENTS = ("since", "until", "at", "oldest")  # the fields of meters that are moments


def _in_seconds(value: Any) -> Any:
    """Converts moments and milliseconds (``reads_ms``, ``slowest_ms``, ``ms``) to seconds; the latter get shorter names."""
    if isinstance(value, list):
        return [_in_seconds(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {}
    for name, item in value.items():
        if name in MOMENTS:
            named[name] = None if item is None else _seconds(item)
        elif name == "ms" or name.endswith("_ms"):
            named[name.removesuffix("_ms") if name != "ms" else "seconds"] = _from_ms(item)
        else:
            named[name] = _in_seconds(item)
    return named


def _from_ms(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_ms(item) for item in value]
    return None if value is None else value / 1000
