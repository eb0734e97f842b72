"""What a training stands on: weights, what optimizers remember, and generators; to go back to or to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mintmark.checkpoint import Place

__all__ = ["Standing", "named", "of_name"]

Memory = dict[int, dict[str, Any]]


@dataclass
class Standing:
    """Where a training stands, and the last good moment it can go back to.

    Parameters
    ----------
    networks : torch.nn.Module
        All that is trained or averaged.
    optimizers : sequence
    rng : numpy.random.Generator
        Of the order of the rows.
    draws : torch.Generator
        Of what losses draw.
    begun : int
        Drawn from `rng` when the training began: it tells this training from one that stood elsewhere then.
    place : Place, optional
        Where it is kept.
    """

    networks: nn.Module
    optimizers: Sequence[torch.optim.Optimizer]
    rng: np.random.Generator
    draws: torch.Generator
    begun: int
    place: Place | None
    _weights: dict[str, Tensor] = field(init=False)
    _memories: list[Memory] = field(init=False)

    def __post_init__(self) -> None:
        self.mark()

    def mark(self) -> None:
        """Take this moment as the last good one."""
        self._weights = {name: value.detach().clone() for name, value in self.networks.state_dict().items()}
        self._memories = [_copied(optimizer.state_dict()["state"]) for optimizer in self.optimizers]

    def go_back(self) -> None:
        """To the last good moment; generators go on, so that other batches come."""
        self.networks.load_state_dict(self._weights)
        for optimizer, memory in zip(self.optimizers, self._memories, strict=True):
            _remember(optimizer, _copied(memory))  # an optimizer works on what it is given

    def is_finite(self) -> bool:
        """Whether every weight is."""
        return all(bool(value.isfinite().all()) for value in self.networks.state_dict().values())

    def is_due(self) -> bool:
        """Whether it is time to keep it."""
        return self.place is not None and self.place.due()

    def keep(self, more: Mapping[str, Any]) -> None:
        """Write down this moment, and more tensors and JSON values by name."""
        if self.place is None:
            return
        state = {
            "begun": self.begun,
            **named("weights", self.networks.state_dict()),
            "draws": self.draws.get_state(),
            "torch": torch.get_rng_state(),
            "rng": _plain(self.rng.bit_generator.state),
            **more,
        }
        for at, optimizer in enumerate(self.optimizers):
            for key, memory in optimizer.state_dict()["state"].items():
                state |= named(f"optimizer {at}/{key}", memory)
        self.place.write({
            name: value.detach().cpu().numpy() if isinstance(value, Tensor) else value
            for name, value in state.items()
        })  # fmt: skip

    def go_on(self) -> dict[str, Any] | None:
        """Return to the moment that was written down, and give the rest of it; None where there is none."""
        held = None if self.place is None else self.place.read()
        if held is None or held["begun"] != self.begun:
            return None
        state = {
            name: torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value
            for name, value in held.items()
        }
        self.networks.load_state_dict(of_name("weights", state))
        for at, optimizer in enumerate(self.optimizers):
            memory: Memory = {}
            for name, value in of_name(f"optimizer {at}", state).items():
                key, _, what = name.partition("/")
                memory.setdefault(int(key), {})[what] = value
            _remember(optimizer, memory)
        self.draws.set_state(state["draws"])
        torch.set_rng_state(state["torch"])
        self.rng.bit_generator.state = held["rng"]
        self.mark()
        return state


def named(what: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values under the name of what they are of."""
    return {f"{what}/{name}": value for name, value in values.items()}


def of_name(what: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Those that `named` gave this name, under their own."""
    return {name[len(what) + 1 :]: value for name, value in state.items() if name.startswith(f"{what}/")}


def _copied(memory: Memory) -> Memory:
    return {
        key: {name: value.clone() if isinstance(value, Tensor) else value for name, value in held.items()}
        for key, held in memory.items()
    }


def _remember(optimizer: torch.optim.Optimizer, memory: Memory) -> None:
    optimizer.load_state_dict({**optimizer.state_dict(), "state": memory})


def _plain(state: Any) -> Any:
    """A generator's state as JSON has it."""
    if isinstance(state, Mapping):
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, (np.ndarray, np.generic)) else state
