"""learning-curve."""

from __future__ import annotations

from typing import Any

import click

from mintmark.cli._make import drop_option, table_options, value_of
from mintmark.cli._show import command, out, pairs

__all__ = ["learning_curve_"]


@command("learning-curve")
@click.argument("table")
@click.option("--method", default="sequential_trees", show_default=True, help="See `mintmark list`.")
@click.option("--set", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the method.")
@click.option("--size", "sizes", type=int, multiple=True, help="Rows of a part; three or more, or none.")
@click.option("--repeats", type=int, default=3, show_default=True, help="Fits of each part.")
@table_options
@drop_option
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--max-minutes", type=float, help="Begin no other fit after that.")
def learning_curve_(
    table: str,
    method: str,
    parameters: tuple[str, ...],
    sizes: tuple[int, ...],
    repeats: int,
    reading: dict[str, Any],
    drop: tuple[str, ...],
    seed: int,
    max_minutes: float | None,
) -> None:
    """Tell whether more rows would help, by fits on growing parts of TABLE (a file or URL)."""
    from mintmark.advise.learning_curve import learning_curve
    from mintmark.data.read import read
    from mintmark.synthesizer import make

    chosen = make(method, **{name: value_of(text) for name, text in pairs(parameters, "--set").items()})
    data = read(table, **reading, drop=drop)
    found = learning_curve(
        chosen, data, seed=seed, sizes=sizes or None, repeats=repeats, max_minutes=max_minutes
    )
    out(str(found), found.to_json())
