"""What a person meets first: rare classes, strategies, groups, and one clear error for each mistake."""

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.errors import InputError, UnknownNameError
from mintmark.release.policy import Policy
from mintmark.resample.cleaning.random_under import random_under
from mintmark.resample.cleaning.tomek_links import tomek_links
from mintmark.resample.imblearn import SMOTE

N = 300


def table(y, **more):
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=N), "c": rng.choice(["a", "b"], N), **more, "y": y}


def few(rare, n=8):
    return np.where(np.arange(N) < n, rare, "ok")


def test_a_class_of_fewer_than_ten_persons_is_refused_until_it_is_declared():
    data = mm.read(table(few("fraud")), target="y")
    with pytest.raises(InputError, match="class 'fraud' of 'y' has 8 persons, fewer than 10"):
        mm.synthesizer("smote", k=2).fit(data, seed=0)
    declared = data.edit("y", categories=("fraud", "ok"))
    made = mm.synthesizer("smote", k=2).fit(declared, seed=0).sample(50, seed=1)
    assert set(made.table["y"].to_pylist()) == {"fraud"}


def test_a_declared_class_without_rows_is_no_class_that_lacks_any():
    data = mm.read(table(few("fraud", 60)), target="y").edit("y", categories=("fraud", "none", "ok"))
    for strategy in ("auto", "minority", "all", 1.0):
        model = mm.synthesizer("smote", sampling_strategy=strategy).fit(data, seed=0)
        assert model.usual_rows(N) == 180
        assert set(model.sample(40, seed=1).table["y"].to_pylist()) == {"fraud"}
    assert mm.synthesizer("smote", sampling_strategy="not minority").fit(data, seed=0).usual_rows(N) == N


def test_no_row_is_made_between_persons_named_by_text_or_not_named_at_all():
    rng = np.random.default_rng(0)
    who = [None if i % 10 == 0 else f"p{i // 6}" for i in range(N)]
    data = mm.read(table(np.where(rng.random(N) < 0.4, "yes", "no"), g=who), target="y", roles={"g": "group"})
    learnt = mm.synthesizer("smote", k=2).fit(data, seed=0)._state().learnt
    owner = np.array([f"nobody {i}" if name is None else name for i, name in enumerate(who)])[learnt["rows"]]
    partner = learnt["partner"]
    pairs = partner >= 0
    assert pairs.any()
    assert (owner[learnt["base"]][:, None] == owner[partner])[pairs].all()


@pytest.mark.parametrize(
    ("columns", "settings", "error", "said"),
    [
        (table(few("rare", 12)), {"k": 20}, InputError, "class 'rare' has 12 rows.*Set k to 11"),
        (table(few("ok")), {}, InputError, None),
        (table(np.arange(N) / 7), {}, InputError, "target column 'y' is number; classes are resampled"),
        (table(few("rare", 60)), {"target": "z"}, UnknownNameError, "unknown target column 'z'"),
        (table(few("rare", 60)), {"sampling_strategy": {"zz": 5}}, UnknownNameError, "class in sampling"),
        (table(few("rare", 60)), {"sampling_strategy": {"rare": 5}}, InputError, "has 60 already"),
        (table(few("rare", 60)), {"sampling_strategy": 0.1}, InputError, "asks for fewer rows"),
        ({"y": few("rare", 60)}, {}, InputError, "no column besides the target"),
    ],
)
def test_each_mistake_has_one_clear_error(columns, settings, error, said):
    data = mm.read(columns, target="y")
    if said is None:  # one class alone lacks nothing, and grows as it is
        assert len(mm.synthesizer("smote").fit(data, seed=0).sample(5, seed=1)) == 5
        return
    with pytest.raises(error, match=said):
        mm.synthesizer("smote", **settings).fit(data, seed=0)


ODD = (
    True,
    1.5,
    0,
    None,
    ["rare"],
    [1, "a"],
    {"rare": True},
    {"rare": 90.5},
    {"rare": "90"},
    {None: 90},
    {1: 90, "1": 90},
)


@pytest.mark.parametrize("strategy", ODD, ids=str)
def test_a_strategy_of_the_wrong_type_is_told_in_one_sentence(strategy):
    with pytest.raises(InputError, match="sampling_strategy") as told:
        mm.synthesizer("smote", sampling_strategy=strategy)
    assert "literal" not in str(told.value)
    data = mm.read(table(few("rare", 60)), target="y")
    for cleaner in (random_under, tomek_links):
        seed = {"seed": 0} if cleaner is random_under else {}
        if (cleaner is tomek_links and strategy == ["rare"]) or strategy == 1.5:
            continue
        with pytest.raises(InputError, match="sampling_strategy"):
            cleaner(data, sampling_strategy=strategy, **seed)


@pytest.mark.parametrize(
    ("y", "right", "wrong"),
    [
        (np.where(few("rare", 60) == "ok", 0, 1), [{1: 100}, {"1": 100}], {True: 100}),
        (few("rare", 60) != "ok", [{True: 100}, {"True": 100}], {1: 100}),
        (few("rare", 60), [{"rare": 100}], {"rar": 100}),
    ],
    ids=["whole numbers", "truth values", "text"],
)
def test_classes_are_named_as_they_are_and_no_other_type_is_taken_for_them(y, right, wrong):
    data = mm.read(table(y), target="y", kinds={} if y.dtype == bool else {"y": "category"})
    for strategy in right:
        model = mm.synthesizer("smote", sampling_strategy=strategy).fit(data, seed=0)
        assert model.usual_rows(N) == 40
        assert len(set(model.sample(20, seed=1).table["y"].to_pylist())) == 1
    with pytest.raises(UnknownNameError, match="class in sampling_strategy"):
        mm.synthesizer("smote", sampling_strategy=wrong).fit(data, seed=0)


def test_labels_of_several_types_are_refused_also_in_a_list():
    x = np.random.default_rng(0).normal(size=(N, 2))
    for y in ([1, "a"] * 150, tuple([1] * 50 + ["a"] * 250), np.array([1, "a"] * 150, dtype=object)):
        with pytest.raises(InputError, match="labels of several types"):
            SMOTE().fit_resample(x, y)
    assert len(SMOTE().fit_resample(x, ["b"] * 50 + ["a"] * 250)[1]) == 500


def test_a_target_without_values_is_refused():
    data = mm.read(table(pa.nulls(N, pa.string())), target="y", kinds={"y": "category"})
    with (
        pytest.warns(UserWarning, match="holds no value"),
        pytest.raises(InputError, match="holds no value: there is no class"),
    ):
        mm.synthesizer("smote").fit(data, seed=0)


def test_rows_masked_by_a_seed_alone_fail_in_privacy():
    rng = np.random.default_rng(0)
    train, holdout = (mm.read({"a": rng.normal(size=400), "b": rng.normal(size=400)}) for _ in range(2))
    outcomes = {}
    for reproducible in (False, True):
        model = mm.synthesizer("correlated_noise", reproducible=reproducible).fit(train, seed=0)
        found = mm.assess(
            train=train, holdout=holdout, synthetic=model.sample(400, seed=1), metrics=["copies"], seed=0
        )
        verdicts = Policy.load("internal").judge(found.to_json(), nature="masked real")
        outcomes[reproducible] = {verdict.rule: verdict.outcome for verdict in verdicts}
    assert outcomes[True]["mask_holds"] == "fail"
    assert "mask_holds" not in outcomes[False]
