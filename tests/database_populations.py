"""Customers with orders with items, drawn from a law that is known, and releases whose fault is known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mintmark.data.database import Database
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema

KEYS = {"orders.customer": "customers.id", "items.order": "orders.id", "items.product": "products.id"}


def column(name: str, kind: str, dtype: str) -> Column:
    return Column(name=name, kind=kind, dtype=dtype)


SCHEMAS = {
    "customers": Schema(
        (
            column("id", "integer", "int64"), column("age", "number", "double"),
            column("income", "number", "double"), column("region", "category", "string"),
        )
    ),
    "orders": Schema(
        (
            column("id", "integer", "int64"), column("customer", "integer", "int64"),
            column("amount", "number", "double"), column("channel", "category", "string"),
        )
    ),
    "items": Schema(
        (
            column("order", "integer", "int64"), column("product", "integer", "int64"),
            column("price", "number", "double"),
        )
    ),
    "products": Schema((column("id", "integer", "int64"), column("weight", "number", "double"))),
}  # fmt: skip


def dataset(name: str, columns: dict[str, np.ndarray]) -> Dataset:
    schema = SCHEMAS[name]
    return Dataset(pa.table({c.name: pa.array(columns[c.name]) for c in schema}), schema)


class Population:
    """A law drawn from a seed: `draw(n)` gives n fresh families, keys from `first` on."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.slope = self.rng.uniform(0.7, 1.0)
        self.mean = self.rng.uniform(2.5, 4.0)
        self.weight = self.rng.normal(size=20)
        self.mixed = self.rng.dirichlet(np.full(3, 0.3), 4)

    def draw(self, n: int, first: int = 0) -> Database:
        rng = self.rng
        age, income = rng.normal(size=n), rng.normal(size=n)
        region = rng.integers(4, size=n)
        children = rng.poisson(self.mean * np.exp(0.4 * income - 0.08))
        owner = np.repeat(np.arange(n), children)
        amount = self.slope * income[owner] + 0.6 * age[owner] + 0.3 * rng.normal(size=len(owner))
        channel = (rng.random((len(owner), 1)) > self.mixed.cumsum(1)[region[owner]]).sum(1).clip(0, 2)
        order = np.repeat(np.arange(len(owner)), 1 + rng.poisson(1.0, len(owner)))
        product = rng.integers(20, size=len(order))
        price = 0.7 * amount[order] + 0.5 * self.weight[product] + 0.3 * rng.normal(size=len(order))
        tables = {
            "customers": {
                "id": np.arange(n) + first, "age": age, "income": income,
                "region": np.array(list("nesw"))[region],
            },
            "orders": {
                "id": np.arange(len(owner)) + 100 * first, "customer": owner + first, "amount": amount,
                "channel": np.array(["web", "shop", "phone"])[channel],
            },
            "items": {"order": order + 100 * first, "product": product, "price": price},
            "products": {"id": np.arange(20), "weight": self.weight},
        }  # fmt: skip
        return database(tables)


def database(tables: dict[str, dict[str, np.ndarray]]) -> Database:
    return Database({name: dataset(name, columns) for name, columns in tables.items()}, KEYS)


def arrays(data: Database) -> dict[str, dict[str, np.ndarray]]:
    return {
        name: {c: each.table[c].to_numpy().copy() for c in each.names} for name, each in data.tables.items()
    }


def repeated(data: Database, chosen: np.ndarray) -> Database:
    """The families at these positions of the customers, in order, one after the other under new keys."""
    old = arrays(data)
    family = data.families
    orders, items = old["orders"], old["items"]
    by_family = {name: _rows_of(family[name], len(old["customers"]["id"])) for name in ("orders", "items")}
    at = {name: np.concatenate([rows[i] for i in chosen]) for name, rows in by_family.items()}
    at_customer = np.repeat(np.arange(len(chosen)), [len(by_family["orders"][i]) for i in chosen])
    copy_of_item = np.repeat(np.arange(len(chosen)), [len(by_family["items"][i]) for i in chosen])
    place = {
        (int(c), int(orders["id"][row])): i
        for i, (c, row) in enumerate(zip(at_customer, at["orders"], strict=True))
    }
    order = [
        place[int(c), int(items["order"][row])] for c, row in zip(copy_of_item, at["items"], strict=True)
    ]
    return database(
        {
            "customers": {name: values[chosen] for name, values in old["customers"].items()}
            | {"id": np.arange(len(chosen))},
            "orders": {name: values[at["orders"]] for name, values in orders.items()}
            | {"id": np.arange(len(at_customer)), "customer": at_customer},
            "items": {name: values[at["items"]] for name, values in items.items()}
            | {"order": np.array(order)},
            "products": old["products"],
        }
    )


def _rows_of(family: np.ndarray, n: int) -> list[np.ndarray]:
    order = np.argsort(family, kind="stable")
    return np.split(order, np.cumsum(np.bincount(family, minlength=n))[:-1])


def jittered(data: Database, rng: np.random.Generator) -> Database:
    """Every number moved by 1 % of its column's standard deviation, each customer's region drawn anew."""
    new = arrays(data)
    for name, column in (
        ("customers", "age"),
        ("customers", "income"),
        ("orders", "amount"),
        ("items", "price"),
    ):
        values = new[name][column]
        values += 0.01 * values.std() * rng.normal(size=len(values))
    new["customers"]["region"] = rng.permutation(new["customers"]["region"])
    return database(new)


def collapsed(data: Database, families: int, n: int, rng: np.random.Generator) -> Database:
    """A few families, repeated."""
    chosen = rng.choice(len(data["customers"]), families, replace=False)
    return repeated(data, np.resize(chosen, n))


def shuffled(data: Database, rng: np.random.Generator) -> Database:
    """Each order under a random customer's key: the numbers of children stay."""
    new = arrays(data)
    new["orders"]["customer"] = rng.permutation(new["orders"]["customer"])
    return database(new)


def orphaned(data: Database, share: float, rng: np.random.Generator) -> Database:
    """A share of the orders under customers who do not exist."""
    new = arrays(data)
    lost = rng.random(len(new["orders"]["customer"])) < share
    new["orders"]["customer"][lost] += 10**9
    return database(new)


def mixed(train: Database, fresh: Database, share: float, rng: np.random.Generator) -> Database:
    """Fresh families, a share of which give way to families of train."""
    n = len(fresh["customers"])
    copies = round(share * n)
    parts = [
        arrays(repeated(data, rng.choice(len(data["customers"]), size, replace=False)))
        for data, size in ((train, copies), (fresh, n - copies))
    ]
    moved = {"customers": ["id"], "orders": ["id", "customer"], "items": ["order"]}
    for name, columns in moved.items():
        for column in columns:
            parts[1][name][column] = parts[1][name][column] + 10**6
    joint = {
        name: {c: np.concatenate([part[name][c] for part in parts]) for c in parts[0][name]} for name in moved
    }
    return database(joint | {"products": parts[0]["products"]})
