"""18: leases and bad clocks. Reads are fast while the leader's clock is right (thesis 6.4.1; etcd: ReadOnlyLeaseBased)."""

from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Ask, Heal, Partition, Say, SetClock
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

READ_INDEX, LEASE = 0, 1
SLOW = (("check_quorum", True), ("election_min_ms", 1000), ("election_max_ms", 5000), ("heartbeat_ms", 100))
FIRST, SECOND = 2500 * MS, 8 * S  # the two cuts


def cut(at: int) -> tuple[Step, ...]:
    """Cuts the leader off; after a little more than an election timeout the larger side elects another, and a client writes."""
    return (
        Step(at, Partition((("@leader", "@follower1"), ("@rest",)))),
        Step(at + 1060 * MS, Act("@majority", "stand")),
        Step(at + 1160 * MS, Ask("@majority", WRITE, "x")),
    )


SCENARIO = Scenario(
    number=18,
    level="A",
    ask="A lease is measured by the leader's own clock, and it runs at half speed. What will its readers see?",
    lesson="A lease saves a round trip while all clocks run right. If one does not, a deposed leader serves old data.",
    answers=(
        Answer("Always the newest value", lambda e: not stale(e, LEASE, SECOND, e.at) and asked_last(e, LEASE) == OK),
        Answer("Sometimes an old value", lambda e: bool(stale(e, LEASE, SECOND, e.at))),
        Answer("No value: its reads are refused", lambda e: asked_last(e, LEASE) != OK),
    ),
    beats=(
        Beat(FIRST - 300 * MS, "All clocks are right. The lease lane reads faster: it asks nobody."),
        Beat(FIRST + 1600 * MS, "The old leader's lease is over before the new leader writes: it does not answer."),
        Beat(SECOND - 200 * MS, "Now the leader's clock runs at half speed."),
        Beat(SECOND + 1700 * MS, "Its lease goes on by its own clock only. It answers, and the answer is old."),
    ),
    spec=Spec(
        scenario="lease",
        title="Leases and bad clocks",
        story="For some time after each round of heartbeats the leader reads without asking. Its own clock measures that time.",
        lanes=(
            LaneSpec("raft", (("reads", "read-index"), *SLOW), nickname="asks a majority"),
            LaneSpec("raft", (("reads", "lease"), *SLOW), nickname="trusts its clock"),
        ),
        seed=18,
        speed=0.1,
        script=(
            Step(400 * MS, Act("n1", "stand")),
            Step(400 * MS, Say("n1 is elected. In the second lane its reads are faster: it asks nobody.")),
            *cut(FIRST),
            Step(FIRST + 1300 * MS, Ask("n1", READ, "x")),
            Step(
                FIRST + 1400 * MS,
                Say("All clocks are right: the lease ended before anybody could be elected. The read waits."),
            ),
            Step(FIRST + 2 * S, Heal()),
            Step(FIRST + 3500 * MS, Act("@leader", "transfer_leadership", "n1")),
            Step(SECOND - S, SetClock("n1", 0, -500_000)),
            Step(SECOND - 900 * MS, Say("From now on the leader's clock runs at half speed, more than the margin allows for.")),
            *cut(SECOND),
            Step(SECOND + 1300 * MS, Ask("n1", READ, "x")),
            Step(SECOND + 1400 * MS, Say("For all others its lease is over. By its own clock it still holds, so it answers.")),
        ),
        opening=300 * MS,
        until=SECOND + 2 * S,
    ),
    expect=(
        Expectation(
            "Under a lease reads at the leader are at least twice as fast.", lambda e: 2 * read_us(e, LEASE) <= read_us(e, 0)
        ),
        Expectation("While clocks are right no read is stale.", lambda e: not stale(e, LEASE, 0, SECOND)),
        Expectation("With the slow clock one is stale.", lambda e: len(stale(e, LEASE, SECOND, e.at)) > 0),
        Expectation("That contradicts every linear order.", lambda e: e.lanes[LEASE].verdict(e.at).status == "violated"),
        Expectation("Read-index asks a majority, so a wrong clock does no harm.", lambda e: not stale(e, READ_INDEX, 0, e.at)),
        Expectation("And all its answers fit one order.", lambda e: e.lanes[READ_INDEX].verdict(e.at).status == "ok"),
    ),
)


def read_us(experiment: Experiment, lane: int) -> int:
    """The median latency of reads at the leader before the first cut, without the way from the client and back."""
    operations = experiment.lanes[lane].history.operations
    reads = [
        op for op in operations if op.kind == READ and op.node == "n1" and op.outcome == OK and 1000 * MS < op.start < FIRST
    ]
    latencies = sorted(op.finish - op.start for op in reads if op.finish is not None)
    return latencies[len(latencies) // 2]


def stale(experiment: Experiment, lane: int, since: int, until: int) -> list[str]:
    """The stale reads that began in that time."""
    found = experiment.lanes[lane].watch.staleness.stale
    return [op.op_id for op in experiment.lanes[lane].history.operations if op.op_id in found and since <= op.start < until]


def asked_last(experiment: Experiment, lane: int) -> str:
    """The outcome of the script's last read."""
    return [op.outcome for op in experiment.lanes[lane].history.operations if op.client == "you" and op.kind == READ][-1]
