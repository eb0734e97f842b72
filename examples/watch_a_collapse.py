"""A GAN whose rate is far too high makes a few kinds of rows: seen while it learns, and refused."""

from pathlib import Path

import mintmark as mm
from mintmark.assess.report.html import html

adult = Path(mm.__file__).parent / "examples" / "adult.parquet"
train, holdout = mm.read(adult, target="income")[:8_000].split(0.5, seed=0)

model = mm.synthesizer("gan", rate=1.0, hidden=64, epochs=60).fit(train, seed=0)  # the default is 0.0005
learnt = model.training[0]
print("frequencies of pairs were off by", dict(zip(learnt["watched_at"], learnt["watched"], strict=True)))

policy = mm.Policy.load("internal")
synthetic = model.sample(4_000, seed=1)
assessment = mm.assess(
    train=train, holdout=holdout, synthetic=synthetic, synthesizer=model, policy=policy, seed=0
)
refused = [verdict.rule for verdict in assessment.verdicts() if verdict.outcome == "fail"]
print("refused:", ", ".join(refused))

Path("collapse.html").write_text(html(assessment, assessment.verdicts()), "utf-8")
print("collapse.html shows how the net learnt, what the fit warned of and how the rows differ.")
