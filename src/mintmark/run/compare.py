"""Compare: fit every synthesizer on every data set with every seed, assess what each made, and rank."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mintmark.assess.assess import aligned, assess, chosen_metrics
from mintmark.assess.assessment import Assessment
from mintmark.assess.compare import METRICS, check_seeds, chosen, compared, fewest_seeds, score_names
from mintmark.assess.comparison import Comparison
from mintmark.assess.report.comparison_html import html
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.split import split
from mintmark.data.streams import check_seed
from mintmark.errors import InputError, OutputError, first_three
from mintmark.progress import track
from mintmark.run._atomic import folder
from mintmark.run._cost import joined, measured
from mintmark.run._reports import read_runs
from mintmark.synthesizer import Synthesizer, make

__all__ = ["check_free", "compare", "compare_reports", "named_tables", "write_comparison"]

_HOLDOUT = 0.2
Made = tuple[Any, dict[str, Any] | None]
"""Rows, and what they cost."""
Maker = Callable[[str, int, int, Dataset], Made]
"""Called with (data set, number of the seed, seed, train)."""


def compare(
    synthesizers: Sequence[Any] | Mapping[str, Any],
    datasets: Any,
    *,
    seeds: int | Sequence[int] | None = None,
    metrics: Sequence[str] | None = None,
    target: str | None = None,
    seed: int = 0,
) -> Comparison:
    """Rank synthesizers on data sets.

    Each seed splits the real rows, fits, draws as many rows as were learnt from and assesses anew;
    of one (data set, seed) all synthesizers get the same real rows.

    Parameters
    ----------
    synthesizers : sequence of registered names, or mapping by name
        Values: a registered name; a `Synthesizer` with its parameters; a function called with
        ``(train, seed)`` that returns a table; or the tables of another tool, a list with one a
        seed (or a mapping of data set to such a list).
    datasets : table, list of files, or mapping by name
        A table is anything that `mintmark.read` takes, to be split for each seed, a fifth held out;
        or a pair ``(train, holdout)``, as tables of another tool need it.
    seeds : int or sequence of int, optional
        How many, or which; at least five. If None, as many as it takes to tell anything from chance.
    metrics : sequence of str, optional
        Names of scores, e.g. ``"tstr.gap"``; those of `mintmark.assess.compare.METRICS` if None.
    target : str, optional
        Column to be predicted, where the tables do not say.
    seed : int, >= 0
        Of the permutations behind the p-values.

    Raises
    ------
    InputError
        If there are fewer than two synthesizers or five seeds, or tables do not fit the seeds.
    UnknownNameError
        If a synthesizer, score or target does not exist.
    """
    check_seed(seed)
    tables, named = named_tables(datasets), _named_synthesizers(synthesizers)
    if len(named) < 2:
        raise InputError(f"a comparison needs two or more synthesizers, not {len(named)}. Give another.")
    numbers = _seeds(fewest_seeds(len(named), len(tables)) if seeds is None else seeds)
    for name in tables:
        check_seeds(len(numbers), name)
    metrics = None if metrics is None else score_names(metrics)
    modules = list(dict.fromkeys(name.partition(".")[0] for name in metrics or METRICS))
    chosen_metrics(modules)
    real = {name: _pair(table, target, name) for name, table in tables.items()}
    makers = {name: _maker(name, given, real, numbers) for name, given in named.items()}
    runs: dict[tuple[str, str, str], Assessment] = {}
    steps = [(d, i, r, name) for d in real for i, r in enumerate(numbers) for name in makers]
    train = holdout = None
    at: tuple[str, int] | None = None
    for d, i, r, name in track(steps, "comparing"):
        if at != (d, i):
            at, (train, holdout) = (d, i), _parts(real[d], r)
        assert train is not None
        try:
            made, cost = makers[name](d, i, r, train)
            rows = _plain(made, train)
            # no metric gets the synthesizer: tables of another tool must be attacked alike
            runs[name, d, str(r)] = assess(
                train=train,
                holdout=holdout,
                synthetic=rows,
                metrics=modules,
                seed=r,
                cost=cost,
            )
        except InputError as error:
            raise InputError(f"{name} on {d}, seed {r}: {error}") from error
        chosen(runs, metrics)  # a wrong name is told now, not at the end
    found = compared(runs, metrics=metrics, seed=seed)
    fixed = [d for d, table in real.items() if isinstance(table, tuple)]
    if not fixed:
        return found
    note = f"train and holdout were given and are the same for every seed: {first_three(fixed)}"
    return dataclasses.replace(found, notes=(*found.notes, note))


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, bool) or not isinstance(seeds, (int, Sequence)) or isinstance(seeds, str):
        raise InputError(f"seeds must be a number or a list of seeds, not {seeds!r}.")
    numbers = list(range(seeds)) if isinstance(seeds, int) else [check_seed(one) for one in seeds]
    if len(set(numbers)) < len(numbers):
        raise InputError("a seed is given twice: the same draw again is no further evidence. Name each once.")
    return numbers


def named_tables(datasets: Any) -> dict[str, Any]:
    """Tables by name; files are called by their names. A tuple is one data set, a pair (train, holdout)."""
    if isinstance(datasets, Mapping):
        if not datasets:
            raise InputError("no data set was given. Give one or more.")
        return _texts(datasets, "data set")
    if isinstance(datasets, (list, set)):
        named = {_stem(one): one for one in datasets}
        if not named or None in named or len(named) < len(datasets):
            raise InputError("data sets that are no files of different names: give a mapping of names.")
        return {str(name): table for name, table in named.items()}
    return {_stem(datasets) or "data": datasets}


def _texts(named: Mapping[Any, Any], what: str) -> dict[str, Any]:
    for name in named:
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"the name of a {what} must be text, not {name!r}. Write it in quotes.")
    return dict(named)


def _stem(table: Any) -> str | None:
    return Path(str(table)).stem if isinstance(table, (str, Path)) else None


def _pair(table: Any, target: str | None, name: str) -> Dataset | tuple[Dataset, Dataset]:
    """A data set to be split, or its two parts."""
    try:
        if not isinstance(table, tuple):
            return read(table, target=target)
        if len(table) != 2:
            raise InputError(f"give one table, or a pair (train, holdout), not {len(table)} parts.")
        train = read(table[0], target=target)
        return train, read(table[1], like=train.schema)
    except InputError as error:
        raise InputError(f"data set {name!r}: {error}") from error


def _parts(real: Dataset | tuple[Dataset, Dataset], seed: int) -> tuple[Dataset, Dataset]:
    return real if isinstance(real, tuple) else split(real, _HOLDOUT, seed=seed)


def _named_synthesizers(synthesizers: Sequence[Any] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(synthesizers, Mapping):
        return _texts(synthesizers, "synthesizer")
    if isinstance(synthesizers, str) or not all(isinstance(one, str) for one in synthesizers):
        raise InputError("give a list of registered names, or a mapping of name to synthesizer.")
    return {name: name for name in synthesizers}


def _maker(
    name: str, given: Any, real: Mapping[str, Dataset | tuple[Dataset, Dataset]], seeds: list[int]
) -> Maker:
    if isinstance(given, str):
        given = make(given)
    if isinstance(given, Synthesizer):
        return lambda _d, _i, seed, train: _fitted(given, train, seed)
    if isinstance(given, (Mapping, list, tuple)):
        return _ready(name, given, real, seeds)
    if callable(given):
        return lambda _d, _i, seed, train: measured(lambda: given(train, seed))
    raise InputError(
        f"{name!r} is {type(given).__name__}; a synthesizer is a registered name, a Synthesizer, a function "
        "of (train, seed), or a list of tables, one a seed."
    )


def _plain(rows: Any, train: Dataset) -> Dataset:
    """The rows under train's schema: what wrote them, and what it says of them, must move no score."""
    data = rows if isinstance(rows, Dataset) else read(rows, like=train.schema)
    return aligned(data, train.schema, "synthetic", [])


def _fitted(synthesizer: Synthesizer, train: Dataset, seed: int) -> Made:
    unfitted = copy.copy(synthesizer)  # a fit stays on the object, and the next must not see it
    model, fitting = measured(lambda: unfitted.fit(train, seed=seed))
    rows, drawing = measured(lambda: model.sample(len(train), seed=seed))
    return rows, joined(fitting, drawing)


def _ready(
    name: str, given: Any, real: Mapping[str, Dataset | tuple[Dataset, Dataset]], seeds: list[int]
) -> Maker:
    """Tables that another tool made, one a seed."""
    tables = dict(given) if isinstance(given, Mapping) else {next(iter(real)): given}
    if set(tables) != set(real):
        raise InputError(
            f"{name!r} has tables for {first_three(tables)}; the data sets are {first_three(real)}. "
            "Give a mapping of data set to its list of tables."
        )
    for d, some in tables.items():
        if not isinstance(some, (list, tuple)) or len(some) != len(seeds):
            many = len(some) if isinstance(some, (list, tuple)) else "no list of"
            raise InputError(
                f"{name!r} has {many} tables for data set {d!r} and there are {len(seeds)} seeds. "
                "Give one table a seed."
            )
        if not isinstance(real[d], tuple):
            raise InputError(
                f"{name!r} is given as ready-made tables, so data set {d!r} must be the pair (train, "
                "holdout) that they were made from: else training rows would be taken for unseen ones."
            )
    return lambda d, i, _seed, _train: (tables[d][i], None)


def compare_reports(
    paths: Sequence[str | Path], *, metrics: Sequence[str] | None = None, seed: int = 0
) -> Comparison:
    """Rank synthesizers by reports that were made before.

    Parameters
    ----------
    paths : sequence of path
        ``report.json`` files, or folders in which to look for them. Below the folder that all have
        in common a report's path reads ``SYNTHESIZER/DATASET/SEED`` or, on one data set,
        ``SYNTHESIZER/SEED``; a last folder ``assessment``, as a run leaves it, does not count.
    metrics, seed :
        As `compare` takes them.

    Raises
    ------
    InputError
        If there is no report, a path does not read so, or reports of one (data set, seed) were made
        on other real rows.
    """
    return compared(read_runs(paths), metrics=metrics, seed=seed)


def write_comparison(comparison: Comparison, out: str | Path) -> None:
    """Write ``comparison.json`` and ``comparison.html`` into a folder (mode 700), at once.

    Raises
    ------
    OutputError
        If something other than a comparison stands there, or it cannot be written.
    """
    check_free(out)
    with folder(Path(out)) as made:
        (made / "comparison.json").write_text(comparison.dumps(), encoding="utf-8")
        (made / "comparison.html").write_text(html(comparison), encoding="utf-8")


def check_free(out: str | Path) -> None:
    """Raise `OutputError` where something other than a comparison stands."""
    path = Path(out)
    if path.exists() and not (path.is_dir() and _ours(path)):
        raise OutputError(f"{path} exists and holds no comparison. Give another --out, or remove it.")


def _ours(path: Path) -> bool:
    return not any(path.iterdir()) or (path / "comparison.json").is_file()
