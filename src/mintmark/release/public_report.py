"""The report as it may leave: rounded figures, no record, no cell of fewer than ten persons.

What is not named here stays behind: pictures and texts that nobody vetted for publication are
left out rather than filtered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mintmark.assess.assessment import Assessment
from mintmark.data.protect import FEWEST
from mintmark.release.drilldown import public_details

__all__ = ["CONVENTIONS", "RARE", "dumps", "public_report", "rounded", "without_secrets"]

CONVENTIONS = {
    "figures": "rounded to four significant digits; verdicts are taken on the rounded figures",
    "cells": f"counts are rounded to {FEWEST} rows, and fewer than {FEWEST} are given as none",
    "private": "seeds, paths, single records and the source's digest are left out",
}
RARE = f"(fewer than {FEWEST})"
_DETAILED = frozenset(
    {"column_shapes", "pair_trends", "resampling.ap", "resampling.auc", "resampling.f1", "two_sample"}
)
_TABLES = ("rows", "target", "schema")
_LOCATIONS = frozenset(
    {"path", "source", "out", "key", "train", "holdout", "synthetic", "file", "uri", "url"}
)
_PATH = re.compile(r"[/~\\]|\.{1,2}[/\\]|[A-Za-z]:[\\/]|.*://")


def public_report(assessment: Assessment) -> dict[str, Any]:
    """JSON values of ``report.public.json``: enough to judge a policy again, and nothing private."""
    report = assessment.to_json()
    tables = report["tables"]
    rows = {key: value for key, value in (tables.get("rows") or {}).items() if value is not None}
    kept = {name: tables[name] for name in _TABLES if name in tables}
    if tables.get("columns"):
        kept["columns"] = {name: _column(column, rows) for name, column in tables["columns"].items()}
    if tables.get("correlations"):
        kept["correlations"] = rounded(tables["correlations"])
    if tables.get("projection"):
        kept["projection"] = _projection(tables["projection"], rows)
    policy = report["policy"]
    return {
        "format": report["format"],
        "conventions": CONVENTIONS,
        "scores": [_score(score, tables.get("schema") or {}) for score in report["scores"]],
        "tables": kept,
        "policy": policy and {"name": policy["name"], "digest": policy["digest"]},
        "provenance": without_secrets(report["provenance"]),
        "sha256": report["sha256"],
        "versions": report["versions"],
        "repeated": report["repeated"],
    }


def dumps(values: Mapping[str, Any]) -> str:
    """Canonical JSON text: sorted keys, two spaces."""
    return json.dumps(values, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def rounded(value: Any) -> Any:
    """Floats to four significant digits, at any depth; rounding again changes nothing."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


def without_secrets(value: Any) -> Any:
    """JSON values without seeds and counts of broken real rows, file names and addresses withheld."""
    if isinstance(value, Mapping):
        return {
            key: "(withheld)" if key in _LOCATIONS and isinstance(item, str) else without_secrets(item)
            for key, item in value.items()
            if not re.fullmatch(r"(.*_)?(seed|secret|password|token)s?|private|broken", str(key))
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return "(withheld)" if isinstance(value, str) and _PATH.match(value) else value


def _score(score: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A score with its interval and anchors; of its drill-down the figures a policy may bear on, and
    distances, which hold no counts.
    """
    kept = without_secrets(score["details"]) if score["metric"] in _DETAILED else {}
    kept = {key: value for key, value in kept.items() if key != "groups"} | public_details(score, schema)
    return {**rounded(score), "details": rounded(kept)}


def _cell(share: float | None, rows: int) -> float | None:
    """A share whose count is rounded to tens, so that no small cell follows from the others."""
    if share is None:
        return None
    count = round(share * rows)
    return 0.0 if count < FEWEST else float(rounded(round(count / FEWEST) * FEWEST / rows))


def _column(column: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, Any]:
    """One column's bins: small cells emptied, and the label of a bin that few real rows are in."""
    tables = [name for name in ("train", "holdout", "synthetic") if column.get(name) is not None]
    shares = {name: [_cell(share, rows.get(name, 0)) for share in column[name]] for name in tables}
    real = [name for name in tables if name != "synthetic"]
    labels = [
        label if any(shares[name][i] for name in real) else RARE
        for i, label in enumerate(column.get("labels") or [])
    ]
    missing = {name: _cell(share, rows.get(name, 0)) for name, share in (column.get("missing") or {}).items()}
    return {"kind": column.get("kind"), "labels": labels, **shares, "missing": missing}


def _projection(projection: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, Any]:
    """Densities by cell; the grid's ends are left out, being set by extreme rows."""
    return {
        name: [[_cell(share, rows.get(name, 0)) for share in line] for line in projection[name]]
        for name in ("train", "synthetic")
        if projection.get(name) is not None
    }
