"""What every method is made of: frozen, keyword-only, checked parameters."""

from __future__ import annotations

import functools
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from mintmark.errors import InputError, UnknownNameError

__all__ = ["method", "name_of", "parameters", "parameters_schema"]

C = TypeVar("C")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def method(cls: type[C]) -> type[C]:
    """Make a synthesizer, check or metric class a frozen dataclass whose fields are checked.

    Each parameter is one annotated field, its range and meaning in ``Annotated[..., Field(...)]``;
    signature, recipe validation and command-line help all read it there.

    Raises (from the class it returns)
    ----------------------------------
    InputError
        If a parameter is out of range, of the wrong type or missing.
    UnknownNameError
        If a parameter does not exist.
    """
    made = dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))(cls)
    init = made.__init__

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        if args:
            raise InputError(f"{name_of(made)}: parameters are given by name, not by position.")
        known = made.__dataclass_fields__
        for name in kwargs:
            if name not in known:
                raise UnknownNameError(f"parameter of {name_of(made)}", name, known)
        try:
            init(self, **kwargs)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            if first["type"] == "missing":
                raise InputError(f"{name_of(made)}: parameter {where!r} is needed.") from None
            said = first["msg"].removeprefix("Value error, ").rstrip(".")
            raise InputError(
                f"{name_of(made)}: parameter {where!r}: {said} (got {first['input']!r})."
            ) from None

    made.__init__ = checked  # type: ignore[method-assign]  # so that a direct call reports as we do
    return made  # type: ignore[return-value]  # pydantic types its dataclass as its own


def name_of(cls: type) -> str:
    """The name a method is known by: its file's name."""
    return cls.__module__.rpartition(".")[2]


def parameters(instance: Any) -> dict[str, Any]:
    """The parameters of a method, as JSON values."""
    return TypeAdapter(type(instance)).dump_python(instance, mode="json")  # type: ignore[no-any-return]  # always a dict


def parameters_schema(cls: type) -> dict[str, Any]:
    """JSON schema of a method's parameters: types, ranges, defaults, meanings."""
    return TypeAdapter(cls).json_schema()
