"""Whether a generator makes few pictures over and over, told by their brightness in coarse fields."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mintmark.nn.standing import named, of_name

__all__ = ["Watcher", "figures"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FIELDS = 8
_COMPARED = 256
_EVERY = 200  # steps
_EARLY = 0.25  # share of the training in which few pictures are no sign yet
_LEAST_VARIETY, _LEAST_DISTINCT = 0.4, 0.3


def figures(made: Floats, real: Floats, control: Floats, labels: Ints) -> dict[str, float]:
    """How varied made pictures are beside real ones; 1 is as much.

    Parameters
    ----------
    made, control : array, shape (n, d)
        Row i of either is of the class ``labels[i]``; the control is of real pictures.
    real : array, shape (m, d)
        Other real pictures.

    Returns
    -------
    dict
        ``variety``: distance of two of a class, of the control's. ``distinct``: how many real pictures are
        the nearest one of some made picture, of the control's. ``distance``: energy distance (Székely, Rizzo
        2013) from the real ones, 0 where alike.
    """
    own = labels[:, None] == labels[None, :]
    own &= ~np.eye(len(labels), dtype=bool)
    own = own if own.any() else ~np.eye(len(labels), dtype=bool)
    within = [_apart(some, some) for some in (made, control)]
    across = [_apart(some, real) for some in (made, control)]
    nearest = [len(np.unique(between.argmin(axis=1))) for between in across]
    among = _apart(real, real)
    return {
        "variety": float(within[0][own].mean() / max(within[1][own].mean(), 1e-9)),
        "distinct": nearest[0] / nearest[1],
        "distance": float(2 * across[0].mean() - within[0].mean() - among.mean()),
    }


@dataclass
class Watcher:
    """Compares what a network makes with real pictures every so often, and keeps its best weights.

    Parameters
    ----------
    network : torch.nn.Module
        Its weights are kept where they are nearest to the real pictures.
    make : callable
        Pictures of these labels, shape (n, channels, height, width), from -1 to 1, drawn from a generator.
    draws : torch.Generator
        What pictures are made from.
    """

    network: torch.nn.Module
    make: Callable[[Ints, torch.Generator], Tensor]
    draws: torch.Generator
    real: Floats
    control: Floats
    labels: Ints
    seen: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(
        cls, network: torch.nn.Module, make: Callable[[Ints, torch.Generator], Tensor],
        draws: torch.Generator, pixels: Tensor, labels: Ints, rng: np.random.Generator,
    ) -> Watcher:  # fmt: skip
        """A watcher that compares with some of these images (uint8)."""
        many = min(_COMPARED, len(labels) // 2)
        rows = rng.permutation(len(labels))[: 2 * many]
        held = fields(pixels[torch.from_numpy(rows)].float() / 127.5 - 1)
        return cls(network, make, draws, held[many:], held[:many], labels[rows[:many]])

    def __call__(self, taken: int, share: float) -> bool:
        """Look after some steps; True where the last two looks saw a collapse."""
        if taken - (self.seen[-1]["steps"] if self.seen else 0) < _EVERY:
            return False
        self.look(taken)
        return share > _EARLY and len(self.seen) > 1 and all(map(_is_few, self.seen[-2:]))

    def state(self) -> dict[str, Any]:
        """What it remembers."""
        return {"seen": self.seen, "draws": self.draws.get_state(), **named("best", self.best)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember that again."""
        self.seen, self.best = list(state["seen"]), of_name("best", state)
        self.draws.set_state(state["draws"])

    def look(self, taken: int) -> bool:
        """Whether what is made now is few."""
        made = fields(self.make(self.labels, self.draws))
        found = {"steps": float(taken)} | figures(made, self.real, self.control, self.labels)
        if not self.best or found["distance"] < min(one["distance"] for one in self.seen):
            self.best = copy.deepcopy(self.network.state_dict())
        self.seen.append(found)
        return _is_few(found)


def fields(images: Tensor) -> Floats:
    """Mean brightness in at most 8 x 8 fields of each channel, shape (n, d)."""
    height, width = (min(_FIELDS, side) for side in images.shape[2:])
    pooled = torch.nn.functional.adaptive_avg_pool2d(images.float().cpu(), (height, width))
    return pooled.flatten(1).numpy().astype(np.float64)


def _is_few(found: dict[str, float]) -> bool:
    return found["variety"] < _LEAST_VARIETY or found["distinct"] < _LEAST_DISTINCT


def _apart(one: Floats, other: Floats) -> Floats:
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None, :] - 2 * one @ other.T
    apart: Floats = np.sqrt(np.maximum(squares, 0.0))
    return apart
