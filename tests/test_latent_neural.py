"""The autoencoder of tables against laws that are known."""

from __future__ import annotations

import numpy as np
import pytest

import mintmark as mm
from mintmark.errors import InputError
from mintmark.latent import vae
from mintmark.synthesizer import load_model

pytest.importorskip("torch")
NAMES = ["vae"]


def known_law(n=3_000):
    """x is normal round 4 where a is "p", else 0; y is -x with noise; a spike at 0 and gaps in y by class."""
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
    return {name: mm.synthesizer(name, hidden=64, code=4).fit(data, seed=0) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_a_known_law(name, fitted):
    made = fitted[name].sample(10_000, seed=1)
    a = np.array(made.table["a"].to_pylist())
    x, y = (np.array(made.table[c].to_pylist(), dtype=float) for c in "xy")
    assert (a == "p").mean() == pytest.approx(0.3, abs=0.04)
    assert x[a == "p"].mean() == pytest.approx(4, abs=0.25)
    assert x[a == "q"].mean() == pytest.approx(0, abs=0.25)
    assert (y == 50).mean() == pytest.approx(0.25 * (1 - 0.7 * 0.2), abs=0.04)
    assert np.isnan(y[a == "q"]).mean() == pytest.approx(0.2, abs=0.05)
    assert np.isnan(y[a == "p"]).mean() < 0.03
    rest = ~np.isnan(y) & (y != 50)
    assert np.corrcoef(x[rest], y[rest])[0, 1] < -0.85  # -0.99 in the law: what a code keeps is blurred


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


def test_codes_that_say_nothing_are_told():
    data = mm.read(known_law(1_000), target="a")
    with pytest.warns(UserWarning, match=r"posterior collapse.*Give a divergence below 10"):
        mm.synthesizer("vae", epochs=4, divergence=10.0).fit(data, seed=0)


def test_numbers_that_are_not_finite_end_with_a_reason(monkeypatch):
    monkeypatch.setattr(vae, "_RATE", 1e12)
    with pytest.raises(InputError, match="vae: the loss is not finite any more"):
        mm.synthesizer("vae", epochs=3).fit(mm.read(known_law(500)), seed=0)


@pytest.mark.filterwarnings("ignore:the codes say next to nothing")
@pytest.mark.parametrize("name", NAMES)
def test_time_that_is_up_leaves_a_model(name):
    data = mm.read(known_law(2_000), target="a")
    model = mm.synthesizer(name, epochs=100_000).fit(data, seed=0, max_minutes=1 / 60)
    assert model._fitted.learnt["training"][0]["ended"] == "out of time"
    assert len(model.sample(10, seed=0)) == 10
