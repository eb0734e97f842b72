"""compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mintmark.cli._make import table_options
from mintmark.cli._show import command, out
from mintmark.errors import InputError

__all__ = ["compare_"]


@command("compare")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--method", "methods", multiple=True, help="A synthesizer to fit on the tables; repeatable.")
@click.option("--seeds", type=int, default=5, show_default=True, help="Fits of each method on each table.")
@table_options
@click.option("--metric", "metrics", multiple=True, help="Rank by this score; repeatable.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the permutations.")
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="Comparison directory.")
def compare_(
    inputs: tuple[str, ...],
    methods: tuple[str, ...],
    seeds: int,
    reading: dict[str, Any],
    metrics: tuple[str, ...],
    seed: int,
    to: Path,
) -> None:
    """Rank synthesizers: with --method those fitted on the tables INPUTS, else those of the reports INPUTS.

    Reports are report.json files or folders of them, laid out as SYNTHESIZER/DATASET/SEED, or on one
    data set as SYNTHESIZER/SEED.
    """
    from mintmark.assess.report.comparison_text import text
    from mintmark.run.compare import compare, compare_reports, write_comparison

    if methods:
        comparison = compare(
            list(methods), _tables(inputs, reading), seeds=seeds, metrics=metrics or None, seed=seed
        )
    else:
        strange = [name for name in inputs if not (Path(name).is_dir() or name.endswith(".json"))]
        if strange:
            raise InputError(
                f"{strange[0]} is no report.json and no folder. To fit synthesizers on a table, name two or "
                "more with --method; to compare reports, give their folder."
            )
        comparison = compare_reports(inputs, metrics=metrics or None, seed=seed)
    write_comparison(comparison, to)
    out(
        f"{text(comparison)}\ncomparison: {to / 'comparison.html'}",
        comparison.to_json() | {"out": str(to)},
    )


def _tables(inputs: tuple[str, ...], reading: dict[str, Any]) -> dict[str, Any]:
    from mintmark.data.read import read

    named = {Path(name).stem: read(name, **reading) for name in inputs}
    if len(named) < len(inputs):
        raise InputError("two tables have the same name. Give files of different names.")
    return named
