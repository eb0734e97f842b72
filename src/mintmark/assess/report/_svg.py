"""Hand-made SVG: escaped, labelled for screen readers, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

__all__ = ["clip", "drawing", "n", "rect", "text", "ticks"]


def n(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "0", value > -0.005 and value <= 0)


def clip(label: object, most: int) -> str:
    """The label, cut with an ellipsis where it is longer than `most` characters."""
    words = " ".join(str(label).split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def text(x: float, y: float, label: object, *, anchor: str = "start", style: str = "") -> str:
    """One line of text."""
    end = f' text-anchor="{anchor}"' if anchor != "start" else ""
    kind = f' class="{style}"' if style else ""
    return f'<text x="{n(x)}" y="{n(y)}"{end}{kind}>{escape(label)}</text>'


def rect(x: float, y: float, width: float, height: float, style: str, *, round_: float = 0) -> str:
    """One rectangle."""
    corner = f' rx="{n(round_)}"' if round_ else ""
    return (
        f'<rect class="{style}" x="{n(x)}" y="{n(y)}" width="{n(max(width, 0))}" '
        f'height="{n(max(height, 0))}"{corner}/>'
    )


def drawing(
    width: float, height: float, parts: Sequence[str], *, title: str, desc: str, style: str
) -> Markup:
    """A whole picture with what it shows said in words."""
    return Markup(
        f'<svg class="{style}" viewBox="0 0 {n(width)} {n(height)}" role="img" '
        f'aria-label="{escape(title)}. {escape(desc)}"><title>{escape(title)}</title>'
        f"<desc>{escape(desc)}</desc>{''.join(parts)}</svg>"
    )


def ticks(labels: Sequence[str], most: int) -> list[int]:
    """Which of the labels to print so that at most `most` stand on a line: ends first."""
    if len(labels) <= most:
        return list(range(len(labels)))
    return [round(i * (len(labels) - 1) / (most - 1)) for i in range(most)]
