"""What a net needs before it learns: torch, and rows enough."""

from __future__ import annotations

from mintmark.progress import warn

__all__ = ["need_torch", "warn_of_few"]

_FEW = 200


def need_torch() -> None:
    """Raise the one line that says what to install where torch is absent."""
    import mintmark.nn  # noqa: F401


def warn_of_few(rows: int) -> None:
    """Say where there are too few rows for a net, and what to take instead."""
    if rows < _FEW:
        warn(
            f"{rows} rows are few for a net: below {_FEW} it learns little but each column by itself. "
            "Take gaussian_copula or sequential_trees, or add rows.",
            stacklevel=4,
        )
