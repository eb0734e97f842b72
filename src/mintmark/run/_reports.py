"""Reports on disk, found by where they lie: SYNTHESIZER/DATASET/SEED."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mintmark.assess.assessment import Assessment
from mintmark.errors import InputError

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
    seen: dict[tuple[str, str], tuple[str, Any]] = {}
    for (s, d, r), assessment in runs.items():
        rows = assessment.tables.get("rows") or {}
        counts = (rows.get("train"), rows.get("holdout"), assessment.tables.get("target"))
        other, known = seen.setdefault((d, r), (s, counts))
        if known != counts:
            raise InputError(
                f"{s} and {other} were assessed on different real rows of {d}, seed {r} (train, holdout, "
                f"target: {counts} and {known}). Assess all synthesizers of a seed on the same rows."
            )
