"""How good the images of `image_vae`, `image_gan` and `image_diffusion` are, and what they cost.

    python benchmarks/latent_images.py --data FOLDER [--methods image_vae ...] [--parts mnist pneumonia]
        [--minutes 30] [--n 10000] [--seed 0] [--set guidance=1.5 ...] [--out FILE] [--sheet FOLDER]

MNIST (`mnist/mnist.npz`): a method learns the 60,000 training images within `--minutes` and makes `--n` new
ones. GAN-train is the accuracy on the real test images of a classifier taught by new ones alone; GAN-test
that of a classifier taught by real ones on the new ones; coverage (Naeem et al. 2020, k = 5) the share of
real test images with a new one inside the distance to their fifth neighbour, in the features of that
classifier. PneumoniaMNIST (`pneumoniamnist_balanced/pneumoniamnist_balanced.npz`): AUC on the real test
images of a classifier taught by as many new images as there are real ones, and of one taught by those.
Times are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import ast
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

import mintmark as mm
from mintmark.data.images import pixels
from mintmark.nn.classifier import ImageClassifier, fit_classifier
from mintmark.stats.manifold import reached

METHODS = ("image_vae", "image_gan", "image_diffusion")
FILES = {"mnist": "mnist/mnist.npz", "pneumonia": "pneumoniamnist_balanced/pneumoniamnist_balanced.npz"}
SEEN = {"mnist": 150_000, "pneumonia": 60_000}
"""Images that a classifier trains on, repeats counted."""
NEIGHBOURS = 5
Images = np.ndarray


def part_of(data: Path, part: str, split: str) -> tuple[Images, np.ndarray]:
    held = np.load(data / FILES[part])
    images, labels = held[f"{split}_images"], held[f"{split}_labels"].reshape(-1).astype(np.int64)
    return images.reshape(*images.shape[:3], -1), labels


def taught(part: str, x: Images, y: np.ndarray, seed: int) -> ImageClassifier:
    epochs = max(1, round(SEEN[part] / len(x)))
    return fit_classifier(x, y, int(y.max()) + 1, np.random.default_rng(seed), epochs=epochs)


def accuracy(classifier: ImageClassifier, x: Images, y: np.ndarray) -> float:
    return float((classifier.probabilities(x).argmax(axis=1) == y).mean())


def coverage(classifier: ImageClassifier, real: Images, made: Images) -> float:
    """Of equally many real and made images."""
    n = min(len(real), len(made))
    own, other = classifier.features(real[:n]), classifier.features(made[:n])
    search = NearestNeighbors(n_neighbors=NEIGHBOURS + 1, algorithm="brute").fit(own)
    radii = search.kneighbors(own)[0][:, NEIGHBOURS].astype(np.float64)
    return float((reached(own, radii, other).by_real > 0).mean())


def made_by(
    method: str, x: Images, y: np.ndarray, n: int, given: argparse.Namespace
) -> tuple[Images, np.ndarray, dict[str, Any]]:
    """New images, their labels, and what they took."""
    settings = dict(one.split("=", 1) for one in given.set)
    data = mm.read({"image": x, "label": [str(label) for label in y]}, target="label")
    model = mm.synthesizer(method, **{name: ast.literal_eval(value) for name, value in settings.items()})
    begun = time.process_time()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = model.fit(data, seed=given.seed, max_minutes=given.minutes)
    fitted = time.process_time()
    new = model.sample(n, seed=given.seed + 1)
    cost = {"fit_cpu_s": fitted - begun, "sample_cpu_s": time.process_time() - fitted}
    (training,) = model._state().learnt["training"]
    last = {"steps": training["at"][-1]} | {k: values[-1] for k, values in training["losses"].items()}
    warned = [str(one.message) for one in told]
    labels = np.array([int(label) for label in new.table["label"].to_pylist()])
    return pixels(new.table["image"]), labels, cost | {"last": last, "warned": warned}


def mnist(method: str, given: argparse.Namespace) -> dict[str, Any]:
    (x, y), (test, answers) = (part_of(given.data, "mnist", split) for split in ("train", "test"))
    real = taught("mnist", x, y, given.seed)
    new, labels, cost = made_by(method, x, y, given.n, given)
    if given.sheet:
        sheet(new, labels, x, given.sheet / f"mnist_{method}.png")
    return {
        "gan_train": accuracy(taught("mnist", new, labels, given.seed), test, answers),
        "gan_test": accuracy(real, new, labels),
        "real": accuracy(real, test, answers),
        "coverage": coverage(real, test, new),
        "coverage_of_train": coverage(real, test, x[: len(new)]),
        **cost,
    }


def pneumonia(method: str, given: argparse.Namespace) -> dict[str, Any]:
    (x, y), (test, answers) = (part_of(given.data, "pneumonia", split) for split in ("train", "test"))
    new, labels, cost = made_by(method, x, y, len(x), given)
    if given.sheet:
        sheet(new, labels, x, given.sheet / f"pneumonia_{method}.png")
    areas = {}
    for name, images, told in (("auc_synthetic", new, labels), ("auc_real", x, y)):
        classifier = taught("pneumonia", images, told, given.seed)
        areas[name] = float(roc_auc_score(answers, classifier.probabilities(test)[:, 1]))
    return areas | cost


def sheet(new: Images, labels: np.ndarray, real: Images, path: Path, across: int = 20) -> None:
    """New images of each class, each over the real one whose pixels are nearest."""
    rows = [np.flatnonzero(labels == label)[:across] for label in np.unique(labels)]
    flat = real.reshape(len(real), -1).astype(np.float32)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(flat)
    strips = []
    for row in rows:
        shown = new[np.resize(row, across)]
        near = search.kneighbors(shown.reshape(across, -1).astype(np.float32))[1][:, 0]
        strips += [np.concatenate(list(shown), axis=1), np.concatenate(list(real[near]), axis=1) // 2 + 64]
    path.parent.mkdir(parents=True, exist_ok=True)
    page = np.concatenate(strips)
    Image.fromarray(page[..., 0] if page.shape[2] == 1 else page).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--parts", nargs="+", choices=list(FILES), default=list(FILES))
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], help="parameters of the method, name=value")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    found = []
    for method in given.methods:
        for part in given.parts:
            measure = mnist if part == "mnist" else pneumonia
            told = {"method": method, "part": part, **measure(method, given)}
            print(json.dumps(told), flush=True)
            found.append(told)
            if given.out:
                given.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
