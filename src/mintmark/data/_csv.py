"""CSV to an Arrow table: delimiter, encoding, decimal comma and types found; faults named by row.

Every cell is read as text first, so that a code such as ``00501`` is never taken for a number and
an error can show the cell as it stands in the file. White space around a cell is dropped.
"""

from __future__ import annotations

import codecs
import csv
import io
import shlex
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from mintmark.errors import InputError, first_three

__all__ = ["MISSING", "read_csv", "utf8"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
"""Cells read as missing when they stand unquoted; a quoted one is text, except an empty one."""
MOSTLY = 0.9
"""From this share of readable numbers on, a cell that is none is a fault and not a category."""

_LARGEST_BLOCK = 1 << 30
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_COMMA = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+),?\d*([eE][+-]?\d+)?$"
_INFINITE = r"^[+-]?(?i:inf|infinity)$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_MOMENT = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"
_FRACTION = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}\.\d{1,6}$"
_ZONED = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})$"


def utf8(data: bytes, encoding: str | None, where: str, *, header: bool = True) -> bytes:
    """The text as UTF-8 without byte order mark; `InputError` names the row that is not text."""
    if encoding is None:
        encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    try:
        text = data.decode(encoding)
    except LookupError:
        raise InputError(f"encoding {encoding!r} is not known. Write e.g. encoding='latin-1'.") from None
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + (not header)
        place = f"row {row:,}" if row else "the header"
        raise InputError(
            f"{where}, {place}: byte 0x{data[error.start]:02x} is not {encoding}. "
            f"Name the file's encoding, e.g. read(..., encoding='latin-1') or --encoding latin-1."
        ) from None
    if encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
        return data.removeprefix(codecs.BOM_UTF8)
    return text.removeprefix("\ufeff").encode()


def read_csv(
    data: bytes,
    where: str,
    *,
    kinds: Mapping[str, str],
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    quote: str = '"',
    check_names: object = None,
) -> pa.Table:
    """The table of a CSV file.

    Parameters
    ----------
    data : bytes
        Unpacked.
    where : str
        The file, for messages.
    kinds : mapping
        Declared kinds: text stays as it stands, a category becomes numbers only if every cell is one.
    delimiter, encoding, decimal : str, optional
        Found where None.
    quote : str
    check_names : callable, optional
        Called with the header before a row is parsed.

    Raises
    ------
    InputError
        Undecodable bytes, a row of another width, a column of numbers with a few other words.
    """
    data = utf8(data, encoding, where)
    for name, mark in (("delimiter", delimiter), ("quote", quote), ("decimal", decimal)):
        if mark is not None and len(mark) != 1:
            raise InputError(f"{name} must be one character, not {mark!r}.")
    delimiter = delimiter or _sniff(data, quote)
    names, lines = _header(data, delimiter, quote, where)
    if callable(check_names):
        check_names(names)
    table = _parse(data, names, lines, delimiter, quote, where)
    both = decimal is None and delimiter != ","
    marks = [decimal] if decimal else [".", ","] if both else ["."]
    columns = [
        _typed(array, name, kinds.get(name), marks, where)
        for name, array in zip(names, table.columns, strict=True)
    ]
    return pa.table(columns, names=names)


def _sniff(data: bytes, quote: str) -> str:
    sample = data[:65536].decode("utf-8", "ignore")
    best, most = ",", 1
    for mark in ",;\t|":
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=mark, quotechar=quote)
        try:
            widths = [len(row) for row in rows if row][:200]
        except csv.Error:
            continue
        if len(data) > 65536:
            widths = widths[:-1]
        if widths and min(widths) == max(widths) > most:
            best, most = mark, widths[0]
    if most == 1:  # ragged rows: go by the header, so that the fault is named by row
        header = sample.partition("\n")[0]
        best = max(",;\t|", key=header.count) if header else ","
    return best


def _header(data: bytes, delimiter: str, quote: str, where: str) -> tuple[list[str], int]:
    """Column names, and how many lines of the file they take."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    try:
        names = next((row for row in reader if row), [])
    except csv.Error:
        raise InputError(f"{where}: the header is no row of names. Is this a CSV file?") from None
    named = [name.strip() or f"column_{i + 1}" for i, name in enumerate(names)]
    return named, reader.line_num


def _parse(data: bytes, names: list[str], lines: int, delimiter: str, quote: str, where: str) -> pa.Table:
    faults: list[str] = []

    def refuse(row: arrow_csv.InvalidRow) -> str:
        at = f"row {row.number - lines:,}" if row.number else "a row"
        faults.append(f"{at} has {row.actual_columns} cells")
        return "skip"

    block = min(max(len(data), 1024) + 1, _LARGEST_BLOCK)
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=block, column_names=names, skip_rows=lines
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote,
                newlines_in_values=True,
                ignore_empty_lines=len(names) > 1,  # in one column an empty line is a missing value
                invalid_row_handler=refuse,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=list(MISSING),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.table([pa.array([], pa.string()) for _ in names], names=names)
        reason = str(error).partition("\n")[0].removeprefix("CSV parse error: ")[:160]
        raise InputError(f"{where}: not readable as CSV ({reason}). Check quotes and delimiter.") from None
    if faults:
        raise InputError(
            f"{where}: {first_three(faults)}, the header names {len(names)} columns. "
            f"Fix the rows, or name the delimiter (found {delimiter!r})."
        )
    if data.count(quote.encode()) % 2:
        for array in table.columns:
            broken = np.flatnonzero(pc.fill_null(pc.match_substring(array, "\n"), False).to_numpy())
            if len(broken):
                raise InputError(
                    f"{where}, row {broken[0] + 1:,}: a quote {quote} is opened and never closed. "
                    "Close or double it, or name another with read(..., quote=...)."
                )
    return table


def _typed(array: pa.ChunkedArray, name: str, kind: str | None, marks: list[str], where: str) -> pa.Array:
    """The column as boolean, integer, float, date or time if every cell is one, else as text."""
    array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    coded = pc.dictionary_encode(array)
    raw, positions = coded.dictionary, coded.indices
    words = pc.utf8_trim_whitespace(raw)
    padded = pc.and_(pc.not_equal(words, raw), pc.is_in(words, value_set=pa.array(MISSING)))
    words = pc.if_else(pc.or_(pc.equal(words, ""), padded), pa.scalar(None, pa.string()), words)
    if words.null_count == len(words):
        return pa.nulls(len(array), pa.string())
    typed = None
    if kind not in {"text", "category"}:
        typed = _dates(words)
    if kind != "text" and typed is None:
        typed = _flags(words)
    if kind != "text" and typed is None:
        typed = _numbers(words, positions, name, kind, marks, where)
    return (words if typed is None else typed).take(positions)


def _all(words: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(words, pattern)).as_py())


def _flags(words: pa.Array) -> pa.Array | None:
    low = pc.utf8_lower(words)
    known = pa.array(["true", "false", None])
    return pc.equal(low, "true") if pc.all(pc.is_in(low, value_set=known)).as_py() else None


def _dates(words: pa.Array) -> pa.Array | None:
    """ISO dates and times as such; other ways to write a date stay text with a pattern."""
    first = words.drop_null()[0].as_py()
    if len(first) < 10 or first[4:5] != "-" or first[7:8] != "-":
        return None
    for pattern, kind in (
        (_DAY, pa.date32()),
        (_MOMENT, pa.timestamp("s")),
        (_FRACTION, pa.timestamp("us")),
        (_ZONED, pa.timestamp("us", tz="UTC")),
    ):
        if _all(words, pattern):
            try:
                return words.cast(kind)
            except pa.ArrowInvalid:
                return None
    return None


def _numbers(
    words: pa.Array, positions: pa.Array, name: str, kind: str | None, marks: list[str], where: str
) -> pa.Array | None:
    if pc.any(pc.match_substring_regex(words, r"^[+-]?0\d")).as_py():
        return None  # a leading zero means a code
    tried = [_as_numbers(words, mark) for mark in marks]
    numbers = max(tried, key=lambda made: len(made) - made.null_count)
    bad = pc.and_(pc.is_null(numbers), pc.is_valid(words))
    if kind in {"category", "boolean"}:
        bad = pc.or_(bad, pc.fill_null(pc.invert(pc.is_finite(numbers)), False))  # words that only look so
    elif numbers.null_count < len(numbers):
        # among numbers a quoted word such as "NA" means missing all the same
        bad = pc.and_(bad, pc.invert(pc.is_in(words, value_set=pa.array(MISSING))))
    if not pc.any(bad).as_py():
        return numbers
    faulty = np.asarray(pc.fill_null(bad.take(positions), False).to_numpy(zero_copy_only=False), dtype=bool)
    known = len(positions) - pc.sum(pc.is_null(words.take(positions))).as_py()
    if kind in {"category", "boolean"} or faulty.sum() > (1 - MOSTLY) * known:
        return None
    rows = np.flatnonzero(faulty)
    shown = first_three(
        f"row {row + 1:,} of {len(positions):,}: value {words[positions[int(row)].as_py()].as_py()[:60]!r}"
        for row in rows
    )
    raise InputError(
        f"{where}, column {name!r}, {shown} is not a number.\n"
        f"Fix the value, or mark the column as category: read(..., kinds={{{name!r}: 'category'}}) "
        f"or --kind {shlex.quote(name)}=category."
    )


def _as_numbers(words: pa.Array, mark: str) -> pa.Array:
    """Integers or floats, null where the word is no number."""
    if mark != ".":
        right = pc.match_substring_regex(words, _COMMA.replace(",", mark) if mark != "," else _COMMA)
        plain = pc.replace_substring(pc.replace_substring(words, ".", ""), mark, ".")
        words = pc.if_else(right, plain, pa.scalar("", pa.string()))
    held = pc.match_substring_regex(words, _NUMBER)
    endless = pc.match_substring_regex(words, _INFINITE)
    kept = pc.if_else(pc.or_(held, endless), pc.replace_substring_regex(words, r"^\+", ""), None)
    if not pc.any(pc.match_substring_regex(kept, r"[.eEiI]")).as_py():
        try:
            return kept.cast(pa.int64())
        except pa.ArrowInvalid:  # beyond 64 bits: an identifier, not a quantity
            return pa.nulls(len(words), pa.int64())
    return kept.cast(pa.float64())
