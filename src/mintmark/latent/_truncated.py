"""Normal vectors inside a union of boxes, drawn exactly.

Botev (2017), "The normal law under linear restrictions: simulation and estimation via minimax
tilting", J. R. Stat. Soc. B 79(1): each coordinate in turn is drawn inside its limits given those
before, shifted so that the worst ratio of target to proposal is least; accepting by that ratio
makes the draws exact. Over several boxes one is chosen by its bound, so that acceptance evens out
what the bounds are too high by, and no probability of a box need be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mintmark.errors import RejectedError

__all__ = ["Boxes", "draws", "tilted"]

Floats = npt.NDArray[np.float64]

_BATCHES = 500
_SLACK = 1e-8
"""Added to a bound, in logarithms, for the solver's tolerance."""


@dataclass(frozen=True)
class Boxes:
    """Disjoint boxes of L e, e standard normal of d dimensions, and how to propose inside them.

    ``root`` (d, d): lower triangular L. ``low``, ``high``, ``tilt`` (boxes, d). ``bound``
    (boxes,): log of the most that target to proposal can be; the log-probability is below it.
    """

    root: Floats
    low: Floats
    high: Floats
    tilt: Floats
    bound: Floats


def tilted(root: Floats, low: Floats, high: Floats) -> Boxes:
    """The boxes with limits low and high, shape (boxes, d), with their tilts."""
    solved = [
        _solved(len(root), root.tobytes(), a.tobytes(), b.tobytes()) for a, b in zip(low, high, strict=True)
    ]
    tilt = np.array([tilt for tilt, _ in solved]).reshape(low.shape)
    return Boxes(root, low, high, tilt, np.array([bound for _, bound in solved]))


def draws(n: int, boxes: Boxes, rng: np.random.Generator) -> Floats:
    """n vectors e with L e in the boxes, in proportion to their probabilities, shape (n, d).

    Raises
    ------
    RejectedError
        If next to no proposal is accepted.
    """
    weight = np.exp(boxes.bound - boxes.bound.max())
    accepted: list[Floats] = []
    have, tried = 0, 0
    for _ in range(_BATCHES):
        if have >= n:
            return np.concatenate(accepted or [np.empty((0, len(boxes.root)))])[:n]
        rate = (have + 1) / (tried + 1)
        m = int(min(1.1 * (n - have) / rate, 4 * n)) + 16
        which = rng.choice(len(weight), m, p=weight / weight.sum()) if len(weight) > 1 else np.zeros(m, int)
        e, excess = _proposed(which, boxes, rng)
        e = e[np.log1p(-rng.random(m)) <= excess]
        accepted.append(e)
        have, tried = have + len(e), tried + m
    raise RejectedError(
        f"{have} of {tried:,} proposals met the condition: its columns all but contradict each other. "
        "Widen it."
    )


def _proposed(which: npt.NDArray[np.intp], boxes: Boxes, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Proposals in the boxes with these numbers, and the logs of their acceptance probabilities."""
    root, d = boxes.root, len(boxes.root)
    e = np.empty((len(which), d))
    excess = -boxes.bound[which]
    for k in range(d):
        before = e[:, :k] @ root[k, :k]
        tilt = boxes.tilt[which, k]
        low = (boxes.low[which, k] - before) / root[k, k] - tilt
        high = (boxes.high[which, k] - before) / root[k, k] - tilt
        shifted, log_mass = _inside(rng.random(len(which)), low, high)
        e[:, k] = shifted + tilt
        excess += log_mass + tilt**2 / 2 - tilt * e[:, k]
    return e, excess


def _inside(u: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Standard normals between limits at probabilities u, and the logs of what lies between.

    Right of zero it works on the mirror image: only the left tail is exact in floating point.
    """
    from scipy.special import ndtr, ndtri

    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    below, upto = ndtr(low), ndtr(high)
    x = np.clip(ndtri(below + u * (upto - below)), low, high)
    with np.errstate(divide="ignore"):
        return np.where(flip, -x, x), np.log(upto - below)


@lru_cache(maxsize=1024)
def _solved(d: int, root: bytes, low: bytes, high: bytes) -> tuple[Floats, float]:
    """Tilt, shape (d,), and bound of one box; the same for every block of rows."""
    from scipy.optimize import root as find_root

    factor = np.frombuffer(root).reshape(d, d)
    scale = np.diag(factor)
    a, b = np.frombuffer(low) / scale, np.frombuffer(high) / scale
    lower = factor / scale[:, None] - np.eye(d)
    if d == 1:
        return np.zeros(1), float(_log_mass(a, b)[0])
    found = find_root(_slope, np.zeros(2 * (d - 1)), args=(a, b, lower), jac=True, method="hybr")
    if found.success and np.all(np.isfinite(found.x)) and np.abs(found.fun).max() < 1e-6:
        x, tilt = (np.append(half, 0.0) for half in np.split(found.x, 2))
        shift = lower @ x + tilt
        value = tilt @ tilt / 2 - x @ tilt + _log_mass(a - shift, b - shift).sum()
        return tilt, float(value) + _SLACK
    # without a tilt each coordinate holds at most what its width holds about the middle
    widest = _log_mass((a - b)[1:] / 2, (b - a)[1:] / 2)
    return np.zeros(d), float(_log_mass(a[:1], b[:1])[0] + widest.sum())


def _slope(point: Floats, a: Floats, b: Floats, lower: Floats) -> tuple[Floats, Floats]:
    """Gradient in (x, tilt) of the log ratio of target to proposal, and its Jacobian (Botev, eq. 10)."""
    d = len(a)
    x, tilt = (np.append(half, 0.0) for half in np.split(point, 2))
    shift = lower @ x + tilt
    mass = _log_mass(a - shift, b - shift)
    at_low, at_high = _density_over(a - shift, mass), _density_over(b - shift, mass)
    mean = at_low - at_high
    ends = [np.where(np.isfinite(z), z, 0.0) for z in (a - shift, b - shift)]
    curve = ends[0] * at_low - ends[1] * at_high - mean**2
    free = slice(0, d - 1)
    by_x = (mean @ lower - tilt)[free]
    by_tilt = (tilt - x + mean)[free]
    xx = (lower.T * curve) @ lower
    xt = curve[:, None] * lower - np.eye(d)
    tt = np.diag(1 + curve)
    jacobian = np.block([[xx[free, free], xt.T[free, free]], [xt[free, free], tt[free, free]]])
    return np.concatenate([by_x, by_tilt]), jacobian


def _log_mass(low: Floats, high: Floats) -> Floats:
    """Log-probability of a standard normal between limits, exact in both tails."""
    from scipy.special import log_ndtr

    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    below, upto = log_ndtr(low), log_ndtr(high)
    with np.errstate(divide="ignore"):
        return np.asarray(upto + np.log1p(-np.exp(below - upto)))


def _density_over(z: Floats, log_mass: Floats) -> Floats:
    finite = np.where(np.isfinite(z), z, 0.0)
    log_density = -(finite**2) / 2 - np.log(2 * np.pi) / 2 - log_mass
    return np.asarray(np.where(np.isfinite(z), np.exp(np.minimum(log_density, 700)), 0.0))
