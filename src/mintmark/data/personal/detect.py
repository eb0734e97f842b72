"""Find personal columns: by what the values are, check digits, and what the column is called.

Up to 400 distinct values of a column are looked at. What proves itself (an IBAN, a card number, an
e-mail address) needs no help from the column's name; a name or a street needs it, or words that are
common in names and streets. Finding is no proof, and not finding none: see `docs/personal.md`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.personal import headers
from mintmark.data.personal.common_names import family, given, streets
from mintmark.data.personal.kinds import locale_for
from mintmark.data.personal.numbers import NATIONAL, is_card, is_iban
from mintmark.data.personal.phones import country_of_phone, is_bare, is_phone, is_written

__all__ = ["Found", "found"]

MOST_LOOKED_AT = 400
ENOUGH = 20
"""Distinct values without which a column is judged only where its name says what it is."""


@dataclass(frozen=True)
class Found:
    """What a column was found to hold, of which country or language, and why in words."""

    kind: str
    why: str
    country: str | None = None
    language: str | None = None
    locale: str | None = None


@dataclass(frozen=True)
class _Look:
    """One column as it is judged: some distinct values, how many there are, and what its name hints."""

    values: list[str]
    distinct: int
    known: int
    hints: set[str]
    whole: bool  # stored as whole numbers

    def share(self, holds: Callable[[str], bool]) -> float:
        return sum(map(holds, self.values)) / len(self.values)


def found(table: pa.Table, skip: Collection[str] = ()) -> dict[str, Found]:
    """Personal columns of a table by name.

    Parameters
    ----------
    table : pyarrow.Table
        As `read` tidies it.
    skip : names of columns that are something else for sure
    """
    looks = {name: look for name in table.column_names if name not in skip and (look := _look(table, name))}
    out: dict[str, Found] = {}
    for name, look in looks.items():
        for judge in (_email, _iban, _card, _national, _phone, _street, _person):
            if one := judge(look):
                out[name] = replace(one, language=one.language or headers.language(name))
                break
    for name in [name for name in looks if name not in out and out]:
        if one := _place(looks[name]) or _surname_beside(looks[name], out):
            out[name] = replace(one, language=one.language or headers.language(name))
    return _located(out)


def _look(table: pa.Table, name: str) -> _Look | None:
    array = table[name]
    whole = pa.types.is_integer(array.type)
    if not (whole or pa.types.is_string(array.type)):
        return None
    values = pc.unique(array).drop_null()
    if not len(values):
        return None
    some = values.take(pa.array(np.unique(np.linspace(0, len(values) - 1, MOST_LOOKED_AT).astype(np.int64))))
    texts = [" ".join(str(value).split(" ")).strip() for value in some.to_pylist()]
    texts = [text for text in texts if text]
    if not texts:
        return None
    return _Look(texts, len(values), len(array) - array.null_count, headers.hints(name), whole)


def _solid(text: str) -> str:
    return re.sub(r"[\s.\-/_·]", "", text)


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("ł", "l"))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


_EMAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s.,;<>\d]{2,}")


def _email(look: _Look) -> Found | None:
    share = look.share(lambda text: _EMAIL.fullmatch(text) is not None)
    if share >= (0.4 if "email" in look.hints else 0.75):
        return Found("email", f"{share:.0%} are e-mail addresses")
    return None


def _iban(look: _Look) -> Found | None:
    share = look.share(lambda text: is_iban(_solid(text)))
    if share >= (0.5 if "iban" in look.hints else 0.8):
        countries = Counter(text[:2].upper() for text in look.values if is_iban(_solid(text)))
        return Found(
            "iban", f"{share:.0%} are IBANs by length and check digits", countries.most_common(1)[0][0]
        )
    return None


def _card(look: _Look) -> Found | None:
    share = look.share(lambda text: is_card(_solid(text)))
    if share >= (0.6 if "card" in look.hints else 0.9) and (look.distinct >= 5 or "card" in look.hints):
        return Found("card", f"{share:.0%} are card numbers by issuer and check digit")
    return None


def _national(look: _Look) -> Found | None:
    named = "national_id" in look.hints
    if look.distinct < ENOUGH and not named:
        return None
    for country, holds in NATIONAL.items():
        width = {"US": 9, "NL": 9, "CA": 9, "PL": 11, "BR": 11, "DE": 11}.get(country, 0) if look.whole else 0
        share = look.share(lambda text, holds=holds, width=width: holds(_solid(text).zfill(width)))  # type: ignore[misc]
        if country == "US" and not named:
            share *= look.share(lambda text: re.fullmatch(r"\d{3}-\d{2}-\d{4}", text) is not None)
        if country in {"NL", "PT", "CA"} and not named and look.whole:
            continue  # nine digits with one check digit are also account and order numbers
        if share >= (0.7 if named else 0.95):
            return Found("national_id", f"{share:.0%} have the form of an id of {country}", country)
    return None


def _phone(look: _Look) -> Found | None:
    if "phone" in look.hints:
        share = look.share(is_bare if look.whole else is_phone)
        if share < 0.6:
            return None
    else:
        share = 0.0 if look.whole or look.distinct < ENOUGH else look.share(is_written)
        if share < 0.9:
            return None
    countries = Counter(country_of_phone(text) for text in look.values)
    country, count = countries.most_common(1)[0]
    return Found(
        "phone",
        f"{share:.0%} have the form of a telephone number",
        country if count * 2 > len(look.values) else None,
    )


_POSTCODE = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
                       r"|\d{2}-\d{3}|\d{5}-\d{3}|\d{4}-\d{3}|\d{3} \d{2}|\d{4,6}(-\d{4})?)\b")  # fmt: skip


def _street(look: _Look) -> Found | None:
    if look.whole:
        return None
    tongues: Counter[str] = Counter()
    numbered = lined = worded = 0
    for text in look.values:
        parts = re.findall(r"[^\W\d_]+", _plain(text))
        spoken = set().union(*(streets(part) for part in parts)) if parts else set()
        tongues.update(spoken)
        has_number = bool(re.search(r"\d", text)) and len(parts) >= 1 and 6 <= len(text) <= 150
        numbered += has_number
        worded += has_number and bool(spoken)
        lined += bool(re.search(r"[,\n;]", text)) and bool(_POSTCODE.search(text))
    every = len(look.values)
    named = bool(look.hints & {"address", "street"})
    if named and worded >= 0.02 * every and numbered >= 0.5 * every and look.distinct >= 2:
        why = f"named as an address, {numbered / every:.0%} hold a number and words"
    elif named and "street" in look.hints and worded >= 0.3 * every:
        why = "named as a street"
    elif look.distinct >= ENOUGH and worded >= 0.6 * every and look.distinct > 0.2 * look.known:
        why = f"{worded / every:.0%} are street addresses by their words"
    else:
        return None
    tongue = tongues.most_common(1)[0][0] if tongues else None
    return Found("address" if lined >= 0.5 * every else "street", why, language=tongue)


_TITLE_WORDS = (
    "mr mrs ms miss dr prof herr frau hr fr m mme mlle sr sra srta don dona dott dottssa sig sigra ing dipl "
    "md dds phd jr ii iii iv dvm univ med mgr beng dhr mevr drs pan pani monsieur madame"
)
_TITLES = frozenset(_TITLE_WORDS.split())
_PARTICLE_WORDS = "de del la las los y van von der den zu zum da do dos di bin al el ten ter e af le i du"
_PARTICLES = frozenset(_PARTICLE_WORDS.split())


def _tokens(text: str) -> list[str] | None:
    """The words of a person's name, titles left out; None where it cannot be one."""
    if len(text) > 60 or re.search(r"[\d@_/\\:;!?()&+*=#<>\[\]{}]", text):
        return None
    parts = [part for part in re.split(r"[\s,]+", text) if part]
    parts = [part for part in parts if _plain(part).replace(".", "") not in _TITLES] or parts
    letters = [re.sub(r"[-'’`.]", "", part) for part in parts]
    if not all(letter.isalpha() for letter in letters if letter) or not any(letters):
        return None
    if any(len(part) > 2 and part.endswith(".") for part in parts):
        return None
    return [part for part in parts if part]


def _capital(parts: list[str]) -> bool:
    return all(part[0].isupper() or not part[0].islower() or part in _PARTICLES for part in parts)


def _hits(values: list[list[str]], known: dict[str, frozenset[str]]) -> tuple[float, str | None]:
    """Share of names that hold a known word, and the language that knows most."""
    tongues: Counter[str] = Counter()
    hits = 0
    for parts in values:
        folded = {piece for part in parts for piece in re.split(r"[-'’]", _plain(part)) if len(piece) > 1}
        spoken = [tongue for tongue, names in known.items() if folded & names]
        hits += bool(spoken)
        tongues.update(spoken)
    return hits / max(1, len(values)), tongues.most_common(1)[0][0] if tongues else None


def _person(look: _Look) -> Found | None:
    if look.whole:
        return None
    named = look.hints & {"name", "first_name", "last_name"}
    held = [parts for text in look.values if (parts := _tokens(text)) and (named or _capital(parts))]
    if len(held) < 0.75 * len(look.values):
        return None
    several = sum(len(parts) >= 2 for parts in held) / len(held)
    short = sum(len(parts) <= 3 for parts in held) / len(held)
    first, tongue = _hits([parts[:1] if several < 0.5 else parts for parts in held], given())
    last, other = _hits(held, family())
    if named and look.distinct >= 2 and short >= 0.7 and first + last > 0:
        kind = next(kind for kind in ("first_name", "last_name", "name") if kind in named)
        return Found(
            kind, "named and written as names of persons", language=other if kind == "last_name" else tongue
        )
    if several >= 0.7 and (look.distinct >= ENOUGH or "maybe_name" in look.hints):
        few = 0.2 if "maybe_name" in look.hints else 0.25
        if first >= few and first + last >= 0.4:
            return Found("name", f"{first:.0%} hold a common given name", language=tongue)
    if look.distinct < ENOUGH or short < 0.9:
        return None
    if first >= 0.4 and first >= last and several < 0.5:
        return Found("first_name", f"{first:.0%} are common given names", language=tongue)
    if last >= 0.3 and last > first and several < 0.7:
        return Found("last_name", f"{last:.0%} are common family names", language=other)
    if "maybe_name" in look.hints and last >= 0.2 and several < 0.5:
        return Found("last_name", f"{last:.0%} are common family names", language=other)
    return None


def _surname_beside(look: _Look, others: dict[str, Found]) -> Found | None:
    """Names too rare to be told by themselves, in a table that holds persons."""
    beside = {one.kind for one in others.values()}
    if look.whole or not beside & {"first_name", "email", "last_name", "phone"}:
        return None
    for kind in ("first_name", "last_name", "name"):
        if (
            kind in look.hints
            and look.distinct >= 2
            and look.share(lambda text: _tokens(text) is not None) >= 0.8
        ):
            return Found(kind, "named as names of persons, beside persons")
    if look.distinct < ENOUGH:
        return None
    held = [parts for text in look.values if (parts := _tokens(text)) and _capital(parts)]
    if len(held) < 0.95 * len(look.values) or sum(map(len, held)) > 2.2 * len(held):
        return None
    first, tongue = _hits(held, given())
    last, other = _hits(held, family())
    if max(first, last) < 0.15 or look.hints & {"city"}:
        return None
    if "maybe_name" in look.hints or last >= first:
        return Found("last_name", f"{last:.0%} are common family names, beside persons", language=other)
    return Found("first_name", f"{first:.0%} are common given names, beside persons", language=tongue)


def _place(look: _Look) -> Found | None:
    """City and postcode of persons, where nearly everybody has another; else they stay categories."""
    if look.distinct <= 0.5 * look.known or look.distinct < ENOUGH:
        return None
    if "city" in look.hints and not look.whole and look.share(lambda text: _tokens(text) is not None) >= 0.8:
        return Found("city", "named as a city, mostly different")
    if (
        "postcode" in look.hints
        and look.share(lambda text: _POSTCODE.fullmatch(text.upper()) is not None) >= 0.8
    ):
        return Found("postcode", "named and written as a postcode, mostly different", _postal(look))
    if not look.whole and (country := _postal(look)):
        return Found("postcode", "written as a postcode, mostly different", country)
    return None


def _postal(look: _Look) -> str | None:
    """The country, where postcodes hold letters as only its do."""
    forms = {
        "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
        "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
        "NL": r"\d{4} ?[A-Z]{2}",
    }
    for country, form in forms.items():
        if look.share(lambda text, form=form: re.fullmatch(form, text.upper()) is not None) >= 0.9:  # type: ignore[misc]
            return country
    return None


def _located(out: dict[str, Found]) -> dict[str, Found]:
    """Every column with its locale: its own country, else its language's, else what the table shows."""
    countries = Counter(one.country for one in out.values() if one.country and locale_for(one.country))
    tongues = Counter(one.language for one in out.values() if one.language)
    common = locale_for(countries.most_common(1)[0][0]) if countries else None
    common = common or (locale_for(language=tongues.most_common(1)[0][0]) if tongues else None) or "en_US"
    return {name: replace(one, locale=_locale(one, common)) for name, one in out.items()}


def _locale(one: Found, common: str) -> str:
    if one.country and (own := locale_for(one.country)):
        return own
    spoken = one.kind in ("name", "first_name", "last_name", "street", "address") and one.language
    if spoken and not common.startswith(f"{one.language}_"):
        return locale_for(language=one.language) or common
    return common
