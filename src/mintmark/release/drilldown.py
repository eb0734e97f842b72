"""Drill-down: the figures of single columns, pairs and subgroups that may leave, and be judged.

A policy is judged again from the public report, so a rule bears on what stands there and on nothing
else: names of public columns, subgroups that are categories of the public schema (ten persons or
more), and four figures of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mintmark.data.protect import FEWEST

__all__ = ["EACH", "Entry", "by_part", "entries", "public_details", "scored"]

EACH = {"column": "columns", "pair": "pairs", "group": "groups"}
"""What a rule may bear on, and where a score's details hold it."""
_FIGURES = ("estimate", "interval", "ceiling", "floor")
_PART = (*_FIGURES, "status", "reason", "n")


@dataclass(frozen=True)
class Entry:
    """One column's, pair's or subgroup's figures.

    Parameters
    ----------
    name : str
        For readers: "age", "age and sex", "sex = Female".
    columns : tuple of str
        The columns that it is about.
    figures : mapping
        ``estimate``, ``interval``, ``ceiling``, ``floor``, as far as they were measured.
    record : mapping
        As the public report holds it.
    """

    name: str
    columns: tuple[str, ...]
    figures: Mapping[str, Any]
    record: Mapping[str, Any]


def entries(score: Mapping[str, Any], each: str, schema: Mapping[str, Any]) -> list[Entry]:
    """A score's entries that may leave.

    Parameters
    ----------
    score : mapping
        A score's JSON, of the private or the public report.
    each : "column", "pair" or "group"
    schema : mapping
        The report's public schema.
    """
    held = (score.get("details") or {}).get(EACH[each])
    public = {column["name"]: column.get("categories") for column in schema.get("columns") or ()}
    return [entry for entry in _READ[each](held) if set(entry.columns) <= set(public) and _may(entry, public)]


def scored(score: Mapping[str, Any], each: str) -> int:
    """How many pairs or groups were scored, of which a score lists the farthest; 0 where it does not say."""
    details = score.get("details") or {}
    # mutual_information says "compared"
    found = details.get("scored", details.get("compared")) if each != "column" else 0
    return found if isinstance(found, int) else 0


def _columns(held: Any) -> Iterator[Entry]:
    for name, one in held.items() if isinstance(held, Mapping) else ():
        if isinstance(one, Mapping) and (figures := _figures(one)):
            yield Entry(str(name), (str(name),), figures, figures)


def _pairs(held: Any) -> Iterator[Entry]:
    for one in _list(held):
        columns = [str(name) for name in one.get("columns") or ()]
        if len(columns) == 2 and (figures := _figures(one)):
            yield Entry(" and ".join(columns), tuple(columns), figures, {"columns": columns, **figures})


def _groups(held: Any) -> Iterator[Entry]:
    for one in _list(held):
        name, n, figures = one.get("column"), one.get("n"), _figures(one)
        if isinstance(name, str) and isinstance(n, (int, float)) and n >= FEWEST and figures:
            about = {"column": name, "value": one.get("value"), "n": int(round(n, -1))}
            yield Entry(f"{name} = {one.get('value')}", (name,), figures, {**about, **figures})


_READ = {"column": _columns, "pair": _pairs, "group": _groups}


def _list(held: Any) -> list[Mapping[str, Any]]:
    return [one for one in held if isinstance(one, Mapping)] if isinstance(held, (list, tuple)) else []


def _figures(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in _FIGURES if key in one} if "estimate" in one else {}


def _may(entry: Entry, public: Mapping[str, Any]) -> bool:
    """A subgroup is told only where its value is a public category: a bin's ends are somebody's values."""
    if "value" not in entry.record:
        return True
    known = public[entry.columns[0]]
    return known is not None and str(entry.record["value"]) in {str(value) for value in known}


def _parts(score: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Figures of the tables or keys of a database of which the score is the worst."""
    held = (score.get("details") or {}).get("parts")
    return {str(part): one for part, one in held.items()} if isinstance(held, Mapping) else {}


def by_part(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The scores of each table or key of a database, as if it had been assessed by itself.

    Parameters
    ----------
    scores : mapping of name to score
        JSON of the private or the public report; empty comes back where none of them has parts.
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, score in scores.items():
        for part, figures in _parts(score).items():
            found.setdefault(part, {})[name] = {**score, **figures, "details": {}}
    return found


def public_details(score: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Columns, pairs, groups and parts of a score as they may leave, figures not yet rounded."""
    made: dict[str, Any] = {}
    if parts := _parts(score):
        made["parts"] = {part: {key: one[key] for key in _PART if key in one} for part, one in parts.items()}
    for each, key in EACH.items():
        found = entries(score, each, schema)
        if found:
            made[key] = (
                {entry.name: entry.record for entry in found}
                if each == "column"
                else [entry.record for entry in found]
            )
            if many := scored(score, each):
                made["scored"] = many
    return made
