"""Distinctness: whether the synthetic rows are many different ones, or a few repeated (collapse)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, equal, subset
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["Distinctness"]


@method
class Distinctness(Metric):
    """Share of distinct rows, and share of train's categories and bins that occur."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = codings(tables)
        if not plans:
            raise NotRun("no column is scored: all are keys, free text or media.")
        synthetic, n = equal(tables, "synthetic"), len(equal(tables, "synthetic"))
        # where there is no holdout, as many train rows say how many distinct rows are natural
        real = equal(tables, "holdout" if tables.holdout is not None else "train")
        real = real if len(real) <= n else subset(tables, "train", n)
        share, lone = _distinct(synthetic, plans)
        # leaving out a lone row loses a distinct one; any other row leaves only the count smaller
        variance = influence_variance(lone)
        train = subset(tables, "train", 2**62)
        covered, by_column = _coverage(train, synthetic, plans)
        source = "mode collapse; jackknife (Efron 1982) for the interval"
        return [
            Score(
                metric=name_of(type(self)),
                estimate=share,
                interval=normal(share, variance, low=0, high=1),
                ceiling=_distinct(real, plans)[0],
                variance="draw of the synthetic rows (jackknife)",
                convention=(
                    "distinct rows among the compared synthetic rows, as a share; ceiling: among as many "
                    "real rows; no floor, since independent columns hold more distinct rows than real data"
                ),
                family=self.family,
                n=n,
                source=source,
            ),
            Score(
                metric=name_of(type(self)) + ".coverage",
                estimate=covered,
                interval=_spread(train, synthetic, plans, covered, rng),
                ceiling=_coverage(train, real, plans)[0],
                floor=_coverage(train, equal(tables, "floor"), plans)[0],
                variance="draw of the synthetic rows (20 half samples)",
                convention=(
                    "mean over columns of the share of train's categories (numbers: bins) with at least "
                    f"{_SEEN} expected rows that occur among the compared rows"
                ),
                details={"columns": by_column},
                family=self.family,
                n=n,
                source=source,
            ),
        ]


_SEEN = 5
"""Expected rows from which a category's absence is no accident: chance e^-5 each."""


def _distinct(coded: Coded, plans: dict[str, Coding]) -> tuple[float, npt.NDArray[np.float64]]:
    """Share of distinct rows, and which rows are the only ones of their sort."""
    rows = np.zeros(len(coded), dtype=np.uint64)
    for i, (name, plan) in enumerate(plans.items()):
        values = coded.numbers[name] + 0.0 if plan.numeric else coded.codes[name].astype(np.float64)
        bits = np.where(np.isnan(values), np.inf, values).view(np.uint64)
        rows = _mixed(rows ^ (bits + np.uint64(i + 1)))
    _, inverse, counts = np.unique(rows, return_inverse=True, return_counts=True)
    return len(counts) / len(coded), (counts[inverse] == 1).astype(np.float64)


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64: equal rows stay equal, others collide with chance 2^-64."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


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
