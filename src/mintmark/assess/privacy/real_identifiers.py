"""Real identifiers: names, e-mails, numbers and keys of real persons that stand in the synthetic table.

What points at a person by itself must not come out at all, whatever the rest of its row says; so
every value is compared, none is sampled, and chance is no excuse. Values are read in one form:
case and signs do not count, of telephone numbers only the last nine digits.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.keys import is_renewed
from mintmark.data.known import digests, held, in_one_form
from mintmark.data.personal.belonging import identities
from mintmark.data.schema import Column
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables

__all__ = ["RealIdentifiers"]

_NAME = re.compile(r"(\D*)(\d{1,15})(\D*)")


@method
class RealIdentifiers(Metric):
    """Share of synthetic identifiers that a real person of train has; none may.

    Read are personal columns and keys, but keys that only number the rows. A name counts wherever in
    the real table a name stands, and so do e-mails, telephone numbers and the rest.
    `real_identifiers.holdout` is the same for persons the synthesizer never saw: no leak, since it
    cannot know them, but what chance alone meets (a common first name). Where the table has no such
    column, nothing can come out, and the share is 0.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        columns = [c for c in tables.train.schema if is_renewed(c) and not _numbers_rows(tables.train, c)]
        scores = [_score("real_identifiers", tables.train, tables.synthetic, columns, "train")]
        if tables.holdout is not None:
            scores.append(
                _score("real_identifiers.holdout", tables.holdout, tables.synthetic, columns, "holdout")
            )
        return scores


def _numbers_rows(data: Dataset, column: Column) -> bool:
    """Whether a key is 1, 2, 3, ... in some order: a place in the table, which identifies nobody.

    So are names of files beside pictures that number them, such as `img_0001.png`.
    """
    if column.personal:
        return False
    if column.kind == "integer":
        values = numbers(data.table[column.name], column)
    elif any(other.kind == "image" for other in data.schema):
        values = _numbered(data.table[column.name])
    else:
        return False
    values = np.unique(values[~np.isnan(values)])
    # a share of the rows was kept apart: four in ten numbers may be missing from the run
    return len(values) > 1 and values[0] <= 1 + len(values) / 10 and values[-1] <= 3 * len(values)


def _numbered(names: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """The numbers of names that differ in their number alone; none where they do not."""
    parts = [_NAME.fullmatch(str(name)) for name in names.unique().drop_null().to_pylist()]
    if not all(parts) or len({(part[1], part[3]) for part in parts if part}) != 1:
        return np.empty(0)
    return np.array([float(part[2]) for part in parts if part])


def _score(name: str, real: Dataset, synthetic: Dataset, columns: list[Column], role: str) -> Score:
    found: dict[str, Any] = {}
    persons = identities(real)
    for column in columns:
        known = persons.get(column.name)
        if known is None:
            known = digests(in_one_form(real.table[column.name]))
        made = in_one_form(synthetic.table[column.name], column.personal)
        hits = int(held(known, made).sum())
        found[column.name] = {"found": hits, "values": len(made), "personal": column.personal}
    values = sum(one["values"] for one in found.values())
    share = sum(one["found"] for one in found.values()) / values if values else 0.0
    return Score(
        metric=name,
        family="privacy",
        estimate=share,
        interval=(share, share),
        direction="lower",
        ceiling=0.0,
        floor=1.0 if columns else 0.0,
        n=len(synthetic),
        variance="none: every value is compared",
        convention=(
            "share of the values in personal and key columns of the synthetic table that occur in the same "
            f"column of {role}, or in one of the same kind, case and signs apart; keys that number the rows "
            "and names of files that number the pictures are left out; 0 where there are no such columns"
        ),
        source="direct identifiers, ISO/IEC 20889 (2018)",
        details={"columns": found},
    )
