"""The directed matrix: the cuts, the connections that are left, and their words."""

import pytest

from consensus.kernel.network import PRESETS, LinkState, Network
from consensus.kernel.node import MS
from consensus.kernel.rng import PPM
from consensus.kernel.sentences import Refused

FIVE = ("n1", "n2", "n3", "n4", "n5")


def network(members=FIVE, **link):
    return Network(members, LinkState(**link), seed=1)


def test_a_partition_cuts_both_ways_between_the_sides_and_nothing_inside():
    net = network()
    net.cut(net.between((("n1", "n2"), ("n3", "n4", "n5"))))
    assert net.sides() == (("n1", "n2"), ("n3", "n4", "n5"))
    assert net.clean()
    assert len(net.cuts) == 12


def test_a_one_way_cut_is_one_way():
    net = network()
    net.cut((("n1", "n2"),))
    assert net.is_cut("n1", "n2") and not net.is_cut("n2", "n1")
    assert net.words() == "n1 can no longer reach n2; n2 still reaches n1."


def test_a_partial_cut_says_who_still_reaches_both():
    net = network(("n1", "n2", "n3"))
    net.cut((("n1", "n3"), ("n3", "n1")))
    assert net.sides() == (("n1", "n2", "n3"),)
    assert not net.clean()
    assert net.words() == "Not a clean split: n1-n3 cut, both still reach n2."


@pytest.mark.parametrize(
    ("leader", "said"),
    [
        ("n1", "Split: {n1, n2} | {n3, n4, n5}; leader n1 is on the smaller side."),
        ("n5", "Split: {n1, n2} | {n3, n4, n5}; leader n5 is on the larger side."),
        (None, "Split: {n1, n2} | {n3, n4, n5}."),
    ],
)
def test_a_clean_split_is_said_in_words(leader, said):
    net = network()
    net.cut(net.between((("n1", "n2"), ("n3", "n4", "n5"))))
    assert net.words(leader) == said


def test_equal_sides_are_not_called_smaller_or_larger():
    net = network(("n1", "n2", "n3", "n4"))
    net.cut(net.between((("n1", "n2"), ("n3", "n4"))))
    assert net.words("n1").endswith("leader n1 is on a side of 2.")


def test_a_leader_alone_on_its_side_is_called_alone():
    net = network(("n1", "n2"))
    net.cut(net.pairs())
    assert net.words("n2") == "Split: {n1} | {n2}; leader n2 is alone."


def test_a_clean_cut_in_one_direction_is_one_clean_sentence():
    net = network()
    net.cut(tuple((src, "n1") for src in ("n2", "n3", "n4", "n5")))
    assert net.words() == "{n2, n3, n4, n5} can no longer reach n1; n1 still reaches {n2, n3, n4, n5}."
    net.heal((("n5", "n1"),))
    net.cut((("n5", "n2"),))
    assert net.words().startswith("Not a clean split: ")


def test_healing_nothing_in_particular_heals_all():
    net = network()
    net.cut(net.pairs())
    assert net.sides() == tuple((node,) for node in FIVE)
    assert len(net.heal(())) == 20
    assert net.words() == ""


@pytest.mark.parametrize(
    "sides", [(("n1",), ("n2",)), (("n1", "n2", "n3", "n4", "n5", "n9"),), (("n1", "n2", "n3"), ("n3", "n4", "n5"))]
)
def test_sides_that_do_not_hold_every_node_once_are_refused(sides):
    with pytest.raises(Refused):
        network().between(sides)


def test_more_messages_on_one_link_do_not_change_the_fate_of_others():
    """One random stream for each link."""
    quiet, busy = network(loss=200_000), network(loss=200_000)
    for _ in range(100):
        busy.draw("n1", "n2")
    assert [quiet.draw("n3", "n4") for _ in range(50)] == [busy.draw("n3", "n4") for _ in range(50)]


def test_delays_stay_within_the_link_and_loss_is_as_said():
    net = network(delay=10 * MS, jitter=5 * MS, loss=250_000, duplicate=100_000)
    draws = [net.draw("n1", "n2") for _ in range(20_000)]
    assert all(10 * MS <= delay <= 15 * MS for delay, _, _ in draws)
    assert 0.23 < sum(lost for _, lost, _ in draws) / len(draws) < 0.27
    assert 0.09 < sum(twin is not None for _, _, twin in draws) / len(draws) < 0.11


@pytest.mark.parametrize(
    "setting",
    [
        ("loss", PPM + 1),
        ("delay", -1),
        ("delay", True),
        ("shape", "gaussian"),
        ("colour", 1),
        ("jitter", 1.5),
        ("delay", 10**9),
    ],
)
def test_a_link_that_cannot_be_is_refused_and_nothing_changes(setting):
    net = network()
    with pytest.raises(Refused):
        net.tune((("n1", "n2"), ("n2", "n1")), (("loss", 5), setting))
    assert net.tuned == {}


def test_tuning_all_links_and_back_leaves_no_trace():
    net = network()
    net.tune((("n1", "n2"),), (("loss", 10),))
    assert net.link("n1", "n2").loss == 10 and net.link("n2", "n1").loss == 0
    net.tune((), (("loss", 0),))
    assert net.tuned == {} and net.base == LinkState()


def test_every_preset_is_a_link_that_can_be():
    for preset in PRESETS:
        assert LinkState().changed(preset.state._asdict().items()) == preset.state
