"""The words for one score."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Words"]


@dataclass(frozen=True)
class Words:
    """``says`` is filled with {v} figure, {p} per cent and {c} the ceiling's per cent, {cv} its figure."""

    title: str
    says: str
    ceiling: str = "fresh real rows"
    best: str = ""
    floor: str = ""
