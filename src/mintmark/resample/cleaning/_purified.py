"""New rows that real rows of their class surround: the edited nearest neighbour rule for new rows alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.resample._sample import Sample
from mintmark.resample.cleaning.edited_nearest_neighbours import Kind
from mintmark.stats.purity import pure

__all__ = ["purified"]


def purified(sample: Sample, new: Sample, *, k: int = 3, kind: Kind = "all") -> npt.NDArray[np.bool_]:
    """Which new rows stay, shape (len(new),).

    Neighbours are real rows only, none of which goes. SMOTEENN (Batista, Prati, Monard 2004) cleans real
    and new rows together, where new rows vouch for each other: this is the stricter, and the cheaper by far,
    since only new rows are asked and no further than their answer is certain.

    Parameters
    ----------
    sample, new : Sample
        Real rows, which also say how far apart two rows are, and new ones of the same columns and classes.
    k : int, >= 1
    kind : {"all", "mode"}
        A new row stays if all its k nearest real rows are of its class, or if more than half are.
    """
    most = 0 if kind == "all" else (k - 1) // 2
    points = sample.axes.place(new.numbers, new.codes)
    return pure(points, new.labels, sample.points(np.arange(len(sample))), sample.labels, k, most)
