"""Nothing that only one person has leaves with a release: every released file is searched.

Where a value can be recognised (a key, an address, a rare category, a number with six decimals), it
must stand nowhere. Whole numbers of a dense column meet by chance: there the values of people whom
the model never saw (the holdout) say how often, and those of train may not come out more often.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mintmark as mm
from mintmark.assess.assessment import Assessment
from mintmark.data.protect import FEWEST
from mintmark.data.split import split
from mintmark.run._folder import RunFolder

ROWS = 6000
SEED = 918273645
POLICY = """
format: 1
name: anything
purpose: Lets the rows out, so that there is something to search.
rules:
  - {id: shapes, family: fidelity, metric: column_shapes, at_least: 0.1, because: "there must be a rule."}
"""
RECOGNISED = ("reference", "contact", "balance", "workclass", "occupation", "native-country", "town")
"""Columns whose single values cannot be met by chance."""
DENSE = ("age", "fnlwgt", "capital-gain", "capital-loss", "hours-per-week")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The real table, the run's folder and the folders released from it."""
    here = tmp_path_factory.mktemp("prying-eyes")
    adult = Path(mm.__file__).parent / "examples" / "adult.parquet"
    table = pq.read_table(adult).slice(0, ROWS).replace_schema_metadata(None)
    rng = np.random.default_rng(0)
    names = [f"{int(i):08x}" for i in rng.choice(2**32, ROWS, replace=False)]
    towns = np.where(rng.random(ROWS) < 0.02, [f"Hamlet-{name}" for name in names], "Springfield")
    table = table.append_column("reference", pa.array([f"REF-{name}" for name in names]))
    table = table.append_column("contact", pa.array([f"{name}@mail.example" for name in names]))
    table = table.append_column("balance", pa.array(np.round(rng.lognormal(10, 1, ROWS), 6)))
    table = table.append_column("town", pa.array(towns))
    pq.write_table(table, here / "people.parquet")
    (here / "policy.yaml").write_text(POLICY)
    source = {"path": str(here / "people.parquet"), "target": "income", "roles": {"contact": "key"}}
    release = {"policy": str(here / "policy.yaml")}
    mm.run(mm.Recipe(seed=SEED, source=source, release=release), here / "run")
    as_csv = mm.Recipe(seed=SEED, source=source, release={**release, "format": "csv"})
    assessment = here / "run" / "assessment"
    mm.certify(
        assessment / "synthetic.parquet",
        Assessment.load(assessment / "report.json"),
        policy="open-data",
        key=here / "run" / "private" / "keys" / "private.pem",
        out=here / "forced",
        waiver={"name": "Ada", "reason": "to be searched"},
        recipe=as_csv.public(),
    )
    return mm.read(here / "people.parquet", target="income"), here / "run", here / "forced"


@pytest.fixture(scope="module")
def texts(run):
    """Everything a reader of the released files can see, by file: bytes as text, and metadata."""
    _, done, forced = run
    files = [file for folder in (done / "release", forced) for file in folder.iterdir()]
    assert {file.suffix for file in files} == {".md", ".json", ".csv", ".parquet"}
    return {str(file): _readable(file) for file in files}


def _readable(file: Path) -> str:
    if file.suffix != ".parquet":
        return file.read_text()
    table, parquet = pq.read_table(file), pq.ParquetFile(file)
    metadata = {**(table.schema.metadata or {}), **(parquet.metadata.metadata or {})}
    said = [f"{key!r} {value.decode('utf-8', 'replace')}" for key, value in metadata.items()]
    said.append(str([parquet.metadata.row_group(0).column(i).statistics for i in range(table.num_columns)]))
    cells = [str(value) for column in table.columns for value in column.unique().to_pylist()]
    return "\n".join([*said, *cells, file.read_bytes().decode("latin-1")])


def _alone(values: list[Any]) -> set[Any]:
    return {value for value, count in Counter(values).items() if count == 1 and value is not None}


def test_no_recognisable_value_of_one_person_is_in_any_released_file(run, texts):
    real, *_ = run
    for file, text in texts.items():
        tokens = set(re.split(r"[\s\"',;:|()\[\]{}<>\\]+", text))
        for name in RECOGNISED:
            found = {str(value) for value in _alone(real.table[name].to_pylist())} & tokens
            assert not found, f"{file} holds {len(found)} values of {name!r}, e.g. {min(found)}"
        for name in ("reference", "contact"):
            assert not [value for value in real.table[name].to_pylist() if value in text], f"{file}: {name}"


def test_whole_numbers_of_one_person_in_train_come_out_no_more_often_than_those_in_holdout(run):
    real, done, _ = run
    folder = RunFolder(done, (done / "private" / "secret").read_bytes())
    train, holdout = split(real, 0.2, seed=folder.seed(SEED, "split"))
    synthetic = mm.read(done / "assessment" / "synthetic.parquet").table
    for name in DENSE:
        alone = _alone(real.table[name].to_pylist())
        made = Counter(synthetic[name].to_pylist())
        seen, unseen = (
            np.array([made[v] for v in alone & set(rows.table[name].to_pylist())])
            for rows in (train, holdout)
        )
        if len(unseen) < FEWEST:  # too few to say what chance gives
            continue
        spread = np.sqrt(seen.var() / len(seen) + unseen.var() / len(unseen)) + 1 / len(unseen)
        assert seen.mean() <= unseen.mean() + 4 * spread, name


def test_published_ends_lie_within_the_ten_most_extreme_people(run):
    real, done, _ = run
    schema = mm.read(done / "assessment" / "synthetic.parquet").schema
    for name in ("balance", "fnlwgt"):
        values = np.sort(real.table[name].to_numpy())
        assert schema[name].low > values[0]
        assert schema[name].high < values[-1]
    told = json.loads((done / "release" / "report.public.json").read_text())["tables"]["columns"]
    for name in ("reference", "contact"):
        assert name not in told


def test_seeds_secret_and_paths_are_in_no_released_file_and_not_in_the_report(run, texts):
    _, done, _ = run
    folder = RunFolder(done, (done / "private" / "secret").read_bytes())
    seeds = [SEED, *(folder.seed(SEED, stage) for stage in ("split", "fit", "sample", "assess"))]
    hidden = [folder.secret.hex(), "prying-eyes", "people.parquet", *map(str, seeds)]
    shown = {**texts, "report.html": (done / "assessment" / "report.html").read_text()}
    for file, text in shown.items():
        assert not [word for word in hidden if word in text], file


def test_the_report_shows_no_value_of_one_person(run):
    real, done, _ = run
    text = (done / "assessment" / "report.html").read_text()
    tokens = set(re.split(r"[\s\"',;:|()\[\]{}<>\\]+", text))
    for name in RECOGNISED:
        found = {str(value) for value in _alone(real.table[name].to_pylist())} & tokens
        assert not found, f"{len(found)} values of {name!r}, e.g. {min(found)}"
