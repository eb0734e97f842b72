"""Among whom the rows of a class stand: alone, or where another class is at home."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.resample._parents import of_all
from mintmark.resample.quality._examined import Examined, Looked, grave
from mintmark.resample.quality.examination import ClassFigures, Finding

__all__ = ["surrounded"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_MOST_ASKED = 5_000  # of a class: a share is then known to 1.4 % and a million rows take seconds
_MUCH = 0.5  # a class that is mostly among others


def surrounded(table: Examined, k: int, rng: np.random.Generator) -> tuple[Looked, list[ClassFigures]]:
    """Rows none of whose k nearest is of their class, and the share whose nearest are mostly of others.

    References are never drawn from: fewer rows of the large class would make the others look safer.
    Hardness is k-disagreeing neighbours (Smith, Martinez, Giraud-Carrier 2014, Machine Learning 95).
    """
    found: list[Finding] = []
    omitted, figures = [], []
    for label in range(len(table.classes)):
        rows = table.sample.of_class(label)
        whole, name = len(rows), table.classes[label]
        people = None if table.sample.persons is None else table.units(rows)
        if label not in table.wanting:
            figures.append(ClassFigures(name, whole, people, None, None))
            continue
        if whole > _MOST_ASKED:
            rows = np.sort(rng.choice(rows, _MOST_ASKED, replace=False))
            omitted.append(f"neighbours of {whole - len(rows):,} of {whole:,} rows of {name}: others drawn.")
        near = of_all(table.sample, rows, k)
        foreign = (near >= 0) & (table.sample.labels[near] != label)
        alone = foreign.sum(axis=1) == (near >= 0).sum(axis=1)
        hard = 2 * foreign.sum(axis=1) > (near >= 0).sum(axis=1)
        share, interval = table.share(hard, rows)
        figures.append(ClassFigures(name, whole, people, share, interval))
        found += _alone(table, label, rows, alone, k) + _amid(table, label, rows, hard)
    return (found, omitted), sorted(figures, key=lambda one: one.rows)


def _alone(table: Examined, label: int, rows: Ints, alone: Flags, k: int) -> list[Finding]:
    if not alone.any():
        return []
    share, interval = table.share(alone, rows)
    return [
        Finding(
            "isolated", grave(interval), table.classes[label], int(alone.sum()), share, interval,
            table.shown(rows[alone]), (),
            f"{int(alone.sum()):,} of {len(rows):,} rows have none of their class among their {k} nearest "
            "neighbours: new rows from them would lie where other classes are.",
            "Look at their values and labels; leave them out of the parents, or use a method that does "
            "(borderline_smote).",
        )
    ]  # fmt: skip


def _amid(table: Examined, label: int, rows: Ints, hard: Flags) -> list[Finding]:
    share, interval = table.share(hard, rows)
    if interval[0] <= 0.1:
        return []
    mostly = interval[0] > _MUCH
    return [
        Finding(
            "overlap", "risk" if mostly else "note", table.classes[label], int(hard.sum()), share, interval,
            table.shown(rows[hard]), (),
            f"{int(hard.sum()):,} of {len(rows):,} rows have mostly rows of other classes as neighbours.",
            "Compare with no resampling and with a moved threshold: where classes overlap, new rows blur "
            "the border." if mostly else "To be known when results are read.",
        )
    ]  # fmt: skip
