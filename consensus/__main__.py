"""The same engine without a browser.

    python -m consensus list [--json]                         the catalogue
    python -m consensus run SCENARIO [--seed N] [--lanes raft,dynamo] [--until 20s] [--json]
    python -m consensus check [SCENARIO ...]                  runs scenarios and checks their expected results

Lanes may set knobs: ``--lanes raft:reads=local,dynamo:r=2:w=2``. The exit code is 0, or 1 if a check fails, or 2 (with one
sentence) for bad input.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
from consensus.protocols.cards import Card
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.spec import LENGTH_MAX, LaneSpec, Spec


class Parser(argparse.ArgumentParser):
    """Bad input gets one sentence."""

    def error(self, message: str) -> NoReturn:
        raise Refused(f"{message[0].upper()}{message[1:]}. Try: python -m consensus --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    try:
        given = parser().parse_args(arguments)
        return int(given.command(given))
    except Refused as refused:
        print(f"consensus: {refused}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0


def parser() -> Parser:
    top = Parser(prog="python -m consensus", description="Partitions and the CAP trade-off, without a browser.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    listing = commands.add_parser("list", help="the protocols and scenarios that there are")
    listing.set_defaults(command=show_list)
    running = commands.add_parser("run", help="run a scenario and print what its clients saw")
    running.add_argument("scenario")
    running.add_argument("--seed", type=whole, help="another seed than the scenario's own")
    running.add_argument("--lanes", help="protocols side by side, with knobs: raft:reads=local,dynamo:r=2:w=2")
    running.add_argument("--until", help="how far: 20s, 1500ms")
    running.set_defaults(command=run)
    checking = commands.add_parser("check", help="hold scenarios to what must come out")
    checking.add_argument("scenarios", nargs="*")
    checking.set_defaults(command=check)
    for command in (listing, running, checking):
        command.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    return top


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused(f"A seed is a whole number, not {text!r}.") from None


# --- list ----------------------------------------------------------------------------------------


def show_list(given: argparse.Namespace) -> int:
    catalogue = {
        "protocols": [protocol_row(card) for card in registry.protocols().values()],
        "scenarios": [{"name": s.name, "title": s.title, "story": s.story} for s in registry.scenarios().values()],
    }
    if given.json:
        print(json.dumps(catalogue, indent=2))
        return 0
    for card in registry.protocols().values():
        claims = card.claims(card.with_defaults())
        print(f"{card.name:<16} {card.title}: {card.summary} [{claims.consistency}, {claims.availability}]")
    print()
    for scenario in registry.scenarios().values():
        print(f"{scenario.name:<16} {scenario.number:>2}. {scenario.title}: {scenario.story}")
    return 0


def protocol_row(card: Card) -> dict[str, Any]:
    knobs = [
        {
            "name": knob.name,
            "title": knob.title,
            "what": knob.what,
            "default": knob.default,
            "choices": [value for value, _ in knob.choices],
            "low": knob.low,
            "high": knob.high,
            "unit": knob.unit,
        }
        for knob in card.knobs
    ]
    claims = card.claims(card.with_defaults()).plain()
    actions = [action.plain() for action in card.actions]
    return {
        "name": card.name,
        "title": card.title,
        "paper": card.paper,
        "object": card.object,
        "claims": claims,
        "knobs": knobs,
        "actions": actions,
    }


# --- run -----------------------------------------------------------------------------------------


def run(given: argparse.Namespace) -> int:
    spec = registry.spec(given.scenario, given.seed)
    if given.lanes is not None:
        spec = replace(spec, lanes=lanes(given.lanes))
    until = moment(given.until) if given.until is not None else spec.until
    experiment = ran(spec, until)
    if given.json:
        print(json.dumps(experiment.report(), indent=2))
    else:
        print_table(experiment)
    return 0


def ran(spec: Spec, until: int) -> Experiment:
    """The experiment, run to that moment."""
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(until)
    return experiment


def lanes(text: str) -> tuple[LaneSpec, ...]:
    """raft:reads=local,dynamo:r=2:w=2 -> two lanes."""
    made = []
    for part in text.split(","):
        name, *settings = part.strip().split(":")
        card = registry.protocol(name)
        made.append(LaneSpec(card.name, tuple(setting(card, text) for text in settings)))
    return tuple(made)


def setting(card: Card, text: str) -> tuple[str, Any]:
    """r=2 -> ("r", 2), with a value that the knob of that name accepts."""
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"A knob is turned as NAME=VALUE, not {text!r}.")
    for knob in card.knobs:
        if knob.name.lower() == name.lower():
            for choice, _ in knob.choices:
                if str(choice).lower() == value.lower():
                    return knob.name, choice
            return knob.name, knob.checked(int(value) if value.lstrip("-").isdecimal() else value)
    card.with_defaults({name: value})
    raise AssertionError("a card refuses a knob that it does not have")


def moment(text: str) -> int:
    """20s, 1500ms or 20 (seconds) -> microseconds."""
    number, unit = (text[:-2], MS) if text.endswith("ms") else (text.removesuffix("s"), S)
    try:
        at = round(float(number) * unit)
    except (ValueError, OverflowError):
        raise Refused(f"A time is given as 20s or 1500ms, not {text!r}.") from None
    if not 0 < at <= LENGTH_MAX:
        raise Refused(f"A run lasts more than 0 s and at most {LENGTH_MAX // S} s, not {text}.")
    return at


def print_table(experiment: Experiment) -> None:
    report = experiment.report()
    print(f"{experiment.spec.title} (seed {report['seed']}, until {report['until']})")
    for lane, row in zip(experiment.lanes, report["lanes"], strict=True):
        turned = " ".join(f"{name}={value}" for name, value in row["knobs"].items())
        print(f"\n{lane.card.title}  {turned}")
        print(f"  {'side':<28}{'asked':>7}{'ok':>7}{'failed':>8}{'unknown':>9}{'stale':>7}{'lost':>6}")
        for side in row["sides"]:
            nodes = "{" + ", ".join(side["nodes"]) + "}"
            figures = (side[key] for key in ("asked", "ok", "failed", "unknown", "stale", "lost"))
            print("  {:<28}{:>7}{:>7}{:>8}{:>9}{:>7}{:>6}".format(nodes, *figures))
        print(f"  linearizable: {row['verdict']['status']}. {row['verdict']['reason']}")
        print(f"  trace {row['trace']}")
    for refused in report["refused"]:
        where = "" if refused["lane"] is None else f" in lane {refused['lane']}"
        print(f"\nnot done at {refused['at']}{where}: {refused['step']}. {refused['sentence']}")


# --- check ---------------------------------------------------------------------------------------


def check(given: argparse.Namespace) -> int:
    names = given.scenarios or list(registry.scenarios())
    rows = []
    for name in names:
        scenario = registry.scenario(name)
        experiment = ran(scenario.spec, scenario.spec.until)
        rows += [{"scenario": name, "expected": e.sentence, "holds": bool(e.holds(experiment))} for e in scenario.expect]
    if given.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(f"{'ok    ' if row['holds'] else 'FAILED'} {row['scenario']}: {row['expected']}")
    return 0 if all(row["holds"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
