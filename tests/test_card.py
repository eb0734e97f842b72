"""Card and Croissant file: what other tools read of a release."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pytest
import yaml

from mintmark.assess.assessment import Assessment, digest_of
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Score
from mintmark.release.card import card
from mintmark.release.certify import certify
from mintmark.release.keys import make_keys
from mintmark.release.policy import Policy
from mintmark.release.rule import Rule

POLICY = Policy(
    name="small",
    purpose="for this test",
    rules=(Rule(id="s", family="fidelity", metric="m", at_least=0.5, because="a | b\n<b>c</b>"),),
)
SCHEMA = Schema(
    (
        Column(name="length | <m>", kind="number", dtype="double", low=0.5, high=9.5, unit="m"),
        Column(name="day", kind="datetime", dtype="timestamp[us]", resolution="day"),
        Column(name="kind", kind="category", dtype="string", categories=("a", "b"), roles=("target",)),
    )
)


def released(tmp_path, nature="fully synthetic", rows=30, recipe=None, schema=SCHEMA):
    table = pa.table(
        {
            "length | <m>": [1.5] * rows,
            "day": pa.array([0] * rows, pa.timestamp("us")),
            "kind": ["a"] * rows,
        }
    )
    data = Dataset(table, schema, {"nature": nature})
    score = Score(metric="m", family="fidelity", estimate=0.9, interval=(0.8, 1.0), convention="share | of")
    private, _ = make_keys(tmp_path / "keys")
    assessment = Assessment((score,), sha256=digest_of(table), provenance=data.provenance)
    certify(data, assessment, policy=POLICY, key=private, out=tmp_path / "r", recipe=recipe)
    return tmp_path / "r"


def front_matter(release):
    head = (release / "README.md").read_text().split("---\n")[1]
    return yaml.safe_load(head)


@pytest.mark.parametrize(
    ("nature", "tagged"),
    [
        ("simulated", True),
        ("fully synthetic", True),
        ("partially synthetic", False),
        ("augmented real", False),
        ("masked real", False),
    ],
)
def test_only_wholly_made_rows_are_tagged_synthetic(tmp_path, nature, tagged):
    release = released(tmp_path, nature)
    assert ("synthetic" in front_matter(release)["tags"]) is tagged
    assert nature.capitalize() in (release / "README.md").read_text()
    croissant = json.loads((release / "croissant.json").read_text())
    assert ("synthetic" in croissant["keywords"]) is tagged


@pytest.mark.parametrize(("rows", "size"), [(1, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K")])
def test_front_matter_says_size_and_task(tmp_path, rows, size):
    head = front_matter(released(tmp_path, rows=rows))
    assert head["size_categories"] == [size]
    assert head["task_categories"] == ["tabular-classification"]
    assert head["configs"] == [{"config_name": "default", "data_files": "synthetic.parquet"}]
    assert head["license"] == "unknown"


@pytest.mark.parametrize(("license_", "shown"), [("CC-BY-4.0", "cc-by-4.0"), ("ask us first", "other")])
def test_the_recipes_licence_is_on_the_card(tmp_path, license_, shown):
    head = front_matter(released(tmp_path, recipe={"release": {"license": license_}}))
    assert head["license"] == shown


def test_no_text_breaks_a_table_of_the_card(tmp_path):
    card = (released(tmp_path) / "README.md").read_text()
    tables = [line for line in card.splitlines() if line.startswith("|")]
    widths = {line.replace("\\|", "").count("|") for line in tables}
    assert widths == {7, 8, 6}  # six, seven and five columns
    assert "<b>" not in card
    assert "not a finding of anonymity" in card


def test_croissant_describes_the_file_that_lies_beside_it(tmp_path):
    release = released(tmp_path)
    described = json.loads((release / "croissant.json").read_text())
    (file,) = described["distribution"]
    content = (release / file["contentUrl"]).read_bytes()
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["contentSize"] == f"{len(content)} B"
    fields = {field["name"]: field["dataType"] for field in described["recordSet"][0]["field"]}
    assert fields == {"length | <m>": "sc:Float", "day": "sc:Date", "kind": "sc:Text"}
    ids = [field["@id"] for field in described["recordSet"][0]["field"]]
    assert len(set(ids)) == 3
    assert not any(" " in id for id in ids)  # readers refuse white space in one
    assert described["rai:hasSyntheticData"] is True


def test_scores_stand_by_family():
    scores = [
        Score(metric=name, family=family, estimate=0.5).to_json()
        for name, family in (("a", "privacy"), ("b", "fidelity"), ("c", "utility"), ("d", "fidelity"))
    ]
    predicate = {
        "title": "t", "lines": [], "nature": "simulated", "verdicts": [], "waiver": None, "scores": scores,
        "policy": {"name": "p", "chosen": "before scoring", "digest": "0"}, "issued": "2026-01-01",
        "versions": {"mintmark": "0"}, "rows": 1,
    }  # fmt: skip
    text = card(SCHEMA, predicate, None, "")
    places = [text.index(f"| {family} | {name} |") for family, name in
              (("fidelity", "b"), ("fidelity", "d"), ("utility", "c"), ("privacy", "a"))]  # fmt: skip
    assert places == sorted(places)
