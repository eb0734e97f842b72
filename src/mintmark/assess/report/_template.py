"""The page templates and style sheets that ship with this folder."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

__all__ = ["packaged", "template"]


def packaged(name: str) -> str:
    """The text of a file of this folder."""
    return (files("mintmark.assess.report") / name).read_text(encoding="utf-8")


@cache
def template(name: str) -> Template:
    """A page template: everything escaped, no name left undefined."""
    page = Environment(
        autoescape=True,
        loader=FunctionLoader(packaged),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return page.get_template(name)
