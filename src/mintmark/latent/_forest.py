"""The trees of one column as arrays: grown, filled, joined, and gone down.

Classification and regression trees (Breiman, Friedman, Olshen, Stone 1984) with categories put in
the order of the first principal component of their mean responses (Coppersmith, Hong, Hosking
1999, "Partitioning nominal attributes in decision trees"). Each tree decides its splits on some of
the rows and is filled by all (Wager, Athey 2018, J. Am. Stat. Assoc. 113, "honest" trees have disjoint
parts; ours share rows, which small tables need).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LEAN", "Forest", "descend", "drawn_atoms", "grow", "joined", "ordered", "single_leaf"]

Array = npt.NDArray[Any]

LEAN = 10.0
"""Rows of the node above that are added to a node's own, whatever it holds (an m-estimate along the
path: Cestnik 1990, ECAI; Agarwal et al. 2022, ICML, "Hierarchical shrinkage")."""
_OF_NODES = ("column", "offset", "threshold", "right", "parent", "climb", "first", "end")
_IN_LOOPS = (*_OF_NODES, "maps")
_FILLED = 100_000
"""Rows that are enough to fill a tree: beyond twice as many, the trees of a forest share them out."""
_CHUNK = 65_536
"""Rows that are sent down the trees at once, so that memory stays that of the codes."""


@dataclass(frozen=True)
class Forest:
    """Nodes of several trees, each tree in preorder, in arrays of one length.

    A row whose code of column ``column`` is c goes to the next node if ``maps[offset + c]`` is at most
    ``threshold``, else to ``right``; a leaf has ``right`` -1. A draw that stands at a node moves up to
    its ``parent`` with probability ``climb``, 0 at the top; where it stays it takes one of
    ``atoms[first:end]``, the responses of the node's rows. ``roots`` (groups, trees): where a tree
    begins; a row may start at any tree of its group, which is ``group[code]`` of the column ``by``,
    or the only one, where ``by`` is -1.
    """

    column: Array
    offset: Array
    threshold: Array
    right: Array
    parent: Array
    climb: Array
    first: Array
    end: Array
    maps: Array
    atoms: Array
    roots: Array
    group: Array
    by: Array

    def arrays(self, j: int) -> dict[str, Array]:
        """Named arrays to be saved, for the forest of column j."""
        return {f"{j}/{name}": value for name, value in vars(self).items()}

    @classmethod
    def of(cls, learnt: Any, j: int) -> Forest:
        """Inverse of `arrays`."""
        # compiled loops take arrays that may be written to
        arrays = {name: np.require(learnt[f"{j}/{name}"], requirements=["C", "W"]) for name in _IN_LOOPS}
        return cls(**{name: learnt[f"{j}/{name}"] for name in cls.__dataclass_fields__} | arrays)

    def check(self, sizes: Sequence[int]) -> None:
        """Refuse what would lead compiled loops astray, of a file that somebody altered.

        Parameters
        ----------
        sizes : sequence of int
            The number of codes of each column of the table.

        Raises
        ------
        ValueError
            If a node, a map or an atom that is pointed at does not exist.
        """
        if not (self._shaped() and self._sound(sizes)):
            raise ValueError("its trees point at what does not exist")

    def _shaped(self) -> bool:
        return (
            all(getattr(self, name).shape == self.right.shape for name in _OF_NODES)
            and all(getattr(self, n).dtype.kind == "i" for n in self.__dataclass_fields__ if n != "climb")
            and (self.right.ndim, self.roots.ndim, self.by.shape) == (1, 2, (1,))
        )

    def _sound(self, sizes: Sequence[int]) -> bool:
        n, at = len(self.right), np.arange(len(self.right))
        inner = self.right >= 0
        column, groups, size = self.column[inner], len(self.roots), np.array([*sizes, 0])
        return (
            _within(self.roots, 0, n)
            and _within(self.by, -1 if groups == 1 else 0, len(sizes))
            and len(self.group) >= (1 if groups == 1 else size[self.by[0]])
            and _within(self.group, 0, groups)
            and _within(column, 0, len(sizes))
            and _within(self.offset[inner], 0, len(self.maps) - size[column] + 1)
            and _within(self.right[inner], at[inner] + 2, n)
            and _within(self.parent, -1, np.maximum(at, 1))
            and _within(self.climb, 0, np.where(self.parent < 0, 1e-9, 1 + 1e-9))
            and _within(self.first, 0, np.where(self.climb < 1, self.end, self.end + 1))
            and _within(self.end, 0, len(self.atoms) + 1)
        )


def _within(array: Array, low: Any, high: Any) -> bool:
    return bool(((array >= low) & (array < high)).all())


def single_leaf(atoms: Array) -> Forest:
    """The tree without splits: its one leaf holds everybody."""
    zero, none = np.zeros(1, dtype=np.int32), np.full(1, -1, dtype=np.int32)
    return Forest(
        column=none,
        offset=zero,
        threshold=zero,
        right=none,
        parent=none,
        climb=np.zeros(1, dtype=np.float32),
        first=np.zeros(1, dtype=np.int64),
        end=np.array([len(atoms)], dtype=np.int64),
        maps=zero,
        atoms=_small(np.sort(atoms)),
        roots=np.zeros((1, 1), dtype=np.int32),
        group=zero,
        by=none,
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
    structures: Sequence[Array],
    min_leaf: int,
    noise: float,
) -> list[Forest]:
    """Grow a tree on each of some sets of rows and fill its leaves with all.

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
    structures : sequence of int arrays
        The rows that decide the splits, of each tree.
    min_leaf : int, >= 1
    noise : float
        A split stays only if it lowers its node's impurity by as much as this many average rows
        carry: the best of a node's thresholds gains about four from a response that nothing predicts.

    Returns
    -------
    list of Forest, each of one tree
    """
    from mintmark.latent import _kernels

    maps, picked = _features(codes, sizes, nominal, response, classes)
    predictor = np.array(picked, dtype=np.int32)
    widest = max([sizes[k] for k, order in zip(picked, maps, strict=True) if not len(order)], default=0)
    label = response.astype(np.uint32) if classes else np.zeros(0, dtype=np.uint32)
    y = np.zeros((0, 0)) if classes else response
    trees = [
        _tree(
            _kernels.grow(
                _matrix(codes, picked, maps, rows),
                label[rows] if classes else label,
                int(label.max(initial=0)) + 1,
                y if classes else y[rows],
                max(sizes),
                min_leaf,
                noise,
            ),
            predictor,
            maps,
            widest,
        )
        for rows in structures
    ]
    columns = np.array(source, dtype=np.int32)
    return [
        _filled(tree, columns, leaf, atoms[rows])
        for tree, leaf, rows in zip(trees, *_leaves(trees, codes), strict=True)
    ]


def joined(trees: Sequence[Sequence[Forest]], by: int = -1, group: Array | None = None) -> Forest:
    """One forest of many single trees.

    Parameters
    ----------
    trees : sequence of sequences of one length
        The trees of each group.
    by : int
        The column that says the group, -1 where there is but one.
    group : array of whole numbers from 0, shape (codes,)
        The group of each code of that column.
    """
    flat = [tree for some in trees for tree in some]
    nodes = np.cumsum([0, *(len(tree.right) for tree in flat)])
    places = np.cumsum([0, *(len(tree.maps) for tree in flat)])
    rows = np.cumsum([0, *(len(tree.atoms) for tree in flat)])

    def moved(name: str, by: Array) -> Array:
        """The trees' values one after another, those that are none (-1) left."""
        parts = [getattr(tree, name) for tree in flat]
        shifted = [np.where(part < 0, -1, part + by[k]) for k, part in enumerate(parts)]
        return np.concatenate(shifted).astype(parts[0].dtype)

    def same(name: str) -> Array:
        return np.concatenate([getattr(tree, name) for tree in flat])

    return Forest(
        column=same("column"),
        offset=moved("offset", places),
        threshold=same("threshold"),
        right=moved("right", nodes),
        parent=moved("parent", nodes),
        climb=same("climb"),
        first=moved("first", rows),
        end=moved("end", rows),
        maps=same("maps"),
        atoms=same("atoms"),
        roots=nodes[:-1].reshape(len(trees), -1).astype(np.int32),
        group=np.zeros(1, dtype=np.int32) if group is None else group.astype(np.int32),
        by=np.array([by], dtype=np.int32),
    )


def _features(
    codes: Sequence[Array],
    sizes: Sequence[int],
    nominal: Sequence[bool],
    response: Array,
    classes: bool,
) -> tuple[list[Array], list[int]]:
    """For each feature the value of each code (empty: the code itself), and its predictor."""
    maps, picked = [], []
    for k, code in enumerate(codes):
        if not nominal[k] or sizes[k] <= 3:  # missing and two categories need no other order
            maps.append(np.zeros(0, dtype=np.int32))
            picked.append(k)
            continue
        for order in ordered(code, sizes[k], response, classes):
            maps.append(order)
            picked.append(k)
    return maps, picked


def ordered(code: Array, size: int, response: Array, classes: bool) -> list[Array]:
    """Orders of the categories by what they say of the response, one or two.

    Returns
    -------
    list of int32 arrays, shape (size,)
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
    return [np.argsort(np.argsort(score, kind="stable"), kind="stable").astype(np.int32) for score in scores]


def _matrix(codes: Sequence[Array], picked: Sequence[int], maps: Sequence[Array], rows: Array) -> Array:
    """Features of some rows, shape (features, rows)."""
    x = np.empty((len(picked), len(rows)), dtype=np.uint32)
    for f, (k, order) in enumerate(zip(picked, maps, strict=True)):
        x[f] = order[codes[k][rows]] if len(order) else codes[k][rows]
    return x


def _tree(nodes: Array, predictor: Array, maps: Sequence[Array], widest: int) -> dict[str, Array]:
    """A grown tree that splits on predictors: of its features' maps those that it uses."""
    feature, threshold, right, parent = nodes
    inner = right >= 0
    column, offset = np.full(len(right), -1, dtype=np.int32), np.zeros(len(right), dtype=np.int32)
    column[inner] = predictor[feature[inner]]
    offset[inner], kept = _offsets(feature[inner], maps, widest)
    return {
        "column": column,
        "offset": offset,
        "threshold": threshold.copy(),
        "right": right.copy(),
        "parent": parent.copy(),
        "maps": kept,
    }


def _offsets(feature: Array, maps: Sequence[Array], widest: int) -> tuple[Array, Array]:
    """Where the map of each node's feature begins, and the maps: first that of codes to themselves."""
    start = np.zeros(len(maps), dtype=np.int32)
    kept, length = [np.arange(widest, dtype=np.int32)], widest
    for f in np.unique(feature):
        if len(maps[f]):
            start[f] = length
            kept.append(maps[f])
            length += len(maps[f])
    return start[feature], np.concatenate(kept)


def _leaves(trees: Sequence[Mapping[str, Array]], codes: Sequence[Array]) -> tuple[list[Array], list[slice]]:
    """The leaf of each row in each tree, and which rows the tree is filled by."""
    n = len(codes[0])
    apart = int(np.clip(n // _FILLED, 1, len(trees)))
    rows = [slice(k % apart, n, apart) for k in range(len(trees))]
    leaves: list[list[Array]] = [[] for _ in trees]
    for k in range(apart):
        for start in range(k, n, _CHUNK * apart):
            some = np.stack([code[start : start + _CHUNK * apart : apart] for code in codes], axis=1)
            for tree, leaf in list(zip(trees, leaves, strict=True))[k::apart]:
                leaf.append(_fallen(tree, some, np.zeros(len(some), dtype=np.int64)))
    return [np.concatenate(parts) for parts in leaves], rows


def _fallen(tree: Mapping[str, Array], codes: Array, node: Array) -> Array:
    """The leaf below each row's node."""
    from mintmark.latent._kernels import fall

    fall(node, codes, *(tree[name] for name in ("column", "offset", "threshold", "right", "maps")))
    return node


def _filled(tree: Mapping[str, Array], columns: Array, leaf: Array, atoms: Array) -> Forest:
    """The tree with the atoms that came to each leaf; predictors become columns of the table."""
    from mintmark.latent._kernels import subtrees

    right, parent, predictor = tree["right"], tree["parent"], tree["column"]
    # rows sorted by leaf and then by atom, so that nothing of their order stays
    least, span = int(atoms.min()), int(atoms.max()) - int(atoms.min()) + 1
    sort = np.sort(leaf * span + (atoms - least))
    after = np.cumsum(np.bincount(leaf, minlength=len(right)))
    first, end = np.concatenate([[0], after[:-1]]).astype(np.int64), after[subtrees(right)]
    return Forest(
        **{name: tree[name] for name in ("offset", "threshold", "right", "parent", "maps")},
        column=np.where(predictor < 0, -1, columns[predictor]).astype(np.int32),
        climb=np.where(parent < 0, 0, LEAN / (end - first + LEAN)).astype(np.float32),
        first=first,
        end=end,
        atoms=_small(sort % span + least),
        roots=np.zeros((1, 1), dtype=np.int32),
        group=np.zeros(1, dtype=np.int32),
        by=np.full(1, -1, dtype=np.int32),
    )


def descend(forest: Forest, codes: Array, tree: Array | int = 0) -> Array:
    """The leaf each row comes to, a node's number, shape (rows,).

    Parameters
    ----------
    forest : Forest
    codes : int32 array, shape (rows, columns)
        What was drawn so far.
    tree : int array, shape (rows,), or int
        From 0 to less than the trees of a group.
    """
    groups, trees = forest.roots.shape
    group = forest.group[codes[:, forest.by[0]]] if groups > 1 else np.zeros(len(codes), dtype=np.int64)
    return _fallen(vars(forest), codes, forest.roots.ravel()[group * trees + tree].astype(np.int64))


def drawn_atoms(forest: Forest, codes: Array, rng: np.random.Generator) -> Array:
    """One response for each row, of its leaf in one of its trees or, now and then, of a node above.

    Parameters
    ----------
    forest : Forest
    codes : int32 array, shape (rows, columns)
        What was drawn so far.
    rng : numpy.random.Generator

    Returns
    -------
    int64 array, shape (rows,)
    """
    from mintmark.latent._kernels import pick

    chance = rng.random(len(codes)) * forest.roots.shape[1]
    tree = chance.astype(np.int64)
    at = descend(forest, codes, tree)
    pick(at, chance - tree, forest.parent, forest.climb, forest.first, forest.end)
    return np.asarray(forest.atoms[at], dtype=np.int64)


def _small(atoms: Array) -> Array:
    """The same whole numbers in the narrowest signed type that holds them."""
    top = int(atoms.max(initial=0))
    return atoms.astype(np.int8 if top < 2**7 else np.int16 if top < 2**15 else np.int32)
