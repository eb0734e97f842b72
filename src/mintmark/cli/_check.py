"""check, and the options by which commands take rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mintmark.cli._show import command, out, pairs
from mintmark.errors import InputError

if TYPE_CHECKING:
    from mintmark.check import Check

__all__ = ["check_", "checks_of", "rule_options"]


def rule_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--check`` and ``--checks``, for `checks_of`."""
    for option in (
        click.option("--checks", "file", type=click.Path(), help="YAML file: a list of {check: name, ...}."),
        click.option(
            "--check", "texts", multiple=True, metavar="'NAME PARAMETER=VALUE ...'",
            help="A rule that rows must hold, e.g. 'inequality low=start high=end'. Repeatable.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def checks_of(texts: tuple[str, ...], file: str | None) -> list[Check]:
    """Rules of `--check` options and of a `--checks` file, each checked by itself."""
    from mintmark.check import load

    return [load(_rule(text)) for text in texts] + [load(record) for record in _rules_in(file)]


def _rule(text: str) -> dict[str, Any]:
    """``NAME PARAMETER=VALUE ...``; a value with spaces stands in quotes, a list has commas."""
    from mintmark import registry

    words = _words(text)
    if not words:
        raise InputError("--check names no rule. Write e.g. --check 'range column=age low=0'.")
    name, *parts = words
    parameters = pairs(tuple(parts), f"--check {name}:", "PARAMETER=VALUE")
    kinds = {key: str(kind) for key, kind in registry.find("checks", name).__annotations__.items()}
    return {"check": name, **{key: _typed(value, kinds.get(key, "")) for key, value in parameters.items()}}


def _words(text: str) -> list[str]:
    """Words apart from one another where a space outside quotes is; backslashes, and quotes inside, stay."""
    word = r"""(?:[^\s"']|"[^"]*"|'[^']*')+"""
    if re.sub(word, "", text).strip():
        raise InputError(f"--check {text!r}: no closing quotation mark. Close the quotation marks.")
    parts = (_bare(part).partition("=") for part in re.findall(word, text))
    return ["".join((name, sign, _bare(value))) for name, sign, value in parts]


def _bare(text: str) -> str:
    """Without the quotes around the whole."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]
    return text[1:-1] if quoted else text


def _typed(text: str, kind: str) -> Any:
    """A parameter's value: text where the parameter is text, else JSON, a list of words, or text."""
    if kind.startswith("Annotated[str,"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text.split(",") if "list[str]" in kind else text


def _rules_in(file: str | None) -> list[dict[str, Any]]:
    if file is None:
        return []
    import yaml

    try:
        records = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"--checks {file}: {' '.join(str(error).split())}.") from None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InputError(
            f"--checks {file}: write a list of rules such as '- {{check: range, column: a, low: 0}}'."
        )
    return records


@command("check")
@click.argument("table")
@rule_options
@click.option("--recipe", type=click.Path(path_type=Path), help="Rules, kinds and roles of a recipe.")
def check_(table: str, texts: tuple[str, ...], file: str | None, recipe: Path | None) -> int:
    """Tell which rows of TABLE (a file or URL) hold which rules.

    Rules are those of the options, or those that the file itself carries. Exit code 0 means that every
    row holds every rule, 2 that some do not.
    """
    from mintmark.data.read import read
    from mintmark.rules import check
    from mintmark.run.recipe import Recipe

    asked: list[Any] = [*checks_of(texts, file)]
    reading: dict[str, Any] = {}
    if recipe is not None:
        known = Recipe.load(recipe)
        asked += known.checks
        reading = {"kinds": known.source.kinds, "roles": known.source.roles}
    found = check(read(table, **reading), asked or None)
    broken = sum(bool(one.broken) for one in found)
    out("\n".join(map(str, found)), {"holds": not broken, "rules": [one.to_json() for one in found]})
    return 2 if broken else 0
