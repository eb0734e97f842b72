"""One tree as arrays: grown by scikit-learn, kept and descended without it.

Classification and regression trees (Breiman, Friedman, Olshen, Stone 1984) with categories put in
the order of the first principal component of their mean responses (Coppersmith, Hong, Hosking
1999, "Partitioning nominal attributes in decision trees").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Tree", "descend", "drawn_atoms", "grow", "joined", "ordered", "single_leaf"]

Array = npt.NDArray[Any]

_ESCAPE = 1.0
"""Rows of the node above that each sort of value held weighs as much as, as in Witten, Bell (1991), IEEE
Trans. Inf. Theory 37(4): a node that holds many sorts in few rows says little of what else may occur."""


@dataclass(frozen=True)
class Tree:
    """Nodes in preorder, in arrays of one length; a leaf has ``feature`` -1.

    A draw that stands at a node moves up to its ``parent`` with probability ``climb``, 0 at the top;
    where it stays it takes one of ``atoms[first:end]``, the responses of the node's rows.
    ``source`` (features,) names the column of each feature; ``maps[start[f]:start[f + 1]]`` is the
    feature's value for each code of that column, empty where the code itself is the value.
    """

    feature: Array
    threshold: Array
    left: Array
    right: Array
    parent: Array
    climb: Array
    first: Array
    end: Array
    source: Array
    start: Array
    maps: Array
    atoms: Array

    def arrays(self, j: int) -> dict[str, Array]:
        """Named arrays to be saved, for the tree of column j."""
        return {f"{j}/{name}": value for name, value in vars(self).items()}

    @classmethod
    def of(cls, learnt: Any, j: int) -> Tree:
        """Inverse of `arrays`."""
        return cls(**{name: learnt[f"{j}/{name}"] for name in cls.__dataclass_fields__})


def single_leaf(atoms: Array) -> Tree:
    """The tree without splits: its one leaf holds everybody."""
    none, one = np.zeros(0, dtype=np.int32), np.full(1, -1, dtype=np.int32)
    return Tree(
        feature=one,
        threshold=np.zeros(1, dtype=np.float32),
        left=one,
        right=one,
        parent=one,
        climb=np.zeros(1, dtype=np.float32),
        first=np.zeros(1, dtype=np.int64),
        end=np.array([len(atoms)], dtype=np.int64),
        source=none,
        start=np.zeros(1, dtype=np.int32),
        maps=np.zeros(0, dtype=np.float32),
        atoms=_small(np.sort(atoms)),
    )


def grow(
    codes: Sequence[Array],
    sizes: Sequence[int],
    source: Sequence[int],
    nominal: Sequence[bool],
    response: Array,
    classes: bool,
    atoms: Array,
    groups: Array,
    *,
    structure: Array,
    min_leaf: int,
    noise: float,
    random_state: int,
) -> Tree:
    """Grow a tree on some rows and fill its leaves with all.

    Parameters
    ----------
    codes : sequence of int arrays, shape (rows,)
        Predictors, each from 0 to its size - 1.
    sizes, source, nominal : sequences
        For each predictor its number of codes, its column, and whether its codes have no order.
    response : array, shape (rows,) of classes from 0, or (rows, outputs) of numbers
    classes : bool
        Whether `response` holds classes.
    atoms : int array, shape (rows,)
        What leaves keep of each row.
    groups : int array, shape (rows,)
        Which sort of value each row holds, from 0: how many a node holds decides how often a draw
        leaves it for the node above.
    structure : int array
        The rows that decide the splits.
    min_leaf : int, >= 1
    noise : float
        A split stays only if it lowers its node's impurity by as much as this many average rows
        carry: the best of a node's thresholds gains about four from a response that nothing predicts.
    random_state : int
        Decides between equally good splits.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    maps, columns = _features(codes, sizes, nominal, response, classes)
    x = np.stack(
        [_mapped(codes[k][structure], m) for k, m in zip(columns, maps, strict=True)], axis=1
    ).astype(np.float32)
    y = response[structure]
    make = DecisionTreeClassifier if classes else DecisionTreeRegressor
    made = make(min_samples_leaf=min_leaf, random_state=random_state).fit(x, y)
    return _kept(made.tree_, noise, maps, columns, codes, source, atoms, groups)


def joined(trees: Sequence[Tree], source: int, group: Array) -> Tree:
    """One tree that first sends each code of column `source` to the tree of its group.

    Parameters
    ----------
    trees : sequence of Tree, two or more
    source : int
        The column that decides.
    group : array of whole numbers from 0, shape (codes,)
        Which tree serves each code of the column.
    """
    chain = len(trees) - 1  # one node for each tree but the last
    nodes = chain + np.cumsum([0, *(len(tree.feature) for tree in trees)])
    features = 1 + np.cumsum([0, *(len(tree.source) for tree in trees)])
    places = len(group) + np.cumsum([0, *(len(tree.maps) for tree in trees)])
    rows = np.cumsum([0, *(len(tree.atoms) for tree in trees)])

    def moved(name: str, by: Array, chained: Any) -> Array:
        """The trees' values one after another, those that are none (-1) left, the chain's before."""
        parts = [getattr(tree, name) for tree in trees]
        shifted = [np.where(part < 0, -1, part + by[g]) for g, part in enumerate(parts)]
        return np.concatenate([np.asarray(chained), *shifted]).astype(parts[0].dtype)

    def same(name: str, chained: Array) -> Array:
        return np.concatenate([chained, *(getattr(tree, name) for tree in trees)]).astype(np.float32)

    return Tree(
        feature=moved("feature", features, np.zeros(chain)),
        threshold=same("threshold", np.arange(chain) + 0.5),
        left=moved("left", nodes, nodes[:chain]),
        right=moved("right", nodes, [*range(1, chain), nodes[chain]]),
        parent=moved("parent", nodes, np.full(chain, -1)),
        climb=same("climb", np.zeros(chain)),
        first=moved("first", rows, np.zeros(chain)),
        end=moved("end", rows, np.zeros(chain)),
        source=np.concatenate([[source], *(t.source for t in trees)]).astype(np.int32),
        start=np.concatenate(
            [[0], *(t.start[:-1] + places[g] for g, t in enumerate(trees)), places[-1:]]
        ).astype(np.int32),
        maps=np.concatenate([group, *(t.maps for t in trees)]).astype(np.float32),
        atoms=np.concatenate([t.atoms for t in trees]),
    )


def _features(
    codes: Sequence[Array],
    sizes: Sequence[int],
    nominal: Sequence[bool],
    response: Array,
    classes: bool,
) -> tuple[list[Array], list[int]]:
    """For each feature the value of each code (empty: the code itself), and its predictor."""
    maps, columns = [], []
    for k, code in enumerate(codes):
        if not nominal[k] or sizes[k] <= 3:  # missing and two categories need no other order
            maps.append(np.zeros(0, dtype=np.float32))
            columns.append(k)
            continue
        for order in ordered(code, sizes[k], response, classes):
            maps.append(order)
            columns.append(k)
    return maps, columns


def ordered(code: Array, size: int, response: Array, classes: bool) -> list[Array]:
    """Orders of the categories by what they say of the response, one or two.

    Returns
    -------
    list of float32 arrays, shape (size,)
        Rank of each code along the first principal component of the mean responses, and along the
        second where there is one.
    """
    if classes:
        q = int(response.max()) + 1
        sums = np.bincount(code.astype(np.int64) * q + response, minlength=size * q).reshape(size, q)
        squares = float(len(code))
    else:
        sums = np.stack([np.bincount(code, weights=y, minlength=size) for y in response.T], axis=1)
        squares = float(np.sum(response**2))
    counts = np.bincount(code, minlength=size).astype(float)
    mean = sums.sum(axis=0) / len(code)
    deviation = sums / np.maximum(counts, 1)[:, None] - mean * (counts > 0)[:, None]  # (size, q)
    between = float(np.sum(counts @ deviation**2)) / len(code)
    within = squares / len(code) - float(np.sum(mean**2)) - between
    excess = between - within * np.count_nonzero(counts) / len(code)
    shrink = np.clip(within / max(excess, 1e-12), 0, len(code))  # rows of the mean mixed into each category's
    deviation *= (counts / np.maximum(counts + shrink, 1e-12))[:, None]
    spread = (deviation * counts[:, None]).T @ deviation
    value, vector = np.linalg.eigh(spread)
    axes = [-1] + ([-2] if len(value) > 2 and value[-2] > 0.05 * value[-1] else [])
    scores = [deviation @ (vector[:, a] * np.sign(vector[np.argmax(np.abs(vector[:, a])), a])) for a in axes]
    return [
        np.argsort(np.argsort(score, kind="stable"), kind="stable").astype(np.float32) for score in scores
    ]


def _mapped(code: Array, order: Array) -> Array:
    return np.asarray(order[code] if len(order) else code, dtype=np.float32)


def _pruned(grown: Any, noise: float) -> tuple[Array, Array]:
    """Which nodes still split, and which are left at all, once splits that tell nothing are gone."""
    left, right, rows = grown.children_left, grown.children_right, grown.weighted_n_node_samples
    carried = rows * grown.impurity
    inner = left >= 0
    for t in np.flatnonzero(inner)[::-1]:  # children have higher numbers than their parent
        gain = carried[t] - carried[left[t]] - carried[right[t]]
        if not inner[left[t]] and not inner[right[t]] and gain < noise * grown.impurity[t]:
            inner[t] = False
    reached = np.zeros(len(left), dtype=bool)
    reached[0] = True
    for t in np.flatnonzero(inner):
        if reached[t]:
            reached[left[t]] = reached[right[t]] = True
    return inner & reached, np.flatnonzero(reached)


def _kept(
    grown: Any,
    noise: float,
    maps: list[Array],
    columns: list[int],
    codes: Sequence[Array],
    source: Sequence[int],
    atoms: Array,
    groups: Array,
) -> Tree:
    """The tree with only the features it uses, its nodes numbered and filled."""
    inner, node = _pruned(grown, noise)
    used = np.unique(grown.feature[inner])
    number = np.cumsum(np.isin(np.arange(len(inner)), node)) - 1  # of each kept node
    inner = inner[node]
    left = np.where(inner, number[grown.children_left[node]], -1).astype(np.int32)
    right = np.where(inner, number[grown.children_right[node]], -1).astype(np.int32)
    parent = np.full(len(node), -1, dtype=np.int32)
    parent[left[inner]] = parent[right[inner]] = np.flatnonzero(inner)
    kept = [maps[f] for f in used]
    bare = Tree(
        feature=np.where(inner, np.searchsorted(used, grown.feature[node]), -1).astype(np.int32),
        # codes and ranks are whole numbers: float32 holds the halves between them exactly
        threshold=grown.threshold[node].astype(np.float32),
        left=left,
        right=right,
        parent=parent,
        climb=np.zeros(len(node), dtype=np.float32),
        first=np.zeros(len(node), dtype=np.int64),
        end=np.zeros(len(node), dtype=np.int64),
        source=np.array([source[columns[f]] for f in used], dtype=np.int32),
        start=np.cumsum([0, *map(len, kept)]).astype(np.int32),
        maps=np.concatenate([np.zeros(0, dtype=np.float32), *kept]),
        atoms=atoms,
    )
    leaf = descend(bare, {source[columns[f]]: codes[columns[f]] for f in used}, len(atoms))
    first, end = _ranges(leaf, right)
    filled = _small(atoms[np.lexsort((atoms, leaf))])
    climb = _climbs(leaf, groups, parent, end - first)
    return Tree(**(vars(bare) | {"first": first, "end": end, "climb": climb, "atoms": filled}))


def _ranges(leaf: Array, right: Array) -> tuple[Array, Array]:
    """Where the rows of each node lie once rows are sorted by leaf: in preorder subtrees are unbroken."""
    before = np.concatenate([[0], np.cumsum(np.bincount(leaf, minlength=len(right)))]).astype(np.int64)
    last = np.arange(len(right))
    for t in np.flatnonzero(right >= 0)[::-1]:
        last[t] = last[right[t]]
    return before[:-1], before[last + 1]


def _climbs(leaf: Array, groups: Array, parent: Array, rows: Array) -> Array:
    """How likely a draw leaves each node for the one above."""
    held = np.zeros((len(parent), int(groups.max(initial=0)) + 1), dtype=bool)
    held[leaf, groups] = True
    for t in range(len(parent) - 1, 0, -1):
        held[parent[t]] |= held[t]
    weight = _ESCAPE * held.sum(axis=1)
    return np.where(parent < 0, 0.0, weight / (rows + weight)).astype(np.float32)


def descend(tree: Tree, codes: Any, n: int) -> Array:
    """The leaf each row comes to, a node's number, shape (n,); `codes` maps a column to its codes."""
    node = np.zeros(n, dtype=np.int64)
    if len(tree.feature) == 1:
        return node
    x = np.empty((n, len(tree.source)), dtype=np.float32)
    for f, column in enumerate(tree.source):
        x[:, f] = _mapped(codes[int(column)], tree.maps[tree.start[f] : tree.start[f + 1]])
    flat, width = x.ravel(), x.shape[1]
    rows = np.arange(n)
    while len(rows):
        here = node[rows]
        below = flat[rows * width + tree.feature[here]] <= tree.threshold[here]
        here = np.where(below, tree.left[here], tree.right[here])
        node[rows] = here
        rows = rows[tree.feature[here] >= 0]
    return node


def drawn_atoms(tree: Tree, leaf: Array, rng: np.random.Generator) -> Array:
    """One response for each row, of its leaf's rows or, now and then, of a node's above; shape (n,)."""
    node = leaf.copy()
    rows = np.arange(len(node))
    while len(rows):
        rows = rows[rng.random(len(rows), dtype=np.float32) < tree.climb[node[rows]]]
        node[rows] = tree.parent[node[rows]]
    first = tree.first[node]
    picked = first + (rng.random(len(node)) * (tree.end[node] - first)).astype(np.int64)
    return np.asarray(tree.atoms[picked], dtype=np.int64)


def _small(atoms: Array) -> Array:
    """The same whole numbers in the narrowest signed type that holds them."""
    top = int(atoms.max(initial=0))
    return atoms.astype(np.int8 if top < 2**7 else np.int16 if top < 2**15 else np.int32)
