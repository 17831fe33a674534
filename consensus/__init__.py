"""The simulation: pure and deterministic; no web, no wall clock, no threads, no input or output.

Scripts begin with ``from consensus import run, Cut, Heal, ...`` (``docs/scripting.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consensus.kernel.clients import Workload
    from consensus.kernel.network import LinkState
    from consensus.kernel.sentences import Refused
    from consensus.runs.interventions import (
        Act,
        Adversary,
        Ask,
        Corrupt,
        Crash,
        CrashInside,
        Cut,
        DeliverMessage,
        DropMessage,
        DuplicateMessage,
        Heal,
        HoldMessage,
        Partition,
        Pause,
        Rename,
        Restart,
        Resume,
        Say,
        SetClock,
        SetDeadline,
        SetLink,
        Turn,
        Wipe,
    )
    from consensus.runs.scripting import (
        LaneResult,
        Operation,
        RefusedStep,
        Result,
        knobs_of,
        protocol_names,
        run,
        run_scenario,
        scenario_names,
    )

VERSION = "0.1.0"

__all__ = [
    "VERSION",
    "Act",
    "Adversary",
    "Ask",
    "Corrupt",
    "Crash",
    "CrashInside",
    "Cut",
    "DeliverMessage",
    "DropMessage",
    "DuplicateMessage",
    "Heal",
    "HoldMessage",
    "LaneResult",
    "LinkState",
    "Operation",
    "Partition",
    "Pause",
    "Refused",
    "RefusedStep",
    "Rename",
    "Restart",
    "Result",
    "Resume",
    "Say",
    "SetClock",
    "SetDeadline",
    "SetLink",
    "Turn",
    "Wipe",
    "Workload",
    "knobs_of",
    "protocol_names",
    "run",
    "run_scenario",
    "scenario_names",
]


def __getattr__(name: str) -> Any:
    """Loads a name for scripts at its first use, so that importing one room does not load all the others."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from consensus.kernel import clients, network, sentences
    from consensus.runs import interventions, scripting

    homes = (scripting, interventions, clients, network, sentences)
    value = globals()[name] = next(getattr(home, name) for home in homes if hasattr(home, name))
    return value
