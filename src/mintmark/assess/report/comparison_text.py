"""A comparison as plain text, for a terminal."""

from __future__ import annotations

from mintmark.assess.comparison import Comparison, Standing
from mintmark.assess.report._aligned import aligned
from mintmark.assess.report._figures import between, figure
from mintmark.assess.report._words import FAMILIES, title

__all__ = ["headline", "p_value", "text"]


def headline(standing: Standing) -> str:
    """The outcome in one sentence."""
    if standing.status != "ok":
        return "No ranking: too few runs to tell"
    best = min(standing.aligned, key=lambda name: standing.aligned[name])
    if standing.pairs is None:
        return "No difference was found"
    if standing.winner:
        return f"{standing.winner} ranks best"
    beaten = [name for name in standing.aligned if standing.differ(best, name)]
    if beaten:
        return f"{best} leads, but not all others can be told from it"
    if any(one["p_value"] <= 0.05 for one in standing.pairs):
        return "No clear winner"
    return "They differ, but no pair could be told apart"


def p_value(value: float | None) -> str:
    """A p-value as readers expect it."""
    return "–" if value is None else "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def text(comparison: Comparison) -> str:
    """Outcome first, then ranks, the pairs that differ, and mean scores with intervals over seeds."""
    ranking = comparison.ranking
    seeds = sum(1 for _ in {(one["dataset"], one["seed"]) for one in comparison.scores})
    many = len(comparison.datasets)
    lines = [
        f"{headline(ranking)}, on {ranking.claim}.",
        f"{len(comparison.synthesizers)} synthesizers, {len(comparison.metrics)} scores, {many} data "
        f"set{'s' * (many != 1)}, {seeds} runs of each."
        + (f" Differences between them: {p_value(ranking.p_value)}." if ranking.p_value is not None else ""),
    ]
    lines += [ranking.reason] if ranking.reason else []
    lines += ["", *_ranks(comparison), "", *_pairs(ranking), ""]
    lines += _means(comparison)
    beyond = comparison.beyond
    said = beyond.reason or f"{headline(beyond)} ({p_value(beyond.p_value)})."
    lines += ["", f"On {beyond.claim}: {said}"]
    lines += [f"Note: {note}" for note in comparison.notes]
    return "\n".join("".join(c if c.isprintable() else " " for c in line).rstrip() for line in lines)


def _ranks(comparison: Comparison) -> list[str]:
    ranking = comparison.ranking
    families = [family for family in FAMILIES if family.key in ranking.families]
    rows = [["", "aligned rank", "mean rank", *(family.title.lower() for family in families)]]
    rows += [
        [
            name,
            f"{ranking.aligned[name]:.1f}",
            f"{ranking.within[name]:.2f}",
            *(f"{ranking.families[family.key][name]:.2f}" for family in families),
        ]
        for name in sorted(ranking.aligned, key=lambda name: ranking.aligned[name])
    ]
    return aligned(rows)


def _pairs(ranking: Standing) -> list[str]:
    if ranking.status != "ok":
        return []
    if ranking.pairs is None:
        return ["Pairs are not looked at, since the test of all together finds no difference."]
    apart = [
        f"  {' and '.join(one['pair'])} ({p_value(one['p_value'])})"
        for one in ranking.pairs
        if one["p_value"] <= 0.05
    ]
    return ["Pairs that differ:", *apart] if apart else ["No pair differs."]


def _means(comparison: Comparison) -> list[str]:
    lines = ["Mean scores, with 95 % intervals over seeds"]
    for one in comparison.metrics:
        better = "higher" if one["direction"] == "higher" else "lower"
        lines.append(f"{title(one['metric'])} ({better} is better)")
        mine = [mean for mean in comparison.means if mean["metric"] == one["metric"]]
        rows = [
            [f"  {mean['synthesizer']}", figure(mean["estimate"]), between(mean["interval"])] for mean in mine
        ]
        lines += aligned(rows)
    return lines
