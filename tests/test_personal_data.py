"""Identifiers and passages planted in texts: what comes out is counted, what is made up is not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.data.personal.in_text import identifiers
from mintmark.data.schema import Column, Schema

WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in ("ln", "rm", "st", "nt", "sh", "x")]


def texts(n, rng, length=12):
    return [" ".join(rng.choice(WORDS, length)) for _ in range(n)]


def table(note, personal=None, **more):
    columns = {"note": pa.array(note, pa.string()), **more}
    kinds = {"note": "text", **dict.fromkeys(more, "category")}
    schema = tuple(
        Column(name=name, kind=kinds[name], dtype="string", personal=(personal or {}).get(name),
               roles=("group",) if name == "who" else ())
        for name in columns
    )  # fmt: skip
    return Dataset(pa.table(columns), Schema(schema))


def scores(train, synthetic, holdout=None):
    return assess(
        train=train, synthetic=synthetic, holdout=holdout, metrics=["personal_data", "verbatim_spans"]
    )


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to jo.o'hara+x@mail.example.co.uk, please", ["email"]),
        ("call +44 20 7946 0018 or (212) 555-0199", ["phone", "phone"]),
        ("IBAN GB82 WEST 1234 5698 7654 32 AND MORE", ["iban"]),
        ("card 4111-1111-1111-1111.", ["card"]),
        ("SSN 123-45-6789, CF RSSMRA85T10A562S, DNI 12345678Z", ["national_id"] * 3),
        ("CPF 123.456.789-09", ["national_id"]),
        # no check digit holds, or it is a date, a time, a version, an amount, a place, a book
        ("card 4111-1111-1111-1112, DNI 12345678A, IBAN GB83 WEST 1234 5698 7654 32", []),
        ("on 2024-01-31 10:20:33 and 31.01.2024, from 1985-2020", []),
        ("192.168.100.200, version 1.2.3, 10.000.000,00 EUR, 3.14159265358979", []),
        ("48.137154, 11.576124; ISBN 978-3-16-148410-0; order 2024/000123/77", []),
    ],
)
def test_what_is_an_identifier_inside_a_text(text, kinds):
    found = identifiers(text)
    assert sorted(kind for kind, _ in found) == sorted(kinds)
    assert all(place in text for _, place in found)


def test_rows_with_a_real_identifier_are_counted_and_made_up_ones_are_not():
    rng = np.random.default_rng(0)
    train, holdout, made = (texts(400, rng) for _ in range(3))
    train[:20] = [f"reach me at person{i}@mail.example for more" for i in range(20)]
    made[:8] = [f"said Person{i}@MAIL.example yesterday" for i in range(8)]
    made[8:20] = [f"reach nobody{i}@mail.example" for i in range(12)]
    found = scores(table(train), table(made), table(holdout))
    assert found["personal_data"].estimate == 8 / 400
    assert found["personal_data"].interval == (8 / 400, 8 / 400)
    assert found["personal_data"].floor == 20 / 400
    assert found["personal_data.found"].estimate == 20 / 400
    assert found["personal_data"].details["columns"]["note"]["kinds"] == {"email": 8}
    assert found["personal_data"].details["private"]["synthetic_rows"] == list(range(8))


def test_a_number_that_everybody_has_points_at_no_one():
    rng = np.random.default_rng(0)
    hotline = ["the hotline is +44 20 7946 0018"]
    train = hotline * 10 + texts(100, rng)
    assert scores(table(train), table(hotline))["personal_data"].estimate == 0
    assert scores(table(train[1:]), table(hotline))["personal_data"].estimate == 1
    # one person who wrote it ten times is one person
    one = table(train, who=pa.array(["ada"] * 10 + [f"p{i}" for i in range(100)]))
    again = table(hotline, who=pa.array(["new"]))
    assert scores(one, again)["personal_data"].estimate == 1
    # what unseen people have as well is no secret of train's
    assert scores(table(train[1:]), table(hotline), table(hotline))["personal_data"].estimate == 0


def test_labels_are_searched_and_declared_personal_columns_are_left_to_their_own_score():
    rng = np.random.default_rng(0)
    mail = pa.array([f"p{i}@mail.example" for i in range(50)])
    plain = table(texts(50, rng), label=mail)
    declared = table(texts(50, rng), {"label": "email"}, label=mail)
    assert scores(plain, plain)["personal_data"].estimate == 1
    assert scores(declared, declared)["personal_data"].estimate == 0
    assert scores(declared, declared)["personal_data.found"].estimate == 0


def test_an_address_of_a_personal_column_that_stands_in_a_note_is_a_leak():
    rng = np.random.default_rng(0)
    mail = pa.array([f"p{i}@mail.example" for i in range(50)])
    train = table(texts(50, rng), {"mail": "email"}, mail=mail)
    note = [*texts(45, rng), *(f"ask P{i}@mail.example" for i in range(5))]
    made = table(note, {"mail": "email"}, mail=pa.array(["x@made.example"] * 50))
    assert scores(train, made)["personal_data"].estimate == 0.1


def test_recited_passages_are_found_inside_other_words():
    rng = np.random.default_rng(1)
    train, holdout, made = (texts(600, rng) for _ in range(3))
    fresh = scores(table(train), table(made), table(holdout))["verbatim_spans"]
    assert fresh.estimate == 0
    for i in range(60):  # eight words of one in ten writers, other case and signs, amid other words
        made[i] = "so " + ", ".join(word.upper() for word in train[i].split()[2:10]) + "! he said"
    recited = scores(table(train), table(made), table(holdout))["verbatim_spans"]
    assert recited.estimate == pytest.approx(0.1)
    assert recited.interval[0] > 0.05
    assert recited.floor == 1
    assert recited.details["columns"]["note"]["texts"] == 60
    assert recited.details["private"]["synthetic_rows"] == list(range(60))


def test_seven_words_phrases_of_many_and_the_holdouts_texts_are_no_recital():
    rng = np.random.default_rng(2)
    train, holdout = (texts(300, rng) for _ in range(2))
    seven = [" ".join(text.split()[:7]) for text in train]
    assert scores(table(train), table(seven), table(holdout))["verbatim_spans"].estimate == 0
    boilerplate = "please find attached the form that you asked for"
    both = [table([f"{text} {boilerplate}" for text in part]) for part in (train, holdout)]
    assert scores(both[0], table([boilerplate] * 50), both[1])["verbatim_spans"].estimate == 0
    copied = scores(table(train), table(holdout), table(holdout))["verbatim_spans"]
    assert copied.estimate == -1  # the method cannot have read them; below chance is no leak


def test_scripts_without_spaces_are_read_letter_by_letter():
    rng = np.random.default_rng(3)
    letters = [chr(0x4E00 + i) for i in range(400)]
    train, holdout, made = (["".join(rng.choice(letters, 30)) for _ in range(100)] for _ in range(3))
    made[:30] = [f"{made[i][:10]}{train[i][5:15]}{made[i][:5]}" for i in range(30)]
    assert scores(table(train), table(made), table(holdout))["verbatim_spans"].estimate == 0.3


def test_a_table_without_text_has_nothing_to_recite_and_texts_need_a_holdout():
    numbers = pa.table({"a": np.arange(50)})
    found = assess(train=numbers, synthetic=numbers, metrics=["personal_data", "verbatim_spans"])
    assert found["personal_data"].interval == found["verbatim_spans"].interval == (0, 0)
    note = table(texts(50, np.random.default_rng(4)))
    told = scores(note, note)["verbatim_spans"]
    assert told.status == "not run"
    assert "holdout" in told.reason


@pytest.mark.parametrize("note", [[None] * 30, [""] * 30, ["one"] * 30, ["one two three"]])
def test_odd_texts_are_nobodys(note):
    found = scores(table(note), table(note), table(note))
    assert found["personal_data"].estimate == found["verbatim_spans"].estimate == 0
