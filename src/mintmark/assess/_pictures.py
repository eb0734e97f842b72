"""What the report draws: histograms, associations, a projection, all pre-binned.

No row of anybody is here: bins end at the bounds of the public schema, and a cell of fewer than
ten persons reads 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.assess import _large
from mintmark.assess._association import correlation, cramers_v
from mintmark.assess._codes import Coded, Coding, codings, equal, full, levels, subset
from mintmark.assess._labels import label
from mintmark.data.encode import bound
from mintmark.data.keys import renewed
from mintmark.data.protect import FEWEST, OTHER, protect
from mintmark.data.schema import Column, Schema
from mintmark.metric import Score, Tables

__all__ = ["pictures"]

Floats = npt.NDArray[np.float64]
_BINS = 24
_CATEGORIES = 29
_MOST_COLUMNS = 30
_MOST_HISTOGRAMS = 100
_MOST_PROJECTED = 60
_MOST_POINTS = 50_000
_GRID = 24


def pictures(
    tables: Tables, scores: Iterable[Score], differences: list[str], rng: np.random.Generator
) -> dict[str, Any]:
    """JSON values for the report, see `Assessment.tables`."""
    public = _public(tables, rng)
    plans = codings(tables)
    out: dict[str, Any] = {
        "rows": {which: None if data is None else len(data) for which, data in _each(tables).items()},
        "target": tables.target,
        "schema": public.to_json(),
        "differences": differences,
        "columns": {
            name: _histogram(tables, public[name], plan)
            for name, plan in list(plans.items())[:_MOST_HISTOGRAMS]
        },
    }
    if len(plans) > 1:
        out["correlations"] = _correlations(tables, dict(list(plans.items())[:_MOST_COLUMNS]))
        projected = _projection(tables, dict(list(plans.items())[:_MOST_PROJECTED]))
        if projected:
            out["projection"] = projected
    if "nearest" in tables.shared:  # the closest-record test bins its distances as it goes
        out["nearest"] = tables.shared["nearest"]
    for score in scores:
        if score.family == "utility" and "curve" in score.details:
            out["utility"] = {"curve": score.details["curve"]}
    return out


def _public(tables: Tables, rng: np.random.Generator) -> Schema:
    """Train's schema as it may leave: protected bounds and categories, nothing about keys."""
    schema = protect(tables.train, rng).schema
    for name in renewed(schema):
        schema = schema.edit(name, low=None, high=None, categories=None, missing=None)
    return schema


def _each(tables: Tables) -> dict[str, Any]:
    return {"train": tables.train, "holdout": tables.holdout, "synthetic": tables.synthetic}


def _pictured(tables: Tables, which: str) -> Coded:
    """Every row; of a large table other than train, as many as are compared."""
    data = getattr(tables, which)
    return full(tables, which) if which == "train" or len(data) <= _large.LARGE else equal(tables, which)


def _suppressed(cells: npt.NDArray[np.int64], persons: npt.NDArray[np.int64] | None, size: int) -> Floats:
    """How many rows fall into each cell, 0 where they stand for fewer than ten persons."""
    counts = np.bincount(cells, minlength=size).astype(np.float64)
    heads = counts
    if persons is not None:
        pairs = np.unique(np.stack([cells, persons]), axis=1)[0]
        heads = np.bincount(pairs, minlength=size).astype(np.float64)
    return np.where(heads >= FEWEST, counts, 0.0)


def _shares(counts: Floats, rows: int) -> list[float]:
    return [round(float(count) / rows, 4) for count in counts]


def _histogram(tables: Tables, column: Column, plan: Coding) -> dict[str, Any]:
    out: dict[str, Any] = {"kind": column.kind, "labels": [], "missing": {}}
    if plan.numeric:
        edges, out["labels"] = _edges(column, full(tables, "train").numbers[column.name])
    else:
        shown, out["labels"] = _shown(column, plan)
    for which, data in _each(tables).items():
        if data is None:
            out[which] = out["missing"][which] = None
            continue
        coded = _pictured(tables, which)
        if plan.numeric:
            values = coded.numbers[column.name]
            size = len(edges) - 1
            cells = np.clip(np.searchsorted(edges, values, "right") - 1, 0, size - 1)
            cells = np.where(np.isnan(values), size, cells)
        else:
            cells, size = shown[coded.codes[column.name]], len(out["labels"])
        counts = _suppressed(cells, coded.persons, size + 1)
        out[which] = _shares(counts[:size], len(coded))
        out["missing"][which] = _shares(counts[size:], len(coded))[0]
    return out


def _shown(column: Column, plan: Coding) -> tuple[npt.NDArray[np.int64], list[str]]:
    """For each code the bar it goes to (the last is missing), and the bars' names."""
    if not plan.bins or plan.values is None:
        return np.array([0, 1]), [OTHER]
    public = pa.array(list(column.categories or ()), plan.values.type)
    known = pc.is_in(plan.values, value_set=public).to_numpy(zero_copy_only=False)
    merged = pc.equal(plan.values.cast(pa.string()), OTHER).to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(known & ~merged)[:_CATEGORIES]  # the last bar is there for them
    table = np.full(plan.size, len(kept))
    table[kept] = np.arange(len(kept))
    table[-1] = len(kept) + 1
    return table, [*(str(plan.values[int(i)].as_py()) for i in kept), OTHER]


def _edges(column: Column, values: Floats) -> tuple[Floats, list[str]]:
    """Ends of equal bins between the public bounds, and their names."""
    low, high = bound(column.low, column), bound(column.high, column)
    if low is None or high is None or np.isnan(values).all():
        return np.array([0.0, 1.0]), [""]
    # floats cannot tell all large whole numbers apart: edges that fall together are one
    if column.kind == "integer" and high - low < _BINS:
        edges = np.unique(np.floor(low) + np.arange(int(high - low) + 2))
        if len(edges) > 1:
            return edges, [f"{value:.0f}" for value in edges[:-1]]
    if low == high:
        return np.array([low, np.nextafter(low, np.inf)]), [label(low, column)]
    plain = column.kind in ("number", "integer")
    edges = np.unique(_round_steps(low, high) if plain else np.linspace(low, high, _BINS + 1))
    if len(edges) < 2:
        edges = np.array([low, high])
    return edges, [f"{label(a, column)} – {label(b, column)}" for a, b in pairwise(edges)]


def _round_steps(low: float, high: float) -> Floats:
    """Edges at multiples of 1, 2, 2.5 or 5 times a power of ten, at most `_BINS` + 1 bins."""
    ends = np.finfo(np.float64)
    rough = max(high / _BINS - low / _BINS, float(ends.tiny))
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    first = np.floor(low / step)
    count = max(1, int(np.ceil(high / step - first)))
    with np.errstate(over="ignore"):  # a round edge may lie beyond the largest number there is
        return np.asarray(np.clip((first + np.arange(count + 1)) * step, ends.min, ends.max))


def _correlations(tables: Tables, plans: dict[str, Coding]) -> dict[str, Any]:
    train = full(tables, "train")
    out: dict[str, Any] = {"names": list(plans)}
    for which in ("train", "synthetic"):
        coded = _pictured(tables, which)
        codes, sizes = levels(coded, plans, 12)
        grades = {
            name: coded.ranked(name).percentiles(train.ranked(name)) for name, p in plans.items() if p.numeric
        }
        matrix = np.eye(len(plans))
        for (i, a), (j, b) in combinations(enumerate(plans), 2):
            if a in grades and b in grades:
                value = correlation(grades[a], grades[b])
            else:
                value = cramers_v(codes[a], codes[b], sizes[b])
            matrix[i, j] = matrix[j, i] = round(float(value), 3)
        out[which] = matrix.tolist()
    return out


def _projection(tables: Tables, plans: dict[str, Coding]) -> dict[str, Any] | None:
    """Two principal components of train's percentiles and categories, as densities on a grid."""
    rows = min(len(equal(tables, "synthetic")), _MOST_POINTS)
    # as many rows of either, so that as many places are blank
    train, synthetic = (subset(tables, which, rows) for which in ("train", "synthetic"))
    points = [_columns(coded, plans, full(tables, "train")) for coded in (train, synthetic)]
    centre = points[0].mean(0)
    points = [x - centre for x in points]
    values, vectors = np.linalg.eigh(points[0].T @ points[0] / len(points[0]))
    if len(values) < 2 or values[-2] <= 1e-9:
        return None
    axes = vectors[:, [-1, -2]]
    axes *= np.sign(axes[np.abs(axes).argmax(0), [0, 1]])  # a sign of its own choice would flip the picture
    points = [x @ axes for x in points]
    edges = []
    for axis in (0, 1):
        low, high = np.quantile(points[0][:, axis], [0.005, 0.995])
        edges.append(np.linspace(round(float(low), 2) - 0.01, round(float(high), 2) + 0.01, _GRID + 1))
    out: dict[str, Any] = {
        name: [round(float(v), 3) for v in e] for name, e in zip(("x_edges", "y_edges"), edges, strict=True)
    }
    for which, coded, x in (("train", train, points[0]), ("synthetic", synthetic, points[1])):
        i, j = (np.clip(np.searchsorted(edges[k], x[:, k], "right") - 1, 0, _GRID - 1) for k in (0, 1))
        counts = _suppressed(i * _GRID + j, coded.persons, _GRID * _GRID)
        out[which] = [[round(float(v) / len(coded), 5) for v in row] for row in counts.reshape(_GRID, _GRID)]
    return out


def _columns(coded: Coded, plans: dict[str, Coding], train: Coded) -> Floats:
    """Percentiles of numbers and marks of frequent categories, each column of like weight."""
    parts = []
    codes, sizes = levels(coded, plans, 8)
    for name, plan in plans.items():
        if plan.numeric:
            value = coded.ranked(name).percentiles(train.ranked(name))
            parts.append(np.where(np.isnan(value), 0.5, value)[:, None] * np.sqrt(12))
        else:
            parts.append((codes[name][:, None] == np.arange(sizes[name])).astype(np.float64))
    return np.concatenate(parts, axis=1)
