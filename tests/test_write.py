import datetime as dt
import decimal
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mintmark as mm
from mintmark.errors import InputError, OutputError

SHARED = Path(__file__).parents[2] / "shared" / "data"
REAL = [
    "adult/train.parquet",
    "telco_churn/telco_churn.parquet",
    "support2/support2.parquet",
    "diabetes130_sample/diabetes130.parquet",
]
OLD = dt.datetime(1931, 5, 6, 7, 8, 9)


def hard():
    """Every type a column may have, each with a missing value."""
    return pa.table(
        {
            "größe": pa.array([1.5, None, -2.25]),
            "class": pa.array(["a", None, "NA"]),
            "年": pa.array([2**62, None, -1]),
            "zoned": pa.array([OLD, None, OLD], pa.timestamp("us", tz="Europe/Berlin")),
            "offset": pa.array([OLD, None, OLD], pa.timestamp("s", tz="+02:00")),
            "nano": pa.array([1, None, 3], pa.timestamp("ns")),
            "day": pa.array([OLD.date(), None, dt.date(2024, 2, 29)]),
            "day64": pa.array([OLD.date(), None, dt.date(2024, 2, 29)], pa.date64()),
            "took": pa.array([dt.timedelta(days=3, seconds=1), None, dt.timedelta(0)], pa.duration("ms")),
            "exact": pa.array(
                [decimal.Decimal("1.10"), None, decimal.Decimal("-99.99")], pa.decimal128(9, 2)
            ),
            "small": pa.array([1, None, 3], pa.uint8()),
            "single": pa.array([0.5, None, 1.5], pa.float32()),
            "half": pa.array(np.array([0.5, 1.0, 1.5], np.float16)),
            "yes": pa.array([True, None, False]),
            "gone": pa.nulls(3),
        }
    )


@pytest.mark.parametrize("ending", ["parquet", "arrow", "feather"])
def test_schema_and_provenance_come_back_identical(tmp_path, ending):
    data = mm.read(hard(), target="class", roles={"class": ["sensitive"]})
    data = mm.Dataset(
        data.table,
        data.schema.edit("größe", low=-3.0, high=3, decimals=2, unit="cm", protect=False),
        {"nature": "fully synthetic", "rejected": {"count": 3}, "parameters": {"k": [1, 2]}},
    )
    path = tmp_path / f"t.{ending}"
    data.write(path)
    again = mm.read(path)
    assert again.schema == data.schema
    assert again.provenance == data.provenance
    assert again.table.equals(data.table)


@pytest.mark.parametrize("file", REAL)
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_real_tables_come_back_identical(tmp_path, file, ending):
    if not (SHARED / file).exists():
        pytest.skip("the shared data sets are not here")
    data = mm.read(SHARED / file)
    data.write(tmp_path / f"t.{ending}")
    again = mm.read(tmp_path / f"t.{ending}")
    assert again.schema == data.schema
    assert again.table.equals(data.table)


@pytest.mark.parametrize("file", REAL)
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl"])
def test_real_tables_come_back_from_text(tmp_path, file, ending):
    if not (SHARED / file).exists():
        pytest.skip("the shared data sets are not here")
    data = mm.read(SHARED / file)
    data.write(tmp_path / f"t.{ending}")
    again = mm.read(tmp_path / f"t.{ending}", schema=data.schema)
    assert again.table.equals(data.table)


def test_edits_come_on_top_of_the_stored_schema(tmp_path):
    mm.read({"a": [1, 2] * 20, "b": [3.5, 4] * 20}, target="a").write(tmp_path / "t.parquet")
    again = mm.read(tmp_path / "t.parquet", target="b", kinds={"a": "integer"}, columns=["b", "a"])
    assert (again.names, again.target, again.schema["a"].kind) == (["b", "a"], "b", "integer")


def test_a_stored_schema_is_left_aside_where_another_tool_changed_the_columns(tmp_path):
    path = tmp_path / "t.parquet"
    mm.read({"a": [1, 2]}).write(path)
    table = pq.read_table(path)
    pq.write_table(table.append_column("b", pa.array(["x", "y"])), path)
    assert mm.read(path).names == ["a", "b"]


@pytest.mark.parametrize("text", [b"{", b'{"schema": 3}', b"[]", b'{"schema": {"columns": [{"nme": "a"}]}}'])
def test_a_damaged_stored_schema_is_refused(tmp_path, text):
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({b"mintmark": text}), tmp_path / "t.parquet")
    with pytest.raises(InputError):
        mm.read(tmp_path / "t.parquet")


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "csv.bz2", "csv.xz", "csv.zst", "jsonl", "jsonl.gz"])
def test_text_formats_hold_every_type(tmp_path, ending):
    data = mm.read(hard())
    path = tmp_path / f"t.{ending}"
    data.write(path)
    again = mm.read(path)
    assert again.names == data.names
    for name in ("größe", "class", "年", "yes", "small", "half", "gone"):
        assert again.table[name].to_pylist() == data.table[name].to_pylist()
    assert again.table["took"].to_pylist() == [259201, None, 0]
    assert again.table["exact"].to_pylist() == [1.10, None, -99.99]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl.gz", "parquet", "arrow"])
def test_the_same_dataset_gives_the_same_bytes(tmp_path, ending):
    data = mm.read(hard())
    data.write(tmp_path / f"a.{ending}")
    data.write(tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")
    mm.read({"a": [1], "b": ["x"]}).write(path)
    assert path.read_text() == '"a","b"\n1,"x"\n'
    assert os.listdir(tmp_path) == ["t.csv"]


def test_trouble_with_the_disk_is_one_error_and_leaves_nothing(tmp_path):
    data = mm.read({"a": [1]})
    (tmp_path / "taken.csv").mkdir()
    (tmp_path / "file").write_text("")
    for place in ("nowhere/t.csv", "taken.csv", "file/t.csv", "t.xlsx", "t.parquet.gz"):
        with pytest.raises(OutputError):
            data.write(tmp_path / place)
    assert sorted(os.listdir(tmp_path)) == ["file", "taken.csv"]


def _parts(data, size=2):
    """The same rows in parts; like a model's, only the last one knows the count."""
    for start in range(0, len(data), size):
        yield mm.Dataset(data.table.slice(start, size), data.schema, {"drawn": min(start + size, len(data))})


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv", "csv.zst", "jsonl", "jsonl.xz"])
def test_parts_make_the_same_file_as_the_whole(tmp_path, ending):
    data = mm.read(hard())
    told = mm.write(_parts(data), tmp_path / f"parts.{ending}")
    mm.write(data, tmp_path / f"whole.{ending}")
    parts, whole = (mm.read(tmp_path / f"{name}.{ending}") for name in ("parts", "whole"))
    assert parts.table.equals(whole.table)
    assert parts.schema == whole.schema
    assert told == {"drawn": 3}
    if ending in ("parquet", "arrow"):
        assert parts.provenance == {"drawn": 3}


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl.gz"])
@pytest.mark.parametrize("error", [InputError("no more rows."), KeyboardInterrupt()])
def test_parts_that_stop_midway_leave_the_old_file(tmp_path, ending, error):
    def parts():
        yield from _parts(mm.read(hard()))
        raise error

    path = tmp_path / f"t.{ending}"
    path.write_text("old")
    with pytest.raises(type(error)):
        mm.write(parts(), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]


def test_parts_of_two_schemas_or_none_are_refused(tmp_path):
    with pytest.raises(InputError, match="not of one schema"):
        mm.write([mm.read({"a": [1, 2]}), mm.read({"a": ["x", "y"]})], tmp_path / "t.csv")
    with pytest.raises(InputError, match="no part to write"):
        mm.write([], tmp_path / "t.csv")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", ["csv", "parquet", "csv.zst", "jsonl.xz"])
def test_a_full_disk_leaves_the_old_file(tmp_path, ending):
    resource = pytest.importorskip("resource")
    import signal

    path = tmp_path / f"t.{ending}"
    path.write_text("old")
    data = mm.read({"a": np.random.default_rng(0).integers(0, 2**40, 10_000)})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"cannot be written: .*File too large"):
            mm.write(_parts(data, 1000), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]


def test_urls_are_written_through_fsspec():
    data = mm.read({"a": [1, 2], "b": ["x", None]})
    data.write("memory://out/t.parquet")
    assert mm.read("memory://out/t.parquet").table.equals(data.table)


def test_frames_come_back(tmp_path):
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    data = mm.read({"a": [1, 2, 3], "b": ["x", "y", None], "c": [0.5, None, 1.5]})
    assert mm.read(data.to_pandas()).table.equals(data.table)
    assert mm.read(data.to_polars()).table.equals(data.table)
    assert mm.read(data.to_numpy()).table.equals(data.table)


CELLS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8).map(str.strip).filter(bool)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), CELLS), min_size=1, max_size=20))
@example(["None"])
@example(["INF", None])
@example(["2020-01-01"])
def test_any_text_comes_back_from_csv(cells):
    data = mm.read({"row": list(range(len(cells))), "x": pa.array(["a", *cells][1:], pa.string())})
    data.write("memory://any/t.csv")
    again = mm.read("memory://any/t.csv", kinds={"x": "category"})
    if again.table["x"].type == pa.string():
        assert again.table["x"].to_pylist() == cells
    else:  # every cell was a number, date or flag
        assert again.table["x"].null_count == cells.count(None)
