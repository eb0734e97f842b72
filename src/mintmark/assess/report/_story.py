"""What the page tells, in order, taken from an Assessment; pictures included, nothing computed anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from mintmark.assess.assessment import Assessment
from mintmark.assess.report import _curves, _histograms, _maps
from mintmark.assess.report._figures import between, count, figure, finite, percent
from mintmark.assess.report._gauge import gauge
from mintmark.assess.report._words import FAMILIES, sentence, title
from mintmark.data.balance import law_in_words
from mintmark.metric import Score

__all__ = [
    "associations",
    "cleaned",
    "columns",
    "facts",
    "families",
    "nearest",
    "projection",
    "rejected",
    "ruled",
    "utility",
]

_REASONS = {
    "in_schema": "a value outside the schema",
    "where": "outside the condition asked for",
    "purity": "most of its real neighbours are of other classes",
    "ipf": "most of the filter's trees take it to be of another class",
}


def facts(assessment: Assessment) -> dict[str, str]:
    """Name and value of what the page is about."""
    rows = _mapping(assessment.tables.get("rows"))
    made = assessment.provenance
    method = str(made.get("method") or "")
    found = {
        "Synthetic rows": count(rows.get("synthetic")),
        "Training rows": count(rows.get("train")),
        "Held-out rows": count(rows.get("holdout")) if rows.get("holdout") else "none",
        "Nature": str(made.get("nature") or "not stated"),
        "Method": method.replace("_", " ") or "not stated",
        "Target": str(assessment.tables.get("target") or "none"),
        "Assessed": "not counted"
        if assessment.repeated is None
        else f"no. {assessment.repeated} of this data",
    }
    law = law_in_words(made)
    found |= {"Law": "; ".join(law)} if law else {}
    return {name: value for name, value in found.items() if rows or not name.endswith("rows")}


HEADLINE = (
    "column_shapes", "pair_trends", "two_sample", "rules", "tstr", "tstr.gap", "copies.exact",
    "unique_values", "membership.auc", "real_identifiers",
)  # fmt: skip
"""Scores that are shown open, besides those that the policy has a rule for; the others are folded."""


def families(assessment: Assessment, asked: Collection[str] = ()) -> list[dict[str, Any]]:
    """The three families in order, each with its scores, ready to print: open ones, then folded ones.

    Parameters
    ----------
    assessment : Assessment
    asked : collection of str
        Scores that a rule bears on.
    """
    told = []
    for family in FAMILIES:
        mine = [score for score in assessment.scores if score.family == family.key]
        head = [score for score in mine if score.metric in HEADLINE or score.metric in asked] or mine
        folded = [score for score in mine if score not in head]
        told.append(
            {
                "key": family.key,
                "title": family.title,
                "question": family.question,
                "scores": [_score(score) for score in mine],
                "open": [_score(score) for score in head],
                "folded": [_score(score) for score in folded],
            }
        )
    return told


def _score(score: Score) -> dict[str, Any]:
    ran = score.status == "ok" and score.estimate is not None
    return {
        "metric": score.metric,
        "title": title(score.metric),
        "ran": ran,
        "says": sentence(score) if ran else "",
        "reason": score.reason or "no figure came out.",
        "figure": figure(score.estimate),
        "interval": between(score.interval) if score.interval else "",
        "gauge": gauge(score) if ran else "",
        "record": score,
        "convention": _closed(score.convention),
        "floor": figure(score.floor),
        "ceiling": figure(score.ceiling),
        "n": count(score.n),
    }


def _closed(words: str) -> str:
    """As a sentence: a capital first and a stop last."""
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".") if words else ""


def columns(assessment: Assessment) -> list[dict[str, Any]]:
    """A picture and the figures behind it for each column, in the schema's order."""
    schema = _mapping(assessment.tables.get("schema"))
    units = {c.get("name"): c.get("unit") for c in schema.get("columns") or () if isinstance(c, Mapping)}
    place = {name: i for i, name in enumerate(units)}
    found = _mapping(assessment.tables.get("columns"))
    return [
        _column(str(name), found[name], units.get(name))
        for name in sorted(found, key=lambda name: (place.get(name, len(place)), name))
        if isinstance(found[name], Mapping)
    ]


def _column(name: str, column: Mapping[str, Any], unit: object) -> dict[str, Any]:
    train, holdout, synthetic = (
        _histograms.shares(column.get(key)) for key in ("train", "holdout", "synthetic")
    )
    missing = _mapping(column.get("missing"))
    rows = [
        (label, *(percent(part[i]) if i < len(part) else "–" for part in (train, holdout, synthetic)))
        for i, label in enumerate(column.get("labels") or ())
    ]
    if any(finite(missing.get(key)) for key in ("train", "holdout", "synthetic")):
        rows.append(("missing", *(percent(missing.get(key)) for key in ("train", "holdout", "synthetic"))))
    off, natural = _histograms.distance(train, synthetic), _histograms.distance(train, holdout)
    return {
        "name": name,
        "kind": str(column.get("kind") or ""),
        "unit": str(unit or ""),
        "differs": percent(off) if off is not None else "",
        "natural": percent(natural) if natural is not None else "",
        "picture": _histograms.histogram(name, column),
        "rows": rows,
    }


def associations(assessment: Assessment) -> dict[str, Any] | None:
    """Matrices of real and synthetic rows and their difference."""
    found = _mapping(assessment.tables.get("correlations"))
    names = [str(name) for name in found.get("names") or ()]
    train, synthetic = _maps.grid(found.get("train")), _maps.grid(found.get("synthetic"))
    if len(names) < 2 or not train or not synthetic:
        return None
    apart = [
        [None if a is None or b is None else b - a for a, b in zip(x, y, strict=False)]
        for x, y in zip(train, synthetic, strict=False)
    ]
    sizes = [abs(value) for row in apart for value in row if value is not None]
    most = max([0.1, *sizes])
    worst = _maps.largest(names, train, synthetic)
    said = f"Largest difference {worst[0][4]} between {worst[0][0]} and {worst[0][1]}." if worst else ""
    shape = f"{len(names)} columns."
    return {
        "wide": len(names) > 18,
        "maps": [
            ("Real", _maps.matrix("Association of columns, real rows", names, train, most=1, desc=shape)),
            (
                "Synthetic",
                _maps.matrix("Association of columns, synthetic rows", names, synthetic, most=1, desc=shape),
            ),
            (
                "Difference",
                _maps.matrix("Synthetic minus real", names, apart, most=most, desc=said or shape),
            ),
        ],
        "most": figure(most),
        "signed": any(v is not None and v < 0 for m in (train, synthetic) for row in m for v in row),
        "worst": worst,
    }


def projection(assessment: Assessment) -> list[tuple[str, Markup]]:
    """Densities of train and synthetic rows on two components of train."""
    found = _mapping(assessment.tables.get("projection"))
    # JSON has the first component down the rows; a picture has it across
    grids = {key: _turned(_maps.grid(found.get(key))) for key in ("train", "synthetic")}
    if not all(grids.values()):
        return []
    most = max((v for g in grids.values() for row in g for v in row if v is not None), default=0.0)
    said = {"train": "Real", "synthetic": "Synthetic"}
    desc = "Darker is denser; both share one scale."
    return [
        (said[key], _maps.density(f"Density of {said[key].lower()} rows", g, most=most, desc=desc))
        for key, g in grids.items()
    ]


def _turned(values: _maps.Grid) -> _maps.Grid:
    return [list(row) for row in zip(*values, strict=False)]


def nearest(assessment: Assessment) -> Markup:
    """Distances to the nearest training row, of synthetic and of held-out rows."""
    found = _mapping(assessment.tables.get("nearest"))
    edges = [value for edge in found.get("edges") or () if (value := finite(edge)) is not None]
    synthetic, holdout = (
        _histograms.shares(found.get(key)) for key in ("synthetic_to_train", "holdout_to_train")
    )
    if len(edges) < 2 or not synthetic:
        return Markup("")
    off = _histograms.distance(holdout, synthetic)
    desc = "Synthetic rows filled, held-out rows as a line."
    desc += f" {percent(off)} of the rows differ." if off is not None else ""
    labels = [f"{figure(a)} – {figure(b)}" for a, b in pairwise(edges)]
    holdout = holdout if len(holdout) == len(synthetic) else [0.0] * len(synthetic)
    return _histograms.steps(
        "Distance to the nearest training row", desc, labels, holdout, synthetic, height=190
    )


def utility(assessment: Assessment) -> Markup:
    """Curves of models trained on synthetic and on real rows, for a binary target."""
    return _curves.roc(_mapping(_mapping(assessment.tables.get("utility")).get("curve")))


def rejected(assessment: Assessment) -> dict[str, Any]:
    """How many drawn rows the checks refused, and which check."""
    made = assessment.provenance
    counts = {str(k): v for k, v in _mapping(made.get("rejected")).items() if finite(v)}
    drawn = finite(made.get("drawn"))
    rows = [
        (name, _REASONS.get(name, name.replace("_", " ")), count(v), percent(v / drawn) if drawn else "–")
        for name, v in sorted(counts.items(), key=lambda item: -item[1])
    ]
    return {"known": "rejected" in made, "drawn": count(drawn), "rows": rows}


def cleaned(assessment: Assessment) -> list[tuple[str, str, str]]:
    """Each cleaner of the recipe, the new rows that it was shown, and how many it took."""
    told = [one for one in assessment.provenance.get("cleaned") or () if isinstance(one, Mapping)]
    return [(str(one.get("cleaner")), count(one.get("rows")), count(one.get("removed"))) for one in told]


def ruled(assessment: Assessment) -> dict[str, Any]:
    """Each declared rule: which share of the synthetic and of the real rows hold it; broken real rows."""
    score = next((score for score in assessment.scores if score.metric == "rules"), None)
    shares = _mapping(score.details.get("rules")) if score else {}
    broken = {str(r["rule"]): r for r in assessment.provenance.get("broken") or () if isinstance(r, Mapping)}
    rows = [
        (
            name,
            percent(held["synthetic"]),
            percent(held["real"]),
            count(broken.get(name, {}).get("broken", 0)),
        )
        for name, held in shares.items()
    ]
    return {"rows": rows}


def choices(assessment: Assessment) -> list[tuple[str, str, str]]:
    """What the fit chose by itself: of what, what, and why."""
    made = assessment.provenance.get("choices") or ()
    return [
        (str(one.get("what", "")), str(one.get("chosen", "")), str(one.get("why", "")))
        for one in made
        if isinstance(one, Mapping)
    ]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
