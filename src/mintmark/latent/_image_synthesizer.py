"""What the neural methods of images share: pictures and their class in, pictures and their class out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import codes, distinct, from_codes
from mintmark.data.images import encoded, pixels, refuse_sizes
from mintmark.data.keys import is_renewed
from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where
from mintmark.errors import InputError, first_three
from mintmark.latent._given import as_learnt
from mintmark.latent._need import need_torch
from mintmark.method import method, name_of
from mintmark.synthesizer import Learnt, Synthesizer

__all__ = ["FEWEST_IMAGES", "ImageSynthesizer", "Pictures", "halvings_of"]

FEWEST_IMAGES = 50
_SMALLEST, _LARGEST = 8, 128  # pixels a side
_REMEDY = "deepsmote makes new ones between a few real ones; copies that are turned and shifted add variety."


@dataclass(frozen=True)
class Pictures:
    """What a network learns from.

    Parameters
    ----------
    pixels : uint8, shape (n, channels, height, width)
        Sides filled up by their edge to what the network needs.
    labels : array of int64, shape (n,)
        From 0; the last class is that of missing labels where there are such, all 0 without a target.
    classes : int
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    classes: int


@method
class ImageSynthesizer(Synthesizer):
    """New pictures with their class. Abstract: write `_step`, `_trained` and `_made`.

    The class is the target, or the one other column where none is declared. Classes come out as often as they
    were learnt; missing labels are a class of their own.
    """

    makes_images: ClassVar[bool] = True
    images_only: ClassVar[bool] = True
    block: ClassVar[int] = 64  # pictures of a block are made together, whole even for one picture

    size: Annotated[
        tuple[int, int] | None,
        Field(description="height and width that images are brought to; needed where they differ"),
    ] = None
    channels: Annotated[
        Literal[1, 3, 4] | None,
        Field(description="that images are brought to: 1 grey, 3 RGB, 4 RGBA; needed where they differ"),
    ] = None

    def _step_of(self, height: int, width: int) -> int:
        """Pixels of which the network needs a multiple in each side."""
        raise NotImplementedError

    def _trained(self, pictures: Pictures, rng: np.random.Generator) -> dict[str, Any]:
        """Arrays and JSON values; among them ``training``, how the training went."""
        raise NotImplementedError

    def _made(
        self, labels: npt.NDArray[np.int64], learnt: Learnt, rng: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        """A picture of each label, shape (n, channels, height, width), from -1 to 1."""
        raise NotImplementedError

    # -- the contract --------------------------------------------------------------------------

    def _refuse(self, data: Dataset) -> None:
        need_torch()
        name = _only_image(data, name_of(type(self)))
        super()._refuse(data)
        refuse_sizes(data.table[name], name, self.size, self.channels, between=(_SMALLEST, _LARGEST))
        _refuse_few(data, name, _label(data.schema))

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        from mintmark.nn.record import failures_told

        name, label = _image(data.schema), _label(data.schema)
        found = _of_column(name, lambda: pixels(data.table[name], size=self.size, channels=self.channels))
        height, width = found.shape[1:3]
        labels = np.zeros(len(found), dtype=np.int64)
        classes = 1
        if label is not None:
            known = len(data.schema[label].categories or ())
            coded = codes(data.table[label], data.schema[label]).astype(np.int64)
            labels, classes = np.where(coded < 0, known, coded), known + bool((coded < 0).any())
        about = {"height": height, "width": width, "channels": found.shape[3], "classes": classes}
        smaller = "Give fewer filters=..., or a smaller size=(height, width)."
        with failures_told(name_of(type(self)), "Give a lower rate=...", smaller):
            learnt = self._trained(Pictures(self._filled_up(found), labels, classes), rng)
        weights = np.bincount(labels, minlength=classes) / len(labels)
        return {**learnt, "about": about, "weights": weights, "schema": data.schema.to_json()}

    def _filled_up(self, found: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Pixels as networks take them, channels first, sides filled up by their edge."""
        height, width = found.shape[1:3]
        step = self._step_of(height, width)
        margins = ((0, 0), (0, -height % step), (0, -width % step), (0, 0))
        return np.ascontiguousarray(np.moveaxis(np.pad(found, margins, mode="edge"), 3, 1))

    def _understood(self, data: Any) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Pictures of a table as the networks take them, and their classes, from 0."""
        fitted = self._state()
        schema, about = Schema.from_json(fitted.learnt["schema"]), fitted.learnt["about"]
        name, label = _image(schema), _label(schema)
        _, left = as_learnt(data, fitted, schema)
        shape = (about["height"], about["width"], about["channels"])
        found = _of_column(name, lambda: pixels(left[name], size=self.size, channels=self.channels))
        if len(found) and found.shape[1:] != shape:
            given, learnt = (" x ".join(map(str, one)) for one in (found.shape[1:], shape))
            raise InputError(
                f"column {name!r}: pictures of {given} (height, width, channels) where {learnt} were learnt. "
                "Bring them to that size."
            )
        labels = np.zeros(len(left), dtype=np.int64)
        if label is not None:
            known = len(schema[label].categories or ())
            coded = codes(left[label], schema[label]).astype(np.int64)
            if (coded < 0).any() and known == about["classes"]:
                raise InputError(f"column {label!r}: a label is missing, and all were there when it learnt.")
            labels = np.where(coded < 0, known, coded)
        return self._filled_up(found), labels

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        need_torch()
        schema, about = Schema.from_json(learnt["schema"]), learnt["about"]
        labels = _drawn(n, learnt["weights"], rng)
        made = np.empty((0, about["channels"], about["height"], about["width"]), dtype=np.float32)
        if n:
            made = self._made(labels, learnt, rng)[:, :, : about["height"], : about["width"]]
        images = np.rint(np.moveaxis(made, 1, 3).clip(-1, 1) * 127.5 + 127.5).astype(np.uint8)
        columns = {_image(schema): encoded(images)}
        label = _label(schema)
        if label is not None:
            known = len(schema[label].categories or ())
            columns[label] = from_codes(np.where(labels < known, labels, -1), schema[label])
        return pa.table([columns[name] for name in schema.names], schema=schema.arrow)

    def _condition(self, learnt: Learnt, where: Where) -> Learnt | None:
        schema = Schema.from_json(learnt["schema"])
        label = _label(schema)
        if label is None or label not in where:
            return None
        wanted = where[label] if isinstance(where[label], list) else [where[label]]
        meant = np.array([c in wanted for c in schema[label].categories or ()] + [None in wanted])
        weights = learnt["weights"] * meant[: len(learnt["weights"])]
        if not weights.sum():
            raise InputError(f"where[{label!r}]: no picture of {first_three(map(repr, wanted))} was learnt.")
        return {**learnt, "weights": weights / weights.sum()}


def halvings_of(height: int, width: int) -> int:
    """Halvings after which the longer side has about 4 to 9 pixels."""
    return max(1, round(float(np.log2(max(height, width) / 6))))


def _drawn(n: int, weights: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Labels in the proportions of the weights."""
    passed = np.cumsum(weights)
    last = int(np.flatnonzero(weights)[-1])
    found: npt.NDArray[np.int64] = np.searchsorted(passed, rng.random(n) * passed[-1], side="right")
    return np.minimum(found, last)


def _of_column(name: str, function: Callable[[], Any]) -> Any:
    """What a function gives, errors about pictures with the name of their column."""
    try:
        return function()
    except InputError as error:
        raise InputError(f"column {name!r}, {error}") from None


def _image(schema: Schema) -> str:
    return next(column.name for column in schema if column.kind == "image")


def _label(schema: Schema) -> str | None:
    """The column of the classes: the target, else the one that is left beside the image."""
    others = [c.name for c in schema if c.kind != "image" and not is_renewed(c)]
    return others[0] if others else None


def _only_image(data: Dataset, by: str) -> str:
    """The column of images; raises where there is none, or another column than that of the classes."""
    modelled = [column for column in data.schema if not is_renewed(column)]
    images = [column.name for column in modelled if column.kind == "image"]
    others = [column for column in modelled if column.kind != "image"]
    if not images:
        raise InputError(f"there is no column of images, which {by} makes. Use a method for tables.")
    labels = [column for column in others if column.name == data.target] or others[:1]
    odd = images[1:] + [column.name for column in others if column not in labels]
    if odd:
        raise InputError(
            f"column {first_three(map(repr, odd))} stands beside the images of {images[0]!r}: "
            f"{by} makes images and their class alone. Drop it (drop=[...])."
        )
    _refuse_target(labels)
    return images[0]


def _refuse_target(labels: list[Column]) -> None:
    for column in labels:
        if not column.is_discrete:
            raise InputError(
                f"column {column.name!r} is {column.kind}; pictures are made of classes. Declare it a "
                f"category (kinds={{{column.name!r}: 'category'}}), or drop it."
            )


def _refuse_few(data: Dataset, name: str, label: str | None) -> None:
    if len(data) < FEWEST_IMAGES:
        raise InputError(
            f"column {name!r}: {len(data)} images are too few to learn a network of; {FEWEST_IMAGES} are "
            f"needed. {_REMEDY}"
        )
    if label is None:
        return
    values, counts = distinct(data.table[label])
    single = [repr(value) for value, count in zip(values, counts, strict=True) if count == 1]
    if data.table[label].null_count == 1:
        single.append("missing")
    if single:
        raise InputError(
            f"column {label!r}: class {first_three(single)} has 1 image; 2 of each are needed at least. "
            f"Leave it out, or merge it with another. {_REMEDY}"
        )
