"""Nets of codes and scores, against laws that are known."""

from __future__ import annotations

import sys
import warnings
from functools import partial

import numpy as np
import pytest

import mintmark as mm
from mintmark.data.balance import law_in_words
from mintmark.data.encode import encode
from mintmark.data.protect import protect
from mintmark.data.where import meets
from mintmark.errors import InputError, RejectedError
from mintmark.latent import diffusion, gan
from mintmark.latent._mixed import Allowed, learn_mixed
from mintmark.synthesizer import load_model

pytest.importorskip("torch")
untrained = pytest.mark.filterwarnings("ignore:the GAN makes few kinds")
NAMES = ["gan", "diffusion"]
SMALL = {
    "gan": {"hidden": 64, "noise": 16, "epochs": 250},
    "diffusion": {"hidden": 64, "epochs": 250},
}


def known_law(n=1_500):
    """x is normal round 4 where a is "p", else 0; y is -x with noise, a spike at 50 and gaps by class."""
    rng = np.random.default_rng(0)
    a = rng.choice(["p", "q"], n, p=[0.3, 0.7])
    x = np.where(a == "p", 4.0, 0.0) + rng.normal(size=n)
    y = -x + 0.3 * rng.normal(size=n)
    y = np.where(rng.random(n) < 0.25, 50.0, y)
    y = np.where((a == "q") & (rng.random(n) < 0.2), np.nan, y)
    return {"a": a, "x": np.round(x, 3), "y": np.round(y, 3)}


@pytest.fixture(scope="module")
def fitted():
    data = mm.read(known_law(), target="a")
    return {name: mm.synthesizer(name, **SMALL[name]).fit(data, seed=0) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_a_known_law(name, fitted):
    made = fitted[name].sample(8_000, seed=1)
    a = np.array(made.table["a"].to_pylist())
    x, y = (np.array(made.table[c].to_pylist(), dtype=float) for c in "xy")
    assert (a == "p").mean() == pytest.approx(0.3, abs=0.06)
    assert x[a == "p"].mean() - x[a == "q"].mean() == pytest.approx(4, abs=0.7)
    assert (y == 50).mean() == pytest.approx(0.25 * (1 - 0.7 * 0.2), abs=0.06)
    assert np.isnan(y[a == "q"]).mean() == pytest.approx(0.2, abs=0.08)
    assert np.isnan(y[a == "p"]).mean() < 0.06
    rest = ~np.isnan(y) & (y != 50)
    assert np.corrcoef(x[rest], y[rest])[0, 1] < -0.85  # -0.99 in the law


@untrained
@pytest.mark.parametrize("name", NAMES)
def test_a_seed_repeats_rows_and_weights(name):
    data = mm.read(known_law(300), target="a")
    first, second = (mm.synthesizer(name, epochs=20, hidden=16).fit(data, seed=3) for _ in range(2))
    assert first.sample(200, seed=1).table.equals(second.sample(200, seed=1).table)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_makes_the_same_rows(name, fitted, tmp_path):
    fitted[name].save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.sample(200, seed=3).table.equals(fitted[name].sample(200, seed=3).table)


@pytest.mark.parametrize("name", NAMES)
def test_a_condition_holds_in_every_row(name, fitted):
    made = fitted[name].sample(300, seed=2, where={"a": "p", "x": (3, None)})
    assert set(made.table["a"].to_pylist()) == {"p"}
    assert min(made.table["x"].to_pylist()) >= 3


@untrained
@pytest.mark.parametrize("name", NAMES)
def test_numbers_alone_and_categories_alone(name):
    rng = np.random.default_rng(0)
    numbers = mm.read({"x": rng.normal(size=300), "y": rng.normal(size=300)})
    words = mm.read({"a": rng.choice(["u", "v"], 300), "b": rng.choice(["s", "t"], 300)})
    for data in (numbers, words):
        made = mm.synthesizer(name, epochs=3, hidden=16).fit(data, seed=0).sample(50, seed=0)
        assert made.names == data.names


@untrained
@pytest.mark.parametrize("name", NAMES)
def test_time_that_is_up_leaves_a_model(name):
    data = mm.read(known_law(), target="a")
    model = mm.synthesizer(name, epochs=100_000).fit(data, seed=0, max_minutes=1 / 60)
    assert model._fitted.learnt["training"][0]["ended"] == "out of time"
    assert len(model.sample(10, seed=0)) == 10


@untrained
@pytest.mark.parametrize("name", NAMES)
def test_few_rows_are_told(name):
    with pytest.warns(UserWarning, match="60 rows are few for a net: below 200.*gaussian_copula"):
        mm.synthesizer(name, epochs=1).fit(mm.read(known_law(60)), seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_kept_and_steps_counted(name, fitted):
    for told in fitted[name]._fitted.learnt["training"]:
        assert told["at"] == sorted(set(told["at"]))
        assert len(told["at"]) > 1
        for values in told["losses"].values():
            assert len(values) == len(told["at"])
            assert np.isfinite(values).all()


def test_numbers_that_are_not_finite_end_with_a_reason(monkeypatch):
    monkeypatch.setattr(diffusion, "_RATE", 1e30)
    with pytest.raises(InputError, match="diffusion: the loss is not finite"):
        mm.synthesizer("diffusion", epochs=30).fit(mm.read(known_law(500)), seed=0)


def test_before_any_training_columns_have_their_own_laws():
    data = mm.read(known_law(), target="a")
    made = mm.synthesizer("diffusion", epochs=1, hidden=8).fit(data, seed=0).sample(4_000, seed=0)
    a = np.array(made.table["a"].to_pylist())
    y = np.array(made.table["y"].to_pylist(), dtype=float)
    assert (a == "p").mean() == pytest.approx(0.3, abs=0.05)
    assert (y == 50).mean() == pytest.approx(0.215, abs=0.05)
    assert np.isnan(y).mean() == pytest.approx(0.14, abs=0.05)


def test_of_few_rows_the_denoiser_stops_before_it_knows_them_by_heart():
    rng = np.random.default_rng(0)
    data = mm.read({"x": rng.normal(size=300), "y": rng.normal(size=300)})
    (told,) = mm.synthesizer("diffusion").fit(data, seed=0)._fitted.learnt["training"]
    assert told["ended"] == "watched"
    assert told["watched"][told["at"].index(told["best"])] == min(told["watched"]) < told["watched"][-1]


def test_the_best_weights_of_a_gan_are_kept(fitted):
    learnt = fitted["gan"]._fitted.learnt
    assert learnt["looks"][-1]["covered"] == 1.0
    net, ratio = learnt["training"]
    assert net["watched"][-1] < net["watched"][0]
    assert net["best"] == net["watched_at"][int(np.argmin(net["watched"]))]
    assert (net["unit"], ratio["unit"]) == ("step", "epoch")
    assert ratio["ended"] == "no better"


def test_a_collapse_is_told_with_a_remedy():
    data = mm.read(known_law(), target="a")
    with pytest.warns(UserWarning, match="few kinds of rows over and over.*Give a lower rate"):
        model = mm.synthesizer("gan", epochs=100, hidden=16, rate=1.0).fit(data, seed=0)
    assert {"covered", "distinct", "off", "pairs_off"} <= set(model._fitted.learnt["looks"][-1])


@untrained
def test_where_memory_is_short_a_gan_still_judges_whole_packs(monkeypatch):
    import torch

    from mintmark.latent._table_gan import Generator

    forward = Generator.forward

    def short(network, noise, vector):
        if torch.is_grad_enabled() and len(noise) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(network, noise, vector)

    monkeypatch.setattr(Generator, "forward", short)
    with pytest.warns(UserWarning, match="batches of 510; training went on with batches of 15"):
        model = mm.synthesizer("gan", epochs=1, hidden=16, together=3).fit(mm.read(known_law(300)), seed=0)
    assert model._fitted.learnt["training"][0]["batch"] == 15


@pytest.mark.parametrize("name", NAMES)
def test_parameters_out_of_range_are_named(name):
    with pytest.raises(InputError, match="'hidden'"):
        mm.synthesizer(name, hidden=0)
    with pytest.raises(InputError, match="'epochs'"):
        mm.synthesizer(name, epochs=0)


def test_drawing_that_hardly_keeps_a_row_ends_with_a_reason(fitted, monkeypatch):
    monkeypatch.setattr(gan, "_ENOUGH_TRIED", 100)
    learnt = {**fitted["gan"]._fitted.learnt, "ceiling": 1e3}
    with pytest.raises(RejectedError, match=r"0 of .* made rows are likely among real ones"):
        fitted["gan"]._draw(10, learnt, np.random.default_rng(0))


def test_a_rare_condition_is_inpainted_and_the_others_suit_it(fitted):
    """x above 5.7 is one row in 75, of class "p", and y is then near -x."""
    with pytest.warns(UserWarning, match="400 rows under a rare condition: inpainted"):
        made = fitted["diffusion"].sample(400, seed=1, where={"x": (5.7, None)})
    assert made.provenance["drawn"] < 5_000  # of whole blocks; nothing is drawn again
    assert made.provenance["approximate"]["rows"] == 400
    a = np.array(made.table["a"].to_pylist())
    x, y = (np.array(made.table[c].to_pylist(), dtype=float) for c in "xy")
    assert x.min() >= 5.7
    assert (a == "p").mean() > 0.9
    rest = ~np.isnan(y) & (y != 50)
    assert np.median((x + y)[rest]) == pytest.approx(0, abs=0.5)
    assert (x + y)[rest].std() < 0.6  # 0.3 in the law
    assert (y == 50).mean() == pytest.approx(0.25, abs=0.12)


def test_inpainting_is_told_once_for_a_sample_and_in_every_part_of_it(fitted, monkeypatch):
    monkeypatch.setattr(sys.modules["mintmark.synthesizer"], "_PART", 1)
    model = fitted["diffusion"]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        parts = list(model.sample_parts(model.block + 50, seed=1, where={"x": (5.7, None)}))
    words = "4,146 rows under a rare condition: inpainted"
    assert [str(one.message)[: len(words)] for one in told] == [words]
    assert [len(part) for part in parts] == [model.block, 50]
    assert all(law_in_words(part.provenance)[0].startswith(words) for part in parts)


def test_a_condition_that_many_rows_meet_is_met_by_drawing_again(fitted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = fitted["diffusion"].sample(300, seed=1, where={"a": "p"})
    assert made.provenance["rejected"]["where"] > 0
    assert "approximate" not in made.provenance


def test_what_many_rows_meet_is_left_to_the_law_beside_a_rare_condition(fitted):
    """Nearly every row with x above 5.7 is of class "p"; "q" is allowed, and more frequent by itself."""
    where = {"a": ["p", "q"], "x": (5.7, None), "y": (None, 100)}
    with pytest.warns(UserWarning, match="condition: inpainted"):
        made = fitted["diffusion"].sample(400, seed=1, where=where)
    assert (np.array(made.table["a"].to_pylist()) == "p").mean() > 0.9
    assert made.table["y"].null_count == 0


def test_what_a_condition_allows_has_the_share_of_its_law():
    data = protect(mm.read(known_law(3_000)), np.random.default_rng(0))
    arrays = encode(data.table, data.schema)
    learnt = learn_mixed(arrays, data.schema)
    for name, wanted in (("x", (4, None)), ("y", 50), ("y", None), ("a", "p"), ("y", (40, 60))):
        column = data.schema[name]
        met = partial(meets, column=column, wanted=wanted)
        allowed = Allowed.of(learnt, data.schema.names.index(name), column, met)
        real = meets(arrays[name], column, wanted).mean()
        assert allowed.weight.sum() == pytest.approx(real, abs=0.01), (name, wanted)
