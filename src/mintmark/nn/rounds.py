"""A training loop by steps, for one network or two against each other, with an average of the weights.

Steps are taken in rounds: after each there is a mean of every figure, a check that all is finite, and a
moment to watch. The rate falls over the steps or, under a time limit, over the time, whichever ends first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mintmark.checkpoint import next_training
from mintmark.nn.record import Training, within_memory
from mintmark.nn.standing import Standing, named, of_name
from mintmark.nn.training import seeded
from mintmark.progress import seconds_left, time_is_up, track

__all__ = ["Step", "Watch", "follow", "held_still", "train_in_rounds"]

Ints = npt.NDArray[np.int64]
Figures = dict[str, float]
Step = Callable[[Ints, int, float, torch.Generator], Figures]
"""Takes a step on the rows at these positions, after so many steps and a share of the training; gives figures
by name. It may be called again where memory did not suffice, and keeps nothing of its own between calls."""
_ROUND = 100
_WARM = 100
_STEADY = 0.5  # share of the training before the rate falls


class Watch(Protocol):
    """Looks at a training after each round; what it remembers can be kept and brought back."""

    def __call__(self, taken: int, share: float) -> bool:
        """Called with the steps taken and the share done; True ends the training."""
        ...

    def state(self) -> dict[str, Any]:
        """Tensors and JSON values by name."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        ...


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
    least: int = 2,
) -> Training:
    """Train, going back to the last good round at half the rate where a figure is not finite.

    Where memory does not suffice, training goes on with half the batch; both with a warning. Inside
    `checkpoints` a training that was killed goes on where it stood.

    Parameters
    ----------
    networks : torch.nn.Module
        All that is trained or averaged; changed in place.
    optimizers : sequence
        Their rates are those of the middle of the training: lower before, falling to 0 after.
    step : callable
        Of (positions of rows, steps taken, share of the training done, generator of the CPU).
    rows, steps, batch : int, >= 1
    label : str
        What the person waits for.
    watch : Watch, optional
    least : int, >= 1
        Rows of the smallest batch; others are multiples of it.

    Raises
    ------
    FloatingPointError
        If figures are not finite after four halvings of the rate either.
    MemoryError
        If memory does not suffice for the smallest batch.
    """
    begun = int(rng.integers(2**62))
    draws = torch.Generator().manual_seed(begun)
    standing = Standing(networks, optimizers, rng, draws, begun, next_training())
    order, done = _Order(rows, rng), Training(label, "step", batch, ended="all steps")
    networks.train()
    with seeded(rng):  # of dropout and the like
        first, taken, seconds = _gone_on(standing, done, order, watch)
        clock = _Clock(steps, seconds)
        for at in track(range(math.ceil(steps / _ROUND)), label, may_end_early=True):
            if at < first:
                continue
            places = range(taken, min(taken + _ROUND, steps))
            figures = _good_round(step, order, standing, done, places, clock, least)
            if figures:
                taken += len(figures)
                done.add(taken, _means(figures))
                if watch is not None and watch(taken, clock.share(taken)):
                    done.ended = "watched"
                    break
                standing.mark()
            if time_is_up():
                done.ended = "out of time"
                break
            if standing.is_due():
                standing.keep({
                    "done": asdict(done), "taken": taken, "rounds": at + 1, "seconds": clock.seconds(),
                    "left": torch.from_numpy(order.left), **named("watch", watch.state() if watch else {}),
                })  # fmt: skip
    networks.eval()
    if not done.at:
        raise FloatingPointError("the loss is not finite from the first steps on.")
    done.tell(batch)
    return done


def _gone_on(
    standing: Standing, done: Training, order: _Order, watch: Watch | None
) -> tuple[int, int, float]:
    """Rounds, steps and seconds that a training took before it was killed, and all as it stood then."""
    held = standing.go_on()
    if held is None:
        return 0, 0, 0.0
    done.go_on(held["done"])
    order.left = held["left"].numpy()
    if watch is not None:
        watch.restore(of_name("watch", held))
    return held["rounds"], held["taken"], held["seconds"]


def _good_round(
    step: Step, order: _Order, standing: Standing, done: Training, places: range, clock: _Clock, least: int
) -> list[Figures]:
    """Figures of each step of a round, done again at half the rate while they are not finite.

    Empty where the time is up before they are.
    """
    while True:
        figures = _round(step, order, standing, done, places, clock, least)
        if _are_finite(figures[-1]) and standing.is_finite():
            return figures
        standing.go_back()
        done.halve_rate()
        if time_is_up():
            return []


def _round(
    step: Step, order: _Order, standing: Standing, done: Training, places: range, clock: _Clock, least: int
) -> list[Figures]:
    """Figures of each step of a round, which ends with the time or by the first that is not finite."""

    def one(at: int, share: float) -> Figures:
        return step(order.next(done.batch), at, share, standing.draws)

    figures: list[Figures] = []
    for at in places:
        share = clock.share(at)
        _set_rates(standing.optimizers, at, share, 0.5**done.halved)
        figures.append(within_memory(done, least, one, at, share))
        order.take(done.batch)
        if time_is_up() or not _are_finite(figures[-1]):
            break
    return figures


@contextmanager
def held_still(network: nn.Module) -> Iterator[None]:
    """The network without gradients of its own inside, however the block ends."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def follow(average: nn.Module, network: nn.Module, taken: int, decay: float = 0.999) -> None:
    """Move the average of a network's weights by one step; short memory at first, buffers as they are."""
    kept = min(decay, (1 + taken) / (10 + taken))
    with torch.no_grad():
        for mean, now in zip(average.parameters(), network.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)
        for held, fresh in zip(average.buffers(), network.buffers(), strict=True):
            held.copy_(fresh)


class _Clock:
    """Tells the share of a training that is done after some steps; of its time where that is scarcer.

    Parameters
    ----------
    steps : int
        Of the whole training.
    before : float
        Seconds it took before it was killed.
    """

    def __init__(self, steps: int, before: float) -> None:
        left = seconds_left()
        self.steps, self.begun = steps, time.monotonic() - before
        self.allowed = math.inf if left is None else max(before + left, 1e-3)

    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def share(self, taken: int) -> float:
        return min(1.0, max(taken / self.steps, self.seconds() / self.allowed))


@dataclass
class _Order:
    """The order of the rows in batches of one size: what an epoch leaves over begins the next."""

    rows: int
    rng: np.random.Generator
    left: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def next(self, batch: int) -> Ints:
        while len(self.left) < batch:
            self.left = np.concatenate([self.left, self.rng.permutation(self.rows)])
        return self.left[:batch]

    def take(self, batch: int) -> None:
        self.left = self.left[batch:]


def _set_rates(optimizers: Sequence[torch.optim.Optimizer], taken: int, share: float, factor: float) -> None:
    falling = 0.5 + 0.5 * math.cos(math.pi * max(0.0, (share - _STEADY) / (1 - _STEADY)))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            full = group.setdefault("full", group["lr"])
            group["lr"] = full * factor * falling * min(1.0, (taken + 1) / _WARM)


def _are_finite(figures: Figures) -> bool:
    return all(map(math.isfinite, figures.values()))


def _means(figures: list[Figures]) -> Figures:
    return {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}
