"""Every limit of the server, in one table. What bites says so in a sentence; ``hello`` shows the page those that concern it.

Times in microseconds are simulated; times in seconds are the wall's.
"""

from __future__ import annotations

from dataclasses import dataclass

from consensus.kernel.node import MS, S
from consensus.kernel.simulation import DEADLINE_MAX, DEADLINE_MIN
from consensus.runs.spec import LANES_MAX, LENGTH_MAX, NODES_MAX, SEED_MAX
from consensus.runs.timeline import LOG_MAX


@dataclass(frozen=True)
class Limits:
    """What one server, one session and one visitor may ask for."""

    # the experiment
    nodes_min: int = 3
    nodes_max: int = NODES_MAX
    lanes_min: int = 1
    lanes_max: int = LANES_MAX
    speed_min: float = 0.002  # simulated seconds per wall second
    speed_max: float = 10.0
    length: int = LENGTH_MAX  # how far a run goes
    commands: int = LOG_MAX  # interventions in the log of one run
    deadline_min: int = DEADLINE_MIN
    deadline_max: int = DEADLINE_MAX
    seed_max: int = SEED_MAX

    # the house
    sessions: int = 64
    viewers: int = 400  # of one session
    clients: int = 1_000  # connections of all sessions together
    idle_s: float = 600.0  # a session that nobody watches ends after this
    hold_s: float = 10.0  # a reload keeps the controls that long
    builds: int = 4  # new worlds (scenario, compose) in a row that one session may ask for ...
    builds_per_s: float = 1.0  # ... and how fast it may ask for more

    # the stream
    packets_per_s: float = 30.0  # at most, ever: when somebody acts, steps or waits for an answer
    steady_packets_per_s: float = 10.0  # while time goes by; the page draws a little behind
    lively_s: float = 0.5  # for so long after an act news are not gathered up
    clocks_per_s: float = 1.0  # while time goes by and nothing happens
    meters_per_s: float = 5.0
    audience_per_s: float = 2.0
    slice_s: float = 0.005  # simulation between two yields
    snapshots_per_s: float = 4.0  # for those who fell behind
    welcomes_per_s: float = 10.0  # for newcomers, all at once
    leap_s: float = 0.1  # wall time that one frame may make up for
    waiting: int = 4  # packets in a client's queue at which it is skipped ("newest wins")
    operations: int = 2_000  # in a snapshot
    findings: int = 200  # in a snapshot
    inspected: int = 100  # messages that one command may ask for
    acknowledgements: int = 500  # remembered, so that a re-sent command applies once
    answer_s: float = 10.0  # how long a command waits for its turn

    # one connection
    message_bytes: int = 16_384
    bytes_per_s: float = 65_536.0
    bytes_burst: float = 131_072.0
    reads_per_s: float = 300.0  # socket reads; a small message takes three or four
    reads_burst: float = 900.0
    patience_s: float = 5.0  # of being held back without a pause, after which a flood is cut off
    hello_s: float = 20.0  # a connection that has not joined a session by then is closed

    def shown(self) -> dict[str, float]:
        """Those that the page shows or keeps to."""
        names = ("nodes_min", "nodes_max", "lanes_min", "lanes_max", "speed_min", "speed_max", "length", "commands",
                 "deadline_min", "deadline_max", "seed_max", "sessions", "viewers", "operations")  # fmt: skip
        return {name: getattr(self, name) for name in names}


LIMITS = Limits()


def words(us: int) -> str:
    """A simulated time for a sentence: 300 ms, 2 s, 10 minutes."""
    if us % (60 * S) == 0:
        return f"{us // (60 * S)} minutes"
    if us % S == 0:
        return f"{us // S} s"
    return f"{us / MS:g} ms"
