"""Assessment: the scores of one synthetic table, and what a report draws. A plain record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mintmark.errors import InputError
from mintmark.metric import Score

__all__ = ["FORMAT", "Assessment"]

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
    """

    scores: tuple[Score, ...]
    tables: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, metric: str) -> Score:
        for score in self.scores:
            if score.metric == metric:
                return score
        raise KeyError(metric)

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
        }

    def dumps(self) -> str:
        """Canonical JSON text: sorted keys, two spaces, diffable."""
        return json.dumps(self.to_json(), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Assessment:
        """Inverse of `to_json`."""
        if values.get("format", 0) > FORMAT:
            raise InputError(
                f"the report has format {values['format']}, this version reads up to {FORMAT}. "
                "Upgrade mintmark."
            )
        kept = {key: value for key, value in values.items() if key not in ("format", "scores")}
        return cls(tuple(Score.from_json(score) for score in values["scores"]), **kept)

    @classmethod
    def load(cls, path: str | Path) -> Assessment:
        """Read a ``report.json``."""
        try:
            return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is no report that mintmark wrote: {error}.") from None

    def __str__(self) -> str:
        from mintmark.assess.report.text import text

        return text(self)

    def _repr_html_(self) -> str:
        from mintmark.assess.report.html import fragment

        return fragment(self)


def digest_of(table: Any) -> str:
    """SHA-256 over a table's schema and values, independent of chunking and file format."""
    import pyarrow as pa

    hasher = hashlib.sha256()
    for name in table.column_names:
        array = table[name].combine_chunks()
        hasher.update(f"{name}\0{array.type}\0{len(array)}\0".encode())
        sink = pa.BufferOutputStream()
        # a fresh copy through take drops offsets and unused buffers, so equal values give equal bytes
        batch = pa.record_batch([array.take(pa.array(range(len(array)), pa.int64()))], names=["v"])
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        hasher.update(sink.getvalue())
    return hasher.hexdigest()
