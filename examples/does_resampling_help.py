"""SMOTE on the shipped churn table: what it gains over the controls, and what it costs in calibration."""

from __future__ import annotations

from pathlib import Path

import mintmark as mm

real = mm.read(Path(mm.__file__).parent / "examples" / "telco_churn.parquet", target="Churn")
train, holdout = real.split(0.3, seed=0)
model = mm.synthesizer("smote").fit(train, seed=0)
new = model.sample(model.usual_rows(len(train)), seed=1)
found = mm.assess(
    train=train,
    holdout=holdout,
    synthetic=new,
    metrics=["out_of_distribution", "resampling", "rules"],
    policy="augment",
    seed=0,
)

print(f"{len(train):,} real rows, {len(new):,} new ones, tested on {len(holdout):,}")
for score in found.scores:
    if score.metric.startswith("resampling"):
        low, high = score.interval
        print(f"{score.metric:24} {score.estimate:+.4f} ({low:+.4f} to {high:+.4f})")
for name, told in found["resampling.ap"].details["models"].items():
    for way, figures in told["ways"].items():
        print(f"{name:11} {way:16} " + "  ".join(f"{key} {value:.3f}" for key, value in figures.items()))
