"""Random under-sampling: of large classes some rows stay, drawn evenly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.data.dataset import Dataset
from mintmark.data.streams import stream
from mintmark.resample._sample import Sample
from mintmark.resample.cleaning._classes import Under, classes_of

__all__ = ["kept_at_random", "random_under"]

Ints = npt.NDArray[np.int64]


def random_under(
    data: Dataset, target: str | None = None, sampling_strategy: Under = "auto", *, seed: int
) -> Ints:
    """Rows that stay when large classes lose rows at random, none drawn twice.

    Parameters
    ----------
    data : Dataset
    target : str, optional
        A column of classes; the one of role target by default. Rows without a class stay.
    sampling_strategy : Under
        How many rows of which classes stay; "auto" of each as many as the smallest has.
    seed : int, >= 0

    Returns
    -------
    array of int
        In order.
    """
    classes = classes_of(data, target, measured=False)
    keep = classes.staying(sampling_strategy)
    return classes.kept(kept_at_random(classes.sample, keep, stream(seed, "random_under")))


def kept_at_random(sample: Sample, keep: Ints, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which rows stay, shape (n,).

    Parameters
    ----------
    sample : Sample
    keep : array of int, shape (classes,)
        Rows that stay of each class.
    """
    out = np.ones(len(sample), dtype=bool)
    for label, n in enumerate(keep):
        rows = sample.of_class(label)
        out[rng.permutation(rows)[n:]] = False
    return out
