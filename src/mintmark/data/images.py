"""Pictures in a table: encoded bytes in a binary column, made into pixels only where pixels are needed.

PNG, JPEG, GIF, WebP and BMP are decoded, by Pillow (extra `images`). What a picture declares is held
against the limits before a pixel is decoded. A picture is seen as a person sees it: turned as its
EXIF data says, palettes and CMYK as colours.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MOST_PIXELS", "chunked", "encoded", "header", "is_image", "pixels", "refuse_sizes", "sizes"]

MOST_PIXELS = 64_000_000
"""Height times width of one picture; a photograph has 12 to 50 million."""
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")  # few, because a decoder is what an attacker reaches
_SIGNATURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|BM....\0\0\0\0", re.DOTALL)
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270",
    7: "TRANSVERSE", 8: "ROTATE_90",
}  # fmt: skip
"""Pillow's names for what undoes each EXIF orientation."""
_ORIENTATION = 0x0112
_LEARNT_BYTES = 8 << 30  # of all pixels that a network learns from
_CHUNK = 1 << 28  # bytes; Arrow's offsets end at 2 GiB
Pixels = npt.NDArray[np.uint8]
Made = TypeVar("Made")


def is_image(cell: bytes) -> bool:
    """Whether the first bytes (16 suffice) are those of a picture that can be decoded here."""
    return _SIGNATURE.match(cell) is not None


def pixels(
    array: pa.Array | pa.ChunkedArray, *, size: tuple[int, int] | None = None, channels: int | None = None
) -> Pixels:
    """Encoded pictures as one array of pixels.

    Parameters
    ----------
    array : pyarrow binary array, length n
        Every cell a PNG, JPEG, GIF, WebP or BMP picture, none missing.
    size : (height, width), optional
        Brings all to this size, whatever their shape was (bilinear, smoothed where it shrinks). Without
        it all must have one size.
    channels : 1 (grey), 3 (RGB) or 4 (RGBA), optional
        Brings all to this; what shines through is laid over white. Without it all must have as many.

    Returns
    -------
    array, uint8, shape (n, height, width, channels)

    Raises
    ------
    InputError
        A cell that is missing, no picture, damaged, animated, of 16 bits a channel or above `MOST_PIXELS`,
        sizes or channels that differ; names the row.
    MissingExtraError
        If Pillow is not installed.
    """
    _check_choices(size, channels)
    found = sizes(array)
    if not len(found):
        return np.empty((0, *(size or (0, 0)), channels or 0), np.uint8)
    if size is None:
        _check_alike(found[:, :2], "pixels high and wide", "size=(height, width)")
    if channels is None:
        _check_alike(found[:, 2:], "channels", "channels=1, 3 or 4")
    shape = (*(size or found[0, :2].tolist()), channels or int(found[0, 2]))
    out = np.empty((len(found), *shape), np.uint8)
    for row, (cell, where) in enumerate(_cells(array)):
        out[row] = _used(cell, where, partial(_decoded, shape=shape))
    return out


def sizes(array: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Height, width and channels of every picture, as `pixels` gives them, from the headers alone.

    Returns
    -------
    array, int64, shape (n, 3)

    Raises
    ------
    InputError, MissingExtraError
        As `pixels`; damage behind the header is not seen.
    """
    found = [header(cell, where) for cell, where in _cells(array)]
    return np.array(found, np.int64).reshape(len(found), 3)


def refuse_sizes(
    array: pa.Array | pa.ChunkedArray, name: str, size: tuple[int, int] | None, channels: int | None,
    *, between: tuple[int, int],
) -> None:  # fmt: skip
    """Refuse the images of a column that a network cannot learn, by their headers, before any is decoded.

    Parameters
    ----------
    name : str
        Of the column, for the message.
    size, channels : optional
        What they will be brought to; where not given all must be alike.
    between : (int, int)
        Pixels of the shortest and of the longest side that are learnt.

    Raises
    ------
    InputError
        If one is no image, they differ, or they are too small, too large or in all more than 8 GB.
    """
    try:
        found = sizes(array)
    except InputError as error:
        raise InputError(f"column {name!r}, {error}") from None
    open_to = [size is None] * 2 + [channels is None]
    odd = np.flatnonzero((found != found[0])[:, open_to].any(axis=1))
    if len(odd):
        first, other = (f"{h} x {w} pixels and {c} channels" for h, w, c in found[[0, odd[0]]].tolist())
        raise InputError(
            f"column {name!r}, row {odd[0] + 1:,} of {len(found):,}: a picture of {other}, row 1 has "
            f"{first}. Give size=(height, width) and channels=1, 3 or 4 to bring all to one."
        )
    height, width = size or found[0, :2].tolist()
    least, most = between
    in_all = len(found) * height * width * (channels or int(found[0, 2]))
    if min(height, width) < least or max(height, width) > most or in_all > _LEARNT_BYTES:
        raise InputError(
            f"column {name!r}: {len(found):,} images of {height:,} x {width:,} pixels; {least} to "
            f"{most} a side are learnt, {_LEARNT_BYTES >> 30} GB at most in all. Give size=(height, width)."
        )


def header(cell: bytes, where: str) -> tuple[int, int, int]:
    """Height, width and channels of one picture; an `InputError` begins with `where`."""
    return _used(cell, where, _shape)


def encoded(array: npt.NDArray[np.uint8]) -> pa.ChunkedArray:
    """Pixels as PNG pictures, without loss.

    Parameters
    ----------
    array : uint8, shape (n, height, width) or (n, height, width, c), c = 1 (grey), 3 (RGB) or 4 (RGBA)

    Returns
    -------
    pyarrow.ChunkedArray of binary, length n

    Raises
    ------
    InputError
        Another dtype or shape, no pixels, or more than `MOST_PIXELS` in one picture.
    MissingExtraError
        If Pillow is not installed.
    """
    _need_pillow()
    array = np.asarray(array)
    if array.dtype != np.uint8:
        raise InputError(
            f"pixels are {array.dtype}, not uint8. Bring them to whole numbers from 0 to 255: for values "
            "from 0 to 1, (x * 255).round().astype('uint8')."
        )
    if array.ndim not in (3, 4) or array.shape[3:] not in {(), (1,), (3,), (4,)}:
        raise InputError(
            f"pixels have shape {array.shape}. Give (n, height, width), or (n, height, width, c) with 1, "
            "3 or 4 channels last (np.moveaxis(x, 1, -1) where they stand first)."
        )
    if not 0 < array.shape[1] * array.shape[2] <= MOST_PIXELS:
        raise InputError(
            f"a picture of {array.shape[1]:,} x {array.shape[2]:,} pixels; there may be 1 to {MOST_PIXELS:,}."
        )
    array = array[..., 0] if array.shape[3:] == (1,) else array
    return chunked(map(_png, array))


def chunked(cells: Iterable[bytes]) -> pa.ChunkedArray:
    """Binary cells in chunks that stay far below Arrow's 2 GiB."""
    chunks, held, size = [], [], 0
    for cell in cells:
        held.append(cell)
        size += len(cell)
        if size > _CHUNK:
            chunks.append(pa.array(held, pa.binary()))
            held, size = [], 0
    return pa.chunked_array([*chunks, pa.array(held, pa.binary())] if held else chunks, pa.binary())


def _png(picture: Pixels) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, format="PNG")
    return out.getvalue()


def _need_pillow() -> None:
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise MissingExtraError("pillow", "images") from None


def _check_choices(size: tuple[int, int] | None, channels: int | None) -> None:
    if channels not in (None, *_MODES):
        raise InputError(f"channels must be 1 (grey), 3 (RGB) or 4 (RGBA), not {channels!r}.")
    if size is None:
        return
    whole = isinstance(size, (tuple, list)) and all(isinstance(side, (int, np.integer)) for side in size)
    if not whole or len(size) != 2 or min(size) < 1 or size[0] * size[1] > MOST_PIXELS:
        raise InputError(f"size must be (height, width), at most {MOST_PIXELS:,} pixels, not {size!r}.")


def _check_alike(found: npt.NDArray[np.int64], what: str, remedy: str) -> None:
    other = np.flatnonzero((found != found[0]).any(axis=1))
    if len(other):
        first, odd = (" x ".join(map(str, found[row])) for row in (0, other[0]))
        raise InputError(
            f"row {other[0] + 1:,} of {len(found):,}: a picture of {odd} {what}, row 1 has {first}. "
            f"Give {remedy} to bring all to one."
        )


def _cells(array: pa.Array | pa.ChunkedArray) -> Iterator[tuple[bytes, str]]:
    """Each cell and its place in words; one at a time, because together they may fill the memory."""
    if not (pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type)):
        raise InputError(f"pictures are bytes in a binary column, not {array.type}.")
    _need_pillow()
    for row, cell in enumerate(array):
        where = f"row {row + 1:,} of {len(array):,}"
        if not cell.is_valid:
            raise InputError(f"{where}: no picture. Leave out the rows that have none.")
        yield cell.as_py(), where


def _used(cell: bytes, where: str, use: Callable[[Image.Image], Made]) -> Made:
    """What `use` makes of the opened picture; whatever is wrong with its bytes is one error."""
    if not is_image(cell):
        raise InputError(f"{where}: no PNG, JPEG, GIF, WebP or BMP picture. Convert it, or leave it out.")
    _need_pillow()
    from PIL import Image

    try:
        with warnings.catch_warnings():  # Pillow warns of what is refused below, and of odd EXIF data
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(cell), formats=_FORMATS) as picture:
                _check(picture, cell, where)
                return use(picture)
    except (InputError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise InputError(_too_large(where, "more")) from None
    except Exception:  # damaged bytes make decoders raise almost anything
        raise InputError(
            f"{where}: the picture is damaged or truncated. Get it again, or leave it out."
        ) from None


def _check(picture: Image.Image, cell: bytes, where: str) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise InputError(_too_large(where, f"{picture.height:,} x {picture.width:,}"))
    # Pillow drops the lower byte of colours without a word; which eight bits count is the owner's choice
    if picture.mode.startswith(("I", "F")) or (picture.format == "PNG" and cell[24] == 16):
        raise InputError(f"{where}: the picture has 16 bits a channel or more. Scale it to 8.")
    # MPO is a phone's JPEG with a preview behind it, not a film
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise InputError(f"{where}: the picture is animated. Give each frame a row of its own.")


def _too_large(where: str, declared: str) -> str:
    return (
        f"{where}: the picture declares {declared} pixels, the limit is {MOST_PIXELS:,}. "
        "Make it smaller, or leave it out."
    )


def _shape(picture: Image.Image) -> tuple[int, int, int]:
    turned = _orientation(picture) >= 5
    height, width = (picture.width, picture.height) if turned else (picture.height, picture.width)
    grey = picture.mode in ("1", "L")
    return height, width, 4 if _shines_through(picture) else 1 if grey else 3


def _shines_through(picture: Image.Image) -> bool:
    return picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info


def _orientation(picture: Image.Image) -> int:
    if not picture.info.get("exif"):  # to look further, Pillow would decode a PNG
        return 1
    try:
        turn = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF data says nothing; the picture is whole
        return 1
    return turn if turn in _TURNS else 1


def _decoded(picture: Image.Image, shape: tuple[int, int, int]) -> Pixels:
    from PIL import Image

    height, width, channels = shape
    turn = _orientation(picture)  # before the first change, which forgets it
    made: Image.Image = picture
    if _shines_through(picture):
        made = picture.convert("RGBA")
        if channels != 4:
            made = Image.alpha_composite(Image.new("RGBA", made.size, "white"), made)
    made = made.convert(_MODES[channels])
    if turn in _TURNS:
        made = made.transpose(Image.Transpose[_TURNS[turn]])
    if made.size != (width, height):
        made = made.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(made, np.uint8).reshape(shape)
