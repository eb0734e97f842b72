"""Memorisation by likelihood: does the model find the rows it learnt likelier than unseen real ones?

The loss-threshold attack on membership (Yeom, Giacomelli, Fredrikson, Jha 2018, "Privacy risk in machine
learning: analyzing the connection to overfitting", CSF) on a model whose loss is known: the generalisation
gap of its log-likelihood, and the area under the curve of whoever calls the likelier rows members.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mintmark.assess._questioned import Told, area, need_method, told
from mintmark.assess.privacy._rows import joint_rows
from mintmark.method import method, name_of
from mintmark.metric import Metric, NotRun, Score, Tables
from mintmark.stats.intervals import auc_interval, influence_variance, normal

__all__ = ["LikelihoodGap"]

_MOST, _LEAST = 10_000, 50
_CLAIM = (
    "white-box: whoever holds the fitted model and a person's row can do this, whoever holds the released "
    "rows cannot; it tells whether the model overfits, and neither that the rows leak nor that they do not"
)
_SOURCE = "Yeom et al. (2018)"


@method
class LikelihoodGap(Metric):
    """Log-likelihood of train rows less that of holdout rows, and how well it tells them apart.

    Of synthesizers that have `log_prob`; every other is not run. It questions the model, which stays inside,
    and not the released rows.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        model = need_method(tables, "log_prob", "likelihood of rows")
        holdout = tables.need_holdout()
        train, unseen = (told(model, "log_prob", data, _MOST, rng) for data in (tables.train, holdout))
        fewest = min(train.many, unseen.many)
        if fewest < _LEAST:
            raise NotRun(f"{fewest} persons in train or holdout are too few: at least {_LEAST} are needed.")
        n = min(len(train.figures), len(unseen.figures))
        more: dict[str, Any] = {
            "family": self.family, "direction": self.direction, "n": n,
            "variance": "draw of train and holdout rows, or of persons, the model as given",
            "estimand": "the same for all persons of train and all others, the model as given",
        }  # fmt: skip
        return [_gap(train, unseen, more), _area(train, unseen, _natural(tables), more)]


def _gap(train: Told, unseen: Told, more: dict[str, Any]) -> Score:
    means = [float(one.figures.mean()) for one in (train, unseen)]
    variance = sum(influence_variance(one.figures, one.persons) for one in (train, unseen))
    return Score(
        metric=name_of(LikelihoodGap),
        estimate=means[0] - means[1],
        interval=normal(means[0] - means[1], variance),
        ceiling=0.0,
        convention=(
            "mean log-probability (natural, of whole rows) that the model gives train rows, less that of "
            f"holdout rows; at most {_MOST:,} rows a table, drawn, without those of a category too rare to "
            f"be learnt; 0 is no difference, above 0 train is likelier; {_CLAIM}"
        ),
        source=f"{_SOURCE}; Efron (1982) for the interval",
        details={"train": means[0], "holdout": means[1]},
        **more,
    )


def _area(train: Told, unseen: Told, natural: float | None, more: dict[str, Any]) -> Score:
    estimate, variance = area(train, unseen)
    return Score(
        metric=f"{name_of(LikelihoodGap)}.auc",
        estimate=estimate,
        interval=auc_interval(estimate, variance, min(train.many, unseen.many)),
        ceiling=0.5,
        floor=None if natural is None else 1 - natural / 2,
        convention=(
            "area under the ROC curve of whoever calls the rows members that the model finds likelier: train "
            f"against holdout rows; 0.5 is a coin; {_CLAIM}; floor: a model that knows train by heart"
        ),
        source=f"{_SOURCE}; DeLong et al. (1988) for the interval",
        **more,
    )


def _natural(tables: Tables) -> float | None:
    """Share of holdout rows that equal a train row: no model can tell these from members."""
    try:
        rows = joint_rows(tables).identities
    except NotRun:
        return None
    return float(np.isin(rows["holdout"], rows["train"]).mean())
