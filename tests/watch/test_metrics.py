"""Meters show for each side what its clients saw, and nothing else; each sentence is checked with events by hand."""

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.histories.losses import SETTLE, Losses
from consensus.checkers.histories.staleness import Staleness
from consensus.kernel.events import Event
from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.watch.history import History
from consensus.watch.metrics import (
    AVAILABLE,
    CONSISTENT,
    CONTRADICTION,
    IDLE,
    LOST,
    PARTLY,
    REFUSING,
    SIBLINGS,
    STALE,
    UNJUDGED,
    WAITING,
    WINDOW,
    Meters,
)

MEMBERS = ("n1", "n2", "n3")
SPLIT = (("n1",), ("n2", "n3"))
WHOLE = (MEMBERS,)
LONE, PAIR = 0, 1


class Told:
    """Events by hand, folded as in a lane. Operation ``a`` belongs to client ca, at the node named first."""

    def __init__(self):
        self.at = 0
        self.count = 0
        self.sides = WHOLE
        self.history = History()
        self.linear, self.staleness, self.losses = Linearizability(), Staleness(), Losses(MEMBERS)
        self.meters = Meters(MEMBERS)
        self.homes = {}

    def tell(self, at, kind, node="", *data):
        assert at >= self.at, "events come in order"
        self.at, self.count = at, self.count + 1
        event = Event(self.count, at, kind, node, 0, data)
        operation = self.history.fold(event)
        for checker in (self.linear, self.staleness, self.losses):
            checker.fold(event, operation)
        self.meters.fold(event, operation, self.sides, self.staleness, self.linear, self.losses)

    def split(self, at, sides):
        """Cuts the links between the sides and heals all others."""
        self.sides = sides
        side_of = {node: side for side in sides for node in side}
        wanted = [(a, b) for a in MEMBERS for b in MEMBERS if side_of[a] != side_of[b]]
        healed = tuple(link for link in self.meters.cuts if link not in wanted)
        cut = tuple(link for link in wanted if link not in self.meters.cuts)
        if cut:
            self.tell(at, "cut", "", cut)
        if healed:
            self.tell(at, "healed", "", healed)

    def write(self, at, op, node, value):
        self.homes[op] = node
        self.tell(at, "invoked", node, op, f"c{op}", "write", "x", value)

    def read(self, at, op, node):
        self.homes[op] = node
        self.tell(at, "invoked", node, op, f"c{op}", "read", "x", None)

    def ends(self, at, op, outcome="ok", result=()):
        self.tell(at, "returned", self.homes[op], op, f"c{op}", outcome, result, "")

    def side(self, number, era=None, now=None):
        era = len(self.meters.eras) - 1 if era is None else era
        return self.meters.side(era, number, self.at if now is None else now, self.losses)

    def counts(self, number, era=None):
        side = self.side(number, era)
        return [side[name] for name in ("asked", "ok", "failed", "unknown", "pending")]


@pytest.fixture
def told():
    return Told()


# --- sides and eras ------------------------------------------------------------------------------


def test_an_operation_counts_on_the_side_of_its_home(told):
    told.split(1, SPLIT)
    told.read(2, "a", "n1")
    told.read(2, "b", "n2")
    told.read(2, "c", "n3")
    told.ends(3, "b")
    told.ends(4, "c", "failed")
    told.ends(5, "a", "unknown")
    assert told.counts(LONE) == [1, 0, 0, 1, 0]
    assert told.counts(PAIR) == [2, 1, 1, 0, 0]


def test_what_is_under_way_is_pending_and_not_yet_asked(told):
    told.read(1, "a", "n1")
    assert told.counts(0) == [0, 0, 0, 0, 1]
    told.ends(2, "a")
    assert told.counts(0) == [1, 1, 0, 0, 0]


def test_what_a_cut_met_on_its_way_counts_on_no_side(told):
    told.read(1, "a", "n1")
    told.split(2, SPLIT)
    told.ends(3, "a")
    assert told.counts(0, era=0) == [0, 0, 0, 0, 0]
    assert told.counts(LONE) == told.counts(PAIR) == [0, 0, 0, 0, 0]


def test_what_a_heal_met_on_its_way_counts_on_no_side(told):
    told.split(1, SPLIT)
    told.read(2, "a", "n1")
    told.split(3, WHOLE)
    told.ends(4, "a")
    assert told.counts(LONE, era=1) == told.counts(0, era=2) == [0, 0, 0, 0, 0]


def test_a_wrong_answer_counts_where_and_when_it_was_given(told):
    told.write(1, "a", "n1", "1")
    told.ends(2, "a")
    told.read(3, "b", "n2")
    told.split(4, SPLIT)
    told.ends(5, "b")  # an empty answer, although 1 was acknowledged
    assert told.side(PAIR)["stale"] == 1 and told.side(PAIR)["asked"] == 0
    assert told.side(0, era=0)["stale"] == 0


def test_a_cut_that_parts_nobody_begins_no_era(told):
    told.read(1, "a", "n1")
    told.tell(2, "cut", "", (("n1", "n2"),))  # n3 still connects them
    told.ends(3, "a")
    assert len(told.meters.eras) == 1
    assert told.counts(0) == [1, 1, 0, 0, 0]


def test_the_era_shown_is_the_last_split_one(told):
    assert told.meters.era_shown() == 0
    told.split(1, SPLIT)
    assert told.meters.era_shown() == 1
    told.split(2, WHOLE)
    assert told.meters.era_shown() == 1


def test_reads_and_writes_and_nodes_add_up_to_the_side(told):
    told.split(1, SPLIT)
    told.read(2, "a", "n2")
    told.write(2, "b", "n3", "1")
    told.ends(3, "a")
    told.ends(4, "b", "unknown")
    side = told.side(PAIR)
    assert (side["read"], side["write"], side["asked"]) == ([1, 1], [0, 1], 2)
    assert told.meters.counts[(1, PAIR)].by_node == {"n2": (1, 1), "n3": (0, 1)}


# --- nodes that do not run -----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["crashed", "halted", "paused"])
def test_what_is_asked_of_a_node_that_does_not_run_is_left_out(told, fault):
    told.tell(1, fault, "n1", "why")
    told.read(2, "a", "n1")
    told.read(2, "b", "n2")
    assert told.counts(0) == [0, 0, 0, 0, 1], "nor does anybody wait for it"
    told.ends(3, "a", "unknown")
    told.ends(3, "b", "unknown")
    assert told.counts(0) == [1, 0, 0, 1, 0]


def test_what_was_under_way_when_its_node_crashed_is_left_out(told):
    told.read(1, "a", "n1")
    told.tell(2, "crashed", "n1")
    told.tell(3, "restarted", "n1")
    assert told.counts(0) == [0, 0, 0, 0, 0]
    told.ends(4, "a", "unknown")
    assert told.counts(0) == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(("fault", "back"), [("crashed", "restarted"), ("paused", "resumed")])
def test_a_node_that_runs_again_counts_again(told, fault, back):
    told.tell(1, fault, "n1")
    told.tell(2, back, "n1")
    told.read(3, "a", "n1")
    told.ends(4, "a", "failed")
    assert told.counts(0) == [1, 0, 1, 0, 0]


def test_a_crash_elsewhere_is_no_excuse(told):
    told.tell(1, "crashed", "n1")
    told.read(2, "a", "n2")
    told.ends(3, "a", "unknown")
    assert told.side(0)["availability"] == REFUSING


# --- what counts on no side ----------------------------------------------------------------------


def test_what_is_left_out_is_counted_by_its_reason(told):
    told.tell(1, "paused", "n1")
    told.read(2, "a", "n1")
    assert told.meters.left_out == {"down": 1, "straddled": 0}
    told.read(3, "b", "n2")
    told.read(4, "c", "n3")
    told.split(5, SPLIT)
    told.tell(6, "crashed", "n3")
    assert told.meters.left_out == {"down": 2, "straddled": 0}, "b may still end before anybody knows"
    for op in "abc":
        told.ends(7, op, "unknown")
    assert told.meters.left_out == {"down": 2, "straddled": 1}


def test_the_election_says_what_it_does_not_count():
    spec = registry.scenario("election").spec
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(spec.until)
    report = experiment.report()["lanes"][0]
    assert report["left_out"]["down"] > 5 and report["left_out"]["straddled"] == 0
    assert report["sides"][0]["asked"] + report["left_out"]["down"] <= len(experiment.lanes[0].history.operations)


# --- what was declined ---------------------------------------------------------------------------


def test_a_declined_request_was_answered(told):
    told.write(1, "a", "n1", "1")
    told.ends(2, "a", "declined")
    told.read(3, "b", "n2")
    told.ends(4, "b")
    side = told.side(0)
    assert (side["asked"], side["ok"], side["declined"], side["failed"]) == (2, 1, 1, 0)
    assert side["availability"] == AVAILABLE and side["write"] == [1, 1]
    declined = told.history.operations[0]
    assert (declined.outcome, declined.declined) == ("failed", True), "it certainly did not happen"


# --- the first word ------------------------------------------------------------------------------


def test_the_word_speaks_of_what_ended_in_the_last_two_seconds(told):
    told.read(1, "a", "n1")
    told.ends(2, "a", "unknown")
    assert told.side(0)["availability"] == REFUSING
    told.read(3, "b", "n1")
    told.ends(1 * S, "b")
    assert told.side(0)["availability"] == PARTLY
    told.read(1 * S, "c", "n1")
    told.ends(WINDOW + 3, "c")
    assert told.side(0)["availability"] == AVAILABLE
    assert told.side(0)["recent"] == [2, 2, 0], "and so does the number beside it"
    assert told.side(0)["ok"] == 2 and told.side(0)["asked"] == 3, "the counts speak of the whole era"


def test_a_side_that_nobody_asked_is_idle_and_one_without_an_answer_waits(told):
    told.split(1, SPLIT)
    told.read(2, "a", "n2")
    assert told.side(LONE)["availability"] == IDLE and told.side(LONE)["oldest"] is None
    waits = told.side(PAIR, now=5)
    assert (waits["availability"], waits["pending"], waits["oldest"]) == (WAITING, 1, 2)
    assert told.side(LONE)["consistency"] == waits["consistency"] == UNJUDGED, "nobody got an answer that could be wrong"


def test_what_ended_last_is_remembered_while_nobody_asks(told):
    told.read(1, "a", "n1")
    told.ends(2, "a")
    assert told.side(0)["availability_earlier"] is False
    later = told.side(0, now=2 + 3 * WINDOW)
    assert (later["availability"], later["availability_earlier"], later["recent"]) == (AVAILABLE, True, [1, 1, 0])


def test_old_answers_say_nothing_when_somebody_has_waited_longer_than_the_window(told):
    told.read(1, "a", "n1")
    told.ends(2, "a")
    told.read(3, "b", "n1")  # with a deadline of a minute
    assert told.side(0, now=3 + WINDOW)["availability"] == AVAILABLE
    assert told.side(0, now=4 + WINDOW)["availability"] == WAITING
    told.ends(5 + WINDOW, "b", "unknown")
    assert told.side(0)["availability"] == REFUSING


# --- the second word -----------------------------------------------------------------------------


def test_answers_that_fit_one_order_are_consistent(told):
    told.write(1, "a", "n1", "1")
    told.ends(2, "a")
    told.read(3, "b", "n2")
    told.ends(4, "b", "ok", ("1",))
    assert told.side(0)["consistency"] == CONSISTENT


def test_an_unanswered_write_that_turns_up_or_does_not_is_consistent(told):
    told.write(1, "a", "n1", "1")
    told.ends(300 * MS, "a", "unknown")
    told.read(301 * MS, "b", "n2")
    told.ends(302 * MS, "b")
    told.read(303 * MS, "c", "n2")
    told.ends(304 * MS, "c", "ok", ("1",))
    assert told.side(0)["consistency"] == CONSISTENT


def test_a_read_that_an_acknowledged_write_had_overtaken_is_stale(told):
    told.write(1, "a", "n1", "1")
    told.ends(2, "a")
    told.read(3, "b", "n2")
    told.ends(4, "b")
    assert told.side(0)["stale"] == 1
    assert told.side(0)["consistency"] == STALE


def test_a_read_that_returns_siblings_is_not_counted_twice(told):
    told.write(1, "a", "n1", "1")
    told.write(1, "b", "n2", "2")
    told.ends(2, "a")
    told.ends(2, "b")
    told.read(3, "c", "n3")
    told.ends(4, "c", "ok", ("1", "2"))
    side = told.side(0)
    assert (side["conflicts"], side["stale"], side["violations"]) == (1, 0, 0)
    assert side["consistency"] == SIBLINGS


def two_writes_then_reads(told, acknowledged):
    """Reads show 1, 2, and 1 again."""
    told.write(1, "a", "n1", "1")
    told.write(1, "b", "n2", "2")
    if acknowledged:
        told.ends(1, "a")
        told.ends(1, "b")
    for at, op, value in ((2, "c", "1"), (4, "d", "2"), (6, "e", "1")):
        told.read(at, op, "n3")
        told.ends(at + 1, op, "ok", (value,))
    return told.side(0)


def test_answers_that_contradict_each_other_though_none_is_stale_are_a_contradiction(told):
    """Reads see finished writes in opposite orders: no read was stale, and yet no order fits."""
    side = two_writes_then_reads(told, acknowledged=True)
    assert (side["stale"], side["inverted"], side["violations"]) == (0, 0, 1)
    assert side["consistency"] == CONTRADICTION


def test_a_read_that_goes_back_while_the_write_is_under_way_is_no_graver_than_stale(told):
    """An atomic register may not do so, but a regular one may, and it may not be stale (Lamport 1986)."""
    side = two_writes_then_reads(told, acknowledged=False)
    assert (side["stale"], side["inverted"], side["violations"]) == (0, 1, 0)
    assert side["consistency"] == STALE


# --- lost acknowledged writes --------------------------------------------------------------------


def one_write_lost_after_the_heal(told):
    """n1 acknowledges 1 while it is alone; after the heal its copy is replaced by 2, whose writer did not know 1."""
    told.split(10, SPLIT)
    told.write(20, "a", "n1", "1")
    told.tell(21, "stored", "n1", "x", ("1",), (), "data")
    told.ends(22, "a")
    told.write(20 * MS, "b", "n2", "2")
    told.tell(21 * MS, "stored", "n2", "x", ("2",), (), "data")
    told.ends(22 * MS, "b")
    told.split(1 * S, WHOLE)
    told.tell(1100 * MS, "stored", "n1", "x", ("2",), (), "data")


def test_a_write_is_lost_when_it_has_been_missing_for_a_second(told):
    one_write_lost_after_the_heal(told)
    assert told.side(0, now=1100 * MS + SETTLE - 1)["lost"] == 0
    lost = told.side(0, now=1100 * MS + SETTLE)
    assert lost["lost"] == 1 and lost["consistency"] == LOST


def test_a_lost_write_counts_where_it_was_asked_and_when_it_got_lost(told):
    one_write_lost_after_the_heal(told)
    now = 3 * S
    assert told.side(LONE, era=1, now=now)["lost"] == 1
    assert told.side(PAIR, era=1, now=now)["lost"] == 0
    assert told.side(0, era=2, now=now)["lost"] == 1
    assert told.side(0, era=0, now=now)["lost"] == 0


def test_an_older_write_that_got_lost_in_a_split_counts_in_it_even_when_it_is_over(told):
    """A write before the cut; its only holder lost its disk during the cut. The last split's numbers stay after the heal."""
    told.write(1, "a", "n1", "1")
    told.tell(2, "stored", "n1", "x", ("1",), (), "data")
    told.ends(3, "a")
    told.split(10, SPLIT)
    told.tell(20, "wiped", "n1")
    assert told.side(LONE, now=2 * S)["lost"] == 1
    told.split(2 * S, WHOLE)
    assert told.meters.era_shown() == 1
    assert told.side(LONE, era=1, now=3 * S)["lost"] == 1
    assert told.side(0, era=2, now=3 * S)["lost"] == 0


def test_a_write_that_turns_up_again_is_not_lost_any_more(told):
    one_write_lost_after_the_heal(told)
    told.tell(4 * S, "stored", "n3", "x", ("1",), (), "hint")
    assert told.side(0)["lost"] == told.side(LONE, era=1)["lost"] == 0


# --- messages ------------------------------------------------------------------------------------


def test_messages_are_counted_by_what_became_of_them(told):
    for number in range(1, 5):
        told.tell(number, "sent", "n1", number, "n2", "hello", "", None, 9)
    told.tell(10, "delivered", "n2", 1, "n1")
    for number, reason in ((2, "cut"), (3, "loss"), (4, "down")):
        told.tell(10, "dropped", "n2", number, "n1", reason)
    assert (told.meters.messages, told.meters.landed) == (4, 4)
    assert told.meters.dropped == {"cut": 1, "loss": 1, "down": 1}
