"""The privacy-utility frontier of a comparison: what utility costs in privacy, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mintmark.assess.comparison import Comparison, Frontier
from mintmark.errors import InputError, UnknownNameError
from mintmark.stats.frontier import hypervolume, least_at, non_dominated
from mintmark.stats.repeats import jackknife

__all__ = ["frontier"]

Floats = npt.NDArray[np.float64]
_LEAST_APART = 0.02
"""Ceiling less floor below which a score has no scale to be read on."""


def frontier(
    comparison: Comparison,
    *,
    synthesizers: Sequence[str] | None = None,
    utility: str | None = None,
    privacy: str | None = None,
    at: float = 0.9,
) -> Frontier:
    """Which synthesizers, or settings of one, no other betters in both utility and privacy.

    Both scores are read between their anchors: utility 1 is as good as real rows and 0 as
    independent columns, risk 0 is guessing and 1 a copy of train. For a membership attack's area
    under the curve the risk is its advantage, 2 AUC - 1, where a copy is found out for certain.

    Parameters
    ----------
    comparison : Comparison
    synthesizers : sequence of str, optional
        Those to look at, e.g. the settings of one method; all of them if None.
    utility, privacy : str, optional
        Scores of the axes; the first ranked of each family if None.
    at : float, 0..1
        The utility at which the least risk is read off.

    Raises
    ------
    InputError
        If `at` is no share.
    UnknownNameError
        If a synthesizer or score is not in the comparison.
    """
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at <= 1:
        raise InputError(f"at must be a utility between 0 and 1, not {at!r}.")
    names = list(comparison.synthesizers if synthesizers is None else synthesizers)
    for name in names:
        if name not in comparison.synthesizers:
            raise UnknownNameError("synthesizer", name, comparison.synthesizers)
    axes = [_axis(comparison, "utility", utility), _axis(comparison, "privacy", privacy)]
    strata = _strata(comparison, names, axes) if all(axes) else []
    if not strata:
        reason = (
            "there is no data set with a utility and a privacy score, each with its anchors. Give a target "
            "and a holdout."
        )
        return Frontier(axes[0], axes[1], at=at, status="not run", reason=reason)
    points = _means(strata)
    volume, volume_interval = jackknife(strata, lambda kept: hypervolume(_means(kept)))
    risk, risk_interval = jackknife(strata, lambda kept: least_at(_means(kept), 1 - at))
    return Frontier(
        axes[0],
        axes[1],
        points=tuple(
            {"synthesizer": name, **_point(strata, j), "front": bool(front)}
            for j, (name, front) in enumerate(zip(names, non_dominated(points), strict=True))
        ),
        hypervolume=volume,
        hypervolume_interval=_within_unit(volume_interval),
        at=at,
        risk_at=risk if np.isfinite(risk) else None,
        risk_at_interval=_within_unit(risk_interval),
    )


def _axis(comparison: Comparison, family: str, asked: str | None) -> str:
    known = [one["metric"] for one in comparison.metrics if one["family"] == family]
    if asked is not None and asked not in known:
        raise UnknownNameError(f"{family} score", asked, known)
    return asked or next(iter(known), "")


def _strata(comparison: Comparison, names: list[str], axes: list[str]) -> list[Floats]:
    """Losses between the anchors, one array (seeds, synthesizers, 2) a data set."""
    strata = []
    for dataset in comparison.datasets:
        losses = [_losses(comparison, dataset, names, metric) for metric in axes]
        both = [loss for loss in losses if loss is not None]
        if len(both) == 2:
            strata.append(np.stack(both, axis=2))
    return strata


def _losses(comparison: Comparison, dataset: str, names: list[str], metric: str) -> Floats | None:
    """How far from ceiling to floor each run fell, shape (seeds, synthesizers); None without a scale."""
    held = {
        (one["seed"], one["synthesizer"]): one
        for one in comparison.scores
        if one["dataset"] == dataset and one["metric"] == metric
    }
    seeds = list(dict.fromkeys(seed for seed, _ in held))
    if not seeds:
        return None
    found = np.array(
        [
            [[held[r, s][key] for key in ("estimate", "ceiling", "floor")] for s in comparison.synthesizers]
            for r in seeds
        ],
        dtype=float,
    )
    ceiling = found[:, :, 1].mean(axis=1, keepdims=True)  # one figure a seed, measured with each synthesizer
    apart = found[:, :, 2].mean() - ceiling.mean()
    if not abs(apart) >= _LEAST_APART:
        return None
    chosen = [comparison.synthesizers.index(name) for name in names]
    return np.asarray((found[:, :, 0] - ceiling)[:, chosen] / apart)


def _means(strata: Sequence[Floats]) -> Floats:
    """Mean losses of each synthesizer over seeds, then data sets, held to 0..1; shape (synthesizers, 2)."""
    return np.asarray(np.clip(np.mean([losses.mean(axis=0) for losses in strata], axis=0), 0.0, 1.0))


def _point(strata: Sequence[Floats], j: int) -> dict[str, object]:
    loss, lost = jackknife([losses[:, j, 0] for losses in strata])
    risk, risked = jackknife([losses[:, j, 1] for losses in strata])
    kept = None if lost is None else (1 - lost[1], 1 - lost[0])
    return {
        "utility": float(np.clip(1 - loss, 0, 1)),
        "utility_interval": _within_unit(kept),
        "risk": float(np.clip(risk, 0, 1)),
        "risk_interval": _within_unit(risked),
    }


def _within_unit(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    if interval is None:
        return None
    low, high = np.clip(interval, 0.0, 1.0)
    return float(low), float(high)
