"""The task, and the models of train, synthetic and independent rows: trained once for all metrics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, full, once
from mintmark.assess.utility._models import Model, Task, boosted_trees, linear, score
from mintmark.assess.utility._sampled import sampled
from mintmark.assess.utility._split import untouched
from mintmark.data.streams import stream
from mintmark.metric import NotRun, Tables

__all__ = ["FEWEST", "ROWS", "Leg", "Legs", "Trained", "joined", "task_of", "trained"]

Floats = npt.NDArray[np.float64]
FEWEST = 10
"""Rows that a class must have in train and in the holdout to be told apart."""
ROWS = 50_000
"""Most rows to train and to test on."""
_MOST_CLASSES = 20
_LARGEST = 1e30


@dataclass(frozen=True)
class Leg:
    """One model's answers for the holdout, their figure, and each row's influence on it."""

    answers: Floats
    figure: float
    influence: Floats


@dataclass(frozen=True)
class Legs:
    """The same model trained on real, synthetic and independent rows.

    `floor` is what chance gives where independent rows were not tried: a linear model learns a
    direction from them that hits or misses the real one at random, so one trial says nothing.
    """

    real: Leg
    synthetic: Leg
    floor: Leg | None
    chance: float

    @property
    def worst(self) -> float:
        """The figure of independent rows."""
        return self.floor.figure if self.floor else self.chance


@dataclass(frozen=True)
class Trained:
    """Everything that the models of one target say.

    Parameters
    ----------
    task : Task
    n : int
        Rows that each model was trained on, before those without a label were left out.
    real, synthetic, floor, test : Coded
        Rows with a label; `test` are holdout rows.
    labels : array, shape (len(test),)
    trees, lines : Legs
    by_real : Model
        The trees of train.
    """

    task: Task
    n: int
    real: Coded
    synthetic: Coded
    floor: Coded
    test: Coded
    labels: Floats
    trees: Legs
    lines: Legs
    by_real: Model


def trained(tables: Tables, rows: int = ROWS, threads: int = 1) -> Trained:
    """The models of the target, trained by the first metric that asks and kept for the next.

    Raises
    ------
    NotRun
        If there is no holdout, no target, nothing to predict, or test rows are in training.
    """
    made: Trained = once(tables, f"models {rows} {threads}", lambda: _train(tables, rows, threads))
    return made


def _train(tables: Tables, most: int, threads: int) -> Trained:
    task = task_of(tables)
    n = min(len(tables.train), len(tables.synthetic), most)
    real, synthetic, floor = (
        task.known(sampled(tables, which, n)) for which in ("train", "synthetic", "floor")
    )
    test = task.known(sampled(tables, "holdout", most))
    if min(len(real), len(synthetic), len(floor), len(test)) < 2 * FEWEST:
        raise NotRun(f"fewer than {2 * FEWEST} rows of a table have the target {task.target!r}.")
    seed = int(stream(tables.shared.get("seed", 0), "assess", "boosted trees").integers(2**31))
    trees = [boosted_trees(task, rows, seed, threads) for rows in (real, synthetic, floor)]
    lines = [linear(task, rows) for rows in (real, synthetic)]
    labels = task.labels(test)
    by_trees, by_lines = (_tested(task, models, test, labels) for models in (trees, lines))
    return Trained(task, n, real, synthetic, floor, test, labels, by_trees, by_lines, trees[0])


def task_of(tables: Tables) -> Task:
    """What is to be predicted from what, on rows that are fit to test on.

    Raises
    ------
    NotRun
        As `trained`.
    """
    tables.need_holdout()
    name = tables.target
    if name is None:
        raise NotRun("no target was given. Name the column to be predicted: target='...', or --target.")
    plans = codings(tables)
    if name not in plans:
        raise NotRun(f"the target {name!r} is a key, free text or media, which no model predicts.")
    if len(plans) < 2:
        raise NotRun(f"there is no column to predict {name!r} from.")
    untouched(tables)
    train, test = full(tables, "train"), full(tables, "holdout")
    others = {other: plan for other, plan in plans.items() if other != name}
    plan = plans[name]
    if plan.numeric:
        values = train.numbers[name]
        if len(np.unique(values[~np.isnan(values)])) < 2:
            raise NotRun(f"the target {name!r} has one value only; there is nothing to predict.")
        _check_size(tables, name)
        return Task(name, others, None)
    classes = _classes(plan, train, test)
    if len(classes) < 2:
        raise NotRun(
            f"the target {name!r} has fewer than two classes of {FEWEST} rows in train and holdout; "
            "there is nothing to tell apart."
        )
    values = plan.values.to_pylist() if plan.values is not None else []
    return Task(name, others, classes, tuple(str(values[k]) for k in classes))


def _check_size(tables: Tables, name: str) -> None:
    """Refuse numbers whose squares, or which in the trees' single precision, are no longer finite."""
    for which in ("train", "holdout", "synthetic"):
        values = np.abs(full(tables, which).numbers[name])
        if (most := float(np.nanmax(values, initial=0))) > _LARGEST:
            raise NotRun(
                f"the target {name!r} reaches {most:.0e} in {which}, too large for the models' arithmetic. "
                "Give it in larger units, or its logarithm."
            )


def _classes(plan: Coding, train: Coded, test: Coded) -> npt.NDArray[np.int64]:
    """The most frequent classes that both real tables hold often enough."""
    name = plan.column.name
    seen = [np.bincount(coded.codes[name], minlength=plan.size)[: plan.bins] for coded in (train, test)]
    return np.flatnonzero(np.minimum(*seen) >= FEWEST)[:_MOST_CLASSES]


def _tested(task: Task, models: list[Model], test: Coded, labels: Floats) -> Legs:
    legs = []
    for model in models:
        answers = model(test)
        found = score(task, answers, labels)
        if found is None:
            raise NotRun(f"the holdout holds one value of the target {task.target!r} only.")
        legs.append(Leg(answers, *found))
    chance = 0.0 if task.classes is None else 0.5
    return Legs(legs[0], legs[1], legs[2] if len(legs) > 2 else None, chance)


def joined(a: Coded, b: Coded) -> Coded:
    """Rows of two tables, one after the other."""
    return Coded(
        {name: np.concatenate([codes, b.codes[name]]) for name, codes in a.codes.items()},
        {name: np.concatenate([values, b.numbers[name]]) for name, values in a.numbers.items()},
        None,
        len(a) + len(b),
    )
