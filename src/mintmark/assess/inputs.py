"""What no figure would mean anything for: a holdout that was trained on, classes that
never meet, infinities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.keys import is_renewed
from mintmark.data.protect import persons
from mintmark.errors import InputError, first_three
from mintmark.stats.shares import wilson

__all__ = ["check_apart", "check_classes", "check_finite"]

_SURE = 4.0  # standard errors: one true holdout in 30,000 would be refused


def check_apart(train: Dataset, holdout: Dataset) -> None:
    """Refuse a holdout that holds training rows beyond chance, or persons who are in train.

    Rows of a small table equal each other by chance, and a fresh row equals one of train about as
    often as a row of train equals another person's; more than that was copied from one into the other.

    Raises
    ------
    InputError
        With the remedy.
    """
    remedy = "Give real rows that the synthesizer never saw: `train, holdout = real.split(0.2)`"
    _check_persons(train, holdout, remedy)
    names = [c.name for c in train.schema if (c.is_numeric or c.is_discrete) and not is_renewed(c)]
    if not names:
        return
    within, across = _equal_rows(train, holdout, names)
    # rows of one person are one draw, and equal rows come in pairs
    units = [len(np.unique(persons(data))) for data in (train, holdout)]
    natural = wilson(within / len(train), units[0] / 2, _SURE)[1]
    found = wilson(across / len(holdout), units[1] / 2, _SURE)[0]
    if found > natural:
        expected = within / len(train) * len(holdout)
        raise InputError(
            f"{across:,} of the holdout's {len(holdout):,} rows equal a row of train, where chance gives "
            f"about {expected:,.0f}: what was trained on cannot test. {remedy}."
        )


def _check_persons(train: Dataset, holdout: Dataset, remedy: str) -> None:
    for name in train.schema.with_role("group"):
        both = {value for value in train.table[name].unique().to_pylist() if value is not None}
        both &= set(holdout.table[name].unique().to_pylist())
        if both:
            raise InputError(
                f"{len(both):,} persons ({name!r}, e.g. {first_three(sorted(map(repr, both)))}) have rows in "
                f"train and in the holdout. {remedy} keeps each person's rows on one side; where the numbers "
                "only happen to be the same, number the holdout's persons differently."
            )


def _equal_rows(train: Dataset, holdout: Dataset, names: list[str]) -> tuple[int, int]:
    """How many rows of train equal another person's of train, and how many of the holdout one of train."""
    parts = []
    for data, who in ((train, persons(train)), (holdout, np.full(len(holdout), -1))):
        held = pa.table({f"c{i}": _plain(data.table[name]) for i, name in enumerate(names)})
        parts.append(held.append_column("who", pa.array(who)))
    held_out = pa.array(np.repeat([0, 1], [len(train), len(holdout)]))
    every = pa.concat_tables(parts).append_column("held", held_out)
    groups = every.group_by([f"c{i}" for i in range(len(names))]).aggregate(
        [("who", "count_distinct"), ("who", "count"), ("held", "sum")]
    )
    held, rows, people = (
        np.asarray(groups[key].to_numpy()) for key in ("held_sum", "who_count", "who_count_distinct")
    )
    of_train = people - (held > 0)
    return int((rows - held)[of_train > 1].sum()), int(held[of_train > 0].sum())


def _plain(array: pa.ChunkedArray) -> pa.ChunkedArray:
    return array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array


def check_classes(train: Dataset, other: Dataset, which: str) -> str | None:
    """Refuse a table whose target shares no class with train; else what its classes lack, in words.

    Raises
    ------
    InputError
        With the classes of both.
    """
    name = train.target
    if name is None or not train.schema[name].is_discrete:
        return None
    known, here = (
        {value for value in data.table[name].unique().to_pylist() if value is not None}
        for data in (train, other)
    )
    if here and known and not here & known:
        ours, theirs = (first_three(sorted(map(repr, classes))) for classes in (here, known))
        raise InputError(
            f"{which}: no class of the target {name!r} occurs in train: {ours} against {theirs}. "
            "Write the classes alike in every table."
        )
    gone, new = known - here, here - known
    told = [f"lacks {first_three(sorted(map(repr, gone)))}"] if gone else []
    told += [f"has {first_three(sorted(map(repr, new)))}, which train lacks"] if new else []
    return f"{which}: target {name} {' and '.join(told)}" if told else None


def check_finite(data: Dataset, which: str) -> None:
    """Refuse infinities in a table that was not read by `mintmark.read`, which refuses them.

    Raises
    ------
    InputError
        With column and row.
    """
    for name in data.names:
        array = data.table[name]
        if not pa.types.is_floating(array.type):
            continue
        endless = np.isinf(np.asarray(pc.fill_null(array, 0).to_numpy(), dtype=float))
        if endless.any():
            row = int(endless.argmax()) + 1
            raise InputError(
                f"{which}: column {name!r}, row {row:,} of {len(data):,}: the value is not finite. "
                "Replace infinities by a number or leave the cell empty."
            )
