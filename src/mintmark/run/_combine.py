"""The combine station: new rows among the real ones they were made from, less those that cleaners take.

Real rows are there to be compared with. They are no part of a release, whatever stays of them.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from mintmark import registry
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Schema
from mintmark.errors import InputError, UnknownNameError

__all__ = ["Cleaner", "check_target", "cleaned", "planned"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cleaner:
    """A registered function from a Dataset to the rows that stay, and the parameters that it is given."""

    name: str
    function: Callable[..., Ints]
    parameters: Mapping[str, Any]

    def kept(self, data: Dataset, seed: int) -> Ints:
        """Rows that stay, in order; of all classes some may go unless the recipe says which."""
        random = {"seed": seed} if "seed" in inspect.signature(self.function).parameters else {}
        return self.function(data, **{"sampling_strategy": "all", **self.parameters, **random})


def planned(given: Sequence[str | Mapping[str, Any]], target: str | None) -> list[Cleaner]:
    """The cleaners that a recipe names, every name and value checked.

    Parameters
    ----------
    given : sequence
        Names, or mappings ``{cleaner: name, **parameters}``.
    target : str, optional
        Of cleaners that name none.

    Raises
    ------
    UnknownNameError
        If a cleaner, parameter or word does not exist.
    InputError
        If a value is of the wrong type or out of range.
    """
    made = []
    for one in given:
        values = {"cleaner": one} if isinstance(one, str) else dict(one)
        name = values.pop("cleaner", None)
        if not isinstance(name, str):
            raise InputError(f"combine.clean: {one!r} names no cleaner. Write {{cleaner: tomek_links}}.")
        function: Callable[..., Ints] = registry.find("cleaners", name)
        kinds = typing.get_type_hints(function, include_extras=True)
        known = [key for key in kinds if key not in ("data", "seed", "return")]
        for key, value in values.items():
            if key not in known:
                raise UnknownNameError(f"parameter of {name}", key, known)
            _check(name, key, value, kinds[key])
        made.append(Cleaner(name, function, ({"target": target} if target else {}) | values))
    return made


def _check(name: str, key: str, value: Any, kind: Any) -> None:
    words = list(_words(kind))
    if words and isinstance(value, str) and value not in words:
        raise UnknownNameError(f"{key} of {name}", value, map(str, words))
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        if words:
            raise InputError(
                f"combine.clean: {key} of {name} is one of {', '.join(map(str, words))}, not {value!r}."
            ) from None
        fault = error.errors()[0]
        raise InputError(f"combine.clean: {key} of {name}: {fault['msg']} (got {value!r}).") from None


def _words(kind: Any) -> Iterator[Any]:
    """The values that a type names itself."""
    for inner in typing.get_args(kind):
        if typing.get_origin(kind) is Literal:
            yield inner
        else:
            yield from _words(inner)


def check_target(cleaners: Sequence[Cleaner], schema: Schema) -> None:
    """Raise where a cleaner would find no classes, before anything is learnt."""
    for cleaner in cleaners:
        target = cleaner.parameters.get("target") or schema.target
        if target is None:
            raise InputError(f"combine.clean: {cleaner.name} asks for classes. Name source.target.")
        if target not in schema:
            raise UnknownNameError(f"target of {cleaner.name}", target, schema.names)
        if not schema[target].is_discrete:
            raise InputError(
                f"combine.clean: column {target!r} is {schema[target].kind}, and {cleaner.name} asks for "
                "classes. Declare it a category (source.kinds), or leave the cleaner out."
            )
        pictures = [column.name for column in schema if column.kind == "image"]
        if pictures and cleaner.name != "random_under":  # the one that measures no distance
            raise InputError(
                f"combine.clean: {cleaner.name} measures how far rows are apart, and does not look at the "
                f"pictures of column {pictures[0]!r}. Leave it out, or use random_under."
            )


def cleaned(
    train: Dataset, synthetic: Dataset, cleaners: Sequence[Cleaner], seed: int
) -> tuple[Dataset, Ints]:
    """New rows that every cleaner leaves, each asked of what those before it left, and which they are.

    Provenance tells under ``cleaned`` how many new rows each was shown and took; of real rows nothing.

    Raises
    ------
    InputError
        If none is left.
    """
    both = _together(train, synthetic)
    rows, told = np.arange(len(both)), []
    for cleaner in cleaners:
        before = int((rows >= len(train)).sum())
        rows = rows[cleaner.kept(both.take(rows), seed)]
        removed = before - int((rows >= len(train)).sum())
        about = {"cleaner": cleaner.name, "parameters": dict(cleaner.parameters)}
        told.append({**about, "rows": before, "removed": removed})
    new = rows[rows >= len(train)] - len(train)
    if not len(new):
        raise InputError(
            "combine.clean leaves no new row: real rows of other classes are around every one. Clean less, "
            "or make rows where their class is at home (borderline_smote, lee)."
        )
    left = synthetic.take(new)
    return dataclasses.replace(left, provenance={**synthetic.provenance, "cleaned": told}), new


def _together(train: Dataset, synthetic: Dataset) -> Dataset:
    """Real rows and new ones; their categories are whatever occurs in either."""
    tables = [train.table, synthetic.table.select(train.names).cast(train.table.schema)]
    columns = [dataclasses.replace(c, categories=None) if c.is_discrete else c for c in train.schema]
    return Dataset(pa.concat_tables(tables).combine_chunks(), Schema(tuple(columns)))
