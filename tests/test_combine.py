"""Cleaners in a recipe: new rows that they take among the real ones are not released."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mintmark as mm
from mintmark import registry
from mintmark.errors import InputError, UnknownNameError
from mintmark.resample.cleaning.edited_nearest_neighbours import edited_nearest_neighbours
from mintmark.resample.cleaning.random_under import random_under
from mintmark.resample.cleaning.tomek_links import tomek_links
from mintmark.run._combine import check_target, planned
from mintmark.run.recipe import Recipe

N, RARE = 800, 200
POLICY = """
format: 1
name: columns
purpose: Enough to have something to pass.
rules:
  - {id: shapes, family: fidelity, metric: column_shapes, at_least: 0.1, because: "columns look alike."}
"""


def columns(seed):
    rng = np.random.default_rng(seed)
    y = np.where(rng.permutation(N) < RARE, "rare", "often")
    return {
        "x": rng.normal(size=N) + (y == "rare"),
        "z": rng.normal(size=N),
        "c": rng.choice(["a", "b"], N),
        "y": y,
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    here = tmp_path_factory.mktemp("combine")
    pq.write_table(pa.table(columns(0)), here / "table.parquet")
    pq.write_table(pa.table(columns(1)), here / "holdout.parquet")
    (here / "policy.yaml").write_text(POLICY)
    return here


def recipe(here, clean, **source):
    return Recipe(
        source={"path": str(here / "table.parquet"), "target": "y", **source},
        generate={"method": "smote", "rows": 600},
        combine={"clean": clean},
        assess={"metrics": ["column_shapes"], "holdout": str(here / "holdout.parquet")},
        release={"policy": str(here / "policy.yaml")},
    )


CLEAN = ["tomek_links", {"cleaner": "edited_nearest_neighbours", "k": 3, "kind": "mode"}]


def test_new_rows_that_cleaners_take_are_not_released_and_are_counted(here, tmp_path):
    plain = mm.run(recipe(here, []), tmp_path / "plain")
    out = tmp_path / "out"
    certificate = mm.run(recipe(here, CLEAN), out)
    shards = [pa.ipc.open_file(path.read_bytes()).read_all() for path in sorted(out.glob("shards/*.arrow"))]
    drawn = pa.concat_tables(shards)
    assert len(drawn) == 600 == plain.statement["predicate"]["rows"]

    real = mm.read(here / "table.parquet", target="y")  # the holdout is a file: train is all of it
    both = dataclasses.replace(real, table=pa.concat_tables([real.table, drawn.cast(real.table.schema)]))
    one = tomek_links(both, sampling_strategy="all")
    two = one[edited_nearest_neighbours(both.take(one), sampling_strategy="all", k=3, kind="mode")]
    left = two[two >= N] - N
    taken = [600 - int((one >= N).sum()), int((one >= N).sum()) - len(left)]
    assert min(taken) > 0

    released = mm.read(out / "release" / "synthetic.parquet")
    assert released.table.equals(drawn.take(pa.array(left)).cast(released.table.schema))
    told = json.loads((out / "assessment" / "report.json").read_text())["provenance"]["cleaned"]
    assert [one["removed"] for one in told] == taken
    assert [one["rows"] for one in told] == [600, 600 - taken[0]]
    card = (out / "release" / "README.md").read_text()
    assert f"`tomek_links` took {taken[0]} of 600 rows" in card
    assert certificate.statement["predicate"]["rows"] == len(left)
    page = (out / "assessment" / "report.html").read_text()
    assert "New rows taken away by each cleaner" in page

    parents = pq.read_table(out / "private" / "parents.parquet")
    assert parents.num_rows == len(left)
    a, b = (real.table["z"].to_numpy()[parents[name].to_numpy()] for name in ("parent_a", "parent_b"))
    between = a + parents["weight"].to_numpy() * (b - a)
    inside = (np.abs(a) < 1.5) & (
        np.abs(b) < 1.5
    )  # outermost real values are brought in before rows are made
    assert np.abs(between - released.table["z"].to_numpy())[inside].max() < 1e-9

    (out / "manifest.json").unlink()
    mm.run(recipe(here, CLEAN), out, resume=True)
    assert mm.read(out / "release" / "synthetic.parquet").table.equals(released.table)


def test_every_cleaner_is_found_by_name_and_leaves_new_rows_alone(here, tmp_path):
    assert registry.names("cleaners") == [
        "edited_nearest_neighbours",
        "near_miss",
        "random_under",
        "tomek_links",
    ]
    out = tmp_path / "out"
    mm.run(recipe(here, [{"cleaner": "random_under", "sampling_strategy": {"rare": 500}}, "near_miss"]), out)
    told = json.loads((out / "assessment" / "report.json").read_text())["provenance"]["cleaned"]
    released = mm.read(out / "release" / "synthetic.parquet")
    assert 0 < told[0]["removed"] < 600  # 300 of 200 real and 600 new rows go at random
    assert set(released.table["y"].to_pylist()) == {"rare"}
    assert len(released) == 600 - told[0]["removed"] - told[1]["removed"]


@pytest.mark.parametrize(
    ("clean", "source", "error", "said"),
    [
        (["tomek_link"], {}, UnknownNameError, "unknown cleaner 'tomek_link'. Did you mean 'tomek_links'"),
        ([{"cleaner": "near_miss", "kk": 3}], {}, UnknownNameError, "'kk'.*Did you mean 'k'"),
        ([{"cleaner": "near_miss", "k": 0}], {}, InputError, "k of near_miss: Input should be greater than"),
        ([{"cleaner": "near_miss", "version": 4}], {}, InputError, "version of near_miss is one of 1, 2, 3"),
        (
            [{"cleaner": "tomek_links", "sampling_strategy": "al"}],
            {},
            UnknownNameError,
            "sampling_strategy of tomek_links 'al'. Did you mean 'all'",
        ),
        ([{"name": "tomek_links"}], {}, InputError, "names no cleaner"),
        (["tomek_links"], {"target": "x"}, InputError, "column 'x' is number, and tomek_links asks for"),
        (["tomek_links"], {"target": None}, InputError, "Name source.target"),
        ([{"cleaner": "tomek_links", "target": "w"}], {}, UnknownNameError, "target of tomek_links 'w'"),
    ],
)
def test_each_mistake_is_told_before_anything_is_learnt(here, tmp_path, clean, source, error, said):
    with pytest.raises(error, match=said):
        mm.run(recipe(here, clean, **source), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_wrong_key_of_the_station_offers_the_right_one():
    with pytest.raises(UnknownNameError, match=r"'combine.cleen'. Did you mean 'combine.clean'"):
        Recipe(source={"path": "t.parquet"}, combine={"cleen": []})


def test_cleaners_that_leave_nothing_say_so(here, tmp_path):
    apart = {
        "x": np.repeat([0.0, 1.0], 400),
        "z": np.zeros(800),
        "y": np.tile(["rare", "often", "often", "often"], 200),
    }
    pq.write_table(pa.table(apart), tmp_path / "apart.parquet")
    asked = recipe(
        here, [{"cleaner": "edited_nearest_neighbours", "k": 500}], path=str(tmp_path / "apart.parquet")
    )
    asked = Recipe(**{**asked.model_dump(by_alias=True), "assess": {"metrics": ["column_shapes"]}})
    with pytest.raises(InputError, match="leaves no new row"):
        mm.run(asked, tmp_path / "out")


def test_no_cleaner_claims_to_have_looked_at_pictures():
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    data = mm.read({"image": images, "y": ["a"] * 15 + ["b"] * 5}, target="y")
    with pytest.raises(InputError, match=r"tomek_links measures .* pictures of column 'image'"):
        check_target(planned(["random_under", "tomek_links"], None), data.schema)
    with pytest.raises(InputError, match="column 'image' holds pictures"):
        tomek_links(data)
    assert len(random_under(data, seed=0)) == 10
