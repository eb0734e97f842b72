"""The autoregressive net against laws that are known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mintmark as mm
from mintmark.data.encode import encode
from mintmark.data.protect import protect
from mintmark.data.schema import Schema
from mintmark.errors import InputError
from mintmark.latent import _digits, _tokens
from mintmark.testing.hard_tables import ordinary

torch = pytest.importorskip("torch")
N = 3_000
JOINT = {("x", "u"): 0.4, ("x", "v"): 0.1, ("y", "u"): 0.05, ("y", "v"): 0.45}


def known_law(rng, n=N):
    """a and b by a table of chances; c is normal with the mean 3 where a is x, else 0, and a spike at 10."""
    pairs = list(JOINT)
    at = rng.choice(4, n, p=list(JOINT.values()))
    a, b = np.array([pairs[k][0] for k in at]), np.array([pairs[k][1] for k in at])
    c = np.where(rng.random(n) < 0.2, 10.0, np.round(rng.normal(3 * (a == "x"), 1), 3))
    c = np.where((b == "v") & (rng.random(n) < 0.3), np.nan, c)
    return {"a": a, "b": b, "c": c}


@pytest.fixture(scope="module")
def fitted():
    data = mm.read(known_law(np.random.default_rng(0)), target="a")
    return mm.synthesizer("autoregressive", epochs=40).fit(data, seed=0)


def columns(made):
    return {name: np.array(made.table[name].to_pylist(), dtype=object) for name in made.names}


def test_it_keeps_a_known_joint_law(fitted):
    made = columns(fitted.sample(20_000, seed=1))
    for (a, b), share in JOINT.items():
        assert ((made["a"] == a) & (made["b"] == b)).mean() == pytest.approx(share, abs=0.03)
    c = made["c"].astype(float)
    assert (c == 10).mean() == pytest.approx(0.2 * (1 - 0.3 * 0.55), abs=0.02)
    assert np.isnan(c[made["b"] == "v"]).mean() == pytest.approx(0.3, abs=0.04)
    assert np.isnan(c[made["b"] == "u"]).mean() < 0.01
    rest = (c != 10) & ~np.isnan(c)
    assert c[rest & (made["a"] == "x")].mean() == pytest.approx(3, abs=0.15)
    assert c[rest & (made["a"] == "y")].std() == pytest.approx(1, abs=0.15)


def test_a_condition_on_later_columns_has_the_law_of_the_model(fitted):
    free = columns(fitted.sample(60_000, seed=2))
    met = (free["b"] == "v") & (free["c"].astype(float) >= 2) & (free["c"].astype(float) <= 4)
    made = columns(fitted.sample(4_000, seed=3, where={"b": "v", "c": (2, 4)}))
    assert set(made["b"]) == {"v"}
    assert ((made["c"].astype(float) >= 2) & (made["c"].astype(float) <= 4)).all()
    error = 3 * (0.25 / met.sum() + 0.25 / 4_000) ** 0.5
    assert (made["a"] == "x").mean() == pytest.approx((free["a"][met] == "x").mean(), abs=error + 0.02)


def test_a_later_condition_weighs_what_was_drawn_before_it(fitted):
    free = columns(fitted.sample(40_000, seed=2))
    met = (free["c"].astype(float) >= 2) & (free["c"].astype(float) <= 4)
    made = columns(fitted.sample(3_000, seed=3, where={"a": ["x", "y"], "c": (2, 4)}))
    share = (free["a"][met] == "x").mean()
    assert share > 0.9  # and 0.5 where nothing is asked of c
    assert (made["a"] == "x").mean() == pytest.approx(share, abs=0.02)


def test_a_condition_on_the_first_column_rejects_no_row(fitted):
    made = fitted.sample(500, seed=3, where={"a": "y"})
    assert made.provenance["rejected"] == {}


def test_how_likely_rows_are(fitted):
    data = mm.read({"a": ["x", "x", "y"], "b": ["u", "v", "u"], "c": [10.0, 10.0, 10.0]}, target="a")
    real = known_law(np.random.default_rng(0))
    often = [np.mean((real["a"] == a) & (real["b"] == b) & (real["c"] == 10)) for a, b in ("xu", "xv", "yu")]
    first, second, third = np.exp(fitted.log_prob(data))
    assert first == pytest.approx(often[0], rel=0.1)  # of 290 rows
    assert second == pytest.approx(often[1], rel=0.3)  # of 38
    assert third == pytest.approx(often[2], rel=0.3)  # of 27


def test_the_probabilities_of_all_rows_make_one():
    rng = np.random.default_rng(5)
    data = mm.read({"a": rng.choice(["x", "y"], N), "b": rng.choice(["u", "v", "w"], N)})
    model = mm.synthesizer("autoregressive", epochs=1).fit(data, seed=0)
    every = mm.read({"a": list("xxxyyy"), "b": list("uvwuvw")})
    assert np.exp(model.log_prob(every)).sum() == pytest.approx(1, abs=1e-4)


def test_gaps_are_filled_given_what_is_known(fitted):
    n = 4_000
    b = np.array(["u", "v"])[np.arange(n) % 2]
    data = mm.read({"a": [None] * n, "b": b, "c": [10.0] * n}, kinds={"a": "category"})
    made = columns(fitted.impute(data, seed=0))
    assert set(made["a"]) == {"x", "y"}
    assert (made["b"] == b).all()
    assert (made["c"] == 10.0).all()
    real = known_law(np.random.default_rng(0))
    for word in "uv":  # 317 and 224 real rows with the spike
        like = (real["b"] == word) & (real["c"] == 10)
        share = (real["a"][like] == "x").mean()
        error = (share * (1 - share) / like.sum()) ** 0.5
        assert (made["a"][b == word] == "x").mean() == pytest.approx(share, abs=3 * error)


def test_filling_keeps_known_cells_and_leaves_no_gap(fitted):
    data = mm.read(known_law(np.random.default_rng(9), 400), target="a")
    made = fitted.impute(data, seed=1)
    before, after = columns(data)["c"], columns(made)["c"]
    known = np.array([value is not None for value in before])
    assert 0 < known.sum() < 400
    assert (after[known] == before[known]).all()
    assert all(value is not None for value in after)
    assert made.table.equals(fitted.impute(data, seed=1).table)


def test_a_category_that_the_model_does_not_know_is_told_and_left_out(fitted):
    """Rare categories are merged before anything is learnt: real rows hold some that no model knows."""
    given = {"a": ["z", "x", "x"], "b": ["u", "u", "u"], "c": [10.0, 10.0, None]}
    strange = mm.read(given, kinds={"a": "category"})
    with pytest.warns(UserWarning, match=r"'a': the model does not know 'z' \(1 row\)"):
        told = fitted.log_prob(strange)
    assert told[0] > told[1] + 0.1  # 'a' is not counted
    assert np.isfinite(told).all()
    with pytest.warns(UserWarning, match="'z'"):
        filled = columns(fitted.impute(strange, seed=0))
    assert list(filled["a"]) == ["z", "x", "x"]
    assert filled["c"][2] is not None


def test_an_absent_column_is_named(fitted):
    with pytest.raises(InputError, match="column 'c' is absent"):
        fitted.log_prob(mm.read({"a": ["x"], "b": ["u"]}))


def test_few_rows_are_told():
    data = mm.read(known_law(np.random.default_rng(0), 60))
    with pytest.warns(UserWarning, match="60 rows are few for a net"):
        mm.synthesizer("autoregressive", epochs=1).fit(data, seed=0)


def test_very_many_categories_are_written_in_two_digits():
    names = np.array([f"k{i:04d}" for i in range(1_500)])
    column = np.repeat(names, 12)
    other = np.where(np.arange(len(column)) % 2, "odd", "even")
    data = mm.read({"code": column, "side": other}, kinds={"code": "category"})
    model = mm.synthesizer("autoregressive", epochs=3, hidden=32).fit(data, seed=0)
    assert len(_tokens.laid_out(model._fitted.learnt["sizes"])) == 3
    made = columns(model.sample(6_000, seed=1))["code"]
    assert len(set(made) & set(names)) > 1_300
    some = model.sample(300, seed=2, where={"code": ["k0007", "k0901"]})
    share = np.mean(columns(some)["code"] == "k0007")
    assert 0.3 < share < 0.7


def test_tokens_come_back_as_the_values_they_stand_for():
    rng = np.random.default_rng(0)
    data = protect(ordinary(), rng)
    schema = data.schema.select([c.name for c in data.schema if c.is_numeric or c.is_discrete])
    arrays = encode(data.table, schema)
    learnt, tokens = _tokens.learn_tokens(arrays, schema)
    assert (_tokens.to_tokens(arrays, learnt, schema) == tokens).all()
    back = _tokens.from_tokens(tokens, learnt, schema, {}, np.random.default_rng(0))
    again = _tokens.to_tokens(back, learnt, schema)
    for t, token in enumerate(_tokens.laid_out(learnt["sizes"])):
        column = schema.columns[token.column]
        off = np.abs(again[:, t] - tokens[:, t])
        if column.is_discrete:
            assert (off == 0).all()
        else:  # a rare number moves past up to ten rows either way, of which a bin here holds four
            assert off.max() <= 5


@pytest.mark.parametrize("name", ["autoregressive", "vae", "gan", "diffusion"])
def test_without_torch_it_says_what_to_install(name):
    code = (
        "import sys; sys.modules['torch'] = None\nimport mintmark as mm\n"
        f"mm.synthesizer({name!r}).fit(mm.read({{'a': list(range(300)), 'b': ['x', 'y'] * 150}}), seed=0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtraError" in done.stderr.splitlines()[-1]
    assert "mintmark[neural]" in done.stderr


def test_codes_are_put_together_from_their_digits():
    for size in (1, 512, 513, 3_000, 100_000):
        codes = np.arange(size)
        digits = _digits.parted(codes, size)
        assert [int(d.max()) + 1 for d in digits] == _digits.digits_of(size)
        assert (_digits.joined(digits, size) == codes).all()
        assert max(_digits.digits_of(size)) <= 512


def test_given_real_rows_values_are_told_as_often_as_they_occur():
    """What is drawn first would carry a bias on to what is drawn later."""
    data = mm.read(known_law(np.random.default_rng(0), 4_000), target="a")
    model = mm.synthesizer("autoregressive", epochs=2).fit(data, seed=0)  # stopped long before it has settled
    learnt = model._state().learnt
    schema = Schema.from_json(learnt["schema"])
    tokens = _tokens.to_tokens(encode(data.table, schema), learnt, schema)
    place = np.argsort(learnt["order"])
    known = torch.from_numpy((place[:, None] < place[None, :]).astype(np.float32))
    network = model._loaded(learnt)
    with torch.no_grad():
        for t, logits in enumerate(network.told(network(torch.from_numpy(tokens), known))):
            told = logits.softmax(dim=1).mean(dim=0).numpy()
            real = np.bincount(tokens[:, t], minlength=len(told)) / len(tokens)
            assert 0.5 * np.abs(told - real).sum() < 0.01
