"""Numbers behind the scores of pictures, against what is known of them."""

from __future__ import annotations

import io
import sys

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from threadpoolctl import threadpool_limits

import mintmark as mm
from mintmark.assess._image_neighbours import neighbours
from mintmark.assess._images import compared, drawn, pictures
from mintmark.errors import InputError
from mintmark.metric import NotRun, Tables
from mintmark.stats.frechet import frechet, frechet_permuted
from mintmark.stats.image_features import laplacian_energy, rule_features, structural_similarity
from mintmark.stats.shares import paired, z_of

METRICS = [
    "image_distance", "image_precision_recall", "image_diversity", "image_sharpness", "image_copies",
    "gan_train_test",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread():
    with threadpool_limits(1, "blas"):
        yield


def rng(seed=0):
    return np.random.default_rng(seed)


def textures(n, generator, side=20, channels=3):
    """Smooth random fields: pictures that have nothing in common."""
    field = gaussian_filter(generator.normal(size=(n, side, side, channels)), (0, 1.5, 1.5, 0), mode="wrap")
    return np.clip(128 + 60 * field / field.std(), 0, 255).astype(np.uint8)


def table(x, y=None, **more):
    columns = {"image": x} | ({} if y is None else {"label": [str(one) for one in y]})
    return mm.read(columns | more, target=None if y is None else "label")


def recoded(x, form="JPEG", **options):
    """The same pictures as other bytes."""
    cells = []
    for one in x:
        out = io.BytesIO()
        Image.fromarray(one).save(out, format=form, **options)
        cells.append(out.getvalue())
    return pa.chunked_array([pa.array(cells, pa.binary())])


# --- Fréchet distance


def test_frechet_distance_of_normal_clouds_is_the_known_one():
    """|m|² + tr(S + I - 2 S^½), for clouds whose moments are made exact."""
    x = rng(1).normal(size=(500, 3))
    x = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, bias=True))).T
    scale, mean = np.array([2.0, 1.0, 0.5]), np.array([1.0, 0.0, -2.0])
    assert frechet(x, x * scale + mean).value == pytest.approx(5 + ((scale - 1) ** 2).sum())
    assert frechet(x, x).value == pytest.approx(0, abs=1e-9)


def test_influences_on_the_frechet_distance_are_what_leaving_a_point_out_does():
    a, b = rng(2).normal(size=(800, 4)), rng(3).normal(size=(700, 4)) * [2, 1, 1, 0.5] + 0.3
    found = frechet(a, b)
    left_out = [699 * (found.value - frechet(a, np.delete(b, i, 0)).value) for i in range(20)]
    np.testing.assert_allclose(found.on_b[:20], left_out, rtol=0.03, atol=0.05)
    left_out = [799 * (found.value - frechet(np.delete(a, i, 0), b).value) for i in range(20)]
    np.testing.assert_allclose(found.on_a[:20], left_out, rtol=0.03, atol=0.05)


def test_a_feature_that_never_varies_does_no_harm():
    a = np.column_stack([rng(4).normal(size=300), np.zeros(300)])
    assert frechet(a, a + np.array([0, 2])).value == pytest.approx(4)


def test_random_splits_say_what_chance_adds_to_the_frechet_distance():
    values = [
        frechet(rng(k).normal(size=(150, 8)), rng(k + 500).normal(size=(150, 8))).value for k in range(40)
    ]
    chance = frechet_permuted(rng(0).normal(size=(150, 8)), rng(500).normal(size=(150, 8)), rng(9))
    assert np.mean(values) == pytest.approx(chance.mean(), rel=0.15)


# --- features and similarity


def test_structural_similarity_is_one_of_a_picture_with_itself_and_follows_its_formula():
    x = textures(4, rng(5))
    np.testing.assert_allclose(structural_similarity(x, x), 1, rtol=1e-6)
    # flat pictures have no contrast: what is left is the term of brightness
    a, b = (np.full((1, 16, 16, 1), level, np.uint8) for level in (51, 153))
    light = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert structural_similarity(a, b)[0] == pytest.approx(light, rel=1e-5)
    assert abs(structural_similarity(x[:2], x[2:])).max() < 0.5


def test_energy_of_edges_falls_with_blur_rises_with_noise_and_ignores_contrast():
    x = textures(30, rng(6), channels=1)
    soft = gaussian_filter(x, (0, 1, 1, 0))
    noisy = np.clip(x + rng(7).normal(0, 20, x.shape), 0, 255).astype(np.uint8)
    plain, less, more = (laplacian_energy(one).mean() for one in (x, soft, noisy))
    assert less < plain - 0.5 < plain + 0.5 < more
    assert laplacian_energy((x // 2 + 64).astype(np.uint8)).mean() == pytest.approx(plain, abs=0.1)


@pytest.mark.parametrize("fault", ["blurred", "recoloured", "turned", "moved"])
def test_features_by_rule_see_each_sort_of_fault(fault):
    """Each moves some feature by far more than as many other pictures do."""
    ramp = np.linspace(0, 80, 20)[None, :, None, None]
    x, y = (np.clip(textures(300, rng(k)) * 0.7 + ramp, 0, 255).astype(np.uint8) for k in (8, 9))
    broken = {
        "blurred": lambda x: gaussian_filter(x, (0, 2, 2, 0)),
        "recoloured": lambda x: np.stack([x[..., 0] // 2, x[..., 1], x[..., 2]], -1),
        "turned": lambda x: x.transpose(0, 2, 1, 3),
        "moved": lambda x: np.roll(x, 6, axis=1),
    }[fault](y)
    real, fresh, made = (rule_features(one) for one in (x, y, broken))
    spread = np.sqrt(real.var(0) / 150) + 1e-6
    assert (abs(fresh.mean(0) - real.mean(0)) / spread).max() < 5
    assert (abs(made.mean(0) - real.mean(0)) / spread).max() > 10
    assert real.shape == (300, 67)
    assert rule_features(x[..., :1]).shape == (300, 55)


def test_a_paired_difference_is_narrower_than_one_of_other_trials():
    hit = rng(10).random(400) < 0.8
    other = hit & (rng(11).random(400) < 0.97)
    unit = np.arange(400)
    difference, (low, high) = paired(hit, other, unit, z_of())
    apart = paired(hit, rng(12).permutation(other), unit, z_of())[1]
    assert low <= difference <= high
    assert high - low < 0.6 * (apart[1] - apart[0])
    thrice = paired(np.repeat(hit, 3), np.repeat(other, 3), np.repeat(unit, 3), z_of())
    assert thrice[0] == difference
    assert thrice[1] == pytest.approx((low, high), abs=0.003)


# --- neighbours


def changed(x, how, generator):
    return {
        "encoded anew": lambda: recoded(x, quality=90),
        "noisy": lambda: np.clip(x + generator.integers(-5, 6, x.shape), 0, 255).astype(np.uint8),
        "brighter": lambda: np.clip(x * 0.8 + 40, 0, 255).astype(np.uint8),
        "shifted": lambda: np.roll(x, 1, axis=2),
        "mirrored": lambda: np.ascontiguousarray(x[:, :, ::-1]),
    }[how]()


@pytest.mark.parametrize("how", ["encoded anew", "noisy", "brighter", "shifted", "mirrored"])
@pytest.mark.parametrize("side", [12, 40])
def test_a_changed_copy_finds_its_picture_and_nobody_else_is_found(how, side):
    """Five copies among 100; train is three times as large as the holdout."""
    generator = rng(13)
    train, holdout, fresh = (textures(n, generator, side) for n in (300, 100, 100))
    fresh[:5] = train[[7, 70, 140, 210, 280]]
    made = changed(fresh, how, generator)
    tables = Tables(table(train), mm.read({"image": made}), table(holdout), table(train))
    found = neighbours(tables, "image")
    assert found.near["train"].tolist() == [1] * 5 + [0] * 95
    assert not found.near["holdout"].any()
    assert found.nearest[:5].tolist() == [7, 70, 140, 210, 280]
    assert found.distance[:5].max() < found.distance[5:].min()
    assert not found.equal["train"].any()


def test_equal_pixels_are_counted_whatever_the_bytes():
    x = textures(300, rng(14))
    tables = Tables(table(x[:100]), mm.read({"image": recoded(x[90:190], "BMP")}), table(x[200:]), table(x))
    found = neighbours(tables, "image")
    assert found.equal["train"].tolist() == [1] * 10 + [0] * 90
    assert np.array_equal(found.near["train"], found.equal["train"])


def test_blank_pictures_that_both_real_tables_hold_are_no_copies():
    x = textures(300, rng(15))
    x[::3] = 255
    tables = Tables(*(table(x[k : k + 100]) for k in (0, 100, 200)), table(x))
    found = neighbours(tables, "image")
    assert not found.near["train"].any()
    assert not found.near["holdout"].any()


# --- tables


def test_pictures_of_any_size_are_brought_to_trains_median_and_floors_keep_single_pixels():
    big = textures(120, rng(16), 50).repeat(3, axis=1).repeat(3, axis=2)
    tables = Tables(*(table(x) for x in (big, textures(120, rng(17), 30), big)), table(big))
    made = pictures(tables, "image", "synthetic").pixels
    assert made.shape == (120, 64, 64, 3)
    floor, train = (drawn(tables, "image", which, 100).pixels for which in ("floor", "train"))
    np.testing.assert_array_equal(np.sort(floor, axis=0), np.sort(train, axis=0))
    assert not np.array_equal(floor, train)


def test_rows_without_a_picture_are_left_out_and_too_few_pictures_are_not_compared():
    x = recoded(textures(150, rng(18)), "PNG").combine_chunks()
    gaps = pa.array([None] * 60 + x.to_pylist()[60:], pa.binary())
    real, holed = (mm.read({"image": one}) for one in (x, gaps))
    tables = Tables(real, holed, real, real)
    assert pictures(tables, "image", "synthetic").rows.tolist() == list(range(60, 150))
    with pytest.raises(NotRun, match="synthetic has 90 pictures in 'image'; at least 100"):
        compared(tables, "image")
    found = mm.assess(train=real, synthetic=holed, metrics=METRICS)
    told = {score.metric: score.reason for score in found.scores}
    assert sum("90 pictures" in reason for reason in told.values()) == 4
    assert "no holdout" in told["image_copies"]


def test_a_damaged_picture_is_named_with_its_table_column_and_row():
    x = recoded(textures(120, rng(19)), "PNG").combine_chunks().to_pylist()
    good, bad = pa.array(x, pa.binary()), pa.array([*x[:2], x[2][:-60], *x[3:]], pa.binary())
    with pytest.raises(InputError, match="synthetic, column 'image': row 3 of 120: the picture is damaged"):
        mm.assess(
            train=mm.read({"image": good}), synthetic=mm.read({"image": bad}), metrics=["image_sharpness"]
        )


def test_without_pictures_there_is_no_score_and_without_classes_own_features_are_not_run():
    plain = mm.read({"x": rng(20).normal(size=200)})
    assert mm.assess(train=plain, synthetic=plain, metrics=METRICS).scores == ()
    parts = [mm.read({"image": textures(100, rng(k), 9, 1)}) for k in (21, 22, 23)]
    found = mm.assess(train=parts[0], synthetic=parts[1], holdout=parts[2], metrics=METRICS)
    ran = {score.metric: score.status for score in found.scores}
    assert ran["image_distance.frechet_fixed"] == ran["image_copies.excess"] == "ok"
    assert ran["image_distance.frechet_own"] == ran["gan_train_test"] == "not run"
    reasons = {score.reason for score in found.scores if score.status == "not run"}
    assert reasons == {"no target with classes was given. Name the column of classes: target='...'."}


def test_of_several_columns_of_pictures_the_worst_is_told():
    x = [textures(120, rng(k), 12, 1) for k in range(24, 30)]
    train, holdout = (mm.read({"left": x[k], "right": x[k + 1]}) for k in (0, 2))
    made = mm.read({"left": x[4], "right": x[1]})
    score = mm.assess(train=train, synthetic=made, holdout=holdout, metrics=["image_copies"])[
        "image_copies.excess"
    ]
    assert score.details["worst"] == "right"
    assert score.estimate == 1
    assert score.details["parts"]["left"]["estimate"] == 0


def test_pictures_of_one_person_count_as_one():
    """Twelve pictures alike of each of twenty persons are worth twenty."""
    x, who = textures(20, rng(30), 12, 1).repeat(12, axis=0), np.arange(20).repeat(12)
    made = textures(240, rng(31), 12, 1)
    grouped = mm.read({"image": x, "who": who}, roles={"who": "group"})
    other = mm.read({"image": made, "who": np.arange(240) + 500})
    wide, narrow = (
        mm.assess(train=real, synthetic=released, metrics=["image_sharpness"])["image_sharpness"]
        for real, released in ((grouped, other), (table(x), table(made)))
    )
    assert wide.estimate == narrow.estimate
    assert wide.interval[0] < narrow.interval[0] - 0.01


def test_without_torch_or_pillow_one_line_says_what_to_install(monkeypatch):
    cells = [recoded(textures(100, rng(k), 9), "PNG") for k in (32, 33, 34)]
    train, made, holdout = (
        mm.read({"image": one, "label": ["a", "b"] * 50}, target="label") for one in cells
    )
    for name in [name for name in sys.modules if name.startswith("mintmark.nn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    found = mm.assess(train=train, synthetic=made, holdout=holdout, metrics=METRICS)
    told = {score.metric: score.reason for score in found.scores if score.status == "not run"}
    assert told.keys() == {"image_distance.frechet_own", "image_distance.kernel_own", "gan_train_test"}
    assert set(told.values()) == {"torch is not installed. Run: pip install 'mintmark[neural]'"}
    monkeypatch.setitem(sys.modules, "PIL", None)
    found = mm.assess(train=train, synthetic=made, holdout=holdout, metrics=METRICS)
    assert {score.metric for score in found.scores} == set(METRICS)
    assert {score.reason for score in found.scores} == {
        "pillow is not installed. Run: pip install 'mintmark[images]'"
    }


def test_copies_of_pictures_in_a_database_are_refused():
    from mintmark.release.policy import Policy

    def hospital(x, first):
        n, generator = len(x) // 2, rng(first)
        people = pa.table({"id": np.arange(n) + first, "age": generator.integers(20, 80, n)})
        scans = pa.table({"person": np.repeat(np.arange(n), 2) + first, "scan": recoded(x[..., 0], "PNG")})
        tables = {"people": mm.read(people, roles={"id": "key"}), "scans": mm.read(scans)}
        return mm.Database(tables, {"scans.person": "people.id"})

    x = [textures(240, rng(k), 9, 1) for k in (35, 36, 37)]
    train, holdout = hospital(x[0], 0), hospital(x[1], 10_000)
    for pictures_of, outcome in ((x[2], "inconclusive"), (x[0], "fail")):
        found = mm.assess(
            train=train, holdout=holdout, synthetic=hospital(pictures_of, 50_000), metrics=["image_copies"]
        )
        verdicts = Policy.load("relational").judge(found.to_json(), nature="fully synthetic")
        assert {v.rule: v.outcome for v in verdicts}["no-picture-comes-out"] == outcome
        assert "images" not in found.tables
