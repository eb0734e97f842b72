"""Where a table is large, and how much is done to it then: read from here at each use, so that a test may
call small tables large."""

from __future__ import annotations

import ctypes
import os

import pyarrow as pa

__all__ = ["LARGE", "PAIRS", "give_back"]

LARGE = 200_000
"""Rows of a table above which attacks and models draw some of the rows, and say so."""
PAIRS = 2_000_000_000
"""Persons attacked times rows they are compared with, for each sort of attack on large tables."""


def give_back() -> None:
    """Return freed memory to the system, which takes it for used: after large arrays that is half of it."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:  # glibc alone keeps what was freed between pieces still in use
        trim(0)
