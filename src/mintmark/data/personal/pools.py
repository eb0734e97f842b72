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

__all__ = ["Pool", "folded", "need", "pool"]

_CALLS = 2_000
_FEWEST = 40
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "đ": "d", "œ": "oe", "ä": "ae", "ö": "oe", "ü": "ue"}
)


@dataclass(frozen=True)
class Pool:
    """Distinct words of one locale; no given name is both female and male."""

    female: Texts
    male: Texts
    family: Texts
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


@cache
def pool(locale: str) -> Pool:
    """The words of a locale; the same for one version of Faker."""
    fake = need().Faker(locale)
    fake.seed_instance(0)
    person = next(p for p in fake.get_providers() if p.__provider__.endswith("person"))
    female = _distinct(_listed(person, "first_names_female", fake.first_name_female))
    male = _distinct(_listed(person, "first_names_male", fake.first_name_male), female)
    family = _distinct(_listed(person, "last_names", fake.last_name))
    streets = _distinct(text for text in _called(fake.street_name) if not any(c.isdigit() for c in text))
    cities = _distinct(_called(fake.city))
    return Pool(*map(np.array, (female, male, family, streets, cities)))


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
