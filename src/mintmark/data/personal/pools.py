"""Names, streets and places of a locale, from the lists that Faker ships (MIT licence).

Faker is asked for its lists, not for single values: a value drawn cell by cell costs a hundred
times as much. Needs the extra ``personal``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from mintmark.data.personal.patterns import Texts
from mintmark.errors import MissingExtraError

__all__ = ["KIN", "PARTS", "Names", "Places", "folded", "names_of", "need", "places"]

_CALLS = 2_000
_FEWEST = 40
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "đ": "d", "œ": "oe", "ä": "ae", "ö": "oe", "ü": "ue"}
)


PARTS = ("female", "male", "family")
KIN = {
    "en": ("en_US", "en_GB", "en_NZ", "en_IN"), "de": ("de_DE", "de_AT", "de_CH"),
    "fr": ("fr_FR", "fr_CH", "fr_BE", "fr_CA"), "es": ("es_ES", "es_MX", "es_CO", "es_AR"),
    "it": ("it_IT", "it_CH"), "nl": ("nl_NL", "nl_BE"), "pt": ("pt_PT", "pt_BR"),
}  # fmt: skip
"""Language to the locales of Faker whose names are its own."""


@dataclass(frozen=True)
class Names:
    """Distinct words of one locale; no given name is both female and male."""

    female: Texts
    male: Texts
    family: Texts


@dataclass(frozen=True)
class Places:
    """Distinct names of streets and cities of one locale."""

    streets: Texts
    cities: Texts


def need() -> Any:
    """The package Faker, or `MissingExtraError`."""
    try:
        import faker
    except ModuleNotFoundError:
        raise MissingExtraError("faker", "personal") from None
    return faker


def folded(text: str) -> str:
    """Letters a to z and digits alone, as mailboxes are named: ``Jörg-Øystein`` is ``joergoystein``."""
    spread = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(letter for letter in spread if letter.isascii() and letter.isalnum())


def _faker(locale: str) -> Any:
    fake = need().Faker(locale)
    fake.seed_instance(0)
    return fake


@cache
def names_of(locale: str) -> Names:
    """The names of a locale; the same for one version of Faker."""
    fake = _faker(locale)
    person = next(p for p in fake.get_providers() if p.__provider__.endswith("person"))
    female = _distinct(_listed(person, "first_names_female", fake.first_name_female))
    male = _distinct(_listed(person, "first_names_male", fake.first_name_male), female)
    family = _distinct(_listed(person, "last_names", fake.last_name))
    return Names(*(np.array(_single(words)) for words in (female, male, family)))


@cache
def places(locale: str) -> Places:
    """The streets and cities of a locale; the same for one version of Faker."""
    fake = _faker(locale)
    streets = _distinct(text for text in _called(fake.street_name) if not any(c.isdigit() for c in text))
    return Places(np.array(streets), np.array(_distinct(_called(fake.city))))


def _single(words: list[str]) -> list[str]:
    """Without double names where enough others are: two that are joined could make one of them."""
    single = [word for word in words if "-" not in word]
    return single if len(single) >= _FEWEST else words


def _listed(provider: Any, name: str, make: Callable[[], str]) -> list[str]:
    """A provider's own list; what it makes where the list is not its own but a default of a few."""
    words = [str(word) for word in getattr(provider, name, ())]
    return words if len(words) >= _FEWEST else _called(make)


def _called(make: Callable[[], str]) -> list[str]:
    return [make() for _ in range(_CALLS)]


def _distinct(words: Iterable[str], without: Iterable[str] = ()) -> list[str]:
    """Words that differ in more than accents and signs, none of them in `without`."""
    seen = {folded(word) for word in without}
    out = []
    for word in words:
        word = " ".join(word.split())
        key = folded(word)
        if key and key not in seen:
            seen.add(key)
            out.append(word)
    return out
