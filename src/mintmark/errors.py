"""The error tree, and the nearest right name for a wrong one.

MintmarkError
├── InputError (ValueError)        the caller's data, argument, recipe or file: mend it and call again
│   ├── UnknownNameError           a name that nothing answers to; the nearest right one is offered
│   ├── NotFittedError             `sample` before `fit`
│   ├── RejectedError              checks let too few rows through
│   └── ModelFileError             a saved model that is newer, damaged or tampered with
├── MissingExtraError (ImportError)  an optional package; one `pip install` brings it
├── OutputError (OSError)          disk full, unwritable or already taken
├── OutOfTimeError (TimeoutError)  `max_minutes` passed before anything usable was learnt
└── CancelledError                 the caller asked to stop
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "CancelledError",
    "InputError",
    "MintmarkError",
    "MissingExtraError",
    "ModelFileError",
    "NotFittedError",
    "OutOfTimeError",
    "OutputError",
    "RejectedError",
    "UnknownNameError",
    "first_three",
]


class MintmarkError(Exception):
    """Root of every error that mintmark raises on purpose."""


class InputError(MintmarkError, ValueError):
    """Something the caller gave is wrong; the message says what, where and the remedy."""


class UnknownNameError(InputError):
    """A name nothing answers to.

    Parameters
    ----------
    what : str
        The sort of thing named ("column", "synthesizer", "recipe key").
    name : str
        The wrong name.
    known : iterable of str
        The right names; the nearest is offered.
    """

    def __init__(self, what: str, name: object, known: Iterable[str]) -> None:
        names = sorted(map(str, known))
        folded = {known.casefold(): known for known in names}
        near = [folded[found] for found in get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.5)]
        shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {shown or 'none'}."
        super().__init__(f"unknown {what} {str(name)!r}. {hint}")
        self._parts = (what, name, names)

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[object, ...]]:
        return type(self), self._parts


class NotFittedError(InputError):
    """`sample` or `save` was called before `fit`."""


class RejectedError(InputError):
    """The checks let so few rows through that asking for more is pointless."""


class ModelFileError(InputError):
    """A saved model cannot be trusted or understood."""


class MissingExtraError(MintmarkError, ImportError):
    """An optional package is absent."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed. Run: pip install 'mintmark[{extra}]'")
        self._parts = (package, extra)

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), self._parts


class OutputError(MintmarkError, OSError):
    """What was made could not be written; nothing half-written is left."""


class OutOfTimeError(MintmarkError, TimeoutError):
    """`max_minutes` passed before the method had anything usable."""


class CancelledError(MintmarkError):
    """The caller asked to stop; nothing was changed."""


def first_three(items: Iterable[object]) -> str:
    """The first three items and the count, for messages about several faults of one kind."""
    every = [str(item) for item in items]
    return ", ".join(every[:3]) + (f" ({len(every)} in all)" if len(every) > 3 else "")
