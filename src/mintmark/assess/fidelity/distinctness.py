"""Distinctness: whether the synthetic rows are many different ones, or a few repeated (collapse)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.assess._codes import Coded, Codes, Coding, coded_rows, codings, equal, full, subset
from mintmark.data.dataset import Dataset
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import influence_variance, normal
from mintmark.stats.splitmix import hashed

__all__ = ["Distinctness"]

Floats = npt.NDArray[np.float64]


@method
class Distinctness(Metric):
    """Share of distinct rows, and share of train's categories and bins that occur."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = codings(tables)
        if not plans:
            raise NotRun("no column is scored: all are keys, free text or media.")
        synthetic, train = equal(tables, "synthetic"), full(tables, "train")
        # where there is no holdout, as many train rows say how many distinct rows are natural
        which = "holdout" if tables.holdout is not None else "train"
        n = min(len(synthetic), len(getattr(tables, which)))
        share, lone = _distinct(tables, "synthetic", n, rng)
        # leaving out a lone row loses a distinct one; any other row leaves only the count smaller
        variance = influence_variance(lone)
        covered, by_column = _coverage(train, synthetic, plans)
        source = "mode collapse; jackknife (Efron 1982) for the interval"
        return [
            Score(
                metric=name_of(type(self)),
                estimate=share,
                interval=normal(share, variance, low=0, high=1),
                ceiling=_distinct(tables, which, n, rng)[0],
                variance="draw of the synthetic rows (jackknife)",
                convention=(
                    "distinct rows among the compared synthetic rows, as a share; ceiling: among as many "
                    "real rows (without a holdout as many train rows, and no more are compared); no floor, "
                    "since independent columns hold more distinct rows than real data"
                ),
                estimand=(
                    "the mean share in samples of this size; it falls as samples grow, in real rows too: "
                    "compare it with the ceiling, at the same size"
                ),
                family=self.family,
                n=n,
                source=source,
            ),
            Score(
                metric=name_of(type(self)) + ".coverage",
                estimate=covered,
                interval=_spread(train, synthetic, plans, covered, rng),
                ceiling=_coverage(train, subset(tables, which, len(synthetic)), plans)[0],
                floor=_coverage(train, equal(tables, "floor"), plans)[0],
                variance="draw of the synthetic rows (20 half samples)",
                convention=(
                    "mean over columns of the share of train's categories (numbers: bins) with at least "
                    f"{_SEEN} expected rows that occur among the compared rows"
                ),
                estimand=(
                    "the mean share in samples of this size, from which chance may keep a rare category "
                    "away: compare it with the ceiling, at the same size"
                ),
                details={"columns": by_column},
                family=self.family,
                n=len(synthetic),
                source=source,
            ),
        ]


_SEEN = 5
"""Expected rows from which a category's absence is no accident: chance e^-5 each."""


def _distinct(tables: Tables, which: str, n: int, rng: np.random.Generator) -> tuple[float, Floats]:
    """Share of distinct rows among `n` drawn ones, and which of them are the only ones of their sort."""
    data: Dataset = getattr(tables, which)
    rows = np.sort(rng.permutation(len(data))[:n])
    coded, drawn = coded_rows(tables, which, rows), data.table.take(rows)
    told = (
        coded.numbers[name] if plan.numeric else _told(coded.codes[name], drawn[name], plan)
        for name, plan in codings(tables).items()
    )
    _, inverse, counts = np.unique(hashed(told, n), return_inverse=True, return_counts=True)
    return len(counts) / n, (counts[inverse] == 1).astype(np.float64)


def _told(codes: Codes, values: pa.ChunkedArray, plan: Coding) -> Floats:
    """Codes of categories, those unknown to train told apart."""
    unknown = codes == plan.bins
    if unknown.any():
        places = values.combine_chunks().dictionary_encode().indices.fill_null(0)
        codes = np.where(unknown, plan.size + places.to_numpy(), codes)
    return codes.astype(np.float64)


def _coverage(train: Coded, other: Coded, plans: dict[str, Coding]) -> tuple[float, dict[str, float]]:
    shares = {}
    for name, plan in plans.items():
        expected = np.bincount(train.codes[name], minlength=plan.size) * (len(other) / len(train))
        wanted = expected >= _SEEN
        if wanted.any():
            seen = np.bincount(other.codes[name], minlength=plan.size) > 0
            shares[name] = float(seen[wanted].mean())
    return (float(np.mean(list(shares.values()))) if shares else 1.0), shares


def _spread(
    train: Coded, synthetic: Coded, plans: dict[str, Coding], covered: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Interval from half samples, whose spread is that of the whole (Politis and Romano 1994)."""
    half = max(1, len(synthetic) // 2)
    drawn = [
        _coverage(train, synthetic.take(rng.permutation(len(synthetic))[:half]), plans)[0] for _ in range(20)
    ]
    return normal(covered, float(np.var(drawn, ddof=1)), low=0, high=1)
