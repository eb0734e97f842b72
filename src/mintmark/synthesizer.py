"""The Synthesizer contract: what makes rows.

An author writes a `@method` class with checked parameters and two hooks: ``_learn(data, rng)``
returns named arrays, Arrow tables and JSON values; ``_draw(n, learnt, rng)`` returns exactly n
rows and reads or writes no other state. A third hook, ``_condition(learnt, where)``, is optional.
Everything else (input errors, protection, keys, blocks, redrawing, checks, save, load) is here.
A method that makes rows from pairs of real ones returns them with their parents (`mintmark.parents`).
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import itertools
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark import registry, rules
from mintmark.check import Check
from mintmark.check import load as load_check
from mintmark.checkpoint import checkpoints
from mintmark.data import balance, derive, keys
from mintmark.data.conform import conforms
from mintmark.data.dataset import Dataset, records_of
from mintmark.data.digest import digest_of
from mintmark.data.model_files import read_model, write_model
from mintmark.data.personal.surrogates import completed, learn
from mintmark.data.protect import protect
from mintmark.data.schema import Schema
from mintmark.data.streams import check_seed, derive_seed, stream
from mintmark.data.where import Where, check_where, matches
from mintmark.errors import InputError, ModelFileError, NotFittedError, RejectedError, first_three
from mintmark.fitted import Fitted, Learnt
from mintmark.method import name_of, parameters
from mintmark.parents import PARENTS, Traced, beside, numbered, parted
from mintmark.plan import Part, Plan
from mintmark.progress import kept_warnings, stop_if_asked, time_limit, track, warn
from mintmark.repair import Repair

__all__ = ["Drawn", "Learnt", "Nature", "Synthesizer", "load_model", "make"]

Nature = Literal["simulated", "fully synthetic", "partially synthetic", "augmented real", "masked real"]

_PATIENCE = 20
"""Attempts at one block before a low acceptance rate ends the drawing."""
_LEAST_ACCEPTED = 1e-3
_ENOUGH_DRAWN = 10_000
"""Units drawn before an acceptance rate is judged; small blocks need more attempts for it."""
_FIRST_ASKED = 64
"""Units of the first attempt under a condition, then up to as many again, or four times as many once
some were accepted: each may be dear."""
_IN_VAIN = 20.0
"""Seconds of computing after which the acceptance rate under a condition is judged, however few units were
drawn: a method that meets it by drawing again may have drawn a hundred thousand rows for each."""
_PART = 64
"""Blocks that `sample_parts` holds at once: a Parquet row group of 262,144 rows."""
_OWN_BLOCKS = 4
"""Blocks that tell how frequent values are in a model: 16,384 rows, by which a share is off by 0.004."""


@dataclass(frozen=True)
class Drawn:
    """One block's accepted rows, without keys, parents beside them, and what was rejected on the way."""

    table: pa.Table
    drawn: int
    rejected: Mapping[str, int]


class Synthesizer:
    """Makes rows. Abstract: write `_learn` and `_draw` and decorate with `@method`."""

    nature: ClassVar[Nature] = "fully synthetic"
    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "values"
    """What of the real data a saved model contains."""
    needs_data: ClassVar[bool] = True
    """A method that needs none samples unfitted and writes `_given` in place of `_learn`."""
    units: ClassVar[Literal["row", "sequence"]] = "row"
    block: ClassVar[int] = 4096
    """Units of one block: drawn whole, from one random stream, then cut."""
    reads_groups: ClassVar[bool] = False
    """Whether `_learn` sees the columns that say whose row it is, which `_draw` never makes."""
    derives: ClassVar[bool] = False
    """Whether columns that follow from others are made from them and not drawn (see `data.derive`)."""
    makes_images: ClassVar[bool] = False
    images_only: ClassVar[bool] = False
    """Whether it makes pictures and their class, and no other table."""
    protecting: ClassVar[bool] = False
    """Whether its randomness protects persons: a seed alone must not repeat it (see `_unguessable`)."""
    tells_parents: ClassVar[bool] = False
    """Whether `_draw` says of each row which rows, of those that `_learn` saw, it was made from."""
    version: ClassVar[int] = 1
    _fitted: ClassVar[Fitted | None] = None  # set on the instance by `fit`

    # -- the author's hooks ------------------------------------------------------------------

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        raise NotImplementedError

    def _given(self) -> tuple[Schema, Learnt]:
        """In place of `_learn` where `needs_data` is False: the public schema, and what to draw from."""
        raise NotImplementedError

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table | Traced:
        raise NotImplementedError

    def _condition(self, learnt: Learnt, where: Where) -> Learnt | None:
        """Values from which `_draw` makes only matching units; None to have the base redraw."""
        return None

    def _approximates(self, learnt: Learnt, where: Where) -> str:
        """Why rows under a condition have not the model's law given it exactly; "" where they do."""
        return ""

    def _check(self, learnt: Learnt) -> None:
        """Raise `ValueError` where a file holds what no fit could have left and drawing would not notice."""

    def _choices(self, learnt: Learnt) -> list[dict[str, str]]:
        """What the fit chose by itself and why, each ``{"what", "chosen", "why"}`` in plain text."""
        return []

    def _widened(self, public: Dataset, given: Schema) -> Dataset:
        """Protected rows under the schema that drawn rows leave under; wider where values are moved out."""
        return public

    def _unguessable(self, seed: int) -> int:
        """What `fit` draws from; a method whose randomness protects mixes a secret in that nobody keeps."""
        return seed

    # -- the promise -------------------------------------------------------------------------

    def fit(
        self,
        data: Any,
        *,
        seed: int,
        max_minutes: float | None = None,
        checkpoint: str | Path | None = None,
    ) -> Self:
        """Learn from rows.

        Parameters
        ----------
        data : Dataset, or a table that `mintmark.read` takes
        seed : int, >= 0
        max_minutes : float, optional
            End with what was learnt by then, or raise `OutOfTimeError` where that is nothing. What a fit took
            before it was killed counts.
        checkpoint : path, optional
            Folder where a net that is trained keeps about once a minute where it stands. The same fit with
            the same folder goes on there after a kill, and on the CPU ends with the same weights. It holds
            of the real data what the model does, and is gone when the fit ends.

        Returns
        -------
        Synthesizer
            Itself, fitted.

        Raises
        ------
        InputError
            If the data has fewer than two rows or a column that this method cannot make, or the folder
            holds the checkpoint of another fit or of other versions.
        OutputError
            If the folder cannot be used, or another fit is at work in it.
        """
        data = _dataset(data)
        seed = self._unguessable(check_seed(seed))
        if max_minutes is not None and not (isinstance(max_minutes, (int, float)) and max_minutes > 0):
            raise InputError(f"max_minutes must be a number above 0, not {max_minutes!r}.")
        with kept_warnings() as told:
            self._refuse(data)
        personal = learn(data)
        every = data  # a row that is left out of the learning keeps its key from coming out
        data, broken = rules.tidied(every)
        renewed = keys.renewed(data.schema)
        relations = derive.find(data, stream(seed, "derive")) if self.derives else []
        left = protect(derive.reduced(data, relations, stream(seed, "reduce")), stream(seed, "protect"))
        left = self._widened(left, data.schema)
        whole = derive.whole(left, relations, data.schema, stream(seed, "publish"))
        public = rules.complete(keys.public(every, whole.schema), whole)
        owners = {"group", "sequence_key"}
        seen = [name for name in renewed if self.reads_groups and owners & set(left.schema[name].roles)]
        left, modelled = left.drop(*(set(renewed) - set(seen))), whole.drop(*renewed).schema
        made = keys.made(every, public, stream(seed, "keys"))
        provenance = {"rows": len(data), "keys": renewed, "broken": [found.to_json() for found in broken]}
        del data, every, whole  # whole tables that learning would hold beside its own
        about = partial(self._known_by, left, seed)
        with (
            checkpoints(checkpoint, about) as used,
            time_limit(max_minutes, used),
            kept_warnings() as more,
        ):
            learnt = self._learn(left, stream(seed, "fit"))
        provenance["warnings"] = told + more
        kept = None
        if self.tells_parents and broken:
            kept = np.flatnonzero(np.all([found.holds for found in broken], axis=0))
        drawn = left.drop(*seen).schema
        fitted = Fitted(learnt, public, modelled, provenance, personal, tuple(relations), drawn, made, kept)
        object.__setattr__(self, "_fitted", fitted)
        return self

    def _known_by(self, data: Dataset, seed: int) -> dict[str, Any]:
        """What tells this fit from others, for its checkpoints; no row can be read off it."""
        schema = json.dumps(data.schema.to_json(), sort_keys=True)
        return {
            "method": name_of(type(self)),
            "method_version": self.version,
            **{f"parameter {name}": value for name, value in parameters(self).items()},
            "rows": digest_of(data.table),
            "schema": hashlib.sha256(schema.encode()).hexdigest(),
            "seed": f"{derive_seed(seed, 'checkpoint'):032x}",
            "mintmark": version("mintmark"),
            "torch": _version("torch"),
        }

    def _refuse(self, data: Dataset) -> None:
        """Raise where this method cannot learn from the data, with the remedy."""
        if len(data) < 2:
            raise InputError(f"the data has {len(data)} row{'s' * (len(data) != 1)}; at least 2 are needed.")
        text = [c.name for c in data.schema if c.kind == "text" and not keys.is_renewed(c)]
        if text:
            raise InputError(
                f"column {first_three(map(repr, text))} holds free text, which {name_of(type(self))} "
                "cannot make safely. Drop it (drop=[...], --drop), or keep it aside for a language method, "
                "which mintmark does not have yet. Where it is no free text, declare what it is: a category "
                "(kinds={'...': 'category'}), a key (roles={'...': 'key'}) or personal "
                "(personal={'...': 'name'})."
            )
        made = ("text", "image") if self.makes_images else ("text",)
        strange = [c for c in data.schema if not (c.is_numeric or c.is_discrete or c.kind in made)]
        if strange:
            raise InputError(
                f"column {strange[0].name!r} is {strange[0].kind}, which {name_of(type(self))} "
                "cannot make. Drop it."
            )
        for column in data.schema:
            if self.units == "row" and "foreign_key" in column.roles:
                raise InputError(
                    f"column {column.name!r} is a foreign key; {name_of(type(self))} makes one table "
                    "of independent rows. Drop it, or take the role away."
                )
        if len(keys.renewed(data.schema)) == len(data.schema):
            raise InputError("every column is a key or personal: there is nothing to learn. Check the roles.")
        empty = [c.name for c in data.schema if data.table[c.name].null_count == len(data)]
        if empty:
            warn(
                f"column {first_three(map(repr, empty))} holds no value at all; its synthetic "
                "values are all missing too. Drop it if nobody needs it.",
                stacklevel=3,
            )

    def sample(
        self,
        n: int,
        *,
        seed: int,
        where: Where | None = None,
        shares: balance.Shares | None = None,
        parity: balance.Parity | None = None,
        map: Callable[[Callable[[int], Drawn], Iterable[int]], Iterable[Drawn]] = map,
    ) -> Dataset:
        """Draw n rows; the same seed gives the same rows, and `sample(m)` begins `sample(n)`.

        Where shares are chosen, `sample(m)` does not begin `sample(n)`. Rows of each value then come from
        `where`, so that within a value every other column has the law of the model; all rows together have
        not: ``provenance["balance"]`` says by how much their law is moved.

        Parameters
        ----------
        n : int, >= 0
        seed : int, >= 0
        where : mapping, optional
            Column to a value, a list of values, a closed range ``(low, high)`` with None for
            open, or None for missing; all must hold.
        shares : mapping, optional
            One column to its values' shares of the rows, ``{"income": {">50K": 0.5}}``: exact, rounded by
            largest remainder. Values that are not named fill the rest in the model's own proportions.
        parity : str or sequence of str, optional
            Columns whose groups shall all have the target's values in the same shares (demographic
            parity): the overall ones. Groups are as frequent as in the model.
        map : callable, optional
            How blocks are worked off, e.g. the ``map`` of a process pool.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        InputError
            If n is negative, no row can match `where`, or shares are no shares of such a column.
        RejectedError
            If the checks let too few rows through; names the check.
        """
        plan = self.planned(n, seed=seed, where=where, shares=shares, parity=parity, map=map)
        return self.assemble(self._blocks(plan, map), plan)[0]

    def parents(
        self,
        n: int,
        *,
        seed: int,
        where: Where | None = None,
        shares: balance.Shares | None = None,
        parity: balance.Parity | None = None,
        map: Callable[[Callable[[int], Drawn], Iterable[int]], Iterable[Drawn]] = map,
    ) -> pa.Table:
        """Which real rows those of `sample` with the same arguments were made from: line i tells of row i.

        Whoever has it can read real rows off new ones: it stays where the real rows are. Parameters and
        errors are those of `sample`.

        Returns
        -------
        pyarrow.Table
            ``parent_a``, ``parent_b``: rows of the fitted table, from 0, missing where a parent is no real
            row, such as the mean of a class. ``weight``: how far from a to b the new row lies. Where rows
            lie on segments, their numbers are a + weight * (b - a), as drawn, before they are rounded.

        Raises
        ------
        InputError
            Also if the method makes no row from others.
        """
        if not self.tells_parents:
            raise InputError(
                f"{name_of(type(self))} makes no row from single real ones: there are no parents. "
                "Resamplers, such as smote, have them."
            )
        plan = self.planned(n, seed=seed, where=where, shares=shares, parity=parity, map=map)
        told = self.assemble(self._blocks(plan, map), plan)[1]
        return PARENTS.empty_table() if told is None else told

    def sample_parts(
        self,
        n: int,
        *,
        seed: int,
        where: Where | None = None,
        shares: balance.Shares | None = None,
        parity: balance.Parity | None = None,
        map: Callable[[Callable[[int], Drawn], Iterable[int]], Iterable[Drawn]] = map,
    ) -> Iterator[Dataset]:
        """The rows of `sample` in parts, for tables that do not fit in memory.

        ``mm.write(model.sample_parts(10_000_000, seed=0), "rows.parquet")`` holds one part at a
        time. A check on the whole table, such as uniqueness, and chosen shares need all rows at once: they
        then come as one part. Parameters and errors are those of `sample`.

        Yields
        ------
        Dataset
            At least one, of at most 64 blocks; provenance counts what was drawn and rejected so far, and
            says of all rows how many have their law nearly.
        """
        fitted = self.ready(n, seed, where)
        chosen = shares is not None or parity is not None
        if chosen or any(rule.scope == "table" for rule in rules.drawn(fitted.schema, fitted.modelled)):
            yield self.sample(n, seed=seed, where=where, shares=shares, parity=parity, map=map)
            return
        plan = self.planned(n, seed=seed, where=where)
        blocks = self._blocks(plan, map)
        drawn, rejected, step = 0, Counter[str](), _PART * self.block
        for start in range(0, max(n, 1), step):
            table, more, refused = self._joined(itertools.islice(blocks, _PART), min(step, n - start))
            drawn, rejected = drawn + more, rejected + refused
            part = self._finished(parted(table)[0], start, plan, drawn, rejected)
            rejected = Counter(part.provenance["rejected"])  # with what finishing refused
            yield part

    def planned(
        self,
        n: int,
        *,
        seed: int,
        where: Where | None = None,
        shares: balance.Shares | None = None,
        parity: balance.Parity | None = None,
        map: Callable[[Callable[[int], Drawn], Iterable[int]], Iterable[Drawn]] = map,
    ) -> Plan:
        """How `sample` draws its rows; parameters and errors are those of `sample`.

        Where shares are chosen some rows are drawn first, which tell how frequent values are in the model.
        """
        fitted = self.ready(n, seed, where)
        n, seed, where = int(n), check_seed(seed), where or {}
        if shares is None and parity is None:
            return self._warned(Plan(n, seed, (self._part(n, seed, where),)))
        if self.nature == "masked real" or self.units != "row":
            raise InputError(
                f"{name_of(type(self))} makes {'masked' if self.units == 'row' else 'sequences of'} rows, "
                "whose shares cannot be chosen. Leave shares and parity out."
            )
        names = balance.check_balance(shares, parity, where, fitted.schema)
        many = _OWN_BLOCKS * self.block
        first = Plan(many, seed, (Part(many, derive_seed(seed, "balance", "own"), where),))
        own = parted(self._joined(self._blocks(first, map), many)[0])[0].select(list(names))
        cells = balance.cells(n, shares, parity, fitted.schema, own)
        parts = tuple(
            self._part(cell.rows, derive_seed(seed, "balance", k), {**where, **cell.where}, cell.told)
            for k, cell in enumerate(cells)
        )
        for part in parts:
            if part.n:
                self.ready(part.n, part.seed, part.where)
        return self._warned(Plan(n, seed, parts, cells, many))

    def _part(self, n: int, seed: int, where: Where, told: str = "") -> Part:
        """A part of a plan; of no row it may have a condition that cannot be met."""
        if not n:
            return Part(n, seed, where, told)
        fitted = self._state()
        asked = _asked(fitted, check_where(where, fitted.schema))
        with _of_cell(told):
            nearly = self._approximates(fitted.learnt, asked) if asked else ""
        return Part(n, seed, where, told, nearly)

    def _warned(self, plan: Plan) -> Plan:
        """The plan, after a warning where rows will have their law only nearly."""
        if told := plan.approximate():
            (words,) = balance.law_in_words({"approximate": told})
            warn(f"{words}.", stacklevel=4)  # of whom `sample` was called by
        return plan

    def _blocks(
        self, plan: Plan, map: Callable[[Callable[[int], Drawn], Iterable[int]], Iterable[Drawn]]
    ) -> Iterator[Drawn]:
        many = plan.blocks(self.block)
        return track(map(partial(self.draw_planned, plan=plan), range(many)), "drawing rows", total=many)

    def draw_planned(self, k: int, *, plan: Plan) -> Drawn:
        """The accepted rows of a plan's block k."""
        part, b = plan.place(k, self.block)
        with _of_cell(part.told):
            return self.draw_block(b, n=part.n, seed=part.seed, where=part.where)

    def ready(self, n: int, seed: int, where: Where | None = None) -> Fitted:
        """Check the arguments of `sample` without drawing."""
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
            raise InputError(f"n must be a whole number of 0 or more, not {n!r}.")
        check_seed(seed)
        fitted = self._state()
        where = check_where(where or {}, fitted.schema)
        _asked(fitted, where)  # what a relation rules out is told before anything is drawn
        rules.refuse(fitted.schema, where, int(n))
        keys.refuse(fitted.schema, int(n), fitted.made)
        return fitted

    def draw_block(self, b: int, *, n: int, seed: int, where: Where | None = None) -> Drawn:
        """The accepted rows of block b of n rows; depends on (seed, b) alone, never on order.

        Attempt t draws from the stream (seed, "sample", b, t); accepted rows keep their order.
        """
        wanted = min(self.block, n - b * self.block)
        made = self._accepted(b, wanted, seed, where)
        return dataclasses.replace(made, table=made.table.slice(0, wanted))

    def _accepted(self, b: int, wanted: int, seed: int, where: Where | None) -> Drawn:
        """Every accepted row of the attempts that it takes to have `wanted`."""
        fitted = self._state()
        where = check_where(where or {}, fitted.schema)
        asked = _asked(fitted, where)
        conditioned = self._condition(fitted.learnt, asked) if asked else None
        learnt = fitted.learnt if conditioned is None else conditioned
        held_to = self._rules(fitted, where)
        rejected, filtered = Counter[str](), Counter[str]()
        parts, have, drawn = [], 0, 0
        size = self.block if conditioned is None else _FIRST_ASKED
        begun = time.thread_time()
        for attempt in itertools.count():
            stop_if_asked(f"drawing rows: cancelled in block {b}.")
            made = self._rows(size, learnt, fitted, stream(seed, "sample", b, attempt))
            table = made.table
            filtered.update(made.rejected)
            held = np.ones(len(table), dtype=bool)
            for name, rule in held_to.items():
                ok = rule(table)
                rejected[name] += int((held & ~ok).sum())
                held &= ok
            parts.append(beside(table, made.parents).filter(pa.array(held)))
            have += int(held.sum())
            drawn += len(table)
            if have >= wanted:
                break
            judged = attempt + 1 >= _PATIENCE and drawn >= _ENOUGH_DRAWN
            judged |= conditioned is not None and time.thread_time() - begun > _IN_VAIN
            if judged and have < max(1.0, _LEAST_ACCEPTED * drawn):
                raise RejectedError(_too_few(have, drawn, rejected))
            size = _next_size(self.block, have, drawn)
            if conditioned is not None:
                size = min(size, 4 * drawn if have else drawn)
        told = {name: count for name, count in (filtered + rejected).items() if count}
        return Drawn(pa.concat_tables(parts), drawn + filtered.total(), told)

    def _rows(self, n: int, learnt: Learnt, fitted: Fitted, rng: np.random.Generator) -> Traced:
        """n rows from `_draw`, held to what the hook promises, with their derived columns."""
        schema = fitted.seen
        made = self._draw(n, learnt, rng)
        made = made if isinstance(made, Traced) else Traced(made)
        table, parents = made.table, made.parents
        call = f"{name_of(type(self))}._draw({n})"
        if table.num_rows != n or table.column_names != schema.names:
            raise AssertionError(
                f"{call} returned {table.num_rows} rows of columns {first_three(table.column_names)}"
            )
        try:
            table = table.cast(schema.arrow)
        except pa.ArrowException as error:
            raise AssertionError(f"{call} returned other types than its schema's: {error}") from None
        if self.tells_parents and (parents is None or parents.num_rows != n):
            raise AssertionError(f"{call} does not tell the parents of each row")
        if fitted.relations:
            table = derive.restored(table, fitted.relations, fitted.modelled)
        return Traced(table, parents and numbered(parents, fitted.kept), made.rejected)

    def _rules(
        self, fitted: Fitted, where: Where | None
    ) -> dict[str, Callable[[pa.Table], npt.NDArray[np.bool_]]]:
        held_to: dict[str, Callable[[pa.Table], npt.NDArray[np.bool_]]] = {}
        if fitted.relations:  # apart from the rest, because no method can keep a result inside its ends
            made = derive.made(fitted.relations)
            derived = fitted.modelled.select([name for name in fitted.modelled.names if name in made])
            held_to["derived_in_schema"] = partial(conforms, schema=derived)
        held_to["in_schema"] = partial(conforms, schema=fitted.modelled)
        for rule in rules.drawn(fitted.schema, fitted.modelled):
            if rule.scope == "row":
                held_to[str(rule)] = partial(_holds, rule=rule, schema=fitted.modelled)
        if where:
            held_to["where"] = partial(matches, schema=fitted.modelled, where=where)
        return held_to

    def assemble(self, blocks: Iterable[Drawn], plan: Plan) -> tuple[Dataset, pa.Table | None]:
        """Join a plan's blocks, hold the table checks and make the keys; and the rows' parents, if told."""
        rest, tables = iter(blocks), []
        drawn, rejected, counts = 0, Counter[str](), []
        for part in plan.parts:
            some = itertools.islice(rest, -(-part.n // self.block))
            table, more, refused = self._joined(some, part.n)
            tables += [table] if part.n else []
            drawn, rejected = drawn + more, rejected + refused
            counts.append((more, refused["where"]))
        self._joined(rest, 0)  # a block too many is told
        table = pa.concat_tables(tables or [self._state().modelled.arrow.empty_table()])
        which = np.repeat(np.arange(len(plan.parts)), [part.n for part in plan.parts])
        if plan.cells:
            order = stream(plan.seed, "balance", "order").permutation(plan.n)
            table, which = table.take(pa.array(order)).combine_chunks(), which[order]
        table, repaired = self._repaired(table, self._state(), plan, which)
        table, parents = parted(table)
        made = self._finished(table, 0, plan, drawn, rejected + repaired)
        if plan.cells:
            names = list(dict.fromkeys(name for cell in plan.cells for name in cell.where))
            told = {"balance": balance.record(names, plan.cells, plan.own, counts)}
            made = dataclasses.replace(made, provenance=dict(made.provenance) | told)
        return made, parents

    def _joined(self, blocks: Iterable[Drawn], n: int) -> tuple[pa.Table, int, Counter[str]]:
        """The n rows of some blocks, how many were drawn for them and what was rejected."""
        drawn, rejected, tables = 0, Counter[str](), []
        rest = iter(blocks)
        while some := list(itertools.islice(rest, _PART)):  # joined as they come: no row is held twice
            drawn += sum(block.drawn for block in some)
            rejected += sum((Counter(block.rejected) for block in some), Counter())
            tables.append(pa.concat_tables(block.table for block in some).combine_chunks())
        table = pa.concat_tables(tables or [self._state().modelled.arrow.empty_table()])
        if table.num_rows != n:
            raise InputError(
                f"the blocks hold {table.num_rows:,} rows, not {n:,}: `map` must return one result "
                "for every block, in order."
            )
        return table, drawn, rejected

    def _finished(
        self, table: pa.Table, start: int, plan: Plan, drawn: int, rejected: Counter[str]
    ) -> Dataset:
        """Accepted rows with what is made from the row's number in the whole table, from `start`."""
        fitted = self._state()
        held_to = {
            str(rule): partial(_holds, rule=rule, schema=fitted.schema)
            for rule in rules.on_persons(fitted.schema)
        }
        table, refused = completed(
            table, fitted.schema, fitted.personal, held_to, fitted.made, seed=plan.seed, start=start
        )
        provenance = self.describe() | {"drawn": drawn, "rejected": dict(rejected + refused)}
        provenance |= {"approximate": told} if (told := plan.approximate()) else {}
        return Dataset(table, fitted.schema, provenance)

    def _repaired(
        self, table: pa.Table, fitted: Fitted, plan: Plan, which: npt.NDArray[np.int64]
    ) -> tuple[pa.Table, Counter[str]]:
        """Replace rows that a table check rejects, each of its part of the plan (`which`, shape (n,))."""

        def fresh(n: int, seed: int, where: Where | None) -> pa.Table:
            blocks = range(-(-n // self.block))
            return pa.concat_tables(self.draw_block(b, n=n, seed=seed, where=where).table for b in blocks)

        def pool(n: int, seed: int, where: Where | None) -> pa.Table:
            return self._accepted(0, n, seed, where).table

        held_to = [rule for rule in rules.drawn(fitted.schema, fitted.modelled) if rule.scope == "table"]
        return Repair(held_to, fitted.modelled, fresh, pool).of(table, plan, which)

    def avoiding(self, data: Any) -> Self:
        """A copy whose surrogates and text keys equal none of these real rows' either, e.g. the holdout's.

        Parameters
        ----------
        data : Dataset, or a table that `mintmark.read` takes
            Rows that were not fitted; only digests of their personal columns and places of their
            keys are kept.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        """
        fitted = self._state()
        made = copy.copy(self)
        data = _dataset(data)
        personal = fitted.personal.avoiding(data)
        texts = keys.avoiding(fitted.made, fitted.schema, data)
        object.__setattr__(made, "_fitted", dataclasses.replace(fitted, personal=personal, made=texts))
        return made

    def constrain(self, *checks: Check | Mapping[str, Any]) -> Self:
        """A copy with more rules; a fitted one samples, saves and loads with them.

        Parameters
        ----------
        checks : what `mintmark.rule` makes, or records ``{"check": name, **parameters}``

        Raises
        ------
        NotFittedError
            If it is not fitted: declare rules with the data then (`Dataset.with_checks`).
        InputError
            If a rule does not suit the schema, needs the real data to be complete, or contradicts
            another.
        """
        fitted = self._state()
        more = tuple(load_check(record).record for record in records_of(checks))
        schema = dataclasses.replace(fitted.schema, checks=fitted.schema.checks + more)
        rules.refuse_late(schema)
        made = copy.copy(self)
        object.__setattr__(made, "_fitted", dataclasses.replace(fitted, schema=schema))
        return made

    def usual_rows(self, fitted: int) -> int:
        """Units that a run draws where nobody says how many, given the units that were fitted."""
        return fitted

    def describe(self) -> dict[str, Any]:
        """Provenance of what this synthesizer makes; holds no seed."""
        fitted = self._state()
        return {
            "nature": self.nature,
            "method": name_of(type(self)),
            "method_version": self.version,
            "parameters": parameters(self),
            "fitted_rows": fitted.provenance.get("rows"),
            "broken": list(fitted.provenance.get("broken", [])),
            "choices": [*derive.words(fitted.relations), *self._choices(fitted.learnt)],
            "mintmark": version("mintmark"),
        }

    @property
    def training(self) -> list[dict[str, Any]]:
        """How each net that the fit trained went, in their order; empty where none was trained.

        Losses of real rows: they stay where the model stays.

        Returns
        -------
        list of dict
            ``label``; ``unit`` ("epoch" or "step") and ``at``, where the figures were taken; ``losses``, for
            each name a list of as many figures; ``watched``, what decided which weights were kept, taken at
            ``watched_at`` or, where that is absent, at ``at``; ``best``, the epoch or step whose weights were
            kept, None where these are the last ones; ``ended``, why; ``halved``, how often the rate
            was; and ``batch``, the rows of a step.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        """
        found = self._state().learnt.get("training", [])
        return [dict(one) for one in found] if isinstance(found, list) else []

    @property
    def warnings(self) -> list[str]:
        """What the fit warned of, in its order; it may speak of real values and stays where the model stays.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        """
        return [str(message) for message in self._state().provenance.get("warnings", [])]

    def _held(self, fitted: Fitted) -> str:
        """What of the real data the saved model contains; real text keys can be read off their places."""
        some = [*fitted.made.values(), *fitted.personal.known.values()]
        return "values" if some and self.holds == "aggregates" else self.holds

    def _state(self) -> Fitted:
        if self._fitted is None and not self.needs_data:
            schema, learnt = self._given()
            modelled = schema.select([column.name for column in schema if not keys.is_renewed(column)])
            object.__setattr__(self, "_fitted", Fitted(learnt, schema, modelled, {}))
        if self._fitted is None:
            raise NotFittedError(f"{name_of(type(self))} is not fitted yet. Call fit(data, seed=...) first.")
        return self._fitted

    def save(self, path: str | Path) -> None:
        """Write a model directory (mode 700); it holds real values and never leaves with a release."""
        fitted = self._state()
        rules.refuse_unsaved(fitted.schema)
        header = {
            "method": name_of(type(self)),
            "method_version": self.version,
            "parameters": parameters(self),
            "holds": self._held(fitted),
            "mintmark": version("mintmark"),
            **fitted.header(),
        }
        write_model(path, header, fitted.arrays())


def make(name: str, **values: Any) -> Synthesizer:
    """The registered synthesizer of that name with these parameters, unfitted.

    Raises
    ------
    UnknownNameError
        If the name or a parameter does not exist; the nearest is offered.
    InputError
        If a parameter is out of range.
    """
    made: Synthesizer = registry.find("synthesizers", name)(**values)
    return made


def load_model(path: str | Path) -> Synthesizer:
    """A fitted synthesizer from a directory that `save` wrote; runs no code from it.

    Raises
    ------
    ModelFileError
        If the directory holds no model, is newer, damaged or tampered with, or names a method
        that is not installed.
    """
    header, learnt = read_model(path)
    try:
        made = make(header["method"], **header["parameters"])
        if header["method_version"] > made.version:
            raise ModelFileError(
                f"{path} was fitted with {header['method']} version {header['method_version']}, "
                f"this mintmark has {made.version}. Upgrade mintmark."
            )
        fitted = Fitted.read(header, learnt)
        made._check(fitted.learnt)
    except ModelFileError:
        raise
    except InputError as error:
        raise ModelFileError(f"{path}/model.json: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError, pa.ArrowException) as error:
        raise ModelFileError(f"{path}/model.json is damaged: {error!r}.") from None
    object.__setattr__(made, "_fitted", fitted)
    return made


@contextmanager
def _of_cell(told: str) -> Iterator[None]:
    """Errors of a condition that the caller did not write begin with it in words."""
    try:
        yield
    except InputError as error:
        if not told:
            raise
        kind = RejectedError if isinstance(error, RejectedError) else InputError
        raise kind(f"{told}: the model makes too few such rows. {error}") from None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _dataset(data: Any) -> Dataset:
    if isinstance(data, Dataset):
        return data
    from mintmark.data.read import read

    return read(data)


def _asked(fitted: Fitted, where: Where) -> dict[str, Any]:
    """What a condition says of the columns that the method draws."""
    return derive.asked(where, fitted.relations, fitted.modelled, fitted.seen)


def _holds(table: pa.Table, *, rule: Check, schema: Schema) -> npt.NDArray[np.bool_]:
    return rule.holds(Dataset(table, schema))


def _next_size(block: int, have: int, drawn: int) -> int:
    """Units of the next attempt: what is likely to fill the block, a little more, never above a block.

    Depends on what was drawn before and not on how many rows are asked for, so that the rows of
    `sample(m)` begin those of `sample(n)`.
    """
    if not have:
        return block
    return min(block, math.ceil(1.05 * (block - have) * drawn / have) + 32)


def _too_few(have: int, drawn: int, rejected: Counter[str]) -> str:
    worst, count = rejected.most_common(1)[0]
    remedy = {
        "where": "Ask for a wider condition",
        "in_schema": "Widen the declared bounds and categories",
    }.get(worst, "Widen the rule or drop it; one that was added after the fit is learnt if declared before")
    return (
        f"{have:,} of {drawn:,} drawn rows hold every rule, too few to go on; {worst!r} rejected "
        f"{count / drawn:.1%} of them. {remedy}."
    )
