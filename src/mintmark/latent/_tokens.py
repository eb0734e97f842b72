"""Tables as tokens: each cell one or two codes from a short list, and back to values.

A category is its code; one of a column with very many is two digits, so that what a net holds of the
column grows with the root of their number. A number is the bin it lies in, and within its bin one of
the values there, as often as they are held, smoothed as the trees do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.schema import Column, Schema
from mintmark.data.where import meets
from mintmark.latent._columns import coded, codes_of, values_of
from mintmark.latent._digits import digits_of, joined, parted

__all__ = ["Token", "allowed", "from_tokens", "laid_out", "learn_tokens", "to_tokens"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CUTS = 100
"""Bins of a number with more distinct values; frequent ones have a bin of their own beside."""


@dataclass(frozen=True)
class Token:
    """One code of a row.

    Parameters
    ----------
    column : int
        Position of the column it belongs to.
    size : int
        How many values it takes.
    digit : int or None
        Of a column of two digits which it is, 0 for the first; None where the column has one token.
    """

    column: int
    size: int
    digit: int | None = None


def laid_out(sizes: Array) -> list[Token]:
    """The tokens of a row, given how many codes each column has; digits of one column in sequence."""
    out: list[Token] = []
    for j, size in enumerate(np.asarray(sizes).tolist()):
        digits = digits_of(size)
        out += [Token(j, own, at if len(digits) == 2 else None) for at, own in enumerate(digits)]
    return out


def learn_tokens(arrays: Mapping[str, Array], schema: Schema) -> tuple[dict[str, Any], Ints]:
    """What is needed to read tokens, and those of these rows.

    Parameters
    ----------
    arrays : mapping
        As `encode` gives them.

    Returns
    -------
    learnt : dict
        ``sizes`` (codes of each column, a missing one included), and for the number j under names that
        begin with ``j/`` its cuts, its values and how many rows hold each.
    tokens : array of int, shape (n, tokens)
    """
    learnt: dict[str, Any] = {}
    codes, sizes = [], []
    for j, column in enumerate(schema):
        made = coded(arrays[column.name], column, j, _CUTS)
        codes.append(made.codes)
        sizes.append(made.size)
        if column.is_numeric:
            count = np.bincount(made.atoms[made.atoms >= 0], minlength=len(_values(made.learnt, j)))
            learnt |= {**made.learnt, f"{j}/count": count}
    learnt["sizes"] = np.array(sizes, dtype=np.int64)
    return learnt, _split(np.stack(codes, axis=1), sizes)


def to_tokens(arrays: Mapping[str, Array], learnt: Mapping[str, Any], schema: Schema) -> Ints:
    """Tokens of rows, shape (n, tokens)."""
    codes = [
        codes_of(arrays[column.name], learnt, j) if column.is_numeric else arrays[column.name] + 1
        for j, column in enumerate(schema)
    ]
    return _split(np.stack(codes, axis=1), learnt["sizes"].tolist())


def _split(codes: Array, sizes: list[int]) -> Ints:
    return np.stack([digit for j, size in enumerate(sizes) for digit in parted(codes[:, j], size)], axis=1)


def from_tokens(
    tokens: Ints, learnt: Mapping[str, Any], schema: Schema, wanted: Mapping[str, Any],
    rng: np.random.Generator,
) -> dict[str, Array]:  # fmt: skip
    """Arrays as `decode` takes them, for tokens of shape (n, tokens).

    Parameters
    ----------
    wanted : mapping
        Conditions on columns: within its bin a number is one that meets them.
    """
    out: dict[str, Array] = {}
    at = 0
    for j, column in enumerate(schema):
        size = int(learnt["sizes"][j])
        many = len(digits_of(size))
        codes = joined(list(tokens[:, at : at + many].T), size)
        at += many
        if not column.is_numeric:
            out[column.name] = codes - 1
            continue
        atoms = _atoms(codes, learnt, j, _met(learnt, j, column, wanted), rng)
        out[column.name] = values_of(atoms, learnt, j, True, rng)
    return out


def allowed(learnt: Mapping[str, Any], j: int, column: Column, wanted: Mapping[str, Any]) -> Floats:
    """Which share of each code of a column meets a condition, shape (codes,)."""
    size = int(learnt["sizes"][j])
    if not column.is_numeric:
        return meets(np.arange(-1, size - 1), column, wanted[column.name]).astype(np.float64)
    met = _met(learnt, j, column, wanted)
    codes = codes_of(_values(learnt, j), learnt, j)
    count = learnt[f"{j}/count"]
    whole = np.bincount(codes, count, minlength=size)
    share = np.bincount(codes, count * met, minlength=size) / np.maximum(whole, 1)
    share[0] = float(wanted[column.name] is None or _holds_none(wanted[column.name]))
    return share


def _holds_none(wanted: Any) -> bool:
    return isinstance(wanted, list) and None in wanted


def _values(learnt: Mapping[str, Any], j: int) -> Array:
    return np.concatenate([learnt[f"{j}/spike"], learnt[f"{j}/rest"]])


def _met(
    learnt: Mapping[str, Any], j: int, column: Column, wanted: Mapping[str, Any]
) -> npt.NDArray[np.bool_]:
    """Which of a number's values, in the order of its atoms, meet a condition on it."""
    values = _values(learnt, j)
    if column.name not in wanted or not len(values):
        return np.ones(len(values), dtype=bool)
    return meets(values, column, wanted[column.name])


def _atoms(
    codes: Ints, learnt: Mapping[str, Any], j: int, met: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Array:
    """For each bin one of the values in it, as often as rows hold it; -1 where missing."""
    values = _values(learnt, j)
    order = np.argsort(values, kind="stable")
    bins = codes_of(values[order], learnt, j)
    passed = np.concatenate([[0.0], np.cumsum(learnt[f"{j}/count"][order] * met[order])])
    edges = np.searchsorted(bins, np.arange(int(learnt["sizes"][j]) + 1))
    low, high = passed[edges[codes]], passed[edges[codes + 1]]
    at = low + rng.random(len(codes)) * (high - low)
    place = np.searchsorted(passed, at, side="right") - 1
    atoms = np.full(len(codes), -1, dtype=np.int64)
    known = (codes > 0) & (high > low)
    atoms[known] = order[np.minimum(place[known], len(order) - 1)]
    return atoms
