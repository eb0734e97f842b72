"""Squared distances of a few rows to a panel of others, held in registers: the innermost loop of all searches.

What a matrix product would write to memory and read again to be compared is compared at once. numba's own
loops keep no more than a vector at a time, so the loop is written as LLVM's instructions, for any processor.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["ROWS", "lanes", "tile"]

_WIDE = bool(llvm.get_host_cpu_features().get("avx512f"))
_BITS = 512 if _WIDE else 256
_VECTORS = 4 if _WIDE else 2  # with `ROWS` all sums fit the registers, and hide how long each takes
ROWS = 4
"""Rows whose distances are found at once."""


def lanes(bits: int) -> int:
    """References in a panel, for numbers of so many bits."""
    return _VECTORS * _BITS // bits


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def tile(
    context: Any,
    rows: Any,
    first: Any,
    panels: Any,
    panel: Any,
    norms: Any,
    panel_norms: Any,
    worst: Any,
    column_worst: Any,
    column: Any,
    out: Any,
) -> Any:
    """Squared distances of rows `first`.. + 4 to one panel, and which of them matter.

    Parameters
    ----------
    rows : array, shape (a multiple of 4, width)
    first, panel : int
    panels : array, shape (panels, width, lanes)
        References, each panel column by column, times -2.
    norms, panel_norms : array, shape (rows,) and (panels * lanes,)
        Squared lengths.
    worst : array, shape (rows,)
        What a distance must be below to matter to the row.
    column_worst : array
        From `column` on, the same of each reference.
    out : array, shape (4, lanes)
        The distances; written.

    Returns
    -------
    int
        Bit i is set where any distance of row i matters to it, bit 4 where any matters to a reference.
    """
    bits = rows.dtype.bitwidth
    signature = types.int64(
        rows, first, panels, panel, norms, panel_norms, worst, column_worst, column, out
    )  # fmt: skip

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        held = dict(zip(_NAMES, zip(signature.args, given, strict=True), strict=True))
        arrays = {
            name: context.make_array(kind)(context, builder, value)
            for name, (kind, value) in held.items()
            if isinstance(kind, types.Array)
        }
        at = {
            name: context.cast(builder, value, kind, types.int64)
            for name, (kind, value) in held.items()
            if not isinstance(kind, types.Array)
        }
        return _Tile(context, builder, bits, arrays, at).code()

    return signature, code


_NAMES = (
    "rows", "first", "panels", "panel", "norms", "panel_norms", "worst", "column_worst", "column", "out",
)  # fmt: skip
_INT = ir.IntType(64)


class _Tile:
    """The instructions of one tile."""

    def __init__(self, context: Any, builder: Any, bits: int, arrays: dict[str, Any], at: dict[str, Any]):
        self.builder, self.arrays, self.at = builder, arrays, at
        self.lanes, self.bytes = _BITS // bits, bits // 8
        self.one = ir.FloatType() if bits == 32 else ir.DoubleType()
        self.vector = ir.VectorType(self.one, self.lanes)
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fmuladd.v{self.lanes}f{bits}"
        self.fmuladd = cgutils.get_or_insert_function(builder.module, kind, name)
        self.width = cgutils.unpack_tuple(builder, arrays["panels"].shape)[1]

    def code(self) -> Any:
        builder, size = self.builder, _VECTORS * self.lanes
        sums = self._products()
        begin = builder.mul(self.at["panel"], _INT(size))
        theirs = [self._vector("panel_norms", self._plus(begin, v)) for v in range(_VECTORS)]
        bounds = [self._vector("column_worst", self._plus(self.at["column"], v)) for v in range(_VECTORS)]
        found, below = _INT(0), []
        for row in range(ROWS):
            place = builder.add(self.at["first"], _INT(row))
            own, worst = self._spread("norms", place), self._spread("worst", place)
            mine = []
            for v in range(_VECTORS):
                value = builder.fadd(builder.fadd(sums[row][v], theirs[v]), own)
                self._store(value, row * size + v * self.lanes)
                mine.append(builder.fcmp_ordered("<", value, worst))
                below.append(builder.fcmp_ordered("<", value, bounds[v]))
            found = builder.or_(found, self._any(mine, row))
        return builder.or_(found, self._any(below, ROWS))

    def _products(self) -> list[list[Any]]:
        """For each row its products with the references, `_VECTORS` of them, summed over the columns."""
        builder, zero = self.builder, ir.Constant(self.vector, [0.0] * self.lanes)
        size = _VECTORS * self.lanes
        start = builder.mul(builder.mul(self.at["panel"], self.width), _INT(size))
        lines = [
            builder.mul(builder.add(self.at["first"], _INT(row)), self.width) for row in range(ROWS)
        ]  # fmt: skip
        before, body, after = (
            builder.basic_block, builder.append_basic_block("column"), builder.append_basic_block("summed"),
        )  # fmt: skip
        builder.branch(body)
        builder.position_at_end(body)
        column = builder.phi(_INT)
        sums = [[builder.phi(self.vector) for _ in range(_VECTORS)] for _ in range(ROWS)]
        here = builder.add(start, builder.mul(column, _INT(size)))
        theirs = [self._vector("panels", self._plus(here, v)) for v in range(_VECTORS)]
        more = []
        for line, row in zip(lines, sums, strict=True):
            own = self._spread("rows", builder.add(line, column))
            more.append([builder.call(self.fmuladd, [own, theirs[v], row[v]]) for v in range(_VECTORS)])
        following = builder.add(column, _INT(1))
        for value, start_value, later in [
            (column, _INT(0), following),
            *((row[v], zero, new[v]) for row, new in zip(sums, more, strict=True) for v in range(_VECTORS)),
        ]:
            value.add_incoming(start_value, before)
            value.add_incoming(later, body)
        builder.cbranch(builder.icmp_signed("<", following, self.width), body, after)
        builder.position_at_end(after)
        return more

    def _plus(self, place: Any, vectors: int) -> Any:
        return self.builder.add(place, _INT(vectors * self.lanes))

    def _at(self, name: str, place: Any) -> Any:
        return self.builder.gep(self.arrays[name].data, [place])

    def _vector(self, name: str, place: Any) -> Any:
        where = self.builder.bitcast(self._at(name, place), self.vector.as_pointer())
        return self.builder.load(where, align=self.bytes)

    def _store(self, value: Any, place: int) -> None:
        where = self.builder.bitcast(self._at("out", _INT(place)), self.vector.as_pointer())
        self.builder.store(value, where, align=self.bytes)

    def _spread(self, name: str, place: Any) -> Any:
        """One number in all lanes."""
        none = ir.Constant(self.vector, ir.Undefined)
        number = self.builder.load(self._at(name, place))
        single = self.builder.insert_element(none, number, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(single, none, zeros)

    def _any(self, lanes_below: list[Any], bit: int) -> Any:
        """The bit, set where any lane is."""
        both = lanes_below[0]
        for more in lanes_below[1:]:
            both = self.builder.or_(both, more)
        whole = self.builder.bitcast(both, ir.IntType(self.lanes))
        some = self.builder.icmp_unsigned("!=", whole, ir.IntType(self.lanes)(0))
        return self.builder.shl(self.builder.zext(some, _INT), _INT(bit))
