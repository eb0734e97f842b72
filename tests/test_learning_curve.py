"""Whether more rows would help: right where it is known, deterministic, and clear where it cannot be told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.advise.learning_curve import _prospect, _verdict
from mintmark.cli.main import main
from mintmark.data.split import split_rows
from mintmark.errors import InputError, OutOfTimeError, UnknownNameError
from mintmark.progress import shown_by

ADULT = Path(mm.__file__).parent / "examples" / "adult.parquet"
SIZES = [60, 120, 240, 480]


def bound(n, seed=0):
    """Numbers of which each all but gives the others away, and a class of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y, z = x + 0.05 * rng.normal(size=n), x + 0.05 * rng.normal(size=n)
    return {"x": x, "y": y, "z": z, "t": np.where(x + 0.3 * rng.normal(size=n) > 0, "up", "down")}


@pytest.fixture(scope="module")
def hopeless():
    """`independent` on columns that hang together: no number of rows mends that."""
    return mm.learning_curve("independent", mm.read(bound(1_000), target="t"), seed=0)


def test_where_more_rows_cannot_help_the_advice_says_so(hopeless):
    assert hopeless.verdict == "more rows would hardly help"
    first = hopeless.prospects[0]
    assert first.now > 0.9
    assert first.gain[1] < 0.02
    assert hopeless.advice.startswith("More rows would hardly help: two-sample AUC")


def test_it_names_the_trees_where_they_make_more_of_the_same_rows(hopeless):
    assert "sequential_trees is closer on the same rows" in hopeless.advice
    assert "in place of independent" in hopeless.advice
    assert "smote" not in hopeless.advice  # no class is rare


def test_it_counts_what_it_cost_and_shows_every_part(hopeless):
    assert hopeless.fits == len(hopeless.points) == 15
    assert hopeless.cpu_seconds > 0
    assert hopeless.sizes == (100, 200, 400, 800)
    assert hopeless.held == 200
    table = hopeless.table()
    assert table.column_names == ["method", "rows", "repeat", "two_sample", "tstr"]
    shown = str(hopeless)
    for words in (
        "800 rows",
        "1,600 rows, foretold",
        "as real",
        "15 fits",
        "CPU seconds",
        "sequential_trees",
    ):
        assert words in shown
    assert max(map(len, shown.splitlines())) <= 100
    told = json.loads(hopeless.dumps())
    assert told["verdict"] == hopeless.verdict
    assert told["prospects"][1]["score"] == "tstr"


def test_a_resampler_is_named_where_a_class_is_rare():
    table = bound(1_200)
    table["t"] = np.where(np.argsort(np.argsort(table["x"])) < 80, "rare", "usual")
    found = mm.learning_curve(
        "independent", mm.read(table, target="t"), seed=1, sizes=[100, 300, 900], repeats=2
    )
    assert "or a resampler such as smote" in found.advice


@pytest.fixture(scope="module")
def foretold():
    """Trees on 1,000 rows of Adult, and what twice the rows gave."""
    real = mm.read(ADULT, target="income").select(["age", "education", "sex", "hours-per-week", "income"])
    data, more = real[:1_250], real[1_250:2_250]
    found = mm.learning_curve("sequential_trees", data, seed=3)
    return data, more, found


def test_what_is_foretold_for_twice_the_rows_comes_true(foretold):
    data, more, found = foretold
    rest, held = data.split(0.2, seed=0)
    both = mm.Dataset(pa.concat_tables([rest.table, more.table]).combine_chunks(), rest.schema)
    made = mm.synthesizer("sequential_trees").fit(both, seed=1).sample(len(rest), seed=1)
    new = mm.assess(train=rest, holdout=held, synthetic=made, metrics=["two_sample"], seed=1)["two_sample"]
    low, high = found.prospects[0].twice_interval
    assert low <= new.estimate <= high
    assert high - low < 0.4
    assert found.fits == 12  # no baseline beside itself


def test_the_law_follows_the_points(foretold):
    _, _, found = foretold
    first = found.prospects[0]
    whole = [p["two_sample"] for p in found.points if p["rows"] == 1_000]
    assert first.now == pytest.approx(np.mean(whole), abs=3 * first.scatter)
    assert first.four_times <= first.twice <= first.now
    second = found.prospects[1]
    assert second.four_times > second.twice > second.now  # of TSTR more is better
    whole = [p["tstr"] for p in found.points if p["rows"] == 1_000]
    assert second.now == pytest.approx(np.mean(whole), abs=3 * second.scatter)


def test_the_same_seed_gives_the_same_figures_and_leaves_the_method_unfitted():
    data, method = mm.read(bound(600)), mm.synthesizer("independent")
    once, again = (mm.learning_curve(method, data, seed=5, sizes=SIZES[1:], repeats=2) for _ in range(2))
    assert once.points == again.points
    assert once.prospects == again.prospects
    assert method._fitted is None
    other = mm.learning_curve(method, data, seed=6, sizes=SIZES[1:], repeats=2)
    assert other.points != once.points
    assert [p.score for p in once.prospects] == ["two_sample"]  # without a target


def test_parts_are_other_rows_each_time_and_never_held_out_ones(monkeypatch):
    room = __import__("mintmark.advise.learning_curve", fromlist=["assess"])
    seen, fitted = [], []
    scored = room.assess

    def looked(**tables):
        seen.append(
            (set(tables["train"].table["i"].to_pylist()), set(tables["holdout"].table["i"].to_pylist()))
        )
        assert len(tables["synthetic"]) == len(tables["train"])
        return scored(**tables)

    monkeypatch.setattr(room, "assess", looked)
    method = type(mm.synthesizer("independent"))
    fit = method.fit

    def learnt(self, data, **arguments):
        fitted.append(set(data.table["i"].to_pylist()))
        return fit(self, data, **arguments)

    monkeypatch.setattr(method, "fit", learnt)
    data = mm.read(bound(600) | {"i": np.arange(600)}, roles={"i": "key"})
    mm.learning_curve("independent", data, seed=0, sizes=[100, 200, 480], repeats=2)
    train, held = seen[0]
    assert all(one == (train, held) for one in seen)
    assert not train & held
    parts = [some for some in fitted if len(some) in (100, 200)]
    assert all(some <= train for some in parts)
    assert len({frozenset(some) for some in parts}) == 4


def test_time_ends_it_after_two_repeats_and_not_before(monkeypatch):
    data = mm.read(bound(500))
    with pytest.raises(OutOfTimeError, match="two of each part are needed"):
        mm.learning_curve("independent", data, seed=0, max_minutes=1e-9)
    room = __import__("mintmark.advise.learning_curve", fromlist=["time_is_up"])
    calls = []
    monkeypatch.setattr(room, "time_is_up", lambda: calls.append(1) or len(calls) > 5)
    with pytest.raises(OutOfTimeError, match="after 5 of the 12 fits"):
        mm.learning_curve("independent", data, seed=0, sizes=[100, 200, 400], max_minutes=60)
    monkeypatch.setattr(room, "time_is_up", lambda: calls.append(1) or len(calls) > 6 + 8)
    found = mm.learning_curve("independent", data, seed=0, sizes=[100, 200, 400], max_minutes=60)
    assert found.fits == 8  # two repeats of three parts and of the trees
    assert "max_minutes passed after 8 of 12 fits" in found.notes[0]
    assert "Note: max_minutes" in str(found)


def test_progress_is_shown():
    seen = []
    with shown_by(lambda label, done, total: seen.append((label, done, total))):
        mm.learning_curve("independent", mm.read(bound(500)), seed=0, sizes=[100, 200, 400], repeats=2)
    assert ("fitting on growing parts", 8, 8) in seen


def test_whole_persons_are_held_out_and_drawn():
    table = bound(1_500)
    table["who"] = np.arange(1_500) // 3
    data = mm.read(table, roles={"who": "group"})
    found = mm.learning_curve("independent", data, seed=0, sizes=[150, 300, 1_150], repeats=2)
    assert found.sizes == (150, 300, 1_150)
    assert found.held == pytest.approx(300, abs=3)
    part = split_rows(data, 0.1, seed=0)[1]
    assert len(part) % 3 == 0


@pytest.mark.parametrize(
    ("better", "gain", "most", "verdict"),
    [
        (True, 0.02, 0.05, "more rows would help"),
        (True, 0.005, 0.012, "more rows would hardly help"),
        (False, 0.0, 0.01, "more rows would hardly help"),
        (False, 0.03, 0.08, "too few rows to tell"),
        (True, 0.005, 0.05, "too few rows to tell"),
    ],
)
def test_the_verdict_follows_from_the_gain(better, gain, most, verdict):
    assert _verdict(better, gain, most) == verdict


@pytest.mark.parametrize(("as_real", "helps"), [(0.50, True), (0.54, False)])
def test_rows_as_like_as_real_ones_need_no_more(as_real, helps):
    rng = np.random.default_rng(0)
    points = [
        {"rows": n, "two_sample": 0.5 + 0.04 * (800 / n) ** 0.7 + 0.002 * rng.normal()}
        for n in (100, 200, 400, 800)
        for _ in range(3)
    ]
    found = _prospect("two_sample", points, as_real, np.random.default_rng(1))
    assert (found.verdict == "more rows would help") == helps


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"method": "sequental_trees"}, UnknownNameError, "Did you mean 'sequential_trees'"),
        ({"method": 3}, InputError, "neither a registered name nor a Synthesizer"),
        ({"method": "smote"}, InputError, "augmented real"),
        ({"method": "pram"}, InputError, "masked real"),
        ({"data": bound(300)}, InputError, "300 rows; a learning curve needs 500"),
        ({"target": "tt"}, InputError, "'tt'"),
        ({"sizes": 5}, InputError, "three or more different"),
        ({"sizes": [100, 200]}, InputError, "three or more different"),
        ({"sizes": [100, 200, 200]}, InputError, "three or more different"),
        ({"sizes": [100, 200, 0.5]}, InputError, "three or more different"),
        ({"sizes": [100, 200, 1_000]}, InputError, "cannot have 1,000 rows, but 50 to 480"),
        ({"sizes": [10, 200, 400]}, InputError, "cannot have 10 rows"),
        ({"repeats": 1}, InputError, "repeats must be a whole number of 2"),
        ({"max_minutes": 0}, InputError, "max_minutes must be a number above 0"),
        ({"seed": -1}, InputError, "seed must be a whole number"),
    ],
)
def test_what_cannot_be_is_one_clear_error(asked, error, says):
    given = {"method": "independent", "data": bound(600), "seed": 0} | asked
    with pytest.raises(error, match=says) as told:
        mm.learning_curve(given.pop("method"), given.pop("data"), **given)
    assert "\n" not in str(told.value)


def test_the_command_line_says_the_same(tmp_path, capsys):
    mm.read(bound(600)).write(tmp_path / "t.parquet")
    asked = ["learning-curve", str(tmp_path / "t.parquet"), "--method", "independent", "--repeats", "2"]
    sizes = [part for n in (100, 200, 480) for part in ("--size", str(n))]
    assert main([*asked, *sizes]) == 0
    shown = capsys.readouterr().out
    assert main(["--json", *asked, *sizes]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sizes"] == [100, 200, 480]
    assert " ".join(told["advice"].split()) in " ".join(shown.split())
    assert main(["learning-curve", str(tmp_path / "t.parquet"), "--method", "smote"]) == 2
