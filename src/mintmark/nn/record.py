"""What a training leaves to be told: its curve, why it ended, and what had to be mended on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar

import torch

from mintmark.errors import InputError
from mintmark.progress import warn

__all__ = ["HALVINGS", "Training", "failures_told", "within_memory"]

T = TypeVar("T")
HALVINGS = 4
"""How often the rate is halved before a training is given up."""


@dataclass
class Training:
    """How a training went.

    Parameters
    ----------
    label : str
        What the person waited for.
    unit : "epoch" or "step"
        What `at`, `watched_at` and `best` count.
    batch : int
        Rows of a batch, at the end.
    at : list of int
        Epochs or steps that were done when the losses were taken.
    losses : dict of lists of float
        By name, the mean of each since the one before.
    watched : list of float
        What told when to stop or which weights were best, lower being better; empty where nothing did.
    watched_at : list of int, optional
        When it was taken, where that is not `at`.
    best : int, optional
        Whose weights the network holds; None where these are the last ones.
    ended : str
        "all epochs", "all steps", "no better", "out of time" or "watched".
    halved : int
        How often figures were not finite, and training went back and on at half the rate.
    """

    label: str
    unit: Literal["epoch", "step"]
    batch: int
    at: list[int] = field(default_factory=list)
    losses: dict[str, list[float]] = field(default_factory=dict)
    watched: list[float] = field(default_factory=list)
    watched_at: list[int] | None = None
    best: int | None = None
    ended: str = ""
    halved: int = 0

    def add(self, at: int, figures: dict[str, float]) -> None:
        """Note the figures that were had by then."""
        self.at.append(at)
        for name, figure in figures.items():
            self.losses.setdefault(name, []).append(figure)

    def watch(self, at: list[int], watched: list[float]) -> None:
        """Note what was watched, and whose weights were best by it and are kept."""
        self.watched, self.watched_at = watched, None if at == self.at else at
        self.best = at[watched.index(min(watched))]

    def go_on(self, told: dict[str, Any]) -> None:
        """Take up what was kept of this training before it was killed."""
        vars(self).update(told)

    def record(self) -> dict[str, Any]:
        """As JSON values, for what was learnt."""
        told = asdict(self)
        if self.watched_at is None:
            del told["watched_at"]
        return told

    def halve_rate(self) -> None:
        """Count one more going back, or raise where there were too many."""
        self.halved += 1
        if self.halved > HALVINGS:
            raise FloatingPointError("the loss is not finite any more, at a sixteenth of the rate either.")

    def tell(self, asked: int) -> None:
        """Warn once of what was mended, given the batch that was asked for."""
        if self.halved:
            times = "once" if self.halved == 1 else f"{self.halved} times"
            warn(
                f"{self.label}: the loss was not finite {times}; training went back to the last good "
                f"{'epoch' if self.unit == 'epoch' else 'round'} and on at half the rate, "
                f"{0.5**self.halved:g} of it in the end. Look at the curve of the losses.",
                stacklevel=4,
            )
        if self.batch < asked:
            warn(
                f"{self.label}: memory did not suffice for batches of {asked:,}; training went on with "
                f"batches of {self.batch:,}.",
                stacklevel=4,
            )


def within_memory(done: Training, least: int, work: Callable[..., T], *given: Any) -> T:
    """What the work gives; done again with half the batch wherever memory does not suffice.

    Parameters
    ----------
    done : Training
        Of whose batch the work is; halved here.
    least : int
        Rows of the smallest batch; others are multiples of it.

    Raises
    ------
    MemoryError
        If it does not suffice for the smallest batch either.
    """
    while True:
        try:
            return work(*given)
        except RuntimeError as error:
            if not _wants_memory(error):
                raise
        # out of the handler: the error held on to the tensors of the step
        if done.batch <= least:
            raise MemoryError(f"there is not enough memory for a batch of {done.batch:,} either.")
        done.batch = max(least, done.batch // 2 // least * least)


def _wants_memory(error: RuntimeError) -> bool:
    """Whether a GPU's memory was too small, or the machine's: of that torch tells by its text alone."""
    texts = ("not enough memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in texts)


@contextmanager
def failures_told(method: str, diverged: str, smaller: str) -> Iterator[None]:
    """Turn a training that could not go on into an `InputError` of one line.

    Parameters
    ----------
    method : str
    diverged, smaller : str
        The remedy where figures are not finite, and where memory does not suffice.
    """
    try:
        yield
    except FloatingPointError as error:
        raise InputError(f"{method}: {error} {diverged}") from None
    except MemoryError as error:
        raise InputError(f"{method}: {error} {smaller}") from None
