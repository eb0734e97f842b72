"""Known intervals for a total variation or Kolmogorov-Smirnov distance, to compare widths with.

Each takes two samples' counts and a distance of shares, and returns (low, high, upper): the ends of
the two-sided 95 % interval and the end of the one-sided [0, upper].
"""

from __future__ import annotations

import numpy as np

DRAWS = 200


def tvd(p, q):
    return 0.5 * np.abs(p - q).sum(axis=-1)


def ks(p, q):
    return np.abs(np.cumsum(p - q, axis=-1)).max(axis=-1)


def rivals(a, b, distance, rng):
    """Interval of each method by name."""
    n, m = a.sum(), b.sum()
    seen = distance(a / n, b / m)
    again = distance(rng.multinomial(n, a / n, DRAWS) / n, rng.multinomial(m, b / m, DRAWS) / m)
    low, high, upper, lower = np.quantile(again, [0.025, 0.975, 0.95, 0.05])
    out = {
        "percentile bootstrap": (low, high, upper),
        "basic bootstrap": (2 * seen - high, 2 * seen - low, 2 * seen - lower),
    }
    centre, spread = 2 * seen - again.mean(), again.std()
    out["bias-corrected bootstrap"] = tuple(centre + spread * np.array([-1.96, 1.96, 1.645]))
    # Politis and Romano (1994): samples of a smaller size, scaled by its root
    small = [int(size**0.7) for size in (n, m)]
    fewer = [
        rng.multivariate_hypergeometric(x, size, DRAWS) / size for x, size in zip((a, b), small, strict=True)
    ]
    root = np.sqrt(small[0] / n) * (distance(*fewer) - seen)
    out["subsampling"] = tuple(seen - np.quantile(root, [0.975, 0.025, 0.05]))
    # McDiarmid (1989) above; for KS twice Massart (1990), and the expected noise below
    if distance is tvd:
        noise = 0.5 * np.sqrt(2 / np.pi) * np.sqrt(a / n / n + b / m / m).sum()
        reach = [np.sqrt(np.log(1 / level) / 2 * (1 / n + 1 / m)) for level in (0.025, 0.05)]
        out["concentration"] = (seen - noise - reach[0], seen + reach[0], seen + reach[1])
    else:
        reach = [np.sqrt(np.log(4 / level) / 2) * (n**-0.5 + m**-0.5) for level in (0.05, 0.1)]
        out["concentration"] = (seen - reach[0], seen + reach[0], seen + reach[1])
    return {name: tuple(float(np.clip(v, 0, 1)) for v in ends) for name, ends in out.items()}
