"""The weights that did best on rows kept apart, and when to stop."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from mintmark.nn.standing import named, of_name

__all__ = ["Keeper"]


@dataclass
class Keeper:
    """Called after each round; True once a figure has not fallen for some looks.

    Parameters
    ----------
    network : torch.nn.Module
        Whose weights are kept.
    figure : callable
        Lower is better.
    patience : int
    """

    network: nn.Module
    figure: Callable[[], float]
    patience: int
    seen: list[float] = field(default_factory=list)
    best: dict[str, Any] | None = None

    def __call__(self, taken: int, share: float) -> bool:
        """Look, keep the weights if they are the best, and say whether to stop."""
        self.seen.append(self.figure())
        lowest = min(self.seen)
        if self.seen[-1] == lowest:
            self.best = copy.deepcopy(self.network.state_dict())
        return len(self.seen) - 1 - self.seen.index(lowest) >= self.patience

    def state(self) -> dict[str, Any]:
        """What it remembers."""
        return {"seen": self.seen, **named("best", self.best or {})}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember that again."""
        self.seen, self.best = list(state["seen"]), of_name("best", state) or None

    def put_back(self) -> None:
        """Leave the network with the weights that did best."""
        if self.best is not None:
            self.network.load_state_dict(self.best)
