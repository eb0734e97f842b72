"""Queries: are counts and regression coefficients of the synthetic rows those of real ones?

Random counting queries as in the evaluation of private releases (Hay, Rastogi, Miklau, Suciu 2010,
PVLDB 3; McKenna, Miklau, Sheldon 2021, Journal of Privacy and Confidentiality 11); overlap of the
coefficients' confidence intervals after Karr et al. (2006), The American Statistician 60.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.assess import _large
from mintmark.assess._codes import Coded, Coding, codings, full, subset
from mintmark.assess.utility._effects import coefficients
from mintmark.assess.utility._sampled import told
from mintmark.assess.utility._split import untouched
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.mean_distance import resampled_errors, simulated_reach

__all__ = ["Queries"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
_LOWER: Direction = "lower"
_DRAWS = 200
_MOST = 100_000  # rows of a large table: they tell a share to a thousandth and a half
_SANITY = 0.01
_LISTED = 10
_SOURCE = "Hay, Rastogi, Miklau, Suciu (2010); McKenna, Miklau, Sheldon (2021)"


@method
class Queries(Metric):
    """Error of random counting queries, and overlap of regression coefficients' intervals."""

    family: ClassVar[Family] = "utility"
    direction: ClassVar[Direction] = "lower"

    count: Annotated[int, Field(ge=10, description="random queries")] = 200

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        untouched(tables)
        plans = codings(tables)
        if not plans:
            raise NotRun("no column can be counted: all are keys, free text or media.")
        asked = [_query(plans, full(tables, "train"), rng) for _ in range(self.count)]
        counted = {
            which: _Counted.of(_compared(tables, which), asked) for which in ("holdout", "synthetic", "floor")
        }
        n = len(counted["synthetic"].hits)
        # the ceiling asks as many train rows as there are synthetic ones
        train = full(tables, "train")
        counted["train"] = _Counted.of(train.take(np.sort(rng.permutation(len(train))[:n])), asked)
        error = _error(asked, counted, rng, n)
        return [*told(tables, [error], _MOST, "at random"), coefficients(tables, rng)]


def _compared(tables: Tables, which: str) -> Coded:
    """As many rows of every table; of large ones 100,000."""
    least = min(len(tables.synthetic), len(tables.need_holdout()))
    return subset(tables, which, least if least <= _large.LARGE else _MOST)


@dataclass(frozen=True)
class _Query:
    """A conjunction of ranges of numbers and of categories: codes first..last of each column."""

    ranges: dict[str, tuple[int, int]]

    def holds(self, rows: Coded) -> Bools:
        """Which rows meet it, shape (n,)."""
        met = np.ones(len(rows), dtype=bool)
        for name, (first, last) in self.ranges.items():
            met &= (rows.codes[name] >= first) & (rows.codes[name] <= last)
        return met


def _query(plans: dict[str, Coding], train: Coded, rng: np.random.Generator) -> _Query:
    """Two or three columns and, on each, a range or category that holds one random row of train.

    So every query is met by someone, and frequent values are asked for more often.
    """
    names = list(plans)
    picked = rng.permutation(len(names))[: int(rng.integers(2, 4))]
    row = int(rng.integers(len(train)))
    ranges = {}
    for i in picked:
        plan, code = plans[names[i]], int(train.codes[names[i]][row])
        first = last = code
        if plan.numeric and code < plan.bins:
            first, last = int(rng.integers(0, code + 1)), int(rng.integers(code, plan.bins))
        ranges[names[i]] = (first, last)
    return _Query(ranges)


@dataclass(frozen=True)
class _Counted:
    """Which rows meet which query, shape (n, queries), and the share that does."""

    hits: Bools
    persons: npt.NDArray[np.int64] | None

    @classmethod
    def of(cls, rows: Coded, asked: list[_Query]) -> _Counted:
        return cls(np.stack([query.holds(rows) for query in asked], axis=1), rows.persons)

    @property
    def shares(self) -> Floats:
        return np.asarray(self.hits.mean(axis=0), dtype=np.float64)

    def errors(self, rng: np.random.Generator) -> Floats:
        return resampled_errors(self.hits - self.shares, rng, _DRAWS, self.persons)


def _error(asked: list[_Query], counted: dict[str, _Counted], rng: np.random.Generator, n: int) -> Score:
    truth = counted["holdout"].shares
    apart = {which: np.abs(counted[which].shares - truth) for which in ("synthetic", "train", "floor")}
    estimate = float(apart["synthetic"].mean())
    reach = simulated_reach(counted["holdout"].errors(rng) + counted["synthetic"].errors(rng))
    relative = {which: float((gap / np.maximum(truth, _SANITY)).mean()) for which, gap in apart.items()}
    worst = np.argsort(-apart["synthetic"], kind="stable")[:_LISTED]
    return Score(
        metric="queries",
        family="utility",
        direction=_LOWER,
        estimate=estimate,
        interval=(max(0.0, estimate - reach), min(1.0, estimate + reach)),
        ceiling=float(apart["train"].mean()),
        floor=float(apart["floor"].mean()),
        n=n,
        variance="draw of the holdout and of the synthetic rows (multipliers, triangle inequality)",
        estimand="mean distance of the queries' shares between the populations of synthetic and real rows",
        convention=(
            f"mean over {len(asked)} random queries on two or three columns (ranges of numbers, categories) "
            "of the distance between the shares of synthetic and of holdout rows that meet it, 0 to 1; "
            "chance alone keeps it above 0; ceiling: as many train rows in their place; floor: independent "
            f"columns; relative errors in the details divide by the share, at least {_SANITY:.0%}"
        ),
        source=_SOURCE,
        details={
            "relative": relative,
            "queries": [
                {
                    "columns": sorted(asked[i].ranges),
                    "real": float(truth[i]),
                    "synthetic": float(counted["synthetic"].shares[i]),
                }
                for i in worst
            ],
        },
    )
