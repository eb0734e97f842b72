"""The Gaussian copula against known truth: correlations, questions, and exact conditions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mintmark.data.dataset import Dataset
from mintmark.data.encode import encode
from mintmark.data.schema import Column, Schema, type_name
from mintmark.data.where import matches
from mintmark.errors import InputError
from mintmark.latent._families import fitted_family
from mintmark.latent._marginal import quantile_function, smoothed
from mintmark.latent._normal import correlations, normal_scores, proper
from mintmark.latent._truncated import draws, tilted
from mintmark.latent.gaussian_copula import GaussianCopula

KINDS = {"i": "integer", "f": "number", "c": "category", "b": "boolean", "d": "datetime"}
LEVEL = 1e-4
"""Of each test below: with fixed seeds one in ten thousand would fail by chance when first written."""


def table(target: str | None = None, **columns: object) -> Dataset:
    """A dataset of columns whose names end in ``_`` and the letter of their kind."""
    made = pa.table(columns)
    columns_of = tuple(
        Column(
            name=field.name,
            kind=KINDS[field.name[-1]],
            dtype=type_name(field.type),
            roles=("target",) if field.name == target else (),
        )
        for field in made.schema
    )
    return Dataset(made, Schema(columns_of))


def mixed(n: int = 6000) -> Dataset:
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "c", "d"], n, p=[0.4, 0.3, 0.2, 0.1])
    x = rng.normal(np.select([group == "a", group == "b"], [0, 3], 1), 1)
    return table(
        group_c=group.tolist(),
        x_f=np.where(rng.random(n) < 0.1 + 0.3 * (group == "b"), np.nan, x).tolist(),
        amount_i=np.where(
            rng.random(n) < 0.3 + 0.4 * (group == "c"), 40, np.round(rng.gamma(4, 10, n))
        ).astype(int),
        yes_b=(x + rng.normal(0, 0.5, n) > 1.5).tolist(),
        day_d=pa.array(
            [dt.date(1960, 1, 1) + dt.timedelta(days=int(d)) for d in 500 * x + rng.integers(0, 900, n)]
        ),
    )


@pytest.mark.parametrize("cuts", [(0.0, 0.0), (0.5, -1.0), (2.0, 2.0), (None, 0.0), (None, None)])
def test_the_correlation_behind_cut_normals_is_found(cuts):
    rng = np.random.default_rng(0)
    n, rho = 60_000, 0.6
    z = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)
    seen = [column if cut is None else (column > cut) for column, cut in zip(z.T, cuts, strict=True)]
    scores = np.stack([normal_scores(column.astype(float)) for column in seen], axis=1)
    found = correlations(scores, np.arange(2))[0, 1]
    # a cut at 2 leaves 1,365 rows above: the standard error of such a tetrachoric is about 0.02
    assert found == pytest.approx(rho, abs=0.06 if cuts[0] == 2.0 else 0.02)


def test_noise_correlations_are_shrunk_away():
    scores = np.random.default_rng(0).normal(size=(40, 30))
    found = correlations(scores, np.arange(30))
    raw = np.corrcoef(scores, rowvar=False)
    assert np.abs(found - np.eye(30)).sum() < 0.3 * np.abs(raw - np.eye(30)).sum()


def test_a_proper_matrix_keeps_what_a_column_may_not_tie():
    rng = np.random.default_rng(0)
    own = np.repeat(np.arange(6), 3)
    r = np.clip(rng.normal(0, 0.6, (18, 18)), -0.95, 0.95)
    r = np.where(own[:, None] == own, np.eye(18), np.tril(r, -1) + np.tril(r, -1).T)
    made = proper(r, own, np.ones(18))
    assert np.linalg.eigvalsh(made)[0] > 0
    assert made[own[:, None] == own] == pytest.approx(np.eye(18)[own[:, None] == own])
    valid = np.array([[1.0, 0.4], [0.4, 1.0]])
    assert proper(valid, np.arange(2), np.ones(2)) == pytest.approx(valid)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([0.5, -0.2, -0.5], [1.5, np.inf, 0.8]),
        ([1.0, 1.0, -np.inf], [np.inf, np.inf, -1.0]),
        ([-np.inf, 0.3, 0.1], [-0.3, np.inf, 0.6]),
    ],
)
def test_truncated_normals_are_those_of_brute_force(low, high):
    r = np.array([[1.0, 0.7, 0.3], [0.7, 1.0, -0.2], [0.3, -0.2, 1.0]])
    root = np.linalg.cholesky(r)
    z = np.random.default_rng(1).standard_normal((1_500_000, 3)) @ root.T
    wanted = z[np.all((z > low) & (z < high), axis=1)][:4000]
    e = draws(4000, tilted(root, np.array([low]), np.array([high])), np.random.default_rng(2))
    made = e @ root.T
    assert np.all((made >= low) & (made <= high))
    for direction in (*np.eye(3), np.array([1.0, 1, 1]), np.array([1.0, -1, 0])):
        assert stats.ks_2samp(wanted @ direction, made @ direction).pvalue > LEVEL


def test_mean_in_a_quadrant_is_the_closed_form():
    rho = 0.5
    root = np.linalg.cholesky(np.array([[1, rho], [rho, 1]]))
    e = draws(200_000, tilted(root, np.zeros((1, 2)), np.full((1, 2), np.inf)), np.random.default_rng(0))
    share = 0.25 + np.arcsin(rho) / (2 * np.pi)
    mean = (1 + rho) / (2 * np.sqrt(2 * np.pi) * share)  # Rosenbaum (1961)
    z = e @ root.T
    assert z[:, 0].mean() == pytest.approx(mean, abs=4 * z[:, 0].std() / np.sqrt(len(z)))


def test_boxes_come_out_in_proportion_to_their_probabilities():
    rho = -0.6
    root = np.linalg.cholesky(np.array([[1, rho], [rho, 1]]))
    low = np.array([[0.0, 0.0], [0.0, -np.inf], [-np.inf, 1.0]])
    high = np.array([[np.inf, np.inf], [np.inf, -1.0], [-1.0, np.inf]])
    z = draws(20_000, tilted(root, low, high), np.random.default_rng(0)) @ root.T
    law = stats.multivariate_normal(cov=[[1, rho], [rho, 1]])
    tail = stats.norm.cdf(-1)
    both = [law.cdf([0, 0]), tail - law.cdf([0, -1]), tail - law.cdf([-1, 1])]
    which = [int(np.all((z > a) & (z < b), axis=1).sum()) for a, b in zip(low, high, strict=True)]
    assert sum(which) == len(z)
    assert stats.chisquare(which, len(z) * np.array(both) / sum(both)).pvalue > LEVEL


def test_a_far_tail_is_drawn_at_once():
    root = np.linalg.cholesky(np.array([[1, 0.9], [0.9, 1]]))
    boxes = tilted(root, np.array([[4.0, -np.inf]]), np.array([[np.inf, 2.0]]))  # 1 in 10^8
    z = draws(1000, boxes, np.random.default_rng(0)) @ root.T
    assert np.all((z[:, 0] > 4) & (z[:, 1] < 2))


CONDITIONS = [
    {"group_c": "b"},
    {"group_c": ["a", "d"], "yes_b": True},
    {"x_f": (2.0, 4.0)},
    {"x_f": None, "amount_i": (None, 40)},
    {"amount_i": [40, 41, 12], "x_f": (None, 1.0)},
    {"amount_i": 40, "yes_b": False},
    {"day_d": (dt.date(1962, 1, 1), dt.date(1963, 6, 30)), "group_c": ["b", "c"]},
]


@pytest.fixture(scope="module")
def model():
    return GaussianCopula().fit(mixed(), seed=0)


@pytest.fixture(scope="module")
def many(model):
    return model.sample(150_000, seed=10)


@pytest.mark.parametrize("where", CONDITIONS, ids=str)
def test_rows_asked_for_have_the_law_of_rows_picked_out(model, many, where):
    made = model.sample(4000, seed=3, where=where)
    assert made.provenance["rejected"] == {}
    wanted = many.table.filter(pa.array(matches(many.table, many.schema, where))).slice(0, 8000)
    drawn, picked = (encode(t, made.schema) for t in (made.table, wanted))
    for column in made.schema:
        pair = [rows[column.name].astype(float) for rows in (drawn, picked)]
        known = [rows[~np.isnan(rows)] for rows in pair]
        if column.is_discrete:
            _same_shares(pair)
        else:
            _same_shares([np.isnan(rows) for rows in pair])
            assert not len(known[0]) or stats.ks_2samp(*known).pvalue > LEVEL
    if where != CONDITIONS[3]:  # there x is missing throughout
        together = [
            rows["x_f"] * np.where(rows["yes_b"] > 0, 1, -1) + rows["amount_i"] / 20
            for rows in (drawn, picked)
        ]
        assert stats.ks_2samp(*(t[~np.isnan(t)] for t in together)).pvalue > LEVEL


def _same_shares(pair):
    values = np.unique(np.concatenate(pair))
    counts = np.array([[np.sum(rows == value) for value in values] for rows in pair])
    assert len(values) == 1 or stats.chi2_contingency(counts).pvalue > LEVEL


def test_what_never_occurs_is_refused_by_name(model):
    with pytest.raises(InputError, match=r"where\['x_f'\].*never occurs"):
        model.sample(5, seed=0, where={"x_f": 1.23456789})


def test_columns_that_contradict_each_other_are_refused_by_name():
    rng = np.random.default_rng(0)
    x = rng.normal(size=5000)
    fitted = GaussianCopula().fit(table(x_f=x, y_f=x + rng.normal(0, 0.05, 5000)), seed=0)
    with pytest.raises(InputError, match="'x_f' and 'y_f' as asked meet in fewer than one row in a billion"):
        fitted.sample(5, seed=0, where={"x_f": (1.5, None), "y_f": (None, -1.5)})


def test_lists_of_very_many_stretches_still_come_out(model):
    where = {"amount_i": list(range(5, 90, 2)), "x_f": (0.0, 2.0), "group_c": ["a", "c"]}
    made = model.sample(100, seed=0, where=where)
    assert matches(made.table, made.schema, where).all()


def test_a_relation_that_turns_is_kept():
    rng = np.random.default_rng(0)
    x = rng.normal(size=8000)
    data = table(x_f=x, far_b=(np.abs(x) > 1))
    made = GaussianCopula().fit(data, seed=0).sample(8000, seed=1).table
    far = np.array(made["far_b"].to_pylist())
    assert np.mean((np.abs(made["x_f"].to_numpy()) > 1) == far) > 0.9  # one order would give 0.57


def test_a_spike_in_the_middle_keeps_its_own_relation():
    rng = np.random.default_rng(0)
    other = rng.random(8000) < 0.5
    x = np.where(rng.random(8000) < np.where(other, 0.8, 0.1), 40, np.round(rng.normal(40, 10, 8000)))
    made = GaussianCopula().fit(table(x_i=x.astype(int), other_b=other), seed=0).sample(20_000, seed=1).table
    spike, drawn = made["x_i"].to_numpy() == 40, np.array(made["other_b"].to_pylist())
    for value in (True, False):
        assert spike[drawn == value].mean() == pytest.approx((x == 40)[other == value].mean(), abs=0.03)


def test_categories_without_an_order_keep_their_relations():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 5, 8000)
    a, b = np.array([0, 2, 0, 2, 1])[group], np.array([0, 0, 2, 2, -1])[group]
    data = table(group_c=group.astype(str), a_f=a + rng.normal(size=8000), b_f=b + rng.normal(size=8000))
    made = GaussianCopula().fit(data, seed=0).sample(20_000, seed=1).table
    drawn = np.array(made["group_c"].to_pylist()).astype(int)
    for name in ("a_f", "b_f"):
        for g in range(5):
            real = data.table[name].to_numpy()[group == g].mean()
            assert made[name].to_numpy()[drawn == g].mean() == pytest.approx(
                real, abs=0.5
            )  # apart by up to 3


def test_a_saved_model_holds_no_value_of_a_row(tmp_path):
    x = np.random.default_rng(0).normal(size=2000)
    fitted = GaussianCopula().fit(table(x_f=x), seed=0)
    learnt = [v for v in fitted._fitted.learnt.values() if isinstance(v, np.ndarray)]
    assert not any(np.isin(x, array).any() for array in learnt)


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [
        (stats.norm(50, 10), -1e6, 1e6),
        (stats.lognorm(1, scale=8), 0.0, 1e6),
        (stats.gamma(2, scale=3), 0.0, 1e6),
    ],
)
def test_few_numbers_of_a_named_law_come_nearer_to_it_than_by_knots(law, low, high):
    at = np.linspace(0.005, 0.995, 500)
    by_family, by_knots = [], []
    for seed in range(20):
        values = law.rvs(50, random_state=np.random.default_rng(seed))
        found = fitted_family(values, low, high)
        if found is None:  # one sample in twenty is unlike its own law
            continue
        _, knots, below = found
        assert low <= knots[0] < knots[-1] <= high
        by_family.append(np.abs(np.interp(at, below, knots) - law.ppf(at)).mean())
        knots, below = smoothed(np.sort(values), low, high)
        by_knots.append(np.abs(np.interp(at, below, knots) - law.ppf(at)).mean())
    assert len(by_family) >= 16
    assert np.mean(by_family) < 0.9 * np.mean(by_knots)


def test_values_that_follow_no_family_are_left_to_their_own_law():
    rng = np.random.default_rng(0)
    two_hills = np.concatenate([rng.normal(0, 1, 60), rng.normal(10, 1, 60)])
    assert fitted_family(two_hills, two_hills.min(), two_hills.max()) is None
    assert fitted_family(rng.normal(size=2000), -9.0, 9.0) is None  # enough for knots
    assert fitted_family(np.full(50, 3.0), 0.0, 9.0) is None


def test_what_a_family_has_beyond_the_bounds_lies_on_them():
    values = np.clip(np.random.default_rng(0).normal(size=200), -1, 1)
    name, knots, below = fitted_family(values, -1.0, 1.0)
    assert name == "normal"
    assert (knots[0], knots[-1]) == (-1, 1)
    assert below[0] == pytest.approx(stats.norm.cdf(-1), abs=0.06)
    assert 1 - below[-1] == pytest.approx(stats.norm.cdf(-1), abs=0.06)
    probability, value = quantile_function(values, -1.0, 1.0)
    assert np.all((value >= -1) & (value <= 1))
    assert np.all(np.diff(probability) >= 0)
