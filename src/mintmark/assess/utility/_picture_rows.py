"""Pictures as rows that a classifier learns from, in tables that hold nothing else to predict from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import codings
from mintmark.assess._image_classifier import classes_of, taught, unlearnt
from mintmark.assess._image_neighbours import neighbours
from mintmark.assess._images import Pictures, image_columns, pictures
from mintmark.assess.privacy.image_copies import beyond_chance
from mintmark.metric import NotRun, Tables

__all__ = ["PictureTask", "beside", "of_pictures", "picture_task", "taught_on", "untouched_pictures"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MOST = 4_000
_ARRAYS = ("pixels", "rows", "labels")
_HANDED = 0.002  # share of held-out pictures among the synthetic ones that makes tests worthless


@dataclass(frozen=True)
class PictureTask:
    """Which classes are told apart, as of rows (see `_models.Task`).

    Parameters
    ----------
    tables : Tables
    column : str
        The pictures.
    classes : array of int, shape (k,)
        Their codes.
    names : tuple of str
    """

    tables: Tables
    column: str
    classes: Ints
    names: tuple[str, ...]

    def labels(self, some: Pictures) -> Floats:
        """Positions of the pictures' classes, shape (n,)."""
        return np.searchsorted(self.classes, some.labels).astype(np.float64)

    def rows(self, rng: np.random.Generator, most_tested: int) -> tuple[Pictures, Pictures, Pictures]:
        """Real pictures, as large a share of the added ones, and held-out ones, all of these classes."""
        known = [self._known(which) for which in ("train", "synthetic", "holdout")]
        share = min(1.0, _MOST / max(1, len(known[0])))
        most = (_MOST, round(share * len(known[1])), most_tested)
        train, added, test = (_some(every, n, rng) for every, n in zip(known, most, strict=True))
        return train, added, test

    def _known(self, which: str) -> Pictures:
        some = pictures(self.tables, self.column, which)
        return some.take(np.flatnonzero(np.isin(some.labels, self.classes)))


def of_pictures(tables: Tables) -> bool:
    """Whether a table holds one column of pictures and nothing else that a class could be told by."""
    return len(image_columns(tables)) == 1 and not set(codings(tables)) - {tables.target}


def picture_task(tables: Tables) -> PictureTask:
    """What is told apart.

    Raises
    ------
    NotRun
        Without a holdout that is fit to test on, with fewer than two classes, or where pictures of a class
        were added that train has too few of: it is the rarest, and a gain elsewhere says nothing of it.
    """
    column = image_columns(tables)[0]
    untouched_pictures(tables, column)
    classes = classes_of(tables, pictures(tables, column, "train"))
    if why := unlearnt(tables, pictures(tables, column, "synthetic"), classes):
        raise NotRun(f"{why}. Whether the rarest class gains cannot be told.")
    values = codings(tables)[str(tables.target)].values
    assert values is not None
    return PictureTask(tables, column, classes, tuple(str(values[int(c)].as_py()) for c in classes))


def untouched_pictures(tables: Tables, column: str) -> None:
    """Raise `NotRun` where there is no holdout, or the synthetic pictures hold pictures of it."""
    tables.need_holdout()
    low = beyond_chance(neighbours(tables, column), "holdout")[1][0]
    if low > _HANDED:
        raise NotRun(
            f"test pictures in training: at least {low:.1%} of the synthetic pictures are nearly "
            "held-out ones. Fit the synthesizer without the holdout."
        )


def taught_on(task: PictureTask, rows: Pictures, seed: int) -> Callable[[Pictures], Floats]:
    """A classifier of these pictures."""
    model = taught(rows, task.classes, np.random.default_rng(seed))
    return lambda some: model.probabilities(some.pixels)


def beside(one: Pictures, other: Pictures) -> Pictures:
    """The pictures of both."""
    both = {name: np.concatenate([getattr(part, name) for part in (one, other)]) for name in _ARRAYS}
    return Pictures(**both, persons=None)


def _some(every: Pictures, most: int, rng: np.random.Generator) -> Pictures:
    return every.take(np.sort(rng.permutation(len(every))[:most]))
