"""How little a real row is like the others: what says who is most at risk.

After Meeus, Guépin, Creţu, de Montjoye (2023), "Achilles' heels", ESORICS, who pick the records to
attack by their distance to other records. Train and holdout are treated alike.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from mintmark.assess._threads import in_threads
from mintmark.assess.privacy._rows import Rows
from mintmark.stats.neighbours import Points, nearest

__all__ = ["REFERENCE", "far", "rare", "sampled", "standard"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
REFERENCE = 1_000
"""Rows of either real table that say what is near."""


def sampled(n: int, size: int, rng: np.random.Generator) -> Ints:
    """Positions of `size` of n rows, or of all of them where they are fewer, in order."""
    return np.sort(rng.choice(n, min(n, size), replace=False))


def far(rows: Rows, reference: dict[str, Ints]) -> dict[str, Floats]:
    """Distance of every real row to the third nearest other row of a reference of both tables."""
    both = rows.at("train", reference["train"]).joined(rows.at("holdout", reference["holdout"]))
    return {
        role: np.concatenate(list(in_threads(partial(_third, rows, role, both, itself), rows.parts(role))))
        for role, itself in reference.items()
    }


def _third(rows: Rows, role: str, both: Points, reference: Ints, part: Ints) -> Floats:
    near = nearest(rows.at(role, part), both, 4)
    # a row of the reference finds itself first
    return np.where(np.isin(part, reference), near[:, 3], near[:, 2])


def standard(rows: Rows, reference: dict[str, Ints]) -> dict[str, Floats]:
    """The same in standard deviations of the numbers: ranks hide how far off an extreme value is."""
    from sklearn.neighbors import NearestNeighbors

    scaled = rows.standardised
    known = np.concatenate([scaled[role][reference[role]] for role in ("train", "holdout")])
    search = NearestNeighbors(n_neighbors=4, algorithm="brute", n_jobs=1).fit(known)
    out = {}
    for role in ("train", "holdout"):
        found = search.kneighbors(scaled[role])[0]
        itself = np.isin(np.arange(len(found)), reference[role])
        out[role] = np.where(itself, found[:, 3], found[:, 2])
    return out


def rare(rows: Rows) -> dict[str, Floats]:
    """Sum over columns of minus the log of the share of real rows with the value, or further out."""
    sizes = [len(rows.tables[role]) for role in ("train", "holdout")]
    total = np.zeros(sum(sizes))
    for column in rows.scored:
        pooled = np.concatenate([rows.values[column.name][role] for role in ("train", "holdout")]) + 1
        counts = np.bincount(pooled).astype(np.float64)
        if column.is_numeric:  # identities are in the order of the values, missing first
            below = np.cumsum(counts[1:])
            tail = np.minimum(below, below[-1] - below + counts[1:]) if len(below) else below
            counts[1:] = np.minimum(2 * tail, below[-1:])
        total -= np.log(counts[pooled] / len(pooled))
    return dict(zip(("train", "holdout"), np.split(total, sizes[:1]), strict=True))
