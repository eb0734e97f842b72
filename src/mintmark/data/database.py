"""Database: named tables and the foreign keys between them.

The first key of a table says whose its rows are: followed upwards it ends at the root, and a root
row with all that hangs on it is a family, the unit of splitting and of privacy. Tables that other
keys point at from outside (films, shops) belong to nobody and are shared.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._files import parts
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.streams import stream
from mintmark.data.write import write
from mintmark.errors import InputError, OutputError, UnknownNameError, first_three

__all__ = ["Database", "ForeignKey", "read_database"]

Ints = npt.NDArray[np.int64]
RECORD = "database.json"


@dataclass(frozen=True)
class ForeignKey:
    """`child`.`column` holds values of `parent`.`key`."""

    child: str
    column: str
    parent: str
    key: str

    def __str__(self) -> str:
        return f"{self.child}.{self.column}"


@dataclass(frozen=True, eq=False)
class Database:
    """Tables that refer to each other; immutable.

    Parameters
    ----------
    tables : mapping of name to Dataset
    keys : mapping
        ``{"child.column": "parent.key"}``. The first one of a table says whose its rows are.

    Raises
    ------
    InputError
        If a table is no Dataset or its name no plain one, a key of a parent is missing or not unique, the
        types of both ends differ, or tables refer to each other in a circle. Whole numbers stored as double
        are integers here. That a child's value has no parent is no error: it is counted by the score
        `referential_integrity`.
    UnknownNameError
        If a table or column does not exist.
    """

    tables: Mapping[str, Dataset]
    keys: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("tables", "keys"):
            if not isinstance(given := getattr(self, name), Mapping):
                raise InputError(f"{name} of a database must be a mapping, not {type(given).__name__}.")
            object.__setattr__(self, name, MappingProxyType(dict(given)))
        if not self.tables:
            raise InputError("a database needs at least one table.")
        for name, data in self.tables.items():
            _check_table(name, data)
        for link in self.links:
            _check_key(self.tables[link.parent].table[link.key], link)
            child, parent = self._ends(link)
            if child.type != parent.type:
                raise InputError(
                    f"{link} is {child.type}, {link.parent}.{link.key} is {parent.type}: no value of "
                    "one equals one of the other. Give both the same type (kinds= when reading)."
                )
        self._check_circles()

    def _ends(self, link: ForeignKey) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """Both ends of a key, child's first, as they are compared."""
        return (
            _comparable(self.tables[link.child].table[link.column]),
            _comparable(self.tables[link.parent].table[link.key]),
        )

    def __getitem__(self, name: str) -> Dataset:
        if name not in self.tables:
            raise UnknownNameError("table", name, self.tables)
        return self.tables[name]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} ({len(data):,})" for name, data in self.tables.items())
        return f"Database of {sizes}; {len(self.keys)} foreign keys"

    @cached_property
    def links(self) -> tuple[ForeignKey, ...]:
        """The foreign keys, in the order given."""
        return tuple(
            ForeignKey(*self._place(child), *self._place(parent)) for child, parent in self.keys.items()
        )

    def _place(self, text: str) -> tuple[str, str]:
        if not isinstance(text, str):
            raise InputError(f'{text!r} is no key. Write keys as {{"child.column": "parent.key"}}.')
        name, dot, column = text.partition(".")
        if not dot:
            raise InputError(f'{text!r} names no column. Write keys as {{"child.column": "parent.key"}}.')
        if column not in self[name].schema:
            raise UnknownNameError(f"column of table {name!r}", column, self[name].names)
        return name, column

    def _check_circles(self) -> None:
        above: dict[str, set[str]] = {name: set() for name in self.tables}
        for link in self.links:
            above[link.child].add(link.parent)
        left = set(self.tables)
        while free := {name for name in left if not above[name] & left}:
            left -= free
        if left:
            inside = [str(link) for link in self.links if {link.child, link.parent} <= left]
            raise InputError(
                f"tables refer to each other in a circle, through {first_three(inside)}. Leave one of these "
                "keys out."
            )

    @cached_property
    def owners(self) -> Mapping[str, ForeignKey]:
        """For each table with keys its first one, which says whose its rows are."""
        return {link.child: link for link in reversed(self.links)}

    def root(self, name: str) -> str:
        """The table at which the first keys end, upwards from this one."""
        while name in self.owners:
            name = self.owners[name].parent
        return name

    @cached_property
    def shared(self) -> frozenset[str]:
        """Tables that belong to no family: a key that is not its table's first points into their tree."""
        roots = {
            self.root(link.parent) for link in self.links if self.root(link.parent) != self.root(link.child)
        }
        return frozenset(name for name in self.tables if self.root(name) in roots)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Tables whose rows begin a family."""
        return tuple(name for name in self.tables if name not in self.owners and name not in self.shared)

    def parents(self, link: ForeignKey) -> Ints:
        """For each child row the position of its parent row; -1 if missing, -2 if there is no such parent."""
        child, parent = (end.combine_chunks() for end in self._ends(link))
        at = pc.fill_null(pc.index_in(child, value_set=parent, skip_nulls=True), -2)
        at = pc.if_else(child.is_null(nan_is_null=True), -1, at)
        return np.asarray(at.to_numpy(zero_copy_only=False), dtype=np.int64)

    @cached_property
    def families(self) -> Mapping[str, Ints]:
        """For each table and row its family: the position of the root row.

        Rows without a parent are families of their own, numbered on from the rows of the root.
        """
        found: dict[str, Ints] = {}
        counts = {name: len(data) for name, data in self.tables.items()}

        def follow(name: str) -> Ints:
            if name not in found and name not in self.owners:
                found[name] = np.arange(counts[name])
            elif name not in found:
                link, root = self.owners[name], self.root(name)
                above, at = follow(link.parent), self.parents(link)
                alone = at < 0
                own = np.zeros(len(at), dtype=np.int64)
                own[~alone] = above[at[~alone]]
                own[alone] = counts[root] + np.arange(int(alone.sum()))
                counts[root] += int(alone.sum())
                found[name] = own
            return found[name]

        for name in self.tables:
            follow(name)
        return found

    def split(self, holdout: float = 0.2, *, seed: int = 0) -> tuple[Database, Database]:
        """Train and holdout: whole families on one side, shared tables on both.

        Parameters
        ----------
        holdout : float, 0 < holdout < 1
            Share of families held out, of each root.
        seed : int, >= 0

        Raises
        ------
        InputError
            If a side would be empty, or every table is shared.
        """
        if isinstance(holdout, bool) or not isinstance(holdout, (int, float)) or not 0 < holdout < 1:
            raise InputError(f"holdout must be a share between 0 and 1, not {holdout!r}.")
        self.need_roots()
        held = {root: self._held(root, holdout, seed) for root in self.roots}
        sides: list[dict[str, Dataset]] = []
        for wanted in (False, True):
            sides.append(
                {
                    name: data
                    if name in self.shared
                    else data.take(held[self.root(name)][self.families[name]] == wanted)
                    for name, data in self.tables.items()
                }
            )
        return Database(sides[0], self.keys), Database(sides[1], self.keys)

    def need_roots(self) -> None:
        """Refuse a database in which nothing belongs to anybody."""
        if not self.roots:
            raise InputError(
                f"every table ({first_three(self.tables)}) is shared, so no row belongs to anybody. Put the "
                "key that leads to the persons' table first among the keys of each table."
            )

    def _held(self, root: str, share: float, seed: int) -> npt.NDArray[np.bool_]:
        tree = [name for name in self.tables if self.root(name) == root]
        units = max(int(self.families[name].max(initial=-1)) + 1 for name in tree)
        wanted = round(share * units)
        if not 0 < wanted < units:
            side = "train" if wanted else "the holdout"
            raise InputError(
                f"{units:,} rows of {root!r} split at {share:g} leave {side} empty. "
                "Give more rows or another share."
            )
        held = np.zeros(units, dtype=bool)
        held[stream(seed, "split", root).permutation(units)[:wanted]] = True
        return held

    def write(self, folder: str | Path) -> None:
        """Write each table as ``name.parquet``, and the keys, into a folder that `read_database` reads.

        The folder appears whole or not at all; an earlier database of `write` there is replaced.

        Raises
        ------
        OutputError
            If the folder holds anything else, or cannot be written.
        """
        folder = Path(folder)
        _check_free(folder)
        place = folder.absolute()
        made, earlier = (place.with_name(f".{place.name}.{what}") for what in ("partial", "earlier"))
        try:
            for left in (made, earlier):
                shutil.rmtree(left, ignore_errors=True)
            made.mkdir(parents=True)
            files = {name: f"{name}.parquet" for name in self.tables}
            for name, data in self.tables.items():
                write(data, made / files[name])
            text = json.dumps({"tables": files, "keys": dict(self.keys)}, indent=2, ensure_ascii=False)
            (made / RECORD).write_text(text + "\n", encoding="utf-8")
            if place.exists():
                os.replace(place, earlier)
            os.replace(made, place)
            shutil.rmtree(earlier, ignore_errors=True)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error.strerror or error}.") from None
        finally:
            shutil.rmtree(made, ignore_errors=True)


def read_database(folder: str | Path, keys: Mapping[str, str] | None = None) -> Database:
    """A database from a folder of CSV, Parquet, Arrow or JSON Lines files, one a table.

    Parameters
    ----------
    folder : str or Path
    keys : mapping, optional
        ``{"child.column": "parent.key"}``; the tables that they name are read. If None, what
        `Database.write` wrote into the folder.

    Raises
    ------
    InputError
        If a table has no file or two, or no keys are given.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. Give one that holds a file for each table.")
    if keys is None:
        return _stored(folder)
    ends = [end.partition(".")[0] for both in keys.items() for end in both]
    if not ends:
        raise InputError(
            'keys={} names no table. Give {"child.column": "parent.key"}, leave keys away for what '
            "Database.write wrote, or read tables without keys one by one into mintmark.Database."
        )
    files: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        with contextlib.suppress(InputError):
            parts(file.name)
            files.setdefault(file.name.partition(".")[0], []).append(file)
    for name in ends:
        if name not in files:
            raise UnknownNameError(f"table in {folder}", name, files)
        if len(files[name]) > 1:
            raise InputError(f"{folder} holds {len(files[name])} files of table {name!r}. Leave one there.")
    return Database({name: read(files[name][0]) for name in dict.fromkeys(ends)}, keys)


def _stored(folder: Path) -> Database:
    """The database that `Database.write` wrote into the folder."""
    try:
        record = _record(folder)
    except FileNotFoundError:
        raise InputError(
            f'{folder} says nothing of foreign keys. Give keys={{"child.column": "parent.key"}}.'
        ) from None
    tables = {name: read(folder / file) for name, file in record["tables"].items()}
    return Database(tables, record["keys"])


def _record(folder: Path) -> dict[str, dict[str, str]]:
    """Files of the tables and keys, as `Database.write` noted them; files of this folder only."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        tables, keys = dict(record["tables"]), dict(record["keys"])
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no record of a database that mintmark wrote: {error}.") from None
    for name, file in tables.items():
        if file != f"{name}.parquet" or Path(file).name != file:
            raise InputError(f"{path} is no record of a database that mintmark wrote: it names {file!r}.")
    return {"tables": tables, "keys": keys}


def _check_free(folder: Path) -> None:
    """Refuse a place that holds anything but an earlier database."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file. Give a folder for the tables.")
    held = {path.name for path in folder.iterdir()}
    ours = {RECORD, *_record(folder)["tables"].values()} if RECORD in held else set()
    if other := sorted(held - ours):
        raise OutputError(
            f"{folder} holds other files ({first_three(other)}), not overwritten. Give a new folder."
        )


def _check_table(name: object, data: object) -> None:
    if not isinstance(name, str) or not name.strip() or any(c in "./\\" or not c.isprintable() for c in name):
        raise InputError(
            f"{name!r} is no name of a table: text without dot or slash, since keys are written table.column "
            "and files are named after tables. Give it another name."
        )
    if not isinstance(data, Dataset):
        raise InputError(
            f"table {name!r} is {type(data).__name__}, no Dataset. Read it first: mintmark.read(...)."
        )


def _check_key(array: pa.ChunkedArray, link: ForeignKey) -> None:
    where = f"key {link.key!r} of table {link.parent!r}, to which {link} points,"
    missing = np.asarray(array.combine_chunks().is_null(nan_is_null=True))
    if missing.any():
        raise InputError(
            f"{where} is missing in row {int(np.argmax(missing)) + 1} ({int(missing.sum())} such rows). Fill "
            "it in or leave the rows out."
        )
    counts = array.value_counts()
    twice = pc.greater(counts.field("counts"), 1)
    if pc.any(twice).as_py():
        values = counts.field("values").filter(twice).to_pylist()
        raise InputError(
            f"{where} is not unique: {first_three(map(repr, values))} occurs more than once. Name a column "
            "that tells the rows apart, or leave the rows out that repeat it."
        )


def _comparable(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """A key's values in the type in which two ends are compared: widths do not matter, sorts do.

    Whole numbers stored as double are integers: so pandas writes a key of which some are missing.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _comparable(array.cast(kind.value_type))
    if pa.types.is_integer(kind):
        return array.cast(pa.int64())
    if pa.types.is_floating(kind):
        known = pc.if_else(pc.is_nan(array), None, array)
        with contextlib.suppress(pa.ArrowInvalid):  # one of them is not whole
            return known.cast(pa.int64())
        return array.cast(pa.float64())
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return array.cast(pa.large_string()) if text else array
