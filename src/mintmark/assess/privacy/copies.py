"""Copies: synthetic rows that equal, or nearly equal, a real row, beside what chance gives.

Fresh real rows equal train rows now and then, so what counts is how much more often the released
rows match train than they match real rows that the synthesizer never met; and the other way round
for copies of holdout rows, which are of real persons as well.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._matches import Matches, scores
from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.data.protect import persons
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables

__all__ = ["Copies"]

Ints = npt.NDArray[np.int64]
_MOST, _LEAST = 10_000, 1_000
_NATURAL = 0.01
_NEAR, _NEAR_FEWEST = 0.0025, 5  # holdout rows that agree as closely with train by chance
_REAL = ("train", "holdout")
_RARE = (
    " and is so rare that agreeing with it is more surprising than the best agreement of "
    f"{1 - _NATURAL:.0%} of holdout rows"
)


@method
class Copies(Metric):
    """Share of synthetic rows that equal a real row, and of those that nearly do.

    The attacker knows nothing and reads the released rows. Every real row is compared; a sample of
    the synthetic rows is taken only for near copies, above 10,000 of them, and a smaller one of large
    tables. A near copy that any fresh person could be as well is not told from chance; `floor` says
    which share of a copy of train is.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = joint_rows(tables)
        near, threshold = _near(rows, rng)
        return [*_exact(rows, threshold), *near]


def _exact(rows: Rows, threshold: float) -> list[Score]:
    """Equal rows; and of these the copies of the few whom chance would not meet again."""
    counts = {role: _owners(rows, role)[rows.identities["synthetic"]] for role in _REAL}
    sizes = {role: int(rows.persons[role].max()) + 1 for role in _REAL}
    rare = rows.surprise["synthetic"] > threshold
    out = []
    for part, of, which, kept, floor in (
        ("exact", "train", "", 1, 1.0),
        ("holdout", "holdout", "", 1, 1.0),
        ("rare", "train", _RARE, rare, float((rows.surprise["train"] > threshold).mean())),
    ):
        other = "train" if of == "holdout" else "holdout"
        found = Matches(counts[of] * kept, counts[other] * kept, (sizes[of], sizes[other]), _units(rows))
        meaning = f"share of synthetic rows that equal a {of} row in all {len(rows.scored)} scored columns"
        out += scores(part, meaning + which, found, floor, _told(np.flatnonzero(found.known)), of=of)
    return out


def _near(rows: Rows, rng: np.random.Generator) -> tuple[list[Score], float]:
    """The scores, and the agreement with train that 99 % of holdout rows stay below."""
    most = min(_MOST, max(_LEAST, rows.bounded("train"))) if rows.many else _MOST
    picked = {role: _some(len(rows.tables[role]), most, rng) for role in ("synthetic", "holdout")}
    natural = rows.agreement(rows.cells("holdout", picked["holdout"]), "train")
    few = max(_NEAR_FEWEST, round(_NEAR * len(natural)))
    beyond = float(np.sort(natural)[-min(few + 1, len(natural))])
    made = rows.cells("synthetic", picked["synthetic"])
    counts = {role: rows.agreeing(made, role, beyond) for role in _REAL}
    out = []
    for part, of, other in (("near", "train", "holdout"), ("holdout_near", "holdout", "train")):
        sizes = len(rows.tables[of]), len(rows.tables[other])
        found = Matches(counts[of], counts[other], sizes, _units(rows)[picked["synthetic"]])
        meaning = (
            f"share of synthetic rows that agree with one {of} row (numbers within about 2 % of train's "
            f"ranks) more surprisingly than all but {few} of {len(natural)} holdout rows do with train; "
            "surprise is the sum over agreeing columns of minus the log share of train that agrees, so one "
            "changed column hides nothing where there are many"
            + (f"; {most:,} rows of either table drawn, compared with all real ones" if rows.many else "")
        )
        floor = float((rows.surprise[of] > beyond).mean())
        out += scores(part, meaning, found, floor, _told(picked["synthetic"][found.known > 0]), of=of)
    return out, float(np.quantile(natural, 1 - _NATURAL, method="higher"))


def _owners(rows: Rows, role: str) -> Ints:
    """Persons of a real table in each class of equal rows."""
    number = int(rows.persons[role].max()) + 1
    classes = 1 + max(int(found.max()) for found in rows.identities.values())
    return np.bincount(
        np.unique(rows.identities[role] * number + rows.persons[role]) // number, minlength=classes
    )


def _units(rows: Rows) -> Ints:
    """Synthetic rows that hang together: of one person where the schema names persons, else equal ones."""
    made = rows.tables["synthetic"]
    named = made.schema.with_role("group") or made.schema.with_role("sequence_key")
    return persons(made) if named else rows.identities["synthetic"]


def _some(n: int, most: int, rng: np.random.Generator) -> Ints:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _told(where: Ints) -> dict[str, list[int]]:
    return {"synthetic_rows": where[:1000].tolist()}
