"""The utility curve: true against false positives of models trained on synthetic and on real rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from mintmark.assess.report._figures import finite, percent
from mintmark.assess.report._svg import drawing, n, text

__all__ = ["roc"]

_LEFT, _TOP, _SIDE = 40.0, 10.0, 280.0


def roc(curve: Mapping[str, Any]) -> Markup:
    """Both curves in one square; empty where neither is there."""
    x = [finite(value) for value in curve.get("fpr") or ()]
    lines = {key: [finite(value) for value in curve.get(key) or ()] for key in ("trtr", "tstr")}
    lines = {key: values for key, values in lines.items() if values and len(values) == len(x)}
    if not lines:
        return Markup("")
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    parts = [
        f'<rect class="ground" x="{n(_LEFT)}" y="{n(_TOP)}" width="{n(_SIDE)}" height="{n(_SIDE)}"/>',
        f'<path class="chance" d="M{n(_LEFT)} {n(bottom)}L{n(right)} {n(_TOP)}"/>',
        text(_LEFT + 0.62 * _SIDE, _TOP + 0.48 * _SIDE, "guessing", style="quiet"),
    ]
    parts += [f'<path class="{key}" d="{_path(x, values)}"/>' for key, values in lines.items()]
    for share in (0.0, 0.5, 1.0):
        parts.append(
            text(
                _LEFT + share * _SIDE,
                bottom + 15,
                f"{100 * share:.0f}\u00a0%",
                anchor="middle",
                style="quiet",
            )
        )
        parts.append(
            text(
                _LEFT - 5,
                bottom - share * _SIDE + 4,
                f"{100 * share:.0f}\u00a0%",
                anchor="end",
                style="quiet",
            )
        )
    at = {key: _height(x, values, 0.1) for key, values in lines.items()}
    said = {"tstr": "trained on synthetic", "trtr": "trained on real"}
    desc = "At 10 % false alarms: " + ", ".join(f"{said[key]} finds {percent(v)}" for key, v in at.items())
    return drawing(
        right + 18, bottom + 22, parts, title="Utility curve", desc=desc + ".", style="chart curve"
    )


def _path(x: Sequence[float | None], y: Sequence[float | None]) -> str:
    points = [
        f"{n(_LEFT + a * _SIDE)} {n(_TOP + (1 - b) * _SIDE)}"
        for a, b in zip(x, y, strict=True)
        if a is not None and b is not None
    ]
    return "M" + "L".join(points)


def _height(x: Sequence[float | None], y: Sequence[float | None], at: float) -> float:
    return max(
        (b for a, b in zip(x, y, strict=True) if a is not None and b is not None and a <= at), default=0.0
    )
