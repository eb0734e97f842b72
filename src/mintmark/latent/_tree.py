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

__all__ = ["Tree", "drawn_atoms", "grow", "joined", "leaves", "ordered", "single_leaf"]

Array = npt.NDArray[Any]

_NOISE = 4.0
"""A split stays only if it lowers its node's impurity by as much as this many average rows carry:
the best of a node's thresholds gains about so much from a response that nothing predicts. Lower, and
rows of the training data draw nearer (closest-record share on Adult 51.7 % at 4, 52.3 % at 2)."""


@dataclass(frozen=True)
class Tree:
    """Nodes in arrays of one length; a leaf has ``feature`` -1 and its number in ``left``.

    ``source`` (features,) names the column of each feature; ``maps[start[f]:start[f + 1]]`` is the
    feature's value for each code of that column, empty where the code itself is the value.
    ``atoms[offset[leaf]:offset[leaf + 1]]`` are the responses of the leaf's rows, ascending.
    """

    feature: Array
    threshold: Array
    left: Array
    right: Array
    source: Array
    start: Array
    maps: Array
    offset: Array
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
    nothing = np.zeros(0, dtype=np.int32)
    return Tree(
        feature=np.array([-1], dtype=np.int32),
        threshold=np.zeros(1, dtype=np.float32),
        left=np.zeros(1, dtype=np.int32),
        right=np.zeros(1, dtype=np.int32),
        source=nothing,
        start=np.zeros(1, dtype=np.int32),
        maps=np.zeros(0, dtype=np.float32),
        offset=np.array([0, len(atoms)], dtype=np.int64),
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
    *,
    structure: Array,
    min_leaf: int,
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
    structure : int array
        The rows that decide the splits.
    min_leaf : int, >= 1
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
    return _kept(made.tree_, maps, columns, codes, source, atoms)


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
    many = np.cumsum([0, *(len(tree.offset) - 1 for tree in trees)])
    rows = np.cumsum([0, *(len(tree.atoms) for tree in trees)])
    inner = [tree.feature >= 0 for tree in trees]
    each = list(enumerate(trees))
    return Tree(
        feature=np.concatenate(
            [np.zeros(chain, np.int32), *(np.where(inner[g], t.feature + features[g], -1) for g, t in each)]
        ).astype(np.int32),
        threshold=np.concatenate([np.arange(chain) + 0.5, *(t.threshold for t in trees)]).astype(np.float32),
        left=np.concatenate(
            [nodes[:chain], *(np.where(inner[g], t.left + nodes[g], t.left + many[g]) for g, t in each)]
        ).astype(np.int32),
        right=np.concatenate(
            [[*range(1, chain), nodes[chain]], *(np.where(inner[g], t.right + nodes[g], 0) for g, t in each)]
        ).astype(np.int32),
        source=np.concatenate([[source], *(t.source for t in trees)]).astype(np.int32),
        start=np.concatenate([[0], *(t.start[:-1] + places[g] for g, t in each), places[-1:]]).astype(
            np.int32
        ),
        maps=np.concatenate([group, *(t.maps for t in trees)]).astype(np.float32),
        offset=np.concatenate([*(t.offset[:-1] + rows[g] for g, t in each), rows[-1:]]).astype(np.int64),
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


def _pruned(grown: Any) -> tuple[Array, Array]:
    """Which nodes still split, and which are left at all, once splits that tell nothing are gone."""
    left, right, rows = grown.children_left, grown.children_right, grown.weighted_n_node_samples
    carried = rows * grown.impurity
    inner = left >= 0
    for t in np.flatnonzero(inner)[::-1]:  # children have higher numbers than their parent
        gain = carried[t] - carried[left[t]] - carried[right[t]]
        if not inner[left[t]] and not inner[right[t]] and gain < _NOISE * grown.impurity[t]:
            inner[t] = False
    reached = np.zeros(len(left), dtype=bool)
    reached[0] = True
    for t in np.flatnonzero(inner):
        if reached[t]:
            reached[left[t]] = reached[right[t]] = True
    return inner & reached, np.flatnonzero(reached)


def _kept(
    grown: Any,
    maps: list[Array],
    columns: list[int],
    codes: Sequence[Array],
    source: Sequence[int],
    atoms: Array,
) -> Tree:
    """The tree with only the features it uses, its leaves numbered and filled."""
    inner, node = _pruned(grown)
    used = np.unique(grown.feature[inner])
    number = np.cumsum(np.isin(np.arange(len(inner)), node)) - 1  # of each kept node
    inner = inner[node]
    left = np.where(inner, number[grown.children_left[node]], np.cumsum(~inner) - 1)
    kept = [maps[f] for f in used]
    bare = Tree(
        feature=np.where(inner, np.searchsorted(used, grown.feature[node]), -1).astype(np.int32),
        # codes and ranks are whole numbers: float32 holds the halves between them exactly
        threshold=grown.threshold[node].astype(np.float32),
        left=left.astype(np.int32),
        right=np.where(inner, number[grown.children_right[node]], 0).astype(np.int32),
        source=np.array([source[columns[f]] for f in used], dtype=np.int32),
        start=np.cumsum([0, *map(len, kept)]).astype(np.int32),
        maps=np.concatenate([np.zeros(0, dtype=np.float32), *kept]),
        offset=np.zeros(1, dtype=np.int64),
        atoms=atoms,
    )
    leaf = leaves(bare, {source[columns[f]]: codes[columns[f]] for f in used}, len(atoms))
    counts = np.bincount(leaf, minlength=int((~inner).sum()))
    filled = _small(atoms[np.lexsort((atoms, leaf))])
    offset = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Tree(**(vars(bare) | {"offset": offset, "atoms": filled}))


def leaves(tree: Tree, codes: Any, n: int) -> Array:
    """The leaf of each row, shape (n,); `codes` maps a column to its codes, shape (n,)."""
    if len(tree.feature) == 1:
        return np.zeros(n, dtype=np.int64)
    x = np.empty((n, len(tree.source)), dtype=np.float32)
    for f, column in enumerate(tree.source):
        x[:, f] = _mapped(codes[int(column)], tree.maps[tree.start[f] : tree.start[f + 1]])
    flat, width = x.ravel(), x.shape[1]
    node = np.zeros(n, dtype=np.int64)
    rows = np.arange(n)
    while len(rows):
        here = node[rows]
        below = flat[rows * width + tree.feature[here]] <= tree.threshold[here]
        here = np.where(below, tree.left[here], tree.right[here])
        node[rows] = here
        rows = rows[tree.feature[here] >= 0]
    return tree.left[node].astype(np.int64)


def drawn_atoms(tree: Tree, leaf: Array, rng: np.random.Generator) -> Array:
    """One response of each row's leaf, all of a leaf's rows equally likely, shape (n,)."""
    first, end = tree.offset[leaf], tree.offset[leaf + 1]
    picked = first + (rng.random(len(leaf)) * (end - first)).astype(np.int64)
    return np.asarray(tree.atoms[picked], dtype=np.int64)


def _small(atoms: Array) -> Array:
    """The same whole numbers in the narrowest signed type that holds them."""
    top = int(atoms.max(initial=0))
    return atoms.astype(np.int8 if top < 2**7 else np.int16 if top < 2**15 else np.int32)
