"""Write a dataset to a file: all of it or nothing; the ending names the format."""

from __future__ import annotations

import bz2
import contextlib
import datetime as dt
import decimal
import gzip
import io
import itertools
import json
import lzma
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from mintmark.data import _huggingface
from mintmark.data._files import is_url, local_path, parts
from mintmark.data.dataset import Dataset
from mintmark.data.read import METADATA
from mintmark.errors import InputError, MintmarkError, OutputError

__all__ = ["write"]


def write(data: Dataset | Iterable[Dataset], path: str | Path) -> Mapping[str, Any]:
    """Write CSV, Parquet, Arrow IPC or JSON Lines, by ending; CSV and JSON Lines may be packed.

    Parquet and Arrow files carry schema and provenance in their metadata, so that `read` gives
    back the same dataset. In Parquet, pictures stand as Hugging Face `datasets` loads them. The file
    appears whole or not at all. The same dataset gives the same bytes.

    Parameters
    ----------
    data : Dataset, or an iterable of them
        Parts of one table, in order and of one schema, such as `Synthesizer.sample_parts` makes:
        each goes to the disk before the next is asked for, so that only one is in memory (an Arrow
        file and a URL need them all).
    path : str or Path, or fsspec URL

    Returns
    -------
    mapping
        The provenance that stands in the file: the last part's.

    Raises
    ------
    OutputError
        If the disk is full, the place is not writable, or the ending is unknown.
    """
    form, pack = parts(str(path), OutputError)
    pieces = _Pieces(iter([data] if isinstance(data, Dataset) else data))
    if is_url(str(path)):
        held = io.BytesIO()
        _send(pieces, held, form, pack)
        _put(held.getvalue(), str(path))
    else:
        with _replaced(local_path(path)) as file:
            _send(pieces, file, form, pack)
    return pieces.last.provenance


class _Pieces:
    """The parts of one table, once through; knows what the file must say of them all."""

    def __init__(self, data: Iterator[Dataset]) -> None:
        first = next(data, None)
        if first is None:
            raise InputError("there is no part to write. A table of no rows is a part, too.")
        self.last = first
        self._rest = data

    def __iter__(self) -> Iterator[pa.Table]:
        schema = self.last.schema
        for piece in itertools.chain([self.last], self._rest):
            if piece.schema != schema:
                raise InputError("the parts to be written are not of one schema. Write them one by one.")
            self.last = piece
            yield piece.table

    def metadata(self) -> dict[bytes, bytes]:
        record = {"schema": self.last.schema.to_json(), "provenance": dict(self.last.provenance)}
        return {METADATA: json.dumps(record, sort_keys=True, ensure_ascii=False).encode()}


def _send(pieces: _Pieces, file: BinaryIO, form: str, pack: str) -> None:
    with _PACK[pack](file) as sink:
        _FORM[form](pieces, sink)


def _parquet(pieces: _Pieces, sink: Any) -> None:
    images, metadata = _huggingface.told(pieces.last.schema)
    like = _huggingface.packed(pieces.last.table.slice(0, 0), images).schema
    # `datasets` reads what stands in the Arrow schema, which has to be there before the rows
    with pq.ParquetWriter(sink, like.with_metadata(metadata or None), compression="zstd") as writer:
        for table in pieces:
            writer.write_table(_huggingface.packed(table, images))
        writer.add_key_value_metadata(pieces.metadata())


def _ipc(pieces: _Pieces, sink: Any) -> None:
    table = pa.concat_tables(list(pieces)).replace_schema_metadata(pieces.metadata())
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _csv(pieces: _Pieces, sink: Any) -> None:
    # text is quoted and a missing value is not: so "NA" the word and NA the gap stay apart
    options = arrow_csv.WriteOptions(quoting_style="needed")
    printable = map(_printable, pieces)
    first = next(printable)
    with arrow_csv.CSVWriter(sink, first.schema, write_options=options) as writer:
        for table in itertools.chain([first], printable):
            writer.write_table(table)


def _printable(table: pa.Table) -> pa.Table:
    return pa.table([_as_text(column) for column in table.columns], names=table.column_names)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
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


def _jsonl(pieces: _Pieces, sink: Any) -> None:
    for table in pieces:
        for batch in table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                kept = {name: _json_value(value) for name, value in row.items()}
                sink.write((json.dumps(kept, ensure_ascii=False) + "\n").encode())


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


_FORM: dict[str, Callable[[_Pieces, Any], None]] = {
    "csv": _csv, "jsonl": _jsonl, "parquet": _parquet, "ipc": _ipc,
}  # fmt: skip
_PACK: dict[str, Callable[[BinaryIO], Any]] = {
    "": contextlib.nullcontext,
    ".gz": lambda file: gzip.GzipFile("", "wb", fileobj=file, mtime=0),
    ".bz2": partial(bz2.BZ2File, mode="wb"),
    ".xz": partial(lzma.LZMAFile, mode="wb"),
    ".zst": lambda file: pa.CompressedOutputStream(file, "zstd"),
}


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` when the block ends well."""
    hidden = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with hidden.open("wb") as file:
            yield file
        with hidden.open("rb+") as file:  # what packs may have closed the one above
            os.fsync(file.fileno())
        os.replace(hidden, path)
    except MintmarkError:
        raise
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
