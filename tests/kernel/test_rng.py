"""Random streams: the same everywhere, independent for different names, with the right distributions."""

from hypothesis import given
from hypothesis import strategies as st

from consensus.kernel.rng import PPM, Stream


def test_splitmix64_gives_the_published_numbers():
    """The first outputs for seed 1234567, as the reference implementation (Vigna, splitmix64.c) prints them."""
    stream = Stream(1234567)
    assert [stream.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.integers(0, 2**64 - 1), st.integers(1, 100))
def test_a_block_of_draws_holds_what_single_draws_give(seed, count):
    """Many draws are computed at once, and the state between two of them is the same as with single draws."""
    stream, state = Stream(seed), seed
    for _ in range(count):
        state = z = (state + 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        assert stream.bits() == z ^ z >> 31
        assert stream.state == state
    assert stream.copied().bits() == Stream(state).bits() == stream.bits()


def test_streams_of_different_names_have_nothing_in_common():
    one, other = Stream.named(1, "link", "n1", "n2"), Stream.named(1, "link", "n2", "n1")
    assert not {one.bits() for _ in range(1000)} & {other.bits() for _ in range(1000)}


@given(st.integers(0, 2**64 - 1), st.integers(1, 10**9))
def test_a_draw_below_n_is_below_n(seed, n):
    stream = Stream(seed)
    assert all(0 <= stream.below(n) < n for _ in range(20))


def test_chance_is_as_likely_as_it_says():
    stream = Stream(7)
    hits = sum(stream.chance(100_000) for _ in range(100_000))
    assert 9_500 < hits < 10_500


def test_certain_outcomes_draw_nothing():
    stream = Stream(7)
    assert stream.chance(PPM) and not stream.chance(0)
    assert stream.state == 7


def test_exponential_draws_have_the_mean_and_the_spread_of_an_exponential():
    stream = Stream(3)
    draws = [stream.exponential(10_000) for _ in range(50_000)]
    assert 9_800 < sum(draws) / len(draws) < 10_200
    beyond = sum(draw > 20_000 for draw in draws) / len(draws)
    assert abs(beyond - 0.1353) < 0.006  # e**-2


def test_a_copy_draws_the_same_numbers():
    stream = Stream(11)
    copy = stream.copied()
    assert [stream.bits() for _ in range(5)] == [copy.bits() for _ in range(5)]


@given(st.lists(st.integers()), st.integers(0, 99))
def test_shuffling_keeps_every_item(items, seed):
    assert sorted(Stream(seed).shuffled(items)) == sorted(items)
