"""Model ranking: does the synthetic table pick the model that is best on real rows?

Whoever develops on synthetic rows compares models by cross-validation there. Jordon, Yoon, van der
Schaar (2019), PATE-GAN, ICLR, section 5.2 (synthetic ranking agreement); Kendall (1938) for tau.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, full, subset
from mintmark.assess.utility._families import Maker, families
from mintmark.assess.utility._groups import simultaneous
from mintmark.assess.utility._models import Model, Task, score
from mintmark.assess.utility._permuted import Importance, correlation, importance
from mintmark.assess.utility._trained import FEWEST, task_of
from mintmark.data.streams import stream
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["ModelRanking"]

Floats = npt.NDArray[np.float64]
_LOWER: Direction = "lower"
_MOST = 3_000
_FOLDS = 3
_SHUFFLED, _FEWEST_SHUFFLED = 45_000, 500
_REAL = "trees"


@dataclass(frozen=True)
class _Figures:
    """Each family's figure on one table, and each row's influence on it, shape (families, n)."""

    figures: Floats
    influence: Floats
    persons: npt.NDArray[np.int64] | None


@method
class ModelRanking(Metric):
    """Rank agreement of five model families, regret of the one chosen, agreement of importances.

    Models are trained on at most 3,000 rows of train and tested on as many of the holdout. The
    ceiling comes from other rows of train in the place of the synthetic ones.
    """

    family: ClassVar[Family] = "utility"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        task = task_of(tables)
        parts = _parts(tables, task)
        kinds = families(task)
        seed = int(rng.integers(2**31))
        models = {name: make(task, parts["real"], seed) for name, make in kinds.items()}
        on_real = _on_holdout(task, models, parts["holdout"])
        chosen = {which: _validated(task, kinds, parts[which], rng, seed) for which in ("synthetic", "again")}
        n = len(parts["synthetic"])
        return [
            _agreement(on_real, chosen["synthetic"], chosen["again"], list(kinds), n),
            _regret(on_real, chosen["synthetic"], chosen["again"], list(kinds), n),
            _importance(task, parts, models[_REAL], kinds[_REAL], rng, seed),
        ]


def _parts(tables: Tables, task: Task) -> dict[str, Coded]:
    """Rows with a label: two disjoint parts of train, and synthetic, independent and holdout rows."""
    n = min(len(tables.train) // 2, len(tables.synthetic), _MOST)
    train = full(tables, "train")
    order = stream(tables.shared.get("seed", 0), "assess", "two parts of train").permutation(len(train))
    parts = {
        "real": train.take(np.sort(order[:n])),
        "again": train.take(np.sort(order[n : 2 * n])),
        "synthetic": subset(tables, "synthetic", n),
        "floor": subset(tables, "floor", n),
        "holdout": subset(tables, "holdout", _MOST),
    }
    known = {name: task.known(part) for name, part in parts.items()}
    least = min(map(len, known.values()))
    if least < 10 * FEWEST:
        raise NotRun(
            f"{least} rows with a target are too few to compare models; {10 * FEWEST} are needed in each of "
            "two halves of train, in the synthetic rows and in the holdout."
        )
    return known


def _on_holdout(task: Task, models: dict[str, Model], test: Coded) -> _Figures:
    labels = task.labels(test)
    found = [score(task, model(test), labels) for model in models.values()]
    if any(one is None for one in found):
        raise NotRun(f"the holdout holds one value of the target {task.target!r} only. Keep more rows apart.")
    kept = [one for one in found if one is not None]
    return _Figures(np.array([f for f, _ in kept]), np.stack([moved for _, moved in kept]), test.persons)


def _validated(
    task: Task, kinds: dict[str, Maker], rows: Coded, rng: np.random.Generator, seed: int
) -> _Figures:
    """Cross-validated figures: each fold's own, averaged; a fold without two classes says nothing."""
    fold = rng.permutation(np.arange(len(rows)) % _FOLDS)
    labels = task.labels(rows)
    figures, influence = np.zeros(len(kinds)), np.zeros((len(kinds), len(rows)))
    counted = 0
    for k in range(_FOLDS):
        fit, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        answers = [make(task, rows.take(fit), seed)(rows.take(test)) for make in kinds.values()]
        found = [score(task, answer, labels[test]) for answer in answers]
        if any(one is None for one in found):
            continue
        counted += 1
        for i, (figure, moved) in enumerate(one for one in found if one is not None):
            figures[i] += figure
            influence[i, test] = moved * len(rows) / len(test)
    if counted:
        return _Figures(figures / counted, influence / counted, rows.persons)
    return _Figures(figures, influence, rows.persons)  # all alike: no model is chosen over another


def _agreement(real: _Figures, synthetic: _Figures, again: _Figures, names: list[str], n: int) -> Score:
    tau = kendall(real.figures, synthetic.figures)
    return Score(
        metric="model_ranking",
        family="utility",
        estimate=tau,
        interval=_tau_interval(real, synthetic),
        ceiling=kendall(real.figures, again.figures),
        floor=0.0,
        n=n,
        variance=(
            "draw of the holdout rows and of the synthetic rows tested on; the models are taken as given"
        ),
        estimand="rank correlation that these models would have on fresh real and fresh synthetic rows",
        convention=(
            f"Kendall's tau between the scores of {len(names)} models ({', '.join(names)}) on the holdout, "
            f"trained on train, and in {_FOLDS}-fold cross-validation on synthetic rows; -1 to 1; the "
            "interval counts as agreeing only pairs whose order is certain on both sides (Bonferroni); "
            "ceiling: cross-validation on other train rows; floor: an order by chance"
        ),
        source="Jordon, Yoon, van der Schaar (2019); Kendall (1938)",
        details={
            "models": [
                {
                    "model": name,
                    "real": float(real.figures[i]),
                    "synthetic": float(synthetic.figures[i]),
                    "train": float(again.figures[i]),
                }
                for i, name in enumerate(names)
            ]
        },
    )


def kendall(a: Floats, b: Floats) -> float:
    """Kendall's tau-a: concordant less discordant pairs, as a share of all; a tie counts as neither."""
    signs = [np.sign(a[i] - a[j]) * np.sign(b[i] - b[j]) for i, j in combinations(range(len(a)), 2)]
    return float(np.mean(signs))


def _tau_interval(real: _Figures, synthetic: _Figures) -> tuple[float, float]:
    """Every pair counts at its worst and at its best, as far as its two orders are not certain."""
    pairs = list(combinations(range(len(real.figures)), 2))
    z = simultaneous(2 * len(pairs))
    low = high = 0.0
    for i, j in pairs:
        sure = [_order(side, i, j, z) for side in (real, synthetic)]
        certain = sure[0] * sure[1]
        low, high = low + (certain or -1), high + (certain or 1)
    return low / len(pairs), high / len(pairs)


def _order(side: _Figures, i: int, j: int, z: float) -> int:
    """1 or -1 where one of the two models is certainly better, else 0."""
    apart = float(side.figures[i] - side.figures[j])
    error = influence_variance(side.influence[i] - side.influence[j], side.persons) ** 0.5
    return 0 if abs(apart) <= z * error else int(np.sign(apart))


def _regret(real: _Figures, synthetic: _Figures, again: _Figures, names: list[str], n: int) -> Score:
    chosen = int(np.argmax(synthetic.figures))
    apart = real.figures - real.figures[chosen]
    z = simultaneous(len(names) - 1)
    reach = np.array(
        [
            z * influence_variance(real.influence[i] - real.influence[chosen], real.persons) ** 0.5
            for i in range(len(names))
        ]
    )
    return Score(
        metric="model_ranking.regret",
        family="utility",
        direction=_LOWER,
        estimate=float(apart.max()),
        interval=(float((apart - reach).max()), float((apart + reach).max())),
        ceiling=float(real.figures.max() - real.figures[int(np.argmax(again.figures))]),
        floor=float(real.figures.max() - real.figures.mean()),
        n=n,
        variance="draw of the holdout rows, paired; the models, and which was chosen, are taken as given",
        estimand="what the best of these models scores above the chosen one on fresh real rows",
        convention=(
            "holdout score of the best model trained on train, minus that of the model that "
            "cross-validation on synthetic rows chose, trained on train likewise; the interval holds for all "
            "models at once; ceiling: chosen on other train rows; floor: chosen by chance"
        ),
        source="Jordon, Yoon, van der Schaar (2019); DeLong et al. (1988)",
        details={"chosen": names[chosen], "best": names[int(np.argmax(real.figures))]},
    )


def _importance(
    task: Task, parts: dict[str, Coded], by_real: Model, make: Maker, rng: np.random.Generator, seed: int
) -> Score:
    whole = parts["holdout"]
    rows = max(_FEWEST_SHUFFLED, _SHUFFLED // len(task.plans))  # the cost is that of rows times columns
    test = whole.take(np.sort(rng.permutation(len(whole))[:rows]))
    order = rng.permutation(len(test))
    models = {"real": by_real} | {
        which: make(task, parts[which], seed) for which in ("synthetic", "again", "floor")
    }
    found = {which: importance(task, model, test, order) for which, model in models.items()}
    agreed, moved = correlation(found["real"], found["synthetic"])
    if moved is None:
        reason = "all columns matter alike to the model of real rows. Give columns that predict the target."
        return Score(metric="model_ranking.importance", family="utility", status="not run", reason=reason)
    return Score(
        metric="model_ranking.importance",
        family="utility",
        estimate=agreed,
        interval=normal(agreed, influence_variance(moved, test.persons), low=-1, high=1),
        ceiling=correlation(found["real"], found["again"])[0],
        floor=correlation(found["real"], found["floor"])[0],
        n=len(parts["synthetic"]),
        variance="draw of the holdout rows; the models and the permutation are taken as given",
        estimand="correlation of the importances of these two models on fresh real rows",
        convention=(
            "correlation over columns of the permutation importances (mean squared change of the answers for "
            "holdout rows when the column is shuffled) of boosted trees of real and of synthetic rows; "
            "by size, not by rank, as the ranks of columns without effect are chance (Spearman's is in the "
            "details); -1 to 1; "
            "ceiling: trees of other train rows; floor: trees of independent columns"
        ),
        source="Homma and Saltelli (1996); Efron (1982) for the interval",
        details={"columns": _told(task, found), "spearman": found["real"].ranks_with(found["synthetic"])},
    )


def _told(task: Task, found: dict[str, Importance]) -> dict[str, dict[str, float]]:
    return {
        name: {"real": float(found["real"].effects[i]), "synthetic": float(found["synthetic"].effects[i])}
        for i, name in enumerate(task.plans)
    }
