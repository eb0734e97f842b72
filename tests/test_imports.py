"""`import mintmark` is light, and its public names resolve."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mintmark


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_loads_no_heavy_library():
    loaded = json.loads(_run("import mintmark, sys, json; print(json.dumps(sorted(sys.modules)))"))
    assert "mintmark" in loaded
    heavy = {
        "pydantic",
        "numpy",
        "numba",
        "pandas",
        "polars",
        "pyarrow",
        "torch",
        "sklearn",
        "lightgbm",
        "scipy",
    }
    assert not heavy & set(loaded)


def test_the_package_says_that_it_is_typed():
    assert (Path(mintmark.__file__).parent / "py.typed").is_file()


def test_import_takes_little_time():
    code = "import time; t = time.process_time(); import mintmark; print(time.process_time() - t)"
    assert float(_run(code)) < 0.3


def test_reading_and_fitting_need_neither_pandas_nor_torch():
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pandas", "polars", "torch"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import mintmark as mm
data = mm.read({"x": [i / 7 for i in range(60)], "c": ["a", "b"] * 30})
print(len(mm.synthesizer("independent").fit(data, seed=0).sample(5, seed=0)))
"""
    assert _run(code).strip() == "5"


def test_loops_compile_where_no_folder_may_be_written_to():
    code = """
from numba.core import caching
for locator in (vars(caching)[name] for name in dir(caching) if name.endswith("CacheLocator")):
    locator.from_function = classmethod(lambda cls, function, file: None)
import numpy as np
from mintmark.latent._kernels import subtrees
print(subtrees(np.array([2, -1, -1])))
"""
    assert _run(code).strip() == "[2 1 2]"


@pytest.mark.parametrize("name", mintmark.__all__)
def test_every_public_name_resolves(name):
    assert getattr(mintmark, name).__doc__


def test_every_public_name_is_listed():
    assert sorted(mintmark.__all__) == sorted(mintmark._PUBLIC) == dir(mintmark)
    with pytest.raises(AttributeError, match="has no attribute 'sythesizer'"):
        mintmark.sythesizer  # noqa: B018


@pytest.mark.parametrize(
    ("verb", "room"),
    [
        ("assess", "mintmark.assess.assess"),
        ("run", "mintmark.run.run"),
        ("method", "mintmark.method"),
        ("synthesizer", "mintmark.synthesizer"),
    ],
)
def test_a_verb_stays_a_function_after_its_room_was_imported(verb, room):
    code = f"""
import importlib, mintmark
importlib.import_module({room!r})
print(callable(mintmark.{verb}), type(mintmark.{verb}).__name__)
import mintmark.data.schema
print(type(mintmark.data).__name__)
"""
    assert _run(code).split() == ["True", "function", "module"]
