"""One training loop for all networks: batches, early stop, the best weights, a device, a deadline.

On the CPU the same data, settings and generator give the same weights, whatever the machine's cores:
torch works with one thread here, since sums over more are taken in another order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.checkpoint import next_training
from mintmark.nn.record import Training, within_memory
from mintmark.nn.standing import Standing, named, of_name
from mintmark.progress import time_is_up, track

__all__ = ["applied", "arrays_of", "device_of", "load_arrays", "one_thread", "seeded", "train"]

Ints = npt.NDArray[np.int64]
Loss = Callable[[Ints, torch.Generator], Tensor]
"""The loss of the rows at these positions; what it draws comes from the generator, of the CPU."""
_LEAST = 2  # rows of a batch: of one alone a batch norm tells nothing


def device_of() -> torch.device:
    """A GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(
    network: nn.Module,
    loss: Loss,
    rows: int,
    rng: np.random.Generator,
    *,
    epochs: int,
    batch: int,
    rate: float,
    label: str,
    watch: float = 0.0,
    patience: int = 10,
) -> Training:
    """Fit a network by Adam, and leave it with the best weights seen.

    Where the loss is not finite, training goes back to the last good epoch and on at half the rate; where
    memory does not suffice, on with half the batch; each with a warning. Inside `checkpoints` a training that
    was killed goes on where it stood.

    Parameters
    ----------
    network : torch.nn.Module
        On its device already; its parameters are changed in place.
    loss : callable
        Of (positions of rows, generator).
    rows : int, >= 1
    rng : numpy.random.Generator
        Orders the rows and seeds what the loss and the network draw.
    epochs, batch : int, >= 1
    rate : float, > 0
        Adam's step at first; it falls to 0 by a cosine over the epochs.
    label : str
        What the person waits for.
    watch : float, 0 to 0.5
        Share of the rows kept apart to tell when to stop; 0 trains all epochs.
    patience : int
        Epochs without a better loss of those rows after which training ends.

    Raises
    ------
    FloatingPointError
        If the loss is not finite after four halvings of the rate either.
    MemoryError
        If memory does not suffice for the smallest batch.
    """
    order = rng.permutation(rows)
    apart, kept = np.split(order, [int(watch * rows)])
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    begun = int(rng.integers(2**62))
    draws = torch.Generator().manual_seed(begun)
    standing = Standing(network, [optimizer], rng, draws, begun, next_training())
    done = Training(label, "epoch", batch, ended="all epochs")
    best: dict[str, Tensor] = {}
    with seeded(rng):  # of dropout and the like
        if held := standing.go_on():
            done.go_on(held["done"])
            best = of_name("best", held)
        for epoch in track(range(1, epochs + 1), label, may_end_early=True):
            if epoch <= len(done.at):
                continue
            falling = 0.5 + 0.5 * math.cos(math.pi * (epoch - 1) / epochs)
            _finite_epoch(network, loss, standing, kept, apart, done, rate * falling)
            figures = done.watched or done.losses["loss"]
            if done.best is None or figures[-1] < figures[done.best - 1]:
                done.best = epoch
                best = {name: value.detach().clone() for name, value in network.state_dict().items()}
            if len(apart) and epoch - done.best >= patience:
                done.ended = "no better"
                break
            if time_is_up():
                done.ended = "out of time"
                break
            if standing.is_due():
                standing.keep({"done": asdict(done), **named("best", best)})
    network.load_state_dict(best)
    network.eval()
    done.tell(batch)
    return done


def _finite_epoch(
    network: nn.Module, loss: Loss, standing: Standing, kept: Ints, apart: Ints, done: Training, rate: float
) -> None:
    """Train for an epoch and note its figures; again at half the rate while these are not finite."""
    (optimizer,) = standing.optimizers
    while True:
        for group in optimizer.param_groups:
            group["lr"] = rate * 0.5**done.halved
        network.train()
        order = standing.rng.permutation(kept)
        figures = [_epoch(network, loss, optimizer, order, done, standing.draws)]
        if len(apart) and math.isfinite(figures[0]):
            figures.append(within_memory(done, _LEAST, _watched, network, loss, apart, done))
        if all(map(math.isfinite, figures)) and standing.is_finite():
            break
        standing.go_back()
        done.halve_rate()
    standing.mark()
    done.add(len(done.at) + 1, {"loss": figures[0]})
    done.watched += figures[1:]


def _epoch(
    network: nn.Module, loss: Loss, optimizer: torch.optim.Optimizer, order: Ints, done: Training,
    draws: torch.Generator,
) -> float:  # fmt: skip
    """Mean loss of the batches, or the first that is not finite."""

    def step(left: Ints) -> tuple[float, int]:
        some = next(_batches(left, done.batch))
        optimizer.zero_grad(set_to_none=True)
        with _mixed(network):
            value = loss(some, draws)
        figure = float(value.detach())
        if math.isfinite(figure):
            value.backward()  # type: ignore[no-untyped-call]  # torch ships it so
            optimizer.step()
        return figure, len(some)

    total, left = 0.0, order
    while len(left):
        figure, taken = within_memory(done, _LEAST, step, left)
        if not math.isfinite(figure):
            return figure
        total, left = total + figure * taken, left[taken:]
    return total / len(order)


def _watched(network: nn.Module, loss: Loss, apart: Ints, done: Training) -> float:
    """The loss of rows kept apart; what it draws is the same after every epoch."""
    network.eval()
    draws = torch.Generator().manual_seed(0)
    with torch.no_grad(), _mixed(network):
        parts = [float(loss(some, draws)) * len(some) for some in _batches(apart, done.batch)]
    return sum(parts) / len(apart)


def _batches(order: Ints, batch: int) -> Iterator[Ints]:
    """Parts of the rows, as even as can be: a last batch of one row would upset batch norms."""
    yield from np.array_split(order, max(1, math.ceil(len(order) / batch)))


def _mixed(network: nn.Module) -> Any:
    """Half precision where a GPU has it."""
    device = next(network.parameters()).device
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.type == "cuda" else nullcontext()


@contextmanager
def seeded(rng: np.random.Generator) -> Iterator[None]:
    """Torch drawing from this generator, on one thread; its own state is as before afterwards."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread of the CPU, so that sums are taken in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def arrays_of(network: nn.Module, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
    """A network's weights and buffers as arrays, named as torch names them."""
    return {f"{prefix}{name}": value.detach().cpu().numpy() for name, value in network.state_dict().items()}


def load_arrays(network: nn.Module, arrays: Mapping[str, Any], prefix: str = "") -> nn.Module:
    """The network with these weights, ready to answer.

    Raises
    ------
    ValueError
        If a weight is absent or of another shape.
    """
    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        given = arrays.get(f"{prefix}{name}")
        if given is None or tuple(np.shape(given)) != tuple(value.shape):
            raise ValueError(f"weight {name} is absent or has another shape than {tuple(value.shape)}")
        state[name] = torch.from_numpy(np.array(given)).to(value.dtype)
    network.load_state_dict(state)
    return network.eval()


def applied(
    function: Callable[..., Tensor], rows: Sequence[Any], device: torch.device, batch: int = 256
) -> npt.NDArray[np.float32]:
    """What a function says of rows, batch by batch, shape (n, ...).

    Parameters
    ----------
    rows : sequence of Tensor or array
        The arguments, of n rows each.
    """
    inputs = [torch.as_tensor(part) for part in rows]
    parts = []
    with torch.no_grad(), one_thread():
        for start in range(0, len(inputs[0]), batch):
            some = [part[start : start + batch].to(device) for part in inputs]
            parts.append(function(*some).float().cpu().numpy())
    return np.concatenate(parts) if parts else np.zeros((0,), dtype=np.float32)
