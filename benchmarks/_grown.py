"""Large tables to measure growth on: Adult resampled with jitter, and fifty made columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import mintmark as mm

ADULT = Path(mm.__file__).parent / "examples/adult.parquet"
_DAY = 86_400_000_000  # microseconds


def adult(rows: int) -> mm.Dataset:
    """Rows of Adult drawn with replacement; numbers that many values take are moved a little."""
    rng = np.random.default_rng(0)
    real = pq.read_table(ADULT).replace_schema_metadata(None)
    table = real.take(pa.array(rng.integers(0, real.num_rows, rows)))
    for name, by in {"age": 1.0, "fnlwgt": 5000.0, "hours-per-week": 1.0, "capital-gain": 50.0}.items():
        values = table[name].to_numpy()
        moved = np.round(values + rng.normal(0, by, rows)).astype(np.int64)
        moved = np.where(values > 0, np.clip(moved, real[name].to_numpy().min(), None), values)
        table = table.set_column(table.column_names.index(name), name, pa.array(moved))
    return mm.read(table, target="income")


def mixed(rows: int) -> mm.Dataset:
    """Fifty columns: numbers of several shapes, integers, categories of 2 to 1,000 values, flags,
    dates and durations; with missing values, spikes and relations between the columns."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(rows, 5))
    columns: dict[str, pa.Array] = {}
    for i in range(16):  # bell, skewed, zero-inflated, rounded
        x = hidden[:, i % 5] + rng.normal(size=rows)
        shape = (x, np.exp(x), np.where(x > 0.5, np.exp(x), 0.0), np.round(20 * x, 1))[i % 4]
        columns[f"number_{i}"] = _gaps(shape, 0.1 * (i % 3 == 0), rng)
    for i in range(8):
        count = rng.poisson(np.exp(0.5 * hidden[:, i % 5] + 0.5 * i))
        columns[f"count_{i}"] = _gaps(count, 0.05 * (i % 4 == 0), rng)
    for i, size in enumerate((2, 3, 5, 8, 12, 20, 30, 50, 100, 200, 500, 1000)):
        place = np.exp(-np.abs(hidden[:, i % 5] + rng.normal(size=rows)))
        words = pa.array([f"value {j:04d}" for j in range(size)])
        columns[f"category_{i}"] = words.take(pa.array((place * size).astype(np.int64).clip(0, size - 1)))
    for i in range(5):
        columns[f"flag_{i}"] = pa.array(hidden[:, i] + rng.normal(size=rows) > 0.3 * i)
    begun = rng.integers(0, 2000, rows)
    took = rng.poisson(np.exp(1 + 0.5 * hidden[:, 0]))
    columns["begun"] = _days(begun)
    columns["ended"] = _days(begun + took)
    columns["took"] = pa.array(took * _DAY, pa.int64()).cast(pa.duration("us"))
    price, many = np.round(np.exp(hidden[:, 1] + 3), 2), rng.poisson(3, rows) + 1
    columns |= {
        "price": pa.array(price),
        "many": pa.array(many),
        "total": pa.array(np.round(price * many, 2)),
    }
    columns["code"] = pa.array([f"C{j}" for j in range(20)]).take(pa.array(begun % 20))
    columns["score"] = pa.array(hidden.sum(axis=1) + 0.2 * rng.normal(size=rows))
    columns["target"] = pa.array(np.where(hidden.sum(axis=1) + rng.normal(size=rows) > 1, "yes", "no"))
    return mm.read(pa.table(columns), target="target")


def _gaps(values: np.ndarray, share: float, rng: np.random.Generator) -> pa.Array:
    return pa.array(values, mask=rng.random(len(values)) < share)


def _days(days: np.ndarray) -> pa.Array:
    return pa.array(days * _DAY, pa.int64()).cast(pa.timestamp("us"))
