"""Formulas that read what other formulas make: no circle among them, and an order to make them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mintmark.data.formula import Formula

__all__ = ["leads_to", "ordered"]


def leads_to(text: str, name: str, made: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether what the formula reads is itself made of the column, straight or through others."""
    return any(
        source == name or (source in made and leads_to(made[source]["formula"], name, made))
        for source in Formula(text).names
    )


def ordered(made: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each record before those that make what it reads, as they are made again from the last on."""
    order: list[dict[str, Any]] = []
    waiting = dict(made)
    while waiting:
        read = {name for record in waiting.values() for name in Formula(record["formula"]).names}
        order += [waiting.pop(name) for name in list(waiting) if name not in read]
    return order
