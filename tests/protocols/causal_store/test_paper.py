"""The causal store beside its paper: one test for each sentence that matters.

Lloyd, Freedman, Kaminsky, Andersen, "Don't Settle for Eventual", SOSP 2011; section numbers are the paper's.
"""

from __future__ import annotations

from typing import Any

from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.network import LinkState
from consensus.kernel.node import FAILED, MS, OK, READ, REMOVE, WRITE, Answer, Request, S, Store
from consensus.kernel.rng import Stream
from consensus.kernel.simulation import Cluster
from consensus.protocols.answering.causal_store import (
    CARD,
    WINDOW,
    CausalStore,
    Dependency,
    PutAfter,
    PutAfterReply,
    Stored,
    Version,
)
from consensus.runs.interventions import Ask, Crash, Heal, Partition, Restart
from tests.kit.probe import messages, notes, restarted, same_to_all, sent
from tests.kit.storm import Watched, members

THREE = ("n1", "n2", "n3")


def made(me: str = "n1") -> CausalStore:
    node = CausalStore(me, THREE, CARD.with_defaults(), Stream.named(1, "node", me))
    node.start(0)
    return node


def asked(node: CausalStore, kind: str, key: str, value: str | None = None, client: str = "c1") -> tuple[Any, ...]:
    return node.receive(1, client, Request(f"{client}:1", kind, key, value))


def put(node: CausalStore, key: str, value: str, client: str = "c1") -> PutAfter:
    """A client's put; what the other clusters are sent of it."""
    effects = asked(node, WRITE, key, value, client)
    assert [effect.outcome for effect in effects if isinstance(effect, Answer)] == [OK]
    return same_to_all(effects, PutAfter, node.peers)


def get(node: CausalStore, key: str, client: str = "c1") -> tuple[str, ...]:
    (answer,) = asked(node, READ, key, None, client)
    assert isinstance(answer, Answer) and answer.outcome == OK
    return answer.result


def acknowledged(effects: tuple[Any, ...]) -> list[int]:
    return [message.number for message in messages(effects)]


# --- 3, 4.3, 4.5: the client, its library, its own cluster -----------------------------------------


def test_puts_and_gets_are_answered_by_the_own_cluster_at_once() -> None:
    """2, 4.1: all operations complete in the local cluster; replication comes afterwards."""
    node = made()
    assert get(node, "x") == ()
    put(node, "x", "1")
    assert get(node, "x") == ("1",)


def test_a_put_depends_on_what_was_read_since_the_last_put_and_on_that_put() -> None:
    """4.3: a get adds its version to the context; a put depends on the context, and then is the whole of it."""
    node = made()
    other = PutAfter("photo", "p", (), Version(7, "n2"), 1)
    node.receive(1, "n2", other)
    first = put(node, "x", "1")
    assert first.dependencies == ()
    get(node, "photo")
    second = put(node, "y", "2")
    assert second.dependencies == (
        Dependency("x", first.version, first.number),
        Dependency("photo", Version(7, "n2"), 1),
    )
    third = put(node, "z", "3")
    assert third.dependencies == (Dependency("y", second.version, second.number),)


def test_what_was_read_twice_is_one_dependency_and_each_version_read_is_one() -> None:
    node = made()
    node.receive(1, "n2", PutAfter("x", "a", (), Version(1, "n2"), 1))
    get(node, "x")
    get(node, "x")
    node.receive(1, "n2", PutAfter("x", "b", (), Version(2, "n2"), 2))
    get(node, "x")
    assert [d.number for d in put(node, "y", "1").dependencies] == [1, 2]


def test_what_every_cluster_has_met_is_no_dependency_any_more() -> None:
    """5.1: garbage collection: a node's puts up to one that all have acknowledged; later puts of that node tell the others."""
    node = made()
    first, second = put(node, "x", "1"), put(node, "y", "2", "c2")
    for number in (2, 1):
        node.receive(1, "n2", PutAfterReply(number))
    node.receive(1, "n3", PutAfterReply(2))
    assert node.stable == {"n1": 0} and first.stable == second.stable == 0
    node.receive(1, "n3", PutAfterReply(1))
    assert node.stable == {"n1": 2}
    third = put(node, "z", "3")
    assert (third.dependencies, third.stable) == ((), 2)
    other = made("n2")
    for each in (first, second):
        other.receive(1, "n1", each)
    get(other, "x")
    get(other, "y")
    assert [each.number for each in other.contexts["c1"]] == [1, 2]
    other.receive(2, "n1", third)
    assert put(other, "w", "4").dependencies == ()


def test_a_client_that_only_reads_keeps_a_short_context() -> None:
    node = made("n2")
    for number in range(1, 200):
        node.receive(1, "n1", PutAfter("x", str(number), (), Version(number, "n1"), number, max(0, number - 3)))
        get(node, "x")
    assert len(node.contexts["c1"]) == 3


def test_each_client_has_a_context_of_its_own() -> None:
    """3: causality is thread of execution, gets from, and transitivity; two clients share only what they read."""
    node = made()
    put(node, "x", "1", "c1")
    assert put(node, "y", "2", "c2").dependencies == ()


def test_a_get_of_what_nobody_put_adds_nothing() -> None:
    node = made()
    get(node, "x")
    assert put(node, "y", "1").dependencies == ()


def test_a_register_has_nothing_to_remove() -> None:
    (answer,) = asked(made(), REMOVE, "x", "1")
    assert (answer.outcome, answer.reason) == (FAILED, "a register has nothing to remove")


# --- 4.4: versions -----------------------------------------------------------------------------------


def test_versions_are_lamport_timestamps_with_the_nodes_name() -> None:
    """4.4: a put's version is later than all that its node has seen; the name breaks ties, n2 before n10."""
    node = made()
    assert put(node, "x", "1").version == Version(1, "n1")
    node.receive(1, "n2", PutAfter("y", "2", (), Version(9, "n2"), 1))
    assert put(node, "x", "3").version == Version(10, "n1")
    assert Version(10, "n2").order < Version(10, "n10").order < Version(11, "n1").order


def test_the_later_version_stands_whatever_comes_first() -> None:
    """4.4: a single order of all writes of a key: last writer wins; so all clusters settle on one value."""
    for order in ((0, 1), (1, 0)):
        puts = (PutAfter("x", "a", (), Version(3, "n2"), 1), PutAfter("x", "b", (), Version(3, "n3"), 1))
        node = made()
        noted = [name for each in order for name in notes(node.receive(1, puts[each].version.node, puts[each]))]
        assert get(node, "x") == ("b",)
        assert noted == ([] if order == (0, 1) else ["later version stands"])


# --- 4.4: replication ----------------------------------------------------------------------------------


def test_a_replicated_put_waits_for_what_it_depends_on() -> None:
    """4.4: dep_check: the put is not shown until every dependency has been written here."""
    node = made()
    photo = PutAfter("photo", "p", (), Version(1, "n2"), 1)
    comment = PutAfter("comment", "c", (Dependency("photo", photo.version, 1),), Version(2, "n3"), 1)
    effects = node.receive(1, "n3", comment)
    assert acknowledged(effects) == [] and get(node, "comment") == ()
    assert notes(effects) == ["waits for a dependency"]
    effects = node.receive(2, "n2", photo)
    assert [(each.key, each.values) for each in effects if isinstance(each, Store)] == [("photo", ("p",)), ("comment", ("c",))]
    assert acknowledged(effects) == [1, 1]
    assert node.waiting == {} and get(node, "comment") == ("c",)


def test_what_waits_for_what_waits_is_taken_in_in_order() -> None:
    node = made()
    puts = [PutAfter("a", "1", (), Version(1, "n2"), 1)]
    for number in range(2, 6):
        dependency = Dependency(puts[-1].key, puts[-1].version, puts[-1].number)
        puts.append(PutAfter("abcdef"[number - 1], str(number), (dependency,), Version(number, "n2"), number))
    stored: list[str] = []
    for each in puts[::-1]:
        stored += [effect.key for effect in node.receive(1, "n2", each) if isinstance(effect, Store)]
    assert stored == ["a", "b", "c", "d", "e"]


def test_a_later_version_of_the_key_is_not_the_dependency() -> None:
    """Ours: that the key has a later version says nothing of what the missing put itself depended on."""
    node = made()
    node.receive(1, "n3", PutAfter("x", "rival", (), Version(50, "n3"), 1))
    node.receive(1, "n3", PutAfter("y", "1", (Dependency("x", Version(3, "n2"), 4),), Version(51, "n3"), 2))
    assert get(node, "y") == ()
    node.receive(1, "n2", PutAfter("x", "late", (), Version(3, "n2"), 4))
    assert (get(node, "x"), get(node, "y")) == (("rival",), ("1",))


def test_a_put_that_comes_twice_is_taken_in_once() -> None:
    node = made()
    message = PutAfter("x", "1", (), Version(1, "n2"), 1)
    assert acknowledged(node.receive(1, "n2", message)) == [1]
    effects = node.receive(2, "n2", message)
    assert acknowledged(effects) == [1] and not [effect for effect in effects if isinstance(effect, Store)]


def test_what_is_not_acknowledged_is_sent_again_the_oldest_first() -> None:
    node = made()
    for number in range(WINDOW + 5):
        put(node, "x", str(number))
    node.receive(1, "n2", PutAfterReply(1))
    again = [(dst, message.number) for dst, message in sent(node.fire(9, "resend"))]
    assert [number for dst, number in again if dst == "n2"] == list(range(2, WINDOW + 2))
    assert [number for dst, number in again if dst == "n3"] == list(range(1, WINDOW + 1))


def test_what_must_survive_a_crash_does_and_what_waited_is_sent_again() -> None:
    """A put that was acknowledged to another cluster is on disk; one that waited was not acknowledged."""
    node = made()
    put(node, "x", "1")
    node.receive(1, "n2", PutAfter("y", "2", (Dependency("z", Version(1, "n3"), 1),), Version(2, "n2"), 1))
    back = restarted(node, 5)
    assert back.data == {"x": Stored("1", Version(1, "n1"), 1)} and back.waiting == {}
    assert back.contexts == node.contexts and list(back.outbox["n2"]) == [1]
    assert put(back, "y", "3").version == Version(2, "n1")


def test_the_state_can_be_rewound() -> None:
    node = made()
    put(node, "x", "1")
    node.receive(1, "n2", PutAfter("y", "2", (Dependency("z", Version(1, "n3"), 1),), Version(2, "n2"), 1))
    for part in (node.data, node.contexts, node.outbox, node.waiting, node.taken_of):
        assert breaks_the_law(part) is None
    facts = node.describe()["facts"]
    assert facts["waiting"] == "y = 2 after z@1.n3" and facts["to replicate"] == "1 to n2, 1 to n3"


# --- 2, 3: always on, on any cut; causal+ ----------------------------------------------------------------


def test_both_sides_of_a_cut_answer_and_settle_on_one_value_after_it() -> None:
    """2: available in the face of a partition. 3.1: convergent conflict handling: then all copies are the same for good."""
    watched = Watched(
        Cluster(CausalStore, members(4), CARD.with_defaults(), link=LinkState(10 * MS, 0), deadline=300 * MS),
        [make(members(4)) for make in CARD.invariants],
    )
    watched.carry_out(Partition((("n1",), ("n2", "n3"), ("n4",))))
    for node in ("n1", "n2", "n4"):
        watched.carry_out(Ask(node, WRITE, "x"))
        watched.run(50 * MS)
    watched.carry_out(*(Ask(node, READ, "x") for node in members(4)))
    watched.run(50 * MS)
    assert [op.result for op in watched.history.operations[3:]] == [("1",), ("2",), ("2",), ("3",)]
    watched.carry_out(Crash("n4"), Restart("n4"), Heal())
    watched.run(S)
    assert {tuple(node.describe()["store"]["x"]) for node in watched.sim.nodes.values()} == {("3",)}
    assert all(op.outcome == OK for op in watched.history.operations) and watched.findings == []


def test_the_card_claims_causal_and_total_and_the_loss_of_concurrent_writes() -> None:
    claims = CARD.claimed(CARD.with_defaults(), 5)
    assert (claims.consistency, claims.availability, claims.loses) == ("causal", "sticky", True)
