"""Write a dataset to a file: all of it or nothing; the ending names the format."""

from __future__ import annotations

import bz2
import contextlib
import datetime as dt
import decimal
import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from mintmark.data._files import is_url, local_path, parts
from mintmark.data.dataset import Dataset
from mintmark.data.read import METADATA
from mintmark.errors import OutputError

__all__ = ["write"]


def write(data: Dataset, path: str | Path) -> None:
    """Write CSV, Parquet, Arrow IPC or JSON Lines, by ending; CSV and JSON Lines may be packed.

    Parquet and Arrow files carry schema and provenance in their metadata, so that `read` gives
    back the same dataset. The file appears whole or not at all. The same dataset gives the same
    bytes.

    Parameters
    ----------
    data : Dataset
    path : str or Path, or fsspec URL

    Raises
    ------
    OutputError
        If the disk is full, the place is not writable, or the ending is unknown.
    """
    form, pack = parts(str(path), OutputError)
    content = _bytes(data, form)
    if pack:
        content = _PACK[pack](content)
    if is_url(str(path)):
        _put(content, str(path))
    else:
        _replace(content, local_path(path))


def _bytes(data: Dataset, form: str) -> bytes:
    if form == "csv":
        return _csv(data.table)
    if form == "jsonl":
        return _jsonl(data.table)
    record = {"schema": data.schema.to_json(), "provenance": dict(data.provenance)}
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    table = data.table.replace_schema_metadata({METADATA: text.encode()})
    sink = pa.BufferOutputStream()
    if form == "parquet":
        pq.write_table(table, sink, compression="zstd")
    else:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return bytes(sink.getvalue())


def _csv(table: pa.Table) -> bytes:
    columns = [_printable(column) for column in table.columns]
    sink = pa.BufferOutputStream()
    # text is quoted and a missing value is not: so "NA" the word and NA the gap stay apart
    options = arrow_csv.WriteOptions(quoting_style="needed")
    arrow_csv.write_csv(pa.table(columns, names=table.column_names), sink, options)
    return bytes(sink.getvalue())


def _printable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Types that the CSV writer does not know, as text or numbers."""
    kind = column.type
    if pa.types.is_null(kind) or pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.string() if not pa.types.is_float16(kind) else pa.float32())
    if pa.types.is_duration(kind):
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        return pc.divide(column.cast(pa.int64()).cast(pa.float64()), float(per_second))
    if pa.types.is_binary(kind):
        raise OutputError("columns of bytes do not fit in text. Write Parquet or Arrow.")
    return column


def _jsonl(table: pa.Table) -> bytes:
    lines = []
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            kept = {name: _json_value(value) for name, value in row.items()}
            lines.append(json.dumps(kept, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode() if lines else b""


def _json_value(value: Any) -> Any:
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        raise OutputError("columns of bytes do not fit in text. Write Parquet or Arrow.")
    return value


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


_PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": _gzip, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": _zstd,
}  # fmt: skip


def _replace(content: bytes, path: Path) -> None:
    hidden = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with hidden.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(hidden, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        with contextlib.suppress(OSError):
            hidden.unlink(missing_ok=True)


def _put(content: bytes, url: str) -> None:
    import fsspec

    try:
        with fsspec.open(url, "wb") as file:
            file.write(content)
    except (ImportError, ValueError, OSError) as error:
        raise OutputError(f"{url} cannot be written: {str(error).partition(chr(10))[0]}") from None
