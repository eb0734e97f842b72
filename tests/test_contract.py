"""Every registered synthesizer keeps the contract, also on the hard tables."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).parent / "plugin"))

import honest

from mintmark import registry
from mintmark.data.conform import conforms
from mintmark.data.keys import renewed
from mintmark.data.read import read
from mintmark.errors import InputError
from mintmark.resample._resampler import Resampler
from mintmark.synthesizer import make
from mintmark.testing.contract import CHECKS
from mintmark.testing.hard_tables import HARD, hard_tables, ordinary

registry._added.cache_clear()
NAMES = [name for name in registry.names("synthesizers") if name != "unsafe"]


def resamplers():
    """Methods that share the searches of `smote`."""
    return [name for name in NAMES if issubclass(registry.find("synthesizers", name), Resampler)]


HARDEST = {"50,000 categories": ("smote",), "2,000 x 500": ("smote", "deepsmote")}
"""Up to half a minute for each method that searches all pairs of its rows: these stand for their family."""
COPED = [
    (name, table) for name in NAMES for table in HARD
    if (name in HARDEST.get(table, NAMES) or name not in resamplers())
]  # fmt: skip


SMALL = {"steps": 2, "filters": 8, "batch": 16}
SETTINGS = {
    "deepsmote": {"epochs": 3},
    "autoregressive": {"epochs": 2, "hidden": 8},
    "vae": {"epochs": 2, "hidden": 16, "code": 4},
    "gan": {"epochs": 2, "hidden": 16, "noise": 4},
    "diffusion": {"epochs": 2, "hidden": 16, "denoising": 3},
    "image_vae": SMALL | {"code": 4},
    "image_gan": SMALL,
    "image_diffusion": SMALL | {"denoising": 2},
}
"""Parameters of methods that would take their time by default."""
TARGETS = {"smote_regression": "income"}
"""Methods that need a number as target, and which column of the ordinary table it is then."""


def of_images(name):
    """Whether a method makes pictures and their class, and no other table."""
    return registry.find("synthesizers", name).images_only


def digits():
    x, y = load_digits(return_X_y=True)
    x, y = (x[y < 2].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8), y[y < 2]
    return read({"image": x, "label": [str(v) for v in y]}, target="label")


def suited(name, data):
    """The table with a target that the method can resample."""
    if name not in TARGETS or data.target is None:
        return data
    return data.edit(data.target, roles=()).edit(TARGETS[name], roles=("target",))


@pytest.fixture(scope="module")
def tables():
    return hard_tables()


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_every_synthesizer_keeps_the_contract(name, check, tmp_path):
    data = digits() if of_images(name) else suited(name, ordinary())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the GAN makes few kinds")  # of two steps
        warnings.filterwarnings("ignore", message="the codes say next to nothing")  # after two epochs
        CHECKS[check](lambda: make(name, **SETTINGS.get(name, {})), data, tmp_path)


@pytest.mark.parametrize(("name", "table"), COPED)
def test_every_synthesizer_copes_with_the_hard_tables(name, table, tables):
    data = suited(name, tables[table])
    if of_images(name):
        with pytest.raises(InputError, match="no column of images"):
            make(name).fit(data, seed=0)
        return
    masks = getattr(make(name), "masks", None)
    if masks and not make(name).maskable(data.schema):
        with pytest.raises(InputError, match=f"no column of kind {masks[0]}"):  # rows would leave unmasked
            make(name, **SETTINGS.get(name, {})).fit(data, seed=0)
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*holds no value at all.*")
        warnings.filterwarnings("ignore", message="the codes say next to nothing")
        warnings.filterwarnings("ignore", message="the GAN makes few kinds")
        made = make(name, **SETTINGS.get(name, {})).fit(data, seed=0).sample(60, seed=1)
    assert made.table.schema.equals(data.table.schema)
    assert len(made) == 60
    keys = renewed(data.schema)
    assert conforms(
        made.table.drop_columns(keys), made.schema.select([n for n in made.names if n not in keys])
    ).all()
    for column in data.names:
        if data.table[column].null_count == len(data):
            assert made.table[column].null_count == 60
    assert not set(keys) or len(set(made.table[keys[0]].to_pylist())) == 60


def test_all_null_columns_are_warned_of(tables):
    with pytest.warns(
        UserWarning, match=r"column 'number', 'integer', 'category' \(6 in all\) holds no value"
    ):
        honest.Honest().fit(tables["all-null columns"], seed=0)


def test_the_hard_tables_are_what_their_names_say(tables):
    assert list(tables) == list(HARD)
    assert all(
        len(set(t.table[c].to_pylist())) == 1 for t in [tables["constant columns"]] for c in t.names[:-1]
    )
    assert len(set(tables["50,000 categories"].table["product"].to_pylist())) == 50_000
    assert tables["99 % missing"].table["number"].null_count > 1_900
    assert tables["2,000 x 500"].table.shape == (2_000, 500)
    assert len(tables["30 rows"]) == 30
    dates = tables["dates before 1970 and with time zones"].table
    assert min(dates["seconds"].to_pylist()).year < 1900
    assert dates["zoned"].type.tz == "America/New_York"
    assert np.array_equal(*(hard_tables()["numeric extremes"].table["wild"].to_numpy() for _ in range(2)))


@pytest.mark.parametrize("table", HARD)
def test_hard_tables_read_as_they_are_and_can_be_learnt(table, tables):
    """The way a user comes: no schema given, kinds inferred."""
    given = tables[table].table
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(holds no value at all|every value is missing).*")
        data = read(given)
        made = make("independent").fit(data, seed=0).sample(20, seed=1)
    assert data.table.equals(given)
    assert made.table.schema.equals(given.schema)
