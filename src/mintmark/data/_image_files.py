"""Pictures in files to a dataset: a folder of classes, a flat folder, arrays in an .npz file."""

from __future__ import annotations

import io
import logging
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data._files import check_path, is_url, local_path, remote
from mintmark.data._tidy import LARGEST_MEDIA
from mintmark.data.dataset import Dataset
from mintmark.data.images import chunked, encoded, header, is_image
from mintmark.data.schema import Column, Schema, type_name
from mintmark.errors import InputError, UnknownNameError, first_three

__all__ = ["holds_images", "read_images"]

LARGEST_ARRAY = 1 << 33
"""Bytes of one array in an .npz file; packed, they may take a thousandth."""
_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".dcm",
)  # fmt: skip
"""Who names a file so means a picture: that it is none we decode is told, not passed over."""
_SPLIT = r"train|val|valid|validation|test"
_NAME = re.compile(
    rf"(?:(?P<before>{_SPLIT})_)?(?:(?P<pictures>images?|imgs?|x|data)|labels?|targets?|y)"
    rf"(?:_(?P<after>{_SPLIT}))?",
    re.IGNORECASE,
)
_log = logging.getLogger(__name__)


def holds_images(source: Any) -> bool:
    """Whether `read_images` and not `read_file` is who reads it: a local folder, or a name in .npz."""
    if not isinstance(source, (str, Path)):
        return False
    text = str(source)
    return text.lower().endswith(".npz") or (not is_url(text) and local_path(source).is_dir())


def read_images(source: str | Path, split: str | None = None) -> Dataset:
    """The pictures of a folder or .npz file.

    A folder of folders gives `image` and `label` (the folder's name), a flat one `image` and `file`
    (role key), both in the order of names. Hidden files are passed over, what is no picture is named in
    a warning. An .npz file gives `image` and, where it has labels, `label`.

    Parameters
    ----------
    source : str or Path
    split : str, optional
        Which of an .npz file's splits.

    Raises
    ------
    InputError
        No picture, one that cannot be used, a link, folders in folders, arrays that do not fit.
    """
    if str(source).lower().endswith(".npz"):
        return _npz(source, split)
    if split is not None:
        raise InputError(f"{source} is a folder. Name the folder of the split itself, and no split=.")
    return _folder(local_path(source))


def _folder(root: Path) -> Dataset:
    files, folders = _listed(root)
    strays: list[str] = []
    flat = list(_pictures(root, files, strays))
    classed = [(name, path) for name in folders for path in _class(root / name, strays)]
    if flat and classed:
        raise InputError(
            f"{root} holds pictures ({flat[0].name}, ...) beside folders of pictures ({classed[0][0]}, ...). "
            "Put each picture in the folder of its class."
        )
    if not flat and not classed:
        raise InputError(
            f"{root} is a folder that holds no pictures, neither in itself nor in its folders. "
            "Name one file, or read its tables with read_database."
        )
    if strays:
        _log.warning("left out, for they are no pictures: %s", first_three(strays))
    empty = sorted(set(folders) - {name for name, _ in classed})
    if empty:
        _log.warning("left out, for they hold no pictures: %s", first_three(empty))
    if flat:
        names = pa.array([path.name for path in flat], pa.string())
        return _dataset(flat, "file", names, Column(name="file", kind="text", dtype="string", roles=("key",)))
    labels = pa.array([name for name, _ in classed], pa.string())
    column = Column(name="label", kind="category", dtype="string")
    return _dataset([path for _, path in classed], "label", labels, column)


def _dataset(paths: Sequence[Path], name: str, values: pa.Array, column: Column) -> Dataset:
    table = pa.table({"image": chunked(map(_whole, paths)), name: values})
    return Dataset(table, Schema((_IMAGE, column)))


_IMAGE = Column(name="image", kind="image", dtype="binary")


def _class(folder: Path, strays: list[str]) -> Iterator[Path]:
    files, deeper = _listed(folder)
    if deeper:
        raise InputError(
            f"{folder} holds folders ({first_three(deeper)}). Name the one folder whose folders are the "
            f"classes, such as read({str(folder)!r})."
        )
    yield from _pictures(folder, files, strays)


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the files and folders in a folder, sorted, hidden ones left out.

    A link is refused: whoever packed the folder would choose which files of this machine are read.
    """
    files, folders = [], []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}.") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            raise InputError(f"{entry.path} is a link. Put the file itself there, or take the link away.")
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            raise InputError(f"{entry.path!a}: the name is not UTF-8. Give it another.") from None
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.name)
        else:
            files.append(entry.name)
    return files, folders


def _pictures(folder: Path, files: Sequence[str], strays: list[str]) -> Iterator[Path]:
    """Those of the files that are pictures, by their first bytes; the others are told to `strays`."""
    for path in (folder / name for name in files):
        if path.is_file() and is_image(_read(path, 16)):
            yield path
        elif path.suffix.lower() in _ENDINGS:
            raise InputError(
                f"{path} is no PNG, JPEG, GIF, WebP or BMP picture, whatever its name says. "
                "Convert it, or take it away."
            )
        else:
            strays.append(f"{folder.name}/{path.name}")


def _whole(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST_MEDIA:
        raise InputError(f"{path} has {size:,} bytes, the limit is {LARGEST_MEDIA:,}. Make it smaller.")
    cell = _read(path)
    header(cell, str(path))  # here its name is known, later only its row
    return cell


def _read(path: Path, size: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def _npz(source: str | Path, split: str | None) -> Dataset:
    where = str(source)
    try:
        with _opened(where) as file, np.load(file, allow_pickle=False) as archive:
            pictures, labels = _chosen(archive.files, split)
            made = {"image": encoded(_array(archive, pictures))}
            columns = [_IMAGE]
            if labels is not None:
                made["label"] = _labels(_array(archive, labels), labels, pictures, len(made["image"]))
                columns.append(Column(name="label", kind="category", dtype=type_name(made["label"].type)))
    except InputError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, MemoryError):
        raise InputError(
            f"{where} is damaged, or holds Python objects, which are never unpickled. "
            "Write it again with np.savez, of plain arrays."
        ) from None
    if not len(made["image"]):
        raise InputError(f"{where}: array {pictures!r} holds no pictures. Give at least one.")
    return Dataset(pa.table(made), Schema(tuple(columns)))


def _opened(where: str) -> BinaryIO:
    if is_url(where):
        return io.BytesIO(remote(where))
    path = local_path(where)
    check_path(path)
    return path.open("rb")  # numpy leaves open what it cannot read


def _chosen(names: Sequence[str], split: str | None) -> tuple[str, str | None]:
    """Names of the arrays of pictures and of labels, for the split."""
    found: dict[str, dict[bool, list[str]]] = {}
    for name in names:
        if match := _NAME.fullmatch(name):
            part = (match["before"] or match["after"] or "").lower()
            found.setdefault(part, {True: [], False: []})[bool(match["pictures"])].append(name)
    splits = {part: kinds for part, kinds in found.items() if kinds[True]}
    if not splits:
        raise InputError(
            f"no array is named as pictures are (images, x or data; for a split train_images, x_train, ...). "
            f"There are: {first_three(names) or 'none'}. Give them as read({{'image': ..., 'label': ...}})."
        )
    if split is None and len(splits) > 1:
        named = list(map(repr, splits))
        raise InputError(
            f"there are several splits: {', '.join(named)}. Name one: read(..., split={named[0]})."
        )
    if split is not None and split not in splits:
        raise UnknownNameError("split", split, splits)
    kinds = splits[split] if split is not None else next(iter(splits.values()))
    for several in kinds.values():
        if len(several) > 1:
            raise InputError(
                f"arrays {' and '.join(map(repr, several))} could be the same thing. Give the right ones as "
                "read({'image': ..., 'label': ...})."
            )
    return kinds[True][0], next(iter(kinds[False]), None)


def _array(archive: Any, name: str) -> npt.NDArray[Any]:
    declared = archive.zip.getinfo(f"{name}.npy").file_size
    if declared > LARGEST_ARRAY:
        raise InputError(f"array {name!r} has {declared:,} bytes, the limit is {LARGEST_ARRAY:,}. Split it.")
    array: npt.NDArray[Any] = archive[name]
    return array


def _labels(array: npt.NDArray[Any], name: str, pictures: str, count: int) -> pa.Array:
    if array.shape not in {(count,), (count, 1)}:
        raise InputError(
            f"array {name!r} has shape {array.shape}, {pictures!r} {count:,} pictures. "
            "Give one label a picture."
        )
    if array.dtype.kind not in "biuU":
        raise InputError(f"array {name!r} holds {array.dtype}. Give labels as whole numbers or text.")
    return pa.array(array.reshape(count))
