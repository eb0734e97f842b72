"""Numbers that prove themselves: payment cards, IBANs and the ids of persons, by check digit.

Luhn, ISO/IEC 7812-1 Annex B; IBAN, ISO 13616 with ISO 7064 MOD 97-10; each national id by its
issuer's published rule, named at its function. A value is given as letters and digits alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["IBAN_LENGTH", "NATIONAL", "is_card", "is_iban", "luhn", "mod97"]

IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TR": 26, "UA": 29,
}  # fmt: skip
"""Letters and digits of an IBAN by country, SWIFT IBAN registry."""
_CARD = re.compile(
    r"4\d{12}(\d{3}){0,2}|5[0-8]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12,17}|35\d{14}"
    r"|6[0-9]\d{10,17}|9999\d{12}|0000\d{12}"
)


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of those before."""
    total = sum(map(int, digits[-1::-2]))
    return (total + sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])) % 10 == 0


def mod97(text: str) -> int:
    """The number modulo 97 with A = 10 ... Z = 35, as ISO 7064 has it."""
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def is_iban(text: str) -> bool:
    """Whether length and check digits are an IBAN's."""
    text = text.upper()
    return (
        IBAN_LENGTH.get(text[:2]) == len(text)
        and text.isascii()
        and text.isalnum()
        and text[2:4].isdigit()
        and mod97(text[4:] + text[:4]) == 1
    )


def is_card(digits: str) -> bool:
    """Whether issuer, length and check digit are a payment card's."""
    return _CARD.fullmatch(digits) is not None and luhn(digits)


def _us(text: str) -> bool:
    """SSN: nine digits; SSA, no group of zeros. Nothing in it proves itself."""
    return bool(re.fullmatch(r"\d{9}", text)) and text[3:5] != "00" and text[5:] != "0000"


def _gb(text: str) -> bool:
    """NINO: HMRC NIM39110 (letters D F I Q U V never, O never second)."""
    return bool(re.fullmatch(r"[A-Z]{2}\d{6}[A-D]?", text, re.IGNORECASE))


def _de(text: str) -> bool:
    """Steuer-ID (11 digits, ISO 7064 MOD 11,10) or Versicherungsnummer (12, VKVV section 2)."""
    if re.fullmatch(r"\d{11}", text):
        product = 10
        for digit in text[:10]:
            total = (int(digit) + product) % 10 or 10
            product = 2 * total % 11
        return (11 - product) % 10 == int(text[10]) and len(set(text[:10])) < 10
    found = re.fullmatch(r"(\d{2})(\d{6})([A-Z])(\d{2})(\d)", text.upper())
    if not found:
        return False
    digits = f"{found[1]}{found[2]}{ord(found[3]) - 64:02d}{found[4]}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(int(d) * w, 10)) for d, w in zip(digits, weights, strict=True))
    return total % 10 == int(found[5])


def _fr(text: str) -> bool:
    """NIR of 15 with its key, 97 minus the rest modulo 97 (INSEE); Corsica's 2A and 2B as 19 and 18."""
    text = text.upper().replace("2A", "19").replace("2B", "18")
    return bool(re.fullmatch(r"[1-478]\d{14}", text)) and 97 - int(text[:13]) % 97 == int(text[13:])


def _es(text: str) -> bool:
    """DNI and NIE: letter by the number modulo 23 (Interior ministry)."""
    found = re.fullmatch(r"([XYZ]?)(\d{7,8})([A-Z])", text.upper())
    if not found or (len(found[2]) == 8) == bool(found[1]):
        return False
    number = int(str("XYZ".find(found[1]) if found[1] else "") + found[2])
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == found[3]


_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8,
         12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip


def _it(text: str) -> bool:
    """Codice fiscale: D.M. 12/3/1974, odd places by table, even by value, modulo 26."""
    text = text.upper()
    if not re.fullmatch(r"[A-Z]{6}[0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", text):
        return False
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in text[1:15:2])
    return (sum(_ODD[c] for c in text[0:15:2]) + even) % 26 == ord(text[15]) - 65


def _nl(text: str) -> bool:
    """BSN: eleven-test with -1 for the last digit."""
    if not re.fullmatch(r"\d{9}", text):
        return False
    total = sum(int(d) * w for d, w in zip(text, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return total % 11 == 0


def _pl(text: str) -> bool:
    """PESEL: weights 1 3 7 9, and a month that exists."""
    if not re.fullmatch(r"\d{11}", text) or not 1 <= int(text[2:4]) % 20 <= 12:
        return False
    return sum(int(d) * w for d, w in zip(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10 == 0


def _br(text: str) -> bool:
    """CPF: two digits modulo 11."""
    if not re.fullmatch(r"\d{11}", text) or len(set(text)) == 1:
        return False
    return all(
        sum(int(d) * w for d, w in zip(text[:k], range(k + 1, 1, -1), strict=True)) * 10 % 11 % 10
        == int(text[k])
        for k in (9, 10)
    )


def _se(text: str) -> bool:
    """Personnummer: date and Luhn over ten digits (Skatteverket)."""
    if not re.fullmatch(r"(19|20)?\d{10}", text):
        return False
    ten = text[-10:]
    return 1 <= int(ten[2:4]) <= 12 and 1 <= int(ten[4:6]) % 60 <= 31 and luhn(ten)


def _pt(text: str) -> bool:
    """NIF: weights 9 to 2 modulo 11."""
    if not re.fullmatch(r"[1-35-9]\d{8}", text):
        return False
    rest = sum(int(d) * w for d, w in zip(text[:8], range(9, 1, -1), strict=True)) % 11
    return int(text[8]) == (0 if rest < 2 else 11 - rest)


def _ca(text: str) -> bool:
    """SIN: nine digits, Luhn."""
    return bool(re.fullmatch(r"\d{9}", text)) and luhn(text)


def _ch(text: str) -> bool:
    """AHV number: 756 and the check digit of EAN-13."""
    if not re.fullmatch(r"756\d{10}", text):
        return False
    return sum(int(d) * (1 if i % 2 == 0 else 3) for i, d in enumerate(text)) % 10 == 0


def _ie(text: str) -> bool:
    """PPSN: seven digits and a letter modulo 23 (a second letter counts nine times)."""
    found = re.fullmatch(r"(\d{7})([A-W])([ABHW]?)", text.upper())
    if not found:
        return False
    total = sum(int(d) * w for d, w in zip(found[1], range(8, 1, -1), strict=True))
    extra = ord(found[3]) - 64 if found[3] and found[3] != "W" else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[(total + 9 * extra) % 23] == found[2]


NATIONAL: dict[str, Callable[[str], bool]] = {
    "FR": _fr, "IT": _it, "ES": _es, "CH": _ch, "DE": _de, "PL": _pl, "BR": _br, "SE": _se, "IE": _ie,
    "GB": _gb, "NL": _nl, "PT": _pt, "CA": _ca, "US": _us,
}  # fmt: skip
"""Country to the rule of its ids, those least often met by chance first."""
