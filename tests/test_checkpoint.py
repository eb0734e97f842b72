"""A training that was killed goes on where it stood, and ends with the same weights."""

from __future__ import annotations

import fcntl
import json
import shutil
import signal
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark import checkpoint
from mintmark.data.digest import digest_of
from mintmark.errors import InputError, OutputError
from mintmark.progress import time_is_up, time_limit
from mintmark.run._folder import forget
from mintmark.synthesizer import load_model

pytest.importorskip("torch")
pytestmark = [
    pytest.mark.filterwarnings("ignore:the GAN makes few kinds"),
    pytest.mark.filterwarnings("ignore:the codes say next to nothing"),
]
METHODS = {
    "vae": {"epochs": 8, "hidden": 16, "code": 4},
    "autoregressive": {"epochs": 6, "hidden": 16},
    "diffusion": {"epochs": 350, "hidden": 16},
    "gan": {"epochs": 600, "hidden": 16, "noise": 4},
    "image_vae": {"steps": 250, "filters": 4, "code": 4, "batch": 8},
    "image_gan": {"steps": 450, "filters": 4, "batch": 8},
    "image_diffusion": {"steps": 150, "filters": 8, "batch": 2},
    "deepsmote": {"epochs": 4, "filters": 4, "code": 4},
}


class Killed(BaseException):
    """In place of a kill: nothing catches it."""


def table(rows=300):
    rng = np.random.default_rng(0)
    a = rng.choice(["p", "q"], rows, p=[0.3, 0.7])
    x = np.where(a == "p", 4.0, 0.0) + rng.normal(size=rows)
    return mm.read({"a": a, "x": x.round(3), "y": (rng.normal(size=rows) - x).round(2)}, target="a")


def data_for(name):
    if not name.startswith("image_"):
        return table()
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    return mm.read({"image": images, "label": np.arange(60) % 2 == 0}, target="label")


def made(name, **values):
    return mm.synthesizer(name, **METHODS[name] | values)


def killed(monkeypatch, name, folder, writes, seed=0, **values):
    """A fit that writes down where it stands as often as it may, killed after so many times."""
    write, count = checkpoint.Place.write, []

    def counted(place, state):
        write(place, state)
        count.append(place.file.name)
        if len(count) == writes:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_EVERY", 0.0)
        patch.setattr(checkpoint.Place, "write", counted)
        with pytest.raises(Killed):
            made(name, **values).fit(data_for(name), seed=seed, checkpoint=folder)
    return count


def resumed(monkeypatch, name, folder, **given):
    """The same fit again, and how many places it went on from."""
    read, found = checkpoint.Place.read, []

    def counted(place):
        held = read(place)
        found.extend([held] if held else [])
        return held

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Place, "read", counted)
        model = made(name).fit(data_for(name), seed=0, checkpoint=folder, **given)
    return model, len(found)


def alike(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, other[name], equal_nan=value.dtype.kind == "f"), name
        else:
            assert value == other[name], name


@pytest.fixture(scope="module")
def uninterrupted():
    """What each method learns where nobody kills it."""
    learnt = {}

    def of(name):
        if name not in learnt:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                learnt[name] = made(name).fit(data_for(name), seed=0)._state().learnt
        return learnt[name]

    return of


@pytest.mark.parametrize(
    ("name", "writes", "places"),
    [
        ("vae", 3, 1),
        ("autoregressive", 2, 1),
        ("diffusion", 3, 1),
        ("gan", 3, 1),
        ("gan", 6, 2),  # the net is done, and what tells its rows from real ones is trained
        ("image_vae", 2, 1),
        ("image_gan", 3, 1),
        ("image_diffusion", 1, 1),
        ("deepsmote", 2, 1),
    ],
)
def test_a_killed_fit_goes_on_and_learns_exactly_the_same(
    name, writes, places, uninterrupted, monkeypatch, tmp_path
):
    folder = tmp_path / "checkpoint"
    count = killed(monkeypatch, name, folder, writes)
    assert len(set(count)) == places
    model, found = resumed(monkeypatch, name, folder)
    assert found == places
    alike(model._state().learnt, uninterrupted(name))
    assert not folder.exists()


def test_a_fit_may_be_killed_again_and_again(uninterrupted, monkeypatch, tmp_path):
    for _ in range(3):
        killed(monkeypatch, "diffusion", tmp_path / "c", 1)
    model, _ = resumed(monkeypatch, "diffusion", tmp_path / "c")
    alike(model._state().learnt, uninterrupted("diffusion"))


def test_the_best_weights_outlive_a_kill_after_them(monkeypatch, tmp_path):
    import torch

    from mintmark.nn.training import train

    x, y = (
        torch.from_numpy(np.random.default_rng(0).normal(size=s).astype("f4")) for s in ((60, 40), (60, 1))
    )

    def trained():
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Linear(40, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))

        def loss(some, _):
            return (network(x[some]) - y[some]).square().mean()

        done = train(
            network, loss, 60, np.random.default_rng(2), epochs=50, batch=20, rate=0.01, label="noise",
            watch=0.3, patience=8,
        )  # fmt: skip
        return done, network[0].weight.detach().numpy().copy()

    def kept():
        with checkpoint.checkpoints(tmp_path / "c", dict):
            return trained()

    whole, weights = trained()
    write, count = checkpoint.Place.write, []

    def last(place, state):
        write(place, state)
        count.append(1)
        if len(count) == whole.best + 3:
            raise Killed

    monkeypatch.setattr(checkpoint, "_EVERY", 0.0)
    monkeypatch.setattr(checkpoint.Place, "write", last)
    with pytest.raises(Killed):
        kept()
    done, found = kept()
    assert done == whole
    assert done.ended == "no better"
    assert np.array_equal(found, weights)


def test_halvings_and_smaller_batches_outlive_a_kill(monkeypatch, tmp_path):
    from mintmark.latent import _table_vae

    losses, calls = _table_vae.losses, []

    def short(*given):
        loss = losses(*given)

        def told(some, draws):
            calls.append(len(some))
            if len(some) > 100:
                raise RuntimeError("not enough memory")
            return loss(some, draws) * (float("nan") if len(calls) == 6 else 1.0)

        return told

    monkeypatch.setattr(_table_vae, "losses", short)
    killed(monkeypatch, "vae", tmp_path / "c", 3)
    with (
        pytest.warns(UserWarning, match="not finite once"),
        pytest.warns(UserWarning, match="batches of 128"),
    ):
        model, _ = resumed(monkeypatch, "vae", tmp_path / "c")
    (record,) = model._state().learnt["training"]
    assert (record["halved"], record["batch"], len(record["at"])) == (1, 128, 8)


FIT = """
import sys
from mintmark import checkpoint
sys.path.insert(0, sys.argv[2])
from test_checkpoint import data_for, made
checkpoint._EVERY = 0.0
made("gan").fit(data_for("gan"), seed=0, checkpoint=sys.argv[1])
"""


def test_a_process_that_was_killed_goes_on_in_another(uninterrupted, monkeypatch, tmp_path):
    folder = tmp_path / "checkpoint"
    command = [sys.executable, "-c", FIT, str(folder), str(__file__).rpartition("/")[0]]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    while not list(folder.glob("training-1.*")):
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    model, found = resumed(monkeypatch, "gan", folder)
    assert found >= 1
    alike(model._state().learnt, uninterrupted("gan"))


def test_a_checkpoint_is_private_and_is_written_once_a_minute(monkeypatch, tmp_path):
    folder = tmp_path / "deep" / "checkpoint"
    killed(monkeypatch, "vae", folder, 2)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    fit = checkpoint._Fit(folder, dict)
    place, now = checkpoint.Place(file, fit), time.monotonic()
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now + 59)
    assert not place.due()
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now + 61)
    assert place.due()
    place.write({})
    assert not place.due()


def test_a_short_fit_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoint, "_put", lambda *_: pytest.fail("written"))
    made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_checkpoint_of_another_fit_is_refused_and_what_differs_is_named(monkeypatch, tmp_path):
    folder = tmp_path / "checkpoint"
    killed(monkeypatch, "vae", folder, 2)
    data = data_for("vae")
    remedy = rf"{folder} holds the checkpoint of another fit: .*another folder, or delete this one"
    for model, rows, seed, odd in [
        (made("vae"), data, 1, "seed differs"),
        (made("vae", hidden=32), data, 0, "parameter hidden differs"),
        (made("vae"), data.take(np.arange(299)), 0, "fit: rows differ"),
        (made("diffusion"), data, 0, "method, "),
    ]:
        with pytest.raises(InputError, match=odd) as told:
            model.fit(rows, seed=seed, checkpoint=folder)
        assert told.match(remedy)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 2)
        with pytest.raises(
            InputError, match=r"holds a checkpoint of format 1, and this is format 2: .* delete the folder"
        ):
            made("vae").fit(data, seed=0, checkpoint=folder)
    assert len(list(folder.glob("*.safetensors"))) == 1


def test_a_checkpoint_of_other_versions_names_them(monkeypatch, tmp_path):
    killed(monkeypatch, "vae", tmp_path, 2)
    monkeypatch.setattr(
        sys.modules["mintmark.synthesizer"], "version", lambda package: {"torch": "9.9"}.get(package, "0.9")
    )
    with pytest.raises(InputError, match=r"of mintmark .*, torch .*, and this is mintmark 0\.9, torch 9\.9"):
        made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path)
    with pytest.raises(InputError, match=r"of another fit: .*seed"):
        made("vae").fit(data_for("vae"), seed=1, checkpoint=tmp_path)


def test_a_folder_where_another_fit_is_at_work_is_refused(monkeypatch, tmp_path):
    killed(monkeypatch, "vae", tmp_path, 2)
    (file,) = tmp_path.glob("*.safetensors")
    content = file.read_bytes()
    with (tmp_path / checkpoint._LOCK).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match=r"another fit is at work in .*Wait for it, or give another"):
            made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path)
    assert file.read_bytes() == content
    _, found = resumed(monkeypatch, "vae", tmp_path)
    assert found


@pytest.mark.parametrize("read", [1, 2], ids=["looked through", "gone on with"])
def test_a_checkpoint_that_cannot_be_read_is_kept_and_told(read, monkeypatch, tmp_path):
    killed(monkeypatch, "vae", tmp_path, 2)
    (file,) = tmp_path.glob("*.safetensors")
    opened, reads = Path.open, []

    def refused(path, *args, **named):
        reads.extend([1] if path == file else [])
        if path == file and len(reads) == read:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **named)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(OutputError, match=r"cannot read .*Permission denied\. Make it readable"):
        made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path)
    assert file.exists()


def test_a_finished_fit_is_not_lost_where_the_lock_cannot_be_removed(monkeypatch, tmp_path):
    def refused(path, **_):
        raise PermissionError(13, "Permission denied")

    with checkpoint.checkpoints(tmp_path / "c", dict):
        monkeypatch.setattr(Path, "unlink", refused)


def test_a_fit_removes_no_lock_of_another(tmp_path):
    with checkpoint.checkpoints(tmp_path / "c", dict):
        shutil.rmtree(tmp_path / "c")
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / checkpoint._LOCK).write_text("another's")
    assert (tmp_path / "c" / checkpoint._LOCK).read_text() == "another's"


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_a_damaged_checkpoint_is_told_and_the_training_begins_anew(
    damage, uninterrupted, monkeypatch, tmp_path
):
    killed(monkeypatch, "vae", tmp_path / "c", 3)
    (file,) = (tmp_path / "c").glob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    file.write_bytes({"cut": content[:-9], "changed": content, "emptied": b""}[damage])
    with pytest.warns(UserWarning, match="training-1.safetensors is damaged; the training begins anew"):
        model, found = resumed(monkeypatch, "vae", tmp_path / "c")
    assert found == 0
    alike(model._state().learnt, uninterrupted("vae"))


def test_what_a_kill_left_half_written_goes_and_what_is_not_ours_stays(monkeypatch, tmp_path):
    (tmp_path / ".training-1.safetensors.tmp-x").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_files_of_like_names_are_left_alone(monkeypatch, tmp_path):
    mine = ["training-data.safetensors", ".training-notes", "training-1.safetensors.old"]
    for name in mine:
        (tmp_path / name).write_bytes(b"mine")
    killed(monkeypatch, "vae", tmp_path, 2)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*is damaged")
        resumed(monkeypatch, "vae", tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == dict.fromkeys(mine, b"mine")


def test_a_file_of_the_very_name_that_is_no_checkpoint_is_refused_and_kept(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weights": np.ones(2)}, file := tmp_path / "training-1.safetensors")
    with pytest.raises(InputError, match=r"training-1\.safetensors is no checkpoint.*Give another folder"):
        made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path)
    assert file.exists()


def test_a_disk_that_is_full_does_not_end_the_training(uninterrupted, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_EVERY", 0.0)
    monkeypatch.setattr(checkpoint, "_put", full)
    with pytest.warns(UserWarning, match="cannot write .*No space left.*Training goes on"):
        model = made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path / "c")
    alike(model._state().learnt, uninterrupted("vae"))


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Give another folder"):
        made("vae").fit(data_for("vae"), seed=0, checkpoint=tmp_path / "file")


def test_an_error_of_the_input_leaves_no_checkpoint_behind(monkeypatch, tmp_path):
    killed(monkeypatch, "vae", tmp_path / "c", 2)
    monkeypatch.setattr("mintmark.latent.vae._RATE", 1e12)
    with pytest.raises(InputError, match="not finite"):
        resumed(monkeypatch, "vae", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_training_that_begins_from_elsewhere_takes_nothing_from_the_place(monkeypatch, tmp_path):
    """As where time ended the training before it sooner."""
    import torch

    from mintmark.nn.training import train

    def trained(seed, epochs):
        network, seen = torch.nn.Linear(1, 1), []

        def loss(some, _):
            seen.append(1)
            return network(torch.ones(len(some), 1)).square().mean()

        train(network, loss, 8, np.random.default_rng(seed), epochs=epochs, batch=8, rate=0.1, label="x")
        return len(seen)

    def cut_short():
        with checkpoint.checkpoints(tmp_path / "c", dict):
            trained(0, 2)
            raise Killed

    monkeypatch.setattr(checkpoint, "_EVERY", 0.0)
    for seed, left in ((0, 3), (1, 5)):
        with pytest.raises(Killed):
            cut_short()
        with checkpoint.checkpoints(tmp_path / "c", dict):
            assert trained(seed, 5) == left


def test_time_that_was_used_before_the_kill_counts(monkeypatch, tmp_path):
    with time_limit(1, used=61):
        assert time_is_up()
    with time_limit(2, used=61):
        assert not time_is_up()
    used = checkpoint._Fit.used
    monkeypatch.setattr(checkpoint._Fit, "used", lambda fit: used(fit) + 600)
    killed(monkeypatch, "vae", tmp_path / "c", 3)
    model, _ = resumed(monkeypatch, "vae", tmp_path / "c", max_minutes=5)
    (record,) = model._state().learnt["training"]
    assert (record["ended"], record["at"]) == ("out of time", [1, 2, 3, 4])


def test_the_rate_of_a_limited_training_falls_as_if_there_had_been_no_kill():
    from mintmark.nn.rounds import _Clock

    with time_limit(1, used=45):
        clock = _Clock(1_000_000, before=45.0)
    assert clock.share(0) == pytest.approx(0.75, abs=0.01)


def test_a_method_without_a_net_takes_a_checkpoint_and_leaves_none(tmp_path):
    mm.synthesizer("independent").fit(table(), seed=0, checkpoint=tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_model_saved_before_trainings_had_one_record_is_loaded(uninterrupted, tmp_path):
    model = made("vae").fit(data_for("vae"), seed=0)
    rows = model.sample(20, seed=1).table
    del model._state().learnt["training"]
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").sample(20, seed=1).table.equals(rows)


def test_a_digest_is_of_values_and_not_of_what_lies_under_a_gap():
    given = pa.array([1.0, None, 3.0])
    dirty = pa.Array.from_buffers(
        pa.float64(), 3, [given.buffers()[0], pa.py_buffer(np.array([1.0, 77.0, 3.0]).tobytes())]
    )
    one, other = (pa.table({"x": values, "a": ["u", None, "v"]}) for values in (given, dirty))
    assert digest_of(one) == digest_of(other)
    assert digest_of(pa.concat_tables([one.slice(0, 1), one.slice(1)])) == digest_of(one)
    changed = [
        one.slice(0, 2),
        one.rename_columns(["y", "a"]),
        pa.table({"x": [1.0, 3.0, None], "a": one["a"]}),
    ]
    assert digest_of(one) not in [digest_of(table) for table in changed]


# -- runs ----------------------------------------------------------------------------------------

RECIPE = """
source: {path: table.parquet, target: a}
generate: {method: diffusion, rows: 100, parameters: {epochs: 350, hidden: 16}}
assess: {metrics: [column_shapes]}
release: {policy: policy.yaml}
"""
POLICY = """
format: 1
name: columns
purpose: Enough to have something to pass.
rules:
  - {id: shapes, family: fidelity, metric: column_shapes, at_least: 0.1, because: "columns look alike."}
"""


@pytest.fixture
def killed_run(monkeypatch, tmp_path):
    """A run killed while its synthesizer was trained."""
    mm.write(table(400), tmp_path / "table.parquet")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "policy.yaml").write_text(POLICY)
    write = checkpoint.Place.write

    def last(place, state):
        write(place, state)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_EVERY", 0.0)
        patch.setattr(checkpoint.Place, "write", last)
        with pytest.raises(Killed):
            mm.run(tmp_path / "recipe.yaml", tmp_path / "run")
    return tmp_path


def test_a_run_that_was_killed_while_it_fitted_goes_on_there(killed_run, monkeypatch):
    import shutil

    held = killed_run / "run" / "private" / "checkpoint"
    assert [file.name for file in held.iterdir()] == ["training-1.safetensors"]
    shutil.copytree(killed_run / "run", killed_run / "anew")
    shutil.rmtree(killed_run / "anew" / "private" / "checkpoint")
    read, found = checkpoint.Place.read, []
    monkeypatch.setattr(checkpoint.Place, "read", lambda place: found.append(read(place)) or found[-1])
    models = []
    for out in ("run", "anew"):
        mm.run(killed_run / "recipe.yaml", killed_run / out, resume=True)
        models.append((killed_run / out / "private" / "model" / "arrays.safetensors").read_bytes())
        assert not (killed_run / out / "private" / "checkpoint").exists()
    assert [one is None for one in found] == [False, True]
    assert models[0] == models[1]
    assert not (killed_run / "run" / "private" / "cost-fit.json").exists()  # a part of it is not known
    assert json.loads((killed_run / "anew" / "private" / "cost-fit.json").read_bytes())


def test_forgetting_a_run_forgets_its_checkpoint(killed_run):
    assert "private/checkpoint" in forget(killed_run / "run")
    assert not (killed_run / "run" / "private" / "checkpoint").exists()


def test_want_of_memory_leaves_the_checkpoint(tmp_path):
    """Another process may hold the memory: the same fit may go on later."""

    def fit():
        with checkpoint.checkpoints(tmp_path / "c", dict):
            checkpoint.next_training().write({"x": np.zeros(1)})
            try:
                raise MemoryError("not enough memory")
            except MemoryError as error:
                raise InputError(str(error)) from None

    with pytest.raises(InputError, match="memory"):
        fit()
    assert [file.name for file in (tmp_path / "c").iterdir()] == ["training-1.safetensors"]
