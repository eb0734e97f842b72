"""Files and folders that appear whole or not at all: temporary name, sync, rename."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mintmark.errors import MintmarkError, OutputError

__all__ = ["SUMS", "folder", "intact", "sha256", "sweep", "write_bytes", "writing"]

SUMS = "SHA256SUMS"
"""Digests of a folder's files, as ``sha256sum --check`` reads them."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusals to write into one `OutputError`."""
    try:
        yield
    except MintmarkError:
        raise
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}. Free some space or give another place."
        ) from error


def write_bytes(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file at once; readers see the old bytes or the new ones."""
    with writing(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.tmp-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.replace(name, path)
            _sync(path.parent)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def folder(path: Path, *, sums: bool = False) -> Iterator[Path]:
    """A fresh folder (mode 700) that takes the place of `path` when the block ends well.

    With `sums`, a `SUMS` file of what it holds is added. A folder that stood there is replaced.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}.tmp-", dir=path.parent))
        try:
            yield made
            if sums:
                lines = [f"{sha256(file)}  {file.name}\n" for file in sorted(made.iterdir())]
                (made / SUMS).write_text("".join(lines), encoding="utf-8")
            for file in made.rglob("*"):
                if file.is_file():
                    _sync(file)
            _sync(made)
            _put(made, path)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _put(made: Path, path: Path) -> None:
    if path.is_dir() and any(path.iterdir()):
        old = Path(tempfile.mkdtemp(prefix=f".{path.name}.tmp-", dir=path.parent))
        os.replace(path, old / "old")
        os.replace(made, path)
        shutil.rmtree(old)
    else:
        os.replace(made, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Have the system write a file or a folder's entries to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path, pattern: str = ".*") -> None:
    """Remove what a killed process left half-written: hidden names, which nothing finished has."""
    for left in folder.glob(pattern):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def intact(path: Path) -> bool:
    """Whether a folder holds exactly the bytes that its `SUMS` file names."""
    try:
        lines = (path / SUMS).read_text(encoding="utf-8").splitlines()
        named = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        return set(named) | {SUMS} == {file.name for file in path.iterdir()} and all(
            sha256(path / name) == digest for name, digest in named.items()
        )
    except OSError:
        return False
