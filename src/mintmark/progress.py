"""Tracked loops: progress, a time limit, cancelling and warnings, shown wherever the caller decides.

A method writes ``for column in track(columns, "fitting trees")``; by default that shows nothing.
The command line puts a bar behind it with `shown_by`, and `fit(max_minutes=...)` a deadline.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from mintmark.errors import CancelledError, OutOfTimeError

__all__ = [
    "cancelled_by", "kept_warnings", "seconds_left", "shown_by", "stop_if_asked", "time_is_up", "time_limit",
    "track", "warn",
]  # fmt: skip

T = TypeVar("T")
Show = Callable[[str, int, int | None], None]
"""Called as ``show(label, done, total)`` before the first item and after each."""

_show: ContextVar[Show | None] = ContextVar("show", default=None)
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
_stop: ContextVar[Callable[[], bool] | None] = ContextVar("stop", default=None)
_warned: ContextVar[list[str] | None] = ContextVar("warned", default=None)


def track(
    items: Iterable[T], label: str, *, total: int | None = None, may_end_early: bool = False
) -> Iterator[T]:
    """Yield the items while reporting how many are done.

    Parameters
    ----------
    items : iterable
    label : str
        What the person waits for, e.g. ``"fitting trees"``.
    total : int, optional
        Number of items where `items` cannot tell.
    may_end_early : bool
        True where the caller asks `time_is_up` itself and ends with what it has.

    Raises
    ------
    CancelledError
        If the caller asked to stop.
    OutOfTimeError
        If the time limit passed and the loop cannot end early.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    show = _show.get()
    if show:
        show(label, 0, total)
    for done, item in enumerate(items, start=1):
        stop_if_asked(f"{label}: cancelled after {done - 1} of {total or '?'} steps.")
        if not may_end_early and time_is_up():
            raise OutOfTimeError(
                f"{label}: max_minutes passed after {done - 1} of {total or '?'} steps. "
                "Allow more minutes, or give fewer rows or columns."
            )
        yield item
        if show:
            show(label, done, total)


def stop_if_asked(message: str = "cancelled.") -> None:
    """Raise `CancelledError` if the caller of `cancelled_by` asked to stop; for loops of unknown length."""
    stop = _stop.get()
    if stop and stop():
        raise CancelledError(message)


def time_is_up() -> bool:
    """Whether the limit set by `time_limit` has passed (False where none is set)."""
    deadline = _deadline.get()
    return deadline is not None and time.monotonic() >= deadline


def seconds_left() -> float | None:
    """Seconds until the limit set by `time_limit`, at least 0 (None where none is set)."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline - time.monotonic())


@contextmanager
def time_limit(minutes: float | None, used: float = 0.0) -> Iterator[None]:
    """Give the loops inside `minutes` (> 0), of which `used` seconds are gone; None sets no limit."""
    token = _deadline.set(None if minutes is None else time.monotonic() + 60 * minutes - used)
    try:
        yield
    finally:
        _deadline.reset(token)


def warn(message: str, *, stacklevel: int = 1) -> None:
    """`warnings.warn`, and the message kept where `kept_warnings` asked for it, shown or not."""
    warned = _warned.get()
    if warned is not None:
        warned.append(message)
    warnings.warn(message, stacklevel=stacklevel + 1)


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """The messages that `warn` is given inside; a filter of Python's decides what is shown and not what is
    kept."""
    found: list[str] = []
    token = _warned.set(found)
    try:
        yield found
    finally:
        _warned.reset(token)


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Report the loops inside to ``show(label, done, total)``."""
    token = _show.set(show)
    try:
        yield
    finally:
        _show.reset(token)


@contextmanager
def cancelled_by(stop: Callable[[], bool]) -> Iterator[None]:
    """End the loops inside with `CancelledError` once ``stop()`` is true."""
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)
