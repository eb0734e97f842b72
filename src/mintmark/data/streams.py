"""Counter-based random streams: one key, one consumer, the same draws anywhere.

Philox4x64 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
"""

from __future__ import annotations

import hashlib
import json

import numpy as np

from mintmark.errors import InputError

__all__ = ["check_seed", "derive_seed", "stream"]


def check_seed(seed: object) -> int:
    """Return `seed` as an int, or raise `InputError` where it is not a whole number >= 0."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed must be a whole number of 0 or more, not {seed!r}.")
    return int(seed)


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """A generator whose draws depend on the seed and the key alone.

    Parameters
    ----------
    seed : int, >= 0
    key : str or int
        What the draws are for, e.g. ``("sample", block, attempt)``. Never use one key twice.
    """
    digest = hashlib.blake2b(json.dumps([check_seed(seed), *key]).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def derive_seed(seed: int, *key: str | int, secret: bytes = b"") -> int:
    """A 128-bit seed for one stage; with a secret, nobody without it can make the stage again.

    Parameters
    ----------
    seed : int, >= 0
    key : str or int
        The stage.
    secret : bytes, at most 64
        Kept by the run, see `mintmark.run`.
    """
    text = json.dumps([check_seed(seed), *key]).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16, key=secret).digest(), "little")
