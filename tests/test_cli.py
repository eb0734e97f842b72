"""The command line: the forms other programs rely on, exit codes, machine output, a light start."""

from __future__ import annotations

import json
import stat
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from mintmark.cli._check import checks_of
from mintmark.cli._show import where_of
from mintmark.cli.main import _COMMANDS, main
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError
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
    here = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    table = pa.table({
        "age": rng.integers(17, 90, 1200),
        "height": rng.normal(170, 10, 1200).round(1),
        "income": rng.choice(["<=50K", ">50K"], 1200),
    })  # fmt: skip
    pq.write_table(table.slice(0, 1000), here / "train.parquet")
    pq.write_table(table.slice(1000), here / "holdout.parquet")
    (here / "easy.yaml").write_text(POLICY.format(least=0.5))
    (here / "hard.yaml").write_text(POLICY.format(least=1.5))
    return here


def call(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def stations(here):
    """The chain of single commands, as the documentation shows it."""
    told = [
        call("fit", here / "train.parquet", "--method", "independent", "--target", "income", "--seed", 0,
             "--out", here / "model"),
        call("sample", here / "model", "--rows", 400, "--seed", 1, "--out", here / "synthetic.parquet"),
        call("assess", here / "train.parquet", here / "synthetic.parquet", "--holdout",
             here / "holdout.parquet", "--target", "income", "--policy", here / "easy.yaml",
             "--metric", "column_shapes", "--out", here / "assessment"),
        call("keygen", "--out", here / "keys"),
        call("certify", here / "assessment", "--policy", here / "easy.yaml",
             "--key", here / "keys" / "private.pem", "--out", here / "release"),
        call("verify", here / "release", "--public-key", here / "keys" / "public.pem"),
    ]  # fmt: skip
    return here, told


def test_the_stations_one_by_one_end_in_a_verified_release(stations):
    here, told = stations
    assert told == [0] * 6
    assert {path.name for path in (here / "assessment").iterdir()} == {
        "report.json", "report.html", "synthetic.parquet", "SHA256SUMS"
    }  # fmt: skip
    assert stat.S_IMODE((here / "keys" / "private.pem").stat().st_mode) == 0o600
    assert pq.read_table(here / "release" / "synthetic.parquet").num_rows == 400


def test_one_changed_byte_no_longer_verifies(stations, tmp_path, capsys):
    here, _ = stations
    copy = tmp_path / "release"
    copy.mkdir()
    for file in (here / "release").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    content = bytearray((copy / "synthetic.parquet").read_bytes())
    content[100] ^= 1
    (copy / "synthetic.parquet").write_bytes(content)
    assert call("verify", copy, "--public-key", here / "keys" / "public.pem") == 2
    assert "synthetic.parquet" in capsys.readouterr().out


def test_a_refusal_exits_3_and_verifies_as_one(stations, tmp_path):
    here, _ = stations
    key = here / "keys" / "private.pem"
    refused = call("certify", here / "assessment", "--policy", here / "hard.yaml", "--key", key,
                   "--out", tmp_path / "refusal")  # fmt: skip
    assert refused == 3
    assert not list((tmp_path / "refusal").glob("synthetic*"))
    assert call("verify", tmp_path / "refusal", "--public-key", here / "keys" / "public.pem") == 3


def test_a_waiver_releases_and_is_said_for_ever(stations, tmp_path, capsys):
    here, _ = stations
    asked = ("certify", here / "assessment", "--policy", here / "hard.yaml", "--key",
             here / "keys" / "private.pem", "--out", tmp_path / "forced")  # fmt: skip
    assert call(*asked, "--waive", "Ada Lovelace") == 2
    assert call(*asked, "--waive", "Ada Lovelace", "--reason", "pilot") == 0
    capsys.readouterr()
    assert call("verify", tmp_path / "forced", "--public-key", here / "keys" / "public.pem") == 0
    assert "RELEASED UNDER WAIVER: Ada Lovelace, pilot" in capsys.readouterr().out


def test_where_picks_rows(stations, tmp_path):
    here, _ = stations
    out = tmp_path / "some.parquet"
    asked = ("sample", here / "model", "--rows", 50, "--seed", 1, "--out", out)
    assert call(*asked, "--where", "income=>50K", "--where", "age=18..30") == 0
    rows = pq.read_table(out)
    assert rows.num_rows == 50
    assert set(rows["income"].to_pylist()) == {">50K"}
    assert 18 <= pc.min(rows["age"]).as_py() <= pc.max(rows["age"]).as_py() <= 30


def test_workers_write_the_same_bytes(stations, tmp_path):
    here, _ = stations
    asked = ("sample", here / "model", "--rows", 9000, "--seed", 1, "--out")
    assert call(*asked, tmp_path / "one.parquet") == 0
    assert call(*asked, tmp_path / "two.parquet", "--workers", 2) == 0
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert call(*asked, tmp_path / "none.parquet", "--workers", 0) == 2
    assert not (tmp_path / "none.parquet").exists()


def test_where_is_read_by_the_kind_of_the_column():
    schema = Schema((
        Column(name="a=b", kind="category", dtype="string", categories=("x",)),
        Column(name="flag", kind="boolean", dtype="bool", categories=(False, True)),
        Column(name="code", kind="category", dtype="int64", categories=(1, 2)),
        Column(name="range", kind="category", dtype="string", categories=("1..2",)),
        Column(name="n", kind="integer", dtype="int64"),
        Column(name="x", kind="number", dtype="double"),
        Column(name="day", kind="datetime", dtype="timestamp[us]"),
    ))  # fmt: skip
    asked = ("flag=true", "code=2", "range=1..2", "n=3", "x=-1.5..", "day=2020-01-01..2020-12-31")
    assert where_of(asked, schema) == {
        "flag": True, "code": 2, "range": "1..2", "n": 3, "x": (-1.5, None),
        "day": ("2020-01-01", "2020-12-31"),
    }  # fmt: skip
    assert where_of(("n=",), schema) == {"n": None}
    for wrong, said in {"n=many": "number", "m=1": "'m'", "n": "COLUMN=VALUE"}.items():
        with pytest.raises(InputError, match=said):
            where_of((wrong,), schema)
    several = ("n=1", "n=", "code=1", "code=2", "flag=True")
    assert where_of(several, schema) == {"n": [1, None], "code": [1, 2], "flag": True}
    assert where_of(("code=1..",), schema) == {"code": (1, None)}
    with pytest.raises(InputError, match="a range cannot be joined"):
        where_of(("n=1", "n=2..3"), schema)


def test_json_is_one_object_on_standard_output(stations, capsys):
    here, _ = stations
    assert call("--json", "inspect", here / "train.parquet") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 1000
    assert call("inspect", here / "train.parquet", "--json") == 0
    assert json.loads(capsys.readouterr().out)["columns"][0]["name"] == "age"
    assert call("list", "--json") == 0
    assert "independent" in json.loads(capsys.readouterr().out)["synthesizers"]
    assert call("fit", here / "no.csv", "--out", here / "m", "--json") == 2
    assert "no.csv" in json.loads(capsys.readouterr().out)["error"]


def test_list_names_everything_with_one_line_each(capsys):
    assert call("list") == 0
    told = capsys.readouterr().out
    for name in ("sequential_trees", "column_shapes", "unique", "internal"):
        line = next(line for line in told.splitlines() if line.strip().startswith(name))
        assert len(line.split()) > 3


def test_inspect_shows_kinds_and_what_looks_wrong(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},1\n" for i in range(50)))
    assert call("inspect", tmp_path / "t.csv") == 0
    told = capsys.readouterr().out
    assert "50 rows x 2 columns" in told
    assert "! always the same value" in told


def test_init_writes_a_recipe_that_loads_and_names_the_columns(here, tmp_path, capsys):
    assert call("init", here / "train.parquet", "--target", "income") == 0
    printed = capsys.readouterr().out
    assert yaml.safe_load(printed)["source"]["kinds"]["age"] == "integer"
    assert call("init", here / "train.parquet", "--target", "income", "--out", tmp_path / "r.yaml") == 0
    recipe = Recipe.load(tmp_path / "r.yaml")
    assert pq.read_table(recipe.resolve(recipe.source.path)).num_rows == 1000
    assert call("init", here / "train.parquet", "--out", tmp_path / "r.yaml") == 2  # never overwritten


def test_a_column_that_cannot_be_read_is_left_out_on_demand(tmp_path, capsys):
    pq.write_table(pa.table({"a": [1.5, 2.5] * 15, "n": [[1]] * 30}), tmp_path / "t.parquet")
    for asked in (["inspect"], ["init", "--out", tmp_path / "r.yaml"],
                  ["fit", "--method", "independent", "--out", tmp_path / "m"]):  # fmt: skip
        assert call(asked[0], tmp_path / "t.parquet", *asked[1:]) == 2
        assert "--drop" in capsys.readouterr().err
        assert call(asked[0], tmp_path / "t.parquet", "--drop", "n", *asked[1:]) == 0
    assert Recipe.load(tmp_path / "r.yaml").source.drop == ["n"]


def test_init_keeps_more_rows_apart_where_there_are_few(tmp_path):
    for rows, share in ((500, 0.4), (30_000, 0.2)):
        pq.write_table(pa.table({"a": np.arange(rows) % 97}), tmp_path / f"{rows}.parquet")
        assert call("init", tmp_path / f"{rows}.parquet", "--out", tmp_path / f"{rows}.yaml") == 0
        assert Recipe.load(tmp_path / f"{rows}.yaml").assess.holdout == share


def test_init_drops_free_text_and_copes_with_strange_names(tmp_path, capsys):
    words = np.random.default_rng(0).choice(["alpha", "beta", "gamma", "delta", "of", "the"], (30, 8))
    notes = [" ".join(row) for row in words] * 2  # each twice, so that they are no key
    frame = {"yes: [no": [i % 9 for i in range(60)], "#note": notes}
    pq.write_table(pa.table(frame), tmp_path / "t.parquet")
    assert call("init", tmp_path / "t.parquet", "--kind", "#note=text", "--out", tmp_path / "r.yaml") == 0
    recipe = Recipe.load(tmp_path / "r.yaml")
    assert recipe.source.drop == ["#note"]
    assert list(recipe.source.kinds) == ["yes: [no"]


def test_a_foreign_csv_is_read_and_its_form_kept_in_the_recipe(tmp_path):
    rows = "".join(f"{i},5;M\u00fcnchen\n" for i in range(40))
    (tmp_path / "t.csv").write_bytes(("a;stadt\n" + rows).encode("latin-1"))
    asked = ("init", tmp_path / "t.csv", "--out", tmp_path / "r.yaml")
    assert call(*asked) == 2
    assert call(*asked, "--encoding", "latin-1", "--decimal", ",", "--delimiter", ";") == 0
    recipe = Recipe.load(tmp_path / "r.yaml")
    assert (recipe.source.encoding, recipe.source.decimal, recipe.source.delimiter) == ("latin-1", ",", ";")
    assert recipe.source.kinds["a"] == "number"


def test_run_ends_with_0_or_3_and_goes_on_with_resume(here, tmp_path, capsys):
    recipe = {
        "source": {"path": str(here / "train.parquet"), "target": "income"},
        "generate": {"method": "independent", "rows": 100},
        "assess": {"metrics": ["column_shapes"]},
        "release": {"policy": str(here / "easy.yaml")},
    }
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe))
    assert call("run", tmp_path / "r.yaml", "--out", tmp_path / "run") == 0
    assert call("run", tmp_path / "r.yaml", "--out", tmp_path / "run") == 2
    assert call("run", tmp_path / "r.yaml", "--out", tmp_path / "run", "--resume") == 0
    key = tmp_path / "run" / "public.pem"
    assert call("verify", tmp_path / "run" / "release", "--public-key", key) == 0
    recipe["release"]["policy"] = str(here / "hard.yaml")
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe))
    assert call("run", tmp_path / "r.yaml", "--out", tmp_path / "refused") == 3
    capsys.readouterr()
    assert call("forget", tmp_path / "run") == 0
    assert capsys.readouterr().out == f"erased of {tmp_path / 'run'}: private/secret.\n"  # of no other's rows
    assert (tmp_path / "run" / "private" / "model").is_dir()
    assert not (tmp_path / "run" / "private" / "secret").exists()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(shell, capsys):
    assert call("completion", shell) == 0
    assert "_MINTMARK_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize("command", list(_COMMANDS))
def test_every_command_helps(command, capsys):
    assert call(command, "--help") == 0
    told = capsys.readouterr().out
    assert "--json" in told
    assert told.startswith(f"Usage: mintmark {command}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runn"], "Did you mean 'run'?"),
        (["fit"], "TRAIN"),
        (["fit", "a.csv", "--methd", "x"], "--method"),
        (["sample", "m", "--rows", "many", "--out", "x"], "many"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(arguments, said, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert said in told
    assert len(told.strip().splitlines()) <= 2


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from mintmark.cli.main import main; main(['--help'])\n"
        "heavy = {'numpy', 'pyarrow', 'pydantic', 'rich', 'yaml', 'sklearn', 'lightgbm', 'cryptography'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "certify" in done.stdout


# -- rules ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    here = tmp_path_factory.mktemp("orders")
    rng = np.random.default_rng(3)
    low = rng.integers(0, 50, 400)
    table = pa.table(
        {"low": low, "high": low + rng.integers(0, 30, 400), "kind": rng.choice(["a b", "c"], 400)}
    )
    pq.write_table(table, here / "real.parquet")
    assert main(["fit", f"{here}/real.parquet", "--method", "independent", "--out", f"{here}/model"]) == 0
    return here


def test_check_tells_which_rows_hold_and_its_exit_code_too(orders, capsys):
    capsys.readouterr()
    real = f"{orders}/real.parquet"
    assert main(["check", real, "--check", "inequality low=low high=high"]) == 0
    assert capsys.readouterr().out == "low <= high: all 400 rows hold\n"
    (orders / "rules.yaml").write_text(
        "- {check: range, column: low, high: 40}\n- {check: unique, columns: [kind]}"
    )
    assert main(["check", real, "--checks", f"{orders}/rules.yaml", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["holds"] is False
    assert [rule["broken"] for rule in said["rules"]] == [
        pc.sum(pc.greater(pq.read_table(real)["low"], 40)).as_py(),
        398,
    ]


def test_check_takes_the_rules_of_a_recipe(orders, capsys):
    recipe = {
        "source": {"path": "real.parquet"},
        "schema": {"checks": [{"check": "formula", "rule": "high - low < 30"}]},
    }
    (orders / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["check", f"{orders}/real.parquet", "--recipe", f"{orders}/recipe.yaml"]) == 0
    assert "high - low < 30: all 400 rows hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "record"),
    [
        (r"pattern column=c pattern=[A-Z]{2}\d", {"column": "c", "pattern": r"[A-Z]{2}\d"}),
        ("pattern 'column=a b' pattern=\"it's \\d\"", {"column": "a b", "pattern": r"it's \d"}),
        ('unique columns=["a","b c"]', {"columns": ["a", "b c"]}),
        ("unique columns=a,b", {"columns": ["a", "b"]}),
        ("formula rule='a = b' tolerance=0.5", {"rule": "a = b", "tolerance": 0.5}),
        ('fixed_combinations columns=a,b combinations=[["x",1]]', {"combinations": [["x", 1]]}),
    ],
)
def test_a_rule_is_read_as_it_is_written(text, record):
    (rule,) = checks_of((text,), None)
    assert {key: rule.record[key] for key in record} == record


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sample_holds_rules_that_were_added_after_the_fit(orders, workers, capsys):
    made = f"{orders}/made{workers}.parquet"
    rules = ["--check", "inequality low=low high=high", "--check", 'formula rule="low + high <= 90"']
    assert (
        main(["sample", f"{orders}/model", "--rows", "5000", "--out", made, "--workers", workers, *rules])
        == 0
    )
    assert "rows by low <= high" in capsys.readouterr().out
    assert main(["check", made]) == 0
    assert pq.read_table(made).num_rows == 5000
    assert pq.read_table(made).equals(pq.read_table(f"{orders}/made1.parquet"))


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--check", "inequalty low=a high=b"], "unknown check 'inequalty'. Did you mean 'inequality'"),
        (["--check", "range column=low lo=3"], "Did you mean 'low'"),
        (["--check", "range column"], "write PARAMETER=VALUE"),
        (["--check", "range column=low column=low"], "parameter 'column' is given twice"),
        (["--check", "range 'column=low"], "quotation"),
        (["--check", ""], "--check names no rule"),
        (
            ["--check", "range column=low low=9000"],
            "'9000 <= low' and the bounds of column 'low' cannot hold together",
        ),
        (["--checks", "nowhere.yaml"], "No such file"),
    ],
)
def test_a_rule_that_cannot_be_read_is_one_message(orders, option, says, capsys):
    assert main(["sample", f"{orders}/model", "--rows", "5", "--out", f"{orders}/x.csv", *option]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said


def test_an_assessment_without_a_directory_is_only_printed(stations, tmp_path, monkeypatch, capsys):
    here, _ = stations
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    told = call("assess", here / "train.parquet", here / "synthetic.parquet", "--metric", "column_shapes")
    printed = capsys.readouterr().out
    assert told == 0
    assert "Fidelity" in printed
    assert "report:" not in printed
    assert not list(tmp_path.iterdir())
