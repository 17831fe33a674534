"""The catalogue: each file of ``protocols/`` with a ``CARD``, ``scenarios/`` with a ``SCENARIO``, ``talks/`` with a ``TALK``.

To add one, add its file.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from types import ModuleType

from consensus import protocols as protocol_files
from consensus import scenarios as scenario_files
from consensus import talks as talk_files
from consensus.kernel.sentences import Refused, say
from consensus.protocols.cards import Card, protocol_name
from consensus.runs.scenario import Scenario
from consensus.runs.spec import SEED_MAX, Spec
from consensus.runs.talk import SCENES_MAX, Scene, Talk


def protocols() -> dict[str, Card]:
    """The cards by name, in the order of their names."""
    return {module.CARD.name: module.CARD for module in _modules(protocol_files) if hasattr(module, "CARD")}


def protocol(name: str) -> Card:
    """The card of that name. Raises Refused, with the known names, when there is none."""
    cards = protocols()
    if protocol_name(name) not in cards:
        raise Refused(say("There is no protocol {name}; there are: {offered}.", name=repr(name), offered=", ".join(cards)))
    return cards[protocol_name(name)]


def scenarios() -> dict[str, Scenario]:
    """The scenarios by name, in the order of the catalogue's numbers."""
    found = [module.SCENARIO for module in _modules(scenario_files) if hasattr(module, "SCENARIO")]
    return {scenario.name: scenario for scenario in sorted(found, key=lambda scenario: scenario.number)}


def scenario(name: str) -> Scenario:
    """The scenario of that name. Raises Refused, with the known names, when there is none."""
    catalogue = scenarios()
    if name not in catalogue:
        offered = ", ".join(catalogue)
        raise Refused(say("There is no scenario {name}; there are: {offered}.", name=repr(name), offered=offered))
    return catalogue[name]


def spec(name: str, seed: int | None = None) -> Spec:
    """The spec of a scenario, with its own seed or with another one."""
    found = scenario(name).spec
    if seed is None:
        return found
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_MAX:
        raise Refused(say("A seed is a whole number from 0 to {most}.", most=SEED_MAX))
    return replace(found, seed=seed)


def opening(name: str, seed: int | None = None) -> Spec:
    """The spec as the page opens it: without the script, if the visitor carries out its steps."""
    found = spec(name, seed)
    return replace(found, script=()) if scenario(name).by_hand else found


def talks() -> dict[str, Talk]:
    """The bundled talks by name, the shortest first."""
    found = [module.TALK for module in _modules(talk_files) if hasattr(module, "TALK")]
    return {talk.name: talk for talk in sorted(found, key=lambda talk: talk.minutes)}


def talk(text: str) -> Talk:
    """A bundled talk by its name, or one of scenarios by their numbers or names: "8,13,16". Raises Refused when there is none.

    A number that several scenarios have stands for all of them.
    """
    bundled = talks()
    if text in bundled:
        return bundled[text]
    scenes: list[Scene] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        found = [each.name for each in scenarios().values() if word in (each.name, str(each.number))]
        if not found:
            raise Refused(
                say("There is no talk and no scenario {name}; the talks are: {offered}.", name=word, offered=", ".join(bundled))
            )
        scenes += [Scene(name) for name in found]
    if not 0 < len(scenes) <= SCENES_MAX:
        raise Refused(say("A talk has from 1 to {most} scenes.", most=SCENES_MAX))
    return Talk(", ".join(scenario(scene.scenario).title for scene in scenes)[:100], tuple(scenes))


def _modules(package: ModuleType) -> list[ModuleType]:
    """Every module below the package, sorted by its own name, in whatever folder it is."""
    found = [info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if not info.ispkg]
    return [importlib.import_module(name) for name in sorted(found, key=lambda name: name.rpartition(".")[2])]
