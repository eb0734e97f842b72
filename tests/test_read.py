import bz2
import contextlib
import datetime as dt
import gzip
import lzma
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mintmark as mm
from mintmark.errors import InputError, UnknownNameError

SAMPLE = "age,sex,pay\n31,f,10.5\n45,m,\n62,f,7.25\n"


def csv(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_plain_csv_gets_types_and_missing_values(tmp_path):
    table = mm.read(csv(tmp_path, SAMPLE)).table
    assert table.to_pydict() == {"age": [31, 45, 62], "sex": ["f", "m", "f"], "pay": [10.5, None, 7.25]}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, mark):
    data = mm.read(csv(tmp_path, SAMPLE.replace(",", mark)))
    assert data.names == ["age", "sex", "pay"]


def test_a_decimal_comma_is_found_beside_semicolons(tmp_path):
    data = mm.read(csv(tmp_path, "a;b\n1,5;x\n-2,25;y\n1.000,5;z\n"))
    assert data.table["a"].to_pylist() == [1.5, -2.25, 1000.5]


def test_a_declared_decimal_comma_reads_whole_numbers_with_thousands(tmp_path):
    data = mm.read(csv(tmp_path, "a;b\n1.000;x\n2;y\n"), decimal=",")
    assert data.table["a"].to_pylist() == [1000, 2]


@pytest.mark.parametrize("token", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", " ? "])
def test_missing_tokens_are_missing(tmp_path, token):
    data = mm.read(csv(tmp_path, f"a,b\n1,x\n{token},{token}\n3,y\n"))
    assert data.table["a"].to_pylist() == [1, None, 3]
    assert data.table["b"].to_pylist() == ["x", None, "y"]


def test_a_quoted_token_is_text(tmp_path):
    data = mm.read(csv(tmp_path, 'a,b\n"None",x\n"high",y\n'))
    assert data.table["a"].to_pylist() == ["None", "high"]


@pytest.mark.parametrize(
    ("pack", "ending"),
    [
        (gzip.compress, ".gz"),
        (bz2.compress, ".bz2"),
        (lzma.compress, ".xz"),
        (lambda data: pa.Codec("zstd").compress(data, asbytes=True), ".zst"),
    ],
)
def test_packed_files_are_unpacked(tmp_path, pack, ending):
    data = mm.read(csv(tmp_path, pack(SAMPLE.encode()), f"table.csv{ending}"))
    assert len(data) == 3


def test_quotes_newlines_and_a_byte_order_mark(tmp_path):
    text = '\ufeffname,"a ""b"""\n"x, y",1\n"two\nlines",2\n'
    data = mm.read(csv(tmp_path, text))
    assert data.table.to_pydict() == {"name": ["x, y", "two\nlines"], 'a "b"': [1, 2]}


def test_another_quote_character(tmp_path):
    data = mm.read(csv(tmp_path, "a,b\n'x, y',1\n'z',2\n"), quote="'")
    assert data.table["a"].to_pylist() == ["x, y", "z"]


def test_latin_1_reads_when_declared(tmp_path):
    data = mm.read(csv(tmp_path, "a,b\nKöln,1\nBonn,2\n".encode("latin-1")), encoding="latin-1")
    assert data.table["a"].to_pylist() == ["Köln", "Bonn"]


def test_utf_16_is_found_by_its_mark(tmp_path):
    assert len(mm.read(csv(tmp_path, SAMPLE.encode("utf-16")))) == 3


def test_a_leading_zero_keeps_a_code_a_text(tmp_path):
    data = mm.read(csv(tmp_path, "zip,n\n00501,1\n10001,2\n"))
    assert data.table["zip"].to_pylist() == ["00501", "10001"]


def test_declared_text_stays_as_it_stands(tmp_path):
    data = mm.read(csv(tmp_path, "a,b\n1.0,1\n2.50,2\n"), kinds={"a": "text"})
    assert data.table["a"].to_pylist() == ["1.0", "2.50"]


def test_dates_and_times_become_such(tmp_path):
    text = "d,t,z,f,b\n2024-05-31,2024-05-31 12:00:00,2024-05-31T12:00:00+02:00,2024-05-31 12:00:00.5,true\n"
    table = mm.read(csv(tmp_path, text)).table
    assert [str(kind) for kind in table.schema.types] == [
        "date32[day]", "timestamp[s]", "timestamp[us, tz=UTC]", "timestamp[us]", "bool",
    ]  # fmt: skip
    assert table["z"][0].as_py() == dt.datetime(2024, 5, 31, 10, tzinfo=dt.UTC)


def test_unicode_and_keyword_names(tmp_path):
    data = mm.read(csv(tmp_path, "größe,class,年\n1,a,3\n2,b,4\n"))
    assert data.names == ["größe", "class", "年"]


def test_one_column_keeps_its_empty_lines_as_missing(tmp_path):
    assert mm.read(csv(tmp_path, "a\n1\n\n3\n")).table["a"].to_pylist() == [1, None, 3]


def test_windows_line_ends(tmp_path):
    assert mm.read(csv(tmp_path, SAMPLE.replace("\n", "\r\n"))).table["sex"].to_pylist() == ["f", "m", "f"]


def test_json_lines(tmp_path):
    data = mm.read(csv(tmp_path, '{"a": 1, "b": "x"}\n{"a": null, "b": "y"}\n', "t.jsonl"))
    assert data.table.to_pydict() == {"a": [1, None], "b": ["x", "y"]}


FAULTS = {
    "empty file": ("", "is empty. Give a file with a header and at least one row"),
    "header only": ("a,b\n", "no rows. Give at least one"),
    "two names alike": ("a,b,a\n1,2,3\n", "column 'a' occurs more than once"),
    "mixed types": (
        "age,b\n" + "1,2\n" * 19 + "forty,2\n",
        "column 'age', row 20 of 20: value 'forty' is not a number.\nFix the value, or mark the column as "
        "category: read(..., kinds={'age': 'category'}) or --kind age=category.",
    ),
    "infinity": ("a,b\n1.5,2\ninf,2\n", "column 'a', row 2 of 2: value inf is not finite"),
    "wide": (",".join(f"c{i}" for i in range(20_001)) + "\n", "20,001 columns, the limit is 20,000"),
    "long": ("a,b\n1," + "x" * 10_000_000 + "\n2,y\n", "column 'b', row 1 of 2: the cell holds 10,000,000"),
    "not utf-8": ("a,b\nx,1\nK\xf6ln,2\n".encode("latin-1"), "row 2: byte 0xf6 is not utf-8"),
    "open quote": ('a,b\n1,x\n2,"y\n3,z\n', "row 2: a quote \" is opened and never closed"),
    "ragged": ("a,b\n1,2\n1,2,3\n4,5\n", "row 2 has 3 cells, the header names 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_bad_csv_gets_one_clear_error(tmp_path, case):
    text, message = FAULTS[case]
    with pytest.raises(InputError) as caught:
        mm.read(csv(tmp_path, text))
    assert message in str(caught.value)
    assert str(caught.value).count("\n") <= 1
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_remedy_for_mixed_types_works(tmp_path):
    path = csv(tmp_path, FAULTS["mixed types"][0])
    data = mm.read(path, kinds={"age": "category"})
    assert data.schema["age"].kind == "category"
    assert data.table["age"][19].as_py() == "forty"


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_names_its_file(tmp_path, case):
    with pytest.raises(InputError, match=r"^t\.csv"):
        mm.read(csv(tmp_path, FAULTS[case][0], "t.csv"))


def test_a_column_that_cannot_be_read_can_be_left_out():
    table = pa.table({"a": [[1], [2]], "b": [1.0, float("inf")], "c": [1, 2]})
    assert mm.read(table, drop=["a", "b"]).names == ["c"]
    with pytest.raises(UnknownNameError, match="Did you mean 'c'"):
        mm.read(table, drop=["C"])


def test_the_remedy_for_another_encoding_is_named(tmp_path):
    with pytest.raises(InputError, match="encoding='latin-1'"):
        mm.read(csv(tmp_path, FAULTS["not utf-8"][0]))


def test_a_missing_file_offers_the_nearest(tmp_path):
    csv(tmp_path, SAMPLE, "customers.csv")
    with pytest.raises(InputError, match=r"does not exist. Did you mean '.*customers.csv'"):
        mm.read(tmp_path / "custmers.csv")


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        mm.read(tmp_path)


def test_an_unknown_ending_lists_the_known(tmp_path):
    with pytest.raises(InputError, match=r"'.xlsx' names no format. Use .csv"):
        mm.read(csv(tmp_path, SAMPLE, "t.xlsx"))


def test_a_truncated_parquet_is_damaged(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="truncated, damaged"):
        mm.read(path)


@pytest.mark.parametrize("ending", ["csv.gz", "csv.bz2", "csv.xz", "csv.zst"])
def test_a_damaged_pack_is_named(tmp_path, ending):
    with pytest.raises(InputError, match="damaged"):
        mm.read(csv(tmp_path, SAMPLE, f"t.{ending}"))


def test_broken_json_names_the_row(tmp_path):
    with pytest.raises(InputError, match="row 2: not JSON Lines"):
        mm.read(csv(tmp_path, '{"a": 1}\n{"a": \n', "t.jsonl"))


def test_mixed_json_names_column_and_row(tmp_path):
    with pytest.raises(InputError, match="column 'a', row 2"):
        mm.read(csv(tmp_path, '{"a": 1}\n{"a": "x"}\n', "t.jsonl"))


@pytest.mark.parametrize("values", [[[1], [2]], [{"x": 1}, {"x": 2}]])
def test_nested_columns_are_refused_and_can_be_left_out(values):
    table = pa.table({"a": [1, 2], "b": values})
    with pytest.raises(InputError, match="column 'b' is nested"):
        mm.read(table)
    assert mm.read(table, columns=["a"]).names == ["a"]


def test_an_unknown_target_offers_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown column 'agee'\. Did you mean 'age'"):
        mm.read(csv(tmp_path, SAMPLE), target="agee")


def test_a_mixed_pandas_column_names_the_odd_value():
    frame = pd.DataFrame({"a": pd.Series([1, 2, "three", None], dtype=object)})
    with pytest.raises(InputError, match="column 'a', row 3 of 4: value 'three' is str, most are int"):
        mm.read(frame)
    data = mm.read(frame, kinds={"a": "category"})
    assert data.table["a"].to_pylist() == ["1", "2", "three", None]


def test_python_objects_are_refused():
    with pytest.raises(InputError, match="column 'a' holds Python objects of type complex"):
        mm.read({"a": [1 + 2j]})


def test_pandas_names_alike_are_refused():
    with pytest.raises(InputError, match="more than once"):
        mm.read(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_frames_of_all_sorts_give_one_table():
    columns = {"a": [1, 2, 3], "b": ["x", "y", None], "c": [0.5, None, 1.5]}
    wanted = mm.read(pa.table(columns)).table
    frame = pd.DataFrame(columns, index=[7, 8, 9])
    as_arrays = {"a": np.array([1, 2, 3]), "b": np.array(["x", "y", None], object), "c": [0.5, np.nan, 1.5]}
    polars = pl.DataFrame(columns)
    for source in (frame, polars, polars.lazy(), as_arrays, wanted.to_batches()[0], mm.read(wanted)):
        assert mm.read(source).table.equals(wanted)


def test_a_pandas_category_of_numbers_stays_a_category():
    frame = pd.DataFrame({"code": pd.Categorical([100, 2000, 30000] * 10)})
    data = mm.read(frame)
    assert (data.schema["code"].kind, data.schema["code"].dtype) == ("category", "int64")


def test_a_stored_pandas_index_is_left_out(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1, 2]}, index=[5, 9]).to_parquet(path)
    assert mm.read(path).names == ["a"]


def test_types_are_made_plain():
    table = pa.table(
        {
            "large": pa.array(["x", "y"], pa.large_string()),
            "view": pa.array(["x", "y"], pa.string_view()),
            "coded": pa.array(["x", "y"]).dictionary_encode(),
            "time": pa.array([dt.time(1, 2), None]),
            "bytes": pa.array([b"x", b"y"], pa.large_binary()),
            "picture": pa.array([b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\nz"]),
            "nan": pa.array([1.0, float("nan")]),
        }
    )
    data = mm.read(table)
    assert [c.dtype for c in data.schema] == [*["string"] * 5, "binary", "double"]
    assert data.schema["picture"].kind == "image"
    assert data.table["nan"].to_pylist() == [1.0, None]


def test_lengths_that_differ_and_two_dimensions_are_named():
    with pytest.raises(InputError, match="column 'b' has 1 values, the others 2"):
        mm.read({"a": [1, 2], "b": [1], "c": [1, 2]})
    with pytest.raises(InputError, match=r"column 'a' has shape \(2, 2\)"):
        mm.read({"a": np.ones((2, 2))})


@pytest.mark.parametrize("source", [42, None, [1, 2], np.ones((2, 2))])
def test_what_is_no_table_is_refused(source):
    with pytest.raises(InputError, match="cannot read a table"):
        mm.read(source)


def test_urls_are_read_through_fsspec(tmp_path):
    import fsspec

    with fsspec.open("memory://somewhere/t.csv", "wb") as file:
        file.write(SAMPLE.encode())
    assert len(mm.read("memory://somewhere/t.csv")) == 3
    assert len(mm.read(csv(tmp_path, SAMPLE).as_uri())) == 3
    with pytest.raises(InputError, match="does not exist"):
        mm.read("memory://nowhere/t.csv")


def test_local_files_need_neither_fsspec_nor_a_frame_library(tmp_path):
    path = csv(tmp_path, SAMPLE)
    code = """
import os
import sys
class Without:  # as if they were not installed
    def find_spec(name, path=None, target=None):
        if name in {"fsspec", "pandas", "polars"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without)
import mintmark as mm
mm.read(sys.argv[1]).write(sys.argv[1] + ".parquet")
data = mm.read(sys.argv[1] + ".parquet")
for convert in (data.to_pandas, data.to_polars):
    try:
        convert()
    except ImportError as error:
        print(error)
sys.stdout.flush()
os._exit(0)  # a thread of Arrow's may abort a process that ends at once; what was said is the test
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "pandas is not installed. Run: pip install 'mintmark[pandas]'",
        "polars is not installed. Run: pip install 'mintmark[polars]'",
    ]


def test_a_given_schema_is_used_as_it_stands(tmp_path):
    schema = mm.Schema((mm.Column(name="age", kind="number", dtype="double", low=0, high=99, decimals=0),))
    data = mm.read({"age": [31, 45]}, schema=schema)
    assert data.schema == schema
    with pytest.raises(UnknownNameError, match="'ages'"):
        mm.read({"ages": [31]}, schema=schema)


def test_editing_a_dataset_read_again_keeps_the_rest():
    data = mm.read({"a": [1, 2, 3], "b": ["x", "y", "x"]}, target="b")
    again = mm.read(data, target="a", kinds={"a": "number"})
    assert again.target == "a"
    assert again.schema["a"].kind == "number"
    assert again.schema["b"].roles == ()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_an_input_error(content):
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / "mintmark-any-bytes.csv"
    path.write_bytes(content)
    try:
        with contextlib.suppress(InputError):
            assert len(mm.read(path)) > 0
    finally:
        path.unlink()
