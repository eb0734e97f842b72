"""A synthesizer that must be found out: what it learnt is a pickle."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from honest import Honest

from mintmark.data.dataset import Dataset
from mintmark.method import method

__all__ = ["Unsafe"]


@method
class Unsafe(Honest):
    """Unpickles an object out of its model each time it draws."""

    def _learn(self, data: Dataset, rng: np.random.Generator) -> dict[str, Any]:
        learnt = super()._learn(data, rng)
        return {**learnt, "model": np.frombuffer(pickle.dumps(Fraction(1, 3)), dtype=np.uint8)}

    def _draw(self, n: int, learnt: dict[str, Any], rng: np.random.Generator) -> pa.Table:
        pickle.loads(learnt["model"].tobytes())
        return super()._draw(n, learnt, rng)
