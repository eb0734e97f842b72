"""Diffusion of codes and scores: rows of noise, and a net that takes the noise away."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.schema import Schema
from mintmark.data.where import Where, meets
from mintmark.errors import InputError
from mintmark.latent._mixed import Allowed, Layout, known_rows
from mintmark.latent._mixed_rows import Floats, Ints, MixedRows, steps_of
from mintmark.method import method
from mintmark.synthesizer import Learnt

if TYPE_CHECKING:
    from mintmark.latent._table_denoiser import Denoiser

__all__ = ["Diffusion"]

_NET = "denoiser/"
_EMBEDDING, _LAYERS = 8, 3
_BATCH, _RATE, _DECAY = 256, 2e-3, 0.999
_PASSES, _STEPS = 40, (2_000, 6_000)
_SELDOM = 0.02
_USUAL = 0.1
"""Share of the rows that meet, all together, the conditions which are left to drawing again."""
_NEARLY = (
    "inpainted: the other columns have their law given the condition nearly, not exactly as `autoregressive` "
    "has it"
)
_WATCHED, _SCARCE, _PATIENCE = 0.1, 4_000, 5


@method
class Diffusion(MixedRows):
    """Diffusion of mixed columns (after Kotelnikov et al. 2023, arXiv 2209.15421, TabDDPM).

    One diffusion for all columns: a category is a vector, a number a normal score beside the code that says
    whether it is missing or a frequent value. The net tells how likely each value is and where scores lie
    (Dieleman et al. 2022); what a noisy cell says of itself is added by Bayes' rule, so that only what
    columns say of each other is left to learn. Its weights are averaged over the steps.

    Conditions are met by drawing again, which keeps the law of the model; those that fewer than about one
    row in fifty would meet by inpainting, which keeps it nearly (a warning says so). Of several conditions
    the rarest are inpainted, each drawn without regard to the others, and those that many rows meet are met
    by drawing again.
    """

    denoising: Annotated[
        int, Field(ge=2, le=500, description="steps from noise to rows: more are slower")
    ] = 20

    def _trained(
        self, codes: Ints, scores: Floats, layout: Layout, rng: np.random.Generator
    ) -> dict[str, Any]:
        import torch

        from mintmark.latent._keeper import Keeper
        from mintmark.latent._table_denoiser import losses
        from mintmark.nn.rounds import follow, train_in_rounds
        from mintmark.nn.training import arrays_of, seeded

        with seeded(rng):
            network = self._network(layout)
        network.start(codes)
        average = copy.deepcopy(network).requires_grad_(False)
        optimizer = torch.optim.Adam(network.parameters(), lr=_RATE, betas=(0.9, 0.99))
        loss = losses(network, codes, scores)
        apart, kept = _parted(len(codes), rng)
        keeper = Keeper(average, lambda: _watched(loss, average, apart), _PATIENCE)

        def step(some: Ints, taken: int, share: float, draws: torch.Generator) -> dict[str, float]:
            value = loss(network, kept[some], draws)
            optimizer.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]  # torch ships it so
            optimizer.step()
            follow(average, network, taken, _DECAY)
            return {"loss": float(value.detach())}

        done = train_in_rounds(
            torch.nn.ModuleList([network, average]), [optimizer], step, len(kept), rng,
            steps=steps_of(self.epochs, len(kept), _BATCH, _PASSES, _STEPS), batch=_BATCH,
            label="training a denoiser", watch=keeper if len(apart) else None,
        )  # fmt: skip
        if keeper.seen:
            keeper.put_back()
            done.watch(done.at, keeper.seen)
        return {**arrays_of(average, _NET), "training": [done.record()]}

    def _network(self, layout: Layout) -> Denoiser:
        from mintmark.latent._table_denoiser import Denoiser

        return Denoiser(layout, _EMBEDDING, self.hidden, _LAYERS)

    def _condition(self, learnt: Learnt, where: Where) -> Learnt | None:
        schema = Schema.from_json(learnt["schema"])
        if any(f"{j}/often" not in learnt for j in range(len(schema))):  # of an older file
            return None
        shares = [allowed.weight.sum() for allowed in _allowed(learnt, schema, where).values()]
        if np.prod(shares) >= _SELDOM:
            return None
        for name, share in zip(where, shares, strict=True):
            if share == 0:
                raise InputError(
                    f"where[{name!r}]: {where[name]!r} never occurs in what was learnt, or hardly ever. "
                    "Widen it."
                )
        return {**learnt, "where": {name: where[name] for name in _rarest(where, shares)}}

    def _approximates(self, learnt: Learnt, where: Where) -> str:
        return "" if self._condition(learnt, where) is None else _NEARLY

    def _made(
        self, n: int, layout: Layout, learnt: Learnt, rng: np.random.Generator
    ) -> tuple[Ints, npt.NDArray[Any]]:
        import torch

        from mintmark.latent._table_denoiser import drawn
        from mintmark.nn.training import load_arrays, one_thread

        network = self._network(layout)
        load_arrays(network, learnt, _NET)
        draws = torch.Generator().manual_seed(int(rng.integers(2**62)))
        known = None
        if where := learnt.get("where"):
            schema = Schema.from_json(learnt["schema"])
            known = known_rows(_allowed(learnt, schema, where), learnt, schema, n, rng)
        with torch.no_grad(), one_thread():
            return drawn(network, n, self.denoising, draws, known)


def _rarest(where: Where, shares: list[float]) -> list[str]:
    """Columns whose conditions are so rare that rows are not drawn again for them, in their order."""
    left, usual = 1.0, set()
    for share, name in sorted(zip(shares, where, strict=True), reverse=True):
        left *= share
        if left >= _USUAL:
            usual.add(name)
    return [name for name in where if name not in usual]


def _allowed(learnt: Learnt, schema: Schema, where: Where) -> dict[int, Allowed]:
    """What the conditions allow, by the position of the column, in the order of `where`."""
    places = {name: schema.names.index(name) for name in where}
    return {
        j: Allowed.of(learnt, j, schema[name], partial(meets, column=schema[name], wanted=where[name]))
        for name, j in places.items()
    }


def _parted(rows: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Rows kept apart to tell when to stop, where few rows could be learnt by heart; and the others."""
    order = rng.permutation(rows)
    apart, kept = np.split(order, [int(_WATCHED * rows) if rows < _SCARCE else 0])
    return apart, kept


def _watched(loss: Any, network: Denoiser, apart: Ints) -> float:
    """The loss of rows kept apart; what it draws is the same each time."""
    import torch

    with torch.no_grad():
        draws = torch.Generator().manual_seed(0)
        return float(np.mean([float(loss(network, apart, draws)) for _ in range(4)]))
