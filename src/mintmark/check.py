"""The Check contract: a validity rule on rows.

One check, one file in `mintmark.checks`: a `@method` class with parameters and one hook,
``_holds(data) -> bool array (n,)``. Row checks judge a row by itself and are applied to every
block; table checks (uniqueness, quotas) judge the assembled rows, and a row they reject is
replaced. A shipped rule that reads a missing value holds.

More hooks are optional: ``_reads`` names the columns, ``_suits`` and ``_refuse`` tell bad input,
``_claims`` says what the rule means in words that can be reasoned about (see `mintmark.data.claims`),
``_completed`` fills in what the data shows, e.g. the combinations that occur.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from mintmark import registry
from mintmark.data.claims import Claim
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Schema, json_value
from mintmark.errors import InputError, UnknownNameError
from mintmark.method import name_of

__all__ = ["Check", "load"]


class Check:
    """A rule that a row holds or not. Abstract: write `_holds` and decorate with `@method`."""

    scope: ClassVar[Literal["row", "table"]] = "row"

    # -- the author's hooks; all but the first are optional ------------------------------------

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        raise NotImplementedError

    def _reads(self) -> tuple[str, ...]:
        """The columns that the rule names; none where it does not say."""
        return ()

    def _suits(self, schema: Schema) -> None:
        """Raise `InputError` where a column, which is there, is of a kind that the rule cannot read."""

    def _refuse(self, data: Dataset) -> None:
        """Raise `InputError` where the rule has no answer on these real rows."""

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        """What the rule says of its columns; nothing where that cannot be put into claims."""
        return iter(())

    def _completed(self, data: Dataset) -> Self:
        """The rule with what the protected data shows filled in."""
        return self

    @property
    def needs_data(self) -> bool:
        """Whether `completed` must still fill something in from the real data."""
        return False

    # -- the promise -------------------------------------------------------------------------

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that the rule names; none where it does not say."""
        return self._reads()

    def holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        """Which rows are valid, shape (n,).

        Raises
        ------
        InputError
            If the data lacks a column that the check reads.
        """
        self.suits(data.schema)
        held = np.asarray(self._holds(data))
        if held.shape != (len(data),) or held.dtype != bool:
            raise InputError(
                f"check {name_of(type(self))!r} returned {held.dtype} of shape {held.shape}, "
                f"not one truth value for each of {len(data)} rows."
            )
        return held

    def suits(self, schema: Schema) -> None:
        """Raise `InputError` where a column is not there or of a kind that the rule cannot read."""
        for name in self.reads:
            if name not in schema:
                raise UnknownNameError(f"column in the rule '{self}'", name, schema.names)
        self._suits(schema)
        if twice := [name for name in set(self.reads) if self.reads.count(name) > 1]:
            raise InputError(f"the rule '{self}' names column {twice[0]!r} twice. Name it once.")

    def claims(self, schema: Schema) -> list[Claim]:
        """What the rule says of its columns (see `mintmark.data.claims`), as far as it can be put so."""
        self.suits(schema)
        return list(self._claims(schema))

    def completed(self, data: Dataset) -> Self:
        """The rule with what the protected data shows filled in; itself where it is complete.

        Raises
        ------
        InputError
            If the data shows nothing that may leave.
        """
        self.suits(data.schema)
        return self._completed(data)

    def refuse(self, data: Dataset) -> None:
        """Raise `InputError` where the rule has no answer on real rows, e.g. a division by zero."""
        self.suits(data.schema)
        self._refuse(data)

    @property
    def record(self) -> dict[str, Any]:
        """``{"check": name, **parameters}``, as a schema keeps it; `load` reads it back."""
        fields = {
            field.name: json_value(value)
            for field in dataclasses.fields(self)  # type: ignore[arg-type]  # every @method is a dataclass
            if (value := getattr(self, field.name)) != field.default
        }
        return {"check": name_of(type(self)), **fields}

    def __str__(self) -> str:
        """The rule in words; the dataclass's own form where an author wrote none."""
        return repr(self)


def load(record: dict[str, Any]) -> Check:
    """The check a schema's record ``{"check": name, **parameters}`` stands for."""
    if not isinstance(record, dict) or "check" not in record:
        raise InputError(f"a check's record needs the key 'check'; got {record!r}.")
    values = dict(record)
    made: Check = registry.find("checks", str(values.pop("check")))(**values)
    return made
