"""Independent parts of one task on up to four cores: what comes out is the same however many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_threads"]

Part = TypeVar("Part")
Found = TypeVar("Found")
_MOST = 4  # more would wait for the memory, and hold as many parts of a table at once


def in_threads(find: Callable[[Part], Found], parts: Sequence[Part]) -> Iterator[Found]:
    """What is found of each part, in their order."""
    threads = min(_MOST, os.cpu_count() or 1, len(parts))
    if threads < 2:
        yield from map(find, parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(find, parts)
