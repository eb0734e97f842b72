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

import dataclasses
import hashlib
import hmac
import json
import logging
import os
import secrets
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

__all__ = ["counted", "state"]

_KEY, _LINES = "ledger.key", "assessments.jsonl"
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
        `repeated` is 1 for the first; None where the ledger is switched off or cannot be written.
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
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()


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
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        held = [json.loads(text) for text in file if text.strip()]
        known = list(dict.fromkeys(one["assessment"] for one in held if one["real"] == line["real"]))
        if line["assessment"] not in known:
            file.write(json.dumps(line, sort_keys=True) + "\n")
            known.append(line["assessment"])
    return known.index(line["assessment"]) + 1
