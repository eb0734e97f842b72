"""Every bad input ends in one message that names the place and the remedy, exit code 2, no leftovers."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.cli.main import main


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A table, its model, its assessment, and keys."""
    good = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    table = pa.table({"a": rng.integers(0, 50, 300), "c": rng.choice(["x", "y"], 300)})
    pq.write_table(table, good / "t.parquet")
    calls = [
        ["fit", good / "t.parquet", "--method", "independent", "--out", good / "model"],
        ["sample", good / "model", "--rows", 300, "--out", good / "s.parquet"],
        ["assess", good / "t.parquet", good / "s.parquet", "--metric", "column_shapes",
         "--policy", "internal", "--out", good / "assessment"],
        ["keygen", "--out", good / "keys"],
    ]  # fmt: skip
    assert [main([str(part) for part in call]) for call in calls] == [0, 0, 0, 0]
    return good


@pytest.fixture
def refused(tmp_path, capsys):
    """Run a command that must fail: returns its message after checking its form and the folder."""

    def refused(*arguments: object, leaves: set[str]) -> str:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        assert code == 2, told
        errors = [line for line in told.err.splitlines() if not line.startswith("warning: ")]
        assert errors[0].startswith("error: "), told.err
        assert len(errors) <= 3, told.err
        assert sum(line.startswith("error: ") for line in errors) == 1
        assert "Traceback" not in told.err + told.out
        assert {path.name for path in tmp_path.iterdir()} == leaves, "something was left behind"
        return "\n".join(errors)

    return refused


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


ROWS = "".join(f"{i % 7},{'xy'[i % 2]}\n" for i in range(40))
CSV = {
    "empty file": ("", ["t.csv"]),
    "header only": ("a,c\n", ["t.csv", "row"]),
    "one row": ("a,c\n1,x\n", ["1 row"]),
    "duplicate column names": ("a,a\n" + ROWS, ["'a'", "once"]),
    "mixed types in a column": ("a,c\n" + ROWS * 5 + "forty,x\n" + ROWS, ["'a'", "forty", "row"]),
    "an infinity": ("a,c\n" + ROWS + "inf,x\n", ["'a'", "row", "inf"]),
    "more columns than the limit": (",".join(f"c{i}" for i in range(20_001)) + "\n", ["20,00"]),
    "invalid UTF-8": (b"a,c\n" + ROWS.encode() + b"1,\xff\xfe\n", ["t.csv", "row 41", "utf-8", "encoding"]),
    "a ragged row": ("a,c\n" + ROWS + "1,x,3\n", ["t.csv"]),
    "a 10 MB cell": ("a,c\n" + ROWS + "1," + "z" * 10_000_000 + "\n", ["'c'", "row"]),
}


@pytest.mark.parametrize(("content", "said"), CSV.values(), ids=CSV.keys())
def test_a_bad_table(tmp_path, refused, content, said):
    path = write(tmp_path / "t.csv", content)
    told = refused("fit", path, "--method", "independent", "--out", tmp_path / "model", leaves={"t.csv"})
    for part in said:
        assert part in told
    recipe = write(tmp_path / "r.yaml", "source: {path: t.csv}\ngenerate: {method: independent}\n")
    refused("run", recipe, "--out", tmp_path / "run", leaves={"t.csv", "r.yaml"})


def test_a_missing_file_is_named(tmp_path, refused):
    assert "no.csv" in refused("fit", tmp_path / "no.csv", "--out", tmp_path / "m", leaves=set())
    write(tmp_path / "r.yaml", "source: {path: no.parquet}\n")
    told = refused("run", tmp_path / "r.yaml", "--out", tmp_path / "run", leaves={"r.yaml"})
    assert "no.parquet" in told


def test_a_truncated_parquet_file_is_named(good, tmp_path, refused):
    path = write(tmp_path / "t.parquet", (good / "t.parquet").read_bytes()[:-20])
    assert "t.parquet" in refused("fit", path, "--out", tmp_path / "m", leaves={"t.parquet"})


def test_a_nested_column_is_named(tmp_path, refused):
    pq.write_table(pa.table({"a": [1, 2, 3], "n": [[1], [2], [3]]}), tmp_path / "t.parquet")
    told = refused("fit", tmp_path / "t.parquet", "--out", tmp_path / "m", leaves={"t.parquet"})
    assert "'n'" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "independnt"], "Did you mean 'independent'?"),
        (["--target", "incom"], "'incom'"),
        (["--kind", "a=numbr"], "Did you mean 'number'?"),
        (["--kind", "b=number"], "'b'"),
        (["--role", "a=kee"], "Did you mean 'key'?"),
        (["--drop", "b"], "'b'"),
        (["--seed", "-1"], "-1"),
        (["--max-minutes", "0"], "max_minutes"),
        (["--method", "sequential_trees", "--set", "leef=1"], "leef"),
        (["--kind", "c=number"], "'c'"),
    ],
)
def test_a_wrong_option_of_fit(good, tmp_path, refused, arguments, said):
    assert said in refused("fit", good / "t.parquet", *arguments, "--out", tmp_path / "m", leaves=set())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rows", "-1"], "-1"),
        (["--rows", "5", "--where", "c=z"], "'z'"),
        (["--rows", "5", "--where", "a=900..1000"], "lies outside"),
        (["--rows", "5", "--where", "a=9..1"], "above"),
        (["--rows", "5", "--where", "b=1"], "'b'"),
        (["--rows", "5", "--seed", "-2"], "-2"),
    ],
)
def test_an_impossible_request_of_sample(good, tmp_path, refused, arguments, said):
    told = refused("sample", good / "model", *arguments, "--out", tmp_path / "s.parquet", leaves=set())
    assert said in told


def test_an_output_of_unknown_form_or_in_no_place(good, tmp_path, refused):
    assert ".xyz" in refused("sample", good / "model", "--rows", 5, "--out", tmp_path / "s.xyz", leaves=set())
    nowhere = tmp_path / "no" / "such" / "s.csv"
    refused("sample", good / "model", "--rows", 5, "--out", nowhere, leaves=set())
    write(tmp_path / "taken", "x")
    refused("fit", good / "t.parquet", "--out", tmp_path / "taken", leaves={"taken"})
    refused("run", _recipe(tmp_path, good), "--out", tmp_path / "taken", leaves={"taken", "r.yaml"})
    assert (tmp_path / "taken").read_text() == "x"


def _recipe(tmp_path: Path, good: Path, more: str = "") -> Path:
    return write(
        tmp_path / "r.yaml",
        f"source: {{path: {good / 't.parquet'}}}\ngenerate: {{method: independent}}\n{more}",
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("sed: 1", "Did you mean 'seed'?"),
        ("assess: {metric: [copies]}", "Did you mean 'assess.metrics'?"),
        ("release: {policy: nobody}", "nobody"),
        ("check: [{check: uniqe}]", "unique"),
        ("seed: [", "r.yaml"),
    ],
)
def test_a_wrong_recipe(good, tmp_path, refused, more, said):
    path = _recipe(tmp_path, good, more)
    assert said in refused("run", path, "--out", tmp_path / "run", leaves={"r.yaml"})


@pytest.fixture
def model(good, tmp_path):
    shutil.copytree(good / "model", tmp_path / "model")
    return tmp_path / "model"


def test_a_model_of_a_newer_version(model, tmp_path, refused):
    record = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps({**record, "format": 99}))
    told = refused("sample", model, "--rows", 1, "--out", tmp_path / "s.csv", leaves={"model"})
    assert "99" in told
    assert "Upgrade" in told


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def _resigned(model: Path, name: str, content: bytes) -> None:
    """Put a file into the model and its right digest into model.json: an attacker would do both."""
    import hashlib

    record = json.loads((model / "model.json").read_text())
    record["files"][name] = hashlib.sha256(content).hexdigest()
    (model / "model.json").write_text(json.dumps(record))


@pytest.mark.parametrize("right_digest", [False, True])
def test_a_pickle_in_a_model_never_runs(model, tmp_path, refused, right_digest):
    canary = tmp_path / "canary"
    attack = pickle.dumps(_Canary(canary))
    write(model / "arrays.safetensors", attack)
    if right_digest:
        _resigned(model, "arrays.safetensors", attack)
    told = refused("sample", model, "--rows", 1, "--out", tmp_path / "s.csv", leaves={"model"})
    assert "arrays.safetensors" in told
    assert not canary.exists()


@pytest.mark.parametrize("length", [2**63 - 1, 10**9])
def test_an_oversized_header_in_a_model(model, tmp_path, refused, length):
    attack = struct.pack("<Q", length) + b"{}"
    write(model / "arrays.safetensors", attack)
    _resigned(model, "arrays.safetensors", attack)
    told = refused("sample", model, "--rows", 1, "--out", tmp_path / "s.csv", leaves={"model"})
    assert "damaged" in told


@pytest.mark.parametrize("name", ["../outside.arrow", "/etc/passwd", "table.../x.arrow", "table.x.pkl"])
def test_a_path_out_of_a_model(model, tmp_path, refused, name):
    _resigned(model, name, b"")
    told = refused("sample", model, "--rows", 1, "--out", tmp_path / "s.csv", leaves={"model"})
    assert name in told


def test_a_link_in_a_model(model, tmp_path, refused):
    file = model / "arrays.safetensors"
    kept = write(tmp_path / "elsewhere", file.read_bytes())
    file.unlink()
    file.symlink_to(kept)
    told = refused("sample", model, "--rows", 1, "--out", tmp_path / "s.csv", leaves={"model", "elsewhere"})
    assert "link" in told


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"format": 1, "method": "os"}'])
def test_a_damaged_model_header(model, tmp_path, refused, text):
    write(model / "model.json", text)
    refused("sample", model, "--rows", 1, "--out", tmp_path / "s.csv", leaves={"model"})


def test_a_model_that_is_none(tmp_path, refused):
    told = refused("sample", tmp_path / "no", "--rows", 1, "--out", tmp_path / "s.csv", leaves=set())
    assert "mintmark fit" in told


def _certify(good: Path, assessment: Path, tmp_path: Path, key: Path | None = None) -> list[object]:
    key = key or good / "keys" / "private.pem"
    return ["certify", assessment, "--policy", "internal", "--key", key, "--out", tmp_path / "release"]


def test_a_certificate_for_other_data(good, tmp_path, refused):
    shutil.copytree(good / "assessment", tmp_path / "other")
    shutil.copy(good / "t.parquet", tmp_path / "other" / "synthetic.parquet")
    told = refused(*_certify(good, tmp_path / "other", tmp_path), leaves={"other"})
    assert "other data" in told


def test_a_private_key_readable_by_all(good, tmp_path, refused):
    key = tmp_path / "key.pem"
    shutil.copy(good / "keys" / "private.pem", key)
    key.chmod(0o644)
    assert "chmod 600" in refused(*_certify(good, good / "assessment", tmp_path, key), leaves={"key.pem"})
    recipe = _recipe(tmp_path, good, "release: {key: key.pem}\n")
    told = refused("run", recipe, "--out", tmp_path / "run", leaves={"key.pem", "r.yaml"})
    assert "chmod 600" in told


def test_keys_are_never_replaced(good, refused):
    before = (good / "keys" / "private.pem").read_bytes()
    refused("keygen", "--out", good / "keys", leaves=set())
    assert (good / "keys" / "private.pem").read_bytes() == before


def test_no_release_no_assessment_no_run(good, tmp_path, refused):
    public = good / "keys" / "public.pem"
    refused("verify", tmp_path / "no", "--public-key", public, leaves=set())
    refused(*_certify(good, tmp_path / "no", tmp_path), leaves=set())
    refused("forget", tmp_path / "no", leaves=set())


def test_an_assessment_never_replaces_a_folder_of_something_else(good, tmp_path, refused):
    (tmp_path / "mine").mkdir()
    write(tmp_path / "mine" / "thesis.txt", "mine")
    refused("assess", good / "t.parquet", good / "s.parquet", "--out", tmp_path / "mine", leaves={"mine"})
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "mine"


def test_tables_that_do_not_belong_together(good, tmp_path, refused):
    other = write(tmp_path / "o.csv", "a,z\n" + ROWS)
    told = refused("assess", good / "t.parquet", other, "--out", tmp_path / "as", leaves={"o.csv"})
    assert "'c'" in told
