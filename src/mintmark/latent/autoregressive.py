"""Autoregressive net: each cell drawn given those before it, by a net that takes any set of known columns.

Uria, Murray, Larochelle (2014), "A deep and tractable density estimator", ICML, for one network over all
orders; Tiwald et al. (2025), "TabularARGN", arXiv 2501.12012, for a net for each column of a table, its
numbers in bins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Column, Schema
from mintmark.data.streams import check_seed, stream
from mintmark.data.where import Where
from mintmark.errors import InputError, RejectedError
from mintmark.latent._given import as_learnt, as_type, without_strange
from mintmark.latent._need import need_torch, warn_of_few
from mintmark.latent._tokens import Token, allowed, from_tokens, laid_out, learn_tokens, to_tokens
from mintmark.method import method
from mintmark.progress import stop_if_asked
from mintmark.synthesizer import Learnt, Synthesizer

if TYPE_CHECKING:
    from mintmark.latent._column_nets import ColumnNets

__all__ = ["Autoregressive"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_NET = "net/"
_BATCH, _RATE = 256, 2e-3
_WATCHED = 0.1  # share of the rows that tell when to stop
_PATIENCE = 10
_STEPS = (1_500, 6_000)
"""Fewest and most batches that a fit takes by itself; about 20 passes in between."""
_EPOCHS = 20
_UNITS, _EMBEDDED = 4_096, 1_024
"""Units, and numbers of embeddings, of all columns together where these are many."""
_DRAWN = 8_192  # rows at a time
_LEAST_MET = 1e-5
_ENOUGH_TRIED = 2_000_000


@method
class Autoregressive(Synthesizer):
    """Draw the target, then column after column, from a net that knows the columns drawn before.

    Numbers are bins of which each holds about 1 % of the rows or one frequent value, and a smoothed value of
    their bin. A quarter of the learning is for the order in which rows are drawn, the rest for orders drawn
    by chance: so the net also answers `where` on any columns, fills gaps (`impute`) and says how likely a
    row is (`log_prob`). Of a condition on one column no row is rejected; under one on several a row stands
    as often as its later conditions are likely given what was drawn before, so that rows have the law of
    the model.
    """

    epochs: Annotated[
        int | None,
        Field(ge=1, description="passes over the rows; by default about 20, fewer where there are many"),
    ] = None
    hidden: Annotated[
        int | None,
        Field(
            ge=8,
            le=1024,
            description="units of each of a column's two layers; by default 128, fewer in wide tables",
        ),
    ] = None
    embedding: Annotated[
        int | None,
        Field(ge=2, le=128, description="numbers that stand for a cell; by default 16, fewer in wide tables"),
    ] = None
    dropout: Annotated[
        float, Field(ge=0, lt=1, description="share of a layer that is left out while it learns")
    ] = 0.4
    temperature: Annotated[
        float, Field(gt=0, le=10, description="above 1 draws rarer values more often, below 1 less often")
    ] = 1.0
    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "values"
    derives: ClassVar[bool] = True

    # -- the contract --------------------------------------------------------------------------

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        need_torch()
        warn_of_few(len(data))
        from mintmark.latent._column_nets import calibrate, losses
        from mintmark.nn.record import failures_told
        from mintmark.nn.training import arrays_of, device_of, one_thread, seeded, train

        learnt, tokens = learn_tokens(encode(data.table, data.schema), data.schema)
        layout = laid_out(learnt["sizes"])
        order = _order(layout, data.schema)
        about = {
            "hidden": self.hidden or int(np.clip(_UNITS // len(layout), 8, 128)),
            "embedding": self.embedding or int(np.clip(_EMBEDDED // len(layout), 4, 16)),
        }
        device = device_of()
        with seeded(rng):
            network = self._network(layout, about).to(device)
            network.start(tokens, [data.schema.columns[token.column].is_numeric for token in layout])
        with failures_told(
            "autoregressive", "Drop columns of extreme numbers, or give fewer epochs.",
            f"Give a hidden below {about['hidden']:,}, or fewer columns.",
        ):  # fmt: skip
            done = train(
                network, losses(network, tokens, order, device), len(tokens), rng,
                epochs=self._passes(len(tokens)), batch=_BATCH, rate=_RATE,
                label="training a net for each column", watch=_WATCHED, patience=_PATIENCE,
            )  # fmt: skip
        with one_thread():
            calibrate(network, tokens, order)
        return {
            **learnt, **arrays_of(network, _NET), "schema": data.schema.to_json(), "order": order,
            "about": about, "training": [done.record()],
        }  # fmt: skip

    def _passes(self, rows: int) -> int:
        if self.epochs is not None:
            return self.epochs
        steps = math.ceil((1 - _WATCHED) * rows / _BATCH)
        return max(1, round(float(np.clip(_EPOCHS * steps, *_STEPS)) / steps))

    def _network(self, layout: list[Token], about: Mapping[str, Any]) -> ColumnNets:
        from mintmark.latent._column_nets import ColumnNets

        return ColumnNets([token.size for token in layout], about["embedding"], about["hidden"], self.dropout)

    def _loaded(self, learnt: Learnt) -> ColumnNets:
        need_torch()
        from mintmark.nn.training import load_arrays

        made = self._network(laid_out(learnt["sizes"]), learnt["about"])
        load_arrays(made, learnt, _NET)
        return made

    def _condition(self, learnt: Learnt, where: Where) -> Learnt:
        schema = Schema.from_json(learnt["schema"])
        for name in where:
            share = allowed(learnt, schema.names.index(name), schema[name], {name: where[name]})
            if not share.any():
                raise InputError(
                    f"where[{name!r}]: {where[name]!r} never occurs in what was learnt. Widen it."
                )
        return {**learnt, "where": dict(where)}

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        schema, where = Schema.from_json(learnt["schema"]), learnt.get("where", {})
        network, parts = self._loaded(learnt), list[Ints]()
        have = drawn = 0
        while have < n:
            stop_if_asked("drawing rows: cancelled.")
            if drawn >= _ENOUGH_TRIED and have < _LEAST_MET * drawn:
                raise RejectedError(
                    f"{have:,} of {drawn:,} drawn rows meet where, too few to go on. "
                    "Ask for a wider condition."
                )
            likely = (n - have) * (drawn + 1) / (have + 1)
            size = min(_DRAWN, n if not where else int(1.1 * likely) + 16)
            empty = np.full((size, network.count), -1)
            tokens, chance = self._filled(network, empty, learnt, schema, where, rng)
            parts.append(tokens[rng.random(size) < chance] if where else tokens)
            have, drawn = have + len(parts[-1]), drawn + size
        tokens = np.concatenate(parts)[:n] if parts else np.empty((0, network.count), dtype=np.int64)
        return decode(from_tokens(tokens, learnt, schema, where, rng), schema)

    # -- what any set of known columns allows ----------------------------------------------------

    def log_prob(self, data: Any) -> Floats:
        """How likely the model finds each row, shape (n,): the natural logarithm of its probability.

        Of cells as the model reads them: a number counts by the bin it lies in. Keys, personal columns and
        what follows from other columns are left out, and so is, with a warning, a category that the model
        does not know, such as one of fewer than 10 rows, which no model learns.

        Parameters
        ----------
        data : Dataset, or a table that `mintmark.read` takes
            With the columns of the fitted data.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        InputError
            If a column is absent.
        """
        need_torch()
        import torch

        from mintmark.nn.training import one_thread

        _, tokens, learnt = self._understood(data)
        network, out = self._loaded(learnt), np.zeros(len(tokens))
        place = np.argsort(learnt["order"])
        known = torch.from_numpy((place[:, None] < place[None, :]).astype(np.float32))
        with torch.no_grad(), one_thread():
            for start in range(0, len(tokens), _DRAWN):
                some = torch.from_numpy(tokens[start : start + _DRAWN])
                for t, logits in enumerate(network.told(network(some, known))):
                    chance = torch.log_softmax(logits, dim=1)
                    own = some[:, t : t + 1]
                    told = chance.gather(1, own.clamp_min(0)) * (own >= 0)
                    out[start : start + _DRAWN] += told[:, 0].numpy()
        return out

    def impute(self, data: Any, *, seed: int) -> Dataset:
        """The rows with the gaps of modelled columns filled by draws, given what is known of each row.

        Keys, personal columns and what follows from others stay as they are, and so does every known cell.
        Of how sure a value is one draw says nothing: impute several times with other seeds for that. Rules
        of the schema are not held: a filled cell may break one with the cells beside it.

        Parameters
        ----------
        data : Dataset, or a table that `mintmark.read` takes
            With the columns of the fitted data.
        seed : int, >= 0

        Raises
        ------
        NotFittedError
            If it is not fitted.
        InputError
            If a column is absent.
        """
        rng = stream(check_seed(seed), "impute")
        data, tokens, learnt = self._understood(data)
        schema, layout = Schema.from_json(learnt["schema"]), laid_out(learnt["sizes"])
        arrays = {name: data.table[name] for name in data.names}
        gaps = {c.name: np.asarray(data.table[c.name].is_null()) for c in schema if c.name in data.schema}
        whole = [name for name, gap in gaps.items() if gap.any()]
        of_column = np.array([schema.names[token.column] for token in layout])
        for name in whole:
            tokens[np.ix_(gaps[name], of_column == name)] = -1
        present = {name: _any_value(schema[name]) for name in whole}
        tokens, _ = self._filled(self._loaded(learnt), tokens, learnt, schema, present, rng)
        made = decode(from_tokens(tokens, learnt, schema, {}, rng), schema)
        told = data.schema
        for name in whole:
            gap, given = pa.array(gaps[name]), arrays[name].combine_chunks()
            filled = made[name].combine_chunks().filter(gap)
            if _suits(filled, given.type):
                filled = filled.cast(given.type)
            else:
                told, given = (
                    told.edit(name, dtype=schema[name].dtype, kind=schema[name].kind),
                    as_type(given, schema[name]),
                )
            arrays[name] = pc.replace_with_mask(given, gap, filled)
        return Dataset(pa.table(arrays, schema=told.arrow), told, data.provenance)

    def _understood(self, data: Any) -> tuple[Dataset, Ints, Learnt]:
        """Rows as they were given, and their tokens; rare categories are what they were when learnt."""
        fitted = self._state()
        schema = Schema.from_json(fitted.learnt["schema"])
        data, left = as_learnt(data, fitted, schema)
        left, strange = without_strange(left, schema)
        tokens = to_tokens(encode(left, schema), fitted.learnt, schema)
        for t, token in enumerate(laid_out(fitted.learnt["sizes"])):
            if token.column in strange:
                tokens[strange[token.column], t] = -1
        return data, tokens, fitted.learnt

    def _filled(
        self, network: ColumnNets, tokens: Ints, learnt: Learnt, schema: Schema, where: Where,
        rng: np.random.Generator,
    ) -> tuple[Ints, Floats]:  # fmt: skip
        """Unknown tokens (-1) drawn, those of columns with a condition first, and the weight of each row.

        The weight is how likely the later conditions were to hold; the first is as likely for every row.
        """
        import torch

        from mintmark.latent._column_nets import drawn
        from mintmark.nn.training import one_thread

        layout = laid_out(learnt["sizes"])
        asked = [t for t in learnt["order"] if schema.names[layout[t].column] in where]
        order = asked + [t for t in learnt["order"] if t not in asked]
        shares = {t: self._share(learnt, schema, layout[t], where) for t in asked}
        tokens, chance = tokens.copy(), np.ones(len(tokens))
        with torch.no_grad(), one_thread():
            embedded = network.embed(torch.from_numpy(tokens)).clone()
            for t in order:
                open_ = np.flatnonzero(tokens[:, t] < 0)
                if not len(open_):
                    continue
                rows = slice(None) if len(open_) == len(tokens) else open_
                power = torch.softmax(network.asked(embedded[rows], t) / self.temperature, dim=1)
                if t in shares:
                    share = shares[t] if layout[t].digit != 1 else shares[t][tokens[rows, t - 1]]
                    power = power * torch.from_numpy(share).float()
                    if t != order[0]:
                        chance[rows] *= power.sum(dim=1).numpy().astype(np.float64)
                tokens[rows, t] = drawn(power, rng)
                own = torch.from_numpy(tokens[:, t])
                embedded[:, t] = network.embedded(own + network.first[t])
        return tokens, chance

    def _share(self, learnt: Learnt, schema: Schema, token: Token, where: Where) -> Floats:
        """Which share of each value of a token meets the condition on its column."""
        column = schema.columns[token.column]
        share = allowed(learnt, token.column, column, {column.name: where[column.name]})
        if token.digit is None:
            return share
        pairs = laid_out(learnt["sizes"])
        high, low = (t.size for t in pairs if t.column == token.column)
        table = np.pad(share, (0, high * low - len(share))).reshape(high, low)
        return table.max(axis=1) if token.digit == 0 else table


def _suits(filled: pa.Array, kind: pa.DataType) -> bool:
    """Whether filled values can be of the type of those beside them."""
    try:
        return not pa.types.is_null(kind) and filled.cast(kind) is not None
    except pa.ArrowException:
        return False


def _any_value(column: Column) -> Any:
    """The condition on a column that only a gap does not meet."""
    return (None, None) if column.is_numeric else list(column.categories or ())


def _order(layout: list[Token], schema: Schema) -> list[int]:
    """The target first, so that no relation with it passes through the last net; then as in the table."""
    target = None if schema.target is None else schema.names.index(schema.target)
    return sorted(range(len(layout)), key=lambda t: layout[t].column != target)
