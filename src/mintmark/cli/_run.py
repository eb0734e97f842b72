"""run, demo, forget."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from mintmark.cli._judge import report_outcome
from mintmark.cli._show import command, out

__all__ = ["demo_", "forget_", "run_"]


@command("run")
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="Run directory.")
@click.option("--resume", is_flag=True, help="Go on with what stands in the run directory.")
@click.option("--workers", type=int, help="Processes that draw rows; the rows do not depend on it.")
def run_(recipe: Path, to: Path, resume: bool, workers: int | None) -> int:
    """Run RECIPE: read, split, fit, sample, assess and certify.

    Exit code 0 means released, 3 refused by the policy. A run may be killed at any moment:
    --resume ends with the same bytes.
    """
    from mintmark.run.run import run

    certificate = run(recipe, to, resume=resume, workers=workers)
    key = to / "public.pem"
    return report_outcome(
        certificate,
        to / "release",
        report=to / "assessment" / "report.html",
        key=key if key.is_file() else None,
    )


@command("demo")
@click.option(
    "--out", "to", type=click.Path(path_type=Path), default=Path("demo"), show_default=True,
    help="Run directory; a run of the demo that stands there goes on.",
)  # fmt: skip
def demo_(to: Path) -> int:
    """Run the shipped example: the Adult census table, certified under the policy `internal`."""
    from mintmark.run.run import run

    recipe = Path(str(files("mintmark").joinpath("examples", "adult.yaml")))
    certificate = run(recipe, to, resume=True)
    return report_outcome(
        certificate, to / "release", report=to / "assessment" / "report.html", key=to / "public.pem"
    )


@command("forget")
@click.argument("run", type=click.Path(path_type=Path))
def forget_(run: Path) -> None:
    """Erase the secret of RUN: its draws can never be repeated, and it cannot be resumed.

    Of a method that makes rows of real ones the parents of its rows and the model go as well: both say
    which real rows these were.
    """
    from mintmark.run._folder import forget

    erased = forget(run)
    out(f"erased of {run}: {', '.join(erased)}.", {"run": str(run), "forgotten": True, "erased": erased})
