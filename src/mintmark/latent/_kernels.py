"""Compiled loops of the trees: growing, pruning, and going down.

Row numbers and codes are unsigned, since numba then need not look for negative ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mintmark.stats.compiled import compiled

__all__ = ["fall", "grow", "pick", "subtrees"]

Array = NDArray[Any]

_ONE = np.uint32(1)


@compiled
def _gathered(x: Array, ids: Array, begin: int, end: int, raw: Array) -> tuple[int, int]:
    """Copy the codes of rows ``ids[begin:end]`` to ``raw``; returns the least and the largest."""
    low = x[ids[begin]]
    high = low
    for i in range(begin, end):
        v = x[ids[i]]
        raw[i - begin] = v
        low = min(low, v)
        high = max(high, v)
    return low, high


@compiled
def _sort(
    raw: Array, m: int, low: Any, span: Any, given: Array, count: Array, value: Array, out: Array
) -> None:
    """Counting sort of the first ``m`` rows by ``raw``, stable: their codes, and what was ``given``."""
    for b in range(span + 1):
        count[b] = 0
    for i in range(m):
        count[raw[i] - low + _ONE] += _ONE
    for b in range(1, span):
        count[b + 1] += count[b]
    for i in range(m):
        v = raw[i]
        at = count[v - low]
        count[v - low] = at + _ONE
        value[at] = v
        out[at] = given[i]


@compiled
def _best_of_classes(
    value: Array, label: Array, m: int, total: Array, left: Array, one_by: Array, min_leaf: int
) -> tuple[float, int]:
    """Of rows sorted by a feature the best cut: the sum of squares it reaches, and how many go left."""
    in_left = 0
    in_right = 0
    for c in range(len(total)):
        left[c] = 0
        in_right += total[c] * total[c]
    best = -1.0
    at = 0
    for i in range(m - min_leaf):
        c = label[i]
        had = left[c]
        in_left += 2 * had + 1
        in_right -= 2 * (total[c] - had) - 1
        left[c] = had + 1
        if value[i] != value[i + 1] and i + 1 >= min_leaf:
            reached = in_left * one_by[i + 1] + in_right * one_by[m - i - 1]
            if reached > best:
                best = reached
                at = i + 1
    return best, at


@compiled
def _best_of_numbers(
    value: Array, place: Array, y: Array, m: int, total: Array, left: Array, one_by: Array, min_leaf: int
) -> tuple[float, int]:
    """The same for numbers: row ``place[i]`` of ``y`` (rows, outputs)."""
    q = len(total)
    for o in range(q):
        left[o] = 0.0
    best = -1.0
    at = 0
    for i in range(m - min_leaf):
        row = place[i]
        for o in range(q):
            left[o] += y[row, o]
        if value[i] != value[i + 1] and i + 1 >= min_leaf:
            reached = 0.0
            for o in range(q):
                rest = total[o] - left[o]
                reached += left[o] * left[o] * one_by[i + 1] + rest * rest * one_by[m - i - 1]
            if reached > best:
                best = reached
                at = i + 1
    return best, at


@compiled
def _parted(x: Array, ids: Array, begin: int, end: int, cut: int, spare: Array) -> int:
    """Bring the rows of at most ``cut`` to the front, orders kept; returns where the others begin."""
    to = begin
    others = 0
    for i in range(begin, end):
        row = ids[i]
        if x[row] <= cut:
            ids[to] = row
            to += 1
        else:
            spare[others] = row
            others += 1
    for i in range(others):
        ids[to + i] = spare[i]
    return to


@compiled
def _totals_of_classes(labels: Array, ids: Array, begin: int, end: int, here: Array, total: Array) -> float:
    """Rows of each class and, as they lie, their labels; returns the impurity times rows."""
    for c in range(len(total)):
        total[c] = 0
    for i in range(begin, end):
        c = labels[ids[i]]
        here[i - begin] = c
        total[c] += 1
    held = 0
    for c in range(len(total)):
        held += total[c] * total[c]
    return (end - begin) - held / (end - begin)


@compiled
def _totals_of_numbers(y: Array, ids: Array, begin: int, end: int, here: Array, total: Array) -> float:
    """Sums of the outputs and, as they lie, the rows; returns the impurity times rows."""
    for o in range(len(total)):
        total[o] = 0.0
    squares = 0.0
    for i in range(begin, end):
        row = ids[i]
        here[i - begin] = row
        for o in range(len(total)):
            total[o] += y[row, o]
            squares += y[row, o] * y[row, o]
    for o in range(len(total)):
        squares -= total[o] * total[o] / (end - begin)
    return squares


@compiled
def _grown(
    x: Array, labels: Array, q: int, y: Array, min_leaf: int, codes: int, out: Array, carried: Array
) -> int:
    """Fill node by node ``out`` (feature, threshold, right, rows) and ``carried``; returns how many."""
    features = x.shape[0]
    n = x.shape[1]
    classes = y.shape[1] == 0
    ids = np.empty(n, np.uint32)
    for i in range(n):
        ids[i] = i
    one_by = np.empty(n + 1)
    for i in range(1, n + 1):
        one_by[i] = 1.0 / i
    spare = np.empty(n, np.uint32)
    raw = np.empty(n, np.uint32)
    value = np.empty(n, np.uint32)
    here = np.empty(n, np.uint32)
    place = np.empty(n, np.uint32)
    count = np.empty(codes + 2, np.uint32)
    rows_of = np.zeros(q, np.int64)
    rows_left = np.zeros(q, np.int64)
    sum_of = np.zeros(y.shape[1])
    sum_left = np.zeros(y.shape[1])
    alive = np.empty(features, np.int64)  # those known to be constant in the node come first
    for f in range(features):
        alive[f] = f
    stack = np.zeros((len(carried) + 2, 4), np.int64)  # begin, end, node above a right one, constant features
    stack[0, 1] = n
    stack[0, 2] = -1
    waiting = 1
    node = -1
    while waiting > 0:
        waiting -= 1
        node += 1
        begin = stack[waiting, 0]
        end = stack[waiting, 1]
        above = stack[waiting, 2]
        constant = stack[waiting, 3]
        m = end - begin
        if above >= 0:
            out[2, above] = node
        if classes:
            carried[node] = _totals_of_classes(labels, ids, begin, end, here, rows_of)
        else:
            carried[node] = _totals_of_numbers(y, ids, begin, end, here, sum_of)
        out[0, node] = -1
        out[1, node] = 0
        out[2, node] = -1
        out[3, node] = m
        if m < 2 * min_leaf or carried[node] <= 1e-9 * m:
            continue
        best = -1.0
        chosen = -1
        cut = begin  # some number, not the constant 0, which would be a type of its own
        for a in range(constant, features):
            f = alive[a]
            low, high = _gathered(x[f], ids, begin, end, raw)
            if low == high:
                alive[a] = alive[constant]
                alive[constant] = f
                constant += 1
                continue
            _sort(raw, m, low, high - low + _ONE, here, count, value, place)
            if classes:
                reached, at = _best_of_classes(value, place, m, rows_of, rows_left, one_by, min_leaf)
            else:
                reached, at = _best_of_numbers(value, place, y, m, sum_of, sum_left, one_by, min_leaf)
            if reached > best:
                best = reached
                chosen = f
                cut = (value[at - 1] + value[at]) // 2
        if chosen < 0:
            continue
        out[0, node] = chosen
        out[1, node] = cut
        middle = _parted(x[chosen], ids, begin, end, cut, spare)
        stack[waiting, 0] = middle
        stack[waiting, 1] = end
        stack[waiting, 2] = node
        stack[waiting, 3] = constant
        stack[waiting + 1, 0] = begin
        stack[waiting + 1, 1] = middle
        stack[waiting + 1, 2] = -1
        stack[waiting + 1, 3] = constant
        waiting += 2
    return node + 1


@compiled
def grow(x: Array, labels: Array, classes: int, y: Array, codes: int, min_leaf: int, noise: float) -> Array:
    """A tree grown to its end by least impurity, then pruned.

    Parameters
    ----------
    x : uint32 array, shape (features, rows)
        Each from 0 to less than ``codes``.
    labels : uint32 array, shape (rows,)
        Classes from 0 to less than ``classes``; none where numbers are told apart.
    classes, codes : int
    y : float64 array, shape (rows, outputs)
        Numbers to be told apart; no outputs where classes are.
    min_leaf : int, >= 1
    noise : float
        A last split goes if it lowers its node's impurity by less than this many average rows carry.

    Returns
    -------
    nodes : int32 array, shape (4, nodes)
        In preorder: feature, threshold, right, parent. A row of at most the threshold goes to the next node.
        ``right`` of a leaf is -1, ``parent`` of the first node too.
    """
    most = 2 * (x.shape[1] // min_leaf) + 1
    grown = np.empty((4, most), np.int32)
    carried = np.empty(most)
    n = _grown(x, labels, classes, y, min_leaf, codes, grown, carried)
    right = grown[2]
    for t in range(n - 1, -1, -1):
        if right[t] >= 0 and right[t + 1] < 0 and right[right[t]] < 0:
            gain = carried[t] - carried[t + 1] - carried[right[t]]
            if gain < noise * carried[t] / grown[3, t]:
                right[t] = -1
    number = np.full(n, -1, np.int32)
    number[0] = 0
    kept = 0
    for t in range(n):
        if number[t] >= 0:
            number[t] = kept
            kept += 1
            if right[t] >= 0:
                number[t + 1] = 0
                number[right[t]] = 0
    nodes = np.full((4, kept), -1, np.int32)
    for t in range(n):
        k = number[t]
        if k >= 0 and right[t] >= 0:
            nodes[0, k] = grown[0, t]
            nodes[1, k] = grown[1, t]
            nodes[2, k] = number[right[t]]
            nodes[3, k + 1] = k
            nodes[3, nodes[2, k]] = k
    return nodes


@compiled
def fall(
    node: Array, codes: Array, column: Array, offset: Array, threshold: Array, right: Array, maps: Array
) -> None:
    """Move each row from its ``node`` to the leaf below, in place: ``codes`` (rows, columns)."""
    for i in range(len(node)):
        t = node[i]
        while right[t] >= 0:
            if maps[offset[t] + codes[i, column[t]]] <= threshold[t]:
                t += 1
            else:
                t = right[t]
        node[i] = t


@compiled
def pick(node: Array, chance: Array, parent: Array, climb: Array, first: Array, end: Array) -> None:
    """Replace each row's ``node`` by the place of one of the atoms at it or, now and then, above it.

    One number between 0 and 1 decides: what is left of it after a step is again uniform.
    """
    for i in range(len(node)):
        t = node[i]
        u = chance[i]
        while u < climb[t]:
            u /= climb[t]
            t = parent[t]
        u = (u - climb[t]) / (1.0 - climb[t])
        held = end[t] - first[t]
        node[i] = first[t] + min(int(u * held), held - 1)


@compiled
def subtrees(right: Array) -> Array:
    """The last node below each, in preorder."""
    last = np.arange(len(right))
    for t in range(len(right) - 1, -1, -1):
        if right[t] >= 0:
            last[t] = last[right[t]]
    return last
