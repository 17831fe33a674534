"""Every limit of the server, in one table. Whoever hits a limit gets a sentence about it. ``hello`` sends the page its limits.

Simulated times are in microseconds. Wall-clock times are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Sentence, say, say_count
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
    length: int = LENGTH_MAX  # the longest run
    commands: int = LOG_MAX  # interventions in the log of one run
    deadline_min: int = DEADLINE_MIN
    deadline_max: int = DEADLINE_MAX
    seed_max: int = SEED_MAX

    # the house
    sessions: int = 64
    viewers: int = 1_200  # of one session; benchmarks/hall.py measures a thousand
    clients: int = 1_500  # connections of all sessions together
    idle_s: float = 600.0  # a session that nobody watches ends after this ...
    kept_s: float = 4_500.0  # ... but some last this long, so that a speaker comes back after an hour without a network:
    kept: int = 8  # those that had the most viewers
    hold_s: float = 10.0  # a visitor who was handed the controls keeps them for this long when absent: a reload loses nothing
    asking: int = 8  # visitors who ask for the controls at the same time
    asking_s: float = 120.0  # a request for the controls ends after this
    askers: int = 2_000  # visitors of one session who get a number when they ask
    builds: int = 4  # burst of new worlds (scenario, compose, reset) for one session ...
    builds_per_s: float = 1.0  # ... and how fast that budget refills

    # the stream
    packets_per_s: float = 30.0  # the upper limit, used when somebody acts, steps or waits for an answer
    steady_packets_per_s: float = 10.0  # while playing; the page draws slightly behind the server
    lively_s: float = 0.5  # after a user action, packets are sent at once for this long (no batching)
    clocks_per_s: float = 1.0  # while playing when nothing else happens
    meters_per_s: float = 5.0
    audience_per_s: float = 2.0
    slice_s: float = 0.005  # wall time of simulation between two yields
    snapshots_per_s: float = 4.0  # for viewers that missed packets
    welcomes_per_s: float = 10.0  # newcomers in the same interval share one snapshot
    leap_s: float = 0.1  # the most wall time that one tick may catch up on
    waiting: int = 4  # a client with this many queued packets is skipped ("newest wins")
    operations: int = 2_000  # in a snapshot
    findings: int = 200  # in a snapshot
    inspected: int = 100  # messages that one command may ask for
    acknowledgements: int = 500  # remembered answers, so that a command sent twice applies once
    answer_s: float = 10.0  # how long a command waits for its answer

    # the hall
    votes: int = 2_400  # visitors who may vote on one question
    seats: int = 120  # phones that are clients, in one session
    seat_asks: int = 60  # requests of one seat in a run
    hall_asks: int = 700  # a run whose log is this long takes no more requests from seats: the rest is the speaker's
    hall_asks_per_s: float = 15.0  # of all seats together ...
    hall_asks_burst: float = 30.0
    phone_per_s: float = 2.0  # commands about the hall of one phone ...
    phone_burst: float = 6.0
    hall_per_s: float = 4.0  # while votes come in, the owner's page hears of the count this often

    # one connection
    message_bytes: int = 16_384
    bytes_per_s: float = 65_536.0
    bytes_burst: float = 131_072.0
    reads_per_s: float = 300.0  # socket reads; a small message takes three or four
    reads_burst: float = 900.0
    patience_s: float = 5.0  # a connection that is throttled for this long without a pause is closed
    hello_s: float = 20.0  # a connection that has not joined a session within this time is closed

    def shown(self) -> dict[str, float]:
        """The limits that the page shows or enforces."""
        names = ("nodes_min", "nodes_max", "lanes_min", "lanes_max", "speed_min", "speed_max", "length", "commands",
                 "deadline_min", "deadline_max", "seed_max", "sessions", "viewers", "operations")  # fmt: skip
        return {name: getattr(self, name) for name in names}


LIMITS = Limits()


def words(us: int) -> Sentence:
    """A simulated time for a sentence: 300 ms, 2 s, 10 minutes."""
    if us % (60 * S) == 0:
        return say_count(us // (60 * S), "{n} minute", "{n} minutes")
    if us % S == 0:
        return say("{s} s", s=us // S)
    return say("{ms} ms", ms=f"{us / MS:g}")
