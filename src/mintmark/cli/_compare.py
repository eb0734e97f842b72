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
@click.option(
    "--seeds", type=int, help="Fits of each method on each table; 5, or 6 of two on one, if not given."
)
@table_options
@click.option("--metric", "metrics", multiple=True, help="Rank by this score; repeatable.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the permutations.")
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="Comparison directory.")
def compare_(
    inputs: tuple[str, ...],
    methods: tuple[str, ...],
    seeds: int | None,
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
    from mintmark.data.read import read
    from mintmark.run.compare import check_free, compare, compare_reports, named_tables, write_comparison

    check_free(to)
    if methods:
        tables = {name: read(file, **reading) for name, file in named_tables(list(inputs)).items()}
        comparison = compare(list(methods), tables, seeds=seeds, metrics=metrics or None, seed=seed)
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
