"""What resamplers bring on real tables: three models, five seeds, imbalanced-learn and controls beside."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import mintmark as mm
from mintmark.data.encode import encode

TABLES = {"mammography": "class", "creditcard_fraud": "Class", "hypothyroid": "Class", "telco_churn": "Churn"}
SEEDS = 5
FIGURES = ("auc", "ap", "f1", "brier")
BOTH = {False: ("SMOTE", "BorderlineSMOTE", "ADASYN", "SVMSMOTE", "KMeansSMOTE"), True: ("SMOTENC",)}
"""Samplers that both libraries have, for tables of numbers and for mixed ones."""
OURS = {
    False: ("SafeLevelSMOTE", "ProWSyn", "PolynomFitSMOTE", "Lee", "SMOTEIPF", "GSMOTE", "GaussianSMOTE"),
    True: (),
}
SCALED = "imblearn, scaled"
SETTINGS = {"KMeansSMOTE": {"cluster_balance_threshold": 0.01}}
Floats = npt.NDArray[np.float64]
Row = dict[str, Any]


def studied(bench: Any) -> list[Row]:
    """Every figure of every table, sampler, model and seed; the comparison is printed."""
    if bench.given.data is None:
        raise SystemExit("the study needs --data FOLDER, with mammography/mammography.parquet and others")
    rows: list[Row] = []
    for name, target in TABLES.items():
        rows += list(_of_table(bench.given.data / name / f"{name}.parquet", name, target))
        _printed(bench, [row for row in rows if row["table"] == name])
    return rows


def _of_table(file: Path, name: str, target: str) -> Iterator[Row]:
    x, y, categories, whole = _matrix(file, target)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        train, test = _split(y, rng)
        for sampler, library, make in _samplers(bool(categories), categories, seed):
            frame = pd.DataFrame(x[train], columns=[f"c{j}" for j in range(x.shape[1])])
            frame = frame.astype({f"c{j}": "int64" for j in np.flatnonzero(whole)})
            made_x, made_y = make(frame, y[train])
            made_x = np.asarray(made_x, dtype=float)
            broken = _broken(made_x[len(train) :], x[train], whole, categories)
            for model, fit in MODELS.items():
                weighed = sampler == "class weights"
                chances = fit(made_x, made_y, x[test], categories, weighed, seed)
                figures = _figures(chances, y[test])
                yield {"table": name, "sampler": sampler, "library": library, "model": model,
                       "seed": seed, "broken": broken, **figures}  # fmt: skip


def _matrix(file: Path, target: str) -> tuple[Floats, Any, list[int], npt.NDArray[np.bool_]]:
    """Numbers and codes, gaps filled by medians (imbalanced-learn takes none); the rarer classes are 1."""
    data = mm.read(file, kinds={target: "category"})
    data = data.drop(*[c.name for c in data.schema if c.kind == "text" or "key" in c.roles])
    data = mm.read(data.to_arrow(), kinds={target: "category"}, target=target)
    for column in data.schema:
        if column.is_discrete:
            values = sorted({v for v in data.table[column.name].to_pylist() if v is not None}, key=str)
            data = data.edit(column.name, categories=tuple(values))
    arrays = encode(data.table, data.schema)
    labels = arrays.pop(target)
    kept = [c for c in data.schema if c.name in arrays and len(np.unique(arrays[c.name])) > 1]
    columns = [arrays[c.name].astype(float) for c in kept]
    x = np.stack([np.where(np.isnan(c), np.nanmedian(c), c) for c in columns], axis=1)
    most = np.bincount(labels[labels >= 0]).argmax()
    whole = np.array([c.kind == "integer" or c.is_discrete for c in kept])
    return x, (labels != most).astype(int), [j for j, c in enumerate(kept) if c.is_discrete], whole


def _split(y: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Seven tenths of either class to learn from, the others to test on."""
    parts: tuple[list[Any], list[Any]] = ([], [])
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == label))
        cut = int(0.7 * len(rows))
        parts[0].append(rows[:cut])
        parts[1].append(rows[cut:])
    return np.sort(np.concatenate(parts[0])), np.sort(np.concatenate(parts[1]))


def _samplers(mixed: bool, categories: list[int], seed: int) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    yield "none", "control", lambda x, y: (x, y)
    yield "class weights", "control", lambda x, y: (x, y)
    for library in ("mintmark", "imblearn"):
        where = "mintmark.resample.imblearn" if library == "mintmark" else "imblearn.over_sampling"
        names = BOTH[mixed] + (OURS[mixed] if library == "mintmark" else ())
        for name in names:
            settings: dict[str, Any] = {"random_state": seed, **SETTINGS.get(name, {})}
            if name == "SMOTENC":
                settings["categorical_features"] = categories
            found = getattr(importlib.import_module(where), name)(**settings)
            yield name, library, found.fit_resample
            if library == "imblearn" and not mixed:
                yield name, SCALED, partial(_scaled, found.fit_resample)


def _scaled(resample: Callable[..., Any], x: pd.DataFrame, y: Any) -> Any:
    """In standard deviations and back, as users of imbalanced-learn are advised to."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x)
    made, labels = resample(scaler.transform(x), y)
    return scaler.inverse_transform(made), labels


def _broken(new: Floats, real: Floats, whole: npt.NDArray[np.bool_], categories: list[int]) -> int:
    """New rows with a fraction in a whole column, a value beyond the real ones, or a new category."""
    bad = (new[:, whole] != np.round(new[:, whole])).any(axis=1)
    bad |= ((new < real.min(axis=0)) | (new > real.max(axis=0))).any(axis=1)
    for j in categories:
        bad |= ~np.isin(new[:, j], real[:, j])
    return int(bad.sum())


def _logistic(x: Floats, y: Any, test: Floats, categories: list[int], weighed: bool, seed: int) -> Floats:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [j for j in range(x.shape[1]) if j not in categories]
    design = ColumnTransformer(
        [("n", StandardScaler(), numbers), ("c", OneHotEncoder(handle_unknown="ignore"), categories)]
    )
    model = make_pipeline(
        design, LogisticRegression(max_iter=300, class_weight="balanced" if weighed else None)
    )
    return np.asarray(model.fit(x, y).predict_proba(test)[:, 1])


def _tree(x: Floats, y: Any, test: Floats, categories: list[int], weighed: bool, seed: int) -> Floats:
    from sklearn.tree import DecisionTreeClassifier

    weight = "balanced" if weighed else None
    model = DecisionTreeClassifier(max_depth=6, min_samples_leaf=10, class_weight=weight, random_state=seed)
    return np.asarray(model.fit(x, y).predict_proba(test)[:, 1])


def _boosted(x: Floats, y: Any, test: Floats, categories: list[int], weighed: bool, seed: int) -> Floats:
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(
        n_estimators=100,
        n_jobs=1,
        verbosity=-1,
        random_state=seed,
        class_weight="balanced" if weighed else None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(model.fit(x, y).predict_proba(test)[:, 1])


MODELS = {"logistic": _logistic, "small tree": _tree, "boosted trees": _boosted}


def _figures(chances: Floats, y: Any) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

    return {
        "auc": float(roc_auc_score(y, chances)),
        "ap": float(average_precision_score(y, chances)),
        "f1": float(f1_score(y, chances >= 0.5)),
        "brier": float(brier_score_loss(y, chances)),
    }


def _mean(values: list[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _printed(bench: Any, rows: list[Row]) -> None:
    """Gains over no resampling with standard errors, and ours less imbalanced-learn's."""
    by = {(r["sampler"], r["library"], r["model"], r["seed"]): r for r in rows}
    print(f"\n{rows[0]['table']}: gain over no resampling, mean of {SEEDS} seeds ± standard error")
    for sampler, library in dict.fromkeys((r["sampler"], r["library"]) for r in rows):
        broken = sum(by[sampler, library, "logistic", seed]["broken"] for seed in range(SEEDS))
        for model in MODELS:
            told = []
            for figure in FIGURES:
                values = [by[sampler, library, model, s][figure] for s in range(SEEDS)]
                base = [by["none", "control", model, s][figure] for s in range(SEEDS)]
                if sampler == "none":
                    told.append(f"{figure} {np.mean(values):.3f}")
                else:
                    told.append("{} {:+.3f} ± {:.3f}".format(figure, *_mean(list(np.subtract(values, base)))))
            print(
                f"  {sampler:16} {library:16} {model:14} {'  '.join(told)}"
                + (f"  broken {broken}" if broken else "")
            )
    peers = dict.fromkeys((r["sampler"], r["library"]) for r in rows if "imblearn" in r["library"])
    for sampler, peer in peers:
        for model in MODELS:
            pairs = [
                (by[sampler, "mintmark", model, s]["ap"], by[sampler, peer, model, s]["ap"])
                for s in range(SEEDS)
            ]
            mean, error = _mean([a - b for a, b in pairs])
            bench.goal(f"{sampler}, {model}: AP less {peer}'s, + 2 standard errors", mean + 2 * error, 0)
    ours = sum(r["broken"] for r in rows if r["library"] == "mintmark")
    bench.goal("rows of ours that break a type, bound or category", ours, 0, least=False)
