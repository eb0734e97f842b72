"""Re-identification: are people found in the released rows by what is known of them, and is more learnt?

Matching on quasi-identifiers in both directions, counted only where a sensitive value is learnt
rightly (El Emam, Mosquera, Bass 2020, JMIR 22(11):e23139, "meaningful identity disclosure"), and
only beyond what the same matching learns of the holdout's persons, of whom nothing can have leaked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._attacks import FIGURES, against
from mintmark.assess.privacy._near import source
from mintmark.assess.privacy._quasi_identifiers import declared
from mintmark.assess.privacy._right import NEAR_ENOUGH, reach
from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables
from mintmark.stats.shares import z_of

__all__ = ["Reidentification"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_REAL = ("train", "holdout")
_DIRECTIONS = ("real_to_synthetic", "synthetic_to_real")
_SOURCE = "El Emam, Mosquera, Bass (2020); interval of Newcombe (1998)"
_NO_POPULATION = (
    "k-map counts the people of a whole population who share the quasi-identifiers, and no population table "
    "is at hand. Read `reidentification`, which counts them in train and holdout and so overstates the risk."
)


@method
class Reidentification(Metric):
    """Chance that a match on quasi-identifiers is the right person and tells a secret, beyond chance.

    Real to synthetic: the attacker knows a person's quasi-identifiers, takes one of the released rows
    that share them, and believes its secret. Synthetic to real: the attacker takes a released row and
    picks one of the real persons who share its quasi-identifiers. Those are counted in train and
    holdout together.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = joint_rows(tables)
        known, secrets = declared(rows)
        inside = rows.alike(known)
        found = _attacked(rows, "synthetic", inside, secrets)
        copied = _attacked(rows, "train", inside, secrets)
        worst = max(found, key=lambda one: (found[one]["interval"][0], found[one]["estimate"]))
        columns = {
            secret: max((found[way, secret] for way in _DIRECTIONS), key=lambda told: float(told["estimate"]))
            for secret in secrets
        }
        return [
            Score(
                metric="reidentification",
                family="privacy",
                estimate=found[worst]["estimate"],
                interval=found[worst]["interval"],
                direction="lower",
                ceiling=0.0,
                floor=max(told["estimate"] for told in copied.values()),
                n=len(tables.synthetic),
                variance=(
                    "draw of the persons in train and holdout (Newcombe, clustered by person), at once for "
                    "both directions and all secrets (Bonferroni)"
                ),
                estimand=(
                    "how much more often such a match is right of persons learnt from than of others of the "
                    "population, given the released rows"
                ),
                convention=(
                    f"chance that a match on {', '.join(known)} is the right person and shows its "
                    f"{worst[1]}, over the rows of train, minus the same for the holdout; {worst[0]}, the "
                    f"worse direction and secret; numbers are right within {NEAR_ENOUGH:.0%}; 0.09, to which "
                    "El Emam et al. compare their risk, is a convention of data custodians, no legal limit"
                ),
                source=_SOURCE,
                details={key: found[worst][key] for key in FIGURES[2:]}
                | {
                    "way": worst[0],
                    "column": worst[1],
                    "columns": columns,
                    "quasi_identifiers": known,
                    "matched": {
                        role: float(np.isin(inside[role], inside["synthetic"]).mean()) for role in _REAL
                    },
                },
            ),
            Score(
                metric="reidentification.k_map",
                family="privacy",
                direction="higher",
                status="not run",
                reason=_NO_POPULATION,
            ),
        ]


def _attacked(
    rows: Rows, released: str, inside: dict[str, Ints], secrets: list[str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Figures by direction and secret."""
    last = max(int(held.max()) for held in inside.values()) + 1
    alike = np.bincount(inside[released], minlength=last)  # released rows of each class
    real, own = _persons(rows, inside, last)
    z = z_of(len(_DIRECTIONS) * len(secrets))
    out = {}
    for secret in secrets:
        hits: dict[str, list[Floats]] = {way: [] for way in _DIRECTIONS}
        trials = []
        for role in _REAL:
            right = _right(rows, secret, role, released, inside)
            here, person = inside[role], rows.persons[role]
            one = right / (real[here] * np.maximum(alike[here], 1))
            # over the released rows; a holdout of other size stands for as many rows as train has
            other = right / (real[here] * own[role]) * len(inside["train"]) / len(inside[released])
            for way, chance in zip(_DIRECTIONS, (one, other), strict=True):
                hits[way].append(np.bincount(person, weights=chance).astype(float))
            trials.append(np.bincount(person))
        for way in _DIRECTIONS:
            out[way, secret] = against(hits[way][0], hits[way][1], z, trials[0], trials[1])
    return out


def _persons(rows: Rows, inside: dict[str, Ints], last: int) -> tuple[Ints, dict[str, Ints]]:
    """Persons of train and holdout in each class, and for each row how many its person has in its class."""
    everybody, own = np.zeros(last, dtype=np.int64), {}
    for role in _REAL:
        number = int(rows.persons[role].max()) + 1
        both = inside[role] * number + rows.persons[role]
        pairs, which, count = np.unique(both, return_inverse=True, return_counts=True)
        everybody += np.bincount(pairs // number, minlength=last)
        own[role] = count[which]
    return everybody, own


def _right(rows: Rows, secret: str, role: str, released: str, inside: dict[str, Ints]) -> Floats:
    """For each real row how many released rows of its class show its secret."""
    true = source(rows, secret, role).astype(float)
    within = reach(rows, secret, true, released)
    if not rows.column(secret).is_numeric:
        true = np.where(true < 0, np.nan, true)
    theirs = source(rows, secret, released).astype(float)
    order = np.unique(np.concatenate([theirs[~np.isnan(theirs)], true - within, true + within]))
    size = len(order) + 1
    keys = np.sort((inside[released] * size + np.searchsorted(order, theirs))[~np.isnan(theirs)])
    low, high = (inside[role] * size + np.searchsorted(order, true + side * within) for side in (-1, 1))
    counts = np.searchsorted(keys, high, "right") - np.searchsorted(keys, low, "left")
    return np.where(np.isnan(true), 0, counts).astype(float)
