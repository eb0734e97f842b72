"""Rows that a check on the whole table rejects, such as uniqueness, replaced round by round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.check import Check
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Schema
from mintmark.data.streams import stream
from mintmark.data.where import Where
from mintmark.errors import RejectedError
from mintmark.parents import parted
from mintmark.plan import Plan

__all__ = ["Repair"]

Drawing = Callable[[int, int, Where | None], pa.Table]
"""Accepted rows, so many at least, from a seed and under a condition."""
_ROUNDS = 50
_BLIND_ROUNDS = 10
"""Rounds in which each rejected row is replaced by one fresh row, whatever it holds; few are left then."""
_CHOSEN = 16
"""Rejected rows that are then replaced, each round, by a row chosen from many: the last value that is
free may be rare."""


@dataclass(frozen=True)
class Repair:
    """What comes to a row follows from the rows before it alone, so that `sample(m)` begins `sample(n)`.

    Parameters
    ----------
    held_to : sequence of Check
        On the whole table.
    schema : Schema
        Of its rows.
    fresh : callable
        As many rows as asked for.
    pool : callable
        All rows that it takes to have as many.
    """

    held_to: Sequence[Check]
    schema: Schema
    fresh: Drawing
    pool: Drawing

    def of(self, table: pa.Table, plan: Plan, which: npt.NDArray[np.int64]) -> tuple[pa.Table, Counter[str]]:
        """The table with no rejected row left, drawn from (seed, "repair", round), and what was rejected.

        Parameters
        ----------
        which : array of int, shape (n,)
            The part of the plan that each row is of; the row in its place is of the same.

        Raises
        ------
        RejectedError
            If rows are left after fifty rounds; names the check.
        """
        rejected: Counter[str] = Counter()
        for repair in range(_ROUNDS):
            held = np.ones(table.num_rows, dtype=bool)
            for rule in self.held_to:
                ok = rule.holds(Dataset(parted(table)[0], self.schema))
                rejected[str(rule)] += int((held & ~ok).sum())
                held &= ok
            bad = np.flatnonzero(~held)
            if not len(bad):
                return table, rejected
            by_part = [(plan.parts[p], bad[which[bad] == p]) for p in np.unique(which[bad])]
            fresh = pa.concat_tables(
                self.fresh(len(mine), _seed(part.seed, repair), part.where) for part, mine in by_part
            )
            order = np.arange(table.num_rows)
            order[np.concatenate([mine for _, mine in by_part])] = table.num_rows + np.arange(len(bad))
            table = pa.concat_tables([table, fresh]).take(pa.array(order)).combine_chunks()
            if repair >= _BLIND_ROUNDS:
                for part, mine in by_part:
                    pool = self.pool(_CHOSEN, _seed(part.seed, repair, "pool"), part.where)
                    table = self._chosen(table, held, mine[:_CHOSEN], pool)
        worst = rejected.most_common(1)[0][0]
        raise RejectedError(
            f"after {_ROUNDS} rounds check {worst!r} still rejects {len(bad):,} of "
            f"{table.num_rows:,} rows. Ask for fewer rows, or mend the check."
        )

    def _chosen(
        self, table: pa.Table, held: npt.NDArray[np.bool_], bad: npt.NDArray[np.int64], pool: pa.Table
    ) -> pa.Table:
        """The table with, at each bad place, the first of the pool that can stand beside those before it."""
        whole = pa.concat_tables([table, pool])
        rows = parted(whole)[0]
        order, fresh = np.arange(len(table)), len(table) + np.arange(len(pool))
        stands, free = held.copy(), np.ones(len(pool), dtype=bool)
        for place in bad:
            before = order[:place][stands[:place]]
            both = Dataset(rows.take(pa.array(np.concatenate([before, fresh]))), self.schema)
            fits = free & np.all([rule.holds(both)[len(before) :] for rule in self.held_to], axis=0)
            if fits.any():
                first = int(np.argmax(fits))
                order[place], free[first], stands[place] = fresh[first], False, True
        return whole.take(pa.array(order)).combine_chunks()


def _seed(seed: int, repair: int, *what: str) -> int:
    return int(stream(seed, "repair", repair, *what).integers(2**63))
