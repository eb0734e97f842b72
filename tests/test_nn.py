"""The training loop and the image classifier, on data whose answer is known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from mintmark.nn.classifier import fit_classifier
from mintmark.nn.training import arrays_of, load_arrays, train
from mintmark.progress import cancelled_by, shown_by, time_limit


def line(rng: np.random.Generator, rows: int = 300):
    x = rng.normal(size=(rows, 3)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(x @ np.float32([[2.0], [-1.0], [0.5]]) + 3)


def squares(network, x, y):
    return lambda some, _: nn.functional.mse_loss(
        network(x[torch.from_numpy(some)]), y[torch.from_numpy(some)]
    )


def test_a_linear_law_is_found():
    x, y = line(np.random.default_rng(0))
    network = nn.Linear(3, 1)
    done = train(
        network,
        squares(network, x, y),
        len(x),
        np.random.default_rng(1),
        epochs=60,
        batch=32,
        rate=0.1,
        label="x",
    )
    assert network.weight.detach().numpy() == pytest.approx(np.array([[2.0, -1.0, 0.5]]), abs=0.01)
    assert float(network.bias.detach()) == pytest.approx(3, abs=0.01)
    assert done.ended == "all epochs"
    assert done.losses["loss"][0] > 1 > 1e-3 > done.losses["loss"][-1]


def test_training_ends_where_kept_rows_get_no_better_and_the_best_weights_stay():
    rng = np.random.default_rng(2)
    x, noise = (
        torch.from_numpy(rng.normal(size=(60, 40)).astype(np.float32)),
        torch.from_numpy(rng.normal(size=(60, 1)).astype(np.float32)),
    )
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 1))
    loss = squares(network, x, noise)
    done = train(network, loss, 60, rng, epochs=200, batch=20, rate=0.01, label="x", watch=0.3, patience=8)
    assert done.ended == "no better"
    assert len(done.losses["loss"]) == done.best + 8
    assert done.watched[done.best - 1] == min(done.watched) < done.watched[-1]


def test_the_same_generator_gives_the_same_weights_whatever_torch_did_before():
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.rand(threads)
        images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
        fitted = fit_classifier(images, np.arange(40) % 2, 2, np.random.default_rng(3), epochs=2, filters=4)
        found.append(fitted.probabilities(images))
        assert torch.get_num_threads() == threads
    assert (found[0] == found[1]).all()


def test_bars_of_two_directions_are_told_apart():
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 400)
    images = np.zeros((400, 12, 12, 3), dtype=np.uint8)
    for picture, label, at in zip(images, labels, rng.integers(0, 12, 400), strict=True):
        (picture if label else picture.swapaxes(0, 1))[at] = 255
    fitted = fit_classifier(images[:300], labels[:300], 2, rng, epochs=8, filters=8)
    found = fitted.probabilities(images[300:])
    assert found.sum(axis=1) == pytest.approx(np.ones(100))
    assert (found.argmax(axis=1) == labels[300:]).mean() >= 0.97
    assert fitted.features(images[:5]).shape == (5, 64)


def test_progress_is_shown_and_a_limit_ends_training_with_what_there_is():
    x, y = line(np.random.default_rng(5))
    network = nn.Linear(3, 1)
    loss, shown = squares(network, x, y), []
    with shown_by(lambda *step: shown.append(step)), time_limit(1e-9):
        done = train(network, loss, 300, np.random.default_rng(0), epochs=9, batch=50, rate=0.1, label="line")
    assert done.ended == "out of time"
    assert done.at == [1]
    assert shown[0] == ("line", 0, 9)
    with cancelled_by(lambda: True), pytest.raises(Exception, match="cancelled"):
        train(network, loss, 300, np.random.default_rng(0), epochs=9, batch=50, rate=0.1, label="line")


def test_a_loss_that_is_no_number_is_an_error():
    network = nn.Linear(3, 1)
    loss = squares(network, torch.full((10, 3), float("inf")), torch.zeros(10, 1))
    with pytest.raises(FloatingPointError, match="finite"):
        train(network, loss, 10, np.random.default_rng(0), epochs=1, batch=5, rate=0.1, label="x")


def test_weights_travel_as_arrays_and_a_wrong_shape_is_refused():
    one, other = nn.Linear(3, 2), nn.Linear(3, 2)
    arrays = arrays_of(one, "net.")
    assert set(arrays) == {"net.weight", "net.bias"}
    assert (load_arrays(other, arrays, "net.").weight == one.weight).all()
    with pytest.raises(ValueError, match="weight"):
        load_arrays(nn.Linear(4, 2), arrays, "net.")


def test_without_torch_one_line_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None\nimport mintmark.nn.training"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.rstrip().endswith("torch is not installed. Run: pip install 'mintmark[neural]'")
