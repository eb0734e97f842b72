"""How the nets of a fit learnt: a picture of each loss, the weights that were kept, and why it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from mintmark.assess.assessment import Assessment
from mintmark.assess.report._figures import count, figure, finite
from mintmark.assess.report._svg import clip, drawing, n, text

__all__ = ["curve", "training"]

Points = list[tuple[float, float]]
_WIDTH, _HEIGHT = 300.0, 160.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 294.0, 10.0, 136.0
_MOST = 240
"""Points of a line: more cannot be told apart at this width."""
_TOTAL = ("loss", "total")
"""Names of the loss that the rows kept apart are asked for as well."""
_ENDED = {
    "all epochs": "it ran to its end",
    "all steps": "it ran to its end",
    "no better": "what was watched got no better",
    "out of time": "its time was up",
    "watched": "what was watched ended it: a collapse",
}


def training(assessment: Assessment) -> dict[str, Any] | None:
    """What the fit warned of, and each training with its pictures; None where there is neither."""
    warned, records = assessment.tables.get("warnings"), assessment.tables.get("training")
    told = [_told(one) for one in _list(records) if isinstance(one, Mapping)]
    warnings, trainings = [str(one) for one in _list(warned)], [one for one in told if one]
    if not (warnings or trainings):
        return None
    return {
        "warnings": warnings,
        "trainings": trainings,
        "apart": any(one["apart"] for one in trainings),
    }


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    """One training; empty where its record holds no figure."""
    unit, losses = str(record.get("unit") or "step"), record.get("losses")
    given = losses.items() if isinstance(losses, Mapping) else ()
    lines = {str(name): points for name, v in given if (points := _points(record.get("at"), v))}
    watched = _points(record.get("watched_at", record.get("at")), record.get("watched"))
    if not (lines or watched):
        return {}
    last = max(points[-1][0] for points in (*lines.values(), watched) if points)
    best = _best(record, last)
    beside = _beside(record, lines, watched)
    pairs = {name: (points, watched if name == beside else []) for name, points in lines.items()}
    if watched and beside is None:
        pairs["watched"] = watched, []
    charts = [(name.replace("_", " "), *both) for name, both in pairs.items()]
    return {
        "label": str(record.get("label") or "training"),
        "facts": _facts(record, unit, last, best),
        "charts": [(name, curve(name, points, apart, best, unit)) for name, points, apart in charts],
        "apart": beside is not None,
    }


def _beside(record: Mapping[str, Any], lines: Mapping[str, Points], watched: Points) -> str | None:
    """The loss that rows kept apart were asked for as well; None where nothing or another was watched."""
    if "watched_at" in record or not watched:
        return None
    total = next((name for name in lines if name in _TOTAL), None)
    return next(iter(lines)) if len(lines) == 1 else total


def _best(record: Mapping[str, Any], last: float) -> float | None:
    """The epoch or step whose weights were kept."""
    place = record.get("best")
    return float(place) if type(place) is int and 0 <= place <= last else None


def _facts(record: Mapping[str, Any], unit: str, last: float, best: float | None) -> list[tuple[str, str]]:
    found = [(f"{unit.capitalize()}s", count(last))]
    if best is not None:
        found.append(("Weights kept", f"{unit} {count(best)}"))
    ended = str(record.get("ended") or "")
    if ended:
        found.append(("Ended because", _ENDED.get(ended, ended)))
    if finite(record.get("halved")):
        times = "once" if record["halved"] == 1 else f"{count(record['halved'])} times"
        found.append(("Rate halved", f"{times}, since figures were not finite"))
    if finite(record.get("batch")):
        found.append(("Rows of a step", count(record["batch"])))
    return found


def curve(name: str, points: Points, beside: Points, best: float | None, unit: str) -> Markup:
    """One loss over the training as a line, the same of rows kept apart dashed, the kept weights marked.

    Parameters
    ----------
    points, beside : list of (place, figure)
        `beside` may be empty.
    best : float, optional
        The place of the weights that were kept.
    unit : str
        "epoch" or "step".
    """
    every = points + beside
    low, high = min(y for _, y in every), max(y for _, y in every)
    first, last = min(x for x, _ in every), max(x for x, _ in every)
    high = high if high > low else low + (abs(low) or 1.0)
    last = last if last > first else first + 1

    def spot(x: float, y: float) -> str:
        across, up = (x - first) / (last - first), (y - low) / (high - low)
        return f"{n(_LEFT + across * (_RIGHT - _LEFT))} {n(_BOTTOM - up * (_BOTTOM - _TOP))}"

    parts = [f'<path class="axis" d="M{n(_LEFT)} {n(_TOP)}V{n(_BOTTOM)}H{n(_RIGHT)}"/>']
    parts += [text(_LEFT - 5, y + 4, figure(v), anchor="end", style="quiet") for y, v in
              ((_TOP, high), (_BOTTOM, low))]  # fmt: skip
    parts += [
        text(_LEFT, _BOTTOM + 16, f"{unit} {count(first)}", style="quiet"),
        text(_RIGHT, _BOTTOM + 16, count(last), anchor="end", style="quiet"),
    ]
    for style, line in (("trtr", beside), ("tstr", points)):
        if line:
            parts.append(f'<path class="{style}" d="M{"L".join(spot(*one) for one in _thinned(line))}"/>')
    desc = f"From {figure(points[0][1])} to {figure(points[-1][1])}."
    if best is not None:
        at = _LEFT + (best - first) / (last - first) * (_RIGHT - _LEFT)
        end = "end" if at > (_LEFT + _RIGHT) / 2 else "start"
        parts.append(f'<path class="chance" d="M{n(at)} {n(_TOP)}V{n(_BOTTOM)}"/>')
        parts.append(text(at - 5 if end == "end" else at + 5, _TOP + 8, "kept", anchor=end, style="quiet"))
        desc += f" The weights of {unit} {count(best)} were kept."
    return drawing(_WIDTH, _HEIGHT, parts, title=clip(f"Training, {name}", 60), desc=desc, style="chart")


def _points(at: object, values: object) -> Points:
    """Places and figures, without those that are no number; numbered from 1 where the places do not fit."""
    figures, places = [finite(v) for v in _list(values)], [finite(v) for v in _list(at)]
    if len(places) != len(figures) or None in places:
        places = [float(place) for place in range(1, len(figures) + 1)]
    return [(x, y) for x, y in zip(places, figures, strict=True) if x is not None and y is not None]


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    if len(points) <= _MOST:
        return points
    return [points[round(i * (len(points) - 1) / (_MOST - 1))] for i in range(_MOST)]


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
