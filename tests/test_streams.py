import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.data.streams import check_seed, derive_seed, stream
from mintmark.errors import InputError

SEEDS = st.integers(0, 2**128)
KEYS = st.lists(st.one_of(st.text(max_size=5), st.integers(0, 99)), max_size=3)


@given(SEEDS, KEYS)
def test_one_key_gives_the_same_draws_every_time(seed, key):
    assert np.array_equal(stream(seed, *key).random(4), stream(seed, *key).random(4))


@given(SEEDS, KEYS, SEEDS, KEYS)
def test_another_key_or_seed_gives_other_draws(seed, key, other, another):
    alike = (seed, key) == (other, another)
    assert np.array_equal(stream(seed, *key).random(4), stream(other, *another).random(4)) == alike


def test_text_and_number_and_how_a_key_is_cut_are_told_apart():
    keys = [("1",), (1,), ("a", "b"), ("ab",), ("a,b",), ("a", 1), ("a", "1"), ()]
    assert len({stream(0, *key).random() for key in keys}) == len(keys)


def test_draws_of_many_blocks_are_uniform_and_unrelated():
    draws = np.stack([stream(7, "sample", block).random(500) for block in range(200)])
    # 100,000 uniform draws: standard error of the mean 0.0009
    assert abs(draws.mean() - 0.5) < 5 * 0.0009
    related = np.corrcoef(draws)[np.triu_indices(200, 1)]
    # of 19,900 correlations at standard error 0.0447 hardly any lies beyond 5.5 of them
    assert np.abs(related).max() < 5.5 * 0.0447


def test_the_draws_are_those_of_the_first_release():
    assert stream(0, "sample", 0, 0).integers(0, 1000, 5).tolist() == [915, 178, 95, 955, 929]


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002  # it is this state that must not change
    stream(1, "a").random(100)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@given(SEEDS, KEYS)
def test_a_stage_seed_is_a_seed_and_its_secret_counts(seed, key):
    plain, secret = derive_seed(seed, *key), derive_seed(seed, *key, secret=b"known to the run alone")
    assert check_seed(plain) == plain == derive_seed(seed, *key)
    assert plain < 2**128
    assert plain != secret


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True, np.float64(1)])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(InputError, match="seed must be a whole number of 0 or more"):
        stream(seed)


def test_a_numpy_integer_is_a_seed():
    assert stream(np.int64(3), "a").random() == stream(3, "a").random()
