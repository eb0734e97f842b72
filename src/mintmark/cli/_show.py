"""What the commands share: options, machine output, progress bars and warnings."""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mintmark.errors import InputError

if TYPE_CHECKING:
    from mintmark.data.schema import Column, Schema

__all__ = ["command", "out", "pairs", "shares_of", "where_of"]

F = TypeVar("F", bound=Callable[..., Any])
_SHARE = re.compile(r"(?P<value>.*?):(?P<share>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:,|$)")


def command(name: str) -> Callable[[F], click.Command]:
    """A command that shows progress and warnings as `--json` and `--quiet` ask; both may follow it."""

    def made(function: F) -> click.Command:
        @functools.wraps(function)
        @click.pass_context
        def shown(ctx: click.Context, /, as_json: bool, quiet: bool, **values: Any) -> Any:
            ctx.obj = {key: (ctx.obj or {}).get(key) or value for key, value in
                       {"json": as_json, "quiet": quiet}.items()}  # fmt: skip
            with _warned(quiet=ctx.obj["quiet"]), _progress(quiet=ctx.obj["quiet"] or ctx.obj["json"]):
                return function(**values)

        shown = click.option("--quiet", "-q", is_flag=True, help="No progress and no warnings.")(shown)
        shown = click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")(shown)
        return click.command(name)(shown)

    return made


def out(words: str, values: dict[str, Any]) -> None:
    """Print the words, or the values where machines listen."""
    if click.get_current_context().obj["json"]:
        click.echo(json.dumps(values, ensure_ascii=False, default=str))
    elif words:
        click.echo(words)


@contextmanager
def _warned(*, quiet: bool) -> Iterator[None]:
    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        click.echo(f"warning: {message}", err=True)

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("warning: %(message)s"))
    handler.setLevel(logging.CRITICAL if quiet else logging.WARNING)
    log = logging.getLogger("mintmark")
    log.addHandler(handler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if quiet else "default")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.showwarning = show
        try:
            yield
        finally:
            log.removeHandler(handler)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[None]:
    """Bars with the time left on standard error, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mintmark.progress import shown_by

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(label: str, done: int, total: int | None) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        with shown_by(show):
            yield


def pairs(texts: tuple[str, ...], option: str, form: str = "COLUMN=VALUE") -> dict[str, str]:
    """``NAME=VALUE`` options as a mapping, split at the first ``=``."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise InputError(f"{option} {text!r}: write {form}.")
        if name in found:
            what = form.partition("=")[0].lower()
            raise InputError(f"{option}: {what} {name!r} is given twice. Name each {what} once.")
        found[name] = value
    return found


def where_of(texts: tuple[str, ...], schema: Schema) -> dict[str, Any]:
    """`--where` options as `Synthesizer.sample` takes them.

    ``COLUMN=VALUE`` splits at the first ``=``, the rest is literal; ``low..high`` is a closed range
    on numbers and dates, either end may be left out; nothing means missing. A column that is named
    again takes one more value.
    """
    from mintmark.errors import UnknownNameError

    asked: dict[str, list[Any]] = {}
    for given in texts:
        ((name, text),) = pairs((given,), "--where").items()
        if name not in schema:
            raise UnknownNameError("column in --where", name, schema.names)
        asked.setdefault(name, []).append(_wanted(text, schema[name]))
    for name, wanted in asked.items():
        if len(wanted) > 1 and any(isinstance(one, tuple) for one in wanted):
            raise InputError(f"--where {name}: a range cannot be joined with other values. Name it alone.")
    return {name: wanted[0] if len(wanted) == 1 else wanted for name, wanted in asked.items()}


def shares_of(texts: tuple[str, ...], schema: Schema) -> dict[str, dict[Any, float]]:
    """`--shares` options as `Synthesizer.sample` takes them.

    ``COLUMN=VALUE:SHARE,VALUE:SHARE`` splits at the first ``=``; a share is a number after a ``:`` and before
    a comma or the end, so that values may hold both signs. Nothing before the ``:`` means missing.
    """
    from mintmark.data.balance import wish_of

    wished: dict[str, dict[str, float]] = {}
    for given in texts:
        ((name, text),) = pairs((given,), "--shares", "COLUMN=VALUE:SHARE").items()
        found = list(_SHARE.finditer(text))
        if not found or "".join(one.group() for one in found) != text:
            raise InputError(f"--shares {given!r}: write COLUMN=VALUE:SHARE,VALUE:SHARE, shares as 0.5.")
        for one in found:
            value, share = one["value"], float(one["share"])
            if value in wished.setdefault(name, {}):
                raise InputError(f"--shares {name}: value {value!r} has two shares. Name each value once.")
            wished[name][value] = share
    return wish_of(wished, schema)


def _wanted(text: str, column: Column) -> Any:
    if not column.is_numeric:
        categories = column.categories or ()
        known = {_literal(value): value for value in categories}
        literal = text.lower() if column.kind == "boolean" else text
        ranges = ".." in text and not any(isinstance(value, (str, bool)) for value in categories)
        if literal in known or not ranges:
            return known.get(literal, None if text == "" else text)
    if text == "":
        return None
    low, sign, high = text.partition("..")
    if not sign:
        return _number(text, column)
    return (_number(low, column) if low else None, _number(high, column) if high else None)


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str, column: Column) -> Any:
    if column.kind == "datetime":
        return text
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        raise InputError(
            f"--where {column.name}={text}: column {column.name!r} is {column.kind}; "
            f"write a number, or low..high."
        ) from None
