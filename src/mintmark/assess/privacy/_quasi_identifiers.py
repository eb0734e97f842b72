"""What an attacker knows of a person, and what is to be learnt: quasi-identifiers and secrets."""

from __future__ import annotations

from mintmark.assess.privacy._rows import Rows
from mintmark.metric import NotRun

__all__ = ["declared"]


def declared(rows: Rows) -> tuple[list[str], list[str]]:
    """Quasi-identifiers, and what they may give away: role `sensitive`, else all other columns.

    Raises
    ------
    NotRun
        If no quasi-identifier is declared, or nothing is left to be learnt.
    """
    schema = rows.tables["train"].schema
    known = [name for name in schema.with_role("quasi_identifier") if name in rows.values]
    if not known:
        raise NotRun(
            "no column has the role quasi_identifier. Give it to what an attacker can know of a person: "
            "data.edit(name, roles=('quasi_identifier',))."
        )
    secrets = [column for column in rows.scored if column.kind != "text" and column.name not in known]
    chosen = [c.name for c in secrets if "sensitive" in c.roles] or [c.name for c in secrets]
    if not chosen:
        raise NotRun("every column is a quasi-identifier: there is nothing to be learnt. Declare fewer.")
    return known, chosen
