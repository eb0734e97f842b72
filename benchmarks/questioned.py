"""What fitted nets say of themselves beside the released rows: `discriminator` and `likelihood_gap`.

    python benchmarks/questioned.py [--seed 0]

Adult, 8,000 rows to learn from and 8,000 unseen: `gan`; `autoregressive` as it is; and, on 1,000 rows,
without dropout and for up to a hundred passes, which rows kept apart end sooner.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np

import mintmark as mm

METRICS = ["discriminator", "two_sample", "likelihood_gap", "membership"]
CASES = (
    ("gan", 8_000, {}),
    ("autoregressive", 8_000, {}),
    ("autoregressive", 1_000, {"epochs": 100, "dropout": 0.0}),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    real = mm.read(Path(mm.__file__).parent / "examples/adult.parquet", target="income")
    order = np.random.default_rng(seed).permutation(len(real))
    unseen = real.take(order[8_000:16_000])
    warnings.simplefilter("ignore")
    for method, rows, settings in CASES:
        train = real.take(order[:rows])
        model = mm.synthesizer(method, **settings).fit(train, seed=seed)
        synthetic = model.sample(rows, seed=seed + 1)
        told = mm.assess(
            train=train, holdout=unseen, synthetic=synthetic, synthesizer=model, metrics=METRICS, seed=seed
        )
        print(f"{method}, {rows:,} rows, {settings or 'defaults'}")
        for score in told.scores:
            if score.status == "ok":
                low, high = score.interval
                print(f"  {score.metric} {score.estimate:.3f} [{low:.3f}, {high:.3f}]", flush=True)


if __name__ == "__main__":
    main()
