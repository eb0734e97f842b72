"""What the assessment says of releases of pictures whose fault is known.

    python benchmarks/images.py [--mnist FILE.npz] [--splits 1] [--fresh-only]

Train, holdout and release are 2,000 pictures each of MNIST, or without a file 599 each of scikit-learn's
digits. Prints the scores of each release and the rules of the policy `internal` that it fails, and over
several splits how often fresh pictures pass, fail or stay undecided by the rule on copies.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import mintmark as mm
from mintmark.data.dataset import Dataset
from mintmark.data.images import encoded
from mintmark.release.policy import Policy

POLICY = Policy.load("internal")
METRICS = sorted({rule.metric.partition(".")[0] for rule in POLICY.rules if rule.when == "image"})
SHOWN = (
    "image_distance.frechet_own", "image_distance.frechet_fixed", "image_precision_recall.coverage",
    "image_diversity", "image_sharpness", "image_copies.excess", "gan_train_test.gap",
)  # fmt: skip
Part = tuple[np.ndarray, np.ndarray]


def table(part: Part) -> Dataset:
    columns = {"image": encoded(part[0]), "label": [str(label) for label in part[1]]}
    return mm.read(columns, target="label")


def releases(train: Part, fresh: Part, rng: np.random.Generator) -> Iterator[tuple[str, Part]]:
    (x, y), (new, labels) = train, fresh
    n = len(x)
    yield "fresh pictures", fresh
    few = n // 100
    yield (
        "1 % copies of train",
        (np.concatenate([x[:few], new[few:]]), np.concatenate([y[:few], labels[few:]])),
    )
    noise = rng.integers(-4, 5, x.shape)
    yield "train, each pixel moved by up to 4 levels", (np.clip(x + noise, 0, 255).astype(np.uint8), y)
    yield "train, moved by a pixel", (np.roll(x, 1, axis=2), y)
    first = np.resize(np.unique(labels, return_index=True)[1], n)
    yield "ten fresh pictures repeated", (new[first], labels[first])
    yield "pixels shuffled", (rng.permuted(new.reshape(n, -1), axis=0).reshape(new.shape), labels)
    yield "labels permuted", (new, rng.permutation(labels))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--fresh-only", action="store_true")
    given = parser.parse_args()
    x, y, rows = pictures(given.mnist)
    copies = Counter[str]()
    for seed in range(given.splits):
        rng = np.random.default_rng(seed)
        train, holdout, fresh = (
            (x[part], y[part]) for part in np.split(rng.permutation(len(x))[: 3 * rows], 3)
        )
        for name, release in releases(train, fresh, rng):
            begun = time.process_time()
            found = mm.assess(
                train=table(train),
                holdout=table(holdout),
                synthetic=table(release),
                metrics=METRICS,
                seed=seed,
            )
            outcomes = {v.rule: v.outcome for v in POLICY.judge(found.to_json(), nature="fully synthetic")
                        if v.metric.partition(".")[0] in METRICS}  # fmt: skip
            told(name, found, outcomes, time.process_time() - begun)
            if name == "fresh pictures":
                copies[outcomes["no-picture-comes-out"]] += 1
                if given.fresh_only:
                    break
    print(f"rule on copies, fresh pictures, {given.splits} splits: {dict(copies)}")


def pictures(mnist: Path | None) -> tuple[np.ndarray, np.ndarray, int]:
    if mnist is not None:
        with np.load(mnist) as held:
            return held["train_images"], held["train_labels"].ravel().astype(np.int64), 2_000
    from sklearn.datasets import load_digits

    held = load_digits()
    return (held.images * 15.9).astype(np.uint8), held.target, 599


def told(name: str, found: mm.Assessment, outcomes: dict[str, str], seconds: float) -> None:
    scores = {score.metric: score for score in found.scores}
    if name == "fresh pictures":
        for which in ("ceiling", "floor"):
            ends = {key: getattr(scores[key], which) for key in SHOWN}
            print(
                which,
                *(f"{key} {'-' if e is None else format(e, '.3f')}" for key, e in ends.items()),
                sep=" | ",
            )
    figures = (f"{key} {'not run' if scores[key].estimate is None else format(scores[key].estimate, '.3f')}"
               for key in SHOWN if key in scores)  # fmt: skip
    fails = [rule for rule, outcome in outcomes.items() if outcome == "fail"]
    print(
        name,
        *figures,
        f"fails {', '.join(fails) or 'nothing'}",
        f"{seconds:.0f} CPU s",
        sep=" | ",
        flush=True,
    )


if __name__ == "__main__":
    main()
