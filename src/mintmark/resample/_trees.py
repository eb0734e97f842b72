"""Decision trees as plain arrays: grown by scikit-learn, gone down without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.neighbours import Points

__all__ = ["Trees", "features"]

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
_LEAF = 2  # rows that a leaf holds at least, as in C4.5


def features(points: Points) -> Singles:
    """Rows as trees see them, shape (n, width + columns); codes of many categories as numbers."""
    return np.concatenate([points.flat, points.wide.astype(np.float32)], axis=1)


@dataclass(frozen=True)
class Trees:
    """Nodes of several trees in arrays of one length, each after the node above it.

    Parameters
    ----------
    feature : array of int
        A row whose value of it is at most `threshold` goes to `left`, else to `right`; -1 at a leaf.
    threshold : array
    left, right : array of int
    label : array of int
        The class that has most rows at the node.
    root : array of int, shape (trees,)
    """

    feature: Ints
    threshold: npt.NDArray[np.float64]
    left: Ints
    right: Ints
    label: Ints
    root: Ints

    @classmethod
    def grown(cls, x: Singles, y: Ints, parts: list[Ints], rng: np.random.Generator) -> Trees:
        """A tree (CART by Gini impurity) on each part of the rows."""
        from sklearn.tree import DecisionTreeClassifier

        nodes: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in cls.__dataclass_fields__}
        start = 0
        for rows in parts:
            model: Any = DecisionTreeClassifier(
                min_samples_leaf=_LEAF, random_state=int(rng.integers(2**31))
            ).fit(x[rows], y[rows])
            tree = model.tree_
            leaf = tree.children_left < 0
            nodes["root"].append(np.array([start]))
            nodes["feature"].append(np.where(leaf, -1, tree.feature))
            nodes["threshold"].append(tree.threshold)
            nodes["left"].append(np.where(leaf, -1, tree.children_left + start))
            nodes["right"].append(np.where(leaf, -1, tree.children_right + start))
            nodes["label"].append(model.classes_[np.argmax(tree.value[:, 0], axis=1)])
            start += tree.node_count
        joined: dict[str, Any] = {name: np.concatenate(part) for name, part in nodes.items()}
        return cls(**{k: v if k == "threshold" else v.astype(np.int64) for k, v in joined.items()})

    def against(self, x: Singles, y: Ints) -> Ints:
        """For each row how many trees take it to be of another class, shape (n,)."""
        votes = np.zeros(len(x), dtype=np.int64)
        for root in self.root:
            node, rows = np.full(len(x), root), np.arange(len(x))
            while len(rows):
                rows = rows[self.feature[node[rows]] >= 0]
                at = node[rows]
                down = x[rows, self.feature[at]] <= self.threshold[at]
                node[rows] = np.where(down, self.left[at], self.right[at])
            votes += self.label[node] != y
        return votes

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Named arrays to be saved."""
        return {f"trees/{name}": value for name, value in vars(self).items()}

    @classmethod
    def saved(cls, learnt: Mapping[str, Any]) -> Trees:
        """Inverse of `arrays`."""
        return cls(**{name: learnt[f"trees/{name}"] for name in cls.__dataclass_fields__})

    def check(self, width: int) -> None:
        """Refuse what would never reach a leaf or points at what does not exist, of an altered file.

        Raises
        ------
        ValueError
        """
        n, at = len(self.feature), np.arange(len(self.feature))
        shaped = all(len(part) == n for part in (self.threshold, self.left, self.right, self.label))
        if shaped:
            inner = self.feature >= 0
            below = np.concatenate([self.left[inner], self.right[inner]])
            above = np.concatenate([at[inner], at[inner]])
            shaped = bool(
                (self.feature < width).all()
                and (below > above).all()
                and (below < n).all()
                and ((self.root >= 0) & (self.root < n)).all()
            )
        if not shaped:
            raise ValueError("its trees point at what does not exist")
