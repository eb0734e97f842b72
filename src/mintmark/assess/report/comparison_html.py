"""A comparison as one HTML page: no script, no network, no row; pictures are drawn in SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from mintmark.assess.comparison import Comparison, Frontier, Standing
from mintmark.assess.cost import COSTS
from mintmark.assess.frontier import frontier
from mintmark.assess.report._figures import between, figure
from mintmark.assess.report._ranks import difference_diagram
from mintmark.assess.report._scatter import Axis, Point, scatter
from mintmark.assess.report._template import packaged, template
from mintmark.assess.report._words import FAMILIES, REPORT_LIMIT, title
from mintmark.assess.report.comparison_text import headline, p_value

__all__ = ["fragment", "html"]


def html(comparison: Comparison) -> str:
    """One self-contained page.

    Parameters
    ----------
    comparison : Comparison
    """
    front = frontier(comparison)
    return template("_comparison.html.jinja").render(
        _opening(comparison)
        | {
            "compact": False,
            "scores": _scores(comparison),
            "front": front,
            "front_picture": _front(front),
            "settings": _settings(comparison),
            "costs": _costs(comparison),
            "beyond": comparison.beyond,
            "beyond_headline": headline(comparison.beyond),
        }
    )


def fragment(comparison: Comparison) -> str:
    """Outcome and ranks for a notebook cell, in a frame so that no style leaks in or out."""
    page = template("_comparison.html.jinja").render(_opening(comparison) | {"compact": True})
    return (
        f'<iframe title="Comparison of synthesizers" sandbox="" srcdoc="{escape(page)}" '
        'style="width:100%;height:640px;border:0;resize:vertical;overflow:auto"></iframe>'
    )


def _opening(comparison: Comparison) -> dict[str, Any]:
    ranking = comparison.ranking
    return {
        "style": Markup(packaged("_styles.css") + packaged("_comparison.css")),
        "comparison": comparison,
        "headline": headline(ranking),
        "ranking": ranking,
        "p_value": p_value,
        "figure": figure,
        "between": between,
        "facts": _facts(comparison),
        "diagram": difference_diagram(dict(ranking.aligned), ranking.differ),
        "ranks": _ranks(ranking),
        "families": [family for family in FAMILIES if family.key in ranking.families],
        "pairs": sorted(ranking.pairs or (), key=lambda one: one["p_value"]),
        "report_limit": REPORT_LIMIT,
    }


def _facts(comparison: Comparison) -> dict[str, str]:
    runs = Counter(d for d, _ in {(one["dataset"], one["seed"]) for one in comparison.scores})
    many = sorted(set(runs.values()))
    return {
        "Synthesizers": str(len(comparison.synthesizers)),
        "Data sets": ", ".join(comparison.datasets),
        "Seeds each": str(many[0]) if len(many) == 1 else f"{many[0]} to {many[-1]}",
        "Scores ranked": str(len(comparison.metrics)),
        "All together": p_value(comparison.ranking.p_value),
    }


def _ranks(ranking: Standing) -> list[dict[str, Any]]:
    order = sorted(ranking.aligned, key=lambda name: ranking.aligned[name])
    return [
        {
            "name": name,
            "aligned": f"{ranking.aligned[name]:.1f}",
            "within": f"{ranking.within[name]:.2f}",
            "families": [
                f"{ranking.families[family.key][name]:.2f}"
                for family in FAMILIES
                if family.key in ranking.families
            ],
        }
        for name in order
    ]


def _scores(comparison: Comparison) -> list[dict[str, Any]]:
    """Each family with its scores, each with a row a synthesizer and the anchors."""
    told = []
    for family in FAMILIES:
        metrics = [one for one in comparison.metrics if one["family"] == family.key]
        scores = [
            {
                "title": title(one["metric"]),
                "metric": one["metric"],
                "better": one["direction"],
                "rows": [
                    (mean["synthesizer"], figure(mean["estimate"]), between(mean["interval"]))
                    for mean in comparison.means
                    if mean["metric"] == one["metric"]
                ],
                "ceiling": figure(_mean(comparison, one["metric"], "ceiling")),
                "floor": figure(_mean(comparison, one["metric"], "floor")),
            }
            for one in metrics
        ]
        if scores:
            told.append({"family": family, "scores": scores})
    return told


def _mean(comparison: Comparison, metric: str, anchor: str) -> float | None:
    held = [one[anchor] for one in comparison.scores if one["metric"] == metric and one[anchor] is not None]
    return sum(held) / len(held) if held else None


def _front(found: Frontier) -> Markup:
    points = [
        Point(
            one["synthesizer"], one["risk"], one["utility"], one["risk_interval"], one["utility_interval"],
            one["front"],
        )
        for one in found.points
    ]  # fmt: skip
    if not points:
        return Markup("")
    across, up = Axis("risk: 0 guessing, 1 a copy of train"), Axis("utility: 1 as real rows")
    return scatter(points, across, up, title="Privacy-utility frontier", joined=True)


def _settings(comparison: Comparison) -> list[tuple[str, Any]]:
    """The frontier of each method of which there are several settings, where they are not all there is."""
    many = Counter(method for method in comparison.methods.values() if method)
    return [
        (method, frontier(comparison, synthesizers=names))
        for method, count in many.items()
        if 1 < count < len(comparison.synthesizers)
        for names in [[name for name, own in comparison.methods.items() if own == method]]
    ]


def _costs(comparison: Comparison) -> list[dict[str, Any]]:
    """Every sort of cost that two synthesizers or more have: mean a run, and pictures against scores."""
    found = []
    for key, words in COSTS.items():
        spent = {name: _spent(comparison.costs, name, key) for name in comparison.synthesizers}
        known = {name: cost for name, cost in spent.items() if cost is not None}
        if not known:
            continue
        currencies = {one["currency"] for one in comparison.costs if "currency" in one}
        if key == "money":
            if len(currencies) > 1:  # amounts of several currencies have no mean
                continue
            words = f"money, {currencies.pop()}"
        if key == "peak_memory_bytes":
            words, known = "peak memory, MB", {name: cost / 1e6 for name, cost in known.items()}
        rows = [(name, figure(known.get(name))) for name in spent]
        pictures = _against(comparison, known, words) if len(known) > 1 else []
        found.append({"title": words, "rows": rows, "pictures": pictures})
    return found


def _spent(costs: Sequence[Any], synthesizer: str, key: str) -> float | None:
    held = [one[key] for one in costs if one["synthesizer"] == synthesizer and key in one]
    return sum(held) / len(held) if held else None


def _against(comparison: Comparison, known: dict[str, float], words: str) -> list[tuple[str, Markup]]:
    """Cost of each synthesizer against the first score of each family."""
    pictures = []
    for family in FAMILIES:
        metric = next((one["metric"] for one in comparison.metrics if one["family"] == family.key), None)
        if metric is None:
            continue
        means = {one["synthesizer"]: one for one in comparison.means if one["metric"] == metric}
        points = [
            Point(name, cost, means[name]["estimate"], None, means[name]["interval"])
            for name, cost in known.items()
        ]
        across = Axis(f"{words} a run", log=min(known.values()) > 0)
        about = f"{title(metric)} against {words}"
        pictures.append((f"{family.title}: {title(metric)}", scatter(points, across, Axis(""), title=about)))
    return pictures
