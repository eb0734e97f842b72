"""Compare: rank synthesizers by the assessments of what each made, over data sets and seeds.

The framework of Livieris, Alimpertis, Domalis, Tsakalidis (2024), arXiv 2404.08866, with the faults of
its published code mended: losses are scaled within each metric, a score beyond its ceiling is no
merit, metrics of one sample count as one draw, and pairs are looked at only after the omnibus test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess._score_table import Runs, ScoreTable, gathered, shortfall
from mintmark.assess.assess import metric_list
from mintmark.assess.comparison import Comparison, Standing
from mintmark.data.streams import check_seed, stream
from mintmark.errors import InputError, UnknownNameError, first_three
from mintmark.metric import Score
from mintmark.stats.ranks import Ranking, block_ranks, fewest_units, ranked
from mintmark.stats.repeats import jackknife

__all__ = ["ALPHA", "FEWEST", "METRICS", "check_seeds", "chosen", "compared", "fewest_seeds", "score_names"]

METRICS = (
    "two_sample",
    "pair_trends",
    "column_shapes",
    "tstr.gap",
    "membership.auc",
    "copies.excess",
)
"""What is ranked by default: cheap, and each of a question of its own. The first of a family stands for it
where one figure is drawn."""
ALPHA = 0.05
FEWEST = 5
"""Seeds of a data set, and data sets of a claim beyond them."""

Floats = npt.NDArray[np.float64]


def compared(runs: Runs, *, metrics: Sequence[str] | None = None, seed: int = 0) -> Comparison:
    """Rank synthesizers.

    Parameters
    ----------
    runs : mapping of (synthesizer, data set, seed) to Assessment
        Every synthesizer on the same seeds of the same data sets, at least five each: runs of one
        (data set, seed) share their real rows.
    metrics : sequence of str, optional
        Names of scores; those of `METRICS` that were run if None.
    seed : int, >= 0
        Of the permutations.

    Raises
    ------
    InputError
        If there are fewer than two synthesizers or five seeds, a run is missing, or no score was run
        throughout.
    UnknownNameError
        If no assessment holds a score of that name.
    """
    check_seed(seed)
    synthesizers, places = _complete(runs)
    datasets = list(dict.fromkeys(d for d, _ in places))
    notes: list[str] = []
    table = gathered(runs, synthesizers, places, chosen(runs, metrics), notes)
    if not table.estimates:
        raise InputError(f"no score was run throughout: {first_three(notes)}")
    first: dict[str, Score] = {}
    for name in dict.fromkeys(name for name, _ in table.estimates):
        first[name] = next(s for assessment in runs.values() for s in assessment.scores if s.metric == name)
    blocks = _Blocks.of(table, first)
    return Comparison(
        synthesizers=tuple(synthesizers),
        datasets=tuple(datasets),
        methods={s: str(runs[s, *places[0]].provenance.get("method") or "") for s in synthesizers},
        metrics=tuple(
            {"metric": name, "family": s.family, "direction": s.direction} for name, s in first.items()
        ),
        scores=tuple(table.records()),
        costs=tuple(
            {"synthesizer": s, "dataset": d, "seed": r, **cost}
            for (s, d, r), assessment in runs.items()
            if (cost := assessment.cost)
        ),
        means=tuple(_means(table, first)),
        ranking=_standing(blocks, synthesizers, stream(seed, "compare", "ranking")),
        beyond=_beyond(blocks, synthesizers, stream(seed, "compare", "beyond")),
        notes=tuple(notes),
        seed=seed,
        versions=dict(next(iter(runs.values())).versions),
    )


def _complete(runs: Runs) -> tuple[list[str], list[tuple[str, str]]]:
    """Synthesizers, and the (data set, seed) on which all of them were run."""
    synthesizers = list(dict.fromkeys(s for s, _, _ in runs))
    places = list(dict.fromkeys((d, r) for _, d, r in runs))
    if len(synthesizers) < 2:
        raise InputError(
            f"a comparison needs two or more synthesizers, not {len(synthesizers)} "
            f"({first_three(synthesizers) or 'none'}). Give another, or another setting of the same."
        )
    absent = [f"{s} on {d}, seed {r}" for s in synthesizers for d, r in places if (s, d, r) not in runs]
    if absent:
        raise InputError(
            f"every synthesizer must be run with the same seeds of the same data sets; there is no "
            f"{first_three(absent)}. Add it, or leave that seed out for all."
        )
    for dataset in dict.fromkeys(d for d, _ in places):
        check_seeds(sum(d == dataset for d, _ in places), dataset)
    return synthesizers, places


def fewest_seeds(synthesizers: int, datasets: int) -> int:
    """Seeds of each data set below which no outcome could be told from chance; at least five."""
    return max(FEWEST, -(-fewest_units(synthesizers, ALPHA) // datasets))


def score_names(metrics: Any) -> list[str]:
    """Names of scores, as `compared` takes them.

    Raises
    ------
    InputError
        If they are no list, or no names.
    """
    for name in (names := metric_list(metrics)):
        if not isinstance(name, str):
            raise InputError(f"metrics: {name!r} is no name of a score, such as 'tstr.gap'.")
    return names


def check_seeds(seeds: int, dataset: str) -> None:
    """Raise `InputError` where a data set has too few seeds."""
    if seeds < FEWEST:
        raise InputError(
            f"data set {dataset!r} has {seeds} seed{'s' * (seeds != 1)}; at least {FEWEST} are needed to "
            "tell synthesizers from the luck of one fit. Give more seeds."
        )


def chosen(runs: Runs, metrics: Sequence[str] | None) -> list[str]:
    """Names of the scores to rank; those of a metric that was not run count, for the note that says why.

    Raises
    ------
    UnknownNameError
        If no assessment holds a score of that name.
    InputError
        If there is none to rank.
    """
    metrics = None if metrics is None else score_names(metrics)
    scores = [score for assessment in runs.values() for score in assessment.scores]
    known = {score.metric for score in scores}
    unrun = {score.metric for score in scores if score.status != "ok"}
    for name in metrics or ():
        if name not in known and name.partition(".")[0] not in unrun:
            raise UnknownNameError("score", name, known)
    if metrics:
        return list(dict.fromkeys(metrics))
    names = [name for name in METRICS if name in known or name.partition(".")[0] in unrun]
    if not names:
        raise InputError(
            f"the assessments hold none of {', '.join(METRICS)}. Name what to rank with `metrics`: "
            f"{first_three(sorted(known)) or 'they hold no score at all'}."
        )
    return names


@dataclass(frozen=True)
class _Blocks:
    """Losses, one row a (data set, seed, metric)."""

    losses: Floats
    datasets: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    metrics: npt.NDArray[np.int64]
    families: npt.NDArray[np.str_]

    @classmethod
    def of(cls, table: ScoreTable, first: Mapping[str, Score]) -> _Blocks:
        names, datasets = list(first), list(table.seeds)
        starts = np.cumsum([0, *(len(labels) for labels in table.seeds.values())])
        losses, rows = [], []
        for (metric, d), estimates in table.estimates.items():
            loss = shortfall(estimates, table.ceilings[metric, d], first[metric].direction)
            losses.append(loss)
            at = datasets.index(d)
            rows += [(at, int(starts[at]) + i, names.index(metric)) for i in range(len(loss))]
        where = np.array(rows, dtype=np.int64)
        families = np.array([first[names[m]].family for m in where[:, 2]])
        return cls(np.concatenate(losses), where[:, 0], where[:, 1], where[:, 2], families)

    def by_dataset(self) -> _Blocks:
        """Means over seeds: one row a (data set, metric), whose unit is the data set."""
        keys, inverse = np.unique(
            np.stack([self.datasets, self.metrics], axis=1), axis=0, return_inverse=True
        )
        inverse = inverse.ravel()
        losses = np.stack([self.losses[inverse == i].mean(axis=0) for i in range(len(keys))])
        families = np.array([self.families[np.argmax(inverse == i)] for i in range(len(keys))])
        units = np.unique(keys[:, 0], return_inverse=True)[1].ravel()
        return _Blocks(losses, keys[:, 0], units, keys[:, 1], families)


def _standing(blocks: _Blocks, synthesizers: list[str], rng: np.random.Generator) -> Standing:
    """Blocks are (data set, seed, metric); the unit is (data set, seed)."""
    units = np.unique(blocks.units, return_inverse=True)[1].ravel()
    groups = np.unique(np.stack([blocks.datasets, blocks.metrics], 1), axis=0, return_inverse=True)[1].ravel()
    many = len(set(blocks.datasets.tolist()))
    claim = f"the {many} data sets compared" if many > 1 else "the one data set compared"
    return _tested(blocks, units, groups, synthesizers, rng, claim, "seeds")


def _beyond(blocks: _Blocks, synthesizers: list[str], rng: np.random.Generator) -> Standing:
    """Blocks are (data set, metric) means over seeds; the unit is the data set."""
    claim = "data sets like those compared"
    many = len(set(blocks.datasets.tolist()))
    if many < FEWEST:
        reason = (
            f"{'one data set says' if many == 1 else f'{many} data sets say'} nothing of others; at least "
            f"{FEWEST} are needed. "
            "Add data sets, or claim no more than these."
        )
        return Standing(claim, status="not run", reason=reason)
    merged = blocks.by_dataset()
    groups = np.arange(len(merged.losses))  # each data set has its own scale
    return _tested(merged, merged.units, groups, synthesizers, rng, claim, "data sets")


def _tested(
    blocks: _Blocks,
    units: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    synthesizers: list[str],
    rng: np.random.Generator,
    claim: str,
    remedy: str,
) -> Standing:
    found = ranked(blocks.losses, units, groups, rng, alpha=ALPHA)
    many, least = int(units.max()) + 1, fewest_units(len(synthesizers), ALPHA)
    standing = Standing(
        claim=claim,
        blocks=len(blocks.losses),
        units=many,
        aligned=_named(synthesizers, found.aligned),
        within=_named(synthesizers, found.within),
        families={
            family: _named(synthesizers, block_ranks(blocks.losses[blocks.families == family]).mean(axis=0))
            for family in dict.fromkeys(blocks.families.tolist())
        },
    )
    if many < least:
        reason = (
            f"with {len(synthesizers)} synthesizers and {many} {remedy} no outcome could be told from "
            f"chance; {least} are needed. Give more {remedy}."
        )
        return dataclasses.replace(standing, status="not run", reason=reason)
    return dataclasses.replace(
        standing,
        statistic=found.statistic,
        p_value=found.p_value,
        pairs=_pairs(synthesizers, found),
        winner=_winner(synthesizers, found),
    )


def _named(synthesizers: list[str], values: Floats) -> dict[str, float]:
    return dict(zip(synthesizers, map(float, values), strict=True))


def _pairs(synthesizers: list[str], found: Ranking) -> tuple[dict[str, Any], ...] | None:
    if found.pairs is None:
        return None
    return tuple(
        {"pair": [synthesizers[i], synthesizers[j]], "p_value": float(found.pairs[i, j])}
        for i, j in zip(*np.triu_indices(len(synthesizers), 1), strict=True)
    )


def _winner(synthesizers: list[str], found: Ranking) -> str | None:
    if found.pairs is None:
        return None
    best = int(found.aligned.argmin())
    others = np.delete(found.pairs[best], best)
    return synthesizers[best] if (others <= ALPHA).all() else None


def _means(table: ScoreTable, first: Mapping[str, Score]) -> list[dict[str, Any]]:
    """Mean score of each synthesizer and metric, with its interval over seeds."""
    means = []
    for metric in first:
        arrays = [values for (name, _), values in table.estimates.items() if name == metric]
        for j, s in enumerate(table.synthesizers):
            estimate, interval = jackknife([values[:, j] for values in arrays])
            means.append(
                {
                    "synthesizer": s,
                    "metric": metric,
                    "estimate": estimate,
                    "interval": None if interval is None else list(interval),
                }
            )
    return means
