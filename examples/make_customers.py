"""Make the customer table that ships with mintmark: 8,500 invented customers of a phone company.

Names and streets are drawn from Faker's British lists, telephone numbers from the ranges that Ofcom
keeps for drama, e-mails lie at example.com, bank accounts at a bank "TEST" that does not exist: no
person's data is in it. Plans, prices, months and churn depend on each other as they do in such
tables; `charged` is price times months, `total` what was paid after the voucher.

    pip install 'mintmark[personal]'
    python examples/make_customers.py src/mintmark/examples/customers.parquet

The table is in the public domain (CC0 1.0).
"""

from __future__ import annotations

import datetime as dt
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from faker import Faker

ROWS = 8_500
CITIES = {"Leeds": "LS", "Bristol": "BS", "Sheffield": "S", "Norwich": "NR", "Exeter": "EX", "Hull": "HU",
          "Derby": "DE", "Oxford": "OX", "York": "YO", "Bath": "BA"}  # fmt: skip
# of 1,000 numbers each
DRAMA = ("0113 496 0", "0114 496 0", "0115 496 0", "0116 496 0", "0117 496 0", "0118 496 0", "0121 496 0",
         "0131 496 0", "0141 496 0", "0161 496 0", "07700 900 ")  # fmt: skip


def customers(rows: int = ROWS, seed: int = 7) -> pa.Table:
    """The table; the same for one seed and one version of Faker."""
    rng = np.random.default_rng(seed)
    fake = Faker("en_GB")
    fake.seed_instance(seed)
    sex = rng.choice(["female", "male"], rows)
    first = [fake.first_name_female() if one == "female" else fake.first_name_male() for one in sex]
    last = [fake.last_name() for _ in range(rows)]
    city = rng.choice(list(CITIES), rows, p=np.array([9, 8, 8, 6, 5, 5, 4, 4, 4, 3]) / 56)
    born = np.floor(rng.gamma(3.5, 7.5, rows).clip(0, 66) + 18)
    since = rng.integers(1, 72, rows)
    months = np.ceil(since * rng.beta(3, 1.2, rows)).astype(int)  # some leave, some pause
    plan = np.array(["Basic", "Plus", "Family", "Pro"])[_plan(born, rng)]
    price = np.array([{"Basic": 9.5, "Plus": 17.0, "Family": 29.0, "Pro": 44.0}[one] for one in plan])
    price = np.round(price + rng.choice([0.0, 3.0], rows, p=[0.7, 0.3]), 2)
    charged = np.round(price * months, 2)
    level = np.array([{"Basic": 0.7, "Plus": 1.6, "Family": 2.7, "Pro": 2.4}[one] for one in plan])
    usage = np.round(np.random.default_rng([seed, 1]).lognormal(level - 0.015 * (born - 40), 0.6), 1)
    voucher = np.minimum(rng.choice([0.0, 20.0], rows, p=[0.7, 0.3]), charged)
    risk = 0.4 - 0.045 * months + 0.03 * price - 0.012 * (born - 40) - 0.015 * voucher
    churned = rng.random(rows) < 1 / (1 + np.exp(-risk))
    phones = rng.choice(len(DRAMA) * 1_000, rows, replace=False)
    table = {
        "customer_id": [f"C-{number:06d}" for number in rng.choice(9_000, rows, replace=False) + 400_000],
        "name": [f"{a} {b}" for a, b in zip(first, last, strict=True)],
        "sex": sex.tolist(),
        "birth_year": (2026 - born).astype(int),
        "email": _emails(first, last),
        "phone": [None if rng.random() < 0.06 else f"{DRAMA[n // 1_000]}{n % 1_000:03d}" for n in phones],
        "street": [f"{rng.integers(1, 180)} {fake.street_name()}" for _ in range(rows)],
        "city": city.tolist(),
        "postcode": [f"{CITIES[one]}{rng.integers(1, 20)} {rng.integers(1, 10)}{_two(rng)}" for one in city],
        "iban": [_iban(int(rng.integers(10**6, 10**7))) for _ in range(rows)],
        "signed_up": [dt.date(2026 - (n + 6) // 12, 12 - (n + 6) % 12, 1) for n in since],
        "plan": plan.tolist(),
        "monthly_price": price,
        "months": months,
        "usage_gb": usage,
        "charged": charged,
        "voucher": voucher,
        "total": np.round(charged - voucher, 2),
        "churned": np.where(churned, "yes", "no").tolist(),
    }
    return pa.table(table).sort_by([("name", "ascending")])


def _plan(age: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Families in the middle of life, Basic for the old and the young."""
    middle = np.exp(-(((age - 42) / 14) ** 2))
    weights = np.stack([1.2 - 0.6 * middle, np.full(len(age), 0.8), 0.2 + 1.2 * middle, 0.15 + 0.35 * middle])
    shares = np.cumsum(weights / weights.sum(axis=0), axis=0)
    return (rng.random(len(age)) > shares).sum(axis=0)


def _emails(first: list[str], last: list[str]) -> list[str]:
    boxes = [f"{a}.{b}".lower().replace("'", "").replace(" ", "") for a, b in zip(first, last, strict=True)]
    nth = [boxes[:at].count(box) for at, box in enumerate(boxes)]
    return [f"{box}{n + 1 if n else ''}@example.com" for box, n in zip(boxes, nth, strict=True)]


def _two(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list("ABDEFGHJLNPQRSTUWXYZ"), 2))


def _iban(account: int) -> str:
    digits = "".join(str(int(letter, 36)) for letter in f"TEST{account:014d}GB00")
    return f"GB{98 - int(digits) % 97:02d}TEST{account:014d}"


if __name__ == "__main__":
    pq.write_table(customers(), sys.argv[1], compression="zstd", compression_level=19)
