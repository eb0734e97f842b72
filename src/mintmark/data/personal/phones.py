"""Telephone numbers: how they are written, by country, and which nobody has.

Ranges kept for fiction: NANPA 555-0100 to 555-0199; Ofcom "Telephone numbers for use in TV and
radio drama"; Bundesnetzagentur Mitteilung 148/2021 (drama numbers); ARCEP decision 2018-0881
(numbers for audiovisual works); PTS (Sweden); ACMA (Australia); ComReg 020 91 (Ireland). Countries
without such a range, and tables that need more numbers than it holds, get numbers from parts of the
national plan that are not given to subscribers (`SPARE`); these are weaker, since plans change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

__all__ = [
    "CALLING",
    "PLANS",
    "RESERVED",
    "SPARE",
    "TRUNK",
    "country_of_phone",
    "is_bare",
    "is_phone",
    "is_written",
]

CALLING = {
    "US": "1", "CA": "1", "GB": "44", "DE": "49", "FR": "33", "ES": "34", "IT": "39", "NL": "31",
    "PL": "48", "PT": "351", "BR": "55", "SE": "46", "AU": "61", "IE": "353", "AT": "43", "CH": "41",
}  # fmt: skip
TRUNK = {
    "GB": "0",
    "DE": "0",
    "FR": "0",
    "NL": "0",
    "SE": "0",
    "AU": "0",
    "IE": "0",
    "AT": "0",
    "CH": "0",
    "BR": "0",
}
"""What stands before a national number that is dialled at home."""

_AREA_CODES = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 "
    "251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 "
    "317 318 319 320 321 323 330 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 "
    "412 413 414 415 417 419 423 425 432 434 435 440 443 469 470 478 479 480 484 501 502 503 504 505 507 508 "
    "509 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563 567 570 571 573 574 575 580 585 586 "
    "601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620 623 626 630 631 636 641 646 650 651 "
    "660 661 662 678 682 701 702 703 704 706 707 708 712 713 714 715 716 717 718 719 720 724 727 731 732 734 "
    "740 754 757 760 763 765 770 772 773 774 775 781 785 786 801 802 803 804 805 806 808 810 812 813 814 815 "
    "816 817 818 828 830 831 832 843 845 847 848 850 856 857 858 859 860 862 863 864 865 870 878 901 903 904 "
    "906 907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937 940 941 947 949 951 952 954 "
    "956 970 971 972 973 978 979 980 985 989"
)
_AREAS = _AREA_CODES.split()
_CANADIAN = "204 250 306 403 416 418 450 506 514 519 604 613 647 705 709 778 780 807 819 902 905"
_CANADA = _CANADIAN.split()

RESERVED: dict[str, tuple[str, ...]] = {
    "US": tuple(f"{area} 555 01##" for area in _AREAS),
    "CA": tuple(f"{area} 555 01##" for area in _CANADA),
    "GB": ("1632 960 ###", "20 7946 0###", "113 496 0###", "114 496 0###", "115 496 0###", "116 496 0###",
           "117 496 0###", "118 496 0###", "121 496 0###", "131 496 0###", "141 496 0###", "151 496 0###",
           "161 496 0###", "191 498 0###", "28 9649 6###", "29 2018 0###", "7700 900 ###", "3069 990 ###"),
    "DE": ("30 23125 ###", "69 90009 ###", "40 66969 ###", "221 4710 ###", "89 99998 ###", "171 39200 ##",
           "176 040690 ##"),
    "FR": ("1 99 00 ## ##", "2 61 91 ## ##", "3 53 01 ## ##", "4 65 71 ## ##",
           "5 36 49 ## ##", "6 39 98 ## ##"),
    "SE": ("31 390 6##", "40 628 04##", "8 465 004 ##", "980 319 2##"),
    "AU": ("2 5550 ####", "2 7010 ####", "3 5550 ####", "3 7010 ####", "7 5550 ####", "7 7010 ####",
           "8 5550 ####", "8 7010 ####"),
    "IE": ("20 91# ####",),
}  # fmt: skip
"""Country to national numbers kept for fiction, # for any digit."""

SPARE: dict[str, tuple[str, ...]] = {
    # area codes N9X wait for the day when NANP numbers grow
    "US": ("29# 2## ####", "39# 3## ####", "49# 4## ####", "59# 6## ####", "69# 7## ####"),
    "CA": ("29# 2## ####", "39# 3## ####", "49# 4## ####"),
    "GB": ("1632 ### ###",),  # the whole code is kept free
    "DE": ("31# ### ####",),  # for tests of networks
    "FR": ("1 99 ## ## ##",),
    # area codes that no place has
    "ES": ("990 ### ###", "991 ### ###", "992 ### ###", "993 ### ###", "994 ### ###"),
    "IT": ("0176 ### ###", "0177 ### ###"),
    "NL": ("39 ### ####",),
    "PL": ("20 ### ## ##", "10 ### ## ##"),
    "PT": ("200 ### ###", "201 ### ###"),
    "BR": ("20 2### ####", "30 2### ####"),
    # a subscriber's number never begins with 0
    "SE": ("8 0## ### ##",),
    "AU": ("2 0### ####",),
    "IE": ("1 0## ####",),
    "AT": ("1 0## ## ##",),
    "CH": ("44 0## ## ##",),
}
"""Country to national numbers outside what its plan gives to subscribers, # for any digit."""

_WORN = re.compile(r"(\+|00)?[\d(][\d\s().\-/]{5,22}\d(\s*(x|ext\.?)\s*\d{1,5})?", re.IGNORECASE)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", re.split(r"[xe]", text, maxsplit=1, flags=re.IGNORECASE)[0])


def is_phone(text: str) -> bool:
    """Whether it is written as telephone numbers are, 7 to 15 digits (E.164), and is no decimal."""
    if re.fullmatch(r"0[.]\d+", text):
        return False
    return _WORN.fullmatch(text) is not None and 7 <= len(_digits(text)) <= 15


def is_bare(text: str) -> bool:
    """Whether a whole number has as many digits as a telephone number."""
    return text.isdigit() and 7 <= len(text) <= 15


PLANS = {  # digits alone, as they are dialled at home: length and beginnings that the plan gives out
    "FR": r"0[1-79]\d{8}",
    "GB": r"0(1[1-9]\d|2[03489]\d|3[037]\d|7[1-57-9]\d|800|808)\d{6,7}",
    "DE": r"01(5\d{9}|[67]\d{8,9})",
    "NL": r"06[1-8]\d{7}",
    "SE": r"07[02369]\d{7}",
    "AU": r"04\d{8}",
}


_WRITTEN = {  # as only this country's people write them
    "US": r"(1[-. ])?\(?[2-9]\d\d\)?[-. ]?[2-9]\d\d[-. ]\d{4}( ?x ?\d+)?",
    "BR": r"\(\d\d\) ?\d{4,5}-\d{4}",
    "SE": r"0\d{1,3}-\d{2,3} ?\d\d ?\d\d",
    "FR": r"0[1-9]([ .-]\d\d){4}",
}


def is_written(text: str, country: str | None = None) -> bool:
    """Whether it can hardly be anything else: a country code, or groups as one country writes them.

    Parameters
    ----------
    text : str
    country : str, optional
        Digits alone are taken too, where they are a number of this country's plan as dialled at home.
    """
    if country and re.fullmatch(r"0\d+", text):
        return re.fullmatch(PLANS[country], text) is not None
    if not is_phone(text) or re.fullmatch(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}", text):
        return False
    head = text.replace("(", "").replace(" ", "")
    if re.match(r"(\+|00)[1-9]", head):
        return len(_digits(text)) >= 9 and (head[0] == "+" or len(_digits(text)) >= 11)
    if re.match(r"\(?[2-9]\d\d\)?[ .\-/]?[2-9]\d\d[.\- ]\d{4}( ?x ?\d+)?$", text) or re.match(
        r"1?[-. ]?\(?[2-9]\d\d\)?[-. ][2-9]\d\d[-. ]\d{4}", text
    ):
        return True
    if re.fullmatch(_WRITTEN["BR"], text):
        return True
    if re.match(r"0[1-9]", head.replace(")", "")):  # in groups: digits alone may be any number
        return 9 <= len(_digits(text)) <= 12 and not text.isdigit()
    return bool(
        re.fullmatch(
            r"[5-9]\d\d(([\s-])\d{3}){2}|[6-9]\d\d(\s\d{2,3}){2,3}|3\d\d[\s-]\d{3}[\s-]\d{3,4}", text
        )
    )


_NATIONAL = {  # digits alone, with the sign dialled at home, by what the plans give out
    "US": r"1?[2-9]\d\d[2-9]\d{6}", "GB": PLANS["GB"], "DE": r"0[2-9]\d{5,10}|0?1[567]\d{8,9}",
    "FR": PLANS["FR"] + r"|[1-79]\d{8}", "ES": r"[6-9]\d{8}", "IT": r"3\d{8,9}|0\d{5,10}",
    "NL": r"0[1-9]\d{8}", "PL": r"[1-9]\d{8}", "PT": r"[29]\d{8}", "BR": r"0?[1-9]\d9?\d{8}",
    "SE": r"0[1-9]\d{6,8}", "AU": r"0[2-478]\d{8}", "IE": r"0[1-9]\d{7,8}", "AT": r"0[1-9]\d{7,11}",
    "CH": r"0[2-9]\d{8}",
}  # fmt: skip


def country_of_phone(text: str) -> str | None:
    """The country of a number that carries its code, or is written as only one country does."""
    if found := re.match(r"(?:\+|00)(\d+)", re.sub(r"[\s().\-/]", "", text)):
        return _coded(found[1])
    return next((country for country, form in _WRITTEN.items() if re.fullmatch(form, text)), None)


def _coded(digits: str) -> str | None:
    codes = sorted(CALLING.items(), key=lambda item: -len(item[1]))
    return next((country for country, code in codes if digits.startswith(code)), None)


def countries_of(texts: Sequence[str]) -> list[str]:
    """The countries whose plan nearly all of these numbers fit, the likeliest first.

    A code before one number in twenty tells of all; without any, so does the way in which half are
    written. What is left fits by its digits, with the country's code before them or without.
    """
    coded = Counter(country_of_phone(text) for text in texts if re.match(r"\(?(\+|00)", text))
    coded.pop(None, None)
    if sum(coded.values()) >= 0.05 * len(texts):
        return [coded.most_common(1)[0][0] or ""]
    written = Counter(map(country_of_phone, texts))
    country, count = written.most_common(1)[0]
    if country and count * 2 > len(texts):
        canadian = sum(_digits(text)[-10:-7] in _CANADA for text in texts)
        return ["CA" if country == "US" and canadian > 0.9 * len(texts) else country]
    solid = [_digits(text) for text in texts]
    fits = {country: _fitting(country, form, solid) for country, form in _NATIONAL.items()}
    return [country for country, share in sorted(fits.items(), key=lambda item: -item[1]) if share >= 0.9]


def _fitting(country: str, form: str, solid: Sequence[str]) -> float:
    code, right = CALLING[country], re.compile(form)
    trunk = TRUNK.get(country, "")
    return sum(
        bool(right.fullmatch(digits))
        or (digits.startswith(code) and bool(right.fullmatch(trunk + digits.removeprefix(code))))
        for digits in solid
    ) / len(solid)
