"""The nearest real pictures of each synthetic one, in train and in the holdout, found once.

Two pictures are as far apart as their brightness at most 32 pixels a side, less its mean and in units of its
deviation, differs, at the best of nine shifts by a pixel and of mirroring: so neither another encoding nor a
little noise, another brightness, a shift or a mirror hides a copy. Candidates are the eight nearest by coarse
shape. A picture is nearly one of a table where its nearest there is less than `ratio` times as far as its
nearest in the other table; hardly a held-out picture is so between two halves of train.

The control is the holdout: train is cut into parts no larger than it, and each is compared with as
many held-out pictures, so that whoever copied nobody is as often near to either.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import product

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import once
from mintmark.assess._images import Pictures, pictures
from mintmark.data.streams import stream
from mintmark.metric import NotRun, Tables
from mintmark.stats.image_features import grey, low_frequencies
from mintmark.stats.kernel_two_sample import squared_distances

__all__ = ["MOST", "Neighbours", "neighbours"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

MOST = 4_000
"""Most synthetic pictures whose neighbours are looked for."""
_LEAST = {"synthetic": 1, "train": 10, "holdout": 10}
_RATIOS = (0.1, 0.5)
_NATURAL, _FEW, _GAUGED = 0.0025, 2, 1_000  # held-out pictures beyond the ratio; how many are looked at
_SEARCHES = 16_000  # synthetic pictures times parts
_SIDE, _WAVES, _CANDIDATES, _BLOCK = 32, 8, 8, 256
_TINY = 16  # pixels a side, of which one moves the coarse shape
_LEVEL = 1 / 255
_TIE = 1e-3  # distances that single precision does not tell apart


@dataclass(frozen=True)
class Neighbours:
    """What synthetic pictures are near to.

    Parameters
    ----------
    equal : mapping of role to array of int, shape (n,)
        Pictures of "train" and "holdout" that each synthetic one equals in every pixel.
    unit : array of int, shape (n,)
        Synthetic pictures that are equal have one number.
    asked : array of int, shape (m,)
        Those whose neighbours were looked for.
    near : mapping of role to array of int, shape (m,)
        In how many parts a picture of that role is less than `ratio` times as far as one of the other.
    nearest : array of int, shape (m,)
        Place of the nearest picture among train's.
    distance : array, shape (m,)
        To it: 0 for a copy, about 1 for pictures that have nothing in common.
    ratio : float, 0.1 to 0.5
    """

    equal: dict[str, Ints]
    unit: Ints
    asked: Ints
    near: dict[str, Ints]
    nearest: Ints
    distance: Floats
    ratio: float


def neighbours(tables: Tables, name: str) -> Neighbours:
    """The neighbours of a column's synthetic pictures, made at the first call.

    Raises
    ------
    NotRun
        Without a synthetic picture, or ten of train and of the holdout.
    """
    made: Neighbours = once(tables, f"picture neighbours {name}", lambda: _made(tables, name))
    return made


def _made(tables: Tables, name: str) -> Neighbours:
    every = {role: pictures(tables, name, role) for role in ("synthetic", "train", "holdout")}
    for role, some in every.items():
        if len(some) < _LEAST[role]:
            raise NotRun(f"{role} has {len(some)} pictures in {name!r}; {_LEAST[role]} or more are needed.")
    equal, unit = _equal(every)
    rng = stream(tables.shared.get("seed", 0), "assess", "picture neighbours", name)
    number = -(-len(every["train"]) // len(every["holdout"]))
    parts = np.array_split(rng.permutation(len(every["train"])), number)
    control = np.sort(rng.permutation(len(every["holdout"]))[: len(parts[0])])
    most = max(_SEARCHES // (number + 1), 500)
    asked = np.sort(rng.permutation(len(every["synthetic"]))[: min(MOST, most)])
    made, real, held = (_Shapes.of(every[role]) for role in ("synthetic", "train", "holdout"))
    made = made.take(asked)
    to_held = made.nearest(held.take(control))[0]
    found = [made.nearest(real.take(part)) for part in parts]
    distances = np.stack([distance for distance, _ in found])
    places = np.stack([part[at] for part, (_, at) in zip(parts, found, strict=True)])
    best = distances.argmin(axis=0)
    ratio = _ratio(held.take(control[:_GAUGED]), real.take(parts[0]))
    near = {
        "train": (distances + _TIE < ratio * to_held).sum(axis=0),
        "holdout": (to_held + _TIE < ratio * distances).sum(axis=0),
    }
    rows = np.arange(len(asked))
    return Neighbours(equal, unit, asked, near, places[best, rows], distances[best, rows], ratio)


def _ratio(held: _Shapes, real: _Shapes) -> float:
    """What hardly a held-out picture's distances to two halves of train's pictures differ by."""
    half = np.arange(len(real.light)) < len(real.light) // 2
    both = np.stack([held.nearest(real.take(np.flatnonzero(side)))[0] for side in (half, ~half)])
    natural = np.sort((both.min(axis=0) + _TIE) / (both.max(axis=0) + _TIE))
    few = min(max(_FEW, round(_NATURAL * len(natural))), len(natural) - 1)
    return float(np.clip(natural[few], *_RATIOS))


def _equal(every: dict[str, Pictures]) -> tuple[dict[str, Ints], Ints]:
    """How many real pictures each synthetic one equals, and a number for those that are alike."""
    marks = {
        role: np.array(
            [int.from_bytes(blake2b(one, digest_size=8).digest(), "little") for one in some.pixels], np.uint64
        )
        for role, some in every.items()
    }
    _, unit = np.unique(marks["synthetic"], return_inverse=True)
    found = {}
    for role in ("train", "holdout"):
        known, counts = np.unique(marks[role], return_counts=True)
        at = np.minimum(np.searchsorted(known, marks["synthetic"]), max(0, len(known) - 1))
        found[role] = np.where(known[at] == marks["synthetic"], counts[at], 0)
    return found, unit


@dataclass(frozen=True)
class _Shapes:
    """Pictures as brightness, shape (n, height, width), and as coarse shapes, shape (n, d)."""

    light: Singles
    coarse: Singles

    @classmethod
    def of(cls, some: Pictures) -> _Shapes:
        light = grey(some.pixels)
        if max(light.shape[1:]) > _SIDE:  # at most twice as large: means of two by two
            height, width = (side // 2 * 2 for side in light.shape[1:])
            light = light[:, :height, :width].reshape(len(light), height // 2, 2, width // 2, 2).mean((2, 4))
        return cls(light, _shape(light))

    def take(self, some: Ints) -> _Shapes:
        return _Shapes(self.light[some], self.coarse[some])

    def mirrored(self) -> _Shapes:
        odd = np.arange(1, _WAVES**2) % _WAVES % 2 == 1  # waves across that change their sign
        return _Shapes(self.light[:, :, ::-1], np.where(odd, -self.coarse, self.coarse))

    def nearest(self, others: _Shapes) -> tuple[Floats, Ints]:
        """Distance to the nearest of the others, and its place."""
        distance, place = zip(*(_search(one, others) for one in (self, self.mirrored())), strict=True)
        first = np.stack(distance).argmin(axis=0)
        rows = np.arange(len(first))
        return np.stack(distance)[first, rows], np.stack(place)[first, rows]


def _search(asked: _Shapes, others: _Shapes) -> tuple[Floats, Ints]:
    """The best of the candidates, block by block."""
    inner = _inner(others.light)
    count = min(_CANDIDATES, len(inner))
    distance, place = np.empty(len(asked.light)), np.empty(len(asked.light), np.int64)
    for start in range(0, len(distance), _BLOCK):
        rows = slice(start, start + _BLOCK)
        coarse = _coarse(asked.take(np.arange(start, min(start + _BLOCK, len(distance)))), others)
        candidates = np.argpartition(coarse, count - 1, axis=1)[:, :count]
        squares = _shifted_squares(asked.light[rows], inner[candidates])
        best = squares.argmin(axis=1)
        at = np.arange(len(best))
        distance[rows], place[rows] = np.sqrt(squares[at, best]), candidates[at, best]
    return distance, place


def _coarse(asked: _Shapes, others: _Shapes) -> Singles:
    """Squared distance of coarse shapes; where a pixel is much of a picture, at the best of nine shifts."""
    if max(asked.light.shape[1:]) > _TINY:
        return squared_distances(asked.coarse, others.coarse)
    shifts = [
        squared_distances(_shape(np.roll(asked.light, (i, j), (1, 2))), others.coarse)
        for i, j in product((-1, 0, 1), repeat=2)
    ]
    best: Singles = np.min(shifts, axis=0)
    return best


def _shape(light: Singles) -> Singles:
    return _unit(low_frequencies(light, _WAVES)[:, 1:], _LEVEL / 4)


def _inner(light: Singles) -> Singles:
    """Brightness less a border of a pixel, as flat vectors of mean 0 and length 1."""
    return _unit(light[:, 1:-1, 1:-1].reshape(len(light), -1), _LEVEL / 2, centred=True)


def _shifted_squares(light: Singles, candidates: Singles) -> Singles:
    """Squared distance of each picture to each of its candidates at the best shift, shape (n, k)."""
    height, width = (side - 2 for side in light.shape[1:])
    moved = np.stack(
        [
            _unit(light[:, i : i + height, j : j + width].reshape(len(light), -1), _LEVEL / 2, centred=True)
            for i, j in product(range(3), repeat=2)
        ],
        axis=1,
    )
    squares = (moved**2).sum(2)[:, :, None] + (candidates**2).sum(2)[:, None, :]
    squares -= 2 * moved @ candidates.transpose(0, 2, 1)
    best: Singles = np.maximum(squares, 0).min(axis=1)
    return best


def _unit(flat: Singles, least: float, *, centred: bool = False) -> Singles:
    """Vectors of length 1; those whose deviation is below `least` are nothing: all 0."""
    made = flat - flat.mean(axis=1, keepdims=True) if centred else flat
    size = np.linalg.norm(made, axis=1, keepdims=True)
    enough = size > least * np.sqrt(flat.shape[1] if centred else 1.0)
    divided: Singles = np.divide(made, size, out=np.zeros_like(made), where=enough)
    return divided
