"""Dynamo beside its paper: a test for each sentence that matters. Section numbers are those of DeCandia et al., SOSP 2007."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from consensus.kernel.freeze import breaks_the_law, copied
from consensus.kernel.node import FAILED, MS, OK, READ, UNKNOWN, WRITE, Answer, OwnClock, Request, Send, SetTimer, Store
from consensus.kernel.rng import Stream
from consensus.kernel.sentences import Refused
from consensus.protocols.answering.dynamo import (
    CARD,
    TOKENS,
    Context,
    Dot,
    Dynamo,
    Handoff,
    HandoffReply,
    MerkleKeys,
    MerkleRoot,
    MerkleRootReply,
    Probe,
    ProbeReply,
    ReadRepair,
    ReplicaRead,
    ReplicaReadReply,
    ReplicaWrite,
    ReplicaWriteReply,
    Run,
    Version,
    context_of,
    joined,
    last_write_wins,
    leaf_of,
    listed,
    position,
    preference_list,
    ring,
    root_of,
    syntactic_reconciliation,
    values,
)
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Heal, Intervention, Partition, Restart, SetClock, Wipe
from consensus.runs.lane import Lane
from consensus.runs.spec import LaneSpec, Spec, Step
from tests.kit.probe import messages, notes, restarted, sent_to

MEMBERS = ("n1", "n2", "n3", "n4", "n5")
KEY = "x"
A, B, C, D, E = preference_list(MEMBERS, KEY)  # A, B, C are the homes of the key when N = 3; D and E come next on the ring


def node(id: str, **knobs: Any) -> Dynamo:
    made = Dynamo(id, MEMBERS, CARD.with_defaults(knobs), Stream.named(1, "node", id))
    made.start(0)
    return made


def cluster(**knobs: Any) -> dict[str, Dynamo]:
    return {member: node(member, **knobs) for member in MEMBERS}


def get(at: Dynamo, op_id: str = "c1:1", now: int = 0) -> tuple[Any, ...]:
    return at.receive(now, "c1", Request(op_id, READ, KEY, None))


def put(at: Dynamo, value: str, op_id: str = "c1:1", now: int = 0, context: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    return at.receive(now, "c1", Request(op_id, WRITE, KEY, value, context))


def only(effects: tuple[Any, ...], kind: type) -> Any:
    found = [effect for effect in effects if isinstance(effect, kind)]
    assert len(found) == 1, found
    return found[0]


def all_of(effects: tuple[Any, ...], kind: type) -> list[Any]:
    return [effect for effect in effects if isinstance(effect, kind)]


def settle(nodes: dict[str, Dynamo], src: str, effects: tuple[Any, ...], unreachable: tuple[str, ...] = ()) -> list[Any]:
    """Delivers messages until none is left; returns all effects, in order. What goes to an unreachable node is lost."""
    seen: list[Any] = []
    waiting = [(src, effect) for effect in effects]
    while waiting:
        src, effect = waiting.pop(0)
        seen.append(effect)
        if isinstance(effect, Send) and effect.dst not in unreachable and src not in unreachable:
            waiting += [(effect.dst, more) for more in nodes[effect.dst].receive(nodes[src].now, src, effect.message)]
    return seen


def version(value: str, by: str, counter: int, *past: Run, at: int = 0, replaces: tuple[str, ...] = ()) -> Version:
    return Version(value, Dot(by, counter), past, at, replaces)


def holds(at: Dynamo, *versions: Version, key: str = KEY) -> None:
    """Lets a node hold these versions, as if they had come long ago."""
    at.keep(key, versions)
    at._taken()


# --- 4.2 partitioning and 4.3 replication ----------------------------------------------------------


def test_each_node_is_assigned_to_several_points_on_the_ring() -> None:
    """Virtual nodes. 4.2"""
    owners = [owner for _, owner in ring(MEMBERS)]
    assert all(owners.count(member) == TOKENS for member in MEMBERS)
    assert [position for position, _ in ring(MEMBERS)] == sorted(position for position, _ in ring(MEMBERS))


def test_a_preference_list_contains_only_distinct_nodes() -> None:
    """Further positions of a node that is on the list already are skipped. 4.3"""
    for number in range(500):
        nodes = preference_list(MEMBERS, f"k{number}")
        assert sorted(nodes) == list(MEMBERS)


def test_a_key_is_assigned_to_the_first_node_clockwise_of_its_position() -> None:
    """Walk the ring clockwise to the first node with a position larger than the item's. 4.2"""
    for number in range(200):
        key = f"k{number}"
        later = [owner for at, owner in ring(MEMBERS) if at >= position(key)]
        assert preference_list(MEMBERS, key)[0] == (later or [ring(MEMBERS)[0][1]])[0]


def test_a_departing_node_affects_only_its_neighbours() -> None:
    """Without n5, keys that it did not hold keep their nodes; of the others only n5's place is filled. 4.2"""
    for number in range(500):
        key = f"k{number}"
        whole, without = preference_list(MEMBERS, key), preference_list(MEMBERS[:4], key)
        assert tuple(member for member in whole if member != "n5") == without


def test_the_load_is_spread_over_all_nodes() -> None:
    """No node is first for less than a third or more than twice its fair share of the keys. 4.2"""
    firsts = [preference_list(MEMBERS, f"k{number}")[0] for number in range(2000)]
    for member in MEMBERS:
        assert 2000 / 5 / 3 < firsts.count(member) < 2000 / 5 * 2


def test_the_ring_is_the_same_on_every_machine() -> None:
    """Nothing of it comes from Python's own hash, which differs from process to process."""
    assert (preference_list(MEMBERS, "x"), preference_list(MEMBERS, "y")) == (
        ("n1", "n3", "n4", "n5", "n2"),
        ("n2", "n5", "n4", "n3", "n1"),
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5, 25])
def test_each_item_is_replicated_at_n_hosts(n: int) -> None:
    """N is configured per instance; more than there are members cannot be. 4.3"""
    nodes = cluster(n=n, w=n)
    settle(nodes, E, put(nodes[E], "1"))
    holding = [member for member in MEMBERS if nodes[member].data.get(KEY)]
    assert sorted(holding) == sorted(preference_list(MEMBERS, KEY)[:n])


# --- 4.4 data versioning ---------------------------------------------------------------------------


def test_figure_3_version_evolution() -> None:
    """D1 and D2 by Sx; D3 by Sy and D4 by Sz, both from D2, are siblings; Sx reconciles them as D5. Figure 3"""
    d1 = Version("D1", Dot("Sx", 1), ())
    d2 = Version("D2", Dot("Sx", 2), d1.clock)
    d3 = Version("D3", Dot("Sy", 1), d2.clock)
    d4 = Version("D4", Dot("Sz", 1), d2.clock)
    assert [listed((each,)) for each in (d1, d2, d3, d4)] == [
        "D1 [Sx,1]",
        "D2 [Sx,2]",
        "D3 [Sx,2] [Sy,1]",
        "D4 [Sx,2] [Sz,1]",
    ]
    assert syntactic_reconciliation((d1, d2)) == (d2,)
    assert syntactic_reconciliation((d2, d3, d1)) == (d3,)
    assert syntactic_reconciliation((d4, d3)) == (d3, d4)
    context = context_of((d3, d4))
    assert context.clock == (Run("Sx", 1, 2), Run("Sy", 1, 1), Run("Sz", 1, 1))  # the summary of both clocks
    d5 = Version("D5", Dot("Sx", 3), context.clock)
    assert listed((d5,)) == "D5 [Sx,3] [Sy,1] [Sz,1]"
    assert syntactic_reconciliation((d3, d5, d4, d1, d2)) == (d5,)


def test_figure_3_as_puts_and_gets() -> None:
    """The same evolution through coordinators: three homes, contexts handed over by clients. Figure 3"""
    nodes = cluster(put_context="client's own")

    def write(at: str, value: str, context: Context | tuple[()], unreachable: tuple[str, ...] = ()) -> Context:
        effects = settle(nodes, at, put(nodes[at], value, f"c:{value}", context=context), unreachable)
        return next(effect.context for effect in effects if isinstance(effect, Answer))

    after_d1 = write(A, "D1", ())
    after_d2 = write(A, "D2", after_d1)
    assert nodes[B].data[KEY] == nodes[A].data[KEY] and values(nodes[A].data[KEY]) == ("D2",)
    write(B, "D3", after_d2, unreachable=(A, C))
    write(C, "D4", after_d2, unreachable=(A, B))
    nodes[A].keep(KEY, nodes[B].data[KEY] + nodes[C].data[KEY])
    read = only(get(nodes[A], "c:r"), Answer)
    assert read.result == ("D3", "D4")
    write(A, "D5", read.context)
    assert nodes[A].data[KEY][0].clock == joined([(Run(A, 1, 3),), (Run(B, 1, 1),), (Run(C, 1, 1),)])
    assert [values(nodes[home].data[KEY]) for home in (A, B, C)] == [("D5",)] * 3


def test_a_version_whose_counters_are_all_less_or_equal_is_an_ancestor_and_is_forgotten() -> None:
    """4.4; with clocks whose runs begin at 1 the comparison by dots agrees with the paper's comparison by counters."""
    stream = Stream(7)
    for _ in range(2000):
        versions: list[Version] = []
        counters = dict.fromkeys("abc", 0)
        copies: dict[str, tuple[Version, ...]] = dict.fromkeys("abc", ())
        for number in range(8):
            at = stream.choice("abc")
            if stream.chance(500_000):
                copies[at] = syntactic_reconciliation(copies[at] + copies[stream.choice("abc")])
            counters[at] += 1
            fresh = Version(str(number), Dot(at, counters[at]), context_of(copies[at]).clock)
            copies[at] = (fresh,)
            versions.append(fresh)
        for one in versions:
            for other in versions:
                mine, theirs = {r.node: r.last for r in one.clock}, {r.node: r.last for r in other.clock}
                ancestor = one != other and all(count <= theirs.get(who, 0) for who, count in mine.items())
                assert other.descends_from(one) == ancestor


def test_reconciliation_does_not_depend_on_the_order_of_arrival() -> None:
    stream = Stream(11)
    d1 = version("1", "n1", 1)
    d2 = version("2", "n2", 1, *d1.clock)
    d3 = version("3", "n3", 1, *d1.clock)
    d4 = version("4", "n1", 2, *d3.clock)
    for _ in range(50):
        assert syntactic_reconciliation(tuple(stream.shuffled((d1, d2, d3, d4, d2)))) == (d2, d4)


def test_clocks_know_exactly_which_events_they_know() -> None:
    """Runs that touch become one; a gap stays a gap."""
    assert joined([(Run("n1", 1, 2),), (Run("n1", 3, 3),)]) == (Run("n1", 1, 3),)
    assert joined([(Run("n1", 1, 1),), (Run("n1", 3, 4),)]) == (Run("n1", 1, 1), Run("n1", 3, 4))
    assert joined([(Run("n1", 1, 5),), (Run("n1", 2, 3), Run("n2", 1, 1))]) == (Run("n1", 1, 5), Run("n2", 1, 1))
    assert joined([(Run("n10", 1, 1), Run("n2", 1, 1))]) == (Run("n2", 1, 1), Run("n10", 1, 1))
    assert listed((version("7", "n5", 2),)) == "7 [n5,2-2]"


def test_joining_clocks_is_the_union_of_what_they_know() -> None:
    stream = Stream(5)

    def events(clock: tuple[Run, ...]) -> list[tuple[str, int]]:
        return sorted((run.node, count) for run in clock for count in range(run.first, run.last + 1))

    for _ in range(500):
        dots = [(stream.choice(("n1", "n2")), stream.between(1, 9)) for _ in range(stream.below(12))]
        clock = joined((Run(who, count, count),) for who, count in dots)
        assert events(clock) == sorted(set(dots))
        assert all(a.node != b.node or a.last + 1 < b.first for a, b in pairwise(clock))


def test_two_puts_from_one_old_context_through_one_coordinator_become_siblings() -> None:
    """By the paper's comparison [Sx,2] would descend from [Sx,1] and an acknowledged write would be gone (the file's head)."""
    a = node(A, put_context="client's own")
    assert only(put(a, "7", "c1:1"), Answer).outcome == OK
    assert only(put(a, "8", "c2:1"), Answer).outcome == OK
    assert values(a.data[KEY]) == ("7", "8")
    assert [v.clock for v in a.data[KEY]] == [(Run(A, 1, 1),), (Run(A, 2, 2),)]


def test_a_put_supersedes_what_its_context_saw_and_nothing_else() -> None:
    """The context tells which version the put descends from. 4.4"""
    a = node(A, put_context="client's own")
    seen = only(put(a, "7", "c1:1"), Answer).context
    put(a, "8", "c2:1")
    effects = put(a, "9", "c1:2", context=seen)
    assert values(a.data[KEY]) == ("8", "9")
    assert only(effects, Store).based_on == ("7",)


def test_a_put_that_reads_first_supersedes_all_siblings_that_it_read() -> None:
    a = node(A)
    holds(a, version("7", B, 1), version("8", C, 1))
    effects = put(a, "9")
    assert values(a.data[KEY]) == ("9",)
    assert only(effects, Store).based_on == ("7", "8")


def test_sequential_puts_by_clients_that_never_read_make_no_siblings() -> None:
    """Each put reads first, whichever node coordinates."""
    nodes = cluster()
    for number in range(1, 30):
        at = MEMBERS[number % 5]
        settle(nodes, at, put(nodes[at], str(number), f"c{at}:{number}"))
        assert [values(nodes[home].data[KEY]) for home in (A, B, C)] == [(str(number),)] * 3


def test_a_dot_names_one_version_for_ever() -> None:
    """Versions are immutable (4.4): a second version by the same event halts the node."""
    a = node(A)
    holds(a, version("7", B, 1))
    with pytest.raises(AssertionError, match="one event made two"):
        a.receive(0, B, ReplicaWrite("c1:1", KEY, version("8", B, 1)))


# --- 4.5 get and put -------------------------------------------------------------------------------


def test_any_node_can_coordinate_any_key() -> None:
    """Any storage node is eligible to receive operations for any key. 4.5"""
    for member in MEMBERS:
        nodes = cluster(r=2, w=2)
        effects = settle(nodes, member, put(nodes[member], "7"))
        assert [e.outcome for e in effects if isinstance(e, Answer)] == [OK]
        for other in MEMBERS:
            effects = settle(nodes, other, get(nodes[other], "c2:1"))
            assert [e.result for e in effects if isinstance(e, Answer)] == [("7",)]


def test_the_coordinator_writes_locally_and_sends_the_new_version_to_the_other_highest_ranked_nodes() -> None:
    a = node(A)
    effects = put(a, "7")
    assert sent_to(effects, ReplicaWrite) == [B, C]
    assert messages(effects, ReplicaWrite)[0].version == Version("7", Dot(A, 1), ())
    assert only(effects, Store) == Store(KEY, ("7",), (), "data")
    assert not sent_to(effects, ReplicaRead)  # R = 1: its own copy was read


@pytest.mark.parametrize("w", [1, 2, 3])
def test_a_put_succeeds_when_w_nodes_have_it_the_coordinator_among_them(w: int) -> None:
    """If at least W-1 other nodes respond, the write is considered successful. 4.5"""
    a = node(A, w=w)
    effects = put(a, "7")
    answered_after = 1 if all_of(effects, Answer) else None
    for count, home in enumerate((B, C), start=2):
        if all_of(a.receive(20 * MS, home, ReplicaWriteReply("c1:1")), Answer):
            answered_after = count
    assert answered_after == w


@pytest.mark.parametrize("r", [1, 2, 3])
def test_a_get_waits_for_r_responses(r: int) -> None:
    a = node(A, r=r)
    holds(a, version("7", B, 1))
    effects = get(a)
    assert sent_to(effects, ReplicaRead) == [B, C]
    answered_after = 1 if all_of(effects, Answer) else None
    for count, home in enumerate((B, C), start=2):
        if all_of(a.receive(20 * MS, home, ReplicaReadReply("c1:1", (version("7", B, 1),))), Answer):
            answered_after = count
    assert answered_after == r


def test_one_node_that_answers_twice_is_counted_once() -> None:
    a = node(A, r=3, w=3)
    get(a)
    a.receive(20 * MS, B, ReplicaReadReply("c1:1", ()))
    assert not all_of(a.receive(21 * MS, B, ReplicaReadReply("c1:1", ())), Answer)
    assert all_of(a.receive(22 * MS, C, ReplicaReadReply("c1:1", ())), Answer)
    b = node(A, w=3)
    put(b, "7")
    b.receive(20 * MS, B, ReplicaWriteReply("c1:1"))
    assert not all_of(b.receive(21 * MS, B, ReplicaWriteReply("c1:1")), Answer)
    assert all_of(b.receive(22 * MS, C, ReplicaWriteReply("c1:1")), Answer)


def test_a_get_returns_all_versions_that_are_causally_unrelated() -> None:
    """4.5; in numerical order on every node, with a context that has seen them all."""
    a = node(A, r=2)
    old = version("1", A, 1)
    holds(a, old)
    get(a)
    answer = only(
        a.receive(20 * MS, B, ReplicaReadReply("c1:1", (version("10", B, 1, *old.clock), version("9", C, 1)))), Answer
    )
    assert (answer.outcome, answer.result) == (OK, ("9", "10"))
    assert answer.context == Context((Run(A, 1, 1), Run(B, 1, 1), Run(C, 1, 1)), ("9", "10"))


def test_a_get_of_a_key_that_nobody_wrote_returns_nothing() -> None:
    assert only(get(node(A)), Answer) == Answer("c1:1", OK)


def test_a_get_that_misses_r_fails() -> None:
    """Nothing happened, so the coordinator may say so."""
    a = node(A, r=2, sloppy=False)
    get(a)
    a.fire(60 * MS, "retry", ("c1:1",))
    answer = only(a.fire(200 * MS, "timeout", ("c1:1",)), Answer)
    assert (answer.outcome, answer.reason) == (FAILED, "1 of R = 2 replicas answered")
    assert not a.coordinations


def test_a_put_that_could_not_read_first_fails_because_nothing_was_written() -> None:
    a = node(A, r=2, w=1, sloppy=False)
    put(a, "7")
    answer = only(a.fire(200 * MS, "timeout", ("c1:1",)), Answer)
    assert (answer.outcome, a.data) == (FAILED, {})


def test_a_put_that_misses_w_is_unknown_because_it_stands_on_some_disk() -> None:
    """A later get may return it: failed would be a lie."""
    a = node(A, w=2, sloppy=False)
    put(a, "7")
    a.fire(60 * MS, "retry", ("c1:1",))
    assert only(a.fire(200 * MS, "timeout", ("c1:1",)), Answer).outcome == UNKNOWN
    assert only(get(a, "c2:1", 300 * MS), Answer).result == ("7",)


def test_a_late_answer_to_a_request_that_is_over_changes_nothing() -> None:
    a = node(A, w=2, sloppy=False)
    put(a, "7")
    a.fire(200 * MS, "timeout", ("c1:1",))
    assert a.receive(250 * MS, B, ReplicaWriteReply("c1:1")) == ()
    assert a.receive(250 * MS, B, ReplicaReadReply("c1:1", ())) == ()


def test_the_dials_can_turn_while_it_runs() -> None:
    a = node(A, w=1)
    a.knobs["w"] = 2
    assert not all_of(put(a, "7"), Answer)
    a.knobs["w"] = 9  # at most N count
    assert a.w == 3


# --- 5 read repair ---------------------------------------------------------------------------------


def test_replicas_that_returned_stale_versions_are_updated_after_the_answer() -> None:
    """Read repair. 5"""
    a = node(A, r=1)
    old = version("7", B, 1)
    new = version("8", A, 1, *old.clock)
    holds(a, new)
    assert only(get(a), Answer).result == ("8",)
    assert a.receive(20 * MS, B, ReplicaReadReply("c1:1", (old,))) == ()  # still waiting for C
    effects = a.receive(30 * MS, C, ReplicaReadReply("c1:1", (new,)))
    assert sent_to(effects, ReadRepair) == [B]
    assert notes(effects) == ["read repair"]
    b = node(B)
    holds(b, old)
    assert only(b.receive(40 * MS, A, messages(effects, ReadRepair)[0]), Store).values == ("8",)


def test_read_repair_waits_a_small_time_for_outstanding_responses_and_no_longer() -> None:
    a = node(A)
    holds(a, version("8", A, 1))
    get(a)
    a.receive(20 * MS, B, ReplicaReadReply("c1:1", ()))
    effects = a.fire(60 * MS, "retry", ("c1:1",))
    assert sent_to(effects, ReadRepair) == [B]
    assert (a.coordinations, list(a.suspected)) == ({}, [C])


def test_the_coordinator_repairs_its_own_copy_too() -> None:
    a = node(A)
    get(a)
    a.receive(20 * MS, B, ReplicaReadReply("c1:1", (version("8", B, 1),)))
    a.receive(20 * MS, C, ReplicaReadReply("c1:1", (version("8", B, 1),)))
    assert values(a.data[KEY]) == ("8",)


def test_read_repair_can_be_turned_off() -> None:
    a = node(A, read_repair=False)
    holds(a, version("8", A, 1))
    get(a)
    a.receive(20 * MS, B, ReplicaReadReply("c1:1", ()))
    effects = a.receive(30 * MS, C, ReplicaReadReply("c1:1", ()))
    assert (sent_to(effects, ReadRepair), a.coordinations) == ([], {})


# --- 4.6 sloppy quorum and hinted handoff ----------------------------------------------------------


def silenced(a: Dynamo, *peers: str) -> Dynamo:
    for peer in peers:
        a.suspect(peer)
    a._taken()
    return a


def test_operations_involve_the_first_n_healthy_nodes_not_always_the_first_n() -> None:
    """4.6; A coordinates, B is down, D is next on the ring."""
    a = silenced(node(A), B)
    assert a.involved(KEY) == {A: A, C: C, D: B}
    effects = put(a, "7")
    assert [(dst, m.hint) for dst, m in zip(sent_to(effects, ReplicaWrite), messages(effects, ReplicaWrite), strict=True)] == [
        (C, ""),
        (D, B),
    ]


def test_a_coordinator_that_is_no_home_is_the_first_stand_in_itself() -> None:
    e = silenced(node(E), A)
    effects = put(e, "7")
    assert values(e.hints[A][KEY]) == ("7",)
    assert sent_to(effects, ReplicaWrite) == [B, C]  # not D, though it comes first on the ring


def test_when_nobody_is_left_the_doubtful_home_itself_is_asked() -> None:
    a = silenced(node(A), B, C, D, E)
    assert a.involved(KEY) == {A: A, B: B, C: C}


def test_a_hinted_replica_says_for_whom_it_is_and_is_kept_apart() -> None:
    """Kept in a separate local database. 4.6"""
    d = node(D)
    effects = d.receive(0, A, ReplicaWrite("c1:1", KEY, version("7", A, 1), B))
    assert only(effects, Store) == Store(KEY, ("7",), (), "hint")
    assert sent_to(effects, ReplicaWriteReply) == [A]
    assert (d.data, values(d.hints[B][KEY])) == ({}, ("7",))


def test_a_stand_in_returns_what_it_keeps_for_others_to_a_get() -> None:
    d = node(D)
    d.receive(0, A, ReplicaWrite("c1:1", KEY, version("7", A, 1), B))
    assert messages(d.receive(0, E, ReplicaRead("c2:1", KEY)), ReplicaReadReply)[0].versions == (version("7", A, 1),)


def test_a_home_that_does_not_answer_in_time_is_replaced_within_the_operation() -> None:
    a = node(A, w=3)
    put(a, "7")
    a.receive(20 * MS, C, ReplicaWriteReply("c1:1"))
    effects = a.fire(60 * MS, "retry", ("c1:1",))
    assert notes(effects) == ["suspected"]
    assert [(dst, m.hint) for dst, m in zip(sent_to(effects, ReplicaWrite), messages(effects, ReplicaWrite), strict=True)] == [
        (D, B)
    ]
    assert only(a.receive(80 * MS, D, ReplicaWriteReply("c1:1")), Answer).outcome == OK


def test_a_put_that_is_answered_still_finds_a_stand_in_for_a_silent_home() -> None:
    """Durability does not end with W."""
    a = node(A, w=1)
    assert only(put(a, "7"), Answer).outcome == OK
    effects = a.fire(60 * MS, "retry", ("c1:1",))
    assert sent_to(effects, ReplicaWrite) == [D, E]
    assert [m.hint for m in messages(effects, ReplicaWrite)] == [B, C]


def test_an_isolated_node_answers_with_r_and_w_of_one() -> None:
    """Always writeable: a write is rejected only when no node is available at all. 4.6"""
    for member in MEMBERS:
        alone = node(member)
        said = all_of(put(alone, "7"), Answer) or all_of(alone.fire(60 * MS, "retry", ("c1:1",)), Answer)
        assert [answer.outcome for answer in said] == [OK]
        said = all_of(get(alone, "c1:2", 100 * MS), Answer) or all_of(alone.fire(160 * MS, "retry", ("c1:2",)), Answer)
        assert [(answer.outcome, answer.result) for answer in said] == [(OK, ("7",))]


def test_in_a_strict_quorum_nobody_stands_in() -> None:
    a = node(A, sloppy=False, r=2, w=2)
    get(a)
    effects = a.fire(60 * MS, "retry", ("c1:1",))
    assert sent_to(effects, ReplicaRead) == [B, C]  # asked once more: perhaps only the message was lost


def test_a_hint_is_delivered_to_its_home_and_then_deleted() -> None:
    """Once the transfer succeeds, the object may be deleted from the local store. 4.6"""
    nodes = cluster()
    settle(nodes, A, put(silenced(nodes[A], B), "7"), unreachable=(B,))
    assert (nodes[B].data, values(nodes[D].hints[B][KEY])) == ({}, ("7",))
    effects = settle(nodes, D, nodes[D].fire(300 * MS, "handoff"))
    assert values(nodes[B].data[KEY]) == ("7",)
    assert not nodes[D].hints[B]
    assert Store(KEY, (), (), "hint") in effects
    assert "hint handed off" in notes(tuple(effects))


def test_a_hint_is_kept_until_its_home_says_that_it_arrived() -> None:
    d = node(D)
    d.keep_hint(B, KEY, (version("7", A, 1),))
    for scan in range(1, 4):
        assert sent_to(d.fire(scan * 200 * MS, "handoff"), Handoff) == [B]
    assert values(d.hints[B][KEY]) == ("7",)


def test_what_was_hinted_meanwhile_is_not_deleted_with_what_arrived() -> None:
    d = node(D)
    d.keep_hint(B, KEY, (version("7", A, 1),))
    d.keep_hint(B, KEY, (version("8", C, 1),))
    effects = d.receive(0, B, HandoffReply(KEY, (Dot(A, 1),)))
    assert values(d.hints[B][KEY]) == ("8",)
    assert Store(KEY, ("8",), (), "hint") in effects
    assert sent_to(effects, Handoff) == [B]  # the rest follows at once


def test_one_node_keeps_hints_of_one_key_for_several_homes() -> None:
    d = node(D)
    d.keep_hint(A, KEY, (version("7", E, 1),))
    d.keep_hint(B, KEY, (version("8", E, 2),))
    assert all_of(d._taken(), Store)[-1] == Store(KEY, ("7", "8"), (), "hint")
    assert sorted(sent_to(d.fire(200 * MS, "handoff"), Handoff)) == sorted((A, B))
    effects = d.receive(0, A, HandoffReply(KEY, (Dot(E, 1),)))
    assert Store(KEY, ("8",), (), "hint") in effects


def test_a_second_handoff_of_the_same_hint_changes_nothing() -> None:
    b = node(B)
    handoff = Handoff(KEY, (version("7", A, 1),))
    assert all_of(b.receive(0, D, handoff), Store)
    assert not all_of(b.receive(0, D, handoff), Store)
    assert node(D).receive(0, B, HandoffReply(KEY, (Dot(A, 1),))) == ()


def test_a_copy_at_a_node_that_is_no_home_any_more_moves_to_a_home() -> None:
    """When N is turned down while it runs: nothing is left behind."""
    nodes = cluster()
    settle(nodes, A, put(nodes[A], "7"))
    for each in nodes.values():
        each.knobs["n"] = 2
    effects = settle(nodes, C, nodes[C].fire(300 * MS, "handoff"))
    assert (nodes[C].data, nodes[C].hints[A]) == ({}, {})
    assert Store(KEY, (), (), "data") in effects
    assert values(nodes[A].data[KEY]) == ("7",)


# --- 4.8.3 failure detection -----------------------------------------------------------------------


def test_a_node_that_does_not_answer_our_messages_is_suspected_by_us_alone() -> None:
    """A purely local notion of failure detection is sufficient. 4.8.3"""
    nodes = cluster()
    put(nodes[A], "7")
    nodes[A].receive(20 * MS, C, ReplicaWriteReply("c1:1"))
    nodes[A].fire(60 * MS, "retry", ("c1:1",))
    assert list(nodes[A].suspected) == [B]
    assert not nodes[C].suspected


def test_a_suspect_is_probed_and_its_answer_clears_it() -> None:
    """A periodically retries B to check for the latter's recovery. 4.8.3"""
    a = silenced(node(A), B, C)
    assert sent_to(a.fire(200 * MS, "handoff"), Probe) == [B]
    assert sent_to(a.fire(400 * MS, "handoff"), Probe) == [C]  # one at a time, in turn
    b = node(B)
    reply = messages(b.receive(210 * MS, A, Probe()), ProbeReply)[0]
    a.receive(420 * MS, B, reply)
    assert list(a.suspected) == [C]


def test_that_a_suspect_speaks_is_not_enough_it_must_answer() -> None:
    """It may not hear us: the link may be cut one way."""
    a = silenced(node(A), B)
    a.receive(0, B, ReplicaRead("c9:1", KEY))
    assert list(a.suspected) == [B]


# --- 4.7 anti-entropy ------------------------------------------------------------------------------


def test_replicas_that_agree_exchange_the_roots_of_their_trees_and_nothing_more() -> None:
    """If the roots are equal, the trees are, and no synchronization is needed. 4.7"""
    nodes = cluster()
    settle(nodes, A, put(nodes[A], "7"))
    effects = settle(nodes, A, (Send(B, _root(nodes[A], B)),))
    assert [effect.message for effect in effects if isinstance(effect, Send)][1:] == [MerkleRootReply(())]


def _root(at: Dynamo, peer: str) -> MerkleRoot:
    return MerkleRoot(root_of(at.leaves(peer)))


def test_replicas_that_differ_exchange_the_keys_that_are_out_of_sync_and_no_others() -> None:
    """4.7; both ways, siblings included."""
    nodes = cluster(n=5)
    same = "k1"
    assert leaf_of(same) != leaf_of(KEY)
    for each in (nodes[A], nodes[B]):
        holds(each, version("1", A, 1), key=same)
    holds(nodes[A], version("7", A, 1))
    holds(nodes[B], version("8", B, 1))
    effects = settle(nodes, A, (Send(B, _root(nodes[A], B)),))
    keys = [key for m in messages(tuple(effects), MerkleKeys) for key, _ in m.objects]
    assert keys == [KEY]
    assert values(nodes[A].data[KEY]) == values(nodes[B].data[KEY]) == ("7", "8")
    assert notes(tuple(effects)).count("anti-entropy repaired") == 2


def test_trees_cover_only_the_keys_that_both_nodes_host() -> None:
    """The root of the tree of the key ranges that they host in common. 4.7"""
    a = node(A)
    holds(a, version("7", A, 1))
    assert a.leaves(D) == node(D).leaves(A)
    assert a.leaves(B) != node(B).leaves(A)


def test_anti_entropy_converges_without_any_reads_or_writes() -> None:
    nodes = cluster()
    holds(nodes[A], version("7", A, 1))
    holds(nodes[C], version("8", C, 1), version("9", E, 1))
    for round in range(1, 40):
        for member in MEMBERS:
            settle(nodes, member, nodes[member].fire(round * 500 * MS, "anti_entropy"))
    assert [nodes[home].data[KEY] for home in (A, B, C)] == [nodes[A].data[KEY]] * 3
    assert values(nodes[A].data[KEY]) == ("7", "8", "9")
    assert not nodes[D].data and not nodes[E].data


def test_an_ancestor_does_not_come_back_through_anti_entropy() -> None:
    old = version("7", A, 1)
    nodes = cluster()
    holds(nodes[A], old)
    holds(nodes[B], version("8", B, 1, *old.clock))
    settle(nodes, A, (Send(B, _root(nodes[A], B)),))
    assert values(nodes[A].data[KEY]) == values(nodes[B].data[KEY]) == ("8",)


# --- 6 timestamp based reconciliation --------------------------------------------------------------


def test_the_object_with_the_largest_timestamp_is_the_correct_version() -> None:
    """Last write wins. 6"""
    a = node(A, conflicts="lww")
    a.keep(KEY, (version("7", B, 1, at=20), version("8", C, 1, at=10)))
    assert values(a.data[KEY]) == ("7",)
    a.keep(KEY, (version("9", C, 2, at=30),))
    assert values(a.data[KEY]) == ("9",)
    assert notes(a._taken()) == ["lww dropped", "lww dropped"]


def test_equal_timestamps_are_broken_by_the_node_in_the_same_way_everywhere() -> None:
    one, other = version("7", "n2", 1, at=5), version("8", "n10", 1, at=5)
    assert last_write_wins((one, other)) == last_write_wins((other, one)) == (other,)


def test_last_write_wins_drops_an_acknowledged_write_without_a_word() -> None:
    """Its clock was behind: the writer is told ok, and the value is nowhere."""
    a = node(A, conflicts="lww", put_context="client's own")
    holds(a, version("7", B, 1, at=10 * MS))
    a._taken()
    a.own_clock = OwnClock(-5 * MS)
    effects = put(a, "8", now=12 * MS)
    assert only(effects, Answer).outcome == OK
    assert not all_of(effects, Store)
    assert "lww dropped" in notes(effects)
    assert values(a.data[KEY]) == ("7",)


def test_a_later_write_that_knew_the_earlier_one_is_not_counted_as_a_loss() -> None:
    a = node(A, conflicts="lww")
    put(a, "7", "c1:1", now=10 * MS)
    effects = put(a, "8", "c1:2", now=20 * MS)
    assert only(effects, Store).values == ("8",)
    assert "lww dropped" not in notes(effects)


def test_the_timestamp_is_that_of_the_coordinators_own_clock() -> None:
    a = node(A, conflicts="lww")
    a.own_clock = OwnClock(10_000 * MS)
    assert messages(put(a, "7", now=5 * MS), ReplicaWrite)[0].version.timestamp == 10_005 * MS


def test_turning_siblings_into_last_write_wins_settles_what_lies_on_disk() -> None:
    a = node(A)
    holds(a, version("7", B, 1, at=20), version("8", C, 1, at=10))
    assert values(a.data[KEY]) == ("7", "8")
    a.knobs["conflicts"] = "lww"
    effects = a.fire(500 * MS, "anti_entropy")
    assert only(effects, Store).values == ("7",)
    assert "lww dropped" in notes(effects)


# --- disks and restarts ----------------------------------------------------------------------------


def test_a_restart_keeps_versions_hints_and_counters_and_forgets_suspicions_and_requests() -> None:
    a = silenced(node(A), B)
    a.keep_hint(E, KEY, (version("3", C, 1),))
    put(a, "7")
    again = restarted(a, 500 * MS)
    assert values(again.data[KEY]) == ("7",)
    assert values(again.hints[E][KEY]) == ("3",)
    assert (again.suspected, again.coordinations) == ({}, {})
    put(again, "8", "c1:2", now=500 * MS)
    assert again.data[KEY][0].dot == Dot(A, 2)


def test_a_node_that_lost_its_disk_never_uses_an_event_twice() -> None:
    """Or the new write would look like an old one, and be forgotten where the old one is known."""
    a = node(A)
    before = messages(put(a, "7"), ReplicaWrite)[0].version
    again = restarted(a, 500 * MS, wiped=True)
    after = messages(put(again, "8", "c1:2", now=500 * MS), ReplicaWrite)[0].version
    assert after.dot.node.startswith(f"{A}#") and after.dot.counter == 1
    assert not before.descends_from(after) and not after.descends_from(before)
    third = restarted(again, 600 * MS)  # the new name is on disk
    assert messages(put(third, "9", "c1:3", now=600 * MS), ReplicaWrite)[0].version.dot == (after.dot.node, 2)


def run(*script: tuple[int, Intervention]) -> Lane:
    """Three nodes, all of them homes of the key; one answer is enough, and nobody stands in."""
    steps = tuple(Step(at * MS, do) for at, do in script)
    lanes = (LaneSpec("dynamo", (("n", 3), ("r", 1), ("w", 1), ("sloppy", False))),)
    experiment = Experiment(Spec("lab", "lab", "lab", lanes, nodes=3, workload=None, script=steps), registry.protocols())
    experiment.run_until(8000 * MS)
    lane = experiment.lanes[0]
    assert not lane.sim.sentences and not lane.watch.lost(experiment.at)
    return lane


@pytest.mark.parametrize("behind", [0, 10_000_000])
def test_a_clock_that_is_behind_loses_no_write_after_a_lost_disk(behind: int) -> None:
    """What the node wrote before and what it writes after are siblings, whatever its clock says."""
    lane = run(
        (1000, Ask("n1", WRITE, KEY)),
        (2000, Ask("n1", WRITE, KEY)),
        (3000, SetClock("n1", -behind)),
        (3100, Wipe("n1")),
        (3150, Partition((("n1",), ("n2", "n3")))),
        (3200, Restart("n1")),
        (3500, Ask("n1", WRITE, KEY)),
        (4000, Heal()),
        (6000, Ask("n3", READ, KEY)),
    )
    assert lane.history.operations[-1].result == ("2", "3")


def test_a_clock_set_back_between_two_lost_disks_makes_nobody_halt() -> None:
    """Two incarnations never name two versions by one event."""
    alone, home = Partition((("n1",), ("n2", "n3"))), ("n1", "n2", "n3")
    lane = run(
        (1500, Wipe("n1")),
        (1990, alone),
        (2000, Restart("n1")),
        (2100, Ask("n1", WRITE, KEY)),
        (2200, Heal()),
        (4000, alone),
        (4100, Wipe("n1")),
        (4150, SetClock("n1", -2_500_000)),
        (4500, Restart("n1")),
        (4600, Ask("n1", WRITE, KEY)),
        (4700, Heal()),
        *((6000, Ask(node, READ, KEY)) for node in home),
    )
    assert [op.result for op in lane.history.operations[2:]] == [("1", "2")] * 3


def test_a_hint_that_was_handed_off_and_forgotten_is_not_superseded_by_the_next() -> None:
    """E coordinates alone, twice, and hands each hint to another home. With the paper's clocks 8 would erase 7."""
    e = silenced(node(E, put_context="client's own"), A, B, C, D)
    put(e, "7", "c1:1")
    (seven,) = next(iter(e.hints.values()))[KEY]
    e.receive(0, A, HandoffReply(KEY, (seven.dot,)))
    put(e, "8", "c1:2")
    (eight,) = next(kept for kept in e.hints.values() if kept)[KEY]
    assert syntactic_reconciliation((seven, eight)) == (seven, eight)


# --- the card and the stage ------------------------------------------------------------------------


def test_the_claims_follow_the_dials() -> None:
    def claim(**knobs: Any) -> tuple[str, str, bool]:
        claims = CARD.claims(CARD.with_defaults(knobs))
        return claims.consistency, claims.availability, claims.loses

    assert claim() == ("eventual", "total", False)
    assert claim(r=2, w=2) == ("eventual", "quorum", False)  # R + W > N is not linearizability
    assert claim(sloppy=False) == ("eventual", "quorum", False)
    assert claim(conflicts="lww") == ("eventual", "total", True)
    assert claim(retry_ms=100) == ("eventual", "quorum", False)  # it may wait twice before it gives up


def test_the_knobs_refuse_what_they_cannot_be() -> None:
    for wrong in ({"n": 0}, {"sloppy": 1}, {"conflicts": "merge"}, {"r": True}, {"quorum": 2}):
        with pytest.raises(Refused):
            CARD.with_defaults(wrong)


def test_r_and_w_never_ask_more_homes_than_there_are() -> None:
    """R and W are the numbers of nodes, of N, that must take part (4.5)."""
    for wrong in ({"r": 4}, {"w": 4}, {"n": 1, "w": 2}):
        with pytest.raises(Refused, match="asks more homes than there are"):
            CARD.with_defaults(wrong)
    assert CARD.with_defaults({"n": 5, "r": 5, "w": 5})["r"] == 5


def test_the_state_keeps_the_law_of_keyframes() -> None:
    e = silenced(node(E), A)
    put(e, "7")
    put(e, "8", "c1:2")
    e.keep_hint(B, KEY, (version("3", C, 1),))
    assert breaks_the_law(e) is None
    twin = copied(e)
    e.receive(20 * MS, B, ReplicaWriteReply("c1:1"))
    assert twin.coordinations["c1:1"].replies != e.coordinations["c1:1"].replies


def test_what_the_stage_shows_is_plain_and_in_the_papers_words() -> None:
    a = silenced(node(A), B)
    put(a, "7")
    a.keep_hint(E, "y", (version("3", C, 1),))
    shown = a.describe()
    others = preference_list(MEMBERS, "y")
    assert (shown["role"], shown["epoch"], shown["store"]) == ("replica", None, {KEY: ["7"]})
    assert shown["facts"] == {
        "x": f"7 [{A},1]; preference list {A} {B} {C} | {D} {E}",
        "y": f"no copy; preference list {' '.join(others[:3])} | {' '.join(others[3:])}",
        "hints": f"y = 3 [{C},1] for {E}",
        "suspected": B,
        "coordinates": "write x: 1 of 3",
    }


def test_an_idle_cluster_is_quiet() -> None:
    """Two timers a node; one exchange of roots each half second."""
    effects = Dynamo(A, MEMBERS, CARD.with_defaults(), Stream(1)).start(0)
    assert [timer.name for timer in all_of(effects, SetTimer)] == ["handoff", "anti_entropy"]
    assert len(all_of(node(A).fire(200 * MS, "handoff"), Send)) == 0
    assert len(all_of(node(A).fire(500 * MS, "anti_entropy"), Send)) == 1
