"""The report as plain text, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from mintmark.assess.assessment import Assessment, times_assessed
from mintmark.assess.report._aligned import aligned
from mintmark.assess.report._figures import between, figure
from mintmark.assess.report._verdict import Line, Verdict, judgement
from mintmark.assess.report._words import FAMILIES, PRIVACY_LIMIT, title
from mintmark.data.balance import law_in_words
from mintmark.metric import Score

__all__ = ["text"]

_WIDTH = 100
_HEADS = ("", "figure", "95 % interval", "floor", "as real")


def text(assessment: Assessment, verdicts: Iterable[Verdict] | None = None) -> str:
    """Verdict first, then the scores between their anchors, at most 100 characters wide.

    Parameters
    ----------
    assessment : Assessment
    verdicts : iterable of Verdict, optional
        As `mintmark.assess.report.html.html` takes them.
    """
    judged = judgement(assessment, verdicts)
    lines = [
        *_wrapped(f"{judged.answer} {judged.headline}".strip(), "", ""),
        *_wrapped(judged.explains, "", ""),
        "",
    ]
    for line in judged.reasons:
        lines += _wrapped(f"{line.mark} {line.outcome}: {line.title}: {line.says or line.reason}")
        # as on the page: what the figure says, then why the rule is not kept, and by which column or pair
        lines += [*_wrapped(line.reason if line.says else "", "    "), *_wrapped(line.remedy, "    ")]
    lines += [f"  and {judged.more} more, see below"] if judged.more else []
    lines += [""] if judged.reasons else []
    lines += [f"  {line.mark} {line.title}: {line.reason or line.outcome}" for line in judged.families]
    lines += [""] if judged.families else []
    for line in judged.rules:
        lines += _rule(line)
    lines += [""] if judged.rules else []
    lines += _scores(assessment.scores)
    lines += ["", *_wrapped(f"Privacy: {PRIVACY_LIMIT}.", "", "")]
    for words in law_in_words(assessment.provenance):
        lines += _wrapped(f"{_capital(words)}.", "", "")
    if assessment.repeated is not None:
        lines += _wrapped(f"{_capital(times_assessed(assessment.repeated))}.", "", "")
    return "\n".join(line.rstrip() for line in lines)


def _wrapped(words: str, indent: str = "  ", hanging: str = "    ") -> list[str]:
    return textwrap.wrap(_plain(words), _WIDTH, initial_indent=indent, subsequent_indent=hanging)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _rule(line: Line) -> list[str]:
    shown = f"{line.title} {line.figure}".strip()
    parts = _wrapped(f"{line.mark} {line.outcome}: {shown}; {line.threshold}")
    if line.outcome != "pass":
        parts += _wrapped(line.reason, "      ", "      ")
    return parts


def _scores(scores: Iterable[Score]) -> list[str]:
    rows: list[tuple[str, ...]] = []
    notes: dict[int, str] = {}
    for family in FAMILIES:
        mine = [score for score in scores if score.family == family.key]
        if mine:
            rows.append((family.title, *_HEADS[1:]) if not rows else (family.title, "", "", "", ""))
        for score in mine:
            if score.status != "ok" or score.estimate is None:
                notes[len(rows)] = f"not run: {_plain(score.reason)}"
            shown = between(score.interval) if score.interval else "–"
            name = f"  {_plain(title(score.metric))[:38]}"
            rows.append((name, figure(score.estimate), shown, figure(score.floor), figure(score.ceiling)))
    if not rows:
        return ["No scores."]
    width = max(len(row[0]) for row in rows)
    lines = []
    for i, (row, line) in enumerate(zip(rows, aligned(rows), strict=True)):
        heading = not row[0].startswith("  ")
        lines += [""] if heading and i else []
        if i in notes:
            told = f"{row[0].strip().ljust(width - 2)}  {notes[i]}"
            lines += _wrapped(told, "  ", " " * (width + 2))
        else:
            lines.append(line)
    return lines


def _plain(words: str) -> str:
    """Without control characters, which could move a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in words)
