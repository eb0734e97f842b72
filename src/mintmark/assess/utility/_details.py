"""Drill-down of trained models: curves, recall of each class, precision, calibration, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.utility._trained import Leg, Legs, Trained
from mintmark.stats.classification import average_precision, brier, calibration_error, macro_f1, recalls

__all__ = ["class_table", "curve", "measures"]

Floats = npt.NDArray[np.float64]
_GRID = 50


def measures(trained: Trained, legs: Legs) -> dict[str, Any]:
    """Further figures of the models of real and of synthetic rows, by name."""
    sides = {"trtr": legs.real, "tstr": legs.synthetic}
    told = {name: _measured(trained, leg) for name, leg in sides.items()}
    return {"measures": {key: {name: told[name][key] for name in told} for key in told["trtr"]}}


def _measured(trained: Trained, leg: Leg) -> dict[str, float]:
    if trained.task.classes is None:
        error = leg.answers - trained.labels
        return {"rmse": float(np.sqrt((error**2).mean())), "mae": float(np.abs(error).mean())}
    k, labels = len(trained.task.classes), trained.labels.astype(int)
    classes = [1] if k == 2 else range(k)  # of two classes, the rarer is looked for
    precision = [average_precision(leg.answers[:, c], labels == c) for c in classes if (labels == c).any()]
    answers = leg.answers.argmax(axis=1)
    return {
        "average_precision": float(np.mean(precision)) if precision else float("nan"),
        "f1": macro_f1(answers, labels, k),
        "accuracy": float((answers == labels).mean()),
        "brier": float(brier(leg.answers, labels).mean()),
        "calibration_error": calibration_error(leg.answers, labels),
    }


def class_table(trained: Trained) -> list[dict[str, Any]]:
    """Recall of each class by the boosted trees: the share of its test rows that they name."""
    k, labels = len(trained.task.names), trained.labels.astype(int)
    legs = (trained.trees.real, trained.trees.synthetic)
    trtr, tstr = (recalls(leg.answers.argmax(axis=1), labels, k) for leg in legs)
    rows = np.bincount(labels, minlength=k)
    return [
        {"value": name, "n": int(rows[c]), "recall_trtr": float(trtr[c]), "recall_tstr": float(tstr[c])}
        for c, name in enumerate(trained.task.names)
    ]


def curve(legs: Legs, labels: Floats) -> dict[str, list[float]]:
    """Both ROC curves on a common grid of 50 false positive rates."""
    grid = np.linspace(0, 1, _GRID)
    out = {"fpr": [round(float(v), 4) for v in grid]}
    for name, leg in (("tstr", legs.synthetic), ("trtr", legs.real)):
        order = np.argsort(-leg.answers[:, 1], kind="stable")
        hit = labels[order] == 1
        last = np.append(np.diff(leg.answers[order, 1]) != 0, True)  # ties are passed in one step
        rise, run = np.cumsum(hit)[last] / hit.sum(), np.cumsum(~hit)[last] / (~hit).sum()
        passed = np.interp(grid, np.append(0, run), np.append(0, rise))
        out[name] = [round(float(v), 4) for v in passed]
    return out
