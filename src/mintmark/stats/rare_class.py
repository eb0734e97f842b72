"""Figures of predicted chances of one class among few, for many weightings of the same rows at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Figures", "calibration", "discrimination", "recalibrated"]

Floats = npt.NDArray[np.float64]
Figures = dict[str, Floats]
_STEPS, _HALVINGS = 25, 8
_CLOSE = 1e-4
_CLOSEST = 1e-6  # a chance nearer to 0 or 1 than this counts as this far
_RIDGE = 1e-6  # so that a separable sample has a finite slope


def discrimination(
    chances: Floats, positive: npt.NDArray[np.bool_], weights: Floats, threshold: float
) -> Figures:
    """How well chances tell a class apart.

    Parameters
    ----------
    chances : array, shape (n,)
        Of being positive, 0 to 1.
    positive : array of bool, shape (n,)
    weights : array, shape (b, n)
        Weight of each row in each of b samples, such as its count in a bootstrap sample.
    threshold : float
        From which chance on a row is called positive.

    Returns
    -------
    dict of array, shape (b,)
        ``auc``; ``ap``, average precision as the sum of precisions over the steps of recall, no
        interpolation (Davis, Goadrich 2006); ``f1`` at the threshold. NaN where a sample holds one class.
    """
    order = np.argsort(-chances, kind="stable")
    p, y, w = chances[order], positive[order].astype(np.float64), weights[:, order]
    hits, alarms = np.cumsum(w * y, axis=1), np.cumsum(w * (1 - y), axis=1)
    ends = np.append(np.flatnonzero(np.diff(p)), len(p) - 1)  # rows of equal chance are called together
    hits, alarms = (np.concatenate([np.zeros((len(w), 1)), part[:, ends]], axis=1) for part in (hits, alarms))
    with np.errstate(invalid="ignore", divide="ignore"):
        rise, run = np.diff(hits, axis=1), np.diff(alarms, axis=1)
        area = ((hits[:, 1:] - rise / 2) * run).sum(axis=1) / (hits[:, -1] * alarms[:, -1])
        called = hits[:, 1:] + alarms[:, 1:]
        precision = np.where(called > 0, hits[:, 1:] / np.where(called > 0, called, 1), 0.0)
        average = (rise * precision).sum(axis=1) / hits[:, -1]
        above = w * (p >= threshold)
        f1 = 2 * (above * y).sum(axis=1) / (above.sum(axis=1) + hits[:, -1])
    one = (hits[:, -1] == 0) | (alarms[:, -1] == 0)
    return {n: np.where(one, np.nan, found) for n, found in (("auc", area), ("ap", average), ("f1", f1))}


def calibration(chances: Floats, positive: npt.NDArray[np.bool_], weights: Floats) -> Figures:
    """What chances are worth as chances; parameters as of `discrimination`.

    Returns
    -------
    dict of array, shape (b,)
        ``brier``, the mean square error; ``slope`` and ``intercept`` of a logistic recalibration (Cox
        1958), 1 and 0 where chances are right; ``off``, the mean difference between chances and
        recalibrated ones.
    """
    y, total = positive.astype(np.float64), weights.sum(axis=1)
    intercept, slope = recalibrated(chances, y, weights)
    again = _chance(intercept[:, None] + slope[:, None] * _logit(chances))
    return {
        "brier": (weights @ ((chances - y) ** 2)) / total,
        "slope": slope,
        "intercept": intercept,
        "off": (weights * np.abs(chances - again)).sum(axis=1) / total,
    }


def recalibrated(chances: Floats, positive: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Intercept and slope of the logistic regression of the class on the logit of the chances, shape (b,).

    Newton's steps, all samples at once, halved where one makes things worse.
    """
    x = _logit(chances)
    a, b = np.zeros(len(weights)), np.ones(len(weights))
    loss = _loss(a, b, x, positive, weights)
    for _ in range(_STEPS):
        p = _chance(a[:, None] + b[:, None] * x)
        error, curve = weights * (positive - p), weights * p * (1 - p)
        g0, g1 = error.sum(axis=1), error @ x - _RIDGE * b
        h00, h01, h11 = curve.sum(axis=1) + _RIDGE, curve @ x, curve @ (x * x) + _RIDGE
        det = h00 * h11 - h01 * h01
        usable = det > 1e-9 * h00 * h11  # all chances alike tell no slope
        safe = np.where(usable, det, 1.0)
        step = np.where(usable, (h11 * g0 - h01 * g1) / safe, g0 / h00)
        tilt = np.where(usable, (h00 * g1 - h01 * g0) / safe, 0.0)
        for _ in range(_HALVINGS):
            tried = _loss(a + step, b + tilt, x, positive, weights)
            worse = tried > loss
            if not worse.any():
                break
            step, tilt = np.where(worse, step / 4, step), np.where(worse, tilt / 4, tilt)
        better = tried <= loss
        a, b, loss = np.where(better, a + step, a), np.where(better, b + tilt, b), np.minimum(tried, loss)
        if np.abs(np.where(better, step, 0.0)).max() < _CLOSE:
            break
    return a, b


def _loss(a: Floats, b: Floats, x: Floats, positive: Floats, weights: Floats) -> Floats:
    """Minus the log likelihood of each sample."""
    z = a[:, None] + b[:, None] * x
    return np.asarray((weights * (np.logaddexp(0.0, z) - positive * z)).sum(axis=1) + _RIDGE / 2 * b * b)


def _logit(p: Floats) -> Floats:
    held = np.clip(p, _CLOSEST, 1 - _CLOSEST)
    return np.asarray(np.log(held / (1 - held)))


def _chance(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))
