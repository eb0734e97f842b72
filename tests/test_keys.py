"""Text keys: in the declared pattern or the shape of the real ones, shuffled, never a real one."""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.data.shapes import common_shape
from mintmark.errors import InputError


def customers(rows=300, pattern=None, ids=None):
    rng = np.random.default_rng(2)
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    if ids is None:
        ids = [f"{rng.integers(10_000):04d}-{''.join(rng.choice(letters, 5))}" for _ in range(rows)]
    data = mm.read(pa.table({"id": pa.array(ids), "x": rng.normal(size=len(ids))}), roles={"id": "key"})
    return data.with_checks(mm.rule("pattern", column="id", pattern=pattern)) if pattern else data


def fitted(*args, seed=0, **kwargs):
    return mm.synthesizer("independent").fit(customers(*args, **kwargs), seed=seed)


def test_keys_keep_the_shape_that_every_real_key_has():
    model = fitted()
    made = model.sample(5000, seed=1)
    ids = made.table["id"].to_pylist()
    assert made.schema["id"].format == r"\d{4}\-[A-Z]{5}"
    assert all(re.fullmatch(r"\d{4}-[A-Z]{5}", key) for key in ids)
    assert len(set(ids)) == 5000
    assert len({key[:2] for key in ids}) == 100  # they do not run 0000, 0001
    assert not set(ids) & set(customers().table["id"].to_pylist())
    assert model.sample(37, seed=1).table["id"].to_pylist() == ids[:37]
    parts = list(model.sample_parts(5000, seed=1))
    assert [key for part in parts for key in part.table["id"].to_pylist()] == ids
    assert fitted(seed=1).sample(5, seed=1).table["id"].to_pylist() != ids[:5]


def test_keys_survive_saving(tmp_path):
    model = fitted(pattern=r"\d{4}-[A-Z]{5}")
    model.save(tmp_path / "model")
    assert mm.load(tmp_path / "model").sample(50, seed=1).table.equals(model.sample(50, seed=1).table)


def test_where_half_of_all_texts_are_real_every_other_one_is_made_once():
    every = [f"{a}{b}" for a in "PQ" for b in range(100)]
    every = [key if len(key) == 3 else f"{key[0]}0{key[1]}" for key in every]
    real = every[::2]
    model = fitted(ids=real, pattern=r"[PQ]\d{2}")
    made = model.sample(100, seed=0).table["id"].to_pylist()
    assert sorted(made) == sorted(set(every) - set(real))
    with pytest.raises(
        InputError, match=r"101 keys are asked for, but only 100 texts match .*'id' and are no real key"
    ):
        model.sample(101, seed=0)


def test_beyond_the_texts_of_a_shape_that_nobody_declared_keys_go_on():
    model = fitted(ids=[f"C{i:03d}" for i in range(200)])
    ids = model.sample(1500, seed=0).table["id"].to_pylist()
    assert len(set(ids)) == 1500
    assert sum(bool(re.fullmatch(r"C\d{3}", key)) for key in ids) == 800
    assert ids[800] == "id-00000801"


@pytest.mark.parametrize(
    ("keys", "shape"),
    [
        ([f"{i:02x}f{i * 7 % 256:02x}" * 4 for i in range(99, 255)], "f|9a"),
        ([f"A-{i:06d}" for i in range(100_000, 100_020)], r"A\-\d{6}"),
        ([f"key {i}" for i in range(20)], None),
        ([f"{i}" for i in range(10, 15)], None),
        (["été" + str(i) for i in range(10, 30)], "été\\d{2}"),
        (["ab", "cé"] * 3 + [f"x{c}" for c in "äöüßñçœ"], None),
    ],
)
def test_the_shape_of_keys_is_found_or_is_not(keys, shape):
    found = common_shape(pa.chunked_array([keys]))
    if shape == "f|9a":
        assert all(re.fullmatch(found, key) for key in keys)
        assert found.startswith("[0-9a-f]{2}f")
    else:
        assert found == shape


def test_real_keys_that_break_the_declared_pattern_are_told():
    ids = [f"A{i:04d}" for i in range(300)]
    ids[5] = "oops"
    with pytest.warns(UserWarning, match=r"id matches A.*1 of 300 rows.*row 6: id = oops"):
        model = fitted(ids=ids, pattern=r"A\d{4}")
    assert all(re.fullmatch(r"A\d{4}", key) for key in model.sample(20, seed=0).table["id"].to_pylist())


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"(\d)\1", "no regular expression"),
        (r"\d{4}\b-\w+", "keys of column 'id' cannot be made.*escape"),
        (r"x+x+y", "holds for 0"),
    ],
)
def test_a_pattern_that_no_key_can_have_is_refused_before_the_fit(pattern, says):
    with pytest.raises(InputError, match=says):
        fitted(pattern=pattern)


def test_the_key_of_a_row_that_is_left_out_never_comes_out():
    codes = mm.read(
        pa.table({"id": pa.array([f"{i:03d}" for i in range(500)]), "x": pa.array([*range(499), 2000])}),
        roles={"id": "key"},
        kinds={"id": "text"},
    )
    with pytest.warns(UserWarning, match="x <= 1000: 1 of 500 rows"):
        model = mm.synthesizer("independent").fit(
            codes.with_checks(
                mm.rule("range", column="x", high=1000), mm.rule("pattern", column="id", pattern=r"\d{3}")
            ),
            seed=0,
        )
    assert "499" not in model.sample(500, seed=0).table["id"].to_pylist()
    numbers = mm.read(
        pa.table({"id": pa.array([*range(99), 10**6]), "x": pa.array([i / 2 for i in range(100)])}),
        roles={"id": "key"},
    )
    with pytest.warns(UserWarning, match="x <= 49: 1 of 100 rows"):
        model = mm.synthesizer("independent").fit(
            numbers.with_checks(mm.rule("range", column="x", high=49)), seed=0
        )
    assert min(model.sample(5, seed=0).table["id"].to_pylist()) > 10**6


def test_a_model_of_aggregates_says_that_it_holds_real_keys(tmp_path):
    keys = [f"KD-{777_000 + 7 * i}" for i in range(300)]
    for name, table in {"plain": {}, "keyed": {"id": keys}}.items():
        data = mm.read({"x": [i % 7 for i in range(300)], **table}, roles={"id": "key"} if table else None)
        mm.synthesizer("independent").fit(data, seed=0).save(tmp_path / name)
    held = {n: json.loads((tmp_path / n / "model.json").read_text())["holds"] for n in ("plain", "keyed")}
    assert held == {"plain": "aggregates", "keyed": "values"}
