"""What each score says, in words a reviewer understands; a score unknown here reads by its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mintmark.assess.report._figures import figure, finite, percent
from mintmark.assess.report._words_fidelity import FIDELITY
from mintmark.assess.report._words_images import IMAGES
from mintmark.assess.report._words_privacy import PRIVACY
from mintmark.assess.report._words_utility import UTILITY
from mintmark.metric import Score

__all__ = [
    "FAMILIES",
    "PRIVACY_LIMIT",
    "PUBLIC_LIMIT",
    "REPORT_LIMIT",
    "Family",
    "anchors",
    "sentence",
    "title",
]

PRIVACY_LIMIT = "about the people in train and holdout; these attacks only; not a finding of anonymity"
REPORT_LIMIT = "A report over real data is not itself private: share it inside only."
PUBLIC_LIMIT = (
    "Publishable version: figures are rounded; single records, seeds, paths and cells of fewer than ten "
    "persons are left out. A report over real data is not itself private; this one proves no privacy either."
)


@dataclass(frozen=True)
class Family:
    """One of the three questions a report answers."""

    key: str
    title: str
    question: str


FAMILIES = (
    Family("fidelity", "Fidelity", "Do the synthetic rows look like the real ones?"),
    Family("utility", "Utility", "Does work done on the synthetic rows carry over to real ones?"),
    Family("privacy", "Privacy", "Do the synthetic rows give away who was in the training data?"),
)
_WORDS = FIDELITY | UTILITY | PRIVACY | IMAGES
_FLOORS = {"fidelity": "independent columns", "utility": "independent columns", "privacy": "copy of train"}


def title(metric: str) -> str:
    """A score's name for readers."""
    return _WORDS[metric].title if metric in _WORDS else metric.replace("_", " ").replace(".", ", ")


def anchors(score: Score) -> tuple[str, str]:
    """What the floor and the ceiling of a score are called."""
    known = _WORDS.get(score.metric)
    floor = _FLOORS.get(score.family, "floor")
    return (known.floor or floor, known.ceiling) if known else (floor, "as good as expected")


def sentence(score: Score) -> str:
    """What the score says; its convention where the metric has no words here."""
    known = _WORDS.get(score.metric)
    if known is None:
        better = "Higher" if score.direction == "higher" else "Lower"
        said = score.convention.strip().rstrip(".")
        said = f"{said[:1].upper()}{said[1:]}. " if said else ""
        return f"{said}{better} is better."
    text = known.says + (f" {known.best}" if known.best and score.ceiling is not None else "")
    return _memorised(score) + text.format(
        v=figure(score.estimate),
        p=percent(score.estimate),
        c=percent(score.ceiling),
        cv=figure(score.ceiling),
    )


def _memorised(score: Score) -> str:
    """A warning where the rows are nearer to train than to as many unseen rows, beyond chance."""
    found = score.details.get("memorisation")
    ends = found.get("interval") if isinstance(found, Mapping) else None
    if not isinstance(ends, (list, tuple)) or not ends or (finite(ends[0]) or 0.0) <= 0:
        return ""
    return "Sign of memorisation: nearer to the training rows than to unseen real ones, beyond chance. "
