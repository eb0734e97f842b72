"""What a piece of work costs this machine: CPU seconds of all threads and children, peak memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["joined", "measured"]

T = TypeVar("T")


def measured(work: Callable[[], T]) -> tuple[T, dict[str, Any]]:
    """What the work returns, and its ``cpu_seconds`` and ``peak_memory_bytes``.

    The peak is the whole process's, its tables included. Where the system cannot forget an earlier
    peak, and that one was higher, it is left out.
    """
    forgotten = _forget_peak()
    begun, before = _cpu_seconds(), _peak_bytes()
    value = work()
    cost: dict[str, Any] = {"cpu_seconds": round(_cpu_seconds() - begun, 3)}
    peak = _peak_bytes()
    if forgotten or peak > before:
        cost["peak_memory_bytes"] = peak
    return value, cost


def joined(*costs: Mapping[str, Any]) -> dict[str, Any]:
    """The cost of several pieces of work, one after the other."""
    found: dict[str, Any] = {}
    for key, gathered in (("cpu_seconds", sum), ("peak_memory_bytes", max)):
        if all(key in cost for cost in costs):
            found[key] = gathered(cost[key] for cost in costs)
    return found


def _cpu_seconds() -> float:
    try:
        import resource
    except ImportError:  # no Unix
        return time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak_bytes() -> int:
    try:
        import resource
    except ImportError:
        return 0
    import sys

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _forget_peak() -> bool:
    """Set the kernel's mark of this process's highest memory back to what it holds now (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True
