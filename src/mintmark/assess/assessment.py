"""Assessment: the scores of one synthetic table, and what a report draws. A plain record."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mintmark.errors import InputError, UnknownNameError
from mintmark.metric import Score

__all__ = ["FORMAT", "Assessment", "digest_of", "times_assessed"]

FORMAT = 1


@dataclass(frozen=True)
class Assessment:
    """Scores with their intervals and anchors, and the pictures' data.

    Parameters
    ----------
    scores : tuple of Score
    tables : mapping of JSON values
        ``rows`` {train, holdout, synthetic}, ``schema`` (public), ``target``, ``differences``
        (list of text), ``columns`` {name: {kind, bins/labels, train, holdout, synthetic}},
        ``correlations``, ``projection``: pre-binned, cells under ten persons suppressed.
    policy : mapping, optional
        ``name``, ``digest``, ``text`` of the policy fixed before scoring.
    provenance : mapping
        The synthetic rows' own (nature, method, ...).
    sha256 : str
        Digest of the scored rows' canonical bytes (`digest_of`).
    seed : int, optional
    versions : mapping
    repeated : int, optional
        Its number among the assessments of the same real data, 1 for the first; None where nobody
        counted (see `mintmark.run.ledger`).
    cost : mapping, optional
        What the rows cost, see `mintmark.assess.cost.check_cost`.
    personal : bool
        Whether the real rows are about people; False where their owner's recipe declared that they are not.
    """

    scores: tuple[Score, ...]
    tables: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    repeated: int | None = None
    cost: Mapping[str, Any] | None = None
    personal: bool = True

    def __getitem__(self, metric: str) -> Score:
        for score in self.scores:
            if score.metric == metric:
                return score
        held = {score.metric: score for score in self.scores}
        whole = held.get(str(metric).partition(".")[0])
        if whole is not None and whole.status != "ok":
            raise InputError(f"{metric} was not run: {whole.reason}")
        raise UnknownNameError("score", metric, held)

    def to_json(self) -> dict[str, Any]:
        """The canonical report; see ``docs/report.md``."""
        return {
            "format": FORMAT,
            "scores": [score.to_json() for score in self.scores],
            "tables": dict(self.tables),
            "policy": None if self.policy is None else dict(self.policy),
            "provenance": dict(self.provenance),
            "sha256": self.sha256,
            "seed": self.seed,
            "versions": dict(self.versions),
            "repeated": self.repeated,
            "cost": None if self.cost is None else dict(self.cost),
            "personal": self.personal,
        }

    def dumps(self) -> str:
        """Canonical JSON text: sorted keys, two spaces, diffable."""
        return (
            json.dumps(self.to_json(), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Assessment:
        """Inverse of `to_json`."""
        if values.get("format", 0) > FORMAT:
            raise InputError(
                f"the report has format {values['format']}, this version reads up to {FORMAT}. "
                "Upgrade mintmark."
            )
        # a public report says besides what was left out of it
        kept = {key: value for key, value in values.items() if key not in ("format", "scores", "conventions")}
        return cls(tuple(Score.from_json(score) for score in values["scores"]), **kept)

    @classmethod
    def load(cls, path: str | Path) -> Assessment:
        """Read a ``report.json``."""
        try:
            return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(f"there is no report {path}. Make one with `mintmark assess`.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is no report that mintmark wrote: {error}.") from None

    def verdicts(self) -> Sequence[Any] | None:
        """What the policy fixed before scoring says, one verdict a rule.

        Returns
        -------
        list of mintmark.release.rule.Verdict
            None where the assessment carries no policy, or a public report's, which has no text.
        """
        if not (self.policy or {}).get("text"):
            return None
        # by name: judging belongs to `release`, which must be able to change without measuring
        room = importlib.import_module("mintmark.release.policy")
        return room.verdicts_of(self)  # type: ignore[no-any-return]  # resolved at the call

    def __str__(self) -> str:
        from mintmark.assess.report.text import text

        return text(self, self.verdicts())

    def _repr_html_(self) -> str:
        from mintmark.assess.report.html import fragment

        return fragment(self, self.verdicts())


def times_assessed(number: int | None) -> str:
    """An assessment's number among those of the same real data, in words."""
    if number is None:
        return "how often this real data was assessed was not counted"
    if number == 1:
        return "first assessment of this real data that its ledger counted"
    last = 0 if number % 100 in (11, 12, 13) else number % 10
    nth = f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(last, 'th')}"
    return f"{nth} assessment of the same real data; the best of {number} tells less than the first of one"


def digest_of(table: Any) -> str:
    """SHA-256 over a table's names, types and values, whatever its chunking or file format.

    Parameters
    ----------
    table : pyarrow.Table
    """
    hasher = hashlib.sha256()
    for name in table.column_names:
        array = table[name].combine_chunks()
        for part in _canonical(array):
            hasher.update(len(part).to_bytes(8, "little"))
            hasher.update(part)
        hasher.update(f"{name}\0".encode())
    return hasher.hexdigest()


def _canonical(array: Any) -> list[Any]:
    """Bytes that are the same for equal values: type, which are missing, and the values.

    Types that files cannot tell apart (seconds and milliseconds in Parquet, plain and large or
    dictionary-coded text) are written alike.
    """
    import numpy as np
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        return _canonical(array.dictionary_decode())
    if pa.types.is_timestamp(kind) and kind.unit in ("s", "ms"):
        return _canonical(array.cast(pa.timestamp("us", tz=kind.tz)))
    if pa.types.is_duration(kind) and kind.unit in ("s", "ms"):
        return _canonical(array.cast(pa.duration("us")))
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return _canonical(array.cast(pa.large_string() if pa.types.is_string(kind) else pa.large_binary()))
    valid = np.packbits(array.is_valid().to_numpy(zero_copy_only=False))
    head = [f"{kind}\0{len(array)}".encode(), valid.tobytes()]
    if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        filled = array.fill_null("" if pa.types.is_large_string(kind) else b"") if array.null_count else array
        _, offsets, data = filled.buffers()
        ends = np.frombuffer(offsets, np.int64)[filled.offset : filled.offset + len(filled) + 1]
        text = memoryview(data)[ends[0] : ends[-1]] if data is not None and len(ends) else b""
        return [*head, (ends - ends[0]).tobytes() if len(ends) else b"", text]
    if pa.types.is_boolean(kind):
        return [*head, array.fill_null(False).to_numpy(zero_copy_only=False).tobytes()]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return [*head, array.fill_null(0).to_numpy(zero_copy_only=False).tobytes()]
    if pa.types.is_temporal(kind) and kind.bit_width in (32, 64):
        whole = array.cast(pa.int64() if kind.bit_width == 64 else pa.int32())
        return [*head, whole.fill_null(0).to_numpy(zero_copy_only=False).tobytes()]
    return [*head, json.dumps(array.to_pylist(), default=_text).encode()]


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
