"""inspect, examine, list, init, completion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mintmark.cli._make import drop_option, table_options
from mintmark.cli._show import command, out

if TYPE_CHECKING:
    from mintmark.registry import Sort

__all__ = ["completion_", "examine_", "init_", "inspect_", "list_"]

_SORTS: tuple[Sort, ...] = ("synthesizers", "metrics", "checks", "cleaners")


@command("inspect")
@click.argument("table")
@table_options
@drop_option
def inspect_(table: str, reading: dict[str, Any], drop: tuple[str, ...]) -> None:
    """Show the columns of TABLE (a file or URL) as mintmark understands them, and what looks wrong."""
    from mintmark.data.profile import profile
    from mintmark.data.read import read

    data = read(table, **reading, drop=drop)
    found = profile(data)
    words = [f"{len(data):,} rows x {len(data.names)} columns", ""]
    names = max(len(record["name"]) for record in found)
    words += [_described(record, names) for record in found]
    out("\n".join(words), {"rows": len(data), "columns": found})


def _described(record: dict[str, Any], width: int) -> str:
    roles = ", ".join([*record["roles"], *([record["personal"]] if record["personal"] else [])])
    if "top" in record:
        held = ", ".join(f"{value} ({count:,})" for value, count in record["top"][:3])
    elif "sizes" in record:
        sides = dict.fromkeys(" x ".join(map(str, side)) for side in record["sizes"])
        held = f"{' to '.join(sides)} pixels, channels {', '.join(map(str, record['channels']))}"
    else:
        held = f"{record['low']} to {record['high']}" if "low" in record else ""
    missing = f"{record['missing']:.1%} missing" if record["missing"] else ""
    facts = "; ".join(part for part in (f"{record['distinct']:,} values", missing, held) if part)
    line = f"{record['name']:<{width}}  {record['kind']:<9}  {roles:<9}  {facts}".rstrip()
    return "\n".join([line, *(f"{'':<{width}}  ! {warning}" for warning in record["warnings"])])


@command("examine")
@click.argument("table")
@table_options
@drop_option
@click.option("-k", "k", type=int, default=5, show_default=True, help="Neighbours of the resampler.")
@click.option("--seed", type=int, default=0, show_default=True)
def examine_(table: str, reading: dict[str, Any], drop: tuple[str, ...], k: int, seed: int) -> None:
    """Tell what is wrong with the classes of TABLE (a file or URL) before they are resampled."""
    from mintmark.data.read import read
    from mintmark.resample.quality.examine import examine

    found = examine(read(table, **reading, drop=drop), k=k, seed=seed)
    out(str(found), found.to_json())


@command("list")
@click.argument("sort", required=False, type=click.Choice([*_SORTS, "policies"]))
def list_(sort: str | None) -> None:
    """List synthesizers, metrics, checks, cleaners and policies, or one SORT of them.

    In brackets stands what a synthesizer can do beside making rows.
    """
    from mintmark import registry
    from mintmark.release.policy import Policy, shipped

    found: dict[str, dict[str, Any]] = {}
    for kind in _SORTS:
        if sort in (None, kind):
            found[kind] = {name: _summary(registry.find(kind, name)) for name in registry.names(kind)}
    able = {name: also for name in found.get("synthesizers", {}) if (also := registry.protocols(name))}
    if sort in (None, "policies"):
        found["policies"] = {name: _sentence(Policy.load(name).purpose) for name in shipped()}
    width = max((len(name) for names in found.values() for name in names), default=0)
    told = {name: f" [{', '.join(also)}]" for name, also in able.items()}
    words = []
    for title, names in found.items():
        more = told if title == "synthesizers" else {}
        lines = [f"  {name:<{width}}  {about}{more.get(name, '')}" for name, about in names.items()]
        words.append("\n".join([f"{title}:", *lines]))
    out("\n\n".join(words), found | ({"protocols": able} if "synthesizers" in found else {}))


def _summary(method: Any) -> str:
    return _sentence(method.__doc__ or "")


def _sentence(text: str) -> str:
    return " ".join(text.strip().partition("\n\n")[0].split())


@command("init")
@click.argument("table")
@table_options
@drop_option
@click.option("--out", "to", type=click.Path(path_type=Path), help="Recipe file; printed by default.")
def init_(table: str, reading: dict[str, Any], drop: tuple[str, ...], to: Path | None) -> None:
    """Write a commented recipe for TABLE, with the kinds and roles that were inferred."""
    from mintmark.data.read import read
    from mintmark.errors import OutputError
    from mintmark.run._atomic import write_bytes
    from mintmark.run._draft import draft

    data = read(table, **reading, drop=drop)
    text = draft(
        data,
        table,
        folder=Path.cwd() if to is None else to.parent,
        drop=drop,
        **{key: reading[key] for key in ("delimiter", "encoding", "decimal")},
    )
    if to is None:
        out(text.rstrip(), {"recipe": text})
        return
    if to.exists():
        raise OutputError(f"{to} exists. Give another --out, or remove it.")
    write_bytes(to, text.encode(), mode=0o644)
    out(f"wrote {to}. Run it: mintmark run {to} --out run/", {"out": str(to)})


@command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_(shell: str) -> None:
    """Print the completion script of SHELL; e.g. ``mintmark completion bash >> ~/.bashrc``."""
    from click.shell_completion import get_completion_class

    from mintmark.cli.main import cli

    made: Any = get_completion_class(shell)
    script = made(cli, {}, "mintmark", "_MINTMARK_COMPLETE").source()
    out(script, {"script": script})
