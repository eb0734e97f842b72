"""DeepSMOTE on images and tables whose answer is known."""

from __future__ import annotations

import io
import secrets
import subprocess
import sys
import zlib

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import mintmark as mm
from mintmark.data.images import encoded, pixels, sizes
from mintmark.errors import InputError
from mintmark.resample._autoencoder import ImageAutoencoder, losses
from mintmark.resample._sample import Sample
from mintmark.testing.contract import CHECKS


def quick(**values):
    return mm.synthesizer("deepsmote", **{"epochs": 2, "filters": 4, "code": 8} | values)


def digits(counts=(60, 30)):
    x, y = load_digits(return_X_y=True)
    x = (x.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    rows = np.concatenate([np.flatnonzero(y == label)[:n] for label, n in enumerate(counts)])
    return mm.read({"image": x[rows], "label": [str(v) for v in y[rows]]}, target="label")


def bars(rng, upright, lying, side=12):
    """Bright bars on dark ground, three colours: class "1" stands upright, class "0" lies."""
    labels = np.repeat([1, 0], [upright, lying])
    images = np.full((len(labels), side, side, 3), 20, dtype=np.uint8)
    for picture, label in zip(images, labels, strict=True):
        at = rng.integers(2, side - 3)
        (picture.swapaxes(0, 1) if label else picture)[at : at + 2] = rng.integers(150, 256, 3)
    return images, labels


def uprightness(images):
    """Variance along the rows less that down the columns, by what share of both: 1 for an upright bar."""
    grey = images.mean(axis=3)
    across, down = grey.mean(axis=1).var(axis=1), grey.mean(axis=2).var(axis=1)
    return (across - down) / (across + down)


@pytest.mark.parametrize(
    "check", [name for name in CHECKS if name not in ("leaks_no_rows", "publishes_no_extremes")]
)
def test_images_keep_the_contract(check, tmp_path):
    CHECKS[check](quick, digits(), tmp_path)


def test_new_images_are_of_the_class_that_they_are_labelled():
    rng = np.random.default_rng(secrets.randbits(64))
    images, labels = bars(rng, 60, 300)
    data = mm.read({"image": images, "label": [str(v) for v in labels]}, target="label")
    model = mm.synthesizer("deepsmote", epochs=60, filters=8, code=16).fit(data, seed=0)
    assert model.usual_rows(len(data)) == 240
    made = model.sample(240, seed=1)
    assert set(made.table["label"].to_pylist()) == {"1"}
    found = pixels(made.table["image"])
    assert found.shape == (240, 12, 12, 3)
    assert (uprightness(found) > 0.5).mean() > 0.9
    lying = pixels(model.sample(40, seed=1, where={"label": "1"}).table["image"])
    assert (uprightness(lying) > 0.5).mean() > 0.8


def test_codes_lie_between_those_of_two_parents_of_one_class():
    rng = np.random.default_rng(secrets.randbits(64))
    model = quick().fit(digits((60, 30, 20)), seed=0)
    learnt = model._state().learnt
    made = model.make(learnt, 500, rng)
    one, other = learnt["numbers"][made.base], learnt["numbers"][made.partner]
    assert np.abs(one + made.at[:, None] * (other - one) - made.numbers).max() < 1e-9
    assert (learnt["label"][made.base] == learnt["label"][made.partner]).all()
    assert (learnt["base"] != learnt["partner"].T).all()


@pytest.mark.parametrize("shape", [(4, 4, 1), (5, 7, 3), (28, 28, 1), (16, 64, 4), (33, 9, 3)])
def test_any_size_and_channels_come_back_as_they_were(shape):
    images = np.random.default_rng(0).integers(0, 256, (24, *shape), dtype=np.uint8)
    data = mm.read({"image": images, "label": ["a", "b"] * 12}, target="label")
    made = quick(epochs=1, sampling_strategy={"a": 20, "b": 20}).fit(data, seed=0).sample(10, seed=0)
    assert (sizes(made.table["image"]) == shape).all()


def test_each_image_tells_its_two_parents_of_its_class():
    data = digits()
    model = quick().fit(data, seed=0)
    made, told = model.sample(50, seed=1), model.parents(50, seed=1)
    real = np.array(data.table["label"].to_pylist())
    for name in ("parent_a", "parent_b"):
        assert (real[told[name].to_numpy()] == np.array(made.table["label"].to_pylist())).all()


def test_the_penalties_are_what_they_say():
    """Of images of one class each alone, no permutation moves anything; of two, the texts part."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    network = ImageAutoencoder(8, 8, 1, 4, 2)
    network.eval()
    same = torch.from_numpy(np.repeat(rng.integers(0, 256, (1, 1, 8, 8), dtype=np.uint8), 6, axis=0))
    other = torch.from_numpy(rng.integers(0, 256, (6, 1, 8, 8), dtype=np.uint8))
    labels, some = np.zeros(6, dtype=np.int64), np.arange(6)

    def value(rows, penalty):
        loss = losses(network, (rows,), labels, penalty, torch.device("cpu"))
        made = loss(some, torch.Generator().manual_seed(3))
        network.zero_grad()
        made.backward()
        slope = float(next(network.encoder.parameters()).grad.abs().sum())
        return float(made.detach()), slope

    plain, permuted, sampled = (value(same, penalty) for penalty in ("none", "permuted", "sampled"))
    assert permuted[0] == pytest.approx(2 * plain[0])
    assert sampled[0] == pytest.approx(2 * plain[0])
    assert permuted[1] == pytest.approx(2 * plain[1], rel=1e-4)
    assert sampled[1] == pytest.approx(plain[1], rel=1e-4), "no gradient of the penalty reaches the encoder"
    plain, permuted, sampled = (value(other, penalty) for penalty in ("none", "permuted", "sampled"))
    assert sampled[0] == pytest.approx(2 * plain[0])
    assert permuted[0] != pytest.approx(2 * plain[0], rel=1e-4)


def test_rows_of_a_wide_table_keep_their_relation_and_their_gaps():
    """Twenty columns that follow two hidden ones: those are found, and gaps stay where they were."""
    rng = np.random.default_rng(secrets.randbits(64))
    labels = np.repeat([0, 1], [600, 200])
    hidden = rng.standard_normal((800, 2)) + 2 * labels[:, None]
    numbers = hidden @ rng.standard_normal((2, 20)) + 0.05 * rng.standard_normal((800, 20))
    numbers[labels == 1, 0] = np.nan
    codes = (hidden[:, :1] > 1).astype(np.int32)
    sample = Sample(numbers, codes, (2,), labels)
    model = mm.synthesizer("deepsmote", code=4, epochs=60, penalty="sampled")
    made = model.make(model.plan(sample, np.array([0, 400]), rng), 400, rng)
    assert np.isnan(made.numbers[:, 0]).all()
    assert not np.isnan(made.numbers[:, 1:]).any()
    real, new = numbers[labels == 1, 1:], made.numbers[:, 1:]
    assert ((new >= np.nanmin(numbers[:, 1:], axis=0)) & (new <= np.nanmax(numbers[:, 1:], axis=0))).all()
    assert np.abs(np.corrcoef(new.T) - np.corrcoef(real.T)).mean() < 0.1
    off = np.linalg.svd(new - new.mean(0), compute_uv=False)
    assert (off[2:] ** 2).sum() < 0.05 * (off**2).sum()
    assert abs(made.codes.mean() - codes[labels == 1].mean()) < 0.1


def cells(*images):
    return pa.array([_png(image) for image in images])


def _png(image):
    out = io.BytesIO()
    Image.fromarray(image).save(out, format="PNG")
    return out.getvalue()


GREY = np.zeros((8, 8), np.uint8)


def table(image, **columns):
    n = len(image)
    values = {"image": image, "label": pa.array((["a"] * (n // 2)) + ["b"] * (n - n // 2))} | columns
    return mm.read(pa.table(values), target="label")


def test_what_cannot_be_learnt_is_refused_in_one_line():
    many = [GREY + k for k in range(24)]
    with pytest.raises(
        InputError, match=r"'image', row 24 of 24: a picture of 9 x 8 .*size=\(height, width\)"
    ):
        quick().fit(table(cells(*many[:23], np.zeros((9, 8), np.uint8))), seed=0)
    torn = cells(*many).to_pylist()
    torn[4] = torn[4][: len(torn[4]) // 2]
    with pytest.raises(InputError, match="'image', row 5 of 24: the picture is damaged or truncated"):
        quick().fit(table(pa.array(torn)), seed=0)
    with pytest.raises(InputError, match="24 images of 1 x 1 pixels; 4 to 512 a side"):
        quick().fit(table(encoded(np.zeros((24, 1, 1), np.uint8))), seed=0)
    with pytest.raises(InputError, match="'age' stands beside the images of 'image'"):
        quick().fit(table(cells(*many), age=pa.array(np.arange(24.0))), seed=0)
    with pytest.raises(InputError, match=r"image.*smote cannot make"):
        mm.synthesizer("smote").fit(table(cells(*many)), seed=0)
    holes = cells(*many).to_pylist()
    holes[3] = None
    with pytest.raises(InputError, match="'image', row 4 of 24: no picture"):
        quick().fit(table(pa.array(holes)), seed=0)


def test_a_large_image_is_refused_by_its_header_and_learnt_at_another_size():
    large = table(encoded(np.zeros((24, 600, 500), np.uint8)))
    with pytest.raises(InputError, match=r"600 x 500 pixels; 4 to 512 a side.*size=\(height, width\)"):
        quick().fit(large, seed=0)
    made = quick(size=(12, 10), sampling_strategy={"a": 20}).fit(large, seed=0).sample(4, seed=0)
    assert (sizes(made.table["image"]) == (12, 10, 1)).all()
    wide = ImageAutoencoder(512, 512, 3, 64, 16)
    assert sum(part.numel() for part in wide.parameters()) < 3_000_000


def test_an_image_bomb_is_refused_before_it_is_decoded():
    bomb = bytearray(_png(GREY))
    bomb[16:24] = (100_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    images = [*cells(*[GREY] * 23).to_pylist(), bytes(bomb)]
    with pytest.raises(InputError, match="row 24 of 24: the picture declares"):
        quick().fit(table(pa.array(images)), seed=0)


def test_images_of_mixed_sizes_are_brought_to_one():
    mixed = cells(*[GREY + k for k in range(20)], *[np.zeros((20, 16), np.uint8)] * 4)
    made = (
        quick(size=(12, 10), channels=3, sampling_strategy={"a": 20})
        .fit(table(mixed), seed=0)
        .sample(4, seed=0)
    )
    assert (sizes(made.table["image"]) == (12, 10, 3)).all()


def test_without_torch_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import mintmark as mm\n"
        "data = mm.read({'x': [1.0, 2.0] * 20, 'c': ['a', 'b'] * 20}, target='c')\n"
        "mm.synthesizer('deepsmote').fit(data, seed=0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.rstrip().endswith("torch is not installed. Run: pip install 'mintmark[neural]'")
