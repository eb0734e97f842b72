"""Function: a rule that a user writes in Python."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from mintmark.check import Check
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.keys import is_renewed
from mintmark.data.schema import Schema
from mintmark.errors import InputError, UnknownNameError
from mintmark.method import method

__all__ = ["Function"]

_LOOKED_AT = 1000
"""Rows tried one by one to find which one a function fails on."""


@method
class Function(Check):
    """`function` gets a dict of numpy arrays by column and returns one truth value for each row.

    Numbers are float64 with NaN for missing, dates datetime64, text objects with None for missing.
    Give it as ``"module:function"``; a function itself works too but cannot be saved with a model.
    A name in the standard library is refused: a model or recipe of somebody else may name one.
    """

    function: Annotated[str | Callable[..., Any], Field(description='"module:function", or the function')]
    columns: Annotated[
        list[str] | None, Field(description="columns that it reads; all but keys by default")
    ] = None

    @field_validator("function")
    @classmethod
    def _nameable(cls, value: str | Callable[..., Any]) -> str | Callable[..., Any]:
        """A function that can be found again by its name is kept by its name."""
        if isinstance(value, str):
            return value
        module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
        found = getattr(sys.modules.get(module), name, None)
        return f"{module}:{name}" if found is value and module != "__main__" else value

    def _reads(self) -> tuple[str, ...]:
        return tuple(self.columns or ())

    def _suits(self, schema: Schema) -> None:
        self._called()

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        call = self._called()
        names = self.columns or [column.name for column in data.schema if not is_renewed(column)]
        rows = _arrays(data.select(names))
        try:
            answer = call(rows)
        except Exception as error:  # whatever a user's code raises is told as one message
            raise self._raised(error, call, rows, data) from error
        held = np.asarray(answer)
        if held.shape != (len(data),):
            raise InputError(
                f"the rule '{self}' returned {_shape(answer)} for {len(data):,} rows. Return one truth "
                "value for each row, e.g. rows['a'] < rows['b']."
            )
        if held.dtype != bool:
            raise InputError(
                f"the rule '{self}' returned values of type {held.dtype}, not true or false. Compare, e.g. "
                "rows['a'] > 0, or end with .astype(bool)."
            )
        return held

    def _called(self) -> Callable[..., Any]:
        if not isinstance(self.function, str):
            return self.function
        module, colon, name = self.function.partition(":")
        if not colon or not module or not name:
            raise InputError(f"the function {self.function!r} is not written as 'module:function'.")
        if module.partition(".")[0] in sys.stdlib_module_names:
            raise InputError(
                f"the function {self.function!r} is of the standard library, which holds no rule on rows."
            )
        try:
            found = importlib.import_module(module)
        except ImportError as error:
            raise InputError(
                f"the function {self.function!r}: cannot import {module!r} ({error}). It must lie where "
                "Python looks for modules: install it, or set PYTHONPATH."
            ) from None
        except (Exception, SystemExit) as error:  # whatever a user's module does is told as one message
            raise InputError(
                f"the function {self.function!r}: importing {module!r} raised {type(error).__name__}: "
                f"{error}. Mend the module."
            ) from None
        call: Any = getattr(found, name, None)
        if not callable(call):
            raise UnknownNameError(
                f"function in {module}", name, [key for key in vars(found) if callable(vars(found)[key])]
            )
        return call  # type: ignore[no-any-return]  # callable by the line above

    def _raised(
        self, error: Exception, call: Callable[..., Any], rows: dict[str, npt.NDArray[Any]], data: Dataset
    ) -> InputError:
        if isinstance(error, _NoColumn):
            return UnknownNameError(f"column in the rule '{self}'", error.args[0], rows)
        said = f"the rule '{self}' raised {type(error).__name__}: {error}"
        for row in range(min(len(data), _LOOKED_AT)):
            try:
                call(_Rows({name: values[row : row + 1] for name, values in rows.items()}))
            except Exception:  # the row that it fails on
                shown = ", ".join(f"{name} = {data.table[name][row].as_py()!r}" for name in list(rows)[:12])
                return InputError(f"{said} (row {row + 1:,}: {shown}). Mend the function.")
        return InputError(f"{said}. It gets a dict of arrays of {len(data):,} rows; mend it.")

    def __str__(self) -> str:
        name = (
            self.function
            if isinstance(self.function, str)
            else getattr(self.function, "__qualname__", "function")
        )
        return f"{name} holds"


class _NoColumn(KeyError):
    """A function asked for a column that there is not."""


class _Rows(dict[str, npt.NDArray[Any]]):
    """Arrays by column, which tell a wrong column from any other key that is not found."""

    def __missing__(self, name: str) -> NoReturn:
        raise _NoColumn(name)


def _arrays(data: Dataset) -> _Rows:
    return _Rows(
        {
            column.name: numbers(data.table[column.name], column)
            if column.kind in ("number", "integer")
            else data.table[column.name].to_numpy()
            for column in data.schema
        }
    )


def _shape(answer: Any) -> str:
    if isinstance(answer, (bool, np.bool_)):
        return "one truth value"
    shape = np.shape(answer)
    return f"{shape[0]:,} values" if len(shape) == 1 else f"{type(answer).__name__} of shape {shape}"
