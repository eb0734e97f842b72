"""Sequential trees: columns one after another, each drawn from a tree on those before it.

Reiter (2005), "Using CART to generate partially synthetic public use microdata"; Nowok, Raab,
Dibben (2016), "synthpop: bespoke creation of synthetic data in R", J. Stat. Softw. 74(11).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where, meets
from mintmark.errors import RejectedError, first_three
from mintmark.latent._columns import Coded, coded, codes_of, values_of
from mintmark.latent._forest import Forest, drawn_atoms, grow, joined, single_leaf
from mintmark.latent._order import Order, order_of
from mintmark.latent._predictors import classes_of, depends, predictors_of
from mintmark.method import method
from mintmark.progress import stop_if_asked, time_is_up, track, warn
from mintmark.synthesizer import Learnt, Synthesizer

__all__ = ["SequentialTrees"]

_STRUCTURE_ROWS = 15_000
"""Most rows that decide the splits of a tree; all rows fill the leaves, so cost stays near linear."""
_CLASS_ROWS = 2_000
"""Rows of a class that decide the splits of its trees where the table's share would leave it fewer."""
_SHARE = 0.75
"""Share of the rows that decide the splits of one of several trees: each then errs in its own way."""
_FEW = 200
"""Rows below which a Gaussian copula kept more (benchmarks/small_tables.py, docs/methods.md)."""
_NOISE = 3.0
"""How much of its node's noise a split must explain to stay (see `_forest.grow`) with `_NOISE_ROWS` rows
or more; fewer rows ask for more, since each of them weighs more in what comes out."""
_NOISE_ROWS = 20_000
_TRIED = 65_536
"""Most rows drawn at once to meet a condition."""
_ENOUGH_TRIED = 2_000_000
"""Rows after which a condition that fewer than `_LEAST_MET` of them meet is given up."""
_LEAST_MET = 1e-5
_REDRAWN = 5_000_000
"""Most values of a column which depends on no other that are drawn at once to meet a condition."""
_CHEAP = 20
"""Such values that cost as much as a row."""


@method
class SequentialTrees(Synthesizer):
    """Draw each column from the leaf of a tree on the columns before it.

    A column has several trees, whose splits are decided by different rows, and each value is drawn
    from one of them: what one tree took for a relation by chance weighs little in their mixture. A
    leaf leans on the nodes above it, the more the fewer rows it holds.

    A target of several classes is drawn first, and every column associated with it has a tree for
    each class: a weak relation with the target is not lost to a stronger one with another column.

    The default: mixed columns, missing values, spikes and strong relations, in seconds. A saved
    model holds values column by column, never a row.
    """

    min_leaf: Annotated[int, Field(ge=1, description="fewest rows that a drawn value is chosen from")] = 10
    trees: Annotated[
        int,
        Field(
            ge=1, le=64, description="trees of a column, each split by other rows; a value is drawn from one"
        ),
    ] = 4
    smoothing: Annotated[
        bool, Field(description="move numbers that fewer than 10 rows hold between their neighbours")
    ] = True
    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "values"
    derives: ClassVar[bool] = True

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        if len(data) < _FEW:
            warn(
                f"{len(data)} rows are few for trees: below {_FEW} the method gaussian_copula kept "
                "relations better, on the mean of six real tables. Take it, or add rows.",
                stacklevel=3,
            )
        arrays = encode(data.table, data.schema)
        columns = [coded(arrays[column.name], column, j) for j, column in enumerate(data.schema)]
        some = np.sort(rng.permutation(len(data))[:_STRUCTURE_ROWS])
        noise = _noise(len(data))
        order = order_of(data.schema, columns, some, min_leaf=self.min_leaf, noise=noise, rng=rng)
        predictors = predictors_of(columns, order.columns, some)
        learnt: dict[str, Any] = {"schema": data.schema.to_json(), "order": order.columns}
        classes = None
        if data.schema.target is not None:
            classes = classes_of(columns[order.columns[0]], 2 * self.min_leaf)
        alone, apart = [], []
        for j in track(order.columns, "fitting trees", may_end_early=True):
            column, before = columns[j], predictors[j]
            learnt |= column.learnt
            if time_is_up() and before:
                alone.append(data.schema.names[j])
                before = []
            if not before or len(data) < 2 * self.min_leaf or len(np.unique(column.atoms)) < 2:
                learnt |= single_leaf(column.atoms).arrays(j)
                continue
            grown = partial(self._grown, columns, before, column, noise, rng)
            target = order.columns[0]
            if classes is not None and j != target and depends(columns[target], column, some):
                apart.append(data.schema.names[j])
                held = classes[columns[target].codes]
                trees = [grown(np.flatnonzero(held == c)) for c in range(int(classes.max()) + 1)]
                learnt |= joined(trees, target, classes).arrays(j)
            else:
                learnt |= joined([grown(np.arange(len(data)))]).arrays(j)
        learnt["choices"] = _explained(
            order,
            data.schema,
            noise,
            self.trees,
            self._deciding(len(data), len(data)) / len(data),
            apart,
            alone,
        )
        if alone:
            warn(
                f"max_minutes passed: column {first_three(map(repr, alone))} is drawn on its own, "
                "without regard to the others. Allow more minutes, or drop columns.",
                stacklevel=3,
            )
        return learnt

    def _deciding(self, rows: int, of: int) -> int:
        """How many of some rows, all of a table's or those of a class, decide the splits of a tree."""
        share = 1.0 if self.trees == 1 else _SHARE
        usual = rows * min(share, _STRUCTURE_ROWS / of)
        return max(int(min(share * rows, max(usual, _CLASS_ROWS))), min(rows, 2 * self.min_leaf))

    def _grown(
        self,
        columns: Sequence[Coded],
        before: Sequence[int],
        column: Coded,
        noise: float,
        rng: np.random.Generator,
        rows: NDArray[np.int64],
    ) -> list[Forest]:
        """The trees of one column on some rows."""
        if len(rows) < 2 * self.min_leaf:
            return [single_leaf(column.atoms[rows])] * self.trees
        deciding = self._deciding(len(rows), len(column.codes))
        structures = [np.sort(rng.choice(len(rows), deciding, replace=False)) for _ in range(self.trees)]
        return grow(
            [columns[k].codes[rows] for k in before],
            [columns[k].size for k in before],
            before,
            [columns[k].nominal for k in before],
            column.response[rows],
            column.classes,
            column.atoms[rows],
            structures=structures,
            min_leaf=self.min_leaf,
            noise=noise,
        )

    def _check(self, learnt: Learnt) -> None:
        columns = Schema.from_json(learnt["schema"]).columns
        sizes = [
            len(learnt[f"{j}/cuts"]) + 2 if column.is_numeric else len(column.categories or ()) + 1
            for j, column in enumerate(columns)
        ]
        for j in learnt["order"]:
            Forest.of(learnt, j).check(sizes)

    def _choices(self, learnt: Learnt) -> list[dict[str, str]]:
        return list(learnt["choices"])

    def _condition(self, learnt: Learnt, where: Where) -> Learnt:
        return {**learnt, "where": dict(where)}

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        schema = Schema.from_json(learnt["schema"])
        where = learnt.get("where", {})
        if not where:
            return decode(self._columns(n, learnt, schema, where, rng)[0], schema)
        parts: list[dict[str, Any]] = []
        have = drawn = 0
        while have < n:
            stop_if_asked("drawing rows: cancelled.")
            wanted = (n - have) * (drawn + 1) / (have + 1)
            size = int(np.clip(1.1 * wanted, 256, _TRIED))
            part, more = self._columns(size, learnt, schema, where, rng)
            parts.append(part)
            have += len(part[schema.names[0]])
            drawn += size + more // _CHEAP
            _give_up(have, drawn, where)
        whole = {name: np.concatenate([part[name] for part in parts])[:n] for name in schema.names}
        return decode(whole, schema)

    def _columns(
        self, n: int, learnt: Learnt, schema: Schema, where: Where, rng: np.random.Generator
    ) -> tuple[dict[str, Any], int]:
        """The columns of n rows, less those that a column shows not to meet `where`.

        Rows are refused as soon as the column in question is drawn; a column that depends on no
        other is drawn again instead, which leaves the law of the rest as it is. Also returns how
        many values were drawn again.
        """
        drawn: dict[str, Any] = {}
        again = 0
        codes = np.zeros((n, len(schema)), dtype=np.int32)
        for j in learnt["order"]:
            column = schema.columns[j]
            forest = Forest.of(learnt, j)
            draw = partial(self._values, forest, learnt, j, column, rng)
            values = draw(codes)
            if column.name in where:
                met = partial(meets, column=column, wanted=where[column.name])
                held = met(values)
                if (forest.right < 0).all() and len(forest.roots) == 1:  # no split on any other
                    again += _drawn_again(values, held, codes, draw, met)
                drawn = {name: array[held] for name, array in drawn.items()}
                codes, values = codes[held], values[held]
            drawn[column.name] = values
            codes[:, j] = codes_of(values, learnt, j) if column.is_numeric else values + 1
        return drawn, again

    def _values(
        self,
        forest: Forest,
        learnt: Learnt,
        j: int,
        column: Column,
        rng: np.random.Generator,
        codes: NDArray[np.int32],
    ) -> NDArray[Any]:
        """Numbers or category codes of one column for rows with these codes of the columns before it."""
        atoms = drawn_atoms(forest, codes, rng)
        return values_of(atoms, learnt, j, self.smoothing, rng) if column.is_numeric else atoms


def _drawn_again(
    values: NDArray[Any],
    held: NDArray[np.bool_],
    codes: NDArray[np.int32],
    draw: Callable[[NDArray[np.int32]], NDArray[Any]],
    met: Callable[[NDArray[Any]], NDArray[np.bool_]],
) -> int:
    """Draw values that do not hold again, in place, until all do or many were drawn; returns how many."""
    tried = 0
    while tried < _REDRAWN and not held.all():
        stop_if_asked("drawing rows: cancelled.")
        again = np.flatnonzero(~held)
        values[again] = draw(codes[again])
        held[again] = met(values[again])
        tried += len(again)
    return tried


def _noise(rows: int) -> float:
    return float(_NOISE * max(1.0, _NOISE_ROWS / rows) ** 0.2)


def _give_up(have: int, drawn: int, where: Where) -> None:
    """Raise where so few of many drawn rows meet the condition that more are pointless."""
    if drawn >= _ENOUGH_TRIED and have < _LEAST_MET * drawn:
        shown = " and ".join(f"{name} = {wanted!r}" for name, wanted in where.items())
        raise RejectedError(
            f"{have:,} of {drawn:,} drawn rows meet where ({shown}), too few to go on. "
            "Ask for a wider condition."
        )


def _explained(
    order: Order,
    schema: Schema,
    noise: float,
    trees: int,
    share: float,
    apart: Sequence[str],
    alone: Sequence[str],
) -> list[dict[str, str]]:
    names = [schema.names[j] for j in order.columns]
    out = [{"what": "order of columns", "chosen": f"{order.name}: {', '.join(names)}", "why": order.why}]
    out.append(
        {
            "what": "splits kept",
            "chosen": f"those that explain what {noise:.1f} average rows of their node carry",
            "why": "fewer rows ask for stronger splits, so that no row can be told from what comes out",
        }
    )
    if trees > 1:
        out.append(
            {
                "what": "trees of a column",
                "chosen": f"{trees}, each split by {share:.0%} of the rows and filled by all",
                "why": "what one took for a relation by chance weighs little in what they draw together",
            }
        )
    if apart:
        out.append(
            {
                "what": "trees for each class of the target",
                "chosen": first_three(apart),
                "why": f"associated with {schema.target!r}",
            }
        )
    if alone:
        out.append({"what": "drawn alone", "chosen": first_three(alone), "why": "max_minutes passed"})
    return out
