"""Imports go one way: `docs/architecture.md` says which room may import which."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "mintmark"


def allowed() -> dict[str, set[str]]:
    """Room to rooms it may import, from the Markdown table."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = text.partition("| room | may import |\n| --- | --- |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, flags=re.MULTILINE)
    return {room: set() if names == "nothing" else set(names.split(", ")) for room, names in rows}


def imports(file: Path) -> set[str]:
    """Full names of the modules of ours that a file imports, also inside functions."""
    return imported(file.read_text("utf-8"))


def imported(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "an import is written in full, not from '.'"
            if node.module == "mintmark":
                found |= {f"mintmark.{alias.name}" for alias in node.names if alias.name != "__version__"}
            elif node.module:
                found.add(node.module)
    return {name for name in found if name == "mintmark" or name.startswith("mintmark.")}


def looked_up(text: str) -> set[str]:
    """Modules of ours that are named in a string: imported where no `import` shows it."""
    return set(re.findall(r"""["'](mintmark(?:\.\w+)+)["':]""", text))


def room_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


FILES = sorted(file for file in SOURCE.rglob("*.py") if file != SOURCE / "__init__.py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_file_imports_only_what_its_room_may(file):
    room = room_of(file)
    wrong = {name for name in imports(file) if name.split(".")[1] not in allowed()[room] | {room}}
    assert not wrong, f"{room} may import {sorted(allowed()[room])}, not {sorted(wrong)}"


def test_no_other_room_is_reached_by_a_name_in_a_string():
    """One door stands open, and the document says why."""
    found = {
        (room_of(file), name)
        for file in FILES
        for name in looked_up(file.read_text("utf-8"))
        if name.split(".")[1] not in allowed()[room_of(file)] | {room_of(file)}
        and (SOURCE.parent / name.replace(".", "/")).with_suffix(".py").exists()
    }
    assert found == {("assess", "mintmark.release.policy")}


def test_every_room_is_in_the_table_and_every_row_is_a_room():
    assert set(allowed()) == {room_of(file) for file in FILES}
    for room, others in allowed().items():
        assert others <= set(allowed()), room
        assert room not in others


def test_the_rooms_have_no_cycle():
    done: set[str] = set()
    left = allowed()
    while left:
        free = {room for room, others in left.items() if others <= done}
        assert free, f"these rooms import one another: {sorted(left)}"
        done |= free
        left = {room: others for room, others in left.items() if room not in free}


def test_no_family_may_import_another_or_the_assessment():
    families = {"latent"}
    for family in families:
        assert not allowed()[family] & (families - {family} | {"assess", "release", "run", "cli"})


def test_every_form_of_import_is_seen():
    text = "import mintmark.a.b\nfrom mintmark import c, __version__\nfrom mintmark.d import e\n"
    text += "def f():\n    importlib.import_module('mintmark.g')\n    import mintmark.h, numpy\n"
    assert imported(text) == {"mintmark.a.b", "mintmark.c", "mintmark.d", "mintmark.h"}
    assert looked_up(text) == {"mintmark.g"}
    with pytest.raises(AssertionError, match="written in full"):
        imported("from . import x")


def test_a_method_file_lists_its_class_first():
    from mintmark import registry

    for sort in ("synthesizers", "checks", "metrics"):
        for module in registry._shipped(sort).values():
            path = SOURCE.parent / (module.replace(".", "/") + ".py")
            assert re.search(r"^@method\nclass ", path.read_text("utf-8"), flags=re.MULTILINE), path


def test_no_file_is_a_drawer_for_odds_and_ends():
    assert not [file for file in FILES if file.stem.strip("_") in ("utils", "helpers", "common", "misc")]
