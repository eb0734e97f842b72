"""Identifiers inside texts: what proves itself by pattern and check digit, wherever it stands.

A column of identifiers is told by the share of its values (`detect`); one address in a note among
thousands is not, so here every value counts, and only what hardly anything else can be: e-mail
addresses, IBANs and payment cards by check digits, telephone numbers in groups as a country writes
them, ids of persons with a check letter or in their issuer's form.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.personal.numbers import IBAN_LENGTH, NATIONAL, is_card, is_iban
from mintmark.data.personal.phones import is_written

__all__ = ["identifiers", "may_hold"]

_MAY = r"@|[0-9](?:[^0-9]{0,3}[0-9]){5}"
_EMAIL = re.compile(r"[\w.%+'-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}")
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(rf"{country}\d\d(?: ?[A-Z0-9]){{{n - 4}}}" for country, n in IBAN_LENGTH.items())
    + r")(?![A-Za-z0-9])"
)
_CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){14,15}(?![\w-]|\.\d)")
_PHONE = re.compile(r"(?<![\w.,:/-])(?:\+|00)?\(?\d[\d ().\-/]{6,20}\d(?![\w:/-]|[.,]\d)")
_FORMS = {
    "CH": r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d",
    "FR": r"[1-478] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d",
    "IT": r"[A-Z]{6}[0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
    "ES": r"(?:\d{8}|[XYZ]-?\d{7})-?[A-Z]",
    "DE": r"\d\d ?\d{6} ?[A-Z] ?\d{3}",
    "BR": r"\d{3}\.\d{3}\.\d{3}-\d\d",
    "SE": r"(?:19|20)?\d{6}[-+]\d{4}",
    "GB": r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]",
    "IE": r"\d{7}[A-W][ABHW]?",
    "US": r"(?!000|666|9)\d{3}-\d\d-\d{4}",
}
"""Ids as their issuers write them; countries whose ids are digits alone prove too little in a text."""

_ID = re.compile(
    r"(?<![A-Za-z0-9.-])(?:"
    + "|".join(f"(?P<{country}>{form})" for country, form in _FORMS.items())
    + r")(?![A-Za-z0-9]|[.-]\d)"
)


def _solid(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)


_RULES: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
    ("email", _EMAIL, lambda _: True),
    ("iban", _IBAN, lambda place: is_iban(_solid(place[0]))),
    ("card", _CARD, lambda place: is_card(_solid(place[0]))),
    ("national_id", _ID, lambda place: NATIONAL[str(place.lastgroup)](_solid(place[0]))),
    ("phone", _PHONE, lambda place: is_written(place[0])),
)
"""Kind, form, and what proves it; what is found first is not looked at again."""


def may_hold(texts: pa.Array) -> pa.Array:
    """Which texts are worth a closer look, shape (n,): those with an at sign or six digits close by."""
    return pc.fill_null(pc.match_substring_regex(texts, _MAY), False)


def identifiers(text: str) -> list[tuple[str, str]]:
    """What is found in a text: pairs of kind (of `mintmark.data.personal.kinds`) and the place's text.

    A place that is one thing is not looked at for the next, so that the digits of an IBAN are no card.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> identifiers("call +44 20 7946 0018 or write to jo@example.org")
    [('email', 'jo@example.org'), ('phone', '+44 20 7946 0018')]
    """
    found: list[tuple[str, str]] = []
    for kind, form, holds in _RULES:
        for place in filter(holds, list(form.finditer(text))):
            found.append((kind, place[0]))
            text = text.replace(place[0], "|" * len(place[0]), 1)
    return found
