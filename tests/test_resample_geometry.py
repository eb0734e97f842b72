"""Where resamplers put rows, held against the parents that they record."""

import re
import secrets

import numpy as np
import pytest

from mintmark import registry
from mintmark.errors import InputError, RejectedError
from mintmark.resample._resampler import Resampler
from mintmark.resample._sample import Sample
from mintmark.synthesizer import make

RESAMPLERS = [
    name
    for name in registry.names("synthesizers")
    if registry.find("synthesizers", name).__module__.startswith("mintmark.resample.")
    and issubclass(registry.find("synthesizers", name), Resampler)
]
VARIANTS = [(name, {"epochs": 3} if name == "deepsmote" else {}) for name in RESAMPLERS] + [
    ("borderline_smote", {"kind": 2}),
    ("g_smote", {"selection": "minority"}),
    ("g_smote", {"selection": "majority"}),
    ("kmeans_smote", {"share": 0.1, "clusters": 8}),
    ("polynom_fit_smote", {"topology": "mesh"}),
    ("polynom_fit_smote", {"topology": "bus"}),
    ("svm_smote", {"out_step": 1.0}),
]
ALL = pytest.mark.parametrize(("name", "values"), VARIANTS)
OF_ROWS = pytest.mark.parametrize(("name", "values"), [v for v in VARIANTS if v[0] != "deepsmote"])
"""`deepsmote` mixes codes of rows: see test_deepsmote."""


def geometry(name):
    found = re.search(r"Geometry: ([^.]*)\.\s*$", registry.find("synthesizers", name).__doc__)
    assert found, f"{name} does not end its docstring with its geometry"
    return {part.strip() for part in re.sub(r"\s+", " ", found[1]).split(",")}


STRAIGHT = pytest.mark.parametrize(
    ("name", "values"),
    [v for v in VARIANTS if geometry(v[0]) <= {"segment", "half segment to any class", "ray"}],
)


@pytest.fixture
def rng():
    """Drawn anew each time, so that no method can be fitted to the test; shown where it fails."""
    seed = secrets.randbits(64)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


def floats(rng, sizes=(160, 40, 25), width=4):
    """Overlapping classes whose columns have very different scales."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    numbers = rng.standard_normal((len(labels), width)) + labels[:, None]
    numbers = numbers * 10.0 ** rng.integers(-6, 7, width) + rng.standard_normal(width)
    return Sample(numbers, np.empty((len(labels), 0), np.int32), (), labels)


def mixed(rng, holes=0.15, **other):
    plain = floats(rng, **other)
    n = len(plain)
    numbers = np.where(rng.random(plain.numbers.shape) < holes, np.nan, plain.numbers)
    sizes = (2, 5, 80)
    codes = np.stack([rng.integers(-1, size, n) for size in sizes], axis=1).astype(np.int32)
    return Sample(numbers, codes, sizes, plain.labels)


def line(values, labels):
    """One column, one row for each value."""
    column = np.asarray(values, dtype=float)[:, None]
    return Sample(column, np.empty((len(column), 0), np.int32), (), np.asarray(labels))


def lacks(sample):
    return sample.counts.max() - sample.counts


def planned(name, sample, rng, wanted=None, **values):
    """What new rows are made from, parents as rows of the sample."""
    plan = make(name, **values).plan(sample, lacks(sample) if wanted is None else wanted, rng)
    rows = plan["rows"]
    return plan, rows[plan["base"]], np.where(plan["partner"] >= 0, rows[plan["partner"]], -1)


def standard(sample, numbers):
    """Numbers in standard deviations of the sample."""
    return numbers / np.nanstd(sample.numbers, axis=0)


# -- every method --------------------------------------------------------------------------------


@STRAIGHT
def test_every_row_lies_on_the_line_between_its_recorded_parents(name, values, rng):
    sample, model = floats(rng), make(name, **values)
    plan = model.plan(sample, lacks(sample), rng)
    made = model.make(plan, 2_000, rng)
    base, partner = plan["numbers"][made.base], plan["numbers"][made.partner]
    scale = np.abs(sample.numbers).max(axis=0)
    new, start, way = made.numbers / scale, base / scale, (partner - base) / scale
    length = np.einsum("ij,ij->i", way, way)
    at = np.einsum("ij,ij->i", new - start, way) / np.where(length > 0, length, 1)
    assert np.abs(new - start - at[:, None] * way).max() <= 1e-9
    assert np.abs(at - made.at)[length > 1e-8].max() <= 1e-6


@STRAIGHT
def test_every_row_is_within_the_declared_part_of_the_way(name, values, rng):
    sample, model = floats(rng), make(name, **values)
    plan = model.plan(sample, lacks(sample), rng)
    made = model.make(plan, 2_000, rng)
    allowed = {}
    for row, base in enumerate(plan["base"]):
        for pair, low, high in zip(*(plan[end][row] for end in ("partner", "low", "high")), strict=True):
            allowed.setdefault((base, pair), []).append((low, high))
    for base, pair, at in zip(made.base, made.partner, made.at, strict=True):
        assert any(low <= at <= high for low, high in allowed[base, pair])
    parts = geometry(name)
    assert made.at.max() <= 1
    assert made.at.min() >= (-1 if "ray" in parts else 0)
    foreign = plan["label"][made.base] != plan["label"][made.partner]
    if "half segment to any class" in parts:
        assert (made.at[foreign] <= 0.5).all()
    else:
        assert not foreign.any()


@OF_ROWS
def test_parents_are_rows_of_that_table_alone(name, values, rng):
    sample = mixed(rng)
    plan, _, _ = planned(name, sample, rng, **values)
    real = plan["rows"] >= 0
    rows = plan["rows"][real]
    assert np.array_equal(plan["numbers"][real], sample.numbers[rows], equal_nan=True)
    assert np.array_equal(plan["codes"][real], sample.codes[rows])
    assert np.array_equal(plan["label"][real], sample.labels[rows])
    assert real[plan["base"]].all()


@OF_ROWS
def test_each_category_is_that_of_one_parent_and_each_lone_number_too(name, values, rng):
    sample, model = mixed(rng), make(name, **values)
    plan = model.plan(sample, lacks(sample), rng)
    made = model.make(plan, 2_000, rng)
    one, other = plan["codes"][made.base], plan["codes"][made.partner]
    assert ((made.codes == one) | (made.codes == other)).all()
    if "none" in geometry(name) or "polygon" in geometry(name):
        return
    one, other = plan["numbers"][made.base], plan["numbers"][made.partner]
    lone = np.isnan(one) != np.isnan(other)
    known = np.where(np.isnan(one), other, one)
    assert (np.isnan(made.numbers) | (made.numbers == known))[lone].all()
    assert np.isnan(made.numbers)[np.isnan(one) & np.isnan(other)].all()
    assert not np.isnan(made.numbers)[~np.isnan(one) & ~np.isnan(other)].any()


@ALL
def test_classes_come_out_in_the_proportions_of_what_they_lack(name, values, rng):
    sample = floats(rng)
    plan, base, _ = planned(name, sample, rng, np.array([0, 30, 90]), **values)
    weight = np.bincount(sample.labels[base], plan["weight"], minlength=3)
    assert weight == pytest.approx([0, 0.25, 0.75])
    plan, base, _ = planned(name, sample, rng, np.zeros(3, int), **values)
    assert np.bincount(sample.labels[base], plan["weight"]) == pytest.approx([1 / 3] * 3)


@ALL
def test_no_row_is_made_between_two_persons(name, values, rng):
    plain = mixed(rng)
    persons = rng.integers(0, 12, len(plain))
    sample = Sample(plain.numbers, plain.codes, plain.sizes, plain.labels, persons)
    plan, base, partner = planned(name, sample, rng, **values)
    known = partner >= 0
    assert known.any() or (plan["rows"] < 0).any()
    assert (persons[base][:, None] == persons[partner])[known].all()
    alone = Sample(plain.numbers, plain.codes, plain.sizes, plain.labels, np.arange(len(plain)))
    with pytest.raises(InputError, match="no two rows of a class are of one person"):
        planned(name, alone, rng, **values)


def test_the_mean_of_a_star_is_that_of_one_person(rng):
    plain = floats(rng)
    persons = rng.integers(0, 5, len(plain))
    sample = Sample(plain.numbers, plain.codes, (), plain.labels, persons)
    model = make("polynom_fit_smote")
    plan = model.plan(sample, lacks(sample), rng)
    for base, partner in zip(plan["base"], plan["partner"][:, 0], strict=True):
        row = plan["rows"][base]
        own = (sample.labels == sample.labels[row]) & (persons == persons[row])
        assert plan["numbers"][partner] == pytest.approx(sample.numbers[own].mean(axis=0), rel=1e-9)


HARD = ["one class", "few rows", "one row", "constant", "missing in the class", "no numbers", "equal rows"]


@pytest.mark.parametrize("hard", HARD)
@ALL
def test_hard_tables_work_or_are_refused_in_one_clear_line(name, values, hard, rng):
    sizes = {"one class": (40,), "few rows": (40, 3), "one row": (40, 1)}.get(hard, (40, 15))
    plain = mixed(rng, sizes=sizes)
    numbers, codes, sort = plain.numbers.copy(), plain.codes, plain.sizes
    if hard == "constant":
        numbers[:] = 7.5
    if hard == "missing in the class":
        numbers[plain.labels == 1, 0] = np.nan
    if hard == "no numbers":
        numbers = numbers[:, :0]
    if hard == "equal rows":
        numbers, codes = np.ones_like(numbers), np.zeros_like(codes)
    sample, model = Sample(numbers, codes, sort, plain.labels), make(name, **values)
    plan = None
    try:
        plan = model.plan(sample, lacks(sample), rng)
    except InputError as error:
        refusal = str(error)
    if plan is None:
        assert hard in ("few rows", "one row")
        assert re.search(r"class has [13] rows?", refusal)
        return
    assert hard != "one row"
    try:
        made = model.make(plan, 300, rng)
    except RejectedError:  # where all rows are equal, every new one stands among other classes
        assert hard == "equal rows"
        return
    assert not np.isinf(made.numbers).any()
    if hard in ("constant", "equal rows"):
        assert np.isin(made.numbers[~np.isnan(made.numbers)], numbers).all()
    if hard == "missing in the class":
        assert np.isnan(made.numbers[:, 0][plan["label"][made.partner] == 1]).all()


# -- worked by hand ------------------------------------------------------------------------------

#            A  B  C  E    F    J
BORDER = [0, 1, 2, 2.5, 3.6, 4], [1, 1, 1, 0, 0, 1]


def test_borderline_bases_have_at_least_half_but_not_all_neighbours_of_others():
    _, base, _ = planned(
        "borderline_smote", line(*BORDER), np.random.default_rng(0), np.array([0, 9]), k=1, m=2
    )
    assert base.tolist() == [2]  # J is noise, A and B are safe


def test_adasyn_weighs_by_the_share_of_others():
    plan, base, _ = planned("adasyn", line(*BORDER), np.random.default_rng(0), np.array([0, 9]), k=2)
    assert dict(zip(base.tolist(), plan["weight"], strict=True)) == pytest.approx({2: 1 / 3, 5: 2 / 3})


@pytest.mark.parametrize("name", ["adasyn", "borderline_smote", "svm_smote"])
def test_where_no_row_that_was_chosen_has_another_of_its_person_all_are_bases(name):
    plain = line(*BORDER)
    sample = Sample(plain.numbers, plain.codes, (), plain.labels, np.array([0, 0, 1, 2, 3, 4]))
    plan, base, partner = planned(name, sample, np.random.default_rng(0), np.array([0, 9]), k=1)
    assert base.tolist() == [0, 1]
    assert partner[:, 0].tolist() == [1, 0]
    assert plan["weight"] == pytest.approx([0.5, 0.5])


def test_safe_levels_set_the_gap_of_each_pair():
    #  A  B  C  I  D   E     F     G   J
    at = [0, 1, 5, 8, 10, 10.5, 11.1, 12, 13]
    sample = line(at, [1, 1, 1, 1, 1, 0, 0, 0, 1])  # levels: A B C 2, I 1, D J 0
    plan, base, partner = planned("safe_level_smote", sample, np.random.default_rng(0), np.array([0, 9]), k=2)
    a, b, c, i, d, j = 0, 1, 2, 3, 4, 8
    gap = {
        (int(one), int(other)): (plan["low"][row, place], plan["high"][row, place])
        for row, one in enumerate(base)
        for place, other in enumerate(partner[row])
        if other >= 0
    }
    assert gap == {
        (a, b): (0, 1), (a, c): (0, 1), (b, a): (0, 1), (b, c): (0, 1), (c, b): (0, 1),
        (c, i): (0, 0.5), (i, c): (0.5, 1), (i, d): (0, 0), (d, i): (1, 1), (j, i): (1, 1),
    }  # fmt: skip
    assert plan["weight"] == pytest.approx(np.array([1, 1, 1, 1, 0.5, 0.5]) / 5)


def test_safe_level_without_a_safe_pair_is_smote():
    sample = line([0, 0.1, 5, 5.1, 9, 9.1], [1, 0, 1, 0, 1, 0])
    plan, base, _ = planned("safe_level_smote", sample, np.random.default_rng(0), np.array([0, 9]), k=1)
    assert base.tolist() == [0, 2, 4]
    assert (plan["low"] == 0).all()
    assert (plan["high"] == 1).all()


def test_prowsyn_weights_fall_exponentially_with_the_level():
    sample = line([0, 1, 2, 3, 4, 5, 6], [0, 1, 1, 1, 1, 1, 1])
    plan, base, _ = planned(
        "prowsyn", sample, np.random.default_rng(0), np.array([0, 9]), k=2, m=2, levels=3, theta=1
    )
    assert base.tolist() == [1, 2, 3, 4, 5, 6]
    level = np.array([1, 1, 2, 2, 3, 3])
    assert plan["weight"] == pytest.approx(np.exp(1.0 - level) / np.exp(1.0 - level).sum())


def test_kmeans_gives_a_cluster_rows_by_its_sparsity():
    sample = line([0, 1, 2, 100, 102, 104, 1000, 1001, 1002, 1003], [1] * 6 + [0] * 3 + [1])
    plan, base, partner = planned(
        "kmeans_smote", sample, np.random.default_rng(0), np.array([0, 9]), clusters=3, k=2
    )
    assert base.tolist() == [0, 1, 2, 3, 4, 5]  # in the third cluster the class is one of four
    assert (base[:, None] // 3 == partner // 3)[partner >= 0].all()
    assert plan["weight"] == pytest.approx(np.repeat([1, 4], 3) / 15)  # twice as far apart, squared


def test_kmeans_gives_two_strays_far_apart_nothing():
    sample = line([0, 1, 2, 3, 500, 700, 1000, 1001, 1002], [1] * 6 + [0] * 3)
    _, base, _ = planned("kmeans_smote", sample, np.random.default_rng(0), np.array([0, 9]), clusters=3, k=3)
    assert base.tolist() == [0, 1, 2, 3]


def test_kmeans_without_a_cluster_of_the_class_is_smote(rng):
    sample = floats(rng, sizes=(200, 8))
    _, base, partner = planned("kmeans_smote", sample, rng, clusters=1)
    assert base.tolist() == list(range(200, 208))
    assert (partner >= 200).all()


def test_svm_bases_go_beyond_themselves_where_their_own_class_is_around(rng):
    sample = floats(rng, sizes=(150, 100), width=2)
    plan, base, _ = planned("svm_smote", sample, rng, m=10, out_step=0.3)
    place = standard(sample, sample.numbers)
    apart = np.linalg.norm(place[base][:, None] - place, axis=2)
    apart[np.arange(len(base)), base] = np.inf
    others = (sample.labels[np.argsort(apart, axis=1)[:, :10]] == 0).sum(axis=1)
    assert (others < 10).all()
    outwards = others < 5
    assert outwards.any()
    assert (~outwards).any()
    assert (plan["low"][outwards] == -0.3).all()
    assert (plan["high"][outwards] == 0).all()
    assert (plan["low"][~outwards] == 0).all()
    assert (plan["high"][~outwards] == 1).all()


def test_svm_with_noise_alone_is_smote():
    at = np.arange(40.0)
    sample = line(at, (at % 5 == 2).astype(int))
    plan, base, _ = planned("svm_smote", sample, np.random.default_rng(0), k=2, m=3)
    assert base.tolist() == np.flatnonzero(sample.labels).tolist()
    assert (plan["low"] == 0).all()


def test_a_bus_joins_each_row_to_the_next_and_a_mesh_any_two(rng):
    sample = floats(rng, sizes=(40, 20))
    _, base, partner = planned("polynom_fit_smote", sample, rng, topology="bus")
    assert np.array_equal(partner[:, 0], base + 1)
    assert base.tolist() == list(range(40, 59))
    _, base, partner = planned("polynom_fit_smote", sample, rng, topology="mesh")
    assert [sorted([b, *p]) for b, p in zip(base, partner, strict=True)] == [list(range(40, 60))] * 20


def test_a_mesh_of_a_large_class_holds_few_partners_of_each_row(rng):
    sample = floats(rng, sizes=(3_000, 2_000))
    _, base, partner = planned("polynom_fit_smote", sample, rng, topology="mesh")
    assert partner.shape == (2_000, 32)
    assert (partner != base[:, None]).all()
    reached = np.bincount(partner.ravel() - 3_000, minlength=2_000)
    assert abs(reached - 32).max() < 8 * 32**0.5


def test_a_star_keeps_the_share_of_missing_numbers_and_of_categories(rng):
    sample, model = mixed(rng, sizes=(4_000, 1_000)), make("polynom_fit_smote")
    made = model.make(model.plan(sample, lacks(sample), rng), 20_000, rng)
    own = sample.labels == 1
    assert np.isnan(made.numbers).mean() == pytest.approx(np.isnan(sample.numbers[own]).mean(), abs=0.015)
    for column in (0, 1):
        before = np.bincount(sample.codes[own, column] + 1, minlength=6) / own.sum()
        after = np.bincount(made.codes[:, column] + 1, minlength=6) / len(made.codes)
        assert np.abs(before - after).max() < 0.02


# -- methods with a geometry of their own ----------------------------------------------------------


def around(sample, rng, n=4_000, **values):
    """Steps from base to row and from base to partner, in standard deviations."""
    model = make("g_smote", **values)
    plan = model.plan(sample, lacks(sample), rng)
    made = model.make(plan, n, rng)
    base = plan["numbers"][made.base]
    steps = (standard(sample, end - base) for end in (made.numbers, plan["numbers"][made.partner]))
    return *steps, plan, made


def test_a_row_of_g_smote_lies_evenly_in_the_ball_round_its_base(rng):
    step, surface, _, _ = around(floats(rng), rng, truncation=0, deformation=0)
    share = np.linalg.norm(step, axis=1) / np.linalg.norm(surface, axis=1)
    assert share.max() <= 1 + 1e-9
    assert (share**4).mean() == pytest.approx(0.5, abs=5 * (1 / 12 / 4_000) ** 0.5)  # even in volume
    along = np.einsum("ij,ij->i", step, surface)
    assert (along > 0).mean() == pytest.approx(0.5, abs=5 * 0.5 / 4_000**0.5)


@pytest.mark.parametrize("side", [1, -1])
def test_truncation_leaves_one_half(side, rng):
    step, surface, _, made = around(floats(rng), rng, truncation=side)
    along = np.einsum("ij,ij->i", step, surface) / np.einsum("ij,ij->i", surface, surface)
    assert (side * along >= -1e-9).all()
    assert along == pytest.approx(made.at, abs=1e-6)


def test_deformation_flattens_the_ball_to_a_line(rng):
    sample = floats(rng)
    step, surface, _, made = around(sample, rng, deformation=1)
    assert (
        np.abs(step - made.at[:, None] * surface).max()
        <= 1e-9 * np.abs(standard(sample, sample.numbers)).max()
    )
    half, surface, _, made = around(sample, rng, deformation=0.5)
    across = np.linalg.norm(half - made.at[:, None] * surface, axis=1)
    assert (across <= 0.5 * np.linalg.norm(surface, axis=1) + 1e-9).all()


def test_the_partner_of_g_smote_is_on_the_surface_that_was_selected(rng):
    sample = floats(rng)
    place = standard(sample, sample.numbers)
    apart = np.linalg.norm(place[:, None] - place, axis=2)
    np.fill_diagonal(apart, np.inf)
    other = sample.labels[:, None] != sample.labels
    foreign = np.where(other, apart, np.inf).min(axis=1)
    own = np.sort(np.where(other, np.inf, apart), axis=1)[:, :5]
    for selection, wanted in {
        "minority": own,
        "majority": np.repeat(foreign[:, None], 5, axis=1),
        "combined": np.minimum(own, foreign[:, None]),
    }.items():
        _, base, partner = planned("g_smote", sample, rng, selection=selection)
        found = np.sort(np.take_along_axis(apart[base], partner, 1)[:, :5], axis=1)
        assert found[:, [0, -1]] == pytest.approx(np.sort(wanted[base], axis=1)[:, [0, -1]], rel=1e-4)


@pytest.mark.parametrize("name", ["g_smote", "gaussian_smote"])
def test_a_number_that_is_constant_in_the_class_stays_and_what_is_missing_too(name, rng):
    plain = mixed(rng, sizes=(200, 60))
    numbers = plain.numbers.copy()
    numbers[plain.labels == 1, 2] = 3.25
    numbers[plain.labels == 1, 1] = np.nan
    sample, model = Sample(numbers, plain.codes, plain.sizes, plain.labels), make(name)
    plan = model.plan(sample, lacks(sample), rng)
    made = model.make(plan, 1_000, rng)
    own = plan["label"][made.partner] == 1
    assert made.numbers[own, 2] == pytest.approx(3.25, rel=1e-12)
    assert np.isnan(made.numbers[own, 1]).all()


@pytest.mark.parametrize("name", ["g_smote", "gaussian_smote"])
def test_rows_of_a_ring_stay_on_the_ring(name, rng):
    angle = rng.random(600) * 2 * np.pi
    radius = np.where(np.arange(600) < 400, 0.4 * rng.random(600) ** 0.5, 1.0)
    numbers = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    sample, model = (
        Sample(numbers, np.empty((600, 0), np.int32), (), (radius == 1).astype(int)),
        make(name),
    )
    made = model.make(model.plan(sample, lacks(sample), rng), 2_000, rng)
    off = np.abs(np.linalg.norm(made.numbers, axis=1) - 1)
    assert np.quantile(off, 0.95) < 0.15  # the hole ends at 0.4


def test_gaussian_rows_have_the_mean_and_the_covariance_of_base_and_neighbours(rng):
    sample, n = floats(rng, sizes=(12, 6), width=3), 40_000
    model = make("gaussian_smote", k=5)  # all six rows of the class are of every neighbourhood
    made = model.make(model.plan(sample, lacks(sample), rng), n, rng)
    own = sample.numbers[sample.labels == 1]
    scale = own.std(axis=0)
    mean, covariance = own.mean(axis=0) / scale, np.cov((own / scale).T, bias=True)
    found = made.numbers / scale
    assert np.abs(found.mean(axis=0) - mean).max() < 5.5 / n**0.5
    error = ((1 + covariance**2) / n) ** 0.5  # of a covariance of unit variances
    assert (np.abs(np.cov(found.T) - covariance) < 5.5 * error).all()
    skew = (((found - mean) / found.std(axis=0)) ** 3).mean(axis=0)
    assert np.abs(skew).max() < 5.5 * (6 / n) ** 0.5
