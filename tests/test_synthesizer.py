"""The Synthesizer base: refusals, blocks, redraws, table checks, stopping, the registry."""

from __future__ import annotations

import dataclasses
import pickle
import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pytest
from pydantic import Field

sys.path.insert(0, str(Path(__file__).parent / "plugin"))

from at_least import AtLeast
from honest import Honest

from mintmark import registry
from mintmark.check import Check, load
from mintmark.checks.unique import Unique
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.errors import (
    CancelledError,
    InputError,
    NotFittedError,
    OutOfTimeError,
    RejectedError,
    UnknownNameError,
)
from mintmark.method import method, name_of, parameters, parameters_schema
from mintmark.progress import cancelled_by, shown_by, time_is_up, time_limit, track
from mintmark.synthesizer import Synthesizer, make
from mintmark.testing.hard_tables import dataset, ordinary


@pytest.fixture(autouse=True)
def _plugin():
    registry._added.cache_clear()


def _with(data: Dataset, *checks: dict) -> Dataset:
    return dataclasses.replace(data, schema=Schema(data.schema.columns, checks))


def _edited(data: Dataset, name: str, **changes) -> Dataset:
    return dataclasses.replace(data, schema=data.schema.edit(name, **changes))


def _numbers(rows=200):
    rng = np.random.default_rng(0)
    return dataset({"x": pa.array(rng.normal(size=rows)), "n": pa.array(rng.integers(0, 50, rows))})


@method
class Dice(Synthesizer):
    """Throws of a die: needs no data."""

    sides: Annotated[int, Field(ge=2)] = 6
    nature = "simulated"
    needs_data = False

    def _given(self):
        throw = Column(name="throw", kind="integer", dtype="int64", low=1, high=self.sides, missing=0)
        return Schema((Column(name="id", kind="integer", dtype="int64", roles=("key",)), throw)), {}

    def _draw(self, n, learnt, rng):
        return pa.table({"throw": rng.integers(1, self.sides + 1, n)})


def test_what_needs_no_data_samples_unfitted():
    throws = Dice(sides=4).sample(5000, seed=0)
    assert throws.names == ["id", "throw"]
    assert set(throws.table["throw"].to_pylist()) == {1, 2, 3, 4}
    assert throws.provenance["nature"] == "simulated"
    assert throws.table.slice(0, 10).equals(Dice(sides=4).sample(10, seed=0).table)
    assert Dice().sample(10, seed=0, where={"throw": (5, 6)}).table["throw"].to_pylist()[0] >= 5
    with pytest.raises(InputError, match="outside what the column holds"):
        Dice().sample(10, seed=0, where={"throw": 7})


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[:0], "the data has 0 rows; at least 2"),
        (lambda d: d[:1], "the data has 1 row; at least 2"),
        (lambda d: d.select(["id"]), "every column is a key"),
        (
            lambda d: _edited(d, "id", roles=()),
            "column 'id' holds free text",
        ),
        (
            lambda d: _edited(d, "color", kind="image"),
            "column 'color' is image",
        ),
        (
            lambda d: _edited(d, "age", roles=("foreign_key",)),
            "foreign key",
        ),
        (lambda d: _with(d, {"check": "uniqe", "columns": ["age"]}), "Did you mean 'unique'"),
        (lambda d: _with(d, {"check": "unique", "columns": ["agee"]}), "Did you mean 'age'"),
        (lambda d: _with(d, {"check": "unique"}), "'columns' is needed"),
        (lambda d: _with(d, {"columns": ["age"]}), "needs the key 'check'"),
    ],
)
def test_data_that_cannot_be_learnt_from_is_refused(change, message):
    model = Honest()
    with pytest.raises(InputError, match=message):
        model.fit(change(ordinary()), seed=0)
    with pytest.raises(NotFittedError):
        model.sample(1, seed=0)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="seed must be a whole number"):
        Honest().fit(ordinary(), seed=seed)


@pytest.mark.parametrize("minutes", [0, -1, "5", float("nan")])
def test_minutes_are_a_positive_number(minutes):
    with pytest.raises(InputError, match="max_minutes must be a number above 0"):
        Honest().fit(ordinary(), seed=0, max_minutes=minutes)


def test_numpy_whole_numbers_are_whole_numbers():
    model = Honest().fit(ordinary(), seed=np.int64(0))
    assert len(model.sample(np.int32(3), seed=np.uint8(1))) == 3


# -- blocks and provenance --------------------------------------------------------------------


def test_provenance_says_what_made_the_rows_and_no_seed():
    made = Honest(spread=0.5).fit(ordinary(), seed=0).sample(100, seed=77_777)
    assert made.provenance["nature"] == "fully synthetic"
    assert made.provenance["method"] == "honest"
    assert made.provenance["parameters"] == {"spread": 0.5}
    assert made.provenance["fitted_rows"] == 400
    assert made.provenance["drawn"] == 2 * Honest.block
    assert made.provenance["rejected"] == {}
    assert "77777" not in str(made.provenance)


def test_a_map_that_loses_a_block_is_found():
    model = Honest().fit(ordinary(), seed=0)
    with pytest.raises(InputError, match="the blocks hold 64 rows, not 100"):
        model.sample(100, seed=1, map=lambda draw, blocks: [draw(b) for b in list(blocks)[:1]])


def test_a_fitted_model_can_be_shipped():
    model = Honest().fit(ordinary(), seed=0)
    shipped = pickle.loads(pickle.dumps(model))
    assert shipped.sample(70, seed=1).table.equals(model.sample(70, seed=1).table)


def test_refitting_replaces_what_was_learnt():
    model = Honest().fit(ordinary(), seed=0)
    assert model.fit(_numbers(), seed=0) is model
    assert model.sample(3, seed=0).names == ["x", "n"]


def test_keys_number_the_whole_table():
    made = Honest().fit(ordinary(), seed=0).sample(130, seed=1)
    assert made.table["id"].to_pylist() == [f"id-{i:08d}" for i in range(1, 131)]


@pytest.mark.parametrize("n", [0, 1, 64 * 64, 10_000])
def test_parts_are_the_rows_of_sample(n):
    model = Honest().fit(ordinary(), seed=0)  # has a key
    whole, parts = model.sample(n, seed=1), list(model.sample_parts(n, seed=1))
    assert pa.concat_tables(part.table for part in parts).equals(whole.table)
    assert [len(part) for part in parts[:-1]] == [64 * Honest.block] * (len(parts) - 1)
    assert parts[-1].provenance == whole.provenance


def test_parts_hold_row_checks_and_count_their_rejections():
    model = Honest().fit(_numbers(), seed=0).constrain(AtLeast(column="x", least=0.5))
    whole, parts = model.sample(9000, seed=1), list(model.sample_parts(9000, seed=1))
    assert len(parts) == 3
    assert pa.concat_tables(part.table for part in parts).equals(whole.table)
    assert parts[-1].provenance["rejected"] == whole.provenance["rejected"]


def test_a_rule_on_the_whole_table_comes_in_one_part():
    data = _with(_numbers(6000).select(["x"]), {"check": "unique", "columns": ["x"]})
    model = Honest().fit(data, seed=0)
    (part,) = model.sample_parts(5000, seed=1)
    assert part.table.equals(model.sample(5000, seed=1).table)


def test_parts_of_a_map_that_loses_a_block_are_refused():
    model = Honest().fit(ordinary(), seed=0)
    parts = model.sample_parts(5000, seed=1, map=lambda draw, blocks: map(draw, list(blocks)[:-1]))
    with pytest.raises(InputError, match="the blocks hold 896 rows, not 904"):
        list(parts)


# -- checks -----------------------------------------------------------------------------------


def test_a_row_check_is_held_and_its_rejections_counted():
    model = Honest().fit(_numbers(), seed=0).constrain(AtLeast(column="x", least=0.5))
    made = model.sample(100, seed=1)
    assert min(made.table["x"].to_pylist()) >= 0.5
    drawn, rejected = made.provenance["drawn"], made.provenance["rejected"]
    assert set(rejected) == {"x is at least 0.5"}
    assert drawn - 3 * Honest.block < 100 + rejected["x is at least 0.5"] <= drawn  # two blocks were cut
    assert 0.5 < rejected["x is at least 0.5"] / drawn < 0.85  # a normal exceeds 0.5 in 31 of 100
    assert made[:30].table.equals(model.sample(30, seed=1).table)


def test_an_impossible_check_names_itself():
    model = Honest().fit(_numbers(), seed=0).constrain(AtLeast(column="x", least=99))
    with pytest.raises(
        RejectedError, match=r"0 of 10,\d+ drawn rows hold every rule.*'x is at least 99' rejected 100.0%"
    ):
        model.sample(1, seed=0)


def test_a_row_that_repeats_an_earlier_one_is_replaced():
    unconstrained = Honest().fit(_numbers(600), seed=0)
    model = unconstrained.constrain(Unique(columns=["n"]))
    free = unconstrained.sample(30, seed=1).table["n"].to_pylist()
    made = model.sample(30, seed=1)
    values = made.table["n"].to_pylist()
    assert len(set(values)) == 30
    first = [i for i, value in enumerate(free) if value not in free[:i]]
    assert 10 < len(first) < 30
    unbroken = first.index(next(i for i in range(30) if i not in first) - 1) + 1
    assert values[:unbroken] == free[:unbroken]
    assert made.provenance["rejected"]["rows are unique in n"] >= 30 - len(first)
    for m in (5, 20, 29):
        assert model.sample(m, seed=1).table.equals(made[:m].table)


def test_a_table_check_that_cannot_be_met_ends_in_a_reason():
    model = Honest().fit(_numbers(), seed=0).constrain(Unique(columns=["n"]))
    schema = model._state().schema
    possible = schema["n"].high - schema["n"].low + 1
    with pytest.raises(InputError, match=f"200 rows are asked for.*unique in n' leaves only {possible}:"):
        model.sample(200, seed=1)
    rare = dataset({"n": pa.array([1] * 980 + [40] * 20)})  # nothing between is ever drawn
    with pytest.raises(RejectedError, match="after 50 rounds check 'rows are unique in n' still rejects"):
        Honest(spread=1e-9).fit(rare, seed=0).constrain(Unique(columns=["n"])).sample(3, seed=1)


def test_unique_judges_the_later_of_two_equal_rows():
    data = dataset({"a": pa.array([1, 1, None, None, 2]), "b": pa.array(["x", "y", "z", "z", "x"])})
    assert Unique(columns=["a"]).holds(data).tolist() == [True, False, True, False, True]
    assert Unique(columns=["a", "b"]).holds(data).tolist() == [True, True, True, False, True]


def test_a_check_must_answer_for_every_row():
    class Lazy(Check):
        def _holds(self, data):
            return np.array([True])

    with pytest.raises(InputError, match="not one truth value for each of 200 rows"):
        Lazy().holds(_numbers())
    assert load({"check": "at_least", "column": "x", "least": 1}) == AtLeast(column="x", least=1)


# -- stopping ---------------------------------------------------------------------------------


@method
class Slow(Honest):
    """Learns in steps of 20 ms."""

    can_end_early: bool = False

    def _learn(self, data, rng):
        learnt, done = super()._learn(data, rng), 0
        for _ in track(range(50), "learning", may_end_early=self.can_end_early):
            if self.can_end_early and time_is_up():
                break
            time.sleep(0.02)
            done += 1
        return {**learnt, "done": done}


def test_the_time_limit_ends_a_fit_that_cannot_end_early():
    model = Slow()
    with pytest.raises(OutOfTimeError, match=r"learning: max_minutes passed after \d+ of 50 steps"):
        model.fit(ordinary(), seed=0, max_minutes=0.1 / 60)
    with pytest.raises(NotFittedError):
        model.sample(1, seed=0)
    assert not time_is_up()


def test_a_method_that_can_end_early_keeps_what_it_has():
    model = Slow(can_end_early=True)
    with time_limit(0.1 / 60):
        learnt = model._learn(_numbers(), np.random.default_rng(0))
    assert 0 < learnt["done"] < 50


def test_cancelling_a_fit_leaves_the_model_as_it_was():
    model = Slow(can_end_early=True).fit(_numbers(), seed=0, max_minutes=0.05)
    before = model.sample(5, seed=0)
    asked = iter([False] * 3 + [True] * 100)
    with (
        cancelled_by(lambda: next(asked)),
        pytest.raises(CancelledError, match="cancelled after 3 of 7"),
    ):
        model.fit(ordinary(), seed=0)
    assert model.sample(5, seed=0).table.equals(before.table)


def test_sampling_can_be_cancelled_within_a_block():
    model = Honest().fit(_numbers(), seed=0).constrain(AtLeast(column="x", least=99))
    asked = iter([False] * 5 + [True] * 100)
    with cancelled_by(lambda: next(asked)), pytest.raises(CancelledError, match="block 0"):
        model.sample(1, seed=0)


def test_progress_is_shown_to_whoever_asks():
    seen = []
    with shown_by(lambda *step: seen.append(step)):
        Honest().fit(_numbers(), seed=0).sample(100, seed=0)
    assert seen[:3] == [("looking at columns", i, 2) for i in range(3)]
    assert seen[3:] == [("drawing rows", i, 2) for i in range(3)]
    seen.clear()
    Honest().fit(_numbers(), seed=0)
    assert not seen


# -- methods and the registry -----------------------------------------------------------------


@method
class Sized(Check):
    """A method with one needed and one ranged parameter."""

    name: str
    k: Annotated[int, Field(ge=1, description="how many")] = 5


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({}, InputError, "parameter 'name' is needed"),
        ({"name": "x", "k": 0}, InputError, r"parameter 'k': .* greater than or equal to 1 \(got 0\)"),
        ({"name": "x", "k": "many"}, InputError, "parameter 'k'"),
        ({"name": "x", "kk": 3}, UnknownNameError, "Did you mean 'k'"),
    ],
)
def test_parameters_are_checked_where_a_method_is_made(values, error, message):
    with pytest.raises(error, match=message):
        Sized(**values)


def test_parameters_are_given_by_name_and_stay():
    with pytest.raises(InputError, match="by name, not by position"):
        Sized("x")
    made = Sized(name="x", k=7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.k = 8
    assert parameters(made) == {"name": "x", "k": 7}
    assert parameters_schema(Sized)["properties"]["k"] == {
        "default": 5, "description": "how many", "minimum": 1, "title": "K", "type": "integer",
    }  # fmt: skip
    assert name_of(Sized) == "test_synthesizer"


def test_registered_names_answer_and_wrong_ones_are_helped():
    for sort in ("synthesizers", "checks", "metrics"):
        for name in registry.names(sort):
            assert name_of(registry.find(sort, name)) == name
    assert make("honest", spread=0.1) == Honest(spread=0.1)
    with pytest.raises(UnknownNameError, match=r"unknown synthesizer 'honset'. Did you mean 'honest'"):
        make("honset")
