"""A classifier of the user's own pictures: what tells their classes apart, learnt from half of train.

The other half of train stands for the real pictures wherever its features are compared, so that neither
side was learnt from. It needs a target with classes and torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import codings, once
from mintmark.assess._images import Pictures, drawn, pictures
from mintmark.data.streams import stream
from mintmark.errors import MissingExtraError, first_three
from mintmark.metric import NotRun, Tables
from mintmark.stats.image_features import scale_of

if TYPE_CHECKING:
    from mintmark.nn.classifier import ImageClassifier

__all__ = ["Learnt", "classes_of", "learnt", "own_space", "taught", "unlearnt"]

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
_TAUGHT, _FEWEST, _CLASSES, _SIDE = 4_000, 10, 100, 8
_EPOCHS, _SEEN = 10, 5_000  # passes, and pictures seen at least


@dataclass(frozen=True)
class Learnt:
    """The classifier of train's half.

    Parameters
    ----------
    model : ImageClassifier
    classes : array of int
        Codes of the classes it tells apart, in the order of its probabilities.
    apart : array of int
        Places among train's pictures of the half that it did not see.
    seen : array of int
        Places of those it saw.
    """

    model: ImageClassifier
    classes: Ints
    apart: Ints
    seen: Ints

    def called(self, some: Pictures) -> Ints:
        """The class of each picture as the model calls it."""
        found: Ints = self.classes[self.model.probabilities(some.pixels).argmax(axis=1)]
        return found


def learnt(tables: Tables, name: str) -> Learnt:
    """The classifier of a column's pictures, trained at the first call.

    Raises
    ------
    NotRun
        Without torch, without two classes of ten pictures in train, or for pictures below 8 pixels a side.
    """
    made: Learnt = once(tables, f"picture classifier {name}", lambda: _learnt(tables, name))
    return made


def _learnt(tables: Tables, name: str) -> Learnt:
    train = pictures(tables, name, "train")
    classes = classes_of(tables, train)
    rng = stream(tables.shared.get("seed", 0), "assess", "picture classifier", name)
    person = np.arange(len(train)) if train.persons is None else train.persons
    persons = rng.permutation(np.unique(person))
    half = np.isin(person, persons[: len(persons) // 2])
    seen = np.flatnonzero(half & np.isin(train.labels, classes))
    seen = np.sort(rng.permutation(seen)[:_TAUGHT])
    return Learnt(taught(train.take(seen), classes, rng), classes, np.flatnonzero(~half), seen)


def classes_of(tables: Tables, train: Pictures) -> Ints:
    """Codes of the classes that have ten pictures in train; of the holdout nothing is asked.

    Raises
    ------
    NotRun
        If they are fewer than two.
    """
    if tables.target is None or not (train.labels >= 0).any():
        raise NotRun("no target with classes was given. Name the column of classes: target='...'.")
    classes = np.flatnonzero(np.bincount(train.labels[train.labels >= 0]) >= _FEWEST)[:_CLASSES]
    if len(classes) < 2:
        raise NotRun(f"fewer than two classes of {tables.target!r} have {_FEWEST} pictures in train.")
    return classes


def unlearnt(tables: Tables, some: Pictures, classes: Ints) -> str:
    """How many pictures have classes of train that are not learnt, in words; empty where none has."""
    labels = some.labels[(some.labels >= 0) & ~np.isin(some.labels, classes)]
    codes, counts = np.unique(labels, return_counts=True)
    values = codings(tables)[str(tables.target)].values
    if not len(labels) or values is None:
        return ""
    which = first_three(
        f"{str(values[int(code)].as_py())!r} ({count:,})" for code, count in zip(codes, counts, strict=True)
    )
    return (
        f"{len(labels):,} of {len(some):,} synthetic pictures are of class {which}, of which train has too "
        f"few to learn from: {_FEWEST} are needed, of at most {_CLASSES} classes"
    )


def taught(
    some: Pictures,
    classes: Ints,
    rng: np.random.Generator,
    weights: npt.NDArray[np.float64] | None = None,
) -> ImageClassifier:
    """A classifier of these pictures, all of them of these classes, which may have weights.

    Raises
    ------
    NotRun
        Without torch, for pictures below 8 pixels a side, or where they are of one class.
    """
    try:
        from mintmark.nn.classifier import fit_classifier
    except MissingExtraError as error:
        raise NotRun(str(error)) from None
    if min(some.pixels.shape[1:3]) < _SIDE:
        raise NotRun(f"the pictures have less than {_SIDE} pixels a side, too few for the classifier.")
    if len(np.unique(some.labels)) < 2:
        raise NotRun("pictures of one class only: there is nothing to tell apart.")
    labels = np.searchsorted(classes, some.labels)
    epochs = max(_EPOCHS, -(-_SEEN // len(some)))
    return fit_classifier(some.pixels, labels, len(classes), rng, weights=weights, epochs=epochs)


def own_space(tables: Tables, name: str, which: str, most: int) -> tuple[Singles, Ints | None]:
    """The classifier's features of drawn pictures, in units of train's other half, and whose they are."""

    def make() -> tuple[Singles, Ints | None]:
        some = _reference(tables, name, most) if which == "train" else drawn(tables, name, which, most)
        features = learnt(tables, name).model.features(some.pixels)
        centre, scale = _scale(tables, name, most)
        return (features - centre) / scale, some.persons

    found: tuple[Singles, Ints | None] = once(tables, f"own space {name} {which} {most}", make)
    return found


def _reference(tables: Tables, name: str, most: int) -> Pictures:
    return pictures(tables, name, "train").take(learnt(tables, name).apart[:most])


def _scale(tables: Tables, name: str, most: int) -> tuple[Singles, Singles]:
    found: tuple[Singles, Singles] = once(
        tables,
        f"own scale {name} {most}",
        lambda: scale_of(learnt(tables, name).model.features(_reference(tables, name, most).pixels)),
    )
    return found
