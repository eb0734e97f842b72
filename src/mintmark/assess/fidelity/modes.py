"""Mode coverage: whether every class, category, bin, and class within a category still occurs.

A generator that drops a mode keeps nearly every average; what shows it is the mode's own share
among the synthetic rows over its share among the real ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, equal, full
from mintmark.assess._labels import code_label
from mintmark.data.protect import FEWEST
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.rate_ratio import proves_absence, rate_ratio

__all__ = ["Modes"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Plans = dict[str, Coding]

_ABSENT = 0.15
"""A mode is judged where the interval for no synthetic row at all would end below this ratio."""
_ALPHA = 0.05
_WORST = 30
_CONVENTION = (
    "smallest ratio, at most 1, of a mode's share among the synthetic rows to its share in train; modes "
    "are the classes of the target, the categories of every column (numbers: bins and spikes; missing as "
    "a value), and each class within each category; judged are those of ten persons or more that are so "
    f"frequent that their absence would show (the interval for no row ends below {_ABSENT}; about 40 "
    "expected rows for a class, 75 for the others); classes, columns, and classes within categories have a "
    "third of the error each; ceiling: holdout rows; floor: one judged mode without any row"
)


@method
class Modes(Metric):
    """Smallest ratio of synthetic to real share over all classes, categories and bins."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = codings(tables)
        train, synthetic = full(tables, "train"), equal(tables, "synthetic")
        sorts = list(_sorts(train, synthetic, plans, tables.target))
        if not sorts:
            raise NotRun(
                f"no class, category or bin is frequent enough: {len(synthetic)} compared and {len(train)} "
                "train rows do not tell a missing one from chance (rows of one sequence or person that are "
                "alike count once). Give more rows."
            )
        described = [mode for sort in sorts for mode in sort.described(synthetic, plans)]
        described.sort(key=lambda mode: (mode["estimate"], mode["interval"][1]))
        ceiling = None
        if tables.holdout is not None:
            fresh = equal(tables, "holdout")
            ceiling = min(1.0, *(float(sort.compared(fresh, plans)[0].min()) for sort in sorts))
        low, high = (min(1.0, *(mode["interval"][end] for mode in described)) for end in (0, 1))
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=min(1.0, described[0]["estimate"]),
                interval=(low, high),
                ceiling=ceiling,
                floor=0.0,
                n=len(synthetic),
                variance=(
                    "draw of the synthetic and train rows, sequences whole (exact ends given the sum of both "
                    "counts), for all modes at once (Bonferroni)"
                ),
                estimand=(
                    "smallest ratio over the judged modes, at most 1, of a mode's share in the distribution "
                    "of the synthetic rows to its share in the population"
                ),
                convention=_CONVENTION,
                source=(
                    "Przyborowski and Wilenski (1940), Clopper and Pearson (1934); Rao and Scott (1992) for "
                    "rows of one person"
                ),
                details={
                    "groups": described[:_WORST],
                    "columns": _by_column(described),
                    "modes": len(described),
                },
            )
        ]


@dataclass(frozen=True)
class _Sort:
    """Modes of one column, or of the target within one column.

    Parameters
    ----------
    names : tuple of str
        The column, or the target and the column.
    cell : array of int, shape (k,)
        Code of each mode; for two columns its place in their table.
    rows : array, shape (k,)
        Train rows of each mode.
    effect : array, shape (k,), >= 1
        How much more its share varies than if every row were another person (Kish's design effect).
    drawn : array, shape (k,)
        Independent draws that the synthetic rows are worth for it: fewer than rows where they hang
        together in sequences.
    total : int
        Train rows in all.
    alpha : float
        Chance that the interval of one of the modes misses.
    """

    names: tuple[str, ...]
    cell: Ints
    rows: Floats
    effect: Floats
    drawn: Floats
    total: int
    alpha: float = 0.0

    def compared(self, other: Coded, plans: Plans) -> tuple[Floats, Floats, Floats]:
        """Ratio of each mode's share to train's, and its ends."""
        cells, size = _cells(other, plans, self.names)
        counts = np.bincount(cells, minlength=size)[self.cell].astype(np.float64)
        rows, total, share = self.rows / self.effect, self.total / self.effect, counts / len(other)
        ends = rate_ratio(share * self.drawn, self.drawn, rows, total, self.alpha / 2)
        return share * total / rows, *ends

    def described(self, other: Coded, plans: Plans) -> Iterator[dict[str, Any]]:
        """Each mode for the report."""
        for i, (ratio, low, high) in enumerate(zip(*self.compared(other, plans), strict=True)):
            yield {
                "column": self.names[-1],
                "value": self._value(int(self.cell[i]), plans),
                "n": int(self.rows[i]),
                "estimate": float(ratio),
                "interval": [float(low), float(high)],
            }

    def _value(self, cell: int, plans: Plans) -> str:
        plan = plans[self.names[-1]]
        if len(self.names) == 1:
            return code_label(plan, cell)
        target, code = divmod(cell, plan.size)
        return f"{code_label(plan, code)}, {self.names[0]} {code_label(plans[self.names[0]], target)}"


def _sorts(train: Coded, synthetic: Coded, plans: Plans, target: str | None) -> Iterator[_Sort]:
    """The judged modes: classes, single columns, and classes within categories share the error evenly."""
    others = [name for name in plans if name != target]
    kinds: list[list[tuple[str, ...]]] = [[], [(name,) for name in others], []]
    if target is not None and target in plans:
        kinds[0] = [(target,)]
        if not plans[target].numeric:
            kinds[2] = [(target, name) for name in others if not plans[name].numeric]
    parts = [[_candidates(train, synthetic, plans, names) for names in kind] for kind in kinds if kind]
    for part in parts:
        yield from _judged(part, _ALPHA / len(parts))


def _judged(part: list[_Sort], alpha: float) -> Iterator[_Sort]:
    """As many modes as can be judged at once, the most frequent first.

    Every further mode makes all intervals wider (Bonferroni), so that rare ones end the list.
    """
    rows, total = (
        np.concatenate([getattr(sort, what) / sort.effect for sort in part]) for what in ("rows", "total")
    )
    drawn = np.concatenate([sort.drawn for sort in part])
    order = np.argsort(-rows / total, kind="stable")
    highest = proves_absence(
        drawn[order], rows[order], total[order], alpha / 2 / np.arange(1, len(order) + 1)
    )
    most = int(np.argmax(np.append(highest >= _ABSENT, True)))
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order[:most]] = True
    ends = np.cumsum([len(sort.cell) for sort in part])[:-1]
    for sort, kept in zip(part, np.split(chosen, ends), strict=True):
        if kept.any():
            yield dataclasses.replace(
                sort,
                cell=sort.cell[kept],
                rows=sort.rows[kept],
                effect=sort.effect[kept],
                drawn=sort.drawn[kept],
                alpha=alpha / most,
            )


def _candidates(train: Coded, synthetic: Coded, plans: Plans, names: tuple[str, ...]) -> _Sort:
    """Modes that ten persons or more are of."""
    cells, size = _cells(train, plans, names)
    rows = np.bincount(cells, minlength=size).astype(np.float64)
    heads, effect = rows, np.ones(size)
    if train.persons is not None:
        heads, effect, _ = _clustered(cells, size, train.persons)
    enough = np.flatnonzero(heads >= FEWEST)
    drawn = _drawn(synthetic, plans, names)[enough]
    return _Sort(names, enough, rows[enough], effect[enough], drawn, len(train))


def _drawn(synthetic: Coded, plans: Plans, names: tuple[str, ...]) -> Floats:
    """Independent draws that a table's rows are worth for each cell, of which it may hold no row."""
    cells, size = _cells(synthetic, plans, names)
    if synthetic.persons is None:
        return np.full(size, float(len(synthetic)))
    _, effect, common = _clustered(cells, size, synthetic.persons)
    return np.asarray(len(synthetic) / np.maximum(effect, common))


def _clustered(cells: Ints, size: int, persons: Ints) -> tuple[Floats, Floats, float]:
    """Persons of each cell, the design effect of its share, at least 1, and that of all cells together."""
    n, person = len(cells), np.unique(persons, return_inverse=True)[1]
    both, counts = np.unique(person * size + cells, return_counts=True)
    whose, cell = np.divmod(both, size)
    own = np.bincount(person).astype(np.float64)  # rows of each person
    share = np.bincount(cells, minlength=size) / n
    # the sum over persons of (rows in the cell - own rows * share)²
    squares = np.bincount(cell, weights=counts.astype(np.float64) ** 2, minlength=size)
    crossed = np.bincount(cell, weights=counts * own[whose], minlength=size)
    spread = squares - 2 * share * crossed + share**2 * float(own @ own)
    alone = n * share * (1 - share)
    effect = np.divide(spread, alone, out=np.ones(size), where=alone > 0)
    # where all rows are alike nothing says how many draws they are: then one a person
    common = float(spread.sum() / alone.sum()) if alone.any() else float(own @ own) / n
    return np.bincount(cell, minlength=size).astype(np.float64), np.maximum(effect, 1.0), common


def _cells(coded: Coded, plans: Plans, names: tuple[str, ...]) -> tuple[Ints, int]:
    """Codes of one column or of two together, and how many there can be."""
    cells, size = np.zeros(len(coded), dtype=np.int64), 1
    for name in names:
        cells, size = cells * plans[name].size + coded.codes[name], size * plans[name].size
    return cells, size


def _by_column(described: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The worst mode of each column; `described` has the worst first."""
    columns: dict[str, dict[str, Any]] = {}
    for mode in described:
        kept = {key: mode[key] for key in ("value", "n", "estimate", "interval")}
        columns.setdefault(mode["column"], kept)
    return columns
