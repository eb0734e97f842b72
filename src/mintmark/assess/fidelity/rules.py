"""Rules: how many rows hold the rules that the schema declares, real ones beside synthetic ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.check import Check, load
from mintmark.data.dataset import Dataset
from mintmark.errors import InputError
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables

__all__ = ["Rules"]


@method
class Rules(Metric):
    """Share of the synthetic rows that hold every declared rule; 1 where none is declared.

    The figure is of these rows and no others, so that its interval has no width.
    """

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        real = tables.train if tables.holdout is None else tables.holdout
        try:
            rules = [load(record).completed(tables.train) for record in tables.train.schema.checks]
            made, kept = _holding(rules, tables.synthetic), _holding(rules, real)
            floor = _holding(rules, tables.floor)
        except InputError as error:
            raise NotRun(str(error)) from None
        share = float(made.all(0).mean())
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=share,
                interval=(share, share),
                ceiling=None if tables.holdout is None else float(kept.all(0).mean()),
                floor=float(floor.all(0).mean()),
                n=len(tables.synthetic),
                convention="share of rows that hold every declared rule; 1 where none is declared",
                variance="nothing: every released row was looked at",
                source="",
                details={
                    "rules": {
                        str(rule): {"synthetic": float(a.mean()), "real": float(b.mean())}
                        for rule, a, b in zip(rules, made, kept, strict=True)
                    }
                },
            )
        ]


def _holding(rules: list[Check], data: Dataset) -> npt.NDArray[np.bool_]:
    """Which rows hold which rule, shape (rules, rows)."""
    return np.array([rule.holds(data) for rule in rules], dtype=bool).reshape(len(rules), len(data))
