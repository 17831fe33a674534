"""Exact interleavings: one message dropped, held or delivered; a crash inside a handler, after its k-th durable write."""

from collections import deque

import pytest

from consensus import Ask, Crash, CrashInside, DeliverMessage, DropMessage, HoldMessage, Partition, Restart, run
from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.inside import CrashedInside, watch_inside
from consensus.kernel.node import MS, Node, S
from consensus.kernel.rng import Stream
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import Cluster, Simulation
from consensus.protocols.ordered.raft import RaftNode, RequestVote
from consensus.protocols.ordered.zab import ZabNode
from consensus.runs import registry
from consensus.runs.spec import LaneSpec, Spec
from consensus.runs.timeline import Timeline

THREE = ("n1", "n2", "n3")


def raft(**settings):
    return run("raft", nodes=3, until=settings.pop("until", 2), **settings)


def events(result, *kinds):
    return [event for event in result.experiment.lanes[0].fresh if event.kind in kinds]


def sent(result, src, dst, name):
    """Messages of that type on that link: (id, at)."""
    return [
        (event.id, event.at)
        for event in events(result, "sent")
        if event.node == src and event.data[1] == dst and type(event.data[2]).__name__ == name
    ]


def fate(result, number):
    """What happened to a message: (kind, at, cause) for each event about it."""
    about = events(result, "delivered", "dropped", "held")
    return [(event.kind, event.at, event.cause, event.data[2:]) for event in about if event.data[0] == number]


# --- one message ---------------------------------------------------------------------------------


def test_the_message_under_way_is_dropped_at_once():
    """Heartbeats of n3, this seed's leader: one is under way at the moment of the step."""
    plain = raft()
    leader = plain.lanes[0].leaders[0][1]
    follower = next(member for member in THREE if member != leader)
    number, at = sent(plain, leader, follower, "AppendEntries")[10]
    moment = (at + 1 * MS) / S
    result = raft(script=[(moment, DropMessage(leader, follower, "AppendEntries"))])
    assert fate(result, number) == [("dropped", at + 1 * MS, number, ("hand",))]
    assert result.refused == []


def test_the_nth_message_counts_those_under_way_and_then_those_sent_later():
    plain = raft()
    leader = plain.lanes[0].leaders[0][1]
    follower = next(member for member in THREE if member != leader)
    _, at = sent(plain, leader, follower, "AppendEntries")[10]
    result = raft(script=[((at + 1 * MS) / S, DropMessage(leader, follower, "AppendEntries", 3))])
    after = [row for row in sent(result, leader, follower, "AppendEntries") if row[1] >= at]
    number, then = after[2]
    assert fate(result, number) == [("dropped", then, number, ("hand",))]
    assert [fate(result, each)[0][0] for each, _ in after[:2]] == ["delivered", "delivered"]


def test_a_held_message_is_under_way_until_it_is_delivered():
    script = [(0.0, HoldMessage("n2", "n1", "RequestVote")), (1.5, DeliverMessage("n2", "n1"))]
    result = raft(script=script[:1])
    ((number, at),) = sent(result, "n2", "n1", "RequestVote")[:1] or [(0, 0)]
    assert fate(result, number) == [("held", at, number, ())]
    assert number in [event.id for event in result.experiment.lanes[0].flying()]
    delivered = raft(script=script)
    assert [row[:2] for row in fate(delivered, number)] == [("held", at), ("delivered", 1_500_000)]
    assert number not in [event.id for event in delivered.experiment.lanes[0].flying()]


def test_a_held_message_can_be_dropped():
    script = [(0.0, HoldMessage("n2", "n1", "RequestVote")), (1.5, DropMessage("n2", "n1"))]
    result = raft(script=script)
    number, _ = sent(result, "n2", "n1", "RequestVote")[0]
    assert [(kind, data) for kind, _, _, data in fate(result, number)] == [("held", ()), ("dropped", ("hand",))]


def test_the_next_message_is_delivered_in_the_microsecond_in_which_it_is_sent():
    result = raft(script=[(0.0, DeliverMessage("n2", "n1", "RequestVote"))])
    number, at = sent(result, "n2", "n1", "RequestVote")[0]
    assert [row[:2] for row in fate(result, number)] == [("delivered", at)]


def test_a_message_delivered_over_a_cut_link_dies_of_the_cut():
    script = [
        (0.0, HoldMessage("n2", "n1", "RequestVote")),
        (1.0, Partition([["n1"], ["n2", "n3"]])),
        (1.5, DeliverMessage("n2", "n1", "RequestVote")),
    ]
    result = raft(script=script)
    number, _ = sent(result, "n2", "n1", "RequestVote")[0]
    assert fate(result, number)[1][3] == ("cut",)


def test_two_steps_that_mean_the_same_message_have_one_each():
    script = [(0.0, DropMessage("n2", "n1")), (0.0, HoldMessage("n2", "n1"))]
    result = raft(script=script)
    ends = [(event.kind, event.data[0]) for event in events(result, "held", "dropped")]
    assert [kind for kind, _ in ends] == ["dropped", "held"] and ends[0][1] < ends[1][1]


def test_chance_is_the_same_whether_or_not_a_step_waits():
    """While a step waits for a message, all others take the slow path; their random draws are the same."""
    plain, waiting = raft(seed=4), raft(seed=4, script=[(0.0, DropMessage("n1", "n2", "InstallSnapshot"))])
    assert plain.lanes[0].leaders == waiting.lanes[0].leaders
    moments = [[(event.at, event.node) for event in events(each, "delivered", "fired")] for each in (plain, waiting)]
    assert moments[0] == moments[1]


def test_what_waits_in_vain_is_listed():
    script = [(0.5, DropMessage("n1", "n2", "InstallSnapshot", 2)), (0.5, CrashInside("n1", 99))]
    result = raft(script=script)
    assert [(step.at, step.do, step.lane) for step in result.refused] == [(2.0, do, None) for _, do in script]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (DropMessage("n1", "n1"), "There is no link from n1 to n1."),
        (DropMessage("n1", "n2", "Prepare"), "There is no message 'Prepare' here; there are "),
        (HoldMessage("n1", "n2", nth=0), "Messages are counted from 1 to 10000, not 0."),
        (CrashInside("n1", 0), "comes after 1 to 10000 durable writes, not 0."),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(step, sentence):
    (refused,) = raft(script=[(0.5, step)], until=1).refused
    assert sentence in refused.sentence


def test_nodes_without_a_disk_cannot_crash_at_a_write():
    (refused,) = run("heartbeat", script=[(0.5, CrashInside("n1"))], until=1).refused
    assert refused.sentence == "These nodes keep nothing on disk, so no handler writes."


# --- inside a handler ----------------------------------------------------------------------------


class Writer(Node):
    """Writes and sends by turns."""

    messages = (RequestVote,)
    durable = ("term", "log", "marks", "box")

    def setup(self):
        self.term, self.log, self.marks, self.box, self.memory = 0, [], {}, deque(), 0

    def on_start(self):
        self.term = 1  # 1
        self.memory = 1
        self.send("n2", 1)
        for entry in ("a", "b"):
            self.log.append(entry)  # together 2
        self.send("n2", 2)
        self.marks["x"] = 1  # 3, seen at the next step
        self.term = 1  # no change: no write
        self.term = 2  # 4
        self.box.append(1)  # 5, seen at the end

    def on_request_vote(self, src, m): ...
    def on_request(self, client, m): ...


@pytest.mark.parametrize(
    ("writes", "term", "log", "marks", "box", "sends"),
    [
        (1, 1, [], {}, [], 0),
        (2, 1, ["a", "b"], {}, [], 1),
        (3, 1, ["a", "b"], {"x": 1}, [], 2),
        (4, 2, ["a", "b"], {"x": 1}, [], 2),
        (5, 2, ["a", "b"], {"x": 1}, [1], 2),
    ],
)
def test_after_each_write_the_disk_and_the_network_are_as_they_were_then(writes, term, log, marks, box, sends):
    node = Writer("n1", THREE, {}, Stream.named(1, "node", "n1"))
    watch_inside(node, writes)
    with pytest.raises(CrashedInside):
        node.start(0)
    assert (node.term, node.log, node.marks, list(node.box)) == (term, log, marks, box)
    assert len(node.effects) == sends


def test_a_handler_with_fewer_writes_runs_as_ever():
    node = Writer("n1", THREE, {}, Stream.named(1, "node", "n1"))
    watch_inside(node, 6)
    assert len(node.start(0)) == 2 and node.term == 2
    assert breaks_the_law(node) is None


def test_a_vote_is_on_disk_and_the_reply_was_never_sent():
    """Raft, Figure 2: currentTerm and votedFor are updated on stable storage before responding to RPCs."""
    plain = raft()
    leader, voter = plain.lanes[0].leaders[0][1], None
    for event in events(plain, "sent"):
        if type(event.data[2]).__name__ == "RequestVoteReply" and event.data[2].vote_granted:
            voter = event.node
            break
    result = raft(script=[(0.0, CrashInside(voter, 2))], until=0.9)
    (crash,) = events(result, "crashed")
    asked = next(event for event in events(result, "delivered") if event.id == crash.cause)
    assert asked.node == voter and asked.data[1] == leader
    assert sent(result, voter, leader, "RequestVoteReply") == []
    node = result.experiment.lanes[0].sim.nodes[voter]
    assert isinstance(node, RaftNode) and (node.current_term, node.voted_for) == (1, leader)
    again = raft(script=[(0.0, CrashInside(voter, 2)), (0.5, Restart(voter))], until=0.5)
    assert again.experiment.lanes[0].sim.nodes[voter].voted_for == leader


def test_between_the_term_and_the_vote_the_vote_is_still_free():
    plain = raft()
    leader = plain.lanes[0].leaders[0][1]
    voter = next(e.node for e in events(plain, "sent") if type(e.data[2]).__name__ == "RequestVoteReply")
    node = raft(script=[(0.0, CrashInside(voter, 1))], until=0.9).experiment.lanes[0].sim.nodes[voter]
    assert (node.current_term, node.voted_for) == (1, None) and leader != voter


def test_zab_joins_an_epoch_before_its_history_is_on_disk_and_forgets():
    """f.2.1 writes current epoch and history in one step. Between the two (ZooKeeper's ZK-4643) the disk has a wrong epoch.

    n1 and n3 have committed x; n2 joins n1's new epoch and crashes between the two writes. When only n2 and n3 are left, the
    later epoch wins: n2's history, without x, is to replace that of n3.
    """
    behind = [
        (2.0, Partition([["n3", "n1"], ["n2"]])),
        (3.0, Ask("n3", "write", "x")),
        (4.0, Partition([["n3"], ["n1", "n2"]])),
        (4.0, HoldMessage("n1", "n2", "NewLeader")),
    ]
    (held,) = events(run("zab", script=behind, nodes=3, until=5), "held")
    moment = held.at / S + 0.001
    between = [(moment, CrashInside("n2", 1)), (moment, DeliverMessage("n1", "n2", "NewLeader"))]
    result = run("zab", script=behind + between, nodes=3, until=moment)
    node = result.experiment.lanes[0].sim.nodes["n2"]
    assert isinstance(node, ZabNode) and (node.current_epoch, len(node.history)) == (2, 1)
    after = [(moment + 0.5, Partition([["n1"], ["n2", "n3"]])), (moment + 0.5, Restart("n2"))]
    lane = run("zab", script=behind + between + after, nodes=3, until=moment + 3).lanes[0]
    assert lane.operations[0].outcome == "ok"
    assert "Prefix Consistency" in lane.halted["n3"] and lane.laws


def test_zab_keeps_what_was_committed_when_the_handler_is_atomic():
    """The same, but n2 crashes after both writes: the epoch that it claims and its history belong together."""
    behind = [
        (2.0, Partition([["n3", "n1"], ["n2"]])),
        (3.0, Ask("n3", "write", "x")),
        (4.0, Partition([["n3"], ["n1", "n2"]])),
        (4.0, HoldMessage("n1", "n2", "NewLeader")),
    ]
    (held,) = events(run("zab", script=behind, nodes=3, until=5), "held")
    moment = held.at / S + 0.001
    script = [
        *behind,
        (moment, CrashInside("n2", 2)),
        (moment, DeliverMessage("n1", "n2", "NewLeader")),
        (moment + 0.5, Partition([["n1"], ["n2", "n3"]])),
        (moment + 0.5, Restart("n2")),
        (moment + 3, Ask("n3", "read", "x")),
    ]
    lane = run("zab", script=script, nodes=3, until=moment + 4).lanes[0]
    assert (lane.halted, lane.laws) == ({}, [])
    assert (lane.operations[1].outcome, lane.operations[1].result) == ("ok", ("1",))


def test_a_crash_inside_waits_over_a_restart():
    """n1 has crashed before it wrote twice; after its restart the first handler that writes twice is its last."""
    script = [(0.0, CrashInside("n1", 2)), (0.05, Crash("n1")), (0.1, Restart("n1"))]
    result = raft(script=script, until=3)
    assert [event.at > 100 * MS for event in events(result, "crashed")] == [False, True]
    assert result.refused == []


def test_a_seek_replays_messages_in_hand_and_crashes_inside_to_the_bit():
    spec = Spec("test", "A test", "A test.", (LaneSpec("raft"),), nodes=3, opening=0)
    timeline = Timeline(spec, registry.protocols())

    def go(at):
        while not timeline.advance(at, 10_000):
            pass

    go(500 * MS)
    leader = timeline.experiment.leader()
    follower = next(member for member in THREE if member != leader)
    timeline.act(HoldMessage(leader, follower, "AppendEntries", 2))
    timeline.act(CrashInside(follower, 1))
    go(1500 * MS)
    timeline.act(DeliverMessage(leader, follower))
    go(4 * S)
    end = timeline.experiment.lanes[0].trace.hex()
    for back in (450 * MS, 900 * MS, 1600 * MS):
        timeline.seek(back)
        go(back)
        go(4 * S)
        assert timeline.experiment.lanes[0].trace.hex() == end


def test_a_simulation_with_messages_in_hand_can_be_copied():
    sim = Simulation(Cluster(RaftNode, THREE, registry.protocols()["raft"].with_defaults()))
    sim.carry_out(HoldMessage("n2", "n1"))
    sim.carry_out(CrashInside("n2", 50))
    sim.run_until(1 * S)
    clone = sim.copied()
    sim.run_until(2 * S)
    clone.run_until(2 * S)
    assert sim.events == clone.events
    with pytest.raises(Refused):
        sim.carry_out(CrashInside("n9"))
