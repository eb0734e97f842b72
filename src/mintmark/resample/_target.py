"""Which column of a table holds the classes."""

from __future__ import annotations

from mintmark.data.dataset import Dataset
from mintmark.errors import InputError, UnknownNameError

__all__ = ["class_column"]


def class_column(data: Dataset, target: str | None) -> str:
    """Name of the target, the table's own by default.

    Raises
    ------
    InputError
        If there is none, or it holds no classes.
    UnknownNameError
        If it is no column.
    """
    name = target or data.target
    if name is None:
        raise InputError("no target is declared. Name the column of the classes (target='...').")
    if name not in data.schema:
        raise UnknownNameError("target column", name, data.names)
    if not data.schema[name].is_discrete:
        raise InputError(
            f"target column {name!r} is {data.schema[name].kind}; classes are resampled. Declare it a "
            f"category (kinds={{{name!r}: 'category'}})."
        )
    return name
