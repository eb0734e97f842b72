"""How a training went: what the model tells of it, and what the report for the inside draws of that."""

from __future__ import annotations

import dataclasses
import json
import re
import warnings

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark import progress, registry
from mintmark.assess.assessment import Assessment
from mintmark.assess.report.html import fragment, html
from mintmark.data.schema import Schema
from mintmark.errors import NotFittedError
from mintmark.method import method, name_of
from mintmark.release.public_report import public_report
from mintmark.synthesizer import Learnt, Synthesizer, load_model

EPOCHS = {
    "label": "training a net", "unit": "epoch", "at": [1, 2, 3, 4], "losses": {"loss": [4.0, 2.0, 1.5, 1.0]},
    "watched": [4.5, 3.0, 2.75, 3.5], "best": 3, "ended": "no better", "halved": 0, "batch": 256,
}  # fmt: skip
STEPS = {
    "label": "training a <GAN>", "unit": "step", "at": [100, 200, 300], "batch": 512, "halved": 2,
    "losses": {"distance": [2.0, -1.0, 0.5], "missed_by": [0.3, 0.2, 0.1]},
    "watched": [0.2, 0.1], "watched_at": [150, 300], "best": 300, "ended": "watched",
}  # fmt: skip


@method
class Trained(Synthesizer):
    """Draws its rows again, and says that it was trained."""

    def _learn(self, data, rng) -> Learnt:
        progress.warn("the codes <say> nothing.")
        return {"schema": data.schema.to_json(), "x": np.array(data.table["x"].to_pylist()),
                "training": [EPOCHS, STEPS]}  # fmt: skip

    def _draw(self, n, learnt, rng) -> pa.Table:
        return pa.table({"x": rng.choice(learnt["x"], n)}, schema=Schema.from_json(learnt["schema"]).arrow)


def rows(seed=0):
    return mm.read({"x": np.random.default_rng(seed).normal(size=200)})


@pytest.fixture(scope="module")
def model():
    with pytest.warns(UserWarning, match="the codes <say> nothing"):
        return Trained().fit(rows(), seed=0)


@pytest.fixture(scope="module")
def assessment(model):
    made = model.sample(200, seed=0)
    return mm.assess(train=rows(), synthetic=made, metrics=["column_shapes"], synthesizer=model, seed=0)


def section(page):
    return re.search(r'<section id="training">.*?</section>', page, re.DOTALL)[0]


def of(*records, said=()):
    return Assessment((), {"training": list(records), "warnings": list(said)})


# -- the model -------------------------------------------------------------------------------------


def test_a_model_tells_its_trainings_and_warnings(model):
    assert model.training == [EPOCHS, STEPS]
    assert model.warnings == ["the codes <say> nothing."]
    model.training.clear()
    assert len(model.training) == 2


def test_what_was_trained_comes_back_from_disk(model, tmp_path, monkeypatch):
    found = registry.find
    monkeypatch.setattr(
        registry, "find", lambda sort, name: Trained if name == name_of(Trained) else found(sort, name)
    )
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.training == [EPOCHS, STEPS]
    assert again.warnings == model.warnings


def test_a_method_that_trains_no_net_has_none():
    model = mm.synthesizer("independent")
    with pytest.raises(NotFittedError):
        _ = model.training
    model.fit(rows(), seed=0)
    assert model.training == model.warnings == []


def test_warnings_are_kept_where_nobody_shows_them_and_stay_with_the_model(tmp_path):
    data = mm.read({"x": rows().table["x"], "empty": [None] * 200}, kinds={"empty": "number"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = mm.synthesizer("sequential_trees").fit(data.take(np.arange(60)), seed=0)
    assert [re.search("no value|60 rows are few", said)[0] for said in model.warnings] == [
        "no value", "60 rows are few"
    ]  # fmt: skip
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").warnings == model.warnings
    assert "warnings" not in model.sample(5, seed=0).provenance
    assert "warnings" not in model.describe()


def test_a_warning_that_is_an_error_ends_the_fit():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="the codes"):
            Trained().fit(rows(), seed=0)


def test_a_warning_points_at_the_line_that_fitted():
    with pytest.warns(UserWarning, match="no value") as told:
        mm.synthesizer("independent").fit(mm.read({"x": [1.0, 2.0], "y": [None, None]}), seed=0)
    assert told[0].filename == __file__


# -- the report ------------------------------------------------------------------------------------


def test_an_assessment_keeps_how_the_model_was_trained(assessment):
    assert assessment.tables["training"] == [EPOCHS, STEPS]
    assert assessment.tables["warnings"] == ["the codes <say> nothing."]
    assert Assessment.from_json(json.loads(assessment.dumps())).tables["training"] == [EPOCHS, STEPS]
    without = mm.assess(train=rows(), synthetic=rows(1), metrics=[])
    assert not {"training", "warnings"} & set(without.tables)
    assert 'id="training"' not in html(without)


def test_figures_that_are_no_number_leave_a_report_that_can_be_written(model):
    broken = Trained()
    object.__setattr__(broken, "_fitted", dataclasses.replace(model._state(), learnt={
        **model._state().learnt, "training": [EPOCHS | {"losses": {"loss": [4.0, float("nan"), 1.5, 1.0]}}]
    }))  # fmt: skip
    found = mm.assess(train=rows(), synthetic=rows(1), metrics=[], synthesizer=broken)
    assert found.tables["training"][0]["losses"]["loss"][1] is None
    assert "nan" not in section(html(Assessment.from_json(json.loads(found.dumps()))))


def test_the_page_draws_each_loss_the_weights_kept_and_why_it_ended(assessment):
    told = section(html(assessment))
    assert "Warned while it was fitted:</strong> <bdi>the codes &lt;say&gt; nothing." in told
    assert "Training a &lt;GAN&gt;" in told
    assert "<GAN>" not in told
    assert re.findall(r"<h4><bdi>(.*?)</bdi>", told) == ["loss", "distance", "missed by", "watched"]
    assert "epoch 3" in told  # of the lowest watched loss
    assert "step 300" in told
    assert "what was watched got no better" in told
    assert "a collapse" in told
    assert "2 times, since figures were not finite" in told


def test_a_watched_loss_stands_beside_that_of_training_rows_on_one_scale():
    told = section(html(of(EPOCHS)))
    assert told.count("<svg") == 1
    (dashed,), (line,) = (re.findall(f'class="{style}" d="M([^"]*)"', told) for style in ("trtr", "tstr"))
    heights = [[float(spot.split()[1]) for spot in path.split("L")] for path in (dashed, line)]
    assert all(apart < own for apart, own in zip(*heights, strict=True))  # above it: more loss
    assert min(map(min, heights)) == 10  # the greatest at the top
    assert max(map(max, heights)) == 136
    kept = re.search(r'class="chance" d="M([\d.]+)', told)[1]
    assert dashed.split("L")[2].startswith(f"{kept} ")


def test_what_was_watched_at_other_times_has_a_picture_of_its_own():
    told = section(html(of(STEPS)))
    assert told.count("<svg") == 3
    assert "trtr" not in told
    assert "rows kept apart" not in told


def test_the_publishable_page_and_report_hold_nothing_of_it(assessment):
    assert 'id="training"' not in html(assessment, public=True)
    assert "<say>" not in json.dumps(public_report(assessment))
    assert not {"training", "warnings"} & set(public_report(assessment)["tables"])
    assert 'id="training"' not in fragment(assessment)


@pytest.mark.parametrize(
    "odd",
    [None, "x", 3, {}, [3], [{}], [{"losses": None}], [{"losses": {"a": [None]}}], [{"losses": [1, 2]}],
     [{"losses": {"a": [1.0]}, "best": 7, "at": [1, 2, 3], "watched": "x", "halved": None}],
     [{"losses": {"a": [0.0, 0.0]}, "best": True, "watched": [{}]}]],
)  # fmt: skip
def test_odd_records_leave_a_page(odd):
    page = html(Assessment((), {"training": odd, "warnings": odd}))
    assert not re.search(r'd="[^"]*(?:nan|inf)', page)


def test_a_long_training_is_drawn_with_few_points():
    many = list(np.exp(-np.arange(20_000) / 5_000))
    long = EPOCHS | {"at": list(range(1, 20_001)), "losses": {"loss": many}, "watched": many, "best": 20_000}
    told = section(html(of(long)))
    assert len(told) < 15_000
    assert "epoch 20,000" in told
