"""Whether a net of tables makes every kind of row, and which of its weights came closest to the real ones."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mintmark.latent._mixed import Layout
from mintmark.nn.standing import named, of_name

__all__ = ["Modes"]

Ints = npt.NDArray[np.int64]
Made = Callable[[int, torch.Generator], tuple[npt.NDArray[Any], npt.NDArray[Any]]]
"""Codes and scores of so many new rows, drawn from the generator."""
_LOOK = 2_000
_BINS = 6
_EVERY = 200  # steps
_PAIRS = 200
_SHARE = 0.01  # of the rows: values rarer than this may be absent of `_LOOK` rows by chance
_COVERED, _DISTINCT, _OFF = 0.5, 0.3, 0.5
_IN_A_ROW = 3
_BEFORE = 0.3  # share of the training in which nothing is expected yet


@dataclass
class Modes:
    """Looks at rows made every 200 steps, and keeps the weights whose rows were closest.

    Parameters
    ----------
    network : torch.nn.Module
        Whose weights are kept.
    made : callable
    draws : torch.Generator
        What rows are made from.
    real : array of int, shape (n, codes + scores)
        Codes and binned scores of real rows.
    cuts : array, shape (scores, bins - 1)
    pairs : list of (int, int)
        Columns whose joint frequencies are compared.
    """

    network: nn.Module
    made: Made
    draws: torch.Generator
    real: Ints
    cuts: npt.NDArray[np.float64]
    pairs: list[tuple[int, int]]
    seen: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(
        cls, network: nn.Module, made: Made, draws: torch.Generator, codes: Ints, scores: npt.NDArray[Any],
        layout: Layout, rng: np.random.Generator,
    ) -> Modes:  # fmt: skip
        """For these real rows."""
        part = np.linspace(0, 1, _BINS + 1)[1:-1]
        cuts = [np.nanquantile(scores[:, k], part) for k in range(len(layout.scored))]
        rows = rng.permutation(len(codes))[: 4 * _LOOK]
        every = list(itertools.combinations(range(codes.shape[1] + len(cuts)), 2))
        some = rng.permutation(len(every))[:_PAIRS]
        none = np.empty((0, 0), dtype=np.int64)
        held = cls(network, made, draws, none, np.array(cuts), [every[k] for k in some])
        held.real = held.binned(codes[rows], scores[rows])
        return held

    def binned(self, codes: Ints, scores: npt.NDArray[Any]) -> Ints:
        """Codes and scores as small numbers; a score that does not count as one more."""
        parts = [codes]
        for k, cut in enumerate(self.cuts):
            own = np.searchsorted(cut, scores[:, k])
            parts.append(np.where(np.isnan(scores[:, k]), _BINS, own)[:, None])
        return np.concatenate(parts, axis=1)

    def __call__(self, taken: int, share: float) -> bool:
        """Look every 200 steps; True after three collapses in a row."""
        if taken // _EVERY == (int(self.seen[-1]["steps"]) // _EVERY if self.seen else 0):
            return False
        self.look(taken)
        last = self.seen[-_IN_A_ROW:]
        return share >= _BEFORE and len(last) == _IN_A_ROW and all(map(self.has_collapsed, last))

    def look(self, taken: int) -> bool:
        """Compare new rows with real ones, keep the weights if they are the best; whether it collapsed."""
        rows = self.binned(*self.made(_LOOK, self.draws))
        figures = {"steps": float(taken), **self._compared(rows)}
        if not self.best or figures["pairs_off"] < min(one["pairs_off"] for one in self.seen):
            self.best = copy.deepcopy(self.network.state_dict())
        self.seen.append(figures)
        return self.has_collapsed(figures)

    def state(self) -> dict[str, Any]:
        """What it remembers."""
        return {"seen": self.seen, "draws": self.draws.get_state(), **named("best", self.best)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember that again."""
        self.seen, self.best = list(state["seen"]), of_name("best", state)
        self.draws.set_state(state["draws"])

    def _compared(self, rows: Ints) -> dict[str, float]:
        real = self.real[:_LOOK]
        off, found, wanted = [], 0, 0
        for j in range(rows.shape[1]):
            size = int(max(rows[:, j].max(), self.real[:, j].max())) + 1
            ours, theirs = (np.bincount(part[:, j], minlength=size) / len(part) for part in (rows, self.real))
            off.append(np.abs(ours - theirs).sum() / 2)
            wanted += int((theirs >= _SHARE).sum())
            found += int(((theirs >= _SHARE) & (ours > 0)).sum())
        kinds = [len(np.unique(part, axis=0)) / len(part) for part in (rows, real)]
        pairs = [_apart(rows[:, [a, b]], self.real[:, [a, b]]) for a, b in self.pairs] or off
        return {
            "covered": found / max(1, wanted), "distinct": min(1.0, kinds[0] / kinds[1]),
            "worst_off": float(np.max(off)), "off": float(np.mean(off)), "pairs_off": float(np.mean(pairs)),
        }  # fmt: skip

    @staticmethod
    def has_collapsed(figures: dict[str, float]) -> bool:
        """Whether the rows are few kinds over and over."""
        return (
            figures["covered"] < _COVERED or figures["distinct"] < _DISTINCT or figures["off"] > _OFF
        )  # fmt: skip


def _apart(ours: Ints, theirs: Ints) -> float:
    """Half the sum of the differences of two columns' joint frequencies."""
    wide = int(max(ours[:, 1].max(), theirs[:, 1].max())) + 1
    places = [part[:, 0] * wide + part[:, 1] for part in (ours, theirs)]
    size = int(max(place.max() for place in places)) + 1
    if size <= 1 << 16:
        one, other = (np.bincount(place, minlength=size) / len(place) for place in places)
        return float(np.abs(one - other).sum() / 2)
    every, at = np.unique(np.concatenate(places), return_inverse=True)
    one = np.bincount(at[: len(ours)], minlength=len(every)) / len(ours)
    other = np.bincount(at[len(ours) :], minlength=len(every)) / len(theirs)
    return float(np.abs(one - other).sum() / 2)
