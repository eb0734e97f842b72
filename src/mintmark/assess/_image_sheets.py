"""Sheets of pictures for the report that stays inside: of each class, and those nearest to train.

They hold real pictures of people. What may be published is made of a list of parts that these are not in
(`mintmark.release.public_report`).
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import codings
from mintmark.assess._image_neighbours import Neighbours
from mintmark.assess._images import Pictures, image_columns
from mintmark.data.images import encoded
from mintmark.data.streams import stream
from mintmark.metric import Tables

__all__ = ["sheets"]

Pixels = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
_CLASSES, _EACH, _PAIRS = 10, 8, 10
_SIDE = 32


def sheets(tables: Tables) -> list[dict[str, Any]]:
    """JSON values for each column of pictures that a metric looked at.

    Returns
    -------
    list of dict
        ``column``; ``labels`` of the classes, one a row of the grids; ``real`` and ``synthetic``, PNG in
        base64; ``across``, pictures a row; ``pairs``: ``picture`` (synthetic ones above, the nearest of
        train beneath), their ``distances`` and which are nearly ``copies``.
    """
    found = []
    for name in image_columns(tables):
        train, made = (tables.shared.get(f"pictures {name} {which}") for which in ("train", "synthetic"))
        if train is None or made is None or not len(train) or not len(made):
            continue
        found.append({"column": name, "across": _EACH, **_by_class(tables, name, train, made)})
        near = tables.shared.get(f"picture neighbours {name}")
        if near is not None:
            found[-1]["pairs"] = _nearest(near, train, made)
    return found


def _by_class(tables: Tables, name: str, train: Pictures, made: Pictures) -> dict[str, Any]:
    plan = codings(tables).get(tables.target or "")
    known = (train.labels >= 0).any()
    values = [str(value) for value in plan.values.to_pylist()] if known and plan and plan.values else []
    frequent = sorted(range(min(_CLASSES, len(values))), key=lambda code: values[code])
    classes = frequent or [-1, -1, -1, -1]
    rng = stream(tables.shared.get("seed", 0), "assess", "sheets of pictures", name)
    grids = {
        which: _grid(some, [_picked(some, label, row, rng) for row, label in enumerate(classes)])
        for which, some in (("real", train), ("synthetic", made))
    }
    return {"labels": [values[label] if label >= 0 else "" for label in classes], **grids}


def _picked(some: Pictures, label: int, row: int, rng: np.random.Generator) -> Ints:
    """Places of pictures of a class; without classes each row takes the next ones."""
    if label < 0:
        return np.arange(row * _EACH, min((row + 1) * _EACH, len(some)))
    return np.sort(rng.permutation(np.flatnonzero(some.labels == label))[:_EACH])


def _grid(some: Pictures, rows: list[Ints]) -> str:
    return _sprite([some.pixels[row] for row in rows], _EACH)


def _nearest(near: Neighbours, train: Pictures, made: Pictures) -> dict[str, Any]:
    order = np.argsort(near.distance, kind="stable")[:_PAIRS]
    return {
        "picture": _sprite([made.pixels[near.asked[order]], train.pixels[near.nearest[order]]], _PAIRS),
        "distances": [round(float(one), 3) for one in near.distance[order]],
        "copies": [bool(one) for one in near.near["train"][order] > 0],
    }


def _sprite(rows: list[Pixels], across: int) -> str:
    """All pictures of a sheet as one PNG, in square cells with a clear edge; cells without one are clear."""
    height, width, channels = rows[0].shape[1:]
    step = -(-max(height, width) // _SIDE)
    height, width = height // step * step, width // step * step
    tall, wide = height // step, width // step
    edge = max(1, max(tall, wide) // 16)
    side = max(tall, wide) + 2 * edge
    sheet = np.zeros((len(rows) * side, across * side, 4), np.uint8)
    top, left = (side - tall) // 2, (side - wide) // 2
    for i, row in enumerate(rows):
        small = row[:, :height, :width].reshape(len(row), tall, step, wide, step, channels).mean((2, 4))
        for j, picture in enumerate(small):
            cell = sheet[i * side + top :, j * side + left :][:tall, :wide]
            cell[..., :3], cell[..., 3] = picture, 255
    return base64.b64encode(encoded(sheet[None])[0].as_py()).decode("ascii")
