"""The critical-difference diagram: mean ranks on a line, a bar under those that do not differ.

Demšar (2006), JMLR 7, figure 1; which pairs differ is the post-hoc test's word, so that there is no one
critical distance to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from mintmark.assess.report._figures import figure
from mintmark.assess.report._svg import clip, drawing, n, text

__all__ = ["alike", "difference_diagram"]

_LEFT, _RIGHT, _WIDTH = 165.0, 395.0, 560.0
_AXIS, _BARS, _ROW = 26.0, 14.0, 21.0


def alike(order: Sequence[str], differ: Callable[[str, str], bool]) -> list[tuple[int, int]]:
    """Longest stretches (first, last) of the order in which no pair differs, two or more each."""
    found: list[tuple[int, int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and not any(
            differ(order[i], order[last + 1]) for i in range(first, last + 1)
        ):
            last += 1
        if last > first and not (found and found[-1][1] >= last):
            found.append((first, last))
    return found


def difference_diagram(ranks: dict[str, float], differ: Callable[[str, str], bool]) -> Markup:
    """Mean ranks of the synthesizers, the best at the left.

    Parameters
    ----------
    ranks : dict of synthesizer to float
        Lower is better.
    differ : callable
        Whether a pair of them was found to differ.
    """
    order = sorted(ranks, key=lambda name: ranks[name])
    low, high = ranks[order[0]], ranks[order[-1]]
    apart = (high - low) or 1.0

    def x(rank: float) -> float:
        return _LEFT + (rank - low) / apart * (_RIGHT - _LEFT)

    bars = alike(order, differ)
    names = _AXIS + 12 + _BARS * max(len(bars), 1)
    parts = [
        text(_LEFT - 10, _AXIS + 4, "better", anchor="end", style="quiet"),
        text(_RIGHT + 10, _AXIS + 4, "worse", style="quiet"),
        f'<path class="rankline" d="M{n(_LEFT)} {n(_AXIS)}H{n(_RIGHT)}"/>',
    ]
    for at, end in ((_LEFT, low), (_RIGHT, high)):
        parts.append(f'<path class="rankline" d="M{n(at)} {n(_AXIS - 5)}v10"/>')
        parts.append(text(at, _AXIS - 10, figure(end), anchor="middle"))
    for i, (first, last) in enumerate(bars):
        y = _AXIS + 12 + _BARS * i
        a, b = x(ranks[order[first]]) - 4, x(ranks[order[last]]) + 4
        parts.append(f'<path class="same" d="M{n(a)} {n(y)}H{n(b)}"/>')
    half = (len(order) + 1) // 2
    for i, name in enumerate(order):
        left = i < half
        y = names + _ROW * ((i if left else len(order) - 1 - i) + 1)
        at, end = x(ranks[name]), (_LEFT - 12 if left else _RIGHT + 12)
        parts.append(f'<path class="leader" d="M{n(at)} {n(_AXIS)}V{n(y)}H{n(end)}"/>')
        parts.append(f'<circle class="dot" cx="{n(at)}" cy="{n(_AXIS)}" r="4"/>')
        label, side = clip(name, 22), "end" if left else "start"
        parts.append(text(end + (-5 if left else 5), y + 4, label, anchor=side, style="name"))
    said = "; ".join(f"{name} {figure(ranks[name])}" for name in order)
    same = [" and ".join((order[a], order[b])) for a, b in bars]
    desc = f"Mean aligned ranks, best first: {said}. "
    desc += f"Not told apart: from {', from '.join(same)}." if same else "Every pair differs."
    height = names + _ROW * half + 12
    return drawing(_WIDTH, height, parts, title="Critical-difference diagram", desc=desc, style="chart ranks")
