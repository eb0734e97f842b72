"""The report as one HTML page: no script, no network, no row; pictures are drawn in SVG."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup, escape

from mintmark.assess.assessment import Assessment, times_assessed
from mintmark.assess.report import _sheets, _story, _training
from mintmark.assess.report._template import packaged, template
from mintmark.assess.report._verdict import MARKS, Verdict, judgement
from mintmark.assess.report._words import PRIVACY_LIMIT, PUBLIC_LIMIT, REPORT_LIMIT

__all__ = ["fragment", "html"]


def html(
    assessment: Assessment,
    verdicts: Iterable[Verdict] | None = None,
    *,
    public: bool = False,
    certified: Mapping[str, Any] | None = None,
) -> str:
    """One self-contained page.

    Parameters
    ----------
    assessment : Assessment
        Any of its tables may be absent; what is absent is left out of the page.
    verdicts : iterable of Verdict, optional
        What a policy says: ``family``, ``metric``, ``outcome`` ("pass", "fail", "inconclusive",
        "not run"), ``threshold``, ``reason``. None: the page says that nothing was judged.
    public : bool
        Whether the assessment is a public report; the page says what was left out of it.
    certified : mapping, optional
        Of a release: ``policy`` (the name of the one it was judged by), the certificate's ``title`` and
        ``lines``, which the page must not hide, and ``signature``: whether it was checked.

    Returns
    -------
    str
        HTML5, under 500 kB for 15 columns and 2 MB for 100.
    """
    return template("_page.html.jinja").render(
        _opening(assessment, verdicts, public=public, certified=certified)
        | {
            "compact": False,
            "columns": _story.columns(assessment),
            "associations": _story.associations(assessment),
            "curve": _story.utility(assessment),
            "projection": _story.projection(assessment),
            "nearest": _story.nearest(assessment),
            # real pictures: whatever a public record may hold, its page shows none
            "sheets": [] if public else _sheets.sheets(assessment.tables.get("images")),
            # losses of real rows, and warnings that may name values: for the inside alone
            "training": None if public else _training.training(assessment),
            "differences": [str(text) for text in assessment.tables.get("differences") or ()],
            "rejected": _story.rejected(assessment),
            "cleaned": _story.cleaned(assessment),
            "ruled": _story.ruled(assessment),
            "choices": _story.choices(assessment),
            "parameters": json.dumps(
                assessment.provenance.get("parameters") or {}, sort_keys=True, indent=2, ensure_ascii=False
            ),
        }
    )


def fragment(assessment: Assessment, verdicts: Iterable[Verdict] | None = None) -> str:
    """Verdict and overview for a notebook cell, in a frame so that no style leaks in or out."""
    page = template("_page.html.jinja").render(
        _opening(assessment, verdicts, public=False, certified=None) | {"compact": True, "sheets": []}
    )
    height = min(300 + 90 * len(assessment.scores), 900)
    return (
        f'<iframe title="Synthetic data report" sandbox="" srcdoc="{escape(page)}" '
        f'style="width:100%;height:{height}px;border:0;resize:vertical;overflow:auto"></iframe>'
    )


def _opening(
    assessment: Assessment,
    verdicts: Iterable[Verdict] | None,
    *,
    public: bool,
    certified: Mapping[str, Any] | None,
) -> dict[str, Any]:
    given = None if verdicts is None else list(verdicts)
    return {
        "style": Markup(packaged("_styles.css")),
        "assessment": assessment,
        "judgement": judgement(assessment, given, certified["policy"] if certified else None),
        "facts": _story.facts(assessment),
        "families": _story.families(assessment, {verdict.metric for verdict in given or ()}),
        "marks": MARKS,
        "privacy_limit": PRIVACY_LIMIT,
        "report_limit": PUBLIC_LIMIT if public else REPORT_LIMIT,
        "public": public,
        "certified": certified,
        # the certificate's lines say it already
        "repeated": times_assessed(assessment.repeated)
        if (assessment.repeated or 0) > 1 and not certified
        else "",
    }
