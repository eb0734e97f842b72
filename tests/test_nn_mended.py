"""Trainings that go wrong on the way: figures that are not finite, and memory that does not suffice."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import mintmark as mm
from mintmark.errors import InputError
from mintmark.latent import _table_vae
from mintmark.nn import training
from mintmark.nn.rounds import held_still, train_in_rounds
from mintmark.nn.standing import Standing
from mintmark.nn.training import train
from mintmark.progress import time_limit

SHORT = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"


def line(rows=64):
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32))
    return x, x @ torch.tensor([[2.0], [-1.0], [0.5]]) + 3


def trained(loss, network, *, batch=16, epochs=40, watch=0.0, rate=0.1):
    return train(
        network, loss, 64, np.random.default_rng(1), epochs=epochs, batch=batch, rate=rate, label="a line",
        watch=watch, patience=epochs,
    )  # fmt: skip


def stepped(step, network, *, batch, steps=150, rows=64, **values):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    return train_in_rounds(
        network, [optimizer], step, rows, np.random.default_rng(1), steps=steps, batch=batch, label="steps",
        **values,
    )  # fmt: skip


def test_an_epoch_that_breaks_is_done_again_from_the_one_before_at_half_the_rate(monkeypatch):
    x, y = line()
    network, calls, rates = nn.Linear(3, 1), [], []
    epoch = training._epoch

    def told(network, loss, optimizer, *given):
        rates.append(optimizer.param_groups[0]["lr"])
        return epoch(network, loss, optimizer, *given)

    monkeypatch.setattr(training, "_epoch", told)

    def loss(some, _):
        calls.append(len(some))
        value = nn.functional.mse_loss(network(x[torch.from_numpy(some)]), y[torch.from_numpy(some)])
        if len(calls) in (42, 88):  # the second batch of the 11th epoch, and of the 22nd
            with torch.no_grad():
                network.weight.fill_(math.nan)
            return value * math.nan
        return value

    with pytest.warns(UserWarning, match=r"a line: the loss was not finite 2 times; .* epoch .* 0\.25 of it"):
        done = trained(loss, network)
    assert done.halved == 2
    assert done.at == list(range(1, 41))
    assert len(calls) == 40 * 4 + 2 * 2
    assert rates[11] == rates[10] / 2
    assert rates[23] == rates[22] / 2
    assert network.weight.detach().numpy() == pytest.approx(np.array([[2.0, -1.0, 0.5]]), abs=0.05)
    assert np.isfinite(done.losses["loss"]).all()


def test_weights_that_are_no_number_are_not_kept_where_the_loss_still_is_one():
    x, y = line()
    network, epochs = nn.Linear(3, 1), []

    def loss(some, _):
        epochs.append(1)
        if len(epochs) == 24:  # the last batch of an epoch: its loss is finite, what follows is not
            return (network.weight * 0).sqrt().sum() + 1
        return nn.functional.mse_loss(network(x[torch.from_numpy(some)]), y[torch.from_numpy(some)])

    with pytest.warns(UserWarning, match="not finite once"):
        trained(loss, network)
    assert network.weight.isfinite().all()


def test_going_back_twice_goes_to_the_same_place():
    network = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters())

    def step():
        optimizer.zero_grad()
        network(torch.ones(1, 2)).square().sum().backward()
        optimizer.step()

    step()
    standing = Standing(network, [optimizer], np.random.default_rng(0), torch.Generator(), 0, None)
    before = optimizer.state[network.weight]["exp_avg"].clone(), network.weight.detach().clone()
    for _ in range(2):
        step()
        standing.go_back()
        assert torch.equal(optimizer.state[network.weight]["exp_avg"], before[0])
        assert torch.equal(network.weight, before[1])


@pytest.mark.parametrize("steps", [50, 150])
@pytest.mark.parametrize("breaks", [3, 40, 103, 149])
def test_a_round_that_breaks_is_done_again_and_no_step_is_missed(steps, breaks):
    """Also the first and the last round of a training."""
    network, calls, seen = nn.Linear(1, 1), [], []

    class Watching:
        def __call__(self, taken, share):
            seen.append(taken)
            return False

    def step(some, taken, share, draws):
        calls.append(taken)
        return {"loss": math.nan if len(calls) == breaks else 1.0}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = stepped(step, network, batch=8, steps=steps, watch=Watching())
    assert done.at == seen == ([50] if steps == 50 else [100, 150])
    assert done.halved == (breaks <= steps)


def test_time_that_is_up_while_a_round_breaks_leaves_the_one_before():
    def step(some, taken, share, draws):
        if taken < 100:
            return {"loss": 1.0}
        time.sleep(1.2)
        return {"loss": math.nan}

    with pytest.warns(UserWarning, match="not finite once"), time_limit(1.0 / 60):
        done = stepped(step, nn.Linear(1, 1), batch=8)
    assert (done.at, done.halved, done.ended) == ([100], 1, "out of time")


@pytest.mark.parametrize("watch", [0.0, 0.25])
def test_an_epoch_of_too_large_batches_goes_on_with_smaller_ones_and_misses_no_row(watch):
    x, y = line()
    network, seen = nn.Linear(3, 1), []

    def loss(some, _):
        if len(some) > 10:
            raise RuntimeError(SHORT)
        if network.training:
            seen.extend(some)
        return nn.functional.mse_loss(network(x[torch.from_numpy(some)]), y[torch.from_numpy(some)])

    with pytest.warns(UserWarning, match="a line: memory did not suffice for batches of 48; .*batches of 6"):
        done = trained(loss, network, batch=48, epochs=2, watch=watch)
    assert done.batch == 6
    many = 64 - int(64 * watch)
    assert len(set(seen[:many])) == many
    assert set(seen[:many]) == set(seen[many:])
    assert done.record()["batch"] == 6


def test_rows_kept_apart_that_do_not_fit_are_looked_at_in_smaller_batches():
    x, y = line()
    network = nn.Linear(3, 1)

    def loss(some, _):
        if len(some) > 10 and not network.training:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return nn.functional.mse_loss(network(x[torch.from_numpy(some)]), y[torch.from_numpy(some)])

    with pytest.warns(UserWarning, match="batches of 8"):
        done = trained(loss, network, batch=16, epochs=2, watch=0.5)
    assert len(done.watched) == 2


@pytest.mark.parametrize(("least", "left"), [(2, 6), (5, 5)])
def test_a_step_of_too_large_a_batch_is_done_again_with_a_smaller_one(least, left):
    network, seen, places = nn.Linear(3, 1), [], []

    def step(some, taken, share, draws):
        if len(some) > 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        seen.extend(some)
        places.append(taken)
        return {"loss": 1.0}

    with pytest.warns(UserWarning, match=f"steps: memory did not suffice for batches of 25; .*of {left}"):
        done = stepped(step, network, batch=25, least=least)
    assert done.batch == left
    assert places == list(range(150))
    assert sorted(seen[:64]) == sorted(seen[64:128]) == list(range(64))


def test_a_batch_that_cannot_be_smaller_ends_the_training():
    def short(*_):
        raise RuntimeError(SHORT)

    with pytest.raises(MemoryError, match="not enough memory for a batch of 2 either"):
        trained(short, nn.Linear(3, 1))
    with pytest.raises(MemoryError, match="not enough memory for a batch of 3 either"):
        stepped(short, nn.Linear(3, 1), batch=50, least=3)


def test_another_error_of_a_step_is_not_taken_for_want_of_memory():
    def wrong(*_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        trained(wrong, nn.Linear(3, 1))


def test_want_of_memory_is_one_line_with_a_remedy(monkeypatch):
    def losses(*_):
        def loss(*_):
            raise RuntimeError(SHORT)

        return loss

    monkeypatch.setattr(_table_vae, "losses", losses)
    data = mm.read({"x": np.random.default_rng(0).normal(size=200)})
    with pytest.raises(InputError, match=r"^vae: there is not enough memory .* Give a hidden below 256"):
        mm.synthesizer("vae").fit(data, seed=0)


def test_a_network_learns_again_after_an_error_while_it_was_held_still():
    network = nn.Linear(3, 1)

    def short():
        with held_still(network):
            assert not network.weight.requires_grad
            raise RuntimeError(SHORT)

    with pytest.raises(RuntimeError, match="memory"):
        short()
    assert network.weight.requires_grad
