"""Three methods on one table: what each keeps, between the ceiling of real rows and the floor."""

from pathlib import Path

import mintmark as mm

METRICS = ["column_shapes", "pair_trends", "two_sample", "tstr"]
SHOWN = ("column_shapes", "pair_trends", "two_sample", "tstr")

adult = Path(mm.__file__).parent / "examples" / "adult.parquet"
train, holdout = mm.read(adult, target="income")[:20_000].split(0.3, seed=0)

print(f"{'':18}" + "".join(f"{name:>15}" for name in SHOWN))
for method in ("independent", "gaussian_copula", "sequential_trees"):
    synthetic = mm.synthesizer(method).fit(train, seed=0).sample(len(train), seed=1)
    scores = mm.assess(train=train, holdout=holdout, synthetic=synthetic, metrics=METRICS, seed=0)
    print(f"{method:18}" + "".join(f"{scores[name].estimate:15.3f}" for name in SHOWN))
print(f"{'unseen real rows':18}" + "".join(f"{scores[name].ceiling:15.3f}" for name in SHOWN))
