"""What DeepSMOTE brings a classifier of images, beside what needs no network.

    python benchmarks/deepsmote.py --data FOLDER [--parts mnist pneumonia] [--runs 5] [--out FILE]
        [--filters 16] [--code 128] [--epochs 20] [--sheets FOLDER]

MNIST with the paper's long tail, five folds: each trains on images of four fifths of the training set and
tests on the last fifth, every class in it. PneumoniaMNIST with one pneumonia to 10 and to 50 healthy lungs,
five draws, tested on its own test set. The same classifier, in as many images, learns from what each method
gives. Times are CPU seconds of one thread. `--filters 64 --code 300 --epochs 200` is the paper's network.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score, roc_curve

import mintmark as mm
from mintmark.data.images import pixels
from mintmark.nn.classifier import fit_classifier

TAIL = (4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40)
SEEN = {"mnist": 80_000, "pneumonia": 40_000}
"""Images that a classifier trains on, repeats counted, whatever the method gave it."""
Images = np.ndarray
Method = Callable[[Images, np.ndarray, np.random.Generator], tuple[Images, np.ndarray]]


def _missing(y: np.ndarray) -> np.ndarray:
    counts = np.bincount(y)
    return counts.max() - counts


def oversampled(x: Images, y: np.ndarray, rng: np.random.Generator) -> tuple[Images, np.ndarray]:
    rows = [rng.choice(np.flatnonzero(y == c), n) for c, n in enumerate(_missing(y)) if n]
    more = np.concatenate(rows)
    return np.concatenate([x, x[more]]), np.concatenate([y, y[more]])


def moved(x: Images, y: np.ndarray, rng: np.random.Generator) -> tuple[Images, np.ndarray]:
    """Oversampled by copies that are turned by up to 10 degrees and shifted by up to 2 pixels."""
    both, labels = oversampled(x, y, rng)
    for at in range(len(x), len(both)):
        angle, shift = rng.uniform(-10, 10), rng.uniform(-2, 2, 2)
        picture = Image.fromarray(both[at, ..., 0])
        both[at, ..., 0] = np.asarray(
            picture.rotate(angle, Image.Resampling.BILINEAR, translate=tuple(shift.tolist()))
        )
    return both, labels


def pixel_smote(x: Images, y: np.ndarray, rng: np.random.Generator) -> tuple[Images, np.ndarray]:
    flat, labels = SMOTE(random_state=int(rng.integers(2**31))).fit_resample(
        x.reshape(len(x), -1).astype(np.float32), y
    )
    return np.rint(flat).astype(np.uint8).reshape(-1, *x.shape[1:]), labels


def deep(penalty: str, given: argparse.Namespace) -> Method:
    settings = {"filters": given.filters, "code": given.code, "epochs": given.epochs}

    def made(x: Images, y: np.ndarray, rng: np.random.Generator) -> tuple[Images, np.ndarray]:
        data = mm.read({"image": x, "label": [str(label) for label in y]}, target="label")
        model = mm.synthesizer("deepsmote", penalty=penalty, **settings)
        model = model.fit(data, seed=int(rng.integers(2**31)))
        new = model.sample(int(_missing(y).sum()), seed=int(rng.integers(2**31)))
        labels = np.array([int(label) for label in new.table["label"].to_pylist()])
        return np.concatenate([x, pixels(new.table["image"])]), np.concatenate([y, labels])

    return made


def methods(given: argparse.Namespace) -> dict[str, Method]:
    return {
        "as it is": lambda x, y, rng: (x, y),
        "class weights": lambda x, y, rng: (x, y),
        "oversampling": oversampled,
        "turned and shifted": moved,
        "pixel SMOTE": pixel_smote,
        "DeepSMOTE permuted": deep("permuted", given),
        "DeepSMOTE sampled": deep("sampled", given),
        "DeepSMOTE none": deep("none", given),
    }


def learnt(
    part: str, name: str, make: Method, x: Images, y: np.ndarray, seed: int
) -> tuple[Any, float, Images]:
    """The classifier, the CPU seconds it took with all before it, and what was made."""
    begun, rng = time.process_time(), np.random.default_rng(seed)
    both, labels = make(x, y, rng)
    counts = np.bincount(y)
    weights = len(y) / (len(counts) * counts) if name == "class weights" else None
    epochs = max(1, round(SEEN[part] / len(both)))
    fitted = fit_classifier(both, labels, len(counts), rng, weights=weights, epochs=epochs, filters=16)
    new = np.concatenate([both[len(x) :], np.zeros((0, *x.shape[1:]), np.uint8)])
    return fitted, time.process_time() - begun, (new, labels[len(x) :])


def mnist(given: argparse.Namespace) -> list[dict[str, Any]]:
    held = np.load(given.data / "mnist" / "mnist.npz")
    every, target = held["train_images"][..., None], held["train_labels"].ravel().astype(np.int64)
    fold = np.random.default_rng(0).permutation(len(every)) % 5
    rows = []
    for run in range(given.runs):
        rng = np.random.default_rng(100 + run)
        chosen = np.concatenate(
            [
                rng.choice(np.flatnonzero((target == c) & (fold != run)), n, replace=False)
                for c, n in enumerate(TAIL)
            ]
        )
        test = fold == run
        for name, make in methods(given).items():
            if name == "turned and shifted":
                continue
            fitted, cpu, new = learnt("mnist", name, make, every[chosen], target[chosen], run)
            found = fitted.probabilities(every[test]).argmax(1)
            recall = np.array([(found[target[test] == c] == c).mean() for c in range(10)])
            rows.append({
                "data": "mnist", "method": name, "run": run, "cpu_s": cpu,
                "acsa": float(recall.mean()), "gm": float(np.exp(np.log(np.maximum(recall, 1e-9)).mean())),
                "f1": float(f1_score(target[test], found, average="macro")),
                "rare": float(recall[-3:].mean()),
            })  # fmt: skip
            _told(rows[-1])
            if run == 0:
                _sheet(given, f"mnist-{name}", *new, every[chosen], target[chosen])
    return rows


def pneumonia(given: argparse.Namespace) -> list[dict[str, Any]]:
    held = np.load(given.data / "pneumoniamnist_balanced" / "pneumoniamnist_balanced.npz")
    every, target = held["train_images"][..., None], held["train_labels"].ravel().astype(np.int64)
    test, truth = held["test_images"][..., None], held["test_labels"].ravel()
    rows = []
    for ratio in (10, 50):
        for run in range(given.runs):
            rng = np.random.default_rng(200 + run)
            healthy = np.flatnonzero(target == 0)
            ill = rng.choice(np.flatnonzero(target == 1), len(healthy) // ratio, replace=False)
            chosen = np.concatenate([healthy, ill])
            for name, make in methods(given).items():
                fitted, cpu, new = learnt("pneumonia", name, make, every[chosen], target[chosen], run)
                chance = fitted.probabilities(test)[:, 1]
                false, true, _ = roc_curve(truth, chance)
                found = chance > 0.5
                rows.append({
                    "data": f"pneumonia {ratio}:1", "method": name, "run": run, "cpu_s": cpu,
                    "balanced": float(np.mean([(found == truth)[truth == c].mean() for c in (0, 1)])),
                    "auc": float(roc_auc_score(truth, chance)),
                    "sensitivity": float(true[false <= 0.05].max()),
                })  # fmt: skip
                _told(rows[-1])
                if run == 0:
                    _sheet(given, f"pneumonia-{ratio}-{name}", *new, every[chosen], target[chosen])
    return rows


def _told(row: dict[str, Any]) -> None:
    words = (f"{key} {value:.4f}" for key, value in row.items() if isinstance(value, float))
    print(row["data"], row["run"], row["method"], *words, sep=" | ", flush=True)


def _sheet(
    given: argparse.Namespace, name: str, new: Images, made: np.ndarray, x: Images, y: np.ndarray
) -> None:
    """New images, twelve of each of the rarest classes, each over its nearest real one of the class."""
    if given.sheets is None or not len(new):
        return
    lines = []
    for label in [label for label in np.argsort(np.bincount(y))[:3] if (made == label).any()]:
        own, real = new[made == label][:12], x[y == label]
        off = ((own[:, None].astype(np.float32) - real[None]) ** 2).sum(axis=(2, 3, 4))
        lines += [np.hstack(own[..., 0]), np.hstack(real[off.argmin(1)][..., 0])]
    picture = Image.fromarray(np.vstack(lines))
    given.sheets.mkdir(parents=True, exist_ok=True)
    picture.resize((picture.width * 2, picture.height * 2), 0).save(
        given.sheets / f"{name.replace(' ', '-')}.png"
    )


def summed(rows: list[dict[str, Any]]) -> None:
    """Means over the runs, with standard errors, and what DeepSMOTE gains, run by run."""
    for data in dict.fromkeys(row["data"] for row in rows):
        own = [row for row in rows if row["data"] == data]
        keys = [key for key, value in own[0].items() if isinstance(value, float)]
        table = {
            name: np.array([[row[key] for key in keys] for row in own if row["method"] == name])
            for name in dict.fromkeys(row["method"] for row in own)
        }
        print(f"\n{data}: mean of {len(own) // len(table)} runs (standard error)")
        for name, found in table.items():
            print(f"  {name:20}", *(_mean(key, found[:, at]) for at, key in enumerate(keys)))
        for name in [name for name in table if name.startswith("DeepSMOTE")]:
            for other in ("pixel SMOTE", "oversampling", "class weights"):
                gain = table[name] - table[other]
                told = (_mean(key, gain[:, at]) for at, key in enumerate(keys) if key != "cpu_s")
                print(f"  {name} less {other}:", *told)


def _mean(key: str, found: np.ndarray) -> str:
    error = found.std(ddof=1) / len(found) ** 0.5 if len(found) > 1 else float("nan")
    return f"{key} {found.mean():.4f} ({error:.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", default=["mnist", "pneumonia"], choices=["mnist", "pneumonia"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--code", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    rows: list[dict[str, Any]] = []
    for part in given.parts:
        rows += {"mnist": mnist, "pneumonia": pneumonia}[part](given)
    summed(rows)
    if given.out:
        given.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
