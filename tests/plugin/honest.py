"""A small synthesizer as another package would add it: each column shuffled and blurred by itself."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Schema
from mintmark.method import method
from mintmark.progress import track
from mintmark.synthesizer import Synthesizer

__all__ = ["Honest"]


@method
class Honest(Synthesizer):
    """Each value a value of its column, numbers plus noise."""

    spread: Annotated[float, Field(gt=0, description="noise, in standard deviations")] = 0.3
    block = 64

    def _learn(self, data: Dataset, rng: np.random.Generator) -> dict[str, Any]:
        arrays = encode(data.table, data.schema)
        values = {f"c{i}": arrays[name] for i, name in enumerate(track(data.names, "looking at columns"))}
        return {"schema": data.schema.to_json(), **values}

    def _draw(self, n: int, learnt: dict[str, Any], rng: np.random.Generator) -> pa.Table:
        schema = Schema.from_json(learnt["schema"])
        made = {}
        for i, column in enumerate(schema):
            value = learnt[f"c{i}"][rng.integers(0, len(learnt[f"c{i}"]), n)]
            if column.is_numeric and not np.isnan(value).all():
                top = float(np.nanmax(np.abs(learnt[f"c{i}"]))) or 1.0
                noise = rng.normal(size=n) * np.nanstd(learnt[f"c{i}"] / top) * self.spread
                with np.errstate(over="ignore"):  # what leaves the floats ends at the column's bounds
                    value = value + noise * top
            made[column.name] = value
        return decode(made, schema)
