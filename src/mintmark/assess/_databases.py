"""Assess databases: every table, every foreign key and every family, as one record.

Tables are scored by the metrics of single tables, children joined to their parents by those that look
at whole rows, and the foreign keys by metrics of their own; a score that several parts have is that of
the worst.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from mintmark import registry
from mintmark.assess._codes import kept
from mintmark.assess._views import inside, joined, table_view, told
from mintmark.assess._worst import worst_by_name
from mintmark.assess.assess import aligned, assess, chosen_metrics, metric_list, policy_record, versions
from mintmark.assess.assessment import Assessment, digest_of
from mintmark.assess.cost import check_cost
from mintmark.data.database import Database
from mintmark.data.dataset import Dataset
from mintmark.data.streams import check_seed, stream
from mintmark.errors import InputError, UnknownNameError, first_three
from mintmark.metric import Metric, Score, Tables
from mintmark.progress import track

__all__ = ["assess_databases"]

OF_TABLES = (
    "column_shapes", "image_copies", "missingness", "pair_trends", "personal_data", "real_identifiers",
    "unique_pairs", "unique_values", "verbatim_spans",
)  # fmt: skip
OF_JOINED = ("distinctness", "membership")
_COLUMNS = {"column_shapes": 1, "missingness": 1, "pair_trends": 2, "unique_pairs": 2}
"""How many scored columns a table needs to have such a score at all."""
Databases = dict[str, Database]


def assess_databases(
    given: Mapping[str, Any],
    refused: Mapping[str, Any],
    *,
    policy: Any,
    metrics: Sequence[str | Metric] | None,
    seed: int,
    cost: Mapping[str, Any] | None,
) -> Assessment:
    """Score a synthetic database; see `mintmark.assess`.

    Parameters
    ----------
    given : mapping of Database
        "train", "synthetic" and, where there is one, "holdout".
    refused : mapping
        Arguments that mean something for a single table only.

    Raises
    ------
    InputError
        If one of them is no database, lacks a table or key of train, or the holdout holds families of train.
    """
    check_seed(seed)
    cost = None if cost is None else check_cost(cost)
    record = policy_record(policy)
    for name, value in refused.items():
        if value is not None:
            raise InputError(
                f"{name} has no meaning for databases yet. Assess the table it is about by itself."
            )
    of_keys, of_tables, of_joined = _chosen(metrics)
    differences: list[str] = []
    databases = _alike(given, differences)
    assessed = _parts(databases, of_tables, of_joined, seed)
    scores = _worst({part: found.scores for part, found in assessed.items()})
    tables = _tables(databases, seed)
    with threadpool_limits(1, "blas"):
        for name, metric in track(of_keys, "assessing keys"):
            scores += metric.measure(tables, stream(seed, "assess", name))
    return Assessment(
        scores=tuple(scores),
        tables=_pictures(databases, assessed, differences),
        policy=record,
        provenance=_provenance(databases["synthetic"]),
        sha256=_digest(databases["synthetic"]),
        seed=seed,
        versions=versions(),
        cost=cost,
    )


def _chosen(
    metrics: Sequence[str | Metric] | None,
) -> tuple[list[tuple[str, Metric]], list[str], list[str]]:
    """Metrics of foreign keys, of tables and of joined tables."""
    own = [name for name in registry.names("metrics") if registry.find("metrics", name).of_databases]
    known = [*own, *OF_TABLES, *OF_JOINED]
    names = known if metrics is None else metric_list(metrics)
    for name in names:
        if name not in known:
            raise UnknownNameError("metric of databases", name, known)
    return (
        chosen_metrics([name for name in own if name in names]),
        [name for name in OF_TABLES if name in names],
        [name for name in OF_JOINED if name in names],
    )


def _alike(given: Mapping[str, Any], differences: list[str]) -> Databases:
    """The databases with train's tables, columns, types and keys."""
    for which, data in given.items():
        if not isinstance(data, Database):
            raise InputError(
                f"{which} is no Database, another one is. Give all of them as mintmark.Database."
            )
    train: Database = given["train"]
    train.need_roots()
    out: Databases = {}
    for which, data in given.items():
        if dict(data.keys) != dict(train.keys):
            odd = sorted(
                {f"{child} -> {parent}" for child, parent in set(data.keys.items()) ^ set(train.keys.items())}
            )
            raise InputError(
                f"{which} has other foreign keys than train: {first_three(odd)}. Give both the same."
            )
        tables = {}
        for name, like in train.tables.items():
            if name not in data.tables:
                raise InputError(f"{which} lacks table {name!r} of train. Give it, or leave it out of train.")
            if not len(data[name]):
                raise InputError(f"{which}: table {name!r} has no rows: there is nothing to compare.")
            told_here: list[str] = []
            tables[name] = aligned(data[name], like.schema, which, told_here)
            differences += [f"table {name}: {text}" for text in told_here]
        out[which] = Database(tables, train.keys)
    if "holdout" in out:
        _check_apart(out["train"], out["holdout"])
    return out


def _check_apart(train: Database, holdout: Database) -> None:
    """Refuse families that are in train and in the holdout."""
    for link in train.links:
        if link.parent not in train.roots:
            continue
        both = set(train[link.parent].table[link.key].to_pylist())
        both &= set(holdout[link.parent].table[link.key].to_pylist())
        if both:
            raise InputError(
                f"{len(both):,} rows of {link.parent!r} ({link.key!r}, e.g. "
                f"{first_three(sorted(map(repr, both)))}) are in train and in the holdout. "
                "`train, holdout = real.split(0.2)` keeps families on one side; where the numbers only "
                "happen to be the same, number the holdout's differently."
            )


def _parts(
    databases: Databases, of_tables: list[str], of_joined: list[str], seed: int
) -> dict[str, Assessment]:
    """The assessment of each table, and of each child joined to its parent."""
    train = databases["train"]
    views: dict[str, tuple[list[str], dict[str, Dataset]]] = {}
    links = [key for key in inside(train) if told(train, key.child) and told(train, key.parent)]
    beside = {name for key in links for name in (key.child, key.parent)}
    own = {name: _columns(train, name) for name in train.tables if name not in train.shared}
    for name in own:
        if told(train, name):
            wanted = [
                metric
                for metric in of_tables
                # what a table has nothing for is asked of the others; where none has, it says so of all
                if own[name] >= (least := _COLUMNS.get(metric, 0)) or max(own.values()) < least
            ]
            wanted += of_joined if name not in beside else ()
            views[name] = wanted, {role: table_view(data, name) for role, data in databases.items()}
    for key in links:
        views[str(key)] = list(of_joined), {role: joined(data, key) for role, data in databases.items()}
    return {
        part: assess(
            train=tables["train"],
            synthetic=tables["synthetic"],
            holdout=tables.get("holdout"),
            metrics=wanted,
            seed=seed,
        )
        if all(len(data) for data in tables.values())
        else _nothing(wanted, tables, seed)
        for part, (wanted, tables) in track(list(views.items()), "assessing tables")
        if wanted
    }


def _columns(train: Database, name: str) -> int:
    """How many columns of a table are scored."""
    return sum(kept(train[name].schema[column]) for column in told(train, name))


def _nothing(wanted: Sequence[str], tables: Mapping[str, Dataset], seed: int) -> Assessment:
    """Scores that say why they were not run, where no row has a parent beside which it could be looked at."""
    empty = next(role for role, data in tables.items() if not len(data))
    reason = f"no row of {empty} leads to a parent that exists. Mend the keys."
    scores = [
        Score(metric=name, family=metric.family, direction=metric.direction, status="not run", reason=reason)
        for name, metric in chosen_metrics(wanted)
    ]
    return Assessment(scores=tuple(scores), tables={}, seed=seed)


def _worst(scores: Mapping[str, Sequence[Score]]) -> list[Score]:
    by_name: dict[str, dict[str, Score]] = {}
    for part, found in scores.items():
        for score in found:
            by_name.setdefault(score.metric, {})[part] = score
    return worst_by_name(by_name, "tables")


def _tables(databases: Databases, seed: int) -> Tables:
    """What metrics of foreign keys see: the databases, and the first root's rows."""
    root = databases["train"].roots[0]
    rows = {role: data[root] for role, data in databases.items()}
    tables = Tables(rows["train"], rows["synthetic"], rows.get("holdout"), rows["train"], databases=databases)
    tables.shared["seed"] = seed
    return tables


def _pictures(
    databases: Databases, assessed: Mapping[str, Assessment], differences: list[str]
) -> dict[str, Any]:
    """What the report draws: every table's columns as table.column, the rows of all tables together."""
    train = databases["train"]
    parts = {name: found.tables for name, found in assessed.items() if name in train.tables}
    for name in train.tables:
        sizes = ", ".join(f"{role} {len(each[name]):,}" for role, each in databases.items())
        shared = (
            "; it belongs to nobody, so only keys and pairs that lead to it are scored"
            if name in train.shared
            else ""
        )
        differences.append(f"table {name}: rows of {sizes}{shared}")
    rows: dict[str, int | None] = {
        role: sum(len(data) for data in databases[role].tables.values()) if role in databases else None
        for role in ("train", "holdout", "synthetic")
    }
    return {
        "rows": rows,
        "target": None,
        "schema": _schema(parts),
        "differences": differences + [text for tables in parts.values() for text in tables["differences"]],
        "columns": {name: drawn for tables in parts.values() for name, drawn in tables["columns"].items()},
    }


def _schema(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One public schema of all tables' columns, without the mark of families."""
    schemas = [tables["schema"] for tables in parts.values()]
    if not schemas:
        return {"columns": []}
    columns = [column for schema in schemas for column in schema["columns"] if "." in column["name"]]
    return {**schemas[0], "columns": columns}


def _provenance(synthetic: Database) -> dict[str, Any]:
    """What all tables say of themselves alike."""
    records = [dict(data.provenance) for data in synthetic.tables.values()]
    return records[0] if all(record == records[0] for record in records) else {}


def _digest(database: Database) -> str:
    hasher = hashlib.sha256()
    for name in sorted(database.tables):
        hasher.update(f"{name}\0{digest_of(database[name].table)}\0".encode())
    return hasher.hexdigest()
