"""Rows whose label the other columns contradict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.data.protect import FEWEST
from mintmark.resample._sample import Sample
from mintmark.resample.quality._examined import Examined, Looked, grave
from mintmark.resample.quality._learner import out_of_fold
from mintmark.resample.quality.confident import noisy
from mintmark.resample.quality.examination import Finding
from mintmark.stats.shares import wilson

__all__ = ["mislabelled"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_OVERLAP = 0.3  # of the contradicted rows lie in the clear half at most, where classes merely overlap
_UNCLEAR = 0.2  # of the clear half contradicted: then no row is clear, and nothing can be told from it


def mislabelled(table: Examined, rng: np.random.Generator) -> Looked:
    """Likely mistakes in every class, by confident learning on out-of-fold probabilities.

    Confident learning takes every contradiction for a mistake, also where classes overlap. What it assumes
    can be looked at: a mistake that does not hang on the other columns is as frequent among the clearest
    rows of the true class as among the less clear ones, while overlap is rare among the clearest.
    """
    judged = [c for c in range(len(table.classes)) if table.units(table.sample.of_class(c)) >= FEWEST]
    left = [name for label, name in enumerate(table.classes) if label not in judged]
    omitted = [f"labels of {', '.join(left)}: fewer than {FEWEST} rows or persons."] if left else []
    if len(judged) < 2:
        return [], [*omitted, "wrong labels: fewer than two classes are left to tell apart."]
    rows = np.flatnonzero(np.isin(table.sample.labels, judged))
    sample = _only(table.sample, rows, judged)
    answers = out_of_fold(sample, rng)
    wrong = noisy(sample.labels, answers)
    clear = np.array([_among_clear(label, sample.labels, answers) for label in range(len(judged))])
    clear[clear[:, 0] > _UNCLEAR * clear[:, 2]] = 0
    all_random = _random(*clear.sum(axis=0)[:2])
    found = []
    for label, original in enumerate(judged):
        mine = wrong[sample.labels[wrong] == label]
        # few in one class alone would tell nothing; where one class has no mistakes, its own rows say so
        random = _random(*clear[label, :2]) or (all_random and clear[label, 0] > _OVERLAP * clear[label, 1])
        if len(mine):
            own = np.flatnonzero(sample.labels == label)
            found.append(_told(table, original, rows[mine], rows[own], random=random))
    return found, omitted


def _random(clear: int, every: int) -> bool:
    """Whether more of the contradicted rows are clear, for certain, than classes that overlap give."""
    return bool(every) and wilson(clear / every, every)[0] > _OVERLAP


def _only(sample: Sample, rows: Ints, judged: list[int]) -> Sample:
    whose = None if sample.persons is None else np.unique(sample.persons[rows], return_inverse=True)[1]
    labels = np.searchsorted(judged, sample.labels[rows])
    return Sample(sample.numbers[rows], sample.codes[rows], sample.sizes, labels, whose)


def _told(table: Examined, label: int, mine: Ints, own: Ints, *, random: bool) -> Finding:
    share, interval = table.share(np.isin(own, mine), own)
    if random:
        gravity, why = grave(interval), "also far from where the classes meet, as mistakes are"
        remedy = (
            "Check them, the first first: correct the labels that are wrong; of the right ones the columns "
            "say nothing, so that rows made from them will not either."
        )
    else:
        gravity, why = "note", "which may be no more than classes that overlap"
        remedy = "Check the first of them; leaving all out would only make the classes look apart."
    return Finding(
        "label_noise", gravity, table.classes[label], len(mine), share, interval,
        table.shown(mine), (),
        f"{len(mine):,} of {len(own):,} labels are contradicted by the other columns, {why}.", remedy,
    )  # fmt: skip


def _among_clear(label: int, labels: Ints, answers: Floats) -> tuple[int, int, int]:
    """Rows labelled so that are most probably of another class: in the clearer half of that, and in all.

    Of all rows and not of the confident ones alone, among which overlap varies little. Last the rows of
    whatever label in the clearer halves.
    """
    found = answers.argmax(axis=1)
    clear = total = size = 0
    for other in range(answers.shape[1]):
        if other == label:
            continue
        sure = np.flatnonzero((found == other) & np.isin(labels, (label, other)))
        hit = labels[sure[np.argsort(-answers[sure, other], kind="stable")]] == label
        half = len(hit) // 2
        clear, total, size = clear + int(hit[:half].sum()), total + int(hit.sum()), size + half
    return clear, total, size
