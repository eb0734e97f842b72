"""New rows in a planted gap: how many each resampler makes, what each check rejects, and what that is worth.

    python benchmarks/resample_validity.py [--seeds 5] [--rows 1440]

Five truths with places where no row of the rare class can be, known by construction. Beside imbalanced-learn
stand our resamplers without and with checks: neighbours asked at the draw (`lee`), trees (`smote_ipf`), new
rows cleaned of those that real rows of their class do not surround, a declared rule where the truth is one,
and a conformal test against 60 further real rows of the class that nothing learns from. Of every way: the
share of new rows in the gap; the share of drawn rows that the check rejected, and of fresh real ones that it
would; and the average precision of a small tree on real and new rows. Means of the seeds, standard errors.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import imblearn.over_sampling
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.metrics import average_precision_score
from sklearn.tree import DecisionTreeClassifier

import mintmark as mm
from mintmark.data.dataset import Dataset
from mintmark.resample._sample import Sample
from mintmark.resample.cleaning._purified import purified
from mintmark.stats.out_of_distribution import conformal_p_values

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
OFTEN, RARE, HELD, TEST = 1_500, 60, 60, 6_000
LEVEL, TOLERANCE, REACH = 0.05, 0.05, 0.15
PEERS = ("SMOTE", "BorderlineSMOTE", "ADASYN")
CHECKED = {"lee": "purity", "smote_ipf": "ipf"}


@dataclass(frozen=True)
class Truth:
    """A law of two classes.

    Parameters
    ----------
    rare, often : callable
        n rows of a class.
    gap : callable
        Of rows said to be of the rare class: which lie where none can be.
    rule : mm.rule, optional
        What says the same of every row.
    """

    rare: Callable[[int, np.random.Generator], Floats]
    often: Callable[[int, np.random.Generator], Floats]
    gap: Callable[[Floats], Mask]
    rule: Any = None

    def table(self, often: int, rare: int, rng: np.random.Generator) -> Dataset:
        return table(np.concatenate([self.often(often, rng), self.rare(rare, rng)]), often)


def table(x: Floats, often: int) -> Dataset:
    """Rows of the often class and, after them, of the rare one."""
    columns = {f"x{j + 1}": x[:, j] for j in range(x.shape[1])}
    columns["y"] = np.repeat(["often", "rare"], [often, len(x) - often])
    return mm.read(pa.table(columns), target="y")


def along(curve: Floats) -> Truth:
    """The rare class along places, the often one wherever it is not."""
    low, high = curve.min(axis=0) - 0.4, curve.max(axis=0) + 0.4

    def gap(x: Floats) -> Mask:
        return np.asarray(np.sqrt(((x[:, None] - curve) ** 2).sum(axis=2)).min(axis=1) > REACH)

    def often(n: int, rng: np.random.Generator) -> Floats:
        x = rng.uniform(low, high, (20 * n, len(low)))
        return x[gap(x)][:n]

    def rare(n: int, rng: np.random.Generator) -> Floats:
        step = np.clip(rng.normal(scale=0.04, size=(n, len(low))), -0.1, 0.1)
        return curve[rng.integers(len(curve), size=n)] + step

    return Truth(rare, often, gap)


def following(formula: str, of: Callable[[Floats], Floats]) -> Truth:
    """x3 follows from x1 and x2 to within a tolerance; the rare class lies in eight pockets."""
    middle = 2.5 * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)

    def whole(x: Floats, rng: np.random.Generator) -> Floats:
        return np.column_stack([x, of(x) + rng.uniform(-TOLERANCE, TOLERANCE, len(x))])

    def rare(n: int, rng: np.random.Generator) -> Floats:
        return whole(middle[rng.integers(8, size=n)] + 0.3 * rng.normal(size=(n, 2)), rng)

    return Truth(
        rare,
        lambda n, rng: whole(2 * rng.normal(size=(n, 2)), rng),
        lambda x: np.abs(x[:, 2] - of(x)) > 1.001 * TOLERANCE,
        mm.rule("formula", rule=formula, tolerance=1.001 * TOLERANCE),
    )


def outside() -> Truth:
    """No row of either class lies in a disc; the rare one lies in twelve pockets at its edge."""

    def at(radius: Floats, angle: Floats) -> Floats:
        return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def rare(n: int, rng: np.random.Generator) -> Floats:
        pocket = 2 * np.pi * rng.integers(12, size=n) / 12
        return at(1 + 0.03 * rng.random(n), pocket + 0.03 * rng.normal(size=n))

    return Truth(
        rare,
        lambda n, rng: at(1 + 2 * rng.random(n), rng.uniform(0, 2 * np.pi, n)),
        lambda x: (x**2).sum(axis=1) < 1 - 1e-6,
        mm.rule("formula", rule="x1 ** 2 + x2 ** 2 >= 1"),
    )


def truths() -> dict[str, Truth]:
    turn = 2 * np.pi * np.arange(12) / 12
    half = np.linspace(0, np.pi, 7)
    moon = np.stack([np.cos(half), np.sin(half)], axis=1)
    return {
        "ring of twelve pockets": along(np.stack([np.cos(turn), np.sin(turn)], axis=1)),
        "two moons of seven pockets": along(np.concatenate([moon, [1, 0.5] - moon])),
        "x3 = x1 + x2": following("x3 = x1 + x2", lambda x: x[:, 0] + x[:, 1]),
        "x3 = x1 * x2": following("x3 = x1 * x2", lambda x: x[:, 0] * x[:, 1]),
        "x1² + x2² ≥ 1": outside(),
    }


@dataclass(frozen=True)
class Way:
    """New rows that one way made, the share of those drawn that it rejected, and of fresh real rows."""

    x: Floats
    rejected: float = float("nan")
    real: float = float("nan")


def numbers(data: Dataset) -> Floats:
    return np.stack([data.table[name].to_numpy() for name in data.names if name != "y"], axis=1)


def ways(
    truth: Truth, train: Dataset, n: int, rng: np.random.Generator, seed: int
) -> Iterator[tuple[str, Way]]:
    """Every way, its new rows made from the same real ones."""
    x, y = numbers(train), np.repeat([0, 1], [OFTEN, RARE])
    for name in PEERS:
        sampler = getattr(imblearn.over_sampling, name)(sampling_strategy={1: RARE + n}, random_state=seed)
        yield f"imbalanced-learn {name}", Way(sampler.fit_resample(x, y)[0][len(x) :])
    for name in ("borderline_smote", "adasyn"):
        yield name, Way(numbers(drawn(name, train, n, seed)))
    plain = drawn("smote", train, n, seed)
    yield "smote", Way(numbers(plain))
    real, fresh = sample(x, y), truth.rare(2_000, rng)
    for name, check in CHECKED.items():
        new = drawn(name, train, n, seed)
        many = new.provenance["rejected"].get(check, 0)
        lost = 1 - purified(real, sample(fresh), k=5, kind="mode").mean() if name == "lee" else np.nan
        yield f"{name} ({check})", Way(numbers(new), many / (many + n), lost)
    stays, kept = (purified(real, sample(some), k=3, kind="mode") for some in (numbers(plain), fresh))
    yield "smote, cleaned of new rows", Way(numbers(plain)[stays], 1 - stays.mean(), 1 - kept.mean())
    held, *asked = (
        real.axes.place(some, sample(some).codes) for some in (truth.rare(HELD, rng), numbers(plain), fresh)
    )
    out, lost = (conformal_p_values(some, held) <= LEVEL + 1e-9 for some in asked)
    yield "smote, conformal filter", Way(numbers(plain)[~out], out.mean(), lost.mean())
    if truth.rule is not None:
        new = drawn("smote", train.with_checks(truth.rule), n, seed)
        many = sum(new.provenance["rejected"].values())
        yield "smote, rule declared", Way(numbers(new), many / (many + n), truth.gap(fresh).mean())


def sample(x: Floats, y: Any = None) -> Sample:
    """Rows as the checks take them; without labels all of the rare class."""
    labels = np.ones(len(x), dtype=np.int64) if y is None else y
    return Sample(x, np.empty((len(x), 0), np.int32), (), labels)


def drawn(name: str, train: Dataset, n: int, seed: int) -> Dataset:
    model = mm.synthesizer(name, sampling_strategy={"rare": RARE + n}).fit(train, seed=seed)
    return model.sample(n, seed=seed)


def precision(x: Floats, y: Any, test: Floats, wanted: Any, seed: int) -> float:
    """Average precision of a tree of six levels."""
    model = DecisionTreeClassifier(max_depth=6, min_samples_leaf=5, random_state=seed).fit(x, y)
    return float(average_precision_score(wanted, model.predict_proba(test)[:, 1]))


def measured(truth: Truth, n: int, seed: int) -> dict[str, tuple[float, ...]]:
    """By way: share in the gap, rejected, real rejected, and the gain in average precision."""
    rng = np.random.default_rng(seed)
    train, test = truth.table(OFTEN, RARE, rng), truth.table(TEST, TEST * RARE // OFTEN, rng)
    x, y, fresh = numbers(train), np.repeat([0, 1], [OFTEN, RARE]), numbers(test)
    wanted = np.repeat([0, 1], [TEST, len(fresh) - TEST])
    alone = precision(x, y, fresh, wanted, seed)
    found = {"no new rows": (np.nan, np.nan, np.nan, alone)}
    for name, way in ways(truth, train, n, rng, seed):
        both = np.concatenate([x, way.x]), np.concatenate([y, np.ones(len(way.x), dtype=int)])
        gain = precision(*both, fresh, wanted, seed) - alone
        found[name] = (truth.gap(way.x).mean(), way.rejected, way.real, gain)
    return found


def told(values: list[float], signed: bool = False) -> str:
    """Mean and standard error; a dash where there is none."""
    if np.isnan(values).any():
        return "–"
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):{'+' if signed else ''}.3f} ± {error:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=OFTEN - RARE)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    began = time.process_time()
    for name, truth in truths().items():
        runs = [measured(truth, given.rows, seed) for seed in range(given.seeds)]
        print(
            f"\n| {name} | in the gap | rejected | real rows rejected | AP |\n| --- | --- | --- | --- | --- |"
        )
        for way in runs[0]:
            *shares, gain = zip(*(run[way] for run in runs), strict=True)
            cells = [told(list(values)) for values in shares]
            print("|", " | ".join([way, *cells, told(list(gain), way != "no new rows")]), "|", flush=True)
    print(f"\n{given.seeds} seeds, {given.rows:,} new rows each, {time.process_time() - began:.0f} CPU s")


if __name__ == "__main__":
    main()
