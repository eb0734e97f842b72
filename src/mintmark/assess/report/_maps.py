"""Heat maps: association matrices and densities, one path a shade so that a map stays small."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from mintmark.assess.report._figures import figure, finite
from mintmark.assess.report._svg import clip, drawing, n, text

__all__ = ["LEVELS", "density", "grid", "largest", "matrix"]

LEVELS = 9
"""Shades of a map, from class ``s1`` to ``s9``; nothing is drawn for shade 0."""

Grid = list[list[float | None]]


def grid(values: object) -> Grid:
    """Rows of numbers from JSON, None for what is no number."""
    rows = values if isinstance(values, (list, tuple)) else []
    return [[finite(value) for value in row] for row in rows if isinstance(row, (list, tuple))]


def _shades(values: Grid, most: float, cell: float, x0: float, y0: float, *, root: bool = False) -> list[str]:
    """Cells grouped by sign and shade; negative ones also carry a slanted stroke."""
    paths: dict[str, list[str]] = {}
    strokes = []
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            if value is None:
                continue
            size = min(abs(value) / most, 1.0) if most > 0 else 0.0
            shade = round((size**0.5 if root else size) * LEVELS)
            if not shade:
                continue
            at = f"M{n(x0 + j * cell)} {n(y0 + i * cell)}"
            paths.setdefault(f"{'neg' if value < 0 else 'pos'} s{shade}", []).append(
                f"{at}h{n(cell)}v{n(cell)}h-{n(cell)}z"
            )
            if value < 0:
                strokes.append(
                    f"M{n(x0 + (j + 0.3) * cell)} {n(y0 + (i + 0.7) * cell)}l{n(0.4 * cell)} -{n(0.4 * cell)}"
                )
    parts = [f'<path class="{style}" d="{"".join(cells)}"/>' for style, cells in sorted(paths.items())]
    return parts + ([f'<path class="slant" d="{"".join(strokes)}"/>'] if strokes else [])


def matrix(title: str, names: Sequence[str], values: Grid, *, most: float, desc: str) -> Markup:
    """A square matrix, rows named, columns numbered."""
    side, left, top = 216.0, 112.0, 16.0
    count = max(len(names), 1)
    cell = side / count
    size = min(10.5, max(cell * 0.86, 6.0))
    every = max(1, round(12 / cell))
    parts = [f'<rect class="ground" x="{n(left)}" y="{n(top)}" width="{n(side)}" height="{n(side)}"/>']
    parts += _shades(values, most, cell, left, top)
    rows = []
    for i, name in enumerate(names):
        y = top + (i + 0.5) * cell + size * 0.35
        rows.append(text(left - 23, y, clip(name, 15), anchor="end"))
        rows.append(text(left - 5, y, i + 1, anchor="end", style="order"))
    parts.append(f'<g font-size="{n(size)}">{"".join(rows)}</g>')
    numbers = [
        text(left + (i + 0.5) * cell, top - 5, i + 1, anchor="middle")
        for i in range(len(names))
        if i % every == 0
    ]
    parts.append(f'<g font-size="9" class="quiet">{"".join(numbers)}</g>')
    return drawing(left + side + 2, top + side + 2, parts, title=title, desc=desc, style="chart map")


def density(title: str, values: Grid, *, most: float, desc: str) -> Markup:
    """A two-dimensional histogram, second axis upwards; darker is denser."""
    height, width = max(len(values), 1), max((len(row) for row in values), default=1)
    cell = 288.0 / max(width, height)
    flipped = values[::-1]
    frame = f'<rect class="ground" x="1" y="1" width="{n(cell * width)}" height="{n(cell * height)}"/>'
    parts = [frame, *_shades(flipped, most, cell, 1, 1, root=True)]
    return drawing(cell * width + 2, cell * height + 2, parts, title=title, desc=desc, style="chart map")


def largest(names: Sequence[str], train: Grid, synthetic: Grid, most: int = 5) -> list[tuple[str, ...]]:
    """The pairs whose association differs most: names, figure in train, in synthetic, difference."""
    found = []
    for i, (a, b) in enumerate(zip(train, synthetic, strict=False)):
        for j, (x, y) in enumerate(zip(a, b, strict=False)):
            if j < i < len(names) and x is not None and y is not None:
                found.append((abs(y - x), names[j], names[i], x, y))
    found.sort(key=lambda pair: -pair[0])
    return [(a, b, figure(x), figure(y), figure(y - x)) for _, a, b, x, y in found[:most]]
