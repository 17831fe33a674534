"""The kernel's laws, with a protocol of twenty lines."""

from typing import NamedTuple

import pytest

from consensus.kernel.clients import ACCESS_DELAY, Workload
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, Node, S, Send, SetTimer
from consensus.kernel.rng import Stream
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import Cluster, Simulation
from consensus.runs.interventions import Ask, Corrupt, Crash, Cut, Heal, Pause, Restart, Resume, SetDeadline, Wipe
from consensus.watch.history import History


class Ping(NamedTuple):
    number: int


class Pong(NamedTuple):
    number: int

    @property
    def tone(self):
        return "+"


class Echo(Node):
    """Pings the others every 50 ms; answers each client with the number of pings it has sent."""

    messages = (Ping, Pong)
    timers = ("tick",)
    durable = ("sent",)

    def setup(self):
        self.sent = 0
        self.heard = 0

    def on_start(self):
        self.become("echo", 1)
        self.set_timer("tick", 50 * MS)

    def on_tick_timeout(self):
        self.sent += 1
        self.broadcast(Ping(self.sent))
        self.set_timer("tick", 50 * MS)

    def on_ping(self, src, m):
        self.heard += 1
        assert m.number < 1000, "no ping has a number of a thousand"
        self.send(src, Pong(m.number))

    def on_pong(self, src, m):
        self.heard += 1

    def on_request(self, client, m):
        self.answer(m.op_id, OK, (str(self.sent),))


THREE = ("n1", "n2", "n3")


def simulation(**changes):
    given = {"node": Echo, "members": THREE, "link": LinkState(10 * MS, 0), **changes}
    return Simulation(Cluster(**given))


def kinds(events, kind, node=None):
    return [event for event in events if event.kind == kind and node in (None, event.node)]


def history_of(events):
    history = History()
    for event in events:
        history.fold(event)
    return history.operations


def test_a_message_takes_the_delay_of_its_link():
    sim = simulation()
    sim.run_until(70 * MS)
    events = {event.id: event for event in sim.drain()}
    landings = kinds(events.values(), "delivered")
    assert landings
    assert all(landing.at - events[landing.cause].at == 10 * MS for landing in landings)


def test_every_event_names_the_event_that_led_to_it():
    sim = simulation(workload=Workload())
    sim.run_until(3 * S)
    events = sim.drain()
    ids = [event.id for event in events]
    assert ids == list(range(1, len(events) + 1))
    assert all(event.cause < event.id for event in events)
    assert all(event.cause for event in events if event.kind in ("sent", "delivered", "dropped", "fired", "returned"))


def test_a_cut_kills_what_is_in_flight_when_it_lands():
    sim = simulation()
    sim.run_until(55 * MS)  # the pings of 50 ms are under way
    sim.carry_out(Cut((("n1", "n2"),)))
    sim.run_until(60 * MS)
    dropped = kinds(sim.drain(), "dropped")
    assert [(event.node, event.data[1:]) for event in dropped] == [("n2", ("n1", "cut"))]


def test_a_message_lands_when_the_cut_is_healed_in_time():
    sim = simulation()
    sim.run_until(55 * MS)
    sim.carry_out(Cut((("n1", "n2"),)))
    sim.carry_out(Heal())
    sim.run_until(60 * MS)
    assert not kinds(sim.drain(), "dropped")


def test_a_lost_message_dies_half_way_and_a_duplicate_lands_twice():
    sim = simulation(link=LinkState(10 * MS, 0, loss=1_000_000))
    sim.run_until(60 * MS)
    assert {(event.at, event.data[2]) for event in kinds(sim.drain(), "dropped")} == {(55 * MS, "loss")}
    sim = simulation(link=LinkState(10 * MS, 0, duplicate=1_000_000))
    sim.run_until(60 * MS)
    assert len(kinds(sim.drain(), "delivered")) == 12


def test_only_what_is_durable_survives_a_crash():
    sim = simulation()
    sim.run_until(500 * MS)
    sim.carry_out(Crash("n1"))
    sim.carry_out(Restart("n1"))
    assert (sim.nodes["n1"].sent, sim.nodes["n1"].heard) == (10, 0)
    sim.carry_out(Wipe("n1"))
    sim.carry_out(Restart("n1"))
    assert sim.nodes["n1"].sent == 0


def test_a_crashed_node_neither_ticks_nor_hears():
    sim = simulation()
    sim.carry_out(Crash("n1"))
    sim.run_until(1 * S)
    events = sim.drain()
    assert not kinds(events, "fired", "n1") and not kinds(events, "delivered", "n1")
    assert {event.data[2] for event in kinds(events, "dropped", "n1")} == {"down"}


def test_a_paused_node_loses_nothing_and_is_late_with_all_of_it():
    sim = simulation()
    sim.run_until(100 * MS)
    sim.carry_out(Pause("n1"))
    sim.run_until(300 * MS)
    sim.drain()
    heard = sim.nodes["n1"].heard
    sim.carry_out(Resume("n1"))
    events = sim.drain()
    assert len(kinds(events, "delivered", "n1")) == sim.nodes["n1"].heard - heard > 5
    assert not kinds(events, "dropped")


def test_a_failed_assertion_halts_the_node_with_the_theorems_name():
    sim = simulation()
    sim.nodes["n1"].sent = 1000
    sim.run_until(200 * MS)
    halted = kinds(sim.drain(), "halted")
    assert {event.node for event in halted} == {"n2", "n3"}
    assert sim.sentences["n2"] == "no ping has a number of a thousand"
    assert sim.status == {"n1": "up", "n2": "halted", "n3": "halted"}
    sim.carry_out(Restart("n2"))
    assert sim.status["n2"] == "up"


def test_operations_are_ok_or_unknown_as_the_client_saw_them():
    sim = simulation(workload=Workload(start=0), deadline=100 * MS)
    sim.run_until(2 * S)
    sim.carry_out(Crash("n3"))
    sim.run_until(4 * S)
    operations = [op for op in history_of(sim.drain()) if op.finish]
    assert {op.outcome for op in operations if op.node != "n3"} == {"ok"}
    assert all(op.finish - op.start == 2 * ACCESS_DELAY for op in operations if op.outcome == "ok")
    late = [op for op in operations if op.node == "n3" and op.start > 2 * S]
    assert late and all(op.outcome == "unknown" and op.finish - op.start == 100 * MS for op in late)


def test_what_comes_after_the_deadline_is_not_seen_by_the_client():
    sim = simulation(deadline=10 * MS)
    sim.carry_out(Pause("n1"))
    sim.carry_out(Ask("n1", "read", "x"))
    sim.run_until(50 * MS)
    sim.carry_out(Resume("n1"))
    sim.run_until(100 * MS)
    events = sim.drain()
    assert [op.outcome for op in history_of(events)] == ["unknown"]
    assert [event.data[2] for event in kinds(events, "dropped", "you")] == ["late"]


def test_written_values_are_unique_and_grow_in_the_order_of_asking():
    sim = simulation(workload=Workload(start=0, reads=0))
    sim.carry_out(Ask("n1", "write", "x"))
    sim.run_until(5 * S)
    values = [int(op.value) for op in history_of(sim.drain())]
    assert values == list(range(1, len(values) + 1))


def test_clients_ask_the_same_whatever_the_cluster_answers():
    healthy, ill = simulation(workload=Workload()), simulation(workload=Workload())
    ill.carry_out(Crash("n1"))
    ill.carry_out(Pause("n2"))
    for sim in (healthy, ill):
        sim.run_until(5 * S)
    asked = [[(op.op_id, op.node, op.kind, op.key, op.value, op.start) for op in history_of(s.drain())] for s in (healthy, ill)]
    assert asked[0] == asked[1]


def test_what_is_under_way_is_what_was_sent_and_neither_landed_nor_died():
    """They are computed from the heap and from the messages that wait at paused nodes; nothing else stores them."""
    sim = simulation(workload=Workload(), link=LinkState(loss=200_000, duplicate=200_000))
    sim.carry_out(Pause("n2"))
    under_way = {}
    for moment in range(10 * MS, 2 * S, 10 * MS):
        sim.run_until(moment)
        for event in sim.drain():
            if event.kind == "sent":
                under_way[event.id] = event
            elif event.kind in ("delivered", "dropped"):
                del under_way[event.data[0]]
        assert sim.flying() == list(under_way.values())
    assert len([event for event in sim.flying() if event.data[1] == "n2"]) > 50
    sim.carry_out(Crash("n2"))
    assert not [event for event in sim.flying() if event.data[1] == "n2" and event.data[5] <= sim.now]


def test_the_log_can_be_taken_without_the_names():
    one, other = simulation(workload=Workload()), simulation(workload=Workload())
    for sim in (one, other):
        sim.run_until(1 * S)
    seen, named, bare = one.events, one.drain(), other.taken()
    assert seen == named == bare and len(bare) > 100
    assert {type(row) for row in bare} == {tuple} and {type(event) for event in named} == {Event}
    assert one.drain() == other.taken() == []


def test_a_node_names_its_effects_for_a_test_and_not_for_the_kernel():
    node, other = (Echo("n1", THREE, {}, Stream(1)) for _ in range(2))
    effects = node.receive(5, "n2", Ping(3))
    assert effects == (Send("n2", Pong(3)),) and type(effects[0]) is Send
    other.now = 5
    other.handle("n2", Ping(3))
    bare = other.bare_effects()
    assert bare == [("n2", Pong(3))] and type(bare[0]) is tuple
    assert vars(node) | {"stream": None} == vars(other) | {"stream": None}
    assert [type(effect) for effect in node.fire(9, "tick")] == [Send, Send, SetTimer]


class Alarms(Node):
    """Sets timers by a script in its knobs: each line has a moment, a name and a duration."""

    timers = ("step", "alarm")

    def on_start(self):
        for at, name, after in self.knobs["script"]:
            self.set_timer("step", at, name, after)

    def on_step_timeout(self, name, after):
        self.set_timer("alarm", after, name)

    def on_alarm_timeout(self, name):
        self.note("alarm", name)

    def on_request(self, client, m):
        self.set_timer("alarm", 50 * MS, "asked")


def alarms(*script):
    sim = simulation(node=Alarms, members=("n1",), knobs={"script": script})
    sim.run_until(1 * S)
    return sim, [(event.at, event.data[1]) for event in kinds(sim.events, "noted")]


def test_timers_due_at_once_fire_in_the_order_of_their_latest_setting():
    # a is set again while its first entry, due at 20, is in the heap; c is set later, but before that entry comes up.
    _, fired = alarms((5, "a", 15), (6, "b", 24), (10, "a", 20), (15, "c", 15), (25, "d", 5))
    assert fired == [(30, "b"), (30, "a"), (30, "c"), (30, "d")]


def test_a_timer_set_to_an_earlier_moment_fires_then_and_once():
    _, fired = alarms((5, "a", 100), (10, "a", 20), (20, "a", 5), (22, "a", 3))
    assert fired == [(25, "a")]


def test_a_timer_set_again_and_again_keeps_one_entry_in_the_heap():
    sim = simulation(node=Alarms, members=("n1",), knobs={"script": [(at, "a", 500) for at in range(1, 400)]})
    sim.run_until(399)
    assert len(sim._heap) == 1
    sim.run_until(1 * S)
    assert [event.at for event in kinds(sim.events, "noted")] == [399 + 500]


def test_a_timer_that_waited_for_a_paused_node_can_be_set_anew_before_it_fires():
    sim = simulation(node=Alarms, members=("n1",), knobs={"script": ()})
    sim.carry_out(Ask("n1", "read", "x"))
    sim.run_until(ACCESS_DELAY)  # the alarm is due 50 ms from now
    sim.carry_out(Pause("n1"))
    sim.run_until(40 * MS)
    sim.carry_out(Ask("n1", "read", "x"))  # waits at the paused node before its alarm does
    sim.run_until(200 * MS)
    sim.carry_out(Resume("n1"))
    sim.run_until(1 * S)
    assert [event.at for event in kinds(sim.events, "noted")] == [250 * MS]


def test_a_keyframe_goes_on_exactly_as_the_original_would():
    sim = simulation(workload=Workload(), link=LinkState(loss=50_000, duplicate=50_000))
    sim.run_until(1 * S)
    sim.drain()
    keyframe = sim.copied()
    sim.run_until(3 * S)
    keyframe.run_until(3 * S)
    assert sim.drain() == keyframe.drain()


def test_a_keyframe_is_not_reached_by_what_the_original_does_later():
    sim = simulation(workload=Workload())
    sim.run_until(1 * S)
    sim.drain()
    keyframe = sim.copied()
    want = keyframe.copied()
    sim.carry_out(Cut((("n1", "n2"),)))
    sim.carry_out(Crash("n3"))
    sim.run_until(3 * S)
    keyframe.run_until(2 * S)
    want.run_until(2 * S)
    assert keyframe.drain() == want.drain()


def test_all_state_keeps_the_law_of_keyframes():
    sim = simulation(workload=Workload())
    sim.run_until(2 * S)
    sim.carry_out(Pause("n1"))
    sim.run_until(3 * S)
    assert breaks_the_law(sim) is None


@pytest.mark.parametrize(
    "wrong",
    [
        Crash("n9"),
        Restart("n1"),
        Resume("n1"),
        Cut((("n1", "n9"),)),
        Ask("n1", "append", "x"),
        Ask("n1", "read", ""),
        Ask("n1", "write", "x", "12"),
        Ask("n1", "write", "x", "a" * 13),
        Corrupt("n1", "flatter"),
        SetDeadline(0),
        SetDeadline(True),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_happens(wrong):
    sim = simulation()
    sim.drain()
    with pytest.raises(Refused) as refused:
        sim.carry_out(wrong)
    assert str(refused.value).endswith(".")
    assert sim.drain() == []


def test_a_class_that_forgot_a_handler_is_refused_when_it_is_defined():
    with pytest.raises(TypeError, match="on_pong"):

        class Forgetful(Node):
            messages = (Pong,)

            def on_request(self, client, m): ...
