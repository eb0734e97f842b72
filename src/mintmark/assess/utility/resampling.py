"""Resampling: do added rows of a rare class help, beside what helps without them?

The same gain may come from weighing the classes or from moving the threshold, and added rows make
predicted chances too high (van den Goorbergh, van Smeden, Timmerman, Van Calster 2022, JAMIA 29;
Elor, Averbuch-Elor 2022, arXiv 2201.08528; Carriero et al. 2025, Statistics in Medicine). So the models of
real and added rows stand beside those of the real rows alone, with classes weighed alike, and with
a threshold chosen on real rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._threads import in_threads
from mintmark.assess.utility._families import families
from mintmark.assess.utility._models import Task
from mintmark.assess.utility._picture_rows import PictureTask, beside, of_pictures, picture_task, taught_on
from mintmark.assess.utility._sampled import sampled, told
from mintmark.assess.utility._trained import FEWEST, joined, task_of
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.rare_class import Figures, calibration, discrimination

__all__ = ["Resampling"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ways = dict[str, dict[str, Figures]]
"""Figures by model and by way."""
_ROWS, _TEST = 20_000, 5_000
_KINDS = ("linear", "small tree", "trees")
_DRAWS = 200
_REAL, _WEIGHED, _MOVED, _ADDED = "real rows alone", "classes weighed", "threshold moved", "rows added"
_FIGURES = {"ap": "average precision", "auc": "area under the ROC curve", "f1": "F1"}
_SOURCE = "van den Goorbergh et al. (2022); Elor and Averbuch-Elor (2022); Cox (1958) for calibration"


@method
class Resampling(Metric):
    """Gain of adding rows of rare classes over the best control, and what it costs in calibration.

    Measured where the rows are `augmented real` and the target has classes; the rarest class that the
    added rows grow is told from all others. Three models (linear, small tree, boosted trees) learn from at
    most 20,000 real rows and as large a share of the added ones; the model told is the one whose average
    precision is best without added rows. Of pictures one convolutional network learns, from at most 4,000.
    """

    family: ClassVar[Family] = "utility"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        if tables.synthetic.provenance.get("nature") != "augmented real":
            return []
        task, kinds, parts = _of_pictures(tables, rng) if of_pictures(tables) else _of_rows(tables, rng)
        seed = int(rng.integers(2**31))
        tried = in_threads(lambda name: _tried(task, parts, kinds[name], seed), list(kinds))
        models = dict(zip(kinds, tried, strict=True))
        weights = _weights(parts.test, rng)
        found = {
            name: {
                way: discrimination(one.chances, parts.positive, weights, one.threshold)
                for way, one in ways.items()
            }
            for name, ways in models.items()
        }
        best = max(found, key=lambda name: _control(found[name], "ap")[0])
        worth = {
            name: {
                way: calibration(one.chances, parts.positive, weights if name == best else weights[:1])
                for way, one in ways.items()
                if way != _MOVED
            }
            for name, ways in models.items()
        }
        scores = [_gain(figure, found, worth, best, parts) for figure in _FIGURES]
        scores += [_cost(worth[best], best, which, parts) for which in _COSTS]
        return told(tables, scores, _ROWS)


def _of_rows(tables: Tables, rng: np.random.Generator) -> tuple[Task, dict[str, Any], _Parts]:
    task = task_of(tables)
    if task.classes is None:
        raise NotRun(f"the target {task.target!r} is a number: controls are for rare classes.")
    kinds = {name: maker for name, maker in families(task).items() if name in _KINDS}
    rows = min(len(tables.train), _ROWS)
    more = max(1, round(len(tables.synthetic) * rows / len(tables.train)))
    real, added = (
        task.known(sampled(tables, which, n)) for which, n in (("train", rows), ("synthetic", more))
    )
    test = task.known(sampled(tables, "holdout", _TEST))
    return task, kinds, _Parts.of(task, real, added, joined(real, added), test, rng)


def _of_pictures(tables: Tables, rng: np.random.Generator) -> tuple[PictureTask, dict[str, Any], _Parts]:
    task = picture_task(tables)
    real, added, test = task.rows(rng, _TEST)
    return task, {"network": taught_on}, _Parts.of(task, real, added, beside(real, added), test, rng)


def _controls(figure: str) -> tuple[str, ...]:
    """A threshold moves no order of rows: only F1 knows of it."""
    return (_REAL, _WEIGHED, _MOVED) if figure == "f1" else (_REAL, _WEIGHED)


def _control(ways: dict[str, Figures], figure: str) -> Floats:
    """The best control's figure, on the holdout itself first and then in each bootstrap sample."""
    return np.asarray(np.max([ways[way][figure] for way in _controls(figure)], axis=0))


def _gain(figure: str, found: Ways, worth: Ways, told_of: str, parts: _Parts) -> Score:
    gains = {name: ways[_ADDED][figure] - _control(ways, figure) for name, ways in found.items()}
    ways = found[told_of]
    best = max(_controls(figure), key=lambda way: ways[way][figure][0])
    details: dict[str, Any] = {"class": parts.name, "model": told_of}
    if _ends(gains[told_of])[0] <= 0:
        details["instead"] = (
            f"{best} ({ways[best][figure][0]:.3f} against {ways[_ADDED][figure][0]:.3f} {_FIGURES[figure]})"
        )
    return Score(
        metric=f"{name_of(Resampling)}.{figure}",
        family="utility",
        estimate=float(gains[told_of][0]),
        interval=_ends(gains[told_of]),
        ceiling=1 - float(_control(ways, figure)[0]),
        floor=0.0,
        n=len(parts.test),
        variance=f"draw of the holdout rows ({_DRAWS} bootstraps, all ways alike); models as given",
        estimand=f"gain in {_FIGURES[figure]} of these models on fresh real rows",
        convention=(
            f"{_FIGURES[figure]} of class {parts.name!r} with the rows added to train, minus the best of "
            f"{', '.join(_controls(figure))}; the model whose average precision is best without them "
            f"({told_of}); the other models in details; ceiling: a faultless order"
        ),
        source=_SOURCE,
        details=details
        | {"models": {name: _record(gains[name], found[name], worth[name]) for name in found}},
    )


_COSTS = ("brier", "calibration")


def _cost(ways: dict[str, Figures], model: str, which: str, parts: _Parts) -> Score:
    figure = {"brier": "brier", "calibration": "off"}[which]
    worse = ways[_ADDED][figure] - ways[_REAL][figure]
    lower: Direction = "lower"
    means = {
        "brier": "mean square error of the predicted chances",
        "calibration": "mean difference between predicted chances and those that a logistic recalibration on "
        "the holdout gives",
    }
    return Score(
        metric=f"{name_of(Resampling)}.{which}",
        family="utility",
        direction=lower,
        estimate=float(worse[0]),
        interval=_ends(worse),
        ceiling=0.0,
        floor=1.0,
        n=len(parts.test),
        variance=f"draw of the holdout rows ({_DRAWS} bootstrap samples, both alike); models as given",
        estimand="how much worse the chances of these models are on fresh real rows",
        convention=(
            f"{means[which]} of class {parts.name!r} with the rows added to train, minus that of real rows "
            f"alone; model: {model}; above 0 added rows do harm"
        ),
        source=_SOURCE,
    )


@dataclass(frozen=True)
class _Way:
    """Chances of the class on the test rows, and from which on a row is called one of it."""

    chances: Floats
    threshold: float


@dataclass(frozen=True)
class _Parts:
    """Rows to learn from and to test on, and the class that is told from all others.

    Parameters
    ----------
    real, added, weighed, fit, tune, test : Coded or Pictures
        `weighed` are real rows, those of rarer classes repeated until all classes are alike.
        `fit` and `tune` are real rows in two, to choose a threshold by.
    """

    real: Any
    added: Any
    weighed: Any
    fit: Any
    tune: Any
    test: Any
    label: int
    name: str
    positive: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, task: Task | PictureTask, real: Any, added: Any, both: Any, test: Any, rng: np.random.Generator
    ) -> _Parts:
        label = _rarest(task.labels(real), task.labels(added))
        positive = task.labels(test) == label
        if min(positive.sum(), (~positive).sum()) < FEWEST:
            raise NotRun(
                f"the holdout holds fewer than {FEWEST} rows of class {task.names[label]!r}, or of others."
            )
        order = rng.permutation(len(real))
        cut = len(real) // 4
        fit, tune = (real.take(np.sort(part)) for part in (order[cut:], order[:cut]))
        weighed = real.take(_repeated(task.labels(real)))
        return cls(real, both, weighed, fit, tune, test, label, task.names[label], positive)


def _rarest(real: Floats, added: Floats) -> int:
    """Of the classes that the added rows hold the one with the fewest real rows."""
    grown = np.unique(added).astype(int)
    if not len(grown):
        raise NotRun("the added rows hold no class of the target that train has.")
    counts = np.bincount(real.astype(int), minlength=int(grown.max()) + 1)
    return int(grown[np.argmin(counts[grown])])


def _repeated(labels: Floats) -> Ints:
    """Every row as often as makes all classes as large as the largest, in whole numbers."""
    counts = np.bincount(labels.astype(int))
    times = np.rint(counts.max() / np.maximum(counts, 1)).astype(int)
    return np.repeat(np.arange(len(labels)), times[labels.astype(int)])


def _tried(task: Task | PictureTask, parts: _Parts, make: Any, seed: int) -> dict[str, _Way]:
    """One sort of model under every way."""
    label = parts.label
    real, weighed, added = (
        make(task, rows, seed)(parts.test)[:, label] for rows in (parts.real, parts.weighed, parts.added)
    )
    tuned = make(task, parts.fit, seed)(parts.tune)[:, label]
    moved = _best_threshold(tuned, task.labels(parts.tune) == label)
    return {
        _REAL: _Way(real, 0.5),
        _WEIGHED: _Way(weighed, 0.5),
        _MOVED: _Way(real, moved),
        _ADDED: _Way(added, 0.5),
    }


def _best_threshold(chances: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """From which chance on calling rows positive gives the highest F1."""
    order = np.argsort(-chances, kind="stable")
    hits = np.cumsum(positive[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + max(1, positive.sum()))
    last = np.append(np.diff(chances[order]) != 0, True)  # rows of equal chance are called together
    return float(chances[order][int(np.argmax(np.where(last, f1, -1)))])


def _weights(test: Any, rng: np.random.Generator) -> Floats:
    """Ones, for the holdout as it is, then how often each row is in bootstrap samples of persons."""
    owner = np.arange(len(test)) if test.persons is None else np.unique(test.persons, return_inverse=True)[1]
    n = int(owner.max()) + 1
    counts = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS)[:, owner]
    return np.concatenate([np.ones((1, len(test))), counts])


def _ends(values: Floats) -> tuple[float, float]:
    """The estimate's 95 % percentile interval over the bootstrap samples after the first."""
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return min(float(low), float(values[0])), max(float(high), float(values[0]))


def _record(gain: Floats, ways: dict[str, Figures], worth: dict[str, Figures]) -> dict[str, Any]:
    low, high = _ends(gain)
    return {
        "estimate": float(gain[0]),
        "interval": [low, high],
        "ways": {
            way: {name: float(values[0]) for name, values in (found | worth.get(way, {})).items()}
            for way, found in ways.items()
        },
    }
