"""A run killed with SIGKILL at any moment and resumed ends with the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# the command line as users start it, with blocks so small that a small table has many shards
COMMAND = """
import sys
from mintmark.cli.main import main
from mintmark.latent.independent import Independent
Independent.block = 128
sys.exit(main(sys.argv[1:]))
"""
POLICY = """
format: 1
name: columns
purpose: Enough to have something to pass.
rules:
  - {id: shapes, family: fidelity, metric: column_shapes, at_least: 0.5, because: "columns look alike."}
"""
RECIPE = """
source: {path: table.parquet, target: c}
generate: {method: independent, rows: 6000}
assess: {metrics: [column_shapes]}
release: {policy: policy.yaml}
"""
KILLS = 10
SHARDS = 47  # 6000 rows of 128


def start(folder: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", COMMAND, "run", str(folder / "recipe.yaml"), "--out", str(out), *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def finish(folder: Path, out: Path, *options: str) -> None:
    process = start(folder, out, "--resume", *options)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()


def data_of(out: Path) -> str:
    return hashlib.sha256((out / "release" / "synthetic.parquet").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kill")
    rng = np.random.default_rng(0)
    table = pa.table({
        "a": rng.normal(size=2000).round(2),
        "b": rng.integers(0, 50, 2000),
        "c": rng.choice(["x", "y", "z"], 2000),
    })  # fmt: skip
    pq.write_table(table, folder / "table.parquet")
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "recipe.yaml").write_text(RECIPE)
    return folder


@pytest.fixture(scope="module")
def begun(folder):
    """A run killed as soon as its secret stands: what every other run here starts from."""
    out = folder / "begun"
    process = start(folder, out)
    while not (out / "run.json").exists():
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.002)
    process.kill()
    process.communicate()
    return out


@pytest.fixture(scope="module")
def uninterrupted(folder, begun):
    """Digest of the data of a run that nobody killed, and how long the run took."""
    out = folder / "whole"
    shutil.copytree(begun, out)
    before = time.monotonic()
    finish(folder, out)
    return data_of(out), time.monotonic() - before


def test_ten_kills_and_resumes_give_the_same_bytes(folder, begun, uninterrupted):
    digest, took = uninterrupted
    moments = 0.35 + 0.65 * np.random.default_rng(1).random(KILLS)  # importing takes the first third
    for number, moment in enumerate(moments):
        out = folder / f"killed-{number}"
        shutil.copytree(begun, out)
        process = start(folder, out, "--resume")
        time.sleep(moment * took)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        finish(folder, out)
        assert data_of(out) == digest, f"killed after {moment * took:.2f} s"
        assert not list(out.rglob(".*")), "a half-written file was left"
        shutil.rmtree(out)


def test_a_run_killed_between_two_shards_keeps_those_it_has(folder, begun, uninterrupted):
    digest, _ = uninterrupted
    out = folder / "half"
    shutil.copytree(begun, out)
    process = start(folder, out, "--resume")
    while len(list(out.glob("shards/*.json"))) < SHARDS // 4:
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.001)
    process.kill()
    process.communicate()
    kept = {path: path.stat().st_mtime_ns for path in list(out.glob("shards/*.json"))[: SHARDS // 4]}
    assert not (out / "manifest.json").exists()
    finish(folder, out)
    assert data_of(out) == digest
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


def test_a_damaged_shard_is_made_again_and_only_that_one(folder, begun, uninterrupted):
    digest, _ = uninterrupted
    out = folder / "whole"
    (out / "manifest.json").unlink()
    shards = sorted((out / "shards").glob("*.arrow"))
    assert len(shards) == SHARDS
    kept = shards[0].stat().st_mtime_ns
    content = bytearray(shards[3].read_bytes())
    content[len(content) // 2] ^= 1
    shards[3].write_bytes(content)
    shards[7].unlink()
    finish(folder, out)
    assert data_of(out) == digest
    assert shards[0].stat().st_mtime_ns == kept
    recorded = json.loads(shards[3].with_suffix(".json").read_text())["sha256"]
    assert hashlib.sha256(shards[3].read_bytes()).hexdigest() == recorded
