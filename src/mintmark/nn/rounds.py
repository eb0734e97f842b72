"""A training loop by steps, for one network or two against each other, with an average of the weights.

Steps are taken in rounds: after each there is a mean of every figure, a check that all is finite, and a
moment to watch. The rate falls over the steps or, under a time limit, over the time, whichever ends first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.nn.training import seeded
from mintmark.progress import seconds_left, time_is_up, track

__all__ = ["Rounds", "Step", "follow", "train_in_rounds"]

Ints = npt.NDArray[np.int64]
Step = Callable[[Ints, float, torch.Generator], dict[str, float]]
"""Takes a step on the rows at these positions, after a share of the training; gives figures by name."""
Watch = Callable[[int, float], bool]
"""Called after a round with the steps taken and the share done; True ends the training."""
_ROUND = 100
_WARM = 100
_STEADY = 0.5  # share of the training before the rate falls
_HALVINGS = 4


@dataclass
class Rounds:
    """What a training left.

    Parameters
    ----------
    losses : list of dict
        For each round the steps taken so far, and the mean of each figure.
    ended : str
        "all steps", "out of time" or "watched".
    halved : int
        How often the figures were not finite, and training went on from the round before at half the rate.
    """

    losses: list[dict[str, float]] = field(default_factory=list)
    ended: str = "all steps"
    halved: int = 0


def train_in_rounds(
    networks: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    step: Step,
    rows: int,
    rng: np.random.Generator,
    *,
    steps: int,
    batch: int,
    label: str,
    watch: Watch | None = None,
) -> Rounds:
    """Train, going back to the last good round at half the rate where a figure is not finite.

    Parameters
    ----------
    networks : torch.nn.Module
        All that is trained or averaged; changed in place.
    optimizers : sequence
        Their rates are those of the middle of the training: lower before, falling to 0 after.
    step : callable
        Of (positions of rows, share of the training done, generator of the CPU).
    rows, steps, batch : int, >= 1
    label : str
        What the person waits for.

    Raises
    ------
    FloatingPointError
        If figures are not finite after four halvings of the rate either.
    """
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    positions, done, taken = _endless(rows, batch, rng), Rounds(), 0
    share = _share_of(steps)
    good = _copied(networks, optimizers)
    networks.train()
    with seeded(rng):  # of dropout and the like
        for _ in track(range(math.ceil(steps / _ROUND)), label, may_end_early=True):
            figures: list[dict[str, float]] = []
            for at in range(taken, min(taken + _ROUND, steps)):
                _set_rates(optimizers, at, share(at), 0.5**done.halved)
                figures.append(step(next(positions), share(at), generator))
                if time_is_up() or not all(map(math.isfinite, figures[-1].values())):
                    break
            taken += len(figures)
            if _is_finite(figures[-1], networks):
                good = _copied(networks, optimizers)
                done.losses.append({"steps": taken} | _means(figures))
                if watch is not None and watch(taken, share(taken)):
                    done.ended = "watched"
                    break
            else:
                done.halved += 1
                _put_back(networks, optimizers, good)
                if done.halved > _HALVINGS:
                    raise FloatingPointError("the loss is not finite, at a sixteenth of the rate either.")
            if time_is_up():
                done.ended = "out of time"
                break
    networks.eval()
    if not done.losses:
        raise FloatingPointError("the loss is not finite from the first steps on.")
    return done


def follow(average: nn.Module, network: nn.Module, taken: int, decay: float = 0.999) -> None:
    """Move the average of a network's weights by one step; short memory at first, buffers as they are."""
    kept = min(decay, (1 + taken) / (10 + taken))
    with torch.no_grad():
        for mean, now in zip(average.parameters(), network.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)
        for held, fresh in zip(average.buffers(), network.buffers(), strict=True):
            held.copy_(fresh)


def _share_of(steps: int) -> Callable[[int], float]:
    """The share of a training done after some steps; of its time where that is scarcer."""
    begun, left = time.monotonic(), seconds_left()
    allowed = math.inf if left is None else max(left, 1e-3)
    return lambda taken: min(1.0, max(taken / steps, (time.monotonic() - begun) / allowed))


def _endless(rows: int, batch: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Batches of one size: what an epoch leaves over begins the next."""
    held = np.empty(0, dtype=np.int64)
    while True:
        while len(held) < batch:
            held = np.concatenate([held, rng.permutation(rows)])
        yield held[:batch]
        held = held[batch:]


def _set_rates(optimizers: Sequence[torch.optim.Optimizer], taken: int, share: float, factor: float) -> None:
    falling = 0.5 + 0.5 * math.cos(math.pi * max(0.0, (share - _STEADY) / (1 - _STEADY)))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            full = group.setdefault("full", group["lr"])
            group["lr"] = full * factor * falling * min(1.0, (taken + 1) / _WARM)


def _copied(
    networks: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> tuple[dict[str, Tensor], list[dict[int, dict[str, Tensor]]]]:
    """Weights, and what the optimizers remember."""
    weights = {name: value.detach().clone() for name, value in networks.state_dict().items()}
    return weights, [_memory(optimizer) for optimizer in optimizers]


def _memory(optimizer: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    return {
        key: {name: value.clone() if isinstance(value, Tensor) else value for name, value in held.items()}
        for key, held in state.items()
    }


def _put_back(
    networks: nn.Module, optimizers: Sequence[torch.optim.Optimizer],
    good: tuple[dict[str, Tensor], list[dict[int, dict[str, Tensor]]]],
) -> None:  # fmt: skip
    networks.load_state_dict(good[0])
    for optimizer, memory in zip(optimizers, good[1], strict=True):
        optimizer.load_state_dict({**optimizer.state_dict(), "state": memory})


def _is_finite(figures: dict[str, float], networks: nn.Module) -> bool:
    return all(map(math.isfinite, figures.values())) and all(
        bool(value.isfinite().all()) for value in networks.state_dict().values()
    )


def _means(figures: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}
