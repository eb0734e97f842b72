"""Tables that break synthesizers: hard, but valid, so every one of them must be handled."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Kind, Role, Schema, type_name

__all__ = ["HARD", "dataset", "derived", "hard_tables", "ordinary"]


def dataset(
    columns: Mapping[str, pa.Array],
    *,
    kinds: Mapping[str, Kind] | None = None,
    roles: Mapping[str, tuple[Role, ...]] | None = None,
    decimals: Mapping[str, int] | None = None,
) -> Dataset:
    """Arrow arrays as a Dataset; kinds follow from the Arrow types where none is given."""
    made = [
        Column(
            name=name,
            kind=(kinds or {}).get(name) or _kind(array.type),
            dtype=type_name(array.type),
            roles=(roles or {}).get(name, ()),
            resolution="day" if pa.types.is_date(array.type) else None,
            decimals=array.type.scale if pa.types.is_decimal(array.type) else (decimals or {}).get(name),
        )
        for name, array in columns.items()
    ]
    return Dataset(pa.table(dict(columns)), Schema(tuple(made)))


def _kind(kind: pa.DataType) -> Kind:
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_temporal(kind):
        return "timedelta" if pa.types.is_duration(kind) else "datetime"
    return "category"


def ordinary(rows: int = 400) -> Dataset:
    """A table of every kind with nothing hard about it: one key, a target, some missing values."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, rows)
    color = rng.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2])
    income = np.exp(rng.normal(10, 0.5, rows) + age / 100)
    hole = rng.random(rows) < 0.2
    days = np.datetime64("2020-01-01", "us") + rng.integers(0, 10**9, rows) * np.timedelta64(10**5, "us")
    return dataset(
        {
            "id": pa.array([f"p{i}" for i in range(rows)]),
            "age": pa.array(age),
            "income": pa.array(income, mask=hole),
            "color": pa.array(color.tolist(), mask=rng.random(rows) < 0.1),
            "member": pa.array(rng.random(rows) < 0.4),
            "joined": pa.array(days),
            "stay": pa.array(rng.integers(60, 10**5, rows).astype("timedelta64[s]")),
            "bought": pa.array(np.where(income > np.median(income), "yes", "no").tolist()),
        },
        kinds={"id": "text"},
        roles={"id": ("key",), "bought": ("target",)},
    )


def hard_tables() -> dict[str, Dataset]:
    """Every hard table by name; the same each time, made in well under a second."""
    return {name: make(np.random.default_rng(i)) for i, (name, make) in enumerate(HARD.items())}


def _constant(rng: np.random.Generator) -> Dataset:
    n = 200
    return dataset(
        {
            "number": pa.array([3.25] * n),
            "tenth": pa.array([0.1] * n),
            "integer": pa.array([-7] * n),
            "category": pa.array(["same"] * n),
            "boolean": pa.array([True] * n),
            "day": pa.array([dt.date(2024, 2, 29)] * n),
            "x": pa.array(rng.normal(size=n)),
        }
    )


def _all_null(rng: np.random.Generator) -> Dataset:
    n = 200
    return dataset(
        {
            "number": pa.nulls(n, pa.float64()),
            "integer": pa.nulls(n, pa.int32()),
            "category": pa.nulls(n, pa.string()),
            "boolean": pa.nulls(n, pa.bool_()),
            "day": pa.nulls(n, pa.date32()),
            "typeless": pa.nulls(n),
            "x": pa.array(rng.normal(size=n)),
        }
    )


def _unique_text_keys(rng: np.random.Generator) -> Dataset:
    n = 300
    return dataset(
        {
            "name": pa.array([f"Zoë {i:x}/{rng.integers(10**9)}" for i in range(n)]),
            "number": pa.array(rng.permutation(10**6)[:n].astype("int32")),
            "x": pa.array(rng.normal(size=n)),
        },
        kinds={"name": "text"},
        roles={"name": ("key",), "number": ("key",)},
    )


def _fifty_thousand_categories(rng: np.random.Generator) -> Dataset:
    n, many = 60_000, 50_000
    codes = np.concatenate([np.arange(many), rng.integers(0, 200, n - many)])
    return dataset(
        {
            "product": pa.array(np.char.add("product ", codes.astype(str)).tolist()),
            "x": pa.array(rng.normal(size=n)),
        }
    )


def _mostly_missing(rng: np.random.Generator) -> Dataset:
    n = 2_000

    def holes(values: Any) -> pa.Array:
        return pa.array(values, mask=rng.random(n) < 0.99)

    return dataset(
        {
            "number": holes(rng.normal(size=n)),
            "integer": holes(rng.integers(0, 9, n)),
            "category": holes(rng.choice(["a", "b"], n).tolist()),
            "boolean": holes(rng.random(n) < 0.5),
            "once": pa.array([4.5] + [None] * (n - 1), pa.float64()),
            "x": pa.array(rng.normal(size=n)),
        }
    )


def _old_and_zoned_dates(rng: np.random.Generator) -> Dataset:
    n = 300
    seconds = rng.integers(-4 * 10**9, 10**9, n)  # 1843 to 2001
    return dataset(
        {
            "seconds": pa.array(seconds, pa.timestamp("s")),
            "zoned": pa.array(seconds * 10**6 + 123_456, pa.timestamp("us", tz="America/New_York")),
            "nanos": pa.array(seconds * 10**9, pa.timestamp("ns", tz="UTC")),
            "day": pa.array((seconds // 86_400).astype("int32"), pa.int32()).cast(pa.date32()),
            "sentinel": pa.array([dt.datetime(9999, 12, 31), dt.datetime(1, 1, 1)] * (n // 2)),
            "stay": pa.array(-seconds, pa.duration("ms")),
        }
    )


def _decimals(rng: np.random.Generator) -> Dataset:
    n = 300
    cents = rng.integers(-(10**7), 10**9, n)
    return dataset(
        {
            "price": pa.array([decimal.Decimal(int(c)).scaleb(-2) for c in cents], pa.decimal128(12, 2)),
            "rate": pa.array([decimal.Decimal(int(c)).scaleb(-9) for c in cents], pa.decimal128(30, 9)),
            "whole": pa.array([decimal.Decimal(int(c)) for c in cents], pa.decimal128(18, 0)),
        }
    )


def _names(rng: np.random.Generator) -> Dataset:
    n = 200
    names = [
        "class",
        "lambda",
        "größe in m²",
        "年齢",
        "🙂",
        " leading space",
        "a.b/../c",
        "",
        "__proto__",
        "None",
    ]
    table = {name: pa.array(rng.normal(size=n)) for name in names}
    table["where"] = pa.array(rng.choice(["ja", "nein", "año", "日本", "", " "], n).tolist())
    return dataset(table)


def _thirty_rows(rng: np.random.Generator) -> Dataset:
    return ordinary(30)


def _wide(rng: np.random.Generator) -> Dataset:
    values = rng.normal(size=(500, 2_000))
    values[400] *= values[0] > 0  # a spike at zero and dependence in one of them
    table = {f"v{i}": pa.array(v) for i, v in enumerate(values)}
    for i in range(0, 500, 10):
        table[f"v{i}"] = pa.array(np.array(["low", "high"])[(values[i] > 0).astype(int)].tolist())
    return dataset(table)


def _extremes(rng: np.random.Generator) -> Dataset:
    n = 200
    wild = rng.normal(size=n) * 10.0 ** rng.integers(-300, 300, n)
    huge = np.where(rng.random(n) < 0.5, 1.7e308, -1.7e308)
    whole = np.array([-(2**63), 2**63 - 1, 0, 2**53 + 1], dtype=np.int64)
    return dataset(
        {
            "wild": pa.array(wild),
            "huge": pa.array(huge),
            "tiny": pa.array(np.full(n, 5e-324) * rng.integers(0, 3, n)),
            "single": pa.array(rng.normal(size=n).astype("float32") * np.float32(1e38)),
            "int64": pa.array(rng.choice(whole, n)),
            "uint64": pa.array(rng.choice(np.array([0, 2**64 - 1], dtype=np.uint64), n)),
            "int8": pa.array(rng.integers(-128, 128, n).astype("int8")),
            "minus_zero": pa.array(np.where(rng.random(n) < 0.5, -0.0, 0.0)),
        }
    )


def derived(rng: np.random.Generator) -> Dataset:
    """Columns that follow from others, exactly or nearly, one of each sort."""
    n = 1_500
    net = np.round(np.exp(rng.normal(3, 1, n)), 2)
    gross = np.round(net * 1.19, 2)
    shipping, tip, rebate = (np.round(rng.gamma(2, scale, n), 2) for scale in (4, 2, 1))
    celsius = np.round(rng.normal(10, 8, n), 1)
    ordered = np.datetime64("2019-01-01", "D") + rng.integers(0, 1_500, n)
    delivered = ordered + rng.poisson(6, n)
    city = rng.choice(12, n, p=np.arange(1, 13) / 78)
    weight = np.round(rng.gamma(2, 60, n), 1)
    months, monthly = rng.integers(1, 73, n), np.round(rng.uniform(20, 120, n), 2)
    tested = rng.random(n) < 0.6
    group = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    return dataset(
        {
            "net": pa.array(net),
            "gross": pa.array(gross),
            "shipping": pa.array(shipping),
            "tip": pa.array(tip),
            "rebate": pa.array(rebate),
            "paid": pa.array(np.round(gross + shipping + tip - rebate, 2)),
            "celsius": pa.array(celsius),
            "fahrenheit": pa.array(np.round(celsius * 1.8 + 32, 2)),
            "ordered": pa.array(ordered),
            "delivered": pa.array(delivered),
            "days": pa.array((delivered - ordered).astype(np.int64)),
            "year": pa.array(ordered.astype("datetime64[Y]").astype(np.int64) + 1970),
            "city": pa.array([f"city {i}" for i in city]),
            "state": pa.array([f"state {i}" for i in city // 4]),
            "city code": pa.array(np.array([3, 1, 4, 15, 9, 2, 6, 5, 35, 8, 97, 93])[city]),
            "weight": pa.array(weight),
            "size": pa.array(np.array(["small", "medium", "large"])[np.digitize(weight, [50, 200])].tolist()),
            "months": pa.array(months),
            "monthly": pa.array(monthly),
            "total": pa.array(np.round(months * monthly * rng.normal(1, 0.03, n), 2)),
            "tested": pa.array(np.where(tested, "yes", "no").tolist()),
            "result": pa.array(rng.normal(5, 1, n), mask=~tested),
            "again": pa.array(rng.normal(5, 1, n), mask=~tested),
            "is a": pa.array(group == 0),
            "is b": pa.array(group == 1),
            "is c": pa.array(group == 2),
        },
        decimals=dict.fromkeys(
            ("net", "gross", "shipping", "tip", "rebate", "paid", "monthly", "fahrenheit", "total"), 2
        )
        | {"celsius": 1, "weight": 1},
    )


HARD: dict[str, Callable[[np.random.Generator], Dataset]] = {
    "constant columns": _constant,
    "all-null columns": _all_null,
    "unique text keys": _unique_text_keys,
    "50,000 categories": _fifty_thousand_categories,
    "99 % missing": _mostly_missing,
    "dates before 1970 and with time zones": _old_and_zoned_dates,
    "decimals": _decimals,
    "unicode and keyword names": _names,
    "30 rows": _thirty_rows,
    "2,000 x 500": _wide,
    "numeric extremes": _extremes,
    "derived columns": derived,
}
"""Names of the hard tables, with what makes each from a generator."""
