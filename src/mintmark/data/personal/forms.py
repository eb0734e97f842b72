"""How a personal column is written: case, signs between digits, order of names, country of a number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mintmark.data.personal.kinds import country_of
from mintmark.data.personal.numbers import IBAN_LENGTH, NATIONAL
from mintmark.data.personal.patterns import Texts, joined
from mintmark.data.personal.phones import CALLING, TRUNK

__all__ = ["cased", "form_of", "spaced", "written_phone"]

MOST_STYLES = 4


def form_of(kind: str, locale: str, values: Sequence[str]) -> dict[str, Any]:
    """What is kept of how the values are written; JSON values, none of them a value of the column.

    Parameters
    ----------
    kind : one of `mintmark.data.personal.kinds.KINDS`
    locale : str
    values : sequence of str
        Some distinct values; not empty.
    """
    form: dict[str, Any] = {}
    for case, change in (("upper", str.upper), ("lower", str.lower)):
        if sum(change(value) == value for value in values) >= 0.9 * len(values):
            form["case"] = case
            break
    if kind == "email":
        form["display"] = _most(["<" in value for value in values])
        heads = [re.search(r"([^@<>\s]+)@", value) for value in values]
        signs = Counter(_box_sign(head[1]) for head in heads if head)
        form["signs"] = [[sign, count] for sign, count in signs.most_common()] or [[".", 1]]
    if kind == "name":
        form["comma"] = _most(["," in value for value in values])
    if kind in ("name", "last_name"):
        words = 3 if kind == "name" else 2
        form["two"] = locale[:2] in ("es", "pt") and _most([len(value.split()) >= words for value in values])
    if kind == "address":
        form["lines"] = _most(["\n" in value for value in values])
    if kind == "phone":
        styles = Counter(_phone_style(value, country_of(locale)) for value in values).most_common(MOST_STYLES)
        form["styles"] = [[*style, count] for style, count in styles]
    if kind in ("card", "iban", "national_id", "postcode"):
        form |= _solid_form(kind, locale, values)
    return form


def _box_sign(box: str) -> str:
    """What stands between the names in a mailbox: a point, a stroke, or nothing."""
    found = re.search(r"[^\W_]([._-])[^\W_]", box)
    return found[1] if found else ""


def _most(truths: Sequence[bool]) -> bool:
    return sum(truths) * 2 > len(truths)


def _solid_form(kind: str, locale: str, values: Sequence[str]) -> dict[str, Any]:
    shapes = Counter(_shape(value) for value in values)
    shape = shapes.most_common(1)[0][0]
    signs = [[at, letter] for at, letter in enumerate(shape) if letter not in "#@"]
    solid = re.sub(r"[^#@]", "", shape)
    form: dict[str, Any] = {"signs": signs, "shape": solid}
    if kind == "iban":
        heads = Counter(value.strip()[:2].upper() for value in values)
        form["countries"] = [[c, n] for c, n in heads.most_common() if c in IBAN_LENGTH][:MOST_STYLES]
    if kind == "national_id":
        plain = [re.sub(r"[^0-9A-Za-z]", "", value) for value in values]
        order = [country_of(locale), *NATIONAL]
        right = (c for c in order if c in NATIONAL and sum(map(NATIONAL[c], plain)) >= 0.6 * len(plain))
        form["country"] = next(right, None)
    return form


def _shape(value: str) -> str:
    return "".join("#" if c.isdigit() else "@" if c.isalpha() else c for c in value.strip())


_LONGEST = {"US": 10, "CA": 10, "GB": 10, "IT": 10, "DE": 11, "AT": 11, "BR": 11}
"""Digits of a national number without what is dialled before it, 9 elsewhere."""


def _phone_style(text: str, country: str) -> tuple[str, str, bool]:
    """What stands before the number, the sign between its groups, and whether the first is in brackets."""
    head, bracket = text.strip(), "(" in text and "(0)" not in text
    signs = Counter(re.findall(r"(?<=\d)[ .\-/](?=\d)", text)) or Counter({"": 1})
    sign = signs.most_common(1)[0][0]
    digits = re.sub(r"\D", "", text)
    if head.startswith("+"):
        return "+", sign, bracket
    if head.startswith("00"):
        return "00", sign, bracket
    if country in TRUNK and head.lstrip("(").startswith(TRUNK[country]):
        return TRUNK[country], sign, bracket
    code = CALLING.get(country, "")
    if digits.startswith(code) and len(digits) > _LONGEST.get(country, 9) and not head.startswith("("):
        return "code", sign, bracket
    return "", sign, bracket


def written_phone(national: Texts, country: str, style: Sequence[Any]) -> Texts:
    """National numbers in groups (``"30 23125 417"``) as one style writes them."""
    before, sign, bracket = style[:3]
    code = CALLING.get(country, "")
    head, _, rest = np.strings.partition(national, " ")
    if before not in ("", "+", "00", "code"):
        head = np.strings.add(before, head)  # the sign that is dialled at home
    if bracket:
        head = np.strings.add(np.strings.add("(", head), ")")
    between = (" " if sign else "") if bracket else sign
    number = np.strings.add(np.strings.add(head, between), np.strings.replace(rest, " ", sign))
    if before in ("+", "00", "code"):
        lead = {"+": "+", "00": "00", "code": ""}[before] + code
        number = np.strings.add(lead + (" " if bracket else sign), number)
    return number


def spaced(texts: Texts, signs: Sequence[Sequence[Any]]) -> Texts:
    """Texts of one length with signs put in where the column has them."""
    if not signs or not len(texts):
        return texts
    letters = np.ascontiguousarray(texts).view("U1").reshape(len(texts), -1)
    columns, taken = [], 0
    put = {int(at): str(sign) for at, sign in signs}
    for at in range(letters.shape[1] + len(put)):
        if at in put:
            columns.append(np.full(len(texts), put[at]))
        elif taken < letters.shape[1]:
            columns.append(letters[:, taken])
            taken += 1
    return joined(np.stack(columns, axis=1))


def cased(texts: Texts, case: str | None) -> Texts:
    """Upper or lower case where the column is written so."""
    if case == "upper":
        return np.strings.upper(texts)
    return np.strings.lower(texts) if case == "lower" else texts
