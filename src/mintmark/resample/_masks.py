"""The loops of masking: groups of near rows, partners of near ranks; compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["groups", "swapped"]

Ints = npt.NDArray[np.int64]


@compiled
def swapped(reach: int, chance: npt.NDArray[np.float64]) -> Ints:
    """For each rank the rank whose value it gets, shape (n,): its own or that of its one partner.

    Parameters
    ----------
    reach : int, >= 1
        Furthest rank to swap with.
    chance : array, shape (n, tries), uniform in [0, 1)
        Each draws one partner; the last of them draws among the free ones where the others met none.
    """
    n, tries = chance.shape
    order = np.arange(n)
    free = np.ones(n, dtype=np.bool_)
    for i in range(n):
        last = min(n - 1, i + reach)
        if not free[i] or last == i:
            continue
        partner = -1
        for at in range(tries - 1):
            drawn = i + 1 + int(chance[i, at] * (last - i))
            if free[drawn]:
                partner = drawn
                break
        if partner < 0:
            number = int(chance[i, tries - 1] * free[i + 1 : last + 1].sum())
            for drawn in range(i + 1, last + 1):
                if free[drawn]:
                    if number == 0:
                        partner = drawn
                        break
                    number -= 1
        if partner >= 0:
            order[i], order[partner] = partner, i
            free[i] = free[partner] = False
    return order


@compiled
def _squared(flat: npt.NDArray[np.float32], codes: Ints, a: int, b: int) -> float:
    total = 0.0
    for j in range(flat.shape[1]):
        apart = flat[a, j] - flat[b, j]
        total += apart * apart
    for j in range(codes.shape[1]):
        total += codes[a, j] != codes[b, j]
    return total


@compiled
def _near(
    flat: npt.NDArray[np.float32], codes: Ints, left: Ints, row: int, near: Ints, apart: npt.NDArray[Any]
) -> int:
    """Write the places in `left` of the rows nearest to `row`, itself among them; the farthest's place."""
    k = len(near)
    apart[:] = np.inf
    far, farthest = 0, -1.0
    for place in range(len(left)):
        squared = -1.0 if left[place] == row else _squared(flat, codes, left[place], row)
        if squared > farthest:
            far, farthest = place, squared
        if squared < apart[k - 1]:
            at = k - 1
            while at > 0 and apart[at - 1] > squared:
                apart[at], near[at] = apart[at - 1], near[at - 1]
                at -= 1
            apart[at], near[at] = squared, place
    return far


@compiled
def _without(left: Ints, near: Ints) -> Ints:
    stays = np.ones(len(left), dtype=np.bool_)
    stays[near] = False
    return left[stays]


@compiled
def _outermost(flat: npt.NDArray[np.float32], codes: Ints, left: Ints, count: npt.NDArray[Any]) -> int:
    """The row farthest from the mean of those left; `count` is zero before and after."""
    width = flat.shape[1]
    mean = np.zeros(width)
    for row in left:
        for j in range(width):
            mean[j] += flat[row, j]
        for j in range(codes.shape[1]):
            count[codes[row, j]] += 1.0
    mean /= len(left)
    found, farthest = left[0], -np.inf
    for row in left:
        squared = 0.0
        for j in range(width):
            squared += (flat[row, j] - mean[j]) ** 2
        for j in range(codes.shape[1]):  # of one-hot codes a half apart, less what is the same for all rows
            squared -= count[codes[row, j]] / len(left)
        if squared > farthest:
            found, farthest = row, squared
    for row in left:
        for j in range(codes.shape[1]):
            count[codes[row, j]] = 0.0
    return int(found)


@compiled
def groups(flat: npt.NDArray[np.float32], codes: Ints, rows: Ints, k: int, first: int, label: Ints) -> int:
    """MDAV: write the group of each of the rows, numbered from `first`; returns the next number.

    While 3k rows are left: the row farthest from their mean and its k - 1 nearest are a group, then the
    row farthest from that one and its nearest; of 2k to 3k - 1 rows the outermost's group and the
    rest; fewer are one group. So each has k to 2k - 1 rows.

    Parameters
    ----------
    flat : array, shape (n, numbers)
    codes : array, shape (n, categories)
        Two that differ are one apart; whole numbers from 0, others in each column.
    rows : array of int
        At least k of the n.
    label : array of int, shape (n,)
        Written at `rows`.
    """
    left, number = rows, first
    near, apart = np.empty(k, dtype=np.int64), np.empty(k)
    count = np.zeros(codes.max() + 1 if codes.size else 1)
    while len(left) >= 2 * k:
        turns = 2 if len(left) >= 3 * k else 1
        row = _outermost(flat, codes, left, count)
        for _ in range(turns):
            far = left[_near(flat, codes, left, row, near, apart)]
            label[left[near]] = number
            left = _without(left, near)
            number, row = number + 1, far
    if len(left):
        label[left] = number
        number += 1
    return number
