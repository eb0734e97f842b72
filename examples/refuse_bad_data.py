"""Tables that a naive score praises, each refused by the policy for its own reason."""

from pathlib import Path

import numpy as np

import mintmark as mm

adult = Path(mm.__file__).parent / "examples" / "adult.parquet"
train, rest = mm.read(adult, target="income").split(0.5, seed=0)
holdout, fresh = rest.split(0.5, seed=1)
rng = np.random.default_rng(0)

tables = {
    "fresh real rows": fresh,
    "a copy of the training rows": train,
    "independent columns": mm.synthesizer("independent").fit(train, seed=0).sample(10_000, seed=1),
    "200 rows again and again": train.take(rng.integers(200, size=10_000)),
}
policy = mm.Policy.load("internal")
for name, table in tables.items():
    assessment = mm.assess(train=train, holdout=holdout, synthetic=table, policy=policy, seed=0)
    verdicts = policy.judge(assessment.to_json(), nature="fully synthetic")
    broken = [verdict.rule for verdict in verdicts if verdict.outcome != "pass"]
    print(f"{name}: {'refused: ' + ', '.join(broken) if broken else 'passes every rule'}")
