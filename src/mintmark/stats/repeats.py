"""Intervals of figures of repeated runs: what would change if the seeds were drawn again.

Efron, Stein (1981), Ann. Stat. 9: the jackknife, here within strata (the seeds of one data set);
Satterthwaite (1946) for the degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import t

__all__ = ["jackknife", "mean_of_means"]

Floats = npt.NDArray[np.float64]


def mean_of_means(strata: Sequence[Floats]) -> float:
    """Mean over strata of the mean of each."""
    return float(np.mean([values.mean() for values in strata]))


def jackknife(
    strata: Sequence[Floats], figure: Callable[[Sequence[Floats]], float] = mean_of_means
) -> tuple[float, tuple[float, float] | None]:
    """A figure and its 95 % interval over the runs of each stratum.

    Parameters
    ----------
    strata : sequence of array, shape (runs, ...), one a data set
    figure : callable
        Of such a sequence; smooth in the means of the runs.

    Returns
    -------
    (estimate, (low, high) or None where a stratum has one run, or a run less leaves no figure)
    """
    estimate = figure(strata)
    if any(len(values) < 2 for values in strata):
        return estimate, None
    variances, degrees = [], []
    for d, values in enumerate(strata):
        left = [
            figure([*strata[:d], np.delete(values, s, axis=0), *strata[d + 1 :]]) for s in range(len(values))
        ]
        variances.append((len(values) - 1) * float(np.var(left)))
        degrees.append(len(values) - 1)
    total = sum(variances)
    if not np.isfinite(total) or not np.isfinite(estimate):
        return estimate, None
    if total == 0:
        return estimate, (estimate, estimate)
    freedom = total**2 / sum(v**2 / df for v, df in zip(variances, degrees, strict=True))
    reach = float(t.ppf(0.975, freedom)) * total**0.5
    return estimate, (estimate - reach, estimate + reach)
