"""Dataset card: README.md with front matter as Hugging Face reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from mintmark.data.schema import Schema
from mintmark.release.rule import FAMILIES

__all__ = ["SYNTHETIC", "card"]

SYNTHETIC = frozenset({"simulated", "fully synthetic"})
"""Natures that may carry the tag "synthetic"."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
          (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"))  # fmt: skip
_MEANING = {
    "simulated": "Rows computed from stated laws; no real row was read.",
    "fully synthetic": "Every value of every row was drawn from a model learnt from real rows.",
    "partially synthetic": "Some values were drawn from a model, the others are real.",
    "augmented real": "Rows made from real ones, between them or by changing them; what they show of their "
    "people is still there.",
    "masked real": "Real rows with values masked; what they show of their people may still be there.",
}
_LIMITS = """\
- The certificate says that these tests gave these results on these rows, and nothing more.
- What was tested of privacy concerns the people in train and holdout, by these attacks only. It is
  not a finding of anonymity; another attack, or knowledge from elsewhere, may find more.
- Each further table released from the same source adds to what can be learnt about its people.
- Rare groups and relations among many columns are where synthetic rows differ most from real ones;
  check a finding that matters on the real table.
- Figures are rounded, and cells of fewer than ten persons are left out."""


def card(schema: Schema, predicate: Mapping[str, Any], data_file: str | None, license_: str) -> str:
    """The card of a release, or of a refusal where `data_file` is None.

    Parameters
    ----------
    schema : Schema
        The public one.
    predicate : mapping
        What the certificate signs.
    data_file : str or None
    license_ : str
    """
    head = "" if data_file is None else _front_matter(schema, predicate, data_file, license_)
    policy = predicate["policy"]
    what = _MEANING.get(predicate["nature"], "What the rows are was not stated by the method that made them.")
    parts = [
        f"# {_flat(predicate['title'])}",
        "\n".join(f"- {_flat(line)}" for line in predicate["lines"]),
        "## Nature",
        f"{predicate['nature'].capitalize()}. {what}{_cleaned(predicate)}",
        "## Verdicts",
        f"Policy `{_flat(policy['name'])}`, {_when(policy['chosen'])} "
        f"(SHA-256 `{policy['digest']}`). Only *pass* passes.",
        _verdicts(predicate),
        *_waiver(predicate["waiver"]),
        "## Scores",
        _scores(predicate),
    ]
    if data_file is None:
        parts.insert(1, "**No data was released.** The rules below that did not pass say why.")
    else:
        parts += ["## Columns", _columns(schema)]
    parts += ["## Limits", _LIMITS, "## Verify", _verify(predicate)]
    return head + "\n\n".join(parts) + "\n"


def _cleaned(predicate: Mapping[str, Any]) -> str:
    """What cleaners took of the new rows, in words."""
    took = [
        f"`{_flat(c['cleaner'])}` took {c['removed']:,} of {c['rows']:,} rows"
        for c in predicate.get("cleaned", ())
    ]
    return f" Cleaned among the real rows: {', '.join(took)}." if took else ""


def _front_matter(schema: Schema, predicate: Mapping[str, Any], data_file: str, license_: str) -> str:
    synthetic = ["synthetic"] if predicate["nature"] in SYNTHETIC else []
    values = {
        **(
            {"license": "other", "license_name": license_}
            if " " in license_
            else {"license": license_.lower()}
        ),
        "pretty_name": f"{predicate['nature']}, certified by mintmark".capitalize(),
        "tags": [*synthetic, "tabular", "mintmark", predicate["nature"].replace(" ", "-")],
        "size_categories": [next((name for size, name in _SIZES if predicate["rows"] < size), "n>100M")],
        "task_categories": _tasks(schema),
        "configs": [{"config_name": "default", "data_files": data_file}],
    }
    text = yaml.safe_dump({k: v for k, v in values.items() if v}, sort_keys=False, allow_unicode=True)
    return f"---\n{text}---\n\n"


def _tasks(schema: Schema) -> list[str]:
    if schema.target is None:
        return []
    return ["tabular-classification" if schema[schema.target].is_discrete else "tabular-regression"]


def _when(chosen: str) -> str:
    return "fixed before scoring" if chosen == "before scoring" else "**policy chosen after scoring**"


def _verdicts(predicate: Mapping[str, Any]) -> str:
    rows = [
        (v["family"], v["rule"], f"**{v['outcome']}**", v["threshold"], v["reason"], v["because"])
        for v in predicate["verdicts"]
    ]
    return _table(("family", "rule", "outcome", "threshold", "result", "why the rule"), rows)


def _waiver(waiver: Mapping[str, str] | None) -> list[str]:
    if waiver is None:
        return []
    return ["## Waiver", f"RELEASED UNDER WAIVER: {_flat(waiver['name'])}, {_flat(waiver['reason'])}"]


def _scores(predicate: Mapping[str, Any]) -> str:
    rows = [
        (s["family"], s["metric"], _figure(s["estimate"]), _interval(s["interval"]), _figure(s["ceiling"]),
         _figure(s["floor"]), s["convention"] if s["status"] == "ok" else f"not run: {s['reason']}")
        for s in sorted(predicate["scores"], key=lambda s: FAMILIES.index(s["family"]))
    ]  # fmt: skip
    return _table(("family", "score", "estimate", "95 % interval", "ceiling", "floor", "convention"), rows)


def _columns(schema: Schema) -> str:
    rows = [(c.name, c.kind, ", ".join(c.roles), c.unit or "", _holds(c)) for c in schema]
    return _table(("column", "kind", "roles", "unit", "may hold"), rows)


def _holds(column: Any) -> str:
    if column.categories is not None:
        shown = [str(value) for value in column.categories[:8]]
        more = len(column.categories) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    if column.low is None and column.high is None:
        return ""
    return f"{'' if column.low is None else column.low} .. {'' if column.high is None else column.high}"


def _verify(predicate: Mapping[str, Any]) -> str:
    return (
        f"Issued {predicate['issued']} with mintmark {predicate['versions']['mintmark']}. "
        "With the issuer's public key, kept outside this folder, offline:\n\n"
        "```\nmintmark verify FOLDER --public-key public.pem\n```"
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _interval(ends: Any) -> str:
    return "" if not ends or None in ends else f"{ends[0]:g} to {ends[1]:g}"


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(_flat(cell) for cell in row) + " |" for row in rows])


def _flat(value: Any) -> str:
    """One line of text that ends no table cell and opens no tag."""
    text = " ".join(str(value).split())
    return text.replace("|", "\\|").replace("<", "&lt;")
