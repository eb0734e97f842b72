"""Survival: curves, proportional hazards, concordance and error, with right censoring.

Kaplan and Meier (1958) for the curve, Cox (1972) with the ties of Breslow (1974), Harrell et al.
(1982) for concordance, Graf et al. (1999) for the Brier score under censoring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Cox", "Curve", "brier_at", "concordance", "cox", "curve_influence", "distance", "kaplan_meier"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_STEPS = 50
_SMALL = 1e-8
_LEAST_UNCENSORED = 0.05
_BLOCK = 500


@dataclass(frozen=True)
class Curve:
    """A step function: 1 before the first time, then `survival` from each time on.

    Parameters
    ----------
    times : array, shape (k,), rising
    survival : array, shape (k,), falling, 0..1
    """

    times: Floats
    survival: Floats

    def at(self, when: Floats) -> Floats:
        """Survival at these times, a step included in its time."""
        steps = np.append(1.0, self.survival)
        return np.asarray(steps[np.searchsorted(self.times, when, "right")])

    def before(self, when: Floats) -> Floats:
        """Survival just before these times."""
        steps = np.append(1.0, self.survival)
        return np.asarray(steps[np.searchsorted(self.times, when, "left")])


def kaplan_meier(time: Floats, event: Bools) -> Curve:
    """Product-limit estimate.

    Parameters
    ----------
    time : array, shape (n,), >= 0
    event : array of bool, shape (n,)
        False where the time is censored; one censored at a time is at risk then.
    """
    times, died = np.unique(time[event], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), times, "left")
    return Curve(times, np.asarray(np.cumprod(1 - died / at_risk), dtype=np.float64))


def curve_influence(time: Floats, event: Bools, when: Floats) -> Floats:
    """Influence of each row on the Kaplan-Meier curve at these times, shape (n, len(when)).

    The martingale form (Andersen, Borgan, Gill, Keiding 1993, section IV.3) with jumps of the size that
    ties give them; its mean square is Greenwood's variance times n, ties or not.
    """
    curve, n = kaplan_meier(time, event), len(time)
    times, died = np.unique(time[event], return_counts=True)
    at_risk = n - np.searchsorted(np.sort(time), times, "left")
    left = at_risk - died
    # where nobody is left the curve is 0, and stays so whatever a row does
    jump = np.divide(n, left, out=np.zeros(len(times)), where=left > 0)
    spent = np.append(0.0, np.cumsum(died / at_risk * jump))
    own = np.zeros(n)
    own[event] = jump[np.searchsorted(times, time[event])]
    until = np.minimum(time[:, None], when[None, :])
    exposed = spent[np.searchsorted(times, until, "right")]
    happened = own[:, None] * (time[:, None] <= when[None, :])
    moved: Floats = -curve.at(when) * (happened - exposed)
    return moved


def distance(a: Curve, b: Curve, end: float) -> float:
    """Mean over the time from 0 to `end` of the distance between two curves, 0..1."""
    steps = np.unique(np.concatenate([[0.0], a.times[a.times < end], b.times[b.times < end], [end]]))
    return float(np.abs(a.at(steps[:-1]) - b.at(steps[:-1])) @ np.diff(steps) / end)


@dataclass(frozen=True)
class Cox:
    """Proportional hazards.

    Parameters
    ----------
    beta : array, shape (p,)
        Log hazard ratios.
    covariance : array, shape (p, p)
    times, hazard : array, shape (k,)
        Cumulative baseline hazard from each event time on.
    """

    beta: Floats
    covariance: Floats
    times: Floats
    hazard: Floats

    def risk(self, x: Floats) -> Floats:
        """Log hazard of rows, shape (n,), up to a constant."""
        return np.asarray(np.clip(x @ self.beta, -20, 20))

    def survival(self, x: Floats, when: Floats) -> Floats:
        """Chance of surviving these times, shape (n, len(when))."""
        base = np.append(0.0, self.hazard)[np.searchsorted(self.times, when, "right")]
        return np.asarray(np.exp(-np.exp(self.risk(x))[:, None] * base[None, :]))


def cox(x: Floats, time: Floats, event: Bools, ridge: float = 1.0) -> Cox:
    """Maximum partial likelihood by Newton's method, ties after Breslow, with a ridge.

    Parameters
    ----------
    x : array, shape (n, p), standardised
    time : array, shape (n,); event : array of bool, shape (n,), at least one True
    ridge : float, >= 0
        Keeps coefficients finite where a column tells all events.
    """
    order = np.argsort(time, kind="stable")
    x, time, event = x[order], time[order], event[order]
    times, died = np.unique(time[event], return_counts=True)
    first = np.searchsorted(time, times, "left")
    passed = np.searchsorted(times, time, "right")  # event times up to each row's own
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        weight = np.exp(np.clip(x @ beta, -20, 20))
        total = _still(weight)[first]
        means = _still(weight[:, None] * x)[first] / total[:, None]
        hazard = np.append(0.0, np.cumsum(died / total))
        gradient = x[event].sum(axis=0) - died @ means - ridge * beta
        # the sum over event times of the second moments at risk, gathered by row
        second = (x * (weight * hazard[passed])[:, None]).T @ x
        hessian = second - (means * died[:, None]).T @ means + ridge * np.eye(len(beta))
        step = np.linalg.solve(hessian + _SMALL * np.eye(len(beta)), gradient)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max(initial=0) < _SMALL:
            break
    return Cox(beta, np.linalg.inv(hessian + _SMALL * np.eye(len(beta))), times, hazard[1:])


def _still(values: Floats) -> Floats:
    """Sums over a row and all after it."""
    return np.asarray(np.cumsum(values[::-1], axis=0)[::-1])


def concordance(risk: Floats, time: Floats, event: Bools) -> tuple[float, Floats] | None:
    """Harrell's C: of two rows of which one is known to end first, how often it has the higher risk.

    Parameters
    ----------
    risk, time : array, shape (n,)
    event : array of bool, shape (n,)

    Returns
    -------
    (C, influence of each row), or None where no two rows can be compared
        Equal risks count half; of two equal times one with an event ends before one without.
    """
    n = len(risk)
    right, pairs = np.zeros(n), np.zeros(n)  # each pair is counted at both of its rows
    for start in range(0, n, _BLOCK):
        i = slice(start, start + _BLOCK)
        later = (time[i, None] < time) | ((time[i, None] == time) & ~event)
        usable = later & event[i, None]
        score = np.where(risk[i, None] > risk, 1.0, np.where(risk[i, None] == risk, 0.5, 0.0)) * usable
        for total, part in ((right, score), (pairs, usable)):
            total[i] += part.sum(axis=1)
            total += part.sum(axis=0)
    if not pairs.sum():
        return None
    c = float(right.sum() / pairs.sum())
    return c, n * (right - c * pairs) / (pairs.sum() / 2)


def brier_at(survival: Floats, time: Floats, event: Bools, when: Floats, censoring: Curve) -> Floats:
    """Squared error of each row's predicted survival, averaged over the times, shape (n,).

    Rows censored before a time tell nothing of it; the others are weighted up by the inverse chance
    of being uncensored so far (Graf, Schmoor, Sauerbrei, Schumacher 1999, eq. 4).

    Parameters
    ----------
    survival : array, shape (n, k)
    when : array, shape (k,), rising
    censoring : Curve
        Kaplan-Meier curve of the censoring.
    """
    ended = (time[:, None] <= when) & event[:, None]
    goes_on = time[:, None] > when
    at_end = np.maximum(censoring.before(time), _LEAST_UNCENSORED)[:, None]
    at_time = np.maximum(censoring.at(when), _LEAST_UNCENSORED)[None, :]
    error = ended * survival**2 / at_end + goes_on * (1 - survival) ** 2 / at_time
    whole: Floats = np.trapezoid(error, when, axis=1) / (when[-1] - when[0])
    return whole
