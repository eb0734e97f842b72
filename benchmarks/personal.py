"""Personal columns: how many are found, how many columns are called personal wrongly, what leaks.

Twenty personal columns in each of five locales, made with Faker in several ways of writing, under
local, English and unhelpful names, some cells missing; beside them columns that look alike and are
not. Then what is harder: names from countries of which no list is known, dirty columns, few persons
under the names of roles, and columns that look like persons', numbers' and places' beside persons.
And every column of the real tables in ../shared/data, of which thirteen hold names, addresses or
postcodes of persons. Run: python benchmarks/personal.py
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import mintmark as mm
from mintmark.data.known import digests, held, in_one_form
from mintmark.data.personal.numbers import NATIONAL
from mintmark.errors import InputError

LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES")
SHARED = Path(__file__).parents[2] / "shared" / "data"
HEADERS = {
    "en_US": "Customer Name|First Name|Surname|E-Mail|Phone Number|Street|Mailing Address|SSN|Credit Card",
    "en_GB": "full_name|forename|lastName|email_address|mobile|address_line_1|home address|NI Number|card_no",
    "de_DE": "Kundenname|Vorname|Nachname|E-Mail-Adresse|Telefonnummer|Straße|Anschrift|"
    "Steuer-ID|Kreditkartennummer",
    "fr_FR": "Nom complet|Prénom|Nom de famille|Courriel|Téléphone|rue|Adresse complète|"
    "Numéro Sécu|carte bancaire",
    "es_ES": "Nombre completo|Nombre de pila|Apellidos|correo|Teléfono móvil|Calle|Dirección|DNI|Tarjeta",
}
REAL = {  # columns of the real tables that hold what tells a person
    "sakila/actor": {"first_name", "last_name"},
    "sakila/customer": {"first_name", "last_name", "email"},
    "sakila/staff": {"first_name", "last_name", "email"},
    "sakila/address": {"address", "postal_code"},
    "baseball_databank/People": {"nameFirst", "nameLast", "nameGiven"},
}
NEITHER = {"sakila/staff": {"username"}}  # a given name in two rows; counted neither way


def table(locale: str, rows: int = 400, seed: int = 0) -> tuple[pa.Table, dict[str, str]]:
    """A made table of one locale, and what its personal columns hold."""
    from faker import Faker

    fake = Faker(locale)
    fake.seed_instance(seed)
    rng = random.Random(f"{locale}{seed}")
    name, first, last, email, phone, street, address, national, card = HEADERS[locale].split("|")
    made: dict[str, tuple[str, Callable[[], object]]] = {
        name: ("name", fake.name),
        "col7": ("name", lambda: f"{fake.first_name()} {fake.last_name()}"),
        "feld_x": ("name", lambda: f"{fake.last_name()}, {fake.first_name()}".upper()),
        first: ("first_name", fake.first_name),
        "V12": ("first_name", fake.first_name),
        last: ("last_name", fake.last_name),
        "x_2": ("last_name", lambda: fake.last_name().upper()),
        email: ("email", fake.ascii_free_email),
        "data3": ("email", lambda: fake.ascii_company_email().upper()),
        phone: ("phone", fake.phone_number),
        "field_11": ("phone", lambda: written_phone(locale, rng)),
        "tel2": ("phone", lambda: int(re.sub(r"\D", "", written_phone(locale, rng)))),
        street: ("street", lambda: fake.street_address().replace("\n", " ")),
        "ort_a": ("street", lambda: fake.street_address().replace("\n", " ").lower()),
        address: (
            "address",
            fake.address if rng.random() < 0.5 else lambda: fake.address().replace("\n", ", "),
        ),
        national: ("national_id", lambda: national_id(locale, fake, rng)),
        "col_19": ("national_id", lambda: national_id(locale, fake, rng)),
        card: ("card", lambda: int(fake.credit_card_number("visa16"))),
        "nr_b": ("card", lambda: " ".join(re.findall("....", fake.credit_card_number("mastercard")))),
        "Konto": (
            "iban",
            lambda: " ".join(re.findall("..?.?.?", fake.iban())) if rng.random() < 0.9 else fake.iban(),
        ),
    }
    columns = {}
    for at, (header, (_, make)) in enumerate(made.items()):
        gone = (0.0, 0.05, 0.3)[at % 3]
        columns[header] = [None if rng.random() < gone else make() for _ in range(rows)]
    cities = [fake.city() for _ in range(12)]
    columns |= {
        "city": [rng.choice(cities) for _ in range(rows)],
        "customer_id": [f"C{10_000 + i}" for i in range(rows)],
        "order number": [rng.randrange(10**8, 10**9) for _ in range(rows)],
        "signed up": [fake.date() for _ in range(rows)],
        "employer": [fake.company() for _ in range(rows)],
        "job": [fake.job() for _ in range(rows)],
        "uuid": [fake.uuid4() for _ in range(rows)],
        "ip": [fake.ipv4() for _ in range(rows)],
        "colour": [fake.color_name() for _ in range(rows)],
        "product code": [fake.bothify("??-####") for _ in range(rows)],
        "ean": [fake.ean13() for _ in range(rows)],
        "balance": [round(rng.gauss(1_000, 300), 2) for _ in range(rows)],
        "plan": [rng.choice(["Basic", "Plus", "Gold"]) for _ in range(rows)],
        "last contact": [rng.choice(["phone", "e-mail", "shop"]) for _ in range(rows)],
    }
    return pa.table(columns), {header: kind for header, (kind, _) in made.items()}


def written_phone(locale: str, rng: random.Random) -> str:
    """A number as people of the country write it."""
    return {
        "en_US": lambda: f"({rng.randrange(201, 990)}) {rng.randrange(200, 999)}-{rng.randrange(10_000):04d}",
        "en_GB": lambda: f"+44 7{rng.randrange(1000):03d} {rng.randrange(10**6):06d}",
        "de_DE": lambda: f"0{rng.randrange(151, 180)}/{rng.randrange(10**6, 10**8)}",
        "fr_FR": lambda: (
            "0" + " ".join([str(rng.randrange(1, 8)), *(f"{rng.randrange(100):02d}" for _ in "1234")])
        ),
        "es_ES": lambda: f"6{rng.randrange(100):02d} {rng.randrange(1000):03d} {rng.randrange(1000):03d}",
    }[locale]()


def national_id(locale: str, fake: object, rng: random.Random) -> str:
    """An id as the country writes it, of the ranges that are issued."""
    if locale == "en_US":
        return f"{rng.randrange(1, 666):03d}-{rng.randrange(1, 100):02d}-{rng.randrange(1, 10_000):04d}"
    if locale == "en_GB":
        pair = rng.choice("ABCEGHJKLMNPRSTWXYZ") + rng.choice("ABCEGHJKLMPRSTWXY")
        groups = [f"{rng.randrange(100):02d}" for _ in range(3)]
        return " ".join([pair, *groups, rng.choice("ABCD")])
    if locale == "de_DE":
        head = str(rng.randrange(10**9, 10**10))
        right = [digit for digit in "0123456789" if NATIONAL["DE"](head + digit)]
        return head + right[0] if right else national_id(locale, fake, rng)
    if locale == "fr_FR":
        head = f"{rng.randrange(1, 3)}{rng.randrange(100):02d}{rng.randrange(1, 13):02d}"
        head += f"{rng.randrange(1, 95):02d}"
        head += f"{rng.randrange(1, 600):03d}{rng.randrange(1, 999):03d}"
        return f"{head} {97 - int(head) % 97:02d}"
    return str(fake.nif())  # type: ignore[attr-defined]


OUTSIDE = ("en_IN", "zu_ZA", "tr_TR", "hu_HU", "cs_CZ", "vi_VN", "id_ID", "fi_FI", "el_GR", "ko_KR")
"""Locales of which no names are listed."""
ROLES = (
    "sales_rep|doctor|physician|employee|teacher|driver|created_by|Sachbearbeiter|Zuständig|handled by|"
    "conseiller|médico|Account Manager|opiekun|owner|attending"
)
_COLOURS = (
    "Red|Blue|Rose|Violet|Amber|Scarlet|Ruby|Olive|Jade|Ivory|Coral|Indigo|Lime|Teal|Cyan|Ginger|Brown|Black|"
    "White|Gray|Green|Silver|Gold|Navy|Plum|Cherry"
)
_COUNTIES = (
    "Lee|Grant|Jackson|Washington|Madison|Marion|Clay|Wayne|Polk|Henry|Jefferson|Monroe|Lincoln|Franklin|"
    "Union|Perry|Adams|Scott|Douglas|Carroll|Warren|Butler"
)
_SHIPS = "Queen Mary|Anna Maersk|Santa Maria|Bismarck|Gorch Fock|Mary Rose|Endeavour|Fram|Carpathia"


def hard() -> dict[str, tuple[pa.Table, set[str]]]:
    """Harder tables by what they try, with their personal columns."""
    out = {f"names of {locale}": _outside(locale) for locale in OUTSIDE}
    out |= {f"few persons, {n}": _few(n) for n in (2, 5, 12)}
    return out | {"dirt": _dirty(), "look-alikes alone": _alike(False), "look-alikes beside": _alike(True)}


def _outside(locale: str, rows: int = 300) -> tuple[pa.Table, set[str]]:
    from faker import Faker

    fake = Faker(locale)
    fake.seed_instance(5)
    both = [(fake.first_name(), fake.last_name()) for _ in range(rows)]
    whole = [f"{first} {last}" for first, last in both]
    columns = {
        "first_name": [first for first, _ in both], "surname": [last for _, last in both], "full_name": whole,
        "customer_name": whole, "patient": whole, "name": whole,
    }  # fmt: skip
    return pa.table(columns | {"age": [i % 80 for i in range(rows)]}), set(columns)


def _few(n: int, rows: int = 300) -> tuple[pa.Table, set[str]]:
    from faker import Faker

    columns = {}
    for at, header in enumerate(ROLES.split("|")):
        fake = Faker((*LOCALES, *OUTSIDE[:8])[at % 13])
        fake.seed_instance(at)
        people = [f"{fake.first_name()} {fake.last_name()}" for _ in range(n)]
        columns[header] = [people[i % n] for i in range(rows)]
    return pa.table(columns | {"age": [i % 80 for i in range(rows)]}), set(columns)


def _dirty(rows: int = 1_000) -> tuple[pa.Table, set[str]]:
    from faker import Faker

    fake, rng = Faker("en_US"), random.Random(7)
    fake.seed_instance(7)
    made = {
        "c1": lambda: f"{fake.first_name()} {fake.last_name()}",
        "c2": fake.first_name,
        "customer": lambda: f"{fake.first_name()} {fake.last_name()}".lower(),
        "c4": lambda: f"{fake.first_name()[0]}. {fake.last_name()}",
        "c5": lambda: f"{fake.first_name()} {fake.last_name()} <{fake.ascii_free_email()}>",
        "c6": fake.ascii_free_email,
        "phone": lambda: float(rng.randrange(2 * 10**9, 10**10)),
        "mobile": lambda: written_phone("en_GB", rng),
    }
    columns = {name: [_soiled(make(), rng) for _ in range(rows)] for name, make in made.items()}
    return pa.table(columns | {"age": [i % 80 for i in range(rows)]}), set(columns)


def _soiled(value: object, rng: random.Random) -> object:
    """Of twenty values three are missing, blank or written otherwise."""
    chance = rng.random()
    if chance < 0.05 or not isinstance(value, str):
        return None if chance < 0.05 else value
    if chance < 0.1:
        return "n/a"
    return value.lower() if chance < 0.13 else f"{value} 2" if chance < 0.15 else value


def _one_of(rng: random.Random, texts: str) -> Callable[[], object]:
    return lambda: rng.choice(texts.split("|"))


def _upto(rng: random.Random, low: int, high: int) -> Callable[[], object]:
    return lambda: rng.randrange(low, high)


def _alike(beside: bool, rows: int = 400) -> tuple[pa.Table, set[str]]:
    from faker import Faker

    fake, rng = Faker("en_US"), random.Random(9)
    fake.seed_instance(9)
    made: dict[str, Callable[[], object]] = {
        "favourite_colour": _one_of(rng, _COLOURS), "county": _one_of(rng, _COUNTIES),
        "ship": _one_of(rng, _SHIPS), "destination": fake.city, "vendor": fake.company,
        "customer_name": fake.company, "client name": fake.company, "product_name": fake.catch_phrase,
        "profession": fake.job, "country": fake.country, "col_a": _one_of(rng, _COLOURS),
        "col_b": fake.company, "col_c": fake.job, "school": lambda: f"{fake.last_name()} High School",
        "ipv6 address": fake.ipv6, "customer_id": lambda: f"{rng.randrange(10**7):010d}",
        "upc": lambda: f"0{rng.randrange(10**11):011d}",
        "reference": lambda: f"0{rng.randrange(10**9):09d}",
        "share": lambda: f"0.{rng.randrange(10**9):09d}",
        "serial": lambda: f"{rng.randrange(10**12):012d}",
        "stamp": lambda: fake.date_time().strftime("%d%m%Y%H%M"),
        "case no": lambda: f"{rng.randrange(200, 999)}-{rng.randrange(999):03d}-{rng.randrange(9_999):04d}",
        "part": lambda: f"{rng.randrange(900, 999)}-{rng.randrange(10, 99)}-{rng.randrange(1_000, 9_999)}",
        "mobile_revenue": _upto(rng, 10**7, 10**9), "cell_id": _upto(rng, 10**7, 10**9),
        "phone_sales_eur": _upto(rng, 10**7, 10**9), "email_count": _upto(rng, 0, 40),
        "cap": _upto(rng, 1_000, 9_999),
        "manager": _one_of(rng, "Area Manager|Sales Manager|Country Manager"),
        "employee": _one_of(rng, "Full Time|Part Time"),
        "lesson": lambda: f"{rng.randrange(99)} Square dance",
    }  # fmt: skip
    persons: dict[str, Callable[[], object]] = {
        "first_name": fake.first_name, "last_name": fake.last_name, "email": fake.ascii_free_email,
        "phone": fake.phone_number,
    }  # fmt: skip
    kept = persons if beside else {}
    columns = {name: [make() for _ in range(rows)] for name, make in (kept | made).items()}
    return pa.table(columns), set(kept)


def real_tables() -> dict[str, pa.Table]:
    """The real tables by folder and name."""
    out = {}
    for file in sorted(SHARED.glob("*/*.parquet")):
        out[f"{file.parent.name}/{file.stem}"] = pq.read_table(file)
    return out


def judged(
    columns: set[str], found: set[str], truth: set[str], neither: set[str]
) -> tuple[int, int, int, int]:
    """Personal columns, those of them found, other columns, those of them called personal."""
    truth, other = truth - neither, columns - truth - neither
    return len(truth), len(truth & found), len(other), len(other & found)


def detection() -> dict[str, tuple[int, int, int, int]]:
    """The four counts for the made tables, the same columns one by one, and the real tables."""
    out = {}
    for locale in LOCALES:
        made, truth = table(locale)
        schema = mm.read(made).schema
        found = {column.name for column in schema if column.personal}
        out[locale] = judged(set(made.column_names), found, set(truth), set())
        alone = {
            name
            for name in made.column_names
            if mm.read(made.select([name])).schema[name].personal is not None
        }
        out[f"{locale}, each column alone"] = judged(set(made.column_names), alone, set(truth), set())
    for name, (made, truth) in hard().items():
        found = {column.name for column in mm.read(made).schema if column.personal}
        out[f"hard, {name}"] = judged(set(made.column_names), found, truth, set())
    for name, real in real_tables().items():
        try:
            schema = mm.read(real).schema
        except InputError:
            continue  # nested columns, infinities
        found = {column.name for column in schema if column.personal}
        out[name] = judged(set(real.column_names), found, REAL.get(name, set()), NEITHER.get(name, set()))
    return out


def leaks(locale: str, rows: int = 1_000) -> dict[str, int]:
    """Real values of each personal column that come out again."""
    made, _ = table(locale)
    data = mm.read(made)
    personal = [column for column in data.schema if column.personal]
    drawn = mm.synthesizer("independent").fit(data.drop(*_hard(data)), seed=0).sample(rows, seed=1)
    return {
        column.name: int(
            held(
                digests(in_one_form(data.table[column.name], column.personal)),
                in_one_form(drawn.table[column.name], column.personal),
            ).sum()
        )
        for column in personal
    }


def _hard(data: mm.Dataset) -> list[str]:
    return [c.name for c in data.schema if c.kind == "text" and not c.personal and "key" not in c.roles]


def speed(rows: int = 100_000) -> float:
    """Rows a second with a name and an e-mail in each."""
    made, _ = table("en_US")
    data = mm.read(made.select(["Customer Name", "E-Mail", "plan"]))
    model = mm.synthesizer("independent").fit(data, seed=0)
    model.sample(10, seed=0)
    start = time.process_time()
    model.sample(rows, seed=1)
    return rows / (time.process_time() - start)


def main() -> None:
    """Print what was measured."""
    every = detection()
    for name, (truth, found, other, wrong) in every.items():
        if truth or wrong:
            print(f"{name:<40} found {found:>3} of {truth:>3}   wrongly personal {wrong:>2} of {other:>3}")
    real = [name for name in every if "/" in name]
    groups = {"made": LOCALES, "hard": [name for name in every if name.startswith("hard")], "real": real}
    for group, names in groups.items():
        if not names:
            continue  # without ../shared/data
        truth, found, other, wrong = map(sum, zip(*(every[name] for name in names), strict=True))
        print(f"{group}: found {found} of {truth}, false alarms {wrong} of {other} columns")
    for locale in LOCALES:
        print(locale, "real values out:", sum(leaks(locale).values()))
    print(f"{speed():,.0f} rows a CPU second with name and e-mail")


if __name__ == "__main__":
    main()
