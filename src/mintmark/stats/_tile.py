"""Squared distances of a few rows to a panel of others, held in registers: the innermost loop of a search.

What a matrix product would write to memory and read again to be compared is compared at once. numba's own
loops hold no more than one vector at a time, so this one is written as LLVM's instructions, which suit any
processor: where its vectors are shorter, LLVM takes several for one.
"""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from mintmark.stats.compiled import compiled

__all__ = ["lanes", "meet"]

Ints = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
_WIDE = bool(llvm.get_host_cpu_features().get("avx512f"))
_BITS = 512 if _WIDE else 256
_VECTORS = (
    4 if _WIDE else 2
)  # with `_ROWS`, sums for all registers but a few: enough to hide how long each takes
_ROWS = 4  # whose distances are found at once
_NEAR = 128  # rows that meet a panel before others do: they stay in the first cache
_INT = ir.IntType(64)
_TAKEN = (
    "rows", "first", "panels", "panel", "norms", "panel_norms", "worst", "column_worst", "column",
    "out", "hits",
)  # fmt: skip


def lanes(bits: int) -> int:
    """References in a panel, for numbers of so many bits."""
    return _VECTORS * _BITS // bits


def _tile(
    context: Any, rows: Any, first: Any, panels: Any, panel: Any, norms: Any, panel_norms: Any,
    worst: Any, column_worst: Any, column: Any, out: Any, hits: Any,
) -> Any:  # fmt: skip
    """Squared distances of rows `first` to `first` + 3 to one panel, and which of them matter.

    Parameters
    ----------
    rows : array, shape (n, width)
    first, panel : int
    panels : array, shape (panels, width, lanes)
        References times -2, each panel column by column.
    norms, panel_norms : array, shape (n,) and (panels * lanes,)
        Squared lengths.
    worst : array, shape (n,)
        What a distance must be below to matter to the row.
    column_worst : array
        From `column` on, the same of each reference of the panel.
    column : int
    out : array, shape (4, lanes)
        The distances; written where any matters.
    hits : array of int64, shape (4,)
        For each row a bit for each distance that matters to one of the two; written as `out`.

    Returns
    -------
    bool
        Whether any distance matters.
    """
    taken = (rows, first, panels, panel, norms, panel_norms, worst, column_worst, column, out, hits)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        arrays, numbers = {}, {}
        for name, kind, value in zip(_TAKEN, signature.args, given, strict=True):
            if isinstance(kind, types.Array):
                arrays[name] = context.make_array(kind)(context, builder, value)
            else:
                numbers[name] = context.cast(builder, value, kind, types.int64)
        return _Code(builder, rows.dtype.bitwidth, arrays, numbers).written()

    return types.boolean(*taken), code


class _Code:
    """The instructions of one tile."""

    def __init__(self, builder: Any, bits: int, arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
        self.builder, self.arrays, self.numbers = builder, arrays, numbers
        self.lanes, self.bytes = _BITS // bits, bits // 8
        self.vector = ir.VectorType(ir.FloatType() if bits == 32 else ir.DoubleType(), self.lanes)
        self.width = builder.extract_value(arrays["panels"].shape, 1)
        name = f"llvm.fmuladd.v{self.lanes}f{bits}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self.fmuladd = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)

    def written(self) -> Any:
        sums, begin = self._products(), self._times(self.numbers["panel"], _VECTORS * self.lanes)
        theirs = self._vectors("panel_norms", begin)
        bounds = self._vectors("column_worst", self.numbers["column"])
        values, below = [], []
        for row in range(_ROWS):
            place = self._plus(self.numbers["first"], row)
            own, worst = self._spread("norms", place), self._spread("worst", place)
            for v in range(_VECTORS):
                # lengths last: were they added first, every product would be rounded as coarsely as they are
                values.append(self.builder.fadd(self.builder.fadd(sums[row][v], theirs[v]), own))
                mine, their = (self.builder.fcmp_ordered("<", values[-1], far) for far in (worst, bounds[v]))
                below.append(self.builder.or_(mine, their))
        none = ir.IntType(self.lanes)(0)
        some = self.builder.icmp_unsigned("!=", self._bits(functools.reduce(self.builder.or_, below)), none)
        with self.builder.if_then(some, likely=False):
            for place, value in enumerate(values):
                self.builder.store(value, self._at("out", _INT(place * self.lanes)), align=self.bytes)
            for row in range(_ROWS):
                self._mark(row, below[row * _VECTORS : (row + 1) * _VECTORS])
        return some

    def _products(self) -> list[list[Any]]:
        """For each row its products with the panel's references, summed over the columns: vectors."""
        builder = self.builder
        size, zero = _VECTORS * self.lanes, ir.Constant(self.vector, [0.0] * self.lanes)
        start = self._times(builder.mul(self.numbers["panel"], self.width), size)
        lines = [builder.mul(self._plus(self.numbers["first"], row), self.width) for row in range(_ROWS)]
        before, body, after = (builder.block, *map(builder.append_basic_block, ("column", "summed")))
        builder.branch(body)
        builder.position_at_end(body)
        column = builder.phi(_INT)
        sums = [[builder.phi(self.vector) for _ in range(_VECTORS)] for _ in range(_ROWS)]
        theirs = self._vectors("panels", builder.add(start, self._times(column, size)))
        more = []
        for line, row in zip(lines, sums, strict=True):
            own = self._spread("rows", builder.add(line, column))
            more.append([builder.call(self.fmuladd, [own, *pair]) for pair in zip(theirs, row, strict=True)])
        following = self._plus(column, 1)
        carried = [(column, _INT(0), following)]
        carried += [
            (was, zero, new) for row in zip(sums, more, strict=True) for was, new in zip(*row, strict=True)
        ]
        for value, first, later in carried:
            value.add_incoming(first, before)
            value.add_incoming(later, body)
        builder.cbranch(builder.icmp_signed("<", following, self.width), body, after)
        builder.position_at_end(after)
        return more

    def _plus(self, value: Any, number: int) -> Any:
        return self.builder.add(value, _INT(number))

    def _times(self, value: Any, number: int) -> Any:
        return self.builder.mul(value, _INT(number))

    def _at(self, name: str, place: Any) -> Any:
        """Where a vector of this array begins."""
        number = self.builder.gep(self.arrays[name].data, [place])
        return self.builder.bitcast(number, self.vector.as_pointer())

    def _vectors(self, name: str, place: Any) -> list[Any]:
        places = [self._plus(place, v * self.lanes) for v in range(_VECTORS)]
        return [self.builder.load(self._at(name, one), align=self.bytes) for one in places]

    def _spread(self, name: str, place: Any) -> Any:
        """One number in all lanes."""
        none = ir.Constant(self.vector, ir.Undefined)
        number = self.builder.load(self.builder.gep(self.arrays[name].data, [place]))
        single = self.builder.insert_element(none, number, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(single, none, zeros)

    def _bits(self, below: Any) -> Any:
        """A bit for each lane."""
        return self.builder.bitcast(below, ir.IntType(self.lanes))

    def _mark(self, row: int, below: list[Any]) -> None:
        whole = _INT(0)
        for v, part in enumerate(below):
            bits = self.builder.shl(self.builder.zext(self._bits(part), _INT), _INT(v * self.lanes))
            whole = self.builder.or_(whole, bits)
        self.builder.store(whole, self.builder.gep(self.arrays["hits"].data, [_INT(row)]))


def _lowest(context: Any, bits: Any) -> Any:
    """Place of the lowest bit that is set, of an int64 that is not 0."""
    return types.int64(types.int64), lambda _, builder, __, given: builder.cttz(given[0], ir.IntType(1)(1))


# one file holds all: what numba keeps of a loop is made anew where this file changes, and no other
tile: Any = intrinsic(_tile)
lowest: Any = intrinsic(_lowest)


@compiled
def _put(value: float, place: int, row: int, worst: Array, best: Array, where: Ints) -> None:
    """Insert a value below the greatest kept one; of equal ones the first stays first."""
    at = best.shape[1] - 1
    while at > 0 and best[row, at - 1] > value:
        best[row, at] = best[row, at - 1]
        where[row, at] = where[row, at - 1]
        at -= 1
    best[row, at] = value
    where[row, at] = place
    worst[row] = best[row, best.shape[1] - 1]


@compiled
def meet(
    flat: Array,
    norms: Array,
    wide: Ints,
    panels: Array,
    panel_norms: Array,
    panel_wide: Ints,
    start: int,
    paired: bool,
    worst: Array,
    best: Array,
    where: Ints,
) -> None:
    """Put distances to references among the least so far of each row, and, paired, of each reference.

    Parameters
    ----------
    flat, norms, wide, worst, best, where
        Of every row; `worst` is the last of `best`.
    panels, panel_norms, panel_wide
        As `tile` takes them, of references `start`, `start` + 1, ...
    paired : bool
        The references are rows of `flat`, and none is its own.
    """
    size = panels.shape[2]
    out, hits = np.empty((_ROWS, size), dtype=flat.dtype), np.empty(_ROWS, dtype=np.int64)
    none = np.full(size, -np.inf, dtype=flat.dtype)
    for begin in range(0, start + panels.shape[0] * size if paired else flat.shape[0], _NEAR):
        for panel in range(panels.shape[0]):
            place = start + panel * size
            last = min(begin + _NEAR, place + size if paired else flat.shape[0])
            for first in range(begin, last, _ROWS):
                both = paired and first < place
                bounds, column = (worst, place) if both else (none, 0)
                if not tile(flat, first, panels, panel, norms, panel_norms, worst, bounds, column, out, hits):
                    continue
                for i in range(_ROWS):
                    row, left = first + i, hits[i]
                    while left:
                        j = lowest(left)
                        left &= left - 1
                        other, value = place + j, out[i, j]
                        for c in range(wide.shape[1]):
                            value += wide[row, c] != panel_wide[panel * size + j, c]
                        if value < worst[row] and not (paired and row == other):
                            _put(value, other, row, worst, best, where)
                        if both and value < worst[other]:
                            _put(value, row, other, worst, best, where)
