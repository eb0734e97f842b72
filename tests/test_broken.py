"""Synthesizers that each break one promise, and the check of the contract suite that finds it."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

sys.path.insert(0, str(Path(__file__).parent / "plugin"))

from honest import Honest
from unsafe import Unsafe

from mintmark import registry
from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode
from mintmark.data.schema import Schema
from mintmark.data.streams import stream
from mintmark.method import method
from mintmark.testing.contract import CHECKS, check_synthesizer
from mintmark.testing.hard_tables import ordinary


@pytest.fixture(scope="module", autouse=True)
def _plugin():
    registry._added.cache_clear()


def _replaced(table, name, values):
    return table.set_column(table.column_names.index(name), name, values)


@method
class LeaksRows(Honest):
    """Hands out the rows it was given."""

    def _draw(self, n, learnt, rng):
        schema = Schema.from_json(learnt["schema"])
        rows = rng.integers(0, len(learnt["c0"]), n)
        return decode({name: learnt[f"c{i}"][rows] for i, name in enumerate(schema.names)}, schema)


@method
class LeaksOneInFive(Honest):
    """Every fifth row is one of those it was given."""

    def _draw(self, n, learnt, rng):
        made = super()._draw(n, learnt, rng)
        real = LeaksRows._draw(self, n, learnt, rng)
        return pa.concat_tables([made, real]).take(pa.array([i + n * (i % 5 == 0) for i in range(n)]))


@method
class IgnoresSeed(Honest):
    """Draws from the operating system."""

    def _draw(self, n, learnt, rng):
        return super()._draw(n, learnt, np.random.default_rng())


@method
class AlwaysTheSame(Honest):
    """Draws from a seed of its own."""

    def _draw(self, n, learnt, rng):
        return super()._draw(n, learnt, np.random.default_rng(0))


@method
class ChangesDtype(Honest):
    """Whole numbers come back as floats."""

    def sample(self, n, **arguments):
        made = super().sample(n, **arguments)
        table = _replaced(made.table, "age", made.table["age"].cast(pa.float64()))
        return Dataset(table, made.schema.edit("age", dtype="double"), made.provenance)


@method
class DrawsText(Honest):
    """Numbers come as text that is no number."""

    def _draw(self, n, learnt, rng):
        table = super()._draw(n, learnt, rng)
        if "age" not in table.column_names:
            return table
        return _replaced(table, "age", pa.array(["about forty"] * n))


@method
class DependsOnProcess(Honest):
    """Mixes in the number of the process it runs in."""

    def _draw(self, n, learnt, rng):
        return super()._draw(n, learnt, stream(int(rng.integers(99)), os.getpid()))


_counted = itertools.count()


@method
class CountsItsCalls(Honest):
    """Keeps a counter between draws, as a generator stored on the model would."""

    def _draw(self, n, learnt, rng):
        return super()._draw(n, learnt, stream(0, next(_counted)))


@method
class WearsDown(Honest):
    """Changes what it learnt while drawing: every block ends a little further up."""

    def _draw(self, n, learnt, rng):
        learnt["c0"] += 1
        return super()._draw(n, learnt, rng)


@method
class UsesGlobalRandomness(Honest):
    """Seeds and draws from numpy's global generator."""

    def _draw(self, n, learnt, rng):
        np.random.seed(int(rng.integers(2**31)))  # noqa: NPY002
        own = np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002
        return super()._draw(n, learnt, own)


@method
class WrongNumber(Honest):
    """One row too few from `_draw`."""

    def _draw(self, n, learnt, rng):
        return super()._draw(n - 1, learnt, rng)


@method
class RoundsUpToBlocks(Honest):
    """`sample` gives whole blocks."""

    def sample(self, n, **arguments):
        return super().sample(-(-n // self.block) * self.block, **arguments)


@method
class NewCategory(Honest):
    """Now and then a color that nobody named."""

    def _draw(self, n, learnt, rng):
        table = super()._draw(n, learnt, rng)
        strange = pc.if_else(pa.array(rng.random(n) < 0.05), "ultraviolet", table["color"])
        return _replaced(table, "color", strange)


@method
class InventsMissing(Honest):
    """Missing ages, though none is missing in the data."""

    def _draw(self, n, learnt, rng):
        table = super()._draw(n, learnt, rng)
        hole = pa.array(rng.random(n) < 0.05)
        return _replaced(table, "age", pc.if_else(hole, pa.scalar(None, table["age"].type), table["age"]))


@method
class MutatesInput(Honest):
    """Leaves a note in the provenance of the data it was given."""

    def _learn(self, data, rng):
        data.provenance["seen"] = True
        return super()._learn(data, rng)


@method
class NotPrefixStable(Honest):
    """Lets the length asked for change the rows."""

    def draw_block(self, b, *, n, seed, where=None):
        return super().draw_block(b, n=n, seed=seed + n, where=where)


@method
class SamplesUnfitted(Honest):
    """Makes something up where it was not fitted."""

    def sample(self, n, **arguments):
        if self._fitted is None:
            return ordinary()[:n]
        return super().sample(n, **arguments)


@method
class IgnoresWhere(Honest):
    """Checks the condition and forgets it."""

    def sample(self, n, *, where=None, **arguments):
        self.ready(n, arguments["seed"], where)
        return super().sample(n, **arguments)


@method
class PublishesExtremes(Honest):
    """Writes the largest value it was given into the schema."""

    def fit(self, data, **arguments):
        super().fit(data, **arguments)
        if "pay" in data.names:
            schema = self._fitted.schema.edit("pay", high=pc.max(data.table["pay"]).as_py())
            object.__setattr__(self, "_fitted", dataclasses.replace(self._fitted, schema=schema))
        return self


BROKEN = {
    LeaksRows: "leaks_no_rows",
    LeaksOneInFive: "leaks_no_rows",
    IgnoresSeed: "repeats_with_the_same_seed",
    AlwaysTheSame: "differs_with_another_seed",
    ChangesDtype: "keeps_schema_and_dtypes",
    DrawsText: "keeps_schema_and_dtypes",
    DependsOnProcess: "same_rows_on_other_workers",
    CountsItsCalls: "same_rows_in_any_order",
    WearsDown: "same_rows_in_any_order",
    UsesGlobalRandomness: "leaves_global_randomness_alone",
    WrongNumber: "honours_n",
    RoundsUpToBlocks: "honours_n",
    NewCategory: "keeps_inside_the_schema",
    InventsMissing: "keeps_inside_the_schema",
    MutatesInput: "leaves_inputs_alone",
    NotPrefixStable: "begins_longer_samples",
    SamplesUnfitted: "refuses_misuse",
    IgnoresWhere: "keeps_to_where",
    PublishesExtremes: "publishes_no_extremes",
    Unsafe: "loads_no_code",
}


@pytest.fixture
def data():
    made = ordinary()
    return dataclasses.replace(made, provenance={})


@pytest.mark.parametrize(
    ("broken", "check"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", value)
)
def test_each_broken_synthesizer_is_found_by_its_check(broken, check, data, tmp_path):
    with pytest.raises(AssertionError):
        CHECKS[check](broken, data, tmp_path)


def test_the_honest_one_passes_every_check(data, tmp_path):
    check_synthesizer(Honest, data, workplace=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_suite_names_every_check_that_failed(data, tmp_path, monkeypatch):
    cheap = ("honours_n", "leaks_no_rows", "keeps_to_where", "names_its_nature")
    for name in set(CHECKS) - set(cheap):
        monkeypatch.delitem(CHECKS, name)
    with pytest.raises(
        AssertionError, match=r"1 of 4 checks failed:\nleaks_no_rows: AssertionError: \d+ of 400 rows"
    ):
        check_synthesizer(LeaksRows, data, workplace=tmp_path)


def test_a_plugin_is_found_by_name(data):
    assert "honest" in registry.names("synthesizers")
    assert registry.find("synthesizers", "honest") is Honest
    assert json.dumps(Honest().fit(data, seed=0).describe())
