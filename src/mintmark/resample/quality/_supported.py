"""Whether a class holds enough: rows for its neighbours, persons, and values that differ."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.protect import FEWEST
from mintmark.errors import first_three
from mintmark.resample.quality._examined import Examined, cells
from mintmark.resample.quality.examination import Finding

__all__ = ["CHANCE", "constant", "few"]

CHANCE = 0.01
"""Chance that a table without the flaw shows one in any column (shared out over the columns)."""


def few(table: Examined, k: int) -> list[Finding]:
    """Classes with too few rows for k neighbours, or of fewer than ten persons."""
    found = []
    for label in table.wanting:
        rows, name = table.sample.of_class(label), table.classes[label]
        people = table.units(rows)
        if len(rows) < k + 1:
            found.append(
                Finding(
                    "too_few_rows", "flaw", name, len(rows), None, None, table.shown(rows), (),
                    f"{len(rows)} row{'s' * (len(rows) != 1)}, too few for {k} neighbours of each.",
                    "Collect more, or merge the class with another"
                    + (f"; or set k to {len(rows) - 1}." if len(rows) > 1 else "."),
                )
            )  # fmt: skip
        elif people < FEWEST:
            what = "rows" if table.sample.persons is None else "persons"
            found.append(
                Finding(
                    "few_persons", "risk", name, people, None, None, (), (),
                    f"The class is known of {people} {what}: new rows are theirs over again.",
                    f"Collect more; below {FEWEST} neither a score nor a person's secret is safe.",
                )
            )  # fmt: skip
    return found


def constant(table: Examined, known: Collection[str]) -> list[Finding]:
    """Columns that vary, and do not inside the class; `known` ones are reported elsewhere."""
    found = []
    for label in table.wanting:
        inside = table.sample.labels == label
        people = table.units(np.flatnonzero(inside))
        if people < 2:
            continue
        still = {name: chance for name, values in table.columns() if name not in known
                 and (chance := _by_chance(values, inside, people)) is not None}  # fmt: skip
        strange = [name for name, chance in still.items() if chance < CHANCE / len(table.columns())]
        for names, gravity in ((strange, "risk"), ([n for n in still if n not in strange], "note")):
            if names:
                found.append(_told(table, label, names, gravity))
    return found


def _by_chance(values: npt.NDArray[Any], inside: npt.NDArray[np.bool_], people: int) -> float | None:
    """Chance that so many persons all hold one value, by its share elsewhere; None where they do not."""
    found = cells(values)
    here = found[inside]
    if (here != here[0]).any():
        return None
    others, alike = int((~inside).sum()), int((found[~inside] == here[0]).sum())
    # one more, or a value that few other rows happen to lack would be no chance at all
    return None if alike == others else float(((alike + 1) / (others + 1)) ** people)


def _told(table: Examined, label: int, names: list[str], gravity: Any) -> Finding:
    one = len(names) == 1
    chance = "more than chance explains" if gravity == "risk" else "as chance may have it"
    return Finding(
        "constant_in_class", gravity, table.classes[label], len(names), None, None, (), tuple(names),
        f"Column{'s' * (not one)} {first_three(names)} hold{'s' * one} one value, or nothing, in the whole "
        f"class and others elsewhere, {chance}.",
        "No new row of the class can have another value: find out whether that is so by nature, or how the "
        "rows were gathered.",
    )  # fmt: skip
