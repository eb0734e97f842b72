"""The VAE, the GAN and the diffusion model of images: what they learn, repeat, keep and refuse."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings

import numpy as np
import pyarrow as pa
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import mintmark as mm
from mintmark.data.images import encoded, pixels, sizes
from mintmark.errors import InputError, OutOfTimeError
from mintmark.latent import _image_collapse, _image_diffusion
from mintmark.latent._mixture import drawn_codes, learn_mixture
from mintmark.nn import rounds
from mintmark.nn.training import load_arrays
from mintmark.stats.intervals import auc

METHODS = ("image_vae", "image_gan", "image_diffusion")
TINY = {"steps": 2, "filters": 8, "batch": 16}


def quick(name, **values):
    few = {"denoising": 2} if name == "image_diffusion" else {}
    return mm.synthesizer(name, **TINY | few | values)


def quietly(model, data, **values):
    """Fitted, where two steps make a GAN of few kinds of pictures."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the GAN makes few kinds")
        return model.fit(data, **{"seed": 0} | values)


def digits(classes=10):
    x, y = load_digits(return_X_y=True)
    return (x[y < classes].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8), y[y < classes]


def table(images, labels=None, **columns):
    told = {} if labels is None else {"label": [None if v is None else str(v) for v in labels]}
    return mm.read({"image": images, **told, **columns}, target="label" if told else None)


def labels_of(made):
    return np.array([int(label) for label in made.table["label"].to_pylist()])


LEARNT = {
    "image_vae": {"steps": 400, "filters": 16, "code": 8, "rate": 2e-3},
    "image_gan": {"steps": 700, "filters": 16, "rate": 2e-3},
    "image_diffusion": {"steps": 400, "filters": 16, "denoising": 8, "rate": 2e-3},
}


@pytest.fixture(scope="module", params=METHODS)
def learnt(request):
    return mm.synthesizer(request.param, **LEARNT[request.param]).fit(table(*digits()), seed=0)


def test_new_digits_are_recognised_and_vary(learnt):
    images, labels = digits()
    made = learnt.sample(512, seed=1)
    found, told = pixels(made.table["image"]).reshape(512, 64), labels_of(made)
    judge = LogisticRegression(max_iter=2_000).fit(images.reshape(-1, 64) / 255, labels)
    assert (judge.predict(found / 255) == told).mean() > 0.6  # of ten classes
    shares = np.bincount(told, minlength=10) / 512
    assert np.abs(shares - 0.1).max() < 4 * math.sqrt(0.09 / 512)
    real = np.mean([images.reshape(-1, 64)[labels == c].std(axis=0).mean() for c in range(10)])
    new = np.mean([found[told == c].std(axis=0).mean() for c in range(10)])
    assert 0.6 < new / real < 1.4


def test_a_class_that_is_asked_for_comes_alone(learnt):
    made = learnt.sample(20, seed=2, where={"label": ["3", "7"]})
    assert set(made.table["label"].to_pylist()) == {"3", "7"}
    assert made.provenance["drawn"] == 64


def test_a_saved_model_makes_the_same_images(learnt, tmp_path):
    learnt.save(tmp_path / "model")
    again = mm.load(tmp_path / "model")
    assert again.sample(5, seed=3).table.equals(learnt.sample(5, seed=3).table)
    assert not again.sample(5, seed=4).table.equals(learnt.sample(5, seed=3).table)


def test_the_training_leaves_its_curve(learnt):
    (told,) = learnt._state().learnt["training"]
    assert (told["unit"], told["at"][-1], told["ended"]) == ("step", learnt.steps, "all steps")
    assert all(len(values) == len(told["at"]) for values in told["losses"].values())
    assert all(math.isfinite(value) for values in told["losses"].values() for value in values)


def test_a_discriminator_scores_each_picture_with_its_class(learnt, tmp_path):
    if type(learnt).__name__ != "ImageGan":
        assert not hasattr(learnt, "scores_rows")
        return
    images, labels = digits()
    real, turned = learnt.scores_rows(table(images, labels)), learnt.scores_rows(table(255 - images, labels))
    wrong = learnt.scores_rows(table(images, (labels + 1) % 10))
    assert real.shape == (len(images),)
    assert auc(real, turned) > 0.9
    assert auc(real, wrong) > 0.8
    assert learnt.scores_rows(table(images[7:9], labels[7:9])) == pytest.approx(real[7:9], abs=1e-3)
    learnt.save(tmp_path / "model")
    again = mm.load(tmp_path / "model")
    assert np.array_equal(again.scores_rows(table(images[:60], labels[:60])), real[:60])
    with pytest.raises(InputError, match=r"pictures of 7 x 8 x 1 .* where 8 x 8 x 1 were learnt"):
        learnt.scores_rows(table(images[:5, :7], labels[:5]))
    with pytest.raises(InputError, match="a label is missing"):
        learnt.scores_rows(table(images[:5], [None, *labels[1:5]]))


def test_pictures_that_were_filled_up_are_scored():
    images = np.random.default_rng(0).integers(0, 256, (50, 9, 13, 3), dtype=np.uint8)
    model = quietly(quick("image_gan", batch=4), table(images))
    assert np.isfinite(model.scores_rows(table(images))).all()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shape", [(28, 28), (9, 13, 3), (64, 40, 4), (128, 8, 1)])
def test_any_size_and_channels_come_back(name, shape):
    images = np.random.default_rng(0).integers(0, 256, (50, *shape), dtype=np.uint8)
    made = quietly(quick(name, batch=4), table(images)).sample(3, seed=0)
    assert (sizes(made.table["image"]) == (shape if len(shape) == 3 else (*shape, 1))).all()
    assert made.names == ["image"]


@pytest.mark.parametrize("name", METHODS)
def test_missing_labels_are_a_class_of_their_own(name):
    images, labels = digits(2)
    told = [None if at % 3 == 0 else label for at, label in enumerate(labels)]
    model = quietly(quick(name), table(images, told))
    share = model.sample(400, seed=0).table["label"].null_count / 400
    assert abs(share - 1 / 3) < 4 * math.sqrt(2 / 9 / 400)
    assert model.sample(7, seed=0, where={"label": None}).table["label"].null_count == 7


@pytest.mark.parametrize("name", METHODS)
def test_what_cannot_be_learnt_is_refused_in_one_line(name):
    images, labels = digits(2)
    with pytest.raises(InputError, match=r"40 images are too few .* 50 are needed. deepsmote makes"):
        quick(name).fit(table(images[:40], labels[:40]), seed=0)
    with pytest.raises(InputError, match="class '9' has 1 image; 2 of each"):
        quick(name).fit(table(images, [*labels[:-1], 9]), seed=0)
    with pytest.raises(InputError, match=f"'age' stands beside the images of 'image': {name} makes"):
        quick(name).fit(table(images, labels, age=np.arange(len(labels)) / 7), seed=0)
    with pytest.raises(InputError, match="no column of images"):
        quick(name).fit(mm.read({"x": np.arange(60.0)}), seed=0)
    with pytest.raises(InputError, match="60 images of 200 x 8 pixels; 8 to 128 a side"):
        quick(name).fit(table(np.zeros((60, 200, 8), np.uint8)), seed=0)
    mixed = pa.chunked_array([*encoded(images[:59]).chunks, *encoded(images[:1, :7]).chunks])
    with pytest.raises(InputError, match=r"row 60 of 60: a picture of 7 x 8 .*size=\(height, width\)"):
        quick(name).fit(mm.read(pa.table({"image": mixed})), seed=0)
    made = quietly(quick(name, size=(12, 10), channels=3), mm.read(pa.table({"image": mixed})))
    assert (sizes(made.sample(2, seed=0).table["image"]) == (12, 10, 3)).all()


@pytest.mark.parametrize("name", METHODS)
def test_training_ends_in_time(name):
    try:
        model = quietly(quick(name, steps=1_000_000), table(*digits(2)), max_minutes=0.01)
    except OutOfTimeError:  # a slow machine may take this long to begin
        return
    assert len(model.sample(3, seed=0)) == 3


def test_a_collapsed_gan_is_told_and_repeats_nothing_worse():
    with pytest.warns(UserWarning, match=r"few kinds of pictures .*lower rate=.*image_diffusion"):
        model = mm.synthesizer("image_gan", steps=600, filters=8, rate=1.0).fit(table(*digits()), seed=0)
    looks = model._state().learnt["looks"]
    assert min(looks[-1]["variety"], looks[-1]["distinct"]) < 0.4
    assert len(model.sample(3, seed=0)) == 3


def test_few_kinds_are_seen_and_fresh_pictures_are_not():
    images, labels = digits()
    flat = images.reshape(-1, 64) / 255
    order = np.random.default_rng(0).permutation(len(flat))
    control, real, fresh = flat[order[:250]], flat[order[250:500]], flat[order[500:]]
    own = labels[order[:250]]
    others = labels[order[500:]]
    alike = np.stack([fresh[np.flatnonzero(others == label)[0]] for label in own])
    varied = np.stack([fresh[np.flatnonzero(others == label)[at % 100]] for at, label in enumerate(own)])
    one, many = (_image_collapse.figures(made, real, control, own) for made in (alike, varied))
    assert one["variety"] < 1e-6
    assert one["distinct"] < 0.15
    assert one["distance"] > 5 * abs(many["distance"])
    assert 0.85 < many["variety"] < 1.15
    assert 0.8 < many["distinct"] < 1.2


def test_noise_is_taken_off_exactly_where_the_network_is_right():
    """Of one image known to the network, DDIM ends at that image, whatever the noise and the steps."""
    image = torch.rand(1, 1, 8, 8) * 1.8 - 0.9
    for steps in (1, 3, 20):
        noise = torch.randn(5, 1, 8, 8)

        def right(held, times):
            angle = _image_diffusion._angle(times)[:, None, None, None]
            own = (held - angle.cos() * image) / angle.sin()
            return _image_diffusion.velocity(image, own, times)

        made = _image_diffusion.sampled(noise, steps, right)
        assert (made - image).abs().max() < 1e-3


def test_velocity_and_noised_image_give_back_the_image():
    images, noise, times = torch.rand(6, 1, 4, 4), torch.randn(6, 1, 4, 4), torch.rand(6)
    angle = _image_diffusion._angle(times)[:, None, None, None]
    held, told = (
        _image_diffusion.noised(images, noise, times),
        _image_diffusion.velocity(images, noise, times),
    )
    assert torch.allclose(angle.cos() * held - angle.sin() * told, images, atol=1e-5)


def test_the_mixture_has_the_means_and_spreads_of_the_codes():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 2_000)
    centres = np.array([[3.0, 0.0], [-3.0, 1.0]])
    mean = centres[labels] + rng.standard_normal((4_000, 2)) * [1.0, 0.2]
    made = learn_mixture(mean, np.full((4_000, 2), 0.1), labels, rng, most=20, each=8, rounds=60)
    drawn = drawn_codes(np.repeat([0, 1], 3_000), made, rng)
    for label in (0, 1):
        own = drawn[3_000 * label :][:3_000]
        assert np.abs(own.mean(axis=0) - centres[label]).max() < 0.1
        assert own.std(axis=0) == pytest.approx(np.sqrt([1.01, 0.05]), rel=0.1)


def test_after_a_loss_that_is_not_finite_training_goes_on_at_half_the_rate():
    network = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    calls, rates = [], []

    def step(some, taken, share, generator):
        calls.append(share)
        rates.append(optimizer.param_groups[0]["lr"])
        broken = len(calls) == 150
        loss = (network(torch.ones(1, 1)) - 3).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if broken:
            with torch.no_grad():
                network.weight.fill_(math.nan)
        return {"loss": math.nan if broken else float(loss.detach())}

    with pytest.warns(UserWarning, match=r"a test: the loss was not finite once; .* last good round .* 0\.5"):
        done = rounds.train_in_rounds(
            network, [optimizer], step, 10, np.random.default_rng(0), steps=400, batch=2, label="a test"
        )
    assert done.halved == 1
    assert rates[150] == pytest.approx(rates[148] / 2, rel=0.05)
    assert float(network(torch.ones(1, 1)).detach()) == pytest.approx(3, abs=0.01)
    with pytest.raises(FloatingPointError, match="not finite"):
        rounds.train_in_rounds(
            network, [optimizer], lambda *_: {"loss": math.nan}, 10, np.random.default_rng(0), steps=900,
            batch=2, label="a test",
        )  # fmt: skip


@pytest.mark.parametrize("name", ["image_vae", "image_diffusion"])
def test_a_rate_that_no_loss_survives_is_one_clear_error(name):
    with pytest.raises(InputError, match=rf"{name}: the loss is not finite.*lower rate"):
        quick(name, rate=1e30, steps=3_000).fit(table(*digits(2)), seed=0)


def test_a_network_cannot_be_loaded_with_weights_of_another():
    model = quietly(quick("image_gan"), table(*digits(2)))
    other = quietly(quick("image_gan", filters=16), table(*digits(2)))
    from mintmark.latent._image_gan import Generator

    network = Generator(**model._state().learnt["network"], classes=2)
    with pytest.raises(ValueError, match="another shape"):
        load_arrays(network, other._state().learnt, "generator.")


def test_the_registry_finds_them_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import mintmark as mm\n"
        "from mintmark import registry\n"
        f"for name in {METHODS!r}: registry.find('synthesizers', name)\n"
        "import numpy as np\n"
        "mm.synthesizer('image_vae').fit(mm.read({'image': np.zeros((60, 8, 8), 'uint8')}), seed=0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.rstrip().endswith("torch is not installed. Run: pip install 'mintmark[neural]'")
