"""Would more rows help? A method fitted on growing parts of the rows, scored, and followed further.

Every fit draws as many rows as the largest part has and is scored on the same held-out rows, so that the
scores differ by what was learnt alone.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from mintmark.advise._words import WORTH, advice, text
from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.split import split, split_rows
from mintmark.data.streams import check_seed, derive_seed, stream
from mintmark.errors import InputError, OutOfTimeError
from mintmark.method import name_of
from mintmark.progress import time_is_up, time_limit, track
from mintmark.stats.power_law import falls, forecast
from mintmark.synthesizer import Synthesizer, make

__all__ = ["Outlook", "Prospect", "learning_curve"]

Verdict = Literal["more rows would help", "more rows would hardly help", "too few rows to tell"]
_HOLDOUT = 0.2
_PARTS = (8, 4, 2, 1)
_FEWEST, _FEWEST_ALL = 50, 500
_REPEATS, _FEWEST_REPEATS = 3, 2
_BASELINE = "sequential_trees"
_LEAST = {"two_sample": 0.5, "tstr": -1.0}
"""What no number of rows brings a falling score below; of `tstr`, which rises, its negative falls."""


@dataclass(frozen=True)
class Prospect:
    """One score now and with more rows.

    Parameters
    ----------
    score : "two_sample" or "tstr"
    now : float
        Of a fit on the largest part, by the law.
    twice, four_times : float
        With twice and four times the rows.
    twice_interval, four_times_interval : (float, float)
        Where one more such measurement on these held-out rows would lie, 95 %.
    gain : (float, float)
        How much better four times the rows are than the largest part, 95 %.
    scatter : float
        Standard deviation of one measurement.
    level, scale, exponent : float
        Of the law ``level + scale (rows / largest)^-exponent``.
    as_real : float
        The score of real rows in place of the synthetic ones.
    verdict : str
    """

    score: str
    now: float
    twice: float
    twice_interval: tuple[float, float]
    four_times: float
    four_times_interval: tuple[float, float]
    gain: tuple[float, float]
    scatter: float
    level: float
    scale: float
    exponent: float
    as_real: float
    verdict: Verdict


@dataclass(frozen=True)
class Outlook:
    """What a learning curve says of a method and its data.

    Parameters
    ----------
    method : str
    target : str, optional
    sizes : tuple of int
        Rows of the parts.
    held : int
        Rows that were held out.
    points : tuple of mappings
        ``method``, ``rows``, ``repeat`` and the scores of each fit.
    prospects : tuple of Prospect
        Of each score; the first says how like the real rows are.
    advice : str
        In plain words.
    fits : int
    cpu_seconds : float
        Of all fits, draws and scores.
    notes : tuple of str
        What was left out, and why.
    """

    method: str
    target: str | None
    sizes: tuple[int, ...]
    held: int
    points: tuple[Mapping[str, Any], ...]
    prospects: tuple[Prospect, ...]
    advice: str
    fits: int
    cpu_seconds: float
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What the two-sample test says of more rows."""
        return self.prospects[0].verdict

    def table(self) -> pa.Table:
        """A line for each fit: ``method``, ``rows``, ``repeat``, ``two_sample`` and, if scored, ``tstr``."""
        return pa.Table.from_pylist([dict(point) for point in self.points])

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**dataclasses.asdict(self), "verdict": self.verdict}

    def dumps(self) -> str:
        """Canonical JSON text: sorted keys, two spaces."""
        return (
            json.dumps(self.to_json(), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        )

    def __str__(self) -> str:
        return text(self)


def learning_curve(
    method: str | Synthesizer,
    data: Any,
    *,
    seed: int,
    sizes: Sequence[int] | None = None,
    repeats: int = _REPEATS,
    target: str | None = None,
    max_minutes: float | None = None,
) -> Outlook:
    """Foretell whether more rows would help a method, from fits on parts of those there are.

    A fifth is held out. The method is fitted on parts of the rest, `repeats` times on other rows (on all of
    the rest, with other seeds), and each fit's rows are scored on the held-out ones: how well a classifier
    tells them apart (`two_sample`) and, with a target, how well a model learnt from them predicts (`tstr`).
    A power law through the scores is followed to twice and four times the rows. Where the method is not
    `sequential_trees`, that is fitted on all of the rest as well.

    Parameters
    ----------
    method : str or Synthesizer
        A registered name, or a synthesizer with its parameters; it is left as it is.
    data : Dataset, or a table that `mintmark.read` takes
        Of 500 rows or more.
    seed : int, >= 0
    sizes : sequence of int, optional
        Rows of the parts, three or more, of at least 50 rows; by default 1/8, 1/4, 1/2 and all of the rest.
    repeats : int, >= 2
        Fits of each part. Their scatter makes the intervals.
    target : str, optional
        Column to be predicted, where the data does not say.
    max_minutes : float, optional
        Begin no other fit after that, and tell what two repeats or more say.

    Raises
    ------
    InputError
        If there are too few rows, a size or the number of repeats cannot be, or the method makes no new rows.
    UnknownNameError
        If the method or target does not exist.
    OutOfTimeError
        If two repeats took longer than `max_minutes`.

    Notes
    -----
    Viering and Loog (2023), "The shape of learning curves: a review", for the law; Lopez-Paz and Oquab
    (2017) and Esteban, Hyland, Rätsch (2017) for the scores. An interval says where a measurement with
    more rows of the same kind would lie if the law holds that far; rows of another kind are not foreseen.
    """
    check_seed(seed)
    begun = time.process_time()
    synthesizer = _checked(method)
    real = _read(data, target)
    rest, held = split(real, _HOLDOUT, seed=derive_seed(seed, "learning curve", "split"))
    parts = _sizes(sizes, len(rest))
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < _FEWEST_REPEATS:
        raise InputError(f"repeats must be a whole number of {_FEWEST_REPEATS} or more, not {repeats!r}.")
    if max_minutes is not None and not (isinstance(max_minutes, (int, float)) and max_minutes > 0):
        raise InputError(f"max_minutes must be a number above 0, not {max_minutes!r}.")
    makers = {name_of(type(synthesizer)): synthesizer}
    makers.setdefault(_BASELINE, make(_BASELINE))
    measured = _Measured(rest, held, seed)
    with time_limit(max_minutes), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* rows are few for")  # that is what is being found out
        points, notes = _points(measured, makers, parts, repeats)
    mine = [point for point in points if point["method"] == next(iter(makers))]
    rng = stream(seed, "learning curve", "forecast")
    prospects = tuple(_prospect(s, mine, measured.as_real[s], rng) for s in measured.scores)
    return Outlook(
        method=next(iter(makers)),
        target=rest.target,
        sizes=tuple(sorted({point["rows"] for point in mine})),
        held=len(held),
        points=tuple(points),
        prospects=prospects,
        advice=advice(prospects, points, rest),
        fits=len(points),
        cpu_seconds=round(time.process_time() - begun, 1),
        notes=(*measured.notes, *notes),
    )


def _checked(method: str | Synthesizer) -> Synthesizer:
    synthesizer = make(method) if isinstance(method, str) else method
    if not isinstance(synthesizer, Synthesizer):
        raise InputError(f"method: {method!r} is neither a registered name nor a Synthesizer.")
    if not synthesizer.needs_data or synthesizer.nature not in ("fully synthetic", "partially synthetic"):
        raise InputError(
            f"{name_of(type(synthesizer))} makes rows that are {synthesizer.nature}: they do not become more "
            "like unseen ones with more to learn from. Name a method that learns the law of the rows."
        )
    return synthesizer


def _read(data: Any, target: str | None) -> Dataset:
    real = read(data, target=target) if target is not None or not isinstance(data, Dataset) else data
    if len(real) < _FEWEST_ALL:
        raise InputError(
            f"the data has {len(real):,} rows; a learning curve needs {_FEWEST_ALL} to say anything. With so "
            "few take gaussian_copula, and collect more."
        )
    return real


def _sizes(sizes: Sequence[int] | None, most: int) -> list[int]:
    if sizes is None:
        return [most // part for part in _PARTS]
    whole = isinstance(sizes, (Sequence, np.ndarray)) and all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sizes
    )
    if not whole or len(set(sizes)) < 3:
        raise InputError(f"sizes: give three or more different numbers of rows, not {sizes!r}.")
    for n in sizes:
        if not _FEWEST <= n <= most:
            raise InputError(
                f"sizes: a part cannot have {n:,} rows, but {_FEWEST} to {most:,}: a fifth is held out."
            )
    return sorted({int(n) for n in sizes})


class _Measured:
    """Scores of what a method learns from some of the rest."""

    def __init__(self, rest: Dataset, held: Dataset, seed: int) -> None:
        self.rest, self.held, self.seed = rest, held, seed
        self.scores = ["two_sample", *(["tstr"] if rest.target else [])]
        self.notes: list[str] = []
        self._real: dict[str, list[float]] = {}

    @property
    def as_real(self) -> dict[str, float]:
        """Means of the scores of real rows."""
        return {score: float(np.mean(found)) for score, found in self._real.items()}

    def __call__(self, unfitted: Synthesizer, rows: int, repeat: int) -> dict[str, Any]:
        """Fit on so many rows, draw as many as the rest has, and score them."""
        name = name_of(type(unfitted))
        seed = derive_seed(self.seed, "learning curve", name, rows, repeat)
        some = self.rest
        if rows < len(self.rest):
            part = derive_seed(self.seed, "learning curve", "part", rows, repeat)
            some = self.rest.take(split_rows(self.rest, rows / len(self.rest), seed=part)[1])
        model = copy.copy(unfitted).fit(some, seed=seed)  # a fit stays on the object
        made = model.sample(len(self.rest), seed=seed)
        found = assess(train=self.rest, holdout=self.held, synthetic=made, metrics=self.scores, seed=seed)
        told: dict[str, Any] = {"method": name, "rows": rows, "repeat": repeat}
        for score in list(self.scores):
            one = next(s for s in found.scores if s.metric == score)
            if one.estimate is None or one.ceiling is None:
                self._left(score, one.reason)
                continue
            told[score] = float(one.estimate)
            self._real.setdefault(score, []).append(float(one.ceiling))
        return told

    def _left(self, score: str, reason: str) -> None:
        if score == "two_sample":
            raise InputError(f"the rows cannot be scored: {reason}")
        self.scores.remove(score)
        self.notes.append(f"{score} was not scored: {reason}")


def _points(
    measured: _Measured, makers: Mapping[str, Synthesizer], parts: Sequence[int], repeats: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Every fit's scores, and what the time did not allow."""
    method, *others = makers
    steps = [
        (name, rows, repeat)
        for repeat in range(repeats)
        for name, rows in [*((method, rows) for rows in parts), *((other, parts[-1]) for other in others)]
    ]
    points: list[dict[str, Any]] = []
    for name, rows, repeat in track(steps, "fitting on growing parts", may_end_early=True):
        if time_is_up():
            if repeat < _FEWEST_REPEATS:
                raise OutOfTimeError(
                    f"max_minutes passed after {len(points)} of the {len(steps)} fits; two of each part are "
                    "needed. Allow more minutes, or give smaller sizes."
                )
            return points, [f"max_minutes passed after {len(points)} of {len(steps)} fits"]
        with time_limit(None):  # a fit that is cut short would look as if it had learnt little
            points.append(measured(makers[name], rows, repeat))
    return points, []


def _prospect(
    score: str, points: Sequence[Mapping[str, Any]], as_real: float, rng: np.random.Generator
) -> Prospect:
    """A score followed to twice and four times the rows."""
    sign = -1.0 if score == "tstr" else 1.0
    sizes = np.array([point["rows"] for point in points], dtype=float)
    figures = sign * np.array([point[score] for point in points])
    lowest = min(float(figures[sizes == size].mean()) for size in np.unique(sizes))
    least = min(_LEAST[score], lowest)  # chance brings a two-sample AUC below 0.5
    most = float(sizes.max())
    found = forecast(sizes, figures, np.array([2 * most, 4 * most]), least=least, rng=rng)
    now, gain = float(found.law.at([most])[0, 0]), found.gains[1]
    twice, four = (_ordered(sign * interval) for interval in found.intervals)
    gained = now - float(found.figures[1])
    if score == "two_sample":  # real rows are as like real ones as any can be
        gained = min(gained, now - as_real)
    return Prospect(
        score=score,
        now=sign * now,
        twice=sign * float(found.figures[0]),
        twice_interval=twice,
        four_times=sign * float(found.figures[1]),
        four_times_interval=four,
        gain=(float(gain[0]), float(gain[1])),
        scatter=found.spread,
        level=sign * float(found.law.level[0]),
        scale=sign * float(found.law.scale[0]),
        exponent=float(found.law.exponent[0]),
        as_real=as_real,
        verdict=_verdict(falls(sizes, figures), gained, float(gain[1])),
    )


def _ordered(ends: Any) -> tuple[float, float]:
    return float(min(ends)), float(max(ends))


def _verdict(better: bool, gain: float, most: float) -> Verdict:
    """Of what four times the rows would bring: did more rows help so far, the gain, and its upper end."""
    if better and gain >= WORTH:
        return "more rows would help"
    return "more rows would hardly help" if most < 2 * WORTH else "too few rows to tell"
