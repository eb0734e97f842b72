"""The Metric contract: one score with its interval and anchors, of (train, holdout, synthetic).

One metric, one file in `mintmark.assess.fidelity`, `.utility` or `.privacy`: a `@method` class
with one hook, ``_measure(tables, rng) -> Score``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from mintmark.data.database import Database
from mintmark.data.dataset import Dataset
from mintmark.method import name_of

__all__ = ["Direction", "Family", "Metric", "NotRun", "Score", "Tables", "plain"]

Family = Literal["fidelity", "utility", "privacy"]
Direction = Literal["higher", "lower"]


class NotRun(Exception):
    """Raised inside `_measure`: the score cannot be had, with the reason and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """One figure that means something.

    Parameters
    ----------
    metric : str
        Registered name; a metric of several figures adds one after a dot ("tstr.gap").
    family : "fidelity", "utility" or "privacy"
    estimate : float, optional
        None where `status` is "not run".
    interval : (float, float), optional
        95 % interval; `variance` says what it covers.
    direction : "higher" or "lower"
        Which way is better.
    ceiling : float, optional
        The same figure for real holdout rows in the place of the synthetic ones, or what chance
        alone gives: as good as can be expected.
    floor : float, optional
        The same figure for independent marginals (fidelity, utility) or a copy of train (privacy).
    n : int
        Rows of each compared table.
    variance : str
        What the interval covers, e.g. "bootstrap of synthetic and holdout rows".
    estimand : str
        The quantity that the interval is about, as it would be known of the whole population.
    convention : str
        How the figure is defined: units, binning, direction.
    source : str
        Paper or equation.
    status : "ok" or "not run"
    reason : str
        Why it was not run, and the remedy.
    details : mapping of JSON values
        Drill-down: per column, per pair, curves. ``details["private"]`` never leaves.
    """

    metric: str
    family: Family
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    direction: Direction = "higher"
    ceiling: float | None = None
    floor: float | None = None
    n: int = 0
    variance: str = ""
    estimand: str = ""
    convention: str = ""
    source: str = ""
    status: Literal["ok", "not run"] = "ok"
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON values; figures that are not finite become None."""
        return {key: plain(value) for key, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Score:
        """Inverse of `to_json`."""
        interval = values.get("interval")
        return cls(**{**values, "interval": tuple(interval) if interval else None})


def plain(value: Any) -> Any:
    """JSON values of mappings, lists, arrays and figures; None where one is not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.generic):
        return value.item()
    return value


def _finite(score: Score) -> Score:
    """The score; one whose figure is no number is not run, so that nobody takes it for one."""
    if score.estimate is None or np.isfinite(score.estimate):
        return score
    return dataclasses.replace(
        score,
        estimate=None,
        interval=None,
        status="not run",
        reason="the figure came out as no number. Look for extreme values or too few different rows.",
    )


@dataclass(frozen=True)
class Tables:
    """What a metric sees: three tables of one schema, and what several metrics would recompute.

    Parameters
    ----------
    train, synthetic : Dataset
    holdout : Dataset, optional
        Real rows the synthesizer never saw.
    floor : Dataset
        Independent marginals of train, as many rows as synthetic.
    databases : mapping of Database, optional
        By "train", "synthetic" and, where given, "holdout": the tables around these rows.
    """

    train: Dataset
    synthetic: Dataset
    holdout: Dataset | None
    floor: Dataset
    synthesizer: Any = None
    databases: Mapping[str, Database] | None = None

    @property
    def target(self) -> str | None:
        """The column to be predicted."""
        return self.train.target

    def need_holdout(self) -> Dataset:
        """The holdout, or `NotRun` with the remedy."""
        if self.holdout is None:
            raise NotRun("no holdout was given. Keep real rows apart before fitting and pass them.")
        return self.holdout

    @cached_property
    def shared(self) -> dict[str, Any]:
        """Work kept for the next metric, by name (coded columns, neighbour distances)."""
        return {}


class Metric:
    """A score of synthetic rows. Abstract: write `_measure` and decorate with `@method`."""

    family: ClassVar[Family]
    direction: ClassVar[Direction] = "higher"
    of_sequences: ClassVar[bool] = False
    """Whether it is about the order of rows: then it has no score where no column is a sequence key."""

    of_databases: ClassVar[bool] = False
    """Whether it is about foreign keys: then it has no score where a single table is assessed."""

    of_images: ClassVar[bool] = False
    """Whether it is about pictures: then it has no score where no column holds any."""

    on_request: ClassVar[bool] = False
    """Whether it is scored only where it is named: it is dear, such as one that fits the method again."""

    def measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        """The metric's scores, one or several; a score that cannot be had says why."""
        if self.of_sequences and not tables.train.schema.with_role("sequence_key"):
            return []
        if self.of_databases and tables.databases is None:
            return []
        if self.of_images and all(column.kind != "image" for column in tables.train.schema):
            return []
        try:
            return [_finite(score) for score in self._measure(tables, rng)]
        except NotRun as why:
            return [
                Score(
                    metric=name_of(type(self)),
                    family=self.family,
                    direction=self.direction,
                    status="not run",
                    reason=str(why),
                )
            ]

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        raise NotImplementedError
