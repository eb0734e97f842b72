"""The recipe: what it accepts, how it says no, and that it comes back from YAML unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mintmark.errors import InputError, UnknownNameError
from mintmark.run.recipe import Recipe

FULL = """
format: 1
seed: 7
source:
  path: data/adult.csv
  target: income
  kinds: {age: integer}
  roles: {id: key, person: [group, sensitive]}
  drop: [comment]
  delimiter: ";"
  decimal: ","
schema:
  columns:
    age: {low: 17, high: 90}
    born: {low: 1970-01-01}
  checks:
    - {check: unique, columns: [id]}
generate:
  method: independent
  rows: 100
  max_minutes: 2.5
  where: {sex: Male, age: {low: 18, high: 30}, job: null}
check:
  - {check: unique, columns: [age]}
assess: {metrics: [column_shapes], holdout: 0.3, seed: 4}
release: {policy: open-data, key: keys/private.pem, format: csv, license: CC0-1.0, personal: false}
"""


def test_every_station_is_read():
    recipe = Recipe.from_yaml(FULL)
    assert recipe.source.roles["person"] == ["group", "sensitive"]
    assert recipe.edits.columns["born"].low == "1970-01-01"
    assert [rule["columns"] for rule in recipe.checks] == [["id"], ["age"]]
    assert recipe.where == {"sex": "Male", "age": (18, 30), "job": None}
    assert recipe.assess.holdout == 0.3


def test_yaml_round_trip_keeps_every_value():
    recipe = Recipe.from_yaml(FULL)
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    assert Recipe.from_yaml(recipe.to_yaml()).digest() == recipe.digest()


def test_defaults_are_left_out_of_the_yaml():
    assert yaml.safe_load(Recipe(source={"path": "a.csv"}).to_yaml()) == {"source": {"path": "a.csv"}}


def test_a_default_written_out_gives_the_same_digest():
    short, long = Recipe(source={"path": "a.csv"}), Recipe(source={"path": "a.csv"}, seed=0, generate={})
    assert short.digest() == long.digest()
    assert short.digest() != Recipe(source={"path": "a.csv"}, seed=1).digest()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sorce": {}}, "'sorce'. Did you mean 'source'?"),
        ({"generate": {"methd": "x"}}, "'generate.methd'. Did you mean 'generate.method'?"),
        ({"source": {"path": "a", "targt": "x"}}, "'source.targt'. Did you mean 'source.target'?"),
        ({"schema": {"colums": {}}}, "'schema.colums'. Did you mean 'schema.columns'?"),
        ({"schema": {"columns": {"age": {"hgh": 1}}}}, "Did you mean 'schema.columns.age.high'?"),
        ({"release": {"polici": "x"}}, "'release.polici'. Did you mean 'release.policy'?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(wrong, said):
    with pytest.raises(UnknownNameError, match="unknown recipe key") as told:
        Recipe(**{"source": {"path": "a.csv"}, **wrong})
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"generate": {"rows": -1}}, "generate.rows"),
        ({"generate": {"rows": "many"}}, "generate.rows"),
        ({"seed": -1}, "seed"),
        ({"assess": {"holdout": 1.5}}, "assess.holdout"),
        ({"release": {"format": "xls"}}, "release.format"),
        ({"source": {"path": "a", "kinds": {"age": "numeral"}}}, "source.kinds.age"),
        ({"source": {}}, "source.path"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(wrong, key):
    with pytest.raises(InputError, match=key.replace(".", r"\.")) as told:
        Recipe(**{"source": {"path": "a.csv"}, **wrong})
    assert "\n" not in str(told.value)


def test_paths_start_where_the_recipe_lies(tmp_path):
    (tmp_path / "recipe.yaml").write_text("source: {path: data/a.csv}")
    recipe = Recipe.load(tmp_path / "recipe.yaml")
    assert Path(recipe.resolve(recipe.source.path)) == tmp_path / "data" / "a.csv"
    assert recipe.resolve("https://example.org/a.csv") == "https://example.org/a.csv"
    assert recipe.resolve("/data/a.csv") == "/data/a.csv"


@pytest.mark.parametrize(
    ("text", "said"),
    [("source: [", "line"), ("- a", "no mapping"), ("", "no mapping"), ("1: 2", "no mapping")],
)
def test_what_is_no_recipe_is_said_so(tmp_path, text, said):
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(InputError, match=said) as told:
        Recipe.load(tmp_path / "recipe.yaml")
    assert "recipe.yaml" in str(told.value)


def test_a_missing_recipe_names_init(tmp_path):
    with pytest.raises(InputError, match="mintmark init"):
        Recipe.load(tmp_path / "recipe.yaml")


def test_yaml_cannot_run_code(tmp_path):
    canary = tmp_path / "canary"
    with pytest.raises(InputError, match="no YAML"):
        Recipe.from_yaml(f"source: !!python/object/apply:pathlib.Path.touch [{canary}]")
    assert not canary.exists()


def test_what_leaves_has_no_seed_path_or_key():
    told = json.dumps(Recipe.from_yaml(FULL).public())
    assert "seed" not in told
    assert "adult.csv" not in told
    assert "private.pem" not in told
    assert "independent" in told


def test_the_json_schema_accepts_what_the_recipe_accepts():
    jsonschema = pytest.importorskip("jsonschema")
    schema = Recipe.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    text = FULL.replace("1970-01-01", "'1970-01-01'")
    jsonschema.validate(yaml.safe_load(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"source": {"path": "a"}, "sorce": 1}, schema)


EXAMPLES = sorted((Path(__file__).parents[1] / "examples" / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_recipes_are_sound(path):
    assert Recipe.load(path).source.target
