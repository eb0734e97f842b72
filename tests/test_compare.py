"""Comparing synthesizers: who ranks best, what is no evidence, what it costs, and how it is shown."""

from __future__ import annotations

import importlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess.assessment import Assessment
from mintmark.assess.compare import compared
from mintmark.assess.comparison import Comparison
from mintmark.assess.cost import check_cost
from mintmark.assess.frontier import frontier
from mintmark.assess.report._ranks import alike
from mintmark.assess.report.comparison_html import fragment, html
from mintmark.assess.report.comparison_text import headline
from mintmark.cli.main import main
from mintmark.errors import InputError, UnknownNameError
from mintmark.metric import Score
from mintmark.run._cost import joined, measured
from mintmark.run.compare import compare_reports

METRICS = {  # name: family, direction, ceiling, floor
    "two_sample": ("fidelity", "lower", 0.5, 1.0),
    "pair_trends": ("fidelity", "higher", 0.95, 0.6),
    "tstr.gap": ("utility", "lower", 0.0, 0.4),
    "membership.auc": ("privacy", "lower", 0.5, 1.0),
}


def score(metric, loss, **changes):
    """A score that falls short of its ceiling by a share of the way to its floor."""
    family, direction, ceiling, floor = METRICS[metric]
    values = {"estimate": ceiling + loss * (floor - ceiling), "ceiling": ceiling, "floor": floor}
    return Score(metric=metric, family=family, direction=direction, n=100, **{**values, **changes})


def runs(losses, datasets=("adult",), seeds=5, noise=0.02, spend=None):
    """Assessments of synthesizers with given mean losses, one a metric or one for all."""
    rng = np.random.default_rng(0)
    return {
        (name, d, str(r)): Assessment(
            scores=tuple(
                score(metric, one + noise * rng.standard_normal())
                for metric, one in zip(METRICS, np.broadcast_to(loss, 4), strict=True)
            ),
            provenance={"method": name.partition(" ")[0]},
            cost=None if spend is None else {"cpu_seconds": spend[name]},
        )
        for d in datasets
        for r in range(seeds)
        for name, loss in losses.items()
    }


@pytest.fixture(scope="module")
def four():
    losses = {"poor": 0.8, "trees 1": 0.1, "trees 2": 0.101, "middling": 0.45}
    spend = {"poor": 0.1, "trees 1": 3.0, "trees 2": 9.0, "middling": 1.0}
    return compared(runs(losses, seeds=10, spend=spend))


def test_ranks_follow_the_losses(four):
    order = sorted(four.ranking.aligned, key=four.ranking.aligned.get)
    assert order[2:] == ["middling", "poor"]
    assert four.ranking.p_value < 0.01
    assert four.ranking.differ("trees 1", "poor")
    assert four.ranking.differ("poor", "middling")
    assert not four.ranking.differ("trees 1", "trees 2")
    assert four.ranking.winner is None
    assert "leads, but not all others" in headline(four.ranking)


def test_the_best_by_far_is_named():
    found = compared(runs({"good": 0.1, "fair": 0.4, "bad": 0.8}, seeds=8))
    assert found.ranking.winner == "good"
    assert headline(found.ranking) == "good ranks best"


def test_nothing_is_found_where_nothing_differs():
    found = compared(runs({"a": 0.3, "b": 0.3, "c": 0.3}))
    assert found.ranking.pairs is None
    assert found.ranking.winner is None
    assert headline(found.ranking) == "No difference was found"


def test_beyond_its_ceiling_a_score_has_no_merit():
    """One is at chance, the other far below it, as a classifier that guesses wrongly: neither is better."""
    below = runs({"at chance": 0.0, "below chance": -0.6, "poor": 0.5}, noise=0.0)
    ranks = compared(below).ranking.aligned
    assert ranks["at chance"] == ranks["below chance"] < ranks["poor"]


def test_a_metric_on_a_larger_scale_decides_nothing():
    losses = {"a": [0.1, 0.1, 0.1, 0.9], "b": [0.5, 0.5, 0.5, 0.1]}
    plain = runs(losses, seeds=8)
    scaled = {
        key: Assessment(
            tuple(
                score(
                    s.metric,
                    0,
                    estimate=100 * s.estimate,
                    ceiling=100 * s.ceiling,
                    floor=100 * s.floor,
                )
                if s.metric == "membership.auc"
                else s
                for s in one.scores
            )
        )
        for key, one in plain.items()
    }
    assert compared(scaled).ranking.aligned == compared(plain).ranking.aligned


def test_data_sets_are_the_sample_of_a_claim_beyond_them():
    losses = {"a": 0.1, "b": 0.4, "c": 0.7}
    few = compared(runs(losses, ["d1", "d2"]))
    assert few.beyond.status == "not run"
    assert "at least 5" in few.beyond.reason
    many = compared(runs(losses, [f"d{i}" for i in range(8)]))
    assert many.beyond.units == 8
    assert many.beyond.blocks == 8 * 4
    assert many.beyond.winner == "a"
    assert many.ranking.units == 40
    assert many.ranking.blocks == 160


def test_two_synthesizers_need_six_seeds():
    five = compared(runs({"a": 0.1, "b": 0.9}))
    assert five.ranking.status == "not run"
    assert "6 are needed" in five.ranking.reason
    assert compared(runs({"a": 0.1, "b": 0.9}, seeds=6)).ranking.winner == "a"


def test_too_few_seeds_are_refused():
    with pytest.raises(InputError, match="'adult' has 4 seeds; at least 5"):
        compared(runs({"a": 0.1, "b": 0.2}, seeds=4))


def test_one_synthesizer_is_no_comparison():
    with pytest.raises(InputError, match="two or more"):
        compared(runs({"a": 0.1}))


def test_a_missing_run_is_named():
    some = runs({"a": 0.1, "b": 0.2, "c": 0.3})
    del some["b", "adult", "3"]
    with pytest.raises(InputError, match="b on adult, seed 3"):
        compared(some)


def test_an_unknown_score_is_refused():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'tstr\.gap'"):
        compared(runs({"a": 0.1, "b": 0.2}), metrics=["tstr.gp"])


def test_a_score_that_was_not_run_is_left_out_and_said():
    some = runs({"a": 0.1, "b": 0.2, "c": 0.3})
    key = ("c", "adult", "2")
    unrun = score("tstr.gap", 0, estimate=None, status="not run", reason="no target. Name one.")
    some[key] = Assessment(tuple(unrun if s.metric == "tstr.gap" else s for s in some[key].scores))
    found = compared(some)
    assert [one["metric"] for one in found.metrics] == ["two_sample", "pair_trends", "membership.auc"]
    assert found.notes == ("tstr.gap is left out on adult: not run for c, seed 2: no target. Name one.",)


def test_a_metric_that_was_never_run_says_why():
    some = {
        key: Assessment(
            (
                *(s for s in one.scores if s.metric != "tstr.gap"),
                Score(metric="tstr", family="utility", status="not run", reason="no target. Name one."),
            )
        )
        for key, one in runs({"a": 0.1, "b": 0.2, "c": 0.3}).items()
    }
    assert "no target. Name one." in compared(some).notes[0]
    with pytest.raises(InputError, match="no target"):
        compared(some, metrics=["tstr.gap"])


def test_the_interval_is_over_seeds_with_the_data_sets_fixed():
    some = runs({"a": 0.1, "b": 0.2, "c": 0.3}, ["d1", "d2"], noise=0.0)
    means = {(one["synthesizer"], one["metric"]): one for one in compared(some).means}
    assert means["b", "tstr.gap"]["estimate"] == pytest.approx(0.08)
    assert means["b", "tstr.gap"]["interval"] == pytest.approx([0.08, 0.08])


def test_the_record_reads_back(four):
    again = Comparison.from_json(json.loads(four.dumps()))
    assert again.dumps() == four.dumps()
    assert again.ranking.differ("poor", "trees 1")


def test_the_frontier_leaves_out_what_is_bettered():
    losses = {"useful": [0, 0, 0.05, 0.6], "private": [0, 0, 0.6, 0.05], "worse": [0, 0, 0.7, 0.7]}
    found = frontier(compared(runs(losses)), at=0.6)
    front = {one["synthesizer"]: one["front"] for one in found.points}
    assert front == {"useful": True, "private": True, "worse": False}
    # square less what is behind neither: rectangles (0.05..0.6) x (0.6..1) and (0.6..1) x (0.05..1)
    assert found.hypervolume == pytest.approx(0.55 * 0.4 + 0.4 * 0.95, abs=0.03)
    low, high = found.hypervolume_interval
    assert low < found.hypervolume < high
    # at utility 0.6 the loss is 0.4: on the line from (0.05, 0.6) to (0.6, 0.05)
    assert found.risk_at == pytest.approx(0.25, abs=0.03)
    assert frontier(compared(runs(losses)), at=1.0).risk_at is None


def test_the_frontier_of_one_method_is_that_of_its_settings(four):
    found = frontier(four, synthesizers=["trees 1", "trees 2"])
    assert [one["synthesizer"] for one in found.points] == ["trees 1", "trees 2"]
    with pytest.raises(UnknownNameError):
        frontier(four, synthesizers=["tree 1"])
    with pytest.raises(UnknownNameError):
        frontier(four, privacy="membership.tpr")
    with pytest.raises(InputError, match="between 0 and 1"):
        frontier(four, at=1.2)


def test_without_a_utility_score_there_is_no_frontier():
    some = compared(runs({"a": 0.1, "b": 0.2, "c": 0.3}), metrics=["two_sample", "membership.auc"])
    assert frontier(some).status == "not run"
    assert "Not drawn" in html(some)


def test_stretches_that_do_not_differ():
    apart = {("a", "c"), ("a", "d"), ("b", "d")}
    assert alike("abcd", lambda x, y: (x, y) in apart) == [(0, 1), (1, 2), (2, 3)]
    assert alike("abcd", lambda x, y: False) == [(0, 3)]
    assert alike("ab", lambda x, y: True) == []


class Tags(HTMLParser):
    """Tags that are opened, and what is left open at the end."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_the_page_stands_alone_and_shows_every_part(four):
    page = html(four)
    tags = Tags()
    tags.feed(page)
    assert not [tag for tag, _ in tags.seen if tag in ("script", "link", "img", "iframe")]
    assert not re.search(r"https?://", page)
    drawn = [attrs["aria-label"] for tag, attrs in tags.seen if tag == "svg"]
    assert drawn[0].startswith("Critical-difference diagram. Mean aligned ranks, best first: trees")
    assert any(label.startswith("Privacy-utility frontier") for label in drawn)
    assert sum("against CPU seconds" in label for label in drawn) == 3
    assert len(page.encode()) < 200_000
    assert 'srcdoc="' in fragment(four)


def test_a_hostile_name_stays_text():
    page = html(compared(runs({"<script>alert(1)</script>": 0.1, "b": 0.4, "c": 0.5})))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


# -- from tables ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 600))
    label = np.where(x + y + 0.4 * rng.normal(size=600) > 0, "yes", "no")
    return mm.read(pa.table({"x": x, "y": y + x, "label": label}), target="label")


MERGED = "categories are released, and scored, as (other)"
QUICK = ["pair_trends", "tstr.gap", "copies.excess"]


@pytest.fixture(scope="module")
def copier_and_co(table):
    def shuffled(train, seed):
        return train.take(np.random.default_rng(seed).permutation(len(train)))

    given = {"independent": "independent", "copula": mm.synthesizer("gaussian_copula"), "copier": shuffled}
    return mm.compare(given, {"blobs": table}, metrics=QUICK)


def test_the_same_rows_lose_alike_whoever_hands_them_over():
    """Rare categories that mintmark merged are scored as they are, not against real rows merged as well."""
    rng = np.random.default_rng(3)
    town = np.where(rng.random(400) < 0.1, rng.integers(20, size=400), 0).astype(str)
    table = mm.read(pa.table({"x": rng.normal(size=400), "town": town}), kinds={"town": "category"})

    def plain(train, seed):
        made = mm.synthesizer("independent").fit(train, seed=seed).sample(len(train), seed=seed)
        return pa.table({name: made.table[name] for name in made.names})

    given = {"ours": "independent", "theirs": plain}
    found = mm.compare(given, table, metrics=["column_shapes", "two_sample"], seeds=5)
    by_name = {
        name: [{**one, "synthesizer": ""} for one in found.scores if one["synthesizer"] == name]
        for name in given
    }
    assert by_name["ours"] == by_name["theirs"]
    assert len(set(found.ranking.aligned.values())) == 1


def test_each_run_is_held_against_its_own_ceiling():
    at = runs({"a": 0.0, "b": 0.0, "c": 0.0}, noise=0.0)
    moved = {
        key: Assessment(
            tuple(score(s.metric, 0, ceiling=0.9 * s.ceiling, estimate=0.9 * s.estimate) for s in one.scores)
        )
        if key[0] == "a"
        else one
        for key, one in at.items()
    }
    assert len(set(compared(moved).ranking.aligned.values())) == 1


def test_a_pair_of_paths_is_one_data_set(table, tmp_path):
    for name, part in zip(("train.csv", "test.csv"), table.split(0.3, seed=0), strict=True):
        part.write(tmp_path / name)
    pair = (tmp_path / "train.csv", tmp_path / "test.csv")
    given = ["independent", "gaussian_copula"]
    found = mm.compare(given, pair, metrics=["copies.excess"])
    assert found.datasets == ("data",)
    assert "are the same for every seed" in found.notes[0]
    assert found.ranking.units == 6  # as many as two need by themselves
    assert mm.compare(given, list(pair), metrics=["copies.excess"]).datasets == ("train", "test")


def test_synthesizers_are_fitted_and_ranked(copier_and_co):
    found = copier_and_co
    assert found.synthesizers == ("independent", "copula", "copier")
    assert found.methods == {"independent": "independent", "copula": "gaussian_copula", "copier": ""}
    mean = {(one["synthesizer"], one["metric"]): one["estimate"] for one in found.means}
    assert mean["copier", "copies.excess"] == pytest.approx(1.0)
    assert mean["independent", "copies.excess"] == pytest.approx(0.0, abs=0.01)
    assert mean["independent", "tstr.gap"] > 0.3 > abs(mean["copula", "tstr.gap"])
    assert found.ranking.units == 5
    assert not found.notes


def test_fitting_and_drawing_are_measured(copier_and_co):
    costs = copier_and_co.costs
    assert len(costs) == 15
    assert all(cost["cpu_seconds"] >= 0 for cost in costs)
    assert sum(cost["cpu_seconds"] for cost in costs if cost["synthesizer"] == "copula") > 0


def test_tables_of_another_tool_need_their_own_split(table):
    train, holdout = table.split(0.3, seed=0)
    made = [train.take(np.arange(200) + i) for i in range(5)]
    given = {"other": made, "a": "independent", "b": "independent"}
    with pytest.raises(InputError, match=r"pair \(train, holdout\)"):
        mm.compare(given, table, metrics=["copies.excess"])
    with pytest.raises(InputError, match="5 tables for data set 'data' and there are 6 seeds"):
        mm.compare(given, {"data": (train, holdout)}, seeds=6, metrics=["copies.excess"])
    found = mm.compare(given, {"data": (train, holdout)}, metrics=["copies.excess"])
    assert found.notes == ("train and holdout were given and are the same for every seed: data",)
    mean = {one["synthesizer"]: one["estimate"] for one in found.means}
    assert mean["other"] == pytest.approx(1.0)
    assert {cost["synthesizer"] for cost in found.costs} == {"a", "b"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"synthesizers": ["independent"]}, "two or more"),
        ({"synthesizers": ["independent", "gausian_copula"]}, "gaussian_copula"),
        ({"synthesizers": {"a": "independent", "b": 3}}, "'b' is int"),
        ({"seeds": 3}, "at least 5"),
        ({"seeds": [1, 1, 2, 3, 4]}, "given twice"),
        ({"target": "lable"}, "label"),
        ({"metrics": ["tstr.gp"]}, "tstr.gap"),
        ({"datasets": {}}, "no data set"),
        ({"metrics": "tstr.gap"}, "metrics=['tstr.gap']"),
        ({"metrics": ["tsr.gap"]}, "tstr"),
        ({"synthesizers": {1: "independent", 2: "gaussian_copula"}}, "must be text, not 1"),
    ],
)
def test_what_is_wrong_is_said(table, given, said):
    asked = {"synthesizers": ["independent", "gaussian_copula"], "datasets": table, "metrics": ["tstr.gap"]}
    with pytest.raises(InputError, match=re.escape(said)):
        mm.compare(**{**asked, **given})


def test_a_failing_run_says_which(table):
    def broken(train, seed):
        return train.drop("x")

    with pytest.raises(InputError, match=r"broken on blobs, seed 0: .*'x'"):
        mm.compare({"a": "independent", "broken": broken}, {"blobs": table}, metrics=["copies.excess"])


# -- from reports, on the command line ------------------------------------------------------------


@pytest.fixture
def reports(tmp_path):
    for (name, d, r), one in runs({"a": 0.1, "b": 0.5, "c": 0.8}, seeds=6).items():
        place = tmp_path / "all" / name / d / r
        place = place / "assessment" if name == "b" else place  # as a run leaves it
        place.mkdir(parents=True)
        (place / "report.json").write_text(one.dumps())
    return tmp_path / "all"


def test_reports_are_compared_by_where_they_lie(reports, tmp_path, capsys):
    assert main(["--json", "compare", str(reports), "--out", str(tmp_path / "out")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["ranking"]["winner"] == "a"
    assert values["datasets"] == ["adult"]
    assert Comparison.load(tmp_path / "out" / "comparison.json").ranking.winner == "a"
    assert (tmp_path / "out" / "comparison.html").read_text().startswith("<!doctype html>")
    files = map(str, reports.rglob("report.json"))
    assert main(["compare", *files, "--metric", "tstr.gap", "--out", str(tmp_path / "out")]) == 0
    assert "a ranks best" in capsys.readouterr().out


def test_reports_on_other_real_rows_are_refused(reports, tmp_path, capsys):
    path = reports / "a" / "adult" / "3" / "report.json"
    values = json.loads(path.read_text())
    values["tables"]["rows"] = {"train": 7, "holdout": 3, "synthetic": 7}
    path.write_text(json.dumps(values))
    assert main(["compare", str(reports), "--out", str(tmp_path / "out")]) == 2
    assert "different real rows of adult, seed 3" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"columns": {"age": {"labels": ["0"], "train": [0.3]}}}, "other values of age"),
        (
            {"differences": ["column x: 2 rare categories are released, and scored, as (other)"]},
            "in different words",
        ),
    ],
)
def test_reports_on_another_split_or_in_other_words_are_refused(reports, differs, said):
    shown = {
        "columns": {"age": {"labels": ["0"], "train": [0.2]}},
        "differences": ["column y is read as text"],
    }
    for path in reports.rglob("report.json"):
        values = json.loads(path.read_text())
        values["tables"] = shown | (differs if path.parts[-4] == "b" or path.parts[-5] == "b" else {})
        path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=said):
        compare_reports([reports])


def test_reports_of_splits_of_equal_size_are_told_apart(table, tmp_path):
    for i, name in enumerate("abc"):
        train, holdout = table.split(0.3, seed=i % 2)
        for r in range(5):
            place = tmp_path / name / str(r)
            place.mkdir(parents=True)
            found = mm.assess(train=train, holdout=holdout, synthetic=holdout, metrics=["column_shapes"])
            (place / "report.json").write_text(found.dumps())
    with pytest.raises(InputError, match="different real rows of data, seed 0"):
        compare_reports([tmp_path])


def test_a_taken_folder_is_told_before_anything_is_fitted(table, tmp_path, capsys, monkeypatch):
    table.write(tmp_path / "blobs.parquet")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("keep me")
    room = importlib.import_module("mintmark.run.compare")
    monkeypatch.setattr(room, "compare", lambda *_, **__: pytest.fail("fitted"))
    arguments = ["compare", str(tmp_path / "blobs.parquet"), "--method", "independent"]
    assert main([*arguments, "--method", "gaussian_copula", "--out", str(tmp_path / "mine")]) == 2
    assert "holds no comparison" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.json"], "there is no report nothing.json"),
        (["table.csv"], "--method"),
        (["."], "no report.json"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *arguments, "--out", "out"]) == 2
    assert said in capsys.readouterr().err


def test_methods_are_fitted_from_the_command_line(table, tmp_path, capsys):
    table.write(tmp_path / "blobs.parquet")
    arguments = ["compare", str(tmp_path / "blobs.parquet"), "--out", str(tmp_path / "out")]
    arguments += ["--method", "independent", "--method", "gaussian_copula", "--seeds", "6"]
    assert main([*arguments, "--target", "label", "--metric", "pair_trends"]) == 0
    assert "gaussian_copula ranks best" in capsys.readouterr().out
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("keep me")
    arguments[3] = str(tmp_path / "mine")
    assert main([*arguments, "--target", "label", "--metric", "pair_trends"]) == 2
    assert "holds no comparison" in capsys.readouterr().err


# -- cost -----------------------------------------------------------------------------------------


def test_a_declared_cost_stands_in_the_report(table):
    cost = {"tokens": 12_000, "money": 3.5, "currency": "EUR", "human_minutes": 20}
    part = table[:300]
    made = mm.assess(train=part, synthetic=part, metrics=["distinctness"], cost=cost)
    assert made.to_json()["cost"] == cost
    assert Assessment.from_json(json.loads(made.dumps())).cost == cost
    assert mm.assess(train=part, synthetic=part, metrics=["distinctness"]).cost is None


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ({"cpu_second": 1}, "cpu_seconds"),
        ({"tokens": -1}, "0 or more"),
        ({"tokens": float("nan")}, "0 or more"),
        ({"tokens": True}, "0 or more"),
        ({"gpu_seconds": "many"}, "0 or more"),
        ({"money": 3}, "go together"),
        ({"currency": "EUR"}, "go together"),
        ({"money": 3, "currency": "euro"}, "three capitals"),
    ],
)
def test_a_wrong_cost_is_refused(cost, said):
    with pytest.raises(InputError, match=said):
        check_cost(cost)


def test_measuring_sees_the_work_and_its_memory():
    _, small = measured(lambda: None)
    total, large = measured(lambda: float(np.ones(40_000_000).sum()))
    assert total == 4e7
    assert large["cpu_seconds"] > small["cpu_seconds"]
    assert large["peak_memory_bytes"] >= 320e6
    both = joined({"cpu_seconds": 1.0, "peak_memory_bytes": 5}, {"cpu_seconds": 2.5, "peak_memory_bytes": 3})
    assert both == {"cpu_seconds": 3.5, "peak_memory_bytes": 5}
    assert joined({"cpu_seconds": 1.0, "peak_memory_bytes": 5}, {"cpu_seconds": 1.0}) == {"cpu_seconds": 2.0}


def test_a_run_reports_what_it_cost(table, tmp_path):
    table.write(tmp_path / "blobs.parquet")
    recipe = mm.Recipe(
        source={"path": str(tmp_path / "blobs.parquet"), "target": "label"},
        generate={"method": "gaussian_copula"},
        assess={"metrics": ["distinctness"]},
        release={"policy": "internal"},
    )
    mm.run(recipe, tmp_path / "run")
    cost = Assessment.load(tmp_path / "run" / "assessment" / "report.json").cost
    assert cost["cpu_seconds"] > 0
    assert cost["peak_memory_bytes"] > 1e7
    public = tmp_path / "run" / "release" / "report.public.json"
    assert not public.exists() or "cost" not in json.loads(public.read_text())
