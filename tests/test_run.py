"""The run: its directory, its resuming, its secret, and that workers change nothing."""

from __future__ import annotations

import json
import resource
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from PIL import Image

import mintmark as mm
from mintmark.assess.assessment import Assessment
from mintmark.errors import InputError, OutputError
from mintmark.release.policy import Policy
from mintmark.run import _local
from mintmark.run._folder import forget
from mintmark.run.recipe import Recipe

POLICY = """
format: 1
name: columns
purpose: Enough to have something to pass.
rules:
  - {{id: shapes, family: fidelity, metric: column_shapes, at_least: {least}, because: "columns look alike."}}
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    here = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    table = pa.table({
        "a": rng.normal(size=1000).round(2),
        "b": rng.integers(0, 50, 1000),
        "c": rng.choice(["x", "y", "z"], 1000),
    })  # fmt: skip
    pq.write_table(table, here / "table.parquet")
    (here / "easy.yaml").write_text(POLICY.format(least=0.5))
    (here / "hard.yaml").write_text(POLICY.format(least=1.5))
    return here


def recipe(here: Path, **changes) -> Recipe:
    stations = {
        "source": {"path": str(here / "table.parquet"), "target": "c"},
        "generate": {"method": "independent"},
        "assess": {"metrics": ["column_shapes"]},
        "release": {"policy": str(here / "easy.yaml")},
    }
    for name, station in changes.items():
        stations[name] = {**stations.get(name, {}), **station} if isinstance(station, dict) else station
    return Recipe(**stations)


@pytest.fixture(scope="module")
def done(here):
    out = here / "done"
    return out, mm.run(recipe(here), out)


def test_a_run_leaves_data_report_certificate_and_manifest(done):
    out, certificate = done
    assert certificate.released
    assert {path.name for path in out.iterdir()} == {
        "run.json", "private", "shards", "assessment", "release", "manifest.json", "public.pem"
    }  # fmt: skip
    assert pq.read_table(out / "release" / "synthetic.parquet").num_rows == 800  # as many as train
    assert (out / "assessment" / "report.html").stat().st_size > 0


def test_what_is_private_is_closed_to_others(done):
    out, _ = done
    assert stat.S_IMODE((out / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE((out / "private" / "secret").stat().st_mode) == 0o600
    assert (out / "private" / "secret").stat().st_size == 32


def test_a_finished_run_is_not_made_again(here, done):
    out, certificate = done
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    again = mm.run(recipe(here), out, resume=True)
    assert again.statement == certificate.statement
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def test_a_finished_run_that_lost_a_byte_is_mended(here, done):
    out, _ = done
    file = out / "release" / "synthetic.parquet"
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    mm.run(recipe(here), out, resume=True)
    assert file.read_bytes() == content


def test_the_same_recipe_has_another_secret_and_other_rows(here, done, tmp_path):
    out, _ = done
    mm.run(recipe(here), tmp_path / "other")
    one, two = (pq.read_table(run / "assessment" / "synthetic.parquet") for run in (out, tmp_path / "other"))
    assert not one.equals(two)


def test_resuming_is_offered_and_a_changed_recipe_or_source_refused(here, done, tmp_path):
    out, _ = done
    with pytest.raises(OutputError, match="--resume"):
        mm.run(recipe(here), out)
    with pytest.raises(InputError, match="recipe is not the one"):
        mm.run(recipe(here, seed=1), out, resume=True)
    moved = tmp_path / "table.parquet"
    moved.write_bytes((here / "table.parquet").read_bytes())
    changing = recipe(here, source={"path": str(moved)}, generate={"rows": 10})
    mm.run(changing, tmp_path / "out")
    pq.write_table(pq.read_table(moved).slice(1), moved)
    with pytest.raises(InputError, match="changed since"):
        mm.run(changing, tmp_path / "out", resume=True)


def test_a_folder_of_something_else_is_left_alone(here, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(OutputError, match="holds no run"):
            mm.run(recipe(here), tmp_path, resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_refused_run_has_a_signed_refusal_and_no_data(here, tmp_path):
    certificate = mm.run(recipe(here, release={"policy": str(here / "hard.yaml")}), tmp_path / "out")
    assert certificate.exit_code == 3
    left = {path.name for path in (tmp_path / "out" / "release").iterdir()}
    assert "certificate.json" in left
    assert not any(name.startswith("synthetic") for name in left)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": {"target": "d"}}, "'d'"),
        ({"generate": {"method": "independnt"}}, "independent"),
        ({"generate": {"where": {"c": "w"}}}, "'w'"),
        ({"generate": {"where": {"b": {"lo": 1}}}}, "'low'"),
        ({"assess": {"metrics": ["column_shape"]}}, "column_shapes"),
        ({"release": {"policy": "interal"}}, "internal"),
        ({"release": {"key": "/no/such/key.pem"}}, "key.pem"),
        ({"check": [{"check": "uniqe", "columns": ["a"]}]}, "unique"),
        ({"schema": {"columns": {"aa": {"low": 0}}}}, "'aa'"),
    ],
)
def test_a_mistake_is_told_and_leaves_nothing_behind(here, tmp_path, changes, said):
    with pytest.raises(InputError) as told:
        mm.run(recipe(here, **changes), tmp_path / "out")
    assert said in str(told.value)
    assert not list(tmp_path.iterdir())


def test_rows_drawn_on_a_condition_are_compared_with_real_rows_that_meet_it(here, tmp_path):
    asked = recipe(here, generate={"where": {"c": ["x", "y"], "b": {"low": 25}}})
    mm.run(asked, tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "assessment" / "report.json").read_text())["tables"]["rows"]
    drawn = pq.read_table(tmp_path / "out" / "release" / "synthetic.parquet").to_pylist()
    assert all(row["c"] in "xy" and row["b"] >= 25 for row in drawn)
    real = pq.read_table(here / "table.parquet").to_pylist()
    matching = sum(row["c"] in "xy" and row["b"] >= 25 for row in real)
    assert rows["train"] + rows["holdout"] == matching
    assert rows["synthetic"] == rows["train"] == len(drawn)


def test_a_condition_that_no_held_out_row_meets_is_told_and_leaves_nothing(here, tmp_path):
    table = pq.read_table(here / "table.parquet")
    apart = table.set_column(0, "a", pa.array(np.linspace(-2, 2, len(table))))
    pq.write_table(apart.filter(pc.not_equal(table["c"], "z")), tmp_path / "held.parquet")
    asked = recipe(here, generate={"where": {"c": "z"}}, assess={"holdout": str(tmp_path / "held.parquet")})
    with pytest.raises(InputError, match=r"met by \d+ rows for training and 0 held out"):
        mm.run(asked, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_pictures_is_a_source_whose_change_is_seen(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for k in range(40):
            picture = Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8))
            picture.save(tmp_path / "set" / label / f"{k}.png")
    text = (
        "format: 1\nsource: {path: set, target: label}\nassess: {metrics: [rules]}\n"
        "release: {policy: augment}\n"
        "generate: {method: deepsmote, rows: 8, parameters: {epochs: 1, filters: 4}}\n"
    )
    (tmp_path / "recipe.yaml").write_text(text)
    mm.run(tmp_path / "recipe.yaml", tmp_path / "out")
    assert len(mm.read(tmp_path / "out" / "assessment" / "synthetic.parquet")) == 8
    mm.run(tmp_path / "recipe.yaml", tmp_path / "out", resume=True)
    (tmp_path / "set" / "a" / "0.png").rename(tmp_path / "set" / "b" / "new.png")
    with pytest.raises(InputError, match="set changed since"):
        mm.run(tmp_path / "recipe.yaml", tmp_path / "out", resume=True)


EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_policy_for_small_tables_is_internal_with_three_wider_margins():
    internal = {rule.id: rule for rule in Policy.load("internal").rules}
    small = {rule.id: rule for rule in Policy.load(EXAMPLES / "policies/small_table.yaml").rules}
    assert list(small) == list(internal)
    assert {name for name in small if small[name] != internal[name]} == {
        "no-more-copies-than-chance", "no-more-near-copies-than-chance", "unique-values-are-not-reused"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["telco_churn", "telco_phone"])
def test_no_row_of_the_telco_recipes_breaks_a_rule(tmp_path, name):
    mm.run(EXAMPLES / "recipes" / f"{name}.yaml", tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "assessment" / "synthetic.parquet").to_pylist()
    assert len(rows) == 2000
    for row in rows:
        total, month = row["TotalCharges"], row["MonthlyCharges"]
        assert total is None or month <= total <= 1.6 * row["tenure"] * month + 0.005
        assert (row["PhoneService"] == "No") == (row["MultipleLines"] == "No phone service")
        for service in ("OnlineSecurity", "TechSupport"):
            assert (row["InternetService"] == "No") == (row[service] == "No internet service")
        if name == "telco_phone":
            assert row["PhoneService"] == "Yes"
            assert row["tenure"] >= 1


def test_a_holdout_file_leaves_every_source_row_for_training(here, tmp_path):
    table = pq.read_table(here / "table.parquet")
    pq.write_table(table.slice(0, 300), tmp_path / "held.parquet")
    asked = recipe(here, assess={"holdout": str(tmp_path / "held.parquet")})
    with pytest.raises(InputError, match="300 of the holdout's 300 rows equal a row of train"):
        mm.run(asked, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    apart = table.slice(0, 300).set_column(0, "a", pa.array(np.linspace(-2, 2, 300)))
    pq.write_table(apart, tmp_path / "held.parquet")
    mm.run(asked, tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "assessment" / "report.json").read_text())["tables"]["rows"]
    assert rows == {"train": 1000, "holdout": 300, "synthetic": 1000}


def test_no_key_of_the_rows_held_out_comes_out(here, tmp_path):
    keys = np.random.default_rng(1).permutation(10_000)[:1000]
    table = pq.read_table(here / "table.parquet")
    pq.write_table(table.append_column("id", pa.array([f"C-{k:04d}" for k in keys])), tmp_path / "t.parquet")
    source = {"path": str(tmp_path / "t.parquet"), "target": "c", "roles": {"id": "key"}}
    mm.run(recipe(here, source=source, assess={"holdout": 0.5}), tmp_path / "out")
    made = pq.read_table(tmp_path / "out" / "release" / "synthetic.parquet")["id"].to_pylist()
    assert len(set(made)) == 500  # of ten thousand, so that chance would meet some fifty real ones
    assert not {int(key.removeprefix("C-")) for key in made} & set(keys.tolist())


def test_csv_is_released_where_the_recipe_says_so(here, tmp_path):
    mm.run(recipe(here, release={"format": "csv"}, generate={"rows": 20}), tmp_path / "out")
    assert (tmp_path / "out" / "release" / "synthetic.csv").read_text().count("\n") == 21


def test_what_the_owner_declared_of_the_source_stands_in_the_assessment_and_certifies_alike(here, tmp_path):
    text = (here / "easy.yaml").read_text() + "needs: {formal_guarantee: true}\n"
    (tmp_path / "proof.yaml").write_text(text)
    release = {"policy": str(tmp_path / "proof.yaml"), "personal": False}
    certificate = mm.run(recipe(here, release=release, generate={"rows": 50}), tmp_path / "out")
    assessment = Assessment.load(tmp_path / "out" / "assessment" / "report.json")
    assert certificate.released
    assert not assessment.personal
    assert [v.outcome for v in assessment.verdicts()] == ["pass", "pass"]
    again = mm.certify(
        tmp_path / "out" / "assessment" / "synthetic.parquet", assessment,
        key=tmp_path / "out" / "private" / "keys" / "private.pem",
    )  # fmt: skip
    assert again.released


def test_a_forgotten_run_cannot_go_on(here, tmp_path):
    mm.run(recipe(here, generate={"rows": 10}), tmp_path / "out")
    secret = (tmp_path / "out" / "private" / "secret").read_bytes()
    forget(tmp_path / "out")
    assert not any(
        secret in path.read_bytes() or secret.hex().encode() in path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    )
    with pytest.raises(InputError, match="erased"):
        mm.run(recipe(here, generate={"rows": 10}), tmp_path / "out", resume=True)
    with pytest.raises(InputError, match="already"):
        forget(tmp_path / "out")


def test_workers_change_no_byte(here, tmp_path):
    data = mm.read(here / "table.parquet", target="c")
    model = mm.synthesizer("independent").fit(data, seed=0)
    model.save(tmp_path / "model")
    n = 3 * model.block - 5
    plan = model.planned(n, seed=1)
    found = []
    for workers in (1, 2):
        shards = tmp_path / f"shards-{workers}"
        shards.mkdir()
        places = _local.Shards(shards, tmp_path / "parents")
        drawn = _local.draw(model, tmp_path / "model", places, plan, workers=workers)
        found.append(model.assemble(drawn, plan)[0])
    assert found[0].table.equals(found[1].table)
    assert found[0].table.equals(model.sample(n, seed=1).table)


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))


def test_a_full_disk_is_one_error_and_leaves_no_half_file(here, tmp_path):
    asked = tmp_path / "recipe.yaml"
    asked.write_text(recipe(here).to_yaml())
    command = [sys.executable, "-m", "mintmark.cli", "run", str(asked), "--out", str(tmp_path / "out")]
    full = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=_small_files, timeout=60
    )
    assert full.returncode == 2, full.stderr
    assert full.stderr.startswith("error: cannot write")
    assert "Traceback" not in full.stderr
    assert not list((tmp_path / "out").rglob(".*"))
    assert not (tmp_path / "out" / "release").exists()
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode == 0, again.stderr


def test_a_holdout_file_is_read_as_the_source_is(here, tmp_path):
    text = "town;size\n" + "Köln;1,5\nZürich;2,25\n" * 200
    for name in ("source.csv", "held.csv"):
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    source = {"path": str(tmp_path / "source.csv"), "target": "town", "encoding": "latin-1", "decimal": ","}
    certificate = mm.run(
        recipe(here, source=source, assess={"holdout": str(tmp_path / "held.csv")}), tmp_path / "out"
    )
    assert certificate.released
