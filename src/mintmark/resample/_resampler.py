"""What every resampler shares: classes and their deficits, drawing parents, rows between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode
from mintmark.data.keys import is_renewed
from mintmark.data.protect import FEWEST, persons
from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where
from mintmark.errors import InputError, UnknownNameError
from mintmark.method import method
from mintmark.parents import PARENTS, Traced
from mintmark.resample._parents import Parents
from mintmark.resample._sample import Sample
from mintmark.resample._strategy import Strategy, deficits
from mintmark.synthesizer import Learnt, Nature, Synthesizer

__all__ = ["Made", "Neighbours", "Resampler", "laid", "renumbered"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Neighbours = Annotated[
    int, Field(ge=1, description="neighbours of its class among which a row's partner is drawn")
]


@dataclass(frozen=True)
class Made:
    """New rows and where they come from.

    Parameters
    ----------
    numbers, codes : array, shape (n, columns)
    base, partner : array of int, shape (n,)
        Their parents, as rows of the sample.
    at : array, shape (n,)
        How far from the base to the partner each lies.
    rejected : mapping of str to int
        Rows that a filter rejected and that were made again, by the filter.
    """

    numbers: Floats
    codes: npt.NDArray[np.int32]
    base: Ints
    partner: Ints
    at: Floats
    rejected: Mapping[str, int] = field(default_factory=dict)


@method
class Resampler(Synthesizer):
    """New rows of the classes that have too few. Abstract: write `_parents`.

    Classes come out in the proportions of their deficits, or alike where none has one. Without a
    target all rows are of one class.
    """

    nature: ClassVar[Nature] = "augmented real"
    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "rows"
    reads_groups: ClassVar[bool] = True
    derives: ClassVar[bool] = True
    tells_parents: ClassVar[bool] = True

    target: str | None = None
    sampling_strategy: Strategy = "auto"

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        """Parents of the new rows of one class."""
        raise NotImplementedError

    def _place(self, made: Made, learnt: Learnt, rng: np.random.Generator) -> Made:
        """Move rows off the line between their parents; most methods leave them there."""
        return made

    # -- the contract --------------------------------------------------------------------------

    def _refuse(self, data: Dataset) -> None:
        super()._refuse(data)
        name = self._target(data)
        if name is not None:
            self._refuse_target(data.schema[name])
            if not data.table.num_rows - data.table[name].null_count:
                raise InputError(f"target column {name!r} holds no value: there is no class to resample.")
            _refuse_rare(data, data.schema[name])
        if not [c for c in data.schema if c.name != name and not is_renewed(c)]:
            raise InputError("there is no column besides the target: new rows would hold the class alone.")

    def _refuse_target(self, column: Column) -> None:
        """Raise `InputError` where the target is of a kind that this method cannot resample."""
        if not column.is_discrete:
            raise InputError(
                f"target column {column.name!r} is {column.kind}; classes are resampled. Declare it a "
                f"category (kinds={{{column.name!r}: 'category'}}), or use smote_regression."
            )

    def _target(self, data: Dataset) -> str | None:
        name = self.target or data.target
        if name is not None and name not in data.schema:
            raise UnknownNameError("target column", name, data.names)
        return name

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        target = self._target(data)
        known = np.arange(len(data))
        if target is not None and data.table[target].null_count:
            known = np.flatnonzero(pc.is_valid(data.table[target]).to_numpy(zero_copy_only=False))
            data = data.take(known)
        sample, classes = self._sample(data, target)
        wanted = deficits(self.sampling_strategy, classes, np.bincount(sample.labels, minlength=len(classes)))
        held = [c.name for c in data.schema if not {"group", "sequence_key"} & set(c.roles)]
        about = {"schema": data.schema.select(held).to_json(), "target": target, "wanted": wanted.tolist()}
        plan = self._planned(data, sample, wanted, rng)
        return {**about, **plan, "rows": renumbered(plan["rows"], known)}

    def _planned(self, data: Dataset, sample: Sample, wanted: Ints, rng: np.random.Generator) -> Learnt:
        """What new rows are made from; most methods take the rows as they are."""
        return self.plan(sample, wanted, rng)

    def _sample(self, data: Dataset, target: str | None) -> tuple[Sample, list[Any]]:
        """The rows, their target known, and the names of their classes."""
        classes = [None] if target is None else list(data.schema[target].categories or ())
        return Sample.of(data, target), classes

    def _target_of(self, made: Made, learnt: Learnt, rng: np.random.Generator) -> npt.NDArray[Any]:
        """The target of new rows, encoded: the class of their base."""
        return np.asarray(learnt["label"][made.base])

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> Traced:
        schema, target = Schema.from_json(learnt["schema"]), learnt["target"]
        made = self.make(learnt, n, rng)
        of = {} if target is None else {target: self._target_of(made, learnt, rng)}
        rest = self._columns(made, learnt, schema.select([c.name for c in schema if c.name not in of]), rng)
        both = decode(of, schema.select(list(of))), rest
        columns = {name: table[name] for table in both for name in table.column_names}
        rows = pa.table([columns[name] for name in schema.names], schema=schema.arrow)
        parents = [learnt["rows"][made.base], learnt["rows"][made.partner], made.at]
        return Traced(rows, pa.table(parents, schema=PARENTS), made.rejected)

    def _columns(self, made: Made, learnt: Learnt, schema: Schema, rng: np.random.Generator) -> pa.Table:
        """The columns of new rows, but for the target."""
        numeric = [column.name for column in schema if column.is_numeric]
        discrete = [column.name for column in schema if column.is_discrete]
        arrays: dict[str, Any] = {name: made.numbers[:, at] for at, name in enumerate(numeric)}
        return decode(arrays | {name: made.codes[:, at] for at, name in enumerate(discrete)}, schema)

    def _condition(self, learnt: Learnt, where: Where) -> Learnt | None:
        target = learnt["target"]
        if target not in where:
            return None
        wanted = where[target] if isinstance(where[target], list) else [where[target]]
        classes = list(Schema.from_json(learnt["schema"])[target].categories or ())
        labels = [at for at, name in enumerate(classes) if name in wanted]
        weight = np.where(np.isin(learnt["label"][learnt["base"]], labels), learnt["weight"], 0.0)
        if not weight.any():
            raise InputError(
                f"where: no new rows of class {wanted[0]!r} are made under sampling_strategy "
                f"{self.sampling_strategy!r}. Name it there with the rows that it shall have."
            )
        return {**learnt, "weight": weight}

    def usual_rows(self, fitted: int) -> int:
        """As many as the classes lack; where none lacks any, as many as were fitted."""
        return int(sum(self._state().learnt["wanted"])) or fitted

    # -- on arrays -----------------------------------------------------------------------------

    def plan(self, sample: Sample, wanted: Ints, rng: np.random.Generator) -> dict[str, Any]:
        """What new rows are made from: every possible parent, and who is whose.

        Parameters
        ----------
        sample : Sample
        wanted : array of int, shape (classes,)
            New rows that each class needs; where none needs any, all classes grow alike.
        """
        labels = np.flatnonzero(wanted) if wanted.any() else np.unique(sample.labels)
        share = wanted[labels] / wanted.sum() if wanted.any() else np.full(len(labels), 1 / len(labels))
        parts = [self._parents(sample, int(label), rng).usable for label in labels]
        parts, virtual = _with_virtual(sample, parts, labels)
        weight = [part.weight / part.weight.sum() * s for part, s in zip(parts, share, strict=True)]
        base = np.concatenate([part.base for part in parts])
        width = max(part.partner.shape[1] for part in parts)
        partner = np.concatenate([_wide(part.partner, width, -1) for part in parts])
        rows = np.unique(np.concatenate([base, partner[partner >= 0]]))
        real, rest = rows[rows < len(sample)], rows[rows >= len(sample)] - len(sample)
        return {
            # of the sample, for whoever asks where a row comes from; -1 is no real row
            "rows": np.concatenate([real, np.full(len(rest), -1)]),
            "numbers": np.concatenate([sample.numbers[real], virtual.numbers[rest]]),
            "codes": np.concatenate([sample.codes[real], virtual.codes[rest]]),
            "label": np.concatenate([sample.labels[real], virtual.labels[rest]]),
            "base": np.searchsorted(rows, base),
            "partner": np.where(partner >= 0, np.searchsorted(rows, partner), -1),
            "low": np.concatenate([_wide(part.low, width, 0) for part in parts]),
            "high": np.concatenate([_wide(part.high, width, 0) for part in parts]),
            "weight": np.concatenate(weight),
        }

    def make(self, learnt: Learnt, n: int, rng: np.random.Generator) -> Made:
        """n new rows, their parents as rows of `learnt["numbers"]`."""
        drawn = _drawn(learnt["weight"], rng.random(n))
        known = (learnt["partner"] >= 0).sum(axis=1)
        which = (rng.random(n) * known[drawn]).astype(np.int64)
        base, partner = learnt["base"][drawn], learnt["partner"][drawn, which]
        low, high = (learnt[end][drawn, which] for end in ("low", "high"))
        at = low + rng.random(n) * (high - low)
        return self._place(laid(learnt, base, partner, at, rng), learnt, rng)


def _refuse_rare(data: Dataset, target: Column) -> None:
    """Raise where the public schema would merge a class with others: the rare class is what is asked for."""
    if not target.is_discrete or target.categories is not None or not target.protect:
        return
    coded = pc.dictionary_encode(data.table[target.name].combine_chunks())
    known = coded.is_valid().to_numpy(zero_copy_only=False)
    codes = coded.indices.to_numpy(zero_copy_only=False)[known].astype(np.int64)
    pairs = np.unique(np.stack([codes, persons(data)[known]]), axis=1)
    counts = np.bincount(pairs[0], minlength=len(coded.dictionary))
    if counts.min(initial=FEWEST) < FEWEST:
        rare = coded.dictionary[int(counts.argmin())].as_py()
        raise InputError(
            f"class {rare!r} of {target.name!r} has {counts.min()} persons, fewer than {FEWEST}: what is so "
            "rare is not published, and its rows would be mixed with other classes. Declare the classes "
            f"(data.edit({target.name!r}, categories=(...))), or leave its rows out."
        )


def renumbered(rows: Ints, known: Ints) -> Ints:
    """Rows of the sample as rows of the data that it was taken from; what is no real row (-1) stays so."""
    return np.asarray(np.where(rows >= 0, known[rows], -1))


def laid(learnt: Learnt, base: Ints, partner: Ints, at: Floats, rng: np.random.Generator) -> Made:
    """Rows on the line between these parents, `at` of the way from one to the other."""
    from mintmark.resample._kernels import between  # compiles once: not before it is needed

    numbers, codes = learnt["numbers"], learnt["codes"]
    out = np.empty((len(base), numbers.shape[1])), np.empty((len(base), codes.shape[1]), dtype=np.int32)
    chance = rng.random((len(base), codes.shape[1]), dtype=np.float32)
    between(numbers, codes, base, partner, at, chance, *out)
    return Made(*out, base, partner, at)


def _with_virtual(sample: Sample, parts: list[Parents], labels: Ints) -> tuple[list[Parents], Sample]:
    """The parts with their virtual rows numbered after the sample's and one another's, and those rows."""
    numbers, codes, of = [sample.numbers[:0]], [sample.codes[:0]], [sample.labels[:0]]
    numbered, before = [], 0
    for part, label in zip(parts, labels, strict=True):
        partner = np.where(part.partner >= len(sample), part.partner + before, part.partner)
        numbered.append(dataclasses.replace(part, partner=partner))
        if part.virtual is not None:
            numbers.append(part.virtual[0])
            codes.append(part.virtual[1])
            of.append(np.full(len(part.virtual[0]), label))
            before += len(part.virtual[0])
    added = Sample(np.concatenate(numbers), np.concatenate(codes), sample.sizes, np.concatenate(of))
    return numbered, added


def _drawn(weight: Floats, at: Floats) -> Ints:
    """Positions as often as their weights say, for places in [0, 1)."""
    held: Ints = np.flatnonzero(weight)
    if (weight[held] == weight[held[:1]]).all():  # a search would cost more than the rows themselves
        return np.asarray(held[(at * len(held)).astype(np.int64)])
    passed = np.cumsum(weight)
    found: Ints = np.searchsorted(passed, at * passed[-1], "right")
    return np.asarray(np.minimum(found, held[-1]))


def _wide(array: npt.NDArray[Any], width: int, fill: float) -> npt.NDArray[Any]:
    return np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=fill)
