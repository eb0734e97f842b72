"""Exposed persons: are those who are like nobody else nearer to the released rows than they should be?

Averages over all persons hide the few at risk (Stadler, Oprisanu, Troncoso 2022, "Synthetic data:
anonymisation groundhog day", USENIX Security; Meeus, Guépin, Creţu, de Montjoye 2023, "Achilles'
heels", ESORICS, who pick the records to attack by their distance to other records). Here the most
isolated persons of train are attacked beside equally isolated persons of the holdout. It needs no
generator, so that it serves rows from any tool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import hypergeom

from mintmark.assess import _large
from mintmark.assess.privacy._isolation import REFERENCE, far, rare, sampled, standard
from mintmark.assess.privacy._rows import Rows, joint_rows, worst_row
from mintmark.method import method
from mintmark.metric import Metric, NotRun, Score, Tables
from mintmark.stats.neighbours import Points
from mintmark.stats.shares import wilson, z_of

__all__ = ["Exposed"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Found = tuple[Floats, Floats]
_SHARE, _FEWEST, _LEAST = 0.02, 20, 100
_SMALLER = 250  # of large tables
_TINY, _DIGITS = 1e-6, 5


@method
class Exposed(Metric):
    """Share of the most isolated persons of train that are found beyond chance.

    Isolated means far from other real rows, by ranks or in standard units, or of rare values; and
    everybody is tried as well. Two attacks (ratio of the distances to a reference row and to a
    synthetic row; agreement with a synthetic row) and two thresholds (no held-out person above it,
    1 % of them) make the tests; the clearest is told, its interval holding for all at once. Those
    found are counted as a share of the 2 % of persons whose risk is highest. Where synthetic rows are
    many, that share is smaller, so that the most isolated are always attacked.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = joint_rows(tables)
        least = min(int(rows.persons[role].max()) + 1 for role in ("train", "holdout"))
        if least < _LEAST:
            raise NotRun(f"{least} persons in train or holdout are too few; {_LEAST} are needed in both.")
        size = _SMALLER if rows.many else REFERENCE
        reference = {role: sampled(len(rows.tables[role]), size, rng) for role in ("train", "holdout")}
        isolations: dict[str, dict[str, Floats] | None] = {"far by ranks": far(rows, reference)}
        if not rows.many:  # the marks of every category would not fit into memory
            isolations["far in standard units"] = standard(rows, reference)
        isolations |= {"rare values": rare(rows), "everybody": None}
        every = {notion: _chosen(rows, found, rng) for notion, found in isolations.items()}
        # where all that are isolated are of one table, there is nobody to hold them against
        attacked = _Attacked(
            rows, reference, {name: one for name, one in every.items() if all(map(len, one.values()))}
        )
        tests: dict[str, _Test] = {}
        for notion in attacked.chosen:
            for attack, scores in attacked.scores(notion).items():
                # what 1 % of false alarms finds among everybody is membership.tpr
                allowed = [1] if notion == "everybody" else sorted({1, max(1, len(scores[1]) // 100)})
                tests |= {f"{notion}, {attack}, {r}": _Test(*scores, r) for r in allowed}
        share = _share(rows)
        return [_score(tests, share, rows)]


def _most(rows: Rows) -> int:
    """How many persons are attacked at most, so that each can meet every synthetic row."""
    return max(_LEAST, rows.bounded("synthetic", 4 if rows.many else 1))


def _share(rows: Rows) -> float:
    """Share of persons called isolated: 2 %, more where those would be too few, less where too many."""
    persons = [int(rows.persons[role].max()) + 1 for role in ("train", "holdout")]
    return min(max(_SHARE, _FEWEST / min(persons)), _most(rows) / max(persons))


def _chosen(rows: Rows, isolation: dict[str, Floats] | None, rng: np.random.Generator) -> dict[str, Ints]:
    """Rows of the most isolated persons of both tables; a person stands by its most isolated row.

    Without an isolation every row, or those of persons drawn where they are too many to be attacked.
    """
    if isolation is None:
        return {role: _drawn(rows.persons[role], _most(rows), rng) for role in ("train", "holdout")}
    standing = {}
    for role, values in isolation.items():
        order = np.lexsort((-values, rows.persons[role]))
        standing[role] = order[np.unique(rows.persons[role][order], return_index=True)[1]]
    pooled = np.concatenate([isolation[role][standing[role]] for role in standing])
    limit = np.quantile(pooled, 1 - _share(rows))
    return {role: found[isolation[role][found] >= limit] for role, found in standing.items()}


class _Attacked:
    """The chosen under every notion of isolation; synthetic rows are searched once for all."""

    def __init__(self, rows: Rows, reference: dict[str, Ints], chosen: dict[str, dict[str, Ints]]) -> None:
        self.rows, self.reference, self.chosen = rows, reference, chosen
        self.every = self._pooled(chosen)
        # agreement with everybody is membership's
        self.isolated = self._pooled({name: one for name, one in chosen.items() if name != "everybody"})
        points, cells = self._both_of(rows.at, self.every), self._both_of(rows.cells, self.isolated)
        self.near = self._split(rows.nearest(points, "synthetic")[:, 0], self.every)
        self.agreed = self._split(rows.agreement(cells, "synthetic"), self.isolated)

    def _pooled(self, chosen: dict[str, dict[str, Ints]]) -> dict[str, Ints]:
        none = np.zeros(0, dtype=np.int64)
        return {
            role: np.unique(np.concatenate([none, *(one[role] for one in chosen.values())]))
            for role in self.reference
        }

    def _both_of(self, place: Callable[[str, Ints], Points], some: dict[str, Ints]) -> Points:
        return place("train", some["train"]).joined(place("holdout", some["holdout"]))

    def _split(self, found: Floats, some: dict[str, Ints]) -> dict[str, Floats]:
        return {"train": found[: len(some["train"])], "holdout": found[len(some["train"]) :]}

    def scores(self, notion: str) -> dict[str, Found]:
        """For each attack the scores of the chosen of train and of the holdout; higher says member."""
        chosen, found = self.chosen[notion], {}
        found["distance"] = self._both(chosen, self._nearer)
        if notion != "everybody":
            found["agreement"] = self._both(chosen, self._agrees)
        return found

    def _both(self, chosen: dict[str, Ints], score: Callable[[str, dict[str, Ints]], Floats]) -> Found:
        both = [
            worst_row(score(role, chosen), self.rows.persons[role][some]) for role, some in chosen.items()
        ]
        return both[0], both[1]

    def _nearer(self, role: str, chosen: dict[str, Ints]) -> Floats:
        """Log ratio of the distances to the nearest other row of the reference and to a synthetic row."""
        targets, distances = self.rows.at(role, chosen[role]), []
        for other, some in self.reference.items():
            found = self.rows.nearest(targets, other, 2, among=some)
            itself = np.isin(chosen[role], some) if other == role else np.zeros(len(targets), dtype=bool)
            distances.append(np.where(itself, found[:, 1], found[:, 0]))
        near = self.near[role][np.searchsorted(self.every[role], chosen[role])]
        far, near = (np.round(one, _DIGITS) + _TINY for one in (np.minimum(*distances), near))
        return np.asarray(np.log(far) - np.log(near))

    def _agrees(self, role: str, chosen: dict[str, Ints]) -> Floats:
        """Agreement with a synthetic row, less that with a row of the reference, those attacked left out."""
        targets = self.rows.cells(role, chosen[role])
        others = {other: np.setdiff1d(some, chosen[other]) for other, some in self.reference.items()}
        usual = np.maximum(*(self.rows.agreement(targets, other, some) for other, some in others.items()))
        return np.asarray(self.agreed[role][np.searchsorted(self.isolated[role], chosen[role])] - usual)


def _drawn(person: Ints, most: int, rng: np.random.Generator) -> Ints:
    n = int(person.max()) + 1
    if n <= most:
        return np.arange(len(person))
    return np.flatnonzero(np.isin(person, rng.choice(n, most, replace=False)))


@dataclass(frozen=True)
class _Test:
    """Members above the `allowed`-th highest score of the held-out persons.

    Without a leak every order of the pooled scores is as likely as any other, so that the count
    follows the negative hypergeometric distribution, whatever the scores.
    """

    members: Floats
    others: Floats
    allowed: int

    @property
    def above(self) -> int:
        if self.allowed > len(self.others):
            return 0
        return int((self.members > np.sort(self.others)[-self.allowed]).sum())

    @property
    def expected(self) -> float:
        return self.allowed * len(self.members) / (len(self.others) + 1)

    def bounds(self, of: float, tests: int) -> tuple[float, float]:
        """Members found beyond chance as a share of `of` persons, 1 at most, at once for many tests."""
        most = self._most(0.025 / tests)
        high = wilson(min(1.0, self.above / of), of, z_of(tests))[1]
        return float(np.clip((self.above - most) / of, -1.0, 1.0)), high

    def _most(self, chance: float) -> int:
        """As many members above are not so rare: the last count that chance reaches more often than this."""
        m, n = len(self.members), len(self.others)
        low, high = 0, m + 1
        while high - low > 1:  # the chance of at least so many falls as they grow
            count = (low + high) // 2
            # at least k members above: among the k + allowed - 1 highest at most allowed - 1 are others
            tail = hypergeom.cdf(self.allowed - 1, m + n, n, min(count + self.allowed - 1, m + n))
            low, high = (count, high) if tail > chance else (low, count)
        return low


def _score(tests: dict[str, _Test], share: float, rows: Rows) -> Score:
    persons = int(rows.persons["train"].max()) + 1
    of, percent = share * persons, f"{100 * share:.3g} %"
    bounds = {name: test.bounds(of, len(tests)) for name, test in tests.items()}
    clearest = max(bounds, key=lambda name: bounds[name][0])
    test, (low, high) = tests[clearest], bounds[clearest]
    estimate = min(1.0, (test.above - test.expected) / of)
    return Score(
        metric="exposed",
        family="privacy",
        estimate=estimate,
        interval=(min(low, estimate), max(high, estimate)),
        direction="lower",
        ceiling=0.0,
        floor=1.0,
        n=len(rows.tables["synthetic"]),
        variance="which of the isolated persons were in train (exact, at once for all tests)",
        estimand=f"share of the {percent} of train who are most at risk that the release gives away",
        convention=(
            f"of {len(test.members)} persons of train ({clearest.split(',')[0]}), those closer to a "
            f"synthetic row than all but {test.allowed - 1} of {len(test.others)} held-out persons like "
            f"them, less what chance brings, as a share of {of:.0f} persons; the clearest of {len(tests)} "
            f"tests{_left_out(rows)}; floor: a copy of train, which gives away all of them"
        ),
        source="after Meeus, Guépin, Creţu, de Montjoye (2023); Stadler et al. (2022)",
        details={
            "clearest": clearest,
            "tests": {
                name: {"above": one.above, "members": len(one.members), "others": len(one.others),
                       "interval": bounds[name]}
                for name, one in tests.items()
            },
        },
    )  # fmt: skip


def _left_out(rows: Rows) -> str:
    """What a large table leaves out, in words."""
    told = ""
    if rows.many:
        told += f"; above {_large.LARGE:,} rows isolation is told by ranks and rare values alone"
    if int(rows.persons["train"].max()) + 1 > _most(rows):
        told += f"; everybody: {_most(rows):,} persons drawn, whose share of those found is a lower bound"
    return told
