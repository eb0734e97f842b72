"""Whether pictures that are added to real ones help a classifier, beside what weighing the classes does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mintmark.assess._image_classifier import Learnt, taught
from mintmark.assess._images import Pictures, pictures
from mintmark.metric import Score, Tables
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["gain"]

Floats = npt.NDArray[np.float64]
_ALONE, _WEIGHED, _ADDED = "real pictures alone", "classes weighed", "pictures added"


def gain(
    tables: Tables, name: str, real: Learnt, made: Pictures, test: Pictures, rng: np.random.Generator
) -> Score:
    """Mean recall over the classes with the pictures added, less the best of real pictures alone.

    Parameters
    ----------
    real : Learnt
        Of half of train.
    made, test : Pictures
        The added pictures and the holdout's, of its classes.
    """
    train = pictures(tables, name, "train")
    alone = train.take(real.seen)
    some = rng.permutation(len(made))[: max(1, round(len(made) * len(alone) / len(train)))]
    both = _joined(alone, made.take(np.sort(some)))
    counts = np.bincount(np.searchsorted(real.classes, alone.labels), minlength=len(real.classes))
    weights = len(alone) / (len(counts) * np.maximum(counts, 1.0))
    ways = {
        _ALONE: real,
        _WEIGHED: replace(real, model=taught(alone, real.classes, rng, weights)),
        _ADDED: replace(real, model=taught(both, real.classes, rng)),
    }
    found = {way: _recall(one.called(test) == test.labels, test) for way, one in ways.items()}
    best = max((_ALONE, _WEIGHED), key=lambda way: found[way][0])
    (control, on_control), (figure, on_figure) = found[best], found[_ADDED]
    told = {"instead": f"{best} ({control:.3f} against {figure:.3f} mean recall)"}
    return Score(
        metric="gan_train_test.added",
        family="utility",
        estimate=figure - control,
        interval=normal(figure - control, influence_variance(on_figure - on_control, test.persons)),
        ceiling=1 - control,
        floor=0.0,
        n=len(test),
        variance="draw of the holdout's pictures (infinitesimal jackknife), paired; classifiers as given",
        estimand="gain in mean recall of these classifiers on fresh real pictures",
        convention=(
            "mean over the classes of the share of the holdout's pictures that a small convolutional "
            f"classifier names rightly, learnt from half of train ({len(alone):,} pictures) and as large a "
            f"share of the added ones, minus the best of {_ALONE} and {_WEIGHED}; ceiling: no mistake"
        ),
        source="after Shmelkov, Schmid, Alahari (2018) and Elor and Averbuch-Elor (2022)",
        details={"ways": {way: value for way, (value, _) in found.items()}}
        | (told if figure <= control else {}),
    )


def _joined(a: Pictures, b: Pictures) -> Pictures:
    whose = np.concatenate([a.pixels, b.pixels]), np.concatenate([a.rows, b.rows])
    return Pictures(*whose, np.concatenate([a.labels, b.labels]), None)


def _recall(right: npt.NDArray[np.bool_], test: Pictures) -> tuple[float, Floats]:
    """Mean recall over classes, and the influence of each picture on it."""
    _, which, counts = np.unique(test.labels, return_inverse=True, return_counts=True)
    recalls = np.bincount(which, weights=right) / counts
    influence: Floats = (right - recalls[which]) * (len(right) / (len(counts) * counts[which]))
    return float(recalls.mean()), influence
