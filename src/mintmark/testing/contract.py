"""The contract suite: what every synthesizer must keep, checked from outside.

Give it a function that makes your synthesizer, unfitted:

>>> from mintmark.testing.contract import check_synthesizer
>>> check_synthesizer(lambda: MyMethod(k=5))  # doctest: +SKIP

Each check is a function of the same form, found by its name in `CHECKS`, so that a test suite can
run them one by one. The method must be registered (entry point ``mintmark.synthesizers``, named as
its module) for the checks that load it in another process.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import distinct, numbers
from mintmark.errors import InputError, MintmarkError, NotFittedError, UnknownNameError
from mintmark.synthesizer import Drawn, Synthesizer, load_model
from mintmark.testing.hard_tables import dataset, ordinary

__all__ = ["CHECKS", "check_synthesizer"]

Make = Callable[[], Synthesizer]
Check = Callable[[Make, Dataset, Path], None]


def check_synthesizer(make: Make, data: Dataset | None = None, *, workplace: Path | None = None) -> None:
    """Run every check and report all failures at once.

    Parameters
    ----------
    make : callable
        Returns a new, unfitted synthesizer each time.
    data : Dataset, optional
        Rows to fit on; `ordinary()` by default, which has no pictures. At least 30 rows.
    workplace : Path, optional
        An empty directory for saved models; a temporary one by default.

    Raises
    ------
    AssertionError
        If a promise is broken; one line for each, opening with the check's name.
    """
    data = ordinary() if data is None else data
    failures = []
    with tempfile.TemporaryDirectory(dir=workplace) as place:
        for name, check in CHECKS.items():
            room = Path(place, name)
            room.mkdir()
            try:
                check(make, data, room)
            except Exception as error:  # whatever a broken method raises is a finding
                failures.append(f"{name}: {type(error).__name__}: {error}")
    if failures:
        raise AssertionError(f"{len(failures)} of {len(CHECKS)} checks failed:\n" + "\n".join(failures))


def _fit(make: Make, data: Dataset) -> Synthesizer:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*holds no value at all.*")
        return make().fit(data, seed=0)


# -- what comes out ---------------------------------------------------------------------------


def keeps_schema_and_dtypes(make: Make, data: Dataset, workplace: Path) -> None:
    """Same columns in the same order, of the same kinds, roles and Arrow types."""
    made = _fit(make, data).sample(50, seed=1)
    assert isinstance(made, Dataset), f"sample returned a {type(made).__name__}, not a Dataset"
    assert made.names == data.names, f"columns {made.names} instead of {data.names}"
    for column in data.schema:
        found = made.schema[column.name]
        kind, wanted = made.table[column.name].type, data.table[column.name].type
        assert kind == wanted, f"column {column.name!r} has type {kind}, the data's is {wanted}"
        assert (found.kind, found.roles) == (column.kind, column.roles), (
            f"column {column.name!r} became {found.kind} with roles {found.roles}"
        )


def honours_n(make: Make, data: Dataset, workplace: Path) -> None:
    """Exactly n units: none, one, some, and more than one block."""
    model = _fit(make, data)
    for n in (0, 1, 7, model.block + 1):
        found = len(model.sample(n, seed=1))
        assert found == n, f"sample({n}) returned {found} rows"


def keeps_inside_the_schema(make: Make, data: Dataset, workplace: Path) -> None:
    """No category, bound or missing value outside the public schema, and none left to redrawing."""
    model = _fit(make, data)
    made = model.sample(600, seed=1)
    outside = made.provenance["rejected"].get("in_schema", 0)
    assert not outside, f"{outside} of {made.provenance['drawn']} drawn rows lay outside the schema"
    for column in made.schema:
        array = made.table[column.name]
        if data.table[column.name].null_count == 0 and column.missing == 0:
            assert array.null_count == 0, f"column {column.name!r} is never missing in the data"
        if column.is_discrete:
            strange = set(distinct(array)[0]) - set(column.categories or ())
            assert not strange, f"column {column.name!r} has new categories {sorted(map(str, strange))[:3]}"


def names_its_nature(make: Make, data: Dataset, workplace: Path) -> None:
    """The rows say what they are, and carry no seed."""
    made = _fit(make, data).sample(5, seed=918_273_645)
    assert made.provenance["nature"] == type(make()).nature, "provenance does not hold the nature"
    text = json.dumps(dict(made.provenance))
    assert "918273645" not in text, "provenance holds the seed"


# -- randomness -------------------------------------------------------------------------------


def repeats_with_the_same_seed(make: Make, data: Dataset, workplace: Path) -> None:
    """Two fits and two samples with the same seeds give the same rows.

    A method whose randomness protects does so only if asked to (`reproducible`), and says that it was.
    """
    if make().protecting:
        once, again = (_fit(make, data).draw_block(0, n=100, seed=1).table for _ in range(2))
        assert not once.equals(again), "a known seed repeats what protects"
        make = partial(_reproducible, make)
        assert _fit(make, data).describe()["parameters"]["reproducible"], "provenance hides `reproducible`"
    first, second = _fit(make, data), _fit(make, data)
    _same(first.sample(100, seed=1), first.sample(100, seed=1), "a second sample with the same seed")
    _same(first.sample(100, seed=1), second.sample(100, seed=1), "a second fit with the same seed")


def differs_with_another_seed(make: Make, data: Dataset, workplace: Path) -> None:
    """Another seed of `sample` gives other rows, and block 1 is not block 0 again.

    Masked rows stay as they were masked, whatever the seed: the mean of many samples would undo it.
    """
    model = _fit(make, data)
    once, again = (model.draw_block(0, n=100, seed=seed).table for seed in (1, 2))
    if model.nature == "masked real":
        assert once.equals(again), "a second sample masked the rows once more"
    else:
        assert not once.equals(again), "another seed gave the same rows"
    blocks = [model.draw_block(b, n=2 * model.block, seed=1).table for b in (0, 1)]
    assert not blocks[0].equals(blocks[1]), "block 1 repeats block 0"


def begins_longer_samples(make: Make, data: Dataset, workplace: Path) -> None:
    """The rows of sample(m) begin sample(n) for m < n, within a block and across blocks."""
    model = _fit(make, data)
    longest = model.sample(model.block + 20, seed=1)
    for m in (10, model.block, model.block + 1):
        _same(model.sample(m, seed=1), longest[:m], f"sample({m}) and the beginning of a longer one")


def same_rows_in_any_order(make: Make, data: Dataset, workplace: Path) -> None:
    """Blocks worked off backwards give the same rows: no state passes between draws."""
    model = _fit(make, data)
    n = 2 * model.block + 5
    forwards = model.sample(n, seed=1)
    _same(forwards, model.sample(n, seed=1, map=_backwards), "blocks drawn backwards")


def same_rows_on_other_workers(make: Make, data: Dataset, workplace: Path) -> None:
    """Two new processes give the rows that this one gives."""
    model = _fit(make, data)
    n = 2 * model.block + 5
    here = model.sample(n, seed=1)
    with _processes(2) as pool:
        there = model.sample(n, seed=1, map=pool.map)
    _same(here, there, "blocks drawn by two worker processes")


def _reproducible(make: Make) -> Synthesizer:
    return replace(make(), reproducible=True)  # type: ignore[type-var]  # every method is a dataclass


def _backwards(function: Callable[[int], Drawn], items: Iterable[int]) -> list[Drawn]:
    return [function(item) for item in reversed(list(items))][::-1]


def _same(one: Dataset, other: Dataset, what: str) -> None:
    if one.table.equals(other.table):
        return
    differ = [name for name in one.names if not one.table[name].equals(other.table[name])]
    raise AssertionError(f"{what}: other rows (columns {differ[:3]}, {len(differ)} in all)")


# -- what is left alone -----------------------------------------------------------------------


def leaves_inputs_alone(make: Make, data: Dataset, workplace: Path) -> None:
    """`fit` and `sample` change neither the data, nor its schema and provenance, nor `where`."""
    before = _frozen(data)
    model = _fit(make, data)
    where = _some_condition(model.sample(200, seed=1))
    asked = json.dumps(where, default=str)
    model.sample(20, seed=1, where=where)
    assert _frozen(data) == before, "fit or sample changed the data it was given"
    assert json.dumps(where, default=str) == asked, "sample changed `where`"


def leaves_global_randomness_alone(make: Make, data: Dataset, workplace: Path) -> None:
    """The global generators of numpy and Python are neither drawn from nor seeded."""
    before = _global_state()
    _fit(make, data).sample(50, seed=1)
    assert _global_state() == before, "the global random state of numpy or random was changed"


def _frozen(data: Dataset) -> tuple[bytes, str, str]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, data.table.schema) as writer:
        writer.write_table(data.table)
    provenance = json.dumps(dict(data.provenance), sort_keys=True, default=str)
    return sink.getvalue().to_pybytes(), data.schema.dumps(), provenance


def _global_state() -> str:
    return repr(np.random.get_state(legacy=False)) + repr(random.getstate())  # noqa: NPY002  # that one


# -- models on disk ---------------------------------------------------------------------------


def survives_save_and_load(make: Make, data: Dataset, workplace: Path) -> None:
    """A model loaded in a new process gives identical rows."""
    model = _fit(make, data)
    table, _ = _sampled_elsewhere(model, 100, workplace)
    _same(model.sample(100, seed=1), Dataset(table, model.sample(0, seed=1).schema), "the loaded model")


def loads_no_code(make: Make, data: Dataset, workplace: Path) -> None:
    """Loading and sampling unpickle no object and build no code: a model file is only values."""
    _, heard = _sampled_elsewhere(_fit(make, data), 20, workplace)
    assert not heard, f"the loaded model ran {heard[0][0]} of {'.'.join(heard[0][1:])}"


def keeps_models_private(make: Make, data: Dataset, workplace: Path) -> None:
    """A saved model says what of the real data it holds, and only its owner may open it."""
    path = workplace / "model"
    _fit(make, data).save(path)
    holds = json.loads((path / "model.json").read_text("utf-8"))["holds"]
    assert holds in ("rows", "values", "aggregates"), f"model.json says it holds {holds!r}"
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0, "others may open the model directory"


def _sampled_elsewhere(model: Synthesizer, n: int, workplace: Path) -> tuple[pa.Table, list[list[str]]]:
    path = workplace / "model"
    model.save(path)
    with _processes(1) as pool:
        table, heard = pool.submit(_listened, str(path), n).result(timeout=600)
    return table, heard


def _listened(path: str, n: int) -> tuple[pa.Table, list[list[str]]]:
    """n rows of a saved model, and the objects unpickled and code built on the way."""
    heard: list[list[str]] = []

    def listen(event: str, args: tuple[object, ...]) -> None:
        if event in ("pickle.find_class", "code.__new__"):
            heard.append([event, *map(str, args[:2])])

    load_model(path).sample(1, seed=1)  # so that libraries which load on use are loaded
    sys.addaudithook(listen)
    table = load_model(path).sample(n, seed=1).table
    return table, list(heard)


def _processes(workers: int) -> ProcessPoolExecutor:
    """New processes that share nothing with this one but the libraries they have loaded."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload([__name__, "sklearn", "numba"])
    return ProcessPoolExecutor(workers, mp_context=context)


# -- misuse and conditions --------------------------------------------------------------------


def refuses_misuse(make: Make, data: Dataset, workplace: Path) -> None:
    """Wrong calls end in the right error, not in rows."""
    if make().needs_data:
        _raises(NotFittedError, lambda: make().sample(1, seed=0), "sample before fit")
        _raises(NotFittedError, lambda: make().save(workplace / "unfitted"), "save before fit")
        _raises(InputError, lambda: make().fit(data[:1], seed=0), "fit on one row")
    model = _fit(make, data)
    wrong: list[tuple[type[MintmarkError], dict[str, Any], str]] = [
        (InputError, {"n": -1, "seed": 0}, "n = -1"),
        (InputError, {"n": 1.5, "seed": 0}, "n = 1.5"),
        (InputError, {"n": 1, "seed": -1}, "seed = -1"),
        (InputError, {"n": 1, "seed": "0"}, "seed = '0'"),
        (UnknownNameError, {"n": 1, "seed": 0, "where": {"no such column": 1}}, "where on no column"),
    ]
    for column in model.sample(0, seed=0).schema:
        if column.is_discrete or column.is_numeric:
            impossible = object() if column.is_numeric else "no such value \N{SNOWMAN}"
            wrong.append((InputError, {"n": 1, "seed": 0, "where": {column.name: impossible}}, column.name))
    for error, arguments, what in wrong:
        _raises(error, lambda arguments=arguments: model.sample(**arguments), what)  # type: ignore[misc]  # bound now


def _raises(error: type[Exception], call: Callable[[], object], what: str) -> None:
    try:
        call()
    except error:
        return
    except Exception as other:
        raise AssertionError(
            f"{what}: {type(other).__name__} ({other}) in place of {error.__name__}"
        ) from None
    raise AssertionError(f"{what}: accepted without {error.__name__}")


def keeps_to_where(make: Make, data: Dataset, workplace: Path) -> None:
    """Every row asked for with a condition meets it."""
    model = _fit(make, data)
    where = _some_condition(model.sample(200, seed=1))
    made = model.sample(30, seed=1, where=where)
    assert len(made) == 30, f"sample(30, where=...) returned {len(made)} rows"
    for name, wanted in where.items():
        column = made.schema[name]
        if isinstance(wanted, tuple):
            held = bool(np.all(numbers(made.table[name], column) <= wanted[1]))
        else:
            held = pc.all(pc.equal(made.table[name], pa.scalar(wanted, made.table[name].type))).as_py()
        assert held, f"rows outside where[{name!r}] = {wanted!r}"


def _some_condition(made: Dataset) -> dict[str, Any]:
    """A condition that a good share of these rows meets: one category, or the lower half."""
    for column in made.schema:
        if column.is_discrete and column.categories:
            values, counts = distinct(made.table[column.name])
            if values and counts.max() >= len(made) / 10:
                return {column.name: values[int(np.argmax(counts))]}
    for column in made.schema:
        if column.kind in ("number", "integer") and not column.roles:
            known = numbers(made.table[column.name], column)
            known = known[~np.isnan(known)]
            if len(known) >= len(made) / 10:
                return {column.name: (None, float(np.median(known)))}
    return {}


# -- privacy ----------------------------------------------------------------------------------


def leaks_no_rows(make: Make, data: Dataset, workplace: Path) -> None:
    """Continuous columns: no drawn row, and no drawn pair of values, is one it was fitted on.

    On three continuous columns chance repeats no row, so every copy is a leak; one in a hundred is
    let pass. Methods that alter given rows, or make no columns but pictures and their class, are not asked.
    """
    if make().nature in ("augmented real", "masked real", "partially synthetic") or make().images_only:
        return
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    values = {"x": x, "y": x + rng.normal(size=400), "z": np.exp(rng.normal(size=400))}
    train = dataset({name: pa.array(value) for name, value in values.items()})
    made = _fit(make, train).sample(400, seed=1)
    for names in (["x", "y", "z"], ["x", "y"], ["y", "z"]):
        real = set(zip(*(train.table[name].to_pylist() for name in names), strict=True))
        rows = zip(*(made.table[name].to_pylist() for name in names), strict=True)
        copied = sum(row in real for row in rows)
        assert copied <= 4, f"{copied} of 400 rows repeat the training rows in {', '.join(names)}"


def publishes_no_extremes(make: Make, data: Dataset, workplace: Path) -> None:
    """One person's extreme and rare category show neither in the rows nor in their schema.

    Methods that make no columns but pictures and their class are not asked.
    """
    if make().images_only:
        return
    rows = 300
    rng = np.random.default_rng(6)
    pay = np.append(rng.normal(50, 5, rows - 1), 987_654.5)
    town = [*rng.choice(["Ulm", "Bonn"], rows - 1).tolist(), "Hallig Gröde"]
    day = np.datetime64("2020-01-01") + rng.integers(0, 1_000, rows).astype("timedelta64[D]")
    data = dataset({"pay": pa.array(pay), "town": pa.array(town), "day": pa.array(day)})
    made = _fit(make, data).sample(2_000, seed=1)
    text = made.schema.dumps() + json.dumps(dict(made.provenance), ensure_ascii=False)
    assert "987654" not in text, "the schema or provenance holds an observed extreme"
    assert "Hallig" not in text, "the schema or provenance holds a rare category"
    assert pc.max(made.table["pay"]).as_py() < 987_654, "an observed extreme was drawn"
    assert "Hallig Gröde" not in made.table["town"].to_pylist(), "a rare category was drawn"


def _checks(*checks: Check) -> dict[str, Check]:
    return {getattr(check, "__name__", str(check)): check for check in checks}


CHECKS: dict[str, Check] = _checks(
    keeps_schema_and_dtypes,
    honours_n,
    keeps_inside_the_schema,
    names_its_nature,
    repeats_with_the_same_seed,
    differs_with_another_seed,
    begins_longer_samples,
    same_rows_in_any_order,
    same_rows_on_other_workers,
    leaves_inputs_alone,
    leaves_global_randomness_alone,
    survives_save_and_load,
    loads_no_code,
    keeps_models_private,
    refuses_misuse,
    keeps_to_where,
    leaks_no_rows,
    publishes_no_extremes,
)
"""Every check by its name, each called as ``check(make, data, workplace)``."""
