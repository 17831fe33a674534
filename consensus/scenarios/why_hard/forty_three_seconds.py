"""10: 43 seconds. The primary in the east is cut off; a backup in the west takes over; both take writes; then the link is
back.

GitHub, "October 21 post-incident analysis", 2018: 43 seconds without the link between the network hub and the primary data
centre on the US East Coast, then 24 hours and 11 minutes of degraded service. There a quorum of watchers (Orchestrator)
chose the new primary in the west; but copies were asynchronous and the old primary was not stopped, so each side held
writes that the other lacked.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.protocols.why_hard.primary_backup import SET_ASIDE, STEPPED_DOWN, TOOK_OVER
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

AUTOMATIC, OFF, RAFT = 0, 1, 2
EAST, WEST = ("n1",), ("n2", "n3")
CUT = 3 * S
HEALED = CUT + 43 * S
UNTIL = HEALED + 9 * S


def written(experiment: Experiment, lane: int, side: tuple[str, ...]) -> list[Operation]:
    """Writes acknowledged on that side during the cut."""
    operations = experiment.lanes[lane].history.operations
    return [
        op for op in operations if op.kind == WRITE and op.outcome == OK and op.node in side and CUT < op.start < HEALED - S
    ]


def lost(experiment: Experiment, lane: int) -> list[str]:
    return list(experiment.lanes[lane].watch.lost(experiment.at))


def lost_only_in_the_east(experiment: Experiment) -> bool:
    """All lost writes were acknowledged there, during the cut or just before it."""
    number_of, operations = experiment.lanes[AUTOMATIC].history.number_of, experiment.lanes[AUTOMATIC].history.operations
    return all(operations[number_of[op_id]].node in EAST for op_id in lost(experiment, AUTOMATIC))


SCENARIO = Scenario(
    number=10,
    level="B",
    ask="The cut lasts 43 seconds, and the failover is automatic. What does it cost?",
    lesson=(
        "Failover without a quorum lets both sides take writes, and the heal is the hard part. "
        "GitHub's repair in 2018 took 24 hours and 11 minutes."
    ),
    answers=(
        Answer("Nothing: the backup has every write", lambda e: not lost(e, AUTOMATIC)),
        Answer(
            "Nobody can write for 43 seconds", lambda e: not written(e, AUTOMATIC, EAST) and not written(e, AUTOMATIC, WEST)
        ),
        Answer(
            "Writes of the east, acknowledged and then set aside",
            lambda e: bool(lost(e, AUTOMATIC)) and lost_only_in_the_east(e),
        ),
        Answer(
            "Writes of the west, acknowledged and then set aside",
            lambda e: bool(lost(e, AUTOMATIC)) and not lost_only_in_the_east(e),
        ),
    ),
    beats=(
        Beat(CUT - 500 * MS, "One primary in the east, two copies in the west."),
        Beat(CUT + 2500 * MS, "Automatic failover: n2 leads in the west, n1 still leads in the east."),
        Beat(CUT + 21 * S, "Both sides take writes in the first lane. In the second the west refuses, in the third the east."),
        Beat(HEALED + 2500 * MS, "Automatic failover: the writes of the east are set aside, and their clients had an ok."),
    ),
    spec=Spec(
        scenario="forty-three-seconds",
        title="43 seconds",
        story="A primary in the east, backups in the west, copied asynchronously. The link is down for 43 seconds.",
        lanes=(
            LaneSpec("primary_backup", nickname="automatic failover"),
            LaneSpec("primary_backup", (("failover", "off"),), nickname="no failover"),
            LaneSpec("raft", nickname="majority"),
        ),
        seed=10,
        nodes=3,
        workload=Workload(keys=("x", "y"), every=1200 * MS, reads=500_000),
        opening=1500 * MS,
        speed=1,
        script=(
            Step(2 * S, Say("n1 is in the east; n2 and n3 are in the west.")),
            Step(CUT, Partition((EAST, WEST))),
            Step(CUT + 3 * S, Say("n2 has heard nothing for a second, and takes over. n1 goes on: nobody has stopped it.")),
            Step(CUT + 20 * S, Say("Two primaries. Both acknowledge writes that the other does not have.")),
            Step(HEALED, Heal()),
            Step(
                HEALED + 2 * S,
                Say(
                    "The link is back after 43 seconds. The writes of the east are set aside: somebody must merge them by hand."
                ),
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation(
            "A backup takes over, and both sides acknowledge writes.",
            lambda e: bool(written(e, AUTOMATIC, EAST) and written(e, AUTOMATIC, WEST)),
        ),
        Expectation(
            "The east steps down at the heal.",
            lambda e: e.lanes[AUTOMATIC].noted(STEPPED_DOWN) == 1 == e.lanes[AUTOMATIC].noted(TOOK_OVER),
        ),
        Expectation(
            "All its writes of the cut are set aside.",
            lambda e: e.lanes[AUTOMATIC].noted(SET_ASIDE) >= len(written(e, AUTOMATIC, EAST)) > 5,
        ),
        Expectation(
            "Acknowledged writes are lost, all of them from the east.",
            lambda e: len(lost(e, AUTOMATIC)) > 5 and lost_only_in_the_east(e),
        ),
        Expectation(
            "All copies agree again, within a second or two.",
            lambda e: 0 < (e.lanes[AUTOMATIC].watch.divergence.converged_after or 0) < 2 * S,
        ),
        Expectation(
            "Without failover the west cannot write.", lambda e: not written(e, OFF, WEST) and len(written(e, OFF, EAST)) > 5
        ),
        Expectation("And nothing is lost.", lambda e: not lost(e, OFF) and not e.lanes[OFF].noted(SET_ASIDE)),
        Expectation(
            "Raft asks a majority: the east cannot write.",
            lambda e: not written(e, RAFT, EAST) and len(written(e, RAFT, WEST)) > 10,
        ),
        Expectation(
            "Nothing is stale, nothing lost.", lambda e: e.lanes[RAFT].verdict(e.at).status == "ok" and not lost(e, RAFT)
        ),
    ),
)
