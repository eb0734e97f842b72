"""What methods share that make rows of codes and scores by a net."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Schema
from mintmark.latent._mixed import Layout, from_rows, layout_of, learn_mixed, to_rows
from mintmark.latent._need import need_torch, warn_of_few
from mintmark.method import method, name_of
from mintmark.synthesizer import Learnt, Synthesizer

__all__ = ["Floats", "Ints", "MixedRows", "steps_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@method
class MixedRows(Synthesizer):
    """Rows of codes and scores, made by a net. Abstract: write `_trained` and `_made`."""

    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "values"
    derives: ClassVar[bool] = True

    epochs: Annotated[
        int | None,
        Field(ge=1, description="passes over the rows; by default as many as pay, fewer of many rows"),
    ] = None
    hidden: Annotated[int, Field(ge=8, le=2048, description="units of a layer")] = 256

    def _trained(
        self, codes: Ints, scores: Floats, layout: Layout, rng: np.random.Generator
    ) -> dict[str, Any]:
        """What was learnt of rows, as arrays and JSON values; ``training`` tells how each training went."""
        raise NotImplementedError

    def _made(
        self, n: int, layout: Layout, learnt: Learnt, rng: np.random.Generator
    ) -> tuple[Ints, npt.NDArray[Any]]:
        """Codes and scores of n new rows."""
        raise NotImplementedError

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        need_torch()
        warn_of_few(len(data))
        from mintmark.nn.record import failures_told

        arrays = encode(data.table, data.schema)
        learnt = learn_mixed(arrays, data.schema)
        layout = layout_of(learnt, data.schema)
        told = {**learnt, "schema": data.schema.to_json()}
        if layout.is_empty:
            return {**told, "training": []}
        codes, scores = to_rows(arrays, learnt, data.schema, rng, len(data))
        with failures_told(
            name_of(type(self)), "Give a lower rate, or drop columns of extreme numbers.",
            f"Give a hidden below {self.hidden:,}, or fewer columns.",
        ):  # fmt: skip
            return told | self._trained(codes, scores, layout, rng)

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        need_torch()
        schema = Schema.from_json(learnt["schema"])
        layout = layout_of(learnt, schema)
        codes, scores = np.empty((n, 0), dtype=np.int64), np.empty((n, 0))
        if not layout.is_empty:
            codes, scores = self._made(n, layout, learnt, rng)
        return decode(from_rows(codes, scores, learnt, schema), schema)


def steps_of(epochs: int | None, rows: int, batch: int, passes: int, ends: tuple[int, int]) -> int:
    """Batches of a training: of so many epochs, or of `passes` within the fewest and most."""
    if epochs is not None:
        return max(1, round(epochs * rows / batch))
    return int(np.clip(passes * rows / batch, *ends))
