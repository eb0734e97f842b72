"""The run directory: what a run may find again after any crash, and the manifest that commits it.

::

    run.json      recipe, versions, keyed digest of the source; written first
    private/      mode 700: secret (mode 600), model/, checkpoint/ while a net is trained, keys/ where the
                  recipe names no key, what fitting and drawing cost, and of a resampler parents.parquet (mode
                  600): which rows of the source each released row was made from, with the blocks of it
                  in parents/
    shards/       one Arrow file a block, with its digest
    assessment/   report.json, report.html, synthetic.parquet
    release/      what may leave
    manifest.json digest of every file outside private/; written last

The secret (32 bytes of the operating system) is mixed into every stage's seed, so that a recipe's
seed alone cannot repeat what protected somebody; `forget` erases it, the parents, a checkpoint, and a model
that holds rows, which would tell them again.
"""

from __future__ import annotations

import hmac
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mintmark.checkpoint import keep_out
from mintmark.data.streams import derive_seed
from mintmark.errors import InputError, OutputError
from mintmark.run import _atomic
from mintmark.run._cost import joined
from mintmark.run._local import Shards
from mintmark.run.recipe import Recipe

__all__ = ["RunFolder", "forget", "opened", "vacant"]

FORMAT = 1


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run, and its secret."""

    path: Path
    secret: bytes

    @property
    def model(self) -> Path:
        """The fitted synthesizer."""
        return self.path / "private" / "model"

    @property
    def checkpoint(self) -> Path:
        """Where a training stands while the synthesizer is fitted."""
        return self.path / "private" / "checkpoint"

    @property
    def keys(self) -> Path:
        """Where the run's own signing keys lie."""
        return self.path / "private" / "keys"

    @property
    def shards(self) -> Shards:
        """The drawn blocks."""
        return Shards(self.path / "shards", self.path / "private" / "parents")

    @property
    def parents(self) -> Path:
        """Which rows of the source each released row was made from, in the order of the release."""
        return self.path / "private" / "parents.parquet"

    @property
    def assessment(self) -> Path:
        """Report and scored file."""
        return self.path / "assessment"

    @property
    def release(self) -> Path:
        """What may leave."""
        return self.path / "release"

    def seed(self, seed: int, stage: str) -> int:
        """The seed of a stage: nobody without the secret can repeat it."""
        return derive_seed(seed, stage, secret=self.secret)

    def keep_cost(self, stage: str, cost: Mapping[str, Any]) -> None:
        """Remember what a stage cost, for a resumed run to know."""
        _atomic.write_bytes(self.path / "private" / f"cost-{stage}.json", _json(dict(cost)))

    def cost(self) -> dict[str, Any] | None:
        """What fitting and drawing cost together; None where a kill has lost a part of it."""
        files = [self.path / "private" / f"cost-{stage}.json" for stage in ("fit", "sample")]
        if not all(file.is_file() for file in files):
            return None
        return joined(*(json.loads(file.read_bytes()) for file in files))

    def keep_parents(self, parents: pa.Table) -> None:
        """Write whose rows the released ones were made from, for the owner of the real rows alone."""
        sink = pa.BufferOutputStream()
        pq.write_table(parents, sink, compression="zstd")
        _atomic.write_bytes(self.parents, sink.getvalue().to_pybytes())

    def finished(self) -> bool:
        """Whether the manifest stands and every file is as it says."""
        try:
            files = json.loads((self.path / "manifest.json").read_bytes())["files"]
            return bool(files) and files == self._digests()
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def commit(self, **about: Any) -> None:
        """Write the manifest: from here on the run is finished."""
        record = {"format": FORMAT, "mintmark": version("mintmark"), **about, "files": self._digests()}
        _atomic.write_bytes(self.path / "manifest.json", _json(record))

    def _digests(self) -> dict[str, str]:
        return {
            str(file.relative_to(self.path)): _atomic.sha256(file)
            for part in (self.path / "run.json", self.shards.rows, self.assessment, self.release)
            for file in ([part] if part.is_file() else sorted(part.rglob("*")))
            if file.is_file()
        }


def vacant(out: str | Path, *, resume: bool) -> Path:
    """The path for a run, or an error where something else stands there.

    Raises
    ------
    OutputError
        If `out` is not empty and `resume` is false, or is no run directory.
    """
    path = Path(out)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file. Give a directory with --out.")
    if path.is_dir() and any(path.iterdir()):
        is_run = (path / "run.json").is_file()
        if not is_run:
            raise OutputError(f"{path} is not empty and holds no run. Give another --out.")
        if not resume:
            raise OutputError(
                f"{path} already holds a run. Add --resume to go on with it, or give another --out."
            )
    return path


@contextmanager
def opened(out: Path, recipe: Recipe, source: str) -> Iterator[RunFolder]:
    """The run directory of this recipe and source, made or found again.

    What a user must mend leaves no directory behind that was not there before.

    Raises
    ------
    InputError
        If the directory belongs to another recipe, source or version, or its secret was erased.
    OutputError
        If it cannot be written, or another process is at work in it.
    """
    fresh = not (out / "run.json").is_file()
    with _atomic.writing(out):
        if fresh:
            _begin(out, recipe, source)
        with (out / "run.json").open("rb") as lock:
            keep_out(lock, f"another process is at work in {out}. Wait for it, or give another --out.")
            for part in (out, out / "private", out / "private" / "parents", out / "shards"):
                _atomic.sweep(part)
            secret = out / "private" / "secret"
            if not secret.is_file():
                raise InputError(f"the secret of {out} was erased, so it cannot go on. Begin a new run.")
            place = RunFolder(out, secret.read_bytes())
            try:
                _compare(place, recipe, source)
                (out / "shards").mkdir(exist_ok=True)
                yield place
            except InputError:
                if fresh:
                    shutil.rmtree(out, ignore_errors=True)
                raise


def _begin(out: Path, recipe: Recipe, source: str) -> None:
    _atomic.sweep(out.parent, f".{out.name}.tmp-*")
    with _atomic.folder(out) as made:
        secret = os.urandom(32)
        (made / "private").mkdir(mode=0o700)
        handle = os.open(made / "private" / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
        (made / "run.json").write_bytes(_json(_identity(secret, recipe, source)))


def _compare(place: RunFolder, recipe: Recipe, source: str) -> None:
    here = json.loads((place.path / "run.json").read_bytes())
    now = _identity(place.secret, recipe, source)
    remedy = "Begin a new run with another --out."
    if here.get("format", 0) > FORMAT or here.get("mintmark") != now["mintmark"]:
        raise InputError(
            f"{place.path} was begun with mintmark {here.get('mintmark')}, this is {now['mintmark']}. "
            + remedy
        )
    if here["recipe_digest"] != now["recipe_digest"]:
        raise InputError(f"the recipe is not the one that {place.path} was begun with. {remedy}")
    if here["sources"] != now["sources"]:
        raise InputError(f"{recipe.source.path} changed since {place.path} was begun. {remedy}")


def _identity(secret: bytes, recipe: Recipe, source: str) -> dict[str, Any]:
    sources = [source, *([recipe.resolve(h)] if isinstance(h := recipe.assess.holdout, str) else [])]
    return {
        "format": FORMAT,
        "mintmark": version("mintmark"),
        "recipe": recipe.record(),
        "recipe_digest": recipe.digest(),
        "sources": [_keyed_digest(secret, path) for path in sources],
    }


def _keyed_digest(secret: bytes, path: str) -> str:
    """HMAC-SHA-256 of a file, or of the names and contents of a folder of pictures.

    A plain digest of small private data would confirm guesses.
    """
    import fsspec

    digest = hmac.new(secret, digestmod="sha256")
    folder = Path(path)
    for part in sorted(folder.rglob("*")) if folder.is_dir() else [path]:
        if isinstance(part, Path):
            digest.update(f"{part.relative_to(folder)}\0".encode())
            if not part.is_file():
                continue
            digest.update(f"{part.stat().st_size}\0".encode())
        with fsspec.open(str(part), "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def forget(out: str | Path) -> list[str]:
    """Erase a run's secret, its rows' parents, a fit's checkpoint and a model that holds rows.

    Nobody can repeat its draws then, nor read real rows off new ones, and it cannot be resumed. A model that
    says of itself that it holds values or aggregates stays.

    Returns
    -------
    list of str
        What was erased, as paths in `out`.

    Raises
    ------
    InputError
        If `out` holds no run or its secret is gone already.
    """
    path = Path(out)
    secret = path / "private" / "secret"
    if not (path / "run.json").is_file():
        raise InputError(f"{path} holds no run (no run.json). Give the --out of `mintmark run`.")
    if not secret.is_file():
        raise InputError(f"the secret of {path} was erased already.")
    place = RunFolder(path, b"")
    told = [
        place.parents,
        place.shards.parents,
        place.checkpoint,
        *([place.model] if _holds_rows(place.model) else []),
    ]
    told = [each for each in told if each.exists()]
    with _atomic.writing(secret):
        _atomic.sweep(path / "private")  # what a killed process left may be of them
        for each in told:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        with secret.open("r+b") as file:
            file.write(bytes(32))
            file.flush()
            os.fsync(file.fileno())
        secret.unlink()
    return [str(each.relative_to(path)) for each in (secret, *told)]


def _holds_rows(model: Path) -> bool:
    """Whether a saved model may hold rows: it does where nothing else can be read of it."""
    try:
        return json.loads((model / "model.json").read_bytes())["holds"] not in ("values", "aggregates")
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _json(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()
