"""The scores that every run holds, side by side, and how far each falls short of real rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.assessment import Assessment
from mintmark.metric import Score

__all__ = ["Runs", "ScoreTable", "gathered", "shortfall"]

Floats = npt.NDArray[np.float64]
Runs = Mapping[tuple[str, str, str], Assessment]
"""The assessment of each (synthesizer, data set, seed)."""


@dataclass(frozen=True)
class ScoreTable:
    """Scores that every run of a data set holds: (metric, data set) to an array (seeds, synthesizers)."""

    synthesizers: list[str]
    seeds: dict[str, list[str]]
    estimates: dict[tuple[str, str], Floats]
    ceilings: dict[tuple[str, str], Floats]
    floors: dict[tuple[str, str], Floats]

    def records(self) -> list[dict[str, Any]]:
        """One mapping a score, as `Comparison.scores` has them."""
        return [
            {
                "synthesizer": s, "dataset": d, "seed": r, "metric": metric, "estimate": float(values[i, j]),
                "ceiling": _known(self.ceilings[metric, d][i, j]),
                "floor": _known(self.floors[metric, d][i, j]),
            }
            for (metric, d), values in self.estimates.items()
            for i, r in enumerate(self.seeds[d])
            for j, s in enumerate(self.synthesizers)
        ]  # fmt: skip


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def gathered(
    runs: Runs,
    synthesizers: list[str],
    places: list[tuple[str, str]],
    metrics: list[str],
    notes: list[str],
) -> ScoreTable:
    """The scores; one that a run of a data set lacks is left out there for all, with a note."""
    seeds: dict[str, list[str]] = {}
    for d, r in places:
        seeds.setdefault(d, []).append(r)
    held = {key: {score.metric: score for score in one.scores} for key, one in runs.items()}
    table = ScoreTable(synthesizers, seeds, {}, {}, {})
    for metric in metrics:
        for d, labels in seeds.items():
            found = [[_score(held[s, d, r], metric) for s in synthesizers] for r in labels]
            lacking = [
                (s, r, score)
                for r, row in zip(labels, found, strict=True)
                for s, score in zip(synthesizers, row, strict=True)
                if score is None or score.status != "ok" or score.estimate is None
            ]
            if lacking:
                s, r, score = lacking[0]
                why = score.reason if score is not None and score.reason else "not scored."
                notes.append(f"{metric} is left out on {d}: not run for {s}, seed {r}: {why}")
                continue
            for kind, into in zip(
                ("estimate", "ceiling", "floor"), (table.estimates, table.ceilings, table.floors), strict=True
            ):
                into[metric, d] = np.array([[getattr(x, kind) for x in row] for row in found], dtype=float)
    return table


def _score(held: Mapping[str, Score], metric: str) -> Score | None:
    """The score; where its metric was not run, what that says."""
    whole = held.get(metric.partition(".")[0])
    return held.get(metric, whole if whole is not None and whole.status != "ok" else None)


def shortfall(estimates: Floats, ceilings: Floats, direction: str) -> Floats:
    """How far each run stays behind what real rows reach; beyond that is chance and no merit.

    Parameters
    ----------
    estimates, ceilings : array, shape (seeds, synthesizers)
        What real rows reach beside each: one synthesizer's sample moves no other's. NaN where there is
        none: then the estimate itself counts.
    direction : "higher" or "lower"
    """
    sign = 1.0 if direction == "higher" else -1.0
    if not np.isfinite(ceilings).all():
        return -sign * estimates
    return np.asarray(np.maximum(sign * (ceilings - estimates), 0.0))
