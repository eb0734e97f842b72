"""Reports on disk, found by where they lie: SYNTHESIZER/DATASET/SEED."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mintmark.assess.assessment import Assessment
from mintmark.data.protect import OTHER
from mintmark.errors import InputError, first_three

__all__ = ["read_runs"]


def read_runs(paths: Sequence[str | Path]) -> dict[tuple[str, str, str], Assessment]:
    """The assessment of each (synthesizer, data set, seed), as `compare_reports` describes the paths."""
    found = sorted({file.resolve() for path in paths for file in _reports(Path(path))})
    if not found:
        raise InputError("there is no report.json to compare. Make some with `mintmark assess`.")
    places = [file.parent.parent if file.parent.name == "assessment" else file.parent for file in found]
    root = os.path.commonpath(places)
    runs: dict[tuple[str, str, str], Assessment] = {}
    for file, place in zip(found, places, strict=True):
        parts = place.relative_to(root).parts
        if len(parts) not in (2, 3):
            raise InputError(
                f"{file}: below {root} a report's folder must read SYNTHESIZER/DATASET/SEED or "
                f"SYNTHESIZER/SEED, not {str(place.relative_to(root))!r}. Arrange the reports so."
            )
        key = (parts[0], parts[1] if len(parts) == 3 else "data", parts[-1])
        runs[key] = Assessment.load(file)
    _same_rows(runs)
    return runs


def _reports(path: Path) -> list[Path]:
    if path.is_dir():
        return list(path.rglob("report.json"))
    if not path.is_file():
        raise InputError(f"there is no report {path}. Give report.json files, or folders that hold them.")
    return [path]


def _same_rows(runs: Mapping[tuple[str, str, str], Assessment]) -> None:
    """Raise where synthesizers were not given the same real rows: their numbers would differ."""
    first: dict[tuple[str, str], tuple[str, Assessment]] = {}
    for (s, d, r), one in runs.items():
        other, known = first.setdefault((d, r), (s, one))
        if differs := _difference(one, known):
            raise InputError(
                f"{s} and {other} were assessed on different real rows of {d}, seed {r} ({differs}). Keep "
                "one train and one holdout file for each seed, and assess all synthesizers on them (recipe: "
                "`assess: {holdout: FILE}`; a share is split anew by each run)."
            )
        if _merged(one) != _merged(known):
            raise InputError(
                f"{s} and {other} were scored in different words on {d}, seed {r}: "
                f"{first_three(sorted(_merged(one) ^ _merged(known)))}. Write the rows to CSV files and "
                "assess these: a CSV file brings no words of its own."
            )


def _difference(one: Assessment, other: Assessment) -> str:
    """What of two assessments' real rows differs, in words; empty where nothing is seen to."""
    counts, known = (
        (rows.get("train"), rows.get("holdout"), tables.get("target"))
        for tables in (one.tables, other.tables)
        for rows in (tables.get("rows") or {},)
    )
    if counts != known:
        return f"train, holdout, target: {counts} and {known}"
    shown, others = (_distributions(tables) for tables in (one.tables, other.tables))
    odd = [name for name in shown.keys() | others.keys() if shown.get(name) != others.get(name)]
    return f"as many, but with other values of {first_three(sorted(odd))}" if odd else ""


def _distributions(tables: Mapping[str, Any]) -> dict[str, Any]:
    """What a report shows of the real rows of each column."""
    return {
        name: [column.get(key) for key in ("labels", "train", "holdout")]
        for name, column in (tables.get("columns") or {}).items()
    }


def _merged(one: Assessment) -> set[str]:
    """What a report says of real categories that were merged since the released rows' schema merges them."""
    return {text for text in one.tables.get("differences") or () if text.endswith(f"as {OTHER}")}
