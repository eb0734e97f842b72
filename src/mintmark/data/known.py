"""Real values remembered as digests, so that what is made anew never equals one of them.

BLAKE2b (Aumasson et al. 2013, RFC 7693) cut to 64 bits. A digest is no protection: whoever has it
can try guesses, and all phone numbers of a country are few. It keeps values out of sight and small,
no more; a model that holds digests is as private as one that holds values. Two different values
share a digest once in 1.8e19 pairs, and then one made value is drawn again for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.personal.kinds import BLANKS

__all__ = ["as_texts", "blank", "digests", "held", "in_one_form"]

Digests = npt.NDArray[np.uint64]


def digests(values: Iterable[str]) -> Digests:
    """Digests of the distinct values, sorted, shape (distinct,).

    Parameters
    ----------
    values : iterable of str
        Compared letter by letter: bring them into one form first where forms do not matter.
    """
    return np.unique(_each(values))


def held(known: Digests, values: Iterable[str]) -> npt.NDArray[np.bool_]:
    """For each value whether it is among the known ones, shape (n,).

    Parameters
    ----------
    known : uint64 array (distinct,), sorted
        As `digests` returns it.
    values : iterable of str, n of them
    """
    asked = _each(values)
    if not len(known):
        return np.zeros(len(asked), dtype=bool)
    place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.asarray(known[place] == asked, dtype=bool)


def _each(values: Iterable[str]) -> Digests:
    blake2b = hashlib.blake2b
    joined = b"".join(blake2b(value.encode(), digest_size=8).digest() for value in values)
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def as_texts(array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Values that are not missing as text; whole numbers in floats without point or exponent, bytes as
    the digest of them.
    """
    known = array.drop_null()
    if pa.types.is_binary(known.type):
        return pa.array(
            [hashlib.blake2b(cell.as_py(), digest_size=16).hexdigest() for cell in known], pa.string()
        )
    if pa.types.is_floating(known.type):
        try:
            known = pc.cast(known, pa.int64())
        except pa.ArrowInvalid:  # numbers with a fraction stay as they are
            return known.cast(pa.string())
    return known.cast(pa.string())


def blank(array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Which values only say that nothing is known (``n/a``), shape (n,); they identify nobody."""
    if not pa.types.is_string(array.type):
        return pa.array(np.zeros(len(array), dtype=bool))
    return pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(array)), pa.array(BLANKS))


def in_one_form(array: pa.Array | pa.ChunkedArray, personal: str | None = None) -> list[str]:
    """Values that are not missing, written so that the same thing reads the same, in order.

    Parameters
    ----------
    array : text or whole numbers
    personal : kind of `mintmark.data.personal.kinds`, optional
        Of persons, case and signs do not count; of telephone numbers only the last nine digits, so
        that country code and trunk sign do not either. Keys count letter by letter.
    """
    texts = as_texts(array)
    if personal == "email":  # Name <box@host> is the box
        texts = pc.replace_substring_regex(texts, r"^.*<(.*)>\s*$", r"\1")
    if personal is not None:
        texts = pc.replace_substring_regex(pc.utf8_lower(texts), r"[^\p{L}\p{N}]", "")
    if personal == "phone":
        texts = pc.utf8_slice_codeunits(texts, start=-9, stop=None)
    made: list[str] = texts.to_pylist()
    return made
