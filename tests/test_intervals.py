"""Intervals of distances and areas against hand-worked values and populations of known distance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mintmark.assess.assess import assess
from mintmark.assess.privacy._roc import sensitivity
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.stats.distance_intervals import (
    bridges,
    kolmogorov_smirnov_interval,
    total_variation_interval,
)
from mintmark.stats.intervals import auc_interval, delong, effective_size
from mintmark.stats.two_sample import detect


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def covered(found, truth, least, most=1.0):
    """Whether the share of intervals that hold the truth is binomially within the bounds."""
    hits = np.mean([low <= truth <= high for low, high in found])
    error = np.sqrt(0.05 * 0.95 / len(found))
    return least - 2.5 * error <= hits <= most + 2.5 * error


def test_two_far_cells_have_the_interval_of_a_difference_of_shares():
    found = total_variation_interval([600, 400], [300, 700])
    error = np.sqrt(0.6 * 0.4 / 1000 + 0.3 * 0.7 / 1000)
    assert found.estimate == pytest.approx(0.3, abs=0.003)
    assert found.interval == pytest.approx((0.3 - 1.96 * error, 0.3 + 2.05 * error), abs=0.004)
    assert not found.one_sided


def test_order_of_samples_and_of_cells_does_not_matter():
    a, b = [50, 30, 20, 0], [20, 30, 45, 5]
    found = total_variation_interval(a, b)
    again = total_variation_interval(b, a)
    assert again.estimate == pytest.approx(found.estimate)
    assert again.interval == pytest.approx(found.interval)
    assert total_variation_interval(a[::-1], b[::-1]).interval == pytest.approx(found.interval)


def test_a_cell_that_no_row_is_in_changes_nothing():
    assert total_variation_interval([5, 0, 9], [7, 0, 3]) == total_variation_interval([5, 9], [7, 3])


def test_samples_that_agree_leave_an_upper_bound_alone_and_no_certainty():
    counts = np.full(20, 50)
    found = total_variation_interval(counts, counts)
    assert found.one_sided
    assert 0 < found.interval[1] < 0.1
    x = np.sort(rng(1).normal(size=1000))
    found = kolmogorov_smirnov_interval(x, x, bridges(rng()))
    assert found.one_sided
    assert 0 < found.interval[1] < 0.05


def test_one_value_in_both_samples_says_how_rare_others_must_be():
    upper = -np.log(0.025) / 50  # (1 - upper)^50 is about 2.5 %
    assert total_variation_interval([50], [200]) == (0.0, (0.0, pytest.approx(upper)))
    ones = np.ones(50)
    assert kolmogorov_smirnov_interval(ones, ones, bridges(rng())) == (0.0, (0.0, pytest.approx(upper)))


def test_tables_without_a_row_in_common_are_as_far_as_can_be():
    found = total_variation_interval([100, 100, 0, 0], [0, 0, 100, 100])
    assert found.interval[1] == 1
    assert found.interval[0] > 0.9
    low, high = np.arange(100.0), np.arange(100.0) + 500
    assert kolmogorov_smirnov_interval(low, high, bridges(rng())).interval[0] > 0.9


def test_fewer_independent_draws_widen_the_interval_by_the_root():
    a, b = np.array([600, 400]), np.array([300, 700])
    wide, narrow = (np.diff(total_variation_interval(a, b, (n, n)).interval)[0] for n in (250, 1000))
    assert wide / narrow == pytest.approx(2, rel=0.03)


def test_effective_size_counts_persons_where_their_rows_are_alike():
    influence = rng(2).normal(size=300)
    assert effective_size(influence, None) == 300
    assert effective_size(np.repeat(influence, 4), np.repeat(np.arange(300), 4)) == pytest.approx(
        300, rel=0.01
    )
    assert effective_size(np.zeros(8), np.repeat(np.arange(4), 2)) == 4


CELLS = 12
BASE = rng(3).dirichlet(np.full(CELLS, 2.0))
OTHER = rng(4).dirichlet(np.full(CELLS, 2.0))


@pytest.mark.parametrize(("share", "most"), [(0.0, 1.0), (0.1, 1.0), (0.5, 0.97), (1.0, 0.97)])
def test_total_variation_is_covered_at_near_and_far_from_zero(share, most):
    draw, mixed = rng(10), (1 - share) * BASE + share * OTHER
    truth = 0.5 * np.abs(BASE - mixed).sum()
    found = [
        total_variation_interval(draw.multinomial(1000, BASE), draw.multinomial(1500, mixed)).interval
        for _ in range(200)
    ]
    assert covered(found, truth, 0.93, most)


def test_the_percentile_bootstrap_would_not_cover_zero():
    """What the interval is for: 12 equal cells lie 0.05 apart in samples, never 0."""
    draw, hits = rng(11), 0
    for _ in range(50):
        a, b = draw.multinomial(1000, BASE), draw.multinomial(1000, BASE)
        again = draw.multinomial(1000, a / 1000, 100) - draw.multinomial(1000, b / 1000, 100)
        hits += np.quantile(np.abs(again).sum(1), 0.025) <= 0
    assert hits == 0


@pytest.mark.parametrize(("shift", "most"), [(0.0, 1.0), (0.05, 1.0), (0.4, 0.97)])
def test_kolmogorov_smirnov_is_covered_at_near_and_far_from_zero(shift, most):
    from scipy.special import ndtr

    draw, noise = rng(12), bridges(rng())
    truth = 2 * ndtr(shift / 2) - 1  # of two unit normals this far apart
    found = [
        kolmogorov_smirnov_interval(
            np.sort(draw.normal(size=500)), np.sort(draw.normal(shift, 1, size=500)), noise
        ).interval
        for _ in range(120)
    ]
    assert covered(found, truth, 0.93, most)


def test_the_two_sample_test_spreads_as_its_variance_says_where_tables_are_alike():
    """Cross-validation would spread 1.4 times as far: pairs of rows would count twice."""
    draw = rng(13)
    found = [
        detect(draw.normal(size=(200, 2)), draw.normal(size=(200, 2)), draw, rounds=15) for _ in range(120)
    ]
    spread = np.std([d.auc - 0.5 for d in found])
    assert spread / np.sqrt(np.mean([d.variance for d in found])) == pytest.approx(1, abs=0.2)
    assert covered([auc_interval(d.auc, d.variance, 200) for d in found], 0.5, 0.93)


def test_rows_of_one_person_lie_in_one_block_and_count_as_one_draw():
    """Sixty persons a side with ten rows each: by rows they would be told apart."""
    draw, own, found = rng(17), np.repeat(np.arange(60), 10), []
    for _ in range(30):
        a, b = (draw.normal(size=(60, 2))[own] + 0.05 * draw.normal(size=(600, 2)) for _ in "ab")
        found.append(detect(a, b, draw, persons=(own, own), rounds=15))
    spread = np.std([d.auc - 0.5 for d in found])
    assert np.mean([d.auc for d in found]) == pytest.approx(0.5, abs=4 * spread / 30**0.5)
    assert spread / np.sqrt(np.mean([d.variance for d in found])) == pytest.approx(1, abs=0.35)
    assert covered([auc_interval(d.auc, d.variance, d.tested) for d in found], 0.5, 0.86)
    assert found[0].tested == 36  # three of five blocks
    assert detect(a, b, draw, rounds=15).auc > 0.8


def test_persons_of_one_row_change_nothing():
    a, b = rng(1).normal(size=(100, 2)), rng(2).normal(0.5, 1, size=(120, 2))
    alone = detect(a, b, rng(3))
    named = detect(a, b, rng(3), persons=(rng(4).permutation(100), np.arange(120)))
    plain = detect(a, b, rng(3), persons=(np.arange(100), None))
    assert (plain.auc, plain.variance) == (alone.auc, alone.variance)
    assert named.tested == alone.tested == 60


def test_perfect_separation_is_as_sure_as_the_tested_rows_are_many():
    found = detect(np.zeros((50, 1)), np.ones((50, 1)), rng())
    assert (found.auc, found.tested) == (1, 30)
    assert auc_interval(found.auc, found.variance, found.tested)[0] == pytest.approx(
        30 / (30 + 1.96**2), abs=1e-4
    )


def test_classifiers_come_with_the_detection_and_reach_its_area_on_fresh_rows():
    draw = rng(14)
    found = detect(draw.normal(size=(800, 2)), draw.normal(1, 1, size=(800, 2)), draw)
    fresh = draw.normal(size=(4000, 2)), draw.normal(1, 1, size=(4000, 2))
    areas = [delong(classify(fresh[1]), classify(fresh[0]))[0] for classify in found.classifiers]
    assert np.mean(areas) == pytest.approx(found.auc, abs=4 * np.sqrt(found.variance))


def test_members_who_were_all_attacked_add_no_variance():
    positive, negative = rng(15).normal(1, 1, 100), rng(16).normal(size=80)
    whole = delong(positive, negative, factors=(0, 1))[1]
    placements = (positive[:, None] > negative).mean(0)
    assert whole == pytest.approx(placements.var(ddof=1) / 80)
    half = delong(positive, negative, factors=(0.5, 1))[1]
    assert half == pytest.approx((whole + delong(positive, negative)[1]) / 2)
    every, some = (sensitivity(positive, negative, 0.1, 1.96, share=share)[1] for share in (1.0, 0.0))
    assert some[0] < every[0]
    assert every[1] < some[1]


def tables(shift, n=800):
    draw = rng(17)
    kinds = {"double": "number", "string": "category"}

    def made(move):
        x = draw.normal(size=n)
        y = 0.8 * x + draw.normal(size=n) + move
        return pa.table({"x": x, "y": y, "c": np.where(y > 0.5, "p", "q")})

    out = []
    for table in (made(0.0), made(shift)):
        columns = [Column(name=f.name, kind=kinds[str(f.type)], dtype=str(f.type)) for f in table.schema]
        out.append(Dataset(table, Schema(tuple(columns))))
    return out


def test_columns_and_pairs_show_the_populations_distance_beside_the_exact_sample_figures():
    from scipy.special import ndtr
    from scipy.stats import ks_2samp

    train, synthetic = tables(1.0)
    found = assess(train=train, synthetic=synthetic, metrics=["column_shapes", "pair_trends"], seed=0)
    columns, pairs = (found[name].details for name in ("column_shapes", "pair_trends"))
    y = columns["columns"]["y"]
    exact = ks_2samp(train.table["y"].to_numpy(), synthetic.table["y"].to_numpy()).statistic
    assert y["ks"] == y["distance"] == pytest.approx(exact, abs=1e-12)
    deviation = np.sqrt(1.64)
    assert y["interval"][0] <= 2 - 2 * ndtr(0.5 / deviation) <= y["interval"][1]
    assert y["interval"][0] <= y["estimate"] <= y["interval"][1]
    assert columns["columns"]["x"]["one_sided"]
    assert columns["columns"]["x"]["interval"][1] == 1
    c = columns["columns"]["c"]
    assert c["interval"][0] <= 1 - (ndtr(0.5 / deviation) - ndtr(-0.5 / deviation)) <= c["interval"][1]
    by_columns = {tuple(pair["columns"]): pair for pair in pairs["pairs"]}
    assert len(by_columns) == pairs["scored"] == 3
    both = by_columns["x", "y"]
    assert both["score"] > 0.95  # correlations agree
    assert both["interval"][1] < 0.8  # though the joint distribution does not
    assert both["tvd"] == pytest.approx(by_hand(train, synthetic), abs=1e-12)
    assert both["floor"] is not None
    assert both["ceiling"] is None


def by_hand(train, synthetic):
    """Total variation on six levels a number: twenty bins of train's quantiles, merged evenly."""
    cells = []
    for name in ("x", "y"):
        order = np.sort(train.table[name].to_numpy())
        breaks = order[len(order) * np.arange(1, 20) // 20]
        cells.append(
            [np.searchsorted(breaks, t.table[name].to_numpy(), "right") * 6 // 20 for t in (train, synthetic)]
        )
    p, q = (np.bincount(6 * x + y, minlength=36) / len(x) for x, y in zip(*cells, strict=True))
    return 0.5 * np.abs(p - q).sum()


def test_rows_of_one_person_widen_a_columns_interval():
    train, synthetic = tables(0.6, 300)
    many = train.take(np.repeat(np.arange(300), 4))
    person = pa.array(np.repeat(np.arange(300), 4))
    schema = Schema((*train.schema, Column(name="who", kind="integer", dtype="int64", roles=("group",))))
    grouped = Dataset(many.table.append_column("who", person), schema)
    released = Dataset(synthetic.table.append_column("who", pa.array(np.arange(300))), schema)
    widths = []
    for real, other in ((many, synthetic), (grouped, released)):
        found = assess(train=real, synthetic=other, metrics=["column_shapes"], seed=0)
        low, high = found["column_shapes"].details["columns"]["c"]["interval"]
        widths.append(high - low)
    assert widths[1] / widths[0] == pytest.approx(np.sqrt((1 + 1) / (1 / 4 + 1)), rel=0.1)
