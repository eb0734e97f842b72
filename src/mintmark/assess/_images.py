"""Pictures of the tables, decoded once for all metrics that look at them, and what they are told apart by.

All pictures of a table are brought to one size, the median of train's with its longer side at most 64
pixels (less where a table's pictures would fill the memory), grey where all of train's are. The metrics of
fidelity draw 1,000 of a table; copies are looked for among all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import codings, full, once
from mintmark.assess._worst import worst_by_name
from mintmark.data.dataset import Dataset
from mintmark.data.images import pixels, sizes
from mintmark.data.streams import stream
from mintmark.errors import InputError, MissingExtraError
from mintmark.metric import NotRun, Score, Tables
from mintmark.stats.image_features import rule_features, scale_of

__all__ = [
    "COMPARED", "LEAST", "Pictures", "compared", "drawn", "each_column", "image_columns", "pictures",
    "rule_space",
]  # fmt: skip

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

MOST, LEAST = 1_000, 100
COMPARED = (
    "pictures brought to one size (the median of train's, the longer side at most 64 pixels), at most "
    f"{MOST:,} of a table, drawn"
)
_SIDE, _SMALLEST = 64, 4
_BYTES = 1 << 29  # of one table's pixels
_SLICE = 2_000  # pictures decoded before it is asked whether to stop


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures of one table.

    Parameters
    ----------
    pixels : uint8, shape (n, height, width, 1 or 3)
    rows : array of int, shape (n,)
        Rows of the table that they stand in; rows without a picture are left out.
    labels : array of int, shape (n,)
        Code of the class in the order of its frequency in train, -1 where there is none that train knows.
    persons : array of int, shape (n,), optional
        Whose they are, where the schema says so.
    """

    pixels: Pixels
    rows: Ints
    labels: Ints
    persons: Ints | None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, some: Ints) -> Pictures:
        """Those at these positions."""
        persons = None if self.persons is None else self.persons[some]
        return Pictures(self.pixels[some], self.rows[some], self.labels[some], persons)


def image_columns(tables: Tables) -> list[str]:
    """Names of the columns that hold pictures."""
    return [column.name for column in tables.train.schema if column.kind == "image"]


def each_column(tables: Tables, measure: Callable[[str], list[Score]]) -> list[Score]:
    """Scores of the column of pictures; of several the worst of each name, with all in its details.

    Raises
    ------
    NotRun
        If pictures cannot be decoded here.
    """
    found = {name: measure(name) for name in image_columns(tables)}
    if len(found) < 2:
        return [score for scores in found.values() for score in scores]
    by_name: dict[str, dict[str, Score]] = {}
    for name, scores in found.items():
        for score in scores:
            by_name.setdefault(score.metric, {})[name] = score
    return worst_by_name(by_name, "columns")


def pictures(tables: Tables, name: str, which: str) -> Pictures:
    """Every picture of a column in "train", "synthetic" or "holdout", decoded at the first call."""
    data: Dataset | None = tables.need_holdout() if which == "holdout" else getattr(tables, which)
    assert data is not None
    made: Pictures = once(tables, f"pictures {name} {which}", lambda: _decoded(tables, name, which, data))
    return made


def _decoded(tables: Tables, name: str, which: str, data: Dataset) -> Pictures:
    size, channels = _shape(tables, name)
    cells = data.table[name]
    rows = np.flatnonzero(cells.is_valid().to_numpy())
    cells = cells.take(rows)
    try:
        parts = [
            pixels(cells.slice(start, _SLICE), size=size, channels=channels)
            for start in range(0, max(1, len(rows)), _SLICE)
        ]
    except MissingExtraError as error:
        raise NotRun(str(error)) from None
    except InputError as error:
        raise InputError(f"{which}, column {name!r}: {error}") from None
    found = np.concatenate(parts) if len(rows) else np.empty((0, *size, channels), np.uint8)
    return Pictures(found, rows, _labels(tables, which)[rows], _persons(tables, which, rows))


def _shape(tables: Tables, name: str) -> tuple[tuple[int, int], int]:
    """Height and width that all pictures are brought to, and their channels."""

    def look() -> tuple[tuple[int, int], int]:
        cells = tables.train.table[name].drop_null()
        try:
            seen = sizes(cells)
        except MissingExtraError as error:
            raise NotRun(str(error)) from None
        except InputError as error:
            raise InputError(f"train, column {name!r}: {error}") from None
        if not len(seen):
            raise NotRun(f"the column {name!r} of train holds no picture.")
        channels = 1 if (seen[:, 2] == 1).all() else 3
        side = np.median(seen[:, :2], axis=0)
        largest = max(len(getattr(tables, which) or ()) for which in ("train", "synthetic", "holdout"))
        room = np.sqrt(_BYTES / (largest * channels * side.prod()))
        height, width = np.maximum(np.rint(side * min(1.0, _SIDE / side.max(), room)), 1).astype(int)
        if min(height, width) < _SMALLEST:
            raise NotRun(f"the pictures of {name!r} are brought to {height} x {width} pixels: too small.")
        return (int(height), int(width)), channels

    found: tuple[tuple[int, int], int] = once(tables, f"picture size {name}", look)
    return found


def _labels(tables: Tables, which: str) -> Ints:
    plan = codings(tables).get(tables.target or "")
    if plan is None or plan.numeric:
        return np.full(len(getattr(tables, which)), -1)
    codes = full(tables, which).codes[plan.column.name]
    return np.where(codes < plan.bins, codes, -1).astype(np.int64)


def _persons(tables: Tables, which: str, rows: Ints) -> Ints | None:
    persons = full(tables, which).persons
    return None if persons is None else persons[rows]


def compared(tables: Tables, name: str) -> int:
    """How many pictures of each table are compared.

    Raises
    ------
    NotRun
        If they are fewer than 100.
    """
    given = ("train", "synthetic", *(["holdout"] if tables.holdout is not None else []))
    counts = {which: len(pictures(tables, name, which)) for which in given}
    least = min(counts, key=lambda which: counts[which])
    if counts[least] < LEAST:
        whole = tables.shared.get("rows before matching", {}).get(least)
        drawn_of = (
            f", drawn from its {whole:,} rows in the proportions that the classes have among the new ones"
            if whole
            else ""
        )
        raise NotRun(
            f"{least} has {counts[least]} pictures in {name!r}{drawn_of}; at least {LEAST} are needed."
        )
    return min(MOST, counts[least])


def drawn(tables: Tables, name: str, which: str, most: int) -> Pictures:
    """At most so many pictures, the same at every call; the floor's are pixels of train drawn one by one."""
    if which == "floor":
        shuffled: Pictures = once(
            tables, f"shuffled {name} {most}", lambda: _shuffled(tables, drawn(tables, name, "train", most))
        )
        return shuffled
    every = pictures(tables, name, which)
    if len(every) <= most:
        return every
    rng = stream(tables.shared.get("seed", 0), "assess", "pictures", which, name)
    return every.take(np.sort(rng.permutation(len(every))[:most]))


def _shuffled(tables: Tables, train: Pictures) -> Pictures:
    """Each pixel from another picture, as the floor of a table has each column from another row."""
    rng = stream(tables.shared.get("seed", 0), "assess", "shuffled pixels")
    flat = train.pixels.reshape(len(train), -1)
    mixed = rng.permuted(flat, axis=0).reshape(train.pixels.shape)
    return Pictures(mixed, train.rows, train.labels, None)


def rule_space(tables: Tables, name: str, which: str, most: int) -> tuple[Singles, Ints | None]:
    """Features by rule of the drawn pictures, in units of train's, and whose they are."""

    def make() -> tuple[Singles, Ints | None]:
        some = drawn(tables, name, which, most)
        centre, scale = _scale(tables, name, most)
        return (rule_features(some.pixels) - centre) / scale, some.persons

    found: tuple[Singles, Ints | None] = once(tables, f"rule space {name} {which} {most}", make)
    return found


def _scale(tables: Tables, name: str, most: int) -> tuple[Singles, Singles]:
    found: tuple[Singles, Singles] = once(
        tables,
        f"rule scale {name} {most}",
        lambda: scale_of(rule_features(drawn(tables, name, "train", most).pixels)),
    )
    return found
