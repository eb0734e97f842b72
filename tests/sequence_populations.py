"""Sequences drawn from a law that is known: coupled autoregressions and a Markov chain that moves them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

import mintmark as mm
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema

SCHEMA = Schema(
    (
        Column(name="id", kind="integer", dtype="int64", roles=("sequence_key",)),
        Column(name="step", kind="integer", dtype="int64", roles=("sequence_index",)),
        Column(name="flow", kind="number", dtype="double"),
        Column(name="heat", kind="number", dtype="double"),
        Column(name="load", kind="number", dtype="double"),
        Column(name="state", kind="category", dtype="string"),
    )
)
NUMBERS = ("flow", "heat", "load")


class Population:
    """A law drawn from a seed: `draw(n)` gives n fresh sequences of 24 to 48 steps."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        turn = self.rng.uniform(0.3, 0.6)
        self.pull = np.diag(self.rng.uniform(0.5, 0.85, 3))
        self.pull[1, 0] = turn  # heat follows flow by a step
        self.mixed = np.linalg.cholesky(np.array([[1, 0.6, 0.2], [0.6, 1, 0.1], [0.2, 0.1, 1.0]]))
        stay = self.rng.uniform(0.7, 0.9, 4)
        leave = self.rng.dirichlet(np.ones(3), 4)
        self.chain = np.zeros((4, 4))
        for i in range(4):
            self.chain[i, i] = stay[i]
            self.chain[i, np.arange(4) != i] = (1 - stay[i]) * leave[i]
        self.lift = self.rng.normal(0, 0.7, (4, 3))

    def draw(self, n: int, first: int = 0) -> Dataset:
        """Fresh sequences, keys from `first` on."""
        lengths = self.rng.integers(24, 49, n)
        longest, burn = 48, 30
        x, state = np.zeros((n, 3)), self.rng.integers(0, 4, n)
        numbers, states = np.zeros((n, longest, 3)), np.zeros((n, longest), dtype=int)
        for t in range(-burn, longest):
            state = (self.rng.random((n, 1)) > self.chain.cumsum(1)[state]).sum(1).clip(0, 3)
            noise = self.rng.normal(size=(n, 3)) @ self.mixed.T
            x = x @ self.pull.T + noise
            if t >= 0:
                numbers[:, t], states[:, t] = x + self.lift[state], state
        kept = np.arange(longest) < lengths[:, None]
        owner, step = np.nonzero(kept)
        return table(owner + first, step, numbers[kept], np.array(list("abcd"))[states[kept]])


def table(key, step, numbers, state) -> Dataset:
    columns = {"id": np.asarray(key, dtype=np.int64), "step": np.asarray(step, dtype=np.int64)}
    columns |= {name: numbers[:, i] for i, name in enumerate(NUMBERS)}
    return Dataset(pa.table({**columns, "state": pa.array(list(state))}), SCHEMA)


def parts(data: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Keys, steps, numbers (rows, 3) and states."""
    array = {name: data.table[name].to_numpy() for name in data.names}
    return array["id"], array["step"], np.stack([array[name] for name in NUMBERS], 1), array["state"]


def jittered(data: Dataset, rng: np.random.Generator, share: float = 0.01) -> Dataset:
    """Every number moved by 1 % of its column's standard deviation, one state a sequence changed."""
    key, step, numbers, state = parts(data)
    numbers = numbers + rng.normal(size=numbers.shape) * share * numbers.std(0)
    state = state.copy()
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    state[starts + rng.integers(0, 24, len(starts))] = "a"
    return table(key, step, numbers, state)


def collapsed(data: Dataset, n: int, rng: np.random.Generator) -> Dataset:
    """Ten sequences of the data, repeated."""
    key = data.table["id"].to_numpy()
    chosen = rng.choice(np.unique(key), 10, replace=False)
    rows = [np.flatnonzero(key == chosen[i % 10]) for i in range(n)]
    _, step, numbers, state = parts(data.take(np.concatenate(rows)))
    return table(np.repeat(np.arange(n), [len(r) for r in rows]), step, numbers, state)


def time_shuffled(data: Dataset, rng: np.random.Generator) -> Dataset:
    """Every sequence's rows in random order under the old steps."""
    key, step, numbers, state = parts(data)
    order = np.lexsort((rng.random(len(key)), key))
    return table(key, step, numbers[order], state[order])


def phase_randomised(data: Dataset, rng: np.random.Generator) -> Dataset:
    """Every column of every sequence with its spectrum kept and its phases drawn by themselves."""
    key, step, numbers, state = parts(data)
    numbers = numbers.copy()
    for k in np.unique(key):
        rows = np.flatnonzero(key == k)
        for j in range(3):
            wave = np.fft.rfft(numbers[rows, j])
            turned = np.abs(wave) * np.exp(2j * np.pi * rng.random(len(wave)))
            turned[0] = wave[0]
            if len(rows) % 2 == 0:
                turned[-1] = wave[-1]
            numbers[rows, j] = np.fft.irfft(turned, len(rows))
    return table(key, step, numbers, state)


def with_copies(
    fresh: Dataset, train: Dataset, share: float, width: int, rng: np.random.Generator
) -> Dataset:
    """Fresh sequences, a share of which have a window of train's laid over their own."""
    key, step, numbers, state = (array.copy() for array in parts(fresh))
    source, _, other, states = parts(train)
    lengths = np.bincount(np.unique(source, return_inverse=True)[1])
    source_starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    for start in rng.choice(starts, round(share * len(starts)), replace=False):
        i = rng.integers(len(lengths))
        at = source_starts[i] + rng.integers(lengths[i] - width + 1)
        to = start + rng.integers(24 - width + 1)
        numbers[to : to + width], state[to : to + width] = other[at : at + width], states[at : at + width]
    return table(key, step, numbers, state)


__all__ = ["Population", "collapsed", "jittered", "mm", "phase_randomised", "time_shuffled", "with_copies"]
