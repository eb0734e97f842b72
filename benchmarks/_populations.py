"""Populations whose every distance is known: Gaussian mixtures and random Bayesian networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr


@dataclass(frozen=True)
class Mixture:
    """Normal components without correlation inside, so that boxes have exact probabilities.

    Parameters
    ----------
    weights : array, shape (k,)
    means, deviations : array, shape (k, columns)
    """

    weights: np.ndarray
    means: np.ndarray
    deviations: np.ndarray

    @classmethod
    def random(cls, rng, components=3, columns=2):
        shape = components, columns
        return cls(
            rng.dirichlet(np.full(components, 3.0)), rng.normal(0, 1.5, shape), rng.uniform(0.5, 1.2, shape)
        )

    def draw(self, n, rng, labelled=False):
        """Rows, shape (n, columns), and whose component each is."""
        of = rng.choice(len(self.weights), n, p=self.weights)
        rows = self.means[of] + self.deviations[of] * rng.normal(size=(n, self.means.shape[1]))
        return (rows, of) if labelled else rows

    def below(self, points, column):
        """Distribution function of a column by component, shape (components, points)."""
        return ndtr((points - self.means[:, [column]]) / self.deviations[:, [column]])

    def boxes(self, breaks):
        """Probability of every cell of two columns cut at breaks, shape (cells of 0, cells of 1)."""
        sides = [np.diff(self.below(cut, j), prepend=0, append=1, axis=1) for j, cut in enumerate(breaks)]
        return np.einsum("k,ki,kj->ij", self.weights, *sides)


@dataclass(frozen=True)
class Network:
    """A Bayesian network as its joint distribution, one axis a variable."""

    joint: np.ndarray

    @classmethod
    def random(cls, rng, levels):
        """Each variable has at most two earlier ones as parents, and Dirichlet(1) tables."""
        joint = np.ones(levels)
        for j, size in enumerate(levels):
            parents = rng.choice(j, min(j, 2), replace=False) if j else []
            shape = [levels[i] if i in parents else 1 for i in range(j)]
            table = rng.dirichlet(np.ones(size), int(np.prod(shape)))
            joint = joint * table.reshape(shape + [size] + [1] * (len(levels) - j - 1))
        return cls(joint)

    def draw(self, n, rng):
        at = rng.choice(self.joint.size, n, p=self.joint.ravel())
        return np.stack(np.unravel_index(at, self.joint.shape), axis=1)

    def marginal(self, *columns):
        return self.joint.sum(axis=tuple(j for j in range(self.joint.ndim) if j not in columns))


def mixed(first, second, share, n, rng):
    """Rows of which each comes from the second population with this chance."""
    theirs = rng.random(n) < share
    return np.where(theirs[:, None], second.draw(n, rng), first.draw(n, rng))
