"""Surrogates: values in the place of personal ones, made from the row's number in the whole table.

A row belongs to made persons (the customer, the spouse): to persons of its own where names or e-mails
differ in every row, else to some of as many as the data has. All of a row's values follow from its
number and from a key of the seed, so names, e-mail and address agree, blocks need no memory, and
`sample(m)` begins `sample(n)`. What equals a real value of its kind (by digest) is made again from a
part of the space that is used for nothing else, so different persons keep different values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data import keys
from mintmark.data.dataset import Dataset
from mintmark.data.known import as_texts, blank
from mintmark.data.personal import headers
from mintmark.data.personal._values import TRIES, Row, Values
from mintmark.data.personal.belonging import identities, labels, persons, shown
from mintmark.data.personal.forms import form_of
from mintmark.data.personal.patterns import Numbers, Texts, mixed
from mintmark.data.personal.pools import need
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.data.streams import stream
from mintmark.errors import InputError, RejectedError

__all__ = ["Personal", "completed", "learn", "made"]

_FORM_FROM = 400
_WORDED = {"name", "first_name", "last_name", "email", "address", "street", "city"}
_SEX_WORDS = "sex gender geschlecht sexe genre sexo genero sesso genere geslacht kon plec"
_TITLE_WORDS = "title titel anrede salutation civilite civilita tratamiento tratamento aanhef tilltal prefix"
_SEX, _TITLE = frozenset(_SEX_WORDS.split()), frozenset(_TITLE_WORDS.split())
_FEMALE_WORDS = (
    "f female woman w weiblich frau femme feminin mujer femenino donna femmina vrouw v mulher feminino k "
    "kobieta kvinna mrs ms miss fr mme mlle madame sra srta senora sigra dona mevr mevrouw pani fru"
)
_MALE_WORDS = (
    "m male man mannlich mann herr homme masculin hombre masculino uomo maschio h homem mezczyzna mr "
    "monsieur sr sig senor dhr pan"
)
_FEMALE, _MALE = frozenset(_FEMALE_WORDS.split()), frozenset(_MALE_WORDS.split())


@dataclass(frozen=True)
class Personal:
    """What of the real personal columns a model keeps.

    Parameters
    ----------
    columns : mapping of column to JSON values
        ``form`` (how values are written), ``distinct`` (how many values rows share, None where all
        differ), ``label`` (whose it is), ``follows`` (whether one person has one value), ``blank``
        (texts that say that nothing is known, with their shares of the rows).
    known : mapping of column to uint64 array
        Digests of the real values of its kind, see `mintmark.data.personal.belonging.identities`.
    people : mapping of label to JSON values
        ``persons`` that rows share, None where all rows differ; ``names`` that persons share, None
        where each has another.
    sex : mapping, optional
        ``column`` whose ``female`` and ``male`` values decide the given names.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, npt.NDArray[np.uint64]] = field(default_factory=dict)
    people: Mapping[str, Any] = field(default_factory=dict)
    sex: Mapping[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """The JSON values of it, for `model.json`."""
        return {"columns": dict(self.columns), "people": dict(self.people), "sex": self.sex}

    def arrays(self) -> dict[str, npt.NDArray[np.uint64]]:
        """The digests, under names that no method uses."""
        return {f"personal.{at}": self.known[name] for at, name in enumerate(self.columns)}

    def avoiding(self, data: Dataset) -> Personal:
        """With the digests of more real rows; columns that they lack stay as they are."""
        more = identities(data)
        known = {
            name: np.union1d(old, more[name]) if name in more else old for name, old in self.known.items()
        }
        return replace(self, known=known)

    @classmethod
    def saved(cls, record: Mapping[str, Any], learnt: dict[str, Any]) -> Personal:
        """Inverse of `record` and `arrays`; takes its arrays out of `learnt`."""
        columns = record.get("columns", {})
        known = {name: learnt.pop(f"personal.{at}") for at, name in enumerate(columns)}
        return cls(columns, known, record.get("people", {}), record.get("sex"))


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
    label = labels(data)
    people = persons(data, label)
    columns = {column.name: _learnt(data, column, label[column.name], people) for column in personal}
    shared = {
        one: {"persons": _shared(*told["distinct"]), "names": _shared(*told["names"])}
        for one, told in people.items()
    }
    return Personal(columns, identities(data), shared, _sex(data) if personal else None)


def _learnt(data: Dataset, column: Column, label: str, people: Mapping[str, Any]) -> dict[str, Any]:
    array = data.table[column.name]
    empty = pc.fill_null(blank(array), False)
    real = array.filter(pc.invert(empty)).drop_null()
    some = as_texts(pc.unique(real).slice(0, _FORM_FROM)).to_pylist()
    form = form_of(column.personal or "", column.locale or "en_US", some or ["-"])
    if pa.types.is_string(array.type):
        form |= shown(data, column)
    blanks = pc.value_counts(array.filter(empty)).to_pylist()
    return {
        "form": form | {"whole": not pa.types.is_string(array.type)},
        "distinct": _shared(len(real), len(pc.unique(real))),
        "label": label,
        "follows": column.name in people[label]["follow"],
        "blank": [[one["values"], one["counts"] / len(array)] for one in blanks],
    }


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
        if column.personal or not column.is_discrete or not (_SEX | _TITLE) & set(headers.words(column.name)):
            continue
        values = pc.unique(data.table[column.name]).drop_null().to_pylist()
        female, male = (
            [v for v in values if {"".join(told := headers.words(str(v))), *told[:1]} & known]
            for known in (_FEMALE, _MALE)
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
    columns = {name: schema[name] for name in personal.columns}
    row = Row(number, _is_female(table, personal, number, key), _texts_of(table, personal), key, again)
    values = Values(columns, personal.columns, personal.known, personal.people, personal.sex is not None)
    out = {}
    for at, (name, column) in enumerate(columns.items()):
        blanks = [] if again else personal.columns[name]["blank"]
        out[name] = _array(values.unlike(column, row), column, blanks, number, key + at)
    return out


def _texts_of(table: pa.Table, personal: Personal) -> dict[str, Texts]:
    """Of the modelled columns those that addresses show; "" where there is nothing to show."""
    names = {name for told in personal.columns.values() for name in told["form"].get("shown", {}).values()}
    hidden = pa.array(["(other)", ""])
    out = {}
    for name in sorted(names & set(table.column_names)):
        array = table[name].combine_chunks().cast(pa.string())
        array = pc.if_else(pc.is_in(array, value_set=hidden), "", pc.fill_null(array, ""))
        out[name] = np.array(array.to_pylist(), dtype=np.str_)
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


def _array(
    texts: Texts, column: Column, blanks: Sequence[tuple[str, float]], number: Numbers, key: int
) -> pa.Array:
    """As Arrow values of the column's type, with the shares missing and blank that the data has."""
    kind = arrow_type(column.dtype)
    chance = (mixed(number, key ^ 0xA55E) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    gone = chance < (column.missing or 0.0)
    end = column.missing or 0.0
    for text, share in blanks:
        texts = np.where((chance >= end) & (chance < end + share), text, texts)
        end += share
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
