"""How the shipped table of handwritten digits was made: 8 by 8 pixels, two of ten classes rare.

python examples/make_digits.py [FILE]
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.datasets import load_digits

import mintmark as mm

RARE = {8: 45, 9: 45}
"""Images of these classes that stay; the others keep some 180 each."""


def main(file: str = "digits.parquet") -> None:
    """Write the table."""
    x, y = load_digits(return_X_y=True)  # grey levels from 0 to 16
    kept = np.sort(np.concatenate([np.flatnonzero(y == c)[: RARE.get(c)] for c in range(10)]))
    images = np.rint(x[kept].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    data = mm.read({"image": images, "digit": [str(label) for label in y[kept]]}, target="digit")
    data.write(file)
    print(f"{len(data):,} images written to {file}")


if __name__ == "__main__":
    main(*sys.argv[1:])
