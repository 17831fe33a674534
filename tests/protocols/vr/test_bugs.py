"""Twelve planted bugs in Viewstamped Replication, one at a time: which check catches each, and that the same check accepts
the honest protocol. And one bug of the paper: with nothing on disk, as published, a promise is forgotten.

In the scripts links take 10 ms, and the script sets a replica's patience with its primary. The primary of view 0 is n1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.protocols.vr_safety import (
    ASSERTION,
    AT_MOST_ONCE,
    ONE_PRIMARY,
    ORDER,
    RECOVERY,
    SURVIVAL,
    VIEWS,
    VRSafety,
)
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, UNKNOWN, WRITE, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.ordered.vr import BACKUP, CARD, NORMAL, PRIMARY, RECOVERING, VIEW_CHANGE, PrepareOK, VRNode
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Partition, Restart, SetLink
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation
from tests.kit.planted import script_tests, storms_find
from tests.kit.storm import Storm, Watched, members
from tests.protocols.vr import bugs as vr_bugs
from tests.protocols.vr.bugs import BUGS

LINEARIZABLE = "linearizable"
NEVER = 60_000


class Script(Watched):
    """Replicas with the patience that the script gives them; ``replicas`` is their class."""

    def __init__(self, replicas: type[VRNode], size: int = 5, disk: str = "view") -> None:
        def reset_view_timer(self: VRNode) -> None:
            self.set_timer("view", self.knobs["patience"][self.id] * MS)

        directed = type(replicas.__name__, (replicas,), {"reset_view_timer": reset_view_timer})
        self.members = members(size)
        self.patience = dict.fromkeys(self.members, NEVER)
        knobs = {**CARD.with_defaults({"hold_ms": 1_000, "disk": disk}), "patience": self.patience}
        cluster = Cluster(directed, self.members, knobs, link=LinkState(10 * MS, 0), deadline=2 * S)
        super().__init__(cluster, (VRSafety(self.members), Linearizability()))
        self.run(100 * MS)

    def give_patience(self, id: str, patience_ms: int) -> None:
        """All hear the primary once more; then this replica has a short timeout, and the others have long ones."""
        self.patience.update({**dict.fromkeys(self.members, NEVER), id: patience_ms})
        self.run(70 * MS)

    def replica(self, id: str) -> Any:
        return self.sim.nodes[id]

    def split(self, *sides: tuple[str, ...]) -> None:
        named = [node for side in sides for node in side]
        self.carry_out(Partition((*sides, *((node,) for node in self.members if node not in named))))

    def crash(self, *nodes: str) -> None:
        self.carry_out(*(Crash(node) for node in nodes))

    def bounce(self, *nodes: str) -> None:
        self.crash(*nodes)
        self.carry_out(*(Restart(node) for node in nodes))

    def slow(self, src: str, dst: str, delay_ms: int) -> None:
        self.carry_out(SetLink(((src, dst),), (("delay", delay_ms * MS),)))

    def cut(self, src: str, *dsts: str) -> None:
        self.carry_out(Cut(tuple((src, dst) for dst in dsts)))

    def run_until_leads(self, id: str) -> None:
        self.run_to(lambda _: bool(self.replica(id).is_primary))

    def served(self, node: str, kind: str) -> Operation:
        """Sends a request and waits for the answer, which must be ok."""
        op_id = self.ask(node, kind)
        self.run_to(lambda sim: op_id not in sim.clients.pending)
        assert self.operation(op_id).outcome == OK
        return self.operation(op_id)


# --- the scripts ---------------------------------------------------------------------------------


def two_sides(replicas: type[VRNode]) -> Script:
    """Cut 2|3; both sides get a write, and the larger one makes n3 its primary."""
    script = Script(replicas)
    script.give_patience("n3", 150)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.ask("n2", WRITE)
    script.run_until_leads("n3")
    script.served("n4", WRITE)
    script.run(100 * MS)
    return script


def cut_off_primary(replicas: type[VRNode]) -> Script:
    """n1 is cut off alone and gets a write; the others go on with n2 and get reads."""
    script = Script(replicas)
    script.give_patience("n2", 150)
    script.split(("n1",), ("n2", "n3", "n4", "n5"))
    script.ask("n1", WRITE)
    script.run_until_leads("n2")
    script.served("n3", READ)
    script.run(100 * MS)
    return script


def lost_reply(replicas: type[VRNode]) -> Script:
    """The write of n3 is executed, the reply is lost, and n3's proxy asks again."""
    script = Script(replicas)
    script.cut("n1", "n3")
    op_id = script.ask("n3", WRITE)
    script.run_to(lambda _: script.replica("n1").commit_number == 1)
    script.run(20 * MS)  # the reply is dropped
    script.carry_out(Heal())
    script.run_to(lambda sim: op_id not in sim.clients.pending)
    script.run(200 * MS)
    return script


def overtaken(replicas: type[VRNode]) -> Script:
    """The second Prepare reaches n2 before the first."""
    script = Script(replicas, size=3)
    script.slow("n1", "n2", 40)
    script.ask("n1", WRITE)
    script.run(15 * MS)
    script.slow("n1", "n2", 5)
    script.ask("n3", WRITE)
    script.run(300 * MS)
    return script


def long_old_log(replicas: type[VRNode]) -> Script:
    """n1 collects five requests that it cannot send. View 1 commits four. View 2 counts n1, and not n2."""
    script = Script(replicas)
    script.give_patience("n2", 150)
    script.cut("n1", "n2", "n3", "n4", "n5")
    for node in script.members:
        script.ask(node, WRITE)
    script.run(40 * MS)
    script.split(("n1",), ("n2", "n3", "n4", "n5"))
    script.run_until_leads("n2")
    script.run_to(lambda _: script.replica("n3").commit_number == 4)
    script.give_patience("n3", 150)
    assert (script.replica("n1").op_number, script.replica("n3").op_number) == (5, 4)
    script.crash("n2")
    script.split(("n1", "n3", "n4"))
    script.run(500 * MS)
    return script


def missed_write(replicas: type[VRNode]) -> Script:
    """n1, n3 and n4 commit a write; n1 crashes, and n2, which missed it, is the next primary."""
    script = Script(replicas)
    script.give_patience("n3", 150)
    script.split(("n1", "n3", "n4"))
    script.served("n4", WRITE)
    script.crash("n1")
    script.carry_out(Heal())
    script.run_until_leads("n2")
    script.run(200 * MS)
    return script


def late_start_view(replicas: type[VRNode]) -> Script:
    """View 1 begins, and n4 hears it late, when n3 leads view 2 already and n4 follows it."""
    script = Script(replicas)
    script.give_patience("n2", 150)
    script.split(("n2", "n3", "n4", "n5"))
    script.run_to(lambda _: script.replica("n4").has_done_view_change)
    script.slow("n2", "n4", 700)
    script.run_until_leads("n2")
    script.give_patience("n3", 150)
    script.cut("n2", "n3", "n5")
    script.run_until_leads("n3")
    script.run(S)
    script.served("n5", WRITE)
    return script


def forgetful_majority(replicas: type[VRNode]) -> Script:
    """n1, n2 and n3 commit a write, and all three crash and restart: more than f. n4 starts a view change."""
    script = Script(replicas)
    script.give_patience("n4", 150)
    script.split(("n1", "n2", "n3"))
    script.served("n1", WRITE)
    script.bounce("n1", "n2", "n3")
    script.carry_out(Heal())
    script.run(2 * S)
    script.ask("n4", READ)
    script.run(2 * S)
    return script


def recovery_from_the_old_primary(replicas: type[VRNode]) -> Script:
    """Cut 2|3, and the side of n3 commits a write. n5 restarts with nothing on disk and reaches n1 and n2 only."""
    script = Script(replicas, disk="nothing")
    script.give_patience("n3", 150)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.run_until_leads("n3")
    script.served("n5", WRITE)
    script.split(("n1", "n2", "n5"), ("n3", "n4"))
    script.bounce("n5")
    script.ask("n1", WRITE)
    script.run(300 * MS)
    return script


def late_answers(replicas: type[VRNode]) -> Script:
    """n2 restarts; the first answers are slow. It recovers by later ones, helps commit a write, and restarts again."""
    script = Script(replicas, size=3)
    script.slow("n1", "n2", 400)
    script.slow("n3", "n2", 400)
    script.bounce("n2")
    script.run(15 * MS)
    script.slow("n1", "n2", 10)
    script.slow("n3", "n2", 10)
    script.run_to(lambda _: script.replica("n2").status == NORMAL)
    script.give_patience("n3", 500)
    script.split(("n1", "n2"))
    script.served("n1", WRITE)
    script.carry_out(Heal((("n3", "n2"), ("n2", "n3"))))
    script.cut("n2", "n1")
    script.bounce("n2")
    script.run(250 * MS)  # the old answers arrive
    script.split(("n2", "n3"))
    script.run(800 * MS)
    return script


def last_copies(replicas: type[VRNode]) -> Script:
    """n1, n4 and n5 hold a committed write; view 1 takes it over from n1; n4 and n5 hear of that view, not its state."""
    script = Script(replicas)
    script.give_patience("n2", 150)
    script.split(("n1", "n4", "n5"))
    script.ask("n1", WRITE)
    script.run_to(lambda _: script.replica("n1").commit_number == 1)
    script.split(("n1", "n2", "n3"))  # n4 and n5 do not learn that it is committed
    script.cut("n1", "n2", "n3")  # nor n2 and n3 that there is something
    script.run_to(lambda _: script.replica("n1").status == VIEW_CHANGE)
    script.carry_out(Heal((("n1", "n2"), ("n1", "n3"))))
    script.run_to(lambda _: script.replica("n3").has_done_view_change)
    script.run(MS)
    script.cut("n2", "n3")  # nor n3 what view 1 begins with
    script.run_until_leads("n2")
    script.run(15 * MS)
    script.split(("n3",))
    script.carry_out(Heal((("n2", "n4"), ("n2", "n5"))))
    script.run_to(lambda _: script.replica("n4").transfer_view == script.replica("n5").transfer_view == 1)
    script.crash("n1", "n2")
    script.replica("n3").knobs["patience"]["n3"] = 150
    script.carry_out(Heal())
    script.run_to(lambda _: any(script.replica(id).is_primary for id in ("n3", "n4", "n5")), 70 * S)
    script.run(200 * MS)
    return script


def forgotten_promise(replicas: type[VRNode], disk: str = "nothing") -> Script:
    """n2 wants view 1, restarts, and is back in view 0. Its late StartViewChange makes n3 promise its log to view 1; n3
    restarts too, and is back in view 0. It helps n1 to commit a write. Then n3's late DoViewChange reaches n2.
    """
    script = Script(replicas, size=3, disk=disk)
    script.give_patience("n2", 150)
    script.slow("n2", "n1", 5_000)
    script.slow("n2", "n3", 300)
    script.split(("n2", "n3"))
    script.run_to(lambda _: script.replica("n2").status == VIEW_CHANGE)
    script.carry_out(Heal())
    script.slow("n2", "n1", 10)
    script.bounce("n2")
    script.give_patience("n2", NEVER)
    script.slow("n2", "n3", 10)
    script.run_to(lambda _: script.replica("n2").status == NORMAL)
    script.slow("n3", "n1", 5_000)
    script.slow("n3", "n2", 600)
    script.run_to(lambda _: script.replica("n3").has_done_view_change)
    script.bounce("n3")
    script.slow("n3", "n1", 10)
    script.slow("n3", "n2", 10)
    script.run_to(lambda _: all(script.replica(id).status == NORMAL for id in script.members))
    if script.replica("n1").is_primary:  # no promise to view 1 is left
        script.carry_out(Cut((("n1", "n2"), ("n2", "n1"))))
    script.served("n3", WRITE)
    script.run(600 * MS)  # the late DoViewChange arrives
    script.carry_out(Heal())
    script.ask("n2", READ)
    script.run(S)
    return script


# --- which check catches which -------------------------------------------------------------------

# The bug, its script, and the checks that it breaks there, in the order in which they notice.
CAUGHT: dict[type[VRNode], tuple[Callable[[type[VRNode]], Script], tuple[str, ...]]] = {
    vr_bugs.QuorumOfTwo: (two_sides, (SURVIVAL, ORDER)),
    vr_bugs.RepliesBeforeCommit: (cut_off_primary, (LINEARIZABLE,)),
    vr_bugs.ForgetsClientTable: (lost_reply, (ASSERTION,)),
    vr_bugs.AppendsOutOfOrder: (overtaken, (ORDER, AT_MOST_ONCE)),
    vr_bugs.IgnoresLastNormalView: (long_old_log, (ASSERTION,)),
    vr_bugs.KeepsItsOwnLog: (missed_write, (SURVIVAL,)),
    vr_bugs.FollowsAnEarlierView: (late_start_view, (VIEWS,)),
    vr_bugs.SkipsRecovery: (forgetful_majority, (RECOVERY, ONE_PRIMARY, ORDER, LINEARIZABLE)),
    vr_bugs.AnswersWhileRecovering: (forgetful_majority, (RECOVERY, SURVIVAL, ORDER, LINEARIZABLE)),
    vr_bugs.OneResponseIsEnough: (recovery_from_the_old_primary, (RECOVERY, ORDER)),
    vr_bugs.ForgetsNonce: (late_answers, (RECOVERY, SURVIVAL)),
    vr_bugs.CutsBackBeforeItAsks: (last_copies, (SURVIVAL,)),
}


def test_twelve_bugs_are_planted() -> None:
    assert len(BUGS) == 12


test_each_bug_has_its_script, test_a_planted_bug_is_caught, test_the_same_script_accuses_the_honest_of_nothing = script_tests(
    CAUGHT, BUGS, VRNode, lambda run: run.seen["delivered"] > 20 and run.seen["invoked"] > 0
)


def test_more_than_f_that_forgot_stand_still_and_do_not_go_on_without_what_was_told() -> None:
    """With three of five recovering nobody can answer enough: no new view, no answer, no unsafe recovery (4.3; section 8)."""
    script = forgetful_majority(VRNode)
    assert [script.replica(id).status for id in ("n1", "n2", "n3")] == [RECOVERING] * 3
    assert not any(script.replica(id).is_primary for id in script.members)
    asked = [script.ask(id, kind) for id in script.members for kind in (READ, WRITE)]
    script.run(5 * S)
    assert [script.operation(op_id).outcome for op_id in asked] == ["failed"] * len(asked)
    assert script.findings == []


def test_f_that_forgot_come_back_with_everything() -> None:
    """With at most f crashed at a time nothing is lost, though every replica restarts in turn (4.3)."""
    script = Script(VRNode)
    written = script.served("n5", WRITE)
    for pair in (("n2", "n3"), ("n4", "n5")):
        script.bounce(*pair)
        script.run_to(lambda _: all(script.replica(id).status == NORMAL for id in script.members))
    script.give_patience("n2", 150)
    script.bounce("n1")
    script.run_until_leads("n2")
    script.run_to(lambda _: all(script.replica(id).status == NORMAL for id in script.members))
    assert script.served("n1", READ).result == (written.value,)
    assert script.findings == [] and script.seen["recovered"] == 5


def test_with_nothing_on_disk_a_promise_is_forgotten_and_a_committed_write_lost() -> None:
    """Michael et al., DISC 2017: diskless recovery as published is not safe. At no time is more than one of three down."""
    script = forgotten_promise(VRNode)
    assert script.broken == [SURVIVAL, ASSERTION, ORDER, LINEARIZABLE]
    assert CARD.claims(CARD.with_defaults({"disk": "nothing"})).plain() == {
        "consistency": "none",
        "availability": "clean majority",
        "loses": True,
    }


def test_with_the_view_on_disk_the_same_promise_is_kept() -> None:
    """1988: n3 knows after its crash that it promised itself to view 1, and brings the others there."""
    script = forgotten_promise(VRNode, disk="view")
    assert script.findings == []
    assert script.seen["view change for a recovering replica"] > 0
    assert [script.sim.roles[id][0] for id in script.members].count(PRIMARY) >= 1
    assert BACKUP in [script.sim.roles[id][0] for id in script.members]


NEEDS_ITS_SCRIPT = (
    vr_bugs.ForgetsNonce,
    vr_bugs.CutsBackBeforeItAsks,
    vr_bugs.OneResponseIsEnough,
    vr_bugs.IgnoresLastNormalView,
)


test_a_few_random_storms_find_it_as_well = storms_find(
    [bug for bug in BUGS if bug not in NEEDS_ITS_SCRIPT],
    lambda seed, bug: Storm(CARD, seed, node=bug, promises=[Linearizability()], failures_max=2),
    12,
)


def test_a_recovered_replica_knows_what_was_committed_and_not_all_it_acknowledged() -> None:
    """n2 acknowledges op 2 and crashes; the others go on in view 2 without it. Nobody was told that op 2 is done."""
    far = ("n3", "n4", "n5")
    script = (
        (2500, Ask("n1", WRITE, "x")),
        (3000, Cut(tuple(("n1", it) for it in far) + tuple((it, "n1") for it in far))),
        (3010, Ask("n1", WRITE, "z")),
        (3080, Crash("n2")),
        (3090, Partition((("n1",), ("n2", *far)))),
        (5000, Restart("n2")),
        (6500, Ask("n2", READ, "z")),
        (6600, Ask("n2", READ, "x")),
    )
    steps = tuple(Step(at * MS, do) for at, do in script)
    spec = Spec("lab", "lab", "lab", (LaneSpec("vr"),), nodes=5, script=steps, workload=None)
    experiment = Experiment(spec, registry.protocols())
    [lane] = experiment.lanes
    acknowledged = []
    for at in range(3010, 3080):
        experiment.run_until(at * MS)
        acknowledged += [sent.data[2] for sent in lane.flying() if sent.node == "n2"]
    assert PrepareOK(view=0, op_number=2) in acknowledged
    experiment.run_until(9 * S)
    committed, lost, at_z, at_x = lane.history.operations
    assert (committed.outcome, lost.outcome) == (OK, UNKNOWN)
    assert (at_z.outcome, at_z.result) == (OK, ())
    assert (at_x.outcome, at_x.result) == (OK, (committed.value,))
    assert {name: status for name, status, _ in lane.promises(experiment.at)}["linearizable"] == "ok"
    assert not lane.sim.sentences
