"""New rows where none may be: how many there are, which questions see them, which methods make fewer."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from mintmark.errors import InputError, RejectedError
from mintmark.resample._relevance import bumps, relevance
from mintmark.resample._sample import Sample
from mintmark.resample.cleaning._purified import purified
from mintmark.stats.neighbours import Points
from mintmark.stats.out_of_distribution import conformal_p_values, nearer, real_rejected
from mintmark.stats.purity import pure
from mintmark.stats.shares import wilson
from mintmark.synthesizer import make
from mintmark.testing.hard_tables import dataset

SEED = int(np.random.SeedSequence().generate_state(1)[0])  # another one each time: no seed is special


def rows(x, labels=None):
    labels = np.zeros(len(x), dtype=np.int64) if labels is None else labels
    return Sample(np.asarray(x, dtype=float), np.empty((len(x), 0), np.int32), (), labels)


def points(x):
    return Points(np.asarray(x, dtype=np.float32), np.empty((len(x), 0), np.int64), (), (), ())


def made(name, sample, n, rng, **values):
    """n new rows of class 1."""
    model = make(name, **values)
    drawn = model.make(model.plan(sample, np.array([0, n]), rng), n, rng)
    return rows(drawn.numbers, np.ones(n, dtype=np.int64))


# -- conformal distance -----------------------------------------------------------------------


def test_p_values_of_exchangeable_rows_are_uniform():
    """Each repeat has held-out rows of its own, so repeats are independent and the bound is that of
    Dvoretzky, Kiefer, Wolfowitz and Massart at one in a million; p lies on a grid of 1 / (m + 1), and two
    rows that are each other's nearest tie, which moves it up by one step at most.
    """
    rng, m, repeats = np.random.default_rng(SEED), 39, 1_500
    draws = rng.standard_t(3, size=(repeats, m + 1, 2))
    p = np.sort([conformal_p_values(points(x[m:]), points(x[:m]))[0] for x in draws])
    bound = math.sqrt(math.log(2 / 1e-6) / (2 * repeats))
    for level in np.arange(1, 40) / 40:
        share = np.searchsorted(p, level + 1e-9, "right") / repeats
        assert level - 2 / (m + 1) - bound <= share <= level + bound, (SEED, level, share)
        assert real_rejected(m, level) == pytest.approx(level)


def test_rows_far_from_all_real_ones_are_rejected_once_nineteen_real_ones_are_there():
    rng = np.random.default_rng(SEED)
    far = points(rng.normal(size=(30, 2)) + 50)
    for m, alpha, rejects in ((18, 0.05, False), (19, 0.05, True), (98, 0.01, False), (99, 0.01, True)):
        p = conformal_p_values(far, points(rng.normal(size=(m, 2))))
        assert p == pytest.approx(1 / (m + 1))
        assert (p <= alpha + 1e-9).all() == rejects
        assert real_rejected(m, alpha) == pytest.approx(alpha if rejects else 0)


# -- gaps in which no row of the class can be -------------------------------------------------


def ring(turns=12):
    """Places on a ring with a gap."""
    angle = np.linspace(0.5, 2 * np.pi - 0.5, turns)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def moons(turns=7):
    """Places on two moons."""
    angle = np.linspace(0, np.pi, turns)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([upper, [1, 0.5] - upper])


def plane(side=4):
    """Places on the plane x1 + x2 = x3 at either side of a strip."""
    across, along = np.meshgrid([-0.4, 0.4], np.linspace(-1.2, 1.2, side))
    x = np.stack([across.ravel(), along.ravel()], axis=1)
    return np.column_stack([x, x.sum(axis=1)])


def peopled(places, rng):
    """Four rows of the small class at each place, so that of five neighbours some stand across a gap.

    Rows of the large class are everywhere else, off the plane too; returns what may not hold the small.
    """

    def forbidden(x):
        return np.sqrt(((x[:, None] - places) ** 2).sum(axis=2)).min(axis=1) > 0.12

    few = np.repeat(places, 4, axis=0)
    step = rng.normal(scale=0.02, size=few.shape)
    if few.shape[1] == 3:
        step[:, 2] = step[:, :2].sum(axis=1)
    low, high = places.min(axis=0) - 0.4, places.max(axis=0) + 0.4
    many = rng.uniform(low, high, (4_000 if few.shape[1] == 2 else 40_000, few.shape[1]))
    return few + step, many[forbidden(many)], forbidden


@pytest.mark.parametrize("truth", [ring, moons, plane])
def test_fewer_rows_fall_into_a_gap_where_neighbours_are_asked(truth):
    rng = np.random.default_rng(SEED)
    few, many, forbidden = peopled(truth(), rng)
    kept = rng.random(len(many)) < 0.7
    sample = rows(np.concatenate([many[kept], few]), np.repeat([0, 1], [kept.sum(), len(few)]))
    plain, lee = made("smote", sample, 3_000, rng), made("lee", sample, 3_000, rng)
    without, rejecting = forbidden(plain.numbers).mean(), forbidden(lee.numbers).mean()
    stays = purified(sample, plain, k=3, kind="mode")
    clean = forbidden(plain.numbers[stays]).mean()
    assert without > 0.1, SEED
    assert rejecting < without / 2, (SEED, without, rejecting)
    assert clean < without / 2, (SEED, without, clean)

    def placed(x):  # as `lee` looks at them, in standard deviations
        return sample.axes.place(x, np.empty((len(x), 0), np.int32))

    real = placed(sample.numbers)
    before, after = (
        pure(placed(new.numbers), new.labels, real, sample.labels, 5, 2).mean() for new in (plain, lee)
    )
    assert after == 1, SEED
    assert wilson(before, len(plain))[1] < 1, (SEED, before)
    overlaps = [
        wilson(nearer(placed(new.numbers), placed(many[~kept]), placed(few)).mean(), len(new))
        for new in (plain, lee)
    ]
    assert overlaps[1][1] < overlaps[0][0], (SEED, overlaps)


def test_trees_see_planted_noise():
    """Some rows of the small class are mistaken, deep in the large one; new rows between them go."""
    rng = np.random.default_rng(SEED)
    few = np.concatenate([rng.normal(4, 1, (80, 2)), rng.normal(-1, 0.7, (10, 2))])
    sample = rows(np.concatenate([rng.normal(-1, 1, (2_000, 2)), few]), np.repeat([0, 1], [2_000, 90]))
    wrong = [
        (made(name, sample, 2_000, rng).numbers.sum(axis=1) < 2).mean() for name in ("smote", "smote_ipf")
    ]
    assert wrong[0] > 0.05, SEED
    assert wrong[1] < wrong[0] / 3, (SEED, wrong)


def test_a_class_that_no_row_of_passes_is_named_with_the_remedy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2_000, 2))
    data = dataset(
        {
            "a": pa.array(x[:, 0]),
            "b": pa.array(x[:, 1]),
            "y": pa.array(np.where(np.arange(2_000) < 20, "rare", "often").tolist()),
        },
        roles={"y": ("target",)},
    )
    model = make("lee", level=0.0).fit(data, seed=0)
    with pytest.raises(RejectedError, match=r"class 'rare' pass the filter.*Raise `level`"):
        model.sample(10, seed=0)
    assert len(make("lee", level=0.9).fit(data, seed=0).sample(10, seed=0)) == 10


def test_classes_keep_their_proportions_when_rows_of_one_are_rejected():
    rng = np.random.default_rng(SEED)
    x = np.concatenate([rng.normal(0, 1, (900, 2)), rng.normal(1.5, 0.5, (60, 2)), rng.normal(9, 1, (60, 2))])
    sample = rows(x, np.repeat([0, 1, 2], [900, 60, 60]))
    model = make("lee")
    learnt = model.plan(sample, np.array([0, 840, 840]), rng)
    drawn = model.make(learnt, 20_000, rng)
    share = (learnt["label"][drawn.base] == 1).mean()
    assert abs(share - 0.5) < 5 * 0.5 / math.sqrt(20_000), (SEED, share)


# -- numeric targets --------------------------------------------------------------------------


def curve(n, rng):
    """A table whose target is near a function of x, rare where x is large."""
    x = rng.exponential(1, n)
    return dataset(
        {
            "x": pa.array(x),
            "z": pa.array(rng.normal(size=n)),
            "c": pa.array(rng.choice(["u", "v"], n).tolist()),
            "y": pa.array(truth_of(x) + rng.normal(scale=0.05, size=n)),
        },
        roles={"y": ("target",)},
    )


def truth_of(x):
    return x + 0.2 * x**2


@pytest.mark.parametrize("kind", ["smoter", "smogn"])
def test_new_targets_follow_the_function_and_rare_ones_grow(kind):
    rng = np.random.default_rng(SEED)
    data = curve(2_000, rng)
    new = make("smote_regression", kind=kind).fit(data, seed=0).sample(2_000, seed=1).to_numpy()
    y = data.to_numpy()["y"]
    rare = np.quantile(y, 0.9)
    assert (new["y"] > rare).mean() > 0.5, SEED
    apart = np.abs(new["y"] - truth_of(new["x"]))
    assert np.median(apart) < 0.1 * y.std(), SEED
    assert np.quantile(apart, 0.95) < 0.5 * y.std(), SEED


def test_noise_has_one_parent_and_stays_beside_it():
    rng = np.random.default_rng(SEED)
    model = make("smote_regression", kind="smogn")
    learnt = model._learn(curve(1_000, rng).edit("c", categories=("u", "v")), rng)
    drawn = model.make(learnt, 4_000, rng)
    alone = drawn.base == drawn.partner
    assert 0 < alone.mean() < 1
    apart = np.abs(drawn.numbers[alone] - learnt["numbers"][drawn.base[alone]])
    assert (apart < 8 * 0.02 * learnt["spread"].max(axis=0)).all()
    assert (drawn.codes[alone] == learnt["codes"][drawn.base[alone]]).all()


def test_relevance_runs_from_the_median_to_the_whisker():
    y = np.array([*range(1, 10), 50.0])  # box 3.25..7.75, fences -3.5 and 14.5: whisker 9 above, none below
    found = relevance(y)
    assert found[:5].tolist() == [0.0] * 5
    t = (7 - 5.5) / (9 - 5.5)
    assert found[6] == pytest.approx(3 * t**2 - 2 * t**3)
    assert found[8:].tolist() == [1.0, 1.0]
    labels, names = bumps(y, 0.8)
    assert names == ["normal", "high"]
    assert labels.tolist() == [0] * 7 + [1] * 3
    assert bumps(np.arange(10.0), 0.8)[1] == ["normal"]
    assert np.isfinite(relevance(y * 3e306)).all()


def test_a_target_of_the_wrong_kind_is_told_apart():
    data = curve(300, np.random.default_rng(0))
    with pytest.raises(
        InputError, match=r"'c' is category; smote_regression resamples a number.*or use smote"
    ):
        make("smote_regression", target="c").fit(data, seed=0)
    with pytest.raises(InputError, match="use smote_regression"):
        make("smote").fit(data, seed=0)
    model = make("smote_regression").fit(data.edit("y", roles=()), seed=0)
    assert len(model.sample(20, seed=0)) == 20
    told = make("smote_regression").fit(data, seed=0).describe()["choices"]
    assert {c["what"]: c["chosen"] for c in told if "rare" in c["what"]} == {"rare values of 'y'": "high"}
