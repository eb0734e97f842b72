"""The command line `mintmark`.

Nothing heavy is imported before a command runs: ``mintmark --help`` loads click and the names of
the commands. Exit codes: 0 done or released, 2 a mistake in what was given, 3 refused by the
policy, 4 waiting for something outside.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from mintmark.errors import MintmarkError

__all__ = ["main"]

_COMMANDS = {
    "demo": ("run", "Run the shipped example: from a real table to certified synthetic data."),
    "run": ("run", "Run a recipe into a directory that can be resumed."),
    "fit": ("make", "Fit a synthesizer to a table."),
    "sample": ("make", "Draw rows from a fitted model."),
    "check": ("check", "Tell which rows of a table hold which rules."),
    "assess": ("judge", "Score synthetic rows for fidelity, utility and privacy."),
    "compare": ("compare", "Rank synthesizers over data sets and seeds."),
    "learning-curve": ("advise", "Tell whether more rows would help a method."),
    "certify": ("judge", "Release or refuse what was assessed, signed."),
    "report": ("report", "Write the page of an assessment or release, for inside or to publish."),
    "verify": ("judge", "Check a release with the public key alone."),
    "inspect": ("look", "Show what a table holds and what looks wrong."),
    "examine": ("look", "Tell what is wrong with the classes of a table before they are resampled."),
    "list": ("look", "List synthesizers, metrics, checks and policies."),
    "keygen": ("judge", "Make a pair of signing keys."),
    "init": ("look", "Write a commented recipe for a table."),
    "forget": ("run", "Erase a run's secret, and what says whose rows its rows were made from."),
    "completion": ("look", "Print the completion script of a shell."),
}


class _Commands(click.Group):
    """Commands by name; a command's file is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f"mintmark.cli._{_COMMANDS[name][0]}")
        command: click.Command = getattr(module, f"{name.replace('-', '_')}_")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from mintmark.errors import UnknownNameError

            raise UnknownNameError("command", args[0], _COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output, for machines.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no warnings.")
@click.version_option(package_name="mintmark", message="mintmark %(version)s")
@click.pass_context
def cli(ctx: click.Context, as_json: bool, quiet: bool) -> None:
    """Labelled synthetic data, assessed for fidelity, utility and privacy, and certified.

    Exit codes: 0 done or released, 2 a mistake in what was given, 3 refused by the policy,
    4 waiting for something outside (--resume goes on).
    """
    ctx.obj = {"json": as_json, "quiet": quiet}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code.

    A mistake of the caller is one message on standard error, never a traceback.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code: Any = cli.main(arguments, prog_name="mintmark", standalone_mode=False)
    except MintmarkError as error:
        return _fail(str(error), as_json="--json" in arguments)
    except click.ClickException as error:
        return _fail(error.format_message(), as_json="--json" in arguments)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped.", err=True)
        return 130
    except BrokenPipeError:  # a reader such as `head` has seen enough
        sys.stderr.close()
        return 0
    return code if isinstance(code, int) else 0


def _fail(message: str, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": message}, ensure_ascii=False))
    click.echo(f"error: {message}", err=True)
    return 2
