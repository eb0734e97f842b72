"""Input quality first: what is wrong with a sample before it is resampled."""

from __future__ import annotations

from typing import Any

from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.streams import check_seed, stream
from mintmark.errors import InputError
from mintmark.resample.quality._examined import Examined, target_of
from mintmark.resample.quality._leaked import leaked
from mintmark.resample.quality._mislabelled import mislabelled
from mintmark.resample.quality._repeated import repeated
from mintmark.resample.quality._supported import constant, few
from mintmark.resample.quality._surrounded import surrounded
from mintmark.resample.quality.examination import Examination

__all__ = ["examine"]


def examine(data: Any, target: str | None = None, *, k: int = 5, seed: int = 0) -> Examination:
    """Look for flaws in the classes of a table that a resampler would multiply.

    Repeated and conflicting rows, labels that the other columns contradict, rows that stand alone, columns
    that give the class away, classes too small, columns constant in a class, and how much classes overlap.
    Read by the owner of the data: rows and classes are named, values are not.

    Parameters
    ----------
    data : Dataset, or what `mintmark.read` takes
        Where a column has role ``group`` or ``sequence_key``, rows that share its value are one person's.
    target : str, optional
        Column of the classes; the one with role ``target`` by default.
    k : int, >= 1
        Neighbours, as the resampler will have them.
    seed : int, >= 0

    Returns
    -------
    Examination

    Raises
    ------
    InputError
        Without a target, with one that is no category, or with fewer than two classes.

    Examples
    --------
    >>> found = examine({"x": [0.1, 0.4, 0.9, 1.3, 5.2, 5.7], "y": ["a", "a", "a", "a", "b", "b"]}, "y")
    >>> found.ok, found.findings[0].name, found.findings[0].of
    (False, 'too_few_rows', 'b')
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k must be a whole number of 1 or more, not {k!r}.")
    check_seed(seed)
    data = data if isinstance(data, Dataset) else read(data, target=target)
    name = target_of(data, target)
    table, omitted = Examined.of(data, name)
    (around, drawn), figures = surrounded(table, k, stream(seed, "examine", "neighbours"))
    parts = [
        repeated(table),
        (around, drawn),
        mislabelled(table, stream(seed, "examine", "labels")),
        leaked(table, stream(seed, "examine", "columns")),
    ]
    findings = [finding for found, _ in parts for finding in found] + few(table, k)
    given_away = {column for finding in findings for column in finding.columns}
    findings += constant(table, given_away)
    omitted += [text for _, texts in parts for text in texts]
    return Examination(name, k, tuple(figures), tuple(findings), tuple(omitted))
