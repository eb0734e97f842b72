"""Whether the test rows are untouched: utility measured on rows that taught the model is worthless."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from mintmark.assess._codes import once
from mintmark.assess.privacy._rows import Rows, rows_of
from mintmark.data.streams import stream
from mintmark.metric import NotRun, Tables

__all__ = ["untouched"]

Ints = npt.NDArray[np.int64]
_CHANCE = 1e-5  # how seldom innocent tables may be refused, by either test
_LEAST = 0.002  # share of rare rows that is worth a refusal
_COMMON = 0.99


def untouched(tables: Tables) -> None:
    """Refuse to test on rows that the tables already give away.

    Two tests, each with a false alarm in 100,000 innocent tables: more synthetic rows equal rows that
    only holdout holds than rows that only train holds; and rare rows of holdout come out more often
    than they stand in train. A holdout that overlaps train is refused before (`check_apart`).

    Raises
    ------
    NotRun
        With the share of rows and the remedy.
    """
    tables.need_holdout()
    found: str = once(tables, "touched test rows", lambda: _touched(tables))
    if found:
        raise NotRun(found)


def _touched(tables: Tables) -> str:
    rows = rows_of(tables)
    rng = stream(tables.shared.get("seed", 0), "assess", "untouched")
    if share := max(_one_sided(rows, rng), _rare(rows)):
        return (
            f"test rows in training: {share:.1%} of the different synthetic rows equal a holdout row, more "
            "than chance brings. Fit the synthesizer without the holdout, or keep other real rows apart."
        )
    return ""


def _one_sided(rows: Rows, rng: np.random.Generator) -> float:
    """Share of synthetic rows that only holdout holds, where those that only train holds are fewer.

    Whoever learnt from train alone meets rows of either side equally often, or train's more often.
    The sides are cut to equal numbers of rows, so that a row of one is as rare as one of the other.
    """
    sides = {role: rows.identities[role] for role in ("train", "holdout")}
    least = min(len(side) for side in sides.values())
    train, holdout = (np.unique(rng.permutation(side)[:least]) for side in sides.values())
    released = np.unique(rows.identities["synthetic"])
    theirs, ours = (
        int(np.isin(np.setdiff1d(side, other), released).sum())
        for side, other in ((holdout, train), (train, holdout))
    )
    if binom.sf(theirs - 1, theirs + ours, 0.5) > _CHANCE:
        return 0.0
    return float(np.isin(released, sides["holdout"]).mean())


def _rare(rows: Rows) -> float:
    """Share of synthetic rows that stand in holdout, where the rare ones do so oftener than train's.

    Rare are rows more surprising than 99 % of those that train and holdout share: a method that
    prefers common rows meets common rows of holdout oftener than real rows do, but not rare ones.
    """
    first = {role: np.unique(ids, return_index=True) for role, ids in rows.identities.items()}
    surprise = {role: rows.surprise[role][at] for role, (_, at) in first.items()}
    holdout = first["holdout"][0]
    hit = {role: np.isin(first[role][0], holdout) for role in ("train", "synthetic")}
    natural = surprise["train"][hit["train"]]
    limit = float(np.quantile(natural, _COMMON)) if len(natural) else -np.inf
    met = {role: int((hit[role] & (surprise[role] > limit)).sum()) for role in hit}
    sizes = {role: len(first[role][0]) for role in hit}
    share = sizes["synthetic"] / sum(sizes.values())
    # one more for train: its own rate of nothing is not known to be nothing
    if binom.sf(met["synthetic"] - 1, met["synthetic"] + met["train"] + 1, share) > _CHANCE:
        return 0.0
    return float(hit["synthetic"].mean()) if met["synthetic"] > _LEAST * sizes["synthetic"] else 0.0
