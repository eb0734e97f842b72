"""Tables on which a fidelity score easily breaks, three different draws of each, and what must hold of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pyarrow as pa

from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Score

__all__ = ["HARD", "assert_sound", "dataset", "hard_tables", "rng", "scored_hard"]

ROWS = 140
ROUNDING = 1e-9
TRAIN, HOLDOUT, SYNTHETIC = range(3)
_KINDS = {"double": "number", "int64": "integer", "string": "category", "null": "category"}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def dataset(
    columns: Mapping, roles: Mapping[str, tuple] | None = None, kinds: Mapping | None = None
) -> Dataset:
    """Columns under the kinds of their types; roles and other kinds by name."""
    table = pa.table(dict(columns))
    made = [
        Column(
            name=f.name,
            kind=(kinds or {}).get(f.name, _KINDS[str(f.type)]),
            dtype=str(f.type),
            roles=(roles or {}).get(f.name, ()),
        )
        for f in table.schema
    ]
    return Dataset(table, Schema(tuple(made)))


def plain(part: int, n: int = ROWS) -> dict:
    """A number and a category that hang together, drawn afresh for each part."""
    draw = rng(part + 1)
    x = draw.normal(size=n)
    return {"x": x, "c": np.where(x + draw.normal(size=n) > 0, "p", "q")}


def missing(n: int = ROWS) -> dict:
    return {"x": pa.array([None] * n, pa.float64()), "c": pa.array([None] * n, pa.string())}


def names(part: int, n: int) -> list[str]:
    return [f"{part}-{i}" for i in range(n)]


def persons(part: int, many: int, role: str) -> Dataset:
    """Rows of so many persons, no two parts sharing one."""
    return dataset({"who": np.arange(ROWS) % many + 1000 * part, **plain(part)}, {"who": (role,)})


HARD: dict[str, Callable[[int], Dataset]] = {
    "plain": lambda part: dataset(plain(part)),
    "constant": lambda _: dataset({"x": [1.0] * ROWS, "c": ["a"] * ROWS}),
    "all missing": lambda _: dataset(missing()),
    "release all missing": lambda part: dataset(missing() if part == SYNTHETIC else plain(part)),
    "a column missing in the release": lambda part: dataset(
        plain(part) | ({"x": missing()["x"]} if part == SYNTHETIC else {})
    ),
    "all categories unseen": lambda part: dataset(
        {"c": names(part, ROWS) if part == SYNTHETIC else plain(part)["c"]}
    ),
    "unique categories": lambda part: dataset({"c": names(part, 200), "d": names(part, 200)}),
    "one column": lambda part: dataset({"x": np.arange(float(ROWS)) + part / 3}),
    "two rows": lambda part: dataset(plain(part, 2)),
    "few rows": lambda part: dataset(plain(part, 40)),
    "one row given": lambda part: dataset(plain(part, 1 if part == SYNTHETIC else ROWS)),
    "hundred columns": lambda part: dataset(
        {f"x{i}": rng(200 * part + i).normal(size=ROWS) for i in range(101)}
    ),
    "keys only": lambda part: dataset({"id": np.arange(ROWS) + 1000 * part}, {"id": ("key",)}),
    "text only": lambda part: dataset({"t": names(part, ROWS)}, kinds={"t": "text"}),
    "one person": lambda part: persons(part, 1, "group"),
    "few persons": lambda part: persons(part, 7, "group"),
    "one sequence": lambda part: persons(part, 1, "sequence_key"),
    "sequences": lambda part: persons(part, 28, "sequence_key"),
}
"""By name, a function of the part: 0 train, 1 holdout, 2 synthetic."""


def hard_tables(case: str) -> tuple[Dataset, Dataset, Dataset]:
    """Train, holdout and synthetic rows of a case."""
    train, holdout, synthetic = (HARD[case](part) for part in (TRAIN, HOLDOUT, SYNTHETIC))
    return train, holdout, synthetic


def scored_hard(case: str, metric: str) -> list[Score]:
    """A metric's scores of a case."""
    train, holdout, synthetic = hard_tables(case)
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=[metric], seed=0)
    assert found.scores
    return list(found.scores)


def assert_sound(scores: Iterable[Score], within: tuple[float, float] = (-np.inf, np.inf)) -> None:
    """Each score says why it was not run, or is finite, inside its interval and within its range."""
    low, high = within
    for score in scores:
        if score.status == "not run":
            assert score.reason, score.metric
            continue
        assert score.estimate is not None, score.metric
        assert score.interval is not None, score.metric
        bottom, top = score.interval
        figures = [bottom, score.estimate, top]
        assert np.isfinite(figures).all(), (score.metric, figures)
        steps = np.diff([low, *figures, high])
        assert (steps >= -ROUNDING).all(), (score.metric, figures)
        anchors = [one for one in (score.ceiling, score.floor) if one is not None]
        assert np.isfinite(anchors).all(), (score.metric, anchors)
