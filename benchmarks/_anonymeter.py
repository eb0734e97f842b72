"""Anonymeter's three attacks on tables in Parquet, run by a Python that has it: figures as JSON.

    _anonymeter.py TRAIN HOLDOUT SYNTHETIC SEED OUT

Called by `attacks.py`; imports nothing of mintmark.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
import warnings

import numpy as np
import pandas as pd
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator

GUESSES, WIDTH, TARGETS, NEIGHBOURS, SECRETS = 500, 4, 2000, 10, 500


def attacks(
    train: pd.DataFrame, holdout: pd.DataFrame, synthetic: pd.DataFrame, seed: int, few: bool = False
):
    """Evaluators by attack; with `few` targets only so that its loops are compiled."""
    names = list(train.columns)
    guesses, targets, secrets = (10, 10, 10) if few else (GUESSES, TARGETS, SECRETS)
    for mode, width in (("univariate", 1), ("multivariate", WIDTH)):
        yield (
            f"singling_out.{mode}",
            lambda mode=mode, width=width: SinglingOutEvaluator(
                ori=train, syn=synthetic, control=holdout, n_attacks=guesses, n_cols=width, seed=seed
            ).evaluate(mode=mode),
        )
    yield (
        "linkability",
        lambda: LinkabilityEvaluator(
            ori=train, syn=synthetic, control=holdout, n_attacks=targets, n_neighbors=NEIGHBOURS,
            aux_cols=(names[::2], names[1::2]),
        ).evaluate(n_jobs=1),
    )  # fmt: skip
    for secret in names[:2] if few else names:
        yield (
            f"inference {secret}",
            lambda secret=secret: InferenceEvaluator(
                ori=train, syn=synthetic, control=holdout, n_attacks=secrets, secret=secret,
                aux_cols=[name for name in names if name != secret],
                regression=pd.api.types.is_numeric_dtype(train[secret]),
            ).evaluate(n_jobs=1),
        )  # fmt: skip


def main(train: str, holdout: str, synthetic: str, seed: str, out: str) -> None:
    np.random.seed(int(seed))  # noqa: NPY002  the library draws its targets from numpy's own state
    warnings.simplefilter("ignore")
    tables = [pd.read_parquet(path) for path in (train, holdout, synthetic)]
    for _, attack in attacks(*(table[:200] for table in tables), int(seed), few=True):
        with contextlib.suppress(RuntimeError):  # two hundred rows may offer no guess
            attack()
    found = {}
    for name, attack in attacks(*tables, int(seed)):
        start = time.process_time()
        risk = attack().risk(confidence_level=0.95)
        found[name] = {"risk": risk.value, "interval": list(risk.ci), "cpu_s": time.process_time() - start}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with open(out, "w") as file:
        json.dump({"attacks": found, "peak_mb": peak}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
