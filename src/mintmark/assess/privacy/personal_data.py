"""Personal data: identifiers inside columns that were not declared personal.

A note, a comment or a label may hold an e-mail address, a telephone, card or account number, or an
id, and a method that learns texts may hand it on. Every value of every such column is searched by
pattern and check digit and compared with what train holds, in the same columns and in those
declared personal (`mintmark.data.personal.in_text`). Names are not looked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.keys import is_renewed
from mintmark.data.known import held, in_one_form
from mintmark.data.personal.belonging import identities
from mintmark.data.personal.in_text import identifiers, may_hold
from mintmark.data.protect import FEWEST, persons
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables

__all__ = ["PersonalData"]

_WHERE = "text and category columns that are not declared personal"
_WHAT = "e-mail address, telephone, card or account number or id of a person, by pattern and check digit"


@method
class PersonalData(Metric):
    """Share of synthetic rows that show an identifier of a real person of train; none may.

    The attacker reads the released texts. An identifier counts where fewer than ten persons of train
    have it and nobody in the holdout does: a hotline that stands in many rows points at no one.
    `personal_data.found` counts rows with any identifier, real or made up: what still has to be
    declared personal, so that surrogates take its place.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        columns = [name for name in tables.train.names if _is_open(tables.train, name)]
        train, synthetic = (_searched(data, columns) for data in (tables.train, tables.synthetic))
        holdout = None if tables.holdout is None else _searched(tables.holdout, columns)
        real = _real(tables.train, train, holdout) | _declared(tables.train, synthetic)
        n = len(tables.synthetic)
        natural = None if holdout is None else holdout.share()
        return [
            _score(
                "personal_data", synthetic.only(real), n, 0.0, train.only(real).share(),
                f"share of synthetic rows that hold, in {_WHERE}, an {_WHAT}, that fewer than {FEWEST} "
                "persons of train and nobody in the holdout have, or that stand in a personal column of "
                "train; 0 where there are no such columns",
            ),
            _score(
                "personal_data.found", synthetic, n, natural, train.share(),
                f"share of synthetic rows that hold, in {_WHERE}, an {_WHAT}, real or not; ceiling and "
                "floor: the same share of holdout and of train rows",
            ),
        ]  # fmt: skip


Identifier = tuple[str, str]  # kind, and the value in one form


@dataclass(frozen=True)
class _Found:
    """What one table's columns hold.

    Parameters
    ----------
    rows : int
        Of the table.
    places : mapping of column to mapping of row to identifiers
    """

    rows: int
    places: dict[str, dict[int, list[Identifier]]] = field(default_factory=dict)

    def share(self) -> float:
        """Share of rows that hold any."""
        return len({row for column in self.places.values() for row in column}) / max(1, self.rows)

    def every(self) -> Iterator[tuple[int, Identifier]]:
        """Row and identifier, one after the other."""
        for column in self.places.values():
            for row, here in column.items():
                yield from ((row, one) for one in here)

    def only(self, wanted: set[Identifier]) -> _Found:
        """The places of these identifiers."""
        kept = {
            name: {row: some for row, here in column.items() if (some := [i for i in here if i in wanted])}
            for name, column in self.places.items()
        }
        return _Found(self.rows, kept)


def _is_open(data: Dataset, name: str) -> bool:
    kind, column = data.table[name].type, data.schema[name]
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
    return text and (column.kind == "text" or column.is_discrete) and not is_renewed(column)


def _searched(data: Dataset, columns: list[str]) -> _Found:
    """Each distinct value is searched once."""
    places: dict[str, dict[int, list[Identifier]]] = {}
    for name in columns:
        array = data.table[name].combine_chunks()
        coded = array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(array)
        values = coded.dictionary.cast(pa.string())
        worth = np.flatnonzero(may_hold(values).to_numpy(zero_copy_only=False)).tolist()
        held_by = _in_one_form({at: one for at in worth if (one := identifiers(values[at].as_py()))})
        codes = pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(np.isin(codes, list(held_by)))
        places[name] = {int(row): held_by[int(codes[row])] for row in rows}
    return _Found(len(data), places)


def _in_one_form(found: dict[int, list[Identifier]]) -> dict[int, list[Identifier]]:
    """Written as `mintmark.data.known` compares what fills a cell."""
    forms: dict[Identifier, Identifier] = {}
    for kind in {kind for here in found.values() for kind, _ in here}:
        texts = sorted({text for here in found.values() for one, text in here if one == kind})
        made = in_one_form(pa.array(texts), kind)
        forms |= {(kind, text): (kind, form) for text, form in zip(texts, made, strict=True)}
    return {at: [forms[one] for one in here] for at, here in found.items()}


def _real(data: Dataset, train: _Found, holdout: _Found | None) -> set[Identifier]:
    """Identifiers that point at a person of train."""
    who = persons(data)
    owners = Counter(one for _, one in {(int(who[row]), one) for row, one in train.every()})
    shared = {one for _, one in holdout.every()} if holdout is not None else set()
    return {one for one, n in owners.items() if n < FEWEST and one not in shared}


def _declared(data: Dataset, synthetic: _Found) -> set[Identifier]:
    """Identifiers found that stand in a column of train that was declared personal."""
    known = {str(data.schema[name].personal): values for name, values in identities(data).items()}
    made = list({one for _, one in synthetic.every() if one[0] in known})
    return {one for one in made if held(known[one[0]], [one[1]])[0]}


def _score(name: str, found: _Found, n: int, ceiling: float | None, floor: float, convention: str) -> Score:
    share = found.share()
    return Score(
        metric=name,
        family="privacy",
        estimate=share,
        interval=(share, share),
        direction="lower",
        ceiling=ceiling,
        floor=floor,
        n=n,
        variance="none: every value is searched",
        estimand="the share in these released rows themselves",
        convention=convention,
        source="ISO/IEC 7812-1 (cards), ISO 13616 (IBAN), E.164 (telephones), the issuers of national ids",
        details={
            "columns": {name: _column(rows, n) for name, rows in found.places.items()},
            "private": {"synthetic_rows": sorted({row for row, _ in found.every()})[:1000]},
        },
    )  # fmt: skip


def _column(rows: dict[int, list[Identifier]], n: int) -> dict[str, Any]:
    share = len(rows) / max(1, n)
    kinds = Counter(kind for here in rows.values() for kind in {kind for kind, _ in here})
    return {
        "estimate": share,
        "interval": (share, share),
        "rows": len(rows),
        "kinds": dict(sorted(kinds.items())),
    }
