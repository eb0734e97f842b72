"""What was found wrong with a sample: findings, the heaviest first, and how they are shown."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["ClassFigures", "Examination", "Finding", "Gravity"]

Gravity = Literal["flaw", "risk", "note"]
_ORDER: tuple[Gravity, ...] = ("flaw", "risk", "note")
_WIDE = 100


@dataclass(frozen=True)
class Finding:
    """One thing that was found in one class.

    Parameters
    ----------
    name : str
        What sort of thing, e.g. "isolated".
    gravity : "flaw", "risk" or "note"
        Mend it first; look at it first; to be known.
    of : str
        The class.
    count : int
        Rows it concerns, persons or columns where the statement says so.
    share : float, optional
        Of the rows of the class that were looked at, or an area under the curve; None where it is no share.
    interval : (float, float), optional
        95 % interval of the share.
    rows : tuple of int
        At most 100 of the rows, as positions in the table from 0; those to look at first stand first.
    columns : tuple of str
        Columns it concerns, where it concerns columns.
    statement : str
        What was found, in one sentence.
    remedy : str
    """

    name: str
    gravity: Gravity
    of: str
    count: int
    share: float | None
    interval: tuple[float, float] | None
    rows: tuple[int, ...]
    columns: tuple[str, ...]
    statement: str
    remedy: str


@dataclass(frozen=True)
class ClassFigures:
    """One class in figures.

    Parameters
    ----------
    name : str
    rows : int
    persons : int, optional
        Where a column tells whose row it is.
    hard : float, optional
        Share of its rows most of whose k nearest neighbours are of other classes; None for a class that
        would not be resampled.
    interval : (float, float), optional
        95 % interval of `hard`.
    """

    name: str
    rows: int
    persons: int | None
    hard: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Examination:
    """What `examine` found.

    Parameters
    ----------
    target : str
    k : int
    classes : tuple of ClassFigures
        Those with the fewest rows first.
    findings : tuple of Finding
        Flaws, risks, notes; in each those that concern the largest share first.
    omitted : tuple of str
        What was not looked for, or not in every row, and why.
    """

    target: str
    k: int
    classes: tuple[ClassFigures, ...]
    findings: tuple[Finding, ...]
    omitted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        order = sorted(self.findings, key=lambda f: (_ORDER.index(f.gravity), -(f.share or 0.0), f.name))
        object.__setattr__(self, "findings", tuple(order))

    @property
    def ok(self) -> bool:
        """Whether nothing but notes was found."""
        return all(finding.gravity == "note" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {"ok": self.ok} | asdict(self)

    def __str__(self) -> str:
        head = ["class", "rows", "persons", "hard"]
        rows = [
            [c.name, f"{c.rows:,}", "" if c.persons is None else f"{c.persons:,}", _share(c.hard, c.interval)]
            for c in self.classes
        ]
        parts = [f"target {self.target!r}, {self.k} neighbours", _table([head, *rows])]
        if self.findings:
            head = ["gravity", "finding", "class", "count", "share"]
            rows = [
                [f.gravity, f.name, f.of, f"{f.count:,}", _share(f.share, f.interval)] for f in self.findings
            ]
            parts += [_table([head, *rows]), "\n".join(map(_words, self.findings))]
        else:
            parts.append("nothing found")
        if self.omitted:
            parts.append("\n".join(textwrap.fill(f"not looked at: {one}", _WIDE) for one in self.omitted))
        return "\n\n".join(parts)


def _words(finding: Finding) -> str:
    text = f"{finding.name}, {finding.of}: {finding.statement} {finding.remedy}"
    return textwrap.fill(text, _WIDE, subsequent_indent="  ")


def _share(share: float | None, interval: tuple[float, float] | None) -> str:
    if share is None:
        return ""
    held = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    return f"{share:.3f}{held}"


def _table(rows: list[list[str]]) -> str:
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, wide)).rstrip() for row in rows)
