"""Where a table is large, and how much is done to it then: read from here at each use, so that a test may
call small tables large."""

from __future__ import annotations

__all__ = ["LARGE", "PAIRS"]

LARGE = 200_000
"""Rows of a table above which attacks and models draw some of the rows, and say so."""
PAIRS = 2_000_000_000
"""Persons attacked times rows they are compared with, for each sort of attack on large tables."""
