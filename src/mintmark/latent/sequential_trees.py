"""Sequential trees: columns one after another, each drawn from a tree on those before it.

Reiter (2005), "Using CART to generate partially synthetic public use microdata"; Nowok, Raab,
Dibben (2016), "synthpop: bespoke creation of synthetic data in R", J. Stat. Softw. 74(11).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Schema
from mintmark.errors import first_three
from mintmark.latent._columns import Coded, coded, codes_of, values_of
from mintmark.latent._predictors import classes_of, depends, order_of, predictors_of
from mintmark.latent._tree import Tree, drawn_atoms, grow, joined, leaves, single_leaf
from mintmark.method import method
from mintmark.progress import time_is_up, track
from mintmark.synthesizer import Learnt, Synthesizer

__all__ = ["SequentialTrees"]

_STRUCTURE_ROWS = 30_000
"""Rows that decide the splits; all rows fill the leaves, so cost stays near linear."""
_CLASS_LEAVES = 5
"""Leaves that a class of the target must be able to fill to get trees of its own."""
_FEW = 200
"""Rows below which a Gaussian copula kept more (benchmarks/small_tables.py, docs/methods.md)."""


@method
class SequentialTrees(Synthesizer):
    """Draw each column from the leaf of a tree on the columns before it.

    A target of several classes is drawn first, and every column associated with it has a tree for
    each class: a weak relation with the target is not lost to a stronger one with another column.

    The default: mixed columns, missing values, spikes and strong relations, in seconds. A saved
    model holds values column by column, never a row.
    """

    min_leaf: Annotated[int, Field(ge=1, description="fewest rows that a drawn value is chosen from")] = 30
    smoothing: Annotated[
        bool, Field(description="move numbers that fewer than 10 rows hold between their neighbours")
    ] = True
    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "values"
    derives: ClassVar[bool] = True

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        if len(data) < _FEW:
            warnings.warn(
                f"{len(data)} rows are few for trees: below {_FEW} the method gaussian_copula kept "
                "relations better, on the mean of six real tables. Take it, or add rows.",
                stacklevel=3,
            )
        arrays = encode(data.table, data.schema)
        columns = [coded(arrays[column.name], column, j) for j, column in enumerate(data.schema)]
        structure = np.sort(rng.permutation(len(data))[:_STRUCTURE_ROWS])
        order = order_of(data.schema)
        predictors = predictors_of(columns, order, structure)
        learnt: dict[str, Any] = {"schema": data.schema.to_json(), "order": order}
        classes = None
        if data.schema.target is not None:
            classes = classes_of(columns[order[0]], _CLASS_LEAVES * self.min_leaf)
        alone = []
        for j in track(order, "fitting trees", may_end_early=True):
            column, before = columns[j], predictors[j]
            learnt |= column.learnt
            random_state = int(rng.integers(2**31))
            if time_is_up() and before:
                alone.append(data.schema.names[j])
                before = []
            if not before or len(structure) < 2 * self.min_leaf or len(np.unique(column.atoms)) < 2:
                learnt |= single_leaf(column.atoms).arrays(j)
                continue
            grown = partial(self._grown, columns, before, column, structure, random_state)
            if classes is not None and j != order[0] and depends(columns[order[0]], column, structure):
                held = classes[columns[order[0]].codes]
                trees = [grown(np.flatnonzero(held == c)) for c in range(int(classes.max()) + 1)]
                learnt |= joined(trees, order[0], classes).arrays(j)
            else:
                learnt |= grown(np.arange(len(data))).arrays(j)
        if alone:
            warnings.warn(
                f"max_minutes passed: column {first_three(map(repr, alone))} is drawn on its own, "
                "without regard to the others. Allow more minutes, or drop columns.",
                stacklevel=3,
            )
        return learnt

    def _grown(
        self,
        columns: Sequence[Coded],
        before: Sequence[int],
        column: Coded,
        structure: NDArray[np.int64],
        random_state: int,
        rows: NDArray[np.int64],
    ) -> Tree:
        """The tree of one column on some rows."""
        deciding = np.flatnonzero(np.isin(rows, structure))
        if len(deciding) < 2 * self.min_leaf:
            return single_leaf(column.atoms[rows])
        return grow(
            [columns[k].codes[rows] for k in before],
            [columns[k].size for k in before],
            before,
            [columns[k].nominal for k in before],
            column.response[rows],
            column.classes,
            column.atoms[rows],
            structure=deciding,
            min_leaf=self.min_leaf,
            random_state=random_state,
        )

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        schema = Schema.from_json(learnt["schema"])
        drawn: dict[str, Any] = {}
        codes: dict[int, Any] = {}
        for j in learnt["order"]:
            tree = Tree.of(learnt, j)
            atoms = drawn_atoms(tree, leaves(tree, codes, n), rng)
            column = schema.columns[j]
            if column.is_numeric:
                drawn[column.name] = values_of(atoms, learnt, j, self.smoothing, rng)
                codes[j] = codes_of(drawn[column.name], learnt, j)
            else:
                drawn[column.name] = atoms
                codes[j] = atoms + 1
        return decode(drawn, schema)
