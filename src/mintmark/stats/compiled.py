"""Loops compiled by numba, once on a machine, and kept beside their file or in the user's cache folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from numba import njit

__all__ = ["compiled"]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled at its first call; it may run beside other threads."""
    try:
        made = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to keep it in may be written to
        made = njit(nogil=True, error_model="numpy")(function)
    return cast("Callable[..., Any]", made)
