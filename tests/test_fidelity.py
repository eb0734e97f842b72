from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark
from fidelity_tables import HARD as SHARED
from fidelity_tables import assert_sound, dataset, rng, scored_hard, sequences
from mintmark.assess._codes import codings, equal, full, levels
from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.metric import Tables

METRICS = ["column_shapes", "pair_trends", "missingness", "distinctness", "two_sample"]
ADULT = Path(mintmark.__file__).parent / "examples/adult.parquet"


@pytest.fixture(scope="module")
def adult():
    data = read(ADULT, target="income")
    order = rng(0).permutation(len(data))
    return data.take(order[:6000]), data.take(order[6000:12000]), data.take(order[12000:18000])


def shuffled_columns(data: Dataset, seed: int, rows: int | None = None) -> Dataset:
    """Each column drawn by itself: every marginal kept, every relation gone."""
    draw = rng(seed)
    made = {
        name: data.table[name]
        .combine_chunks()
        .take(pa.array(draw.integers(len(data), size=rows or len(data))))
        for name in data.names
    }
    return Dataset(pa.table(made), data.schema)


def scores(train, synthetic, holdout=None, metrics=METRICS, seed=0):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=metrics, seed=seed)
    return {score.metric: score for score in found.scores}


def test_four_rows_give_the_distances_worked_by_hand():
    train = dataset({"x": [1.0, 2, 3, 4], "c": ["a", "a", "a", "b"]})
    synthetic = dataset({"x": [3.0, 4, 5, 6], "c": ["a", "b", "b", "b"]})
    score = scores(train, synthetic, metrics=["column_shapes"])["column_shapes"]
    x, c = score.details["columns"]["x"], score.details["columns"]["c"]
    assert x["ks"] == 0.5
    assert x["wasserstein"] == pytest.approx(2 / 1.5)  # quartiles of 1..4 are 1.75 and 3.25
    assert c["tvd"] == 0.5
    assert c["kl_bits"] == pytest.approx(0.7 * np.log2(3.5 / 1.5) + 0.3 * np.log2(1.5 / 3.5))
    assert c["js_distance"] == pytest.approx(c["js_divergence_bits"] ** 0.5)
    assert score.estimate == 0.5


def test_missing_is_a_value_of_its_own():
    train = dataset({"x": [1.0, 2, 3, 4], "c": ["a", "a", None, None]})
    synthetic = dataset({"x": [1.0, 2, None, None], "c": ["a", "a", "a", "a"]})
    columns = scores(train, synthetic, metrics=["column_shapes"])["column_shapes"].details["columns"]
    assert columns["x"]["ks"] == 0.5
    assert columns["c"]["tvd"] == 0.5


def test_a_category_unknown_to_train_counts_as_difference():
    train, synthetic = dataset({"c": ["a"] * 4}), dataset({"c": ["a", "a", "z", "y"]})
    assert scores(train, synthetic, metrics=["column_shapes"])["column_shapes"].estimate == 0.5


def test_a_copy_of_train_has_no_distance():
    train = dataset({"x": rng(1).normal(size=500), "c": rng(2).choice(["a", "b", None], 500)})
    found = scores(train, train.take(rng(3).permutation(500)), metrics=METRICS[:4])
    for name in (
        "column_shapes",
        "pair_trends",
        "missingness",
        "missingness.worst",
        "missingness.pattern",
        "distinctness.coverage",
    ):
        assert found[name].estimate == pytest.approx(1, abs=1e-12)


def test_opposite_correlations_lie_as_far_apart_as_can_be():
    x = np.sort(rng(1).normal(size=400))
    score = scores(dataset({"x": x, "y": x}), dataset({"x": x, "y": x[::-1]}), metrics=["pair_trends"])
    assert score["pair_trends"].estimate == pytest.approx(0, abs=1e-9)


def test_pair_score_of_two_categories_is_one_minus_the_tables_distance():
    train = dataset({"a": ["x", "x", "y", "y"], "b": ["u", "u", "v", "v"]})
    synthetic = dataset({"a": ["x", "x", "y", "y"], "b": ["u", "v", "u", "v"]})
    assert scores(train, synthetic, metrics=["pair_trends"])["pair_trends"].estimate == 0.5


def test_missing_shares_and_patterns_are_read_off():
    gap, known = [None, None, 1.0, 1.0], [1.0, 1.0, None, None]
    full_column = [1.0, 2, 3, 4]
    train = dataset({"a": gap, "b": gap, "c": full_column})
    synthetic = dataset({"a": gap, "b": known, "c": full_column})
    found = scores(train, synthetic, metrics=["missingness"])
    assert found["missingness"].estimate == 1  # each share is right
    assert found["missingness.pattern"].estimate == 0  # but no row has the right pattern
    assert set(found["missingness"].details["columns"]) == {"a", "b"}


def test_collapse_is_seen_in_distinct_rows_and_in_coverage(adult):
    train, holdout, fresh = adult
    collapsed = train.take(rng(4).integers(60, size=6000))
    found, good = (
        scores(train, collapsed, holdout, ["distinctness"]),
        scores(train, fresh, holdout, ["distinctness"]),
    )
    assert found["distinctness"].estimate == pytest.approx(60 / 6000)
    assert found["distinctness"].ceiling > 0.99
    assert found["distinctness.coverage"].estimate < 0.8 < good["distinctness.coverage"].estimate
    assert good["distinctness"].interval[0] > 0.99


def test_scores_worsen_with_noise(adult):
    train, holdout, fresh = adult
    independent = shuffled_columns(train, 5)
    steps = []
    for share in (0.0, 0.3, 0.6, 1.0):
        cut = int(share * 6000)
        mixed = Dataset(pa.concat_tables([independent.table[:cut], fresh.table[cut:]]), train.schema)
        found = scores(train, mixed, holdout, ["pair_trends", "two_sample"])
        steps.append((found["pair_trends"].estimate, -found["two_sample"].estimate))
    for figures in zip(*steps, strict=True):
        assert list(figures) == sorted(figures, reverse=True)


def test_fresh_real_rows_reach_the_ceiling_and_independent_columns_the_floor(adult):
    train, holdout, fresh = adult
    good, bad = scores(train, fresh, holdout), scores(train, shuffled_columns(train, 6), holdout)
    assert good["pair_trends"].estimate == pytest.approx(good["pair_trends"].ceiling, abs=0.004)
    assert bad["pair_trends"].estimate == pytest.approx(bad["pair_trends"].floor, abs=0.004)
    assert bad["pair_trends"].interval[1] < good["pair_trends"].interval[0]
    assert good["two_sample"].interval[0] < 0.52
    assert good["two_sample"].ceiling == pytest.approx(0.5, abs=0.03)
    assert bad["two_sample"].estimate > 0.95
    assert bad["two_sample"].floor > 0.95
    for score in good.values():
        assert score.interval[0] <= score.estimate <= score.interval[1]
        assert score.n == 6000
        assert score.convention


@pytest.mark.parametrize("metric", ["column_shapes", "pair_trends"])
def test_intervals_are_as_wide_as_the_scores_spread(metric):
    """The standard error behind an interval against the spread over 60 fresh pairs of tables."""

    def table(seed, slope):
        draw = rng(seed)
        x = draw.normal(size=600)
        y = slope * x + draw.normal(size=600)
        x = x + (slope < 0)  # where distributions are alike the distance has no derivative
        return dataset({"x": x, "y": y, "c": np.where(y + draw.normal(size=600) > 0.5, "p", "q")})

    found = [scores(table(2 * k, 1.0), table(2 * k + 1, -1.5), metrics=[metric])[metric] for k in range(60)]
    spread = np.std([score.estimate for score in found], ddof=1)
    claimed = np.mean([score.interval[1] - score.interval[0] for score in found]) / (2 * 1.96)
    assert claimed == pytest.approx(spread, rel=0.35)  # four standard errors of a deviation of 60


def test_rows_of_one_person_widen_the_interval():
    x = np.repeat(rng(7).normal(size=200), 5)
    person = np.repeat(np.arange(200), 5)
    alone = dataset({"x": x})
    grouped = dataset({"x": x, "who": person}, {"who": ("group",)})
    other = {"x": rng(8).normal(0.3, 1, size=100_000)}
    narrow = scores(alone, dataset(other), metrics=["column_shapes"])["column_shapes"]
    wide = scores(grouped, dataset({**other, "who": np.arange(100_000)}), metrics=["column_shapes"])[
        "column_shapes"
    ]
    assert narrow.estimate == wide.estimate
    ratio = (wide.interval[1] - wide.interval[0]) / (narrow.interval[1] - narrow.interval[0])
    assert ratio == pytest.approx(5**0.5, rel=0.05)


def test_compared_tables_have_equal_rows_and_train_keeps_all():
    train, holdout = dataset({"x": np.arange(900.0)}), dataset({"x": np.arange(300.0)})
    synthetic = dataset({"x": np.arange(5000.0)})
    tables = Tables(train, synthetic, holdout, synthetic)
    assert {which: len(equal(tables, which)) for which in ("synthetic", "holdout", "floor")} == {
        "synthetic": 300, "holdout": 300, "floor": 300,
    }  # fmt: skip
    assert len(full(tables, "train")) == 900


def test_spikes_have_bins_of_their_own_and_bins_stay_few():
    x = np.concatenate([np.zeros(900), rng(9).lognormal(8, 1, 100)])
    tables = Tables(data := dataset({"x": x, "y": rng(1).normal(size=1000)}), data, None, data)
    counts = np.bincount(full(tables, "train").codes["x"])
    assert counts.max() == 900
    assert sorted(counts[counts > 0])[0] >= 4  # the rest in twentieths
    assert max(plan.size for plan in codings(tables).values()) <= 50


def test_levels_keep_order_missing_and_at_most_the_asked_number():
    data = dataset({"x": rng(1).normal(size=1000), "c": [f"v{i % 40}" for i in range(999)] + [None]})
    tables = Tables(data, data, None, data)
    codes, sizes = levels(full(tables, "train"), codings(tables), 12)
    assert sizes["c"] == 13
    assert (codes["c"] == 12).sum() == 1
    order = np.argsort(data.table["x"].to_numpy())
    assert (np.diff(codes["x"][order]) >= 0).all()


def test_two_sample_without_holdout_says_what_to_give(adult):
    train, _, fresh = adult
    score = scores(train, fresh, None, ["two_sample"])["two_sample"]
    assert score.status == "not run"
    assert "holdout" in score.reason


HARD = {
    "constant": {"x": [1.0] * 40, "c": ["a"] * 40},
    "all missing": {"x": pa.array([None] * 40, pa.float64()), "c": pa.array([None] * 40, pa.string())},
    "no type": {"x": pa.nulls(40), "y": [1.0] * 40},
    "mostly missing": {"x": [1.0] + [None] * 39, "c": ["a", *[None] * 39]},
    "one column": {"x": np.arange(40.0)},
    "unique categories": {"c": [f"k{i}" for i in range(40)], "d": [f"k{i}" for i in range(40)]},
    "two rows": {"x": [1.0, 2.0], "c": ["a", "b"]},
}
HELD = {  # other rows, where the same ones in train and holdout would be refused
    "one column": {"x": np.arange(40.0) + 0.5},
    "unique categories": {"c": [f"h{i}" for i in range(40)], "d": [f"h{i}" for i in range(40)]},
}


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    data, held = dataset(HARD[case]), dataset(HELD.get(case, HARD[case]))
    for score in scores(data, data, held).values():
        assert score.reason if score.status == "not run" else np.isfinite(score.estimate)


@pytest.mark.parametrize("case", SHARED)
def test_the_two_sample_test_is_sound_on_hard_tables_or_says_why_not(case):
    assert_sound(scored_hard(case, "two_sample"), (0, 1))


def test_perfect_separation_in_small_tables_is_as_sure_as_the_tested_rows():
    train, held = (dataset({"x": rng(k).normal(size=60)}) for k in (1, 2))
    apart = dataset({"x": rng(3).normal(size=60) + 99})
    score = scores(train, apart, held, ["two_sample"])["two_sample"]
    assert score.estimate == 1
    assert score.interval[0] == pytest.approx(36 / (36 + 1.96**2), abs=1e-3)  # blocks 3 to 5 of 5


def test_rows_of_other_persons_are_not_told_apart():
    """Twenty rows a sequence: blocks of rows would tell fresh sequences from others, area 0.63."""
    found = []
    for k in range(4):
        train, held, fresh = (sequences(3 * k + i, many=60, each=10) for i in range(3))
        found.append(scores(train, fresh, held, ["two_sample"])["two_sample"])
    assert np.mean([score.estimate for score in found]) == pytest.approx(0.5, abs=0.08)
    assert sum(score.interval[0] <= 0.5 <= score.interval[1] for score in found) >= 3
