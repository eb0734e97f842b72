"""Assess: every metric on (train, holdout, synthetic), with anchors and pictures, as one record."""

from __future__ import annotations

import dataclasses
import importlib
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from mintmark import __version__, registry
from mintmark.assess import _large
from mintmark.assess._codes import kept
from mintmark.assess._image_sheets import sheets
from mintmark.assess._matched import by_class, matched
from mintmark.assess._pictures import pictures
from mintmark.assess.assessment import Assessment, digest_of
from mintmark.assess.cost import check_cost
from mintmark.assess.inputs import check_apart, check_classes, check_finite
from mintmark.assess.privacy._rows import forget
from mintmark.check import load
from mintmark.data.database import Database
from mintmark.data.dataset import Dataset
from mintmark.data.keys import is_renewed
from mintmark.data.protect import OTHER
from mintmark.data.read import read, retyped
from mintmark.data.schema import Schema, arrow_type
from mintmark.data.sequences import sequences
from mintmark.data.streams import check_seed, stream
from mintmark.errors import InputError, UnknownNameError, first_three
from mintmark.metric import Metric, Score, Tables, plain
from mintmark.progress import track

__all__ = ["aligned", "assess", "chosen_metrics", "metric_list", "policy_record", "versions"]

_OF_ALL = ("memorisation", "out_of_distribution")
"""Fidelity beside all real rows: drawing some would hide copies, and rows of other classes round new ones."""


def assess(
    *,
    train: Any,
    synthetic: Any,
    holdout: Any = None,
    target: str | None = None,
    policy: Any = None,
    metrics: Sequence[str | Metric] | None = None,
    seed: int = 0,
    synthesizer: Any = None,
    cost: Mapping[str, Any] | None = None,
) -> Assessment:
    """Score synthetic rows for fidelity, utility and privacy.

    Parameters
    ----------
    train, synthetic : Dataset, or anything `mintmark.read` takes; or Database
        The rows a synthesizer learnt from, and the rows it made. Train's schema rules. Where one is a
        `Database` all are, see ``docs/relational.md``.
    holdout : optional
        Real rows that the synthesizer never saw; without them many metrics are not run.
    target : str, optional
        Column to be predicted; train's own where it has one.
    policy : str, Policy or mapping, optional
        Fixed before scoring: name, path, policy, its values (``name``, ``purpose``, ``rules``) or its
        record (``name``, ``digest``, ``text``).
    metrics : sequence of str or Metric, optional
        Registered names; if None all but those that are scored on request alone (`shadow`, which fits
        the method 16 times more).
    seed : int, >= 0
    synthesizer : Synthesizer, optional
        The fitted one, for metrics that question it, how its training went and what it warned of; it is
        left as it is.
    cost : mapping, optional
        What the rows cost, measured or declared: any of ``cpu_seconds``, ``gpu_seconds``,
        ``peak_memory_bytes``, ``tokens``, ``money`` with ``currency``, ``human_minutes``.

    Raises
    ------
    InputError
        If a table is empty, lacks a column of train, holds values of another type or shares no class of
        the target with train; if the holdout holds training rows or persons.
    UnknownNameError
        If the target, a metric, the policy or a key of the cost does not exist.
    """
    if any(isinstance(data, Database) for data in (train, synthetic, holdout)):
        from mintmark.assess._databases import assess_databases  # which calls this function for each table

        given = {"train": train, "synthetic": synthetic} | (
            {"holdout": holdout} if holdout is not None else {}
        )
        refused = {"target": target, "synthesizer": synthesizer}
        return assess_databases(given, refused, policy=policy, metrics=metrics, seed=seed, cost=cost)
    check_seed(seed)
    cost = None if cost is None else check_cost(cost)
    record = policy_record(policy)
    chosen = chosen_metrics(metrics)
    train = _dataset(train, "train")
    released = _dataset(synthetic, "synthetic", like=train.schema)
    train = _aimed(train, target)
    differences: list[str] = []
    train = _ruled(train, released.schema, differences)
    synthetic = aligned(released, train.schema, "synthetic", differences)
    if holdout is not None:
        holdout = aligned(
            _dataset(holdout, "holdout", like=train.schema), train.schema, "holdout", differences
        )
        check_apart(train, holdout)
    if train.schema.with_role("sequence_key"):
        for which, data in (("train", train), ("synthetic", synthetic), ("holdout", holdout)):
            if data is not None:
                sequences(data, which)  # a row without a place is told before anything is measured
    train, holdout = _in_public_words(train, holdout, synthetic, released.schema, differences)
    for which, other in (("synthetic", synthetic), ("holdout", holdout)):
        if other is not None and (told := check_classes(train, other, which)):
            differences.append(told)
    silent = [c.name for c in train.schema if not kept(c) and not is_renewed(c) and c.kind != "image"]
    if silent:
        differences.append(f"scored for privacy alone, since free text or media: {first_three(silent)}")
    floor = _independent(train, len(synthetic), seed)
    tables = Tables(train, synthetic, holdout, floor, synthesizer)
    tables.shared["seed"] = seed
    # one thread sums in one order, so the same seed gives the same figures on any machine; and the
    # products here are too small to gain from more, whose waiting costs several times the work
    with threadpool_limits(1, "blas"):
        scores = _measured(tables, chosen, seed, _of_classes(tables, seed, differences))
        drawn = pictures(tables, scores, differences, stream(seed, "assess", "pictures"))
        if shown := sheets(tables):
            drawn["images"] = shown
    for name in ("training", "warnings"):
        if told := getattr(synthesizer, name, None):
            drawn[name] = plain(told)
    return Assessment(
        scores=tuple(scores),
        tables=drawn,
        policy=record,
        provenance=dict(released.provenance),
        sha256=digest_of(released.table),
        seed=seed,
        versions=versions(),
        cost=cost,
    )


def _of_classes(tables: Tables, seed: int, differences: list[str]) -> Tables | None:
    """The tables with real rows in the classes' shares of added rows; None where nothing is added."""
    real = matched(tables, seed, differences)
    if real is None:
        return None
    train, holdout = real
    floor = _independent(train, len(tables.synthetic), seed)
    made = dataclasses.replace(tables, train=train, holdout=holdout, floor=floor)
    made.shared["seed"] = seed
    made.shared["rows before matching"] = {
        which: len(data) for which, data in (("train", tables.train), ("holdout", tables.holdout)) if data
    }
    return made


def _measured(
    tables: Tables, chosen: Sequence[tuple[str, Metric]], seed: int, of_classes: Tables | None = None
) -> list[Score]:
    """Scores in the order of the metrics; the attacks run first, so that what only they need is let go.

    Fidelity is measured on `of_classes` where there are some; but not by metrics that need all real rows.
    """
    order = sorted(range(len(chosen)), key=lambda at: chosen[at][1].family != "privacy")
    found: dict[int, list[Score]] = {}
    for at in track(order, "assessing"):
        name, metric = chosen[at]
        if metric.family != "privacy":
            forget(tables)
        if of_classes and metric.family == "fidelity" and name not in _OF_ALL:
            found[at] = by_class(metric.measure(of_classes, stream(seed, "assess", name)))
        else:
            found[at] = metric.measure(tables, stream(seed, "assess", name))
        if max(map(len, filter(None, (tables.train, tables.synthetic, tables.holdout)))) > _large.LARGE:
            _large.give_back()
    return [score for at in range(len(chosen)) for score in found[at]]


def policy_record(policy: Any) -> dict[str, Any] | None:
    """Name, digest and text of a policy given by name, path, value or record."""
    if policy is None:
        return None
    if isinstance(policy, Mapping) and "rules" not in policy:
        return _record(policy)
    if not hasattr(policy, "record"):
        # the name is resolved by the room that owns policies; an import at the top would tie
        # measuring to judging, which must be able to change without it
        if not isinstance(policy, (str, os.PathLike, Mapping)):
            raise InputError(f"policy: {policy!r} is no name, path, Policy or record.")
        policy = importlib.import_module("mintmark.release.policy").Policy.load(policy)
    return dict(policy.record())


def _record(given: Mapping[str, Any]) -> dict[str, Any]:
    absent = [key for key in ("name", "digest", "text") if not isinstance(given.get(key), str)]
    if absent:
        raise InputError(
            f"policy: the mapping is neither a policy (it has no rules) nor the record of one (no "
            f"{first_three(absent)}). Give name, purpose and rules, or `Policy.record()`."
        )
    return dict(given)


def chosen_metrics(given: Any) -> list[tuple[str, Metric]]:
    """Every metric asked for, with the name of its stream; if None all but those scored on request alone."""
    if given is not None:
        return [_chosen(name) for name in metric_list(given)]
    found = [_chosen(name) for name in registry.names("metrics")]
    return [(name, metric) for name, metric in found if not metric.on_request]


def metric_list(given: Any) -> list[Any]:
    """The metrics asked for; a lone name is no list of letters."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError(f"metrics: give a list of names, such as metrics=[{str(given)!r}].")
    return list(given)


def _chosen(given: Any) -> tuple[str, Metric]:
    if isinstance(given, str):
        return given, registry.find("metrics", given)()
    if not isinstance(given, Metric):
        raise InputError(f"metrics: {given!r} is neither a name nor a Metric, such as TwoSample().")
    return type(given).__module__.rpartition(".")[2], given


def _dataset(source: Any, which: str, like: Schema | None = None) -> Dataset:
    if not isinstance(source, Dataset):
        source = read(source, like=like)
    if not len(source):
        raise InputError(f"{which} has no rows: there is nothing to compare.")
    check_finite(source, which)
    return source  # type: ignore[no-any-return]  # a Dataset either way


def _aimed(train: Dataset, target: str | None) -> Dataset:
    """Train with its target column set."""
    if target is None or target == train.target:
        return train
    if target not in train.schema:
        raise UnknownNameError("target column", target, train.names)
    schema = train.schema
    for column in train.schema:
        roles = tuple(role for role in column.roles if role != "target")
        schema = schema.edit(column.name, roles=(*roles, "target") if column.name == target else roles)
    return dataclasses.replace(train, schema=schema)


def _ruled(train: Dataset, released: Schema, differences: list[str]) -> Dataset:
    """Train under its own rules and those that the released rows carry, filled in where they have it.

    A function that only the released file names is not called: the file may be somebody else's.
    """
    rules = {str(rule): rule for record in train.schema.checks if (rule := load(record))}
    for record in released.checks:
        if record["check"] != "function" and not (rule := load(record)).needs_data:
            rules[str(rule)] = rule
    kept = [rule for rule in rules.values() if set(rule.reads) <= set(released.names) & set(train.names)]
    if len(kept) < len(rules):
        left = [str(rule) for rule in rules.values() if rule not in kept]
        differences.append(f"a rule reads a column that is not there and is not scored: {first_three(left)}")
    return train.with_checks(*kept)


def aligned(data: Dataset, schema: Schema, which: str, differences: list[str]) -> Dataset:
    """The rows under train's schema: its columns in its order and types; what differed is noted."""
    absent = {column.name for column in schema if column.name not in data.schema}
    # a key says nothing about the rows and may be left away; whose row it is must be known of real rows,
    # and which rows follow one another of all
    needed = [
        name
        for name in schema.names
        if name in absent
        and (
            not is_renewed(schema[name])
            or (which == "holdout" and "group" in schema[name].roles)
            or "sequence_key" in schema[name].roles
        )
    ]
    if needed:
        raise InputError(
            f"{which} lacks column {first_three(map(repr, needed))} of train. "
            + _renamed(needed[0], data, schema)
        )
    if absent:
        differences.append(f"{which} lacks the key {first_three(sorted(absent))}")
    extra = [name for name in data.names if name not in schema]
    if extra:
        differences.append(f"{which} has columns that train lacks: {first_three(extra)}; they are not scored")
    elif not absent and data.names != schema.names:
        differences.append(f"{which} has its columns in another order")
    arrays = []
    for column in schema:
        if column.name in absent:
            arrays.append(pa.nulls(len(data), arrow_type(column.dtype)))
            continue
        array, own = data.table[column.name], data.schema[column.name]
        if own.dtype != column.dtype:
            array = _cast(array, column.dtype, column.name, which)
            differences.append(f"{which}: column {column.name} is {own.dtype}, in train {column.dtype}")
        elif own.kind != column.kind:
            differences.append(f"{which}: column {column.name} is read as {own.kind}, in train {column.kind}")
        arrays.append(array)
    return Dataset(pa.table(dict(zip(schema.names, arrays, strict=True))), schema, data.provenance)


def _renamed(name: str, data: Dataset, schema: Schema) -> str:
    """The remedy for a missing column: the nearest among the columns that train has no use for."""
    spare = [other for other in data.names if other not in schema]
    near = str(UnknownNameError("column", name, spare)).partition(". ")[2]
    return near if near.startswith("Did you mean") else "Give it, or leave it out of train."


def _in_public_words(
    train: Dataset, holdout: Dataset | None, synthetic: Dataset, public: Schema, differences: list[str]
) -> tuple[Dataset, Dataset | None]:
    """Real rows with the categories that the release merges merged as well: compared like with like.

    A category that the released rows hold stays, whatever their schema says of it: its copies are looked for.
    """
    for name, column in ((c.name, c) for c in public if OTHER in (c.categories or ())):
        if name not in train.schema or not train.schema[name].is_discrete:
            continue
        held = set(synthetic.table[name].unique().drop_null().to_pylist())
        words = pa.array(sorted(held | set(column.categories or ()), key=str), train.table[name].type)
        merged = len(set(train.table[name].unique().to_pylist()) - set(words.to_pylist()) - {None})
        differences.append(f"column {name}: {merged} rare categories are released, and scored, as {OTHER}")
        train = _merged(train, name, words)
        holdout = holdout and _merged(holdout, name, words)
    return train, holdout


def _merged(data: Dataset, name: str, words: pa.Array) -> Dataset:
    array = data.table[name]
    kept = pc.or_(pc.is_null(array), pc.is_in(array, value_set=words))
    table = data.table.set_column(
        data.names.index(name), data.table.schema.field(name), pc.if_else(kept, array, OTHER)
    )
    return dataclasses.replace(data, table=table)


def _cast(array: pa.ChunkedArray, dtype: str, name: str, which: str) -> pa.ChunkedArray:
    try:
        return retyped(array, arrow_type(dtype))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"{which}: column {name!r} is {array.type} and cannot be read as train's {dtype} "
            f"({str(error).splitlines()[0][:120]}). Give both tables the same types."
        ) from None


def _independent(train: Dataset, rows: int, seed: int) -> Dataset:
    """The floor: every column drawn from train by itself, so that no relation is left."""
    table = pa.table(
        {
            name: train.table[name]
            .combine_chunks()
            .take(pa.array(stream(seed, "assess", "floor", name).integers(len(train), size=rows)))
            for name in train.names
        }
    )
    return Dataset(table, train.schema)


def versions() -> dict[str, str]:
    """Versions that decide the figures, read without importing the packages."""
    return {
        "mintmark": __version__,
        "numpy": version("numpy"),
        "sklearn": version("scikit-learn"),
        "lightgbm": version("lightgbm"),
        "python": platform.python_version(),
    }
