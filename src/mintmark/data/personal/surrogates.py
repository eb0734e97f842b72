"""Surrogates: values in the place of personal ones, made from the row's number in the whole table.

A row belongs to a made person: the row's own number where some personal column differs in every
row, else one of as many persons as the data has. All of a row's values follow from that number and
from a key of the seed, so names, e-mail and address agree, blocks need no memory, and `sample(m)`
begins `sample(n)`. What equals a real value (by digest) is made again from a part of the space that
is used for nothing else, so different persons keep different values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data import keys
from mintmark.data.dataset import Dataset
from mintmark.data.known import as_texts, digests, held, in_one_form
from mintmark.data.personal import headers
from mintmark.data.personal._values import NAMED, TRIES, Row, Values, tries_left
from mintmark.data.personal.forms import form_of
from mintmark.data.personal.patterns import Numbers, Texts, mixed
from mintmark.data.personal.pools import need
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.data.streams import stream
from mintmark.errors import InputError, RejectedError

__all__ = ["Personal", "completed", "learn", "made"]

_FORM_FROM = 400
_WORDED = {"name", "first_name", "last_name", "email", "address", "street", "city"}
_SEX = {
    "sex",
    "gender",
    "geschlecht",
    "sexe",
    "genre",
    "sexo",
    "genero",
    "sesso",
    "genere",
    "geslacht",
    "kon",
    "plec",
}
_FEMALE = {"f", "female", "woman", "w", "weiblich", "frau", "femme", "feminin", "mujer", "femenino", "donna",
           "femmina", "vrouw", "v", "mulher", "feminino", "k", "kobieta", "kvinna"}  # fmt: skip
_MALE = {"m", "male", "man", "mannlich", "mann", "herr", "homme", "masculin", "hombre", "masculino", "uomo",
         "maschio", "h", "homem", "mezczyzna"}  # fmt: skip


@dataclass(frozen=True)
class Personal:
    """What of the real personal columns a model keeps.

    Parameters
    ----------
    columns : mapping of column to JSON values
        ``form`` (how values are written), ``distinct`` (how many values rows share, None where all
        differ).
    known : mapping of column to uint64 array
        Digests of its real values, see `mintmark.data.known`.
    sex : mapping, optional
        ``column`` whose ``female`` and ``male`` values decide the given names.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, npt.NDArray[np.uint64]] = field(default_factory=dict)
    sex: Mapping[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """The JSON values of it, for `model.json`."""
        return {"columns": dict(self.columns), "sex": self.sex}

    def arrays(self) -> dict[str, npt.NDArray[np.uint64]]:
        """The digests, under names that no method uses."""
        return {f"personal.{at}": self.known[name] for at, name in enumerate(self.columns)}

    def avoiding(self, data: Dataset) -> Personal:
        """With the digests of more real rows; columns that they lack stay as they are."""
        known = {
            name: np.union1d(old, digests(in_one_form(data.table[name], data.schema[name].personal)))
            if name in data.schema and data.schema[name].personal
            else old
            for name, old in self.known.items()
        }
        return replace(self, known=known)

    @classmethod
    def saved(cls, record: Mapping[str, Any], learnt: dict[str, Any]) -> Personal:
        """Inverse of `record` and `arrays`; takes its arrays out of `learnt`."""
        columns = record.get("columns", {})
        known = {name: learnt.pop(f"personal.{at}") for at, name in enumerate(columns)}
        return cls(columns, known, record.get("sex"))


def learn(data: Dataset) -> Personal:
    """What is kept of the personal columns: how they are written, how often values repeat, digests.

    Raises
    ------
    MissingExtraError
        If names, e-mails or addresses are to be made and Faker is not installed.
    """
    personal = [column for column in data.schema if column.personal]
    if any(column.personal in _WORDED for column in personal):
        need()
    columns, known = {}, {}
    for column in personal:
        array = data.table[column.name]
        real = in_one_form(array, column.personal)
        known[column.name] = digests(real)
        some = as_texts(pc.unique(array).drop_null().slice(0, _FORM_FROM)).to_pylist()
        columns[column.name] = {
            "form": form_of(
                column.personal or "", column.locale or "en_US", [t for t in some if t.strip()] or ["-"]
            ),
            "distinct": _shared(len(real), len(known[column.name])),
        }
    return Personal(columns, known, _sex(data) if personal else None)


def _shared(rows: int, distinct: int) -> int | None:
    """How many values to draw from so that as many rows show as many distinct ones; None for all."""
    if distinct >= 0.98 * rows or rows < 2:
        return None
    low, high = float(distinct), 1e3 * rows
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * -np.expm1(-rows / middle) < distinct else (low, middle)
    return max(1, round(low))


def _sex(data: Dataset) -> dict[str, Any] | None:
    for column in data.schema:
        if column.personal or not column.is_discrete or not _SEX & set(headers.words(column.name)):
            continue
        values = pc.unique(data.table[column.name]).drop_null().to_pylist()
        female, male = (
            [v for v in values if "".join(headers.words(str(v))) in known] for known in (_FEMALE, _MALE)
        )
        if female and male:
            return {"column": column.name, "female": female, "male": male}
    return None


def completed(
    table: pa.Table,
    schema: Schema,
    personal: Personal,
    rules: Mapping[str, Callable[[pa.Table], npt.NDArray[np.bool_]]],
    patterned: keys.Made | None = None,
    *,
    seed: int,
    start: int = 0,
) -> tuple[pa.Table, Counter[str]]:
    """The modelled columns with keys and personal columns beside them, in the schema's order.

    Parameters
    ----------
    rules : mapping of a rule's words to what says which rows hold
        Rules that read personal columns; where one does not hold, the row's values are made again.
    patterned : mapping, optional
        As `keys.renew` takes it.
    table, schema, personal, seed, start :
        As `made` takes them, for rows start, start + 1, ...

    Raises
    ------
    RejectedError
        If a rule still does not hold after every try; names it.
    """
    number = np.arange(start, start + table.num_rows, dtype=np.uint64)
    columns = made(table, schema, personal, number, seed=seed)
    rejected: Counter[str] = Counter()
    for again in range(1, TRIES + 1):
        whole = keys.renew(_beside(table, columns), schema, start, patterned)
        held_to = np.ones(table.num_rows, dtype=bool)
        for name, rule in rules.items():
            ok = rule(whole)
            rejected[name] += int((held_to & ~ok).sum())
            held_to &= ok
        bad = np.flatnonzero(~held_to)
        if not len(bad):
            return whole, rejected
        if again < TRIES:
            fresh = made(table.take(pa.array(bad)), schema, personal, number[bad], seed=seed, again=again)
            columns = {name: _patched(columns[name], bad, fresh[name]) for name in columns}
    worst = rejected.most_common(1)[0][0]
    raise RejectedError(
        f"{len(bad):,} of {table.num_rows:,} rows do not hold {worst!r} with any surrogate that was tried. "
        "Mend the check, or drop the personal column that it reads."
    )


def _beside(table: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    for name, array in columns.items():
        table = table.append_column(name, array)
    return table


def _patched(array: pa.Array, at: npt.NDArray[np.int64], fresh: pa.Array) -> pa.Array:
    order = np.arange(len(array))
    order[at] = len(array) + np.arange(len(at))
    return pa.concat_arrays([array, fresh]).take(pa.array(order))


def made(
    table: pa.Table, schema: Schema, personal: Personal, number: Numbers, *, seed: int, again: int = 0
) -> dict[str, pa.Array]:
    """The personal columns of some rows by name.

    Parameters
    ----------
    table : pyarrow.Table
        The modelled columns of these rows.
    schema : Schema
        The public one, every column.
    personal : Personal
    number : uint64 array (n,)
        Of each row in the whole table.
    seed : int, >= 0
    again : int
        0 at first; 1, 2, ... for other values where a rule did not hold.

    Raises
    ------
    InputError
        If a column has no values left that differ from the real ones or from each other.
    """
    key = int(stream(seed, "personal").integers(2**63))
    columns = [schema[name] for name in personal.columns]
    counts = [personal.columns[column.name]["distinct"] for column in columns]
    most = None if None in counts else max(counts, default=None)
    person = number if most is None else mixed(number, key) % np.uint64(most)
    row = Row(person, _is_female(table, personal, person, key), key, again)
    values = Values({column.name: column for column in columns}, personal.columns, personal.known, most)
    out = {}
    for at, column in enumerate(columns):
        texts = _unlike(values, column, row, personal.known[column.name])
        out[column.name] = _array(texts, column, number, key + at)
    return out


def _is_female(table: pa.Table, personal: Personal, number: Numbers, key: int) -> npt.NDArray[np.bool_]:
    drawn = (mixed(number, key ^ 0x5EC) & np.uint64(1)).astype(bool)
    if personal.sex is None:
        return drawn
    array = table[personal.sex["column"]].combine_chunks()
    female, male = (
        pc.is_in(array, value_set=pa.array(personal.sex[one], array.type)).to_numpy(zero_copy_only=False)
        for one in ("female", "male")
    )
    return np.where(female, True, np.where(male, False, drawn))


def _unlike(values: Values, column: Column, row: Row, known: npt.NDArray[np.uint64]) -> Texts:
    """The column's texts, none of them a real one."""
    texts = values.texts(column, row)
    if column.personal in NAMED:
        return texts  # names are held apart from the real ones together, before they are written
    bad = _real(texts, column, known)
    for turn in range(1, tries_left(row)):
        if not len(bad):
            return texts
        fresh = values.texts(column, row.some(bad, turn))
        width = max(texts.dtype.itemsize, fresh.dtype.itemsize) // 4
        texts = texts.astype(f"U{width}")
        texts[bad] = fresh
        bad = bad[_real(fresh, column, known)]
    if len(bad):
        raise InputError(
            f"column {column.name!r}: {len(bad):,} made {column.personal} values equal real ones after every "
            "try. Drop the column, or declare another locale."
        )
    return texts


def _real(texts: Texts, column: Column, known: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return np.flatnonzero(held(known, in_one_form(pa.array(texts, pa.string()), column.personal)))


def _array(texts: Texts, column: Column, number: Numbers, key: int) -> pa.Array:
    """As Arrow values of the column's type, with the share missing that the data has."""
    kind = arrow_type(column.dtype)
    chance = (mixed(number, key ^ 0xA55E) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    gone = chance < (column.missing or 0.0)
    if pa.types.is_null(kind):
        return pa.nulls(len(texts))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        whole = [int("".join(c for c in text if c.isdigit()) or 0) for text in texts.tolist()]
        try:
            return pa.array(whole, pa.int64(), mask=gone).cast(kind)
        except (pa.ArrowInvalid, OverflowError):
            raise InputError(
                f"column {column.name!r} is {column.dtype}, too small for {column.personal} values. "
                "Give it as text."
            ) from None
    return pa.array(texts, pa.string(), mask=gone).cast(kind)
