"""Ledger: how often the same real data has been assessed on this machine, without naming the data.

Who draws, assesses and draws again until the rules pass has made the rules weaker: the best of
twenty is not one of one. So `mintmark assess` and `mintmark run` count, and the count goes into
report, card and certificate. `mintmark.assess` in Python writes no file; hand its result to
`counted` to have it counted.

The folder ``mintmark`` in ``$XDG_STATE_HOME`` (``~/.local/state``), or ``$MINTMARK_STATE``, holds a
random key and one line an assessment: two keyed digests, one of the real rows whatever their order
and split, one of what was assessed, so that the same assessment made again is the same one. A plain
digest of a small table would confirm guesses of it; whoever has the key can confirm them too, so both
files are for the user alone. ``MINTMARK_STATE=off`` counts nothing, and the report says so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import json
import logging
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.assess.assessment import Assessment
from mintmark.data.database import Database
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.known import as_texts
from mintmark.data.personal.patterns import mixed
from mintmark.errors import OutputError

__all__ = ["counted", "state"]

_KEY, _LINES = "ledger.key", "assessments.jsonl"
_KEY_BYTES = 32
_log = logging.getLogger(__name__)


def state() -> Path | None:
    """The folder of the ledger; None where nothing is to be counted."""
    asked = os.environ.get("MINTMARK_STATE")
    if asked == "off":
        return None
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return Path(asked) if asked else home / "mintmark"


def counted(
    assessment: Assessment, train: Dataset | Database, holdout: Dataset | Database | None
) -> Assessment:
    """The assessment with its number among those of the same real data.

    Parameters
    ----------
    assessment : Assessment
    train, holdout : Dataset, or Database
        The real rows that it was made of.

    Returns
    -------
    Assessment
        `repeated` is 1 for the first; None where the ledger is switched off, its key is damaged or it
        cannot be written: a warning says so, since what was scored must not be lost for it.
    """
    place = state()
    if place is None:
        return assessment
    try:
        key = _key(place)
        line = {"real": _of_rows(train, holdout, key), "assessment": _of_assessment(assessment, key)}
        return dataclasses.replace(assessment, repeated=_entered(place / _LINES, line))
    except OSError as error:
        _log.warning("assessments of this data are not counted: %s: %s", place, error.strerror or error)
        return assessment


def _key(place: Path) -> bytes:
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = place / _KEY
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise OutputError(
            f"{_KEY} is damaged ({len(key)} bytes, not {_KEY_BYTES}). Restore it, or remove the folder to "
            "begin to count anew"
        )
    return key


def _make_key(path: Path) -> None:
    """The key appears whole or not at all, and of two processes the first one's stays."""
    handle, made = tempfile.mkstemp(prefix=f".{path.name}.tmp-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(made, path)  # a rename would replace the key of who came first
    finally:
        os.unlink(made)


def _of_rows(train: Dataset | Database, holdout: Dataset | Database | None, key: bytes) -> str:
    """Keyed digest of the real rows, of a database of the rows of all tables."""
    if isinstance(train, Database):
        held = holdout.tables if isinstance(holdout, Database) else {}
        sums: dict[str, Any] = {
            # a shared table is the same on both sides
            name: _sums([data] if name in train.shared or name not in held else [data, held[name]], key)
            for name, data in train.tables.items()
        }
    else:
        sums = _sums([train, holdout] if isinstance(holdout, Dataset) else [train], key)
    return hmac.new(key, json.dumps(sums, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _sums(parts: list[Dataset], key: bytes) -> dict[str, Any]:
    """Rows, and of each column the sum of its values' digests."""
    sums = {name: sum(_summed(part, name, key) for part in parts) % 2**64 for name in parts[0].names}
    return {"rows": sum(map(len, parts)), "columns": sums}


def _summed(data: Dataset, name: str, key: bytes) -> int:
    if name not in data.schema:
        return 0
    column, array = data.schema[name], data.table[name]
    if column.is_numeric:
        values = numbers(array, column) + 0.0  # so that -0.0 is 0.0
        bits = values[~np.isnan(values)].astype(np.float64).view(np.uint64)
        return int(mixed(bits, int.from_bytes(key[:8], "little")).sum(dtype=np.uint64))
    if pa.types.is_null(array.type):
        return 0
    counts = as_texts(array).value_counts()
    return sum(
        int.from_bytes(hashlib.blake2b(str(value).encode(), key=key, digest_size=8).digest(), "little") * n
        for value, n in zip(*(counts.field(at).to_pylist() for at in (0, 1)), strict=True)
    )


def _of_assessment(assessment: Assessment, key: bytes) -> str:
    policy = (assessment.policy or {}).get("digest")
    metrics = sorted(score.metric for score in assessment.scores)
    text = json.dumps([assessment.sha256, assessment.seed, policy, metrics])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _entered(path: Path, line: dict[str, str]) -> int:
    """The assessment's place among those of the same real data; a new one is written at the end.

    One line is one write at the end of the file, so that two processes lose none.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8", errors="replace") as file:
        texts = list(file)
        known = list(dict.fromkeys(made for real, made in _read(texts, path) if real == line["real"]))
        if line["assessment"] not in known:
            unfinished = bool(texts) and not texts[-1].endswith("\n")
            file.write("\n" * unfinished + json.dumps(line, sort_keys=True) + "\n")
            known.append(line["assessment"])
    return known.index(line["assessment"]) + 1


def _read(texts: Iterable[str], path: Path) -> list[tuple[str, str]]:
    """Digests of the real rows and of the assessment, a line; lines that cannot be read are told."""
    held, broken = [], 0
    for text in filter(str.strip, texts):
        try:
            one = json.loads(text)
            held.append((str(one["real"]), str(one["assessment"])))
        except (ValueError, KeyError, TypeError):
            broken += 1
    if broken:
        _log.warning("%s: lines that cannot be read are not counted: %d", path, broken)
    return held
