"""Ids of persons, cards and accounts that keep their form and check digits but belong to nobody.

Each maker takes numbers 0, 1, ... below its `size` and returns as many distinct texts. Where an
issuer keeps a range free, it is used and named; `BR`, `PT`, `CH` and `IE` have none that we know of,
so their ids are right in form only and could by chance be somebody's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from mintmark.data.personal.numbers import _ODD
from mintmark.data.personal.patterns import Numbers, Pattern, Texts, joined

__all__ = ["Maker", "card", "german_social", "iban", "national", "postcode"]

_DIGITS = "0123456789"
_CONSONANTS = "BCDFGHLMNPRSTVZ"
Letters = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Maker:
    """So many distinct texts, and how the texts of given numbers are made."""

    size: int
    texts: Callable[[Numbers], Texts]


def _with_check(pattern: Pattern, check: Callable[[npt.NDArray[np.int64]], Letters]) -> Maker:
    """Texts of a pattern of digits, with what `check` makes of them put behind."""

    def texts(index: Numbers) -> Texts:
        letters = pattern.letters(index)
        more = check(letters.astype(np.int64))
        return joined(np.concatenate([letters, more.reshape(len(letters), -1)], axis=1))

    return Maker(pattern.size, texts)


def _as_digits(values: npt.NDArray[np.int64], width: int = 1) -> Letters:
    powers = 10 ** np.arange(width - 1, -1, -1)
    return ((values[:, None] // powers) % 10).astype("U1")


def _luhn(digits: npt.NDArray[np.int64]) -> Letters:
    weighed = digits.copy()
    weighed[:, ::-1][:, ::2] *= 2
    return _as_digits(-(weighed // 10 + weighed % 10).sum(axis=1) % 10)


def _weighed(weights: tuple[int, ...]) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]:
    return lambda digits: digits @ np.array(weights)


@cache
def card(length: int) -> Maker:
    """Payment cards beginning 9999: major industry 9 of ISO/IEC 7812-1 is no card scheme's."""
    return _with_check(Pattern.of("9999" + "#" * (length - 5)), _luhn)


_BANKS = {
    "DE": "99999999" + "#" * 10,  # a German bank code never begins with 9
    "AT": "99999" + "#" * 11, "CH": "99999" + "#" * 12, "FR": "9999999999" + "#" * 13,
    "ES": "99999999" + "#" * 12, "IT": "X9999999999" + "#" * 12, "GB": "XXXX999999" + "#" * 8,
    "IE": "XXXX999999" + "#" * 8, "NL": "XXXX" + "#" * 10, "PL": "99999999" + "#" * 16,
    "PT": "99999999" + "#" * 13, "SE": "999" + "#" * 17, "BE": "999" + "#" * 9,
    "BR": "99999999" + "#" * 15 + "P1",
    "DK": "9999" + "#" * 10, "FI": "999999" + "#" * 8, "NO": "9999" + "#" * 7, "CZ": "9999" + "#" * 16,
    "LU": "999" + "#" * 13,
}  # fmt: skip


@cache
def iban(country: str) -> Maker:
    """IBANs with right check digits (MOD 97-10) and a bank code that no bank has (nines, or XXXX)."""
    country = country if country in _BANKS else "DE"
    text = _BANKS[country]
    # numbers of 18 and more open places would not fit 64 bits: the first of them stay nought
    open_ = [at for at, letter in enumerate(text) if letter == "#"]
    text = "".join(
        "0" if at in open_[: max(0, len(open_) - 15)] else letter for at, letter in enumerate(text)
    )
    pattern = Pattern.of(text)

    def texts(index: Numbers) -> Texts:
        letters = pattern.letters(index)
        rest = np.zeros(len(letters), dtype=np.int64)
        for place in range(letters.shape[1]):
            rest = _append(rest, letters[:, place])
        for letter in country + "00":
            rest = _append(rest, np.full(len(letters), letter))
        check = _as_digits(98 - rest, 2)
        head = np.tile(np.array(list(country)), (len(letters), 1))
        return joined(np.concatenate([head, check, letters], axis=1))

    return Maker(pattern.size, texts)


def _append(rest: npt.NDArray[np.int64], letter: Letters) -> npt.NDArray[np.int64]:
    """The rest modulo 97 after one more letter (A = 10 ... Z = 35)."""
    code = letter.astype("U1").view(np.uint32).astype(np.int64)
    digit = code < 65
    return (rest * np.where(digit, 10, 100) + np.where(digit, code - 48, code - 55)) % 97


_CODES = {
    "NL": ("123456789", "###", " ", "@@"), "PL": ("##-###",), "PT": ("123456789", "###-###"),
    "BR": ("#####-###",), "SE": ("123456789", "## ##"), "IE": ("@## @###",),
    "CA": ("ABCEGHJKLMNPRSTVXY", "#", "ABCEGHJKLMNPRSTVWXYZ", " #", "ABCEGHJKLMNPRSTVWXYZ", "#"),
}  # fmt: skip
_RANGES = {
    "US": (501, 99_950, 5), "DE": (1_001, 99_998, 5), "FR": (1_000, 95_999, 5), "ES": (1_001, 52_999, 5),
    "IT": (10, 98_168, 5), "AU": (800, 7_999, 4), "AT": (1_010, 9_992, 4), "CH": (1_000, 9_658, 4),
}  # fmt: skip
"""Country to the lowest and the highest postcode, and their digits."""
_GB_AREAS = (
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EH EN EX "
    "FK FY G GL GU HA HD HG HP HR HS HU HX IG IP IV KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN "
    "NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR "
    "TS TW UB W WA WD WF WN WR WS WV YO ZE"
)
_GB_INWARD = "ABDEFGHJLNPQRSTUWXYZ"  # the Royal Mail gives no C I K M O V


@dataclass(frozen=True)
class Postcode:
    """How a country's postcodes are made, and their letters (@) and digits (#)."""

    maker: Maker
    shape: str


@cache
def postcode(country: str) -> Postcode:
    """Postcodes that have the form of the country; they need not exist."""
    if country == "GB":
        return Postcode(_gb_postcodes(), "")
    if country in _RANGES:
        low, high, width = _RANGES[country]

        def texts(index: Numbers) -> Texts:
            return joined(_as_digits(index.astype(np.int64) + low, width))

        return Postcode(Maker(high - low + 1, texts), "#" * width)
    pattern = Pattern(
        tuple(
            place
            for part in _CODES[country]
            for place in ((part,) if _open(part) else Pattern.of(part).places)
        )
    )
    letters = "".join("#" if place[0].isdigit() else "@" for place in pattern.places if place[0].isalnum())
    return Postcode(Maker(pattern.size, pattern.texts), letters)


def _open(part: str) -> bool:
    """Whether a part is one place with its letters, and no pattern."""
    return len(part) > 1 and part.isalnum()


def _gb_postcodes() -> Maker:
    """Area, district 1 to 29, sector and two letters that inward codes have."""
    areas = np.array(_GB_AREAS.split())
    tail = Pattern((_DIGITS, _GB_INWARD, _GB_INWARD))

    def texts(index: Numbers) -> Texts:
        head, rest = np.divmod(index.astype(np.int64), tail.size)
        area, district = np.divmod(head, 29)
        outward = np.strings.add(areas[area], (district + 1).astype("U2"))
        return np.strings.add(np.strings.add(outward, " "), tail.texts(rest.astype(np.uint64)))

    return Maker(len(areas) * 29 * tail.size, texts)


def _us() -> Maker:
    """SSNs of area 9xx, never issued, outside the groups 50 and up that ITINs use (IRS, SSA)."""
    pattern = Pattern(("9", _DIGITS, _DIGITS, "1234", _DIGITS, "123456789", _DIGITS, _DIGITS, _DIGITS))
    return Maker(pattern.size, pattern.texts)


def _gb() -> Maker:
    """NINOs of the prefixes that HMRC never gives: BG GB KN NK NT TN ZZ (NIM39110)."""
    pattern = Pattern(("0123456", *(_DIGITS,) * 6, "ABCD"))
    heads = np.array(["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"])

    def texts(index: Numbers) -> Texts:
        letters = pattern.letters(index)
        head = heads[letters[:, 0].astype(np.int64)]
        return np.strings.add(head, joined(letters[:, 1:]))

    return Maker(pattern.size, texts)


def _de(whole: bool = False) -> Maker:
    """Steuer-IDs that begin with 0, as the BZSt keeps them for tests: one digit twice, one missing.

    A whole number cannot begin with 0: these begin with 9 and are right in form only.
    """
    size = 362_880 * 45  # orders of the other nine digits, times the two places that share a digit

    def texts(index: Numbers) -> Texts:
        rest = index.astype(np.int64)
        pair, rest = rest % 45, rest // 45
        free = np.ones((len(rest), 10), dtype=bool)
        free[:, 0] = False
        digits = np.zeros((len(rest), 11), dtype=np.int64)
        for at in range(1, 10):
            rank, rest = rest % (10 - at), rest // (10 - at)
            chosen = np.argmax(np.cumsum(free, axis=1) == rank[:, None] + 1, axis=1)
            digits[:, at] = chosen
            free[np.arange(len(rest)), chosen] = False
        first, second = np.triu_indices(10, 1)
        row = np.arange(len(rest))
        digits[row, second[pair]] = digits[row, first[pair]]
        if whole:
            digits = np.where(digits == 0, 9, np.where(digits == 9, 0, digits))
        product = np.full(len(rest), 10)
        for at in range(10):
            total = (digits[:, at] + product) % 10
            product = 2 * np.where(total == 0, 10, total) % 11
        digits[:, 10] = (11 - product) % 10
        return joined(digits.astype("U1"))

    return Maker(size, texts)


def german_social() -> Maker:
    """Versicherungsnummern of area 00, which no insurer has (VKVV section 2), with their check digit."""
    head, tail = Pattern((*"00",)), Pattern(("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _DIGITS, _DIGITS))
    dates = np.array([f"{d:02d}{m:02d}" for m in range(1, 13) for d in range(1, 29)])
    weights = np.array((2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1))

    def texts(index: Numbers) -> Texts:
        rest = index.astype(np.int64)
        date, rest = dates[rest % len(dates)], rest // len(dates)
        year, rest = joined(_as_digits(rest % 100, 2)), rest // 100
        begin = np.strings.add(np.strings.add(head.texts(np.zeros(len(rest), np.uint64)), date), year)
        end = tail.letters(rest.astype(np.uint64))
        place = end[:, 0].astype("U1").view(np.uint32).astype(np.int64) - 64
        digits = np.concatenate(
            [np.ascontiguousarray(begin).view("U1").reshape(len(rest), -1).astype(np.int64),
             np.stack([place // 10, place % 10], axis=1), end[:, 1:].astype(np.int64)], axis=1
        ) * weights  # fmt: skip
        check = _as_digits((digits // 10 + digits % 10).sum(axis=1) % 10)
        return joined(np.concatenate([begin.view("U1").reshape(len(rest), -1), end, check], axis=1))

    return Maker(len(dates) * 100 * tail.size, texts)


def _fr() -> Maker:
    """NIRs of commune 000, which no commune has (INSEE), with their key."""
    months = np.array([f"{m:02d}" for m in range(1, 13)])
    places = np.array([f"{d:02d}" for d in range(1, 96) if d != 20])
    pattern = Pattern(("12", _DIGITS, _DIGITS))

    def texts(index: Numbers) -> Texts:
        rest = index.astype(np.int64)
        order, rest = rest % 999 + 1, rest // 999
        month, rest = months[rest % 12], rest // 12
        place, rest = places[rest % len(places)], rest // len(places)
        body = np.strings.add(np.strings.add(pattern.texts(rest.astype(np.uint64)), month), place)
        body = np.strings.add(np.strings.add(body, "000"), joined(_as_digits(order, 3)))
        return np.strings.add(body, joined(_as_digits(97 - body.astype(np.int64) % 97, 2)))

    return Maker(pattern.size * 12 * len(places) * 999, texts)


def _es() -> Maker:
    """DNIs from 95,000,000 up, above every number given so far, with their letter."""
    pattern = Pattern(("9", "56789", *(_DIGITS,) * 6))
    table = np.array(list("TRWAGMYFPDXBNJZSQVHLCKE"))

    def texts(index: Numbers) -> Texts:
        body = pattern.texts(index)
        return np.strings.add(body, table[body.astype(np.int64) % 23])

    return Maker(pattern.size, texts)


def _it() -> Maker:
    """Codici fiscali of place codes Z9xx, which the Agenzia delle Entrate gives to no country."""
    pattern = Pattern(
        (
            *(_CONSONANTS,) * 6,
            _DIGITS,
            _DIGITS,
            "ABCDEHLMPRST",
            "012456",
            "12345678",
            "Z",
            "9",
            _DIGITS,
            _DIGITS,
        )
    )
    even = {c: int(c) if c.isdigit() else ord(c) - 65 for c in _ODD}

    def texts(index: Numbers) -> Texts:
        letters = pattern.letters(index)
        total = np.zeros(len(letters), dtype=np.int64)
        for at in range(15):
            values = _ODD if at % 2 == 0 else even
            table = np.array([values[c] for c in sorted(values)])
            total += table[np.searchsorted(np.array(sorted(values)), letters[:, at])]
        check = (65 + total % 26).astype(np.uint32).view("U1").reshape(-1, 1)
        return joined(np.concatenate([letters, check], axis=1))

    return Maker(pattern.size, texts)


def _nl() -> Maker:
    """BSNs that begin with 999, as test numbers do, and pass the eleven-test."""
    every = np.arange(999_000_000, 1_000_000_000)
    digits = (every[:, None] // 10 ** np.arange(8, -1, -1)) % 10
    right = every[digits @ np.array([9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0].astype("U9")
    return Maker(len(right), lambda index: right[index.astype(np.int64)])


def _dated(
    places: tuple[str, ...],
    months: tuple[int, ...],
    weights: Callable[[npt.NDArray[np.int64]], Letters],
    decades: str,
) -> Maker:
    """Year, month, day 01..28, then `places`, then a check digit."""
    pattern = Pattern((decades, _DIGITS))
    tail = Pattern(places)
    dates = np.array([f"{m:02d}{d:02d}" for m in months for d in range(1, 29)])

    def texts(index: Numbers) -> Texts:
        rest = index.astype(np.int64)
        date, rest = dates[rest % len(dates)], rest // len(dates)
        year, rest = pattern.texts((rest % pattern.size).astype(np.uint64)), rest // pattern.size
        body = np.strings.add(np.strings.add(year, date), tail.texts(rest.astype(np.uint64)))
        digits = np.ascontiguousarray(body).view("U1").reshape(len(body), -1).astype(np.int64)
        return np.strings.add(body, joined(weights(digits).reshape(len(body), -1)))

    return Maker(pattern.size * len(dates) * tail.size, texts)


def _pl(whole: bool = False) -> Maker:
    """PESELs of persons born 1800 to 1899 (months 81 to 92)."""
    weights = _weighed((1, 3, 7, 9, 1, 3, 7, 9, 1, 3))
    return _dated(
        (_DIGITS,) * 4, tuple(range(81, 93)), lambda d: _as_digits(-weights(d) % 10), _DIGITS[whole:]
    )


def _se(whole: bool = False) -> Maker:
    """Personnummer of birth numbers 980 to 989, which Skatteverket keeps for tests."""
    return _dated(("9", "8", _DIGITS), tuple(range(1, 13)), _luhn, _DIGITS[whole:])


def _ca(whole: bool = False) -> Maker:
    """SINs that begin with 0, or whole ones with 8: neither is given to persons."""
    return _with_check(Pattern.of("8#######" if whole else "0#######"), _luhn)


def _br() -> Maker:
    """CPFs of any number, with both check digits."""

    def check(digits: npt.NDArray[np.int64]) -> Letters:
        first = digits @ np.arange(10, 1, -1) * 10 % 11 % 10
        second = (digits @ np.arange(11, 2, -1) + 2 * first) * 10 % 11 % 10
        return np.stack([first, second], axis=1).astype("U1")

    return _with_check(Pattern.of("9########"), check)


def _pt() -> Maker:
    """NIFs of any number, with their check digit."""
    weights = _weighed((9, 8, 7, 6, 5, 4, 3, 2))

    def check(digits: npt.NDArray[np.int64]) -> Letters:
        rest = weights(digits) % 11
        return _as_digits(np.where(rest < 2, 0, 11 - rest))

    return _with_check(Pattern.of("2#######"), check)


def _ch() -> Maker:
    """AHV numbers of any number, with the check digit of EAN-13."""
    return _with_check(Pattern.of("7569########"), lambda d: _as_digits(-(d @ np.array([1, 3] * 6)) % 10))


def _ie() -> Maker:
    """PPSNs of any number, with their letter."""
    table = np.array(list("WABCDEFGHIJKLMNOPQRSTUV"))
    weights = _weighed((8, 7, 6, 5, 4, 3, 2))
    return _with_check(Pattern.of("9######"), lambda d: table[weights(d) % 23])


_MAKERS = {
    "US": _us, "GB": _gb, "DE": _de, "FR": _fr, "ES": _es, "IT": _it, "NL": _nl, "PL": _pl, "SE": _se,
    "CA": _ca, "BR": _br, "PT": _pt, "CH": _ch, "IE": _ie,
}  # fmt: skip


_LEADING = {"DE": _de, "PL": _pl, "SE": _se, "CA": _ca}
"""Countries whose made ids may begin with 0."""


@cache
def national(country: str, *, whole: bool = False) -> Maker | None:
    """The maker of a country's ids, None where its rule is not known here.

    Parameters
    ----------
    country : str
    whole : bool
        Whether they are kept as whole numbers, which begin with no 0.
    """
    if whole and country in _LEADING:
        return _LEADING[country](whole=True)
    return _MAKERS[country]() if country in _MAKERS else None
