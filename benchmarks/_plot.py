"""A log-log plot as SVG, without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 640, 420, 70, 50, 36, 40
_COLORS = ("#0b6e4f", "#c8553d", "#33658a")


def log_log(lines: Mapping[str, Mapping[int, float]], across: str, up: str, *, guide: float) -> str:
    """Lines through points, and a dashed one of slope `guide` from the start of each."""
    xs = [x for points in lines.values() for x in points]
    ys = [y for points in lines.values() for y in points.values()]
    low = (math.floor(math.log10(min(xs))), math.floor(math.log10(min(ys))))
    high = (math.ceil(math.log10(max(xs))), math.ceil(math.log10(max(ys))))

    def at(x: float, y: float) -> tuple[float, float]:
        wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return (
            _LEFT + wide * (math.log10(x) - low[0]) / (high[0] - low[0]),
            _HEIGHT - _BOTTOM - tall * (math.log10(y) - low[1]) / (high[1] - low[1]),
        )

    drawn = [
        _line([at(10**e, 10 ** low[1]), at(10**e, 10 ** high[1])], "#ddd") for e in _between(low, high, 0)
    ]
    drawn += [
        _line([at(10 ** low[0], 10**e), at(10 ** high[0], 10**e)], "#ddd") for e in _between(low, high, 1)
    ]
    for e in _between(low, high, 0):
        drawn.append(_text(f"{10**e:,}", at(10**e, 10 ** low[1])[0], _HEIGHT - _BOTTOM + 18, "middle"))
    for e in _between(low, high, 1):
        drawn.append(_text(f"{10.0**e:g}", _LEFT - 8, at(10 ** low[0], 10**e)[1] + 4, "end"))
    drawn.append(_text(across, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, "middle"))
    drawn.append(_text(up, 12, 16, "start"))
    for k, (name, points) in enumerate(lines.items()):
        color, (x, y) = _COLORS[k % len(_COLORS)], next(iter(points.items()))
        end = min(max(points), x * (10 ** high[1] / y) ** (1 / guide))  # within the frame
        drawn.append(_line([at(x, y), at(end, y * (end / x) ** guide)], color, 'stroke-dasharray="4 4"'))
        drawn.append(_line([at(*point) for point in points.items()], color, 'stroke-width="2.5"'))
        drawn += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{color}"/>' for a, b in
                  (at(*point) for point in points.items())]  # fmt: skip
        drawn.append(_text(name, _LEFT + 16, _TOP + 20 * (k + 1), "start", color))
    drawn.append(
        _text(f"dashed: rows to the power of {guide:g}", _LEFT + 16, _TOP + 20 * (len(lines) + 1), "start")
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _between(low: tuple[int, int], high: tuple[int, int], axis: int) -> range:
    return range(low[axis], high[axis] + 1)


def _line(points: list[tuple[float, float]], color: str, style: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" {style}/>'


def _text(words: str, x: float, y: float, anchor: str, color: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{escape(words)}</text>'
