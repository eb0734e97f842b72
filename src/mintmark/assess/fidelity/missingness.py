"""Missingness: how much is missing in each column, and what is missing together."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.assess._codes import Coded, codings, equal, full
from mintmark.assess._images import image_columns
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.divergence import total_variation
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["Missingness"]

Masks = npt.NDArray[np.bool_]


@method
class Missingness(Metric):
    """Shares of missing values, and the pattern of columns missing together, against train.

    Of pictures as of the columns that are scored otherwise.
    """

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        sources = [tables] + ([_presence(tables)] if image_columns(tables) else [])
        names = [name for source in sources for name in codings(source)]
        if not names:
            raise NotRun("no column is scored: all are keys, free text or media other than pictures.")
        train, synthetic = full(tables, "train"), equal(tables, "synthetic")
        others = {"floor": _masks(sources, equal, "floor")}
        if tables.holdout is not None:
            others["ceiling"] = _masks(sources, equal, "holdout")
        a, b = _masks(sources, full, "train"), _masks(sources, equal, "synthetic")
        # a column without gaps on either side says nothing, and would raise every mean towards 1
        gaps: npt.NDArray[np.bool_] = np.asarray(a.any(0) | b.any(0))
        shares = {
            name: {"train": float(p), "synthetic": float(q)}
            for name, p, q, gap in zip(names, a.mean(0), b.mean(0), gaps, strict=True)
            if gap
        }
        scores = []
        for part, compare, convention in (
            ("", _shares, "1 - mean absolute difference of the missing shares, over columns with gaps"),
            (".worst", _worst, "1 - largest absolute difference of a column's missing shares"),
            (".pattern", _patterns, "1 - total variation of the patterns of columns missing together"),
        ):
            estimate, on_train, on_synthetic = compare(a[:, gaps], b[:, gaps])
            variance = influence_variance(on_train, train.persons) + influence_variance(
                on_synthetic, synthetic.persons
            )
            anchors = {key: compare(a[:, gaps], masks[:, gaps])[0] for key, masks in others.items()}
            scores.append(
                Score(
                    metric=name_of(type(self)) + part,
                    estimate=estimate,
                    interval=normal(estimate, variance, low=0, high=1),
                    estimand=(
                        "the mean score of samples of these sizes, which noise keeps below 1: compare it "
                        "with the ceiling, at the same sizes"
                    ),
                    convention=f"{convention}; 1 where nothing is missing at all",
                    details={} if part else {"columns": shares},
                    family=self.family,
                    ceiling=anchors.get("ceiling"),
                    floor=anchors["floor"],
                    n=len(synthetic),
                    variance="draw of the synthetic and train rows (infinitesimal jackknife)",
                    source="Rubin (1976) for patterns; Efron (1982) for the interval",
                )
            )
        return scores


def _presence(tables: Tables) -> Tables:
    """The tables with nothing but whether there is a picture, which is coded like any column."""
    names = image_columns(tables)
    schema = Schema(tuple(Column(name=name, kind="boolean", dtype="bool") for name in names))

    def told(data: Dataset) -> Dataset:
        cells = {name: data.table[name].is_null() for name in names}
        gone = {name: pc.if_else(null, pa.scalar(None, pa.bool_()), True) for name, null in cells.items()}
        return Dataset(pa.table(gone), schema, data.provenance)

    holdout = None if tables.holdout is None else told(tables.holdout)
    made = Tables(told(tables.train), told(tables.synthetic), holdout, told(tables.floor))
    made.shared["seed"] = tables.shared.get("seed", 0)  # so that the same rows are drawn
    return made


def _masks(sources: list[Tables], rows: Callable[[Tables, str], Coded], which: str) -> Masks:
    """Where values are missing, shape (rows, columns)."""
    return np.stack(
        [
            rows(source, which).codes[name] == plan.bins + 1
            for source in sources
            for name, plan in codings(source).items()
        ],
        axis=1,
    )


Compared = tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _shares(a: Masks, b: Masks) -> Compared:
    if not a.shape[1]:
        return 1.0, np.zeros(len(a)), np.zeros(len(b))
    difference = a.mean(0) - b.mean(0)
    weight = np.sign(difference) / a.shape[1]
    return 1 - float(np.abs(difference).mean()), -(a @ weight), b @ weight


def _worst(a: Masks, b: Masks) -> Compared:
    if not a.shape[1]:
        return 1.0, np.zeros(len(a)), np.zeros(len(b))
    at = int(np.abs(a.mean(0) - b.mean(0)).argmax())
    return _shares(a[:, [at]], b[:, [at]])


def _patterns(a: Masks, b: Masks) -> Compared:
    if not a.shape[1]:
        return 1.0, np.zeros(len(a)), np.zeros(len(b))
    packed = np.packbits(np.concatenate([a, b]), axis=1)
    rows = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, pattern = np.unique(rows, return_inverse=True)
    first, second = pattern[: len(a)], pattern[len(a) :]
    size = int(pattern.max()) + 1
    p, q = np.bincount(first, minlength=size) / len(a), np.bincount(second, minlength=size) / len(b)
    half = 0.5 * np.sign(p - q)
    return 1 - total_variation(p, q), -half[first], half[second]
