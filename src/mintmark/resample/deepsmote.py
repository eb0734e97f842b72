"""DeepSMOTE: an autoencoder's codes of a class are mixed as by SMOTE, and decoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.images import encoded, pixels, refuse_sizes
from mintmark.data.keys import is_renewed
from mintmark.data.schema import Schema
from mintmark.errors import InputError, first_three
from mintmark.method import method
from mintmark.resample._resampler import Made
from mintmark.resample._sample import Sample
from mintmark.resample.smote import Smote
from mintmark.synthesizer import Learnt

if TYPE_CHECKING:
    from mintmark.resample._autoencoder import Autoencoder

__all__ = ["Deepsmote"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_SMALLEST, _LARGEST = 4, 512  # pixels a side: fewer show nothing, more take hours
_BATCH = 32
_DECODER = "decoder."
_RATE = 2e-3
_EPOCHS, _STEPS = 30, 3_000


@method
class Deepsmote(Smote):
    """DeepSMOTE (Dablain, Krawczyk, Chawla 2021, arXiv 2105.02340) for images, and for wide tables.

    An autoencoder learns all classes; new rows are decoded from points between the codes of a row and of
    one of its nearest neighbours of the same class. Of a table with a column of images it makes images and
    their class; of any other table rows, by linear layers in place of convolutions, categories and gaps
    drawn in the proportions that the decoder gives.

    `penalty` "permuted" is the paper's text, "sampled" what its authors' program computes (see
    `docs/resampling.md`), "none" an autoencoder alone. The paper's network for 28 x 28 pixels has 64 filters,
    a code of 300 and 200 epochs; smaller ones by default, for a machine without a GPU.
    Between codes a row lies on the segment of its parents. Geometry: none.
    """

    makes_images: ClassVar[bool] = True
    block: ClassVar[int] = 512  # pictures of a block are decoded together

    penalty: Annotated[
        Literal["sampled", "permuted", "none"], Field(description="what is asked beside reconstruction")
    ] = "sampled"
    code: Annotated[int, Field(ge=1, le=4096, description="numbers of a code")] = 128
    filters: Annotated[
        int,
        Field(
            ge=1, le=512, description="of the first convolution; a table's layers have 8 times as many units"
        ),
    ] = 16
    epochs: Annotated[
        int | None,
        Field(ge=1, description="passes over the rows; by default 30, or as many as make 3,000 steps"),
    ] = None
    size: Annotated[
        tuple[int, int] | None,
        Field(description="height and width that images are brought to; needed where they differ"),
    ] = None
    channels: Annotated[
        Literal[1, 3, 4] | None,
        Field(description="that images are brought to: 1 grey, 3 RGB, 4 RGBA; needed where they differ"),
    ] = None

    def _refuse(self, data: Dataset) -> None:
        super()._refuse(data)
        images = [column for column in data.schema if column.kind == "image"]
        target = self._target(data)
        others = [c for c in data.schema if c.name != target and not is_renewed(c) and c.kind != "image"]
        if images and (len(images) > 1 or others):
            odd = [column.name for column in (others or images[1:])]
            raise InputError(
                f"column {first_three(map(repr, odd))} stands beside the images of {images[0].name!r}: "
                "deepsmote makes images and their class alone. Drop it (drop=[...])."
            )
        if images:
            name = images[0].name
            refuse_sizes(data.table[name], name, self.size, self.channels, between=(_SMALLEST, _LARGEST))

    def _planned(self, data: Dataset, sample: Sample, wanted: Ints, rng: np.random.Generator) -> Learnt:
        name = _image(data.schema)
        if name is None:
            return self.plan(sample, wanted, rng)
        with _of_column(name):
            images = pixels(data.table[name], size=self.size, channels=self.channels)
        height, width, channels = images.shape[1:]
        about = {"height": height, "width": width, "channels": channels}
        return self._trained([np.moveaxis(images, 3, 1)], about, sample, wanted, rng)

    def plan(self, sample: Sample, wanted: Ints, rng: np.random.Generator) -> dict[str, Any]:
        """As of every resampler: codes of the rows in place of rows, and the weights of the decoder."""
        scale = sample.scale
        standard = scale.to(sample.numbers).astype(np.float32)
        about = {"numbers": standard.shape[1], "sizes": list(sample.sizes)}
        made = self._trained([standard, sample.codes.astype(np.int64)], about, sample, wanted, rng)
        known = [np.where(np.isnan(sample.numbers), end, sample.numbers) for end in (np.inf, -np.inf)]
        gaps = np.concatenate([np.isnan(sample.numbers), sample.codes < 0], axis=1)
        return made | {
            "unit": scale.unit, "mean": scale.mean, "spread": scale.spread, "gaps": gaps[made["rows"]],
            "least": known[0].min(axis=0), "most": known[1].max(axis=0),
        }  # fmt: skip

    def _trained(
        self, rows: list[npt.NDArray[Any]], about: dict[str, Any], sample: Sample, wanted: Ints,
        rng: np.random.Generator,
    ) -> dict[str, Any]:  # fmt: skip
        """Train the network on rows of a sample, and plan new rows between their codes."""
        from mintmark.nn.record import failures_told
        from mintmark.nn.training import applied, arrays_of, device_of, seeded, train
        from mintmark.resample._autoencoder import losses, tensors

        inputs, device = tensors(rows), device_of()
        with seeded(rng):
            network = self._network(about).to(device)
        loss = losses(network, inputs, sample.labels, self.penalty, device)
        epochs = self.epochs or max(_EPOCHS, _STEPS // -(-len(sample) // _BATCH))
        with failures_told(
            "deepsmote", "Leave out columns of extreme numbers, or give fewer epochs.",
            f"Give fewer filters than {self.filters:,}.",
        ):  # fmt: skip
            done = train(
                network, loss, len(sample), rng, epochs=epochs, batch=_BATCH, rate=_RATE,
                label="training an autoencoder",
            )  # fmt: skip
        codes = applied(lambda *some: network.encode(some), inputs, device).astype(np.float64)
        none = np.empty((len(sample), 0), dtype=np.int32)
        coded = dataclasses.replace(sample, numbers=codes, codes=none, sizes=())
        made = super().plan(coded, wanted, rng) | arrays_of(network.decoder, _DECODER)
        return made | {"about": about, "training": [done.record()]}

    def _network(self, about: dict[str, Any]) -> Autoencoder:
        from mintmark.resample._autoencoder import ImageAutoencoder, RowAutoencoder

        made = ImageAutoencoder if "height" in about else RowAutoencoder
        return made(**about, code=self.code, filters=self.filters)

    def _decoded(self, codes: Floats, learnt: Learnt) -> list[npt.NDArray[np.float64]]:
        """What codes stand for; on the CPU, so that a model makes the same rows with a GPU and without."""
        import torch

        from mintmark.nn.training import load_arrays, one_thread

        network = self._network(learnt["about"])
        load_arrays(network.decoder, learnt, _DECODER)
        with torch.no_grad(), one_thread():
            return [
                part.numpy().astype(np.float64) for part in network.decode(torch.from_numpy(codes).float())
            ]

    def make(self, learnt: Learnt, n: int, rng: np.random.Generator) -> Made:
        """As of every resampler; of images it leaves their codes."""
        made = super().make(learnt, n, rng)
        if "numbers" not in learnt["about"]:
            return made
        decoded = self._decoded(made.numbers, learnt)
        numbers = (decoded[0] * learnt["spread"] + learnt["mean"]) * learnt["unit"]
        numbers = np.clip(numbers, learnt["least"], learnt["most"])
        gaps = _gaps(learnt["gaps"][made.base], learnt["gaps"][made.partner], decoded)
        missing = rng.random(gaps.shape) < gaps
        numbers[missing[:, : numbers.shape[1]]] = np.nan
        codes = np.empty((n, len(decoded) - 2), dtype=np.int32)
        for at, logits in enumerate(decoded[2:]):
            passed = np.cumsum(_chances(logits)[:, 1:], axis=1)
            codes[:, at] = (passed[:, :-1] <= rng.random((n, 1)) * passed[:, -1:]).sum(axis=1)
        codes[missing[:, numbers.shape[1] :]] = -1
        return dataclasses.replace(made, numbers=numbers, codes=codes)

    def _columns(self, made: Made, learnt: Learnt, schema: Schema, rng: np.random.Generator) -> pa.Table:
        """The columns of new rows, but for the target."""
        name = _image(schema)
        if name is None:
            return super()._columns(made, learnt, schema, rng)
        images = np.moveaxis(self._decoded(made.numbers, learnt)[0], 1, 3) * 127.5 + 127.5
        return pa.table({name: encoded(np.rint(images).astype(np.uint8))})


@contextmanager
def _of_column(name: str) -> Iterator[None]:
    """Errors about pictures with the name of their column."""
    try:
        yield
    except InputError as error:
        raise InputError(f"column {name!r}, {error}") from None


def _image(schema: Schema) -> str | None:
    """The column of images, if there is one."""
    return next((column.name for column in schema if column.kind == "image"), None)


def _gaps(
    base: npt.NDArray[np.bool_], partner: npt.NDArray[np.bool_], decoded: list[Floats]
) -> npt.NDArray[np.float64]:
    """Chance of a gap in each cell: 1 where both parents have one, 0 where neither has."""
    told = [1 / (1 + np.exp(-decoded[1])), *(_chances(logits)[:, :1] for logits in decoded[2:])]
    return np.where(base == partner, base, np.concatenate(told, axis=1)).astype(np.float64)


def _chances(logits: Floats) -> Floats:
    power: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    power /= power.sum(axis=1, keepdims=True)
    return power
