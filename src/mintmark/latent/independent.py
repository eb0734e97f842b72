"""Independent marginals: every column drawn on its own, the floor for all measures of dependence."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Schema
from mintmark.latent._marginal import invert, learn_law
from mintmark.method import method
from mintmark.progress import track
from mintmark.synthesizer import Learnt, Synthesizer

__all__ = ["Independent"]


@method
class Independent(Synthesizer):
    """Draw every column from its own distribution, without regard to the others.

    Columns come out as they are one by one (spikes, categories, missing shares), relations between
    them not at all: whatever a score gives to these rows, it gives for nothing.
    """

    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "aggregates"

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        arrays = encode(data.table, data.schema)
        learnt: dict[str, Any] = {"schema": data.schema.to_json()}
        for j, column in enumerate(track(data.schema.columns, "fitting columns")):
            learnt |= learn_law(arrays[column.name], column, j)
        return learnt

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        schema = Schema.from_json(learnt["schema"])
        drawn = {}
        for j, column in enumerate(schema):
            values = invert(rng.random(n), learnt, j)
            gone = rng.random(n) < learnt[f"{j}/missing"][0]
            drawn[column.name] = np.where(gone, np.nan if column.is_numeric else -1, values)
        return decode(drawn, schema)
