"""Methods that transform given rows: masked once, in `fit`, and handed out in the order of the source.

An author writes a `@method` class with one hook, ``_mask(data, rng)``, which returns the columns that
it changes. Reuse of rows, rules, conditions and what makes a mask irremovable are here.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark import rules
from mintmark.data.conform import conforms
from mintmark.data.dataset import Dataset
from mintmark.data.keys import is_renewed
from mintmark.data.protect import persons
from mintmark.data.schema import Column, Schema
from mintmark.data.streams import derive_seed
from mintmark.data.where import Where, check_where, matches
from mintmark.errors import InputError, RejectedError, first_three
from mintmark.fitted import Fitted
from mintmark.method import method, name_of
from mintmark.plan import Plan
from mintmark.synthesizer import Drawn, Learnt, Nature, Synthesizer

__all__ = ["Masked", "RandomTransformer", "Transformer"]

_TRIES = 100
"""Times that a person whose masked rows break a rule is masked anew before the fit gives up."""
_OWNERS = ("group", "sequence_key")


@dataclass(frozen=True)
class Masked:
    """What `_mask` leaves.

    Parameters
    ----------
    columns : mapping of str to Arrow array
        The columns that were masked, inside the schema; every other column passes as it is.
    choices : list
        For `Synthesizer._choices`.
    """

    columns: Mapping[str, pa.Array | pa.ChunkedArray]
    choices: list[dict[str, str]] = field(default_factory=list)


@method
class Transformer(Synthesizer):
    """Given rows, changed. Abstract: write `_mask`.

    Row i of a sample is fitted row i mod N, masked: in the order of the source, without replacement up
    to N, used again beyond. All rows are masked once, in `fit`; the masked rows are what a model holds.
    Masked at each draw, the mean of many samples would come to the real rows, and a seed of `sample`
    that is known would undo the mask. So that seed changes no masked value, and rows beyond N repeat.

    Not hidden are the columns that a method does not mask (named in provenance), which values are
    missing in columns of numbers, and the order of the rows: shuffle them first where it tells whose
    they are. Rows enter a mask inside their public schema, so "kept" is said of these: a number ends at
    the mean of the ten most extreme persons where no bounds are declared.
    """

    nature: ClassVar[Nature] = "masked real"
    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "rows"
    reads_groups: ClassVar[bool] = True
    masks: ClassVar[tuple[Literal["number", "category", "datetime"], ...]] = ("number", "category")
    """Kinds of columns that it changes: "number" is integers, dates and durations as well."""
    jointly: ClassVar[bool] = False
    """Whether rows are masked together, so that none can be masked anew by itself."""

    # -- the author's hook ---------------------------------------------------------------------

    def _mask(self, data: Dataset, rng: np.random.Generator) -> Masked:
        """The columns that are masked, row by row as given; rows of one person get the same randomness."""
        raise NotImplementedError

    def maskable(self, schema: Schema) -> list[Column]:
        """The columns of the kinds that this method masks."""
        return [
            column
            for column in schema
            if not is_renewed(column) and (_sort(column) in self.masks or column.kind in self.masks)
        ]

    # -- the fit ---------------------------------------------------------------------------------

    def _refuse(self, data: Dataset) -> None:
        super()._refuse(data)
        if not self.maskable(data.schema):
            raise InputError(
                f"the data has no column of kind {' or '.join(self.masks)}, which {name_of(type(self))} "
                "masks: its rows would leave as they are. Choose another method, or mend the kinds "
                "(kinds={...})."
            )
        owner = next((c.name for role in _OWNERS for c in data.schema if role in c.roles), None)
        if self.jointly and owner and np.bincount(persons(data)).max(initial=0) > 1:
            raise InputError(
                f"column {owner!r} says that persons have several rows, and {name_of(type(self))} masks rows "
                "together: a person would be hidden behind his own rows. Keep one row a person."
            )

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        drawn = data.schema.select([c.name for c in data.schema if not is_renewed(c)])
        held_to = [
            rule.completed(data)
            for rule in rules.loaded(drawn)
            if rule.scope == "row" and set(rule.reads) <= set(drawn.names)
        ]
        person = persons(data)
        table, choices = self._masked(data, drawn, rng)
        for attempt in range(_TRIES + 1):
            broken = {
                "in_schema": ~conforms(table, drawn),
                **{str(rule): ~rule.holds(Dataset(table, drawn)) for rule in held_to},
            }
            bad = np.any(list(broken.values()), axis=0)
            if not bad.any():
                break
            if self.jointly or attempt == _TRIES:
                raise RejectedError(self._too_many(broken, len(table)))
            fresh, _ = self._masked(data, drawn, rng)  # of the same law; what broke a rule is taken of it
            again = np.isin(person, person[bad])
            order = np.arange(len(table)) + len(table) * again
            table = pa.concat_tables([table, fresh]).take(pa.array(order)).combine_chunks()
        return {"masked": table, "choices": choices}

    def _masked(
        self, data: Dataset, drawn: Schema, rng: np.random.Generator
    ) -> tuple[pa.Table, list[dict[str, str]]]:
        """Every drawn column, masked or as it is, and what was chosen."""
        made = self._mask(data, rng)
        arrays = [made.columns.get(name, data.table[name]) for name in drawn.names]
        table = pa.table(arrays, names=drawn.names).cast(drawn.arrow)
        plain = [name for name in drawn.names if name not in made.columns]
        choices = list(made.choices)
        if plain:
            choices.insert(0, {
                "what": "columns that were not masked", "chosen": first_three(map(repr, plain)),
                "why": f"{name_of(type(self))} leaves them as they are",
            })  # fmt: skip
        return table, choices

    def _too_many(self, broken: Mapping[str, npt.NDArray[np.bool_]], rows: int) -> str:
        worst = max(broken, key=lambda name: int(broken[name].sum()))
        why = (
            f"{name_of(type(self))} masks rows together, so that none can be masked anew by itself"
            if self.jointly
            else f"they were masked {_TRIES} times anew"
        )
        return (
            f"{int(broken[worst].sum()):,} of {rows:,} masked rows break {worst!r}; {why}. Drop the rule, "
            "mask less, or choose another method."
        )

    def _check(self, learnt: Learnt) -> None:
        if not isinstance(learnt.get("masked"), pa.Table) or not len(learnt["masked"]):
            raise ValueError("the masked rows are missing")

    def _choices(self, learnt: Learnt) -> list[dict[str, str]]:
        return list(learnt["choices"])

    # -- the sample ------------------------------------------------------------------------------

    def draw_block(self, b: int, *, n: int, seed: int, where: Where | None = None) -> Drawn:
        """Rows of block b: the masked rows that match, in order, from the first again after the last."""
        fitted = self._state()
        wanted = min(self.block, n - b * self.block)
        table = fitted.learnt["masked"]
        if where:
            told = check_where(where, fitted.schema)
            table = table.filter(pa.array(matches(table, schema=fitted.modelled, where=told)))
        if not len(table):
            raise InputError(
                "where: no masked row matches, and there are no others. Ask for a wider condition."
            )
        made = table.take(pa.array((b * self.block + np.arange(wanted)) % len(table)))
        for name, rule in self._rules(fitted, None).items():
            if bad := int((~rule(made)).sum()):
                raise RejectedError(
                    f"{bad:,} of {wanted:,} masked rows break {name!r}, and the fit alone masks rows. "
                    "Declare the rule before the fit (Dataset.with_checks), or drop it."
                )
        return Drawn(made, wanted, {})

    def _repaired(
        self, table: pa.Table, fitted: Fitted, plan: Plan, which: npt.NDArray[np.int64]
    ) -> tuple[pa.Table, Counter[str]]:
        """The table as it is: no masked row can be replaced by a fresh one."""
        for rule in rules.drawn(fitted.schema, fitted.modelled):
            if rule.scope == "table" and (bad := int((~rule.holds(Dataset(table, fitted.modelled))).sum())):
                raise RejectedError(
                    f"{bad:,} of {len(table):,} masked rows break '{rule}', and no other can take their "
                    f"place: there are {len(fitted.learnt['masked']):,}, each masked once. Ask for fewer "
                    "rows, or drop the rule."
                )
        return table, Counter()


@method
class RandomTransformer(Transformer):
    """A transformer whose randomness protects. Abstract: write `_mask`.

    `fit` mixes 256 bits of the operating system into its seed and keeps them nowhere, so that two fits
    differ and nobody who knows seed, parameters and code can repeat the draws. The generator (Philox)
    has a key of 128 bits: that many must be guessed. It is no cipher; that its key cannot be found from
    the draws of rows whose real values are known is what no attack has refuted, not what is proven.
    """

    protecting: ClassVar[bool] = True

    reproducible: Annotated[
        bool, Field(description="draw from the seed alone: for tests, as the seed then removes the mask")
    ] = False

    def _unguessable(self, seed: int) -> int:
        return seed if self.reproducible else derive_seed(seed, "mask", secret=secrets.token_bytes(32))

    def _choices(self, learnt: Learnt) -> list[dict[str, str]]:
        told: list[dict[str, Any]] = [*super()._choices(learnt)]
        if self.reproducible:
            told.append({
                "what": "randomness that protects", "chosen": "of the seed alone",
                "why": "reproducible is set: whoever knows the seed can remove the mask; not for a release",
            })  # fmt: skip
        return told


def _sort(column: Column) -> str | None:
    return "number" if column.is_numeric else "category" if column.is_discrete else None
