"""Model directories: what was learnt comes back exactly; what was tampered with never runs."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent / "plugin"))

from honest import Honest

from mintmark import registry
from mintmark.data.model_files import read_model, write_model
from mintmark.errors import ModelFileError, NotFittedError, OutputError
from mintmark.latent.sequential_trees import SequentialTrees
from mintmark.synthesizer import load_model
from mintmark.testing.hard_tables import ordinary

ARRAYS = "arrays.safetensors"


@pytest.fixture(autouse=True)
def _plugin():
    registry._added.cache_clear()


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model"
    Honest().fit(ordinary(60), seed=0).save(path)
    return path


def _replace(model, content, name=ARRAYS):
    """Swap a file and make the digest fit, as somebody who knows the format would."""
    (model / name).write_bytes(content)
    record = json.loads((model / "model.json").read_text())
    record["files"][name] = hashlib.sha256(content).hexdigest()
    (model / "model.json").write_text(json.dumps(record))


def _change(model, **changes):
    record = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps({**record, **changes}))


def test_values_arrays_and_tables_come_back_exactly(tmp_path):
    learnt = {
        "whole": np.arange(6, dtype=np.int16).reshape(2, 3),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "scalar": np.array(2.5),
        "none": np.empty((0, 4), dtype=bool),
        "gaps": np.array([np.nan, np.inf, -0.0]),
        "table": pa.table({"größe": ["a", None], "x": pa.array([1, None], pa.int8())}),
        "value": {"list": [1, None, "ü"], "deep": {"x": 0.1}},
    }
    write_model(tmp_path / "deep" / "model", {"method": "m"}, learnt)
    header, back = read_model(tmp_path / "deep" / "model")
    assert header == {"method": "m", "format": 1}
    assert back.keys() == learnt.keys()
    for name in ("whole", "turned", "scalar", "none", "gaps"):
        np.testing.assert_array_equal(back[name], learnt[name])
        assert back[name].dtype == learnt[name].dtype
        assert back[name].shape == learnt[name].shape
    assert back["table"].equals(learnt["table"])
    assert back["value"] == learnt["value"]


def test_the_directory_is_private_and_saving_again_replaces_it(model):
    assert model.stat().st_mode & 0o777 == 0o700
    Honest(spread=0.5).fit(ordinary(60), seed=1).save(model)
    assert load_model(model).spread == 0.5
    assert [entry.name for entry in model.parent.iterdir()] == ["model"]


def test_saving_over_something_else_is_refused(tmp_path):
    (tmp_path / "letters.txt").write_text("dear diary")
    fitted = Honest().fit(ordinary(60), seed=0)
    for path in (tmp_path, tmp_path / "letters.txt", tmp_path / "letters.txt" / "below"):
        with pytest.raises(OutputError):
            fitted.save(path)
    assert (tmp_path / "letters.txt").read_text() == "dear diary"
    with pytest.raises(NotFittedError, match=r"honest is not fitted yet. Call fit"):
        Honest().save(tmp_path / "unfitted")


class Canary:
    """Unpickling it leaves a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_canary_does_sing_when_unpickled(tmp_path):
    pickle.loads(pickle.dumps(Canary(tmp_path / "sung")))
    assert (tmp_path / "sung").exists()


def test_a_pickle_named_as_arrays_never_runs(model, tmp_path):
    _replace(model, pickle.dumps(Canary(tmp_path / "sung")))
    with pytest.raises(ModelFileError, match=r"arrays.safetensors is damaged"):
        load_model(model)
    assert not (tmp_path / "sung").exists()


def test_a_pickle_named_as_table_never_runs(model, tmp_path):
    _replace(model, pickle.dumps(Canary(tmp_path / "sung")), "table.rows.arrow")
    with pytest.raises(ModelFileError, match=r"table.rows.arrow is damaged"):
        load_model(model)
    assert not (tmp_path / "sung").exists()


def _tensors(header: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if size is None else size) + header + body


@pytest.mark.parametrize(
    "content",
    [
        _tensors(b"{}", size=2**62),
        _tensors(b"{}", size=2**64 - 1),
        _tensors(b"{}" + b" " * 100, size=101_000_000),
        _tensors(b'{"a":{"dtype":"F64","shape":[99999999999],"data_offsets":[0,8]}}', b"\0" * 8),
        _tensors(b'{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,999]}}', b"\0" * 8),
        _tensors(b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', b"\0" * 2),
        _tensors(b'{"a":{"dtype":"O","shape":[1],"data_offsets":[0,8]}}', b"\0" * 8),
        _tensors(b"not json"),
        b"\x93NUMPY\x01\x00",
        b"",
    ],
    ids=["2^62", "2^64-1", "101 MB", "shape", "offsets", "bfloat16", "object", "no json", "npy", "empty"],
)
def test_an_arrays_file_with_an_impossible_header_is_refused(model, content):
    _replace(model, content)
    with pytest.raises(ModelFileError, match=r"arrays.safetensors is damaged"):
        load_model(model)


@pytest.mark.parametrize(
    "name",
    [
        "../../secret",
        "/etc/passwd",
        "table.../x.arrow",
        "table.a/b.arrow",
        "..",
        "",
        "arrays.pkl",
        "table.a\n.arrow",
    ],
)
def test_a_file_name_that_leads_elsewhere_is_refused(model, name):
    record = json.loads((model / "model.json").read_text())
    _change(model, files={**record["files"], name: "0" * 64})
    with pytest.raises(ModelFileError, match=r"names a file .* that no model has"):
        load_model(model)


@pytest.mark.parametrize("name", [ARRAYS, "model.json"])
def test_a_link_is_refused(model, tmp_path, name):
    (model / name).rename(tmp_path / "elsewhere")
    (model / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelFileError, match="is a link"):
        load_model(model)


@pytest.mark.parametrize("name", [ARRAYS, "model.json"])
def test_a_truncated_file_is_refused(model, name):
    content = (model / name).read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        (model / name).write_bytes(content[:length])
        with pytest.raises(ModelFileError, match=r"damaged|changed"):
            load_model(model)


def test_a_changed_byte_is_noticed(model):
    content = bytearray((model / ARRAYS).read_bytes())
    content[-1] ^= 1
    (model / ARRAYS).write_bytes(content)
    with pytest.raises(ModelFileError, match="was changed after the model was saved"):
        load_model(model)


@pytest.mark.parametrize(
    ("name", "altered"),
    [
        ("right", lambda a: np.where(a >= 0, 2_000_000_000, a).astype(a.dtype)),
        ("right", lambda a: np.where(a >= 0, 0, a)),  # round and round
        ("right", lambda a: a[:-1]),
        ("column", lambda a: np.where(a >= 0, 99, a)),
        ("column", lambda a: a.astype(np.float64)),
        ("offset", lambda a: a + 10_000),
        ("parent", lambda a: np.where(a >= 0, len(a) - 1, a)),
        ("climb", lambda a: np.full_like(a, 1)),
        ("climb", lambda a: np.full_like(a, np.nan)),
        ("end", lambda a: a + 1),
        ("first", lambda a: a - 1),
        ("maps", lambda a: a[:1]),
        ("roots", lambda a: a + 1_000_000),
        ("group", lambda a: a[:0]),
        ("by", lambda a: a + 50),
    ],
)
def test_trees_that_point_at_what_does_not_exist_are_refused(tmp_path, name, altered):
    from safetensors.numpy import load, save

    path = tmp_path / "model"
    data = ordinary(400)
    data = data.edit(data.names[0], roles=("target",)) if data.schema.target is None else data
    SequentialTrees().fit(data, seed=0).save(path)
    load_model(path).sample(5, seed=0)
    arrays = load((path / ARRAYS).read_bytes())
    splitting = [
        key.split("/")[0] for key, right in arrays.items() if key.endswith("/right") and right.max() > 0
    ]
    key = f"{splitting[-1]}/{name}"
    arrays[key] = np.ascontiguousarray(altered(arrays[key]))
    _replace(path, save(arrays))
    with pytest.raises(ModelFileError, match="its trees point at what does not exist"):
        load_model(path)


def test_a_newer_format_asks_for_an_upgrade(model):
    _change(model, format=2, files=["another", "shape"])
    with pytest.raises(ModelFileError, match=r"format 2, this version reads up to 1. Upgrade mintmark"):
        load_model(model)


def test_a_newer_method_asks_for_an_upgrade(model):
    _change(model, method_version=7)
    with pytest.raises(ModelFileError, match=r"version 7, this mintmark has 1. Upgrade"):
        load_model(model)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": None},
        {"format": "1"},
        {"files": {}},
        {"files": []},
        {"learnt": []},
        {"schema": []},
        {"schema": {"columns": [{"name": "x", "kind": "number", "dtype": "double", "wings": 2}]}},
        {"modelled": {"columns": 3}},
        {"parameters": {"spread": "wide"}},
        {"parameters": []},
        {"method": "honset"},
        {"method": "../honest"},
        {"method": None},
        {"method_version": "new"},
    ],
    ids=json.dumps,
)
def test_a_changed_header_is_a_model_file_error(model, changes):
    _change(model, **changes)
    with pytest.raises(ModelFileError, match=r"model\.json"):
        load_model(model)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"format": 1}', "\0", b"\xff\xfe"])
def test_a_header_that_is_no_object_is_refused(model, text):
    (model / "model.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelFileError, match=r"model\.json is damaged"):
        load_model(model)


def test_a_path_without_a_model_says_how_to_make_one(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ModelFileError, match="mintmark fit"):
            load_model(path)
