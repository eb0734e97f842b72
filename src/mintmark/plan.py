"""How the rows of a sample are drawn: in parts, each under one condition and from a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mintmark.data.balance import Cell
from mintmark.data.where import Where

__all__ = ["Part", "Plan"]


@dataclass(frozen=True)
class Part:
    """Rows of a sample that are drawn under one condition, from a seed of their own."""

    n: int
    seed: int
    where: Where | None = None
    told: str = ""  # the condition in words, where it was not the caller who wrote it
    nearly: str = ""  # why its rows do not have the model's law given the condition exactly, if so


@dataclass(frozen=True)
class Plan:
    """How the rows of a sample are drawn: part after part, blocks numbered through.

    Parameters
    ----------
    n, seed : int
    parts : tuple of Part
        Whose rows add up to n.
    cells : tuple of mintmark.data.balance.Cell
        What each part is, where shares were chosen; the rows of the parts are then mixed.
    own : int
        Rows that say how frequent these are in the model.
    """

    n: int
    seed: int
    parts: tuple[Part, ...]
    cells: tuple[Cell, ...] = ()
    own: int = 0

    def blocks(self, size: int) -> int:
        """How many blocks of that size there are."""
        return sum(-(-part.n // size) for part in self.parts)

    def approximate(self) -> dict[str, Any] | None:
        """For provenance: how many rows have their law given a condition only nearly, and why, as the first
        of them says it."""
        nearly = [part for part in self.parts if part.n and part.nearly]
        if not nearly:
            return None
        return {"rows": sum(part.n for part in nearly), "why": nearly[0].nearly}

    def place(self, k: int, size: int) -> tuple[Part, int]:
        """Part of block k, and its number within it."""
        for part in self.parts:
            many = -(-part.n // size)
            if k < many:
                return part, k
            k -= many
        raise IndexError(k)
