"""What a personal column may hold, and the locales that surrogates are made for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mintmark.errors import InputError, UnknownNameError

__all__ = ["BLANKS", "COUNTRY", "KINDS", "LOCALES", "check_personal", "country_of", "declared", "locale_for"]

KINDS = (
    "name", "first_name", "last_name", "email", "phone", "address", "street", "city", "postcode",
    "national_id", "card", "iban",
)  # fmt: skip

BLANKS = (
    "",
    "-",
    "--",
    "?",
    ".",
    "n/a",
    "n.a.",
    "none",
    "null",
    "nan",
    "unknown",
    "unbekannt",
    "k.a.",
    "inconnu",
)
"""What is written, in any case, where a text is not known; it is nobody's and stays as it is."""

COUNTRY = {
    "en_US": "US", "en_GB": "GB", "de_DE": "DE", "fr_FR": "FR", "es_ES": "ES", "it_IT": "IT",
    "nl_NL": "NL", "pl_PL": "PL", "pt_PT": "PT", "pt_BR": "BR", "sv_SE": "SE", "en_CA": "CA",
    "en_AU": "AU", "en_IE": "IE", "de_AT": "AT", "de_CH": "CH",
}  # fmt: skip
"""Locale to the country whose numbers and addresses it has."""
LOCALES = tuple(COUNTRY)


def country_of(locale: str | None) -> str:
    """Two letters of the country, US where nothing is known."""
    return COUNTRY.get(locale or "", "US")


def locale_for(country: str | None = None, language: str | None = None) -> str | None:
    """The first known locale of this country, else of this language; None where there is none."""
    for locale, own in COUNTRY.items():
        if country and own == country:
            return locale
    for locale in LOCALES:
        if not country and language and locale.startswith(language + "_"):
            return locale
    return None


def check_personal(personal: str | None, locale: str | None, where: str) -> None:
    """Raise `UnknownNameError` with the nearest where the kind or the locale is not known."""
    if personal is not None and personal not in KINDS:
        raise UnknownNameError(f"personal kind for {where}", personal, KINDS)
    if locale is not None and locale not in LOCALES:
        near = locale_for(language=re.split("[_-]", str(locale).lower())[0])
        hint = f"Did you mean {near!r}?" if near else (
            f"There are: {', '.join(sorted(LOCALES))}. Name the nearest yourself, or declare the columns "
            "None (they hold nothing of persons) or drop them."
        )  # fmt: skip
        raise InputError(f"unknown locale for {where} {str(locale)!r}. {hint}")


def declared(personal: Any) -> dict[str, str | None]:
    """What is declared of columns, by name; "none" is None, as on the command line.

    Raises
    ------
    InputError
        If it is no mapping.
    """
    if not isinstance(personal or {}, Mapping):
        raise InputError(
            f"personal must map columns to what they hold, e.g. {{'contact': 'name'}}, not {personal!r}."
        )
    return {name: None if held in ("none", "") else held for name, held in (personal or {}).items()}
