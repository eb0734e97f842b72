"""Matrices as resamplers see them, and with new rows after their own: numpy, lists, scipy sparse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mintmark.errors import InputError
from mintmark.resample.imblearn._columns import as_codes

__all__ = ["Matrix", "dense"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
Blocks = Iterable[tuple[Floats, Codes]]
_LARGEST = 0.5  # share of the machine's memory that a sparse matrix may take when it is made dense


@dataclass(frozen=True)
class Matrix:
    """One matrix.

    Parameters
    ----------
    container : object
        As it was given.
    cells : array, shape (n, columns)
        The same, dense; the very array that was given, where it was one.
    numbers : array of float, shape (n, numbers)
        `cells` itself where all its columns are floats.
    codes : array of int32, shape (n, codes)
    sizes : tuple of int
        Categories of each column of codes.
    stands : tuple of array
        For each column of codes a row that holds each category, and one that holds none at the end.
    discrete : array of bool, shape (columns,)
    """

    container: Any
    cells: npt.NDArray[Any]
    numbers: npt.NDArray[Any]
    codes: Codes
    sizes: tuple[int, ...]
    stands: tuple[npt.NDArray[np.int64], ...]
    discrete: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, container: Any, discrete: npt.NDArray[np.bool_] | None) -> Matrix:
        """A matrix, of whose columns some are categories: those named, or all of a boolean one.

        Raises
        ------
        InputError
            If it is no matrix of numbers, or a sparse one too large to be made dense.
        """
        cells = dense(container)
        if discrete is None:
            discrete = np.full(cells.shape[1], cells.dtype.kind == "b")
        coded = [as_codes(cells[:, at], f"column {at}") for at in np.flatnonzero(discrete)]
        codes = np.stack([found.codes for found in coded], axis=1) if coded else None
        return cls(
            container,
            cells,
            _numbers(cells, discrete),
            np.empty((len(cells), 0), dtype=np.int32) if codes is None else codes,
            tuple(len(found.stands) - 1 for found in coded),
            tuple(found.stands for found in coded),
            discrete,
        )

    def grown(self, blocks: Blocks, added: int) -> Any:
        """The matrix and `added` new rows after it, in the same container and dtype.

        Parameters
        ----------
        blocks : iterable of (numbers, codes)
            New rows, together `added`.
        """
        kept = 0 if sparse.issparse(self.container) else len(self.cells)
        out = np.empty((kept + added, self.cells.shape[1]), dtype=self.cells.dtype, order=_order(self.cells))
        out[:kept] = self.cells[:kept]
        numeric, at = not self.discrete.any(), kept
        for numbers, codes in blocks:
            into = out[at : at + len(numbers)]
            if numeric:
                into[:] = _fitting(numbers, out.dtype)
            else:
                into[:, ~self.discrete] = _fitting(numbers, out.dtype)
            for column, which in enumerate(np.flatnonzero(self.discrete)):
                into[:, which] = self.cells[self.stands[column][codes[:, column]], which]
            at += len(numbers)
        if sparse.issparse(self.container):
            new = type(self.container)(out)
            return sparse.vstack([self.container, new], format=self.container.format, dtype=out.dtype)
        return out.tolist() if isinstance(self.container, (list, tuple)) else out


def dense(container: Any) -> npt.NDArray[Any]:
    """The cells of a matrix.

    Raises
    ------
    InputError
        If it has not two dimensions and a column, or is a sparse one too large to be made dense.
    """
    if sparse.issparse(container):
        n, width = container.shape
        size, memory = n * width * container.dtype.itemsize, _memory()
        if size > _LARGEST * memory:
            raise InputError(
                f"X is sparse and would take {size / 1e9:,.0f} GB when dense, on a machine of "
                f"{memory / 1e9:,.0f} GB. Reduce its columns (TruncatedSVD), or resample fewer rows."
            )
        return np.asarray(container.toarray())
    try:
        cells = np.asarray(container)
    except ValueError:
        raise InputError("X has rows of different lengths. Give each row as many values.") from None
    if cells.ndim != 2:
        raise InputError(
            f"X has shape {cells.shape}. Give a matrix: rows, and columns (reshape(-1, 1) for one)."
        )
    if not cells.shape[1]:
        raise InputError(
            f"X has 0 feature(s) (shape={cells.shape}) while a minimum of 1 is required: there is nothing to "
            "make rows of."
        )
    return cells


def _memory() -> float:
    """Bytes of memory of this machine, infinite where it does not say."""
    import os

    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return float("inf")


def _numbers(cells: npt.NDArray[Any], discrete: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The numeric columns; float64 and float32 as they are, so that nothing is copied."""
    if cells.dtype.kind == "c":
        raise InputError("Complex data not supported: X holds complex numbers. Give their parts as columns.")
    if cells.dtype.kind in "mM":
        raise InputError(f"X holds {cells.dtype}; a matrix holds numbers. Give dates in a DataFrame.")
    part = cells[:, ~discrete] if discrete.any() else cells
    if part.dtype in (np.float64, np.float32):
        return part
    try:
        return part.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(
            "X holds text. Give a DataFrame, in which text is understood as categories, or name the columns: "
            "SMOTENC(categorical_features=[...]), or SMOTEN where all are."
        ) from None


def _order(cells: npt.NDArray[Any]) -> Any:
    return "F" if cells.flags.f_contiguous and not cells.flags.c_contiguous else "C"


def _fitting(numbers: Floats, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Numbers as the dtype can hold them: whole ones rounded and within its range."""
    if dtype.kind not in "iu":
        return numbers
    info = np.iinfo(dtype)
    # float64 cannot hold 2**63 - 1: the largest double below it keeps the cast in range
    top = np.nextafter(float(info.max), 0.0) if info.bits == 64 else float(info.max)
    return np.clip(np.rint(numbers), float(info.min), top)
