"""What each column is: kind and roles, judged from its name, type and values.

Only what the values show everywhere is stated: decimals, resolution, the way text holds a date or
number. Bounds, categories and missing shares stay open until declared. A target is never guessed.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data import _names
from mintmark.data._dates import pattern_of, resolution_of
from mintmark.data.encode import codes, numbers
from mintmark.data.images import is_image
from mintmark.data.personal.detect import found, whole_floats
from mintmark.data.personal.kinds import check_personal, declared
from mintmark.data.schema import KINDS, Column, Kind, Role, Schema, type_name
from mintmark.errors import InputError, UnknownNameError

__all__ = ["check_kind", "explain", "infer", "personal_column"]

FEW_CODES = 10
"""Up to so many distinct small integers in many rows are taken for categories."""
FEW_TEXTS = 20
"""Up to so many distinct numbers in text are taken for categories."""
ENOUGH_ROWS = 20
"""Fewer distinct values than this are too few to call a column an identifier."""
MEDIA_LOOKED_AT = 5
"""So many values are looked at to tell pictures from sounds and other bytes."""
MOST_DECIMALS = 6
_RULING = {"key", "group", "foreign_key", "sequence_key", "sequence_index", "target", "weight"}
"""Roles that say a column is something else than what it was found to hold."""
_NUMBERED = {"phone", "card", "national_id", "postcode"}
"""What of a person a whole number can be."""


@dataclasses.dataclass(frozen=True)
class _Finding:
    kind: str
    why: str
    roles: tuple[str, ...] = ()


def infer(
    table: pa.Table,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    roles: Mapping[str, str | Sequence[str]] | None = None,
    personal: Mapping[str, str | None] | None = None,
    locale: str | None = None,
) -> Schema:
    """The schema of a table as `read` tidies it.

    Parameters
    ----------
    table : pyarrow.Table
    target : str, optional
    kinds : mapping of column to kind, optional
        Taken instead of what would be inferred.
    roles : mapping of column to role or roles, optional
        Taken instead of what would be inferred; an empty list for none.
    personal : mapping of column to a kind of `mintmark.data.personal.kinds` or None, optional
        Taken instead of what would be found.
    locale : str, optional
        Of every personal column, in place of what their values show.

    Raises
    ------
    UnknownNameError
        A column, kind or role that does not exist.
    InputError
        A declared kind that the values cannot have; names column, row and value.
    """
    kinds, roles, personal = dict(kinds or {}), dict(roles or {}), declared(personal)
    for name in [*([target] if target is not None else []), *kinds, *roles, *personal]:
        if name not in table.column_names:
            raise UnknownNameError("column", name, table.column_names)
    persons = _personal(table, target, kinds, roles, personal, locale)
    columns = []
    for name in table.column_names:
        if name in persons:
            kept = roles.get(name, ())
            kept = (kept,) if isinstance(kept, str) else kept
            columns.append(personal_column(table[name], name, kept, *persons[name]))
            continue
        finding = _look(table[name], name, is_target=name == target)
        given = roles.get(name)
        wanted = finding.roles if given is None else (given,) if isinstance(given, str) else tuple(given)
        if given is None and kinds.get(name, finding.kind) != finding.kind:
            wanted = ()  # another kind makes it another thing
        if name == target and "target" not in wanted:
            wanted = (*wanted, "target")
        found = finding.kind
        if "sequence_index" in wanted and pa.types.is_integer(table.schema.field(name).type):
            found = "integer"  # few steps look like categories, but they order rows
        kind = kinds.get(name, found)
        columns.append(_column(table[name], name, kind, wanted, declared=name in kinds))
    return Schema(tuple(columns))


def _personal(
    table: pa.Table,
    target: str | None,
    kinds: Mapping[str, str],
    roles: Mapping[str, str | Sequence[str]],
    declared: Mapping[str, str | None],
    locale: str | None,
) -> dict[str, tuple[str, str]]:
    """Personal columns with kind and locale: as declared, else as found where nothing else is declared."""
    check_personal(None, locale, "the personal columns")
    for name, kind in declared.items():
        check_personal(kind, None, f"column {name!r}")
    other = {name for name, kind in kinds.items() if kind not in ("text", "integer")}
    other |= {
        name for name, given in roles.items() if _RULING & ({given} if isinstance(given, str) else set(given))
    }
    other |= {name for name, kind in declared.items() if kind is None} | {str(target)}
    seen = found(table, other - {name for name, kind in declared.items() if kind})
    common = Counter(one.locale or "en_US" for one in seen.values()).most_common(1)
    out = {name: (one.kind, locale or one.locale or "en_US") for name, one in seen.items()}
    for name, kind in declared.items():
        if kind is not None:
            usual = out[name][1] if name in out else common[0][0] if common else "en_US"
            out[name] = (kind, locale or usual)
    return out


def personal_column(
    array: pa.ChunkedArray, name: str, roles: Sequence[str], personal: str, locale: str
) -> Column:
    """A column whose values are replaced by surrogates; text, or whole numbers, in floats too.

    Raises
    ------
    InputError
        If its type can hold no such value.
    """
    whole = pa.types.is_integer(array.type) or (
        pa.types.is_floating(array.type) and personal in _NUMBERED and whole_floats(array) is not None
    )
    if not (
        pa.types.is_string(array.type) or pa.types.is_null(array.type) or (whole and personal in _NUMBERED)
    ):
        raise InputError(
            f"column {name!r} holds {array.type} and cannot be personal {personal!r}. "
            "Give it as text, or drop it."
        )
    column = _column(array, name, "integer" if whole else "text", roles, declared=False)
    return dataclasses.replace(column, personal=personal, locale=locale)


def explain(array: pa.ChunkedArray, column: Column) -> str:
    """In words why the column is what it is taken for."""
    if column.personal:
        seen = found(pa.table({column.name: array})).get(column.name)
        return seen.why if seen and seen.kind == column.personal else "declared, or judged by its table"
    finding = _look(array, column.name, is_target="target" in column.roles)
    inferred = set(column.roles) - {"target"}
    if column.kind != finding.kind or inferred != set(finding.roles):
        return "declared"
    return finding.why


def check_kind(array: pa.Array | pa.ChunkedArray, column: Column) -> None:
    """Raise `InputError` if the values cannot be of the column's kind or categories."""
    kind, where = array.type, f"column {column.name!r}"
    if pa.types.is_null(kind):
        return
    numeric = (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        or pa.types.is_string(kind)
    )  # fmt: skip
    timely = pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_string(kind)
    fits = {
        "number": numeric, "integer": numeric, "datetime": timely, "timedelta": pa.types.is_duration(kind),
        "text": pa.types.is_string(kind) or pa.types.is_integer(kind),
        "image": pa.types.is_binary(kind), "audio": pa.types.is_binary(kind),
        "array": pa.types.is_binary(kind),
        "annotations": pa.types.is_string(kind),
        # what a category list in JSON can hold
        "category": pa.types.is_string(kind) or pa.types.is_integer(kind)
        or pa.types.is_floating(kind) or pa.types.is_boolean(kind),
    }  # fmt: skip
    if not fits.get(column.kind, True):
        raise InputError(f"{where} holds {kind}, which cannot be read as {column.kind}. Choose another kind.")
    if column.is_numeric:
        values = numbers(array, column)
        if column.kind == "integer":
            uneven = np.flatnonzero(~np.isnan(values) & (values != np.round(values)))
            if len(uneven):
                row = int(uneven[0])
                raise InputError(
                    f"{where}, row {row + 1:,} of {len(values):,}: value {float(values[row])!r} "
                    "is not a whole number. Declare kind 'number'."
                )
    elif column.kind == "boolean" and (count := len(_distinct(array))) > 2:
        raise InputError(f"{where} holds {count:,} different values, a boolean two. Declare kind 'category'.")
    elif column.is_discrete and column.categories is not None:
        codes(array, column)


def _column(array: pa.ChunkedArray, name: str, kind: str, roles: Sequence[str], *, declared: bool) -> Column:
    if kind not in KINDS:
        raise UnknownNameError(f"kind for column {name!r}", kind, KINDS)
    for role in roles:
        if role not in get_args(Role):
            raise UnknownNameError(f"role for column {name!r}", role, get_args(Role))
    sure_kind: Kind = kind  # type: ignore[assignment]  # one of KINDS by now
    sure_roles: tuple[Role, ...] = tuple(roles)  # type: ignore[arg-type]  # each one of ROLES by now
    column = Column(name=name, kind=sure_kind, dtype=type_name(array.type), roles=sure_roles)
    if pa.types.is_string(array.type) and column.is_numeric:
        words = _distinct(array)
        pattern = (pattern_of(words) or "%Y-%m-%d") if kind == "datetime" else "plain"
        column = dataclasses.replace(column, format=pattern)
    if declared:
        check_kind(array, column)
    if kind == "number":
        return dataclasses.replace(column, decimals=_decimals(array, column))
    if kind == "datetime":
        return dataclasses.replace(column, resolution=_resolution(array, column))
    return column


def _look(array: pa.ChunkedArray, name: str, *, is_target: bool) -> _Finding:
    kind = array.type
    if array.null_count == len(array):
        return _Finding("category", "every value is missing")
    if pa.types.is_boolean(kind):
        return _Finding("boolean", "true or false")
    if pa.types.is_integer(kind):
        return _whole(_distinct(array), array, name, is_target)
    if pa.types.is_decimal(kind):
        whole = _decimals(array, Column(name=name, kind="number", dtype=type_name(kind))) == 0
        return _Finding("integer" if whole else "number", f"stored as {kind}")
    if pa.types.is_floating(kind):
        return _number(_distinct(array), array, name, is_target)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _Finding("datetime", f"stored as {kind}")
    if pa.types.is_duration(kind):
        return _Finding("timedelta", f"stored as {kind}")
    if pa.types.is_string(kind):
        return _text(_distinct(array), array, name, is_target)
    return _media(array)


def _distinct(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    made = pc.unique(array)
    return made.drop_null()


def _number(values: pa.Array, array: pa.ChunkedArray, name: str, is_target: bool) -> _Finding:
    floats = np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if np.any(floats != np.round(floats)):
        return _Finding("number", "numbers with a fraction")
    if np.any(np.abs(floats) >= 2.0**53):
        return _Finding("number", "numbers too large to be exact")
    found = _whole(pa.array(floats.astype(np.int64)), array, name, is_target)
    # a whole float is a quantity or a flag, not a name for something
    return found if found.kind == "category" else _Finding("integer", "whole numbers", ())


def _whole(values: pa.Array, array: pa.ChunkedArray, name: str, is_target: bool) -> _Finding:
    ints: npt.NDArray[Any] = values.to_numpy(zero_copy_only=False)
    known, count = len(array) - array.null_count, len(ints)
    low, high = int(ints.min()), int(ints.max())
    if count <= 2 and low >= -1 and high <= 2:
        return _Finding("category", "a flag: " + " and ".join(map(str, sorted(ints.tolist()))))
    if is_target:
        return _Finding("integer", "a target of whole numbers")
    if count == known and count >= ENOUGH_ROWS:
        if _names.is_identifier(name):
            return _Finding("integer", "different in every row, named as an identifier", ("key",))
        if high - low == count - 1 and _in_order(array):
            return _Finding("integer", "numbers the rows", ("key",))
    if _names.is_person(name) and count < known and count > FEW_CODES:
        return _Finding("integer", "identifies persons who occur more than once", ("group",))
    if _names.is_code(name) and FEW_CODES < count <= 50 and known >= 20 * count:
        return _Finding("category", f"{count} codes, named as such")
    small = low >= -9 and high <= 99
    if count <= FEW_CODES and small and known >= 20 * count and not _names.is_count(name):
        return _Finding("category", f"only {count} small whole numbers in {known:,} rows")
    if _names.is_identifier(name) and not _names.is_count(name) and known >= 5 * count:
        return _Finding("category", "a repeated identifier")
    return _Finding("integer", "whole numbers")


def _in_order(array: pa.ChunkedArray) -> bool:
    step = np.diff(array.to_numpy())
    return bool(np.all(step == 1) or np.all(step == -1))


def _text(words: pa.Array, array: pa.ChunkedArray, name: str, is_target: bool) -> _Finding:
    known, count = len(array) - array.null_count, len(words)
    if count == 1:
        return _Finding("category", "always the same")
    if pattern := pattern_of(words):
        return _Finding("datetime", f"text that reads as dates {pattern}")
    if is_target:
        return _Finding("category", "a target in text")
    if count > FEW_TEXTS and not _names.is_identifier(name) and _is_plain(words):
        whole = not pc.any(pc.match_substring(words, ".")).as_py()
        return _Finding("integer" if whole else "number", "numbers stored as text")
    length = float(pc.mean(pc.utf8_length(words)).as_py())
    if count == known and count >= ENOUGH_ROWS and (length <= 50 or _names.is_identifier(name)):
        return _Finding("text", "different in every row", ("key",))
    if _names.is_person(name) and count > FEW_CODES:
        return _Finding("text", "identifies persons who occur more than once", ("group",))
    if length > 50 and count > 0.5 * known and count >= ENOUGH_ROWS:
        return _Finding("text", "long and mostly different: free text")
    return _Finding("category", f"text with {count:,} different values")


def _is_plain(words: pa.Array) -> bool:
    """Whether all read as numbers and none as a code (leading zero, more digits than are exact)."""
    right = pc.match_substring_regex(words, r"^\s*-?(0|[1-9]\d{0,14})(\.\d{1,6})?\s*$")
    return bool(pc.all(right).as_py())


def _media(array: pa.ChunkedArray) -> _Finding:
    known = np.flatnonzero(array.is_valid().to_numpy())
    some = known[np.unique(np.linspace(0, len(known) - 1, MEDIA_LOOKED_AT).astype(np.int64))]
    starts = [array[int(row)].as_py()[:16] for row in some]
    if all(map(is_image, starts)):
        return _Finding("image", "bytes of pictures")
    if all(start[:4] in {b"RIFF", b"fLaC", b"OggS"} or start[:3] == b"ID3" for start in starts):
        return _Finding("audio", "bytes of sound")
    return _Finding("array", "bytes")


def _decimals(array: pa.ChunkedArray, column: Column) -> int | None:
    """Fewest digits after the point, up to six, that hold every value; None where six do not."""
    if pa.types.is_decimal(array.type):
        return max(0, int(array.type.scale))
    values = numbers(_distinct(array), column)
    single = array.type in (pa.float32(), pa.float16())
    exact = array.type.to_pandas_dtype() if single else np.float64
    values = values[~np.isnan(values)]
    for places in range(MOST_DECIMALS + 1):
        if np.array_equal(np.round(values, places).astype(exact), values.astype(exact)):
            return places
    return None


def _resolution(array: pa.ChunkedArray, column: Column) -> str:
    if pa.types.is_string(array.type):
        pattern = column.format or ""
        return "second" if "%S" in pattern else "minute" if "%M" in pattern else "day"
    if pa.types.is_date(array.type):
        return "day"
    return resolution_of(numbers(_distinct(array), column))
