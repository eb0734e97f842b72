"""PRAM: categories changed at random by transition matrices that are known."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import codes, from_codes
from mintmark.data.keys import is_renewed
from mintmark.data.protect import FEWEST, persons
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, UnknownNameError
from mintmark.method import method
from mintmark.transformer import Masked, RandomTransformer

__all__ = ["Pram", "largest_ratio", "transition"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@method
class Pram(RandomTransformer):
    """Post-randomisation: each category stays with a chance, or becomes another one.

    Gouweleeuw, Kooiman, Willenborg, de Wolf (1998), "Post randomisation for statistical disclosure
    control: theory and implementation", Journal of Official Statistics 14, 463-478. *Plain*: a value
    stays with chance `keep`, else becomes each of the others alike: uniform k-ary randomised response.
    *Invariant* (their two-stage form): after the plain step a second one goes back from what was drawn
    by Bayes' rule with the frequencies of the data, so that these are kept in expectation; rarer
    categories then move more. Missing is one of the categories where a column has missing values.
    Columns are drawn apart; rows of one person share their chances, so that what is the same in all of
    them stays so and no majority of them shows it.

    Kept in expectation: frequencies of each column (invariant), within each of the `strata` where they
    are given; strata of fewer than ten rows are masked plainly, since frequencies kept there would
    show their rows. Not kept: how columns hang together, of which about `keep` squared is left where
    two are masked, and which pairs of values there are.

    Provenance states the largest ratio of two entries in one column of a transition matrix. For the
    plain matrix its logarithm is the epsilon of local differential privacy of that value alone, where
    the categories were declared, a person has one row, and no rule had values drawn again; of several
    columns the epsilons add up. The invariant matrix is made from the data: there the ratio is a
    description and no guarantee. Numbers leave as they are. The release is not anonymous.
    """

    masks: ClassVar[tuple[Literal["number", "category"], ...]] = ("category",)

    keep: Annotated[float, Field(gt=0, lt=1, description="chance that the plain step leaves a value")] = 0.8
    invariant: Annotated[bool, Field(description="keep the frequencies in expectation")] = True
    strata: Annotated[
        str | None, Field(description="column of categories, left as it is, in which frequencies are kept")
    ] = None

    def maskable(self, schema: Schema) -> list[Column]:
        """The columns of categories, but for the one of the strata."""
        return [column for column in super().maskable(schema) if column.name != self.strata]

    def _refuse(self, data: Dataset) -> None:
        if self.strata is not None and self.strata not in data.schema:
            raise UnknownNameError("column of strata", self.strata, data.names)
        if self.strata is not None and (
            not data.schema[self.strata].is_discrete or is_renewed(data.schema[self.strata])
        ):
            raise InputError(f"column {self.strata!r} holds no categories, and strata are some.")
        super()._refuse(data)

    def _mask(self, data: Dataset, rng: np.random.Generator) -> Masked:
        person, stratum = persons(data), self._strata(data)
        arrays, ratios = {}, {}
        for column in self.maskable(data.schema):
            code = codes(data.table[column.name], column).astype(np.int64)
            gaps = int((code < 0).any())
            size = len(column.categories or ()) + gaps
            chance = rng.random((4, int(person.max()) + 1))[:, person]
            made, ratios[column.name] = self._column(code + gaps, size, chance, stratum)
            arrays[column.name] = from_codes(made - gaps, column)
        return Masked(arrays, [self._told(ratios)])

    def _strata(self, data: Dataset) -> Ints:
        """The stratum of each row from 0, -1 where it is masked plainly."""
        if not self.invariant:
            return np.full(len(data), -1)
        if self.strata is None:
            return np.zeros(len(data), dtype=np.int64)
        code = codes(data.table[self.strata], data.schema[self.strata]).astype(np.int64) + 1
        return np.where(np.bincount(code)[code] < FEWEST, -1, code)

    def _column(self, code: Ints, size: int, chance: Floats, stratum: Ints) -> tuple[Ints, float]:
        """Masked codes of one column of `size` categories, and the largest ratio of its matrices."""
        if size < 2:
            return code, 1.0
        made, ratio = moved(code, size, self.keep, chance[0], chance[1]), 1.0
        for one in np.unique(stratum):
            rows = np.flatnonzero(stratum == one)
            shares = None if one < 0 else np.bincount(code[rows], minlength=size) / len(rows)
            if shares is not None:
                made[rows] = returned(made[rows], shares, self.keep, chance[2, rows], chance[3, rows])
            ratio = max(ratio, largest_ratio(size, self.keep, shares))
        return made, ratio

    def _told(self, ratios: dict[str, float]) -> dict[str, str]:
        name = max(ratios, key=lambda name: ratios[name])
        why = (
            "made from the data's frequencies: a description and no privacy guarantee"
            if self.invariant
            else "uniform k-ary randomised response; its logarithm is the epsilon of this value alone, where "
            "categories are declared, a person has one row and no rule had values drawn again"
        )
        chosen = f"{ratios[name]:.3g} ({name!r})"
        return {"what": "largest ratio of two entries in one column of a transition matrix", "chosen": chosen,
                "why": why}  # fmt: skip


def moved(code: Ints, size: int, keep: float, stay: Floats, other: Floats) -> Ints:
    """The plain step: a code stays where `stay` is below `keep`, else becomes another, each alike.

    Parameters
    ----------
    code : array of int, shape (n,), in [0, size)
    stay, other : array, shape (n,), uniform in [0, 1)
    """
    step = 1 + np.minimum((other * (size - 1)).astype(np.int64), size - 2)
    return np.where(stay < keep, code, (code + step) % size)


def returned(code: Ints, shares: Floats, keep: float, stay: Floats, other: Floats) -> Ints:
    """The step back: for each code a category that it may have come from, by Bayes' rule.

    Parameters
    ----------
    code : array of int, shape (n,)
        After the plain step.
    shares : array, shape (size,)
        Frequencies before it, sum 1.
    stay, other : array, shape (n,), uniform in [0, 1)
    """
    back = keep * shares / _reached(shares, keep)  # chance that it was this code before
    passed = np.cumsum(shares)
    at = other * (passed[-1] - shares[code])
    at += np.where(at >= passed[code] - shares[code], shares[code], 0.0)  # leaping over the code itself
    drawn = np.minimum(np.searchsorted(passed, at, "right"), np.flatnonzero(shares)[-1])
    return np.where(stay < back[code], code, drawn)


def transition(size: int, keep: float, shares: Floats | None = None) -> Floats:
    """The chance of each category (column) for each real one (row), shape (size, size).

    Parameters
    ----------
    size : int, >= 2
    keep : float
    shares : array, shape (size,), optional
        Frequencies for the invariant matrix R, which has shares @ R = shares; plain without.
    """
    plain = np.full((size, size), (1 - keep) / (size - 1))
    np.fill_diagonal(plain, keep)
    if shares is None:
        return plain
    return np.asarray(plain @ (plain * shares[:, None] / _reached(shares, keep)).T)


def largest_ratio(size: int, keep: float, shares: Floats | None = None) -> float:
    """Largest ratio of two entries in one column of `transition`, over categories that occur.

    Entry (i, j) of the invariant matrix is shares[j] times a + b (w_i + w_j), on the diagonal with
    c w_j more, where w = 1 / (frequency after the plain step); so no matrix need be made.
    """
    off = (1 - keep) / (size - 1)
    if shares is None:
        return max(keep / off, off / keep)
    weight = 1 / _reached(shares, keep)
    a, b, c = off**2 * weight.sum(), off * (keep - off), (keep - off) ** 2
    w = np.sort(weight[shares > 0])
    if len(w) < 2:
        return 1.0
    first, last = np.full(len(w), w[0]), np.full(len(w), w[-1])
    first[0], last[-1] = w[1], w[-2]  # of the others
    entries = a + b * (w + np.stack([first, last, w]))
    entries[2] += c * w
    return float((entries.max(axis=0) / entries.min(axis=0)).max())


def _reached(shares: Floats, keep: float) -> Floats:
    """Frequencies after the plain step."""
    off = (1 - keep) / (len(shares) - 1)
    return np.asarray(off + (keep - off) * shares)
