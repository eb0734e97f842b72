"""k-anonymity, l-diversity and t-closeness of the released file: information, never a rule.

They describe a file whose rows are people. A released row here is nobody, so a small class need not
point at anyone, and a large one does not protect; what does is in the attacks. Sweeney (2002),
IJUFKS 10; Machanavajjhala, Kifer, Gehrke, Venkitasubramaniam (2007), TKDD 1, distinct diversity;
Li, Li, Venkatasubramanian (2007), ICDE, sections 3 and 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._guesses import BINS
from mintmark.assess.privacy._quasi_identifiers import declared
from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.method import method
from mintmark.metric import Direction, Metric, Score, Tables
from mintmark.stats.mixed import positions

__all__ = ["Anonymity"]

Ints = npt.NDArray[np.int64]

_BLOCK = 1_000_000  # cells of classes by values held at once
_WHAT: dict[str, tuple[Direction, str, str]] = {
    "k": ("higher", "released rows in the smallest class alike in {known}", "Sweeney (2002)"),
    "l": (
        "higher",
        "different values of {secret} in the class alike in {known} with fewest, worst of the secrets",
        "Machanavajjhala et al. (2007)",
    ),
    "t": (
        "lower",
        "largest earth mover's distance between {secret} in a class alike in {known} and in the file, worst "
        f"of the secrets; categories equally far apart, numbers in {BINS} bins of their ranks in order",
        "Li et al. (2007)",
    ),
}


@method
class Anonymity(Metric):
    """k, l and t of the released rows on the declared quasi-identifiers. Says nothing about real people."""

    family = "privacy"
    direction = "higher"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = joint_rows(tables)
        known, secrets = declared(rows)
        inside = rows.alike(known)
        n = min(len(data) for data in rows.tables.values())
        some = {
            role: np.sort(rng.choice(len(data), n, replace=False)) for role, data in rows.tables.items()
        }  # anchors at the same number of rows: classes grow with the table
        whole = _figures(rows, "synthetic", inside, secrets, np.arange(len(tables.synthetic)))
        even = {role: _figures(rows, role, inside, secrets, some[role]) for role in ("train", "holdout")}
        return [_score(part, whole[part], even, known, len(tables.synthetic), n) for part in _WHAT]


def _figures(
    rows: Rows, role: str, inside: dict[str, Ints], secrets: list[str], some: Ints
) -> dict[str, dict[str, Any]]:
    group = np.unique(inside[role][some], return_inverse=True)[1]
    sizes = np.bincount(group)
    alone = float(np.mean(sizes[group] == 1))
    values = {secret: _coded(rows, secret, role)[some] for secret in secrets}
    different = {secret: int(_distinct(group, codes).min()) for secret, codes in values.items()}
    far = {
        secret: _farthest(group, sizes, codes, rows.column(secret).is_numeric)
        for secret, codes in values.items()
    }
    few, away = min(different, key=lambda one: different[one]), max(far, key=lambda one: far[one])
    return {
        "k": {"figure": int(sizes.min()), "secret": "", "classes": len(sizes), "rows_alone": alone},
        "l": {
            "figure": different[few],
            "secret": few,
            "columns": {s: {"estimate": v} for s, v in different.items()},
        },
        "t": {"figure": far[away], "secret": away, "columns": {s: {"estimate": v} for s, v in far.items()}},
    }


def _coded(rows: Rows, secret: str, role: str) -> Ints:
    """Values of a secret as whole numbers from 0; numbers in bins of their ranks, missing apart."""
    if not rows.column(secret).is_numeric:
        return rows.values[secret][role].astype(np.int64) + 1
    values = rows.numeric(secret, role)
    known = np.sort(values[~np.isnan(values)])
    binned = np.minimum((positions(known, values) * BINS).astype(np.int64), BINS - 1)
    return np.where(np.isnan(values), BINS, binned)


def _distinct(group: Ints, codes: Ints) -> Ints:
    """How many different values each class holds."""
    width = int(codes.max()) + 1
    return np.bincount(np.unique(group * width + codes) // width)


def _farthest(group: Ints, sizes: Ints, codes: Ints, ordered: bool) -> float:
    """Largest earth mover's distance of a class from the whole."""
    codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    width = int(codes.max()) + 1
    whole = np.bincount(codes, minlength=width) / len(codes)
    if width == 1:
        return 0.0
    order, most = np.argsort(group, kind="stable"), 0.0
    step = max(1, _BLOCK // width)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    for start in range(0, len(sizes), step):
        stop = min(len(sizes), start + step)
        here = order[ends[start] : ends[stop]]
        cells = (group[here] - start) * width + codes[here]
        counts = np.bincount(cells, minlength=(stop - start) * width).reshape(stop - start, width)
        apart = counts / sizes[start:stop, None] - whole
        if ordered:
            distance = np.abs(np.cumsum(apart, axis=1)).sum(axis=1) / (width - 1)
        else:
            distance = np.abs(apart).sum(axis=1) / 2
        most = max(most, float(distance.max()))
    return most


def _score(
    part: str, told: dict[str, Any], even: dict[str, Any], known: list[str], n: int, anchored: int
) -> Score:
    direction, meaning, source = _WHAT[part]
    figure = float(told["figure"])
    return Score(
        metric=f"anonymity.{part}",
        family="privacy",
        estimate=figure,
        interval=(figure, figure),
        direction=direction,
        ceiling=float(even["holdout"][part]["figure"]),
        floor=float(even["train"][part]["figure"]),
        n=n,
        variance="none: it describes this file",
        estimand="the file itself, and no person",
        convention=(
            meaning.format(known=", ".join(known), secret=told["secret"])
            + f"; information only, never a rule; anchors: {anchored} rows of the holdout and of train"
        ),
        source=source,
        details={key: value for key, value in told.items() if key not in ("figure", "secret")}
        | ({"column": told["secret"]} if told["secret"] else {}),
    )
