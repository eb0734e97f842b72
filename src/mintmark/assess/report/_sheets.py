"""Sheets of pictures: one PNG each, with its words around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from mintmark.assess.report._figures import figure
from mintmark.assess.report._svg import clip, drawing, n, text

__all__ = ["sheets"]

_CELL, _MARGIN = 42.0, 66.0
_PNG = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def sheets(images: object) -> list[dict[str, Any]]:
    """For each column of pictures its grids by class and its sheet of nearest neighbours, ready to print."""
    given = [one for one in images if isinstance(one, Mapping)] if isinstance(images, list) else []
    return [_column(one) for one in given]


def _column(one: Mapping[str, Any]) -> dict[str, Any]:
    labels, across = [str(label) for label in one.get("labels") or ()], int(one.get("across") or 1)
    pairs = one.get("pairs") if isinstance(one.get("pairs"), Mapping) else {}
    assert isinstance(pairs, Mapping)
    name = str(one.get("column") or "")
    said = "by class" if any(labels) else "as they come"
    return {
        "column": name,
        "grids": [
            (
                which.capitalize(),
                _grid(f"{which.capitalize()} pictures {said}", one.get(which), labels, across),
            )
            for which in ("real", "synthetic")
        ],
        "copies": sum(map(bool, pairs.get("copies") or ())),
        "pairs": _pairs(pairs) if pairs else "",
    }


def _grid(title: str, png: object, labels: list[str], across: int) -> Markup:
    edge = _MARGIN if any(labels) else 0.0
    parts = [_png(png, edge, 0, across, len(labels))]
    parts += [
        text(edge - 8, (row + 0.5) * _CELL + 4, clip(label, 9), anchor="end")
        for row, label in enumerate(labels)
        if label
    ]
    desc = f"{len(labels)} rows of {across}."
    return drawing(edge + across * _CELL, len(labels) * _CELL, parts, title=title, desc=desc, style="sheet")


def _pairs(pairs: Mapping[str, Any]) -> Markup:
    """Synthetic pictures above, the nearest of train beneath, how far apart under them."""
    distances, copies = pairs.get("distances") or [], pairs.get("copies") or []
    parts = [_png(pairs.get("picture"), _MARGIN, 0, len(distances), 2)]
    for row, word in enumerate(("synthetic", "train")):
        parts.append(text(_MARGIN - 8, (row + 0.5) * _CELL + 4, word, anchor="end"))
    for i, distance in enumerate(distances):
        style = "order" if i < len(copies) and copies[i] else ""
        parts.append(
            text(_MARGIN + (i + 0.5) * _CELL, 2 * _CELL + 14, figure(distance), anchor="middle", style=style)
        )
    desc = "Each synthetic picture above its nearest training picture."
    return drawing(
        _MARGIN + len(distances) * _CELL, 2 * _CELL + 20, parts, title="Nearest training pictures", desc=desc,
        style="sheet",
    )  # fmt: skip


def _png(png: object, x: float, y: float, across: int, down: int) -> str:
    """The picture; nothing where the record holds no base64, which could close the mark-up."""
    if not isinstance(png, str) or not _PNG.fullmatch(png):
        return ""
    return (
        f'<image x="{n(x)}" y="{n(y)}" width="{n(across * _CELL)}" height="{n(down * _CELL)}" '
        f'href="data:image/png;base64,{png}"/>'
    )
