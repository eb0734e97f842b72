"""Whose rows a new row was made from: told in a side table that stays inside, and of the right row."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mintmark as mm
from mintmark import registry
from mintmark.errors import InputError
from mintmark.resample._resampler import Resampler
from mintmark.resample.smote import Smote
from mintmark.run import _local
from mintmark.run._folder import RunFolder, forget
from mintmark.run.recipe import Recipe
from mintmark.synthesizer import load_model

N, RARE = 900, 250
WIDE = {"low": -100.0, "high": 100.0}  # so that no real value is moved before rows are made


def columns():
    """Two floats that tell each row, a column in the holdout's own words, one of the table's own name."""
    rng = np.random.default_rng(7)
    y = np.where(rng.permutation(N) < RARE, "rare", "often")
    x = rng.normal(size=(2, N)) + 2 * (y == "rare")
    return {"x": x[0], "z": x[1], "parents": rng.choice(["a", "b", "c"], N), "y": y}


def table(**more):
    data = mm.read({**columns(), **more}, target="y")
    return data.edit("x", **WIDE).edit("z", **WIDE)


def floats(data, rows=slice(None)):
    return np.stack([data.table[name].to_numpy() for name in ("x", "z")], axis=1)[rows]


def hold(real, new, parents):
    """Line i tells of row i: on the segment, of the class of both parents."""
    assert parents.num_rows == len(new) > 0
    a, b = (parents[name].to_numpy() for name in ("parent_a", "parent_b"))
    weight = parents["weight"].to_numpy()[:, None]
    assert ((weight >= 0) & (weight <= 1)).all()
    between = floats(real, a) + weight * (floats(real, b) - floats(real, a))
    assert np.abs(between - floats(new)).max() < 1e-9
    y, of = (data.table["y"].to_numpy(zero_copy_only=False) for data in (real, new))
    assert (y[a] == of).all()
    assert (y[b] == of).all()
    assert (a != b).all()
    return a, b


def test_every_row_lies_between_its_two_parents_of_its_class():
    data = table()
    model = mm.synthesizer("smote").fit(data, seed=0)
    a, _ = hold(data, model.sample(5_000, seed=1), model.parents(5_000, seed=1))
    assert len(np.unique(a)) > 0.9 * RARE
    assert model.parents(7, seed=1).equals(model.parents(5_000, seed=1).slice(0, 7))
    assert model.parents(0, seed=1).schema.names == ["parent_a", "parent_b", "weight"]


def test_parents_are_numbered_as_in_the_table_where_rows_were_left_out_and_drawn_again(tmp_path):
    """Real rows that break a rule, rows without a class, rejected rows, repaired rows, a saved model."""
    y = columns()["y"]
    gone = np.arange(N) % 9 == 0
    data = table(y=np.where(gone, None, y))
    rules = [
        mm.rule("formula", rule="abs(x - 2) >= 0.05"),  # what holds of both ends need not hold between them
        mm.rule("unique", columns=["parents", "day"]),
    ]
    day = np.random.default_rng(1).permutation(N) % 400
    data = mm.read(
        {**{n: data.table[n] for n in ("x", "z", "parents")}, "day": day, "y": data.table["y"]}, target="y"
    )
    data = data.edit("x", **WIDE).edit("z", **WIDE).edit("day", low=0, high=500, protect=False)
    data = data.with_checks(*rules)
    with pytest.warns(UserWarning, match="left out of the learning"):
        model = mm.synthesizer("smote").fit(data, seed=0)
    model.save(tmp_path / "model")
    model = load_model(tmp_path / "model")
    new, parents = model.sample(400, seed=3), model.parents(400, seed=3)
    assert new.provenance["rejected"][str(rules[1])] > 0
    assert new.provenance["rejected"][str(rules[0])] > 0
    a, b = hold(data, new, parents)
    real = floats(data)
    for rows in (a, b):
        assert not gone[rows].any()
        assert (np.abs(real[rows, 0] - 2) >= 0.05).all()


def test_rows_under_a_condition_have_the_parents_of_these_rows():
    data = table()
    model = mm.synthesizer("smote").fit(data, seed=0)
    for where in ({"y": "rare"}, {"x": (1.0, 2.0)}, {"parents": "a"}):
        hold(data, model.sample(500, seed=1, where=where), model.parents(500, seed=1, where=where))


RESAMPLERS = [
    name
    for name in registry.names("synthesizers")
    if name != "deepsmote" and issubclass(registry.find("synthesizers", name), Resampler)
]


@pytest.mark.parametrize("name", RESAMPLERS)
def test_every_resampler_tells_parents_of_the_class_of_the_row(name):
    data = table()
    if name == "smote_regression":
        data = mm.read({**columns(), "y": np.random.default_rng(0).standard_cauchy(N)}, target="y")
    model = mm.synthesizer(name).fit(data, seed=0)
    parents = model.parents(300, seed=0)
    rows = parents["parent_a"].to_numpy()
    assert parents["parent_a"].null_count == 0
    assert ((rows >= 0) & (rows < N)).all()
    partner = parents["parent_b"].drop_null().to_numpy()
    assert ((partner >= 0) & (partner < N)).all()
    if name == "polynom_fit_smote":  # a star's other end is the mean of the class
        assert not len(partner)
    if name != "smote_regression":
        of = model.sample(300, seed=0).table["y"].to_numpy(zero_copy_only=False)
        assert (data.table["y"].to_numpy(zero_copy_only=False)[rows] == of).all()


def test_a_method_that_makes_no_row_of_others_has_no_parents():
    with pytest.raises(InputError, match="independent makes no row from single real ones"):
        mm.synthesizer("independent").fit(table(), seed=0).parents(5, seed=0)


def test_rows_that_a_filter_rejects_are_counted_and_their_parents_are_those_of_the_rows_that_stand():
    data = table()
    for name, rule in (("lee", "purity"), ("smote_ipf", "ipf")):
        model = mm.synthesizer(name).fit(data, seed=0)
        new = model.sample(4_096, seed=1)
        hold(data, new, model.parents(4_096, seed=1))
        rejected, drawn = new.provenance["rejected"], new.provenance["drawn"]
        assert 0 < rejected[rule] < 4_096
        assert drawn == 4_096 + sum(rejected.values())


def test_what_a_filter_rejects_is_the_share_of_smote_rows_that_do_not_pass():
    """By hand: Lee's rule is asked of plain SMOTE rows by a full search."""
    data = table()
    new = mm.synthesizer("smote").fit(data, seed=0).sample(4_096, seed=1)
    real, rows = floats(data), floats(new)
    words = np.array(data.table["parents"].to_pylist()), np.array(new.table["parents"].to_pylist())
    square = ((rows[:, None] - real) ** 2 / real.var(axis=0)).sum(axis=2)
    square += words[1][:, None] != words[0]
    near = np.argsort(square, axis=1)[:, :5]
    foreign = (np.array(data.table["y"].to_pylist())[near] != "rare").sum(axis=1) > 2
    lee = mm.synthesizer("lee").fit(data, seed=0).sample(4_096, seed=1).provenance
    share = lee["rejected"]["purity"] / lee["drawn"]
    assert abs(share - foreign.mean()) < 4.5 * np.sqrt(2 * foreign.mean() / 4_096)


# -- in a run ------------------------------------------------------------------------------------

RECIPE = """
source: {path: table.parquet, target: y}
schema:
  columns:
    x: {low: -100, high: 100}
    z: {low: -100, high: 100}
  checks: [{check: formula, rule: "abs(x - 2) >= 0.05"}]
generate: {method: smote, rows: 2000}
assess: {metrics: [column_shapes], holdout: 0.3}
release: {policy: policy.yaml}
"""
POLICY = """
format: 1
name: columns
purpose: Enough to have something to pass.
rules:
  - {id: shapes, family: fidelity, metric: column_shapes, at_least: 0.1, because: "columns look alike."}
"""
COMMAND = """
import sys
from mintmark.cli.main import main
from mintmark.resample.smote import Smote
Smote.block = 64
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a recipe, and a run of it that was killed between two blocks and resumed."""
    place = tmp_path_factory.mktemp("parents")
    pq.write_table(pa.table(columns()), place / "table.parquet")
    (place / "policy.yaml").write_text(POLICY)
    (place / "recipe.yaml").write_text(RECIPE)
    command = [sys.executable, "-W", "ignore", "-c", COMMAND, "run", str(place / "recipe.yaml")]
    command += ["--out", str(place / "run")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while len(list(place.glob("run/shards/*.json"))) < 5:
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (place / "run" / "private" / "parents.parquet").exists()
    damaged = place / "run" / "private" / "parents" / "000002.arrow"
    damaged.write_bytes(damaged.read_bytes()[:-8])
    assert subprocess.run([*command, "--resume"], capture_output=True, check=False).returncode == 0
    return place


def test_a_run_that_was_killed_tells_the_parents_of_each_released_row_and_none_is_held_out(place):
    out = place / "run"
    released = mm.read(out / "release" / "synthetic.parquet")
    real = mm.read(place / "table.parquet", target="y")
    parents = pq.read_table(out / "private" / "parents.parquet")
    a, b = hold(real, released, parents)
    assert released.provenance == {} or "rejected" in released.provenance
    folder, recipe = (
        RunFolder(out, (out / "private" / "secret").read_bytes()),
        Recipe.load(place / "recipe.yaml"),
    )
    train, _ = real.split(0.3, seed=folder.seed(recipe.seed, "split"))
    trained = {tuple(row) for row in floats(train)}
    for rows in (a, b):
        assert {tuple(row) for row in floats(real, rows)} <= trained
    assert len(trained) < N


def test_the_side_table_is_for_its_owner_alone_and_leaves_with_nothing(place):
    out = place / "run"
    told = out / "private" / "parents.parquet"
    assert stat.S_IMODE(told.stat().st_mode) == 0o600
    assert stat.S_IMODE((out / "private" / "parents").stat().st_mode) == 0o700
    assert not list((out / "release").rglob("*parents*"))
    for file in (out / "release").iterdir():
        assert b"parent_a" not in file.read_bytes()
    assert b"parents.parquet" not in (out / "manifest.json").read_bytes()
    for shard in (out / "shards").glob("*.arrow"):
        assert pa.ipc.open_file(shard.read_bytes()).schema.names == ["x", "z", "parents", "y"]


def test_workers_change_no_parent(place, tmp_path, monkeypatch):
    model = load_model(place / "run" / "private" / "model")
    n = 2 * model.block + 5
    plan = model.planned(n, seed=1)
    found = []
    for workers in (1, 2):
        (tmp_path / f"{workers}").mkdir()
        places = _local.Shards(tmp_path / f"{workers}", tmp_path / f"parents-{workers}")
        drawn = _local.draw(model, place / "run" / "private" / "model", places, plan, workers=workers)
        found.append(model.assemble(drawn, plan))
    assert found[0][1].equals(found[1][1])
    assert found[0][1].equals(model.parents(n, seed=1))
    assert found[0][0].table.equals(found[1][0].table)
    assert isinstance(model, Smote)


def told_by(folder, real):
    """Files of a folder that hold a real number, as bytes, as text or in a column; or that name parents."""
    values = floats(real).ravel()
    binary, written = {value.tobytes() for value in values}, {repr(float(value)) for value in values}
    found = set()
    for file in (each for each in folder.rglob("*") if each.is_file()):
        content, table = file.read_bytes(), None
        if content.startswith(b"PAR1"):
            table = pq.read_table(file)
        elif content.startswith(b"ARROW1"):
            table = pa.ipc.open_file(content).read_all()
        numbers = (
            [] if table is None else [c.to_numpy() for c in table.columns if pa.types.is_floating(c.type)]
        )
        if (
            any(value in content for value in binary)
            or any(value.encode() in content for value in written)
            or any(np.isin(column, values).any() for column in numbers)
            or (table is not None and "parent_a" in table.column_names)
            or b"parent_a" in content
        ):
            found.add(file.relative_to(folder).parts[:2])
    return found


def test_forgetting_a_run_forgets_whose_rows_its_rows_were_made_from(place):
    """Last: it takes the run's secret away. The model goes too: its rows and draws tell the parents again."""
    out = place / "run"
    real = mm.read(place / "table.parquet", target="y")
    before = {("private", "parents.parquet"), ("private", "parents"), ("private", "model")}
    assert told_by(out, real) == before
    (out / "private" / ".parents.parquet.tmp-1").write_bytes(
        (out / "private" / "parents.parquet").read_bytes()
    )
    erased = forget(out)
    assert erased == [f"private/{name}" for name in ("secret", "parents.parquet", "parents", "model")]
    assert told_by(out, real) == set()
    left = {each.name for each in (out / "private").iterdir()}
    assert left == {"keys", "cost-fit.json"}
    assert RunFolder(out, b"").finished()  # what was committed stands as it was
    with pytest.raises(InputError, match="erased already"):
        forget(out)


@pytest.mark.parametrize(
    ("record", "stays"),
    [('{"holds": "values"}', True), ('{"holds": "aggregates"}', True), ('{"holds": "rows"}', False),
     ('{"holds": ["values"]}', False), ("{}", False), ("[]", False), ("half", False)],
)  # fmt: skip
def test_only_a_model_that_says_it_holds_no_rows_outlives_the_secret(record, stays, tmp_path):
    (tmp_path / "private" / "model").mkdir(parents=True)
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "private" / "secret").write_bytes(os.urandom(32))
    (tmp_path / "private" / "model" / "model.json").write_text(record)
    assert ("private/model" not in forget(tmp_path)) is stays
    assert (tmp_path / "private" / "model").exists() is stays
    assert not (tmp_path / "private" / "secret").exists()
