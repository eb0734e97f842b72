"""What a fit leaves, and its form in a file: values only, so that saving needs no code per method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mintmark.data import derive, keys
from mintmark.data.personal.surrogates import Personal
from mintmark.data.schema import Schema

__all__ = ["Fitted", "Learnt"]

Learnt = Mapping[str, Any]
_KEYS = "key of column "
"""Before a column's name: arrays of a saved model that its keys are made from."""
_KEPT = "rows that were learnt"
"""Name of the array of a saved model that says which rows hold every rule, where some do not."""


@dataclass(frozen=True)
class Fitted:
    """What `fit` left."""

    learnt: Learnt
    schema: Schema  # public, every column of the data in order
    modelled: Schema  # what a block holds: every column that is not made from the row's number
    provenance: Mapping[str, Any]
    personal: Personal = field(default_factory=Personal)  # how such columns are written, digests of values
    relations: tuple[Mapping[str, Any], ...] = ()  # records of `data.derive`
    drawn: Schema | None = None  # the columns the method saw, where relations left it others
    made: keys.Made = field(default_factory=dict)  # what text keys with a pattern are made from
    kept: npt.NDArray[np.int64] | None = None  # the rows that were learnt, where parents are told

    @property
    def seen(self) -> Schema:
        """The columns that the method draws."""
        return self.drawn or self.modelled

    def header(self) -> dict[str, Any]:
        """JSON values of all but arrays and what the method learnt."""
        return {
            "schema": self.schema.to_json(),
            "modelled": self.modelled.to_json(),
            "relations": list(self.relations),
            "drawn": self.seen.to_json(),
            "provenance": dict(self.provenance),
            "personal": self.personal.record(),
        }

    def arrays(self) -> dict[str, Any]:
        """What the method learnt, and the arrays beside it, by name."""
        made = {f"{_KEYS}{name}": array for name, array in self.made.items()}
        kept = {} if self.kept is None else {_KEPT: self.kept}
        return {**self.learnt, **self.personal.arrays(), **made, **kept}

    @classmethod
    def read(cls, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Self:
        """What `header` and `arrays` gave; damage shows here, not when rows are drawn.

        Raises
        ------
        InputError, KeyError, TypeError, AttributeError, ValueError, pyarrow.ArrowException
            If they are damaged.
        """
        learnt = dict(arrays)
        keyed = [name for name in learnt if name.startswith(_KEYS)]
        patterned = {name.removeprefix(_KEYS): learnt.pop(name) for name in keyed}
        kept = learnt.pop(_KEPT, None)
        made = cls(
            learnt,
            Schema.from_json(header["schema"]),
            Schema.from_json(header["modelled"]),
            header["provenance"],
            Personal.saved(header.get("personal", {}), learnt),
            tuple(header.get("relations", ())),
            Schema.from_json(header.get("drawn", header["modelled"])),
            patterned,
            kept,
        )
        derive.restored(made.seen.arrow.empty_table(), made.relations, made.modelled)
        return made
