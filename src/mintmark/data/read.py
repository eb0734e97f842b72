"""Read a table from a file, a URL or memory, and say what its columns are."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._files import read_file
from mintmark.data._frames import from_frame
from mintmark.data._huggingface import class_labels, unpacked
from mintmark.data._image_files import holds_images, read_images
from mintmark.data._tidy import check_names, tidy, without_index
from mintmark.data.dataset import Dataset
from mintmark.data.infer import check_kind, infer
from mintmark.data.personal.kinds import check_personal, declared
from mintmark.data.schema import Schema, arrow_type
from mintmark.errors import InputError, UnknownNameError, first_three

__all__ = ["METADATA", "read", "retyped"]

METADATA = b"mintmark"
"""Key of the file metadata that holds schema and provenance as JSON."""

_log = logging.getLogger(__name__)


def read(
    source: Any,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    roles: Mapping[str, str | Sequence[str]] | None = None,
    personal: Mapping[str, str | None] | None = None,
    locale: str | None = None,
    schema: Schema | None = None,
    like: Schema | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    quote: str = '"',
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    split: str | None = None,
) -> Dataset:
    """A dataset from a path, fsspec URL, pandas or polars frame, Arrow table, or dict of arrays.

    Parameters
    ----------
    source : str, Path, frame, pyarrow.Table, mapping of arrays, or Dataset
        CSV, Parquet, Arrow IPC or JSON Lines by ending; CSV and JSON Lines also packed
        (.gz, .bz2, .xz, .zst). A schema that mintmark stored in the file is used as it stands. Pictures
        from a folder of classes, a flat folder, or arrays in an .npz file (see ``docs/images.md``).
    target : str, optional
        The column to be predicted.
    kinds, roles : mapping by column, optional
        Taken instead of what would be inferred or is stored.
    personal : mapping by column, optional
        What of a person a column holds ("email", "phone", ...), taken instead of what is found;
        None or "none" where it holds nothing of the kind. Such columns are replaced by surrogates.
    locale : str, optional
        Language and country of the surrogates, e.g. "de_DE", in place of what the values show.
    schema : Schema, optional
        Used as it stands; columns are cast to its types.
    like : Schema, optional
        Of a table that this one is to be compared with: for a file that stores no schema, what is
        text there stays text here, and a column of the same type is taken for the same thing.
    delimiter, encoding, decimal, quote : str, optional
        For CSV; found where not given (encoding: UTF-8).
    columns : sequence of str, optional
        Read only these, in this order.
    drop : sequence of str, optional
        Leave these out, whatever they hold.
    split : str, optional
        Which part of an .npz file of several, e.g. "train" for `train_images` and `train_labels`.

    Raises
    ------
    InputError
        Anything wrong with the data; names file, column and row, and the remedy.

    Examples
    --------
    >>> data = read({"age": [31, 45, 62], "sex": ["f", "m", "f"]}, target="sex")
    >>> data.schema["age"].kind
    'integer'
    """
    kinds, roles, personal = dict(kinds or {}), dict(roles or {}), declared(personal)
    provenance: Mapping[str, Any] = {}
    if holds_images(source):
        with _named(source):
            source = read_images(source, split)
    elif split is not None:
        raise InputError("split= names a part of an .npz file, and this is none.")
    if isinstance(source, Dataset):
        table, provenance = _selected(source.table, columns, drop), source.provenance
        schema = schema or source.schema.select(table.column_names)
        stored: Schema | None = None
    else:
        texts = {column.name: "text" for column in schema or like or () if column.dtype == "string"}
        with _named(source):
            table = _table(source, {**kinds, **texts}, delimiter, encoding, decimal, quote)
        stored, provenance = _stored(table)
        table = _selected(table, columns, drop)
    for name in (target, *kinds, *roles, *personal):
        if name is not None and name not in table.column_names:
            raise UnknownNameError("column", name, table.column_names)
    coded = set(class_labels(table.schema.metadata)) | {
        field.name
        for field in table.schema
        if pa.types.is_dictionary(field.type) and pa.types.is_integer(field.type.value_type)
    }
    hints = {name: "category" for name in table.column_names if name in coded}
    if not table.num_rows and isinstance(source, (str, Path)):
        raise InputError(f"{Path(str(source)).name} has a header but no rows. Give at least one.")
    with _named(source):
        table = tidy(table)
    if schema is not None:
        return _edited(*_fitted(table, schema), provenance, target, kinds, roles, personal, locale)
    if stored is not None and (fitting := _matching(table, stored)) is not None:
        return _edited(*fitting, provenance, target, kinds, roles, personal, locale)
    _tell_empty(table)
    found = infer(
        table, target=target, kinds={**hints, **kinds}, roles=roles, personal=personal, locale=locale
    )
    if like is not None:
        alike = {
            column.name: column for column in like if column.name not in {target, *kinds, *roles, *personal}
        }
        pairs = [(column, alike.get(column.name, column)) for column in found]
        found = Schema(tuple(known if known.dtype == own.dtype else own for own, known in pairs))
    return Dataset(table, found, provenance if stored is not None else {})


@contextmanager
def _named(source: Any) -> Iterator[None]:
    """Errors about what a file holds begin with the file's name."""
    try:
        yield
    except InputError as error:
        name = Path(str(source)).name
        if not isinstance(source, (str, Path)) or name in str(error):
            raise
        raise InputError(f"{name}: {error}") from None


def _table(
    source: Any,
    kinds: Mapping[str, str],
    delimiter: str | None,
    encoding: str | None,
    decimal: str | None,
    quote: str,
) -> pa.Table:
    if isinstance(source, (str, Path)):
        table = read_file(
            source, kinds=kinds, delimiter=delimiter, encoding=encoding, decimal=decimal, quote=quote,
            check_names=check_names,
        )  # fmt: skip
    else:
        table = from_frame(source, kinds)
    table = unpacked(without_index(table))
    check_names(table.column_names)
    return table


def _stored(table: pa.Table) -> tuple[Schema | None, Mapping[str, Any]]:
    """Schema and provenance from the file's own metadata."""
    text = (table.schema.metadata or {}).get(METADATA)
    if text is None:
        return None, {}
    try:
        record = json.loads(text)
        return Schema.from_json(record["schema"]), record.get("provenance", {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("the schema stored in the file is damaged. Write the file again.") from None


def _selected(table: pa.Table, columns: Sequence[str] | None, drop: Sequence[str]) -> pa.Table:
    for name in drop:
        if name not in table.column_names:
            raise UnknownNameError("column", name, table.column_names)
    table = table.drop_columns(list(drop)) if drop else table
    if columns is None:
        return table
    if isinstance(columns, str):
        raise InputError(f"columns must be a list of names, e.g. columns=[{columns!r}].")
    for name in columns:
        if name not in table.column_names:
            raise UnknownNameError("column", name, table.column_names)
    check_names(list(columns))
    return table.select(list(columns))


def _matching(table: pa.Table, stored: Schema) -> tuple[pa.Table, Schema] | None:
    """Table and stored schema for the columns that are there; None where another tool changed them."""
    if not set(table.column_names) <= set(stored.names):
        return None
    schema = stored.select(table.column_names)
    wanted = schema.arrow
    for kept, meant in zip(table.schema.types, wanted.types, strict=True):
        # Parquet has no seconds and no date64: it widens them
        if kept != meant and not (pa.types.is_temporal(kept) and pa.types.is_temporal(meant)):
            return None
    try:
        return table.cast(wanted), schema
    except pa.ArrowInvalid:
        return None


def _fitted(table: pa.Table, schema: Schema) -> tuple[pa.Table, Schema]:
    """The table in the given schema's order and types."""
    for name in table.column_names:
        if name not in schema:
            raise UnknownNameError("column", name, schema.names)
    for name in schema.names:
        if name not in table.column_names:
            raise UnknownNameError("column", name, table.column_names)
    schema = schema.select(table.column_names)
    for index, column in enumerate(schema):
        kind = arrow_type(column.dtype)
        if table[column.name].type != kind:
            try:
                cast = retyped(table[column.name], kind)
            except pa.ArrowException:
                raise InputError(
                    f"column {column.name!r} holds {table[column.name].type}, its schema says {column.dtype}."
                ) from None
            table = table.set_column(index, pa.field(column.name, kind), cast)
        check_kind(table[column.name], column)
    return table, schema


def retyped(array: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The values as another Arrow type; a number becomes a duration of so many seconds.

    Raises
    ------
    pyarrow.ArrowException
        If some value has no equal of that type.
    """
    if pa.types.is_duration(kind) and (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        units = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        array = pc.round(pc.multiply(array.cast(pa.float64()), float(units))).cast(pa.int64())
    return array.cast(kind)


def _edited(
    table: pa.Table,
    schema: Schema,
    provenance: Mapping[str, Any],
    target: str | None,
    kinds: Mapping[str, str],
    roles: Mapping[str, str | Sequence[str]],
    personal: Mapping[str, str | None],
    locale: str | None,
) -> Dataset:
    for name, kind in kinds.items():
        if schema[name].kind != kind:
            kept = schema[name].roles
            fresh = infer(table.select([name]), kinds={name: kind}, roles={name: kept})[name]
            columns = tuple(fresh if column.name == name else column for column in schema)
            schema = Schema(columns, schema.checks)
    for name, given in roles.items():
        schema = schema.edit(name, roles=(given,) if isinstance(given, str) else tuple(given))
    schema = _with_personal(table, schema, personal, locale)
    if target is not None and schema.with_role("target") != [target]:
        columns = tuple(
            replace(
                column,
                roles=(
                    *(role for role in column.roles if role != "target"),
                    *(("target",) if column.name == target else ()),
                ),
            )
            for column in schema
        )
        schema = Schema(columns, schema.checks)
    return Dataset(table, schema, provenance)


def _with_personal(
    table: pa.Table, schema: Schema, personal: Mapping[str, str | None], locale: str | None
) -> Schema:
    for name, held in personal.items():
        check_personal(held, locale, f"column {name!r}")
        fresh = infer(table.select([name]), personal={name: held}, locale=locale or schema[name].locale)[name]
        fresh = replace(fresh, roles=schema[name].roles)
        schema = Schema(tuple(fresh if column.name == name else column for column in schema), schema.checks)
    check_personal(None, locale, "the personal columns")
    for name in [column.name for column in schema if column.personal and locale]:
        schema = schema.edit(name, locale=locale)
    return schema


def _tell_empty(table: pa.Table) -> None:
    empty = [name for name in table.column_names if table[name].null_count == table.num_rows]
    if empty:
        _log.warning("every value is missing in %s", first_three(map(repr, empty)))
