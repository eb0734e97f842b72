"""What a column's name says: an identifier, a person, a count, a code."""

from __future__ import annotations

import re

__all__ = ["is_code", "is_count", "is_identifier", "is_person"]

_IDENTIFIER = {
    "id", "ids", "nbr", "nr", "no", "num", "number", "key", "uuid", "guid", "identifier", "index", "idx",
    "ref", "reference", "rowid", "ssn", "mrn",
}  # fmt: skip
_PERSON = (
    "patient", "customer", "client", "person", "people", "user", "subject", "member", "employee",
    "student", "participant", "respondent", "household", "individual", "player", "driver", "donor",
)  # fmt: skip
_COUNT = {
    "num", "number", "count", "counts", "n", "nr", "no", "qty", "quantity", "amount", "times", "age", "years",
    "year", "months", "days", "day", "hours", "minutes", "seconds", "tenure", "children", "total", "size",
    "visits", "score", "length", "duration", "dependents", "rooms", "items", "freq", "frequency",
}  # fmt: skip
_CODE = {
    "id",
    "code",
    "type",
    "class",
    "category",
    "cat",
    "status",
    "flag",
    "group",
    "level",
    "source",
    "label",
}


def _words(name: str) -> list[str]:
    spread = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word for word in re.split(r"[^0-9a-zA-Z]+", spread.lower()) if word]


def is_identifier(name: str) -> bool:
    """Whether it ends as identifiers do: ``customerID``, ``patient_nbr``, ``Index``, ``userid``."""
    words = _words(name)
    if not words:
        return False
    joined = any(words[-1] == person + end for person in (*_PERSON, "row", "record", "order", "passenger")
                 for end in ("id", "no", "nr", "nbr", "key", "number"))  # fmt: skip
    return words[-1] in _IDENTIFIER or joined


def is_person(name: str) -> bool:
    """Whether it is an identifier of persons: ``patient_nbr``, ``customerID``, a bare ``id``."""
    named = any(person in name.lower() for person in _PERSON) or _words(name) == ["id"]
    return is_identifier(name) and named


def is_count(name: str) -> bool:
    """Whether it counts or measures: ``num_procedures``, ``age``, ``number_inpatient``."""
    words = _words(name)
    return bool(_COUNT & set(words)) and (not words or words[-1] != "id")


def is_code(name: str) -> bool:
    """Whether its integers are likely labels: ``admission_type_id``, ``status_code``."""
    words = _words(name)
    return bool(words) and words[-1] in _CODE
