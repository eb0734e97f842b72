import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mintmark as mm
from mintmark.errors import InputError, UnknownNameError

N = 1000


def numbered(n=N, **columns):
    return {"row": np.arange(n) * 2, **columns}


def rows(data):
    return data.table["row"].to_pylist()


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 200), st.floats(0.1, 0.9), st.integers(0, 2**70), st.booleans())
def test_sides_are_disjoint_complete_in_order_and_of_the_share(n, share, seed, stratified):
    labels = np.random.default_rng(n).choice(["a", "b", "c"], n, p=[0.7, 0.2, 0.1])
    data = mm.read(numbered(n, y=labels), target="y" if stratified else None)
    wanted = round(n * share)
    if wanted in (0, n):
        with pytest.raises(InputError, match="empty"):
            data.split(share, seed=seed)
        return
    train, holdout = data.split(share, seed=seed)
    assert sorted(rows(train) + rows(holdout)) == rows(data)
    assert rows(train) == sorted(rows(train))
    assert rows(holdout) == sorted(rows(holdout))
    assert abs(len(holdout) - n * share) <= 0.5 + 1e-9


def test_the_same_seed_gives_the_same_sides_and_another_seed_others():
    data = mm.read(numbered())
    assert rows(data.split(0.2, seed=3)[1]) == rows(data.split(0.2, seed=3)[1])
    assert rows(data.split(0.2, seed=3)[1]) != rows(data.split(0.2, seed=4)[1])


def test_a_discrete_target_keeps_its_shares():
    labels = ["rare"] * 30 + ["often"] * 970
    train, holdout = mm.read(numbered(y=labels), target="y").split(0.2, seed=1)
    assert holdout.table["y"].to_pylist().count("rare") == 6
    assert train.table["y"].to_pylist().count("rare") == 24


def test_rows_of_a_stratum_are_drawn_without_preference():
    data = mm.read(numbered(40, y=["a", "b"] * 20), target="y")
    held = np.zeros(40)
    for seed in range(400):
        held[np.array(rows(data.split(0.25, seed=seed)[1])) // 2] += 1
    # 400 draws at 0.25: standard error 8.7 rows, so five of them either way
    assert np.abs(held - 100).max() < 44


def test_whole_groups_lie_on_one_side():
    persons = np.random.default_rng(0).integers(0, 120, N)
    data = mm.read(numbered(patient_nbr=persons, y=persons % 2), target="y")
    assert data.schema.with_role("group") == ["patient_nbr"]
    train, holdout = data.split(0.3, seed=0)
    sides = [set(side.table["patient_nbr"].to_pylist()) for side in (train, holdout)]
    assert not sides[0] & sides[1]
    assert abs(len(holdout) - 300) < 20  # the largest group has 17 rows


def test_the_latest_rows_are_held_out():
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=int(i)) for i in np.random.default_rng(0).permutation(N)]
    days[5] = None
    train, holdout = mm.read(numbered(day=days)).split(0.1, time="day")
    latest = [day for day in train.table["day"].to_pylist() if day is not None]
    assert len(holdout) == 100
    assert max(latest) < min(holdout.table["day"].to_pylist())
    assert None in train.table["day"].to_pylist()


def test_by_time_a_group_follows_its_last_row():
    persons = np.arange(N) % 100
    data = mm.read(numbered(patient_nbr=persons, year=np.arange(N)))
    train, holdout = data.split(0.1, time="year")
    assert set(holdout.table["patient_nbr"].to_pylist()) == set(range(90, 100))
    assert not set(train.table["patient_nbr"].to_pylist()) & set(range(90, 100))


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, True, "0.2", None])
def test_a_share_must_be_one(share):
    with pytest.raises(InputError, match="share between 0 and 1"):
        mm.read(numbered()).split(share)


def test_misuse_is_named():
    data = mm.read(numbered(colour=["red", "blue"] * 500))
    with pytest.raises(UnknownNameError, match=r"'color'\. Did you mean 'colour'"):
        data.split(time="color")
    with pytest.raises(InputError, match="'colour' is category"):
        data.split(time="colour")
    with pytest.raises(InputError, match="seed must be"):
        data.split(seed=-1)
    one = mm.read(numbered(100, who=["a"] * 100), roles={"who": "group"})
    with pytest.raises(InputError, match=r"100 rows in 1 groups split at 0\.2 leave .* empty"):
        one.split(0.2)


def test_a_missing_target_is_a_stratum_of_its_own():
    labels = pa.array(["a"] * 50 + [None] * 50)
    holdout = mm.read(numbered(100, y=labels), target="y").split(0.2)[1]
    assert holdout.table["y"].null_count == 10
