"""What a fitted synthesizer says of rows: the protocols, and the metrics that question it."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark import registry
from mintmark.cli.main import main
from mintmark.data.schema import Schema
from mintmark.errors import InputError, UnknownNameError
from mintmark.method import method
from mintmark.stats.intervals import auc, delong, influence_variance
from mintmark.synthesizer import Learnt, Synthesizer, load_model

QUESTIONED = ["discriminator", "likelihood_gap"]


def law(n, seed, shift=0.0, group=None):
    """A class and a number that hangs on it."""
    rng = np.random.default_rng(seed)
    a = rng.choice(["p", "q"], n, p=[0.3, 0.7])
    x = np.where(a == "p", 4.0, 0.0) + rng.normal(size=n) + shift
    columns = {"a": a, "x": np.round(x, 3)}
    if group is None:
        return mm.read(columns, target="a")
    return mm.read(columns | {"who": np.repeat(np.arange(n // group) + 10**6 * seed, group)}, target="a",
                   roles={"who": "group"})  # fmt: skip


def wide(n, seed):
    """Twelve numbers that say nothing of each other."""
    made = np.random.default_rng(seed).normal(size=(n, 12)).round(3)
    return mm.read({f"x{i}": made[:, i] for i in range(12)})


@method
class Knowing(Synthesizer):
    """Says of a row what the law says, and how often it was learnt."""

    heart: float = 0.0

    def _learn(self, data, rng) -> Learnt:
        return {"schema": data.schema.to_json(), "x": np.array(data.table["x"].to_pylist())}

    def _draw(self, n, learnt, rng) -> pa.Table:
        made = law(n, int(rng.integers(2**31))).table
        return made.select(Schema.from_json(learnt["schema"]).names)

    def log_prob(self, data):
        a, x = (np.array(data.table[name].to_pylist()) for name in "ax")
        law_says = -((x - np.where(a == "p", 4.0, 0.0)) ** 2) / 2
        return law_says + self.heart * np.isin(x, self._state().learnt["x"])

    def scores_rows(self, data):
        return -np.abs(np.array(data.table["x"].to_pylist()) - 1.2)


def assessed(model, train, holdout, synthetic=None):
    made = model.sample(len(train), seed=1) if synthetic is None else synthetic
    return mm.assess(
        train=train, holdout=holdout, synthetic=made, metrics=QUESTIONED, synthesizer=model, seed=0
    )


@pytest.fixture(scope="module")
def gan():
    pytest.importorskip("torch")
    return mm.synthesizer("gan", hidden=64, noise=16, epochs=150).fit(law(2_000, 1), seed=0)


# -- the protocols ---------------------------------------------------------------------------------


def test_the_registry_tells_which_protocols_a_method_has():
    assert registry.protocols("autoregressive") == ["impute", "log_prob"]
    assert registry.protocols("gan") == registry.protocols("image_gan") == ["scores_rows"]
    assert registry.protocols("independent") == []
    with pytest.raises(UnknownNameError, match="gan"):
        registry.protocols("gna")


def test_the_list_shows_the_protocols(capsys):
    assert main(["list", "synthesizers"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[1:]}
    assert lines["autoregressive"].endswith("[impute, log_prob]")
    assert "[" not in lines["independent"]
    assert main(["list", "synthesizers", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["protocols"]["gan"] == ["scores_rows"]
    assert "independent" not in told["protocols"]


def test_a_gan_scores_each_row_by_itself_and_shifted_rows_low(gan, tmp_path):
    fresh, shifted = law(2_000, 2), law(2_000, 3, shift=3.0)
    scores = gan.scores_rows(fresh)
    assert scores.shape == (2_000,)
    assert scores.dtype == np.float64
    assert auc(scores, gan.scores_rows(shifted)) > 0.7
    outermost = np.argsort(np.array(fresh.table["x"]))[[0, 1, -2, -1]]
    for some in (np.arange(50, 60), outermost):
        assert gan.scores_rows(fresh.take(some)) == pytest.approx(scores[some], abs=1e-4)
    assert gan.scores_rows(fresh.take(np.arange(0))).shape == (0,)
    gan.save(tmp_path / "model")
    assert np.array_equal(load_model(tmp_path / "model").scores_rows(fresh), scores)
    with pytest.raises(InputError, match="column 'x' is absent"):
        gan.scores_rows(fresh.drop("x"))


def test_a_column_of_another_type_is_read_as_learnt_or_named():
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    data = {"a": rng.choice(["1", "2", "x"], 400), "b": rng.random(400) < 0.5, "n": rng.normal(size=400)}
    model = mm.synthesizer("autoregressive", hidden=8, epochs=1).fit(mm.read(data), seed=0)
    some, none = {"a": [1, None], "b": [True, None], "n": [1, None]}, {"b": ["yes", "no"], "n": [1.0, 2.0]}
    texts = {**some, "a": ["1", None], "n": [1.0, None]}
    assert np.array_equal(model.log_prob(some), model.log_prob(texts))
    filled = model.impute({"a": [1, None] * 100, "b": [True] * 200, "n": [1, None] * 100}, seed=0)
    assert set(filled.table["a"].to_pylist()) == {"1", "2", "x"}
    assert filled.table["n"].to_pylist()[::2] == [1.0] * 100
    assert filled.schema["n"].kind == "number"
    with pytest.raises(InputError, match="column 'b' holds string where bool was learnt"):
        model.log_prob({"a": ["1", "2"], **none})


@pytest.mark.filterwarnings("ignore:the GAN makes few kinds")
def test_rare_categories_are_scored_as_they_were_merged():
    data = law(600, 4)
    rare = np.array(data.table["a"].to_pylist(), dtype=object)
    rare[:20] = [f"r{i}" for i in range(20)]
    model = mm.synthesizer("gan", hidden=16, noise=4, epochs=4)
    model.fit(mm.read({"a": rare, "x": data.table["x"]}), seed=0)
    assert np.isfinite(model.scores_rows(mm.read({"a": ["r3", "unheard"], "x": [0.1, 0.2]}))).all()


def test_a_category_that_the_gan_does_not_know_is_told_and_read_as_all_that_it_knows(gan, monkeypatch):
    given = mm.read({"a": ["p", "z", "7", "q"], "x": [4.0, 4.0, 4.0, 0.0]}, kinds={"a": "category"})
    with pytest.warns(UserWarning, match=r"'a': the model does not know 'z', '7' \(2 rows\)") as told:
        scores = gan.scores_rows(given)
    assert told[0].filename == __file__
    known = mm.read({"a": ["p", "q"], "x": [4.0, 0.0]})
    assert scores[[0, 3]] == pytest.approx(gan.scores_rows(known), abs=1e-4)
    monkeypatch.setattr("mintmark.latent._ratio.Ratio", lambda *_: lambda rows: rows[:, 0])
    monkeypatch.setattr("mintmark.nn.training.load_arrays", lambda *_: None)
    with pytest.warns(UserWarning, match="'z'"):
        scores = gan.scores_rows(given)
    share = law(2_000, 1).table["a"].to_pylist().count("p") / 2_000
    assert scores == pytest.approx([1, share, share, 0])


def test_the_command_line_hands_the_model_to_the_metrics(tmp_path, capsys):
    train = law(300, 1)
    for name, data in (("train", train), ("holdout", law(300, 2))):
        mm.write(data, tmp_path / f"{name}.parquet")
    mm.synthesizer("independent").fit(train, seed=0).save(tmp_path / "model")
    files = [str(tmp_path / f"{name}.parquet") for name in ("train", "train")]
    asked = ["assess", *files, "--metric", "discriminator", "--json"]
    for more, said in (([], "--model"), (["--model", str(tmp_path / "model")], "independent has no discrim")):
        assert main([*asked, *more]) == 0
        assert said in json.loads(capsys.readouterr().out)["scores"][0]["reason"]
    assert main([*asked, "--model", str(tmp_path / "none")]) == 2


# -- the discriminator -----------------------------------------------------------------------------


def test_a_discriminator_tells_shifted_and_collapsed_rows_and_no_fresh_ones(gan):
    train, holdout = law(2_000, 1), law(2_000, 5)
    one = law(1, 6)
    collapsed = one.take(np.zeros(2_000, dtype=int))
    found = {
        name: assessed(gan, train, holdout, data)["discriminator"]
        for name, data in {
            "fresh": law(2_000, 7),
            "shift": law(2_000, 8, shift=3.0),
            "one": collapsed,
        }.items()
    }
    assert found["fresh"].estimate == pytest.approx(0.5, abs=0.04)
    assert found["fresh"].interval[0] < 0.5 < found["fresh"].interval[1]
    assert found["shift"].interval[0] > 0.7
    assert abs(found["one"].estimate - 0.5) > 0.1
    assert found["fresh"].ceiling == pytest.approx(0.5, abs=0.05)
    assert "in-sample" in found["fresh"].convention
    assert (found["fresh"].family, found["fresh"].direction) == ("fidelity", "lower")


def test_rows_of_one_person_widen_the_interval():
    model = Knowing().fit(law(1_000, 1), seed=0)
    alone = assessed(model, law(1_000, 1), law(1_000, 2))
    together = assessed(model, law(1_000, 1, group=1), _repeated(2))
    for name in ("discriminator", "likelihood_gap", "likelihood_gap.auc"):
        widths = [np.ptp(found[name].interval) for found in (alone, together)]
        assert widths[1] > 1.5 * widths[0]


def _repeated(seed):
    """A hundred persons of ten equal rows."""
    data = law(1_000, seed, group=10)
    return data.take(np.repeat(np.arange(0, 1_000, 10), 10))


# -- the likelihood --------------------------------------------------------------------------------


def test_a_model_that_knows_its_rows_by_heart_is_told():
    train, holdout = law(1_000, 1), law(1_000, 2)
    found = assessed(Knowing(heart=20.0).fit(train, seed=0), train, holdout)
    gap, area = found["likelihood_gap"], found["likelihood_gap.auc"]
    known = np.isin(holdout.table["x"].to_pylist(), train.table["x"].to_pylist()).mean()
    assert gap.estimate == pytest.approx(20 * (1 - known), abs=0.3)
    assert gap.interval[0] > 10
    assert area.estimate > 0.8
    assert (gap.ceiling, area.ceiling) == (0.0, 0.5)
    assert area.estimate < area.floor <= 1
    assert gap.family == area.family == "privacy"
    assert "white-box" in gap.convention


def test_the_intervals_of_the_gap_hold_nothing_about_as_often_as_they_say():
    out = 0
    for seed in range(60):
        train = law(150, 2 * seed + 100)
        found = assessed(Knowing().fit(train, seed=0), train, law(150, 2 * seed + 101))
        out += not found["likelihood_gap"].interval[0] <= 0 <= found["likelihood_gap"].interval[1]
    assert out <= 8  # of 60, one run in 300 or fewer where 5 % are right


def test_an_overfitted_net_is_told_from_one_that_fits(monkeypatch):
    pytest.importorskip("torch")
    from mintmark.latent import autoregressive

    few, many = wide(250, 1), law(6_000, 2)
    fits = mm.synthesizer("autoregressive", epochs=10).fit(many, seed=0)
    monkeypatch.setattr(autoregressive, "_WATCHED", 0.0)  # nothing tells it to stop
    knows = mm.synthesizer("autoregressive", epochs=60, dropout=0.0).fit(few, seed=0)
    well, badly = assessed(fits, many, law(2_000, 3)), assessed(knows, few, wide(500, 4))
    assert badly["likelihood_gap"].interval[0] > 10
    assert badly["likelihood_gap.auc"].interval[0] > 0.95
    assert well["likelihood_gap"].interval[0] < 0.03
    assert well["likelihood_gap.auc"].estimate == pytest.approx(0.5, abs=0.03)


# -- what is not run -------------------------------------------------------------------------------


def reasons(**given):
    data = {"train": law(200, 1), "synthetic": law(200, 2), "holdout": law(200, 3)} | given
    found = mm.assess(metrics=QUESTIONED, seed=0, **data)
    assert all(score.status == "not run" and score.interval is None for score in found.scores)
    return [score.reason for score in found.scores]


def test_without_synthesizer_protocol_or_holdout_nothing_is_run():
    assert all("synthesizer=model" in reason for reason in reasons())
    plain = mm.synthesizer("independent").fit(law(200, 1), seed=0)
    assert reasons(synthesizer=plain) == [
        "independent has no discriminator (scores_rows) to question.",
        "independent has no likelihood of rows (log_prob) to question.",
    ]
    knowing = Knowing().fit(law(200, 1), seed=0)
    assert all("holdout" in reason for reason in reasons(synthesizer=knowing, holdout=None))
    assert all("too few" in reason for reason in reasons(synthesizer=knowing, holdout=law(30, 3)))


def test_what_the_synthesizer_cannot_read_is_the_reason():
    model = Knowing().fit(law(200, 1), seed=0)
    object.__setattr__(model, "heart", np.nan)
    said = reasons_of(model)
    assert "finite figure of every row" in said["likelihood_gap"]
    assert "discriminator" not in said


def test_a_reason_names_no_real_value():
    class Refusing(Knowing):
        def log_prob(self, data):
            raise InputError("row 3: 'a real value' is not among its categories.")

    said = reasons_of(Refusing().fit(law(200, 1), seed=0))["likelihood_gap"]
    assert "cannot read these rows; its log_prob says why" in said
    assert "real value" not in said


def test_rows_of_a_category_too_rare_to_be_learnt_are_left_out():
    train = law(300, 1)
    rare = np.array(train.table["a"].to_pylist(), dtype=object)
    rare[:3] = "r"
    train = mm.read({"a": rare, "x": train.table["x"]}, target="a")
    model = Knowing().fit(train, seed=0)
    assert "r" not in model.ready(0, 0).schema["a"].categories
    found = assessed(model, train, law(300, 2))
    assert found["likelihood_gap"].n == 297


def reasons_of(model):
    found = assessed(model, law(200, 1), law(200, 3))
    return {score.metric: score.reason for score in found.scores if score.status != "ok"}


def test_the_area_of_persons_is_that_of_rows_where_each_has_one():
    rng = np.random.default_rng(0)
    high, low = rng.normal(0.3, 1, 80), rng.normal(0, 1, 60)
    alone = delong(high, low)
    assert delong(high, low, persons=(np.arange(80), np.arange(60))) == pytest.approx(alone)
    thrice = delong(
        np.repeat(high, 3), np.repeat(low, 3), persons=(np.arange(80).repeat(3), np.arange(60).repeat(3))
    )
    assert thrice == pytest.approx(alone)
    assert influence_variance(high) == pytest.approx(high.var(ddof=1) / 80)
