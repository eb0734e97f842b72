"""Where long trainings stand, on disk, so that a fit that was killed goes on there.

A fit opens a folder with `checkpoints`; each training inside takes its place with `next_training` and writes
there, about once a minute, what it needs to go on. A place is one file, safetensors with a JSON record in its
header, whole or not at all and of mode 600: weights may hold values of the real data. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from mintmark.errors import InputError, OutputError, first_three
from mintmark.progress import warn

__all__ = ["Place", "checkpoints", "keep_out", "next_training"]

FORMAT = 1
_EVERY = 60.0  # seconds
_FILE = re.compile(r"training-\d+\.safetensors")
_HALF = re.compile(rf"\.{_FILE.pattern}\.tmp-.*")
_LOCK = ".mintmark-lock"
_VERSIONS = frozenset({"mintmark", "torch", "method_version", "format"})
About = Callable[[], Mapping[str, Any]]


@dataclass
class _Fit:
    """The fit that is under way, its folder and what it is known by."""

    folder: Path
    about: About
    before: float = 0.0
    trainings: int = 0
    known: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.begun = time.monotonic()

    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree with, as JSON gives it back; dear, and so asked for once."""
        if self.known is None:
            self.known = json.loads(json.dumps({"format": FORMAT, **self.about()}))
        return self.known

    def used(self) -> float:
        """Seconds of this fit, those before it was killed among them."""
        return self.before + time.monotonic() - self.begun

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder, keep other fits out until this or the process ends, and drop it if it is empty."""
        file = self.folder / _LOCK
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            held = file.open("ab")
        except OSError as error:
            raise OutputError(
                f"cannot use {self.folder} for checkpoints: {error.strerror or error}. Give another folder."
            ) from error
        with held:
            keep_out(held, f"another fit is at work in {self.folder}. Wait for it, or give another folder.")
            try:
                yield
            finally:
                with suppress(OSError):  # it holds something else, or nothing may be changed there any more
                    if _is_at(held, file):  # not another fit's, where the folder was deleted meanwhile
                        file.unlink()
                        self.folder.rmdir()

    def open(self) -> None:
        """Drop what is damaged in the folder, and refuse what belongs to another fit."""
        for left in _named(self.folder, _HALF):
            left.unlink(missing_ok=True)
        for file in _named(self.folder, _FILE):
            held = _read(file)
            if held is not None:
                self._refuse_other(held[1]["fit"])
                self.before = max(self.before, held[1]["used"])

    def _refuse_other(self, here: Mapping[str, Any]) -> None:
        now = self.identity()
        odd = [name for name in {**now, **here} if here.get(name) != now.get(name)]
        if odd and set(odd) <= _VERSIONS:
            raise InputError(
                f"{self.folder} holds a checkpoint of {_told(odd, here)}, and this is {_told(odd, now)}: a "
                "training goes on with the same alone. Go back to that, or delete the folder to begin anew."
            )
        if odd:
            raise InputError(
                f"{self.folder} holds the checkpoint of another fit: {first_three(odd)} differ"
                f"{'s' * (len(odd) == 1)}. Give another folder, or delete this one to begin anew."
            )

    def remove(self) -> None:
        """Leave nothing of the fit."""
        for file in _named(self.folder, _FILE):
            file.unlink(missing_ok=True)


@dataclass
class Place:
    """Where one training is kept."""

    file: Path
    fit: _Fit

    def __post_init__(self) -> None:
        self.last = time.monotonic()

    def due(self) -> bool:
        """Whether it is a minute since the training began or was last written."""
        return time.monotonic() - self.last >= _EVERY

    def write(self, state: Mapping[str, Any]) -> None:
        """Keep arrays and JSON values by name in place of what was kept before.

        A disk that is full does not end the training.
        """
        record = {
            "fit": self.fit.identity(),
            "used": self.fit.used(),
            "values": {name: value for name, value in state.items() if not isinstance(value, np.ndarray)},
        }
        arrays = {k: np.asarray(v, order="C") for k, v in state.items() if isinstance(v, np.ndarray)}
        try:
            _put(self.file, _packed(arrays, json.dumps(record)))
        except OSError as error:
            warn(
                f"cannot write {self.file}: {error.strerror or error}. Training goes on; if it is killed it "
                "begins again from the checkpoint before. Free some space.",
                stacklevel=3,
            )
        self.last = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """Arrays and values as they were kept, None where there are none."""
        held = _read(self.file) if self.file.exists() else None
        return None if held is None else {**held[1]["values"], **held[0]}


_fit: ContextVar[_Fit | None] = ContextVar("fit", default=None)


@contextmanager
def checkpoints(folder: str | Path | None, about: About) -> Iterator[float]:
    """Let the trainings inside go on from a folder, and keep there where they stand; None keeps nothing.

    The folder is emptied when the block ends, also by an error of the input: the same again would end so
    again. What else ends it, such as a kill or want of memory, leaves it.

    Parameters
    ----------
    folder : path, optional
    about : callable
        JSON values by name that tell this fit from others; called only where they are needed.

    Yields
    ------
    float
        Seconds that the fit took before it was killed.

    Raises
    ------
    InputError
        If the folder holds the checkpoint of another fit or of other versions, or a file of such a name that
        is none.
    OutputError
        If the folder cannot be made, or what it holds not read, or another fit is at work in it.
    """
    if folder is None:
        yield 0.0
        return
    fit = _Fit(Path(folder), about)
    with fit.alone():
        fit.open()
        token = _fit.set(fit)
        try:
            yield fit.before
        except InputError as error:
            if not isinstance(error.__context__, MemoryError):  # which another process may hold
                fit.remove()
            raise
        else:
            fit.remove()
        finally:
            _fit.reset(token)


def keep_out(lock: IO[bytes], told: str) -> None:
    """Keep other processes out until the open file is closed or this process and its forks end, however.

    A system without such locks keeps nobody out.

    Raises
    ------
    OutputError
        If another is at work, as `told` says it, or the disk has no locks.
    """
    try:
        import fcntl
    except ImportError:  # not every system has it
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gone = not _is_at(lock, Path(lock.name))  # removed by another that has just ended
    except BlockingIOError:
        gone = True
    except OSError as error:
        raise OutputError(
            f"cannot lock {lock.name}: {error.strerror or error}. Give a folder on another disk."
        ) from None
    if gone:
        raise OutputError(told)


def _is_at(lock: IO[bytes], file: Path) -> bool:
    """Whether the open file is the one that lies there."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), file.stat())
    except FileNotFoundError:
        return False


def next_training() -> Place | None:
    """The place of the training that begins now; None outside `checkpoints`."""
    fit = _fit.get()
    if fit is None:
        return None
    fit.trainings += 1
    return Place(fit.folder / f"training-{fit.trainings}.safetensors", fit)


def _told(names: list[str], of: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {of.get(name)}" for name in names)


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    """Files whose whole name is of this pattern; others that a user has there are not ours."""
    return sorted(file for file in folder.glob("*") if pattern.fullmatch(file.name) and file.is_file())


def _packed(arrays: Mapping[str, Any], record: str) -> bytes:
    from safetensors.numpy import save

    return bytes(save(dict(arrays), metadata={"record": record, "digest": _digest(arrays, record)}))


def _read(file: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Arrays and record of a file; None, the file gone and a warning, where it is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        file.open("rb").close()  # where it may not be read, `safe_open` says that there is none
        with safe_open(file, framework="numpy") as held:
            told = held.metadata() or {}
            if "record" not in told:
                raise InputError(f"{file} is no checkpoint of a fit. Give another folder.")
            arrays = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118  # no mapping
        if told["digest"] != _digest(arrays, told["record"]):
            raise ValueError("bytes were changed")
        return arrays, json.loads(told["record"])
    except InputError:
        raise
    except OSError as error:  # of which no training begun anew would be the better
        raise OutputError(
            f"cannot read {file}: {error.strerror or error}. Make it readable, or give another folder."
        ) from None
    except (SafetensorError, ValueError, KeyError, TypeError):
        warn(f"{file} is damaged; the training begins anew.", stacklevel=2)
        file.unlink(missing_ok=True)
        return None


def _digest(arrays: Mapping[str, Any], record: str) -> str:
    digest = hashlib.sha256(record.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _put(file: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary name (mode 600), sync, rename."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.tmp-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as held:
            held.write(content)
            held.flush()
            os.fsync(held.fileno())
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
