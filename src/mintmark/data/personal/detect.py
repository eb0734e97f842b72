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
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.known import blank
from mintmark.data.personal import headers
from mintmark.data.personal.common_names import family, given, streets
from mintmark.data.personal.kinds import COUNTRY, locale_for
from mintmark.data.personal.numbers import NATIONAL, is_card, is_iban
from mintmark.data.personal.phones import PLANS, countries_of, is_bare, is_phone, is_written
from mintmark.data.personal.pools import folded

__all__ = ["Found", "found", "whole_floats"]

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
    among: tuple[str, ...] = ()  # countries that it may be of
    says: frozenset[str] = frozenset()  # languages that the column's name can be of


@dataclass(frozen=True)
class _Look:
    """One column as it is judged: some distinct values, how many there are, and what its name hints."""

    values: list[str]
    rows: list[int]  # in how many rows each stands
    distinct: int
    known: int
    hints: set[str]
    whole: bool  # whole numbers

    def share(self, holds: Callable[[str], bool]) -> float:
        """Of the values or of the rows, what is more: dirt is many values in few rows, or few in many."""
        held = [holds(text) for text in self.values]
        of_rows = sum(n for n, one in zip(self.rows, held, strict=True) if one) / sum(self.rows)
        return max(sum(held) / len(held), of_rows)


def found(table: pa.Table, skip: Collection[str] = ()) -> dict[str, Found]:
    """Personal columns of a table by name.

    Parameters
    ----------
    table : pyarrow.Table
        As `read` tidies it.
    skip : names of columns that are something else for sure
    """
    looks = {name: look for name in table.column_names if name not in skip and (look := _look(table, name))}
    looks = _in_halves(looks)
    out: dict[str, Found] = {}
    for name, look in looks.items():
        for judge in (_email, _iban, _card, _national, _phone, _street, _person):
            if one := judge(look):
                out[name] = replace(one, says=frozenset(headers.languages(name)))
                break
    for name in [name for name in looks if name not in out and out]:
        if one := _place(looks[name]) or _surname_beside(looks[name], out):
            out[name] = replace(one, says=frozenset(headers.languages(name)))
    for name in [name for name in looks if name not in out and out]:
        if one := _told_by_others(table, name, looks[name], out):
            out[name] = replace(one, says=frozenset(headers.languages(name)))
    return _located(out)


def _in_halves(looks: dict[str, _Look]) -> dict[str, _Look]:
    """A bare "name" beside a column of family names holds given names (``nome``, ``cognome``), and the
    other way round (``nom``, ``prénom``).
    """
    told = set().union(*(look.hints for look in looks.values()))
    if len(told & {"first_name", "last_name"}) != 1:
        return looks
    half = {"first_name"} if "last_name" in told else {"last_name"}
    return {
        name: replace(look, hints=half)
        if look.hints == {"maybe_name"} and look.share(lambda text: " " not in text) >= 0.5
        else look
        for name, look in looks.items()
    }


def _look(table: pa.Table, name: str) -> _Look | None:
    array = whole_floats(table[name]) if pa.types.is_floating(table[name].type) else table[name]
    if array is None or not (pa.types.is_integer(array.type) or pa.types.is_string(array.type)):
        return None
    counted = pc.value_counts(array.drop_null())
    counted = counted.filter(pc.invert(blank(counted.field(0))))
    if not len(counted):
        return None
    some = np.unique(np.linspace(0, len(counted) - 1, MOST_LOOKED_AT).astype(np.int64))
    values, rows = (counted.field(at).take(pa.array(some)).to_pylist() for at in (0, 1))
    return _Look(
        [str(value).strip() for value in values],
        rows,
        len(counted),
        pc.sum(counted.field(1)).as_py(),
        headers.hints(name),
        pa.types.is_integer(array.type),
    )


def whole_floats(array: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Whole numbers that stand in floats, as pandas keeps them beside missing ones; None for others."""
    known = array.drop_null()
    for some in (known.slice(0, 100), known):
        try:
            whole = pc.cast(some, pa.int64())
        except pa.ArrowInvalid:
            return None
    return whole


def _solid(text: str) -> str:
    return re.sub(r"[\s.\-/_·]", "", text)


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("ł", "l"))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


_EMAIL = re.compile(r"([^@<>]*<)?[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s.,;<>\d]{2,}>?")


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
    lengths = range(12, 20) if "card" in look.hints else (15, 16)
    share = look.share(lambda text: is_card(_solid(text)) and len(_solid(text)) in lengths)
    if share >= (0.6 if "card" in look.hints else 0.9) and (look.distinct >= 5 or "card" in look.hints):
        return Found("card", f"{share:.0%} are card numbers by issuer and check digit")
    return None


_ISSUED = r"(?!000|666|9)\d{3}-\d{2}-\d{4}"  # areas that the SSA gives out


def _national(look: _Look) -> Found | None:
    named = "national_id" in look.hints
    if look.distinct < ENOUGH and not named:
        return None
    for country, holds in NATIONAL.items():
        if country in {"US", "GB", "NL", "PT", "CA"} and "other" in look.hints and not named:
            continue  # nothing or one digit in them proves itself
        width = {"US": 9, "NL": 9, "CA": 9, "PL": 11, "BR": 11, "DE": 11}.get(country, 0) if look.whole else 0
        share = look.share(lambda text, holds=holds, width=width: holds(_solid(text).zfill(width)))  # type: ignore[misc]
        if country == "US" and not named:
            share *= look.share(lambda text: re.fullmatch(_ISSUED, text) is not None)
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
    elif look.whole or look.distinct < ENOUGH or "other" in look.hints:
        return None
    else:
        share = max(look.share(partial(is_written, country=country)) for country in PLANS)
        # as any number may begin with 0, digits alone count only where nearly all are of one plan
        if share < (0.97 if look.share(str.isdigit) > 0.1 else 0.95):
            return None
    among = countries_of(look.values)
    why = f"{share:.0%} have the form of a telephone number"
    return Found("phone", why, among[0] if len(among) == 1 else None, among=tuple(among))


_POSTCODE = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
                       r"|\d{2}-\d{3}|\d{5}-\d{3}|\d{4}-\d{3}|\d{3} \d{2}|\d{4,6}(-\d{4})?)\b")  # fmt: skip


def _street(look: _Look) -> Found | None:
    if look.whole or ("other" in look.hints and not look.hints & {"address", "street", "city"}):
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
        lined += bool(re.search(r"[,\n;]|\s-\s", text)) and bool(_POSTCODE.search(text))
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


_FIRMS = re.compile(
    r"\b(inc|llc|ltd|plc|corp|company|group|limited|gmbh|kgaa|ohg|gbr|sarl|eurl|holding|partners|associates"
    r"|stiftung|verein|sons|fils|hijos|figli|bank|foundation|and|und|et)\b"
)
_FORMS = re.compile(r"[a-zà-ÿ].*\s([A-Z]{2,3}|([A-Za-z]\.){2,3})$")
"""Legal forms that end a firm's name: capitals or points after a word that is not all capitals."""


def _is_firm(text: str) -> bool:
    return bool(_FIRMS.search(_plain(text).replace(".", "")) or _FORMS.search(text))


def _tokens(text: str) -> list[str] | None:
    """The words of a person's name, titles left out; None where it cannot be one."""
    if len(text) > 60 or re.search(r"[\d@_/\\:;!?()&+*=#<>\[\]{}]", text):
        return None
    parts = [part for part in re.split(r"[\s,]+", text) if part]
    titled = [part for part in parts if _plain(part).replace(".", "") not in _TITLES] or parts
    if len(titled) == len(parts) and _is_firm(text):
        return None
    letters = [re.sub(r"[-'’`.]", "", part) for part in titled]
    if not all(letter.isalpha() for letter in letters if letter) or not any(letters):
        return None
    if any(len(part) > 2 and part.endswith(".") for part in titled):
        return None
    return titled


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
    if look.whole or "other" in look.hints:
        return None
    named = look.hints & {"name", "first_name", "last_name"}
    held = [parts for text in look.values if (parts := _tokens(text))]
    if look.share(lambda text: _tokens(text) is not None) < 0.75:
        return _person_or_firm(look, held) if named or "role" in look.hints else None
    several = sum(len(parts) >= 2 for parts in held) / len(held)
    short = sum(len(parts) <= 4 for parts in held) / len(held)
    first, tongue = _hits([parts[:1] if several < 0.5 else parts for parts in held], given())
    last, other = _hits(held, family())
    if (
        named
        and look.distinct >= 2
        and short >= 0.7
        and any(len(part) > 1 or not part.isascii() for p in held for part in p)
    ):
        kind = next(kind for kind in ("first_name", "last_name", "name") if kind in named)
        return Found(
            kind, "named and written as names of persons", language=other if kind == "last_name" else tongue
        )
    if "role" in look.hints and (one := _in_role(look, held, (first, tongue), (last, other))):
        return one
    if look.share(lambda text: _capital(_tokens(text) or ["a"])) < 0.75 and not (
        several >= 0.7 and first >= 0.5 and last >= 0.3
    ):
        return None  # in small letters only where the words leave no doubt
    return _by_words(look, held, (first, tongue), (last, other))


_Hits = tuple[float, str | None]


def _by_words(look: _Look, held: list[list[str]], given: _Hits, family: _Hits) -> Found | None:
    """Names by how many words of theirs are common names."""
    (first, tongue), (last, other) = given, family
    several = sum(len(parts) >= 2 for parts in held) / len(held)
    initials = sum(len(parts) >= 2 and min(map(_letters, parts)) == 1 for parts in held) / len(held)
    if several >= 0.7 and (look.distinct >= ENOUGH or "maybe_name" in look.hints):
        few = 0.2 if "maybe_name" in look.hints else 0.25
        if (first >= few and first + last >= 0.4) or (initials >= 0.7 and last >= 0.3):
            return Found("name", f"{max(first, last):.0%} hold a common name", language=tongue or other)
    if look.distinct < ENOUGH or sum(len(parts) <= 3 for parts in held) < 0.9 * len(held):
        return None
    if first >= 0.4 and first >= last and several < 0.5:
        return Found("first_name", f"{first:.0%} are common given names", language=tongue)
    if last >= 0.3 and last > first and several < 0.7:
        return Found("last_name", f"{last:.0%} are common family names", language=other)
    if "maybe_name" in look.hints and last >= 0.2 and several < 0.5:
        return Found("last_name", f"{last:.0%} are common family names", language=other)
    return None


def _letters(part: str) -> int:
    return sum(letter.isalpha() for letter in part)


_LABEL_WORDS = (
    "other none new old full part time self staff not no all any the of for private public senior junior "
    "internal external online"
)
_NO_NAMES = headers.ROLES | headers.THINGS | frozenset(_LABEL_WORDS.split())


def _in_role(look: _Look, held: list[list[str]], given: _Hits, family: _Hits) -> Found | None:
    """Names under a header that says who a person is, however few they are.

    Six in ten are written as two to four words with capitals, none of them another role or thing; and
    one in five holds a common given name, or the words differ as names' words do (labels share theirs:
    ``Area Manager``, ``Sales Manager``), of which two values can show nothing. Or half are common names.
    """
    (first, tongue), (last, other) = given, family
    if look.distinct < 2:
        return None
    full = [p for p in held if 2 <= len(p) <= 4 and _capital(p) and not _NO_NAMES & set(map(_plain, p))]
    if len(full) >= 0.6 * len(look.values):
        ends = min(len({p[0] for p in full}), len({p[-1] for p in full}))
        varied = look.distinct >= ENOUGH or (look.distinct > 2 and ends >= 0.7 * len(full))
        if first >= 0.2 or varied:
            return Found("name", "named by a role, and written as names", language=tongue or other)
    if max(first, last) >= 0.5 and look.distinct > 2 and all(map(_capital, held)):
        kind, words = ("first_name", tongue) if first > last else ("last_name", other)
        return Found(kind, "named by a role, and common names", language=words)
    return None


def _person_or_firm(look: _Look, held: list[list[str]]) -> Found | None:
    """Persons among firms, as customers are: three in ten hold a common given name beside another."""
    some = [parts for parts in held if len(parts) >= 2 and _capital(parts)]
    first, tongue = _hits(some, given())
    if first * len(some) >= 0.3 * len(look.values):
        return Found("name", "named as persons, some of them firms", language=tongue)
    return None


def _surname_beside(look: _Look, others: dict[str, Found]) -> Found | None:
    """Names too rare to be told by themselves, in a table that holds persons."""
    beside = {one.kind for one in others.values()}
    if look.whole or "other" in look.hints or not beside & {"first_name", "email", "last_name", "phone"}:
        return None
    if look.distinct < ENOUGH:
        return None
    held = [parts for text in look.values if (parts := _tokens(text)) and _capital(parts)]
    if len(held) < 0.95 * len(look.values):
        return None
    first, tongue = _hits(held, given())
    last, other = _hits(held, family())
    maybe, several = "maybe_name" in look.hints, sum(len(parts) >= 2 for parts in held) >= 0.7 * len(held)
    if several and first + last >= 0.3 and (maybe or min(first, last) >= 0.15):
        return Found("name", "written as names, beside persons", language=tongue or other)
    if several and (language := _turned(look)):
        return Found("name", "written as family name, given name, beside persons", language=language)
    # colours, places and ships are given and family names alike
    if several or max(first, last) < (0.15 if maybe else max(0.25, 2 * min(first, last))):
        return None
    if maybe or last >= first:
        return Found("last_name", f"{last:.0%} are common family names, beside persons", language=other)
    return Found("first_name", f"{first:.0%} are common given names, beside persons", language=tongue)


def _turned(look: _Look) -> str | None:
    """The language of ``Last, First``: given names stand behind the comma, and hardly before it as in
    ``Austin, Texas``.
    """
    halves = [text.split(",") for text in look.values if text.count(",") == 1]
    if len(halves) < 0.8 * len(look.values):
        return None
    before, after = (_hits([parts[at].split() for parts in halves], given()) for at in (0, 1))
    return after[1] if after[0] >= max(0.2, 2 * before[0]) else None


def _told_by_others(table: pa.Table, name: str, look: _Look, others: dict[str, Found]) -> Found | None:
    """A name of no list that in most rows holds the row's given or family name, or stands in its mailbox."""
    if look.whole or "other" in look.hints or look.share(lambda text: _tokens(text) is not None) < 0.75:
        return None
    for other, one in others.items():
        if one.kind not in ("first_name", "last_name", "email"):
            continue
        plain = folded if one.kind == "email" else _plain
        mine = [[plain(word) for word in text.split()] for text in _first_rows(table, name)]
        theirs = [plain(text.split("@")[0]) for text in _first_rows(table, other)]
        pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if a and b]
        held = [(a, b) for a, b in pairs if (_in_box(a, b) if one.kind == "email" else b in a and a != [b])]
        if len(held) >= max(ENOUGH, 0.5 * len(pairs)):
            first = sum(b.startswith(a[0]) for a, b in held) >= 0.5 * len(held)
            whole = look.share(lambda text: " " in text) >= 0.5
            kind = "name" if whole else "first_name" if first else "last_name"
            return Found(kind, f"holds what the row's {one.kind} holds")
    return None


def _in_box(words: list[str], box: str) -> bool:
    """Whether a mailbox is named by these words, and by more than one alone."""
    return all(len(word) > 2 and word in box for word in words) and len(box) > len(words[0])


def _first_rows(table: pa.Table, name: str) -> list[str]:
    return [str(value or "") for value in table[name].slice(0, MOST_LOOKED_AT).to_pylist()]


def _place(look: _Look) -> Found | None:
    """City and postcode of persons, where nearly everybody has another; else they stay categories."""
    if look.distinct <= 0.5 * look.known or look.distinct < ENOUGH:
        return None
    if "other" in look.hints and "city" not in look.hints:
        return None
    if "city" in look.hints and not look.whole and look.share(lambda text: _tokens(text) is not None) >= 0.8:
        return Found("city", "named as a city, mostly different")
    if (
        "postcode" in look.hints
        and look.share(lambda text: _POSTCODE.fullmatch(text.upper()) is not None) >= 0.8
        and (not look.whole or look.share(lambda text: len(text) == 5) >= 0.8)
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
    """Every column with its locale: its own country, else its name's language, else what the table shows."""
    said = [next(iter(one.says)) for one in out.values() if len(one.says) == 1]
    tongues = Counter(said or [one.language for one in out.values() if one.language])
    spoken = tongues.most_common(1)[0][0] if tongues else None
    out = {name: replace(one, country=one.country or _likely(one, spoken)) for name, one in out.items()}
    countries = Counter(one.country for one in out.values() if one.country and locale_for(one.country))
    shown = locale_for(countries.most_common(1)[0][0]) if countries else None
    common = shown or locale_for(language=spoken) or "en_US"
    return {
        name: replace(one, locale=_locale(one, common, sure=shown is not None)) for name, one in out.items()
    }


def _likely(one: Found, spoken: str | None) -> str | None:
    """Of the countries that a number may be of, one that speaks the column's or the table's language."""
    for tongues in (one.says, {spoken}, {"en"}):
        fitting = [c for c in one.among if any(t == str(locale_for(c))[:2] for t in tongues)]
        if fitting:
            return min(fitting, key=list(COUNTRY.values()).index)
    return one.among[0] if one.among and not one.says and not spoken else None


def _locale(one: Found, common: str, *, sure: bool) -> str:
    if one.country and (own := locale_for(one.country)):
        return own
    if one.kind not in ("name", "first_name", "last_name", "street", "address"):
        return common
    if len(one.says) == 1 and not common.startswith(next(iter(one.says))):
        return locale_for(language=next(iter(one.says))) or common
    if one.language and not sure and not common.startswith(f"{one.language}_"):
        return locale_for(language=one.language) or common
    return common
