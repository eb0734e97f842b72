"""Gaussian copula: each column's own distribution, tied by the correlations of normal scores.

Nelsen (2006), "An Introduction to Copulas", for the model; Patki, Wedge, Veeramachaneni (2016),
"The Synthetic Data Vault", for its use on tables of mixed columns.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # ships no types

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Schema
from mintmark.data.where import Where
from mintmark.errors import InputError
from mintmark.latent._dimensions import coded, dimensions, values_of
from mintmark.latent._normal import correlations, informed, normal_scores, proper
from mintmark.latent._questions import Others, first_order, questions_of
from mintmark.latent._regions import boxes_of, hull, together
from mintmark.latent._truncated import draws, tilted
from mintmark.method import method
from mintmark.progress import track
from mintmark.synthesizer import Learnt, Synthesizer

__all__ = ["GaussianCopula"]

Floats = npt.NDArray[np.float64]

_CELLS = 3_000_000
"""Rows times columns that relations are learnt from; a correlation of 20,000 rows is exact to 0.01."""
_ROWS = 30_000
_RAREST = 1e-9
"""Conditions that fewer rows than this meet are a contradiction of columns, not a rare event."""
_MOST_BOXES = 200
_RIDGE = 1e-3
"""Added to the variance of each column's score, as columns may be functions of each other."""
_QUESTIONS = 400
"""Most questions of a table, shared by its columns: the cost of a fit grows with their square."""


@method
class GaussianCopula(Synthesizer):
    """Tie the columns by one correlation matrix of normal scores.

    Quick, smooth, and holds aggregates only: columns come out as they are one by one, relations of
    pairs well, everything of higher order not. Whether a number is missing is a dimension of its
    own; so is a spike of a number, a stretch of numbers or a set of categories wherever that tells
    more about the other columns. A condition on drawn columns costs no rejected row.
    """

    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "aggregates"
    version: ClassVar[int] = 2
    derives: ClassVar[bool] = True

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        schema, arrays = data.schema, encode(data.table, data.schema)
        most = int(np.clip(_CELLS // len(schema), 1_000, _ROWS))
        rows = np.sort(rng.permutation(len(data))[:most])
        scores = _first_scores({name: values[rows] for name, values in arrays.items()}, schema)
        precision = np.asarray(np.linalg.inv(scores.T @ scores / len(rows) + _RIDGE * np.eye(len(schema))))
        learnt: dict[str, Any] = {"schema": schema.to_json()}
        most_asked = int(np.clip(_QUESTIONS // len(schema), 1, 30))
        parts, first = [], [0]
        for j, column in enumerate(track(schema.columns, "fitting columns")):
            others, values = Others(scores, precision, j), coded(arrays[column.name], column, j)
            tree = questions_of(
                values.codes[rows], np.unique(values.codes), values.ordered, others, most_asked
            )
            made, law = dimensions(values, j, tree, rows)
            learnt |= law
            parts.append(made)
            first.append(first[-1] + made.shape[1])
        own = np.repeat(np.arange(len(schema)), np.diff(first))
        tied = np.concatenate(parts, axis=1)
        with _blas().limit(limits=1):
            r = proper(correlations(tied, own), own, informed(tied))
            return learnt | {"first": first, "root": np.linalg.cholesky(r)}

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        schema, first, root = Schema.from_json(learnt["schema"]), learnt["first"], learnt["root"]
        e = rng.standard_normal((n, len(root)))
        if "boxes" in learnt:
            e[:, : len(learnt["boxes"].root)] = draws(n, learnt["boxes"], rng)
        with _blas().limit(limits=1):
            z = e @ root.T  # (n, dimensions)
        if "boxes" in learnt:
            z = z[:, np.argsort(learnt["turn"])]
        drawn = {
            column.name: values_of(z[:, first[j] : first[j + 1]], learnt, j)
            for j, column in enumerate(schema)
        }
        return decode(drawn, schema)

    def _condition(self, learnt: Learnt, where: Where) -> Learnt:
        schema, first, root = Schema.from_json(learnt["schema"]), learnt["first"], learnt["root"]
        parts = []
        for name, wanted in where.items():
            j = schema.names.index(name)
            own = boxes_of(learnt, j, schema[name], wanted)
            if not own:
                raise InputError(f"where[{name!r}]: {wanted!r} never occurs in what was learnt. Widen it.")
            parts.append([{first[j] + k: limits for k, limits in box.items()} for box in own])
        while math.prod(map(len, parts)) > _MOST_BOXES:  # what the hull lets in, the base draws again
            widest = max(parts, key=len)
            parts[parts.index(widest)] = [hull(widest)]
        asked = sorted({k for part in parts for box in part for k in box})
        if not asked:
            return learnt
        turn = asked + [k for k in range(len(root)) if k not in asked]
        low, high = together(parts, asked)
        turned = np.linalg.cholesky((root @ root.T)[np.ix_(turn, turn)])
        boxes = tilted(turned[: len(asked), : len(asked)].copy(), low, high)
        if np.logaddexp.reduce(boxes.bound) < np.log(_RAREST):
            raise InputError(
                f"where: {' and '.join(map(repr, where))} as asked meet in fewer than one row in a billion. "
                "Widen one of them."
            )
        return {**learnt, "root": turned, "turn": turn, "boxes": boxes}


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    """Products here are too small to gain from threads, whose waiting costs several times the work."""
    return ThreadpoolController().select(user_api="blas")


def _first_scores(arrays: dict[str, Any], schema: Schema) -> Floats:
    """One standardised score per column, 0 where missing, shape (n, p): to weigh questions by."""
    towards = None
    if schema.target is not None:
        values = arrays[schema.target]
        values = first_order(values, None) if schema[schema.target].is_discrete else normal_scores(values)
        towards = np.nan_to_num(values)
    scores = [
        np.nan_to_num(
            first_order(arrays[column.name], None if column.name == schema.target else towards)
            if column.is_discrete
            else normal_scores(arrays[column.name])
        )
        for column in schema
    ]
    made = np.stack(scores, axis=1)
    made = made - made.mean(axis=0)
    spread = made.std(axis=0)
    return np.asarray(made / np.where(spread > 1e-9, spread, 1.0))
