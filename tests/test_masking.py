"""Masks keep what their classes say, and nobody who knows seed and source takes them off."""

from __future__ import annotations

import json
import secrets

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.data.streams import stream
from mintmark.errors import InputError, RejectedError, UnknownNameError
from mintmark.resample import date_shift, microaggregation, pram
from mintmark.resample._linkage import linkage_and_loss
from mintmark.resample._masks import swapped
from mintmark.resample._scale import Scale
from mintmark.resample.correlated_noise import reflected
from mintmark.synthesizer import load_model, make
from mintmark.testing.hard_tables import dataset, ordinary

NAMES = ("correlated_noise", "pram", "microaggregation", "rank_swap", "shuffle", "date_shift")
RANDOM = tuple(name for name in NAMES if name != "microaggregation")
TAKEN = ("pram", "rank_swap", "shuffle", "date_shift")
"""Masks that leave each number what it was, on its own row or on another."""
WIDE = {"low": -1e3, "high": 1e3}
FAR = 4.5
"""Standard errors, which a right figure passes in 1 of 150,000 runs; of nine, one passes 3 in 1 of 41."""


@pytest.fixture
def rng():
    """Another one each run, whose seed a failure shows."""
    seed = secrets.randbits(32)
    print(f"rng seed {seed}")
    return np.random.default_rng(seed)


def normal_table(rng, n, **edits):
    """Three correlated numbers with declared bounds far out, so that nothing is drawn in."""
    mixing = rng.normal(size=(3, 3)) + 2 * np.eye(3)
    x = rng.normal(size=(n, 3)) @ mixing + rng.normal(size=3)
    data = dataset({name: pa.array(x[:, at]) for at, name in enumerate("abc")})
    for name in "abc":
        data = data.edit(name, **{**WIDE, **edits})
    return data


def values(data, names="abc"):
    return np.stack([data.table[name].to_numpy() for name in names], axis=1)


def fitted(name, data, *, seed=0, **parameters):
    return make(name, **parameters).fit(data, seed=seed)


# -- noise -------------------------------------------------------------------------------------


def test_noise_keeps_mean_and_covariance_in_expectation(rng):
    data = normal_table(rng, 500)
    real = values(data)
    masked = [values(fitted("correlated_noise", data, level=0.5).sample(500, seed=0)) for _ in range(150)]
    for figure in (lambda x: x.mean(axis=0), lambda x: np.cov(x.T, ddof=0)):
        found = np.array([figure(x) for x in masked])
        error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
        # sample covariances of noise lose the share 1/n of it: its mean is not taken out of the population's
        lost = 0.5 / 1.5 / len(real) * np.abs(figure(real)) if found.ndim == 3 else 0.0
        assert (np.abs(found.mean(axis=0) - figure(real)) < FAR * error + lost).all()


def test_noise_moves_every_value_and_repeats_no_row(rng):
    data = normal_table(rng, 400)
    masked = values(fitted("correlated_noise", data).sample(400, seed=0))
    assert not (masked == values(data)).any()
    apart = np.sqrt(np.square(masked - values(data)).mean(axis=0)) / values(data).std(axis=0)
    assert (apart > 0.2).all()  # sqrt(0.1 / 1.1) is 0.30


def test_sums_of_columns_stay_sums_under_noise(rng):
    data = normal_table(rng, 300)
    total = data.table["a"].to_numpy() + data.table["b"].to_numpy()
    data = dataset({"a": data.table["a"].chunk(0), "b": data.table["b"].chunk(0), "t": pa.array(total)})
    for name in "abt":
        data = data.edit(name, **WIDE)
    a, b, t = values(fitted("correlated_noise", data, level=1.0).sample(300, seed=0), "abt").T
    assert np.allclose(a + b, t, atol=1e-6)  # the root of a singular matrix is exact to its square root


def test_values_beyond_a_bound_are_reflected():
    x = np.array([[-0.25], [0.5], [1.5], [2.75], [-3.5], [np.nan]])
    low, high = np.array([0.0]), np.array([1.0])
    assert np.allclose(
        reflected(x, low, high), [[0.25], [0.5], [0.5], [0.75], [0.5], [np.nan]], equal_nan=True
    )
    assert np.array_equal(reflected(x[:5], low, low), [[0], [0], [0], [0], [0]])
    assert reflected(x, low, np.array([np.inf]))[0] == 0.25
    assert reflected(x, low, np.array([np.inf]))[3] == 2.75


def test_reflection_keeps_a_flat_density_flat(rng):
    data = dataset({"a": pa.array(rng.random(20_000))}).edit("a", low=0.0, high=1.0)
    made = fitted("correlated_noise", data, level=0.05).sample(20_000, seed=0)
    found = made.table["a"].to_numpy()
    share = np.histogram(found, bins=10, range=(0, 1))[0] / 20_000
    assert found.min() > 0
    assert found.max() < 1
    assert share.max() < 0.125  # drawn in by 1 / sqrt(1.05), so the ends are emptier and never crowded
    assert "reflected" in json.dumps(made.provenance["choices"])


def test_whole_numbers_and_dates_stay_such_and_gaps_stay():
    data = ordinary()
    made = fitted("correlated_noise", data).sample(400, seed=0)
    assert made.table.schema.equals(data.table.schema)
    for name in ("age", "income", "color"):
        assert made.table[name].is_null().equals(data.table[name].is_null())
    assert made.table["color"].equals(data.table["color"])
    assert "'color', 'member', 'bought'" in json.dumps(made.provenance["choices"])


def test_rows_of_one_person_share_the_noise_so_that_their_mean_does_not_show_him(rng):
    person = np.repeat(np.arange(200), 5)
    data = dataset(
        {"who": pa.array(person), "x": pa.array(np.repeat(rng.normal(size=200), 5)),
         "c": pa.array(np.repeat(rng.choice(["u", "v"], 200), 5).tolist())},
        roles={"who": ("group",)},
    )  # fmt: skip
    for name, column in (("correlated_noise", "x"), ("pram", "c")):
        made = fitted(name, data).sample(1000, seed=0).table[column].to_numpy(zero_copy_only=False)
        assert (made.reshape(200, 5) == made.reshape(200, 5)[:, :1]).all()
    for name in ("microaggregation", "rank_swap", "shuffle"):
        with pytest.raises(InputError, match="several rows"):
            fitted(name, data)


# -- the attacker ------------------------------------------------------------------------------


def without_noise(masked, seed, level):
    """What an attacker makes of a release who tries a seed: moments are kept, so he has the covariance."""
    scale = Scale.of(masked)
    scaled = scale.to(masked)
    eigenvalues, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    root = (vectors * np.sqrt(np.maximum(eigenvalues, 0))) @ vectors.T
    noise = stream(seed, "fit").standard_normal(masked.shape) @ root
    return scale.back(scaled * np.sqrt(1 + level) - np.sqrt(level) * noise)


def squared_error(guess, real):
    return float((np.square(guess - real) / real.var(axis=0)).mean())


def test_no_seed_takes_the_noise_off(rng):
    """With a seed alone the right one leaves a hundredth of the noise; with the secret none helps.

    A wrong seed subtracts noise that is independent of the real one, so that the squared error is 2a
    in place of a, in variances. Over n rows of d columns its relative standard deviation is at most
    sqrt(2 / n) (all columns moving as one), for the best of 64 seeds not 5 of these: above a. And a
    seed that is right would have to be one of 2 ** 128.
    """
    n, level, seeds = 1000, 0.2, 64
    data = normal_table(rng, n)
    real = values(data)

    def attacked(**how):
        model = fitted("correlated_noise", data, seed=7, level=level, **how)
        release = values(model.sample(n, seed=0))
        drawn_out = Scale.of(release).back(Scale.of(release).to(release) * np.sqrt(1 + level))
        tried = [squared_error(without_noise(release, seed, level), real) for seed in range(seeds)]
        return squared_error(drawn_out, real), tried

    plain, tried = attacked(reproducible=True)
    assert int(np.argmin(tried)) == 7
    assert tried[7] < plain / 20  # the attack has teeth
    plain, tried = attacked()
    assert min(tried) > plain
    assert min(tried) > 2 * level * (1 - 6 * np.sqrt(2 / n))


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_repeats_the_mask_only_where_provenance_says_so(name):
    data = ordinary()
    once, again = (fitted(name, data, seed=3).sample(200, seed=0) for _ in range(2))
    assert not once.table.drop_columns("id").equals(again.table.drop_columns("id"))
    assert once.provenance["parameters"]["reproducible"] is False
    once, again = (fitted(name, data, seed=3, reproducible=True).sample(200, seed=0) for _ in range(2))
    assert once.table.equals(again.table)
    assert once.provenance["parameters"]["reproducible"] is True
    assert "not for a release" in json.dumps(once.provenance["choices"])


@pytest.mark.parametrize("name", NAMES)
def test_more_samples_do_not_average_the_mask_away(name):
    data = ordinary()
    model = fitted(name, data)
    first = model.sample(400, seed=0).table.drop_columns("id")
    assert first.equals(model.sample(400, seed=1).table.drop_columns("id"))
    twice = model.sample(800, seed=0).table.drop_columns("id")
    assert twice.slice(400).combine_chunks().equals(first.combine_chunks())


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_holds_the_masked_rows_and_not_the_real_ones(name, tmp_path):
    data = ordinary()
    model = fitted(name, data)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.sample(400, seed=0).table.equals(model.sample(400, seed=0).table)
    made = again.sample(1, seed=0)
    assert made.provenance["nature"] == "masked real"
    assert json.loads((tmp_path / "model" / "model.json").read_text())["holds"] == "rows"
    held = b"".join(file.read_bytes() for file in (tmp_path / "model").iterdir())
    incomes = [v for v in data.table["income"].to_pylist() if v is not None]
    found = sum(np.float64(v).tobytes() in held for v in incomes)
    assert found > 250 if name in TAKEN else found < 10  # values that are as they were


# -- PRAM --------------------------------------------------------------------------------------


def shares_of(rng, size):
    return rng.dirichlet(np.ones(size))


@pytest.mark.parametrize("size", [2, 3, 7, 40])
def test_the_invariant_matrix_fixes_the_frequencies(rng, size):
    shares, keep = shares_of(rng, size), rng.uniform(0.05, 0.95)
    matrix = pram.transition(size, keep, shares)
    assert np.allclose(matrix.sum(axis=1), 1, atol=1e-12)
    assert np.allclose(shares @ matrix, shares, atol=1e-12)
    assert (matrix > 0).all()
    flows = shares[:, None] * matrix
    assert np.allclose(flows, flows.T, atol=1e-12)  # as many go as come, between any two


@pytest.mark.parametrize("size", [2, 3, 7, 40])
def test_the_stated_ratio_is_that_of_the_matrix(rng, size):
    shares, keep = shares_of(rng, size), rng.uniform(0.05, 0.95)
    plain, invariant = pram.transition(size, keep), pram.transition(size, keep, shares)
    for matrix, given in ((plain, None), (invariant, shares)):
        ratio = (matrix.max(axis=0) / matrix.min(axis=0)).max()
        assert pram.largest_ratio(size, keep, given) == pytest.approx(ratio, rel=1e-9)
    off = (1 - keep) / (size - 1)
    assert pram.largest_ratio(size, keep) == pytest.approx(max(keep / off, off / keep))


@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("invariant", [False, True])
def test_draws_follow_the_matrix(rng, size, invariant):
    shares, keep, n = shares_of(rng, size), 0.7, 100_000
    expected = pram.transition(size, keep, shares if invariant else None)
    for code in range(size):
        made = pram.moved(np.full(n, code), size, keep, rng.random(n), rng.random(n))
        if invariant:
            made = pram.returned(made, shares, keep, rng.random(n), rng.random(n))
        found = np.bincount(made, minlength=size) / n
        assert (np.abs(found - expected[code]) < FAR * np.sqrt(expected[code] / n) + 2 / n).all()


def test_frequencies_are_kept_in_expectation_within_strata(rng):
    n = 3000
    where = rng.choice(["north", "south"], n)
    chance = np.where(where == "north", 0.85, 0.2)
    data = dataset(
        {
            "where": pa.array(where.tolist()),
            "ill": pa.array(np.where(rng.random(n) < chance, "yes", "no").tolist()),
        }
    )
    real = data.table["ill"].to_numpy(zero_copy_only=False) == "yes"
    deviations = {"strata": [], "whole": []}
    for _ in range(60):
        for name, strata in (("strata", "where"), ("whole", None)):
            made = fitted("pram", data, strata=strata).sample(n, seed=0).table
            ill = made["ill"].to_numpy(zero_copy_only=False) == "yes"
            deviations[name].append(
                [(ill[where == w].mean() - real[where == w].mean()) for w in ("north", "south")]
            )
        assert made.column_names == ["where", "ill"]
    kept, lost = (np.array(deviations[name]) for name in ("strata", "whole"))
    error = kept.std(axis=0, ddof=1) / np.sqrt(len(kept))
    assert (np.abs(kept.mean(axis=0)) < FAR * error).all()
    assert (np.abs(lost.mean(axis=0)) > 20 * error).all()  # not kept where nobody asked for it


def test_plain_pram_is_randomised_response_and_says_its_ratio(rng):
    data = dataset({"c": pa.array(rng.choice(["a", "b", "c"], 4000, p=[0.6, 0.3, 0.1]).tolist())})
    made = fitted("pram", data, keep=0.7, invariant=False).sample(4000, seed=0)
    stayed = (made.table["c"].to_numpy() == data.table["c"].to_numpy()).mean()
    assert abs(stayed - 0.7) < FAR * np.sqrt(0.21 / 4000)
    (told,) = (c for c in made.provenance["choices"] if "ratio" in c["what"])
    assert told["chosen"] == "4.67 ('c')"
    assert "randomised response" in told["why"]
    (told,) = (
        c for c in fitted("pram", data).sample(1, seed=0).provenance["choices"] if "ratio" in c["what"]
    )
    assert "no privacy guarantee" in told["why"]


def test_missing_is_a_category_and_a_small_stratum_is_masked_plainly(rng):
    n = 2000
    where = np.array(["big"] * (n - 6) + ["tiny"] * 6)
    data = dataset(
        {"where": pa.array(where.tolist()), "c": pa.array(["x"] * n, mask=rng.random(n) < 0.3)}
    ).edit("where", categories=("big", "tiny"))  # fmt: skip
    tiny = [
        fitted("pram", data, strata="where", keep=0.5).sample(n, seed=0).table["c"].slice(n - 6).to_pylist()
        for _ in range(20)
    ]
    assert len({tuple(each) for each in tiny}) > 10  # invariant in six rows, it could hardly change them
    made = fitted("pram", data).sample(n, seed=0).table["c"]
    assert not made.is_null().equals(data.table["c"].is_null())
    assert abs(made.null_count - data.table["c"].null_count) < FAR * np.sqrt(n / 2)


# -- microaggregation --------------------------------------------------------------------------


@pytest.mark.parametrize("k", [3, 5, 10])
def test_groups_hold_k_rows_and_the_means_stay(rng, k):
    data = normal_table(rng, int(rng.integers(200, 400)))
    made = values(fitted("microaggregation", data, k=k).sample(len(data), seed=0))
    _, counts = np.unique(made, axis=0, return_counts=True)
    assert counts.min() >= k
    assert counts.max() < 2 * k
    assert np.allclose(made.mean(axis=0), values(data).mean(axis=0), atol=1e-12)
    assert (made.var(axis=0) <= values(data).var(axis=0)).all()


def by_the_book(x, k):
    """MDAV as its authors write it, slowly."""
    left, found = list(range(len(x))), []

    def nearest(row, many):
        order = sorted(left, key=lambda other: (other != row, np.square(x[other] - x[row]).sum()))
        return order[:many]

    while len(left) >= 2 * k:
        mean = x[left].mean(axis=0)
        row = max(left, key=lambda other: np.square(x[other] - mean).sum())
        opposite = max(left, key=lambda other: np.square(x[other] - x[row]).sum())
        for one in (row, opposite)[: 2 if len(left) >= 3 * k else 1]:
            found.append(sorted(nearest(one, k)))
            left = [other for other in left if other not in found[-1]]
    return sorted([*found, *([left] if left else [])])


@pytest.mark.parametrize("n", [3, 7, 8, 9, 11, 12, 60])
def test_the_fast_groups_are_those_of_the_slow_obvious_way(rng, n):
    x = rng.normal(size=(n, 4)).astype(np.float32)
    label = microaggregation.grouped(x, np.empty((n, 0), dtype=np.int64), 4 if n > 3 else 3)
    fast = sorted(np.flatnonzero(label == one).tolist() for one in np.unique(label))
    assert fast == by_the_book(x.astype(np.float64), 4 if n > 3 else 3)


def test_codes_are_apart_as_one_hot_columns_are(rng):
    x, c = rng.normal(size=(50, 2)).astype(np.float32), rng.integers(0, 3, (50, 2))
    one_hot = np.concatenate([(c[:, [j]] == np.arange(3)) * np.sqrt(0.5) for j in (0, 1)], axis=1)
    label = microaggregation.grouped(x, c + np.array([0, 3]), 4)
    fast = sorted(np.flatnonzero(label == one).tolist() for one in np.unique(label))
    assert fast == by_the_book(np.concatenate([x.astype(np.float64), one_hot], axis=1), 4)


def test_many_rows_are_grouped_in_parts_and_still_hold_k(rng):
    n = 25_000
    x = rng.normal(size=(n, 2)).astype(np.float32)
    label = microaggregation.grouped(x, np.empty((n, 0), dtype=np.int64), 3)
    assert np.bincount(label).min() >= 3
    assert np.bincount(label).max() <= 5
    assert len(microaggregation._parts(x, 10_000)) == 4


def test_categories_become_the_most_frequent_and_ties_favour_none():
    label = np.repeat([0, 1], 4)
    code = np.array([2, 2, 0, 1, 0, 0, -1, -1], dtype=np.int32)
    drawn = [microaggregation._modes(code, label, np.random.default_rng(seed)) for seed in range(40)]
    assert {int(each[0]) for each in drawn} == {2}
    assert {int(each[4]) for each in drawn} == {0, -1}
    assert all(len(set(each[4:].tolist())) == 1 for each in drawn)


def test_every_row_of_a_mixed_table_has_k_twins():
    made = fitted("microaggregation", ordinary(), k=4).sample(400, seed=0).table.drop_columns("id")
    counts = made.group_by(made.column_names).aggregate([([], "count_all")])["count_all"].to_numpy()
    assert counts.min() >= 4


# -- rank swap ---------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", [1.0, 5.0, 20.0])
def test_ranks_move_by_at_most_p_percent_and_marginals_stay(rng, percent):
    n = int(rng.integers(500, 1500))
    data = normal_table(rng, n)
    made, real = values(fitted("rank_swap", data, percent=percent).sample(n, seed=0)), values(data)
    assert np.array_equal(np.sort(made, axis=0), np.sort(real, axis=0))
    ranks = [x.argsort(axis=0).argsort(axis=0) for x in (made, real)]
    assert np.abs(ranks[0] - ranks[1]).max() <= percent * n / 100
    assert (made != real).mean() > 0.95


def test_swaps_are_pairs_and_reach_is_never_passed(rng):
    order = swapped(7, rng.random((500, 8)))
    assert np.array_equal(order[order], np.arange(500))
    assert np.abs(order - np.arange(500)).max() <= 7
    assert np.array_equal(swapped(1, rng.random((4, 8))), [1, 0, 3, 2])
    assert np.array_equal(swapped(3, np.zeros((1, 8))), [0])


def test_swapped_values_are_the_very_ones_even_where_floats_would_lose_digits(rng):
    ids = rng.permutation(2**60 + np.arange(300))
    data = dataset({"n": pa.array(ids)}).edit("n", low=0, high=2**62)
    made = fitted("rank_swap", data).sample(300, seed=0).table["n"].to_numpy()
    assert set(made.tolist()) <= set(ids.tolist())


# -- shuffling -----------------------------------------------------------------------------------


def given_table(rng, n):
    """Two numbers of which one hangs on the other, and both on a group; one that hangs on none."""
    group = rng.integers(0, 2, n)
    a = rng.normal(size=n) + 1.5 * group
    b = a + rng.normal(size=n)
    columns = {"a": np.exp(a), "b": b, "c": rng.normal(size=n)}  # ranks know nothing of the exponential
    data = dataset(
        {**{k: pa.array(v) for k, v in columns.items()}, "g": pa.array(np.array(["u", "v"])[group])}
    )
    for name in "abc":
        data = data.edit(name, low=-1e6, high=1e6)
    return data


def ranked(data, names="abc"):
    return values(data, names).argsort(axis=0).argsort(axis=0)


def test_shuffling_keeps_each_column_exactly_and_how_ranks_hang_together(rng):
    n = 6_000
    data = given_table(rng, n)
    made = fitted("shuffle", data).sample(n, seed=0)
    assert np.array_equal(np.sort(values(made), axis=0), np.sort(values(data), axis=0))
    assert made.table["g"].equals(data.table["g"])
    group = data.table["g"].to_numpy(zero_copy_only=False) == "v"
    was, now = (np.corrcoef(np.column_stack([ranked(each), group]).T) for each in (data, made))
    assert np.abs(was - now).max() < FAR * np.sqrt(2 / n)
    assert was[0, 1] > 0.6
    assert was[0, 3] > 0.4
    kept = fitted("shuffle", data, columns=["b"]).sample(n, seed=0)
    assert values(kept, "ac").tolist() == values(data, "ac").tolist()
    assert abs(np.corrcoef(ranked(kept).T)[0, 1] - was[0, 1]) < FAR * np.sqrt(2 / n)


def test_shuffled_numbers_do_not_depend_on_the_rows_own_given_what_stays(rng):
    """Of the real number only what the group tells is in the new one: within a group they are strangers."""
    n = 4_000
    data = given_table(rng, n)
    made = fitted("shuffle", data).sample(n, seed=0)
    group = data.table["g"].to_numpy(zero_copy_only=False) == "v"
    for rows in (group, ~group):
        for real in "abc":
            for new in "abc":
                found = np.corrcoef(
                    values(data, [real])[rows, 0].argsort().argsort(),
                    values(made, [new])[rows, 0].argsort().argsort(),
                )[0, 1]
                assert abs(found) < FAR * np.sqrt(2 / n)  # nine pairs a group
    chance = linkage_and_loss(data.select(["a", "b", "c"]), made.select(["a", "b", "c"]))
    assert chance.linked < 10 / n


def test_gaps_stay_where_they_are_and_few_rows_learn_no_categories(rng):
    n = 300
    x = rng.normal(size=n)
    data = dataset({
        "x": pa.array(x, mask=rng.random(n) < 0.3),
        "few": pa.array(rng.choice(["u", "v"], n).tolist()),
        "many": pa.array(rng.integers(0, 25, n).astype(str).tolist()),
    }).edit("x", **WIDE).edit("many", categories=tuple(map(str, range(25))))  # fmt: skip
    made = fitted("shuffle", data).sample(n, seed=0)
    assert made.table["x"].is_null().equals(data.table["x"].is_null())
    told = [c for c in made.provenance["choices"] if "not drawn from" in c["what"]]
    assert [c["chosen"] for c in told] == ["'many'"]


def wide_table(rng, n, columns, strength=0.0):
    """An income that hangs on the first of many numbers, or on none."""
    x = rng.normal(size=(n, columns))
    income = strength * x[:, 0] + np.sqrt(1 - strength**2) * rng.normal(size=n)
    data = dataset({**{f"x{at}": pa.array(x[:, at]) for at in range(columns)}, "income": pa.array(income)})
    for name in data.names:
        data = data.edit(name, **WIDE)
    return data


def shuffled_income(data):
    """The real incomes, what the rows have now, and what provenance says was not made use of."""
    made = fitted("shuffle", data, columns=["income"]).sample(len(data), seed=0)
    told = [c["chosen"] for c in made.provenance["choices"] if "not drawn from" in c["what"]]
    return values(data, ["income"])[:, 0], values(made, ["income"])[:, 0], told


@pytest.mark.parametrize(("n", "columns"), [(200, 220), (200, 149), (100, 49), (200, 8), (15, 30)])
def test_many_columns_give_nobody_his_own_number_back(rng, n, columns):
    """Learnt from all rows a regression of 200 numbers on 220 would say each row's own."""
    found = []
    for _ in range(10):
        was, now, told = shuffled_income(wide_table(rng, n, columns))
        assert (was == now).sum() < 12  # one row is expected, as many as a permutation leaves
        assert bool(told) is (columns > n // 20)
        found.append(np.corrcoef(was, now)[0, 1])
    assert abs(np.mean(found)) < FAR / np.sqrt(10 * n)


def test_of_many_columns_those_that_tell_something_are_made_use_of(rng):
    data = wide_table(rng, 400, 300, strength=0.8)
    was, now, (left,) = shuffled_income(data)
    first = values(data, ["x0"])[:, 0]
    assert np.corrcoef(first, now)[0, 1] > np.corrcoef(first, was)[0, 1] - 0.2
    names = left.split(", ")
    assert "'x0'" not in names
    assert 300 - 10 * 20 <= len(names) < 300  # ten parts of the rows take 20 columns each
    assert abs(np.corrcoef(was, now)[0, 1] - 0.64) < 0.2  # what the first column tells of both: 0.8 squared


def test_a_column_that_repeats_another_changes_nothing(rng):
    n = 2_000
    data = wide_table(rng, n, 3, strength=0.8)
    twice = dataset({**{name: data.table[name] for name in data.names}, "again": data.table["x0"]})
    for name in twice.names:
        twice = twice.edit(name, **WIDE)
    was, now, told = shuffled_income(twice)
    assert not told
    first = values(data, ["x0"])[:, 0]
    assert abs(np.corrcoef(first, now)[0, 1] - np.corrcoef(first, was)[0, 1]) < FAR * np.sqrt(2 / n)


def test_shuffling_brings_extremes_to_a_mean_unless_bounds_are_declared(rng):
    x = rng.lognormal(sigma=2.0, size=500)
    data = dataset({"x": pa.array(x), "z": pa.array(rng.normal(size=500))})
    made = values(fitted("shuffle", data).sample(500, seed=0), "x")[:, 0]
    top = np.sort(x)[-10:]
    assert made.max() == pytest.approx(top.mean(), rel=0.01)
    assert np.array_equal(np.sort(made)[10:-10], np.sort(x)[10:-10])
    free = values(fitted("shuffle", data.edit("x", low=0.0, high=1e9)).sample(500, seed=0), "x")[:, 0]
    assert np.array_equal(np.sort(free), np.sort(x))


# -- date shift ----------------------------------------------------------------------------------


def stays(rng, persons):
    """Admissions and discharges of persons over ten years, bounds wider by the largest shift."""
    who = np.sort(rng.integers(0, persons, 4 * persons))
    day = np.datetime64("2010-01-01T00:00") + rng.integers(0, 3650 * 1440, len(who)).astype("timedelta64[m]")
    out = day + rng.integers(0, 30 * 1440, len(who)).astype("timedelta64[m]")
    born = np.datetime64("1950-01-01") + rng.integers(0, 10_000, persons).astype("timedelta64[D]")
    columns = {
        "who": pa.array(who),
        "in": pa.array(day.astype("datetime64[us]")),
        "out": pa.array(out.astype("datetime64[us]")),
        "born": pa.array(born[who]),
    }
    data = dataset({**columns, "x": pa.array(rng.normal(size=len(who)))}, roles={"who": ("group",)})
    wide = {"protect": False, "low": "1940-01-01", "high": "2030-01-01"}
    for name in ("in", "out", "born"):
        data = data.edit(name, **wide)
    return data.edit("x", **WIDE), who


def minutes(data, name):
    return data.table[name].to_numpy().astype("datetime64[m]").astype(np.int64)


def test_times_between_the_dates_of_a_person_stay_exactly_and_no_person_stays_where_he_was(rng):
    data, who = stays(rng, 150)
    made = fitted("date_shift", data, days=100).sample(len(data), seed=0)
    moved = {name: minutes(made, name) - minutes(data, name) for name in ("in", "out", "born")}
    offset = moved["in"]
    assert (moved["out"] == offset).all()
    assert (moved["born"] == offset).all()
    assert (offset % 1440 == 0).all()
    of_person = {int(person): set(offset[who == person].tolist()) for person in np.unique(who)}
    assert all(len(one) == 1 for one in of_person.values())
    found = np.array([one.pop() // 1440 for one in of_person.values()])
    assert (found != 0).all()
    assert np.abs(found).max() <= 100
    assert len(np.unique(found)) > 50
    assert abs(found.mean()) < FAR * 58 / np.sqrt(len(found))
    assert made.table["x"].equals(data.table["x"])
    assert made.table.schema.field("born").type == data.table.schema.field("born").type


@pytest.mark.parametrize("protect", [False, True])
@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("us", tz="Europe/Berlin"), pa.timestamp("ns", tz="Australia/Lord_Howe"),
        pa.timestamp("ns"), pa.timestamp("s"), pa.timestamp("ms", tz="+05:30"), pa.date32(), pa.date64(),
    ],
    ids=str,
)  # fmt: skip
def test_clocks_of_every_type_of_date_keep_their_time_of_day_to_the_last_digit(rng, kind, protect):
    """Days of clock changes too: a clock that leaves an hour out goes on after it."""
    persons, each = 150, 4
    stamps = 1_400_000_000 * 10**9 + rng.integers(0, 6 * 365 * 86_400 * 10**9, persons * each)
    dates = pa.array(stamps, pa.timestamp("ns"))
    if pa.types.is_date(kind):
        dates = dates.cast(kind, safe=False)
    else:
        dates = dates.cast(pa.timestamp(kind.unit), safe=False).cast(pa.int64()).cast(kind)
    data = dataset(
        {"who": pa.array(np.repeat(np.arange(persons), each)), "t": dates}, roles={"who": ("group",)}
    ).edit("t", protect=protect)
    if not protect:
        data = data.edit("t", low="2012-01-01", high="2022-01-01")
    made = fitted("date_shift", data).sample(len(data), seed=0).table["t"].combine_chunks()
    assert made.type == kind

    def clocks(array):
        local = pa.compute.local_timestamp(array) if getattr(kind, "tz", None) else array
        return local.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy()

    moved = clocks(made) - clocks(dates)
    inner = np.ones(len(moved), dtype=bool)
    if (
        protect
    ):  # the ends of the public schema, to which the dates of the ten most extreme persons are brought
        model = fitted("date_shift", data, days=1).sample(0, seed=0).schema["t"]
        low, high = (
            np.datetime64(end).astype("datetime64[ns]").astype(np.int64) for end in (model.low, model.high)
        )
        days = 2 * 86_400 * 10**9
        inner = (stamps > low + days) & (stamps < high - days)
        assert inner.mean() > 0.8
    day = 86_400 * 10**9
    # of clocks that change at night one time in 4,000 does not exist: it is moved by less than an hour
    whole = moved % day == 0
    assert (~whole[inner]).sum() <= (6 if getattr(kind, "tz", None) else 0)
    days = np.where(whole & inner, moved // day, 0).reshape(persons, each)
    known = (whole & inner).reshape(persons, each)
    offset = np.array([row[mask][0] if mask.any() else 0 for row, mask in zip(days, known, strict=True)])
    assert (np.where(known, days, offset[:, None]) == offset[:, None]).all()
    assert (offset[known.any(axis=1)] != 0).all()
    assert np.abs(offset).max() <= 183


def test_a_time_that_clocks_leave_out_becomes_the_next_and_zones_must_be_known():
    zone = pa.timestamp("us", tz="Europe/Berlin")
    column = dataset({"t": pa.array([0], zone)}).schema["t"]
    clocks = pa.array(
        np.array(["2021-03-27T02:30", "2021-10-30T02:30", "2021-06-01T12:00"], "datetime64[us]")
    )
    made = date_shift._moved(clocks, np.array([1, 1, 300]), column).cast(pa.timestamp("us", tz="UTC"))
    assert [str(each) for each in made.to_numpy()] == [
        "2021-03-28T01:00:00.000000",  # 03:00 of summer time, the first after the gap
        "2021-10-31T00:30:00.000000",  # the first of two
        "2022-03-28T10:00:00.000000",
    ]
    lost = dataset({"t": pa.array(range(100), pa.int64()).cast(pa.timestamp("us", tz="Mars/Phobos"))})
    with pytest.raises(InputError, match=r"'t'.*Mars/Phobos.*tzdata"):
        fitted("date_shift", lost)


def test_dates_of_a_column_without_any_stay_missing(rng):
    day = pa.array(np.datetime64("2015-01-01") + rng.integers(0, 500, 60).astype("timedelta64[D]"))
    for empty in (
        pa.nulls(60),
        pa.nulls(60, pa.timestamp("ns", tz="Europe/Berlin")),
        pa.nulls(60, pa.date32()),
    ):
        data = dataset({"d": day, "none": empty}).edit("none", kind="datetime")
        with pytest.warns(UserWarning, match="'none'"):
            made = fitted("date_shift", data).sample(60, seed=0)
        assert made.table["none"].null_count == 60
        assert made.table["d"].null_count == 0


def test_rows_that_do_not_say_whose_they_are_have_offsets_of_their_own(rng):
    day = np.datetime64("2015-01-01") + rng.integers(0, 1000, 200).astype("timedelta64[D]")
    who = [None] * 100 + ["one"] * 40 + ["other"] * 60
    data = dataset({"who": pa.array(who), "d": pa.array(day)}, roles={"who": ("group",)})
    data = data.edit("d", low="2013-01-01", high="2020-01-01", protect=False)
    for table, least in ((data, 40), (data.drop("who"), 80)):
        made = fitted("date_shift", table, days=100).sample(200, seed=0)
        moved = made.table["d"].to_numpy() - day
        assert len(np.unique(moved)) > least
        assert (len(np.unique(moved[100:140])) == 1) is (table is data)


def test_offsets_keep_inside_the_bounds_and_who_fills_them_is_told(rng):
    day = np.datetime64("2015-01-01") + np.arange(200).astype("timedelta64[D]")
    data = dataset({"d": pa.array(day), "x": pa.array(np.arange(200.0))})
    tight = data.edit("d", low="2015-01-01", high="2015-07-19", protect=False)
    made = fitted("date_shift", tight, days=500).sample(200, seed=0).table["d"].to_numpy()
    assert made.min() >= day.min()
    assert made.max() <= day.max()
    assert (made != day).all()
    both = dataset({"a": pa.array(day), "b": pa.array(day[::-1])})
    for name in "ab":
        both = both.edit(name, low="2015-01-01", high="2015-07-19", protect=False)
    with pytest.raises(InputError, match="the dates of 2 of 200 persons reach from one bound to the other"):
        fitted("date_shift", both)


def test_dates_without_declared_bounds_may_be_shifted_beyond_those_of_the_data(rng):
    day = np.datetime64("2015-01-01") + np.arange(400).astype("timedelta64[D]")
    made = fitted("date_shift", dataset({"d": pa.array(day)}), days=50).sample(400, seed=0)
    found = made.table["d"].to_numpy()
    assert found.min() < day.min()
    assert found.max() > day.max()
    moved = (found - day).astype(int)[10:-10]  # the ten at either end are brought to one date before
    assert abs(moved.mean()) < FAR * 29 / np.sqrt(len(moved))
    assert np.abs(moved).max() <= 50
    assert (made.schema["d"].low, made.schema["d"].high) == ("2014-11-17T00:00:00", "2016-03-20T00:00:00")


def test_offsets_are_drawn_evenly_and_leap_over_zero(rng):
    low, high = np.repeat([-2, 0, 1, -5], 20_000), np.repeat([2, 1, 3, -5], 20_000)
    found = date_shift.drawn(low, high, rng).reshape(4, -1)
    expected = [[-2, -1, 1, 2], [1], [1, 2, 3], [-5]]
    for made, wanted in zip(found, expected, strict=True):
        names, counts = np.unique(made, return_counts=True)
        assert names.tolist() == wanted
        assert (np.abs(counts / 20_000 - 1 / len(wanted)) < FAR * np.sqrt(0.25 / 20_000)).all()


def test_no_seed_shifts_the_dates_back(rng):
    """With a seed alone the right one gives every date; with the secret none does better than guessing."""
    data, who = stays(rng, 200)
    low, high = np.full(200, -183), np.full(200, 183)
    number = np.unique(who, return_inverse=True)[1]

    def attacked(**how):
        release = fitted("date_shift", data, seed=7, **how).sample(len(data), seed=0)
        found = []
        for seed in range(32):
            offset = date_shift.drawn(low[: number.max() + 1], high[: number.max() + 1], stream(seed, "fit"))
            back = minutes(release, "in") - 1440 * offset[number]
            found.append((back == minutes(data, "in")).mean())
        return found

    tried = attacked(reproducible=True)
    assert int(np.argmax(tried)) == 7
    assert tried[7] == 1.0
    assert max(attacked()) < 0.08  # of 200 persons 0.5 are guessed in each of 32 tries


def test_larger_shifts_link_fewer_rows(rng):
    data, _ = stays(rng, 150)
    curve = [
        linkage_and_loss(
            data.select(["in"]),
            fitted("date_shift", data, days=days).sample(len(data), seed=0).select(["in"]),
        )
        for days in (1, 30, 1000)
    ]
    linked, moved = (np.array([getattr(each, name) for each in curve]) for name in ("linked", "moved"))
    assert (np.diff(linked) < 0).all()
    assert linked[-1] < 0.03
    assert (np.diff(moved) > 0).all()


# -- the curve ---------------------------------------------------------------------------------


def test_more_noise_links_fewer_rows_and_loses_more(rng):
    data = normal_table(rng, 600)
    levels = (0.001, 0.01, 0.1, 0.5, 2.0)
    curve = [
        linkage_and_loss(data, fitted("correlated_noise", data, level=level).sample(600, seed=0))
        for level in levels
    ]
    linked, moved = (np.array([getattr(each, name) for each in curve]) for name in ("linked", "moved"))
    error = np.sqrt(np.maximum(linked * (1 - linked), 1 / 600) / 600)
    assert (np.diff(linked) < FAR * np.hypot(error[1:], error[:-1])).all()
    assert linked[0] > 0.7
    assert linked[-1] < 0.03
    assert (np.diff(moved) > 0).all()


def test_a_copy_is_linked_and_strangers_are_linked_by_chance(rng):
    data = normal_table(rng, 500)
    same = linkage_and_loss(data, data)
    assert (same.linked, same.moved, same.covariance) == (1.0, 0.0, 0.0)
    apart = linkage_and_loss(data, data.take(rng.permutation(500)))
    assert apart.linked < 0.02
    alike = data.take(np.zeros(500, dtype=int))
    assert linkage_and_loss(alike, alike).linked == pytest.approx(1 / 500)
    with pytest.raises(InputError, match="row i"):
        linkage_and_loss(data, data[:10])


def test_linkage_of_groups_is_at_most_one_in_k(rng):
    data = normal_table(rng, 600)
    for k in (3, 10):
        found = linkage_and_loss(data, fitted("microaggregation", data, k=k).sample(600, seed=0))
        assert found.linked <= 1 / k + 1e-9


# -- rules and bad input -------------------------------------------------------------------------


def test_rows_that_break_a_rule_are_masked_again_or_refused(rng):
    low = rng.normal(size=300)
    data = dataset({"low": pa.array(low), "high": pa.array(low + rng.gamma(2, 1, 300))})
    data = (
        data.edit("low", **WIDE)
        .edit("high", **WIDE)
        .with_checks(mm.rule("inequality", low="low", high="high"))
    )
    made = values(fitted("correlated_noise", data, level=0.3).sample(300, seed=0), ["low", "high"])
    assert (made[:, 0] <= made[:, 1]).all()
    with pytest.raises(RejectedError, match="low <= high"):
        fitted("rank_swap", data, percent=60)


def test_a_rule_that_no_mask_can_hold_ends_in_one_error(rng):
    x = rng.normal(size=100)
    data = dataset({"x": pa.array(x), "c": pa.array(np.where(x > 0, "up", "down").tolist())}).edit(
        "x", **WIDE
    )
    model = fitted("correlated_noise", data, level=1.0)
    with pytest.raises(RejectedError, match="Declare the rule before the fit"):
        model.constrain(mm.rule("range", column="x", low=0.0)).sample(100, seed=0)
    with pytest.raises(RejectedError, match="Ask for fewer rows"):
        model.constrain(mm.rule("unique", columns=["x"])).sample(101, seed=0)
    assert len(model.constrain(mm.rule("unique", columns=["x"])).sample(100, seed=0)) == 100


def test_where_picks_masked_rows_in_order():
    model = fitted("correlated_noise", ordinary())
    every = model.sample(400, seed=0).table.drop_columns("id")
    red = every.filter(pa.compute.equal(every["color"], "red"))
    made = model.sample(len(red) + 3, seed=1, where={"color": "red"}).table.drop_columns("id")
    assert made.slice(0, len(red)).combine_chunks().equals(red.combine_chunks())
    assert made.slice(len(red)).combine_chunks().equals(red.slice(0, 3).combine_chunks())
    oldest = max(every["age"].to_pylist())
    rich = every.filter(pa.compute.equal(every["age"], oldest))["income"].to_pylist()
    low = model.sample(0, seed=0).schema["income"].low
    where = {"age": oldest, "income": (low, np.nextafter(low, np.inf))}
    assert not any(each is not None and each <= where["income"][1] for each in rich)
    with pytest.raises(InputError, match="no masked row"):
        model.sample(1, seed=0, where=where)


@pytest.mark.parametrize(
    ("name", "columns", "parameters", "message"),
    [
        ("correlated_noise", {"c": ["a", "b"] * 20}, {}, "no column of kind number"),
        ("rank_swap", {"c": ["a", "b"] * 20}, {}, "no column of kind number"),
        ("shuffle", {"c": ["a", "b"] * 20}, {}, "no column of kind number"),
        ("shuffle", {"c": ["a", "b"] * 20, "x": [1.0, 2.0] * 20}, {"columns": ["c"]}, "numbers are shuffled"),
        ("date_shift", {"c": ["a", "b"] * 20, "x": [1.0, 2.0] * 20}, {}, "no column of kind datetime"),
        ("pram", {"x": [1.0, 2.0] * 20}, {}, "no column of kind category"),
        ("pram", {"c": ["a", "b"] * 20}, {"strata": "c"}, "no column of kind category"),
        ("pram", {"c": ["a", "b"] * 20, "x": [1.0, 2.0] * 20}, {"strata": "x"}, "holds no categories"),
        ("microaggregation", {"x": [1.0, 2.0]}, {"k": 3}, "k = 3 rows make a group"),
        *((name, {"x": [1.0], "c": ["a"]}, {}, "at least 2") for name in NAMES),
    ],
)
def test_bad_input_is_one_clear_error(name, columns, parameters, message):
    with pytest.raises(InputError, match=message):
        fitted(name, dataset({column: pa.array(given) for column, given in columns.items()}), **parameters)


def test_bad_parameters_are_one_clear_error():
    for name, wrong in (
        ("correlated_noise", {"level": 0}),
        ("pram", {"keep": 1.0}),
        ("microaggregation", {"k": 2}),
        ("rank_swap", {"percent": 0}),
        ("date_shift", {"days": 0}),
    ):
        with pytest.raises(InputError, match=next(iter(wrong))):
            make(name, **wrong)
    with pytest.raises(UnknownNameError, match="colour"):
        fitted("pram", ordinary(), strata="colour")
    with pytest.raises(UnknownNameError, match="incom"):
        fitted("shuffle", ordinary(), columns=["incom"])
