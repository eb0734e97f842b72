"""A file or URL to an Arrow table: CSV, Parquet, Arrow IPC, JSON Lines, packed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import json as arrow_json

from mintmark.data._csv import read_csv, utf8
from mintmark.errors import InputError, OutputError

__all__ = ["ENDINGS", "PACKED", "check_path", "is_url", "local_path", "parts", "read_file", "remote"]

ENDINGS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".data": "csv",
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "ipc", ".feather": "ipc", ".ipc": "ipc",
    ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
PACKED = (".gz", ".bz2", ".xz", ".zst")


def is_url(source: str) -> bool:
    """Whether the text names a place that needs fsspec."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.\-]+(://|::)", source) is not None and not source.startswith(
        "file://"
    )


def local_path(source: str | Path) -> Path:
    """The path of a local file, given as such or as file:// URL."""
    text = str(source)
    return Path(unquote(urlparse(text).path)) if text.startswith("file://") else Path(text).expanduser()


def parts(name: str, error: type[InputError] | type[OutputError] = InputError) -> tuple[str, str]:
    """Format and packing named by the endings; `error` is raised for an ending nobody knows."""
    low = name.lower().partition("?")[0]
    pack = next((ending for ending in PACKED if low.endswith(ending)), "")
    ending = Path(low.removesuffix(pack)).suffix
    if ending not in ENDINGS or (pack and ENDINGS[ending] not in {"csv", "jsonl"}):
        raise error(
            f"{name}: the ending {ending + pack!r} names no format. "
            "Use .csv, .jsonl (either also .gz, .bz2, .xz, .zst), .parquet, .arrow or .feather."
        )
    return ENDINGS[ending], pack


def read_file(source: str | Path, *, kinds: Mapping[str, str], **options: Any) -> pa.Table:
    """The table in a file; `options` are those of `read_csv`.

    Raises
    ------
    InputError
        If the file is missing, a directory, empty, damaged, or of unknown ending.
    """
    text = str(source)
    if is_url(text):
        form, pack = parts(text)
        data, where = remote(text), text
    else:
        path = local_path(source)
        check_path(path)
        form, pack = parts(path.name)
        data, where = _bytes(path), path.name
    if not data:
        raise InputError(f"{where} is empty. Give a file with a header and at least one row.")
    data = _unpack(data, pack, where) if pack else data
    if not data.strip():
        raise InputError(f"{where} is empty. Give a file with a header and at least one row.")
    if form == "csv":
        return read_csv(data, where, kinds=kinds, **options)
    if form == "jsonl":
        return _jsonl(utf8(data, options.get("encoding"), where, header=False), where)
    return _binary(data, where, _parquet if form == "parquet" else _ipc)


def check_path(path: Path) -> None:
    """Raise `InputError` for a folder, or for a file that does not exist; offers the nearest name."""
    if path.is_dir():
        raise InputError(f"{path} is a folder. Name one file.")
    if path.exists():
        return
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"file {str(path)!r} does not exist, nor does its folder.")
    near = get_close_matches(path.name, sorted(p.name for p in folder.iterdir() if p.is_file()), n=1)
    hint = f"Did you mean {str(folder / near[0])!r}?" if near else "Check the name."
    raise InputError(f"file {str(path)!r} does not exist. {hint}")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def remote(url: str) -> bytes:
    """What lies at an fsspec URL."""
    import fsspec

    try:
        with fsspec.open(url, "rb") as file:
            return bytes(file.read())
    except FileNotFoundError:
        raise InputError(f"{url} does not exist.") from None
    except (ImportError, ValueError, OSError) as error:
        raise InputError(f"{url} cannot be read: {str(error).partition(chr(10))[0]}") from None


def _unpack(data: bytes, pack: str, where: str) -> bytes:
    unpack: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress, ".zst": _zstd,
    }  # fmt: skip
    try:
        return unpack[pack](data)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        raise InputError(f"{where} is damaged or not packed as {pack} says. Get the file again.") from None


def _zstd(data: bytes) -> bytes:
    return bytes(pa.CompressedInputStream(pa.BufferReader(data), "zstd").read())


def _jsonl(data: bytes, where: str) -> pa.Table:
    block = min(len(data) + 1, (1 << 31) - 1)
    try:
        return arrow_json.read_json(
            pa.BufferReader(data), arrow_json.ReadOptions(use_threads=False, block_size=max(block, 1024))
        )
    except pa.ArrowInvalid as error:
        text = str(error)
        if found := re.search(r"Column\(/(.+?)(/.*)?\) changed from (\w+) to (\w+) in row (\d+)", text):
            raise InputError(
                f"{where}, column {found[1]!r}, row {int(found[5]) + 1:,}: a {found[4]} where the rows "
                f"before hold a {found[3]}. Give the column one type."
            ) from None
        if found := re.search(r"Column\(/(.+?)\) was specified twice in row (\d+)", text):
            raise InputError(f"{where}: column {found[1]!r} occurs more than once in a row.") from None
        row = re.search(r"in row (\d+)", text)
        place = f", row {int(row[1]) + 1:,}" if row else ""
        raise InputError(f"{where}{place}: not JSON Lines; each line must be one JSON object.") from None


def _parquet(data: bytes) -> pa.Table:
    # ParquetFile and not read_table, which loads the data set machinery
    return pq.ParquetFile(pa.BufferReader(data)).read()


def _ipc(data: bytes) -> pa.Table:
    opener = pa.ipc.open_file if data[:6] == b"ARROW1" else pa.ipc.open_stream
    return opener(pa.BufferReader(data)).read_all()


def _binary(data: bytes, where: str, reader: Callable[[bytes], pa.Table]) -> pa.Table:
    try:
        table = reader(data)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(
            f"{where} is truncated, damaged or not of the format its ending names. Write or get it again."
        ) from None
    return table
