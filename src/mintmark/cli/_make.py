"""fit, sample."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mintmark.cli._check import checks_of, rule_options
from mintmark.cli._show import command, out, pairs, shares_of, where_of
from mintmark.errors import InputError

if TYPE_CHECKING:
    from mintmark.synthesizer import Synthesizer

__all__ = ["drop_option", "fit_", "sample_", "table_options", "value_of"]


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say how a table is read; the command gets them as `reading`, for `read`."""

    @functools.wraps(function)
    def gathered(
        *, target: str | None, kinds: tuple[str, ...], roles: tuple[str, ...], delimiter: str | None,
        encoding: str | None, decimal: str | None, personal: tuple[str, ...], locale: str | None,
        **values: Any,
    ) -> Any:  # fmt: skip
        reading = {
            "target": target,
            "kinds": pairs(kinds, "--kind"),
            "roles": pairs(roles, "--role"),
            "personal": pairs(personal, "--personal"),
            "locale": locale,
            "delimiter": delimiter,
            "encoding": encoding,
            "decimal": decimal,
        }
        return function(reading=reading, **values)

    for option in (
        click.option("--decimal", help="Decimal sign of a CSV file; found out by default."),
        click.option("--encoding", help="Of a text file; UTF-8 by default."),
        click.option("--delimiter", help="Of a CSV file; found out by default."),
        click.option("--locale", help="Of the surrogates, e.g. de_DE; found by default."),
        click.option("--personal", multiple=True, metavar="COLUMN=WHAT", help="email, phone, ... or none."),
        click.option("--role", "roles", multiple=True, metavar="COLUMN=ROLE", help="What a column is for."),
        click.option("--kind", "kinds", multiple=True, metavar="COLUMN=KIND", help="Where inference errs."),
        click.option("--target", help="Column to be predicted."),
    ):
        gathered = option(gathered)
    return gathered


drop_option = click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out.")


@command("fit")
@click.argument("train")
@click.option("--method", default="sequential_trees", show_default=True, help="See `mintmark list`.")
@click.option("--set", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the method.")
@table_options
@drop_option
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--max-minutes", type=float, help="End with what was learnt by then.")
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="Model directory.")
def fit_(
    train: str,
    method: str,
    parameters: tuple[str, ...],
    reading: dict[str, Any],
    drop: tuple[str, ...],
    seed: int,
    max_minutes: float | None,
    to: Path,
) -> None:
    """Fit a synthesizer to the table TRAIN (a file or URL) and save it.

    The model directory holds real values (mode 700): it never belongs to a release.
    """
    from mintmark.data.read import read
    from mintmark.synthesizer import make

    chosen = make(method, **{name: value_of(text) for name, text in pairs(parameters, "--set").items()})
    data = read(train, **reading, drop=drop)
    model = chosen.fit(data, seed=seed, max_minutes=max_minutes)
    model.save(to)
    out(
        f"fitted {method} on {len(data):,} rows x {len(data.names)} columns: {to}",
        {"model": str(to), "method": method, "rows": len(data), "columns": len(data.names)},
    )


def value_of(text: str) -> Any:
    """A parameter as JSON, or the text where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@contextmanager
def _stored(fitted: Synthesizer, model: Path, *, more: bool) -> Iterator[Path]:
    """Where other processes find the model: its own directory, or one with the rules that were added."""
    if not more:
        yield model
        return
    with tempfile.TemporaryDirectory() as folder:  # mode 700, like every model
        fitted.save(Path(folder) / "model")
        yield Path(folder) / "model"


@command("sample")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--rows", type=int, required=True, help="How many.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--where", "wheres", multiple=True, metavar="COLUMN=VALUE",
    help="Only such rows; low..high is a range, nothing after = means missing. Repeatable: every column must "
    "hold, one that is named again takes one more value.",
)  # fmt: skip
@click.option(
    "--shares", "wished", multiple=True, metavar="COLUMN=VALUE:SHARE,...",
    help="How many of the rows have these values, as income=>50K:0.5; others as the model has them.",
)  # fmt: skip
@click.option(
    "--parity", multiple=True, metavar="COLUMN",
    help="Give every group of this column the target's values in the same shares. Repeatable.",
)  # fmt: skip
@rule_options
@click.option("--workers", type=int, default=1, show_default=True, help="Processes; the rows stay the same.")
@click.option("--out", "to", required=True, help="File; the ending names the format.")
def sample_(
    model: Path, rows: int, seed: int, wheres: tuple[str, ...], wished: tuple[str, ...],
    parity: tuple[str, ...], texts: tuple[str, ...],
    file: str | None, workers: int, to: str,
) -> None:  # fmt: skip
    """Draw rows from the fitted MODEL; the same seed gives the same rows.

    They go to the file as they are drawn, so that their number is not limited by memory; an Arrow
    file, chosen shares and rules on the whole table, such as uniqueness, need them all at once.
    """
    from mintmark.data.balance import law_in_words
    from mintmark.data.write import write
    from mintmark.run._local import blocks_by
    from mintmark.synthesizer import load_model

    if not to:
        raise InputError("--out names no file.")
    fitted = load_model(model).constrain(*checks_of(texts, file))
    schema = fitted.ready(rows, seed).schema
    asked: dict[str, Any] = {
        "where": where_of(wheres, schema) or None,
        "shares": shares_of(wished, schema) or None,
        "parity": parity or None,
    }
    with (
        _stored(fitted, model, more=bool(texts or file)) as place,
        blocks_by(place, workers) as mapped,
    ):
        made = write(fitted.sample_parts(rows, seed=seed, map=mapped, **asked), to)
    rejected = made.get("rejected") or {}
    words = "\n".join([f"drew {rows:,} rows: {to}", *law_in_words(made)])
    for rule, count in rejected.items():
        words += f"\nrejected {count:,} rows by {rule}"
    told = {key: made[key] for key in ("balance", "approximate") if key in made}
    out(words, {"rows": rows, "out": to, "rejected": rejected, **told})
