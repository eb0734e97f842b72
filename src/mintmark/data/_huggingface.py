"""Media as Hugging Face `datasets` keeps them in Parquet: a struct of bytes and path, told in metadata.

There a column is loaded as pictures only where it is ``struct<bytes: binary, path: string>`` and the
file's metadata names it so. In memory a picture is its bytes alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.schema import Schema
from mintmark.errors import InputError

__all__ = ["class_labels", "packed", "told", "unpacked"]

_KEY = b"huggingface"
_STRUCT = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def packed(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The table with the bytes of these columns in structs."""
    for name in names:
        chunks = [
            pa.StructArray.from_arrays(
                [chunk, pa.nulls(len(chunk), pa.string())], fields=list(_STRUCT), mask=chunk.is_null()
            )
            for chunk in table[name].chunks
        ]
        at = table.column_names.index(name)
        table = table.set_column(at, pa.field(name, _STRUCT), pa.chunked_array(chunks, _STRUCT))
    return table


def told(schema: Schema) -> tuple[list[str], dict[bytes, bytes]]:
    """Names of the columns of pictures, and the metadata that says so to `datasets`."""
    names = [column.name for column in schema if column.kind == "image" and column.dtype == "binary"]
    features = {name: {"_type": "Image"} for name in names}
    record = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return names, {_KEY: record.encode()} if names else {}


def unpacked(table: pa.Table) -> pa.Table:
    """The table with each struct of bytes and path as its bytes; paths, where there are any, beside it.

    Raises
    ------
    InputError
        If a cell has a path and no bytes: a file that a table names is never opened.
    """
    for name in table.column_names:
        if not _is_media(table[name].type):
            continue
        content, paths = (pc.struct_field(table[name], part) for part in ("bytes", "path"))
        bare = pc.and_(content.is_null(), paths.is_valid())
        if pc.any(bare).as_py():
            row = pc.index(bare, True).as_py()
            raise InputError(
                f"column {name!r}, row {row + 1:,} of {len(table):,}: the name of a file, and not what is in "
                "it. Put the files into the table first (datasets.table.embed_table_storage)."
            )
        at = table.column_names.index(name)
        table = table.set_column(at, name, content)
        if paths.null_count < len(paths):
            beside = f"{name}_file" if "file" in table.column_names else "file"
            table = table.add_column(at + 1, beside, paths)
    return table


def _is_media(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind) or {field.name for field in kind} != {"bytes", "path"}:
        return False
    content = kind.field("bytes").type
    return bool(pa.types.is_binary(content) or pa.types.is_large_binary(content))


def class_labels(metadata: Mapping[bytes, bytes] | None) -> list[str]:
    """Columns that `datasets` declared to be numbers of classes."""
    try:
        features = json.loads((metadata or {})[_KEY])["info"]["features"]
        return [name for name, feature in features.items() if feature.get("_type") == "ClassLabel"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
