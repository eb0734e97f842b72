"""A first recipe for a table: what was inferred, every choice with its comment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import yaml

from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column
from mintmark.errors import InputError

__all__ = ["draft"]

FEW_ROWS = 20_000
"""Below so many rows a fifth is too small a holdout for decisive privacy intervals."""

_TEXT = """\
# A mintmark recipe. Run it with: mintmark run THIS_FILE --out run/
# Every key and its meaning: mintmark.Recipe.model_json_schema(), docs/recipes.md
format: 1
seed: 0

source:
  path: {path}   # relative to this file, or a URL
{target}{format}
  # What each of the {count} columns was taken for; change what is wrong.
  kinds:
{kinds}
{roles}
{personal}
{drop}

# schema:                       # what you know and the file does not show
#   columns:
#     {example}   # bounds, decimals, categories, unit; they may be published
{checks}

generate:
  {method}
  # rows: 1000                  # {rows} by default
  # max_minutes: 10

assess:
  holdout: {holdout}                  # {why}

release:
  {policy}
  # key: keys/private.pem       # of `mintmark keygen --out keys/`; by default the run makes one
  format: parquet               # or csv
  # license: CC-BY-4.0          # for the card
  personal: true                # whether the rows are about people
"""


_METHODS = {
    False: "method: sequential_trees      # `mintmark list synthesizers`",
    True: "method: deepsmote             # new pictures of rare classes; needs mintmark[images,neural]",
}
_ROWS = {False: "as many as train", True: "as many as the classes lack"}
"""By whether there are pictures."""
_POLICIES = {
    False: "policy: internal              # `mintmark list policies`, or a YAML file of your own",
    True: "policy: augment               # whether they help; `internal` asks about privacy as well",
}


def draft(data: Dataset, path: str, *, folder: Path, drop: Sequence[str] = (), **csv: str | None) -> str:
    """YAML text of a recipe that lies in `folder` and reads `path` less the columns `drop`, as `csv` says.

    Free text, which no general method makes safely, is dropped; the comment says so.

    Raises
    ------
    InputError
        For pictures without a column of classes.
    """
    text = [column.name for column in data.schema if column.kind == "text" and not column.roles]
    text = [name for name in text if data.schema[name].personal is None]
    kept = [column for column in data.schema if column.name not in text]
    persons = {c.name: c for c in kept if c.personal}
    roles = {c.name: list(c.roles) for c in kept if set(c.roles) - {"target"}}
    shown = path if "://" in path else os.path.relpath(path, folder)
    pictured = any(column.kind == "image" for column in data.schema)
    aim = _classes(data) if pictured else data.target
    target = (
        f"  target: {_scalar(aim)}"
        if aim
        else "  # target: NAME              # column to be predicted; policy internal asks for one"
    )
    few = len(data) < FEW_ROWS
    return _TEXT.format(
        method=_METHODS[pictured],
        policy=_POLICIES[pictured],
        holdout=0.4 if few else 0.2,
        why="few rows: a larger share kept apart narrows the privacy intervals"
        if few else "share of real rows kept apart, or a file of rows nobody trained on",
        path=_scalar(shown),
        target=target,
        format="".join(f"\n  {key}: {_scalar(value)}" for key, value in csv.items() if value is not None),
        count=len(data.schema),
        kinds="\n".join(_kind(column) for column in kept) or "    {}",
        roles="\n".join(
            ["  roles:                        # key, group (one person), sensitive, ...",
             *(f"    {_scalar(name)}: {_flow(of)}" for name, of in roles.items())]
        ) if roles else "  # roles: {customer_id: key}   # key, group (one person), sensitive, ...",
        personal="\n".join(
            ["  personal:                     # found, please review; replaced by surrogates, null for none",
             *(f"    {_scalar(name)}: {c.personal}   # {c.locale}" for name, c in persons.items())]
        ) if persons else "  # personal: {contact: email}  # nothing of persons was found; review that",
        drop=f"  drop: {_flow([*drop, *text])}"
        + ("   # free text: declare a category or a key to keep it" if text else "")
        if drop or text else "  # drop: [comment]",
        rows=_ROWS[pictured],
        **_examples(kept, data.names[-1]),
    )  # fmt: skip


def _examples(kept: Sequence[Column], other: str) -> dict[str, str]:
    """What might be declared of the first number; of an `other` column where there is none."""
    name = next((_scalar(column.name) for column in kept if column.is_numeric and not column.roles), None)
    if name is None:
        return {"example": f"{_scalar(other)}: {{categories: [a, b]}}", "checks": "#   checks: []"}
    checks = f"#   checks:\n#     - {{check: unique, columns: [{name}]}}"
    return {"example": f"{name}: {{low: 0, high: 120}}", "checks": checks}


def _classes(data: Dataset) -> str:
    """The column of classes of a table with pictures: the target, else the only discrete column."""
    known = [data.target] if data.target else [c.name for c in data.schema if c.is_discrete and not c.roles]
    if len(known) != 1 or not data.schema[known[0]].is_discrete:
        raise InputError(
            "a first recipe for pictures needs their classes. Sort them into a folder for each class, or "
            "name the column of classes: --target COLUMN. Without classes, write a recipe with image_vae."
        )
    return known[0]


def _kind(column: Column) -> str:
    share = f"{column.missing:.0%} missing" if column.missing else ""
    return f"    {_scalar(column.name)}: {column.kind}" + (f"   # {share}" if share else "")


def _scalar(value: object) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _flow(values: Sequence[str]) -> str:
    return _scalar(list(values))
