"""What was learnt, on disk: JSON values, arrays and Arrow tables; never code.

A model is a directory of fixed names: ``model.json`` (values and the SHA-256 of the rest),
``arrays.safetensors`` and ``table.NAME.arrow``. Nothing else in the directory is ever opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.errors import ModelFileError, OutputError

__all__ = ["FORMAT", "read_model", "write_model"]

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_ARRAYS = "arrays.safetensors"


def write_model(path: str | Path, header: Mapping[str, Any], learnt: Mapping[str, Any]) -> None:
    """Write a model directory (mode 700) all at once, replacing a model that stands there.

    Raises
    ------
    OutputError
        If `path` exists and is no model, or cannot be written.
    """
    from safetensors.numpy import save

    path = Path(path)
    if path.exists() and not (path / "model.json").is_file() and (not path.is_dir() or any(path.iterdir())):
        raise OutputError(f"{path} exists and holds no model. Give another path, or remove it.")
    arrays = {k: np.asarray(v, order="C") for k, v in learnt.items() if isinstance(v, np.ndarray)}
    tables = {k: v for k, v in learnt.items() if isinstance(v, pa.Table)}
    values = {k: v for k, v in learnt.items() if k not in arrays and k not in tables}
    files = {_ARRAYS: save(arrays)}
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"learnt table {name!r}: a name is letters, digits, _ and -")
        files[f"table.{name}.arrow"] = _ipc(table)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    record = {**header, "format": FORMAT, "files": digests, "learnt": values}
    files["model.json"] = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))  # mkdtemp is mode 700
        try:
            for name, content in files.items():
                (made / name).write_bytes(content)
            if path.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
                os.replace(path, old / "old")
                os.replace(made, path)
                shutil.rmtree(old)
            else:
                os.replace(made, path)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot write the model to {path}: {error.strerror or error}.") from error


def _ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def read_model(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and what was learnt.

    Raises
    ------
    ModelFileError
        If there is no model, it was written by a newer version, or any byte of it was changed.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    record = _header(path / "model.json")
    files, learnt = record.pop("files"), dict(record.pop("learnt"))
    for name, digest in files.items():
        found = re.fullmatch(r"table\.([A-Za-z0-9_\-]{1,64})\.arrow", name)
        if name != _ARRAYS and not found:
            raise ModelFileError(f"{path / 'model.json'} names a file {name!r} that no model has.")
        content = _content(path / name, digest)
        try:
            if found:
                table = pa.ipc.open_file(content).read_all()
                table.validate(full=True)
                learnt[found[1]] = table
            else:
                learnt.update(load(content))
        except (SafetensorError, pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise ModelFileError(f"{path / name} is damaged: {error}.") from None
    return record, learnt


def _header(file: Path) -> dict[str, Any]:
    """What ``model.json`` says, its shape checked."""
    if file.is_symlink():
        raise ModelFileError(f"{file} is a link. Copy the model whole.")
    if not file.is_file():
        raise ModelFileError(f"{file.parent} holds no model (no model.json). Make one with `mintmark fit`.")
    try:
        record = json.loads(file.read_bytes())
        if not isinstance(record, dict):
            raise ValueError("not an object")
        if not isinstance(record.get("format"), int):
            raise ValueError("it names no format")
        if record["format"] > FORMAT:
            raise ModelFileError(
                f"{file.parent} has model format {record['format']}, this version reads up to {FORMAT}. "
                "Upgrade mintmark."
            )
        for key in ("files", "learnt"):
            if not isinstance(record.get(key), dict):
                raise ValueError(f"{key!r} is missing or no object")
        if _ARRAYS not in record["files"]:
            raise ValueError(f"it names no {_ARRAYS}")
    except ModelFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{file} is damaged: {error}.") from None
    return record


def _content(file: Path, digest: str) -> bytes:
    if file.is_symlink() or not file.is_file():
        raise ModelFileError(f"{file} is missing or is a link. Fit the model again, or copy it whole.")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelFileError(f"{file} was changed after the model was saved. Fit the model again.")
    return content
