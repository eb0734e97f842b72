"""Dates in text: the one way of writing that reads every value, and how fine any times are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.encode import _STEP

__all__ = ["pattern_of", "resolution_of"]

_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d",
    "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
_TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M")
_LIKELY = r"^\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4}|^[A-Z][a-z]{2,8} \d{1,2}, \d{4}"


def pattern_of(words: pa.Array) -> str | None:
    """The `strptime` pattern that reads every word, None where there is none.

    Where month and day could change places, the month is taken to come first.

    Parameters
    ----------
    words : pyarrow string array, without missing values
    """
    if len(words) == 0 or not pc.all(pc.match_substring_regex(words, _LIKELY)).as_py():
        return None
    few = words.slice(0, 100)
    for day in _DAYS:
        for time in _TIMES:
            if _reads(few, day + time) and _reads(words, day + time):
                return day + time
    return None


def _reads(words: pa.Array, pattern: str) -> bool:
    parsed = pc.strptime(words, format=pattern, unit="s", error_is_null=True)
    if parsed.null_count:
        return False
    # Arrow carries 30 February over into March: only what is written back alike was a date
    back = pc.strftime(parsed, format=pattern)
    return bool(pc.all(pc.equal(_bare(back), _bare(words))).as_py())


def _bare(words: pa.Array) -> pa.Array:
    """Without leading zeros, in which writers differ."""
    return pc.utf8_lower(pc.replace_substring_regex(words, r"\b0", ""))


def resolution_of(microseconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """The coarsest step that every time, in microseconds, is a multiple of; missing ones left out."""
    known = microseconds[~np.isnan(microseconds)]
    for name in ("day", "hour", "minute", "second", "millisecond"):
        if not np.any(np.mod(known, _STEP[name])):
            return name
    return "microsecond"
